//! Workloads of asks. The handler answers at its first poll.

use std::{sync::Arc, time::Instant};

use super::{start_actor, sum_below};
use crate::{
    Board, Library, Outcome,
    clock::Stopwatch,
    size::{ASKERS, Size},
};

/// Asks whose mean is below this are timed in groups: a clock read costs a quarter of it.
const SHORTEST_SINGLE_NS: u128 = 100;
/// Asks in such a group.
const GROUP: u64 = 16;
/// Asks that decide whether to group.
const TRIAL: u64 = 1000;

/// One asker, one actor that has nothing else to do.
pub(super) async fn idle<L: Library>(library: Arc<L>, size: Size) -> Outcome {
    let n = size.asks();
    let actor = start_actor(&*library, &Board::new(0, 0), u64::MAX).await;
    let watch = Stopwatch::start();
    let mut sum = 0;
    for value in 0..n {
        sum += value;
        assert_eq!(L::ask(&actor, value).await, sum, "the answer to ask {value}");
    }
    Outcome::timed(n, watch.stop())
}

/// The same by way of the mailbox.
pub(super) async fn queued<L: Library>(library: Arc<L>, size: Size) -> Outcome {
    let n = size.asks();
    let actor = start_actor(&*library, &Board::new(0, 0), u64::MAX).await;
    let watch = Stopwatch::start();
    let mut sum = 0;
    for value in 0..n {
        sum += value;
        assert_eq!(L::ask_queued(&actor, value).await, sum, "the answer to ask {value}");
    }
    Outcome::timed(n, watch.stop())
}

/// The slowest hundredth of single asks, or of the means of groups where asks are too short.
pub(super) async fn idle_p99<L: Library>(library: Arc<L>, size: Size) -> Outcome {
    let n = size.asks();
    let actor = start_actor(&*library, &Board::new(0, 0), u64::MAX).await;
    let mut sum = 0;
    let trial = Instant::now();
    for _ in 0..TRIAL {
        sum += 1;
        assert_eq!(L::ask(&actor, 1).await, sum, "the answer to a trial ask");
    }
    let is_short = trial.elapsed().as_nanos() / u128::from(TRIAL) < SHORTEST_SINGLE_NS;
    let group = if is_short { GROUP } else { 1 };
    // Written once, so that no page is new while asks are timed.
    let mut samples = vec![u64::MAX; (n / group) as usize];
    let watch = Stopwatch::start();
    for sample in &mut samples {
        let start = Instant::now();
        for _ in 0..group {
            sum += 1;
            assert_eq!(L::ask(&actor, 1).await, sum, "the answer to an ask");
        }
        *sample = start.elapsed().as_nanos() as u64;
    }
    let spent = watch.stop();
    samples.sort_unstable();
    let p99 = percentile(&samples, 99) as f64 / group as f64;
    let p50 = percentile(&samples, 50) as f64 / group as f64;
    Outcome::timed(n, spent).with("p99_ns", p99).with("p50_ns", p50).with("group", group as f64)
}

/// Many tasks share the asks to one actor.
pub(super) async fn askers<L: Library>(library: Arc<L>, size: Size) -> Outcome {
    let n = size.shared_asks();
    let board = Board::new(ASKERS, 0);
    let actor = start_actor(&*library, &Board::new(0, 0), u64::MAX).await;
    crate::watchdog::show(&board);
    let share = n / ASKERS;
    let watch = Stopwatch::start();
    for task in 0..ASKERS {
        let (actor, board) = (actor.clone(), Arc::clone(&board));
        library.start_task(async move {
            let mut seen = 0;
            for value in task * share..(task + 1) * share {
                let sum = L::ask(&actor, value).await;
                assert!(seen + value <= sum, "an answer contains what its asker asked before");
                seen = sum;
            }
            board.arrive(share);
        });
    }
    board.all_arrived().await;
    let spent = watch.stop();
    assert_eq!(L::ask(&actor, 0).await, sum_below(n), "the sum of all asks");
    board.check_sum(n);
    Outcome::timed(n, spent)
}

/// The sample below which `percent` of the sorted samples lie.
fn percentile(sorted: &[u64], percent: usize) -> u64 {
    sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]
}

#[cfg(test)]
mod tests {
    use super::percentile;

    #[test]
    fn one_sample_in_a_hundred_is_at_or_above_the_99th_percentile() {
        let samples: Vec<u64> = (0..200).collect();
        assert_eq!(percentile(&samples, 99), 198);
        assert_eq!(percentile(&samples, 50), 100);
        assert_eq!(percentile(&[7], 99), 7);
    }
}

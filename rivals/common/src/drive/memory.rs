//! What an actor weighs.

use std::{fs, sync::Arc, time::Duration};

use tokio::{task::yield_now, time::sleep};

use crate::{
    Board, Duty, Library, Outcome, allocator,
    size::{BURST, Size},
};

/// What `statm` counts in.
const PAGE_BYTES: u64 = 4096;

/// Actors that were never used, handles kept.
pub(super) async fn idle<L: Library>(library: Arc<L>, size: Size) -> Outcome {
    let n = size.population();
    weigh(&*library, n, &Board::new(0, 0), false).await
}

/// Actors that handled one message each and are idle again.
pub(super) async fn used<L: Library>(library: Arc<L>, size: Size) -> Outcome {
    let n = size.population();
    weigh(&*library, n, &Board::new(n, 0), true).await
}

async fn weigh<L: Library>(library: &L, n: u64, board: &Arc<Board>, with_use: bool) -> Outcome {
    // The vector of handles is the driver's, and not counted.
    let mut actors = Vec::with_capacity(n as usize);
    let resident = resident_bytes();
    allocator::start_count();
    for nth in 1..=n {
        actors.push(library.spawn(Duty::new(board, 1)).await);
        // So that actors start as they come, and the runtime's queue of tasks stays short.
        if nth % BURST == 0 {
            yield_now().await;
        }
    }
    if with_use {
        for (nth, actor) in (1..).zip(&actors) {
            L::tell(actor, 1).await;
            if nth % BURST == 0 {
                yield_now().await;
            }
        }
        board.all_arrived().await;
    }
    settle().await;
    let count = allocator::stop_count();
    let resident = resident_bytes().saturating_sub(resident);
    if with_use {
        board.check_sum(n);
    }
    drop(actors);
    Outcome::counted(n)
        .with("bytes", count.live as f64 / n as f64)
        .with("rss_bytes", resident as f64 / n as f64)
}

/// Waits until the actors are at rest: nothing was allocated or freed for a while.
pub(super) async fn settle() {
    let mut at_rest = 0;
    let mut before = allocator::read_count();
    while at_rest < 3 {
        for _ in 0..100 {
            yield_now().await;
        }
        sleep(Duration::from_millis(5)).await;
        let now = allocator::read_count();
        // The sleep itself may allocate once, at its first use.
        let is_still = now.allocations == before.allocations && now.live == before.live;
        at_rest = if is_still { at_rest + 1 } else { 0 };
        before = now;
    }
}

fn resident_bytes() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|it| it.parse::<u64>().ok());
    pages.unwrap_or_default() * PAGE_BYTES
}

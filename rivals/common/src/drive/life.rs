//! Workloads of actors that start and stop.

use std::sync::Arc;

use super::sum_below;
use crate::{Board, Duty, Library, Outcome, Share, clock::Stopwatch, size::Size};

/// Actors spawned, then all told to stop, until the last state is dropped.
///
/// Dropped states are what counts: some libraries stop an actor only with its last handle, and
/// some ignore the order. The watchdog names those that never obey.
pub(super) async fn spawn_stop<L: Library>(library: Arc<L>, size: Size) -> Outcome {
    let n = size.lives();
    let board = Board::new(0, n);
    let mut actors = Vec::with_capacity(n as usize);
    let watch = Stopwatch::start();
    for _ in 0..n {
        actors.push(library.spawn(Duty::new(&board, u64::MAX)).await);
    }
    for actor in actors {
        L::stop(actor).await;
    }
    board.all_dropped().await;
    Outcome::timed(n, watch.stop())
}

/// A tree of actors; sums flow up; until the last state is dropped.
pub(super) async fn skynet<L: Library>(library: Arc<L>, size: Size) -> Outcome {
    let leaves = size.leaves();
    let board = Board::new(1, Share::actors(leaves));
    let watch = Stopwatch::start();
    library.skynet(Share::whole(&board, leaves)).await;
    board.all_arrived().await;
    board.all_dropped().await;
    let spent = watch.stop();
    board.check_sum(sum_below(leaves));
    Outcome::timed(1, spent)
}

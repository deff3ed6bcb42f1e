//! Workloads of tells.

use std::sync::Arc;

use tokio::task::yield_now;

use super::{start_actor, sum_below};
use crate::{
    Board, Library, Outcome,
    clock::Stopwatch,
    size::{AUDIENCE, BURST, ROUND_ROBIN, Size},
};

/// Bursts with a yield after each: the hot path, with the queue staying in the cache.
pub(super) async fn steady<L: Library>(library: Arc<L>, size: Size) -> Outcome {
    let n = size.tells();
    let board = Board::new(1, 0);
    let actor = start_actor(&*library, &board, n).await;
    let watch = Stopwatch::start();
    for first in (0..n).step_by(BURST as usize) {
        for value in first..n.min(first + BURST) {
            L::tell(&actor, value).await;
        }
        yield_now().await;
    }
    finish(&board, n, &watch).await
}

/// No yield: an unbounded mailbox takes everything before the first message is handled.
pub(super) async fn unbroken<L: Library>(library: Arc<L>, size: Size) -> Outcome {
    let n = size.tells();
    let board = Board::new(1, 0);
    let actor = start_actor(&*library, &board, n).await;
    let watch = Stopwatch::start();
    for value in 0..n {
        L::tell(&actor, value).await;
    }
    finish(&board, n, &watch).await
}

/// A hundred actors in turn.
pub(super) async fn round_robin<L: Library>(library: Arc<L>, size: Size) -> Outcome {
    let n = size.tells();
    let board = Board::new(ROUND_ROBIN, 0);
    let actors = start_actors(&*library, &board, ROUND_ROBIN, n / ROUND_ROBIN).await;
    let watch = Stopwatch::start();
    for first in (0..n).step_by(actors.len()) {
        for (value, actor) in (first..).zip(&actors) {
            L::tell(actor, value).await;
        }
    }
    finish(&board, n, &watch).await
}

/// Several tasks share the tells to one actor.
pub(super) async fn producers<L: Library>(library: Arc<L>, size: Size, tasks: u64) -> Outcome {
    let n = size.tells();
    let board = Board::new(1, 0);
    let actor = start_actor(&*library, &board, n).await;
    let share = n / tasks;
    let watch = Stopwatch::start();
    for task in 0..tasks {
        let actor = actor.clone();
        library.start_task(async move {
            for value in task * share..(task + 1) * share {
                L::tell(&actor, value).await;
            }
        });
    }
    finish(&board, n, &watch).await
}

/// Four message types of four sizes in turn.
pub(super) async fn types<L: Library>(library: Arc<L>, size: Size) -> Outcome {
    let n = size.tells();
    let board = Board::new(1, 0);
    let actor = start_actor(&*library, &board, n).await;
    let watch = Stopwatch::start();
    for value in (0..n).step_by(4) {
        L::tell_kind(&actor, 0, value).await;
        L::tell_kind(&actor, 1, value + 1).await;
        L::tell_kind(&actor, 2, value + 2).await;
        L::tell_kind(&actor, 3, value + 3).await;
    }
    finish(&board, n, &watch).await
}

/// Rounds of one tell to each of a thousand actors: each wakes for one message.
pub(super) async fn broadcast<L: Library>(library: Arc<L>, size: Size) -> Outcome {
    let rounds = size.rounds();
    let board = Board::new(AUDIENCE, 0);
    let actors = start_actors(&*library, &board, AUDIENCE, rounds).await;
    let watch = Stopwatch::start();
    for round in 0..rounds {
        for (value, actor) in (round * AUDIENCE..).zip(&actors) {
            L::tell(actor, value).await;
        }
        yield_now().await;
    }
    finish(&board, rounds * AUDIENCE, &watch).await
}

async fn start_actors<L: Library>(
    library: &L,
    board: &Arc<Board>,
    actors: u64,
    messages: u64,
) -> Vec<L::Ref> {
    let mut started = Vec::with_capacity(actors as usize);
    for _ in 0..actors {
        started.push(start_actor(library, board, messages).await);
    }
    started
}

/// Waits until the last message is handled. Messages carried the numbers below `n`.
async fn finish(board: &Board, n: u64, watch: &Stopwatch) -> Outcome {
    board.all_arrived().await;
    let spent = watch.stop();
    board.check_sum(sum_below(n));
    Outcome::timed(n, spent)
}

//! Exact counts of allocations per operation, in steady state.

use std::sync::Arc;

use tokio::task::yield_now;

use super::memory::settle;
use crate::{
    Board, Duty, Library, Outcome,
    allocator::{self, Count},
    size::BURST,
};

/// Operations counted, after as many that are not.
const COUNTED: u64 = 16 * BURST;

pub(super) async fn count<L: Library>(library: Arc<L>) -> Outcome {
    let spawn = spawns(&*library).await;
    let tell = tells(&*library).await;
    let ask = asks(&*library, false).await;
    let queued = asks(&*library, true).await;
    Outcome::counted(COUNTED)
        .with("spawn", per_op(spawn.allocations))
        .with("tell", per_op(tell.allocations))
        .with("tell_bytes", per_op(tell.bytes))
        .with("ask", per_op(ask.allocations))
        .with("ask_queued", per_op(queued.allocations))
}

fn per_op(count: u64) -> f64 {
    count as f64 / COUNTED as f64
}

async fn spawns<L: Library>(library: &L) -> Count {
    let board = Board::new(0, 0);
    let mut actors = Vec::with_capacity(2 * COUNTED as usize);
    for is_counted in [false, true] {
        if is_counted {
            allocator::start_count();
        }
        for _ in 0..COUNTED {
            actors.push(library.spawn(Duty::new(&board, u64::MAX)).await);
        }
        settle().await;
    }
    allocator::stop_count()
}

/// In bursts, as a steady sender tells.
async fn tells<L: Library>(library: &L) -> Count {
    let board = Board::new(0, 0);
    let actor = library.spawn(Duty::new(&board, u64::MAX)).await;
    for is_counted in [false, true] {
        if is_counted {
            allocator::start_count();
        }
        for value in 1..=COUNTED {
            L::tell(&actor, 1).await;
            if value % BURST == 0 {
                yield_now().await;
            }
        }
        settle().await;
    }
    let count = allocator::stop_count();
    assert_eq!(L::ask(&actor, 0).await, 2 * COUNTED, "the tells that were handled");
    count
}

async fn asks<L: Library>(library: &L, is_queued: bool) -> Count {
    let board = Board::new(0, 0);
    let actor = library.spawn(Duty::new(&board, u64::MAX)).await;
    for is_counted in [false, true] {
        if is_counted {
            allocator::start_count();
        }
        for _ in 0..COUNTED {
            let _sum = match is_queued {
                true => L::ask_queued(&actor, 1).await,
                false => L::ask(&actor, 1).await,
            };
        }
    }
    let count = allocator::stop_count();
    assert_eq!(L::ask(&actor, 0).await, 2 * COUNTED, "the asks that were handled");
    count
}

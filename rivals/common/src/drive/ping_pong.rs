//! Two actors pass a ball with tells.

use std::sync::Arc;

use super::start_actor;
use crate::{Board, Library, Outcome, clock::Stopwatch, size::Size};

pub(super) async fn play<L: Library>(library: Arc<L>, size: Size) -> Outcome {
    let n = size.hops();
    let board = Board::new(1, 0);
    let one = start_actor(&*library, &board, u64::MAX).await;
    let other = start_actor(&*library, &board, u64::MAX).await;
    L::set_peer(&one, other.clone()).await;
    L::set_peer(&other, one.clone()).await;
    // Asked again, so that each knows its peer.
    assert_eq!(L::ask(&one, 0).await + L::ask(&other, 0).await, 0);
    let watch = Stopwatch::start();
    L::ball(&one, n - 1).await;
    board.all_arrived().await;
    let spent = watch.stop();
    assert_eq!(L::ask(&one, 0).await + L::ask(&other, 0).await, n, "the hops both counted");
    Outcome::timed(n, spent)
}

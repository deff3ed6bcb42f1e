//! What several of the tests need.

use std::{future::poll_fn, mem, task::Poll};

/// Lets others go first, but for whoever waits to be woken by somebody else.
pub(crate) async fn let_others() {
    let mut has_yielded = false;
    poll_fn(|cx| {
        if mem::replace(&mut has_yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

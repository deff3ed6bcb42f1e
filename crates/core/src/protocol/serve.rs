//! One turn: the handler runs, and its reply goes where it belongs.

use std::{
    future::poll_fn,
    pin::pin,
    sync::atomic::{AtomicBool, Ordering},
    task::Poll,
};

use super::Letter;
use crate::{
    Message,
    ask::{Asker, Skipped, Waiting},
};

/// Runs a turn of `$core` for `$message`, a `$M`.
///
/// A macro because the handler must be awaited in the arm that knows its type: an inner async
/// function doubles the price of a tell.
macro_rules! serve {
    ($core:expr, $M:ty, $message:expr, $asker:expr) => {{
        let core = &mut *$core;
        let leaves = std::sync::atomic::AtomicBool::new(false);
        let mut turn = $crate::core::Turn { asker: $asker, failure: None };
        let reply = {
            let mut cx = $crate::Context::new(&core.cell, core.incarnation, &leaves, &mut turn);
            let handling = $crate::Handler::<$M>::handle(&mut core.actor, $message, &mut cx);
            $crate::protocol::in_turn(handling, &leaves).await
        };
        core.settle::<$M>(reply, turn);
    }};
}
pub(crate) use serve;

/// Takes the message out of a letter, with whoever waits for the reply, unless the asker has taken
/// it back.
pub(crate) fn begin<M: Message>(
    letter: Letter<M>,
    teller: Asker<M::Reply>,
) -> Result<(M, Asker<M::Reply>), Skipped> {
    match letter {
        Letter::Tell(message) => Ok((message, teller)),
        Letter::Ask(ask) => ask.begin().map(|it| (it, Asker::Waiting(Waiting::new(ask)))),
    }
}

/// Awaits a handler, unless it leaves its turn: then it is dropped where it stands and there is no
/// reply.
pub(crate) async fn in_turn<T>(handling: impl Future<Output = T>, leaves: &AtomicBool) -> Option<T> {
    let mut handling = pin!(handling);
    poll_fn(|cx| match handling.as_mut().poll(cx) {
        Poll::Ready(reply) => Poll::Ready(Some(reply)),
        // Relaxed: set and read within one poll.
        Poll::Pending if leaves.load(Ordering::Relaxed) => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    })
    .await
}

/// Gives the thread back once, so that the runner can look around. Whoever polls again decides
/// when, so no waker is needed.
pub(crate) async fn look_around() {
    let mut has_yielded = false;
    poll_fn(|_| {
        if has_yielded {
            return Poll::Ready(());
        }
        has_yielded = true;
        Poll::Pending
    })
    .await;
}

//! One turn: the handler runs, and its reply goes where it belongs.

use std::{
    future::poll_fn,
    sync::atomic::{AtomicBool, Ordering},
    task::Poll,
};

use super::Letter;
use crate::{
    Message,
    ask::{Asker, NotBegun, Waiting},
};

/// Runs a turn of `$core` for `$message`, a `$M`: awaits the handler, unless it leaves its turn;
/// then it is dropped where it stands and there is no reply.
///
/// A macro because the handler's future must be made where it lies, in the arm that knows its type:
/// passing it to an inner async function copies it, and doubles the price of a tell.
macro_rules! serve {
    ($core:expr, $M:ty, $message:expr, $asker:expr) => {{
        let core = &mut *$core;
        let leaves = std::sync::atomic::AtomicBool::new(false);
        let mut turn = $crate::core::Turn { asker: $asker, failure: None };
        let reply = {
            let mut cx = $crate::Context::new(
                &core.cell,
                core.incarnation,
                &leaves,
                &mut turn,
                &mut core.batch,
            );
            let mut handling =
                std::pin::pin!($crate::Handler::<$M>::handle(&mut core.actor, $message, &mut cx,));
            std::future::poll_fn(|task| {
                $crate::protocol::unless_left(handling.as_mut().poll(task), &leaves)
            })
            .await
        };
        core.settle::<$M>(reply, &mut turn);
    }};
}
pub(crate) use serve;

/// Takes the message out of a letter, with whoever waits for the reply, unless the asker has taken
/// it back.
pub(crate) fn begin<M: Message>(
    letter: Letter<M>,
    teller: Asker<M::Reply>,
) -> Result<(M, Asker<M::Reply>), NotBegun<M>> {
    match letter {
        Letter::Tell(message) => Ok((message, teller)),
        Letter::Ask(ask) => ask.begin().map(|it| {
            ask.serve();
            (it, Asker::Waiting(Waiting::new(ask)))
        }),
    }
}

/// What a poll of a handler comes to: nothing more is to be expected of one that left its turn.
#[inline]
pub(crate) fn unless_left<R>(polled: Poll<R>, leaves: &AtomicBool) -> Poll<Option<R>> {
    match polled {
        Poll::Ready(reply) => Poll::Ready(Some(reply)),
        // Relaxed: set and read within one poll.
        Poll::Pending if leaves.load(Ordering::Relaxed) => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    }
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

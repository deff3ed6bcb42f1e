//! Tasks of a test, as tokio has them, in the order of the world.

use std::{
    any::Any,
    future::poll_fn,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    task::{Context, Poll},
};

use ghostlight_rt::Task;
use tokio::sync::oneshot;

use crate::stage::runtime;

type Outcome<T> = Result<T, Box<dyn Any + Send>>;

/// A task that goes on when this is dropped; awaited, it gives what came of it.
#[derive(Debug)]
pub(crate) struct JoinHandle<T> {
    task: Task,
    outcome: oneshot::Receiver<Outcome<T>>,
}

pub(crate) fn spawn<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> JoinHandle<T> {
    let (done, outcome) = oneshot::channel();
    let task = runtime().spawn_named(|| "a task of the test".to_owned(), async move {
        // Nobody may be waiting for it.
        _ = done.send(caught(future).await);
    });
    JoinHandle { task, outcome }
}

/// Lets others go first, but for whoever waits to be woken by somebody else.
pub(crate) async fn yield_now() {
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

async fn caught<T>(future: impl Future<Output = T>) -> Outcome<T> {
    let mut future = pin!(future);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(polled) => polled.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}

impl<T> JoinHandle<T> {
    pub(crate) fn abort(&self) {
        self.task.abort();
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.outcome.is_terminated() || !self.outcome.is_empty()
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.outcome).poll(cx).map(|it| match it {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(panic)) => Err(JoinError(Some(panic))),
            Err(_) => Err(JoinError(None)),
        })
    }
}

/// A task that panicked, or was aborted.
#[derive(Debug)]
pub(crate) struct JoinError(Option<Box<dyn Any + Send>>);

impl JoinError {
    pub(crate) fn into_panic(self) -> Box<dyn Any + Send> {
        self.0.expect("it was aborted")
    }
}

//! What a task asks about its own cancellation.

use std::{
    error::Error,
    fmt,
    future::poll_fn,
    task::{Context as TaskContext, Poll, ready},
};

use super::current::{Current, current};

/// The task has been asked to end.
///
/// ```
/// # use ghostlight_core::{Cancelled, checkpoint};
/// async fn copy(pages: Vec<u8>) -> Result<(), Cancelled> {
///     for page in pages {
///         checkpoint().await?;
/// #       _ = page;
///     }
///     Ok(())
/// }
/// # _ = copy(Vec::new());
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Cancelled;

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the task has been asked to end")
    }
}

impl Error for Cancelled {}

/// Whether the task that calls this has been asked to end. Once it has, that stays so.
///
/// Inside of a [`shield`](crate::shield()) it has not, nor where no task runs: a handler asks
/// [`Context::is_stopping`](crate::Context::is_stopping). It is reached from the task itself and from
/// work that [`Context::blocking`](crate::Context::blocking) does for it, and not from what either
/// has spawned by other means.
///
/// ```
/// use ghostlight_core::is_cancelled;
///
/// fn sum(numbers: &[u64]) -> Option<u64> {
///     let mut sum = 0;
///     for chunk in numbers.chunks(1000) {
///         if is_cancelled() {
///             return None;
///         }
///         sum += chunk.iter().sum::<u64>();
///     }
///     Some(sum)
/// }
/// assert_eq!(sum(&[1, 2, 3]), Some(6)); // in no task, so nobody cancels it
/// ```
#[must_use]
pub fn is_cancelled() -> bool {
    current().is_some_and(|it| it.is_cancelled())
}

/// A place at which a task may be told to end: from the request on, each says so.
///
/// It also lets other tasks go first when this one has had its share. Inside of a
/// [`shield`](crate::shield()), and where no task runs, it is always fine.
///
/// ```
/// # use std::time::Duration;
/// # use ghostlight_core::{JoinError, System, checkpoint};
/// # let system = System::new("docs");
/// system.block_on(async {
///     let spin = system.spawn_task(async { while checkpoint().await.is_ok() {} });
/// #   system.runtime().sleep(Duration::from_millis(1)).await;
///     spin.cancel();
///     assert_eq!(spin.join().await, Err(JoinError::Cancelled));
/// });
/// ```
///
/// # Errors
/// The task has been asked to end.
///
/// # Cancel safety
/// Nothing is lost by dropping it.
pub async fn checkpoint() -> Result<(), Cancelled> {
    poll_fn(poll_checkpoint).await
}

fn poll_checkpoint(cx: &mut TaskContext<'_>) -> Poll<Result<(), Cancelled>> {
    let Some(current) = current() else { return Poll::Ready(Ok(())) };
    if current.is_cancelled() {
        return Poll::Ready(Err(Cancelled));
    }
    ready!(current.record.runtime().poll_proceed(cx));
    Poll::Ready(Ok(()))
}

/// Waits until the task is asked to end, beside something else that it waits for. Inside of a
/// [`shield`](crate::shield()), and where no task runs, it waits for ever.
///
/// ```
/// # use std::time::Duration;
/// # use ghostlight_core::cancelled;
/// # async fn read() -> Option<u8> { None }
/// async fn read_or_leave() -> Option<u8> {
///     tokio::select! {
///         biased;
///         () = cancelled() => None,
///         byte = read() => byte,
///     }
/// }
/// # _ = read_or_leave();
/// ```
///
/// # Cancel safety
/// Nothing is lost by dropping it.
pub async fn cancelled() {
    poll_fn(|cx| match current() {
        Some(current) if !current.is_shielded() => current.record.poll_tell(cx),
        _ => Poll::Pending,
    })
    .await;
}

impl Current {
    /// Whether what runs now is to end.
    fn is_cancelled(&self) -> bool {
        !self.is_shielded() && self.record.tell()
    }
}

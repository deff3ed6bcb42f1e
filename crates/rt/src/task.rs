//! The handles that a runtime gives out: a task, blocking work, a sleep.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::sync::oneshot;

use crate::BoxFuture;

/// A task that was spawned. Dropping the handle lets it run on.
pub struct Task(pub(crate) Abort);

pub(crate) enum Abort {
    Tokio(tokio::task::AbortHandle),
    Other(Box<dyn Fn() + Send + Sync>),
}

impl Task {
    /// Drops the task's future at its next await; harmless once it has ended.
    ///
    /// ```
    /// # let runtime = ghostlight_rt::Runtime::multi_thread();
    /// let task = runtime.spawn(std::future::pending());
    /// task.abort();
    /// ```
    pub fn abort(&self) {
        match &self.0 {
            Abort::Tokio(handle) => handle.abort(),
            Abort::Other(abort) => abort(),
        }
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Task")
    }
}

/// The result of blocking work, made by [`Runtime::blocking`](crate::Runtime::blocking).
///
/// # Cancel safety
/// Dropping it forgets the result; the work itself cannot be interrupted and runs to its end.
#[derive(Debug)]
#[must_use = "the work runs anyway, but its result is lost"]
pub struct Blocking<T>(pub(crate) oneshot::Receiver<T>);

impl<T> Future for Blocking<T> {
    type Output = Result<T, Lost>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map_err(|_| Lost)
    }
}

/// Blocking work that gave no result, because it panicked or its runtime ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Lost;

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("blocking work panicked, or its runtime ended before it could run")
    }
}

impl std::error::Error for Lost {}

/// A wait for a moment, made by [`Runtime::sleep`](crate::Runtime::sleep).
///
/// # Cancel safety
/// Dropping it forgets the wait.
#[must_use = "a sleep does nothing unless awaited"]
pub struct Sleep(pub(crate) BoxFuture<'static, ()>);

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sleep")
    }
}

//! The handle of a task, and what it gives in the end.

use std::{
    error::Error,
    fmt,
    future::poll_fn,
    sync::{Arc, Mutex},
    task::{Context as TaskContext, Poll, Waker},
};

use super::{Holder, Plan, Spawned, TaskId, Tenure};
use crate::{
    Deadlock, System,
    sync::lock,
    waits::{Held, WaitFor},
};

/// A task that was spawned: to wait for it, or to cancel it.
///
/// What happens when the handle is dropped depends on who owns the task: a scope and an actor go on
/// owning theirs, and a detached one runs on. A free one, spawned with
/// [`System::spawn_task`], is cancelled.
///
/// ```
/// # use ghostlight_core::System;
/// # let system = System::new("docs");
/// let sum = system.block_on(async {
///     let scope = system.scope();
///     let one = scope.spawn(async { 40 });
///     let other = scope.spawn(async { 2 });
///     Ok::<_, ghostlight_core::JoinError>(one.join().await? + other.join().await?)
/// });
/// assert_eq!(sum, Ok(42));
/// ```
pub struct Task<T> {
    record: Spawned,
    slot: Arc<Slot<T>>,
}

/// Why a task gave nothing.
///
/// ```
/// # use ghostlight_core::{JoinError, System};
/// # let system = System::new("docs");
/// # async fn parse() -> u32 { panic!("no digits") }
/// let parsed = system.block_on(system.spawn_task(parse()).join());
/// assert_eq!(parsed, Err(JoinError::Panicked("no digits".to_owned())));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum JoinError {
    /// It was asked to end, and has: before it began, or by itself after it was told.
    Cancelled,
    /// It panicked, with this text.
    Panicked(String),
    /// It was dropped: it had not ended when its grace was over, or its runtime ended.
    Aborted,
    /// It goes on, or is cancelled with its handle. To wait for it inside a handler would have closed this
    /// circle: it waits for that very actor.
    Deadlock(Deadlock),
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("the task was cancelled"),
            Self::Panicked(text) => write!(f, "the task panicked: {text}"),
            Self::Aborted => f.write_str("the task was aborted"),
            Self::Deadlock(cycle) => fmt::Display::fmt(cycle, f),
        }
    }
}

impl Error for JoinError {}

/// Where what a task gives meets whoever waits for it.
pub(crate) struct Slot<T>(Mutex<Outcome<T>>);

enum Outcome<T> {
    None(Option<Waker>),
    Some(Result<T, JoinError>),
    Taken,
}

impl<T> Slot<T> {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Outcome::None(None))))
    }

    pub(crate) fn fill(&self, outcome: Result<T, JoinError>) {
        let before = std::mem::replace(&mut *lock(&self.0), Outcome::Some(outcome));
        if let Outcome::None(Some(waker)) = before {
            waker.wake();
        }
    }

    fn poll(&self, cx: &TaskContext<'_>) -> Poll<Result<T, JoinError>> {
        let mut outcome = lock(&self.0);
        match std::mem::replace(&mut *outcome, Outcome::Taken) {
            Outcome::Some(outcome) => Poll::Ready(outcome),
            Outcome::None(_) | Outcome::Taken => {
                *outcome = Outcome::None(Some(cx.waker().clone()));
                Poll::Pending
            }
        }
    }
}

impl<T: Send + 'static> Task<T> {
    pub(crate) fn spawn(
        holder: &Arc<Holder>,
        tenure: Tenure,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Self {
        let slot = Slot::new();
        let sink = Arc::clone(&slot);
        let plan = Plan { tenure, budget: holder.budget(), ..Plan::of(&work) };
        Self::of(holder.spawn(plan, work, move |_, outcome| sink.fill(outcome)), slot)
    }

    /// Waits until the task has ended, and takes what it gives.
    ///
    /// A task that was cancelled gives its value nevertheless if it came to its end without having
    /// been told.
    ///
    /// # Errors
    /// Why it gave nothing.
    ///
    /// # Cancel safety
    /// Dropped before it returns, it drops the handle: a free task is cancelled.
    pub async fn join(self) -> Result<T, JoinError> {
        let mut wait = Held::new(&self.record.holder.system, self.id().node());
        poll_fn(|cx| match self.slot.poll(cx) {
            Poll::Pending => match wait.begin(WaitFor::Task) {
                Ok(()) => Poll::Pending,
                Err(cycle) => Poll::Ready(Err(JoinError::Deadlock(cycle))),
            },
            ended @ Poll::Ready(_) => ended,
        })
        .await
    }
}

impl<T> Task<T> {
    pub(crate) const fn of(record: Spawned, slot: Arc<Slot<T>>) -> Self {
        Self { record, slot }
    }

    /// The identity of the task.
    #[must_use]
    pub fn id(&self) -> TaskId {
        self.record.id
    }

    /// Gives the task a name, for whoever looks. By default it is the type of its future.
    #[expect(clippy::return_self_not_must_use, reason = "the handle of a task may be dropped")]
    pub fn named(self, name: impl Into<Arc<str>>) -> Self {
        self.record.rename(name.into());
        self
    }

    /// Asks the task to end: from now on each [`checkpoint`](crate::checkpoint) in it says so. One
    /// that has not begun never does.
    ///
    /// When its grace is over, and it has not ended, it is dropped at its next await. Harmless if it
    /// has ended.
    pub fn cancel(&self) {
        self.record.cancel();
    }

    /// Lets go of the task without cancelling it. A free task is detached by that, and listed so; one
    /// that a scope or an actor owns stays with its owner.
    pub fn detach(self) {
        self.record.detach();
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        if self.record.tenure() == Tenure::Free {
            self.record.cancel();
        }
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").field("id", &self.record.id).finish_non_exhaustive()
    }
}

impl System {
    /// Spawns a free task: it is cancelled when its handle is dropped, and when the system ends.
    ///
    /// ```
    /// # use ghostlight_core::System;
    /// # let system = System::new("docs");
    /// let answer = system.spawn_task(async { 6 * 7 });
    /// assert_eq!(system.block_on(answer.join()), Ok(42));
    /// ```
    #[must_use = "a free task is cancelled when its handle is dropped"]
    pub fn spawn_task<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Task<T> {
        Task::spawn(&self.holder(), Tenure::Free, work)
    }

    /// Spawns a task that nobody waits for and only the end of the system ends: the visible exception,
    /// listed as [`TaskKind::Detached`](crate::TaskKind::Detached).
    ///
    /// ```
    /// # use ghostlight_core::{System, TaskKind};
    /// # let system = System::new("docs");
    /// system.spawn_detached(std::future::pending::<()>()).named("heartbeat");
    /// assert_eq!(system.tasks()[0].kind, TaskKind::Detached);
    /// # assert_eq!(system.tasks()[0].name, "heartbeat");
    /// ```
    pub fn spawn_detached<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Task<T> {
        Task::spawn(&self.holder(), Tenure::Detached, work)
    }
}

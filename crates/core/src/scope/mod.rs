//! Scopes: who owns tasks, and when a group of them is done.
//!
//! `joiner.rs` says what a joiner is, a pure fold over outcomes, and the files beside it are the ones
//! built in. `joining.rs` feeds one from the tasks of a scope.

mod all_completed;
mod all_successful;
mod first_failure;
mod first_success;
mod joiner;
mod joining;
mod owner;
mod quorum;
mod report;

use std::{
    fmt,
    sync::{Arc, Mutex},
    task::{Context as TaskContext, Poll},
    time::Duration,
};

use ghostlight_rt::Instant;

use self::joining::Ledger;
pub use self::{
    all_completed::AllCompleted,
    all_successful::AllSuccessful,
    first_failure::FirstFailure,
    first_success::FirstSuccess,
    joiner::{Joiner, TaskError},
    owner::ScopeOwner,
    quorum::{Quorum, QuorumError},
    report::ScopeReport,
};
use crate::{
    ActorId, ScopeId, System, Task, TaskId,
    task::{Holder, Tenure},
    waits::{Held, Lends},
};

/// An owner of tasks: none of them outlives it.
///
/// A scope has an owner itself: an actor ([`Context::scope`](crate::Context::scope)), another scope, or
/// the system; when that ends, so does the scope. When its last clone is dropped, what has not ended
/// is cancelled and left to the reaper of the system, who lists it until it has. Tasks may hold clones,
/// to spawn siblings, and a scope that its own tasks hold ends with its owner, or by
/// [`cancel_all`](Self::cancel_all).
///
/// ```
/// # use ghostlight_core::System;
/// # let system = System::new("docs");
/// let scope = system.scope();
/// let siblings = scope.clone();
/// scope.spawn(async move {
///     for page in 0..3 {
///         siblings.spawn(async move { _ = page; });
///     }
/// });
/// let report = system.block_on(scope.join());
/// assert_eq!(report.completed, 4);
/// ```
///
/// The tasks of a scope that was made with a [`Joiner`] all give a `Result<T, E>`, and together what
/// the joiner makes of that:
///
/// ```
/// # use ghostlight_core::{FirstSuccess, Scope, System};
/// # let system = System::new("docs");
/// # async fn fetch(mirror: &str) -> Result<usize, String> { Ok(mirror.len()) }
/// let scope = Scope::with_joiner(&system, FirstSuccess);
/// for mirror in ["north", "south"] {
///     scope.spawn(fetch(mirror));
/// }
/// assert_eq!(system.block_on(scope.join()), Ok(5));
/// ```
pub struct Scope<J = Unjoined, T = (), E = ()> {
    hold: Arc<Hold>,
    ledger: Arc<Mutex<Ledger<J, T, E>>>,
}

/// What a [`Scope`] without a joiner has in its place: each task gives what it likes, to its own handle.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Unjoined;

/// What the clones of a scope share; the last one to go ends it.
struct Hold(Arc<Holder>);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.reap();
    }
}

impl Scope {
    /// A scope that `owner` owns: a [`System`], another scope, or the
    /// [`Context`](crate::Context) of an actor.
    #[must_use = "a scope that is dropped cancels its tasks"]
    pub fn new(owner: &impl ScopeOwner) -> Self {
        Self::made(owner, Unjoined)
    }

    /// Spawns a task of this scope. Its handle may be dropped.
    ///
    /// One that is spawned into a cancelled scope is cancelled before it begins.
    pub fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Task<T> {
        Task::spawn(&self.hold.0, Tenure::Owned, work)
    }

    /// Waits until no task is left in this scope and in the scopes within, and tells how its own
    /// tasks have ended so far.
    ///
    /// Nothing is closed by that: more may be spawned, and joined again. Inside a handler, a task of the
    /// scope that asks that very actor meanwhile is refused: it could never be answered.
    ///
    /// # Cancel safety
    /// Nothing is lost by dropping it.
    pub async fn join(&self) -> ScopeReport {
        let waits = self.note_waits(Lends::Nothing);
        self.hold.0.empty().await;
        drop(waits);
        self.hold.0.report()
    }

    /// That the turn which runs here waits for the tasks that are there now.
    pub(crate) fn note_waits(&self, lends: Lends) -> Vec<Held<'_>> {
        let system = &self.hold.0.system;
        self.nodes().into_iter().map(|it| Held::noted(system, it, lends)).collect()
    }

    /// As whom its tasks wait for others.
    pub(crate) fn nodes(&self) -> Vec<ActorId> {
        self.task_ids().into_iter().map(TaskId::node).collect()
    }

    /// As [`join`](Self::join), without a wait of its own.
    pub(crate) fn poll_join(&self, task: &TaskContext<'_>) -> Poll<ScopeReport> {
        self.hold.0.poll_empty(task).map(|()| self.hold.0.report())
    }
}

impl<J, T, E> Scope<J, T, E> {
    fn made(owner: &impl ScopeOwner, joiner: J) -> Self {
        let hold = Arc::new(Hold(owner.holder().0.scope()));
        Self { hold, ledger: Arc::new(Mutex::new(Ledger::new(joiner))) }
    }

    /// The identity of the scope, as it stands in [`TaskOwner`](crate::TaskOwner).
    #[must_use]
    pub fn id(&self) -> ScopeId {
        self.hold.0.scope_id()
    }

    /// A scope within this one, with the same grace and deadline; it is cancelled when this is.
    #[must_use = "a scope that is dropped cancels its tasks"]
    pub fn scope(&self) -> Scope {
        Scope::new(self)
    }

    /// The tasks of this scope that have not ended, in the order in which they were spawned.
    #[must_use]
    pub fn task_ids(&self) -> Vec<TaskId> {
        self.hold.0.task_ids()
    }

    /// Asks all tasks in this scope and the scopes within to end, and those that are spawned later.
    pub fn cancel_all(&self) {
        self.hold.0.cancel();
    }

    /// Whether the scope was cancelled, by whomever, or its deadline is over.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.hold.0.is_cancelled()
    }

    /// Cancels the tasks that are spawned from here on when `duration` has passed; that of the owner
    /// stands if it is over before. By default there is no deadline.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use ghostlight_core::{JoinError, System, cancelled};
    /// # let system = System::new("docs");
    /// let scope = system.scope().within(Duration::from_millis(5));
    /// let patient = scope.spawn(cancelled());
    /// assert_eq!(system.block_on(patient.join()), Err(JoinError::Cancelled));
    /// ```
    #[must_use = "a scope that is dropped cancels its tasks"]
    pub fn within(self, duration: Duration) -> Self {
        let now = self.hold.0.system.runtime.now();
        self.deadline(now + duration)
    }

    /// The same, at a moment on the clock of the system.
    #[must_use = "a scope that is dropped cancels its tasks"]
    pub fn deadline(self, at: Instant) -> Self {
        self.hold.0.limit(|it| it.deadline = Some(it.deadline.map_or(at, |own| own.min(at))));
        self
    }

    /// How long a task that is spawned from here on may go on once it was asked to end; then it is
    /// aborted. That of the owner by default, and 5 s at the root.
    #[must_use = "a scope that is dropped cancels its tasks"]
    pub fn grace(self, grace: Duration) -> Self {
        self.hold.0.limit(|it| it.grace = grace);
        self
    }

    /// How long a [`shield`](crate::shield()) may put off the abort of a task that is spawned from here
    /// on. That of the owner by default, and 30 s at the root. It never puts off the end of an actor
    /// or a system for longer than that has.
    #[must_use = "a scope that is dropped cancels its tasks"]
    pub fn shield_max(self, shield_max: Duration) -> Self {
        self.hold.0.limit(|it| it.shield_max = shield_max);
        self
    }
}

impl System {
    /// A scope that ends with the system: the place for daemons. As [`Scope::new`].
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use ghostlight_core::{System, cancelled};
    /// let system = System::new("daemons");
    /// let scope = system.scope();
    /// scope.spawn(async { cancelled().await }).named("watch the clock");
    /// let report = system.block_on(system.shutdown(Duration::from_secs(1)));
    /// assert!(report.is_clean() && system.tasks().is_empty());
    /// ```
    #[must_use = "a scope that is dropped cancels its tasks"]
    pub fn scope(&self) -> Scope {
        Scope::new(self)
    }
}

impl<J, T, E> Clone for Scope<J, T, E> {
    fn clone(&self) -> Self {
        Self { hold: Arc::clone(&self.hold), ledger: Arc::clone(&self.ledger) }
    }
}

impl<J, T, E> fmt::Debug for Scope<J, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("id", &self.id()).finish_non_exhaustive()
    }
}

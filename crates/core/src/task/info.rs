//! What is known of tasks from outside.

use std::fmt;

use ghostlight_rt::Instant;

use super::{JoinError, ScopeId, TaskId};
use crate::ActorId;

/// What is known of a task from outside; made by [`System::tasks`](crate::System::tasks).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TaskInfo {
    /// Its identity.
    pub id: TaskId,
    /// Its name, or the type of its future.
    pub name: String,
    /// Who owns it.
    pub owner: TaskOwner,
    /// The actor that owns it in the end, where it belongs to one or to a scope of one.
    pub actor: Option<ActorId>,
    /// What binds it.
    pub kind: TaskKind,
    /// When it was spawned.
    pub since: Instant,
    /// Whether it is to end.
    pub state: TaskState,
}

/// Who owns a task, and ends it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TaskOwner {
    /// The system.
    System,
    /// One incarnation of an actor.
    Actor(ActorId),
    /// A scope.
    Scope(ScopeId),
}

/// What binds a task.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TaskKind {
    /// Its owner alone ends it.
    Owned,
    /// It is cancelled as well when its handle is dropped.
    Free,
    /// Nobody waits for it; only the end of the system ends it.
    Detached,
    /// Its scope was dropped, or its actor has ended, before it did.
    Reaped,
}

/// Whether a task is to end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TaskState {
    /// It is not.
    Running,
    /// It has been asked to, and is aborted when its grace is over.
    Cancelling,
    /// It has been asked to, and a [`shield`](crate::shield()) puts off its end.
    Shielded,
}

/// Where the tasks of a system went: each one is in exactly one of these counts, but for `reaped`,
/// which is a part of `alive`.
///
/// ```
/// # use ghostlight_core::System;
/// let system = System::new("counts");
/// system.block_on(async {
///     system.spawn_task(async { 7 }).join().await.unwrap();
/// });
/// let counters = system.task_counters();
/// assert_eq!((counters.spawned, counters.completed, counters.alive), (1, 1, 0));
/// assert!(counters.conserves());
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct TaskCounters {
    /// Tasks that were ever spawned.
    pub spawned: u64,
    /// Tasks that have not ended.
    pub alive: u64,
    /// Those among them that their scope or actor has left behind.
    pub reaped: u64,
    /// Tasks that came to their end by themselves.
    pub completed: u64,
    /// Tasks that ended because they were asked to.
    pub cancelled: u64,
    /// Tasks that panicked.
    pub panicked: u64,
    /// Tasks that were dropped.
    pub aborted: u64,
}

impl TaskCounters {
    /// Whether every task that was spawned is accounted for.
    #[must_use]
    pub const fn conserves(&self) -> bool {
        self.spawned == self.alive + self.n_ended()
    }

    /// How many tasks have ended.
    #[must_use]
    pub const fn n_ended(&self) -> u64 {
        self.completed + self.cancelled + self.panicked + self.aborted
    }

    pub(super) const fn begin(&mut self) {
        self.spawned += 1;
        self.alive += 1;
    }

    pub(super) const fn end(&mut self, end: Option<&JoinError>) {
        self.alive -= 1;
        let count = match end {
            None => &mut self.completed,
            Some(JoinError::Cancelled) => &mut self.cancelled,
            Some(JoinError::Panicked(_)) => &mut self.panicked,
            // Nothing ends by a wait that was refused.
            Some(JoinError::Aborted | JoinError::Deadlock(_)) => &mut self.aborted,
        };
        *count += 1;
    }
}

impl fmt::Display for TaskOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("the system"),
            Self::Actor(id) => write!(f, "actor {id}"),
            Self::Scope(id) => id.fmt(f),
        }
    }
}

//! The identities of tasks and scopes.

use std::fmt;

use crate::ActorId;

/// Which task: unique within its system for ever, and never printed alike by two systems.
///
/// ```
/// # use ghostlight_core::System;
/// let system = System::new("ids");
/// let one = system.spawn_detached(async {});
/// let other = system.spawn_detached(async {});
/// assert!(one.id() < other.id());
/// ```
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TaskId {
    origin: u32,
    number: u64,
}

/// Which scope: unique within its system for ever, and never printed alike by two systems.
///
/// ```
/// # use ghostlight_core::System;
/// let system = System::new("ids");
/// assert_ne!(system.scope().id(), system.scope().id());
/// ```
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ScopeId {
    origin: u32,
    number: u64,
}

impl TaskId {
    pub(super) const fn new(origin: u32, number: u64) -> Self {
        Self { origin, number }
    }

    /// What stands for it among actors that wait. No actor has the generation zero.
    pub(crate) const fn node(self) -> ActorId {
        ActorId::from_parts(self.origin, self.number as u32, 0)
    }

    /// The how-manieth task of its system.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.number
    }
}

impl ScopeId {
    pub(super) const fn new(origin: u32, number: u64) -> Self {
        Self { origin, number }
    }

    /// The how-manieth scope of its system.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.number
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}@{:08x}", self.number, self.origin)
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ScopeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "scope {}@{:08x}", self.number, self.origin)
    }
}

impl fmt::Debug for ScopeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

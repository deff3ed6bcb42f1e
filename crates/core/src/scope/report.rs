//! How the tasks of a scope have ended.

use crate::JoinError;

/// How the tasks of a scope have ended, in numbers; made by [`Scope::join`](crate::Scope::join).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct ScopeReport {
    /// How many came to their end by themselves.
    pub completed: u64,
    /// How many ended because they were asked to.
    pub cancelled: u64,
    /// How many panicked.
    pub panicked: u64,
    /// How many were dropped.
    pub aborted: u64,
    /// What the first that panicked said.
    pub first_panic: Option<String>,
}

impl ScopeReport {
    /// Whether every task came to its end by itself.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.cancelled == 0 && self.panicked == 0 && self.aborted == 0
    }

    pub(crate) fn add(&mut self, end: Option<&JoinError>) {
        match end {
            None => self.completed += 1,
            Some(JoinError::Cancelled) => self.cancelled += 1,
            // Nothing ends by a wait that was refused.
            Some(JoinError::Aborted | JoinError::Deadlock(_)) => self.aborted += 1,
            Some(JoinError::Panicked(text)) => {
                self.panicked += 1;
                self.first_panic.get_or_insert_with(|| text.clone());
            }
        }
    }
}

//! Orders to end.

use std::time::Duration;

use crate::StopReason;

/// How an actor is told to end. The later in this list, the stronger.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Verb {
    Drain,
    /// Ends the incarnation; what follows is for its supervisor to decide.
    Retire,
    Stop,
    Kill,
}

/// An order to end that was given.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) verb: Verb,
    pub(crate) reason: StopReason,
    /// How many messages may have been handled, ever, when a drain is over.
    pub(crate) messages: u64,
    /// How long a drain may take; counted from when it begins.
    pub(crate) time: Option<Duration>,
    pub(crate) is_by_supervisor: bool,
}

impl Order {
    pub(crate) fn new(verb: Verb, reason: StopReason) -> Self {
        Self { verb, reason, messages: u64::MAX, time: None, is_by_supervisor: false }
    }

    /// Given by whoever decides about the next incarnation.
    pub(crate) fn by_supervisor(verb: Verb, reason: StopReason) -> Self {
        Self { is_by_supervisor: true, ..Self::new(verb, reason) }
    }

    /// Whether it is about one incarnation, and has no say about the next.
    pub(crate) fn is_for_one_incarnation(&self) -> bool {
        self.is_by_supervisor || self.verb == Verb::Retire
    }
}

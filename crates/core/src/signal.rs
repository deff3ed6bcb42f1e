//! The platform's word to an actor. Signals never queue behind messages and are never dropped.

use std::sync::atomic::{AtomicU8, Ordering};

/// A set of signals: one bit each, so that any number of them takes one byte.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Signals(u8);

impl Signals {
    pub(crate) const NONE: Self = Self(0);
    /// End after the running turn.
    pub(crate) const STOP: Self = Self(1);
    /// Handle what was admitted, then end.
    pub(crate) const DRAIN: Self = Self(1 << 1);
    /// Drop the running turn at its next await, and end.
    pub(crate) const KILL: Self = Self(1 << 2);
    /// Something waits that goes before normal messages.
    pub(crate) const URGENT: Self = Self(1 << 3);
    /// Beside [`STOP`](Self::STOP): it is this incarnation that ends; another may follow, and the
    /// door stays open.
    pub(crate) const RETIRE: Self = Self(1 << 4);
    /// The supervisor has decided, or the last child has ended: look at that.
    pub(crate) const KIN: Self = Self(1 << 5);
    /// A timer was set, or something about timers has changed. Ends no run of turns.
    pub(crate) const TIMER: Self = Self(1 << 6);
    pub(crate) const ALL: Self = Self(0xff);

    /// What ends an incarnation, whatever waits.
    pub(crate) const ORDERS: Self = Self(Self::STOP.0 | Self::KILL.0);
    pub(crate) const ANY_END: Self = Self(Self::ORDERS.0 | Self::DRAIN.0 | Self::RETIRE.0);
    /// What ends a run of turns.
    pub(crate) const NEWS: Self = Self(Self::ANY_END.0 | Self::URGENT.0);

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) const fn only(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) const fn has_all(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// The signals that have reached an actor; set under the inbox's lock, read without it.
#[derive(Debug, Default)]
pub(crate) struct Lane(AtomicU8);

impl Lane {
    /// Whether any of `heed` has come: one load, read between any two messages.
    pub(crate) fn any(&self, heed: Signals) -> bool {
        // Relaxed: it only says that it is time to look under the lock, which orders the rest.
        self.0.load(Ordering::Relaxed) & heed.0 != 0
    }

    pub(crate) fn all(&self) -> Signals {
        Signals(self.0.load(Ordering::Relaxed))
    }

    pub(crate) fn raise(&self, signal: Signals) {
        self.0.fetch_or(signal.0, Ordering::Relaxed);
    }

    pub(crate) fn lower(&self, signal: Signals) {
        self.0.fetch_and(!signal.0, Ordering::Relaxed);
    }
}

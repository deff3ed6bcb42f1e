//! How much a mailbox holds, and what happens when it is full.

use std::{fmt, num::NonZeroU32};

/// What happens to a message that arrives at a full mailbox.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a fifth way would change what every match means")]
pub enum Overflow {
    /// The sender waits for room; a sender that will not wait is refused. The default.
    #[default]
    Wait,
    /// The arriving message is lost, counted, and a dead letter.
    DropNewest,
    /// The oldest message of the lowest priority, the arriving one included, is lost, counted, and
    /// a dead letter.
    DropOldest,
    /// The arriving message is refused and stays with its sender.
    Reject,
}

impl fmt::Display for Overflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wait => "lets senders wait",
            Self::DropNewest => "drops the newest",
            Self::DropOldest => "drops the oldest",
            Self::Reject => "rejects",
        })
    }
}

/// How many messages a mailbox holds: at least one, so that zero cannot be said.
///
/// ```
/// use ghostlight_core::Capacity;
///
/// assert_eq!(Capacity::of::<64>().get(), 64);
/// assert_eq!(Capacity::new(0), None);
/// ```
///
/// ```compile_fail
/// let none = ghostlight_core::Capacity::of::<0>();
/// ```
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Capacity(NonZeroU32);

impl Capacity {
    /// A capacity known when compiling; zero does not compile.
    #[must_use]
    pub const fn of<const N: u32>() -> Self {
        const { assert!(N != 0, "a mailbox holds at least one message") };
        match NonZeroU32::new(N) {
            Some(n) => Self(n),
            None => unreachable!(),
        }
    }

    /// A capacity known only when running; `None` for zero.
    #[must_use]
    pub const fn new(n: u32) -> Option<Self> {
        match NonZeroU32::new(n) {
            Some(n) => Some(Self(n)),
            None => None,
        }
    }

    /// The number of messages.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

/// How much a mailbox holds, what happens when it is full, and when to warn.
///
/// | want | take |
/// |---|---|
/// | nothing lost, senders slowed down | [`wait`](Self::wait) (the default, at 1000) |
/// | the sender decides | [`reject`](Self::reject) |
/// | only the latest matter (prices, positions) | [`drop_oldest`](Self::drop_oldest) |
/// | only the first matter (a storm of alarms) | [`drop_newest`](Self::drop_newest) |
/// | a bound that lies elsewhere | [`unbounded`](Self::unbounded) |
///
/// ```
/// use ghostlight_core::{Capacity, MailboxOptions, Overflow};
///
/// let latest = MailboxOptions::drop_oldest(Capacity::of::<16>()).warn_at(12);
/// assert_eq!(latest.overflow(), Overflow::DropOldest);
/// assert_eq!(MailboxOptions::default().capacity().unwrap().get(), 1000);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct MailboxOptions {
    capacity: Option<Capacity>,
    overflow: Overflow,
    warn_at: Option<u32>,
    /// Somebody wants to be told of every message, so each is looked at closely.
    is_watched: bool,
}

impl Default for MailboxOptions {
    /// Room for 1000 messages, and senders wait.
    fn default() -> Self {
        Self::wait(Capacity::of::<1000>())
    }
}

impl MailboxOptions {
    const fn bounded(capacity: Capacity, overflow: Overflow) -> Self {
        Self { capacity: Some(capacity), overflow, warn_at: None, is_watched: false }
    }

    /// Senders wait for room.
    pub const fn wait(capacity: Capacity) -> Self {
        Self::bounded(capacity, Overflow::Wait)
    }

    /// What arrives at a full mailbox is lost and becomes a dead letter.
    pub const fn drop_newest(capacity: Capacity) -> Self {
        Self::bounded(capacity, Overflow::DropNewest)
    }

    /// The newest `capacity` messages stay; older ones become dead letters.
    ///
    /// Its queue is taken from one message at a time, so that the oldest is always within reach:
    /// a few nanoseconds more per message than the others.
    pub const fn drop_oldest(capacity: Capacity) -> Self {
        Self::bounded(capacity, Overflow::DropOldest)
    }

    /// What arrives at a full mailbox stays with its sender, as an error.
    pub const fn reject(capacity: Capacity) -> Self {
        Self::bounded(capacity, Overflow::Reject)
    }

    /// No bound at all: only where something else limits the senders. A warning is logged once
    /// when a system makes the first.
    pub const fn unbounded() -> Self {
        Self { capacity: None, overflow: Overflow::Reject, warn_at: None, is_watched: false }
    }

    /// Warns and tells observers once whenever the depth rises to `depth`, and again only after it
    /// has fallen below half of that. Never, by default.
    pub const fn warn_at(mut self, depth: u32) -> Self {
        self.warn_at = Some(depth);
        self
    }

    pub(crate) const fn watched(mut self, is_watched: bool) -> Self {
        self.is_watched = is_watched;
        self
    }

    pub(crate) const fn is_watched(&self) -> bool {
        self.is_watched
    }

    /// How many messages it holds; `None` if unbounded.
    #[must_use]
    pub const fn capacity(&self) -> Option<Capacity> {
        self.capacity
    }

    /// What happens when it is full.
    #[must_use]
    pub const fn overflow(&self) -> Overflow {
        self.overflow
    }

    /// The depth at which to warn.
    #[must_use]
    pub const fn high_water(&self) -> Option<u32> {
        self.warn_at
    }
}

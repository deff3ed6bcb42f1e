//! The identity of an actor.

use std::fmt;

/// Which actor: unique within its system for ever, and never printed alike by two systems.
///
/// `origin` is drawn by each system for itself, `slot` is a place in its roster, and `gen` counts
/// who had that place; a pair of slot and gen is never given out twice. The id stays the same over
/// restarts: the incarnation stands beside it, not in it.
///
/// ```
/// # use ghostlight_core as ghostlight; use ghostlight::{Actor, System};
/// struct Idle;
/// impl Actor for Idle { type Protocol = (); }
///
/// let system = System::new("ids");
/// let (one, other) = (system.spawn(Idle), system.spawn(Idle));
/// assert_ne!(one.id(), other.id());
/// assert_eq!(one.id(), one.clone().id());
/// ```
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ActorId {
    origin: u32,
    slot: u32,
    r#gen: u32,
}

impl ActorId {
    /// The id made of these parts; for whoever stands in for an actor of another system.
    #[must_use]
    pub const fn from_parts(origin: u32, slot: u32, r#gen: u32) -> Self {
        Self { origin, slot, r#gen }
    }

    /// The system it belongs to, as a number that means nothing else.
    #[must_use]
    pub const fn origin(self) -> u32 {
        self.origin
    }

    /// Its place in that system's roster.
    #[must_use]
    pub const fn slot(self) -> u32 {
        self.slot
    }

    /// The how-manieth actor in that place.
    #[must_use]
    pub const fn r#gen(self) -> u32 {
        self.r#gen
    }
}

impl fmt::Display for ActorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}@{:08x}", self.slot, self.r#gen, self.origin)
    }
}

impl fmt::Debug for ActorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

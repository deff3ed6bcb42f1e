//! Which turn an actor is in, for whoever looks from outside.
//!
//! A turn leaves a number in the cell when it begins: one store of a constant, which no tell or ask can be
//! measured to pay for. What the number means is worked out by whoever reads it.

use std::{
    fmt,
    sync::atomic::{AtomicU8, Ordering},
};

use crate::MessageType;

/// What an actor does when it does something: handle a message, or run a hook.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum TurnKind {
    /// It handles a message that nobody awaits the answer of.
    Tell,
    /// It handles a message that somebody awaits the answer of.
    Ask,
    /// It runs `started`, or `restarting` before that.
    Started,
    /// It runs `stopped`.
    Stopped,
}

impl fmt::Display for TurnKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tell => "tell",
            Self::Ask => "ask",
            Self::Started => "started",
            Self::Stopped => "stopped",
        })
    }
}

pub(crate) const UNLISTED_TELL: u8 = u8::MAX - 3;
pub(crate) const UNLISTED_ASK: u8 = u8::MAX - 2;
pub(crate) const STARTED: u8 = u8::MAX - 1;
pub(crate) const STOPPED: u8 = u8::MAX;

/// The last turn that has begun. What a protocol lists is numbered from zero: a message told, the same
/// asked, the next one told.
#[derive(Debug, Default)]
pub(crate) struct LastTurn(AtomicU8);

impl LastTurn {
    #[inline]
    pub(crate) fn begin(&self, turn: u8) {
        // Relaxed: whoever reads it knows from elsewhere that the turn goes on.
        self.0.store(turn, Ordering::Relaxed);
    }

    pub(crate) fn kind(&self) -> TurnKind {
        match self.0.load(Ordering::Relaxed) {
            STOPPED => TurnKind::Stopped,
            STARTED => TurnKind::Started,
            UNLISTED_ASK => TurnKind::Ask,
            UNLISTED_TELL => TurnKind::Tell,
            listed if listed % 2 == 1 => TurnKind::Ask,
            _ => TurnKind::Tell,
        }
    }

    /// The message of the turn, if `surface` lists it.
    pub(crate) fn listed(&self, surface: &[MessageType]) -> Option<&'static str> {
        let listed = self.0.load(Ordering::Relaxed) / 2;
        surface.get(usize::from(listed)).map(|it| it.type_name)
    }

    /// Whether it is that of a message that the protocol does not list.
    pub(crate) fn is_unlisted(&self) -> bool {
        matches!(self.0.load(Ordering::Relaxed), UNLISTED_ASK | UNLISTED_TELL)
    }
}

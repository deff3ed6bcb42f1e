//! Which turn an actor is in, for whoever looks from outside.
//!
//! A turn leaves a number in the cell when it begins: one store of a constant, which no tell or ask can be
//! measured to pay for. What the number means is worked out by whoever reads it.

use std::{
    any::type_name,
    fmt,
    sync::atomic::{AtomicU8, Ordering},
};

use crate::{Actor, MessageType, Protocol, cell::Cell};

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

/// A turn inside another, or beside it: what it is, and its message.
pub(crate) type Guest = (TurnKind, &'static str);

/// A turn inside another, as whoever looks from outside is told of it.
pub(crate) struct Guesting<'c, A: Actor> {
    cell: &'c Cell<A>,
    outer: Option<Guest>,
}

impl<A: Actor> Drop for Guesting<'_, A> {
    fn drop(&mut self) {
        if self.cell.is_looked_after() {
            self.cell.lock().rare().guest = self.outer.take();
        }
    }
}

impl<A: Actor> Cell<A> {
    /// The turn that goes on, and the message in it: the innermost, where one runs inside another.
    pub(crate) fn turn(&self) -> (TurnKind, Option<&'static str>) {
        let guest = self.lock().rare.as_ref().and_then(|it| it.guest);
        guest.map_or_else(|| self.begun(), |(kind, message)| (kind, Some(message)))
    }

    /// The turn that has begun last, and the message in it.
    pub(crate) fn begun(&self) -> (TurnKind, Option<&'static str>) {
        let unlisted = self.lock().rare.as_ref().and_then(|it| it.unlisted);
        let unlisted = unlisted.filter(|_| self.last_turn.is_unlisted());
        let message = unlisted.or_else(|| self.last_turn.listed(&A::Protocol::surface()));
        (self.last_turn.kind(), message)
    }

    /// Whether somebody may want to know what was handled last.
    pub(crate) fn is_looked_after(&self) -> bool {
        self.system.watchdog.is_some() || !self.settings.limits.is_none()
    }

    /// The turn of a message begins that the protocol does not list.
    pub(crate) fn begin_unlisted<M>(&self, is_ask: bool) {
        self.last_turn.begin(if is_ask { UNLISTED_ASK } else { UNLISTED_TELL });
        if self.is_looked_after() {
            self.lock().rare().unlisted = Some(type_name::<M>());
        }
    }

    /// A turn goes on inside another, or beside it, until what is returned is dropped.
    pub(crate) fn enter_guest(&self, guest: Guest) -> Guesting<'_, A> {
        let outer =
            if self.is_looked_after() { self.lock().rare().guest.replace(guest) } else { None };
        Guesting { cell: self, outer }
    }
}

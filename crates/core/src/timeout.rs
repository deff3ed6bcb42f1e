//! How long a turn may take, and what happens to one that takes longer.

use std::{error::Error, fmt, time::Duration};

use crate::TurnKind;

/// What happens to a turn that takes longer than it may.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum OnTimeout {
    /// It goes on, and its reply is delivered. Observers hear of it when its time is over, and again after
    /// twice, four times, eight times that time. The default.
    #[default]
    Warn,
    /// It is dropped where it awaits, its asker hears so, and
    /// [`on_cancelled`](crate::Actor::on_cancelled) may repair the state; the next message is handled.
    Cancel,
    /// It is dropped where it awaits, and the incarnation has failed: what follows is what follows a panic.
    Stop,
}

impl fmt::Display for OnTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Warn => "is only reported",
            Self::Cancel => "is cancelled",
            Self::Stop => "stops its actor",
        })
    }
}

/// A turn that took longer than it may, and what was done about it: in an
/// [`AskError`](crate::AskError::HandlerTimeout), and as the error in the
/// [`Failure`](crate::Failure) of an actor that was stopped for it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct HandlerTimeout {
    /// What the actor did.
    pub kind: TurnKind,
    /// The type of the message that it handled, as a label; `None` in a hook.
    pub message_type: Option<&'static str>,
    /// How long it had taken.
    pub after: Duration,
    /// What was done.
    pub action: OnTimeout,
}

impl fmt::Display for HandlerTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, after, action, .. } = self;
        match self.message_type {
            Some(message) => write!(f, "the {kind} of {message} took {after:?}, and {action}"),
            None => write!(f, "`{kind}` took {after:?}, and {action}"),
        }
    }
}

impl Error for HandlerTimeout {}

/// A turn that took longer than it may and came to its end nevertheless, for
/// [`Actor::on_slow_turn_done`](crate::Actor::on_slow_turn_done).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SlowTurn {
    /// What the actor did: it was told something, or asked.
    pub kind: TurnKind,
    /// The type of the message that it handled, as a label.
    pub message_type: Option<&'static str>,
    /// How long it took, from its first await on.
    pub took: Duration,
    /// How long it may take without anybody being told.
    pub limit: Duration,
}

/// How long a turn of one kind may take.
pub(crate) type Limit = (Duration, OnTimeout);

/// How long turns may take, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Limits {
    tell: Option<Limit>,
    ask: Option<Limit>,
    started: Option<Limit>,
    stopped: Option<Limit>,
}

impl Limits {
    pub(crate) const NONE: Self = Self { tell: None, ask: None, started: None, stopped: None };

    pub(crate) const fn is_none(&self) -> bool {
        matches!(self, Self { tell: None, ask: None, started: None, stopped: None })
    }

    pub(crate) const fn of(&self, kind: TurnKind) -> Option<Limit> {
        match kind {
            TurnKind::Tell => self.tell,
            TurnKind::Ask => self.ask,
            TurnKind::Started => self.started,
            TurnKind::Stopped => self.stopped,
        }
    }

    pub(crate) const fn set(&mut self, kind: TurnKind, limit: Limit) {
        let place = match kind {
            TurnKind::Tell => &mut self.tell,
            TurnKind::Ask => &mut self.ask,
            TurnKind::Started => &mut self.started,
            TurnKind::Stopped => &mut self.stopped,
        };
        *place = Some(limit);
    }

    /// These, and where they say nothing, `below`.
    pub(crate) fn over(self, below: Self) -> Self {
        Self {
            tell: self.tell.or(below.tell),
            ask: self.ask.or(below.ask),
            started: self.started.or(below.started),
            stopped: self.stopped.or(below.stopped),
        }
    }
}

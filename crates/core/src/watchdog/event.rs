//! What a watchdog tells.

use std::{fmt, time::Duration};

use crate::{ActorId, TurnKind};

/// Tasks do not get their turn in time, or a thread is kept from them;
/// [`Observer::starving`](crate::Observer::starving) is told.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StarvationEvent {
    /// How long a task that was woken has waited for its turn, when that was last seen.
    pub scheduling_delay: Duration,
    /// How bad it is.
    pub severity: Severity,
    /// Who keeps a thread; `None` if no actor does, so that there is more to do than threads to do it, or
    /// something else blocks them.
    pub blame: Option<Blame>,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Severity {
    /// Past [`WatchdogOptions::warning`](crate::WatchdogOptions::warning).
    Warning,
    /// Past [`WatchdogOptions::critical`](crate::WatchdogOptions::critical).
    Critical,
}

/// An actor that keeps its thread: it computes, or blocks, and does not await.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Blame {
    /// Who it is.
    pub actor: ActorId,
    /// Its name, or the label of its kind.
    pub name: String,
    /// What it does.
    pub kind: TurnKind,
    /// The type of the message that it handles, as a label; `None` in a hook.
    pub message_type: Option<&'static str>,
    /// For how long at least.
    pub elapsed: Duration,
    /// The thread, by its name and number.
    pub thread: String,
}

impl fmt::Display for Blame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { actor, name, kind, elapsed, thread, .. } = self;
        write!(f, "{name} ({actor}) has kept {thread} for {elapsed:?}, by {kind}")?;
        self.message_type.map_or(Ok(()), |it| write!(f, " of {it}"))
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Warning => "warning",
            Self::Critical => "critical",
        })
    }
}

//! Why an actor, or one incarnation of it, ended.

use std::{fmt, sync::Arc, time::Duration};

use crate::{ActorId, Deadlock, Failure};

/// Why an actor, or one incarnation of it, ended. A graceful end is never told as a failure.
///
/// Shown, it tells its own level; the failure in it knows what that followed from, down to the first
/// cause.
///
/// ```
/// # extern crate ghostlight_core as ghostlight;
/// # use ghostlight::{Actor, StopReason, System};
/// # #[derive(Actor)] struct Till;
/// # let system = System::new("docs");
/// let till = system.spawn(Till);
/// till.stop_because("closing time");
/// let why = system.block_on(till.wait_stopped());
/// assert_eq!(why.to_string(), "stopped: closing time");
/// assert!(!why.is_failure());
/// if let Some(failure) = why.failure() {
///     println!("it began with {}", failure.cause().root());
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StopReason {
    /// It ended itself, with [`Context::stop`](crate::Context::stop).
    Normal,
    /// It was told to stop or to drain, perhaps with a word why.
    Stopped(Option<Arc<str>>),
    /// Told to an incarnation that is replaced without having failed.
    Restart,
    /// The actor it belonged to ended.
    OwnerEnded,
    /// Its system ended.
    SystemShutdown,
    /// Nobody held a ref to it any more, and it was spawned to end then.
    Unreferenced,
    /// It was killed. That is a failure: a transient child comes back from it.
    Killed,
    /// A handler panicked or declared a failure.
    Failed(Failure),
    /// Its state could not be built, or `started` failed or took longer than the start deadline.
    StartFailed(Failure),
    /// It ended for this reason, and then `stopped` failed.
    StopFailed(Arc<StopFailure>),
    /// It failed more often than its supervisor allows.
    LimitExhausted(Arc<Exhausted>),
    /// Its supervisor's check found that starting it again makes no sense, for this reason.
    Vetoed(Arc<str>),
    /// An actor that it was linked to ended in failure.
    Linked(Arc<LinkedEnd>),
    /// It was prepared, and dropped without having run.
    NeverStarted,
    /// The task it ran in was dropped, together with the runtime.
    Lost,
    /// Not an end: waiting for it inside a handler would have closed this circle of waits.
    Deadlock(Deadlock),
    /// It had ended before anybody asked, or never was; nobody remembers.
    Unknown,
}

/// Why an actor ended whose `stopped` then failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StopFailure {
    /// Why it ended.
    pub reason: StopReason,
    /// How `stopped` failed.
    pub failure: Failure,
}

/// How an actor came to have no restart left.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Exhausted {
    /// How many restarts were allowed.
    pub restarts: u32,
    /// Within how long.
    pub within: Duration,
    /// Why its last incarnation ended.
    pub last: StopReason,
}

/// The end of a linked actor, which this one shares.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LinkedEnd {
    /// Who ended first.
    pub id: ActorId,
    /// What it was called.
    pub name: Arc<str>,
    /// Why it ended.
    pub reason: StopReason,
}

impl StopReason {
    pub(crate) fn and_failed(self, failure: Failure) -> Self {
        Self::StopFailed(Arc::new(StopFailure { reason: self, failure }))
    }

    /// The end in a few words, without the failure that led to it.
    pub(crate) fn headline(&self) -> String {
        match self {
            Self::Failed(_) => "failed".to_owned(),
            Self::StartFailed(_) => "did not start".to_owned(),
            Self::StopFailed(_) => "failed to clean up".to_owned(),
            Self::LimitExhausted(it) => {
                format!("no restart left of {} within {:?}", it.restarts, it.within)
            }
            other => other.to_string(),
        }
    }

    /// Whether something went wrong, rather than somebody having wanted the end.
    #[must_use]
    pub const fn is_failure(&self) -> bool {
        match self {
            Self::Normal
            | Self::Stopped(_)
            | Self::Restart
            | Self::OwnerEnded
            | Self::SystemShutdown
            | Self::Unreferenced
            | Self::NeverStarted
            | Self::Deadlock(_) => false,
            Self::Killed
            | Self::Failed(_)
            | Self::StartFailed(_)
            | Self::StopFailed(_)
            | Self::LimitExhausted(_)
            | Self::Vetoed(_)
            | Self::Linked(_)
            | Self::Lost
            | Self::Unknown => true,
        }
    }

    /// The failure, where there was one: the last, when several are told.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Failed(failure) | Self::StartFailed(failure) => Some(failure),
            Self::StopFailed(both) => Some(&both.failure),
            Self::LimitExhausted(it) => it.last.failure(),
            Self::Linked(it) => it.reason.failure(),
            Self::Normal
            | Self::Stopped(_)
            | Self::Restart
            | Self::OwnerEnded
            | Self::SystemShutdown
            | Self::Unreferenced
            | Self::Killed
            | Self::Vetoed(_)
            | Self::NeverStarted
            | Self::Lost
            | Self::Deadlock(_)
            | Self::Unknown => None,
        }
    }
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Normal => f.write_str("ended by itself"),
            Self::Stopped(None) => f.write_str("stopped"),
            Self::Stopped(Some(why)) => write!(f, "stopped: {why}"),
            Self::Restart => f.write_str("restarted with its siblings, or by hand"),
            Self::OwnerEnded => f.write_str("its owner ended"),
            Self::SystemShutdown => f.write_str("its system ended"),
            Self::Unreferenced => f.write_str("nobody held a ref to it"),
            Self::Killed => f.write_str("killed"),
            Self::Failed(failure) => write!(f, "failed: {failure}"),
            Self::StartFailed(failure) => write!(f, "did not start: {failure}"),
            Self::StopFailed(both) => {
                let StopFailure { reason, failure } = &**both;
                write!(f, "{reason}; then its clean-up failed: {failure}")
            }
            Self::LimitExhausted(it) => {
                let Exhausted { restarts, within, last } = &**it;
                write!(f, "no restart left of {restarts} within {within:?}; at last, {last}")
            }
            Self::Vetoed(why) => write!(f, "not started again: {why}"),
            Self::Linked(it) => write!(f, "linked to {} ({}), which {}", it.name, it.id, it.reason),
            Self::NeverStarted => f.write_str("was dropped before it ran"),
            Self::Lost => f.write_str("lost with its runtime"),
            Self::Deadlock(cycle) => fmt::Display::fmt(cycle, f),
            Self::Unknown => f.write_str("ended before, or never was"),
        }
    }
}

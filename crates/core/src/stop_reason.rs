//! Why an actor ended.

use std::{fmt, sync::Arc};

use crate::Failure;

/// Why an actor ended. A graceful end is never told as a failure.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StopReason {
    /// It ended itself, with [`Context::stop`](crate::Context::stop).
    Normal,
    /// It was told to stop or to drain, perhaps with a word why.
    Stopped(Option<Arc<str>>),
    /// Its system ended.
    SystemShutdown,
    /// It was killed.
    Killed,
    /// A handler panicked or declared a failure.
    Failed(Failure),
    /// Its state could not be built, or `started` failed.
    StartFailed(Failure),
    /// It ended for this reason, and then `stopped` failed.
    StopFailed(Arc<StopFailure>),
    /// The task it ran in was dropped, together with the runtime.
    Lost,
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

impl StopReason {
    pub(crate) fn and_failed(self, failure: Failure) -> Self {
        Self::StopFailed(Arc::new(StopFailure { reason: self, failure }))
    }

    /// The failure, where there was one.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Failed(failure) | Self::StartFailed(failure) => Some(failure),
            Self::StopFailed(both) => Some(&both.failure),
            Self::Normal | Self::Stopped(_) | Self::SystemShutdown | Self::Killed | Self::Lost => {
                None
            }
        }
    }
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Normal => f.write_str("ended by itself"),
            Self::Stopped(None) => f.write_str("stopped"),
            Self::Stopped(Some(why)) => write!(f, "stopped: {why}"),
            Self::SystemShutdown => f.write_str("its system ended"),
            Self::Killed => f.write_str("killed"),
            Self::Failed(failure) => write!(f, "failed: {failure}"),
            Self::StartFailed(failure) => write!(f, "did not start: {failure}"),
            Self::StopFailed(both) => {
                let StopFailure { reason, failure } = &**both;
                write!(f, "{reason}; then its clean-up failed: {failure}")
            }
            Self::Lost => f.write_str("lost with its runtime"),
        }
    }
}

//! Tokio's paused clock, as the clock of a world.
//!
//! Tokio's timers go by whole milliseconds since its clock began, which is when the world began. So
//! between two whole milliseconds none of them is due, and the world moves the clock by itself;
//! over a whole one it lets tokio move it, which sees to its timers on the way.

use std::{
    pin::pin,
    task::{Context, Waker},
    time::Duration,
};

use ghostlight_rt::Instant;
use tokio::time::{self, Instant as TokioInstant};

const MILLI: u64 = 1_000_000;

/// The last whole millisecond that is not after `at`.
pub(crate) const fn whole_before(at: Instant) -> Instant {
    Instant::from_nanos(at.as_nanos() / MILLI * MILLI)
}

/// The first whole millisecond that is not before `at`.
pub(crate) const fn whole_after(at: Instant) -> Instant {
    Instant::from_nanos(at.as_nanos().div_ceil(MILLI).saturating_mul(MILLI))
}

/// The clock of tokio, read from where the world began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(TokioInstant);

impl Clock {
    /// A clock that begins now. To be called within the runtime.
    pub(crate) fn begin() -> Self {
        Self(TokioInstant::now())
    }

    pub(crate) fn now(self) -> Instant {
        Instant::ORIGIN + TokioInstant::now().duration_since(self.0)
    }

    /// What tokio calls that moment; `None` if that is too far away.
    pub(crate) fn moment(self, at: Instant) -> Option<TokioInstant> {
        self.0.checked_add(at - Instant::ORIGIN)
    }

    /// Puts the clock forward, without a look at tokio's timers.
    pub(crate) fn move_by(duration: Duration) {
        // The clock moves at the first poll; what follows would only wait for the timers.
        let mut moving = pin!(time::advance(duration));
        _ = moving.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }

    /// Sees to it that tokio does not wait for ever when it has no timers, but looks once and comes
    /// back: a timer that was set, and is gone again, leaves that behind.
    pub(crate) fn leave_a_token() {
        let mut sleep = pin!(time::sleep(Duration::from_millis(1)));
        _ = sleep.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }
}

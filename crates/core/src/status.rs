//! Where an actor stands in its life.

use std::time::SystemTime;

use ghostlight_rt::Instant;

use crate::StopReason;

/// Where an actor stands in its life. Within an incarnation it only moves forward.
///
/// ```
/// # extern crate ghostlight_core as ghostlight;
/// # use ghostlight::{Actor, Status, StopReason, System};
/// # #[derive(Actor)] struct Idle;
/// let system = System::new("docs");
/// let idle = system.spawn(Idle);
/// assert!(matches!(idle.status(), Status::Running));
/// idle.stop();
/// system.block_on(idle.wait_stopped());
/// let Status::Stopped(end) = idle.status() else { panic!("it has ended") };
/// assert!(matches!(end.reason, StopReason::Stopped(None)));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Status {
    /// Its first state is being built, or `started` runs.
    Starting,
    /// It handles messages.
    Running,
    /// One incarnation has ended, and the next has not started yet.
    Restarting,
    /// It was told to end, or has failed, and cleans up.
    Stopping,
    /// It has ended for good.
    Stopped(Ended),
}

/// How and when an actor ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Ended {
    /// Why.
    pub reason: StopReason,
    /// When, on the clock of its system.
    pub at: Instant,
    /// When, on the wall.
    pub wall: SystemTime,
}

impl Ended {
    pub(crate) const fn new(reason: StopReason, at: Instant, wall: SystemTime) -> Self {
        Self { reason, at, wall }
    }
}

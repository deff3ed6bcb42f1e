//! When a watchdog says something.

use std::time::Duration;

/// The longest time between two looks.
const LONGEST: Duration = Duration::from_millis(50);

/// When a watchdog says something; given to
/// [`SystemBuilder::watchdog`](crate::SystemBuilder::watchdog).
///
/// ```
/// use std::time::Duration;
/// use ghostlight_core::{System, WatchdogOptions};
///
/// let strict = WatchdogOptions::default().slow_poll(Duration::from_millis(2));
/// let system = System::builder("exchange").watchdog(strict).build();
/// # drop(system);
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct WatchdogOptions {
    pub(super) slow_poll: Duration,
    pub(super) check: Duration,
    pub(super) warning: Duration,
    pub(super) critical: Duration,
    pub(super) keeps_times: bool,
}

impl Default for WatchdogOptions {
    fn default() -> Self {
        Self {
            slow_poll: Duration::from_millis(10),
            check: Duration::from_secs(1),
            warning: Duration::from_millis(100),
            critical: Duration::from_secs(1),
            keeps_times: false,
        }
    }
}

impl WatchdogOptions {
    /// How long a handler may keep its thread without an await before
    /// [`Observer::slow_poll`](crate::Observer::slow_poll) is told; 10 ms by default,
    /// [`Duration::MAX`] is never.
    ///
    /// The watchdog looks twice in this time. So it tells of none that was shorter, and of each that is
    /// half as long again and more.
    pub const fn slow_poll(mut self, slow: Duration) -> Self {
        self.slow_poll = slow;
        self
    }

    /// How often it asks for a turn of its own, to see how late that comes; every second by default.
    pub const fn check(mut self, every: Duration) -> Self {
        self.check = every;
        self
    }

    /// What is a [`Severity::Warning`](crate::Severity::Warning): a thread kept for so long, or a turn so
    /// late; 100 ms by default.
    pub const fn warning(mut self, after: Duration) -> Self {
        self.warning = after;
        self
    }

    /// What is [`Severity::Critical`](crate::Severity::Critical); one second by default.
    pub const fn critical(mut self, after: Duration) -> Self {
        self.critical = after;
        self
    }

    /// Adds up how long the turns of each actor have kept a thread, for
    /// [`System::poll_times`](crate::System::poll_times); by default not, since every poll reads the clock
    /// twice and takes a lock for it.
    pub const fn poll_times(mut self) -> Self {
        self.keeps_times = true;
        self
    }

    /// How long it is from one look to the next.
    pub(super) fn interval(&self) -> Duration {
        let shortest = self.slow_poll.min(self.warning).min(self.critical).min(self.check);
        (shortest / 2).clamp(Duration::from_micros(100), LONGEST)
    }
}

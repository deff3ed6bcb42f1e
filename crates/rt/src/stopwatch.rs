//! Time as it passes for a thread, whatever the clock of its surroundings says.

use std::time::{Duration, Instant};

/// How much time has really passed.
///
/// For threads that look after others: a test may stop the clock of a [`Runtime`](crate::Runtime), but not
/// this one, so nothing that a world replays may depend on it.
///
/// ```
/// let watch = ghostlight_rt::Stopwatch::start();
/// let first = watch.elapsed();
/// assert!(watch.elapsed() >= first);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Begins now.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// What has passed since.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

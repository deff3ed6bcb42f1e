//! A budget of restarts within a sliding window.

use std::{collections::VecDeque, time::Duration};

use ghostlight_rt::Instant;

/// How many restarts are allowed within how long; 5 within 5 s by default.
///
/// The window slides: no stretch of this length, wherever it begins, holds more restarts.
///
/// ```
/// use std::time::Duration;
/// use ghostlight_core::RestartWindow;
/// use ghostlight_rt::Instant;
///
/// let mut window = RestartWindow::new(2, Duration::from_secs(10));
/// let taken = [0, 6, 9, 10, 11].map(|s| window.try_take(Instant::from_nanos(s * 1_000_000_000)));
/// assert_eq!(taken, [true, true, false, true, false]);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct RestartWindow {
    max: u32,
    within: Duration,
    /// When each counted restart happened, oldest first. Never longer than `max`.
    taken: VecDeque<Instant>,
}

impl RestartWindow {
    /// At most `max` restarts within any stretch of `within`; what is exactly that long ago no
    /// longer counts. A `max` of zero allows none.
    pub const fn new(max: u32, within: Duration) -> Self {
        Self { max, within, taken: VecDeque::new() }
    }

    /// No restart at all: whoever would be started again is given up instead.
    pub const fn never() -> Self {
        Self::new(0, Duration::ZERO)
    }

    /// Takes one restart out of the budget, if one is left. A refused take costs nothing.
    pub fn try_take(&mut self, now: Instant) -> bool {
        let has_room = self.has_room(now);
        if has_room {
            self.take(now);
        }
        has_room
    }

    /// Counts a restart for which there [was room](Self::has_room).
    pub(crate) fn take(&mut self, now: Instant) {
        self.taken.push_back(now);
    }

    /// Whether a take at this moment would be granted.
    pub(crate) fn has_room(&mut self, now: Instant) -> bool {
        while self.taken.front().is_some_and(|&it| now - it >= self.within) {
            self.taken.pop_front();
        }
        self.taken.len() < self.max as usize
    }

    /// The same budget with nothing taken from it.
    pub(crate) const fn fresh(&self) -> Self {
        Self::new(self.max, self.within)
    }

    pub(crate) const fn max(&self) -> u32 {
        self.max
    }

    pub(crate) const fn within(&self) -> Duration {
        self.within
    }
}

impl Default for RestartWindow {
    fn default() -> Self {
        Self::new(5, Duration::from_secs(5))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Instant {
        Instant::from_nanos(seconds * 1_000_000_000)
    }

    /// Takes at these seconds out of a window of 10 s; a dot is granted, an `x` refused.
    #[track_caller]
    fn check(max: u32, seconds: &[u64], expected: &str) {
        let mut window = RestartWindow::new(max, Duration::from_secs(10));
        let takes = seconds.iter().map(|&s| if window.try_take(at(s)) { '.' } else { 'x' });
        assert_eq!(takes.collect::<String>(), expected);
    }

    #[test]
    fn a_refused_restart_costs_nothing() {
        check(2, &[0, 1, 2, 3, 11], "..xx.");
    }

    #[test]
    fn the_window_slides() {
        check(2, &[0, 9, 10, 11, 19, 20], "...x..");
    }

    #[test]
    fn what_is_as_long_ago_as_the_window_is_wide_no_longer_counts() {
        check(1, &[5, 14, 15], ".x.");
    }

    #[test]
    fn a_maximum_of_zero_means_never() {
        check(0, &[0, 100], "xx");
        assert!(!RestartWindow::never().try_take(at(0)));
    }

    #[test]
    fn a_clock_that_steps_back_frees_nothing() {
        check(2, &[20, 20, 5, 25, 30], "..xx.");
    }

    #[test]
    fn five_within_five_seconds_are_the_default() {
        let mut window = RestartWindow::default();
        let takes = [0, 0, 1, 2, 4, 4, 5].map(|s| window.try_take(at(s)));
        assert_eq!(takes, [true, true, true, true, true, false, true]);
    }

    #[test]
    fn it_holds_nothing_before_the_first_take_and_never_more_than_its_maximum() {
        let mut window = RestartWindow::new(3, Duration::MAX);
        assert_eq!(window.taken.capacity(), 0);
        for s in 0..1000 {
            window.try_take(at(s));
        }
        assert_eq!(window.taken.len(), 3);
    }
}

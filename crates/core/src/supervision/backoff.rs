//! How long a failed child waits before it is started again.

use std::time::Duration;

/// How long a failed child waits before it is started again: longer each time, up to a limit.
///
/// The n-th wait in a row is `min` × `factor`ⁿ⁻¹ and up to `jitter` of that more, so that children
/// that failed together do not come back together. It never leaves `min` to `max`.
///
/// ```
/// use std::time::Duration;
/// use ghostlight_core::Backoff;
///
/// let backoff = Backoff::default().min(Duration::from_secs(1)).jitter(0.0);
/// let waits = [1, 2, 3, 5, 100].map(|nth| backoff.delay(nth, 0.5).as_secs());
/// assert_eq!(waits, [1, 2, 4, 16, 16]);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Backoff {
    /// Never above `max`.
    min: Duration,
    max: Duration,
    /// Finite, at least one.
    factor: f64,
    /// From zero to one.
    jitter: f64,
    reset_after: Duration,
}

impl Backoff {
    /// No waiting at all; the limit of restarts is soon spent then.
    pub fn none() -> Self {
        Self::default().max(Duration::ZERO)
    }

    /// The first wait; 100 ms by default. Where it is longer than the longest, that grows to it.
    pub fn min(mut self, min: Duration) -> Self {
        self.min = min;
        self.max = self.max.max(min);
        self
    }

    /// The longest wait; 16 s by default. Where it is shorter than the first, that shrinks to it.
    pub fn max(mut self, max: Duration) -> Self {
        self.max = max;
        self.min = self.min.min(max);
        self
    }

    /// How many times longer each wait is than the one before; 2 by default. Below one it counts as
    /// one: waits do not shrink.
    pub const fn factor(mut self, factor: f64) -> Self {
        // `max` takes the number where the other is none.
        self.factor = factor.max(1.0).min(f64::MAX);
        self
    }

    /// How much of a wait is left to chance, from 0 to 1; 0.2 by default.
    pub const fn jitter(mut self, jitter: f64) -> Self {
        self.jitter = fraction(jitter);
        self
    }

    /// For how long a child must have run for its next wait to be the first again; 60 s by default.
    pub const fn reset_after(mut self, health: Duration) -> Self {
        self.reset_after = health;
        self
    }

    /// The wait before the n-th restart in a row, counted from one, where `luck` from 0 to 1 says
    /// how much of the jitter it gets.
    #[must_use]
    pub fn delay(&self, nth: u32, luck: f64) -> Duration {
        let doublings = i32::try_from(nth.saturating_sub(1)).unwrap_or(i32::MAX);
        // Capped, because nothing times infinity is not a number.
        let growth = self.factor.powi(doublings).min(f64::MAX);
        let stretch = 1.0 + self.jitter;
        // The jitter is taken off the longest wait rather than cut there, or all would share it.
        let base = (self.min.as_secs_f64() * growth).min(self.max.as_secs_f64() / stretch);
        let seconds = base * (1.0 + self.jitter * fraction(luck));
        Duration::try_from_secs_f64(seconds).unwrap_or(self.max).clamp(self.min, self.max)
    }

    /// Whether a child that has run for so long counts as well again.
    pub(crate) fn is_health(&self, ran: Duration) -> bool {
        ran >= self.reset_after
    }
}

/// Cut to 0 to 1; what is no number counts as 0.
const fn fraction(value: f64) -> f64 {
    value.max(0.0).min(1.0)
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            min: Duration::from_millis(100),
            max: Duration::from_secs(16),
            factor: 2.0,
            jitter: 0.2,
            reset_after: Duration::from_mins(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn without_luck_the_waits_double_up_to_the_longest() {
        let backoff = Backoff::default().jitter(0.0);
        let waits = [0, 1, 2, 3, 8, 9, u32::MAX].map(|nth| backoff.delay(nth, 0.9).as_millis());
        assert_eq!(waits, [100, 100, 200, 400, 12_800, 16_000, 16_000]);
    }

    #[test]
    fn luck_spreads_even_the_longest_wait() {
        let backoff = Backoff::default();
        let waits = [(1, 0.0), (1, 0.5), (1, 1.0), (99, 0.0), (99, 0.5), (99, 1.0)]
            .map(|(nth, luck)| backoff.delay(nth, luck).as_millis());
        assert_eq!(waits, [100, 110, 120, 13_333, 14_666, 16_000]);
    }

    #[test]
    fn the_defaults_are_as_documented() {
        let Backoff { min, max, factor, jitter, reset_after } = Backoff::default();
        assert_eq!((min, max), (100 * MS, 16_000 * MS));
        assert_eq!((factor, jitter, reset_after), (2.0, 0.2, 60_000 * MS));
    }

    #[test]
    fn the_later_word_wins_where_first_and_longest_contradict() {
        let short = Backoff::default().max(50 * MS);
        assert_eq!((short.min, short.max), (50 * MS, 50 * MS));
        let long = Backoff::default().min(Duration::MAX);
        assert_eq!((long.min, long.max), (Duration::MAX, Duration::MAX));
    }

    #[test]
    fn no_backoff_is_no_wait() {
        assert!((0..100).all(|nth| Backoff::none().delay(nth, 1.0).is_zero()));
    }

    #[test]
    fn a_wait_never_leaves_its_bounds_whatever_the_numbers() {
        let odd = [f64::NAN, f64::INFINITY, -1.0, 0.0, 0.5, 1.0, 1.5, 1e300, f64::MIN_POSITIVE];
        let spans = [Duration::ZERO, Duration::from_nanos(1), MS, 999 * MS, Duration::MAX];
        for (factor, jitter, luck) in triples(&odd) {
            for (min, max, _) in triples(&spans) {
                let backoff = Backoff::default().factor(factor).jitter(jitter).max(max).min(min);
                for nth in [0, 1, 2, 7, 1000, u32::MAX] {
                    let wait = backoff.delay(nth, luck);
                    assert!(
                        min <= wait && wait <= max.max(min),
                        "{backoff:?} {nth} {luck}: {wait:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn with_equal_luck_waits_never_shrink() {
        let mut luck = fastrand::Rng::with_seed(3);
        for _ in 0..1000 {
            let (factor, jitter, luck) = (1.0 + 3.0 * luck.f64(), luck.f64(), luck.f64());
            let backoff = Backoff::default().factor(factor).jitter(jitter);
            assert!((1..40).all(|nth| backoff.delay(nth, luck) <= backoff.delay(nth + 1, luck)));
        }
    }

    fn triples<T: Copy>(of: &[T]) -> impl Iterator<Item = (T, T, T)> {
        of.iter()
            .flat_map(move |&a| of.iter().flat_map(move |&b| of.iter().map(move |&c| (a, b, c))))
    }
}

//! A moment on the clock of one runtime.

use std::{
    fmt,
    ops::{Add, Sub},
    time::Duration,
};

/// A moment on the monotonic clock of one [`Runtime`](crate::Runtime), in nanoseconds since that
/// runtime's origin.
///
/// Moments of two runtimes cannot be compared; what travels between them is a [`Duration`].
///
/// ```
/// use std::time::Duration;
/// use ghostlight_rt::Instant;
///
/// let start = Instant::ORIGIN;
/// let later = start + Duration::from_millis(3);
/// assert_eq!(later - start, Duration::from_millis(3));
/// assert_eq!(start - later, Duration::ZERO);
/// ```
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Instant(u64);

impl Instant {
    /// The moment at which a runtime's clock stands at zero.
    pub const ORIGIN: Self = Self(0);

    /// A moment this far from the origin; what lies past 584 years is cut there.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the origin.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// How long after `earlier` this is; zero if it is not after it.
    #[must_use]
    pub const fn saturating_duration_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// Saturates: a wait of [`Duration::MAX`] is a wait for ever, not an overflow.
    fn add(self, by: Duration) -> Self {
        let nanos = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanos))
    }
}

impl Sub for Instant {
    type Output = Duration;

    /// Saturates at zero: clocks of a virtual world may be read out of order.
    fn sub(self, earlier: Self) -> Duration {
        self.saturating_duration_since(earlier)
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", Duration::from_nanos(self.0))
    }
}

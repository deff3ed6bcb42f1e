//! Chance, from a seed.

/// A seeded source of chance, drawn from [`Runtime::rng`](crate::Runtime::rng).
///
/// Fast and reproducible, never secret: keys and tokens need a source made for them.
///
/// ```
/// use ghostlight_rt::Rng;
///
/// let (mut one, mut other) = (Rng::seeded(7), Rng::seeded(7));
/// assert_eq!(one.below(100), other.below(100));
/// assert!((0.0..1.0).contains(&one.fraction()));
/// ```
#[derive(Clone, Debug)]
pub struct Rng(fastrand::Rng);

impl Rng {
    /// A source whose draws follow from `seed` alone.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// Any number.
    pub fn any(&mut self) -> u64 {
        self.0.u64(..)
    }

    /// A number from zero up to, but not including, `bound`; zero if `bound` is zero.
    pub fn below(&mut self, bound: usize) -> usize {
        if bound == 0 { 0 } else { self.0.usize(..bound) }
    }

    /// A fraction from zero up to, but not including, one.
    pub fn fraction(&mut self) -> f64 {
        self.0.f64()
    }
}

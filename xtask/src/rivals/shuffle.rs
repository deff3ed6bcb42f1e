//! An order that differs from round to round.

use std::time::{SystemTime, UNIX_EPOCH};

/// A small generator of numbers that are random enough to shuffle cells.
#[derive(Debug)]
pub(crate) struct Shuffle(u64);

impl Shuffle {
    pub(crate) fn from_clock() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::new(now.as_nanos() as u64)
    }

    pub(crate) const fn new(seed: u64) -> Self {
        // Zero is the one state that xorshift never leaves.
        Self(seed | 1)
    }

    /// Puts the items into a random order, each order being about as likely (Fisher and Yates).
    pub(crate) fn apply<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.next() % (last as u64 + 1);
            items.swap(last, other as usize);
        }
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32
    }
}

#[cfg(test)]
mod tests {
    use super::Shuffle;

    #[test]
    fn a_shuffle_keeps_every_item_and_changes_the_order() {
        let mut shuffle = Shuffle::new(7);
        let mut items: Vec<u32> = (0..100).collect();
        shuffle.apply(&mut items);
        let once = items.clone();
        shuffle.apply(&mut items);
        assert_ne!(items, once);
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
    }
}

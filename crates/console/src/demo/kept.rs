//! A list that is complete up to a bound, and counts what it left out.

use std::collections::BTreeSet;

/// Entries kept of any list in the summary.
pub(crate) const MAX_KEPT: usize = 10_000;

/// The smallest entries and the number of all: the same whatever order they came in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Kept<T> {
    smallest: BTreeSet<T>,
    total: u64,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { smallest: BTreeSet::new(), total: 0 }
    }
}

impl<T: Ord> Kept<T> {
    /// Adds an entry that was not added before.
    pub(crate) fn add(&mut self, entry: T) {
        self.total += 1;
        self.smallest.insert(entry);
        if MAX_KEPT < self.smallest.len() {
            self.smallest.pop_last();
        }
    }

    /// Adds what another list has. No entry may be in both.
    pub(crate) fn merge(&mut self, other: Self) {
        let n_left_out = other.total - other.smallest.len() as u64;
        self.extend(other.smallest);
        self.total += n_left_out;
    }

    /// In ascending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.smallest.iter()
    }

    /// Of all entries, kept or not.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }
}

impl<T: Ord> Extend<T> for Kept<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, entries: I) {
        entries.into_iter().for_each(|it| self.add(it));
    }
}

#[cfg(test)]
mod tests {
    use super::{Kept, MAX_KEPT};

    #[test]
    fn what_is_kept_does_not_depend_on_the_order() {
        let n_entries = MAX_KEPT as u32 + 3;
        let mut upwards = Kept::default();
        let mut downwards = Kept::default();
        upwards.extend(0..n_entries);
        downwards.extend((0..n_entries).rev());
        assert_eq!(upwards, downwards);
        assert_eq!(upwards.total(), u64::from(n_entries));
        assert!(upwards.iter().copied().eq(0..MAX_KEPT as u32));
    }

    #[test]
    fn merged_lists_are_the_list_of_all() {
        let n_entries = MAX_KEPT as u32 + 3;
        let mut all = Kept::default();
        let mut parts = [Kept::default(), Kept::default()];
        for entry in 0..2 * n_entries {
            all.add(entry);
            parts[(entry % 2) as usize].add(entry);
        }
        let [mut merged, other] = parts;
        merged.merge(other);
        assert_eq!(merged, all);
    }
}

//! How often each term occurs: in a batch of pages, or in all of them.

use super::interner::{Interner, hash};

/// Into how many parts the index is cut.
pub(crate) const SHARDS: usize = 4;

/// A count per distinct term.
#[derive(Clone, Debug, Default)]
pub(crate) struct TermCounts {
    terms: Interner,
    counts: Vec<u64>,
}

impl TermCounts {
    pub(crate) fn n_terms(&self) -> usize {
        self.counts.len()
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (term, count) in other.iter() {
            self.add(hash(term), term, count);
        }
    }

    /// The terms, in the order in which they came.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], u64)> {
        self.terms.iter().zip(self.counts.iter().copied())
    }

    #[inline]
    pub(super) fn add(&mut self, hashed: u64, term: &[u8], count: u64) {
        let id = self.terms.intern(hashed, term) as usize;
        match self.counts.get_mut(id) {
            Some(it) => *it += count,
            None => self.counts.push(count),
        }
    }
}

/// Term counts, dealt to the index's shards while they are counted: handing them on costs nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct ShardedTerms(pub(crate) [TermCounts; SHARDS]);

impl ShardedTerms {
    #[inline]
    pub(super) fn add(&mut self, term: &[u8]) {
        let hashed = hash(term);
        self.0[shard_of(hashed)].add(hashed, term, 1);
    }
}

/// From bits of the hash that the shard's own table does not look at, or it would fill unevenly.
#[inline]
fn shard_of(hashed: u64) -> usize {
    (hashed >> 40) as usize % SHARDS
}

#[cfg(test)]
mod tests {
    use super::{ShardedTerms, TermCounts};

    #[test]
    fn a_term_goes_to_one_shard_and_shards_fill_evenly() {
        let mut terms = ShardedTerms::default();
        for number in 0..8_000 {
            terms.add(format!("term{}", number % 4_000).as_bytes());
        }
        let n_terms: Vec<usize> = terms.0.iter().map(TermCounts::n_terms).collect();
        assert_eq!(n_terms.iter().sum::<usize>(), 4_000);
        assert!(n_terms.iter().all(|it| (900..1_100).contains(it)), "{n_terms:?}");
        assert!(terms.0.iter().flat_map(TermCounts::iter).all(|(_, count)| count == 2));
    }

    #[test]
    fn merging_adds_up() {
        let mut one = ShardedTerms::default();
        let mut other = ShardedTerms::default();
        ["actor", "actor", "mailbox"].iter().for_each(|it| one.add(it.as_bytes()));
        ["actor", "system"].iter().for_each(|it| other.add(it.as_bytes()));
        for (one, other) in one.0.iter_mut().zip(&other.0) {
            one.merge(other);
        }
        let mut found: Vec<_> = one.0.iter().flat_map(TermCounts::iter).collect();
        found.sort_unstable();
        assert_eq!(found, [(&b"actor"[..], 3), (b"mailbox", 1), (b"system", 1)]);
    }
}

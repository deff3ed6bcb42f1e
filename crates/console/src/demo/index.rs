//! One shard of the term index, whose memory is bounded whatever the tree's size.
//!
//! Counts are exact as long as a shard has room for its terms. When it has more than
//! [`MAX_TERMS`], the rarer half is forgotten. A forgotten term that comes back starts at nothing,
//! so from then on a count may be too low, at most by the sum of the largest counts forgotten each
//! time; the report says by how much. A frequent term is never forgotten, so the top terms suffer
//! last. Which rare terms are forgotten depends on the order of the pages.

use core::cmp::Reverse;

use super::{terms::TermCounts, words::is_stop_word};

/// Distinct terms that a shard remembers. At 40 bytes of text each, a shard stays below 20 MB.
pub(crate) const MAX_TERMS: usize = 1 << 17;

/// A term and how often it occurs.
#[derive(Clone, Debug, Eq, PartialEq, serde::Serialize)]
pub(crate) struct TermCount {
    pub(crate) term: String,
    pub(crate) count: u64,
}

/// What a shard, or all of them together, can say in the end.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct IndexReport {
    /// The most frequent first, equally frequent ones by name.
    pub(crate) top: Vec<TermCount>,
    pub(crate) n_terms: u64,
    /// Terms forgotten for want of room. One that came back counts each time.
    pub(crate) n_forgotten: u64,
    /// No count is too low by more than this.
    pub(crate) undercount: u64,
}

impl IndexReport {
    /// The reports of several shards as one, with the `k` top terms of all.
    pub(crate) fn merge(reports: impl IntoIterator<Item = Self>, k: usize) -> Self {
        let mut all = Self::default();
        for mut report in reports {
            all.top.append(&mut report.top);
            all.n_terms += report.n_terms;
            all.n_forgotten += report.n_forgotten;
            all.undercount = all.undercount.max(report.undercount);
        }
        all.top.sort_unstable_by(|a, b| (b.count, &a.term).cmp(&(a.count, &b.term)));
        all.top.truncate(k);
        all
    }
}

/// The counts of the terms that hash to this shard.
#[derive(Debug)]
pub(crate) struct Shard {
    counts: TermCounts,
    max_terms: usize,
    n_forgotten: u64,
    undercount: u64,
}

impl Default for Shard {
    fn default() -> Self {
        Self::with_room_for(MAX_TERMS)
    }
}

impl Shard {
    pub(crate) fn with_room_for(max_terms: usize) -> Self {
        Self { counts: TermCounts::default(), max_terms, n_forgotten: 0, undercount: 0 }
    }

    /// Adds the counts of a batch of pages.
    pub(crate) fn merge(&mut self, batch: &TermCounts) {
        self.counts.merge(batch);
        if self.max_terms < self.counts.n_terms() {
            self.forget();
        }
    }

    /// What the shard knows, with its `k` top terms.
    pub(crate) fn report(&self, k: usize) -> IndexReport {
        let terms = self.counts.iter().filter_map(|(term, count)| {
            let term = str::from_utf8(term).ok().filter(|it| !is_stop_word(it))?;
            Some((Reverse(count), term))
        });
        let mut top: Vec<_> = terms.collect();
        top.sort_unstable();
        top.truncate(k);
        let named = |(Reverse(count), term): (_, &str)| TermCount { term: term.to_owned(), count };
        IndexReport {
            top: top.into_iter().map(named).collect(),
            n_terms: self.counts.n_terms() as u64,
            n_forgotten: self.n_forgotten,
            undercount: self.undercount,
        }
    }

    /// Keeps the more frequent half, so that the cost of it is spread over as many new terms.
    fn forget(&mut self) {
        let mut ranked: Vec<_> = self.counts.iter().map(|(term, n)| (Reverse(n), term)).collect();
        let n_kept = self.max_terms / 2;
        let (_, (Reverse(most_forgotten), _), _) = ranked.select_nth_unstable(n_kept);
        let most_forgotten = *most_forgotten;
        let mut kept = TermCounts::default();
        for (Reverse(count), term) in &ranked[..n_kept] {
            kept.add(super::interner::hash(term), term, *count);
        }
        self.undercount += most_forgotten;
        self.n_forgotten += (ranked.len() - n_kept) as u64;
        self.counts = kept;
    }
}

#[cfg(test)]
mod tests;

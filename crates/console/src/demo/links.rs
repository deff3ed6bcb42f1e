//! Links to be checked, and the checker that says which are broken.
//!
//! A broken link is a link to a file of the tree that is not there. Pages of one tree link to
//! much the same files, so a batch holds each target once, and the checker remembers what it
//! looked for lately. It remembers a bounded number of targets and looks again for the others.

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use serde::Serialize;

use super::{
    interner::{Interner, hash},
    kept::Kept,
};

/// A link to nothing, reported once per page and target.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) struct BrokenLink {
    /// Relative to the tree's root, as is the target.
    pub(crate) page: String,
    pub(crate) target: String,
}

/// Which pages link to which files.
#[derive(Debug, Default)]
pub(crate) struct LinkBatch {
    pages: Vec<Box<str>>,
    targets: Interner,
    /// For each target, how many pages there were when it was last added.
    added_at: Vec<usize>,
    /// A page's number and a target's. No pair comes twice.
    links: Vec<(u32, u32)>,
}

impl LinkBatch {
    /// The links that are added from now on are this page's.
    pub(super) fn begin(&mut self, page: &str) {
        self.pages.push(page.into());
    }

    /// Adds a link to a path from the root.
    pub(super) fn add(&mut self, target: &str) {
        let target = self.targets.intern(hash(target.as_bytes()), target.as_bytes());
        let n_pages = self.pages.len();
        match self.added_at.get_mut(target as usize) {
            Some(at) if *at == n_pages => return,
            Some(at) => *at = n_pages,
            None => self.added_at.push(n_pages),
        }
        self.links.push((n_pages as u32 - 1, target));
    }

    /// How many links there are to check, not counting a page's second link to the same file.
    pub(crate) fn n_links(&self) -> usize {
        self.links.len()
    }

    fn targets(&self) -> impl Iterator<Item = &str> {
        self.targets.iter().map(|it| str::from_utf8(it).unwrap_or_default())
    }
}

/// What the targets of one generation may take, by [`cost`].
const GENERATION: usize = 4 << 20;

/// The memory for a remembered target: its text, and roughly what surrounds it.
fn cost(target: &str) -> usize {
    target.len() + 64
}

/// Says which links are broken, and remembers what it looked for.
#[derive(Debug, Default)]
pub(crate) struct LinkChecker {
    young: HashMap<Box<str>, bool, RandomState>,
    young_cost: usize,
    /// What was young before. It is dropped when the young have grown as large.
    old: HashMap<Box<str>, bool, RandomState>,
}

impl LinkChecker {
    /// Adds the broken links of a batch to `broken`.
    ///
    /// `is_there` is asked about targets that are not remembered.
    pub(crate) fn check(
        &mut self,
        batch: &LinkBatch,
        is_there: impl FnMut(&str) -> bool,
        broken: &mut Kept<BrokenLink>,
    ) {
        let known = self.recall(batch);
        self.learn(batch, &look(batch, &known, is_there), broken);
    }

    /// Which of a batch's targets are there, as far as that is remembered.
    pub(crate) fn recall(&self, batch: &LinkBatch) -> Vec<Option<bool>> {
        let recall = |it| self.young.get(it).or_else(|| self.old.get(it)).copied();
        batch.targets().map(recall).collect()
    }

    /// Remembers which of a batch's targets are there, and adds its broken links to `broken`.
    pub(crate) fn learn(
        &mut self,
        batch: &LinkBatch,
        is_there: &[bool],
        broken: &mut Kept<BrokenLink>,
    ) {
        batch.targets().zip(is_there).for_each(|(target, &it)| self.remember(target, it));
        if is_there.iter().all(|&it| it) {
            return;
        }
        let targets: Vec<&str> = batch.targets().collect();
        let lost = batch.links.iter().filter(|(_, target)| !is_there[*target as usize]);
        broken.extend(lost.map(|&(page, target)| BrokenLink {
            page: batch.pages[page as usize].clone().into(),
            target: targets[target as usize].to_owned(),
        }));
    }

    fn remember(&mut self, target: &str, is_there: bool) {
        if self.young.contains_key(target) {
            return;
        }
        if GENERATION < self.young_cost {
            self.old = core::mem::take(&mut self.young);
            self.young_cost = 0;
        }
        self.young_cost += cost(target);
        self.young.insert(target.into(), is_there);
    }
}

/// Looks for those targets of a batch that are not known.
pub(crate) fn look(
    batch: &LinkBatch,
    known: &[Option<bool>],
    mut is_there: impl FnMut(&str) -> bool,
) -> Vec<bool> {
    batch.targets().zip(known).map(|(it, known)| known.unwrap_or_else(|| is_there(it))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(pages: &[(&str, &[&str])]) -> LinkBatch {
        let mut batch = LinkBatch::default();
        for (page, targets) in pages {
            batch.begin(page);
            targets.iter().for_each(|it| batch.add(it));
        }
        batch
    }

    /// The broken links of a batch, as `page -> target`.
    fn check(
        checker: &mut LinkChecker,
        batch: &LinkBatch,
        is_there: impl FnMut(&str) -> bool,
    ) -> Vec<String> {
        let mut broken = Kept::default();
        checker.check(batch, is_there, &mut broken);
        broken.iter().map(|it| format!("{} -> {}", it.page, it.target)).collect()
    }

    #[test]
    fn a_broken_link_is_reported_once_for_each_page() {
        let batch = batch(&[
            ("a", &["gone", "there", "gone"]),
            ("b", &["there"]),
            ("c", &["lost", "gone", "there", "lost"]),
        ]);
        assert_eq!(batch.n_links(), 6);
        let broken = check(&mut LinkChecker::default(), &batch, |it| it == "there");
        assert_eq!(broken, ["a -> gone", "c -> gone", "c -> lost"]);
    }

    #[test]
    fn a_target_is_looked_for_once() {
        let mut asked = Vec::new();
        let mut checker = LinkChecker::default();
        for _ in 0..2 {
            let batch = batch(&[("a", &["x", "y"]), ("b", &["x"])]);
            let broken = check(&mut checker, &batch, |it| {
                asked.push(it.to_owned());
                it == "x"
            });
            assert_eq!(broken, ["a -> y"]);
        }
        assert_eq!(asked, ["x", "y"]);
    }

    #[test]
    fn memory_is_bounded_and_what_is_in_use_is_kept() {
        let mut checker = LinkChecker::default();
        let mut n_asked = 0;
        for number in 0..40_000 {
            let rare = format!("{number:0200}");
            check(&mut checker, &batch(&[("a", &[&rare, "common"])]), |it| {
                n_asked += usize::from(it == "common");
                true
            });
            assert!(checker.young.len() + checker.old.len() <= 2 * (GENERATION / 200));
        }
        assert_eq!(n_asked, 1);
    }
}

//! Links to be checked, and the checker that says which are broken.
//!
//! A broken link is a link to a file of the tree that is not there. Pages of one tree link to
//! much the same files, so a batch holds each target once, and the checker remembers what it
//! looked for lately. It remembers a bounded number of targets and looks again for the others.

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use serde::Serialize;

use super::interner::{Interner, hash};

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

/// Targets of one generation. Two generations of paths stay below 20 MB.
const GENERATION: usize = 1 << 16;

/// Says which links are broken, and remembers what it looked for.
#[derive(Debug, Default)]
pub(crate) struct LinkChecker {
    young: HashMap<Box<str>, bool, RandomState>,
    /// What was young before. It is dropped when the young are as many again.
    old: HashMap<Box<str>, bool, RandomState>,
}

impl LinkChecker {
    /// The broken links of a batch. `is_there` is asked about targets that are not remembered.
    pub(crate) fn check(
        &mut self,
        batch: &LinkBatch,
        mut is_there: impl FnMut(&str) -> bool,
    ) -> Vec<BrokenLink> {
        let is_there: Vec<bool> =
            batch.targets().map(|it| self.remember(it, &mut is_there)).collect();
        if is_there.iter().all(|&it| it) {
            return Vec::new();
        }
        let targets: Vec<&str> = batch.targets().collect();
        let broken = batch.links.iter().filter(|(_, target)| !is_there[*target as usize]);
        let named = broken.map(|&(page, target)| BrokenLink {
            page: batch.pages[page as usize].clone().into(),
            target: targets[target as usize].to_owned(),
        });
        named.collect()
    }

    fn remember(&mut self, target: &str, is_there: &mut impl FnMut(&str) -> bool) -> bool {
        if let Some(&known) = self.young.get(target) {
            return known;
        }
        let known = match self.old.get(target) {
            Some(&known) => known,
            None => is_there(target),
        };
        if self.young.len() == GENERATION {
            self.old = core::mem::take(&mut self.young);
        }
        self.young.insert(target.into(), known);
        known
    }
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

    fn broken(page: &str, target: &str) -> BrokenLink {
        BrokenLink { page: page.to_owned(), target: target.to_owned() }
    }

    #[test]
    fn a_broken_link_is_reported_once_for_each_page() {
        let batch = batch(&[
            ("a", &["gone", "there", "gone"]),
            ("b", &["there"]),
            ("c", &["lost", "gone", "there", "lost"]),
        ]);
        assert_eq!(batch.n_links(), 6);
        let found = LinkChecker::default().check(&batch, |it| it == "there");
        let expected = [broken("a", "gone"), broken("c", "lost"), broken("c", "gone")];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_target_is_looked_for_once() {
        let mut asked = Vec::new();
        let mut checker = LinkChecker::default();
        for _ in 0..2 {
            let batch = batch(&[("a", &["x", "y"]), ("b", &["x"])]);
            let found = checker.check(&batch, |it| {
                asked.push(it.to_owned());
                it == "x"
            });
            assert_eq!(found, [broken("a", "y")]);
        }
        assert_eq!(asked, ["x", "y"]);
    }

    #[test]
    fn memory_is_bounded_and_what_is_in_use_is_kept() {
        let mut checker = LinkChecker::default();
        let mut n_asked = 0;
        for number in 0..3 * GENERATION {
            let rare = number.to_string();
            checker.check(&batch(&[("a", &[&rare, "common"])]), |it| {
                n_asked += usize::from(it == "common");
                true
            });
            assert!(checker.young.len() + checker.old.len() <= 2 * GENERATION);
        }
        assert_eq!(n_asked, 1);
    }
}

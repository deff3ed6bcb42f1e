//! What lies in the project's folder, so that a command that must not write can be held to it.

use std::{
    collections::BTreeMap,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
};

use crate::{process, step::Outcome};

/// Every file that git would keep, with a hash of what is in it.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Tree(BTreeMap<String, u64>);

impl Tree {
    /// The tree as it is now; `None` where git does not say what belongs to it.
    pub(crate) fn of(root: &Path) -> Option<Self> {
        let mut list = process::command(root, ".", "git");
        list.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
        let names = process::output(list)?;
        let files = names.split('\0').filter(|it| !it.is_empty()).filter_map(|name| {
            let bytes = fs::read(root.join(name)).ok()?;
            let mut hasher = DefaultHasher::new();
            bytes.hash(&mut hasher);
            Some((name.to_owned(), hasher.finish()))
        });
        Some(Self(files.collect()))
    }

    /// Passed if `after` is the same tree.
    pub(crate) fn unchanged_in(&self, after: &Self) -> Outcome {
        let names: Vec<_> = self.differences(after).collect();
        match &*names {
            [] => Outcome::passed(),
            names => Outcome::Failed(format!(
                "these files changed while `ci` ran, which never writes: {}",
                names.join(", ")
            )),
        }
    }

    /// The files that are not the same in both.
    fn differences<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a str> {
        let gone = self.0.keys().filter(|it| !other.0.contains_key(*it));
        let differ = other.0.iter().filter(|(name, hash)| self.0.get(*name) != Some(hash));
        gone.chain(differ.map(|it| it.0)).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, u64)]) -> Tree {
        Tree(files.iter().map(|(name, hash)| ((*name).to_owned(), *hash)).collect())
    }

    #[test]
    fn the_same_tree_is_unchanged() {
        let one = tree(&[("a", 1), ("b", 2)]);
        assert_eq!(one.unchanged_in(&tree(&[("a", 1), ("b", 2)])), Outcome::passed());
    }

    #[test]
    fn files_that_came_went_or_changed_are_named() {
        let (before, after) = (tree(&[("a", 1), ("b", 2)]), tree(&[("b", 3), ("c", 4)]));
        let differences: Vec<_> = before.differences(&after).collect();
        assert_eq!(differences, ["a", "b", "c"]);
    }
}

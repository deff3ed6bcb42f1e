//! Poison: pages that no parser survives, planted in a temporary copy of a tree.
//!
//! They show what supervision is worth: each costs its parser's life, and nothing else. The copy is
//! made of hard links where possible, so the tree itself is never written to.

use core::fmt;
use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    panic::resume_unwind,
    path::{Path, PathBuf},
};

use tempfile::TempDir;
use walkdir::{DirEntry, WalkDir};

use super::{
    batch::{Batch, PageParser},
    file::Source,
    tree::Tree,
};

/// What a planted page says, by which it is recognised whatever its name.
const PAGE: &str = "<!doctype html><title>Poison</title><p>ghostlight-demo-poison: \
                    a page that is as good as any, but the demo's parser dies of it.\n";

/// What a parser says that dies of it.
const LAST_WORDS: &str = "poisoned";

/// A copy of a tree with poison in it. It is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Poisoned {
    pub(crate) tree: Tree,
    _dir: TempDir,
}

/// Why there is no copy.
#[derive(Debug)]
pub(crate) enum PoisonError {
    NoCopy(io::Error),
    NotCopied(PathBuf, io::Error),
    NotPlanted(PathBuf, io::Error),
    Cancelled,
}

impl fmt::Display for PoisonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCopy(error) => write!(f, "cannot make a copy: {error}"),
            Self::NotCopied(path, error) => write!(f, "cannot copy {}: {error}", path.display()),
            Self::NotPlanted(path, error) => write!(f, "cannot plant {}: {error}", path.display()),
            Self::Cancelled => f.write_str("stopped before the crawl began"),
        }
    }
}

/// What follows the name of a tree that has so many poison pages.
pub(crate) fn label(n_pages: u32) -> String {
    format!(", with {n_pages} poison {}", if n_pages == 1 { "file" } else { "files" })
}

/// Adds a page to a batch, unless it is poison.
pub(crate) fn parse(parser: &mut PageParser, source: &Source<'_>, batch: &mut Batch) {
    if source.text == PAGE {
        // A panic in all but the report that the panic hook would print: the user has ordered this
        // one, and finds it in the summary as a page that failed. Any other panic is a bug of ours,
        // and its report, with the place it names, is as welcome as ever.
        resume_unwind(Box::new(LAST_WORDS));
    }
    parser.parse(source, batch);
}

impl Poisoned {
    /// Copies the directory `tree` and plants `n_pages` in the copy, until it is cancelled.
    pub(crate) fn copy_of(
        tree: &Tree,
        n_pages: u32,
        is_cancelled: impl Fn() -> bool,
    ) -> Result<Self, PoisonError> {
        let not_copied = |error| PoisonError::NotCopied(tree.root.clone(), error);
        // In full, so that the copy is recognised if it comes to lie within the tree.
        let root = fs::canonicalize(&tree.root).map_err(not_copied)?;
        let dir = tempfile::Builder::new().prefix("ghostlight-demo-").tempdir();
        let dir = dir.map_err(PoisonError::NoCopy)?;
        let copy = fs::canonicalize(dir.path()).map_err(PoisonError::NoCopy)?;
        let mut dirs = copy_all(&root, &copy, is_cancelled)?;
        // The order in which a directory lists its entries is chance.
        dirs.sort();
        plant(&dirs, n_pages)?;
        Ok(Self { tree: Tree { root: copy.clone(), start: copy }, _dir: dir })
    }
}

/// Copies what is below `root` to `copy`, and says which directories that has then.
fn copy_all(
    root: &Path,
    copy: &Path,
    is_cancelled: impl Fn() -> bool,
) -> Result<Vec<PathBuf>, PoisonError> {
    let mut dirs = vec![copy.to_owned()];
    let walk = WalkDir::new(root).min_depth(1).into_iter();
    for entry in walk.filter_entry(|it| it.path() != copy) {
        if is_cancelled() {
            return Err(PoisonError::Cancelled);
        }
        let entry = entry.map_err(|error| {
            let path = error.path().unwrap_or(root).to_owned();
            PoisonError::NotCopied(path, error.into())
        })?;
        let below = entry.path().strip_prefix(root).unwrap_or(entry.path());
        let target = copy.join(below);
        copy_one(&entry, &target)
            .map_err(|error| PoisonError::NotCopied(entry.path().to_owned(), error))?;
        if entry.file_type().is_dir() {
            dirs.push(target);
        }
    }
    Ok(dirs)
}

fn copy_one(entry: &DirEntry, target: &Path) -> io::Result<()> {
    let kind = entry.file_type();
    if kind.is_dir() {
        return fs::create_dir(target);
    }
    if !kind.is_file() {
        return point_to(entry.path(), target);
    }
    // Not between two disks, and not for everybody's files.
    fs::hard_link(entry.path(), target).or_else(|_| fs::copy(entry.path(), target).map(|_| ()))
}

/// Copies what is neither a file nor a directory: a link to the original is found wherever that is
/// found, even if it leads out of the tree, and is as little of a page.
#[cfg(unix)]
fn point_to(original: &Path, target: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(original, target)
}

/// Copies what a symbolic link leads to, if that is a file: not everybody may make such links here.
#[cfg(not(unix))]
fn point_to(original: &Path, target: &Path) -> io::Result<()> {
    if fs::metadata(original).is_ok_and(|it| it.is_file()) {
        fs::copy(original, target)?;
    }
    Ok(())
}

/// Plants pages, as evenly as possible.
fn plant(dirs: &[PathBuf], n_pages: u32) -> Result<(), PoisonError> {
    let width = n_pages.to_string().len().max(2);
    for number in 1..=n_pages {
        let dir = &dirs[nth_dir(number, n_pages, dirs.len())];
        let path = dir.join(format!("ghostlight-poison-{number:0width$}.html"));
        // Never over what is there: it may be a link to a file of the user's.
        let file = OpenOptions::new().write(true).create_new(true).open(&path);
        let planted = file.and_then(|mut it| it.write_all(PAGE.as_bytes()));
        planted.map_err(|error| {
            let name = path.file_name().map(PathBuf::from).unwrap_or_default();
            PoisonError::NotPlanted(name, error)
        })?;
    }
    Ok(())
}

/// In which of the directories a page comes to lie, the pages being counted from one.
fn nth_dir(number: u32, n_pages: u32, n_dirs: usize) -> usize {
    (u64::from(number - 1) * n_dirs as u64 / u64::from(n_pages)) as usize
}

#[cfg(test)]
mod tests;

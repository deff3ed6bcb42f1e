//! Which tree is crawled: the one that was named, or one that is likely to be there.

use core::fmt;
use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use super::page::Kind;

/// A directory of pages, or a single page in its directory.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Tree {
    /// What pages are named relative to, and what links may not leave.
    pub(crate) root: PathBuf,
    /// Where the walk begins: `root`, or the single page.
    pub(crate) start: PathBuf,
}

/// Why there is nothing to crawl.
#[derive(Debug)]
pub(crate) enum TreeError {
    Unreadable(PathBuf, io::Error),
    NoPage(PathBuf),
    NoDefault,
}

impl fmt::Display for TreeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(path, error) if error.kind() == io::ErrorKind::NotFound => {
                write!(f, "there is no {}", path.display())
            }
            Self::Unreadable(path, error) => write!(f, "cannot read {}: {error}", path.display()),
            Self::NoPage(path) => {
                write!(f, "{} is neither a directory nor an HTML or Markdown file", path.display())
            }
            Self::NoDefault => f.write_str(
                "name a PATH to crawl: neither the Rust documentation nor ./docs is here",
            ),
        }
    }
}

impl Tree {
    /// The tree at `path`, or the default one.
    pub(crate) fn find(path: Option<&Path>) -> Result<Self, TreeError> {
        match path {
            Some(path) => Self::open(path),
            None => default_root(sysroot().as_deref(), Path::is_dir)
                .ok_or(TreeError::NoDefault)
                .and_then(|root| Self::open(&root)),
        }
    }

    fn open(path: &Path) -> Result<Self, TreeError> {
        let metadata =
            fs::metadata(path).map_err(|error| TreeError::Unreadable(path.to_owned(), error))?;
        if metadata.is_dir() {
            return Ok(Self { root: path.to_owned(), start: path.to_owned() });
        }
        if !metadata.is_file() || Kind::of(path).is_none() {
            return Err(TreeError::NoPage(path.to_owned()));
        }
        // The parent of a bare file name is the empty path, which no call takes for a directory.
        let parent = path.parent().filter(|it| !it.as_os_str().is_empty());
        let root = parent.unwrap_or(Path::new(".")).to_owned();
        let start = root.join(path.file_name().unwrap_or_default());
        Ok(Self { root, start })
    }
}

/// The Rust documentation if it is installed, else the project's own.
fn default_root(sysroot: Option<&Path>, is_dir: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let rust = sysroot.map(|it| it.join("share/doc/rust/html"));
    let own = Some(PathBuf::from("docs"));
    [rust, own].into_iter().flatten().find(|it| is_dir(it))
}

fn sysroot() -> Option<PathBuf> {
    let printed = Command::new("rustc").args(["--print", "sysroot"]).output().ok()?;
    let line = String::from_utf8(printed.stdout).ok()?;
    Some(PathBuf::from(line.trim())).filter(|it| !it.as_os_str().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rust_documentation_is_preferred_to_the_projects_own() {
        let rust = Path::new("rust/share/doc/rust/html");
        let own = Path::new("docs");
        let find = |sysroot, present: &[&Path]| {
            default_root(sysroot, |it| present.contains(&it)).map(|it| it.display().to_string())
        };
        let sysroot = Some(Path::new("rust"));
        let table = [
            (find(sysroot, &[rust, own]), Some(rust)),
            (find(sysroot, &[own]), Some(own)),
            (find(None, &[rust, own]), Some(own)),
            (find(sysroot, &[]), None),
        ];
        for (found, expected) in table {
            assert_eq!(found, expected.map(|it| it.display().to_string()));
        }
    }

    #[test]
    fn a_missing_path_is_one_clear_line() {
        let error = Tree::find(Some(Path::new("no/such/tree"))).unwrap_err();
        assert_eq!(error.to_string(), "there is no no/such/tree");
    }

    #[test]
    fn a_file_that_is_no_page_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.txt");
        fs::write(&path, "").unwrap();
        let error = Tree::find(Some(&path)).unwrap_err().to_string();
        assert!(error.ends_with("is neither a directory nor an HTML or Markdown file"), "{error}");
    }

    #[test]
    fn a_single_page_is_a_tree_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("page.md");
        fs::write(&path, "").unwrap();
        let tree = Tree::find(Some(&path)).unwrap();
        assert_eq!(tree, Tree { root: dir.path().to_owned(), start: path });
    }
}

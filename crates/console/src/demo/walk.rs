//! Walks a tree for its pages, one at a time.
//!
//! Memory holds a few open directories and the entries of no more than one path from the root
//! down, so the tree may have any size. Symbolic links below the root are not followed: a loop of
//! them is harmless and no page counts twice.

use std::path::Path;

use walkdir::{DirEntry, WalkDir};

use super::{
    failed::{Failed, Reason},
    page::Kind,
    tree::Tree,
};

/// A page that is still to be read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Found {
    /// Relative to the tree's root, with `/` between its parts, as links write it.
    pub(crate) page: Box<str>,
    pub(crate) kind: Kind,
}

/// The pages of `tree`, and the places below it that cannot be searched, in no particular order.
pub(crate) fn walk(tree: &Tree) -> impl Iterator<Item = Result<Found, Failed>> + Send + use<> {
    let root = tree.root.clone();
    WalkDir::new(&tree.start).into_iter().filter_map(move |entry| match entry {
        Ok(entry) => to_page(&root, &entry),
        Err(error) => Some(Err(to_failed(&root, &error))),
    })
}

fn to_page(root: &Path, entry: &DirEntry) -> Option<Result<Found, Failed>> {
    let kind = Kind::of(entry.path())?;
    // Whoever names a single page may name it by a symbolic link.
    let is_named = entry.depth() == 0 && entry.path().is_file();
    let is_page = is_named || entry.file_type().is_file();
    is_page.then(|| {
        let path = entry.path().strip_prefix(root).unwrap_or(entry.path());
        let page = page_name(path).ok_or_else(|| Failed {
            path: path.display().to_string(),
            reason: Reason::NameNotUtf8,
        })?;
        Ok(Found { page, kind })
    })
}

fn page_name(path: &Path) -> Option<Box<str>> {
    let mut name = String::with_capacity(path.as_os_str().len());
    for part in path.components() {
        if !name.is_empty() {
            name.push('/');
        }
        name.push_str(part.as_os_str().to_str()?);
    }
    Some(name.into())
}

fn to_failed(root: &Path, error: &walkdir::Error) -> Failed {
    let path = error.path().unwrap_or(root);
    let kind = error.io_error().map_or(std::io::ErrorKind::Other, std::io::Error::kind);
    let path = match path.strip_prefix(root).unwrap_or(path) {
        root if root.as_os_str().is_empty() => ".".to_owned(),
        below => below.display().to_string(),
    };
    Failed { path, reason: Reason::Unreadable(kind) }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The names of the pages below a directory with these empty files.
    fn walk_over(files: &[&str], prepare: impl FnOnce(&Path)) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        prepare(dir.path());
        let tree = Tree::find(Some(dir.path())).unwrap();
        let mut names: Vec<String> = walk(&tree)
            .map(|it| it.map_or_else(|failed| failed.reason.to_string(), |page| page.page.into()))
            .collect();
        names.sort();
        names
    }

    #[test]
    fn only_pages_are_found_and_named_from_the_root() {
        let files = ["a.html", "b/c.HTM", "b/d/e.md", "b/style.css", "README", "b/x.html.txt"];
        assert_eq!(walk_over(&files, |_| {}), ["a.html", "b/c.HTM", "b/d/e.md"]);
    }

    #[test]
    fn a_directory_named_like_a_page_is_searched_not_read() {
        assert_eq!(walk_over(&["x.html/y.html"], |_| {}), ["x.html/y.html"]);
    }

    #[test]
    fn an_empty_tree_has_no_pages() {
        assert!(walk_over(&[], |_| {}).is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn a_loop_of_symbolic_links_is_harmless() {
        let found = walk_over(&["a/b.html"], |root| {
            std::os::unix::fs::symlink(root, root.join("a/loop")).unwrap();
            std::os::unix::fs::symlink(root.join("a/b.html"), root.join("again.html")).unwrap();
        });
        assert_eq!(found, ["a/b.html"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_is_not_utf8_is_reported() {
        use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};
        let found = walk_over(&["a.html"], |root| {
            fs::write(root.join(OsStr::from_bytes(b"\xff.html")), "").unwrap();
        });
        assert_eq!(found, ["a.html", "its name is not UTF-8"]);
    }
}

//! Where a link leads.
//!
//! Only links to files of the tree are checked. Not checked are:
//!
//! - *external* links: they name a scheme or a host, and nothing is fetched;
//! - links that leave the tree's root, for what lies outside was not asked about. A link that
//!   begins with `/` stays inside: the root is taken for the root of the server;
//! - fragments, whether of the same page or of another. To check them means to hold every
//!   anchor of every page, and scripts invent anchors: the source pages of the Rust documentation
//!   understand `#10-20` without having it. A fragment is cut off, and so is a query.
//!
//! A link to a directory is a link to its `index.html`. A path that no file system could hold is cut
//! at [`MAX_TARGET`] bytes: it is broken anyway, and a page may be full of such. Escaped bytes (`%20`) are decoded first,
//! so an escaped `..` cannot leave the root unseen.

use percent_encoding::percent_decode_str;

/// Linux allows paths of 4,095 bytes, the others fewer.
const MAX_TARGET: usize = 4_096;

/// What kind of target a link has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Link {
    External,
    SamePage,
    Outside,
    /// A file that should be there. Its path was written to `target`.
    Local,
}

/// Where relative links of a page start: at the page's directory, or where its `<base>` says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Origin {
    /// Within the tree; empty for its root, otherwise without a final `/`.
    Directory(String),
    External,
    Outside,
}

impl Origin {
    /// For the page at this path from the root.
    pub(crate) fn of(page: &str, base: Option<&str>) -> Self {
        let directory = Self::Directory(parent(page).to_owned());
        let Some(base) = base else { return directory };
        let mut target = String::new();
        match directory.resolve(base, &mut target) {
            Link::External => Self::External,
            Link::Outside => Self::Outside,
            Link::SamePage => directory,
            Link::Local => Self::Directory(parent(&target).to_owned()),
        }
    }

    /// Classifies `href`. If it leads to a file of the tree, `target` is that file's path.
    pub(crate) fn resolve(&self, href: &str, target: &mut String) -> Link {
        let href = href.trim_ascii();
        if href.starts_with("//") || has_scheme(href) {
            return Link::External;
        }
        let end = href.find(['#', '?']).unwrap_or(href.len());
        let path = &href[..end];
        if path.is_empty() {
            return Link::SamePage;
        }
        target.clear();
        match self {
            Self::External => return Link::External,
            _ if path.starts_with('/') => {}
            Self::Directory(directory) => target.push_str(directory),
            Self::Outside => return Link::Outside,
        }
        if path.contains('%') {
            follow(&percent_decode_str(path).decode_utf8_lossy(), target)
        } else {
            follow(path, target)
        }
    }
}

/// Goes from the directory in `target` along `path`.
fn follow(path: &str, target: &mut String) -> Link {
    let mut is_directory = false;
    for part in path.split('/') {
        is_directory = matches!(part, "" | "." | "..");
        match part {
            "" | "." => {}
            ".." if target.is_empty() => return Link::Outside,
            ".." => target.truncate(parent(target).len()),
            part => push(target, part),
        }
    }
    if is_directory {
        push(target, "index.html");
    }
    target.truncate(target.floor_char_boundary(MAX_TARGET));
    Link::Local
}

fn push(target: &mut String, part: &str) {
    if !target.is_empty() {
        target.push('/');
    }
    target.push_str(part);
}

fn parent(path: &str) -> &str {
    path.rfind('/').map_or("", |at| &path[..at])
}

/// Whether it begins with something like `https:` or `mailto:`.
fn has_scheme(href: &str) -> bool {
    let mut bytes = href.bytes();
    bytes.next().is_some_and(|it| it.is_ascii_alphabetic())
        && bytes.find(|it| !(it.is_ascii_alphanumeric() || b"+-.".contains(it))) == Some(b':')
}

#[cfg(test)]
mod tests;

//! One page, read: its text and where it links to.
//!
//! Reading only collects. What the text's words are (`words`) and where the links lead (`link`)
//! is decided afterwards, so a page that fails half-way has counted for nothing yet.

use std::path::Path;

use super::{html, markdown};

/// More open elements than this are no longer a document.
///
/// The tokenizer would not mind: it holds no tree. Whatever else reads such a file would, so it
/// is reported. The most deeply nested page of the Rust documentation has 23.
pub(crate) const MAX_DEPTH: u32 = 10_000;

/// How a file is written, judged by its name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Html,
    Markdown,
}

impl Kind {
    /// `None` for a file that is no page.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?;
        let is = |it: &str| extension.eq_ignore_ascii_case(it);
        match () {
            () if is("html") || is("htm") || is("xhtml") => Some(Self::Html),
            () if is("md") || is("markdown") => Some(Self::Markdown),
            () => None,
        }
    }

    /// Larger files are refused.
    ///
    /// Reading HTML takes about twice its size, and the largest page of the Rust documentation
    /// has 8.5 MB. Reading Markdown can take eighty times its size, which was measured with 16 MB
    /// of `>`, and the largest Markdown file there has 1 MB.
    pub(crate) fn max_bytes(self) -> u64 {
        match self {
            Self::Html => 16 << 20,
            Self::Markdown => 2 << 20,
        }
    }
}

/// The page has more than [`MAX_DEPTH`] elements open at once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct TooDeep;

/// What was found on a page. Made to be used again for the next one.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// The visible text, UTF-8, a blank wherever a tag stood: a tag ends a word.
    pub(super) text: Vec<u8>,
    /// What its links say, one after the other.
    pub(super) hrefs: Vec<u8>,
    /// Where each link in `hrefs` ends.
    pub(super) href_ends: Vec<usize>,
    /// What its first `<base href>` says.
    pub(super) base: Option<String>,
}

impl Page {
    /// Reads `source` in place of whatever was read before.
    pub(crate) fn read(&mut self, kind: Kind, source: &str) -> Result<(), TooDeep> {
        self.text.clear();
        self.hrefs.clear();
        self.href_ends.clear();
        self.base = None;
        match kind {
            Kind::Html => html::read(source, self),
            Kind::Markdown => markdown::read(source, self),
        }
    }

    pub(crate) fn text(&self) -> &str {
        str::from_utf8(&self.text).unwrap_or_default()
    }

    pub(crate) fn base(&self) -> Option<&str> {
        self.base.as_deref()
    }

    /// What the links say, in the page's order. Links to a place on the page itself are left out.
    pub(crate) fn hrefs(&self) -> impl Iterator<Item = &str> {
        let starts = [0].into_iter().chain(self.href_ends.iter().copied());
        starts
            .zip(&self.href_ends)
            .map(|(start, &end)| str::from_utf8(&self.hrefs[start..end]).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;

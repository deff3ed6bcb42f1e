//! What is learnt from a few pages, sorted by who wants to know it.
//!
//! A batch is the unit in which pages are handed on. Neighbours share most of their words and
//! targets, so a batch of tens of pages is little larger than one page's.

use super::{
    failed::Failed,
    file::Source,
    link::{Link, Origin},
    links::LinkBatch,
    page::Page,
    terms::ShardedTerms,
    words::each_term,
};

/// A batch with so many pages, failed ones included, is full.
pub(crate) const MAX_PAGES: u64 = 64;
/// A batch with so many bytes of pages is full. The last page may exceed it.
pub(crate) const MAX_BYTES: u64 = 4 << 20;

/// Pages that were read, added up.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) pages: u64,
    pub(crate) bytes: u64,
    pub(crate) words: u64,
    pub(crate) failed: Vec<Failed>,
    /// One part for each shard of the index.
    pub(crate) terms: ShardedTerms,
    /// For the link checker.
    pub(crate) links: LinkBatch,
}

impl Batch {
    pub(crate) fn is_full(&self) -> bool {
        MAX_PAGES <= self.pages + self.failed.len() as u64 || MAX_BYTES <= self.bytes
    }
}

/// How a page is added to a batch: by [`PageParser::parse`], but for poison.
pub(crate) type Parse = fn(&mut PageParser, &Source<'_>, &mut Batch);

/// Reads pages into batches. It holds nothing of a page but memory to use again.
#[derive(Debug, Default)]
pub(crate) struct PageParser {
    page: Page,
    target: String,
}

impl PageParser {
    /// Adds a page, or the reason why it is none.
    pub(crate) fn parse(&mut self, source: &Source<'_>, batch: &mut Batch) {
        if let Err(error) = self.page.read(source.kind, source.text) {
            let path = source.page.to_owned();
            batch.failed.push(Failed { path, reason: error.into() });
            return;
        }
        batch.pages += 1;
        batch.bytes += source.text.len() as u64;
        batch.words += each_term(self.page.text(), |term| batch.terms.add(term));
        batch.links.begin(source.page);
        let origin = Origin::of(source.page, self.page.base());
        for href in self.page.hrefs() {
            if origin.resolve(href, &mut self.target) == Link::Local {
                batch.links.add(&self.target);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::page::{Kind, MAX_DEPTH};

    fn source<'a>(page: &'a str, text: &'a str) -> Source<'a> {
        Source { page, kind: Kind::Html, text }
    }

    #[test]
    fn a_page_that_fails_counts_for_nothing_else() {
        let deep = format!("<a href=x>some words</a>{}", "<div>".repeat(MAX_DEPTH as usize + 1));
        let mut batch = Batch::default();
        PageParser::default().parse(&source("deep.html", &deep), &mut batch);
        assert_eq!((batch.pages, batch.bytes, batch.words, batch.links.n_links()), (0, 0, 0, 0));
        assert!(batch.terms.0.iter().all(|it| it.n_terms() == 0));
        let [failed] = &*batch.failed else { panic!("one page failed: {:?}", batch.failed) };
        assert_eq!(failed.path, "deep.html");
        assert_eq!(failed.reason.to_string(), "more than 10000 elements open within each other");
    }

    #[test]
    fn only_links_into_the_tree_are_to_be_checked() {
        let text = "<a href=b.html>one</a><a href=https://x.org>two</a><a href=../c>three</a>";
        let mut batch = Batch::default();
        PageParser::default().parse(&source("a.html", text), &mut batch);
        assert_eq!((batch.pages, batch.words, batch.links.n_links()), (1, 3, 1));
    }

    #[test]
    fn a_batch_is_full_when_it_has_many_pages_or_large_ones() {
        let mut many = Batch::default();
        let mut large = Batch::default();
        let mut parser = PageParser::default();
        for _ in 0..MAX_PAGES {
            assert!(!many.is_full());
            parser.parse(&source("a.html", ""), &mut many);
        }
        assert!(!large.is_full());
        parser.parse(&source("a.html", &" ".repeat(MAX_BYTES as usize)), &mut large);
        assert!(many.is_full() && large.is_full());
    }
}

//! Some files, read: what a fetcher hands to a parser at a time. Blocks.

use std::{collections::VecDeque, path::Path};

use super::frontier::Find;
use crate::demo::{
    batch::{MAX_BYTES, MAX_PAGES},
    failed::{Failed, Reason},
    file::{self, Source},
    walk::Found,
};

/// A chunk keeps this much memory for the next files, if it ever had to have more.
const MAX_KEPT: usize = 2 * MAX_BYTES as usize;

/// Pages as they were written, at most as many as fill a batch, and files that are no pages.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    /// All pages, one after the other: memory that is used again and again.
    text: String,
    /// Each page, and where it ends in `text`. It begins where the one before it ends.
    pages: Vec<(Found, usize)>,
    pub(super) failed: Vec<Failed>,
}

impl Chunk {
    /// Reads from the front of `unread` until the chunk is full, in place of what it had.
    pub(super) fn load(&mut self, root: &Path, unread: &mut VecDeque<Find>) {
        self.text.clear();
        self.text.shrink_to(MAX_KEPT);
        self.pages.clear();
        self.failed.clear();
        while !self.is_full() {
            let Some(found) = unread.pop_front() else { break };
            let read = found.and_then(|it| {
                file::read(root, &it, it.kind.max_bytes(), &mut self.text)?;
                Ok(it)
            });
            match read {
                Ok(found) => self.pages.push((found, self.text.len())),
                Err(failed) => self.failed.push(failed),
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pages.is_empty() && self.failed.is_empty()
    }

    pub(super) fn has_pages(&self) -> bool {
        !self.pages.is_empty()
    }

    pub(super) fn sources(&self) -> impl Iterator<Item = Source<'_>> {
        let starts = [0].into_iter().chain(self.pages.iter().map(|(_, end)| *end));
        starts.zip(&self.pages).map(|(start, (Found { page, kind }, end))| Source {
            page,
            kind: *kind,
            text: &self.text[start..*end],
        })
    }

    /// All of its pages as failed, because no parser survived them.
    pub(super) fn to_failed(&self, why: &str) -> Vec<Failed> {
        let to_failed = |(found, _): &(Found, usize)| {
            let reason = Reason::NotParsed { why: why.to_owned() };
            Failed { path: found.page.clone().into(), reason }
        };
        self.pages.iter().map(to_failed).collect()
    }

    fn is_full(&self) -> bool {
        MAX_BYTES <= self.text.len() as u64 || MAX_PAGES <= self.pages.len() as u64
    }
}

//! Some files, read: what a fetcher hands to a parser at a time. Blocks.

use std::{
    collections::VecDeque,
    path::Path,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

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
///
/// Its fetcher and its parser share it, and each of its pages must be counted or reported, never
/// both. So whoever [takes](Self::take) it decides: the parser to hand on what it found, or the
/// fetcher, who waits no longer, to report it.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    /// All pages, one after the other: memory that is used again and again.
    text: String,
    /// Each page, and where it ends in `text`. It begins where the one before it ends.
    pages: Vec<(Found, usize)>,
    pub(super) failed: Vec<Failed>,
    /// The page that is being parsed, by its place in `pages`.
    at: AtomicUsize,
    is_taken: AtomicBool,
}

impl Chunk {
    /// Reads from the front of `unread` until the chunk is full, in place of what it had.
    pub(super) fn load(&mut self, root: &Path, unread: &mut VecDeque<Find>) {
        self.text.clear();
        self.text.shrink_to(MAX_KEPT);
        self.pages.clear();
        self.failed.clear();
        *self.at.get_mut() = 0;
        *self.is_taken.get_mut() = false;
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

    /// Its pages, but for those that were lost, until the chunk is taken. Each is noted as the one
    /// that is being parsed.
    pub(super) fn sources(&self, lost: &[usize]) -> impl Iterator<Item = Source<'_>> {
        let starts = [0].into_iter().chain(self.pages.iter().map(|(_, end)| *end));
        let all = starts.zip(&self.pages).enumerate().filter(|(idx, _)| !lost.contains(idx));
        all.take_while(|_| !self.is_taken()).map(|(idx, (start, (Found { page, kind }, end)))| {
            // Relaxed: the fetcher reads it after an answer that came after this.
            self.at.store(idx, Ordering::Relaxed);
            Source { page, kind: *kind, text: &self.text[start..*end] }
        })
    }

    /// The page that was being parsed when the parser failed; none if it had taken the chunk.
    pub(super) fn page_at_fault(&self) -> Option<usize> {
        (!self.is_taken()).then(|| self.at.load(Ordering::Relaxed))
    }

    /// Takes all of it; false if it was taken before.
    pub(super) fn take(&self) -> bool {
        // Relaxed: it decides between two and publishes nothing.
        !self.is_taken.swap(true, Ordering::Relaxed)
    }

    fn is_taken(&self) -> bool {
        self.is_taken.load(Ordering::Relaxed)
    }

    /// A page as failed, because no parser survives it.
    pub(super) fn to_failed(&self, idx: usize, why: &str) -> Option<Failed> {
        let (found, _) = self.pages.get(idx)?;
        let reason = Reason::NotParsed { why: why.to_owned() };
        Some(Failed { path: found.page.clone().into(), reason })
    }

    /// All of its pages as failed, but for those that were lost before.
    pub(super) fn all_failed(&self, lost: &[usize], why: &str) -> Vec<Failed> {
        let left = (0..self.pages.len()).filter(|idx| !lost.contains(idx));
        left.filter_map(|idx| self.to_failed(idx, why)).collect()
    }

    fn is_full(&self) -> bool {
        MAX_BYTES <= self.text.len() as u64 || MAX_PAGES <= self.pages.len() as u64
    }
}

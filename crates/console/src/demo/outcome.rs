//! What a crawl found, added up from batches. The actors and the baseline end with the same.

use serde::Serialize;

use super::{batch::Batch, failed::Failed, index::IndexReport, kept::Kept, links::BrokenLink};

/// Terms that a report names.
pub(crate) const TOP_TERMS: usize = 20;

/// What was counted, but for the terms.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Findings {
    pub(crate) pages: u64,
    pub(crate) bytes: u64,
    pub(crate) words: u64,
    pub(crate) links: u64,
    pub(crate) failed: Kept<Failed>,
    pub(crate) broken: Kept<BrokenLink>,
}

impl Findings {
    /// Adds a batch, but for its terms and broken links, which others find out.
    pub(crate) fn add(&mut self, batch: &mut Batch) {
        self.pages += batch.pages;
        self.bytes += batch.bytes;
        self.words += batch.words;
        self.links += batch.links.n_links() as u64;
        self.failed.extend(batch.failed.drain(..));
    }

    /// Adds what was found on other pages.
    pub(crate) fn merge(&mut self, other: Self) {
        self.pages += other.pages;
        self.bytes += other.bytes;
        self.words += other.words;
        self.links += other.links;
        self.failed.merge(other.failed);
        self.broken.merge(other.broken);
    }

    /// How many pages were dealt with, failed ones included.
    pub(crate) fn n_done(&self) -> u64 {
        self.pages + self.failed.total()
    }
}

/// Everything a crawl has to say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) findings: Findings,
    pub(crate) index: IndexReport,
    /// `None` if no actors took part.
    pub(crate) actors: Option<Actors>,
    /// Whether it was stopped before its end.
    pub(crate) is_partial: bool,
}

/// What the actors did.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Actors {
    /// The most often first.
    pub(crate) restarts: Vec<Restarted>,
    pub(crate) messages: Messages,
    /// The busiest first.
    pub(crate) busiest: Vec<Busy>,
}

impl Actors {
    /// How often somebody was started again.
    pub(crate) fn n_restarts(&self) -> u64 {
        self.restarts.iter().map(|it| it.times).sum()
    }
}

/// How often an actor was started again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Restarted {
    pub(crate) actor: String,
    pub(crate) times: u64,
}

/// What became of the messages. Each that was sent is in exactly one of the others.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub(crate) struct Messages {
    pub(crate) sent: u64,
    pub(crate) handled: u64,
    pub(crate) refused: u64,
    pub(crate) dropped: u64,
    pub(crate) dead: u64,
    pub(crate) queued: u64,
}

impl Messages {
    /// Whether no message was lost or invented.
    pub(crate) fn is_conserved(&self) -> bool {
        self.sent == self.handled + self.refused + self.dropped + self.dead + self.queued
    }
}

/// How busy an actor was, in messages.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Busy {
    pub(crate) actor: String,
    pub(crate) handled: u64,
    /// The greatest number of messages that ever waited.
    pub(crate) most_queued: u64,
}

//! The crawl by actors.
//!
//! ```text
//!               NextFiles              Parse             Merge   ┌───────────────┐
//!  ┌──────────┐ ◀──ask── ┌─────────┐ ──ask─▶ ┌────────┐ ──tell─▶ │ IndexShard ×4 │
//!  │ Frontier │          │ Fetcher │         │ Parser │  Check   ├───────────────┤
//!  └──────────┘ ──files─▶└─────────┘ ◀─done─ └────────┘ ──tell─▶ │ Checker       │
//!                          one of each per core        │   Add   ├───────────────┤
//!                                                      └──tell─▶ │ Collector     │
//!                                                                └───────────────┘
//! ```
//!
//! A [`fetcher`] asks the [`frontier`] for the names of some files, reads them into a [`chunk`]
//! and asks its [`parser`] to take it in; meanwhile it reads the next one. So there are never more
//! than two chunks per core, and the parser is not done with one before the [`shard`]s, the
//! [`checker`] and the [`collector`] have room for what it found: memory is bounded whatever the
//! tree's size. Files are walked, read and looked for off the runtime's workers.
//!
//! A parser that panics costs its chunk, which is reported, and its fetcher puts another in its
//! place. [`crew`] spawns everybody and gathers what they know in the end, [`watch`] shows the
//! progress, for which a [`census`] counts the pages there are; [`interrupt`] handles Ctrl-C.

mod census;
mod checker;
mod chunk;
mod collector;
mod crew;
mod fetcher;
mod frontier;
mod interrupt;
mod parser;
mod shard;
mod watch;

use core::fmt;

use ghostlight::System;

use super::{batch::PageParser, outcome::Outcome, progress::Display, tree::Tree};
use crew::Crew;
use parser::Parse;

/// Why a crawl has no outcome: one of those that exist once failed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct CrawlError {
    who: &'static str,
    why: String,
}

impl CrawlError {
    fn new(who: &'static str, why: impl fmt::Display) -> Self {
        Self { who, why: why.to_string() }
    }
}

impl fmt::Display for CrawlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the crawl was given up, for its {} is no more: {}", self.who, self.why)
    }
}

/// Crawls `tree` with actors and shows its progress on `display`.
pub(crate) fn crawl(tree: &Tree, display: &Display) -> Result<Outcome, CrawlError> {
    crawl_with(tree, display, PageParser::parse)
}

/// The same with a page parser that a test may replace.
fn crawl_with(tree: &Tree, display: &Display, parse: Parse) -> Result<Outcome, CrawlError> {
    let system = System::new("crawl");
    let crew = Crew::spawn(&system, tree, parse);
    let crew = if display.is_hidden() { crew } else { crew.with_census(tree) };
    interrupt::on_ctrl_c(&system, &crew.frontier);
    system.block_on(async {
        let crawled = watch::until(crew.crawl(), &crew, display).await;
        crew.dismiss(crawled).await
    })
}

#[cfg(test)]
mod tests;

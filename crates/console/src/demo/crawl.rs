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
//! A fetcher supervises its parser. A page that makes the parser panic is reported, the parser is
//! started again, and the fetcher asks it, by the same ref, to take in the rest of the chunk: it had
//! handed nothing on before the chunk's last page. So such a page costs itself, one restart, and
//! the time to parse its chunk again. [`restarts`] remembers what the supervisors tell. A parser
//! that takes too long costs its chunk and is restarted; if it comes to its end after all, its
//! chunk is already taken and counts for nothing more. One that only waits for others to have room
//! may take as long as they do.
//!
//! [`crew`] spawns everybody and gathers what they know in the end, [`watch`] shows the
//! progress, for which a [`census`] counts the pages there are.

mod census;
mod checker;
mod chunk;
mod collector;
mod crew;
mod fetcher;
mod frontier;
mod parser;
mod restarts;
mod shard;
mod watch;

use core::{fmt, time::Duration};

use ghostlight_rt::Runtime;

use super::{batch::Parse, interrupt::Interrupt, outcome::Outcome, progress::Display, tree::Tree};
use crew::Crew;
use frontier::Close;

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

/// What parsers do, and how long they may take.
#[derive(Clone, Copy, Debug)]
struct Parsing {
    parse: Parse,
    /// To read a chunk, which takes a few milliseconds.
    patience: Duration,
}

impl Parsing {
    fn by(parse: Parse) -> Self {
        Self { parse, patience: Duration::from_secs(60) }
    }
}

/// Crawls `tree` with actors, who add its pages to batches by `parse`. Its progress is shown on
/// `display`, and an `interrupt` ends it in order: what was handed out before is still taken in.
pub(crate) fn crawl(
    runtime: &Runtime,
    tree: &Tree,
    parse: Parse,
    interrupt: &Interrupt,
    display: &Display,
) -> Result<Outcome, CrawlError> {
    let crew = Crew::spawn(runtime, tree, Parsing::by(parse));
    let crew = if display.is_hidden() { crew } else { crew.with_census(tree) };
    let (frontier, interrupt) = (crew.frontier.clone(), interrupt.clone());
    // It ends with the runtime.
    drop(runtime.spawn(async move {
        interrupt.heard().await;
        // Refused only if the crawl has come to its end meanwhile.
        _ = frontier.tell(Close).await;
    }));
    crew.system.block_on(async {
        let crawled = watch::until(crew.crawl(), &crew, display).await;
        crew.dismiss(crawled).await
    })
}

#[cfg(test)]
mod tests;

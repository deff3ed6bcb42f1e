//! Everybody who takes part in a crawl: spawned, watched, and in the end asked what they know.

use std::{array, cmp::Reverse, path::Path, sync::Arc, thread, time::Duration};

use ghostlight::{
    Actor, ActorRef, Ask, AskError, Capacity, MailboxOptions, Message, SpawnOptions, System,
};
use ghostlight_rt::Runtime;

use super::{
    CrawlError, Parsing,
    census::{Census, Count, Total},
    checker::{Broken, Checker},
    collector::{Collected, Collector, HowFar},
    fetcher::{Fetch, Fetcher, WhenDone},
    frontier::{Frontier, IsCut},
    parser::{ParserMaker, Readers},
    restarts::Restarts,
    shard::{IndexShard, TopTerms},
};
use crate::demo::{
    index::IndexReport,
    outcome::{Actors, Busy, Messages, Outcome, TOP_TERMS},
    progress::{Progress, Queue},
    terms::SHARDS,
    tree::Tree,
};

/// Batches that may wait for a shard or for the checker. With two chunks per core it is rarely more
/// than one.
const MAX_BATCHES: Capacity = Capacity::of::<4>();
/// What takes no memory to speak of may wait in larger numbers.
const MAX_NOTES: Capacity = Capacity::of::<64>();

/// For those who have at most a few batches before them.
const PATIENCE: Duration = Duration::from_secs(60);

/// The actors of a crawl.
pub(super) struct Crew {
    pub(super) system: System,
    pub(super) frontier: ActorRef<Frontier>,
    readers: Readers,
    census: Option<ActorRef<Census>>,
    pub(super) fetchers: Vec<ActorRef<Fetcher>>,
    pub(super) restarts: Restarts,
}

impl Crew {
    /// Spawns everybody. Nobody begins before [`crawl`](Self::crawl).
    pub(super) fn spawn(runtime: &Runtime, tree: &Tree, parsing: Parsing) -> Self {
        let restarts = Restarts::default();
        let system = System::builder("crawl").runtime(runtime.clone());
        let system = system.observer(restarts.clone()).build();
        let root: Arc<Path> = tree.root.as_path().into();
        let n_lanes = thread::available_parallelism().map_or(1, usize::from);
        let note = |name: &str| bounded(name, MAX_NOTES);
        let batch = |name: &str| bounded(name, MAX_BATCHES);
        // They are stopped the other way round, the last first.
        let collector = system.spawn_with(Collector::default(), note("findings"));
        let checker = system.spawn_with(Checker::new(Arc::clone(&root)), batch("link checker"));
        let shards = array::from_fn(|idx| {
            system.spawn_with(IndexShard::default(), batch(&format!("index/{}", idx + 1)))
        });
        let readers = Readers { shards, checker, collector };
        let frontier = system.spawn_with(Frontier::of(tree), note("frontier"));
        let fetchers = (1..=n_lanes).map(|number| {
            let parsers = ParserMaker {
                name: format!("parser/{number}").into(),
                parse: parsing.parse,
                readers: readers.clone(),
            };
            let (frontier, collector) = (frontier.clone(), readers.collector.clone());
            let patience = parsing.patience;
            let fetcher = Fetcher::new(Arc::clone(&root), frontier, collector, parsers, patience);
            system.spawn_with(fetcher, note(&format!("fetcher/{number}")))
        });
        let fetchers = fetchers.collect();
        Self { system, frontier, readers, census: None, fetchers, restarts }
    }

    /// Has the pages counted meanwhile, so that [`progress`](Self::progress) knows the total.
    pub(super) fn with_census(self, tree: &Tree) -> Self {
        let census = self.system.spawn_with(Census::of(tree), bounded("census", MAX_NOTES));
        Self { census: Some(census), ..self }
    }

    /// Lets everybody begin, waits until all is done, and gathers what was found.
    pub(super) async fn crawl(&self) -> Result<Outcome, CrawlError> {
        self.fetch().await?;
        self.gather().await
    }

    /// Lets everybody begin, and waits until the last page was taken in or reported.
    pub(super) async fn fetch(&self) -> Result<(), CrawlError> {
        if let Some(census) = &self.census {
            // Refused only if it is no more, and then there is no total.
            _ = census.tell(Count).await;
        }
        for fetcher in &self.fetchers {
            fetcher.tell(Fetch).await.map_err(|it| CrawlError::new("fetcher", it))?;
        }
        for fetcher in &self.fetchers {
            // For ever: Ctrl-C ends it, and so does the end of the tree.
            let done = fetcher.ask(WhenDone).within(Duration::MAX);
            done.await.map_err(|it| CrawlError::new("fetcher", it))?;
        }
        Ok(())
    }

    /// What everybody knows. The answers come after all messages that were sent before.
    pub(super) async fn gather(&self) -> Result<Outcome, CrawlError> {
        let Readers { shards, checker, collector } = &self.readers;
        let is_partial = answer("frontier", self.frontier.ask(IsCut)).await?;
        let mut findings = answer("collector", collector.ask(Collected)).await?;
        findings.broken = answer("link checker", checker.ask(Broken)).await?;
        let mut reports = Vec::new();
        for shard in shards {
            reports.push(answer("index", shard.ask(TopTerms)).await?);
        }
        let index = IndexReport::merge(reports, TOP_TERMS);
        Ok(Outcome { findings, index, actors: None, is_partial })
    }

    /// Stops everybody, the last spawned first, and adds up what became of the messages.
    pub(super) async fn dismiss(
        &self,
        crawled: Result<Outcome, CrawlError>,
    ) -> Result<Outcome, CrawlError> {
        let busiest = self.busiest();
        self.system.shutdown(PATIENCE).await;
        let outcome = crawled?;
        let counters = self.system.counters();
        let messages = Messages {
            sent: counters.sent,
            handled: counters.handled,
            refused: counters.refused,
            dropped: counters.dropped,
            dead: counters.dead,
            queued: counters.queued,
        };
        let actors = Some(Actors { restarts: self.restarts.so_far(), messages, busiest });
        Ok(Outcome { actors, ..outcome })
    }

    fn busiest(&self) -> Vec<Busy> {
        let actors = self.system.actors().into_iter().map(|it| Busy {
            actor: it.name,
            handled: it.counters.handled,
            most_queued: it.mailbox_peak as u64,
        });
        let mut busiest: Vec<Busy> = actors.collect();
        busiest.sort_by(|a, b| (Reverse(a.handled), &a.actor).cmp(&(Reverse(b.handled), &b.actor)));
        busiest
    }

    pub(super) async fn progress(&self) -> Progress {
        let Readers { shards, checker, collector } = &self.readers;
        let total = match &self.census {
            Some(census) => census.ask(Total).await.unwrap_or_default(),
            None => None,
        };
        let queue = |name, depth, capacity: Capacity, n: usize| Queue {
            name,
            depth,
            capacity: capacity.get() as usize * n,
        };
        let fetchers = self.fetchers.iter().map(ActorRef::mailbox_len).sum();
        let index = shards.iter().map(ActorRef::mailbox_len).sum();
        Progress {
            // Who does not answer has failed, which the end will tell.
            pages: collector.ask(HowFar).await.unwrap_or_default(),
            total,
            queues: vec![
                queue("frontier", self.frontier.mailbox_len(), MAX_NOTES, 1),
                queue("fetchers", fetchers, MAX_NOTES, self.fetchers.len()),
                queue("index", index, MAX_BATCHES, SHARDS),
                queue("links", checker.mailbox_len(), MAX_BATCHES, 1),
                queue("findings", collector.mailbox_len(), MAX_NOTES, 1),
            ],
        }
    }
}

fn bounded(name: &str, capacity: Capacity) -> SpawnOptions {
    SpawnOptions::default().name(name).mailbox(MailboxOptions::wait(capacity))
}

/// What `who` answers, who has to be there still.
async fn answer<A, M>(
    who: &'static str,
    ask: Ask<'_, M, ActorRef<A>>,
) -> Result<M::Reply, CrawlError>
where
    A: Actor + ghostlight::Handler<M>,
    M: Message,
{
    ask.within(PATIENCE).await.map_err(|it: AskError<M>| CrawlError::new(who, it))
}

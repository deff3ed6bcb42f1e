//! A parser reads pages, adds them up and hands on what it found.

use std::{sync::Arc, time::Duration};

use ghostlight::{
    Actor, ActorRef, Backoff, Capacity, ChildSpec, Context, Handler, MailboxOptions, Message,
    RestartWindow, SpawnOptions,
};

use super::{
    checker::{Check, Checker},
    chunk::Chunk,
    collector::{Add, Collector},
    shard::{IndexShard, Merge},
};
use crate::demo::{
    batch::{Batch, PageParser, Parse},
    outcome::Findings,
    terms::SHARDS,
};

/// Takes in one chunk at a time.
#[derive(Actor)]
#[actor(handles(ParseChunk))]
pub(super) struct Parser {
    page_parser: PageParser,
    parse: Parse,
    readers: Readers,
}

/// Asks to take in a chunk. The answer comes when everybody has room for what was found.
#[derive(Debug, Message)]
pub(super) struct ParseChunk {
    pub(super) chunk: Arc<Chunk>,
    /// The pages to leave out, by their place: no parser survives them.
    pub(super) lost: Vec<usize>,
}

/// Who wants to know what the pages say.
#[derive(Clone, Debug)]
pub(super) struct Readers {
    pub(super) shards: [ActorRef<IndexShard>; SHARDS],
    pub(super) checker: ActorRef<Checker>,
    pub(super) collector: ActorRef<Collector>,
}

/// What every incarnation of a parser is made of.
#[derive(Clone, Debug)]
pub(super) struct ParserMaker {
    pub(super) name: Arc<str>,
    pub(super) parse: Parse,
    pub(super) readers: Readers,
}

impl ParserMaker {
    /// Has `owner` supervise a parser.
    pub(super) fn supervise<A: Actor>(&self, owner: &Context<'_, A>) -> ActorRef<Parser> {
        // Its fetcher waits for each answer, so there is never a second message.
        let mailbox = MailboxOptions::wait(Capacity::of::<1>());
        let options = SpawnOptions::default().name(Arc::clone(&self.name)).mailbox(mailbox);
        // A parser fails because of a page, which is then left out: there are no more restarts than
        // pages, and each is a step ahead. A limit, or a pause, would punish it for its tree.
        let window = RestartWindow::new(u32::MAX, Duration::from_secs(1));
        let spec = ChildSpec::permanent().window(window).backoff(Backoff::none()).options(options);
        let maker = self.clone();
        owner.supervise_with(move || maker.make(), spec)
    }

    fn make(&self) -> Parser {
        let Self { parse, readers, .. } = self;
        Parser { page_parser: PageParser::default(), parse: *parse, readers: readers.clone() }
    }
}

impl Handler<ParseChunk> for Parser {
    async fn handle(&mut self, message: ParseChunk, _: &mut Context<'_, Self>) {
        let ParseChunk { chunk, lost } = message;
        let mut batch = Batch::default();
        for source in chunk.sources(&lost) {
            (self.parse)(&mut self.page_parser, &source, &mut batch);
        }
        // Nothing was handed on so far. It must not be if the fetcher has reported the chunk.
        if !chunk.take() {
            return;
        }
        // The fetcher reads the next files into the same memory.
        drop(chunk);
        let mut findings = Findings::default();
        findings.add(&mut batch);
        // Whoever is no more is found out in the end, when his report is missing.
        let Readers { shards, checker, collector } = &self.readers;
        for (shard, terms) in shards.iter().zip(batch.terms.0) {
            _ = shard.tell(Merge(terms)).await;
        }
        _ = checker.tell(Check(batch.links)).await;
        _ = collector.tell(Add(findings)).await;
    }
}

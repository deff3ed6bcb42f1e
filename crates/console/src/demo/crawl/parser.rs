//! A parser reads pages, adds them up and hands on what it found.

use std::sync::Arc;

use ghostlight::{
    Actor, ActorRef, Capacity, Context, Handler, MailboxOptions, Message, SpawnOptions, System,
};

use super::{
    checker::{Check, Checker},
    chunk::Chunk,
    collector::{Add, Collector},
    shard::{IndexShard, Merge},
};
use crate::demo::{
    batch::{Batch, PageParser},
    file::Source,
    outcome::Findings,
    terms::SHARDS,
};

/// How a page is added to a batch.
pub(super) type Parse = fn(&mut PageParser, &Source<'_>, &mut Batch);

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
pub(super) struct ParseChunk(pub(super) Arc<Chunk>);

/// Who wants to know what the pages say.
#[derive(Clone, Debug)]
pub(super) struct Readers {
    pub(super) shards: [ActorRef<IndexShard>; SHARDS],
    pub(super) checker: ActorRef<Checker>,
    pub(super) collector: ActorRef<Collector>,
}

/// Spawns a parser, and another one if it must be.
pub(super) struct ParserMaker {
    pub(super) system: System,
    pub(super) name: Arc<str>,
    pub(super) parse: Parse,
    pub(super) readers: Readers,
}

impl ParserMaker {
    pub(super) fn spawn(&self) -> ActorRef<Parser> {
        let page_parser = PageParser::default();
        let parser = Parser { page_parser, parse: self.parse, readers: self.readers.clone() };
        // Its fetcher waits for each answer, so there is never a second message.
        let mailbox = MailboxOptions::wait(Capacity::of::<1>());
        let options = SpawnOptions::default().name(Arc::clone(&self.name)).mailbox(mailbox);
        self.system.spawn_with(parser, options)
    }
}

impl Handler<ParseChunk> for Parser {
    async fn handle(&mut self, ParseChunk(chunk): ParseChunk, _: &mut Context<'_, Self>) {
        let mut batch = Batch::default();
        for source in chunk.sources() {
            (self.parse)(&mut self.page_parser, &source, &mut batch);
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

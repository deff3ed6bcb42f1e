//! A fetcher reads files, and has a parser of its own to take them in.

use std::{collections::VecDeque, mem, path::Path, sync::Arc, time::Duration};

use ghostlight::{Actor, ActorRef, Context, Failure, Handler, Message, ReplyPort};

use super::{
    chunk::Chunk,
    collector::{Collector, Failures},
    frontier::{Find, Frontier, NextFiles},
    parser::{ParseChunk, Parser, ParserMaker},
};
use crate::demo::failed::Failed;

/// What a parser may take for a chunk, which it does in a few milliseconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// Reads one chunk while its parser takes in the one before.
#[derive(Actor)]
#[actor(handles(Fetch, WhenDone))]
pub(super) struct Fetcher {
    root: Arc<Path>,
    frontier: ActorRef<Frontier>,
    collector: ActorRef<Collector>,
    parser: ActorRef<Parser>,
    parsers: ParserMaker,
    restarts: u64,
    /// At most as many as the frontier gives at a time.
    unread: VecDeque<Find>,
    /// What the parser gets next.
    loaded: Arc<Chunk>,
    /// What the parser is done with, for its memory.
    spare: Chunk,
    is_done: bool,
    waiting: Option<ReplyPort<Restarts>>,
}

/// Tells to begin, and each time to go on.
#[derive(Debug, Message)]
pub(super) struct Fetch;

/// Asks to be told when there is nothing left to do.
#[derive(Debug, Message)]
#[message(reply = Restarts)]
pub(super) struct WhenDone;

/// How often a parser had to be replaced.
#[derive(Clone, Copy, Debug)]
pub(super) struct Restarts(pub(super) u64);

impl Fetcher {
    pub(super) fn new(
        root: Arc<Path>,
        frontier: ActorRef<Frontier>,
        collector: ActorRef<Collector>,
        parsers: ParserMaker,
    ) -> Self {
        Self {
            root,
            frontier,
            collector,
            parser: parsers.spawn(),
            parsers,
            restarts: 0,
            unread: VecDeque::new(),
            loaded: Arc::default(),
            spare: Chunk::default(),
            is_done: false,
            waiting: None,
        }
    }

    /// Has `chunk` taken in, or reported if its parser does not survive it.
    async fn parse(&mut self, chunk: Arc<Chunk>) {
        // Queued: what the parser does with this thread would keep the fetcher from its deadline.
        let ask = self.parser.ask(ParseChunk(Arc::clone(&chunk))).within(PATIENCE).queued();
        if let Err(error) = ask.await {
            self.report(chunk.to_failed(&error.to_string())).await;
            self.parser.kill();
            self.parser = self.parsers.spawn();
            self.restarts += 1;
        }
        // A parser that did not survive may still hold it.
        self.spare = Arc::into_inner(chunk).unwrap_or_default();
    }

    /// By `&mut self`, for an actor that keeps a reply port cannot be shared.
    async fn report(&mut self, failed: Vec<Failed>) {
        if !failed.is_empty() {
            // A collector that is no more is found out in the end, when its report is missing.
            _ = self.collector.tell(Failures(failed)).await;
        }
    }
}

impl Handler<Fetch> for Fetcher {
    async fn handle(&mut self, _: Fetch, cx: &mut Context<'_, Self>) {
        if self.unread.is_empty() {
            // For ever: how long a walk takes until it finds a page is up to the tree.
            let files = self.frontier.ask(NextFiles).within(Duration::MAX).await;
            // A frontier that is no more is found out in the end.
            self.unread = files.unwrap_or_default().into();
        }
        let root = Arc::clone(&self.root);
        let mut unread = mem::take(&mut self.unread);
        let mut chunk = mem::take(&mut self.spare);
        let loading = cx.system().runtime().blocking(move || {
            chunk.load(&root, &mut unread);
            (chunk, unread)
        });
        let ready = mem::take(&mut self.loaded);
        if ready.has_pages() {
            self.parse(ready).await;
        }
        let (mut chunk, unread) = match loading.await {
            Ok(loaded) => loaded,
            Err(lost) => return cx.fail(Failure::from(lost)).await,
        };
        self.is_done = chunk.is_empty();
        self.unread = unread;
        self.report(mem::take(&mut chunk.failed)).await;
        self.loaded = Arc::new(chunk);
        if self.is_done {
            self.waiting.take().into_iter().for_each(|it| it.send(Restarts(self.restarts)));
        } else {
            // Refused only when it was told to stop, and then it should not go on.
            _ = cx.me().try_tell(Fetch);
        }
    }
}

impl Handler<WhenDone> for Fetcher {
    async fn handle(&mut self, _: WhenDone, cx: &mut Context<'_, Self>) -> Restarts {
        if self.is_done {
            return Restarts(self.restarts);
        }
        cx.defer(|port| self.waiting = Some(port)).await
    }
}

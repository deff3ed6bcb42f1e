//! A fetcher reads files, and has a parser of its own to take them in.

use std::{collections::VecDeque, mem, path::Path, sync::Arc, time::Duration};

use ghostlight::{Actor, ActorRef, AskError, Context, Failure, Handler, Message, ReplyPort};

use super::{
    chunk::Chunk,
    collector::{Collector, Failures},
    frontier::{Find, Frontier, NextFiles},
    parser::{ParseChunk, Parser, ParserMaker},
};
use crate::demo::failed::Failed;

/// By when a parser that was told to start again has done so, or never will: its supervisor kills it
/// after ten seconds.
const RESTART: Duration = Duration::from_secs(15);

/// Reads one chunk while its parser, which it supervises, takes in the one before.
pub(super) struct Fetcher {
    root: Arc<Path>,
    frontier: ActorRef<Frontier>,
    collector: ActorRef<Collector>,
    parsers: ParserMaker,
    /// What a parser may take to read a chunk.
    patience: Duration,
    /// There since `started`. It stays the same over restarts.
    parser: Option<ActorRef<Parser>>,
    /// At most as many as the frontier gives at a time.
    unread: VecDeque<Find>,
    /// What the parser gets next.
    loaded: Arc<Chunk>,
    /// What the parser is done with, for its memory.
    spare: Chunk,
    is_done: bool,
    waiting: Option<ReplyPort<()>>,
}

/// Tells to begin, and each time to go on.
#[derive(Debug, Message)]
pub(super) struct Fetch;

/// Asks to be told when there is nothing left to do.
#[derive(Debug, Message)]
pub(super) struct WhenDone;

impl Actor for Fetcher {
    type Protocol = (Fetch, WhenDone);

    async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        self.parser = Some(self.parsers.supervise(cx));
        Ok(())
    }
}

impl Fetcher {
    pub(super) fn new(
        root: Arc<Path>,
        frontier: ActorRef<Frontier>,
        collector: ActorRef<Collector>,
        parsers: ParserMaker,
        patience: Duration,
    ) -> Self {
        Self {
            root,
            frontier,
            collector,
            parsers,
            patience,
            parser: None,
            unread: VecDeque::new(),
            loaded: Arc::default(),
            spare: Chunk::default(),
            is_done: false,
            waiting: None,
        }
    }

    /// Has `chunk` taken in, and reports the pages that no parser survives.
    async fn parse(&mut self, chunk: Arc<Chunk>, cx: &Context<'_, Self>) {
        let mut lost = Vec::new();
        // Each page is lost at most once, so it ends.
        while let Err(error) = self.ask_parser(&chunk, &lost, self.patience).await {
            let Some(page) = page_at_fault(&chunk, &error).filter(|it| !lost.contains(it)) else {
                self.give_up(&chunk, &lost, &error, cx).await;
                break;
            };
            lost.push(page);
            let why = error.failure().map(Failure::to_string).unwrap_or_default();
            self.report(chunk.to_failed(page, &why).into_iter().collect()).await;
        }
        // A parser that takes too long may still hold it.
        self.spare = Arc::into_inner(chunk).unwrap_or_default();
    }

    /// By the same ref after a failure as before it: what comes early waits for the parser's next
    /// incarnation.
    async fn ask_parser(
        &mut self,
        chunk: &Arc<Chunk>,
        lost: &[usize],
        patience: Duration,
    ) -> Result<(), AskError<ParseChunk>> {
        let parser = self.parser.as_ref().expect("it is there since the fetcher started");
        let message = ParseChunk { chunk: Arc::clone(chunk), lost: lost.to_owned() };
        // Queued: what the parser does with this thread would keep the fetcher from its deadline.
        parser.ask(message).within(patience).queued().await
    }

    /// Reports what is left of `chunk`, unless it was taken in after all, and sees to it that the
    /// next one finds a parser that has time for it.
    async fn give_up(
        &mut self,
        chunk: &Chunk,
        lost: &[usize],
        error: &AskError<ParseChunk>,
        cx: &Context<'_, Self>,
    ) {
        let is_late = matches!(error, AskError::Deadline { .. });
        if !chunk.take() && is_late {
            // It was in time, and waits for others to have room for what it found. So does this, for
            // ever if need be: whoever ends without making room lets it go on.
            _ = self.ask_parser(&Arc::default(), &[], Duration::MAX).await;
            return;
        }
        self.report(chunk.all_failed(lost, &error.to_string())).await;
        let children = cx.children();
        let parser = self.parser.as_ref().map(ActorRef::id);
        // Refused only if it has ended, and then nobody answers either.
        parser.into_iter().for_each(|it| _ = children.restart(it));
        // Only its next incarnation has time to take in nothing.
        if self.ask_parser(&Arc::default(), &[], RESTART).await.is_err() {
            // One that never gives its thread back cannot start again.
            parser.into_iter().for_each(|it| _ = children.remove(it));
            self.parser = Some(self.parsers.supervise(cx));
        }
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
            self.parse(ready, cx).await;
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
            self.waiting.take().into_iter().for_each(|it| it.send(()));
        } else {
            // Refused only when it was told to stop, and then it should not go on.
            _ = cx.me().try_tell(Fetch);
        }
    }
}

impl Handler<WhenDone> for Fetcher {
    async fn handle(&mut self, _: WhenDone, cx: &mut Context<'_, Self>) {
        if !self.is_done {
            cx.defer(|port| self.waiting = Some(port)).await;
        }
    }
}

/// The page that a parser did not survive, if that is what happened.
fn page_at_fault(chunk: &Chunk, error: &AskError<ParseChunk>) -> Option<usize> {
    error.failure().and_then(|_| chunk.page_at_fault())
}

//! Reads of one actor that run side by side.
//!
//! Rules:
//! 1. The turn of a read that suspends takes further reads out of the mailbox, in order, and polls them
//!    beside its own, all on one shared borrow. So the borrow checker proves that nothing is written
//!    meanwhile.
//! 2. What is next and no read closes the door: it is left where it is, and so is what follows, until
//!    all that run have ended. So no stream of reads keeps a write out.
//! 3. Each has its reply when it ends, the one whose turn this is as well; the turn ends with the last.
//! 4. They share a turn, and so its end: a panic in one takes all of them along. Where time is limited,
//!    each has its own.

use std::{
    any::type_name,
    future::poll_fn,
    mem,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context as TaskContext, Poll},
};

use ghostlight_rt::BoxFuture;

use crate::{
    Actor, ActorId, Context, Failure, Handler, HandlerTimeout, Message, Mode, OnTimeout, Protocol,
    ReadContext, ReadHandler, SlowTurn, TurnKind,
    ask::{Asker, fell_with},
    call::Bag,
    cell::Cell,
    core::EnvelopeOf,
    here::{self, Cause},
    hosting::Hosting,
    mailbox::{Inbox, Queue},
    protocol::{Letter, begin},
    run::abandon_fallen,
    signal::Signals,
    term::Term,
    turn::Guest,
};

/// So many run side by side; the others wait in the mailbox, whose bound therefore still says something.
const MOST: usize = 1000;

/// How a message is handled beside others; known where handling it only reads the state.
pub type ReadBeside<A, M> = for<'h> fn(&'h A, Begun<'h, A, M>) -> BoxFuture<'h, ()>;

/// A message that is about to be read beside others.
pub struct Begun<'h, A: Actor, M: Message> {
    message: M,
    asker: Asker<M::Reply>,
    cx: ReadContext<'h, A>,
}

/// Reads `begun`, and gives the reply to whoever waits for it.
pub(crate) fn read_beside<'h, A: ReadHandler<M>, M: Message>(
    actor: &'h A,
    begun: Begun<'h, A, M>,
) -> BoxFuture<'h, ()> {
    Box::pin(async move {
        let Begun { message, asker, cx } = begun;
        let reply = actor.read(message, &cx).await;
        answer(cx.cell(), asker, reply);
    })
}

/// Gives a reply to whoever waits for it.
fn answer<A: Handler<M>, M: Message>(cell: &Arc<Cell<A>>, asker: Asker<M::Reply>, reply: M::Reply) {
    match asker {
        Asker::Waiting(asker) => {
            cell.end_asker_wait();
            asker.answer(reply);
        }
        Asker::Caller => {
            let caller = cell.forget_caller().and_then(|it| it.upgrade());
            if let Some(caller) = caller {
                caller.settle(A::Protocol::leave::<M>(reply), cell);
            }
        }
        Asker::Nobody if M::is_error(&reply) => cell.unread_error::<M>(),
        Asker::Nobody | Asker::Deferred(_) | Asker::Hook => {}
    }
}

/// Tells whoever waits for a reply that the read was dropped.
fn lose<A: Actor, R: Send>(cell: &Cell<A>, asker: Asker<R>, timeout: HandlerTimeout) {
    match asker {
        Asker::Waiting(asker) => {
            cell.end_asker_wait();
            asker.into_inner().into_iter().for_each(|it| it.fail(timeout.into()));
        }
        Asker::Caller => {
            let caller = cell.forget_caller().and_then(|it| it.upgrade());
            caller.into_iter().for_each(|it| it.lose(timeout.into(), cell));
        }
        Asker::Nobody | Asker::Deferred(_) | Asker::Hook => {}
    }
}

/// A read that runs beside others.
pub struct Read<'h> {
    reading: BoxFuture<'h, ()>,
    /// Why it runs.
    cause: Cause,
    guest: Guest,
    /// How long it may take, once it has suspended.
    term: Option<Box<Term>>,
}

impl std::fmt::Debug for Read<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Read")
    }
}

impl<A: Actor, M: Message> std::fmt::Debug for Begun<'_, A, M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Begun")
    }
}

/// Begins the read of a message beside others, unless its asker has taken it back.
pub(crate) fn begin_read<'h, A: Handler<M>, M: Message>(
    actor: &'h A,
    cx: ReadContext<'h, A>,
    letter: Letter<M>,
) -> Option<Read<'h>> {
    let read = A::READS?;
    let (cell, guest) = (cx.cell(), letter.guest());
    let outer = here::swap(Cause::NONE);
    let begun = begin(letter, Asker::Nobody);
    let cause = here::swap(outer);
    match begun {
        Ok((message, asker)) => {
            let reading = read(actor, Begun { message, asker, cx });
            Some(Read { reading, cause, guest, term: None })
        }
        Err(skipped) => {
            cell.skip(skipped);
            None
        }
    }
}

impl Read<'_> {
    /// The same, with what goes along with it.
    pub(crate) fn carrying(mut self, bag: Option<Arc<Bag>>) -> Self {
        self.cause.bag = bag;
        self
    }

    /// Goes on with it, as long as it may take.
    fn poll<A: Actor>(
        &mut self,
        cell: &Cell<A>,
        task: &mut TaskContext<'_>,
    ) -> Poll<Result<(), HandlerTimeout>> {
        let _guest = cell.enter_guest(self.guest);
        let outer = here::swap(mem::replace(&mut self.cause, Cause::NONE));
        let polled = poll_read(cell.id, self.reading.as_mut(), task);
        self.cause = here::swap(outer);
        match polled {
            Poll::Ready(()) => Poll::Ready(Ok(())),
            Poll::Pending => poll_term(cell, &mut self.term, self.guest, task).map(Err),
        }
    }

    /// Drops it where it awaits; whoever asked hears why.
    fn cut<A: Actor>(self, cell: &Cell<A>, timeout: HandlerTimeout) {
        fell_with(|| drop(self));
        abandon_fallen(cell, || timeout.into());
    }
}

/// Whether a read that has suspended has had its time.
fn poll_term<A: Actor>(
    cell: &Cell<A>,
    term: &mut Option<Box<Term>>,
    (kind, message_type): Guest,
    task: &mut TaskContext<'_>,
) -> Poll<HandlerTimeout> {
    if cell.settings.limits.is_none() {
        return Poll::Pending;
    }
    if term.is_none() {
        *term = Term::begin(cell, kind, Some(message_type)).map(Box::new);
    }
    term.as_mut().map_or(Poll::Pending, |it| it.poll(cell, task))
}

/// Polls a read of `actor`.
#[inline]
pub(crate) fn poll_read<F: Future + ?Sized>(
    actor: ActorId,
    read: Pin<&mut F>,
    task: &mut TaskContext<'_>,
) -> Poll<F::Output> {
    let _reading = here::read(actor);
    read.poll(task)
}

/// What comes of the read whose turn it is.
enum First<R> {
    Reply(R),
    /// It has taken too long.
    Late(HandlerTimeout),
    /// Another has, and that is a failure.
    Failed(HandlerTimeout),
}

/// Goes on with a read that has suspended, and lets others run beside it.
pub(crate) async fn host_reads<A: ReadHandler<M>, M: Message>(
    actor: &A,
    cx: &mut Context<'_, A>,
    mut first: Pin<&mut (impl Future<Output = M::Reply> + Send)>,
) -> M::Reply {
    let cell = cx.cell();
    let mut others = Others::new(actor, cx.looking());
    let kind = if cx.mode() == Mode::Ask { TurnKind::Ask } else { TurnKind::Tell };
    let (guest, mut term) = ((kind, type_name::<M>()), None);
    let came = poll_fn(|task| {
        if let Poll::Ready(reply) = poll_read(cell.id, first.as_mut(), task) {
            return Poll::Ready(First::Reply(reply));
        }
        if let Poll::Ready(late) = poll_term(cell, &mut term, guest, task) {
            return Poll::Ready(First::Late(late));
        }
        match others.go_on(task) {
            Ok(()) => others.let_in(cx.batch(), task).map(First::Failed),
            Err(failed) => Poll::Ready(First::Failed(failed)),
        }
    });
    match came.await {
        First::Reply(reply) => {
            others.note(term.as_deref());
            if others.running.is_empty() {
                others.over();
                return reply;
            }
            answer::<A, M>(cell, cx.release_asker(), reply);
            here::end_turn();
        }
        First::Late(late) => {
            lose::<A, M::Reply>(cell, cx.release_asker(), late);
            here::end_turn();
            if late.action == OnTimeout::Stop {
                return cx.fail(others.fail(late)).await;
            }
        }
        First::Failed(failed) => return cx.fail(others.fail(failed)).await,
    }
    let ended = poll_fn(|task| {
        if let Err(failed) = others.go_on(task) {
            return Poll::Ready(Err(failed));
        }
        if others.running.is_empty() {
            return Poll::Ready(Ok(()));
        }
        others.let_in(cx.batch(), task).map(Err)
    });
    match ended.await {
        Ok(()) => {
            others.over();
            cx.leave().await
        }
        Err(failed) => cx.fail(others.fail(failed)).await,
    }
}

/// The reads that run beside the one whose turn it is.
struct Others<'h, A: Actor> {
    running: Vec<Read<'h>>,
    actor: &'h A,
    cx: ReadContext<'h, A>,
    hosting: Hosting<'h, A>,
    /// How many may begin in this poll. None in the one in which the first suspends: that was part of a
    /// stretch of turns which had its own share.
    share: u32,
    /// Something is next that is no read.
    is_closed: bool,
    /// Those that have ended and took long.
    slow: Vec<SlowTurn>,
}

/// What is next for an actor that reads.
enum Next<E> {
    Read(E),
    /// A read, whose time has not come.
    Later,
    /// Something that waits until all reads have ended.
    Write,
}

impl<'h, A: Actor> Others<'h, A> {
    fn new(actor: &'h A, cx: ReadContext<'h, A>) -> Self {
        let hosting = Hosting::new(cx.cell());
        cx.cell().lock().rare().hosts_reads = true;
        Self {
            running: Vec::new(),
            actor,
            cx,
            hosting,
            share: 0,
            is_closed: false,
            slow: Vec::new(),
        }
    }

    /// Goes on with each of them. Gives out one that has taken too long, where that is a failure.
    fn go_on(&mut self, task: &mut TaskContext<'_>) -> Result<(), HandlerTimeout> {
        let mut at = 0;
        while let Some(read) = self.running.get_mut(at) {
            match read.poll(self.cx.cell(), task) {
                Poll::Pending => at += 1,
                Poll::Ready(ended) => {
                    let read = self.running.remove(at);
                    self.end(read, ended)?;
                }
            }
        }
        Ok(())
    }

    /// Drops them all: one that was too late has made the actor fail.
    fn fail(&mut self, late: HandlerTimeout) -> Failure {
        // Their askers hear of it with all others of this turn.
        fell_with(|| self.running.clear());
        Failure::from(late)
    }

    /// Begins the reads that are next, as many as may in one poll. Ready with one that has taken too long
    /// in its first poll already, where that is a failure.
    fn let_in(
        &mut self,
        batch: &mut Queue<EnvelopeOf<A>>,
        task: &mut TaskContext<'_>,
    ) -> Poll<HandlerTimeout> {
        let settings = &self.cx.cell().settings;
        if self.cx.cell().signals().any(Signals::ORDERS) && !self.is_closed {
            self.close();
        }
        let mut share = mem::replace(&mut self.share, settings.throughput);
        let since = self.cx.now();
        while !self.is_closed && self.running.len() < MOST {
            match self.next(share != 0, batch, task) {
                Poll::Pending => break,
                Poll::Ready(Next::Write) => self.close(),
                Poll::Ready(Next::Later) => {
                    task.waker().wake_by_ref();
                    break;
                }
                Poll::Ready(Next::Read(envelope)) => {
                    if let Err(failed) = self.begin(envelope, task) {
                        return Poll::Ready(failed);
                    }
                }
            }
            share = share.saturating_sub(1);
            if settings.quantum <= self.cx.now() - since {
                share = 0;
            }
        }
        Poll::Pending
    }

    fn begin(
        &mut self,
        envelope: EnvelopeOf<A>,
        task: &mut TaskContext<'_>,
    ) -> Result<(), HandlerTimeout> {
        let cell = self.cx.cell();
        cell.begin_turn(&envelope);
        let Some(mut read) = A::Protocol::read(envelope, self.actor, self.cx.again()) else {
            return Ok(());
        };
        match read.poll(cell, task) {
            Poll::Pending => {
                self.running.push(read);
                Ok(())
            }
            Poll::Ready(ended) => self.end(read, ended),
        }
    }

    fn next(
        &self,
        may_begin: bool,
        batch: &mut Queue<EnvelopeOf<A>>,
        task: &TaskContext<'_>,
    ) -> Poll<Next<EnvelopeOf<A>>> {
        let cell = self.cx.cell();
        self.hosting.look(batch, task, |inbox, batch| next(cell, inbox, batch, may_begin))
    }

    /// A read has ended, or was too late.
    ///
    /// # Errors
    /// If that is a failure.
    fn end(
        &mut self,
        read: Read<'h>,
        ended: Result<(), HandlerTimeout>,
    ) -> Result<(), HandlerTimeout> {
        let Err(late) = ended else {
            self.note(read.term.as_deref());
            return Ok(());
        };
        read.cut(self.cx.cell(), late);
        if late.action == OnTimeout::Stop { Err(late) } else { Ok(()) }
    }

    /// Keeps what the actor is to be told of a read that has come to its end.
    fn note(&mut self, term: Option<&Term>) {
        self.slow.extend(term.and_then(|it| it.end(self.cx.cell())));
    }

    /// All have ended.
    fn over(&mut self) {
        if !self.slow.is_empty() {
            self.cx.cell().lock().rare().slow_reads = mem::take(&mut self.slow);
        }
    }

    /// Lets no other read in, until all of these have ended.
    fn close(&mut self) {
        self.is_closed = true;
        let cell = self.cx.cell();
        cell.system.waits.close_reads(cell.id);
    }
}

/// Takes out the next message, if it is a read.
fn next<A: Actor>(
    cell: &Cell<A>,
    inbox: &mut Inbox<A>,
    batch: &mut Queue<EnvelopeOf<A>>,
    may_begin: bool,
) -> Poll<Next<EnvelopeOf<A>>> {
    let Some(is_read) = inbox.next_is(batch, A::Protocol::is_read) else { return Poll::Pending };
    let handled = cell.handled.load(Ordering::Relaxed);
    if !is_read || inbox.allowed(handled) == 0 {
        return Poll::Ready(Next::Write);
    }
    if !may_begin {
        return Poll::Ready(Next::Later);
    }
    inbox.refill(&cell.settings.mailbox, batch, handled);
    inbox.note_ran(1);
    batch.pop_front().map_or(Poll::Pending, |it| Poll::Ready(Next::Read(it)))
}

impl<A: Actor> Drop for Others<'_, A> {
    fn drop(&mut self) {
        let cell = self.cx.cell();
        cell.lock().rare().hosts_reads = false;
        if self.is_closed {
            cell.system.waits.end_reads(cell.id);
        }
    }
}

//! Reads of one actor that run side by side.
//!
//! Rules:
//! 1. The turn of a read that suspends takes further reads out of the mailbox, in order, and polls them
//!    beside its own, all on one shared borrow. So the borrow checker proves that nothing is written
//!    meanwhile.
//! 2. What is next and no read closes the door: it is left where it is, and so is what follows, until
//!    all that run have ended. So no stream of reads keeps a write out.
//! 3. Each has its reply when it ends, the one whose turn this is as well; the turn ends with the last.
//! 4. They share a turn, and so its end: a panic in one takes all of them along.

use std::{
    future::poll_fn,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context as TaskContext, Poll},
};

use ghostlight_rt::BoxFuture;

use crate::{
    Actor, ActorId, Context, Handler, Message, Protocol, ReadContext, ReadHandler,
    ask::Asker,
    call::Bag,
    cell::Cell,
    core::EnvelopeOf,
    here::{self, Cause},
    hosting::Hosting,
    mailbox::{Inbox, Queue},
    protocol::{Letter, begin},
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
        Asker::Waiting(asker) => asker.answer(reply),
        Asker::Caller => {
            let caller = cell.lock().rare().caller.take().and_then(|it| it.upgrade());
            if let Some(caller) = caller {
                caller.settle(A::Protocol::leave::<M>(reply));
            }
        }
        Asker::Nobody if M::is_error(&reply) => cell.unread_error::<M>(),
        Asker::Nobody | Asker::Deferred(_) | Asker::Hook => {}
    }
}

/// A read that runs beside others.
pub struct Read<'h> {
    reading: BoxFuture<'h, ()>,
    /// Why it runs.
    cause: Cause,
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
    let cell = cx.cell();
    let outer = here::swap(Cause::NONE);
    let begun = begin(letter, Asker::Nobody);
    let cause = here::swap(outer);
    match begun {
        Ok((message, asker)) => {
            let reading = read(actor, Begun { message, asker, cx });
            Some(Read { reading, cause })
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

    fn poll(&mut self, actor: ActorId, task: &mut TaskContext<'_>) -> Poll<()> {
        let outer = here::swap(mem::replace(&mut self.cause, Cause::NONE));
        let polled = poll_read(actor, self.reading.as_mut(), task);
        self.cause = here::swap(outer);
        polled
    }
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

/// Goes on with a read that has suspended, and lets others run beside it.
pub(crate) async fn host_reads<A: ReadHandler<M>, M: Message>(
    actor: &A,
    cx: &mut Context<'_, A>,
    mut first: Pin<&mut (impl Future<Output = M::Reply> + Send)>,
) -> M::Reply {
    let cell = cx.cell();
    let mut others = Others::new(actor, cx.looking());
    let reply = poll_fn(|task| {
        let polled = poll_read(cell.id, first.as_mut(), task);
        if polled.is_pending() {
            others.go_on(task);
            others.let_in(cx.batch(), task);
        }
        polled
    });
    let reply = reply.await;
    if others.running.is_empty() {
        return reply;
    }
    here::end_turn();
    answer::<A, M>(cell, cx.release_asker(), reply);
    poll_fn(|task| {
        others.go_on(task);
        if others.running.is_empty() {
            return Poll::Ready(());
        }
        others.let_in(cx.batch(), task);
        Poll::Pending
    })
    .await;
    cx.leave().await
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
        Self { running: Vec::new(), actor, cx, hosting, share: 0, is_closed: false }
    }

    fn go_on(&mut self, task: &mut TaskContext<'_>) {
        let id = self.cx.id();
        self.running.retain_mut(|it| it.poll(id, task).is_pending());
    }

    /// Begins the reads that are next, as many as may in one poll.
    fn let_in(&mut self, batch: &mut Queue<EnvelopeOf<A>>, task: &mut TaskContext<'_>) {
        let settings = &self.cx.cell().settings;
        let mut share = mem::replace(&mut self.share, settings.throughput);
        let since = self.cx.now();
        while !self.is_closed && self.running.len() < MOST {
            match self.next(share != 0, batch, task) {
                Poll::Pending => return,
                Poll::Ready(Next::Write) => self.close(),
                Poll::Ready(Next::Later) => return task.waker().wake_by_ref(),
                Poll::Ready(Next::Read(envelope)) => self.begin(envelope, task),
            }
            share = share.saturating_sub(1);
            if settings.quantum <= self.cx.now() - since {
                share = 0;
            }
        }
    }

    fn begin(&mut self, envelope: EnvelopeOf<A>, task: &mut TaskContext<'_>) {
        let cell = self.cx.cell();
        cell.begin_turn(&envelope);
        let Some(mut read) = A::Protocol::read(envelope, self.actor, self.cx.again()) else {
            return;
        };
        if read.poll(cell.id, task).is_pending() {
            self.running.push(read);
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
    let handled = cell.handled.load(std::sync::atomic::Ordering::Relaxed);
    if !is_read || inbox.allowed(handled) == 0 {
        return Poll::Ready(Next::Write);
    }
    if !may_begin {
        return Poll::Ready(Next::Later);
    }
    inbox.refill(&cell.settings.mailbox, batch);
    inbox.note_ran(1);
    batch.pop_front().map_or(Poll::Pending, |it| Poll::Ready(Next::Read(it)))
}

impl<A: Actor> Drop for Others<'_, A> {
    fn drop(&mut self) {
        if self.is_closed {
            let cell = self.cx.cell();
            cell.system.waits.end_reads(cell.id);
        }
    }
}

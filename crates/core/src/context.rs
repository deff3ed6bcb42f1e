//! What a handler may reach.

use std::{
    any::Any,
    fmt,
    future::{pending, poll_fn},
    ops::Deref,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context as TaskContext, Poll, Waker, ready},
    time::Duration,
};

use ghostlight_rt::{Instant, Rng, Sleep};

use crate::{
    Actor, ActorId, ActorRef, AskError, DeadReason, Deadlock, Failure, Message, Priority,
    ReplyPort, System,
    ask::{Answers, AskCell, Asker, Begun},
    cell::Cell,
    core::{EnvelopeOf, Turn},
    endpoint::Deliver,
    here::{self, Purpose},
    lend::Host,
    life,
    mailbox::{Place, Queue},
    protocol::Letter,
    signal::Signals,
    system::Shared,
    waits::WaitId,
};

/// What a handler or hook may reach: its own ref, its system, and the message it is handling.
///
/// What belongs to one message is gone before the next one.
pub struct Context<'a, A: Actor> {
    read: ReadContext<'a, A>,
    /// Set to leave the turn: its handler is dropped where it stands.
    leaves: &'a AtomicBool,
    turn: &'a mut dyn AnyTurn,
    /// What is handled next. In a lock that is never taken, because a handler may share its context, and
    /// messages need not be shareable.
    batch: Mutex<&'a mut Queue<EnvelopeOf<A>>>,
    /// This turn runs inside another, which has lent the actor.
    is_inside: bool,
}

/// How the message that is being handled was sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Mode {
    /// Nobody waits for the reply.
    Tell,
    /// Somebody does.
    Ask,
}

/// A turn whose reply type is not known.
trait AnyTurn: Send + Sync {
    fn asker(&mut self) -> &mut (dyn Any + Send);
    fn fail(&mut self, failure: Failure);
    fn mode(&self) -> Mode;
    fn is_hook(&self) -> bool;
    /// Whether its asker waits no more; nothing, if whoever runs the turn knows that.
    fn poll_left(&self, cx: &mut TaskContext<'_>) -> Option<Poll<()>>;
}

impl<R: Send + 'static> AnyTurn for Turn<R> {
    fn asker(&mut self) -> &mut (dyn Any + Send) {
        &mut self.asker
    }

    fn fail(&mut self, failure: Failure) {
        self.failure = Some(failure);
    }

    fn mode(&self) -> Mode {
        if matches!(self.asker, Asker::Nobody | Asker::Hook) { Mode::Tell } else { Mode::Ask }
    }

    fn is_hook(&self) -> bool {
        matches!(self.asker, Asker::Hook)
    }

    fn poll_left(&self, cx: &mut TaskContext<'_>) -> Option<Poll<()>> {
        match &self.asker {
            Asker::Nobody | Asker::Hook => Some(Poll::Pending),
            Asker::Waiting(waiting) => Some(waiting.poll_left(cx)),
            Asker::Deferred(cell) => Some(cell.poll_left(cx)),
            Asker::Caller => None,
        }
    }
}

impl<'a, A: Actor> Context<'a, A> {
    pub(crate) fn new<R: Send + 'static>(
        cell: &'a Arc<Cell<A>>,
        incarnation: u32,
        leaves: &'a AtomicBool,
        turn: &'a mut Turn<R>,
        batch: &'a mut Queue<EnvelopeOf<A>>,
    ) -> Self {
        let batch = Mutex::new(batch);
        let read = ReadContext { cell, incarnation };
        Self { read, leaves, turn, batch, is_inside: false }
    }

    /// That of a turn inside another.
    pub(crate) fn inside<R: Send + 'static>(
        host: Host<'a, A>,
        leaves: &'a AtomicBool,
        turn: &'a mut Turn<R>,
    ) -> Self {
        let Host { cell, incarnation, batch, .. } = host;
        Self { is_inside: true, ..Self::new(cell, incarnation, leaves, turn, batch) }
    }

    /// Whether this turn runs inside another.
    pub(crate) const fn is_inside(&self) -> bool {
        self.is_inside
    }

    /// The part that looking needs, once more.
    pub(crate) const fn looking(&self) -> ReadContext<'a, A> {
        self.read.again()
    }

    pub(crate) fn batch(&mut self) -> &mut Queue<EnvelopeOf<A>> {
        self.batch.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a turn inside this one needs of it.
    pub(crate) fn host(&mut self) -> Host<'_, A> {
        let ReadContext { cell, incarnation } = self.read;
        Host { cell, incarnation, batch: self.batch(), bag: None }
    }

    pub(crate) const fn cell(&self) -> &'a Arc<Cell<A>> {
        self.read.cell
    }

    /// Whether somebody waits for the reply of this turn.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.turn.mode()
    }

    /// The actors whose handlers wait for this turn, the outermost first: the chain of asks that led here.
    /// Whoever asks from outside of any actor is not in it, nor is one that has left meanwhile.
    #[must_use]
    pub fn callers(&self) -> Vec<ActorId> {
        let system = &self.read.cell.system;
        system.callers(here::note_calls(&system.waits))
    }

    /// A new source of chance, one that a seed can replay.
    #[must_use]
    pub fn rng(&self) -> Rng {
        self.read.cell.system.draw(&format!("actor {}", self.read.cell.id))
    }

    /// Ends the actor after this turn, whose reply is still delivered. Nothing more is let in.
    pub fn stop(&self) {
        life::stop_self(self.read.cell);
    }

    /// Whether the actor has been told to end, or to make room for its next incarnation. While it
    /// drains it has not.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.read.cell.signals().any(Signals::ORDERS)
    }

    /// Whether whoever asked waits no more: its time is up, or it has left. What is done from here on is
    /// done for nobody. In a tell, never.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.poll_abandoned(&mut TaskContext::from_waker(Waker::noop())).is_ready()
    }

    /// Waits until the turn is of no use any more, so that a long handler can finish early: the actor is
    /// told to stop, or whoever asked waits no more.
    ///
    /// Nothing is interrupted: a handler that does not look runs on, until the time for shutting down is
    /// over. One that leaves drops what it has asked itself, and so on down the chain of calls.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use ghostlight::{Actor, Context, Handler, Message, System};
    /// # #[derive(Message)] struct Listen;
    /// # #[derive(Actor)] #[actor(handles(Listen))] struct Radio;
    /// impl Handler<Listen> for Radio {
    ///     async fn handle(&mut self, _: Listen, cx: &mut Context<'_, Self>) {
    ///         cx.cancelled().await; // or beside something else, in a `select!`
    ///     }
    /// }
    /// # let system = System::new("docs");
    /// # let radio = system.spawn(Radio);
    /// # radio.try_tell(Listen).unwrap();
    /// # radio.stop();
    /// # system.block_on(radio.wait_stopped());
    /// ```
    ///
    /// # Cancel safety
    /// Nothing is lost by dropping it.
    pub async fn cancelled(&self) {
        poll_fn(|cx| {
            if self.is_stopping() || self.poll_abandoned(cx).is_ready() {
                return Poll::Ready(());
            }
            let mut inbox = self.read.cell.lock();
            inbox.watch(cx.waker());
            drop(inbox);
            // Looked at again: the order may have come before the waker was in place.
            if self.is_stopping() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    fn poll_abandoned(&self, cx: &mut TaskContext<'_>) -> Poll<()> {
        self.turn.poll_left(cx).unwrap_or_else(|| {
            let caller = self.read.cell.lock().rare.as_ref().and_then(|it| it.caller.clone());
            // Until it hands the turn over, a caller runs it, and waits.
            caller.and_then(|it| it.upgrade()).map_or(Poll::Pending, |it| it.poll_left(cx))
        })
    }

    /// Answers later: `keep` gets the right to answer, and the turn ends here. Await it as the last
    /// thing; what it seems to return never comes.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use ghostlight::{Actor, Context, Handler, Message, ReplyPort};
    /// # #[derive(Message)] #[message(reply = u32)] struct Ticket;
    /// # #[derive(Message)] struct Open;
    /// # struct BoxOffice { waiting: Vec<ReplyPort<u32>> }
    /// # impl Actor for BoxOffice { type Protocol = (Ticket, Open); }
    /// impl Handler<Ticket> for BoxOffice {
    ///     async fn handle(&mut self, _: Ticket, cx: &mut Context<'_, Self>) -> u32 {
    ///         cx.defer(|port| self.waiting.push(port)).await
    ///     }
    /// }
    ///
    /// impl Handler<Open> for BoxOffice {
    ///     async fn handle(&mut self, _: Open, _: &mut Context<'_, Self>) {
    ///         (1..).zip(self.waiting.drain(..)).for_each(|(number, port)| port.send(number));
    ///     }
    /// }
    /// ```
    ///
    /// # Panics
    /// If `R` is not what this message is answered with; returning it makes sure that it is.
    ///
    /// # Cancel safety
    /// `keep` is called at the first poll; dropped before that, the turn goes on.
    pub async fn defer<R: Send + 'static>(&mut self, keep: impl FnOnce(ReplyPort<R>)) -> R {
        // From here on the reply is in unknown hands.
        self.read.cell.system.waits.end(here::serves());
        keep(ReplyPort::to(self.take_asker()));
        self.leave().await
    }

    /// Hands the asker over to `other`: its answer, or its true error, becomes that of this
    /// message, and the turn ends here without waiting for it. A tell is passed on as a tell.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use ghostlight::{Actor, ActorRef, Context, Handler, Message};
    /// # #[derive(Message)] #[message(reply = i64)] struct Balance;
    /// # struct Account;
    /// # impl Actor for Account { type Protocol = (Balance,); }
    /// # impl Handler<Balance> for Account {
    /// #     async fn handle(&mut self, _: Balance, _: &mut Context<'_, Self>) -> i64 { 7 }
    /// # }
    /// # struct Teller { account: ActorRef<Account> }
    /// # impl Actor for Teller { type Protocol = (Balance,); }
    /// impl Handler<Balance> for Teller {
    ///     async fn handle(&mut self, ask: Balance, cx: &mut Context<'_, Self>) -> i64 {
    ///         cx.forward(&self.account, ask).await
    ///     }
    /// }
    /// ```
    ///
    /// # Panics
    /// If the reply of `M` is not that of the message being handled; returning it makes sure that
    /// it is.
    ///
    /// # Cancel safety
    /// Dropped before the message had room, it was not sent, and the asker hears that there is no
    /// reply.
    pub async fn forward<M: Message>(
        &mut self,
        other: &(impl Deliver<M> + ?Sized),
        message: M,
    ) -> M::Reply {
        let letter = match self.take_asker() {
            Some(asker) => match self.redirect_wait(other.place(), other.is_read()) {
                Ok(wait) => {
                    let budget = here::budget();
                    Letter::Ask(AskCell::relayed(message, asker, Purpose { wait, budget }))
                }
                Err(cycle) => {
                    asker.fail(AskError::Deadlock { cycle, message: None });
                    return self.leave().await;
                }
            },
            None => Letter::Tell(message),
        };
        let mut passing = Passing { to: other, letter: Some(letter), place: Place::default() };
        poll_fn(|cx| passing.poll(cx)).await;
        self.leave().await
    }

    /// The asker, if it is an actor, waits for the one at `place` from now on.
    fn redirect_wait(
        &self,
        place: Option<(&Arc<Shared>, ActorId)>,
        is_read: bool,
    ) -> Result<WaitId, Deadlock> {
        let system = &self.read.cell.system;
        let wait = here::note_calls(&system.waits);
        match place {
            Some((_, id)) => system.redirect_wait(wait, id, is_read)?,
            None => system.waits.end(wait),
        }
        Ok(wait)
    }

    /// Declares that this actor has failed. The asker, if any, hears of it, and what follows is
    /// what follows a panic. Await it as the last thing; what it seems to return never comes.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use ghostlight::{Actor, Context, Failure, Handler, Message};
    /// # #[derive(Message)] #[message(reply = u8)] struct Check;
    /// # struct Disk { is_torn: bool }
    /// # impl Actor for Disk { type Protocol = (Check,); }
    /// impl Handler<Check> for Disk {
    ///     async fn handle(&mut self, _: Check, cx: &mut Context<'_, Self>) -> u8 {
    ///         if self.is_torn {
    ///             return cx.fail(Failure::fatal("torn page")).await;
    ///         }
    ///         0
    ///     }
    /// }
    /// ```
    ///
    /// # Cancel safety
    /// Dropped before it was polled, nothing was declared.
    pub async fn fail<R>(&mut self, failure: impl Into<Failure>) -> R {
        self.turn.fail(failure.into());
        self.leave().await
    }

    /// Ends the turn here: whoever polls the handler drops it.
    pub(crate) async fn leave<R>(&self) -> R {
        let _leaving = Leaving::new(self.leaves);
        pending().await
    }

    /// Whether this is a hook, which handles no message.
    pub(crate) fn is_hook(&self) -> bool {
        self.turn.is_hook()
    }

    /// Takes out whoever waits for the reply of this turn, to be answered before it is over.
    pub(crate) fn release_asker<R: Send + 'static>(&mut self) -> Asker<R> {
        let asker = self.turn.asker().downcast_mut::<Asker<R>>();
        asker.map_or(Asker::Nobody, |it| std::mem::replace(it, Asker::Nobody))
    }

    fn take_asker<R: Send + 'static>(&mut self) -> Option<Arc<dyn Answers<R>>> {
        self.take_asker_or(|| AskCell::<Begun<R>>::running(here::purpose().watched_elsewhere()))
    }

    /// Takes out whoever waits for the reply. A caller that runs the turn itself will wait at what
    /// `make` makes.
    pub(crate) fn take_asker_or<R: Send + 'static>(
        &mut self,
        make: impl FnOnce() -> Arc<dyn Answers<R>>,
    ) -> Option<Arc<dyn Answers<R>>> {
        let asker = self.turn.asker().downcast_mut::<Asker<R>>();
        let asker = asker.expect("a reply is put off or passed on as the type it was asked for");
        match std::mem::replace(asker, Asker::Nobody) {
            Asker::Nobody | Asker::Hook => None,
            Asker::Waiting(waiting) => waiting.into_inner(),
            Asker::Caller => {
                let cell = make();
                *asker = Asker::Deferred(Arc::clone(&cell));
                Some(cell)
            }
            Asker::Deferred(cell) => {
                *asker = Asker::Deferred(Arc::clone(&cell));
                Some(cell)
            }
        }
    }
}

impl<'a, A: Actor> Deref for Context<'a, A> {
    type Target = ReadContext<'a, A>;

    /// What handlers and read handlers may both reach.
    fn deref(&self) -> &ReadContext<'a, A> {
        &self.read
    }
}

/// A message on its way from a handler to another actor.
struct Passing<'a, M: Message, T: Deliver<M> + ?Sized> {
    to: &'a T,
    letter: Option<Letter<M>>,
    place: Place,
}

impl<M: Message, T: Deliver<M> + ?Sized> Passing<'_, M, T> {
    fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<()> {
        let sent = self.to.poll_offer(&mut self.letter, Priority::Normal, &mut self.place, cx);
        if let Err(why) = ready!(sent) {
            match self.letter.take() {
                Some(Letter::Ask(ask)) => _ = ask.refuse(why),
                Some(Letter::Tell(message)) => self.to.bury(message, DeadReason::Stopped),
                None => {}
            }
        }
        Poll::Ready(())
    }
}

impl<M: Message, T: Deliver<M> + ?Sized> Drop for Passing<'_, M, T> {
    fn drop(&mut self) {
        if self.place.is_taken() && self.letter.is_some() {
            self.to.leave_line(&mut self.place);
        }
        if let Some(Letter::Ask(ask)) = &self.letter {
            ask.fail(AskError::NoReply);
        }
    }
}

/// A handler that waits to be dropped. One that gives that up, say in a `select!`, goes on.
struct Leaving<'a>(&'a AtomicBool);

impl<'a> Leaving<'a> {
    fn new(leaves: &'a AtomicBool) -> Self {
        // Relaxed: read by the poll that this is part of.
        leaves.store(true, Ordering::Relaxed);
        Self(leaves)
    }
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

impl<A: Actor> fmt::Debug for Context<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("id", &self.id()).finish_non_exhaustive()
    }
}

/// What a [`ReadHandler`](crate::ReadHandler) may reach, and every other handler too: what looking
/// needs.
pub struct ReadContext<'a, A: Actor> {
    cell: &'a Arc<Cell<A>>,
    incarnation: u32,
}

impl<'a, A: Actor> ReadContext<'a, A> {
    /// The same once more, for another read.
    pub(crate) const fn again(&self) -> Self {
        Self { cell: self.cell, incarnation: self.incarnation }
    }

    pub(crate) const fn cell(&self) -> &'a Arc<Cell<A>> {
        self.cell
    }

    /// A ref to this actor.
    #[must_use]
    pub fn me(&self) -> ActorRef<A> {
        ActorRef::of(self.cell)
    }

    /// The identity of this actor.
    #[must_use]
    pub fn id(&self) -> ActorId {
        self.cell.id
    }

    /// Its name, or the label of its kind.
    #[must_use]
    pub fn name(&self) -> &str {
        self.cell.name()
    }

    /// How often its state has been started afresh.
    #[must_use]
    pub const fn incarnation(&self) -> u32 {
        self.incarnation
    }

    /// The system it lives in.
    #[must_use]
    pub fn system(&self) -> System {
        System::of(&self.cell.system)
    }

    /// The clock of the system.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.cell.system.runtime.now()
    }

    /// Waits for `duration`.
    pub fn sleep(&self, duration: Duration) -> Sleep {
        self.cell.system.runtime.sleep(duration)
    }
}

impl<A: Actor> fmt::Debug for ReadContext<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadContext").field("id", &self.id()).finish_non_exhaustive()
    }
}

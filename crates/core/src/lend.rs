//! An actor that waits, and lets others in on the borrow it holds meanwhile.
//!
//! Rules:
//! 1. A handler gives its `&mut self` away for the length of one ask; what is let in runs on that. So
//!    the borrow checker proves that nothing it has borrowed of itself is used across the wait.
//! 2. Turns that are let in run one after another, each to its end, and before the wait goes on.
//! 3. One that fails takes the turn it runs in along: both have touched the same state.

use std::{
    any::type_name,
    future::poll_fn,
    mem,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context as TaskContext, Poll},
    time::Duration,
};

use ghostlight_rt::{BoxFuture, Instant};

use crate::{
    Actor, Ask, Asking, Context, Failure, Handler, Message, Outcome, Protocol, Scope, ScopeReport,
    ask::Asker,
    call::Bag,
    cell::Cell,
    core::{EnvelopeOf, Turn, fail},
    endpoint::Deliver,
    here::{self, Cause},
    hosting::Hosting,
    mailbox::{Inbox, Queue},
    protocol::{Letter, begin, unless_left},
    signal::Signals,
    waits::{Lends, WaitId, Waits},
};

/// After so many turns in a row others have their share.
const TURNS: u32 = 64;

/// Which messages a waiting actor lets in.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Admit {
    /// Asks that come of the very call it waits in, however many actors lie between. They overtake
    /// whatever else waits.
    #[default]
    CallChain,
    /// Every message, in the order of the mailbox.
    All,
}

impl<'a, A: Actor> Context<'a, A> {
    /// Lends the actor for the length of one ask: messages that are let in are handled meanwhile, on
    /// the borrow that this handler holds. Everything else stays where it is, in order.
    ///
    /// Without it nothing runs in between, and a call that comes back to this actor is refused as the
    /// deadlock it would be.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use ghostlight::{Actor, ActorRef, Context, Handler, Message, System};
    /// #[derive(Message)]
    /// #[message(reply = u32)]
    /// struct Total;
    ///
    /// #[derive(Message)]
    /// #[message(reply = u32)]
    /// struct Price;
    ///
    /// #[derive(Actor)]
    /// #[actor(handles(Total, Price))]
    /// struct Shop { tax: ActorRef<Tax>, price: u32 }
    ///
    /// impl Handler<Total> for Shop {
    ///     async fn handle(&mut self, _: Total, cx: &mut Context<'_, Self>) -> u32 {
    ///         let tax = self.tax.clone();
    ///         // Which asks back for the price.
    ///         let due = Due(cx.me());
    ///         self.price + cx.lend(self).ask(&tax, due).await.unwrap()
    ///     }
    /// }
    /// # #[derive(Message)]
    /// # #[message(reply = u32)]
    /// # struct Due(ActorRef<Shop>);
    /// # #[derive(Actor)]
    /// # #[actor(handles(Due))]
    /// # struct Tax;
    /// # impl Handler<Price> for Shop {
    /// #     async fn handle(&mut self, _: Price, _: &mut Context<'_, Self>) -> u32 { self.price }
    /// # }
    /// # impl Handler<Due> for Tax {
    /// #     async fn handle(&mut self, Due(shop): Due, _: &mut Context<'_, Self>) -> u32 {
    /// #         shop.ask(Price).await.unwrap() / 5
    /// #     }
    /// # }
    /// # let system = System::new("docs");
    /// # let tax = system.spawn(Tax);
    /// # let shop = system.spawn(Shop { tax, price: 100 });
    /// # assert_eq!(system.block_on(shop.ask(Total).into_future()).unwrap(), 120);
    /// ```
    pub const fn lend<'l>(&'l mut self, actor: &'l mut A) -> Lent<'l, 'a, A> {
        Lent { cx: self, actor, admit: Admit::CallChain }
    }
}

/// An actor that is about to be lent; made by [`Context::lend`].
#[must_use = "nothing is lent before something is asked"]
pub struct Lent<'l, 'a, A: Actor> {
    cx: &'l mut Context<'a, A>,
    actor: &'l mut A,
    admit: Admit,
}

impl<'l, 'a, A: Actor> Lent<'l, 'a, A> {
    /// Says what is let in; [`Admit::CallChain`] by default.
    pub const fn admit(mut self, admit: Admit) -> Self {
        self.admit = admit;
        self
    }

    /// Asks, as [`ActorRef::ask`](crate::ActorRef::ask) does, and lets messages in meanwhile.
    pub fn ask<'t, M, T>(self, target: &'t T, message: M) -> LentAsk<'l, 'a, 't, A, M, T>
    where
        M: Message,
        T: Deliver<M> + ?Sized,
    {
        let ask = Ask::new(target, message).queued().lending(self.admit.lends());
        LentAsk { lent: self, ask }
    }

    /// Waits for the tasks of `scope`, as [`Scope::join`] does, and lets messages in meanwhile: by default
    /// what its tasks ask, and what those ask for them.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use ghostlight::{Actor, Context, Handler, Message, System};
    /// # #[derive(Message)] #[message(reply = u32)] struct Audit;
    /// # #[derive(Message)] #[message(reply = u32)] struct Balance;
    /// # #[derive(Actor)] #[actor(handles(Audit, Balance))] struct Account { cents: u32 }
    /// # impl Handler<Balance> for Account {
    /// #     async fn handle(&mut self, _: Balance, _: &mut Context<'_, Self>) -> u32 { self.cents }
    /// # }
    /// impl Handler<Audit> for Account {
    ///     async fn handle(&mut self, _: Audit, cx: &mut Context<'_, Self>) -> u32 {
    ///         let (scope, me) = (cx.scope(), cx.me());
    ///         // A task of this very handler asks its actor.
    ///         let audit = scope.spawn(async move { me.ask(Balance).await });
    ///         cx.lend(self).join(&scope).await;
    ///         audit.join().await.unwrap().unwrap()
    ///     }
    /// }
    /// # let system = System::new("docs");
    /// # let account = system.spawn(Account { cents: 7 });
    /// # assert_eq!(system.block_on(account.ask(Audit).into_future()).unwrap(), 7);
    /// ```
    ///
    /// # Cancel safety
    /// As for [`Scope::join`]. A turn that was let in and has not ended is dropped where it stands; its asker
    /// hears of it.
    pub async fn join(self, scope: &Scope) -> ScopeReport {
        let Self { cx, actor, admit } = self;
        let lends = if admit == Admit::CallChain { Lends::Tasks } else { Lends::Everything };
        let waits = scope.note_waits(lends);
        let report = host(cx, actor, admit, Joining(scope)).await;
        drop(waits);
        report
    }
}

/// What an actor waits for while it is lent.
trait Awaited: Send {
    type Output;

    fn poll_over(&mut self, task: &mut TaskContext<'_>) -> Poll<Self::Output>;

    /// Whether the wait `asked` comes of this one.
    fn is_source_of(&self, asked: WaitId, waits: &Waits) -> bool;
}

impl<M: Message, T: Deliver<M> + ?Sized> Awaited for Asking<'_, M, T> {
    type Output = Outcome<M>;

    fn poll_over(&mut self, task: &mut TaskContext<'_>) -> Poll<Outcome<M>> {
        Pin::new(self).poll(task)
    }

    fn is_source_of(&self, asked: WaitId, waits: &Waits) -> bool {
        waits.is_called_by(asked, self.wait())
    }
}

/// The end of the tasks of a scope.
struct Joining<'s>(&'s Scope);

impl Awaited for Joining<'_> {
    type Output = ScopeReport;

    fn poll_over(&mut self, task: &mut TaskContext<'_>) -> Poll<ScopeReport> {
        self.0.poll_join(task)
    }

    fn is_source_of(&self, asked: WaitId, waits: &Waits) -> bool {
        waits.comes_of(asked, &self.0.nodes())
    }
}

impl Admit {
    const fn lends(self) -> Lends {
        match self {
            Self::CallChain => Lends::CallChain,
            Self::All => Lends::Everything,
        }
    }
}

/// An ask during which the actor is lent; made by [`Lent::ask`].
///
/// # Cancel safety
/// As for [`Ask`]. A turn that was let in and has not ended is dropped where it stands; its asker hears
/// of it.
#[must_use = "nothing is sent before this is awaited"]
pub struct LentAsk<'l, 'a, 't, A: Actor, M: Message, T: ?Sized> {
    lent: Lent<'l, 'a, A>,
    ask: Ask<'t, M, T>,
}

impl<A: Actor, M: Message, T: Deliver<M> + ?Sized> LentAsk<'_, '_, '_, A, M, T> {
    /// Waits for the reply no longer than `duration`; as [`Ask::within`].
    pub fn within(mut self, duration: Duration) -> Self {
        self.ask = self.ask.within(duration);
        self
    }

    /// Waits for the reply no longer than until `at`; as [`Ask::deadline`].
    pub fn deadline(mut self, at: Instant) -> Self {
        self.ask = self.ask.deadline(at);
        self
    }
}

impl<'l, 'a, 't, A, M, T> IntoFuture for LentAsk<'l, 'a, 't, A, M, T>
where
    'a: 'l,
    't: 'l,
    A: Actor,
    M: Message,
    T: Deliver<M> + ?Sized,
{
    type Output = Outcome<M>;
    type IntoFuture = BoxFuture<'l, Outcome<M>>;

    fn into_future(self) -> BoxFuture<'l, Outcome<M>> {
        let Self { lent: Lent { cx, actor, admit }, ask } = self;
        Box::pin(host(cx, actor, admit, ask.into_future()))
    }
}

/// What comes next for an actor that is lent.
enum Next<E, O> {
    Guest(E),
    Over(O),
}

/// Waits for something, and handles what is let in meanwhile.
async fn host<A: Actor, W: Awaited>(
    cx: &mut Context<'_, A>,
    actor: &mut A,
    admit: Admit,
    mut awaited: W,
) -> W::Output {
    let cell = cx.cell();
    let hosting = Hosting::new(cell);
    let mut in_a_row = 0;
    loop {
        let next = poll_fn(|task| {
            if let Poll::Ready(outcome) = awaited.poll_over(task) {
                return Poll::Ready(Next::Over(outcome));
            }
            if in_a_row == TURNS {
                in_a_row = 0;
                task.waker().wake_by_ref();
                return Poll::Pending;
            }
            // One that was told to stop still ends its turn, which waits for those.
            let is_stopping = cell.signals().any(Signals::STOP);
            let admit = if is_stopping { Admit::CallChain } else { admit };
            let guest = hosting.look(cx.batch(), task, |inbox, batch| {
                take_guest(cell, inbox, batch, admit, &awaited).map_or(Poll::Pending, Poll::Ready)
            });
            guest.map(Next::Guest)
        });
        let guest = match next.await {
            Next::Over(outcome) => return outcome,
            Next::Guest(guest) => guest,
        };
        in_a_row += 1;
        cell.begin_turn(&guest);
        let failure = A::Protocol::lend(guest, actor, cx.host()).await;
        if let Some(failure) = failure {
            return cx.fail(failure).await;
        }
    }
}

/// Takes out the next message that is let in.
fn take_guest<A: Actor>(
    cell: &Cell<A>,
    inbox: &mut Inbox<A>,
    batch: &mut Queue<EnvelopeOf<A>>,
    admit: Admit,
    awaited: &impl Awaited,
) -> Option<EnvelopeOf<A>> {
    match admit {
        Admit::All => {
            let handled = cell.handled.load(Ordering::Relaxed);
            inbox.refill(&cell.settings.mailbox, batch, handled);
            batch.pop_front()
        }
        Admit::CallChain => {
            let is_of_this_call = |it: &EnvelopeOf<A>| {
                awaited.is_source_of(A::Protocol::wait(it), &cell.system.waits)
            };
            batch.take_first(is_of_this_call).or_else(|| inbox.take_first(is_of_this_call))
        }
    }
}

/// The part of a turn that a turn inside it needs as well.
pub struct Host<'h, A: Actor> {
    pub(crate) cell: &'h Arc<Cell<A>>,
    pub(crate) incarnation: u32,
    pub(crate) batch: &'h mut Queue<EnvelopeOf<A>>,
    /// What goes along with the message, if that is told.
    pub(crate) bag: Option<Arc<Bag>>,
}

/// Handles a message inside another turn; its own has begun. Gives out the failure that was declared.
pub(crate) async fn serve_guest<A: Handler<M>, M: Message>(
    actor: &mut A,
    mut host: Host<'_, A>,
    letter: Letter<M>,
) -> Option<Failure> {
    let cell = host.cell;
    let cause = Cause { bag: host.bag.take(), ..Cause::NONE };
    let _serving = Serving(here::swap(cause));
    let _guest = cell.enter_guest(letter.guest());
    let (message, asker) = match begin(letter, Asker::Nobody) {
        Ok(begun) => begun,
        Err(skipped) => {
            cell.skip(skipped);
            return None;
        }
    };
    let leaves = AtomicBool::new(false);
    let mut turn = Turn { asker, failure: None };
    let reply = {
        let mut cx = Context::inside(host, &leaves, &mut turn);
        let mut handling = pin!(Handler::<M>::handle(actor, message, &mut cx));
        poll_fn(|task| unless_left(handling.as_mut().poll(task), &leaves)).await
    };
    let failure = turn.failure.take();
    if matches!(turn.asker, Asker::Waiting(_)) {
        cell.end_asker_wait();
    }
    match (reply, turn.asker) {
        (Some(reply), Asker::Waiting(asker)) => asker.answer(reply),
        (Some(reply), _) if M::is_error(&reply) => cell.unread_error::<M>(),
        (None, Asker::Waiting(asker)) => fail(asker, failure.as_ref()),
        (Some(_) | None, _) => {}
    }
    failure
}

/// Why the outer turn runs, which goes on when the inner one is over.
struct Serving(Cause);

impl Drop for Serving {
    fn drop(&mut self) {
        here::swap(mem::replace(&mut self.0, Cause::NONE));
    }
}

impl<A: Actor> std::fmt::Debug for Lent<'_, '_, A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lent").field("admit", &self.admit).finish_non_exhaustive()
    }
}

impl<A: Actor, M: Message, T: ?Sized> std::fmt::Debug for LentAsk<'_, '_, '_, A, M, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LentAsk")
            .field("message", &type_name::<M>())
            .field("admit", &self.lent.admit)
            .finish_non_exhaustive()
    }
}

//! What the tests share: one small actor in both forms, a gate to park handlers at, and waits that
//! say what they waited for.

use std::{
    future::poll_fn,
    marker::PhantomData,
    sync::{Arc, Mutex},
    task::Poll,
    time::Duration,
};

use ghostlight::{
    Actor, ActorId, ActorRef, Ask, Context, DeadLetter, DeadLetters, DeadReason, Failure, Handler,
    Message, Observer, Protocol, ReplyPort, StopReason, Subject, System,
};
use tokio::sync::Semaphore;

pub(crate) use crate::stage::rest;

/// A list that a test and its actors write to, and that outlives both.
#[derive(Debug)]
pub(crate) struct Log<T>(Arc<Mutex<Vec<T>>>);

impl<T> Log<T> {
    pub(crate) fn push(&self, item: T) {
        self.0.lock().expect("no test panics while it writes").push(item);
    }

    pub(crate) fn take(&self) -> Vec<T> {
        std::mem::take(&mut *self.0.lock().expect("no test panics while it writes"))
    }
}

impl<T: Clone> Log<T> {
    pub(crate) fn all(&self) -> Vec<T> {
        self.0.lock().expect("no test panics while it writes").clone()
    }
}

impl<T> Clone for Log<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Log<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

/// Where a handler waits until the test lets it go on.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    opened: Arc<Semaphore>,
    arrived: Arc<Semaphore>,
}

impl Gate {
    pub(crate) fn closed() -> Self {
        Self { opened: Arc::new(Semaphore::new(0)), arrived: Arc::new(Semaphore::new(0)) }
    }

    /// Lets everybody pass from now on.
    pub(crate) fn open(&self) {
        self.opened.add_permits(1_000_000);
    }

    /// Lets one pass.
    pub(crate) fn open_once(&self) {
        self.opened.add_permits(1);
    }

    pub(crate) async fn pass(&self) {
        self.arrived.add_permits(1);
        self.opened.acquire().await.expect("the gate is never taken away").forget();
    }

    /// Waits until somebody stands at the gate.
    pub(crate) async fn arrived(&self) {
        let arrived = soon("a handler at the gate", self.arrived.acquire()).await;
        arrived.expect("the gate is never taken away").forget();
    }
}

/// Whether an actor declares its protocol; every behaviour is the same with and without.
pub(crate) trait Form: Send + Sync + 'static + Sized {
    type Protocol: Protocol<Journal<Self>>;
}

pub(crate) struct Listed;
pub(crate) struct Plain;

impl Form for Listed {
    type Protocol = (Note, Hold, Add, Slow, Boom, Declare, Later, Halt);
}
impl Form for Plain {
    type Protocol = ();
}

/// An actor that writes down what it is told.
pub(crate) struct Journal<F> {
    log: Log<u64>,
    total: u64,
    form: PhantomData<fn() -> F>,
}

impl<F: Form> Journal<F> {
    pub(crate) fn new(log: &Log<u64>) -> Self {
        Self { log: log.clone(), total: 0, form: PhantomData }
    }
}

impl<F: Form> Actor for Journal<F> {
    type Protocol = F::Protocol;
}

/// Written down.
#[derive(Clone, Debug, Message, PartialEq)]
pub(crate) struct Note(pub(crate) u64);

/// Waits at the gate.
#[derive(Debug, Message)]
pub(crate) struct Hold(pub(crate) Gate);

/// Answered with the sum so far.
#[derive(Debug, Message, PartialEq)]
#[message(reply = u64)]
pub(crate) struct Add(pub(crate) u64);

/// Takes so many milliseconds, is then written down, and answered with the same number.
#[derive(Debug, Message, PartialEq)]
#[message(reply = u64)]
pub(crate) struct Slow(pub(crate) u64);

/// Panics.
#[derive(Debug, Message, PartialEq)]
#[message(reply = u64)]
pub(crate) struct Boom(pub(crate) &'static str);

/// Declares a failure.
#[derive(Debug, Message)]
#[message(reply = u64)]
pub(crate) struct Declare(pub(crate) &'static str);

/// Puts the answer off.
#[derive(Debug, Message)]
#[message(reply = u64)]
pub(crate) struct Later(pub(crate) Log<ReplyPort<u64>>);

/// Ends the actor, and is answered with 7.
#[derive(Debug, Message)]
#[message(reply = u64)]
pub(crate) struct Halt;

impl<F: Form> Handler<Note> for Journal<F> {
    async fn handle(&mut self, Note(n): Note, _: &mut Context<'_, Self>) {
        self.log.push(n);
    }
}
impl<F: Form> Handler<Hold> for Journal<F> {
    async fn handle(&mut self, Hold(gate): Hold, _: &mut Context<'_, Self>) {
        gate.pass().await;
    }
}
impl<F: Form> Handler<Add> for Journal<F> {
    async fn handle(&mut self, Add(n): Add, _: &mut Context<'_, Self>) -> u64 {
        self.total += n;
        self.total
    }
}
impl<F: Form> Handler<Slow> for Journal<F> {
    async fn handle(&mut self, Slow(n): Slow, cx: &mut Context<'_, Self>) -> u64 {
        cx.sleep(Duration::from_millis(n)).await;
        self.log.push(n);
        n
    }
}
impl<F: Form> Handler<Boom> for Journal<F> {
    async fn handle(&mut self, Boom(text): Boom, _: &mut Context<'_, Self>) -> u64 {
        panic!("{text}")
    }
}
impl<F: Form> Handler<Declare> for Journal<F> {
    async fn handle(&mut self, Declare(text): Declare, cx: &mut Context<'_, Self>) -> u64 {
        cx.fail(Failure::recoverable(text)).await
    }
}
impl<F: Form> Handler<Later> for Journal<F> {
    async fn handle(&mut self, Later(shelf): Later, cx: &mut Context<'_, Self>) -> u64 {
        cx.defer(|port| shelf.push(port)).await
    }
}
impl<F: Form> Handler<Halt> for Journal<F> {
    async fn handle(&mut self, _: Halt, cx: &mut Context<'_, Self>) -> u64 {
        cx.stop();
        7
    }
}

/// How an ask travels; nothing but the time it takes may depend on it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Path {
    OnCaller,
    Queued,
}

impl Path {
    pub(crate) const BOTH: [Self; 2] = [Self::OnCaller, Self::Queued];

    pub(crate) fn ask<A: Handler<M>, M: Message>(
        self,
        actor: &ActorRef<A>,
        message: M,
    ) -> Ask<'_, M, ActorRef<A>> {
        match self {
            Self::OnCaller => actor.ask(message),
            Self::Queued => actor.ask(message).queued(),
        }
    }
}

/// Parks the actor in a handler, until the gate is opened.
pub(crate) async fn park<A: Handler<Hold>>(actor: &ActorRef<A>) -> Gate {
    let gate = Gate::closed();
    actor.tell(Hold(gate.clone())).await.expect("a parked actor must have room for one more");
    gate.arrived().await;
    gate
}

/// Writes down each of its turns, and wants another at once.
pub(crate) async fn ticks(log: Log<String>) {
    poll_fn(|cx| {
        log.push("ticks".into());
        cx.waker().wake_by_ref();
        Poll::<()>::Pending
    })
    .await;
}

/// Waits for something that must come, and says so if it does not.
#[track_caller]
pub(crate) fn soon<T>(what: &str, future: impl IntoFuture<Output = T>) -> impl Future<Output = T> {
    let at = std::panic::Location::caller();
    async move {
        let waited = tokio::time::timeout(Duration::from_secs(60), future).await;
        waited.unwrap_or_else(|_| panic!("waited a minute, and there was still no {what} ({at})"))
    }
}

/// The end of an actor, which must come.
#[track_caller]
pub(crate) fn ended<A: Actor>(actor: &ActorRef<A>) -> impl Future<Output = StopReason> {
    soon("end of the actor", actor.wait_stopped())
}

/// The messages of type `M` among the dead letters so far, each with its reason.
pub(crate) fn dead<M: 'static>(letters: &mut DeadLetters) -> Vec<(M, DeadReason)> {
    let mut all = Vec::new();
    while let Some(letter) = letters.try_recv() {
        if let Some(message) = letter.take::<M>() {
            all.push((message, letter.reason));
        }
    }
    all
}

/// The dead notes so far, in order.
pub(crate) fn dead_notes(letters: &mut DeadLetters) -> Vec<u64> {
    dead::<Note>(letters).into_iter().map(|it| it.0.0).collect()
}

/// To be called whenever nothing is on its way.
#[track_caller]
pub(crate) fn assert_conserved(system: &System) {
    let counters = system.counters();
    assert!(counters.conserves(), "a message is counted twice or nowhere: {counters}");
}

/// An observer that writes everything down as text.
#[derive(Clone, Default)]
pub(crate) struct Witness(pub(crate) Log<String>);

impl Observer for Witness {
    fn dead_letter(&self, letter: &DeadLetter) {
        self.0.push(format!("dead letter: {}", letter.reason));
    }

    fn high_water(&self, _: Subject<'_>, depth: usize) {
        self.0.push(format!("high water: {depth}"));
    }

    fn failed(&self, _: Subject<'_>, failure: &Failure) {
        self.0.push(format!("failed: {failure}"));
    }

    fn unread_error(&self, _: Subject<'_>, message_type: &'static str) {
        let name = message_type.rsplit("::").next().unwrap_or(message_type);
        self.0.push(format!("unread error: {name}"));
    }

    fn stopped(&self, _: Subject<'_>, reason: &StopReason) {
        self.0.push(format!("stopped: {reason}"));
    }
}

/// A type whose values are counted while they live.
#[derive(Debug)]
pub(crate) struct Counted(Arc<()>);

impl Counted {
    pub(crate) fn new() -> (Self, Arc<()>) {
        let alive = Arc::new(());
        (Self(Arc::clone(&alive)), alive)
    }

    /// One more that is counted together with those.
    pub(crate) fn again(count: &Arc<()>) -> Self {
        Self(Arc::clone(count))
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// How many values share what [`Counted::new`] gave.
pub(crate) fn alive(count: &Arc<()>) -> usize {
    Arc::strong_count(count) - 1
}

/// An id that no system here gives out.
pub(crate) const ELSEWHERE: ActorId = ActorId::from_parts(0, 3, 1);

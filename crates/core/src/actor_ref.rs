//! Handles to actors.

use std::{
    fmt,
    future::poll_fn,
    hash::{Hash, Hasher},
    sync::{Arc, Weak},
    task::{Context as TaskContext, Poll},
    time::Duration,
};

use ghostlight_rt::Runtime;

use crate::{
    Actor, ActorId, Ask, Children, Counters, DeadReason, Endpoint, Handler, Message, Priority,
    Recipient, Refused, Status, StopReason, Tell, TellError,
    ask::Tried,
    budget::Budget,
    cell::Cell,
    endpoint::{
        Deliver, Patience,
        sealed::{Way, WeakWay},
    },
    life,
    mailbox::{Order, Place, Verb},
    member::Member,
    protocol::Letter,
    system::Shared,
    unreferenced::Keep,
    waits::{self, WaitFor},
};

/// A handle to an actor, wherever it is: send to it, watch it, end it.
///
/// Cloning is cheap; refs compare and hash by identity. Holding one keeps nothing running, and
/// dropping the last one stops nothing: an actor ends by itself, by order, or with its owner.
pub struct ActorRef<A: Actor>(Target<A>);

enum Target<A: Actor> {
    Here(Arc<Cell<A>>),
    /// What is rare stands behind one pointer, so that a ref has two words and sending one branch.
    Other(Arc<dyn Other<A>>),
}

/// A ref that is more than a pointer to a cell.
trait Other<A: Actor>: Send + Sync {
    /// The cell, or what stands for one.
    fn resolve(&self) -> Result<&Arc<Cell<A>>, &Arc<dyn Endpoint>>;
}

impl<A: Actor> Other<A> for Keep<A> {
    fn resolve(&self) -> Result<&Arc<Cell<A>>, &Arc<dyn Endpoint>> {
        Ok(self.cell())
    }
}

/// An actor that is not a cell in this process.
struct Elsewhere(Arc<dyn Endpoint>);

impl<A: Actor> Other<A> for Elsewhere {
    fn resolve(&self) -> Result<&Arc<Cell<A>>, &Arc<dyn Endpoint>> {
        Err(&self.0)
    }
}

impl<A: Actor> Target<A> {
    /// The cell, or what stands for one.
    #[inline]
    fn resolve(&self) -> Result<&Arc<Cell<A>>, &Arc<dyn Endpoint>> {
        match self {
            Self::Here(cell) => Ok(cell),
            Self::Other(other) => other.resolve(),
        }
    }
}

impl<A: Actor> ActorRef<A> {
    /// The first ref to a new actor.
    pub(crate) fn first(cell: &Arc<Cell<A>>) -> Self {
        if !cell.settings.ends_unreferenced {
            return Self(Target::Here(Arc::clone(cell)));
        }
        let keep = Arc::new(Keep::new(Arc::clone(cell)));
        cell.lock().kin().keep = Arc::downgrade(&keep);
        Self(Target::Other(keep))
    }

    /// Another ref to an actor.
    pub(crate) fn of(cell: &Arc<Cell<A>>) -> Self {
        if !cell.settings.ends_unreferenced {
            return Self(Target::Here(Arc::clone(cell)));
        }
        let keep = cell.lock().kin_if_any().and_then(|it| it.keep.upgrade());
        Self(keep.map_or_else(|| Target::Here(Arc::clone(cell)), |it| Target::Other(it)))
    }

    /// The actor of whatever type, or where it is.
    pub(crate) fn member(&self) -> Result<Arc<dyn Member>, &Arc<dyn Endpoint>> {
        self.0.resolve().map(|it| Arc::clone(it) as Arc<dyn Member>)
    }

    /// A ref to an actor that lives elsewhere, as far as `endpoint` can tell.
    #[must_use]
    pub fn from_endpoint(endpoint: Arc<dyn Endpoint>) -> Self {
        Self(Target::Other(Arc::new(Elsewhere(endpoint))))
    }

    /// The identity of the actor.
    #[must_use]
    pub fn id(&self) -> ActorId {
        match self.0.resolve() {
            Ok(cell) => cell.id,
            Err(endpoint) => endpoint.id(),
        }
    }

    /// Its name, or the label of its kind.
    #[must_use]
    pub fn name(&self) -> &str {
        match self.0.resolve() {
            Ok(cell) => cell.name(),
            Err(endpoint) => endpoint.name(),
        }
    }

    /// Sends a message; awaiting it waits only when the mailbox is full and lets senders wait.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use std::time::Duration;
    /// # use ghostlight::{Actor, Context, Handler, Message, System};
    /// # #[derive(Message)] struct Note(&'static str);
    /// # #[derive(Actor)] #[actor(handles(Note))] struct Diary;
    /// # impl Handler<Note> for Diary {
    /// #     async fn handle(&mut self, _: Note, _: &mut Context<'_, Self>) {}
    /// # }
    /// # let system = System::new("docs");
    /// # let diary = system.spawn(Diary);
    /// # system.block_on(async {
    /// diary.tell(Note("rain")).await?;
    /// diary.tell(Note("sun")).within(Duration::from_millis(10)).await?;
    /// # Ok::<_, ghostlight::TellError<Note>>(()) }).unwrap();
    /// ```
    #[inline]
    pub fn tell<M: Message>(&self, message: M) -> Tell<'_, M, Self>
    where
        A: Handler<M>,
    {
        Tell::new(self, message)
    }

    /// Sends a message if there is room now.
    ///
    /// # Errors
    /// Gives the message back if there is none, or the actor has ended.
    pub fn try_tell<M: Message>(&self, message: M) -> Result<(), TellError<M>>
    where
        A: Handler<M>,
    {
        Tell::new(self, message).now()
    }

    /// Sends a message whose reply is awaited, for 5 s unless something else is said.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use std::time::Duration;
    /// # use ghostlight::{Actor, Context, Handler, Message, System};
    /// # #[derive(Message)] #[message(reply = u32)] struct Count;
    /// # #[derive(Actor)] #[actor(handles(Count))] struct Diary;
    /// # impl Handler<Count> for Diary {
    /// #     async fn handle(&mut self, _: Count, _: &mut Context<'_, Self>) -> u32 { 2 }
    /// # }
    /// # let system = System::new("docs");
    /// # let diary = system.spawn(Diary);
    /// # system.block_on(async {
    /// let notes = diary.ask(Count).await?;
    /// let same = diary.ask(Count).within(Duration::from_millis(50)).await?;
    /// # assert_eq!((notes, same), (2, 2));
    /// # Ok::<_, ghostlight::AskError<Count>>(()) }).unwrap();
    /// ```
    pub fn ask<M: Message>(&self, message: M) -> Ask<'_, M, Self>
    where
        A: Handler<M>,
    {
        Ask::new(self, message)
    }

    /// The same actor, known by one of its messages alone.
    #[must_use]
    pub fn recipient<M: Message>(&self) -> Recipient<M>
    where
        A: Handler<M>,
    {
        Recipient::new(Way::<M>::again(self), self.id())
    }

    /// A ref that does not count as one, and is of no use once the actor has ended.
    #[must_use]
    pub fn downgrade(&self) -> WeakActorRef<A> {
        WeakActorRef(match self.0.resolve() {
            Ok(cell) => WeakTarget::Here(Arc::downgrade(cell), cell.id),
            Err(endpoint) => WeakTarget::Elsewhere(Arc::downgrade(endpoint), endpoint.id()),
        })
    }

    /// Whether the actor takes messages: true from spawning until it is told to end, or fails.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        match self.0.resolve() {
            Ok(cell) => cell.lock().is_open,
            Err(endpoint) => Endpoint::is_alive(&**endpoint),
        }
    }

    /// How many messages wait, exactly, with those that were set aside. Zero for an actor elsewhere.
    #[must_use]
    pub fn mailbox_len(&self) -> usize {
        self.cell().map_or(0, |it| it.lock().waiting(it.left()))
    }

    /// The greatest number of messages that ever waited, never above the capacity.
    ///
    /// Messages that are taken in one batch count until the batch is done, so it may be too high by
    /// at most those.
    #[must_use]
    pub fn mailbox_peak(&self) -> usize {
        self.cell().map_or(0, |it| it.lock().peak(&it.settings.mailbox))
    }

    /// Where the messages to this actor went, until it ended.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.cell().map_or_else(Counters::default, |it| it.counters())
    }

    /// How many refs and recipients there are. What the actor and its system hold does not count.
    #[must_use]
    pub fn strong_count(&self) -> usize {
        match &self.0 {
            Target::Here(cell) => cell.strong_count(),
            Target::Other(other) => Arc::strong_count(other),
        }
    }

    /// Where it stands in its life. An actor elsewhere runs, as far as anybody here can say.
    #[must_use]
    pub fn status(&self) -> Status {
        self.cell().map_or(Status::Running, |it| it.status())
    }

    /// The children of the actor, to list and to manage. An actor elsewhere shows none.
    #[must_use]
    pub fn children(&self) -> Children {
        Children::new(self.cell().map(|it| it.family()))
    }

    /// Ends the actor after the running turn. What waits becomes dead letters; waiting asks get
    /// their message back.
    ///
    /// A handler that takes longer than the shutdown deadline is cut at its next await.
    ///
    /// A permanent child is started again, and what waits is kept for that; until then it takes no
    /// messages. [`Children::remove`] ends it for good. So is any child whose incarnation its
    /// supervisor is replacing already, by hand or with its siblings: that was decided before.
    pub fn stop(&self) {
        self.order(Verb::Stop, StopReason::Stopped(None));
    }

    /// Ends the actor like [`stop`](Self::stop), with a word why.
    pub fn stop_because(&self, why: impl Into<Arc<str>>) {
        self.order(Verb::Stop, StopReason::Stopped(Some(why.into())));
    }

    /// Lets nothing more in, handles what was let in until it is done or `budget` is spent, and
    /// ends like [`stop`](Self::stop). An incarnation that fails or is being replaced handles nothing
    /// more: this is `stop`, then.
    pub fn drain(&self, budget: DrainBudget) {
        let order = Order {
            messages: budget.messages.unwrap_or(u64::MAX),
            time: budget.time,
            ..Order::new(Verb::Drain, StopReason::Stopped(None))
        };
        if let Some(cell) = self.cell() {
            life::order(cell, order);
        }
    }

    /// Drops the running handler at its next await and ends the actor, without `stopped`, and all its
    /// children in the same way.
    ///
    /// A permanent or transient child is started again, as after [`stop`](Self::stop).
    pub fn kill(&self) {
        self.order(Verb::Kill, StopReason::Killed);
    }

    /// Waits until the actor has ended for good: `stopped` has run, its state was dropped, what waited
    /// was reported, its names are free. Restarts are no end. Any number may wait, at any time, and get
    /// the same answer.
    ///
    /// Inside a handler, a wait that could never end is refused, with [`StopReason::Deadlock`]: the
    /// actor's own end, say, or that of one that waits for this one.
    ///
    /// # Cancel safety
    /// Nothing is lost by dropping it.
    pub async fn wait_stopped(&self) -> StopReason {
        let Some(cell) = self.cell() else { return StopReason::Lost };
        let mut wait = waits::Held::new(&cell.system, cell.id);
        poll_fn(|cx| match (cell.poll_ended(cx), &mut wait) {
            (Poll::Pending, wait) => match wait.begin(WaitFor::End) {
                Ok(()) => Poll::Pending,
                Err(cycle) => Poll::Ready(StopReason::Deadlock(cycle)),
            },
            (ended, _) => ended,
        })
        .await
    }

    /// Waits until the actor has started, or has ended without.
    ///
    /// # Errors
    /// Why it ended, if it did before it had started; or that this wait could never end, as for
    /// [`wait_stopped`](Self::wait_stopped).
    ///
    /// # Cancel safety
    /// Nothing is lost by dropping it.
    pub async fn wait_started(&self) -> Result<(), StopReason> {
        let Some(cell) = self.cell() else { return Ok(()) };
        let mut wait = waits::Held::new(&cell.system, cell.id);
        poll_fn(|cx| match (cell.poll_started(cx), &mut wait) {
            (Poll::Pending, wait) => match wait.begin(WaitFor::Start) {
                Ok(()) => Poll::Pending,
                Err(cycle) => Poll::Ready(Err(StopReason::Deadlock(cycle))),
            },
            (started, _) => started,
        })
        .await
    }

    fn order(&self, verb: Verb, reason: StopReason) {
        if let Some(cell) = self.cell() {
            life::order(cell, Order::new(verb, reason));
        }
    }

    pub(crate) fn cell(&self) -> Option<&Arc<Cell<A>>> {
        self.0.resolve().ok()
    }
}

/// How much a draining actor may still do; without a limit, everything.
///
/// ```
/// use std::time::Duration;
/// use ghostlight_core::DrainBudget;
///
/// let budget = DrainBudget::default().messages(500).time(Duration::from_secs(2));
/// # drop(budget);
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct DrainBudget {
    messages: Option<u64>,
    time: Option<Duration>,
}

impl DrainBudget {
    /// Handles at most so many messages more.
    pub const fn messages(mut self, n: u64) -> Self {
        self.messages = Some(n);
        self
    }

    /// Goes on for at most so long.
    pub const fn time(mut self, time: Duration) -> Self {
        self.time = Some(time);
        self
    }
}

impl<A: Handler<M>, M: Message> Deliver<M> for ActorRef<A> {}

impl<A: Handler<M>, M: Message> Way<M> for ActorRef<A> {
    fn try_on_caller(&self, message: &mut Option<M>, budget: Budget) -> Tried<M> {
        match self.0.resolve() {
            Ok(cell) => cell.try_on_caller(message, budget),
            Err(endpoint) => endpoint.try_on_caller(message, budget),
        }
    }

    #[inline]
    fn try_tell_plainly(&self, message: &mut Option<M>) -> bool {
        match self.0.resolve() {
            Ok(cell) => cell.tell(message),
            Err(endpoint) => endpoint.try_tell_plainly(message),
        }
    }

    fn offer(&self, letter: &mut Option<Letter<M>>, priority: Priority) -> Result<(), Refused> {
        match self.0.resolve() {
            Ok(cell) => Way::offer(cell, letter, priority),
            Err(endpoint) => endpoint.offer(letter, priority),
        }
    }

    fn poll_offer(
        &self,
        letter: &mut Option<Letter<M>>,
        priority: Priority,
        place: &mut Place,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Result<(), Refused>> {
        match self.0.resolve() {
            Ok(cell) => Way::poll_offer(cell, letter, priority, place, cx),
            Err(endpoint) => endpoint.poll_offer(letter, priority, place, cx),
        }
    }

    fn leave_line(&self, place: &mut Place) {
        match self.0.resolve() {
            Ok(cell) => Way::<M>::leave_line(cell, place),
            Err(endpoint) => Way::<M>::leave_line(endpoint, place),
        }
    }

    fn again(&self) -> Arc<dyn Way<M>> {
        match &self.0 {
            Target::Here(cell) => cell.again(),
            Target::Other(_) => Arc::new(self.clone()),
        }
    }

    fn weak(&self) -> Box<dyn WeakWay<M>> {
        match self.0.resolve() {
            Ok(cell) => cell.weak(),
            Err(endpoint) => endpoint.weak(),
        }
    }

    fn is_read(&self) -> bool {
        A::READS.is_some() && self.0.resolve().is_ok()
    }

    fn patience(&self) -> Patience {
        match self.0.resolve() {
            Ok(cell) => Way::<M>::patience(cell),
            Err(endpoint) => Way::<M>::patience(endpoint),
        }
    }

    fn place(&self) -> Option<(&Arc<Shared>, ActorId)> {
        match self.0.resolve() {
            Ok(cell) => Way::<M>::place(cell),
            Err(endpoint) => Way::<M>::place(endpoint),
        }
    }

    fn count_refused(&self) {
        match self.0.resolve() {
            Ok(cell) => Way::<M>::count_refused(cell),
            Err(endpoint) => Way::<M>::count_refused(endpoint),
        }
    }

    fn bury(&self, message: M, reason: DeadReason) {
        match self.0.resolve() {
            Ok(cell) => Way::bury(cell, message, reason),
            Err(endpoint) => Way::bury(endpoint, message, reason),
        }
    }

    fn runtime(&self) -> &Runtime {
        match self.0.resolve() {
            Ok(cell) => Way::<M>::runtime(cell),
            Err(endpoint) => Way::<M>::runtime(endpoint),
        }
    }

    fn is_alive(&self) -> bool {
        Self::is_alive(self)
    }
}

impl<A: Actor> Clone for ActorRef<A> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Target::Here(cell) => Target::Here(Arc::clone(cell)),
            Target::Other(other) => Target::Other(Arc::clone(other)),
        })
    }
}

impl<A: Actor> PartialEq for ActorRef<A> {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl<A: Actor> Eq for ActorRef<A> {}

impl<A: Actor> Hash for ActorRef<A> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id().hash(state);
    }
}

impl<A: Actor> fmt::Debug for ActorRef<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActorRef({} {})", self.name(), self.id())
    }
}

/// A ref that does not count as one.
pub struct WeakActorRef<A: Actor>(WeakTarget<A>);

enum WeakTarget<A: Actor> {
    Here(Weak<Cell<A>>, ActorId),
    Elsewhere(Weak<dyn Endpoint>, ActorId),
}

impl<A: Actor> WeakActorRef<A> {
    /// The identity of the actor.
    #[must_use]
    pub const fn id(&self) -> ActorId {
        match &self.0 {
            WeakTarget::Here(_, id) | WeakTarget::Elsewhere(_, id) => *id,
        }
    }

    /// A ref again, unless the actor has been told to end.
    #[must_use]
    pub fn upgrade(&self) -> Option<ActorRef<A>> {
        let actor = match &self.0 {
            WeakTarget::Here(cell, _) => ActorRef::of(&cell.upgrade()?),
            WeakTarget::Elsewhere(endpoint, _) => ActorRef::from_endpoint(endpoint.upgrade()?),
        };
        Some(actor).filter(ActorRef::is_alive)
    }
}

impl<A: Actor> Clone for WeakActorRef<A> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            WeakTarget::Here(cell, id) => WeakTarget::Here(Weak::clone(cell), *id),
            WeakTarget::Elsewhere(it, id) => WeakTarget::Elsewhere(Weak::clone(it), *id),
        })
    }
}

impl<A: Actor> PartialEq for WeakActorRef<A> {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl<A: Actor> Eq for WeakActorRef<A> {}

impl<A: Actor> Hash for WeakActorRef<A> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id().hash(state);
    }
}

impl<A: Actor> fmt::Debug for WeakActorRef<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WeakActorRef({})", self.id())
    }
}

//! The one place that an asker and its request share.
//!
//! Rules:
//! 1. The message of a queued ask lies in here, not in the queue. So the asker can take it back
//!    whole, at once, and exactly when it has not begun.
//! 2. The state only moves forward: `Queued` → `Running` → `Settled` → `Closed`, skipping at will.
//! 3. Nothing is woken and nothing of a user's is dropped under the lock.

use std::{
    any::Any,
    mem,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context as TaskContext, Poll, Waker},
};

use ghostlight_rt::Instant;

use crate::{
    AskError, Message, Refused,
    budget::Budget,
    call::{self, Bag},
    here::{self, Purpose},
    sync::lock,
    waits::WaitId,
};

/// The tick that never comes.
pub(crate) const NEVER: u32 = u32::MAX;

/// What becomes of an ask.
pub type Outcome<M> = Result<<M as Message>::Reply, AskError<M>>;

/// The meeting place of one asker and one request.
pub struct AskCell<M: Message> {
    state: Mutex<State<M>>,
    /// The tick of the system's coarse clock at which waiting ends by default.
    due: AtomicU32,
    /// When its asker stops waiting, if it said so.
    until: Option<Instant>,
    /// The wait of its asker, if that is an actor.
    wait: WaitId,
    /// What goes along.
    bag: Option<Arc<Bag>>,
}

enum State<M: Message> {
    Queued(M, Waiter<M>),
    /// With the handler, if that wants to know when the asker leaves.
    Running(Waiter<M>, Option<Waker>),
    Settled(Outcome<M>),
    /// The asker has its outcome, or has left.
    Closed,
    /// The asker left before the request began, and the message went with it.
    Withdrawn,
}

/// Why a request that was queued is not run after all.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Skipped {
    /// Its asker got the message back.
    Returned,
    /// The message is a dead letter.
    Dead,
}

/// A request that is not begun after all.
pub(crate) enum NotBegun<M> {
    Skipped(Skipped),
    /// It was passed on for an asker that has left; the message is nobody's.
    Orphaned(M),
}

/// Who is told.
enum Waiter<M: Message> {
    Nobody,
    Task(Waker),
    /// The asker of another request, whose answer this is.
    Relay(Arc<dyn Answers<M::Reply>>),
    /// The same for a request with the same message, which therefore gets even that back.
    Same(Arc<AskCell<M>>),
}

impl<M: Message> Waiter<M> {
    fn passing_on(to: Arc<dyn Answers<M::Reply>>) -> Self {
        match Arc::clone(&to).into_any().downcast::<AskCell<M>>() {
            Ok(same) => Self::Same(same),
            Err(_) => Self::Relay(to),
        }
    }

    /// Whether it is known that nobody waits any more.
    fn has_left(&self) -> bool {
        match self {
            Self::Relay(to) => !to.is_waiting(),
            Self::Same(to) => !to.is_waiting(),
            Self::Nobody | Self::Task(_) => false,
        }
    }
}

/// The answering end, known by the reply alone.
pub trait Answers<R>: Abandon {
    /// Gives the asker its reply.
    fn answer(&self, reply: R);

    /// Tells the asker that there will be none.
    fn fail(&self, error: AskError<()>);

    /// Whether anybody still waits.
    fn is_waiting(&self) -> bool;

    /// Whether nobody waits any more; until then the task of `cx` is told when that is so.
    fn poll_left(&self, cx: &mut TaskContext<'_>) -> Poll<()>;

    /// Lets the answer go to another asker, who has waited all along.
    fn relay(&self, to: Arc<dyn Answers<R>>);

    /// For whoever knows which message it was.
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

/// The answering end when not even the reply's type is known.
pub trait Abandon: Send + Sync {
    /// The wait of the asker, if that is an actor.
    fn wait(&self) -> WaitId;

    /// Tells the asker that there will be no reply.
    fn abandon(&self, error: AskError<()>);
}

/// The asking end when nothing about it is known: what a sweep for deadlines sees.
pub(crate) trait Expire: Send + Sync {
    /// Ends the wait if its time has come.
    fn expire_at(&self, tick: u32);
}

impl<M: Message> AskCell<M> {
    /// A request, with the task that is told of its outcome.
    pub(crate) fn queued(message: M, purpose: Purpose, waker: &Waker) -> Arc<Self> {
        Self::with(State::Queued(message, Waiter::Task(waker.clone())), purpose)
    }

    pub(crate) fn running(purpose: Purpose) -> Arc<Self> {
        Self::with(State::Running(Waiter::Nobody, None), purpose)
    }

    /// A request whose asker waits elsewhere, and is watched over there.
    pub(crate) fn relayed(
        message: M,
        to: Arc<dyn Answers<M::Reply>>,
        purpose: Purpose,
    ) -> Arc<Self> {
        Self::with(State::Queued(message, Waiter::Relay(to)), purpose.watched_elsewhere())
    }

    /// A request that begins anew, for the asker of one that had begun.
    pub(crate) fn again(
        message: M,
        asker: Arc<dyn Answers<M::Reply>>,
        purpose: Purpose,
    ) -> Arc<Self> {
        let waiter = match Waiter::passing_on(asker) {
            // However often it begins anew, there is one cell between it and its asker.
            Waiter::Same(earlier) => earlier.step_aside(),
            other => other,
        };
        Self::with(State::Queued(message, waiter), purpose.watched_elsewhere())
    }

    /// Whom a request that takes this one's place should answer.
    fn step_aside(self: Arc<Self>) -> Waiter<M> {
        let mut state = lock(&self.state);
        match mem::replace(&mut *state, State::Closed) {
            State::Running(waiter @ (Waiter::Relay(_) | Waiter::Same(_)), _) => waiter,
            other => {
                *state = other;
                drop(state);
                Waiter::Same(self)
            }
        }
    }

    fn with(state: State<M>, Purpose { wait, budget }: Purpose) -> Arc<Self> {
        let (state, due) = (Mutex::new(state), AtomicU32::new(budget.due));
        Arc::new(Self { state, due, until: budget.until(), wait, bag: call::get() })
    }

    /// The wait of its asker, if that is an actor.
    pub(crate) const fn wait(&self) -> WaitId {
        self.wait
    }

    /// Whom it is for, and how long that one waits.
    #[inline]
    fn purpose(&self) -> Purpose {
        let due = self.due.load(Ordering::Relaxed);
        Purpose { wait: self.wait, budget: Budget::new(self.until, due) }
    }

    /// The turn begins that it asks for.
    #[inline]
    pub(crate) fn serve(&self) {
        here::serve(self.purpose());
        call::replace(self.bag.clone());
    }

    /// Whether the system ends it at its deadline; otherwise its asker does.
    pub(crate) fn is_swept(&self) -> bool {
        // Relaxed: set once, before anybody else can look.
        self.due.load(Ordering::Relaxed) != NEVER
    }

    /// When its asker stops waiting, where that was asked for.
    pub(crate) const fn deadline(&self) -> Option<Instant> {
        self.until
    }

    /// Sets the tick at which waiting ends, for an ask that was not made with one.
    pub(crate) fn be_due(&self, tick: u32) {
        self.due.store(tick, Ordering::Relaxed);
    }

    /// Takes the message to run it, unless the asker has taken it back, or has left.
    pub(crate) fn begin(&self) -> Result<M, NotBegun<M>> {
        let mut state = lock(&self.state);
        match mem::replace(&mut *state, State::Closed) {
            State::Queued(message, waiter) => {
                if waiter.has_left() {
                    drop(state);
                    return Err(NotBegun::Orphaned(message));
                }
                *state = State::Running(waiter, None);
                Ok(message)
            }
            other => {
                let dead = matches!(other, State::Withdrawn);
                *state = other;
                let skipped = if dead { Skipped::Dead } else { Skipped::Returned };
                Err(NotBegun::Skipped(skipped))
            }
        }
    }

    /// The outcome, once there is one; until then the task of `cx` is told.
    pub(crate) fn poll_outcome(&self, cx: &mut TaskContext<'_>) -> Poll<Outcome<M>> {
        let mut state = lock(&self.state);
        match &mut *state {
            State::Queued(_, waiter) | State::Running(waiter, _) => {
                if !matches!(waiter, Waiter::Task(it) if it.will_wake(cx.waker())) {
                    let earlier = mem::replace(waiter, Waiter::Task(cx.waker().clone()));
                    drop(state);
                    drop(earlier);
                }
                Poll::Pending
            }
            State::Settled(_) | State::Closed | State::Withdrawn => {
                match mem::replace(&mut *state, State::Closed) {
                    State::Settled(outcome) => Poll::Ready(outcome),
                    _ => Poll::Ready(Err(AskError::Lost)),
                }
            }
        }
    }

    /// Leaves because time ran out: with the message if it has not begun, or with an outcome that
    /// was ready.
    pub(crate) fn give_up(&self) -> Outcome<M> {
        let state = mem::replace(&mut *lock(&self.state), State::Closed);
        match state {
            State::Queued(message, _) => Err(AskError::Deadline { message: Some(message) }),
            State::Running(_, handler) => {
                handler.into_iter().for_each(Waker::wake);
                Err(AskError::Deadline { message: None })
            }
            State::Closed | State::Withdrawn => Err(AskError::Deadline { message: None }),
            State::Settled(outcome) => outcome,
        }
    }

    /// Leaves because nobody wants the outcome any more: with the message if it has not begun.
    pub(crate) fn withdraw(&self) -> Option<M> {
        let mut state = lock(&self.state);
        let earlier = mem::replace(&mut *state, State::Closed);
        if matches!(earlier, State::Queued(..)) {
            *state = State::Withdrawn;
        }
        drop(state);
        match earlier {
            State::Queued(message, _) => Some(message),
            State::Running(_, handler) => {
                handler.into_iter().for_each(Waker::wake);
                None
            }
            State::Settled(_) | State::Closed | State::Withdrawn => None,
        }
    }

    /// Gives the message of a request back that was begun on the way elsewhere, and not taken.
    pub(crate) fn hand_back(&self, why: Refused, message: M) {
        self.settle(Err(AskError::Refused { why, message: Some(message) }));
    }

    /// Takes the message if it has not begun, and whoever it was passed on for has left.
    pub(crate) fn take_orphan(&self) -> Option<M> {
        let mut state = lock(&self.state);
        match mem::replace(&mut *state, State::Closed) {
            State::Queued(message, waiter) if waiter.has_left() => {
                drop(state);
                Some(message)
            }
            other => {
                *state = other;
                None
            }
        }
    }

    /// Ends a request that has not begun: the message goes back to the asker.
    pub(crate) fn refuse(&self, why: Refused) -> Result<(), Skipped> {
        self.end_unbegun(|message| AskError::Refused { why, message: Some(message) })
    }

    fn end_unbegun(&self, error: impl FnOnce(M) -> AskError<M>) -> Result<(), Skipped> {
        let mut state = lock(&self.state);
        match mem::replace(&mut *state, State::Closed) {
            State::Queued(message, waiter) => {
                self.conclude(state, waiter, Err(error(message)));
                Ok(())
            }
            other => {
                let dead = matches!(other, State::Withdrawn);
                *state = other;
                Err(if dead { Skipped::Dead } else { Skipped::Returned })
            }
        }
    }

    fn settle(&self, outcome: Outcome<M>) {
        let mut state = lock(&self.state);
        match mem::replace(&mut *state, State::Closed) {
            State::Queued(_, waiter) => self.conclude(state, waiter, outcome),
            State::Running(waiter, handler) => {
                let is_over = outcome.is_ok();
                self.conclude(state, waiter, outcome);
                // An answer is the handler's own doing.
                handler.filter(|_| !is_over).into_iter().for_each(Waker::wake);
            }
            // The asker has left, or the first outcome stands; this one is dropped unlocked.
            earlier @ (State::Settled(_) | State::Closed | State::Withdrawn) => {
                *state = earlier;
                drop(state);
                drop(outcome);
            }
        }
    }

    /// Puts the outcome where the waiter finds it, and tells it.
    fn conclude(
        &self,
        mut state: MutexGuard<'_, State<M>>,
        waiter: Waiter<M>,
        outcome: Outcome<M>,
    ) {
        match waiter {
            Waiter::Relay(to) => {
                drop(state);
                pass_on(outcome, &*to);
            }
            Waiter::Same(to) => {
                drop(state);
                to.settle(outcome);
            }
            Waiter::Nobody => *state = State::Settled(outcome),
            Waiter::Task(waker) => {
                *state = State::Settled(outcome);
                drop(state);
                waker.wake();
            }
        }
    }
}

fn pass_on<M: Message>(outcome: Outcome<M>, to: &dyn Answers<M::Reply>) {
    match outcome {
        Ok(reply) => to.answer(reply),
        Err(error) => to.fail(error.without_message()),
    }
}

impl<M: Message> Answers<M::Reply> for AskCell<M> {
    fn answer(&self, reply: M::Reply) {
        self.settle(Ok(reply));
    }

    fn fail(&self, error: AskError<()>) {
        self.settle(Err(error.without_message()));
    }

    fn is_waiting(&self) -> bool {
        match &*lock(&self.state) {
            State::Queued(_, waiter) | State::Running(waiter, _) => !waiter.has_left(),
            State::Settled(_) | State::Closed | State::Withdrawn => false,
        }
    }

    fn poll_left(&self, cx: &mut TaskContext<'_>) -> Poll<()> {
        let mut state = lock(&self.state);
        let elsewhere: Arc<dyn Answers<M::Reply>> = match &mut *state {
            State::Running(Waiter::Relay(to), _) => Arc::clone(to),
            State::Running(Waiter::Same(to), _) => Arc::clone(to) as _,
            State::Running(Waiter::Nobody | Waiter::Task(_), handler) => {
                // One that only looks keeps nobody else from being told.
                let told = (!cx.waker().will_wake(Waker::noop())).then(|| cx.waker().clone());
                let earlier = told.and_then(|it| handler.replace(it));
                drop(state);
                drop(earlier);
                return Poll::Pending;
            }
            State::Queued(..) => return Poll::Pending,
            State::Settled(_) | State::Closed | State::Withdrawn => return Poll::Ready(()),
        };
        drop(state);
        elsewhere.poll_left(cx)
    }

    fn relay(&self, to: Arc<dyn Answers<M::Reply>>) {
        let mut state = lock(&self.state);
        match mem::replace(&mut *state, State::Closed) {
            State::Queued(message, _) => *state = State::Queued(message, Waiter::passing_on(to)),
            State::Running(_, handler) => {
                *state = State::Running(Waiter::passing_on(to), handler);
            }
            State::Settled(outcome) => self.conclude(state, Waiter::passing_on(to), outcome),
            State::Closed | State::Withdrawn => {}
        }
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

impl<M: Message> Abandon for AskCell<M> {
    fn wait(&self) -> WaitId {
        self.wait
    }

    fn abandon(&self, error: AskError<()>) {
        self.settle(Err(error.without_message()));
    }
}

impl<M: Message> Expire for AskCell<M> {
    fn expire_at(&self, tick: u32) {
        if tick < self.due.load(Ordering::Relaxed) {
            return;
        }
        let unbegun = self.end_unbegun(|it| AskError::Deadline { message: Some(it) });
        if unbegun.is_err() {
            self.settle(Err(AskError::Deadline { message: None }));
        }
    }
}

/// Stands in for a message that is already being handled, when only its reply is still awaited.
pub struct Begun<R>(std::marker::PhantomData<fn() -> R>);

#[diagnostic::do_not_recommend]
impl<R: Send + 'static> Message for Begun<R> {
    type Reply = R;
}

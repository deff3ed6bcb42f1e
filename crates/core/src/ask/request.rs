//! Asking: sending, and awaiting the reply.

use std::{
    any::type_name,
    fmt,
    future::IntoFuture,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context as TaskContext, Poll, ready},
    time::Duration,
};

use ghostlight_rt::{Instant, Sleep};

use super::{
    caller::Tried,
    cell::{AskCell, Begun, NEVER, Outcome},
};
use crate::{
    AskError, DeadReason, Message, Priority,
    budget::{Budget, NO_END},
    endpoint::{Deliver, Patience},
    here::{self, Purpose},
    mailbox::Place,
    protocol::Letter,
    tell::Limit,
    waits::{self, Lends, WaitFor, WaitId, Wanted},
};

/// A message about to be asked; made by `ask`. Nothing is sent before it is awaited.
///
/// An actor that is idle handles it on the calling thread, where that changes nothing but the
/// time it takes.
///
/// # Cancel safety
/// If dropped before it returns, a request that has not begun never runs: one that was let in is a
/// dead letter, one that still waited for room was not sent. One that has begun runs on, and its
/// reply is dropped.
#[must_use = "nothing is sent before this is awaited"]
pub struct Ask<'a, M: Message, T: ?Sized> {
    target: &'a T,
    message: M,
    options: Options,
}

#[derive(Clone, Copy)]
struct Options {
    limit: Option<Limit>,
    priority: Priority,
    is_queued: bool,
    is_afresh: bool,
    lends: Lends,
}

impl<'a, M: Message, T: Deliver<M> + ?Sized> Ask<'a, M, T> {
    pub(crate) const fn new(target: &'a T, message: M) -> Self {
        let options = Options {
            limit: None,
            priority: Priority::Normal,
            is_queued: false,
            is_afresh: false,
            lends: Lends::Nothing,
        };
        Self { target, message, options }
    }

    /// Waits for the reply no longer than `duration`; [`Duration::MAX`] is for ever.
    ///
    /// By default the message type decides, then the actor, then the system: 5 s. Inside a handler it is
    /// never longer than its own asker waits; see [`afresh`](Self::afresh).
    pub const fn within(mut self, duration: Duration) -> Self {
        self.options.limit = Some(Limit::Within(duration));
        self
    }

    /// Waits for the reply no longer than until `at`.
    pub const fn deadline(mut self, at: Instant) -> Self {
        self.options.limit = Some(Limit::Until(at));
        self
    }

    /// How urgent it is; [`Priority::Normal`] by default.
    pub const fn priority(mut self, priority: Priority) -> Self {
        self.options.priority = priority;
        self
    }

    /// Never handles it on the calling thread: for a fan-out whose parts should run side by side.
    pub const fn queued(mut self) -> Self {
        self.options.is_queued = true;
        self
    }

    /// Has a deadline of its own, though whoever waits for the turn that asks waits no longer than that
    /// one: for work that is worth doing all the same. By default the shorter of both holds.
    pub const fn afresh(mut self) -> Self {
        self.options.is_afresh = true;
        self
    }

    /// The asking actor lets such messages in meanwhile.
    pub(crate) const fn lending(mut self, lends: Lends) -> Self {
        self.options.lends = lends;
        self
    }

    /// Asks from a thread that no runtime uses, blocking it until the reply.
    ///
    /// # Errors
    /// As when awaited.
    ///
    /// # Panics
    /// Inside an async task: a worker that blocks can hold up the very actor it waits for.
    pub fn blocking(self) -> Outcome<M> {
        let runtime = self.target.runtime().clone();
        runtime.block_on(self.into_future())
    }
}

impl<'a, M: Message, T: Deliver<M> + ?Sized> IntoFuture for Ask<'a, M, T> {
    type Output = Outcome<M>;
    type IntoFuture = Asking<'a, M, T>;

    fn into_future(self) -> Asking<'a, M, T> {
        let Self { target, message, options } = self;
        let (timer, wait) = (None, WaitId::NONE);
        Asking { target, options, timer, wait, state: State::Unsent(message) }
    }
}

/// An ask that is being awaited; made by awaiting an [`Ask`].
///
/// # Cancel safety
/// As for [`Ask`].
#[must_use = "futures do nothing unless awaited"]
pub struct Asking<'a, M: Message, T: Deliver<M> + ?Sized> {
    target: &'a T,
    options: Options,
    timer: Option<Sleep>,
    /// That the turn which asks waits, if one does.
    wait: WaitId,
    state: State<M>,
}

enum State<M: Message> {
    Unsent(M),
    /// Stands in line for room.
    InLine(Arc<AskCell<M>>, Place),
    Sent(Arc<AskCell<M>>),
    /// The turn is over and its reply was put off.
    Deferred(Arc<AskCell<Begun<M::Reply>>>),
    Over,
}

/// The message is never pinned.
impl<M: Message, T: Deliver<M> + ?Sized> Unpin for Asking<'_, M, T> {}

impl<M: Message, T: Deliver<M> + ?Sized> Future for Asking<'_, M, T> {
    type Output = Outcome<M>;

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Outcome<M>> {
        let this = self.get_mut();
        if matches!(this.state, State::Unsent(_)) {
            if !this.options.is_queued && this.target.runtime().poll_proceed(cx).is_pending() {
                this.options.is_queued = this.target.runtime().queues_after_yield();
                return Poll::Pending;
            }
            if let Some(outcome) = this.send(cx) {
                return Poll::Ready(outcome);
            }
        }
        let polled = this.poll_reply(cx);
        if polled.is_ready() {
            this.end_wait();
        }
        polled
    }
}

impl<M: Message, T: Deliver<M> + ?Sized> Asking<'_, M, T> {
    fn poll_reply(&mut self, cx: &mut TaskContext<'_>) -> Poll<Outcome<M>> {
        let outcome = match &self.state {
            State::InLine(..) => {
                // Whoever has just been let in knows already that there is no answer yet.
                return match self.poll_room(cx) {
                    Some(outcome) => Poll::Ready(outcome),
                    None => self.poll_limit(cx),
                };
            }
            State::Sent(cell) => cell.poll_outcome(cx),
            State::Deferred(cell) => {
                cell.poll_outcome(cx).map(|it| it.map_err(AskError::without_message))
            }
            State::Unsent(_) | State::Over => Poll::Pending,
        };
        match outcome {
            Poll::Ready(outcome) => {
                self.state = State::Over;
                Poll::Ready(outcome)
            }
            Poll::Pending => self.poll_limit(cx),
        }
    }

    /// The wait of the turn that asks, if one does.
    pub(crate) const fn wait(&self) -> WaitId {
        self.wait
    }

    /// The turn that asks waits no longer.
    fn end_wait(&mut self) {
        if !self.wait.is_none() {
            waits::end(self.target.place(), &mut self.wait);
        }
    }

    /// Runs the request here and now, or gets it ready to be queued.
    fn send(&mut self, cx: &TaskContext<'_>) -> Option<Outcome<M>> {
        let State::Unsent(message) = mem::replace(&mut self.state, State::Over) else {
            return None;
        };
        let Ok(budget) = self.budget() else {
            self.target.count_refused();
            return Some(Err(AskError::Deadline { message: Some(message) }));
        };
        let mut message = Some(message);
        if !self.options.is_queued {
            match self.target.try_on_caller(&mut message, budget) {
                Tried::NotNow => {}
                Tried::Answered(reply) => return Some(Ok(reply)),
                Tried::Failed(failure) => return Some(Err(AskError::Failed(failure))),
                Tried::Running(cell, wait) => {
                    self.wait = wait;
                    self.state = State::Sent(cell);
                    return None;
                }
                Tried::Deferred(cell, wait) => {
                    self.wait = wait;
                    self.state = State::Deferred(cell);
                    return None;
                }
            }
        }
        let message = message.expect("taken only by a turn that ran");
        let wanted = Wanted {
            what: WaitFor::Reply,
            message_type: type_name::<M>(),
            is_read: self.target.is_read(),
            lends: self.options.lends,
        };
        match waits::begin(self.target.place(), wanted) {
            Ok(wait) => self.wait = wait,
            Err(cycle) => {
                self.target.count_refused();
                return Some(Err(AskError::Deadlock { cycle, message: Some(message) }));
            }
        }
        let cell = AskCell::queued(message, Purpose { wait: self.wait, budget }, cx.waker());
        self.state = State::InLine(cell, Place::default());
        None
    }

    /// How long the reply is waited for: no longer than the turn that asks has itself.
    ///
    /// # Errors
    /// If that time is over.
    #[inline]
    fn budget(&mut self) -> Result<Budget, ()> {
        if self.options.limit.is_none()
            && here::budget() == Budget::NONE
            && let Patience::Until(due) = self.target.patience()
        {
            return Ok(Budget { until: NO_END, due });
        }
        self.limited()
    }

    /// The same where there is more than the default deadline to look at.
    ///
    /// # Errors
    /// If that time is over.
    fn limited(&mut self) -> Result<Budget, ()> {
        let given = self.given();
        let mut budget = Budget { until: NO_END, due: given.due };
        if self.options.limit.is_none() {
            let patience = self.target.patience();
            if let Patience::For(duration) = patience {
                self.options.limit = Some(Limit::Within(duration));
            }
            budget.due = budget.due.min(patience.due());
        }
        let limit = self.options.limit.filter(|it| !it.is_endless());
        if limit.is_none() && given.until().is_none() {
            return Ok(budget);
        }
        let runtime = self.target.runtime();
        budget.until = limit.map_or(NO_END, |it| it.instant(runtime)).min(given.until);
        self.options.limit = Some(Limit::Until(budget.until));
        let is_over = given.until().is_some_and(|it| it <= runtime.now());
        if is_over { Err(()) } else { Ok(budget) }
    }

    /// How long the turn has that asks, unless this ask is to have time of its own.
    fn given(&self) -> Budget {
        if self.options.is_afresh {
            return Budget::NONE;
        }
        let mut given = here::budget();
        // Ticks mean something in their own system only.
        if given.due != NEVER && !here::is_of(self.target.place()) {
            given.due = NEVER;
        }
        given
    }

    fn poll_room(&mut self, cx: &mut TaskContext<'_>) -> Option<Outcome<M>> {
        let State::InLine(cell, place) = &mut self.state else { return None };
        // Woken in the line: perhaps because its time is over.
        if place.is_taken()
            && let Poll::Ready(outcome) = cell.poll_outcome(cx)
        {
            self.target.leave_line(place);
            self.state = State::Over;
            return Some(outcome);
        }
        let mut letter = Some(Letter::Ask(Arc::clone(cell)));
        match self.target.poll_offer(&mut letter, self.options.priority, place, cx) {
            Poll::Pending => None,
            Poll::Ready(Ok(())) => {
                if let State::InLine(cell, _) = mem::replace(&mut self.state, State::Over) {
                    self.state = State::Sent(cell);
                }
                None
            }
            Poll::Ready(Err(why)) => {
                let message = cell.withdraw();
                self.state = State::Over;
                Some(Err(AskError::Refused { why, message }))
            }
        }
    }

    fn poll_limit(&mut self, cx: &mut TaskContext<'_>) -> Poll<Outcome<M>> {
        let Some(limit) = self.options.limit else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| limit.timer(self.target.runtime()));
        ready!(Pin::new(timer).poll(cx));
        Poll::Ready(match mem::replace(&mut self.state, State::Over) {
            State::InLine(cell, mut place) => {
                self.target.leave_line(&mut place);
                cell.give_up()
            }
            State::Sent(cell) => cell.give_up(),
            State::Deferred(cell) => cell.give_up().map_err(AskError::without_message),
            State::Unsent(message) => Err(AskError::Deadline { message: Some(message) }),
            State::Over => Err(AskError::Deadline { message: None }),
        })
    }
}

impl<M: Message, T: Deliver<M> + ?Sized> Drop for Asking<'_, M, T> {
    fn drop(&mut self) {
        self.end_wait();
        match mem::replace(&mut self.state, State::Over) {
            // Never let in: the message simply goes with the future, and the place to the next.
            State::InLine(_, mut place) if place.is_taken() => self.target.leave_line(&mut place),
            State::Sent(cell) => {
                if let Some(message) = cell.withdraw() {
                    self.target.bury(message, DeadReason::Withdrawn);
                }
            }
            State::Deferred(cell) => drop(cell.withdraw()),
            State::InLine(..) | State::Unsent(_) | State::Over => {}
        }
    }
}

impl<M: Message, T: ?Sized> fmt::Debug for Ask<'_, M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ask").field("queued", &self.options.is_queued).finish_non_exhaustive()
    }
}

impl<M: Message, T: Deliver<M> + ?Sized> fmt::Debug for Asking<'_, M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asking").field("queued", &self.options.is_queued).finish_non_exhaustive()
    }
}

//! Asking an actor how well it is, and what can be seen of one that does not answer.
//!
//! Rules:
//! 1. Only the owner of the core asks the actor: whoever checks, while the core rests; the actor's
//!    task otherwise, between two turns.
//! 2. The clock is read when somebody checks, and never for a message: what is known of an actor
//!    that is stuck is since when nobody who looked has seen it do anything.

use std::{
    fmt,
    future::IntoFuture,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, atomic::Ordering},
    task::{Context as TaskContext, Poll, Waker},
    time::Duration,
};

use ghostlight_rt::{Instant, Sleep};

use crate::{
    Actor, ActorRef, Ended, Failure, Health,
    cell::Cell,
    core::Core,
    kin::Kin,
    mailbox::{Inbox, Overflow, Stage},
    signal::Signals,
    sync::lock,
};

/// How long an actor has to say how it is, where the call does not say.
const PATIENCE: Duration = Duration::from_secs(1);

/// A look at how well an actor is; made by [`ActorRef::health`]. Nothing is done before it is
/// awaited.
///
/// # Cancel safety
/// Nothing is lost by dropping it.
#[must_use = "nothing is asked before this is awaited"]
pub struct HealthCheck<'a, A: Actor> {
    actor: &'a ActorRef<A>,
    patience: Duration,
}

impl<A: Actor> ActorRef<A> {
    /// How well the actor is: what [`Actor::health`] says, or what can be seen of one that does not
    /// come to say it within 1 s.
    ///
    /// The actor is asked between two turns, before all messages that wait; one that has nothing to
    /// do is asked on the calling thread. Whoever is stuck in a handler is unhealthy without having
    /// been asked. It is no message, and counted nowhere.
    ///
    /// | the actor | its health |
    /// |---|---|
    /// | comes to say it in time | what it says; unhealthy if it panics |
    /// | is in one turn all the time, or has not started | unhealthy: how long that is known, how much waits, and for how long the oldest does |
    /// | waits for its next incarnation | degraded |
    /// | has ended | unhealthy, with the reason |
    /// | is elsewhere | degraded: it is not known |
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use std::time::Duration;
    /// use ghostlight::{Actor, Health, System};
    ///
    /// struct Disk { free: u64 }
    /// impl Actor for Disk {
    ///     type Protocol = ();
    ///
    ///     fn health(&self) -> Health {
    ///         if self.free == 0 { Health::unhealthy("no space is left") } else { Health::Healthy }
    ///     }
    /// }
    ///
    /// let system = System::new("storage");
    /// let (good, full) = (system.spawn(Disk { free: 7 }), system.spawn(Disk { free: 0 }));
    /// system.block_on(async {
    ///     assert!(good.health().await.is_healthy());
    ///     let health = full.health().within(Duration::from_millis(25)).await;
    ///     assert_eq!(health.to_string(), "unhealthy: no space is left");
    /// });
    /// ```
    pub const fn health(&self) -> HealthCheck<'_, A> {
        HealthCheck { actor: self, patience: PATIENCE }
    }
}

impl<A: Actor> HealthCheck<'_, A> {
    /// How long the actor has to say how it is; 1 s by default.
    pub const fn within(mut self, duration: Duration) -> Self {
        self.patience = duration;
        self
    }
}

impl<'a, A: Actor> IntoFuture for HealthCheck<'a, A> {
    type Output = Health;
    type IntoFuture = CheckingHealth<'a, A>;

    fn into_future(self) -> CheckingHealth<'a, A> {
        CheckingHealth { actor: self.actor, patience: self.patience, waiting: None }
    }
}

/// A look that is being awaited; made by awaiting a [`HealthCheck`].
///
/// # Cancel safety
/// Nothing is lost by dropping it.
#[must_use = "futures do nothing unless awaited"]
pub struct CheckingHealth<'a, A: Actor> {
    actor: &'a ActorRef<A>,
    patience: Duration,
    waiting: Option<Waiting>,
}

struct Waiting {
    question: Arc<Question>,
    timer: Sleep,
    /// How many messages had been handled when the question was put.
    handled: u64,
}

/// A question that waits for the actor to answer it.
#[derive(Default)]
pub(crate) struct Question(Mutex<Answering>);

#[derive(Default)]
struct Answering {
    answer: Option<Health>,
    waker: Option<Waker>,
}

/// What is kept of an actor that was busy when somebody looked; made when that happens first.
#[derive(Default)]
pub(crate) struct Checkup {
    asked: Vec<Arc<Question>>,
    seen: Option<Seen>,
}

/// How many messages an actor had handled when somebody first saw that many.
#[derive(Clone, Copy)]
struct Seen {
    handled: u64,
    since: Instant,
    /// Something waited already then; and is waiting still, unless it was dropped for a newer one.
    had_waiting: bool,
}

impl<A: Actor> Future for CheckingHealth<'_, A> {
    type Output = Health;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Health> {
        let this = &mut *self;
        let Some(cell) = this.actor.cell() else {
            return Poll::Ready(Health::degraded("elsewhere: unknown"));
        };
        let waiting = match &mut this.waiting {
            Some(waiting) => waiting,
            none => {
                if let Some(health) = ask_if_idle(cell) {
                    return Poll::Ready(health);
                }
                none.insert(put_question(cell, this.patience))
            }
        };
        if let Some(health) = waiting.question.poll(cx) {
            return Poll::Ready(health);
        }
        if let Stage::Gone(end) = &cell.lock().stage {
            return Poll::Ready(ended(end));
        }
        let timer = Pin::new(&mut waiting.timer);
        timer.poll(cx).map(|()| from_outside(cell, waiting.handled, this.patience))
    }
}

impl<A: Actor> Drop for CheckingHealth<'_, A> {
    fn drop(&mut self) {
        if let (Some(waiting), Some(cell)) = (&self.waiting, self.actor.cell())
            && let Some(checkup) = cell.lock().checkup()
        {
            checkup.asked.retain(|it| !Arc::ptr_eq(it, &waiting.question));
        }
    }
}

impl Question {
    fn poll(&self, cx: &TaskContext<'_>) -> Option<Health> {
        let mut answering = lock(&self.0);
        let answer = answering.answer.take();
        if answer.is_none() {
            answering.waker = Some(cx.waker().clone());
        }
        answer
    }

    fn answer(&self, health: Health) {
        let mut answering = lock(&self.0);
        answering.answer = Some(health);
        let waker = answering.waker.take();
        drop(answering);
        waker.into_iter().for_each(Waker::wake);
    }
}

impl<A: Actor> Inbox<A> {
    fn checkup(&mut self) -> Option<&mut Checkup> {
        self.kin_if_any()?.checkup.as_deref_mut()
    }
}

/// Asks an actor that has nothing to do, or says how it ended. One that has something to do answers
/// from its own task: whoever asks again and again must not keep that from running.
fn ask_if_idle<A: Actor>(cell: &Arc<Cell<A>>) -> Option<Health> {
    let mut inbox = cell.lock();
    if let Stage::Gone(end) = &inbox.stage {
        return Some(ended(end));
    }
    let core = inbox.take_idle()?;
    drop(inbox);
    let health = cell.system.runtime.within(|| ask(&core));
    let inbox = cell.lock();
    let is_idle = inbox.is_empty() && !cell.signals().any(Signals::ALL);
    cell.lay_down(inbox, core, is_idle);
    Some(health)
}

/// Asks the actor itself.
fn ask<A: Actor>(core: &Core<A>) -> Health {
    let health = catch_unwind(AssertUnwindSafe(|| core.actor.health()));
    health.unwrap_or_else(|payload| Health::unhealthy(Failure::panicked(&*payload).to_string()))
}

/// Leaves a question for whoever has the core.
fn put_question<A: Actor>(cell: &Arc<Cell<A>>, patience: Duration) -> Waiting {
    let runtime = &cell.system.runtime;
    let (now, timer) = (runtime.now(), runtime.sleep(patience));
    let question = Arc::<Question>::default();
    let handled = cell.handled.load(Ordering::Relaxed);
    let mut inbox = cell.lock();
    let keeps_oldest = cell.settings.mailbox.overflow() != Overflow::DropOldest;
    let had_waiting = keeps_oldest && inbox.waiting(cell.left()) > 0;
    let checkup = inbox.kin().checkup.get_or_insert_default();
    checkup.asked.push(Arc::clone(&question));
    if checkup.seen.is_none_or(|it| it.handled != handled) {
        checkup.seen = Some(Seen { handled, since: now, had_waiting });
    }
    inbox.be_careful();
    cell.signals().raise(Signals::URGENT);
    let wake = inbox.wake_if_idle();
    drop(inbox);
    cell.wake(wake);
    Waiting { question, timer, handled }
}

/// Answers the questions that wait. For the owner of the core, between two turns.
pub(crate) fn answer<'a, A: Actor>(
    cell: &'a Cell<A>,
    core: &Core<A>,
    mut inbox: MutexGuard<'a, Inbox<A>>,
) -> MutexGuard<'a, Inbox<A>> {
    while let Some(checkup) = inbox.checkup().filter(|it| !it.asked.is_empty()) {
        let asked = mem::take(&mut checkup.asked);
        drop(inbox);
        let health = ask(core);
        asked.iter().for_each(|it| it.answer(health.clone()));
        inbox = cell.lock();
    }
    inbox
}

/// Whom to wake because nobody is left to answer.
pub(crate) fn dismiss<A: Actor>(kin: &mut Kin<A>) -> Vec<Waker> {
    let asked = kin.checkup.take().map(|it| it.asked).unwrap_or_default();
    asked.iter().filter_map(|it| lock(&it.0).waker.take()).collect()
}

/// What can be seen of an actor that did not answer in time, and had handled so many when asked.
fn from_outside<A: Actor>(cell: &Cell<A>, handled: u64, patience: Duration) -> Health {
    let now = cell.system.runtime.now();
    let mut inbox = cell.lock();
    if let Stage::Gone(end) = &inbox.stage {
        return ended(end);
    }
    let waiting = match inbox.waiting(cell.left()) {
        1 => "1 message waits".to_owned(),
        n => format!("{n} messages wait"),
    };
    if inbox.kin_if_any().is_some_and(|it| it.is_restarting) {
        return Health::degraded(format!("restarting, {waiting}"));
    }
    if !inbox.has_started {
        return Health::unhealthy(format!("not started after {patience:.1?}, {waiting}"));
    }
    let has_moved = cell.handled.load(Ordering::Relaxed) != handled;
    let seen = inbox.checkup().and_then(|it| it.seen).filter(|_| !has_moved);
    Health::unhealthy(match seen {
        Some(Seen { since, had_waiting, .. }) => {
            let time = now - since;
            let age = if had_waiting { ", the oldest for as long" } else { "" };
            format!("no progress for at least {time:.1?}, {waiting}{age}")
        }
        // The turn it is in began when the question had been put.
        None => format!("no answer within {patience:.1?}, {waiting}"),
    })
}

fn ended(end: &Ended) -> Health {
    Health::unhealthy(format!("ended: {}", end.reason))
}

impl<A: Actor> fmt::Debug for HealthCheck<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HealthCheck").field("actor", self.actor).finish_non_exhaustive()
    }
}

impl<A: Actor> fmt::Debug for CheckingHealth<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckingHealth").field("actor", self.actor).finish_non_exhaustive()
    }
}

//! The task of an actor: it takes the core, runs turns until there is a reason to stop, and lays
//! the core down again.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context as TaskContext, Poll, Waker},
    time::Duration,
};

use ghostlight_rt::{BoxFuture, Instant, Sleep};

use crate::{
    Actor, Failure, Protocol, StopReason,
    ask::Parked,
    cell::Cell,
    core::Core,
    life,
    mailbox::{Stage, Verb},
    protocol::Turns,
    run::{self, Ran, cut, run},
    signal::Signals,
};

/// The most messages between two looks at the clock.
const LARGEST_CHUNK: u32 = 64;

/// The task of an actor.
pub(crate) struct Runner<A: Actor> {
    cell: Arc<Cell<A>>,
    phase: Phase<A>,
    /// When a running turn or hook is cut, once the actor was told to stop.
    grace: Option<Sleep>,
    /// When draining becomes stopping.
    drain: Option<Sleep>,
}

enum Phase<A: Actor> {
    Creating(BoxFuture<'static, Result<A, Failure>>),
    /// `started` runs; at first with the core still outside.
    Starting(Turns, Option<Box<Core<A>>>),
    /// Nothing is held: the core is in the cell.
    Serving,
    /// A handler awaits something, with the core inside.
    Suspended(Turns, Option<Arc<dyn Parked<A>>>),
    /// `stopped` runs.
    Stopping(Turns, Option<Box<Core<A>>>, StopReason),
    Done,
}

/// What a step of the task comes to.
enum Step {
    Again,
    Wait,
    Yield,
    Done,
}

impl<A: Actor> Runner<A> {
    fn new(cell: Arc<Cell<A>>, phase: Phase<A>) -> Self {
        Self { cell, phase, grace: None, drain: None }
    }

    pub(crate) fn serving(cell: Arc<Cell<A>>) -> Self {
        Self::new(cell, Phase::Serving)
    }

    pub(crate) fn starting(cell: Arc<Cell<A>>, core: Box<Core<A>>) -> Self {
        Self::new(cell, Phase::Starting(Box::pin(run::started::<A>()), Some(core)))
    }

    pub(crate) fn creating(
        cell: Arc<Cell<A>>,
        state: BoxFuture<'static, Result<A, Failure>>,
    ) -> Self {
        Self::new(cell, Phase::Creating(state))
    }

    fn step(&mut self, cx: &mut TaskContext<'_>) -> Step {
        match mem::replace(&mut self.phase, Phase::Done) {
            Phase::Creating(state) => self.create(state, cx),
            Phase::Starting(hook, core) => self.start(hook, core, cx),
            Phase::Serving => self.take_core(cx),
            Phase::Suspended(turns, parked) => self.resume(turns, parked, cx),
            Phase::Stopping(hook, core, reason) => self.stop(hook, core, reason, cx),
            Phase::Done => Step::Done,
        }
    }

    /// Builds the state.
    fn create(
        &mut self,
        mut state: BoxFuture<'static, Result<A, Failure>>,
        cx: &mut TaskContext<'_>,
    ) -> Step {
        let seen = self.cell.signals().all();
        if seen.has(Signals::STOP) || seen.has(Signals::KILL) || seen.has(Signals::DRAIN) {
            let reason = self.ordered_reason();
            return self.end(None, reason);
        }
        let polled = catch_unwind(AssertUnwindSafe(|| state.as_mut().poll(cx)));
        let failure = match polled {
            Ok(Poll::Pending) => {
                self.phase = Phase::Creating(state);
                return self.wait(seen, cx);
            }
            Ok(Poll::Ready(Ok(actor))) => {
                let core = Core::new(actor, Arc::clone(&self.cell), 0);
                self.phase = Phase::Starting(Box::pin(run::started::<A>()), Some(core));
                return Step::Again;
            }
            Ok(Poll::Ready(Err(failure))) => failure,
            Err(payload) => Failure::panicked(&*payload),
        };
        self.cell.report(&failure);
        self.end(None, StopReason::StartFailed(failure))
    }

    /// Runs `started`.
    fn start(
        &mut self,
        hook: Turns,
        core: Option<Box<Core<A>>>,
        cx: &mut TaskContext<'_>,
    ) -> Step {
        let seen = self.cell.signals().all();
        if seen.has(Signals::KILL) || self.is_out_of_grace(cx) {
            let core = core.unwrap_or_else(|| cut(hook));
            let reason = self.ordered_reason();
            return self.end(Some(core), reason);
        }
        let (core, failure) = match run(core, hook, cx) {
            Ran::Suspended(hook) => {
                self.phase = Phase::Starting(hook, None);
                return self.wait(seen, cx);
            }
            Ran::Back(mut core, _) => {
                let failure = core.failure.take();
                (core, failure)
            }
            Ran::Panicked(core, failure) => (core, Some(failure)),
        };
        if let Some(failure) = failure {
            self.cell.report(&failure);
            return self.end(Some(core), StopReason::StartFailed(failure));
        }
        let mut inbox = self.cell.lock();
        inbox.has_started = true;
        let watchers = inbox.take_watchers();
        drop(inbox);
        watchers.into_iter().for_each(Waker::wake);
        self.serve(core, None, cx)
    }

    /// Takes the core from where it rests.
    fn take_core(&mut self, cx: &mut TaskContext<'_>) -> Step {
        let mut inbox = self.cell.lock();
        if let Some((turns, parked)) = inbox.rare.as_mut().and_then(|it| it.handed.take()) {
            drop(inbox);
            return self.resume(turns, Some(parked), cx);
        }
        match mem::replace(&mut inbox.stage, Stage::Out) {
            Stage::Resting(core, turns) => {
                inbox.idle = false;
                drop(inbox);
                self.serve(core, turns, cx)
            }
            Stage::Gone => {
                inbox.stage = Stage::Gone;
                Step::Done
            }
            // A caller runs a turn; when it lays the core down it wakes this task if need be.
            stage @ (Stage::Out | Stage::Unborn) => {
                inbox.stage = stage;
                inbox.waker = Some(cx.waker().clone());
                self.phase = Phase::Serving;
                Step::Wait
            }
        }
    }

    /// Runs turns until there is nothing to do, or others must have their share.
    fn serve(
        &mut self,
        core: Box<Core<A>>,
        turns: Option<Turns>,
        cx: &mut TaskContext<'_>,
    ) -> Step {
        let turns = turns.unwrap_or_else(|| Box::pin(A::Protocol::turns()));
        let mut shift = Shift::new(core, turns, self.cell.settings.throughput);
        loop {
            if let Some(reason) = self.ending(&mut shift.core, cx) {
                return self.begin_stop(shift.core, reason);
            }
            shift = match look_around(&self.cell, shift, cx) {
                Looked::ToDo(shift) => shift,
                Looked::AtRest(step) => {
                    self.phase = Phase::Serving;
                    return step;
                }
            };
            let allowed = shift.core.run;
            match run(Some(shift.core), shift.turns, cx) {
                Ran::Back(core, turns) => (shift.core, shift.turns) = (core, turns),
                Ran::Suspended(turns) => {
                    self.phase = Phase::Suspended(turns, None);
                    return self.wait(self.cell.signals().all(), cx);
                }
                Ran::Panicked(core, failure) => {
                    self.cell.report(&failure);
                    return self.begin_stop(core, StopReason::Failed(failure));
                }
            }
            shift.note(allowed - shift.core.run, &self.cell);
        }
    }

    /// Goes on with a turn that was suspended.
    fn resume(
        &mut self,
        turns: Turns,
        parked: Option<Arc<dyn Parked<A>>>,
        cx: &mut TaskContext<'_>,
    ) -> Step {
        let seen = self.cell.signals().all();
        if seen.has(Signals::KILL) || self.is_out_of_grace(cx) {
            let core = cut(turns);
            parked.into_iter().for_each(|it| it.lose(None));
            let reason = self.ordered_reason();
            return self.begin_stop(core, reason);
        }
        match run(None, turns, cx) {
            Ran::Suspended(turns) => {
                self.phase = Phase::Suspended(turns, parked);
                self.wait(seen, cx)
            }
            Ran::Panicked(core, failure) => {
                parked.into_iter().for_each(|it| it.lose(Some(failure.clone())));
                self.cell.report(&failure);
                self.begin_stop(core, StopReason::Failed(failure))
            }
            Ran::Back(mut core, turns) => {
                if let Some(parked) = parked {
                    core.keeps_answer = false;
                    let answer = mem::take(&mut core.answer);
                    match core.failure.clone() {
                        Some(failure) => parked.lose(Some(failure)),
                        None => parked.settle(answer),
                    }
                }
                self.serve(core, Some(turns), cx)
            }
        }
    }

    /// Why the actor must end now, if it must.
    fn ending(&mut self, core: &mut Core<A>, cx: &mut TaskContext<'_>) -> Option<StopReason> {
        if let Some(failure) = core.failure.take() {
            self.cell.report(&failure);
            return Some(StopReason::Failed(failure));
        }
        let seen = self.cell.signals().all();
        if seen.has(Signals::KILL) || seen.has(Signals::STOP) {
            return Some(self.ordered_reason());
        }
        if seen.has(Signals::DRAIN) && self.is_drained(core, cx) {
            return Some(self.ordered_reason());
        }
        None
    }

    fn is_drained(&mut self, core: &Core<A>, cx: &mut TaskContext<'_>) -> bool {
        let mut inbox = self.cell.lock();
        let is_empty = core.batch.is_empty() && inbox.is_empty();
        let Some(order) = &inbox.rare().order else { return true };
        let (messages, time) = (order.messages, order.time);
        drop(inbox);
        is_empty || messages == 0 || self.is_out_of_drain(time, cx)
    }

    /// Whether the time for draining is over; without a limit it never is.
    fn is_out_of_drain(&mut self, time: Option<Duration>, cx: &mut TaskContext<'_>) -> bool {
        let Some(time) = time else { return false };
        let runtime = &self.cell.system.runtime;
        let drain = self.drain.get_or_insert_with(|| runtime.sleep(time));
        Pin::new(drain).poll(cx).is_ready()
    }

    fn ordered_reason(&self) -> StopReason {
        let mut inbox = self.cell.lock();
        match &inbox.rare().order {
            Some(order) => order.reason.clone(),
            None => StopReason::Normal,
        }
    }

    fn is_killed(&self) -> bool {
        let mut inbox = self.cell.lock();
        inbox.rare().order.as_ref().is_some_and(|it| it.verb == Verb::Kill)
    }

    /// Whether a running turn or hook has had its time, once the actor was told to stop.
    fn is_out_of_grace(&mut self, cx: &mut TaskContext<'_>) -> bool {
        if self.cell.signals().any(Signals::DRAIN) {
            let time = self.cell.lock().rare().order.as_ref().and_then(|it| it.time);
            if !self.is_out_of_drain(time, cx) {
                return false;
            }
        } else if !self.cell.signals().any(Signals::STOP) {
            return false;
        }
        let budget = self.cell.settings.shutdown;
        let runtime = &self.cell.system.runtime;
        let grace = self.grace.get_or_insert_with(|| runtime.sleep(budget));
        Pin::new(grace).poll(cx).is_ready()
    }

    /// Closes the door and runs `stopped`, unless the actor was killed.
    fn begin_stop(&mut self, core: Box<Core<A>>, reason: StopReason) -> Step {
        let senders = self.cell.lock().close();
        senders.into_iter().for_each(Waker::wake);
        if self.is_killed() {
            return self.end(Some(core), reason);
        }
        if !run::has_stopped_hook::<A>() {
            let core = life::run_empty_hook(core, &reason);
            return self.end(Some(core), reason);
        }
        let hook = Box::pin(run::stopped::<A>(reason.clone()));
        self.phase = Phase::Stopping(hook, Some(core), reason);
        Step::Again
    }

    /// Runs `stopped`.
    fn stop(
        &mut self,
        hook: Turns,
        core: Option<Box<Core<A>>>,
        reason: StopReason,
        cx: &mut TaskContext<'_>,
    ) -> Step {
        let seen = self.cell.signals().all();
        let budget = self.cell.settings.shutdown;
        let runtime = &self.cell.system.runtime;
        let grace = self.grace.get_or_insert_with(|| runtime.sleep(budget));
        if seen.has(Signals::KILL) || Pin::new(grace).poll(cx).is_ready() {
            let core = core.unwrap_or_else(|| cut(hook));
            return self.end(Some(core), reason);
        }
        match run(core, hook, cx) {
            Ran::Back(core, _) => self.end(Some(core), reason),
            Ran::Panicked(core, failure) => {
                self.cell.report(&failure);
                self.end(Some(core), reason)
            }
            Ran::Suspended(hook) => {
                self.phase = Phase::Stopping(hook, None, reason);
                self.wait(seen, cx)
            }
        }
    }

    fn end(&mut self, core: Option<Box<Core<A>>>, reason: StopReason) -> Step {
        self.phase = Phase::Done;
        life::finish(&self.cell, core, reason);
        Step::Done
    }

    /// Waits to be woken, unless a signal has come that was not `seen` yet.
    fn wait(&self, seen: Signals, cx: &TaskContext<'_>) -> Step {
        let mut inbox = self.cell.lock();
        inbox.waker = Some(cx.waker().clone());
        let senders = inbox.admit_senders(&self.cell.settings.mailbox, self.cell.left());
        let is_news = self.cell.signals().any(Signals::ALL.without(seen).without(Signals::URGENT));
        drop(inbox);
        senders.into_iter().for_each(Waker::wake);
        if is_news { Step::Again } else { Step::Wait }
    }
}

/// One stretch of turns, within one poll of the task.
struct Shift<A: Actor> {
    core: Box<Core<A>>,
    turns: Turns,
    /// How many messages may still be handled before others have their share.
    share: u32,
    /// When the first chunk ended.
    since: Option<Instant>,
    /// How many turns the last run took.
    ran: u32,
}

/// What a look around comes to.
enum Looked<A: Actor> {
    /// There are messages in the batch, and turns may run.
    ToDo(Shift<A>),
    /// The core was laid down.
    AtRest(Step),
}

impl<A: Actor> Shift<A> {
    fn new(core: Box<Core<A>>, turns: Turns, share: u32) -> Self {
        Self { core, turns, share, since: None, ran: 0 }
    }

    /// Notes that so many turns have run.
    ///
    /// Looks at the clock once a chunk, and makes chunks as long as fit the time.
    fn note(&mut self, ran: u32, cell: &Cell<A>) {
        self.ran = ran;
        self.share -= ran;
        if self.share == 0 || ran < self.core.chunk {
            return;
        }
        let now = cell.system.runtime.now();
        let is_spent = self.since.is_some_and(|it| cell.settings.quantum <= now - it);
        self.since.get_or_insert(now);
        if is_spent {
            self.share = 0;
            self.core.chunk = (self.core.chunk / 2).max(1);
        } else {
            self.core.chunk = (self.core.chunk * 2).min(LARGEST_CHUNK);
        }
    }
}

/// Fills the batch, or lays the core down: one lock for both.
fn look_around<A: Actor>(cell: &Cell<A>, shift: Shift<A>, cx: &mut TaskContext<'_>) -> Looked<A> {
    let Shift { mut core, turns, share, since, ran } = shift;
    let options = &cell.settings.mailbox;
    let mut inbox = cell.lock();
    let allowed = inbox.note_ran(ran);
    let run = inbox.refill(options, &mut core.batch);
    cell.left.store(core.batch.len(), Ordering::Relaxed);
    let senders = inbox.admit_senders(options, core.batch.len());
    let is_urgent = inbox.is_urgent();
    if !is_urgent {
        cell.signals().lower(Signals::URGENT);
    }
    if run == 0 {
        if core.is_calm() {
            inbox.shrink();
        }
        inbox.waker = Some(cx.waker().clone());
        inbox.rest(core, Some(turns), true);
    } else if share == 0 {
        inbox.rest(core, Some(turns), false);
    } else {
        core.heed = if is_urgent { Signals::ORDERS } else { Signals::ORDERS_AND_URGENT };
        core.run = run.min(share).min(core.chunk).min(allowed);
        drop(inbox);
        senders.into_iter().for_each(Waker::wake);
        return Looked::ToDo(Shift { core, turns, share, since, ran: 0 });
    }
    drop(inbox);
    senders.into_iter().for_each(Waker::wake);
    Looked::AtRest(if run == 0 { Step::Wait } else { Step::Yield })
}

impl<A: Actor> Future for Runner<A> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<()> {
        loop {
            match self.step(cx) {
                Step::Again => {}
                Step::Wait => return Poll::Pending,
                Step::Yield => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Step::Done => return Poll::Ready(()),
            }
        }
    }
}

/// Nothing in the task is pinned in place: what needs it is boxed.
impl<A: Actor> Unpin for Runner<A> {}

impl<A: Actor> Drop for Runner<A> {
    /// A task that is dropped before its actor has ended takes the actor along.
    fn drop(&mut self) {
        let core = match mem::replace(&mut self.phase, Phase::Done) {
            Phase::Done => return,
            Phase::Creating(_) => None,
            Phase::Starting(hook, core) | Phase::Stopping(hook, core, _) => {
                Some(core.unwrap_or_else(|| cut(hook)))
            }
            Phase::Suspended(turns, parked) => {
                parked.into_iter().for_each(|it| it.lose(None));
                Some(cut(turns))
            }
            Phase::Serving => {
                let mut inbox = self.cell.lock();
                let handed = inbox.rare.as_mut().and_then(|it| it.handed.take());
                let stage = mem::replace(&mut inbox.stage, Stage::Out);
                match (handed, stage) {
                    (Some((turns, parked)), _) => {
                        drop(inbox);
                        parked.lose(None);
                        Some(cut(turns))
                    }
                    (None, Stage::Resting(core, _)) => Some(core),
                    (None, stage) => {
                        // A caller has the core; it may need another task when it is done.
                        inbox.stage = stage;
                        inbox.has_task = false;
                        return;
                    }
                }
            }
        };
        life::finish(&self.cell, core, StopReason::Lost);
    }
}

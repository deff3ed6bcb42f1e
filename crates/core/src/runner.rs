//! The task of an actor: it takes the core, runs turns until there is a reason to stop, and lays
//! the core down again.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, MutexGuard},
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
    mailbox::{Inbox, Stage},
    protocol::Turns,
    run::{self, Ran, cut, resume, run, run_hook},
    signal::Signals,
};

/// The most messages between two looks at the clock.
const LARGEST_CHUNK: u32 = 64;

/// The task of an actor.
pub(crate) struct Runner<A: Actor> {
    cell: Arc<Cell<A>>,
    course: Course<A>,
}

/// How far the task has come. Nothing, while it just serves: so the task of most actors is no larger
/// than tokio's smallest.
struct Course<A: Actor>(Option<Box<Aside<A>>>);

/// What only a task needs that does something else than serve.
struct Aside<A: Actor> {
    phase: Phase<A>,
    /// When a running turn or hook is cut, once the actor was told to stop.
    grace: Option<Sleep>,
    /// When draining becomes stopping.
    drain: Option<Sleep>,
}

enum Phase<A: Actor> {
    Creating(BoxFuture<'static, Result<A, Failure>>),
    /// `started` runs.
    Starting(Hook<A>),
    /// Nothing is held: the core is in the cell.
    Serving,
    /// A handler awaits something, with the core inside.
    Suspended(Turns, Option<Arc<dyn Parked<A>>>),
    /// `stopped` runs.
    Stopping(Hook<A>, StopReason),
    Done,
}

/// A hook that runs; before its first poll the core is still outside.
struct Hook<A: Actor> {
    turns: Turns,
    core: Option<Box<Core<A>>>,
}

impl<A: Actor> Hook<A> {
    /// The core, taken out of the hook if it is inside.
    fn into_core(self) -> Box<Core<A>> {
        self.core.unwrap_or_else(|| cut(self.turns))
    }
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
        let mut course = Course(None);
        course.enter(phase);
        Self { cell, course }
    }

    pub(crate) fn serving(cell: Arc<Cell<A>>) -> Self {
        Self { cell, course: Course(None) }
    }

    pub(crate) fn starting(cell: Arc<Cell<A>>, core: Box<Core<A>>) -> Self {
        Self::new(cell, Phase::starting(core))
    }

    pub(crate) fn creating(
        cell: Arc<Cell<A>>,
        state: BoxFuture<'static, Result<A, Failure>>,
    ) -> Self {
        Self::new(cell, Phase::Creating(state))
    }
}

impl<A: Actor> Phase<A> {
    fn starting(core: Box<Core<A>>) -> Self {
        Self::Starting(Hook { turns: Box::pin(run::started::<A>()), core: Some(core) })
    }
}

impl<A: Actor> Course<A> {
    fn step(&mut self, cell: &Arc<Cell<A>>, cx: &mut TaskContext<'_>) -> Step {
        match self.leave() {
            Phase::Serving => self.take_core(cell, cx),
            Phase::Creating(state) => self.create(state, cell, cx),
            Phase::Starting(hook) => self.start(hook, cell, cx),
            Phase::Suspended(turns, parked) => self.resume(turns, parked, cell, cx),
            Phase::Stopping(hook, reason) => self.stop(hook, reason, cell, cx),
            Phase::Done => Step::Done,
        }
    }

    fn aside(&mut self) -> &mut Aside<A> {
        self.0.get_or_insert_with(|| {
            Box::new(Aside { phase: Phase::Serving, grace: None, drain: None })
        })
    }

    fn enter(&mut self, phase: Phase<A>) {
        self.aside().phase = phase;
    }

    /// Takes out the phase; what is left behind is serving.
    fn leave(&mut self) -> Phase<A> {
        match &mut self.0 {
            Some(aside) => mem::replace(&mut aside.phase, Phase::Serving),
            None => Phase::Serving,
        }
    }

    /// Builds the state.
    fn create(
        &mut self,
        mut state: BoxFuture<'static, Result<A, Failure>>,
        cell: &Arc<Cell<A>>,
        cx: &mut TaskContext<'_>,
    ) -> Step {
        let seen = cell.signals().all();
        if seen.has(Signals::STOP) || seen.has(Signals::KILL) || seen.has(Signals::DRAIN) {
            let reason = ordered_reason(cell);
            return self.end(cell, None, reason);
        }
        let polled = catch_unwind(AssertUnwindSafe(|| state.as_mut().poll(cx)));
        let failure = match polled {
            Ok(Poll::Pending) => {
                self.enter(Phase::Creating(state));
                return wait(cell, seen, cx);
            }
            Ok(Poll::Ready(Ok(actor))) => {
                let core = Core::new(actor, Arc::clone(cell), 0);
                self.enter(Phase::starting(core));
                return Step::Again;
            }
            Ok(Poll::Ready(Err(failure))) => failure,
            Err(payload) => Failure::panicked(&*payload),
        };
        cell.report(&failure);
        self.end(cell, None, StopReason::StartFailed(failure))
    }

    /// Runs `started`.
    fn start(&mut self, hook: Hook<A>, cell: &Arc<Cell<A>>, cx: &mut TaskContext<'_>) -> Step {
        let seen = cell.signals().all();
        if seen.has(Signals::KILL) || self.is_out_of_grace(cell, cx) {
            let reason = ordered_reason(cell);
            return self.end(cell, Some(hook.into_core()), reason);
        }
        let (core, failure) = match run_hook(hook.core, hook.turns, cx) {
            Ran::Suspended(turns) => {
                self.enter(Phase::Starting(Hook { turns, core: None }));
                return wait(cell, seen, cx);
            }
            Ran::Back(mut core) => {
                let failure = core.failure.take();
                (core, failure)
            }
            Ran::Panicked(core, failure) => (core, Some(failure)),
        };
        if let Some(failure) = failure {
            cell.report(&failure);
            return self.end(cell, Some(core), StopReason::StartFailed(failure));
        }
        let mut inbox = cell.lock();
        inbox.has_started = true;
        let watchers = inbox.take_watchers();
        drop(inbox);
        watchers.into_iter().for_each(Waker::wake);
        self.work(Shift::new(core, cell), cell.lock(), cell, cx)
    }

    /// Takes the core from where it rests.
    #[inline]
    fn take_core(&mut self, cell: &Arc<Cell<A>>, cx: &mut TaskContext<'_>) -> Step {
        let mut inbox = cell.lock();
        if let Some((turns, parked)) = inbox.rare.as_mut().and_then(|it| it.handed.take()) {
            drop(inbox);
            return self.resume(turns, Some(parked), cell, cx);
        }
        match mem::replace(&mut inbox.stage, Stage::Out) {
            Stage::Resting(core) => {
                inbox.idle = false;
                self.work(Shift::new(core, cell), inbox, cell, cx)
            }
            stage @ (Stage::Leaving | Stage::Gone(_)) => {
                inbox.stage = stage;
                Step::Done
            }
            // A caller runs a turn; when it lays the core down it wakes this task if need be.
            stage @ (Stage::Out | Stage::Unborn) => {
                inbox.stage = stage;
                inbox.waker = Some(cx.waker().clone());
                Step::Wait
            }
        }
    }

    /// Runs turns until there is nothing to do, or others must have their share.
    fn work<'a>(
        &mut self,
        mut shift: Shift<A>,
        mut inbox: MutexGuard<'a, Inbox<A>>,
        cell: &'a Arc<Cell<A>>,
        cx: &mut TaskContext<'_>,
    ) -> Step {
        loop {
            let seen = cell.signals().all();
            if shift.core.failure.is_some() || seen != Signals::NONE {
                drop(inbox);
                if let Some(reason) = self.ending(&mut shift.core, cell, cx) {
                    return self.begin_stop(cell, shift.core, reason);
                }
                inbox = cell.lock();
            }
            match look_around(cell, &mut shift, inbox) {
                Looked::ToDo => {}
                Looked::Nothing(inbox) => {
                    lay_down(shift.core, inbox, cx);
                    return Step::Wait;
                }
                Looked::Enough(mut inbox) => {
                    inbox.rest(shift.core, false);
                    return Step::Yield;
                }
            }
            let allowed = shift.core.run;
            match run(shift.core, cx) {
                Ran::Back(core) => shift.core = core,
                Ran::Suspended(turns) => {
                    self.enter(Phase::Suspended(turns, None));
                    return wait(cell, seen, cx);
                }
                Ran::Panicked(core, failure) => {
                    cell.report(&failure);
                    return self.begin_stop(cell, core, StopReason::Failed(failure));
                }
            }
            shift.note(allowed - shift.core.run, cell);
            inbox = cell.lock();
        }
    }

    /// Goes on with a turn that was suspended.
    fn resume(
        &mut self,
        turns: Turns,
        parked: Option<Arc<dyn Parked<A>>>,
        cell: &Arc<Cell<A>>,
        cx: &mut TaskContext<'_>,
    ) -> Step {
        let seen = cell.signals().all();
        if seen.has(Signals::KILL) || self.is_out_of_grace(cell, cx) {
            let core = cut(turns);
            parked.into_iter().for_each(|it| it.lose(None));
            let reason = ordered_reason(cell);
            return self.begin_stop(cell, core, reason);
        }
        match resume(turns, cx) {
            Ran::Suspended(turns) => {
                self.enter(Phase::Suspended(turns, parked));
                wait(cell, seen, cx)
            }
            Ran::Panicked(core, failure) => {
                parked.into_iter().for_each(|it| it.lose(Some(failure.clone())));
                cell.report(&failure);
                self.begin_stop(cell, core, StopReason::Failed(failure))
            }
            Ran::Back(mut core) => {
                if let Some(parked) = parked {
                    core.keeps_answer = false;
                    let answer = mem::take(&mut core.answer);
                    match core.failure.clone() {
                        Some(failure) => parked.lose(Some(failure)),
                        None => parked.settle(answer),
                    }
                }
                self.work(Shift::new(core, cell), cell.lock(), cell, cx)
            }
        }
    }

    /// Why the actor must end now, if it must.
    fn ending(
        &mut self,
        core: &mut Core<A>,
        cell: &Cell<A>,
        cx: &mut TaskContext<'_>,
    ) -> Option<StopReason> {
        if let Some(failure) = core.failure.take() {
            cell.report(&failure);
            return Some(StopReason::Failed(failure));
        }
        let seen = cell.signals().all();
        if seen.has(Signals::KILL) || seen.has(Signals::STOP) {
            return Some(ordered_reason(cell));
        }
        if seen.has(Signals::DRAIN) && self.is_drained(core, cell, cx) {
            return Some(ordered_reason(cell));
        }
        None
    }

    fn is_drained(&mut self, core: &Core<A>, cell: &Cell<A>, cx: &mut TaskContext<'_>) -> bool {
        let mut inbox = cell.lock();
        let is_empty = core.batch.is_empty() && inbox.is_empty();
        let Some(order) = &inbox.rare().order else { return true };
        let (messages, time) = (order.messages, order.time);
        drop(inbox);
        is_empty || messages == 0 || self.is_out_of_drain(time, cell, cx)
    }

    /// Whether the time for draining is over; without a limit it never is.
    fn is_out_of_drain(
        &mut self,
        time: Option<Duration>,
        cell: &Cell<A>,
        cx: &mut TaskContext<'_>,
    ) -> bool {
        let Some(time) = time else { return false };
        let runtime = &cell.system.runtime;
        let drain = self.aside().drain.get_or_insert_with(|| runtime.sleep(time));
        Pin::new(drain).poll(cx).is_ready()
    }

    /// Whether a running turn or hook has had its time, once the actor was told to stop.
    fn is_out_of_grace(&mut self, cell: &Cell<A>, cx: &mut TaskContext<'_>) -> bool {
        if cell.signals().any(Signals::DRAIN) {
            let time = cell.lock().rare().order.as_ref().and_then(|it| it.time);
            if !self.is_out_of_drain(time, cell, cx) {
                return false;
            }
        } else if !cell.signals().any(Signals::STOP) {
            return false;
        }
        let budget = cell.settings.shutdown;
        let runtime = &cell.system.runtime;
        let grace = self.aside().grace.get_or_insert_with(|| runtime.sleep(budget));
        Pin::new(grace).poll(cx).is_ready()
    }

    /// Closes the door and runs `stopped`, unless the actor was killed.
    fn begin_stop(&mut self, cell: &Arc<Cell<A>>, core: Box<Core<A>>, reason: StopReason) -> Step {
        let senders = cell.lock().close();
        senders.into_iter().for_each(Waker::wake);
        if is_killed(cell) {
            return self.end(cell, Some(core), reason);
        }
        if !run::has_stopped_hook::<A>() {
            let core = life::run_empty_hook(core, &reason);
            return self.end(cell, Some(core), reason);
        }
        let hook = Hook { turns: Box::pin(run::stopped::<A>(reason.clone())), core: Some(core) };
        self.enter(Phase::Stopping(hook, reason));
        Step::Again
    }

    /// Runs `stopped`.
    fn stop(
        &mut self,
        hook: Hook<A>,
        reason: StopReason,
        cell: &Arc<Cell<A>>,
        cx: &mut TaskContext<'_>,
    ) -> Step {
        let seen = cell.signals().all();
        let budget = cell.settings.shutdown;
        let runtime = &cell.system.runtime;
        let grace = self.aside().grace.get_or_insert_with(|| runtime.sleep(budget));
        if seen.has(Signals::KILL) || Pin::new(grace).poll(cx).is_ready() {
            return self.end(cell, Some(hook.into_core()), reason);
        }
        match run_hook(hook.core, hook.turns, cx) {
            Ran::Back(core) => self.end(cell, Some(core), reason),
            Ran::Panicked(core, failure) => {
                cell.report(&failure);
                self.end(cell, Some(core), reason)
            }
            Ran::Suspended(turns) => {
                self.enter(Phase::Stopping(Hook { turns, core: None }, reason));
                wait(cell, seen, cx)
            }
        }
    }

    fn end(&mut self, cell: &Arc<Cell<A>>, core: Option<Box<Core<A>>>, reason: StopReason) -> Step {
        self.enter(Phase::Done);
        life::finish(cell, core, reason);
        Step::Done
    }
}

/// Why the actor was told to end. One that told itself, and nobody else, ends normally.
fn ordered_reason<A: Actor>(cell: &Cell<A>) -> StopReason {
    let inbox = cell.lock();
    match inbox.rare.as_ref().and_then(|it| it.order.as_ref()) {
        Some(order) => order.reason.clone(),
        None => StopReason::Normal,
    }
}

fn is_killed<A: Actor>(cell: &Cell<A>) -> bool {
    cell.signals().any(Signals::KILL)
}

/// Waits to be woken, unless a signal has come that was not `seen` yet.
fn wait<A: Actor>(cell: &Cell<A>, seen: Signals, cx: &TaskContext<'_>) -> Step {
    let mut inbox = cell.lock();
    inbox.waker = Some(cx.waker().clone());
    let senders = inbox.admit_senders(&cell.settings.mailbox, cell.left());
    let is_news = cell.signals().any(Signals::ALL.without(seen).without(Signals::URGENT));
    drop(inbox);
    senders.into_iter().for_each(Waker::wake);
    if is_news { Step::Again } else { Step::Wait }
}

/// One stretch of turns, within one poll of the task.
struct Shift<A: Actor> {
    core: Box<Core<A>>,
    /// How many messages may still be handled before others have their share.
    share: u32,
    /// How many turns the last run took.
    ran: u32,
    /// When the first chunk ended.
    since: Option<Instant>,
}

impl<A: Actor> Shift<A> {
    fn new(core: Box<Core<A>>, cell: &Cell<A>) -> Self {
        Self { core, share: cell.settings.throughput, ran: 0, since: None }
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

/// What a look around comes to.
enum Looked<'a, A: Actor> {
    /// There are messages in the batch, and turns may run.
    ToDo,
    Nothing(MutexGuard<'a, Inbox<A>>),
    /// There are messages, but others must have their share first.
    Enough(MutexGuard<'a, Inbox<A>>),
}

/// Fills the batch, and lets waiting senders in.
#[inline]
fn look_around<'a, A: Actor>(
    cell: &'a Cell<A>,
    shift: &mut Shift<A>,
    mut inbox: MutexGuard<'a, Inbox<A>>,
) -> Looked<'a, A> {
    let core = &mut *shift.core;
    if !inbox.refill_plainly(&mut core.batch) {
        return look_closely(cell, shift, inbox);
    }
    core.note_batch();
    if core.batch.is_empty() {
        return Looked::Nothing(inbox);
    }
    if shift.share == 0 {
        return Looked::Enough(inbox);
    }
    core.heed = Signals::ORDERS_AND_URGENT;
    core.run = shift.share.min(core.chunk);
    Looked::ToDo
}

/// The same where priorities, orders, waiting senders or an unusual mailbox have a say.
fn look_closely<'a, A: Actor>(
    cell: &'a Cell<A>,
    shift: &mut Shift<A>,
    mut inbox: MutexGuard<'a, Inbox<A>>,
) -> Looked<'a, A> {
    let core = &mut *shift.core;
    if inbox.has_line() {
        inbox = admit_senders(cell, core.batch.len(), inbox);
    }
    let allowed = inbox.note_ran(shift.ran);
    let run = inbox.refill(&cell.settings.mailbox, &mut core.batch);
    core.note_batch();
    let is_urgent = inbox.is_urgent();
    if !is_urgent {
        cell.signals().lower(Signals::URGENT);
    }
    if run == 0 {
        return Looked::Nothing(inbox);
    }
    if shift.share == 0 {
        return Looked::Enough(inbox);
    }
    core.heed = if is_urgent { Signals::ORDERS } else { Signals::ORDERS_AND_URGENT };
    core.run = run.min(shift.share).min(core.chunk).min(allowed);
    Looked::ToDo
}

/// Keeps places for waiting senders, and wakes them with the lock open: a waker may drop a task, and
/// with it a sender that leaves the line.
#[cold]
fn admit_senders<'a, A: Actor>(
    cell: &'a Cell<A>,
    left: usize,
    mut inbox: MutexGuard<'a, Inbox<A>>,
) -> MutexGuard<'a, Inbox<A>> {
    let admitted = inbox.admit_senders(&cell.settings.mailbox, left);
    drop(inbox);
    admitted.into_iter().for_each(Waker::wake);
    cell.lock()
}

/// Nothing to do: lays the core down, with this task to be woken by the next message.
fn lay_down<A: Actor>(
    mut core: Box<Core<A>>,
    mut inbox: MutexGuard<'_, Inbox<A>>,
    cx: &TaskContext<'_>,
) {
    if core.rest() {
        inbox.shrink();
    }
    inbox.forget_asks();
    inbox.waker = Some(cx.waker().clone());
    inbox.rest(core, true);
}

impl<A: Actor> Future for Runner<A> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<()> {
        let Self { cell, course } = &mut *self;
        loop {
            match course.step(cell, cx) {
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
        let core = match self.course.leave() {
            Phase::Done => return,
            Phase::Creating(_) => None,
            Phase::Starting(hook) | Phase::Stopping(hook, _) => Some(hook.into_core()),
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
                    (None, Stage::Resting(core)) => Some(core),
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

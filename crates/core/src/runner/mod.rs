//! The task of an actor: it takes the core, runs turns until there is a reason to stop, and lays
//! the core down again.

mod ending;
mod shift;

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, MutexGuard},
    task::{Context as TaskContext, Poll, Waker},
};

use ghostlight_rt::{BoxFuture, Sleep};

use self::{
    ending::ordered_reason,
    shift::{Looked, Shift, lay_down, look_around},
};
use crate::{
    Actor, Failure, StopReason,
    ask::Parked,
    cell::Cell,
    core::{Core, Errand},
    life,
    mailbox::{Inbox, Stage},
    protocol::Turns,
    run::{Ran, cut, resume, run},
    signal::Signals,
};

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
    /// The state is being built.
    Creating(BoxFuture<'static, Result<A, Failure>>),
    /// Nothing is held: the core is in the cell.
    Serving,
    /// A handler or hook awaits something, with the core inside.
    Suspended(Turns, Option<Arc<dyn Parked<A>>>),
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
    pub(crate) fn serving(cell: Arc<Cell<A>>) -> Self {
        Self { cell, course: Course(None) }
    }

    pub(crate) fn creating(
        cell: Arc<Cell<A>>,
        state: BoxFuture<'static, Result<A, Failure>>,
    ) -> Self {
        let mut course = Course(None);
        course.enter(Phase::Creating(state));
        Self { cell, course }
    }
}

impl<A: Actor> Course<A> {
    fn step(&mut self, cell: &Arc<Cell<A>>, cx: &mut TaskContext<'_>) -> Step {
        match self.leave() {
            Phase::Serving => self.take_core(cell, cx),
            Phase::Creating(state) => self.create(state, cell, cx),
            Phase::Suspended(turns, parked) => self.resume(turns, parked, cell, cx),
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
        if seen.has(Signals::ORDERS) {
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
                let mut core = Core::new(actor, Arc::clone(cell), 0);
                core.errand = Errand::Start;
                return self.work(Shift::new(core, cell), cell.lock(), cell, cx);
            }
            Ok(Poll::Ready(Err(failure))) => failure,
            Err(payload) => Failure::panicked(&*payload),
        };
        cell.report(&failure);
        self.end(cell, None, StopReason::StartFailed(failure))
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

    /// Runs turns and hooks until there is nothing to do, or others must have their share.
    fn work<'a>(
        &mut self,
        mut shift: Shift<A>,
        mut inbox: MutexGuard<'a, Inbox<A>>,
        cell: &'a Arc<Cell<A>>,
        cx: &mut TaskContext<'_>,
    ) -> Step {
        loop {
            let seen = cell.signals().all();
            if shift.core.errand.is_hook() {
                drop(inbox);
            } else {
                if !shift.core.errand.is_turns() || seen != Signals::NONE {
                    drop(inbox);
                    if let Some(reason) = self.ending(&mut shift.core, cell, cx) {
                        match self.begin_stop(shift.core, reason, cell) {
                            Some(core) => shift.core = core,
                            None => return Step::Done,
                        }
                        inbox = cell.lock();
                        continue;
                    }
                    inbox = cell.lock();
                    if cell.signals().all() != seen {
                        continue;
                    }
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
            }
            let (core, panicked) = match run(shift.core, cx) {
                Ran::Back(core) => (core, None),
                Ran::Panicked(core, failure) => (core, Some(failure)),
                Ran::Suspended(turns) => {
                    self.enter(Phase::Suspended(turns, None));
                    // An order to end that has come already must start its clock.
                    return wait(cell, seen.without(Signals::ANY_END), cx);
                }
            };
            shift.core = core;
            if !shift.core.errand.is_turns() || panicked.is_some() {
                match self.after_errand(shift.core, panicked, cell) {
                    Some(core) => shift.core = core,
                    None => return Step::Done,
                }
            } else {
                shift.note(cell);
            }
            inbox = cell.lock();
        }
    }

    /// Goes on with a turn or hook that was suspended.
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
            return self.end_cut(core, cell, cx);
        }
        let (mut core, panicked) = match resume(turns, cx) {
            Ran::Back(core) => (core, None),
            Ran::Panicked(core, failure) => (core, Some(failure)),
            Ran::Suspended(turns) => {
                self.enter(Phase::Suspended(turns, parked));
                return wait(cell, seen, cx);
            }
        };
        if let Some(parked) = parked {
            core.keeps_answer = false;
            let answer = mem::take(&mut core.answer);
            match panicked.as_ref().or_else(|| core.errand.failure()).cloned() {
                Some(failure) => parked.lose(Some(failure)),
                None => parked.settle(answer),
            }
        }
        match self.after_errand(core, panicked, cell) {
            Some(core) => self.work(Shift::new(core, cell), cell.lock(), cell, cx),
            None => Step::Done,
        }
    }
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

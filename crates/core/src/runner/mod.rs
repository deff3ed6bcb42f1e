//! The task of an actor: it takes the core, runs turns until there is a reason to stop, and lays
//! the core down again.

mod ending;
mod limit;
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
    Actor, AskError, Failure, StopReason,
    ask::Parked,
    cell::Cell,
    core::{Core, Errand},
    here::Cause,
    life,
    lineage::{Birth, Lineage, lay_off, too_slow},
    mailbox::{Inbox, Stage},
    run::{Ran, Suspended, cut, resume, run},
    signal::Signals,
    stash,
    term::Term,
    timer::{self, Alarm},
    waits::Ends,
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
    /// When an incarnation should have started.
    start: Option<Sleep>,
    /// Where the next incarnation comes from.
    lineage: Option<Lineage<A>>,
    /// When a timer is due.
    alarm: Option<Alarm>,
    /// How long the turn that is suspended may take.
    term: Option<Box<Term>>,
}

enum Phase<A: Actor> {
    /// The state is being built.
    Creating(Birth<A>),
    /// Nothing is held: the core is in the cell.
    Serving,
    /// A handler or hook awaits something, with the core inside.
    Suspended(Suspended, Option<Arc<dyn Parked<A>>>),
    /// The incarnation is ending, and its children first.
    WindingDown(Winding<A>),
    /// An incarnation has ended, and the supervisor decides what follows.
    Between,
    Done,
}

/// An incarnation that ends after its children.
struct Winding<A: Actor> {
    core: Option<Box<Core<A>>>,
    reason: Box<StopReason>,
    then: Then,
    /// When the tasks beside the actor have had their time.
    patience: Patience,
    /// That it waits for them.
    _ends: Ends,
}

/// How long the tasks beside an actor are waited for, once it ends.
enum Patience {
    /// Their time has not begun.
    New,
    /// They have been asked to end.
    Asked(Sleep),
    /// They were aborted, and it takes them a moment.
    Aborted(Sleep),
    /// Those that are left hold their threads, and are left to the reaper with their incarnation.
    Over,
}

/// What follows when the children have ended.
#[derive(Clone, Copy)]
enum Then {
    /// `stopped`.
    CleanUp,
    /// The end: there is nothing to clean up, or it has been.
    End,
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

    /// Builds the state first.
    pub(crate) fn creating(
        cell: Arc<Cell<A>>,
        state: BoxFuture<'static, Result<A, Failure>>,
    ) -> Self {
        let mut course = Course(None);
        let birth = async move { state.await.map_err(StopReason::StartFailed) };
        course.enter(Phase::Creating(Box::pin(birth)));
        Self { cell, course }
    }

    /// Builds the state first, and whenever the supervisor wants another.
    pub(crate) fn renewing(cell: Arc<Cell<A>>, lineage: Lineage<A>) -> Self {
        let mut course = Course(None);
        course.enter(Phase::Creating(lineage.first()));
        course.aside().lineage = Some(lineage);
        Self { cell, course }
    }
}

impl<A: Actor> Course<A> {
    fn step(&mut self, cell: &Arc<Cell<A>>, cx: &mut TaskContext<'_>) -> Step {
        if let Some(aside) = &mut self.0 {
            timer::look(&mut aside.alarm, cell, cx);
        }
        match self.leave() {
            Phase::Serving => self.take_core(cell, cx),
            Phase::Creating(state) => self.create(state, cell, cx),
            Phase::Suspended(suspended, parked) => self.resume(suspended, parked, cell, cx),
            Phase::WindingDown(winding) => self.wind_down(winding, cell, cx),
            Phase::Between => self.between(cell, cx),
            Phase::Done => Step::Done,
        }
    }

    fn aside(&mut self) -> &mut Aside<A> {
        self.0.get_or_insert_with(|| {
            Box::new(Aside {
                phase: Phase::Serving,
                grace: None,
                drain: None,
                start: None,
                lineage: None,
                alarm: None,
                term: None,
            })
        })
    }

    fn enter(&mut self, phase: Phase<A>) {
        self.aside().phase = phase;
    }

    fn lineage(&mut self) -> Option<&mut Lineage<A>> {
        self.0.as_mut()?.lineage.as_mut()
    }

    /// What comes next has time of its own.
    fn forget_deadlines(&mut self) {
        if let Some(aside) = &mut self.0 {
            (aside.grace, aside.drain, aside.start) = (None, None, None);
        }
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
        mut state: Birth<A>,
        cell: &Arc<Cell<A>>,
        cx: &mut TaskContext<'_>,
    ) -> Step {
        let seen = cell.signals().all();
        if seen.has(Signals::ORDERS) {
            lay_off(state);
            let reason = ordered_reason(cell);
            return self.end(cell, None, reason, cx);
        }
        let planted = cell.lock().kin_if_any().and_then(|it| it.start_failure.take());
        if let Some(failure) = planted {
            lay_off(state);
            cell.report(&failure);
            return self.end(cell, None, StopReason::StartFailed(*failure), cx);
        }
        let reason = match catch_unwind(AssertUnwindSafe(|| state.as_mut().poll(cx))) {
            Ok(Poll::Pending) if self.is_late(cell, cx) => {
                StopReason::StartFailed(too_slow(cell.settings.start))
            }
            Ok(Poll::Pending) => {
                self.enter(Phase::Creating(state));
                return self.wait(cell, seen, cx);
            }
            Ok(Poll::Ready(Ok(actor))) => {
                lay_off(state);
                let core = self.bear(actor, cell);
                return self.work(Shift::new(core, cell), cell.lock(), cell, cx);
            }
            Ok(Poll::Ready(Err(reason))) => reason,
            Err(payload) => StopReason::StartFailed(Failure::panicked(&*payload)),
        };
        lay_off(state);
        if let Some(failure) = reason.failure() {
            cell.report(failure);
        }
        self.end(cell, None, reason, cx)
    }

    /// Makes the core of an incarnation whose state has been built; `started` is to run next.
    fn bear(&mut self, actor: A, cell: &Arc<Cell<A>>) -> Box<Core<A>> {
        let (incarnation, last) = match self.lineage() {
            Some(lineage) => (lineage.incarnation, lineage.last.take()),
            None => (0, None),
        };
        let mut core = Core::new(actor, Arc::clone(cell), incarnation);
        core.errand = Errand::Start(last);
        let mut inbox = cell.lock();
        inbox.stage = Stage::Out;
        stash::restore(cell, &mut inbox);
        drop(inbox);
        core
    }

    /// Whether an incarnation should have started by now.
    fn is_late(&mut self, cell: &Cell<A>, cx: &mut TaskContext<'_>) -> bool {
        let limit = cell.settings.start;
        let runtime = &cell.system.runtime;
        let start = self.aside().start.get_or_insert_with(|| runtime.sleep(limit));
        Pin::new(start).poll(cx).is_ready()
    }

    /// Takes the core from where it rests.
    #[inline]
    fn take_core(&mut self, cell: &Arc<Cell<A>>, cx: &mut TaskContext<'_>) -> Step {
        let mut inbox = cell.lock();
        if let Some((suspended, parked)) = inbox.rare.as_mut().and_then(|it| it.handed.take()) {
            drop(inbox);
            return self.resume(suspended, Some(parked), cell, cx);
        }
        match mem::replace(&mut inbox.stage, Stage::Out) {
            Stage::Resting(core) => {
                inbox.idle = false;
                self.work(Shift::new(core, cell), inbox, cell, cx)
            }
            stage @ (Stage::Leaving(_) | Stage::Gone(_)) => {
                inbox.stage = stage;
                Step::Done
            }
            // A caller runs a turn; when it lays the core down it wakes this task if need be.
            stage @ (Stage::Out | Stage::Unborn | Stage::Prepared(_)) => {
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
                    match self.heed(seen, shift, cell, cx) {
                        Ok(heeded) => shift = heeded,
                        Err(step) => return step,
                    }
                    inbox = cell.lock();
                    if !shift.core.errand.is_turns() || cell.signals().all() != seen {
                        continue;
                    }
                }
                match look_around(cell, &mut shift, inbox) {
                    Looked::ToDo => {}
                    Looked::Nothing(silent) if timer::is_new_silence(cell, &silent) => {
                        drop(silent);
                        timer::begin_silence(cell);
                        inbox = cell.lock();
                        continue;
                    }
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
            let is_start = shift.core.errand.is_start();
            let (core, panicked) = match run(shift.core, Cause::NONE, cell, cx) {
                Ran::Back(core) => (core, None),
                Ran::Panicked(core, failure) => (core, Some(failure)),
                Ran::Suspended(suspended) if is_start && self.is_late(cell, cx) => {
                    return self.give_up_start(suspended, cell, cx);
                }
                Ran::Suspended(suspended) => {
                    // An order to end that has come already must start its clock.
                    let seen = seen.without(Signals::ANY_END);
                    return self.suspend((suspended, None), seen, cell, cx);
                }
            };
            shift.core = core;
            if !shift.core.errand.is_turns() || panicked.is_some() {
                let after = self.after_errand(shift.core, panicked, cell);
                match self.follow(after, cell, cx) {
                    Ok(core) => shift.core = core,
                    Err(step) => return step,
                }
            } else {
                shift.note(cell);
            }
            inbox = cell.lock();
        }
    }

    /// Acts on signals, and on how the last turn ended, before any message is looked at.
    fn heed(
        &mut self,
        seen: Signals,
        mut shift: Shift<A>,
        cell: &Arc<Cell<A>>,
        cx: &mut TaskContext<'_>,
    ) -> Result<Shift<A>, Step> {
        if seen.has(Signals::TIMER) {
            timer::mind(&mut self.aside().alarm, cell, cx);
        }
        if let Some(reason) = self.ending(&mut shift.core, cell, cx) {
            shift.core = self.begin_stop(shift.core, reason, cell, cx)?;
        }
        Ok(shift)
    }

    /// Goes on with a turn or hook that was suspended.
    fn resume(
        &mut self,
        suspended: Suspended,
        parked: Option<Arc<dyn Parked<A>>>,
        cell: &Arc<Cell<A>>,
        cx: &mut TaskContext<'_>,
    ) -> Step {
        let seen = cell.signals().all();
        if seen.has(Signals::KILL) || self.is_out_of_grace(cell, cx) {
            self.forget_term();
            let core = cut(suspended);
            if let Some(parked) = parked {
                drop(cell.forget_caller());
                parked.lose(AskError::Lost, cell);
            }
            return self.end_cut(core, None, cell, cx);
        }
        if self.is_starting() && self.is_late(cell, cx) {
            return self.give_up_start(suspended, cell, cx);
        }
        let (mut core, panicked) = match resume(suspended, cell, cx) {
            Ran::Back(core) => (core, None),
            Ran::Panicked(core, failure) => (core, Some(failure)),
            Ran::Suspended(suspended) => {
                return self.suspend((suspended, parked), seen, cell, cx);
            }
        };
        let slow = self.end_term(cell);
        if let Some(parked) = parked {
            drop(cell.forget_caller());
            core.keeps_answer = false;
            let answer = mem::take(&mut core.answer);
            match panicked.as_ref().or_else(|| core.errand.failure()).cloned() {
                Some(failure) => parked.lose(AskError::Failed(failure), cell),
                None => parked.settle(answer, cell),
            }
        }
        for turn in &slow {
            if !core.errand.has_failed() {
                core.note_slow(turn);
            }
        }
        let after = self.after_errand(core, panicked, cell);
        match self.follow(after, cell, cx) {
            Ok(core) => self.work(Shift::new(core, cell), cell.lock(), cell, cx),
            Err(step) => step,
        }
    }

    /// Whether what is suspended is `started`, whose time runs.
    fn is_starting(&self) -> bool {
        self.0.as_ref().is_some_and(|it| it.start.is_some())
    }

    /// Drops a `started` that has had its time.
    fn give_up_start(
        &mut self,
        suspended: Suspended,
        cell: &Arc<Cell<A>>,
        cx: &mut TaskContext<'_>,
    ) -> Step {
        self.forget_term();
        let late = too_slow(cell.settings.start);
        self.end_cut(cut(suspended), Some(late), cell, cx)
    }

    /// Waits to be woken, unless a signal has come that was not `seen` yet.
    fn wait(&mut self, cell: &Arc<Cell<A>>, seen: Signals, cx: &mut TaskContext<'_>) -> Step {
        if cell.signals().any(Signals::TIMER) {
            timer::mind(&mut self.aside().alarm, cell, cx);
        }
        let mut inbox = cell.lock();
        inbox.waker = Some(cx.waker().clone());
        let senders = inbox.admit_senders(&cell.settings.mailbox, cell.left());
        let seen = seen.without(Signals::TIMER);
        let is_news = cell.signals().any(Signals::ALL.without(seen).without(Signals::URGENT));
        drop(inbox);
        senders.into_iter().for_each(Waker::wake);
        if is_news { Step::Again } else { Step::Wait }
    }
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
            Phase::Creating(birth) => {
                lay_off(birth);
                None
            }
            Phase::Between => None,
            Phase::WindingDown(winding) => winding.core,
            Phase::Suspended(suspended, parked) => {
                parked.into_iter().for_each(|it| it.lose(AskError::Lost, &self.cell));
                Some(cut(suspended))
            }
            Phase::Serving => {
                let mut inbox = self.cell.lock();
                let handed = inbox.rare.as_mut().and_then(|it| it.handed.take());
                let stage = mem::replace(&mut inbox.stage, Stage::Out);
                match (handed, stage) {
                    (Some((suspended, parked)), _) => {
                        drop(inbox);
                        parked.lose(AskError::Lost, &self.cell);
                        Some(cut(suspended))
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

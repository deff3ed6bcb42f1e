//! When an incarnation ends, and how its task goes about that.

use std::{
    mem,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context as TaskContext, Waker},
    time::Duration,
};

use super::{Course, Patience, Phase, Step, Then, Winding, shift::Shift};
use crate::{
    Actor, Failure, StopReason,
    cell::Cell,
    core::{Core, Errand},
    family::{Family, Post},
    life::{self, Word},
    lineage::Lineage,
    run::has_stopped_hook,
    signal::Signals,
    supervision::{Input, Key, Manner},
    task::{self, Holder},
    waits::{Ends, WaitFor},
};

/// How long a task that was aborted may take to give its thread back. An owner that kills an actor
/// waits for longer.
const TASK_GRACE: Duration = Duration::from_millis(200);

impl<A: Actor> Course<A> {
    /// Why the incarnation must end now, if it must. Asked between turns only.
    pub(super) fn ending(
        &mut self,
        core: &mut Core<A>,
        cell: &Cell<A>,
        cx: &mut TaskContext<'_>,
    ) -> Option<StopReason> {
        match mem::take(&mut core.errand) {
            Errand::Failed(failure) => {
                cell.report(&failure);
                return Some(StopReason::Failed(failure));
            }
            Errand::Resumed(failure) => cell.report(&failure),
            _ => {}
        }
        let seen = cell.signals().all();
        // What it says was for a time when there was something to wait for.
        cell.signals().lower(Signals::KIN);
        let is_over = seen.has(Signals::ORDERS)
            || seen.has(Signals::DRAIN) && self.is_drained(core, cell, cx);
        is_over.then(|| ordered_reason(cell))
    }

    /// What follows when a hook has run, or something panicked.
    pub(super) fn after_errand(
        &mut self,
        mut core: Box<Core<A>>,
        panicked: Option<Failure>,
        cell: &Arc<Cell<A>>,
    ) -> After<A> {
        let errand = mem::take(&mut core.errand);
        let failure = match (&errand, panicked) {
            (Errand::Failed(failure) | Errand::Resumed(failure), _) => Some(failure.clone()),
            (_, Some(panic)) => Some(panic),
            (Errand::StartFailed(failure), None) => Some(failure.clone()),
            (Errand::StopFailed(reason), None) => reason.failure().cloned(),
            (Errand::Turns | Errand::Start(_) | Errand::Stop(_), None) => None,
        };
        if let Some(failure) = &failure {
            cell.report(failure);
        }
        match (errand, failure) {
            (Errand::Turns | Errand::Failed(_), None) | (Errand::Resumed(_), _) => {
                After::Back(core)
            }
            (Errand::Turns | Errand::Failed(_), Some(failure)) => {
                After::Stop(core, StopReason::Failed(failure))
            }
            (errand @ (Errand::Start(_) | Errand::StartFailed(_)), None) => {
                self.forget_deadlines();
                life::note_started(cell);
                if let Errand::Start(Some(last)) = errand {
                    cell.tell_restart(core.incarnation, *last);
                }
                After::Back(core)
            }
            (Errand::Start(_) | Errand::StartFailed(_), Some(failure)) => {
                After::End(core, StopReason::StartFailed(failure))
            }
            (Errand::Stop(reason), Some(failure)) => After::End(core, reason.and_failed(failure)),
            (Errand::Stop(reason), None) | (Errand::StopFailed(reason), _) => {
                After::End(core, *reason)
            }
        }
    }

    /// Goes on with what follows an errand: `Ok` with a core that is to work.
    pub(super) fn follow(
        &mut self,
        after: After<A>,
        cell: &Arc<Cell<A>>,
        cx: &mut TaskContext<'_>,
    ) -> Result<Box<Core<A>>, Step> {
        match after {
            After::Back(core) => Ok(core),
            After::Stop(core, reason) => self.begin_stop(core, reason, cell, cx),
            After::End(core, reason) => Err(self.end(cell, Some(core), reason, cx)),
        }
    }

    /// Closes the door and ends the children; then the core is sent to run `stopped`, unless there
    /// is none to run, or the actor was killed.
    pub(super) fn begin_stop(
        &mut self,
        mut core: Box<Core<A>>,
        reason: StopReason,
        cell: &Arc<Cell<A>>,
        cx: &mut TaskContext<'_>,
    ) -> Result<Box<Core<A>>, Step> {
        life::begin_stop(cell, &reason);
        let Some(ends) = close_dependants(cell) else {
            return self.clean_up(core, reason, cell, cx);
        };
        life::turn_away(cell, Some(&mut core), &reason);
        let (core, reason) = (Some(core), Box::new(reason));
        Err(self.wind_down(Winding::new(core, reason, Then::CleanUp, ends), cell, cx))
    }

    fn clean_up(
        &mut self,
        mut core: Box<Core<A>>,
        reason: StopReason,
        cell: &Arc<Cell<A>>,
        cx: &mut TaskContext<'_>,
    ) -> Result<Box<Core<A>>, Step> {
        if cell.signals().any(Signals::KILL) {
            return Err(self.end(cell, Some(core), reason, cx));
        }
        if !has_stopped_hook::<A>() {
            let core = life::run_empty_hook(core, &reason);
            return Err(self.end(cell, Some(core), reason, cx));
        }
        core.errand = Errand::Stop(Box::new(reason));
        core.grant(0);
        self.forget_deadlines();
        Ok(core)
    }

    /// Waits until the last child and the last task have ended.
    pub(super) fn wind_down(
        &mut self,
        mut winding: Winding<A>,
        cell: &Arc<Cell<A>>,
        cx: &mut TaskContext<'_>,
    ) -> Step {
        cell.signals().lower(Signals::KIN);
        let seen = cell.signals().all();
        let is_closed = is_family_closed(cell, seen) & winding.patience.is_over(cell, cx);
        if !is_closed {
            self.enter(Phase::WindingDown(winding));
            return self.wait(cell, seen, cx);
        }
        let Winding { core, reason, then, .. } = winding;
        match (core, then) {
            (Some(core), Then::CleanUp) => match self.clean_up(core, *reason, cell, cx) {
                Ok(core) => self.work(Shift::new(core, cell), cell.lock(), cell, cx),
                Err(step) => step,
            },
            (core, _) => self.end_now(cell, core, *reason),
        }
    }

    /// What follows when a turn or hook was cut.
    pub(super) fn end_cut(
        &mut self,
        mut core: Box<Core<A>>,
        late: Option<Failure>,
        cell: &Arc<Cell<A>>,
        cx: &mut TaskContext<'_>,
    ) -> Step {
        let reason = match (mem::take(&mut core.errand), late) {
            (Errand::Stop(reason) | Errand::StopFailed(reason), _) => *reason,
            (Errand::Start(_) | Errand::StartFailed(_), Some(late)) => {
                cell.report(&late);
                StopReason::StartFailed(late)
            }
            (Errand::Start(_) | Errand::StartFailed(_), None) => ordered_reason(cell),
            (Errand::Turns | Errand::Failed(_) | Errand::Resumed(_), _) => {
                let reason = ordered_reason(cell);
                return match self.begin_stop(core, reason, cell, cx) {
                    Ok(core) => self.work(Shift::new(core, cell), cell.lock(), cell, cx),
                    Err(step) => step,
                };
            }
        };
        self.end(cell, Some(core), reason, cx)
    }

    /// Whether a running turn or hook has had its time, once the actor was told to stop.
    pub(super) fn is_out_of_grace(&mut self, cell: &Cell<A>, cx: &mut TaskContext<'_>) -> bool {
        let seen = cell.signals().all();
        if !seen.has(Signals::STOP) {
            if !seen.has(Signals::DRAIN) {
                return false;
            }
            let time = cell.lock().rare().order.as_ref().and_then(|it| it.time);
            if !self.is_out_of_drain(time, cell, cx) {
                return false;
            }
            // From here on it is a stop, and whoever heeds that is told.
            let mut inbox = cell.lock();
            cell.signals().raise(Signals::STOP);
            let watchers = inbox.take_watchers();
            drop(inbox);
            watchers.into_iter().for_each(Waker::wake);
        }
        let budget = cell.settings.shutdown;
        let runtime = &cell.system.runtime;
        let grace = self.aside().grace.get_or_insert_with(|| runtime.sleep(budget));
        Pin::new(grace).poll(cx).is_ready()
    }

    fn is_drained(&mut self, core: &Core<A>, cell: &Cell<A>, cx: &mut TaskContext<'_>) -> bool {
        let inbox = cell.lock();
        let is_empty = core.batch.is_empty() && inbox.is_empty();
        let Some(order) = inbox.rare.as_ref().and_then(|it| it.order.as_ref()) else {
            return true;
        };
        let time = order.time;
        let is_spent = inbox.allowed(cell.handled.load(Ordering::Relaxed)) == 0;
        drop(inbox);
        is_empty || is_spent || self.is_out_of_drain(time, cell, cx)
    }

    /// Whether the time for draining is over; without a limit it never is.
    fn is_out_of_drain(
        &mut self,
        time: Option<Duration>,
        cell: &Cell<A>,
        cx: &mut TaskContext<'_>,
    ) -> bool {
        let Some(time) = time else { return false };
        if time.is_zero() {
            // A clock that counts in steps would let a few messages by.
            return true;
        }
        let runtime = &cell.system.runtime;
        let drain = self.aside().drain.get_or_insert_with(|| runtime.sleep(time));
        Pin::new(drain).poll(cx).is_ready()
    }

    /// Ends the incarnation, after its children.
    pub(super) fn end(
        &mut self,
        cell: &Arc<Cell<A>>,
        mut core: Option<Box<Core<A>>>,
        reason: StopReason,
        cx: &mut TaskContext<'_>,
    ) -> Step {
        let Some(ends) = close_dependants(cell) else {
            return self.end_now(cell, core, reason);
        };
        life::turn_away(cell, core.as_deref_mut(), &reason);
        self.wind_down(Winding::new(core, Box::new(reason), Then::End, ends), cell, cx)
    }

    fn end_now(
        &mut self,
        cell: &Arc<Cell<A>>,
        core: Option<Box<Core<A>>>,
        reason: StopReason,
    ) -> Step {
        self.forget_deadlines();
        self.enter(Phase::Between);
        if let Some(lineage) = self.lineage() {
            lineage.last = Some(Box::new(reason.clone()));
        }
        if life::end_incarnation(cell, core, reason) {
            return Step::Again;
        }
        self.enter(Phase::Done);
        Step::Done
    }

    /// Waits for what the supervisor decides, and does it.
    pub(super) fn between(&mut self, cell: &Arc<Cell<A>>, cx: &mut TaskContext<'_>) -> Step {
        self.enter(Phase::Between);
        cell.signals().lower(Signals::KIN);
        let seen = cell.signals().all();
        match life::take_word(cell) {
            Word::Wait => return self.wait(cell, seen, cx),
            Word::Start => {
                let Some(lineage) = self.lineage() else { return Step::Wait };
                let birth = lineage.next();
                life::reopen(cell);
                self.enter(Phase::Creating(birth));
            }
            Word::Ended(reason) => {
                // Its supervisor has counted it.
                self.lineage().into_iter().for_each(Lineage::skip);
                tell_supervisor(cell, |key| Input::Ended(key, reason));
            }
            Word::CalledOff(reason) => tell_supervisor(cell, |key| Input::CalledOff(key, reason)),
            Word::End(reason) => {
                self.enter(Phase::Done);
                life::finish(cell, None, reason);
                return Step::Done;
            }
        }
        Step::Again
    }
}

/// What follows when a hook has run, or something panicked.
pub(super) enum After<A: Actor> {
    /// Work.
    Back(Box<Core<A>>),
    /// The incarnation is to clean up.
    Stop(Box<Core<A>>, StopReason),
    /// The incarnation has ended.
    End(Box<Core<A>>, StopReason),
}

fn tell_supervisor<A: Actor>(cell: &Cell<A>, input: impl FnOnce(Key) -> Input) {
    let post = cell.lock().kin().post.clone();
    if let Some(Post { family, key }) = post {
        family.feed(input(key));
    }
}

impl<A: Actor> Winding<A> {
    const fn new(
        core: Option<Box<Core<A>>>,
        reason: Box<StopReason>,
        then: Then,
        ends: Ends,
    ) -> Self {
        Self { core, reason, then, patience: Patience::New, _ends: ends }
    }
}

impl Patience {
    /// Whether no task beside the actor is waited for any more: none is left, or all that could be
    /// done about it was.
    fn is_over<A: Actor>(&mut self, cell: &Cell<A>, cx: &mut TaskContext<'_>) -> bool {
        let Some(holder) = task::holder_if_any(cell) else { return true };
        let runtime = &cell.system.runtime;
        loop {
            if holder.poll_empty(cx).is_ready() {
                return true;
            }
            let is_killed = cell.signals().any(Signals::KILL);
            *self = match self {
                Self::New => Self::Asked(runtime.sleep(cell.settings.shutdown)),
                Self::Asked(time) => {
                    if !is_killed && Pin::new(time).poll(cx).is_pending() {
                        return false;
                    }
                    holder.abort();
                    Self::Aborted(runtime.sleep(TASK_GRACE))
                }
                Self::Aborted(time) => {
                    if Pin::new(time).poll(cx).is_pending() {
                        return false;
                    }
                    Self::Over
                }
                Self::Over => return true,
            };
        }
    }
}

/// Tells children and tasks to end. Gives out that the actor waits for them, unless none is left.
fn close_dependants<A: Actor>(cell: &Cell<A>) -> Option<Ends> {
    let (family, holder) = (life::family_of(cell), task::holder_if_any(cell));
    if family.is_none() && holder.is_none() {
        return None;
    }
    // Before anybody is told, who may ask this actor for something at once.
    let ends = note_ends(cell, family.as_deref(), holder.as_deref());
    holder.iter().for_each(|it| it.cancel());
    let none_left = close_family(cell) & holder.is_none_or(|it| it.is_empty());
    (!none_left).then_some(ends)
}

/// Notes for whose ends an actor waits: its children's, and its tasks'.
fn note_ends<A: Actor>(cell: &Cell<A>, family: Option<&Family>, holder: Option<&Holder>) -> Ends {
    let children = family.map(Family::list).unwrap_or_default();
    let tasks = holder.map(Holder::task_ids).unwrap_or_default();
    let children = children.iter().map(|it| (it.0.id(), WaitFor::End));
    let tasks = tasks.iter().map(|it| (it.node(), WaitFor::Task));
    Ends::noted(&cell.system, cell.id, children.chain(tasks))
}

/// Tells the children to end, and says whether there are none left.
fn close_family<A: Actor>(cell: &Cell<A>) -> bool {
    let Some(family) = life::family_of(cell) else { return true };
    let is_killed = cell.signals().any(Signals::KILL);
    family.feed(Input::Close(if is_killed { Manner::Kill } else { Manner::Stop }));
    family.is_closed()
}

/// Whether the last child has ended; a kill that has come meanwhile reaches them all.
fn is_family_closed<A: Actor>(cell: &Cell<A>, seen: Signals) -> bool {
    let Some(family) = life::family_of(cell) else { return true };
    if seen.has(Signals::KILL) {
        family.feed(Input::Close(Manner::Kill));
    }
    family.is_closed()
}

/// Why the actor was told to end. One that told itself, and nobody else, ends normally.
pub(super) fn ordered_reason<A: Actor>(cell: &Cell<A>) -> StopReason {
    let inbox = cell.lock();
    match inbox.rare.as_ref().and_then(|it| it.order.as_ref()) {
        Some(order) => order.reason.clone(),
        None => StopReason::Normal,
    }
}

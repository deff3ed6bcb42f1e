//! When the task of an actor stops working, and how it goes about that.

use std::{
    mem,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context as TaskContext, Waker},
    time::Duration,
};

use super::{Course, Phase, Step, shift::Shift};
use crate::{
    Actor, Failure, StopReason,
    cell::Cell,
    core::{Core, Errand},
    life,
    run::has_stopped_hook,
    signal::Signals,
};

impl<A: Actor> Course<A> {
    /// Why the actor must end now, if it must. Asked between turns only.
    pub(super) fn ending(
        &mut self,
        core: &mut Core<A>,
        cell: &Cell<A>,
        cx: &mut TaskContext<'_>,
    ) -> Option<StopReason> {
        if let Errand::Failed(failure) = mem::take(&mut core.errand) {
            cell.report(&failure);
            return Some(StopReason::Failed(failure));
        }
        let seen = cell.signals().all();
        let is_over = seen.has(Signals::ORDERS)
            || seen.has(Signals::DRAIN) && self.is_drained(core, cell, cx);
        is_over.then(|| ordered_reason(cell))
    }

    /// What follows when a hook has run, or something panicked; `None` if the actor has ended.
    pub(super) fn after_errand(
        &mut self,
        mut core: Box<Core<A>>,
        panicked: Option<Failure>,
        cell: &Arc<Cell<A>>,
    ) -> Option<Box<Core<A>>> {
        let errand = mem::take(&mut core.errand);
        let failure = match (&errand, panicked) {
            (_, Some(panic)) => Some(panic),
            (Errand::Failed(failure) | Errand::StartFailed(failure), None) => Some(failure.clone()),
            (Errand::StopFailed(reason), None) => reason.failure().cloned(),
            (Errand::Turns | Errand::Start | Errand::Stop(_), None) => None,
        };
        if let Some(failure) = &failure {
            cell.report(failure);
        }
        let ended = match (errand, failure) {
            (Errand::Turns | Errand::Failed(_), None) => return Some(core),
            (Errand::Turns | Errand::Failed(_), Some(failure)) => {
                return self.begin_stop(core, StopReason::Failed(failure), cell);
            }
            (Errand::Start | Errand::StartFailed(_), None) => {
                life::note_started(cell);
                return Some(core);
            }
            (Errand::Start | Errand::StartFailed(_), Some(failure)) => {
                StopReason::StartFailed(failure)
            }
            (Errand::Stop(reason), Some(failure)) => reason.and_failed(failure),
            (Errand::Stop(reason), None) | (Errand::StopFailed(reason), _) => *reason,
        };
        self.end(cell, Some(core), ended);
        None
    }

    /// Closes the door and sends the core to run `stopped`; `None` if there is none to run, or the
    /// actor was killed: then it has ended.
    pub(super) fn begin_stop(
        &mut self,
        mut core: Box<Core<A>>,
        reason: StopReason,
        cell: &Arc<Cell<A>>,
    ) -> Option<Box<Core<A>>> {
        let senders = cell.lock().close();
        senders.into_iter().for_each(Waker::wake);
        if cell.signals().any(Signals::KILL) {
            self.end(cell, Some(core), reason);
            return None;
        }
        if !has_stopped_hook::<A>() {
            let core = life::run_empty_hook(core, &reason);
            self.end(cell, Some(core), reason);
            return None;
        }
        core.errand = Errand::Stop(Box::new(reason));
        core.grant(0);
        // From here on the time for shutting down runs, whatever led to this; and runs anew.
        cell.signals().raise(Signals::STOP);
        if let Some(aside) = &mut self.0 {
            aside.grace = None;
        }
        Some(core)
    }

    /// What follows when a turn or hook was cut.
    pub(super) fn end_cut(
        &mut self,
        mut core: Box<Core<A>>,
        cell: &Arc<Cell<A>>,
        cx: &mut TaskContext<'_>,
    ) -> Step {
        let reason = match mem::take(&mut core.errand) {
            Errand::Stop(reason) | Errand::StopFailed(reason) => *reason,
            Errand::Start | Errand::StartFailed(_) => ordered_reason(cell),
            Errand::Turns | Errand::Failed(_) => {
                let reason = ordered_reason(cell);
                return match self.begin_stop(core, reason, cell) {
                    Some(core) => self.work(Shift::new(core, cell), cell.lock(), cell, cx),
                    None => Step::Done,
                };
            }
        };
        self.end(cell, Some(core), reason)
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
        let runtime = &cell.system.runtime;
        let drain = self.aside().drain.get_or_insert_with(|| runtime.sleep(time));
        Pin::new(drain).poll(cx).is_ready()
    }

    pub(super) fn end(
        &mut self,
        cell: &Arc<Cell<A>>,
        core: Option<Box<Core<A>>>,
        reason: StopReason,
    ) -> Step {
        self.enter(Phase::Done);
        life::finish(cell, core, reason);
        Step::Done
    }
}

/// Why the actor was told to end. One that told itself, and nobody else, ends normally.
pub(super) fn ordered_reason<A: Actor>(cell: &Cell<A>) -> StopReason {
    let inbox = cell.lock();
    match inbox.rare.as_ref().and_then(|it| it.order.as_ref()) {
        Some(order) => order.reason.clone(),
        None => StopReason::Normal,
    }
}

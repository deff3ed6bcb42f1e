//! How long a suspended turn may take, and what follows when it takes longer.

use std::{
    mem,
    sync::Arc,
    task::{Context as TaskContext, Poll},
};

use super::{Course, Phase, Step, shift::Shift};
use crate::{
    Actor, AskError, Failure, HandlerTimeout, OnTimeout, SlowTurn, TurnKind,
    ask::Parked,
    cell::Cell,
    run::{Suspended, cut_late, tell_fallen},
    signal::Signals,
    term::Term,
};

/// The time of the turn that has just awaited for the first time, if that has a limit.
fn begin_term<A: Actor>(cell: &Cell<A>, is_call: bool) -> Option<Term> {
    let (kind, message_type) = match cell.begun() {
        (TurnKind::Tell, message) if is_call => (TurnKind::Ask, message),
        turn => turn,
    };
    Term::begin(cell, kind, message_type)
}

/// A turn or hook that awaits something, and whoever waits for it at the core.
pub(super) type Waiting<A> = (Suspended, Option<Arc<dyn Parked<A>>>);

impl<A: Actor> Course<A> {
    /// Waits for a turn or hook that is suspended, unless its time is over.
    pub(super) fn suspend(
        &mut self,
        waiting: Waiting<A>,
        seen: Signals,
        cell: &Arc<Cell<A>>,
        cx: &mut TaskContext<'_>,
    ) -> Step {
        cell.tell_of_wait();
        if !cell.settings.limits.is_none()
            && let Some(timeout) = self.look_at_term(waiting.1.is_some(), cell, cx)
        {
            return self.time_out(waiting, timeout, cell, cx);
        }
        self.enter(Phase::Suspended(waiting.0, waiting.1));
        self.wait(cell, seen, cx)
    }

    /// The turn that was suspended has come to its end: what the actor is to be told of it.
    pub(super) fn end_term(&mut self, cell: &Cell<A>) -> Vec<SlowTurn> {
        if cell.settings.limits.is_none() {
            return Vec::new();
        }
        let reads = cell.lock().rare.as_mut().map(|it| mem::take(&mut it.slow_reads));
        let term = self.0.as_mut().and_then(|it| it.term.take());
        let own = term.and_then(|it| it.end(cell));
        reads.into_iter().flatten().chain(own).collect()
    }

    /// The turn that was suspended will not come to its end.
    pub(super) fn forget_term(&mut self) {
        if let Some(aside) = &mut self.0 {
            aside.term = None;
        }
    }

    #[cold]
    fn look_at_term(
        &mut self,
        is_call: bool,
        cell: &Cell<A>,
        cx: &mut TaskContext<'_>,
    ) -> Option<HandlerTimeout> {
        // Reads side by side keep the time of each themselves.
        if cell.hosts_reads() {
            return None;
        }
        let aside = self.aside();
        if aside.term.is_none() {
            aside.term = Some(Box::new(begin_term(cell, is_call)?));
        }
        match aside.term.as_mut()?.poll(cell, cx) {
            Poll::Ready(timeout) => Some(timeout),
            Poll::Pending => None,
        }
    }

    /// Drops a turn or hook that has taken too long where it stands.
    #[cold]
    fn time_out(
        &mut self,
        (suspended, parked): Waiting<A>,
        timeout: HandlerTimeout,
        cell: &Arc<Cell<A>>,
        cx: &mut TaskContext<'_>,
    ) -> Step {
        self.forget_term();
        let mut core = cut_late(suspended);
        match timeout.kind {
            TurnKind::Started => return self.end_cut(core, Some(Failure::from(timeout)), cell, cx),
            TurnKind::Stopped => return self.end_cut(core, None, cell, cx),
            TurnKind::Tell | TurnKind::Ask => {}
        }
        core.keeps_answer = false;
        drop(mem::take(&mut core.answer));
        if timeout.action == OnTimeout::Stop {
            core.fail(timeout.into());
        } else {
            core.mend();
        }
        tell_fallen(&core, || AskError::from(timeout));
        drop(cell.forget_caller());
        parked.into_iter().for_each(|it| it.lose(AskError::from(timeout), cell));
        let after = self.after_errand(core, None, cell);
        match self.follow(after, cell, cx) {
            Ok(core) => self.work(Shift::new(core, cell), cell.lock(), cell, cx),
            Err(step) => step,
        }
    }
}

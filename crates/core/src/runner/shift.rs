//! One stretch of turns: how long it may be, and what it finds in the mailbox.

use std::{
    sync::{MutexGuard, atomic::Ordering},
    task::{Context as TaskContext, Waker},
};

use ghostlight_rt::Instant;

use crate::{
    Actor, cell::Cell, checkup, core::Core, mailbox::Inbox, signal::Signals, spawn::LARGEST_CHUNK,
    stash,
};

/// One stretch of turns, within one poll of the task.
pub(super) struct Shift<A: Actor> {
    pub(super) core: Box<Core<A>>,
    /// How many messages may still be handled before others have their share.
    share: u32,
    /// How many turns the last run took.
    ran: u32,
    /// When the first chunk ended.
    since: Option<Instant>,
}

impl<A: Actor> Shift<A> {
    pub(super) fn new(core: Box<Core<A>>, cell: &Cell<A>) -> Self {
        let ran = core.ran();
        Self { core, share: cell.settings.throughput, ran, since: None }
    }

    /// Notes how many turns have run.
    ///
    /// Looks at the clock once a chunk, and makes chunks as long as fit the time.
    pub(super) fn note(&mut self, cell: &Cell<A>) {
        self.ran = self.core.ran();
        self.share -= self.ran;
        if self.share == 0 || self.ran < self.core.chunk.into() {
            return;
        }
        let now = cell.system.runtime.now();
        let is_spent = self.since.is_some_and(|it| cell.settings.quantum <= now - it);
        self.since.get_or_insert(now);
        if is_spent {
            self.share = 0;
            self.core.chunk = (self.core.chunk / 2).max(1);
        } else {
            self.core.chunk = (self.core.chunk * 2).min(cell.settings.largest_chunk);
        }
    }
}

/// What a look around comes to.
pub(super) enum Looked<'a, A: Actor> {
    /// There are messages in the batch, and turns may run.
    ToDo,
    Nothing(MutexGuard<'a, Inbox<A>>),
    /// There are messages, but others must have their share first.
    Enough(MutexGuard<'a, Inbox<A>>),
}

/// Fills the batch, and lets waiting senders in.
#[inline]
pub(super) fn look_around<'a, A: Actor>(
    cell: &'a Cell<A>,
    shift: &mut Shift<A>,
    mut inbox: MutexGuard<'a, Inbox<A>>,
) -> Looked<'a, A> {
    let core = &mut *shift.core;
    if shift.share == 0 && !(core.batch.is_empty() && inbox.is_empty()) {
        inbox.note_ran(shift.ran);
        return Looked::Enough(inbox);
    }
    if !inbox.refill_plainly(&mut core.batch) {
        return look_closely(cell, shift, inbox);
    }
    core.note_batch();
    if core.batch.is_empty() {
        return Looked::Nothing(inbox);
    }
    core.heed = Signals::NEWS;
    core.grant(shift.share.min(core.chunk.into()));
    Looked::ToDo
}

/// The same where priorities, orders, waiting senders or an unusual mailbox have a say.
fn look_closely<'a, A: Actor>(
    cell: &'a Cell<A>,
    shift: &mut Shift<A>,
    mut inbox: MutexGuard<'a, Inbox<A>>,
) -> Looked<'a, A> {
    inbox = checkup::answer(cell, &shift.core, inbox);
    let core = &mut *shift.core;
    // An actor that is fast lets senders in by the half mailbox: waking each for one place would
    // cost more than its message.
    let is_slow = core.chunk < LARGEST_CHUNK;
    if inbox.has_line()
        && (is_slow || inbox.is_half_empty(&cell.settings.mailbox, core.batch.len()))
    {
        inbox = admit_senders(cell, core.batch.len(), inbox);
    }
    inbox.note_ran(shift.ran);
    stash::bring_back(&mut inbox, &mut core.batch);
    let handled = cell.handled.load(Ordering::Relaxed);
    let run = inbox.refill(&cell.settings.mailbox, &mut core.batch, handled);
    core.note_batch();
    // Lowered even where nothing is left: a notice may have been taken back, and a signal that
    // nobody can act upon would end every further run before its first turn.
    let is_urgent = inbox.is_urgent();
    if !is_urgent {
        cell.signals().lower(Signals::URGENT);
    }
    if run == 0 {
        return Looked::Nothing(inbox);
    }
    // What is known already ends no run; a drain that is going on only limits it.
    let known = if is_urgent { Signals::URGENT } else { Signals::NONE };
    core.heed = Signals::NEWS.without(known).without(cell.signals().all().only(Signals::DRAIN));
    let allowed = inbox.allowed(handled);
    core.grant(run.min(shift.share).min(core.chunk.into()).min(allowed));
    if cell.settings.mailbox.is_watched() {
        drop(inbox);
        tell_of_turn(cell, core);
    }
    Looked::ToDo
}

/// Tells whoever wants to know of every message which one is next, and lets only that one run.
#[cold]
fn tell_of_turn<A: Actor>(cell: &Cell<A>, core: &mut Core<A>) {
    core.grant(core.run.min(1));
    if let Some(message) = core.batch.front() {
        cell.tell_of_turn(message);
    }
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
pub(super) fn lay_down<A: Actor>(
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

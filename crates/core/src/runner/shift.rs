//! One stretch of turns: how long it may be, and what it finds in the mailbox.

use std::{
    sync::MutexGuard,
    task::{Context as TaskContext, Waker},
};

use ghostlight_rt::Instant;

use crate::{Actor, cell::Cell, core::Core, mailbox::Inbox, signal::Signals};

/// The most messages between two looks at the clock.
const LARGEST_CHUNK: u32 = 64;

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
        Self { core, share: cell.settings.throughput, ran: 0, since: None }
    }

    /// Notes that so many turns have run.
    ///
    /// Looks at the clock once a chunk, and makes chunks as long as fit the time.
    pub(super) fn note(&mut self, ran: u32, cell: &Cell<A>) {
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

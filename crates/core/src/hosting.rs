//! A suspended turn that takes messages out of the mailbox, to have them handled meanwhile.

use std::{
    sync::{Arc, atomic::Ordering},
    task::{Context as TaskContext, Poll, Waker},
};

use crate::{
    Actor,
    cell::Cell,
    core::EnvelopeOf,
    mailbox::{Inbox, Queue},
    signal::Signals,
};

/// A turn that hears of mail although it is suspended, until this is dropped.
pub(crate) struct Hosting<'a, A: Actor>(&'a Arc<Cell<A>>);

impl<'a, A: Actor> Hosting<'a, A> {
    pub(crate) const fn new(cell: &'a Arc<Cell<A>>) -> Self {
        Self(cell)
    }

    /// Looks into the mailbox, with what `take` takes out of it; nothing, once the actor was killed. While
    /// that is pending, whoever brings mail wakes the task.
    pub(crate) fn look<T>(
        &self,
        batch: &mut Queue<EnvelopeOf<A>>,
        task: &TaskContext<'_>,
        take: impl FnOnce(&mut Inbox<A>, &mut Queue<EnvelopeOf<A>>) -> Poll<T>,
    ) -> Poll<T> {
        let cell = self.0;
        if cell.signals().any(Signals::KILL) {
            return Poll::Pending;
        }
        let mut inbox = cell.lock();
        let taken = take(&mut inbox, batch);
        cell.left.store(batch.len(), Ordering::Relaxed);
        let senders = inbox.admit_senders(&cell.settings.mailbox, batch.len());
        // Whoever runs this turn on another's thread gives it to the actor's task, which looks again.
        if taken.is_pending() && !task.waker().will_wake(Waker::noop()) {
            inbox.host(task.waker());
        }
        drop(inbox);
        senders.into_iter().for_each(Waker::wake);
        taken
    }
}

impl<A: Actor> Drop for Hosting<'_, A> {
    fn drop(&mut self) {
        let host = self.0.lock().end_hosting();
        drop(host);
    }
}

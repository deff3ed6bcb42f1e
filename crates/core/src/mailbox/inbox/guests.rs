//! What a suspended turn asks of the mailbox, to take messages out of it meanwhile.

use std::task::Waker;

use super::Inbox;
use crate::{
    Actor,
    core::EnvelopeOf,
    mailbox::{Pick, Queue},
};

impl<A: Actor> Inbox<A> {
    /// A suspended turn wants to hear of mail: as if the actor were idle, whoever brings some wakes it.
    pub(crate) fn host(&mut self, waker: &Waker) {
        self.rare().host = Some(waker.clone());
        self.idle = true;
    }

    /// It does no longer.
    pub(crate) fn end_hosting(&mut self) -> Option<Waker> {
        self.idle = false;
        let rare = self.rare.as_mut()?;
        rare.host.take()
    }

    /// Whether the message that goes next is of that kind, if there is any. A notice is of none.
    pub(crate) fn next_is(
        &mut self,
        batch: &Queue<EnvelopeOf<A>>,
        is_wanted: impl Fn(&EnvelopeOf<A>) -> bool,
    ) -> Option<bool> {
        if self.has_notices() {
            return Some(false);
        }
        let next = match self.pick(!batch.is_empty()) {
            Pick::Nothing => None,
            Pick::Lane(rank) => self.lanes().and_then(|it| it.front(rank)),
            Pick::Normal { .. } => batch.front().or_else(|| self.queue.front()),
        };
        next.map(is_wanted)
    }

    /// Takes the first message of its kind out, whatever its priority.
    pub(crate) fn take_first(
        &mut self,
        is_wanted: impl Fn(&EnvelopeOf<A>) -> bool,
    ) -> Option<EnvelopeOf<A>> {
        let lanes = self.rare.as_mut().and_then(|it| it.lanes.as_mut());
        let urgent = lanes.and_then(|it| it.take_first(&is_wanted));
        urgent.or_else(|| self.queue.take_first(is_wanted))
    }
}

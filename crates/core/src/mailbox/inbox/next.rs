//! What is handled next.

use std::mem;

use super::Inbox;
use crate::{
    Actor,
    core::EnvelopeOf,
    mailbox::{MailboxOptions, Overflow, Pick, Queue},
};

impl<A: Actor> Inbox<A> {
    /// Moves what is to be handled next into `batch`, and says how many turns may run on it, when
    /// `handled` have begun so far.
    pub(crate) fn refill(
        &mut self,
        options: &MailboxOptions,
        batch: &mut Queue<EnvelopeOf<A>>,
        handled: u64,
    ) -> u32 {
        // Whatever was picked first goes first, though a signal has come before its turn began.
        if self.is_picked(handled, batch.len()) {
            return 1;
        }
        let run = match self.pick(!batch.is_empty()) {
            _ if self.has_notices() => {
                self.take_notice().into_iter().for_each(|it| batch.push_front(it));
                1
            }
            Pick::Nothing => 0,
            Pick::Lane(rank) => {
                let normal_waits = !self.queue.is_empty() || !batch.is_empty();
                let lanes = self.rare().lanes.as_mut();
                let taken = lanes.and_then(|it| it.take(rank, normal_waits));
                taken.map_or(0, |it| {
                    batch.push_front(it);
                    1
                })
            }
            Pick::Normal { at_most } => {
                self.refill_normal(options, batch);
                at_most
            }
        };
        if let Some(rare) = &mut self.rare {
            rare.picked = (run == 1).then_some((handled, batch.len()));
        }
        self.taken = batch.len() as u32;
        self.look_closer_from(options);
        self.is_plain = self.is_plain_now(options);
        run
    }

    /// Whether what the last refill has put in front is still there: no turn has begun since.
    fn is_picked(&self, handled: u64, left: usize) -> bool {
        self.rare.as_ref().is_some_and(|it| it.picked == Some((handled, left)))
    }

    pub(super) fn pick(&mut self, batch_waits: bool) -> Pick {
        let normal_waits = batch_waits || !self.queue.is_empty();
        match self.rare.as_mut().and_then(|it| it.lanes.as_mut()) {
            Some(lanes) => lanes.pick(normal_waits),
            None if normal_waits => Pick::Normal { at_most: u32::MAX },
            None => Pick::Nothing,
        }
    }

    fn refill_normal(&mut self, options: &MailboxOptions, batch: &mut Queue<EnvelopeOf<A>>) {
        if !batch.is_empty() {
            return;
        }
        if options.overflow() == Overflow::DropOldest {
            // The rest stays here, where the oldest can be dropped.
            if let Some(oldest) = self.queue.pop_front() {
                batch.push_back(oldest);
            }
        } else {
            mem::swap(&mut self.queue, batch);
        }
    }

    /// Notes that so many messages have run since the last look.
    pub(crate) fn note_ran(&mut self, n: u32) {
        if let Some(lanes) = self.rare.as_mut().and_then(|it| it.lanes.as_mut()) {
            lanes.ran(n);
        }
    }

    /// How many more messages an order allows, when `handled` were handled so far.
    pub(crate) fn allowed(&self, handled: u64) -> u32 {
        let order = self.rare.as_ref().and_then(|it| it.order.as_ref());
        order.map_or(u32::MAX, |it| {
            u32::try_from(it.messages.saturating_sub(handled)).unwrap_or(u32::MAX)
        })
    }

    /// Whether there is an end that this actor has not been told of yet.
    pub(super) fn has_notices(&self) -> bool {
        let kin = self.rare.as_ref().and_then(|it| it.kin.as_ref());
        kin.is_some_and(|it| !it.notices.is_empty())
    }

    /// Takes the oldest notice; from here on it is a message like any other.
    fn take_notice(&mut self) -> Option<EnvelopeOf<A>> {
        let notice = self.kin_if_any()?.next_notice()?;
        self.accepted += 1;
        Some(notice)
    }
}

//! The time that a turn has, while it lasts.

use std::{
    pin::Pin,
    task::{Context as TaskContext, Poll},
    time::Duration,
};

use ghostlight_rt::{Instant, Sleep};

use crate::{Actor, HandlerTimeout, OnTimeout, SlowTurn, TurnKind, cell::Cell};

/// The time of a turn that has suspended.
pub(crate) struct Term {
    begun: Instant,
    limit: Duration,
    /// What is told when it is over: at first, and then again after twice the time.
    timeout: HandlerTimeout,
    sleep: Sleep,
}

impl Term {
    /// It begins now, if such a turn has a limit.
    pub(crate) fn begin<A: Actor>(
        cell: &Cell<A>,
        kind: TurnKind,
        message_type: Option<&'static str>,
    ) -> Option<Self> {
        let (limit, action) = cell.settings.limits.of(kind)?;
        let runtime = &cell.system.runtime;
        let timeout = HandlerTimeout { kind, message_type, after: limit, action };
        Some(Self { begun: runtime.now(), limit, timeout, sleep: runtime.sleep(limit) })
    }

    /// What is to be told and done, if its time is over.
    pub(crate) fn poll<A: Actor>(
        &mut self,
        cell: &Cell<A>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<HandlerTimeout> {
        while Pin::new(&mut self.sleep).poll(cx).is_ready() {
            let timeout = self.timeout;
            cell.report_late(&timeout);
            if timeout.action != OnTimeout::Warn {
                return Poll::Ready(timeout);
            }
            self.timeout.after = timeout.after.saturating_mul(2).max(Duration::from_nanos(1));
            let runtime = &cell.system.runtime;
            self.sleep = runtime.sleep_until(self.begun + self.timeout.after);
        }
        Poll::Pending
    }

    /// The turn is over: what its actor is told, if somebody was told that it takes too long.
    pub(crate) fn end<A: Actor>(&self, cell: &Cell<A>) -> Option<SlowTurn> {
        let HandlerTimeout { kind, message_type, after: next, .. } = self.timeout;
        let is_hook = matches!(kind, TurnKind::Started | TurnKind::Stopped);
        let was_told = next != self.limit;
        let took = cell.system.runtime.now() - self.begun;
        let slow = SlowTurn { kind, message_type, took, limit: self.limit };
        (was_told && !is_hook).then_some(slow)
    }
}

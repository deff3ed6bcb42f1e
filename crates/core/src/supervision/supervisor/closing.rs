//! The end of a whole group, because its owner ends or is started again.

use super::{
    Effect, Key, Manner, Step, Supervisor,
    table::{Phase, Then},
};
use crate::{RestartWindow, StopReason};

/// Whether children may be started.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Door {
    Open,
    Closing(Manner),
    /// Closing, and nobody is left.
    Closed,
}

impl Supervisor {
    pub(super) fn close(&mut self, manner: Manner, step: &mut Step<'_>) {
        match (self.door, manner) {
            (Door::Open, _) | (Door::Closing(Manner::Stop | Manner::Await), Manner::Kill) => {}
            _ => return,
        }
        self.door = Door::Closing(manner);
        self.round = None;
        if manner == Manner::Stop {
            return;
        }
        let keys: Vec<Key> = self.table.from(0).map(|(key, _)| key).rev().collect();
        for key in keys {
            match manner {
                Manner::Kill => self.end_now(key, step),
                Manner::Stop | Manner::Await => self.end_if_down(key, step),
            }
        }
    }

    /// Nobody else can end a child of which no incarnation is alive.
    fn end_if_down(&mut self, key: Key, step: &mut Step<'_>) {
        let reason = match self.door {
            // Nobody but a whole system leaves the ends of the others to somebody else.
            Door::Closing(Manner::Await) => StopReason::SystemShutdown,
            _ => StopReason::OwnerEnded,
        };
        if let Some(Phase::Waiting | Phase::Held | Phase::Halted) = self.table.phase(key) {
            self.forget(key, reason, step);
        }
    }

    fn end_now(&mut self, key: Key, step: &mut Step<'_>) {
        match self.table.phase(key) {
            Some(Phase::Starting | Phase::Running | Phase::Ending { is_killed: false, .. }) => {
                self.kill(key, Then::Forget, step);
            }
            _ => self.end_if_down(key, step),
        }
    }

    /// Whose turn it is follows from who is left: it is the one that was added last.
    pub(super) fn advance_closing(&mut self, manner: Manner, step: &mut Step<'_>) {
        match self.table.last() {
            None => {
                self.door = Door::Closed;
                step.effects.push(Effect::Closed);
            }
            _ if manner != Manner::Stop => {}
            Some((key, Phase::Starting | Phase::Running)) => {
                self.halt(key, StopReason::OwnerEnded, Then::Forget, step);
            }
            Some((key, Phase::Waiting | Phase::Held | Phase::Halted)) => {
                self.forget(key, StopReason::OwnerEnded, step);
            }
            Some((_, Phase::Ending { .. } | Phase::Forgotten)) => {}
        }
    }

    /// What the owner's last incarnation did not use up does not count for the next.
    pub(super) fn reopen(&mut self) {
        if self.door != Door::Closed {
            return;
        }
        self.door = Door::Open;
        self.options.limit = self.options.limit.as_ref().map(RestartWindow::fresh);
        self.group.has_been_complete = false;
    }
}

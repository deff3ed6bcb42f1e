//! Telling a child to end, and the wishes of the owner.

use super::{
    Effect, Key, Step, Supervisor,
    table::{Phase, Then},
};
use crate::StopReason;

impl Supervisor {
    /// Ends the incarnation, and keeps the child until its owner starts it again.
    pub(super) fn stop(&mut self, key: Key, step: &mut Step<'_>) {
        match self.table.phase(key) {
            Some(Phase::Starting | Phase::Running) => {
                self.leave_round(key);
                self.halt(key, StopReason::Stopped(None), Then::Halt, step);
            }
            Some(Phase::Waiting | Phase::Held) => {
                self.table.enter(key, Phase::Halted, None);
                self.leave_round(key);
                step.effects.push(Effect::Shut(key));
            }
            Some(Phase::Ending { then: Then::Start | Then::Hold, .. }) => {
                self.table.set_then(key, Then::Halt);
                step.effects.push(Effect::Shut(key));
            }
            Some(Phase::Ending { then: Then::Halt | Then::Forget, .. })
            | Some(Phase::Halted | Phase::Forgotten)
            | None => {}
        }
    }

    /// Starts a child that was stopped; the others are started without being asked.
    pub(super) fn start(&mut self, key: Key, step: &mut Step<'_>) {
        match self.table.phase(key) {
            Some(Phase::Halted) => self.launch(key, step),
            Some(Phase::Ending { then: Then::Halt, .. }) => self.change_mind(key),
            _ => {}
        }
    }

    /// A new incarnation, at once; in a round, in its turn.
    pub(super) fn restart(&mut self, key: Key, step: &mut Step<'_>) {
        match self.table.phase(key) {
            Some(Phase::Starting | Phase::Running) => {
                if !self.round_takes_back(key) {
                    self.retire(key, Then::Start, step);
                }
            }
            Some(Phase::Waiting | Phase::Halted) => self.launch(key, step),
            Some(Phase::Ending { then: Then::Halt, .. }) => self.change_mind(key),
            Some(Phase::Ending { .. } | Phase::Held | Phase::Forgotten) | None => {}
        }
    }

    /// It was told to stop, and comes back after all.
    fn change_mind(&mut self, key: Key) {
        let then = if self.round_takes_back(key) { Then::Hold } else { Then::Start };
        self.table.set_then(key, then);
    }

    fn round_takes_back(&mut self, key: Key) -> bool {
        self.round.as_mut().is_some_and(|it| it.takes_back(key))
    }

    /// Ends the child for good.
    pub(super) fn remove(&mut self, key: Key, step: &mut Step<'_>) {
        match self.table.phase(key) {
            Some(Phase::Starting | Phase::Running) => {
                self.leave_round(key);
                self.halt(key, StopReason::Stopped(None), Then::Forget, step);
            }
            Some(Phase::Waiting | Phase::Held | Phase::Halted) => {
                self.forget(key, StopReason::Stopped(None), step);
            }
            Some(Phase::Ending { .. }) => self.table.set_then(key, Then::Forget),
            Some(Phase::Forgotten) | None => {}
        }
    }

    pub(super) fn retire(&mut self, key: Key, then: Then, step: &mut Step<'_>) {
        self.fell(key, &StopReason::Restart);
        self.tell(key, then, step);
        step.effects.push(Effect::Retire(key));
    }

    pub(super) fn halt(&mut self, key: Key, reason: StopReason, then: Then, step: &mut Step<'_>) {
        self.fell(key, &reason);
        self.tell(key, then, step);
        step.effects.push(Effect::Halt(key, reason));
    }

    /// Its deadline runs from now.
    fn tell(&mut self, key: Key, then: Then, step: &Step<'_>) {
        let deadline = self.table.get(key).map(|it| step.now + it.rules.shutdown);
        self.table.enter(key, Phase::Ending { then, is_killed: false }, deadline);
    }

    pub(super) fn kill(&mut self, key: Key, then: Then, step: &mut Step<'_>) {
        self.fell(key, &StopReason::Killed);
        let phase = Phase::Ending { then, is_killed: true };
        self.table.enter(key, phase, Some(step.now + self.last_grace));
        step.effects.push(Effect::Kill(key));
    }
}

//! What becomes of a child: begun, ended, judged, gone.

use std::time::Duration;

use super::{
    Effect, Key, Step, Supervisor,
    closing::Door,
    table::{Phase, Then},
};
use crate::{
    StopReason,
    supervision::{
        Strategy,
        restart::{Budget, Verdict, judge, judge_replaced},
    },
};

impl Supervisor {
    pub(super) fn started(&mut self, key: Key, step: &Step<'_>) {
        if self.table.phase(key) != Some(Phase::Starting) {
            return;
        }
        if let Some(child) = self.table.get_mut(key) {
            child.record.started(step.now);
        }
        self.table.enter(key, Phase::Running, None);
        if let Some(round) = &mut self.round {
            round.started(key);
        }
    }

    pub(super) fn ended(&mut self, key: Key, reason: StopReason, step: &mut Step<'_>) {
        let Some(phase) = self.table.phase(key) else {
            // One that was abandoned has ended after all, and waits for its leave.
            step.effects.push(Effect::Forget(key, reason));
            return;
        };
        match phase {
            Phase::Waiting | Phase::Held | Phase::Halted | Phase::Forgotten => {}
            _ if self.door != Door::Open => self.forget(key, reason, step),
            Phase::Starting | Phase::Running => self.judged(key, reason, step),
            Phase::Ending { then: Then::Start, .. } => self.replaced(key, reason, false, step),
            Phase::Ending { then: Then::Hold, .. } => self.replaced(key, reason, true, step),
            Phase::Ending { then: Then::Halt, .. } => self.halted(key, step),
            Phase::Ending { then: Then::Forget, .. } => self.forget(key, reason, step),
        }
    }

    /// It ended without having been told to.
    fn judged(&mut self, key: Key, reason: StopReason, step: &mut Step<'_>) {
        let now = step.now;
        let Some(child) = self.table.get_mut(key) else { return };
        let budget = Budget { record: &mut child.record, owner: self.options.limit.as_mut() };
        let verdict = judge(&child.rules, budget, &reason, now, self.luck.fraction());
        match verdict {
            Verdict::Restart { after } => {
                self.fell(key, &reason);
                self.remember(key, reason, after, step);
                match self.options.strategy {
                    Strategy::OneForOne => {
                        self.table.enter(key, Phase::Waiting, Some(now + after));
                        self.leave_round(key);
                    }
                    Strategy::OneForAll => self.take_along(key, 0, now + after),
                    Strategy::RestForOne => self.take_along(key, key, now + after),
                }
            }
            Verdict::Forget => self.forget(key, reason, step),
            Verdict::GiveUp(reason) => self.give_up(key, reason, step),
        }
    }

    /// It was told to end while it waited for its next incarnation, and that may be the end of it.
    pub(super) fn called_off(&mut self, key: Key, reason: StopReason, step: &mut Step<'_>) {
        let is_over = self.table.get(key).is_some_and(|it| !it.rules.restart.follows(&reason));
        match self.table.phase(key) {
            Some(Phase::Waiting | Phase::Held) if is_over => self.forget(key, reason, step),
            // Its wait was over in the same moment: the start is on its way, and so is the end then.
            Some(Phase::Starting) if is_over || self.door != Door::Open => {
                self.leave_round(key);
                self.halt(key, reason, Then::Forget, step);
            }
            _ => {}
        }
    }

    /// It was told to make room for its next incarnation, which its round starts, or nobody.
    fn replaced(&mut self, key: Key, reason: StopReason, is_in_round: bool, step: &mut Step<'_>) {
        let Some(child) = self.table.get_mut(key) else { return };
        child.record.ended(&child.rules, step.now);
        match judge_replaced(&child.rules, &reason) {
            Verdict::Restart { after } if is_in_round => {
                let until_ready = self.hold(key).map_or(after, |ready_at| ready_at - step.now);
                self.remember(key, reason, until_ready, step);
            }
            Verdict::Restart { after } => {
                self.remember(key, reason, after, step);
                self.leave_round(key);
                self.launch(key, step);
            }
            Verdict::Forget => self.forget(key, reason, step),
            Verdict::GiveUp(reason) => self.give_up(key, reason, step),
        }
    }

    fn halted(&mut self, key: Key, step: &Step<'_>) {
        if let Some(child) = self.table.get_mut(key) {
            child.record.ended(&child.rules, step.now);
        }
        self.table.enter(key, Phase::Halted, None);
        self.leave_round(key);
    }

    pub(super) fn gone(&mut self, key: Key, reason: &StopReason) {
        self.fell(key, reason);
        self.leave(key);
    }

    /// Out of the table, and whatever waits for it goes on.
    pub(super) fn leave(&mut self, key: Key) {
        self.table.remove(key);
        self.leave_round(key);
    }

    pub(super) fn launch(&mut self, key: Key, step: &mut Step<'_>) {
        if let Some(child) = self.table.get_mut(key) {
            child.begin_next();
        }
        self.table.enter(key, Phase::Starting, None);
        step.effects.push(Effect::Start(key));
    }

    fn remember(&mut self, key: Key, why: StopReason, delay: Duration, step: &mut Step<'_>) {
        if let Some(child) = self.table.get_mut(key) {
            let record = child.remember(step.now, why, delay);
            step.effects.push(Effect::Restarting(key, record));
        }
    }

    fn give_up(&mut self, key: Key, reason: StopReason, step: &mut Step<'_>) {
        let is_tolerated = self.table.get(key).is_some_and(|it| it.rules.is_tolerated);
        step.effects.push(Effect::GaveUp(key, reason.clone()));
        self.forget(key, reason.clone(), step);
        if !is_tolerated {
            step.effects.push(Effect::Fail(key, reason));
        }
    }

    pub(super) fn forget(&mut self, key: Key, reason: StopReason, step: &mut Step<'_>) {
        self.fell(key, &reason);
        self.table.enter(key, Phase::Forgotten, Some(step.now + self.last_grace));
        self.leave_round(key);
        step.effects.push(Effect::Forget(key, reason));
    }
}

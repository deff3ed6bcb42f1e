//! What the reference makes of a beginning and of an end.

use std::time::Duration;

use ghostlight_rt::Instant;

use super::{
    Reference,
    kid::{After, Does, FollowUp, Life, Part},
};
use crate::{
    Restart, Strategy,
    supervision::supervisor::{Key, tests::seen::Seen},
};

impl Reference {
    pub(super) fn started(&mut self, kid: usize) {
        let it = &mut self.kids[kid];
        it.does = Does::Run;
        it.lives.last_mut().unwrap().started = Some(self.now);
        if it.part == Part::Starting {
            it.part = Part::None;
        }
    }

    pub(super) fn ended(&mut self, kid: usize, why: &'static str, is_failure: bool) {
        let does = self.kids[kid].does;
        let is_alive = matches!(does, Does::Start | Does::Run | Does::End(..));
        if !is_alive {
            return;
        }
        self.kids[kid].lives.last_mut().unwrap().ended = Some(self.now);
        let is_hopeless = matches!(why, "fatal" | "vetoed");
        match does {
            _ if self.closing.is_some() => self.forget(kid, why),
            Does::End(After::Leave, _) => self.forget(kid, why),
            Does::End(After::Rest, _) => self.lie(kid, Does::Rest),
            Does::End(..) if is_hopeless && self.is_temporary(kid) => self.forget(kid, why),
            Does::End(..) if is_hopeless => self.give_up(kid, why),
            Does::End(After::Again, _) => {
                self.restarting(kid, why, Duration::ZERO);
                self.launch(kid, Part::None);
            }
            Does::End(After::Round, _) => {
                let left = self.ready_at.unwrap() - self.now;
                self.restarting(kid, why, left);
                self.lie(kid, Does::Hold);
            }
            _ => self.judge(kid, why, is_failure),
        }
    }

    pub(super) fn is_temporary(&self, kid: usize) -> bool {
        self.kids[kid].plan.restart == Restart::Temporary
    }

    pub(super) fn is_wanted(&self, kid: usize, why: &'static str, is_failure: bool) -> bool {
        match self.kids[kid].plan.restart {
            Restart::Permanent => why != "unreferenced",
            Restart::Transient => is_failure,
            Restart::Temporary => false,
        }
    }

    fn judge(&mut self, kid: usize, why: &'static str, is_failure: bool) {
        let luck = self.luck.fraction();
        let it = &self.kids[kid];
        let last = it.lives.len() - 1;
        if !self.is_wanted(kid, why, is_failure) {
            return self.forget(kid, why);
        }
        if matches!(why, "fatal" | "vetoed") {
            return self.give_up(kid, why);
        }
        let on_trial = it.is_trial(last) && !it.was_well(last);
        if on_trial && is_failure {
            return self.give_up(kid, "exhausted");
        }
        let (follow_up, wait) = if self.is_spent(kid) {
            let Some(pause) = it.plan.trial_after.filter(|_| !on_trial) else {
                return self.give_up(kid, "exhausted");
            };
            (FollowUp::Trial, pause)
        } else {
            (FollowUp::Counted, it.wait(luck))
        };
        self.kids[kid].lives[last].follow_up = follow_up;
        self.restarting(kid, why, wait);
        let ready_at = self.now + wait;
        match self.setting.strategy {
            Strategy::OneForOne => {
                self.lie(kid, Does::Wait);
                self.kids[kid].alarm = Some(ready_at);
            }
            Strategy::OneForAll => self.take_along(kid, 0, ready_at),
            Strategy::RestForOne => self.take_along(kid, kid, ready_at),
        }
    }

    fn is_spent(&self, kid: usize) -> bool {
        let it = &self.kids[kid];
        let own = it.counted_since(|life| it.is_trial(life) && it.was_well(life));
        let is_recent = |at: &Instant, within: Duration| self.now - *at < within;
        let n_own = own.iter().filter(|at| is_recent(at, it.plan.within)).count();
        let lives = self.kids[self.first..].iter().flat_map(|it| &it.lives);
        let all = lives.filter(|it| it.follow_up == FollowUp::Counted).filter_map(|it| it.ended);
        let is_out = self.setting.limit.is_some_and(|(max, within)| {
            max as usize <= all.filter(|at| is_recent(at, within)).count()
        });
        it.plan.max as usize <= n_own || is_out
    }

    fn take_along(&mut self, kid: usize, first: usize, ready_at: Instant) {
        self.ready_at = self.ready_at.max(Some(ready_at));
        self.lie(kid, Does::Hold);
        for it in &mut self.kids[first..] {
            match it.does {
                Does::Start | Does::Run => it.part = Part::ToStop,
                Does::End(After::Again, is_killed) => {
                    it.does = Does::End(After::Round, is_killed);
                    it.part = Part::ToStop;
                }
                _ => {}
            }
        }
    }

    fn restarting(&mut self, kid: usize, why: &'static str, delay: Duration) {
        let seen = Seen::of("restarting", kid as Key, why);
        self.effects.push(Seen { delay: Some(delay), ..seen });
    }

    /// It is down, and has no part in stopping or starting.
    pub(super) fn lie(&mut self, kid: usize, does: Does) {
        let it = &mut self.kids[kid];
        (it.does, it.alarm, it.part) = (does, None, Part::None);
    }

    pub(super) fn forget(&mut self, kid: usize, why: &'static str) {
        self.lie(kid, Does::Leave);
        self.kids[kid].alarm = Some(self.now + Duration::from_millis(500));
        self.say("forget", kid, why);
    }

    fn give_up(&mut self, kid: usize, why: &'static str) {
        self.say("gave-up", kid, why);
        self.forget(kid, why);
        if !self.kids[kid].plan.is_tolerated {
            self.say("fail", kid, why);
        }
    }

    pub(super) fn gone(&mut self, kid: usize) {
        self.lie(kid, Does::Nothing);
    }

    pub(super) fn launch(&mut self, kid: usize, part: Part) {
        self.lie(kid, Does::Start);
        self.kids[kid].part = part;
        self.kids[kid].lives.push(Life::default());
        self.say("start", kid, "");
    }
}

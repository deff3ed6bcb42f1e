//! How the reference tells children to end, and what it makes of the owner's wishes.

use std::time::Duration;

use super::{
    Reference,
    kid::{After, Does, Part},
};
use crate::supervision::supervisor::Manner;

impl Reference {
    pub(super) fn tell(&mut self, kid: usize, after: After) {
        let it = &mut self.kids[kid];
        it.does = Does::End(after, false);
        it.alarm = Some(self.now + it.plan.shutdown);
    }

    pub(super) fn halt(&mut self, kid: usize, after: After, why: &'static str) {
        self.tell(kid, after);
        self.say("halt", kid, why);
    }

    pub(super) fn kill(&mut self, kid: usize, after: After) {
        self.kids[kid].does = Does::End(after, true);
        self.kids[kid].alarm = Some(self.now + Duration::from_millis(500));
        self.say("kill", kid, "");
    }

    pub(super) fn stop(&mut self, kid: usize) {
        let it = &mut self.kids[kid];
        match it.does {
            Does::Start | Does::Run => {
                it.part = Part::None;
                self.halt(kid, After::Rest, "stopped");
            }
            Does::Wait | Does::Hold => {
                self.lie(kid, Does::Rest);
                self.say("shut", kid, "");
            }
            Does::End(After::Again | After::Round, is_killed) => {
                it.does = Does::End(After::Rest, is_killed);
                self.say("shut", kid, "");
            }
            _ => {}
        }
    }

    pub(super) fn start(&mut self, kid: usize) {
        let it = &mut self.kids[kid];
        let is_in_round = matches!(it.part, Part::ToStop | Part::Stopping);
        match it.does {
            Does::Rest => self.launch(kid, Part::None),
            Does::End(After::Rest, is_killed) => {
                let after = if is_in_round { After::Round } else { After::Again };
                it.does = Does::End(after, is_killed);
            }
            _ => {}
        }
    }

    pub(super) fn restart(&mut self, kid: usize) {
        let it = &mut self.kids[kid];
        match (it.does, it.part) {
            (Does::Start | Does::Run, Part::ToStop) => {}
            (Does::Start, Part::Starting) => it.part = Part::ToStop,
            (Does::Start | Does::Run, _) => {
                self.tell(kid, After::Again);
                self.say("retire", kid, "");
            }
            (Does::Wait, _) => self.launch(kid, Part::None),
            _ => self.start(kid),
        }
    }

    pub(super) fn remove(&mut self, kid: usize) {
        let it = &mut self.kids[kid];
        match it.does {
            Does::Start | Does::Run => {
                it.part = Part::None;
                self.halt(kid, After::Leave, "stopped");
            }
            Does::End(_, is_killed) => it.does = Does::End(After::Leave, is_killed),
            _ if it.is_down() => self.forget(kid, "stopped"),
            _ => {}
        }
    }

    pub(super) fn call_off(&mut self, kid: usize, why: &'static str, is_failure: bool) {
        let is_over = !self.is_wanted(kid, why, is_failure);
        match self.kids[kid].does {
            Does::Wait | Does::Hold if is_over => self.forget(kid, why),
            Does::Start if is_over || self.closing.is_some() => {
                self.kids[kid].part = Part::None;
                self.halt(kid, After::Leave, why);
            }
            _ => {}
        }
    }

    pub(super) fn close(&mut self, manner: Manner) {
        let is_news = self.closing.is_none() || manner == Manner::Kill;
        if self.is_closed || !is_news {
            return;
        }
        self.closing = Some(manner);
        self.ready_at = None;
        for kid in (0..self.kids.len()).rev().filter(|_| manner == Manner::Kill) {
            match self.kids[kid].does {
                Does::Start | Does::Run | Does::End(_, false) => self.kill(kid, After::Leave),
                _ if self.kids[kid].is_down() => self.forget(kid, "owner-ended"),
                _ => {}
            }
        }
    }

    pub(super) fn reopen(&mut self) {
        if self.is_closed {
            (self.closing, self.is_closed, self.has_been_complete) = (None, false, false);
            self.first = self.kids.len();
        }
    }
}

//! What the machine should decide, said as simply as possible.
//!
//! Nothing is kept but what each child is doing and the list of its lives; budgets, waits, trials
//! and health are counted anew each time. What follows by itself is found by asking what could be
//! done next until nothing can.

mod kid;
mod order;
mod verdict;

use ghostlight_rt::{Instant, Rng};

use self::kid::{After, Does, Kid, Life, Part};
use super::setting::{Plan, Setting};
use crate::supervision::supervisor::{
    Input, Key, Manner,
    tests::seen::{Seen, word},
};

pub(super) struct Reference {
    setting: Setting,
    luck: Rng,
    now: Instant,
    kids: Vec<Kid>,
    /// When the round may start its children; `None` outside a round.
    ready_at: Option<Instant>,
    closing: Option<Manner>,
    is_closed: bool,
    first: usize,
    has_been_complete: bool,
    is_unwell: bool,
    effects: Vec<Seen>,
}

impl Reference {
    pub(super) fn new(setting: Setting) -> Self {
        Self {
            luck: Rng::seeded(setting.seed),
            setting,
            now: Instant::ORIGIN,
            kids: Vec::new(),
            ready_at: None,
            closing: None,
            is_closed: false,
            first: 0,
            has_been_complete: false,
            is_unwell: false,
            effects: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, plan: Plan) -> Option<Key> {
        if self.closing.is_some() {
            return None;
        }
        let lives = vec![Life::default()];
        self.kids.push(Kid { plan, lives, does: Does::Start, alarm: None, part: Part::None });
        Some(self.kids.len() as Key - 1)
    }

    pub(super) fn step(&mut self, now: Instant, input: &Input) -> &[Seen] {
        self.now = now;
        self.effects.clear();
        let ran: Vec<bool> = self.kids.iter().map(|it| it.does == Does::Run).collect();
        self.hear(input);
        while self.go_on() || self.ring() {}
        self.feel(&ran, input);
        &self.effects
    }

    fn say(&mut self, what: &'static str, kid: usize, why: &'static str) {
        self.effects.push(Seen::of(what, kid as Key, why));
    }

    fn hear(&mut self, input: &Input) {
        let is_open = self.closing.is_none();
        let kid = match *input {
            Input::Close(manner) => return self.close(manner),
            Input::Reopen => return self.reopen(),
            Input::Due => return,
            Input::Stop(key) | Input::Start(key) | Input::Restart(key) | Input::Remove(key)
                if is_open =>
            {
                key
            }
            Input::Started(key)
            | Input::Ended(key, _)
            | Input::CalledOff(key, _)
            | Input::Gone(key, _) => key,
            _ => return,
        } as usize;
        if self.kids.get(kid).is_none_or(|it| it.does == Does::Nothing) {
            if let Input::Ended(_, reason) = input {
                self.say("forget", kid, word(reason));
            }
            return;
        }
        match input {
            Input::Started(_) if self.kids[kid].does == Does::Start => self.started(kid),
            Input::Ended(_, reason) => self.ended(kid, word(reason), reason.is_failure()),
            Input::CalledOff(_, reason) => self.call_off(kid, word(reason), reason.is_failure()),
            Input::Gone(..) => self.gone(kid),
            Input::Stop(_) => self.stop(kid),
            Input::Start(_) => self.start(kid),
            Input::Restart(_) => self.restart(kid),
            Input::Remove(_) => self.remove(kid),
            _ => {}
        }
    }

    /// Does what a round or a closing does next, if there is anything.
    fn go_on(&mut self) -> bool {
        match self.closing {
            None => self.ready_at.is_some() && self.go_round(),
            Some(_) if self.is_closed => false,
            Some(manner) => self.go_home(manner),
        }
    }

    fn go_round(&mut self) -> bool {
        let find = |part: Part| self.kids.iter().rposition(|it| it.part == part);
        if find(Part::Stopping).is_some() {
            return false;
        }
        if let Some(kid) = find(Part::ToStop) {
            self.kids[kid].part = Part::Stopping;
            if self.kids[kid].is_up() && self.is_temporary(kid) {
                self.halt(kid, After::Leave, "restart");
            } else if self.kids[kid].is_up() {
                self.tell(kid, After::Round);
                self.say("retire", kid, "");
            }
            return true;
        }
        if find(Part::Starting).is_some() {
            return false;
        }
        let Some(kid) = self.kids.iter().position(|it| it.does == Does::Hold) else {
            self.ready_at = None;
            return false;
        };
        let is_ready = self.ready_at <= Some(self.now);
        if is_ready {
            self.launch(kid, Part::Starting);
        }
        is_ready
    }

    fn go_home(&mut self, manner: Manner) -> bool {
        let Some(kid) = self.kids.iter().rposition(|it| it.does != Does::Nothing) else {
            self.is_closed = true;
            self.effects.push(Seen::group("closed"));
            return true;
        };
        if manner == Manner::Kill {
            return false;
        }
        let it = &self.kids[kid];
        if it.is_up() {
            self.halt(kid, After::Leave, "owner-ended");
        } else if it.is_down() {
            self.forget(kid, "owner-ended");
        } else {
            return false;
        }
        true
    }

    /// Lets the earliest alarm go off whose time has come.
    fn ring(&mut self) -> bool {
        let alarms = self.kids.iter().enumerate().filter_map(|(kid, it)| Some((it.alarm?, kid)));
        let Some((_, kid)) = alarms.min().filter(|(at, _)| *at <= self.now) else { return false };
        self.kids[kid].alarm = None;
        match self.kids[kid].does {
            Does::End(after, false) => self.kill(kid, after),
            Does::End(_, true) | Does::Leave => {
                self.lie(kid, Does::Nothing);
                self.say("abandon", kid, "");
            }
            Does::Wait if self.closing.is_none() => self.launch(kid, Part::None),
            _ => {}
        }
        true
    }

    /// Whether the group has become unwell, or well again.
    fn feel(&mut self, ran: &[bool], input: &Input) {
        let n_running = self.kids.iter().filter(|it| it.does == Does::Run).count();
        if self.closing.is_some() {
            return;
        }
        self.has_been_complete |= self.setting.least <= n_running;
        let is_unwell = self.has_been_complete && n_running < self.setting.least;
        if is_unwell == self.is_unwell {
            return;
        }
        self.is_unwell = is_unwell;
        self.effects.push(Seen::group(if is_unwell { "unhealthy" } else { "healthy" }));
        let has_failed = self.effects.iter().any(|it| it.what == "fail");
        if !is_unwell || !self.setting.must_fail || has_failed {
            return;
        }
        let gone = match input {
            Input::Gone(key, reason) => Some((*key, word(reason))),
            _ => None,
        };
        let told = self.effects.iter().filter_map(|it| match it.what {
            "retire" => Some((it.key?, "restart")),
            "restarting" | "forget" | "halt" => Some((it.key?, it.why)),
            _ => None,
        });
        let mut falls = gone.into_iter().chain(told).filter(|(key, _)| ran[*key as usize]);
        // The one with which too few were left.
        let n_ran = ran.iter().filter(|it| **it).count();
        let Some((key, why)) = falls.nth(n_ran - self.setting.least) else { return };
        self.effects.push(Seen::of("fail", key, why));
    }
}

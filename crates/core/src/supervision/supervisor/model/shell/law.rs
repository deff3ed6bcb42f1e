//! Which effects a child can take, and in which order they may come.

use std::time::Duration;

use super::{Body, Is, Shell, ensure};
use crate::{
    Restart, Strategy,
    supervision::supervisor::{Input, Key, Manner, Standing, tests::seen::Seen},
};

impl Shell {
    pub(super) fn take(
        &mut self,
        effect: &Seen,
        input: &Input,
        was_told: bool,
    ) -> Result<(), String> {
        let Some(key) = effect.key else { return self.take_group(effect) };
        let is_open = self.closing.is_none();
        let about_closing = matches!(effect.what, "halt" | "kill" | "forget" | "abandon");
        ensure(is_open || about_closing, "while closing")?;
        if effect.what == "forget" && self.bodies.len() as Key <= key {
            return Ok(());
        }
        match (effect.what, self.is(key)) {
            ("start", Is::Down) => {
                self.take_turn(key, "start", input)?;
                self.set(key, Is::Alive { has_started: false, told: None, is_killed: false });
            }
            ("retire", Is::Alive { has_started, told: None, is_killed: false }) => {
                self.take_turn(key, "stop", input)?;
                self.set(key, Is::Alive { has_started, told: Some("restart"), is_killed: false });
            }
            ("halt", Is::Alive { has_started, told: None, is_killed: false }) => {
                if effect.why == "restart" {
                    let is_temporary = self.bodies[key as usize].plan.restart == Restart::Temporary;
                    ensure(is_temporary, "is started again, and not told to retire")?;
                    self.take_turn(key, "stop", input)?;
                }
                if matches!(input, Input::CalledOff(..)) {
                    self.in_turn.take_if(|it| *it == key);
                }
                self.ensure_last(key, effect.why)?;
                let told = Some(effect.why);
                self.set(key, Is::Alive { has_started, told, is_killed: false });
            }
            ("shut", Is::Down | Is::Alive { told: Some(_), .. }) => {}
            ("kill", Is::Alive { has_started, told, is_killed: false }) => {
                let must_die = told.is_some() || self.closing == Some(Manner::Kill);
                ensure(must_die, "killed without a word before")?;
                self.set(key, Is::Alive { has_started, told, is_killed: true });
            }
            ("forget", Is::Down) => {
                self.ensure_last(key, effect.why)?;
                self.set(key, Is::Leaving);
            }
            // A straggler, or one that says twice that it has ended.
            ("forget", Is::Leaving | Is::Away) if matches!(input, Input::Ended(..)) => {}
            ("abandon", Is::Alive { is_killed: true, .. } | Is::Leaving) => {
                self.in_turn.take_if(|it| *it == key);
                self.bodies[key as usize].is_lost = true;
            }
            ("restarting", Is::Down) => {
                if !was_told {
                    self.mark(key);
                    self.count(key, effect)?;
                }
            }
            ("fail" | "gave-up", _) => {}
            (_, is) => return Err(format!("it is {is:?}")),
        }
        Ok(())
    }

    fn take_group(&mut self, effect: &Seen) -> Result<(), String> {
        ensure((effect.what == "closed") == self.closing.is_some(), "at the wrong time")?;
        if effect.what == "closed" {
            ensure(!self.is_closed, "twice")?;
            self.is_closed = true;
        }
        Ok(())
    }

    /// Whether the machine still has it in its table.
    fn is_listed(&self, body: &Body) -> bool {
        body.is != Is::Away && !body.is_lost
    }

    /// In an orderly closing, nobody that was started later is left.
    fn ensure_last(&self, key: Key, why: &str) -> Result<(), String> {
        if self.closing != Some(Manner::Stop) || why != "owner-ended" {
            return Ok(());
        }
        let mut later = self.bodies.iter().skip(key as usize + 1);
        ensure(!later.any(|it| self.is_listed(it)), "out of its turn")
    }

    /// In a round, one at a time: nobody is told to stop or start before the last one is there.
    fn take_turn(&mut self, key: Key, what: &str, input: &Input) -> Result<(), String> {
        let is_order = matches!(input, Input::Stop(_) | Input::Start(_) | Input::Restart(_));
        let is_by_hand = self.bodies.iter().any(|it| it.is_by_hand && self.is_listed(it));
        if self.setting.strategy == Strategy::OneForOne || is_order || is_by_hand {
            return Ok(());
        }
        if let Some(before) = self.in_turn {
            // A round that goes back to stopping waits for nobody to start.
            ensure(what == "stop" && !self.must_answer(before), "while another has its turn")?;
        }
        let mut others = self.bodies.iter().enumerate().filter(|(_, it)| self.is_listed(it));
        match what {
            "start" => {
                let is_first = others.all(|(it, body)| key as usize <= it || body.is != Is::Down);
                ensure(is_first, "an earlier one waits for its start")?;
            }
            _ => {
                let is_last = others.all(|(it, body)| {
                    let is_new = matches!(body.is, Is::Alive { has_started: _, told: None, .. });
                    it <= key as usize || !body.must_stop || !is_new
                });
                ensure(is_last, "a later one is still up")?;
            }
        }
        self.in_turn = Some(key);
        Ok(())
    }

    /// Who is taken along when this one fails.
    fn mark(&mut self, key: Key) {
        let first = match self.setting.strategy {
            Strategy::OneForOne => return,
            Strategy::OneForAll => 0,
            Strategy::RestForOne => key as usize,
        };
        self.bodies[first..].iter_mut().for_each(|it| it.must_stop = true);
    }

    /// No window holds more than it allows, wherever it begins, and no wait leaves its bounds.
    fn count(&mut self, key: Key, effect: &Seen) -> Result<(), String> {
        let plan = self.bodies[key as usize].plan;
        let delay = effect.delay.unwrap_or_default();
        if plan.trial_after == Some(delay) {
            return Ok(());
        }
        ensure(plan.wait.0 <= delay && delay <= plan.wait.1, "a wait out of bounds")?;
        self.counted.push((self.now, key));
        // A trial that lasted empties the window; the reference knows when.
        let n_own = self.n_within(plan.within, |it| it == key);
        let is_within = plan.trial_after.is_some() || n_own <= plan.max as usize;
        ensure(is_within, "more than its window allows")?;
        let Some((max, within)) = self.setting.limit else { return Ok(()) };
        let n_all = self.n_within(within, |it| self.first <= it);
        ensure(n_all <= max as usize, "more than the owner allows")
    }

    fn n_within(&self, within: Duration, is_fit: impl Fn(Key) -> bool) -> usize {
        let recent = self.counted.iter().rev().take_while(|(at, _)| self.now - *at < within);
        recent.filter(|(_, key)| is_fit(*key)).count()
    }

    /// Whether the machine's list is what is really there.
    pub(in super::super) fn compare(
        &self,
        list: impl Iterator<Item = (Key, Standing)>,
    ) -> Result<(), String> {
        let mut n_listed = 0;
        for (key, standing) in list {
            n_listed += 1;
            let is_so = match (standing, self.is(key)) {
                (Standing::Starting, Is::Alive { has_started, told, is_killed }) => {
                    !has_started && told.is_none() && !is_killed
                }
                (Standing::Running, Is::Alive { has_started, told, is_killed }) => {
                    has_started && told.is_none() && !is_killed
                }
                (Standing::Ending, Is::Alive { told, is_killed, .. }) => {
                    told.is_some() || is_killed
                }
                (Standing::Ending, Is::Leaving) => true,
                (Standing::Waiting | Standing::Halted, Is::Down) => true,
                _ => false,
            };
            ensure(is_so, &format!("{key} is listed as {standing:?} and is {:?}", self.is(key)))?;
        }
        let n_there = self.bodies.iter().filter(|it| self.is_listed(it)).count();
        ensure(n_listed == n_there, "the list is not complete")
    }
}

//! The children as they really are, and which effects they can take.

mod law;

use ghostlight_rt::Instant;

use super::setting::{Plan, Setting};
use crate::{
    StopReason,
    supervision::supervisor::{Input, Key, Manner, tests::seen::Seen},
};

/// Whoever carries the effects out: it knows the truth about each child.
pub(super) struct Shell {
    setting: Setting,
    bodies: Vec<Body>,
    now: Instant,
    closing: Option<Manner>,
    is_closed: bool,
    /// Every restart that was counted, and whose.
    counted: Vec<(Instant, Key)>,
    /// Where the keys of the owner's present incarnation begin.
    first: Key,
    /// Told to end or to start by a round, and not there yet.
    in_turn: Option<Key>,
}

struct Body {
    plan: Plan,
    is: Is,
    /// Out of the machine's table, though it has not ended.
    is_lost: bool,
    /// It was there when one failed that takes it along.
    must_stop: bool,
    /// Its owner has meddled with it, so that its turn in a round says nothing.
    is_by_hand: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Is {
    Alive {
        has_started: bool,
        told: Option<&'static str>,
        is_killed: bool,
    },
    /// Waits for a start or for its leave.
    Down,
    Leaving,
    Away,
}

impl Shell {
    pub(super) const fn new(setting: Setting) -> Self {
        Self {
            setting,
            bodies: Vec::new(),
            now: Instant::ORIGIN,
            closing: None,
            is_closed: false,
            counted: Vec::new(),
            first: 0,
            in_turn: None,
        }
    }

    pub(super) fn add(&mut self, key: Key, plan: Plan) -> Result<(), String> {
        ensure(self.closing.is_none(), "added while closing")?;
        ensure(key as usize == self.bodies.len(), "keys do not grow")?;
        let is = Is::Alive { has_started: false, told: None, is_killed: false };
        self.bodies.push(Body { plan, is, is_lost: false, must_stop: false, is_by_hand: false });
        Ok(())
    }

    /// One of the children of which this is true.
    pub(super) fn pick(&self, pick: usize, is_fit: fn(&Self, Key) -> bool) -> Option<Key> {
        let fit: Vec<Key> = (0..self.bodies.len() as Key).filter(|&it| is_fit(self, it)).collect();
        fit.get(pick.checked_rem(fit.len())?).copied()
    }

    pub(super) fn is_starting(&self, key: Key) -> bool {
        matches!(self.is(key), Is::Alive { has_started: false, .. })
    }

    pub(super) fn is_alive(&self, key: Key) -> bool {
        matches!(self.is(key), Is::Alive { .. })
    }

    /// Whether it waits for a start, or one is on its way to it.
    pub(super) fn can_be_called_off(&self, key: Key) -> bool {
        self.is(key) == Is::Down || self.is_starting(key)
    }

    pub(super) fn is_away(&self, key: Key) -> bool {
        self.is(key) == Is::Away
    }

    /// Whether it was told something that it answers.
    pub(super) fn must_answer(&self, key: Key) -> bool {
        match self.is(key) {
            Is::Alive { told, is_killed, .. } => told.is_some() || is_killed,
            Is::Leaving => true,
            Is::Down | Is::Away => false,
        }
    }

    fn is(&self, key: Key) -> Is {
        self.bodies.get(key as usize).map_or(Is::Away, |it| it.is)
    }

    pub(super) const fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// What is heard of a child whose incarnation ends.
    pub(super) fn end(&self, key: Key, reason: StopReason) -> Input {
        if self.bodies[key as usize].plan.is_value {
            return Input::Gone(key, reason);
        }
        Input::Ended(key, reason)
    }

    /// What is heard of a child that does what it was told.
    pub(super) fn answer(&self, key: Key) -> Input {
        match self.is(key) {
            Is::Alive { is_killed: true, .. } => self.end(key, StopReason::Killed),
            Is::Alive { told: Some("restart"), .. } => self.end(key, StopReason::Restart),
            Is::Alive { told: Some("owner-ended"), .. } => self.end(key, StopReason::OwnerEnded),
            Is::Alive { .. } => self.end(key, StopReason::Stopped(None)),
            Is::Down | Is::Leaving | Is::Away => Input::Gone(key, StopReason::Unknown),
        }
    }

    /// Takes what has happened, and what is to be done about it.
    pub(super) fn step(
        &mut self,
        now: Instant,
        input: &Input,
        effects: &[Seen],
    ) -> Result<(), String> {
        self.now = now;
        let was_told = self.hear(input);
        effects
            .iter()
            .try_for_each(|it| self.take(it, input, was_told).map_err(|why| format!("{it}: {why}")))
    }

    /// Whether it is about a child that was told to end.
    fn hear(&mut self, input: &Input) -> bool {
        match *input {
            Input::Close(manner) if self.closing != Some(Manner::Kill) => {
                self.closing = Some(manner);
                self.in_turn = None;
            }
            Input::Reopen if self.is_closed => {
                (self.closing, self.is_closed) = (None, false);
                self.first = self.bodies.len() as Key;
            }
            Input::Stop(key) | Input::Start(key) | Input::Restart(key) | Input::Remove(key) => {
                if let Some(body) = self.bodies.get_mut(key as usize) {
                    body.is_by_hand = true;
                    self.in_turn.take_if(|it| *it == key);
                }
            }
            Input::Started(key) => {
                if let Some(Body { is: Is::Alive { has_started, told, .. }, .. }) =
                    self.bodies.get_mut(key as usize)
                {
                    *has_started = true;
                    if told.is_none() {
                        self.in_turn.take_if(|it| *it == key);
                    }
                }
            }
            Input::Ended(key, _) if self.is_alive(key) => return self.ended(key, Is::Down),
            Input::Gone(key, _) if !self.is_away(key) => return self.ended(key, Is::Away),
            _ => {}
        }
        false
    }

    fn ended(&mut self, key: Key, is: Is) -> bool {
        self.in_turn.take_if(|it| *it == key);
        let was_told = self.must_answer(key);
        self.bodies[key as usize].is = is;
        was_told
    }

    fn set(&mut self, key: Key, is: Is) {
        let body = &mut self.bodies[key as usize];
        body.is = is;
        body.must_stop &= matches!(is, Is::Alive { told: Some(_), .. });
    }
}

fn ensure(is_so: bool, otherwise: &str) -> Result<(), String> {
    if is_so { Ok(()) } else { Err(otherwise.to_owned()) }
}

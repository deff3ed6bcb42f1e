//! What happens to the children, made up at random.

use std::time::Duration;

use ghostlight_rt::Instant;

use super::{
    reference::Reference,
    setting::{Plan, Setting},
    shell::Shell,
};
use crate::{
    StopReason,
    supervision::supervisor::{
        Input, Key, LAST_GRACE, Manner, Supervisor,
        tests::{
            reason,
            seen::{Seen, seen},
        },
    },
};

const MS: Duration = Duration::from_millis(1);

/// Something that happens. A number picks among the children it can happen to, so that a sequence
/// means something after any part of it was taken away.
#[derive(Clone, Copy, Debug)]
pub(super) enum Op {
    Add(usize),
    /// A starting child has started.
    Started(usize),
    /// A living child ends for one of several reasons.
    End(usize, u32),
    /// A child does what it was told.
    Obey(usize),
    /// Somebody wants the end of a child while none of its incarnations is there.
    CallOff(usize, u32),
    /// The owner wants something of any child.
    Verb(usize, Key),
    /// Something arrives that is late, or there twice.
    Noise(usize, Key),
    Close(Manner),
    Reopen,
    Pass(Duration),
    ToDue,
}

/// Why incarnations end, by how often.
const ENDS: [(&str, u32); 6] =
    [("fail", 8), ("normal", 3), ("killed", 2), ("stopped", 2), ("fatal", 1), ("vetoed", 1)];

impl Op {
    /// Mostly what gets things going; rarely what ends it all.
    fn draw(chance: &mut fastrand::Rng) -> Self {
        let any = chance.usize(..1000);
        match chance.u32(..200) {
            0..16 => Self::Add(chance.usize(..9)),
            16..60 => Self::Started(any),
            60..96 => Self::End(any, chance.u32(..)),
            96..146 => Self::Obey(any),
            146..152 => Self::CallOff(any, chance.u32(..)),
            152..162 => Self::Verb(chance.usize(..4), chance.u64(..6)),
            162..168 => Self::Noise(chance.usize(..4), chance.u64(..7)),
            168 => Self::Close(Manner::Kill),
            169 | 170 => Self::Close(Manner::Stop),
            171..176 => Self::Reopen,
            176..186 => Self::Pass(MS * [10, 100, 700, 2000, 6000, 11_000][chance.usize(..6)]),
            _ => Self::ToDue,
        }
    }

    /// A sequence that begins with a few children.
    pub(super) fn draw_all(chance: &mut fastrand::Rng) -> Vec<Self> {
        let (n_children, n_ops) = (chance.usize(1..5), chance.usize(5..70));
        let children =
            (0..n_children).flat_map(|_| [Self::Add(chance.usize(..9)), Self::Started(0)]);
        let mut ops: Vec<Self> = children.collect();
        ops.extend((0..n_ops).map(|_| Self::draw(chance)));
        ops
    }

    /// What the machine hears, where there is anybody to whom this can happen.
    fn input(self, shell: &Shell, due: Option<Instant>, now: &mut Instant) -> Option<Input> {
        match self {
            Self::Add(_) => None,
            Self::Started(pick) => shell.pick(pick, Shell::is_starting).map(Input::Started),
            Self::End(pick, why) => {
                let key = shell.pick(pick, Shell::is_alive)?;
                Some(shell.end(key, reason(weighted(why))))
            }
            Self::Obey(pick) => {
                let key = shell.pick(pick, Shell::must_answer)?;
                Some(shell.answer(key))
            }
            Self::CallOff(pick, why) => {
                let key = shell.pick(pick, Shell::can_be_called_off)?;
                Some(Input::CalledOff(key, reason(["stopped", "killed"][why as usize % 2])))
            }
            Self::Verb(0, key) => Some(Input::Stop(key)),
            Self::Verb(1, key) => Some(Input::Start(key)),
            Self::Verb(2, key) => Some(Input::Restart(key)),
            Self::Verb(_, key) => Some(Input::Remove(key)),
            Self::Noise(0, key) => Some(Input::Started(key)),
            Self::Noise(1, key) if !shell.is_alive(key) => Some(Input::Ended(key, reason("fail"))),
            Self::Noise(2, key) if shell.is_away(key) => {
                Some(Input::Gone(key, StopReason::Unknown))
            }
            Self::Noise(3, key) if !shell.is_starting(key) => {
                Some(Input::CalledOff(key, reason("killed")))
            }
            Self::Noise(..) => None,
            Self::Close(manner) => Some(Input::Close(manner)),
            Self::Reopen => Some(Input::Reopen),
            Self::Pass(span) => {
                *now = *now + span;
                Some(Input::Due)
            }
            Self::ToDue => {
                *now = due?;
                Some(Input::Due)
            }
        }
    }
}

fn weighted(number: u32) -> &'static str {
    let mut left = number % ENDS.iter().map(|(_, weight)| weight).sum::<u32>();
    let mut fit = ENDS.iter().skip_while(|(_, weight)| {
        let is_past = *weight <= left;
        left = left.saturating_sub(*weight);
        is_past
    });
    fit.next().map_or("fail", |(word, _)| word)
}

/// Machine, reference and children side by side.
struct Game {
    now: Instant,
    machine: Supervisor,
    reference: Reference,
    shell: Shell,
    /// Told only when it is shown: telling costs more than playing.
    story: Vec<(Instant, Input, Vec<Seen>)>,
    plans: Vec<Plan>,
}

/// Plays it all, and then closes until nobody is left.
pub(super) fn play(setting: &Setting, ops: &[Op]) -> Result<(), String> {
    let mut machine = Supervisor::new(setting.seed, LAST_GRACE);
    machine.set_options(setting.supervision());
    let mut game = Game {
        now: Instant::ORIGIN,
        machine,
        reference: Reference::new(setting.clone()),
        shell: Shell::new(setting.clone()),
        story: Vec::new(),
        plans: Vec::new(),
    };
    let outcome = ops.iter().try_for_each(|&op| game.turn(op)).and_then(|()| game.wind_up());
    outcome.map_err(|why| game.tell(&why))
}

impl Game {
    fn turn(&mut self, op: Op) -> Result<(), String> {
        if let Op::Add(which) = op {
            return self.add(Plan::nth(which));
        }
        match op.input(&self.shell, self.machine.due(), &mut self.now) {
            Some(input) => self.step(input),
            None => Ok(()),
        }
    }

    fn add(&mut self, plan: Plan) -> Result<(), String> {
        let keys = (self.machine.add(self.now, plan.rules()), self.reference.add(plan));
        self.plans.push(plan);
        if let Some(key) = keys.0 {
            self.shell.add(key, plan)?;
        }
        if keys.0 == keys.1 { Ok(()) } else { Err(format!("added as {keys:?}")) }
    }

    fn step(&mut self, input: Input) -> Result<(), String> {
        let mut effects = Vec::new();
        self.machine.step(self.now, input.clone(), &mut effects);
        let happened: Vec<Seen> = effects.iter().map(seen).collect();
        let expected = self.reference.step(self.now, &input);
        if happened != *expected {
            self.story.push((self.now, input, Vec::new()));
            return Err(format!("expected {expected:?}\nhappened {happened:?}"));
        }
        let outcome = self.shell.step(self.now, &input, &happened);
        self.story.push((self.now, input, happened));
        outcome?;
        if self.machine.due().is_some_and(|it| it <= self.now) {
            return Err("due at once, again".to_owned());
        }
        if self.machine.is_closed() != self.shell.is_closed() {
            return Err("closed, but not so".to_owned());
        }
        self.shell.compare(self.machine.list())
    }

    fn tell(&self, why: &str) -> String {
        let plans = self.plans.iter().enumerate().map(|(key, it)| format!("{key}: {it:?}\n"));
        let steps = self.story.iter().map(|(now, input, effects)| {
            let effects: Vec<String> = effects.iter().map(ToString::to_string).collect();
            format!("{now:?} {input:?} -> {}\n", effects.join(", "))
        });
        plans.chain(steps).chain([why.to_owned()]).collect()
    }

    fn wind_up(&mut self) -> Result<(), String> {
        self.step(Input::Close(Manner::Stop))?;
        for idx in 0..1000 {
            if self.machine.is_closed() && self.machine.due().is_none() {
                return Ok(());
            }
            self.turn(if idx % 3 == 0 { Op::ToDue } else { Op::Obey(idx) })?;
        }
        Err("it does not close".to_owned())
    }
}

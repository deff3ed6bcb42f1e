//! What the machine decides, told as scripts: each line is what happens, and what is done about it.

mod closing;
mod health;
mod limit;
mod meddling;
mod order;
mod restarting;
mod round;
pub(super) mod seen;

use std::{sync::Arc, time::Duration};

use ghostlight_rt::Instant;

use self::seen::{Seen, seen};
use super::{Effect, Input, Key, LAST_GRACE, Manner, Supervisor};
use crate::{Backoff, ChildSpec, Failure, StopReason, Supervision};

const SHUTDOWN: Duration = Duration::from_secs(1);

/// Without jitter, the first two waits are 100 ms and 200 ms; told to end, it has a second.
fn permanent() -> ChildSpec {
    exact(ChildSpec::permanent())
}

fn transient() -> ChildSpec {
    exact(ChildSpec::transient())
}

fn temporary() -> ChildSpec {
    exact(ChildSpec::temporary())
}

fn exact(spec: ChildSpec) -> ChildSpec {
    spec.backoff(Backoff::default().jitter(0.0))
}

/// Plays a script over children 0, 1, … that all run, and compares what is done.
///
/// A line is `<what happens> -> <effects>`. What happens is one of `started`, `fail`, `fatal`,
/// `normal`, `stopped`, `killed`, `vetoed`, `retired` and `left` (ends of an incarnation), the same
/// after `no-` (an order to end so, while none is there), `gone`,
/// `stop`, `start`, `restart` and `remove`, each with a key; `close`, `kill all`, `reopen`; `add`
/// for one more child like the first, which is starting; or `+100ms` for time that passes.
#[track_caller]
fn check(group: Supervision, children: &[ChildSpec], script: &str) {
    let mut scene = Scene::new(group, children);
    let lines = script.lines().map(str::trim).filter(|it| !it.is_empty());
    let (mut expected, mut happened) = (String::new(), String::new());
    for line in lines {
        let (left, right) = line.split_once("->").unwrap_or((line, ""));
        let effects = scene.play(left.trim());
        expected += &format!("{:<10} -> {}\n", left.trim(), right.trim());
        happened += &format!("{:<10} -> {}\n", left.trim(), effects);
    }
    assert!(expected == happened, "expected:\n{expected}\nhappened:\n{happened}");
}

struct Scene {
    machine: Supervisor,
    now: Instant,
    first: ChildSpec,
}

impl Scene {
    fn new(group: Supervision, children: &[ChildSpec]) -> Self {
        let mut machine = Supervisor::new(7, LAST_GRACE);
        machine.set_options(group);
        let mut scene = Self { machine, now: Instant::ORIGIN, first: children[0].clone() };
        for spec in children {
            let key = scene.machine.add(scene.now, spec.rules(SHUTDOWN)).unwrap();
            scene.step(Input::Started(key));
        }
        scene
    }

    /// One line, and what it leads to.
    fn play(&mut self, line: &str) -> String {
        if let Some(span) = line.strip_prefix('+') {
            return self.pass(parse(span));
        }
        if line == "add" {
            let added = self.machine.add(self.now, self.first.rules(SHUTDOWN));
            return added.map_or_else(|| "refused".to_owned(), |key| format!("added {key}"));
        }
        let input = input(line);
        text(&self.step(input))
    }

    fn step(&mut self, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.machine.step(self.now, input, &mut effects);
        effects
    }

    /// Wakes the machine whenever it wants to be woken.
    fn pass(&mut self, span: Duration) -> String {
        let end = self.now + span;
        let mut effects = Vec::new();
        while let Some(due) = self.machine.due().filter(|&it| it <= end) {
            assert!(self.now < due, "due again without having moved, at {due:?}");
            self.now = due;
            effects.extend(self.step(Input::Due));
        }
        self.now = end;
        text(&effects)
    }
}

fn input(line: &str) -> Input {
    match line {
        "close" => return Input::Close(Manner::Stop),
        "kill all" => return Input::Close(Manner::Kill),
        "reopen" => return Input::Reopen,
        _ => {}
    }
    let (verb, key) = line.split_once(' ').unwrap();
    let key: Key = key.parse().unwrap();
    match verb {
        "started" => Input::Started(key),
        "gone" => Input::Gone(key, StopReason::Unknown),
        "stop" => Input::Stop(key),
        "start" => Input::Start(key),
        "restart" => Input::Restart(key),
        "remove" => Input::Remove(key),
        end => match end.strip_prefix("no-") {
            Some(end) => Input::CalledOff(key, reason(end)),
            None => Input::Ended(key, reason(end)),
        },
    }
}

/// The reason that a word of a script stands for.
pub(super) fn reason(word: &str) -> StopReason {
    match word {
        "fail" => StopReason::Failed(Failure::recoverable("")),
        "fatal" => StopReason::Failed(Failure::fatal("")),
        "normal" => StopReason::Normal,
        "stopped" => StopReason::Stopped(None),
        "killed" => StopReason::Killed,
        "vetoed" => StopReason::Vetoed(Arc::from("")),
        "retired" => StopReason::Restart,
        "left" => StopReason::OwnerEnded,
        other => panic!("no such word: {other}"),
    }
}

fn parse(span: &str) -> Duration {
    match span.strip_suffix("ms") {
        Some(ms) => Duration::from_millis(ms.parse().unwrap()),
        None => Duration::from_secs(span.strip_suffix('s').unwrap().parse().unwrap()),
    }
}

fn text(effects: &[Effect]) -> String {
    let words: Vec<String> = effects.iter().map(seen).map(|it: Seen| it.to_string()).collect();
    words.join(", ")
}

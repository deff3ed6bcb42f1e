//! What the watchdog makes of what it sees from one look to the next.

use std::{sync::Arc, time::Duration};

use ghostlight_rt::{Runtime, Stopwatch};

use super::{
    Blame, Severity, StarvationEvent, WatchdogOptions,
    polls::{Seen, Slot},
    probe::Probe,
};
use crate::{TurnKind, sync::lock, system::Shared};

/// The looks of one watchdog.
pub(super) struct Looks {
    options: WatchdogOptions,
    pub(super) interval: Duration,
    probe: Probe,
    /// Since the probe was woken.
    checked: Stopwatch,
    /// What was told of its turn.
    told: Told,
}

/// A poll that was seen to go on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Going {
    count: u64,
    since: Stopwatch,
    told: Told,
}

/// A poll that goes on, as one look shows it.
struct Kept {
    slot: Arc<Slot>,
    seen: Seen,
    lasted: Duration,
    told: Told,
}

/// What was told of something, so that nothing is told twice.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Told {
    Nothing,
    Slow,
    Warning,
    Critical,
}

impl Looks {
    pub(super) fn new(options: &WatchdogOptions, runtime: &Runtime) -> Self {
        Self {
            options: *options,
            interval: options.interval(),
            probe: Probe::new(runtime),
            checked: Stopwatch::start(),
            told: Told::Nothing,
        }
    }

    /// Looks at all threads, and tells what is new.
    pub(super) fn look(&mut self, slots: &[Arc<Slot>], shared: &Shared) {
        if self.options.check <= self.checked.elapsed() && self.probe.wake() {
            self.checked = Stopwatch::start();
            self.told = Told::Nothing;
        }
        let delay = self.probe.delay();
        let mut kept: Vec<_> = slots.iter().filter_map(Kept::look).collect();
        for it in &mut kept {
            self.consider(it, delay, shared);
        }
        self.consider_delay(&mut kept, delay, shared);
    }

    fn consider(&self, kept: &mut Kept, delay: Duration, shared: &Shared) {
        let known = kept.told;
        let now = self.judge(kept.lasted);
        if known < Told::Slow && self.options.slow_poll <= kept.lasted {
            tell_slow(&kept.blame(shared), shared);
            kept.note(Told::Slow);
        }
        if let Some(severity) = now.severity().filter(|_| known < now) {
            kept.note(now);
            let blame = Some(kept.blame(shared));
            tell(&StarvationEvent { scheduling_delay: delay, severity, blame }, shared);
        }
    }

    /// Tells of a turn that is late, unless whoever keeps it was told of already.
    fn consider_delay(&mut self, kept: &mut [Kept], delay: Duration, shared: &Shared) {
        let now = self.judge(delay);
        let Some(severity) = now.severity().filter(|_| self.told < now) else { return };
        self.told = now;
        if kept.iter().any(|it| now <= it.told) {
            return;
        }
        let slow = self.options.slow_poll.min(self.options.warning / 2);
        let worst = kept.iter_mut().filter(|it| slow <= it.lasted).max_by_key(|it| it.lasted);
        let blame = worst.map(|it| {
            it.note(now);
            it.blame(shared)
        });
        tell(&StarvationEvent { scheduling_delay: delay, severity, blame }, shared);
    }

    fn judge(&self, lasted: Duration) -> Told {
        match lasted {
            it if self.options.critical <= it => Told::Critical,
            it if self.options.warning <= it => Told::Warning,
            _ => Told::Nothing,
        }
    }
}

impl Kept {
    fn look(slot: &Arc<Slot>) -> Option<Self> {
        let seen = slot.look();
        let mut going = lock(&slot.going);
        let Some(seen) = seen else {
            *going = None;
            return None;
        };
        if going.is_none_or(|it| it.count != seen.count) {
            let (count, since) = (seen.count, Stopwatch::start());
            *going = Some(Going { count, since, told: Told::Nothing });
        }
        let Going { since, told, .. } = (*going)?;
        drop(going);
        Some(Self { slot: Arc::clone(slot), seen, lasted: since.elapsed(), told })
    }

    fn note(&mut self, told: Told) {
        self.told = told;
        if let Some(going) = &mut *lock(&self.slot.going) {
            going.told = told;
        }
    }

    fn blame(&self, shared: &Shared) -> Blame {
        let actor = self.seen.actor;
        let member = shared.find(actor);
        let turn = member.as_ref().map(|it| it.turn());
        let (kind, message_type) = match turn {
            // What a caller runs itself is told to the actor like any message.
            Some((TurnKind::Tell, message)) if self.seen.is_call => (TurnKind::Ask, message),
            Some(turn) => turn,
            // Off the roster already: it is about to end.
            None => (TurnKind::Stopped, None),
        };
        Blame {
            actor,
            name: member.map(|it| it.name().to_owned()).unwrap_or_default(),
            kind,
            message_type,
            elapsed: self.lasted,
            thread: self.slot.thread.clone(),
        }
    }
}

impl Told {
    const fn severity(self) -> Option<Severity> {
        match self {
            Self::Nothing | Self::Slow => None,
            Self::Warning => Some(Severity::Warning),
            Self::Critical => Some(Severity::Critical),
        }
    }
}

fn tell_slow(poll: &Blame, shared: &Shared) {
    tracing::warn!(system = &*shared.name, %poll, "a handler keeps its thread");
    shared.observe(|it| it.slow_poll(poll));
}

fn tell(event: &StarvationEvent, shared: &Shared) {
    let StarvationEvent { scheduling_delay, severity, blame } = event;
    let (system, delay) = (&*shared.name, scheduling_delay);
    match blame {
        Some(blame) => tracing::error!(system, %severity, ?delay, %blame, "a thread is blocked"),
        None => tracing::error!(system, %severity, ?delay, "tasks are late"),
    }
    shared.observe(|it| it.starving(event));
}

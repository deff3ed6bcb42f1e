//! A coordinated restart: who is affected stops in reverse order of start, and starts in order.

use std::collections::BTreeSet;

use ghostlight_rt::Instant;

use super::{
    Key, Step, Supervisor,
    table::{Phase, Then},
};
use crate::{StopReason, supervision::Restart};

/// Who is still to stop and who is still to start. A child that is back has left the round.
///
/// One stops at a time. Nobody starts before all have stopped, and before whoever was started last
/// is running. A failure on the way puts more children in here, and so stopping comes first again.
#[derive(Debug)]
pub(super) struct Round {
    /// Still to be told to end.
    up: BTreeSet<Key>,
    /// Told to end.
    ending: Option<Key>,
    /// Ended, and [held](Phase::Held) for their turn.
    down: BTreeSet<Key>,
    /// Started, and not running yet.
    starting: Option<Key>,
    /// When the longest of the backoffs of those who failed is over.
    ready_at: Instant,
}

impl Round {
    const fn new(ready_at: Instant) -> Self {
        Self { up: BTreeSet::new(), ending: None, down: BTreeSet::new(), starting: None, ready_at }
    }

    /// When it goes on by itself: where it waits for nothing but the backoff.
    pub(super) fn due(&self) -> Option<Instant> {
        let is_down = self.up.is_empty() && self.ending.is_none() && self.starting.is_none();
        // The end of all time never comes.
        (is_down && self.ready_at.as_nanos() < u64::MAX).then_some(self.ready_at)
    }

    pub(super) fn started(&mut self, key: Key) {
        self.starting.take_if(|it| *it == key);
    }

    /// Whether the round sees to the restart of this child, which has not ended.
    pub(super) fn takes_back(&mut self, key: Key) -> bool {
        if self.starting == Some(key) {
            self.stop(key);
        }
        self.up.contains(&key) || self.ending == Some(key)
    }

    /// It is up, and must come down.
    fn stop(&mut self, key: Key) {
        self.up.insert(key);
        self.starting.take_if(|it| *it == key);
    }

    /// It is down, and must come back.
    fn hold(&mut self, key: Key) {
        self.leave(key);
        self.down.insert(key);
    }

    fn leave(&mut self, key: Key) {
        self.up.remove(&key);
        self.down.remove(&key);
        self.ending.take_if(|it| *it == key);
        self.starting.take_if(|it| *it == key);
    }
}

impl Supervisor {
    /// `key` has failed, and takes all from `first` on along, until `ready_at` at least.
    pub(super) fn take_along(&mut self, key: Key, first: Key, ready_at: Instant) {
        let round = self.round.get_or_insert_with(|| Round::new(ready_at));
        round.ready_at = round.ready_at.max(ready_at);
        round.hold(key);
        self.table.enter(key, Phase::Held, None);
        let mut waiting = Vec::new();
        let mut ending = Vec::new();
        for (it, child) in self.table.from(first) {
            match child.phase() {
                Phase::Starting | Phase::Running => round.stop(it),
                Phase::Ending { then: Then::Start, .. } => {
                    round.stop(it);
                    ending.push(it);
                }
                Phase::Waiting => {
                    round.ready_at = round.ready_at.max(child.until().unwrap_or(Instant::ORIGIN));
                    round.hold(it);
                    waiting.push(it);
                }
                Phase::Ending { .. } | Phase::Held | Phase::Halted | Phase::Forgotten => {}
            }
        }
        for it in waiting {
            self.table.enter(it, Phase::Held, None);
        }
        for it in ending {
            self.table.set_then(it, Then::Hold);
        }
    }

    /// The child has ended and is held for its turn, which comes at this moment at the earliest.
    pub(super) fn hold(&mut self, key: Key) -> Option<Instant> {
        self.table.enter(key, Phase::Held, None);
        let round = self.round.as_mut()?;
        round.hold(key);
        Some(round.ready_at)
    }

    pub(super) fn leave_round(&mut self, key: Key) {
        if let Some(round) = &mut self.round {
            round.leave(key);
        }
    }

    pub(super) fn advance_round(&mut self, step: &mut Step<'_>) {
        let Some(round) = &mut self.round else { return };
        if round.ending.is_some() {
            return;
        }
        if let Some(key) = round.up.pop_last() {
            round.ending = Some(key);
            self.bring_down(key, step);
            return;
        }
        if round.starting.is_some() {
            return;
        }
        let Some(&key) = round.down.first() else {
            self.round = None;
            return;
        };
        if round.ready_at <= step.now {
            round.down.remove(&key);
            round.starting = Some(key);
            self.launch(key, step);
        }
    }

    fn bring_down(&mut self, key: Key, step: &mut Step<'_>) {
        // One that its owner restarts by hand was told before, and joins.
        if matches!(self.table.phase(key), Some(Phase::Ending { .. })) {
            return;
        }
        match self.table.get(key).map(|it| it.rules.restart) {
            Some(Restart::Temporary) => self.halt(key, StopReason::Restart, Then::Forget, step),
            _ => self.retire(key, Then::Hold, step),
        }
    }
}

//! The children of one owner: where each stands, and when its time is up.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use ghostlight_rt::Instant;

use super::{super::restart::Record, Key, RestartRecord, Rules, Standing};
use crate::StopReason;

/// How many restarts of a child are remembered.
const HISTORY: usize = 100;

/// The children by key, which is the order of start.
#[derive(Debug, Default)]
pub(super) struct Table {
    children: BTreeMap<Key, Child>,
    /// The `until` of each child that has one.
    timers: BTreeSet<(Instant, Key)>,
    next: Key,
    /// How many children are in [`Phase::Running`].
    n_running: usize,
}

/// What is known of one child.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) rules: Rules,
    pub(super) record: Record,
    phase: Phase,
    /// When its phase ends at the latest.
    until: Option<Instant>,
    incarnation: u32,
    /// Oldest first. Never longer than [`HISTORY`].
    history: VecDeque<RestartRecord>,
}

/// Where a child stands. An incarnation is alive in the first three, and in no other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Phase {
    Starting,
    Running,
    /// Told to end, until its deadline; when killed, until it is abandoned.
    Ending {
        then: Then,
        is_killed: bool,
    },
    /// For its own restart, until its backoff is over.
    Waiting,
    /// For its turn in a [`Round`](super::round::Round).
    Held,
    Halted,
    /// Told to end for good, until it is abandoned.
    Forgotten,
}

/// What becomes of a child that was told to end, once it has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Then {
    /// It starts at once: its owner asked for that.
    Start,
    /// It is held for its turn in the round.
    Hold,
    Halt,
    Forget,
}

impl Table {
    /// A new child, whose first incarnation is starting.
    pub(super) fn add(&mut self, rules: Rules) -> Key {
        let key = self.next;
        self.next += 1;
        let child = Child {
            record: Record::new(&rules),
            rules,
            phase: Phase::Starting,
            until: None,
            incarnation: 0,
            history: VecDeque::new(),
        };
        self.children.insert(key, child);
        key
    }

    pub(super) fn get(&self, key: Key) -> Option<&Child> {
        self.children.get(&key)
    }

    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut Child> {
        self.children.get_mut(&key)
    }

    pub(super) fn phase(&self, key: Key) -> Option<Phase> {
        self.get(key).map(|it| it.phase)
    }

    /// The child changes to `phase`, which ends at `until` if nothing ends it before.
    pub(super) fn enter(&mut self, key: Key, phase: Phase, until: Option<Instant>) {
        let Some(child) = self.children.get_mut(&key) else { return };
        if let Some(at) = child.until.take() {
            self.timers.remove(&(at, key));
        }
        // The end of all time never comes.
        child.until = until.filter(|it| it.as_nanos() < u64::MAX);
        if let Some(at) = child.until {
            self.timers.insert((at, key));
        }
        self.n_running -= usize::from(child.phase == Phase::Running);
        self.n_running += usize::from(phase == Phase::Running);
        child.phase = phase;
    }

    /// Something else becomes of an ending child; its deadline stays.
    pub(super) fn set_then(&mut self, key: Key, to: Then) {
        if let Some(Child { phase: Phase::Ending { then, .. }, .. }) = self.children.get_mut(&key) {
            *then = to;
        }
    }

    pub(super) fn remove(&mut self, key: Key) -> Option<Child> {
        // A phase without a timer, and not running, so that both counts are right.
        self.enter(key, Phase::Forgotten, None);
        self.children.remove(&key)
    }

    /// A child whose time is up, which from now on has none.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<Key> {
        let (_, key) = *self.timers.first().filter(|&&(at, _)| at <= now)?;
        self.timers.pop_first();
        if let Some(child) = self.children.get_mut(&key) {
            child.until = None;
        }
        Some(key)
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        self.timers.first().map(|&(at, _)| at)
    }

    pub(super) const fn n_running(&self) -> usize {
        self.n_running
    }

    /// The child that was added last.
    pub(super) fn last(&self) -> Option<(Key, Phase)> {
        self.children.last_key_value().map(|(&key, child)| (key, child.phase))
    }

    /// The children from this key on, in order of start.
    pub(super) fn from(&self, first: Key) -> impl DoubleEndedIterator<Item = (Key, &Child)> {
        self.children.range(first..).map(|(&key, child)| (key, child))
    }
}

impl Child {
    pub(super) const fn phase(&self) -> Phase {
        self.phase
    }

    pub(super) const fn until(&self) -> Option<Instant> {
        self.until
    }

    pub(super) const fn begin_next(&mut self) {
        self.incarnation = self.incarnation.saturating_add(1);
    }

    /// Remembers that the present incarnation is to be followed by another.
    pub(super) fn remember(
        &mut self,
        at: Instant,
        why: StopReason,
        delay: Duration,
    ) -> RestartRecord {
        if self.history.len() == HISTORY {
            self.history.pop_front();
        }
        let record = RestartRecord { incarnation: self.incarnation, at, why, delay };
        self.history.push_back(record.clone());
        record
    }

    pub(super) fn history(&self) -> Vec<RestartRecord> {
        self.history.iter().cloned().collect()
    }
}

impl Phase {
    pub(super) const fn standing(self) -> Standing {
        match self {
            Self::Starting => Standing::Starting,
            Self::Running => Standing::Running,
            Self::Ending { .. } | Self::Forgotten => Standing::Ending,
            Self::Waiting | Self::Held => Standing::Waiting,
            Self::Halted => Standing::Halted,
        }
    }
}

//! What happened in a world, in order.

use std::{fmt, sync::Arc};

use ghostlight_rt::Instant;

use crate::{digest::Digest, task::TaskId};

/// How many records are kept; past that the oldest half goes.
const MOST: usize = 200_000;

/// One thing that happened.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Record {
    /// A task was spawned.
    Spawned {
        /// Which.
        task: TaskId,
        /// What it is called.
        name: Arc<str>,
        /// By whom.
        by: Option<TaskId>,
    },
    /// A task had its turn.
    Ran {
        /// Which.
        task: TaskId,
        /// Out of how many that could run.
        of: usize,
    },
    /// A task ended.
    Ended {
        /// Which.
        task: TaskId,
        /// What it panicked with, if it did.
        panic: Option<Arc<str>>,
    },
    /// The clock was put forward, since nothing could run.
    Clock {
        /// What it shows now.
        now: Instant,
    },
    /// Somebody said so.
    Note {
        /// What.
        text: Arc<str>,
    },
}

/// The records of a run, and a running hash over all there were.
#[derive(Default)]
pub(crate) struct Recorder {
    digest: Digest,
    records: Option<Vec<(Instant, Record)>>,
    dropped: usize,
}

impl Recorder {
    pub(crate) fn keep(&mut self) {
        self.records.get_or_insert_default();
    }

    pub(crate) const fn hash(&self) -> u64 {
        self.digest.value()
    }

    pub(crate) fn story(&self) -> Story {
        Story { records: self.records.clone().unwrap_or_default(), dropped: self.dropped }
    }

    pub(crate) fn ran(&mut self, now: Instant, task: TaskId, of: usize) {
        self.digest.word(task.0 << 1 | (of as u64) << 40);
        self.push(now, || Record::Ran { task, of });
    }

    pub(crate) fn spawned(
        &mut self,
        now: Instant,
        task: TaskId,
        name: &Arc<str>,
        by: Option<TaskId>,
    ) {
        self.digest.word(1);
        self.digest.text(name);
        self.push(now, || Record::Spawned { task, name: Arc::clone(name), by });
    }

    pub(crate) fn ended(&mut self, now: Instant, task: TaskId, panic: Option<&Arc<str>>) {
        self.digest.word(3 | task.0 << 8);
        self.push(now, || Record::Ended { task, panic: panic.cloned() });
    }

    pub(crate) fn clock(&mut self, now: Instant) {
        self.digest.word(5);
        self.digest.word(now.as_nanos());
        self.push(now, || Record::Clock { now });
    }

    pub(crate) fn note(&mut self, now: Instant, text: &str) {
        self.digest.word(7);
        self.digest.text(text);
        self.push(now, || Record::Note { text: text.into() });
    }

    fn push(&mut self, now: Instant, make: impl FnOnce() -> Record) {
        let Some(records) = &mut self.records else { return };
        if records.len() == MOST {
            self.dropped += MOST / 2;
            records.drain(..MOST / 2);
        }
        records.push((now, make()));
    }
}

/// What happened in a world, in order, with the time of each. Prints one line a record.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Story {
    records: Vec<(Instant, Record)>,
    dropped: usize,
}

impl Story {
    /// When what happened.
    pub fn iter(&self) -> impl Iterator<Item = &(Instant, Record)> {
        self.records.iter()
    }

    /// How many records there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether nothing was recorded.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    fn name(&self, task: TaskId) -> String {
        let found = self.records.iter().find_map(|(_, it)| match it {
            Record::Spawned { task: id, name, .. } if *id == task => Some(name),
            _ => None,
        });
        found.map_or_else(|| task.to_string(), |it| format!("{it} {task}"))
    }
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.dropped > 0 {
            writeln!(f, "   ({} earlier records were dropped)", self.dropped)?;
        }
        for (at, record) in &self.records {
            write!(f, "{:>12} ", format!("{at:?}"))?;
            match record {
                Record::Spawned { task, by, .. } => {
                    write!(f, "spawned  {}", self.name(*task))?;
                    by.map_or(Ok(()), |by| write!(f, ", by {}", self.name(by)))?;
                }
                Record::Ran { task, of } => {
                    write!(f, "ran      {}, of {of}", self.name(*task))?;
                }
                Record::Ended { task, panic: None } => {
                    write!(f, "ended    {}", self.name(*task))?;
                }
                Record::Ended { task, panic: Some(why) } => {
                    write!(f, "PANICKED {}: {why}", self.name(*task))?;
                }
                Record::Clock { .. } => write!(f, "the clock moves on")?,
                Record::Note { text } => write!(f, "{text}")?,
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

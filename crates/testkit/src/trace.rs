//! What happened in a world, in order.

use std::{collections::BTreeMap, fmt, sync::Arc};

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
    /// An actor did something, or had something done to it.
    Event(Event),
    /// Somebody said so.
    Note {
        /// What.
        text: Arc<str>,
    },
}

/// What a system has seen of its actors. They are given as their name and id.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A message was let into a mailbox.
    Sent {
        /// By whom: an actor, another task, or the test.
        from: Arc<str>,
        /// Into whose.
        to: Arc<str>,
        /// What, by type.
        message: &'static str,
    },
    /// A turn began, in the task of its actor.
    Handling {
        /// Whose.
        actor: Arc<str>,
        /// For what, by type.
        message: &'static str,
    },
    /// A turn began on the thread of whoever asked.
    Called {
        /// Who asked.
        from: Arc<str>,
        /// Whom.
        actor: Arc<str>,
        /// What, by type.
        message: &'static str,
    },
    /// A handler or hook panicked, or declared a failure.
    Failed {
        /// Whose.
        actor: Arc<str>,
        /// How.
        failure: String,
    },
    /// An actor's next incarnation was decided upon.
    Restarting {
        /// Whose.
        actor: Arc<str>,
    },
    /// An actor is not started again, though its rule asks for it.
    GaveUp {
        /// Which.
        actor: Arc<str>,
        /// Why its last incarnation ended.
        reason: String,
    },
    /// An actor has ended.
    Stopped {
        /// Which.
        actor: Arc<str>,
        /// Why.
        reason: String,
    },
    /// An actor did not end when it was killed.
    Abandoned {
        /// Which.
        actor: Arc<str>,
    },
    /// Nobody took a message.
    DeadLetter {
        /// Whose it was to be.
        to: Arc<str>,
        /// What, by type.
        message: &'static str,
        /// Why nobody took it.
        reason: String,
    },
    /// The plan of faults did something.
    Fault {
        /// What.
        what: String,
    },
}

impl Event {
    /// Whether it is the same however closely messages are looked at. What is not, is no part of
    /// the hash.
    const fn is_hashed(&self) -> bool {
        !matches!(self, Self::Sent { .. } | Self::Handling { .. } | Self::Called { .. })
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent { from, to, message } => {
                write!(f, "{from} sends {} to {to}", short(message))
            }
            Self::Handling { actor, message } => write!(f, "{actor} handles {}", short(message)),
            Self::Called { from, actor, message } => {
                write!(f, "{from} asks {actor}, which handles {} at once", short(message))
            }
            Self::Failed { actor, failure } => write!(f, "{actor} FAILS: {failure}"),
            Self::Restarting { actor } => write!(f, "{actor} is to be started again"),
            Self::GaveUp { actor, reason } => write!(f, "{actor} is given up: {reason}"),
            Self::Stopped { actor, reason } => write!(f, "{actor} has ended: {reason}"),
            Self::Abandoned { actor } => write!(f, "{actor} does not end, and is abandoned"),
            Self::DeadLetter { to, message, reason } => {
                write!(f, "{} for {to} is a dead letter: {reason}", short(message))
            }
            Self::Fault { what } => write!(f, "FAULT: {what}"),
        }
    }
}

/// The name of a type without the modules it is in.
pub(crate) fn short(type_name: &str) -> &str {
    let end = type_name.find('<').unwrap_or(type_name.len());
    let start = type_name[..end].rfind("::").map_or(0, |it| it + 2);
    &type_name[start..]
}

/// The records of a run, and a running hash over all there were.
#[derive(Default)]
pub(crate) struct Recorder {
    digest: Digest,
    records: Option<Vec<(Instant, Record)>>,
    dropped: usize,
    systems: BTreeMap<String, Arc<str>>,
    /// Systems made from here on tell of each message.
    pub(crate) tells_messages: bool,
}

impl Recorder {
    pub(crate) fn keep(&mut self) {
        self.records.get_or_insert_default();
    }

    pub(crate) const fn hash(&self) -> u64 {
        self.digest.value()
    }

    pub(crate) fn story(&self) -> Story {
        let (records, systems) = (self.records.clone().unwrap_or_default(), self.systems.clone());
        Story { records, dropped: self.dropped, systems }
    }

    /// Learns what a system is called whose ids carry this.
    pub(crate) fn meet(&mut self, origin: u32, name: &Arc<str>) {
        self.systems.insert(format!("{origin:08x}"), Arc::clone(name));
    }

    /// The same text with names as short as they can be.
    pub(crate) fn brief(&self, text: &str) -> String {
        let systems = self.systems.clone();
        Story { systems, ..Story::default() }.brief(text)
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

    pub(crate) fn event(&mut self, now: Instant, event: Event) {
        if event.is_hashed() {
            self.digest.word(9);
            self.digest.text(&event.to_string());
        }
        self.push(now, || Record::Event(event));
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

/// What happened in a world, in order, with the time of each.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Story {
    records: Vec<(Instant, Record)>,
    dropped: usize,
    /// What the systems are called, by what their ids carry.
    systems: BTreeMap<String, Arc<str>>,
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

    /// Where this one and another part, in words.
    #[must_use]
    pub fn first_difference(&self, other: &Self) -> Option<String> {
        let at = (0..self.len().max(other.len()))
            .find(|it| self.records.get(*it) != other.records.get(*it))?;
        let show = |story: &Self| {
            let rest = story.records.iter().skip(at.saturating_sub(3)).take(5).cloned().collect();
            format!("{:#}", Self { records: rest, ..story.clone() })
        };
        Some(format!(
            "after {at} records that are alike,
one goes\n{}the other\n{}",
            show(self),
            show(other)
        ))
    }

    /// The same with at most the last `n` records that the plain form prints.
    #[must_use]
    pub fn ending(&self, n: usize) -> Self {
        let told: Vec<_> = self.records.iter().filter(|it| !it.1.is_detail()).cloned().collect();
        let dropped = told.len().saturating_sub(n);
        let systems = self.systems.clone();
        Self { records: told[dropped..].to_vec(), dropped: self.dropped + dropped, systems }
    }

    /// Whether nothing was recorded.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The same text with names as short as they can be: without the modules of types, and with
    /// systems by their name, or not at all if there is only one.
    fn brief(&self, text: &str) -> String {
        let words = text.split(' ').map(|word| {
            let (mut word, mut system) = (word.to_owned(), String::new());
            for (origin, name) in &self.systems {
                if let Some(at) = word.find(&format!("@{origin}")) {
                    word.replace_range(at..=at + origin.len(), "");
                    if self.systems.len() > 1 {
                        system = format!("@{name}");
                    }
                }
            }
            format!("{}{system}", short(&word))
        });
        words.collect::<Vec<_>>().join(" ")
    }

    fn name(&self, task: TaskId) -> String {
        let found = self.records.iter().find_map(|(_, it)| match it {
            Record::Spawned { task: id, name, .. } if *id == task => Some(name),
            _ => None,
        });
        match found {
            Some(name) => self.brief(name),
            None if task == TaskId(0) => "the test".to_owned(),
            None => task.to_string(),
        }
    }
}

impl fmt::Display for Story {
    /// One line a record, with the time of each; `{:#}` shows each turn of each task as well.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.dropped > 0 {
            writeln!(f, "   ({} earlier records were dropped)", self.dropped)?;
        }
        for (at, record) in &self.records {
            if !f.alternate() && record.is_detail() {
                continue;
            }
            write!(f, "{:>12}  ", format!("{at:?}"))?;
            match record {
                Record::Spawned { name, by, .. } => {
                    write!(f, "{} is spawned", self.brief(name))?;
                    by.map_or(Ok(()), |by| write!(f, " by {}", self.name(by)))?;
                }
                Record::Ran { task, of } => write!(f, "    {} runs, of {of}", self.name(*task))?,
                Record::Ended { task, panic: None } => {
                    write!(f, "    {} is done", self.name(*task))?;
                }
                Record::Ended { task, panic: Some(why) } => {
                    write!(f, "{} PANICS: {why}", self.name(*task))?;
                }
                Record::Clock { .. } => write!(f, "the clock moves on")?,
                Record::Event(event) => write!(f, "{}", self.brief(&event.to_string()))?,
                Record::Note { text } => write!(f, "note: {text}")?,
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

impl Record {
    /// Whether it says more than most readers want to know.
    const fn is_detail(&self) -> bool {
        matches!(
            self,
            Self::Ran { .. }
                | Self::Clock { .. }
                | Self::Spawned { .. }
                | Self::Ended { panic: None, .. }
        )
    }
}

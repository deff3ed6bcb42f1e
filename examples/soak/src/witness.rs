//! What an observer sees of all that fails and starts again.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ghostlight::{ActorId, DeadLetter, Failure, Observer, RestartRecord, StopReason, Subject};

use crate::tree::ON_PURPOSE;

/// What an observer sees of all that fails and starts again.
#[derive(Clone, Default)]
pub(crate) struct Witness(Arc<Mutex<Notes>>);

/// What was seen so far.
#[derive(Default)]
pub(crate) struct Notes {
    pub(crate) workers: Tally,
    pub(crate) supervisors: Tally,
    /// Who has failed, and how often, since it was last seen to be started again.
    failing: HashMap<ActorId, u64>,
    /// Who did not end in time when it was killed, and has not ended since.
    abandoned: HashSet<ActorId>,
    /// How many have ended after that: a machine that is busy otherwise takes its time.
    pub(crate) late: u64,
    /// What should not happen at all; the first of it.
    pub(crate) odd: Vec<String>,
}

/// How much that should not happen is remembered.
const REMEMBERED: usize = 100;

/// What was seen of the actors of one level.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// Failures.
    pub(crate) failed: u64,
    /// Restarts after a failure.
    pub(crate) restarted: u64,
    /// Failures after which nothing was started, because the owner ended just then.
    pub(crate) overtaken: u64,
    /// Restarts after a kill.
    pub(crate) revived: u64,
    /// Ends for good.
    pub(crate) ended: u64,
}

impl Witness {
    pub(crate) fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Notes {
    fn tally(&mut self, actor: Subject<'_>) -> &mut Tally {
        match actor.name {
            "worker" => &mut self.workers,
            "supervisor" => &mut self.supervisors,
            other => {
                self.wonder(format!("something happened to the {other}"));
                &mut self.supervisors
            }
        }
    }

    /// How many were abandoned and are still there.
    pub(crate) fn stuck(&self) -> u64 {
        self.abandoned.len() as u64
    }

    fn wonder(&mut self, what: String) {
        if self.odd.len() < REMEMBERED {
            self.odd.push(what);
        }
    }

    /// How many have failed, and were neither started again nor ended.
    pub(crate) fn unsettled(&self) -> u64 {
        self.failing.values().sum()
    }

    /// A failure of this actor has come to something.
    fn settle(&mut self, id: ActorId) -> bool {
        let Some(failures) = self.failing.get_mut(&id) else { return false };
        *failures -= 1;
        if *failures == 0 {
            self.failing.remove(&id);
        }
        true
    }
}

impl Observer for Witness {
    fn failed(&self, actor: Subject<'_>, failure: &Failure) {
        let mut notes = self.notes();
        notes.tally(actor).failed += 1;
        *notes.failing.entry(actor.id).or_default() += 1;
        let text = failure.to_string();
        if !text.starts_with(ON_PURPOSE) {
            notes.wonder(format!("a {} failed by itself: {text}", actor.name));
        }
    }

    fn restarting(&self, actor: Subject<'_>, record: &RestartRecord) {
        let mut notes = self.notes();
        match &record.why {
            StopReason::Failed(_) => {
                notes.tally(actor).restarted += 1;
                if !notes.settle(actor.id) {
                    notes.wonder(format!("a {} was restarted twice for one failure", actor.name));
                }
            }
            StopReason::Killed => notes.tally(actor).revived += 1,
            other => notes.wonder(format!("a {} was restarted, for it {other}", actor.name)),
        }
    }

    fn stopped(&self, actor: Subject<'_>, _: &StopReason) {
        let mut notes = self.notes();
        let overtaken = notes.failing.remove(&actor.id).unwrap_or_default();
        notes.late += u64::from(notes.abandoned.remove(&actor.id));
        let tally = notes.tally(actor);
        tally.overtaken += overtaken;
        tally.ended += 1;
    }

    fn gave_up(&self, actor: Subject<'_>, reason: &StopReason) {
        self.notes().wonder(format!("a {} was given up: {reason}", actor.name));
    }

    fn abandoned(&self, actor: Subject<'_>) {
        self.notes().abandoned.insert(actor.id);
    }

    fn dead_letter(&self, letter: &DeadLetter) {
        self.notes()
            .wonder(format!("a letter to a {} was dead: {}", letter.target_name, letter.reason));
    }
}

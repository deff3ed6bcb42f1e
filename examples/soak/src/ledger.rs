//! What was written, and what callers were told: two books that are kept apart and must agree.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use ghostlight::{AskError, Delivery};

use crate::tree::{Fate, Increment, When};

/// What one worker counts. It outlives every incarnation, because it is not theirs.
pub(crate) type Count = Arc<AtomicU64>;

/// All accounts, by supervisor and worker.
pub(crate) struct Ledger(Vec<Vec<Account>>);

/// The two books of one worker.
#[derive(Default)]
struct Account {
    /// Written by the worker, before it replies.
    count: Count,
    /// Written by callers: how many increments must be in the count, acknowledged ones first of all.
    certain: AtomicU64,
    /// Written by callers: how many more may be, because nobody can tell.
    doubtful: AtomicU64,
}

/// What became of an increment, as the one who asked was told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Told {
    Acked,
    /// It did not run.
    Refused,
    /// It may have run.
    InDoubt,
}

impl Ledger {
    /// Accounts for the workers of a tree of so many actors: one root, and a supervisor for each
    /// hundred.
    pub(crate) fn for_tree_of(actors: usize) -> Self {
        let supervisors = (actors / 100).max(1);
        let workers = actors - 1 - supervisors;
        let team = |n| (n * workers / supervisors)..((n + 1) * workers / supervisors);
        let accounts = |n| team(n).map(|_| Account::default()).collect();
        Self((0..supervisors).map(accounts).collect())
    }

    pub(crate) const fn supervisors(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn workers(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    /// How many actors the whole tree has.
    pub(crate) fn actors(&self) -> usize {
        1 + self.supervisors() + self.workers()
    }

    /// What the workers of each supervisor count on.
    pub(crate) fn counts(&self) -> Vec<Vec<Count>> {
        let team = |it: &Vec<Account>| it.iter().map(|it| Arc::clone(&it.count)).collect();
        self.0.iter().map(team).collect()
    }

    /// What is wrong with a worker having said that it has counted `total`, if anything.
    pub(crate) fn misquoted(&self, team: usize, seat: usize, total: u64) -> Option<String> {
        let count = self.0[team][seat].count.load(Relaxed);
        (count != total).then(|| format!("a worker says {total}, and has written {count}"))
    }

    /// Notes how an increment ended for the one who asked; an error where it cannot have.
    pub(crate) fn note(
        &self,
        (team, seat): (usize, usize),
        fate: Fate,
        end: &Result<u64, AskError<Increment>>,
    ) -> Result<Told, String> {
        let account = &self.0[team][seat];
        let error = match (end, fate) {
            (Ok(_), Fate::Serve) => {
                account.certain.fetch_add(1, Relaxed);
                return Ok(Told::Acked);
            }
            (Ok(_), Fate::Fail(..)) => return Err("a failed increment was acknowledged".to_owned()),
            (Err(error), _) => error,
        };
        match (error, fate) {
            (AskError::Failed(failure), Fate::Serve) => {
                return Err(format!("an increment that does not fail did: {failure}"));
            }
            _ if error.delivery() == Delivery::Never => return Ok(Told::Refused),
            // In doubt to whoever knows only the error; this caller knows where the worker failed.
            (_, Fate::Fail(When::Before, _)) => {}
            (AskError::Failed(_), Fate::Fail(When::After, _)) => {
                account.certain.fetch_add(1, Relaxed);
            }
            _ => {
                account.doubtful.fetch_add(1, Relaxed);
            }
        }
        Ok(Told::InDoubt)
    }

    /// How many increments nobody can tell about: by so much the books may differ.
    pub(crate) fn doubtful(&self) -> u64 {
        self.0.iter().flatten().map(|it| it.doubtful.load(Relaxed)).sum()
    }

    /// Compares the books, worker by worker.
    pub(crate) fn differences(&self) -> Vec<String> {
        let all = (0..).zip(&self.0).flat_map(|(team, it)| (0..).zip(it).map(move |it| (team, it)));
        all.filter_map(|(team, (seat, it)): (usize, (usize, _))| {
            let difference = it.difference()?;
            Some(format!("worker {seat} of supervisor {team} {difference}"))
        })
        .collect()
    }

    /// Whose count is held by more or fewer than it should be: a state or a factory has leaked, or
    /// is missing.
    pub(crate) fn leaks(&self, tree: Tree) -> Option<String> {
        let expected = match tree {
            // The ledger, the plan, the factory, and the state.
            Tree::Standing => 4,
            Tree::Gone => 2,
        };
        let odd = self.0.iter().flatten().map(|it| Arc::strong_count(&it.count));
        let odd: Vec<_> = odd.filter(|&it| it != expected).collect();
        let (n, worst) = (odd.len(), odd.iter().max()?);
        Some(format!("{n} counts are not held by {expected}, one of them by {worst}"))
    }
}

/// Whether the tree stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Tree {
    Standing,
    Gone,
}

impl Account {
    fn difference(&self) -> Option<String> {
        let Self { count, certain, doubtful } = self;
        let [count, certain, doubtful] = [&**count, certain, doubtful].map(|it| it.load(Relaxed));
        let most = certain + doubtful;
        if count < certain {
            return Some(format!(
                "has counted {count} increments, but {certain} are known to be done"
            ));
        }
        let too_many = most < count;
        too_many
            .then(|| format!("has counted {count} increments, but at most {most} were asked for"))
    }
}

//! Remembers who was started again and how often, as the supervisors tell it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use ghostlight::{Observer, RestartRecord, Subject};

use crate::demo::outcome::Restarted;

/// A supervisor keeps the last hundred restarts of a child. With enough bad files there are more.
#[derive(Clone, Debug, Default)]
pub(super) struct Restarts(Arc<Mutex<BTreeMap<String, u64>>>);

impl Restarts {
    /// Who was started again, the most often first.
    pub(super) fn so_far(&self) -> Vec<Restarted> {
        let times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all = times.iter().map(|(actor, &times)| Restarted { actor: actor.clone(), times });
        let mut all: Vec<Restarted> = all.collect();
        // Stable: those with the same number stay in order of name.
        all.sort_by_key(|it| std::cmp::Reverse(it.times));
        all
    }
}

impl Observer for Restarts {
    fn restarting(&self, actor: Subject<'_>, _: &RestartRecord) {
        let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *times.entry(actor.name.to_owned()).or_default() += 1;
    }
}

//! How long the turns of each actor have kept a thread.

use std::{cmp::Reverse, collections::HashMap, sync::Mutex, time::Duration};

use crate::{ActorId, sync::lock};

/// How long the turns of an actor have kept a thread; from
/// [`System::poll_times`](crate::System::poll_times).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PollTime {
    /// Who it is.
    pub actor: ActorId,
    /// Its name, or the label of its kind.
    pub name: String,
    /// How long, all in all.
    pub total: Duration,
}

/// By actor, in nanoseconds: less than nothing while a turn inside one has been counted, and that one has
/// not.
#[derive(Debug, Default)]
pub(super) struct Times(Mutex<HashMap<ActorId, i64>>);

impl Times {
    /// A poll of `inner` has taken so long, which is no time of `outer`, in whose poll it ran.
    pub(super) fn add(&self, inner: ActorId, outer: Option<ActorId>, took: Duration) {
        let took = i64::try_from(took.as_nanos()).unwrap_or(i64::MAX);
        let mut times = lock(&self.0);
        *times.entry(inner).or_default() += took;
        if let Some(outer) = outer {
            *times.entry(outer).or_default() -= took;
        }
    }

    pub(super) fn forget(&self, actor: ActorId) {
        lock(&self.0).remove(&actor);
    }

    /// The longest first.
    pub(super) fn ranked(&self) -> Vec<(ActorId, Duration)> {
        let times = lock(&self.0);
        let mut ranked: Vec<_> = times
            .iter()
            .map(|(&actor, &nanos)| (actor, Duration::from_nanos(nanos.max(0) as u64)))
            .collect();
        drop(times);
        ranked.sort_by_key(|&(actor, total)| (Reverse(total), actor));
        ranked
    }
}

//! All that can be seen of the actors of some systems, at one moment.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem::{Discriminant, discriminant},
    sync::Arc,
};

use ghostlight_core::{ActorId, Counters, GroupInfo, Status, System};

/// All that can be seen of the actors of some systems, at one moment.
#[derive(Default)]
pub(crate) struct Roster {
    actors: BTreeMap<ActorId, Looks>,
    names: Vec<(Arc<str>, ActorId)>,
    groups: Vec<GroupInfo>,
    /// How many messages went back to their senders, from actors that have ended as well.
    refused: u64,
    /// By what their tasks are called.
    ids: BTreeMap<String, ActorId>,
}

/// What one actor looks like.
#[derive(Clone, Eq, PartialEq)]
struct Looks {
    status: Discriminant<Status>,
    is_running: bool,
    counters: Counters,
    mailbox_len: usize,
}

impl Roster {
    pub(crate) fn of(systems: &[System]) -> Self {
        let mut roster = Self::default();
        for system in systems {
            for actor in system.actors() {
                let looks = Looks {
                    status: discriminant(&actor.status),
                    is_running: matches!(actor.status, Status::Running),
                    counters: actor.counters,
                    mailbox_len: actor.mailbox_len,
                };
                roster.ids.insert(actor.id.to_string(), actor.id);
                roster.actors.insert(actor.id, looks);
            }
            roster.refused += system.counters().refused;
            roster.names.extend(system.names());
            roster.groups.extend(system.groups());
        }
        roster
    }

    /// The actor whose task is called so.
    pub(crate) fn find(&self, task: &str) -> Option<ActorId> {
        self.ids.get(task.rsplit(' ').next()?).copied()
    }

    pub(crate) fn is_running(&self, actor: ActorId) -> bool {
        self.actors.get(&actor).is_some_and(|it| it.is_running)
    }

    /// The actors that have got, handled or hold other messages than before; none if there is more to
    /// it than that.
    pub(crate) fn changes_since(&self, before: &Self) -> Option<BTreeSet<ActorId>> {
        let is_same = self.names == before.names
            && self.refused == before.refused
            && self.groups == before.groups
            && self.actors.keys().eq(before.actors.keys());
        let pairs = || self.actors.iter().zip(before.actors.values());
        let is_plain = |now: &Looks, then: &Looks| {
            now.status == then.status
                && now.counters.dropped == then.counters.dropped
                && now.counters.dead == then.counters.dead
        };
        (is_same && pairs().all(|((_, now), then)| is_plain(now, then)))
            .then(|| pairs().filter(|((_, now), then)| now != then).map(|it| *it.0.0).collect())
    }
}

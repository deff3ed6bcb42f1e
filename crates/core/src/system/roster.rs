//! Who lives in a system, by slot.

use std::sync::Arc;

use crate::{ActorId, member::Member};

/// Everybody alive. Slots are used again, under a new generation.
#[derive(Default)]
pub(crate) struct Roster {
    slots: Vec<Slot>,
    free: Vec<u32>,
    spawned: u64,
}

struct Slot {
    r#gen: u32,
    /// The how-manieth spawn, so that the order of spawning is known.
    since: u64,
    member: Option<Arc<dyn Member>>,
}

impl Roster {
    /// Takes a slot, and fills it with what `make` makes for its id.
    pub(crate) fn add<T>(
        &mut self,
        origin: u32,
        make: impl FnOnce(ActorId) -> (Arc<dyn Member>, T),
    ) -> T {
        let slot = self.free.pop().unwrap_or_else(|| self.new_slot());
        let entry = &mut self.slots[slot as usize];
        entry.r#gen += 1;
        entry.since = self.spawned;
        self.spawned += 1;
        let (member, result) = make(ActorId::from_parts(origin, slot, entry.r#gen));
        entry.member = Some(member);
        result
    }

    fn new_slot(&mut self) -> u32 {
        if self.slots.len() == self.slots.capacity() {
            // By a quarter, not by half: unused slots are part of what an idle actor weighs.
            self.slots.reserve_exact((self.slots.len() / 4).max(16));
        }
        self.slots.push(Slot { r#gen: 0, since: 0, member: None });
        (self.slots.len() - 1) as u32
    }

    /// Frees a slot. One whose generations are used up stays empty.
    pub(crate) fn remove(&mut self, id: ActorId) -> Option<Arc<dyn Member>> {
        let entry = self.slots.get_mut(id.slot() as usize).filter(|it| it.r#gen == id.r#gen())?;
        let member = entry.member.take()?;
        if entry.r#gen != u32::MAX {
            self.free.push(id.slot());
        }
        Some(member)
    }

    /// The one with this id, if it lives.
    pub(crate) fn find(&self, id: ActorId) -> Option<Arc<dyn Member>> {
        let entry = self.slots.get(id.slot() as usize).filter(|it| it.r#gen == id.r#gen())?;
        entry.member.clone().filter(|it| it.id() == id)
    }

    /// Everybody, the last spawned first.
    pub(crate) fn newest_first(&self) -> Vec<Arc<dyn Member>> {
        let mut alive: Vec<_> = self
            .slots
            .iter()
            .filter_map(|it| it.member.as_ref().map(|member| (it.since, Arc::clone(member))))
            .collect();
        alive.sort_unstable_by_key(|it| std::cmp::Reverse(it.0));
        alive.into_iter().map(|it| it.1).collect()
    }
}

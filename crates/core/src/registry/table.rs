//! Who in a system is called what.
//!
//! Rules:
//! 1. A name and the note of it in its holder's kin are made together and unmade together, under
//!    the lock of the names and, inside it, that of the inbox. Nobody takes the former while holding
//!    the latter.
//! 2. An actor that was told to end gets no more names, and its end frees those it has: no name
//!    outlives its holder, whatever races.
//! 3. Holders are held weakly: a name keeps nobody alive and counts as no ref.
//! 4. Nothing of a user's runs under the lock of the names, and no ref is dropped there.

use std::{
    any::Any,
    collections::BTreeMap,
    sync::{Arc, Mutex, Weak},
};

use super::RegisterError;
use crate::{
    Actor, ActorId, ActorRef, System, cell::Cell, member::Member, spawn::Settings, sync::lock,
};

/// The names of a system.
#[derive(Default)]
pub(crate) struct Registry(Mutex<BTreeMap<Arc<str>, Entry>>);

/// Whose a name is.
struct Entry {
    id: ActorId,
    holder: Weak<dyn Holder>,
}

/// An actor of any type, as its names see it.
pub(super) trait Holder: Member + Any {
    /// Whether it has not been told to end.
    fn is_open(&self) -> bool;
    /// Removes the note of a name.
    fn forget_name(&self, name: &str);
}

impl<A: Actor> Holder for Cell<A> {
    fn is_open(&self) -> bool {
        self.lock().is_open
    }

    fn forget_name(&self, name: &str) {
        if let Some(kin) = self.lock().kin_if_any() {
            kin.names.retain(|it| **it != *name);
        }
    }
}

/// A new actor that has a name, and the first ref to it.
pub(super) type Claimed<A> = (Arc<Cell<A>>, ActorRef<A>);

impl Registry {
    pub(super) fn enter<A: Actor>(
        &self,
        name: Arc<str>,
        cell: &Arc<Cell<A>>,
    ) -> Result<(), RegisterError> {
        let mut names = lock(&self.0);
        let mut inbox = cell.lock();
        if !inbox.is_open {
            return Err(RegisterError::Ended { name });
        }
        match names.get(&*name).map(|it| it.id) {
            Some(id) if id == cell.id => Ok(()),
            Some(by) => Err(RegisterError::Taken { name, by }),
            None => {
                inbox.kin().names.push(Arc::clone(&name));
                names.insert(name, Entry::of(cell));
                Ok(())
            }
        }
    }

    /// Gives a name to a new actor that has no state yet, unless somebody has it.
    pub(super) fn claim<A: Actor>(
        &self,
        name: &Arc<str>,
        system: &System,
        settings: Arc<Settings>,
    ) -> Result<Claimed<A>, Arc<dyn Holder>> {
        let mut names = lock(&self.0);
        if let Some(holder) = names.get(name).and_then(|it| it.holder.upgrade()) {
            return Err(holder);
        }
        let cell = system.place::<A>(settings, |inbox| {
            // Its task comes with its state; until then there is nobody to wake.
            inbox.has_task = true;
            inbox.kin().names.push(Arc::clone(name));
        });
        let first = ActorRef::first(&cell);
        names.insert(Arc::clone(name), Entry::of(&cell));
        Ok((cell, first))
    }

    /// Takes a name from whoever has it.
    pub(super) fn remove(&self, name: &str) -> Option<ActorId> {
        let mut names = lock(&self.0);
        let Entry { id, holder } = names.remove(name)?;
        let holder = holder.upgrade();
        if let Some(holder) = &holder {
            holder.forget_name(name);
        }
        drop(names);
        drop(holder);
        Some(id)
    }

    pub(super) fn holder(&self, name: &str) -> Option<Arc<dyn Holder>> {
        lock(&self.0).get(name)?.holder.upgrade()
    }

    pub(super) fn list(&self) -> Vec<(Arc<str>, ActorId)> {
        lock(&self.0).iter().map(|(name, entry)| (Arc::clone(name), entry.id)).collect()
    }

    /// Frees the names of an actor that has ended.
    pub(crate) fn free(&self, id: ActorId, held: &[Arc<str>]) {
        if held.is_empty() {
            return;
        }
        let mut names = lock(&self.0);
        for name in held {
            // Taken from it at the last moment, a name may be somebody else's already.
            if names.get(name).is_some_and(|it| it.id == id) {
                names.remove(name);
            }
        }
    }
}

impl Entry {
    fn of<A: Actor>(cell: &Arc<Cell<A>>) -> Self {
        let holder = Arc::downgrade(cell);
        Self { id: cell.id, holder }
    }
}

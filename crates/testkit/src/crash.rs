//! The end of a whole system at once, as when its machine loses power.

use std::sync::{Arc, atomic::Ordering};

use ghostlight_core::System;

use crate::{World, engine::Engine, link::Loses, task::Notice, trace::Event};

/// A system, and the mark of what it spawns.
#[derive(Clone)]
pub(crate) struct Resident {
    pub(crate) system: System,
    pub(crate) home: Home,
}

/// The mark of what a system spawns. A system that is started again has another.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Home(pub(crate) u64);

impl World {
    /// Ends a system at once, as when its machine loses power: no handler goes on, no hook runs, and
    /// nobody is told. Its links are closed and lose what is on its way, and its disk loses what was not
    /// synced. Another system may be started under the same name.
    ///
    /// False if no system of this name lives.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use ghostlight::Actor;
    /// # #[derive(Actor)] struct Till;
    /// # let world = ghostlight_testkit::World::seeded(1);
    /// let till = world.system("bank").spawn(Till);
    /// assert!(world.crash("bank"));
    /// assert!(!till.is_alive());
    /// let again = world.system("bank");
    /// assert!(again.actors().is_empty());
    /// ```
    pub fn crash(&self, system: &str) -> bool {
        crash(self.engine(), &self.residents(), system)
    }
}

/// Ends the system of this name that was started last, if it lives.
pub(crate) fn crash(engine: &Arc<Engine>, residents: &[Resident], name: &str) -> bool {
    let found = residents.iter().rev().find(|it| it.system.name() == name);
    let Some(Resident { system, home }) = found.filter(|it| !engine.has_crashed(it.home)) else {
        return false;
    };
    engine.tell(|_| Event::Fault { what: format!("the system {name} crashes") });
    engine.lock().crashed.insert(*home);
    engine.tasks_of(*home).iter().for_each(|it| engine.abort(it));
    // Those that had nothing to do have no task.
    for actor in system.actors() {
        system.inject_kill(actor.id);
    }
    engine.tasks_of(*home).iter().for_each(|it| engine.abort(it));
    let pipes = engine.lock().ways.take_pipes(name);
    pipes.iter().for_each(|it| it.close(Loses::All));
    engine.crash_disk(&name.into());
    engine.saw_more();
    true
}

impl Engine {
    pub(crate) fn next_home(&self) -> Home {
        Home(self.homes.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn has_crashed(&self, home: Home) -> bool {
        self.lock().crashed.contains(&home)
    }

    fn tasks_of(&self, home: Home) -> Vec<Arc<Notice>> {
        let state = self.lock();
        let all = state.tasks.iter().filter(|it| it.home == Some(home));
        let mut notices: Vec<_> = all.map(|it| Arc::clone(&it.notice)).collect();
        notices.sort_unstable_by_key(|it| it.id);
        notices
    }
}

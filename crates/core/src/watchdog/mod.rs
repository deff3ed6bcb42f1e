//! A thread that looks after the others: who blocks one, and how late tasks get their turn.
//!
//! Rules:
//! 1. A poll of a turn loop leaves in a slot of its thread whose it is, and counts; it reads no clock and
//!    takes no lock. What is seen at two looks has lasted from the one to the other, at least.
//! 2. Which turn it is, the watchdog finds out by itself, and only of a poll that it reports.
//! 3. It keeps nothing alive: it ends when its system does.

mod event;
mod looks;
mod options;
mod polls;
mod probe;
mod times;

use std::{
    sync::{Arc, Mutex},
    thread,
};

pub use self::{
    event::{Blame, Severity, StarvationEvent},
    options::WatchdogOptions,
    times::PollTime,
};
use self::{looks::Looks, polls::Slot, times::Times};
use crate::{ActorId, sync::lock, system::Shared};

/// What the watchdog of a system and the threads it watches have in common.
#[derive(Debug)]
pub(crate) struct Watchdog {
    options: WatchdogOptions,
    /// A slot for each thread that has run turns here, until the thread ends.
    slots: Mutex<Vec<Arc<Slot>>>,
    times: Option<Times>,
}

impl Watchdog {
    pub(crate) fn new(options: WatchdogOptions) -> Arc<Self> {
        let times = options.keeps_times.then(Times::default);
        Arc::new(Self { options, slots: Mutex::default(), times })
    }

    /// The slots of threads that still run.
    fn slots(&self) -> Vec<Arc<Slot>> {
        let mut slots = lock(&self.slots);
        // A thread that has ended leaves its slot to us alone.
        slots.retain(|it| Arc::strong_count(it) > 1);
        slots.clone()
    }

    /// How long turns of each actor have been polled, the longest first.
    pub(crate) fn times(&self) -> Vec<(ActorId, std::time::Duration)> {
        self.times.as_ref().map(Times::ranked).unwrap_or_default()
    }

    /// An actor has ended.
    pub(crate) fn forget(&self, actor: ActorId) {
        self.times.iter().for_each(|it| it.forget(actor));
    }
}

/// Starts the watchdog of a system, if it has one.
pub(crate) fn start(shared: &Arc<Shared>) {
    let Some(watchdog) = shared.watchdog.clone() else { return };
    let mut looks = Looks::new(&watchdog.options, &shared.runtime);
    let system = Arc::downgrade(shared);
    shared.runtime.thread("ghostlight-watchdog", move || {
        while let Some(shared) = system.upgrade() {
            looks.look(&watchdog.slots(), &shared);
            drop(shared);
            thread::park_timeout(looks.interval);
        }
    });
}

//! Deadlines that nobody wrote down: ten times a second, one task looks at all asks that wait.
//!
//! A timer for every ask would cost more than the ask. What is left is a note beside the message,
//! made under a lock that is held anyway.

use std::{
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use super::Shared;
use crate::{ask::Expire, sync::lock};

/// How long a tick of the coarse clock is.
pub(crate) const TICK: Duration = Duration::from_millis(100);

/// An actor with asks that wait.
pub(crate) trait Swept: Send + Sync {
    /// Ends what is due, and says whether anything still waits.
    fn sweep(&self, tick: u32) -> bool;
}

/// The coarse clock, and what is looked at when it ticks. It stands still while nobody waits.
#[derive(Default)]
pub(crate) struct Sweeper {
    tick: AtomicU32,
    list: Mutex<List>,
}

#[derive(Default)]
struct List {
    actors: Vec<Arc<dyn Swept>>,
    /// Asks that outlived the actor they were sent to.
    orphans: Vec<Arc<dyn Expire>>,
    is_running: bool,
}

impl Sweeper {
    /// The tick at which a wait of `deadline` that begins now is over; a little late, never early.
    pub(crate) fn due_after(&self, deadline: Duration) -> u32 {
        let ticks = deadline.as_millis().div_ceil(TICK.as_millis()) + 1;
        let ticks = u32::try_from(ticks).unwrap_or(u32::MAX / 2).min(u32::MAX / 2);
        // Relaxed: a count that orders nothing.
        self.tick.load(Ordering::Relaxed).saturating_add(ticks)
    }

    fn add(&self, add: impl FnOnce(&mut List)) -> bool {
        let mut list = lock(&self.list);
        add(&mut list);
        !std::mem::replace(&mut list.is_running, true)
    }

    /// One tick. False when nothing waits any more.
    fn tick(&self) -> bool {
        let tick = self.tick.fetch_add(1, Ordering::Relaxed) + 1;
        let (mut actors, mut orphans) = {
            let mut list = lock(&self.list);
            (std::mem::take(&mut list.actors), std::mem::take(&mut list.orphans))
        };
        actors.retain(|it| it.sweep(tick));
        orphans.iter().for_each(|it| it.expire_at(tick));
        orphans.retain(|it| Arc::strong_count(it) > 1);

        let mut list = lock(&self.list);
        list.actors.append(&mut actors);
        list.orphans.append(&mut orphans);
        list.is_running = !(list.actors.is_empty() && list.orphans.is_empty());
        list.is_running
    }
}

impl Shared {
    /// How long it is until that tick, to the nearest one.
    pub(crate) fn time_until(&self, due: u32) -> Duration {
        TICK * due.saturating_sub(self.sweeper.tick.load(Ordering::Relaxed))
    }

    /// Looks at the asks of this actor from now on.
    pub(crate) fn sweep(self: &Arc<Self>, actor: Arc<dyn Swept>) {
        if self.sweeper.add(|it| it.actors.push(actor)) {
            self.spawn_sweeper();
        }
    }

    /// Looks at asks whose actor has ended, but not all of their answers.
    pub(crate) fn adopt(self: &Arc<Self>, mut asks: Vec<Arc<dyn Expire>>) {
        asks.retain(|it| Arc::strong_count(it) > 1);
        if !asks.is_empty() && self.sweeper.add(|it| it.orphans.append(&mut asks)) {
            self.spawn_sweeper();
        }
    }

    fn spawn_sweeper(self: &Arc<Self>) {
        let name = || format!("deadlines of {}", self.name);
        drop(self.runtime.spawn_named(name, tick_while_needed(Arc::downgrade(self))));
    }
}

async fn tick_while_needed(system: Weak<Shared>) {
    loop {
        let Some(tick) = system.upgrade().map(|it| it.runtime.sleep(TICK)) else { return };
        tick.await;
        if !system.upgrade().is_some_and(|it| it.sweeper.tick()) {
            return;
        }
    }
}

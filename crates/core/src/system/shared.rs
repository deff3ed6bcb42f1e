//! What all actors of a system share.

use std::{
    any::Any,
    sync::{
        Arc, Mutex, OnceLock, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use ghostlight_rt::{Rng, Runtime};

use super::{Handle, Roster, shutdown::Departures, sweep::Sweeper};
use crate::{
    Actor, ActorId, Counters, DeadLetter, DeadReason, Observer, cell::Cell, dead_letter::LetterBox,
    endpoint::Patience, group::Groups, member::Member, observe::Subject, registry::Registry,
    sync::lock, task::TaskList, waits::Waits, watchdog::Watchdog,
};

/// From here on a default deadline may be kept to the nearest tick of the coarse clock.
const COARSE: Duration = Duration::from_secs(1);

/// What all actors of a system share.
pub struct Shared {
    pub(crate) name: Arc<str>,
    pub(crate) runtime: Runtime,
    /// The system's own number in the ids of its actors.
    pub(super) origin: u32,
    pub(crate) tasks: TaskList,
    pub(crate) roster: Mutex<Roster>,
    pub(crate) registry: Registry,
    pub(crate) groups: Groups,
    pub(crate) waits: Waits,
    pub(crate) watchdog: Option<Arc<Watchdog>>,
    pub(super) observers: Vec<Box<dyn Observer>>,
    /// Some of them want to be told of every message.
    pub(super) is_watched: bool,
    pub(super) subscribers: Mutex<Vec<Arc<LetterBox>>>,
    pub(super) sweeper: Sweeper,
    /// What ended actors counted.
    pub(super) ended: Mutex<Counters>,
    /// Sends to actors that had ended.
    pub(super) refused_late: AtomicU64,
    /// How many sources of chance were drawn, so that no two are alike.
    pub(super) draws: AtomicU64,
    pub(super) departures: Mutex<Departures>,
    pub(super) is_closed: AtomicBool,
    pub(super) has_warned_unbounded: AtomicBool,
    /// The handle that users hold, for as long as they hold it.
    pub(super) handle: OnceLock<Weak<Handle>>,
}

impl Shared {
    pub(crate) const fn origin(&self) -> u32 {
        self.origin
    }

    pub(crate) fn observe(&self, tell: impl Fn(&dyn Observer)) {
        self.observers.iter().for_each(|it| tell(&**it));
    }

    /// The actor with this id, if it lives.
    pub(crate) fn find(&self, id: ActorId) -> Option<Arc<dyn Member>> {
        lock(&self.roster).find(id)
    }

    /// A new source of chance, one that a seed can replay.
    pub(crate) fn draw(&self, label: &str) -> Rng {
        let draw = self.draws.fetch_add(1, Ordering::Relaxed);
        self.runtime.rng(&format!("{label}, draw {draw}"))
    }

    /// How an ask that waits `deadline` is ended.
    pub(crate) fn patience(&self, deadline: Duration) -> Patience {
        match deadline {
            Duration::MAX => Patience::Forever,
            short if short < COARSE => Patience::For(short),
            long => Patience::Until(self.sweeper.due_after(long)),
        }
    }

    /// A send to an actor that has ended.
    pub(crate) fn count_refused_late(&self) {
        self.refused_late.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes an ended actor off the roster, and keeps what it counted.
    pub(crate) fn forget(&self, id: ActorId, counters: Counters) {
        let mut roster = lock(&self.roster);
        let member = roster.remove(id);
        *lock(&self.ended) += counters;
        drop(roster);
        drop(member);
        self.watchdog.iter().for_each(|it| it.forget(id));
    }

    pub(crate) fn high_water(&self, actor: Subject<'_>, depth: usize) {
        tracing::warn!(actor = %actor.id, name = actor.name, depth, "mailbox has risen to its mark");
        self.observe(|it| it.high_water(actor, depth));
    }

    /// Reports a message that nobody took. Without listeners it is dropped here.
    pub(crate) fn dead_letter<A: Actor>(
        &self,
        actor: &Cell<A>,
        message: Box<dyn Any + Send>,
        type_name: &'static str,
        reason: DeadReason,
    ) {
        tracing::debug!(actor = %actor.id, type_name, %reason, "dead letter");
        let mut subscribers = lock(&self.subscribers);
        // A subscription that was dropped leaves its box to us alone.
        subscribers.retain(|it| Arc::strong_count(it) > 1);
        let subscribers = subscribers.clone();
        if subscribers.is_empty() && self.observers.is_empty() {
            return;
        }
        let letter = DeadLetter {
            message: Arc::new(Mutex::new(Some(message))),
            type_name,
            target: actor.id,
            target_name: actor.name().into(),
            reason,
            at: self.runtime.now(),
        };
        self.observe(|it| it.dead_letter(&letter));
        for subscriber in subscribers {
            subscriber.put(letter.clone());
        }
    }
}

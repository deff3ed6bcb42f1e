//! What each thread leaves for the watchdog: whose turns it polls, and since which count.

use std::{
    cell::RefCell,
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use ghostlight_rt::Stopwatch;

use super::{Watchdog, looks::Going};
use crate::{ActorId, sync::lock};

/// What one thread is at, for one system. All but the last is written by that thread alone.
pub(super) struct Slot {
    pub(super) thread: String,
    origin: u32,
    /// Counts beginnings and ends of outermost polls, so it is odd while one goes on.
    count: AtomicU64,
    /// Whose turns are polled, in one word so that it is read whole.
    actor: AtomicU64,
    /// Whether that is a turn that runs on the thread of whoever asks.
    is_call: AtomicBool,
    /// What the watchdog has seen of the poll that goes on.
    pub(super) going: Mutex<Option<Going>>,
}

thread_local! {
    /// The slots of this thread: one for each system that has a watchdog.
    static SLOTS: RefCell<Vec<Arc<Slot>>> = const { RefCell::new(Vec::new()) };
}

/// What a thread was at before a poll, and is at again after it.
pub(crate) struct Outer {
    slot: Arc<Slot>,
    actor: u64,
    is_call: bool,
    is_first: bool,
    since: Option<(Arc<Watchdog>, Stopwatch)>,
}

impl Watchdog {
    /// Turns of `actor` are polled on this thread from now on.
    pub(crate) fn begin(self: &Arc<Self>, actor: ActorId, is_call: bool) -> Outer {
        let slot = self.slot_here(actor.origin());
        let since = self.times.is_some().then(|| (Arc::clone(self), Stopwatch::start()));
        let is_first = slot.count.load(Ordering::Relaxed).is_multiple_of(2);
        let outer = Outer {
            actor: slot.actor.swap(pack(actor), Ordering::Relaxed),
            is_call: slot.is_call.swap(is_call, Ordering::Relaxed),
            is_first,
            since,
            slot,
        };
        if is_first {
            // Release: who sees the count sees whose poll it counts.
            outer.slot.count.fetch_add(1, Ordering::Release);
        }
        outer
    }

    fn slot_here(&self, origin: u32) -> Arc<Slot> {
        SLOTS.with_borrow_mut(|slots| {
            let known = slots.iter().find(|it| it.origin == origin);
            known.map(Arc::clone).unwrap_or_else(|| {
                // The watchdogs of systems that are gone have let go of theirs.
                slots.retain(|it| Arc::strong_count(it) > 1);
                let slot = Slot::of_this_thread(origin);
                slots.push(Arc::clone(&slot));
                lock(&self.slots).push(Arc::clone(&slot));
                slot
            })
        })
    }
}

impl Outer {
    /// They no longer are.
    pub(crate) fn resume(self) {
        let Self { slot, actor, is_call, is_first, since } = self;
        let inner = slot.actor.swap(actor, Ordering::Relaxed);
        slot.is_call.store(is_call, Ordering::Relaxed);
        if is_first {
            slot.count.fetch_add(1, Ordering::Release);
        }
        if let Some((watchdog, since)) = since
            && let Some(times) = &watchdog.times
        {
            let outer = (!is_first).then(|| slot.id(actor));
            times.add(slot.id(inner), outer, since.elapsed());
        }
    }
}

/// What a look at a thread shows.
pub(super) struct Seen {
    /// Which of its polls it is.
    pub(super) count: u64,
    pub(super) actor: ActorId,
    pub(super) is_call: bool,
}

impl Slot {
    fn of_this_thread(origin: u32) -> Arc<Self> {
        let this = thread::current();
        Arc::new(Self {
            thread: format!("{} {:?}", this.name().unwrap_or("thread"), this.id()),
            origin,
            count: AtomicU64::new(0),
            actor: AtomicU64::new(0),
            is_call: AtomicBool::new(false),
            going: Mutex::default(),
        })
    }

    fn id(&self, packed: u64) -> ActorId {
        ActorId::from_parts(self.origin, (packed >> u32::BITS) as u32, packed as u32)
    }

    /// The poll that goes on here, if one does.
    pub(super) fn look(&self) -> Option<Seen> {
        let count = self.count.load(Ordering::Acquire);
        let actor = self.id(self.actor.load(Ordering::Relaxed));
        let is_call = self.is_call.load(Ordering::Relaxed);
        (count % 2 == 1).then_some(Seen { count, actor, is_call })
    }
}

const fn pack(actor: ActorId) -> u64 {
    (actor.slot() as u64) << u32::BITS | actor.r#gen() as u64
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Slot").field(&self.thread).finish()
    }
}

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
#[derive(Clone, Copy)]
pub(crate) struct Outer {
    actor: u64,
    is_call: bool,
    is_first: bool,
    since: Option<Stopwatch>,
}

impl Watchdog {
    /// Turns of `actor` are polled on this thread from now on.
    pub(crate) fn begin(&self, actor: ActorId, is_call: bool) -> Outer {
        let since = self.times.is_some().then(Stopwatch::start);
        self.with_slot(actor.origin(), |slot| {
            let is_first = slot.count.load(Ordering::Relaxed).is_multiple_of(2);
            let outer = Outer {
                actor: exchange(&slot.actor, pack(actor)),
                is_call: slot.is_call.load(Ordering::Relaxed),
                is_first,
                since,
            };
            slot.is_call.store(is_call, Ordering::Relaxed);
            if is_first {
                slot.count_on();
            }
            outer
        })
    }

    /// They no longer are.
    pub(crate) fn end(&self, actor: ActorId, outer: Outer) {
        let Outer { actor: before, is_call, is_first, since } = outer;
        self.with_slot(actor.origin(), |slot| {
            slot.actor.store(before, Ordering::Relaxed);
            slot.is_call.store(is_call, Ordering::Relaxed);
            if is_first {
                slot.count_on();
            }
            if let (Some(since), Some(times)) = (since, &self.times) {
                times.add(actor, (!is_first).then(|| slot.id(before)), since.elapsed());
            }
        });
    }

    /// Does something with the slot of this thread, which is made if there is none.
    #[inline]
    fn with_slot<R>(&self, origin: u32, work: impl FnOnce(&Slot) -> R) -> R {
        SLOTS.with_borrow_mut(|slots| {
            if let Some(slot) = slots.iter().find(|it| it.origin == origin) {
                return work(slot);
            }
            // The watchdogs of systems that are gone have let go of theirs.
            slots.retain(|it| Arc::strong_count(it) > 1);
            let slot = Slot::of_this_thread(origin);
            slots.push(Arc::clone(&slot));
            lock(&self.slots).push(Arc::clone(&slot));
            work(&slot)
        })
    }
}

/// A swap where this thread alone writes, which needs none of a swap's guarantees.
fn exchange(word: &AtomicU64, new: u64) -> u64 {
    let old = word.load(Ordering::Relaxed);
    word.store(new, Ordering::Relaxed);
    old
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

    /// An outermost poll begins or ends.
    fn count_on(&self) {
        // Release: who sees the count sees whose poll it counts.
        self.count.store(self.count.load(Ordering::Relaxed) + 1, Ordering::Release);
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

//! The tasks of a world, and what makes one of them runnable.

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Wake, Waker},
};

use ghostlight_rt::BoxFuture;

use crate::{crash::Home, engine::Engine};

/// The place of whatever the test itself waits for.
pub(crate) const MAIN: u32 = 0;

/// A task of a world, by the order of spawning. The test itself is number zero.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TaskId(pub(crate) u64);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// What is taken out of its place while it is polled.
pub(crate) struct Body {
    pub(crate) future: BoxFuture<'static, ()>,
    pub(crate) waker: Waker,
}

/// One task, in its place.
pub(crate) struct Slot {
    pub(crate) id: TaskId,
    pub(crate) name: Arc<str>,
    /// Absent while the task runs.
    pub(crate) body: Option<Body>,
    pub(crate) notice: Arc<Notice>,
    /// Somebody aborted it while it ran.
    pub(crate) is_aborted: bool,
    /// The system that it belongs to, if any.
    pub(crate) home: Option<Home>,
    /// Something that it could have done at once was put off until its next turn.
    pub(crate) is_put_off: bool,
}

/// The tasks of a world, and which of them can run.
#[derive(Default)]
pub(crate) struct Tasks {
    slots: Vec<Option<Slot>>,
    free: Vec<u32>,
    spawned: u64,
    /// Those that can run, the one that has waited longest first.
    pub(crate) ready: VecDeque<u32>,
}

impl Tasks {
    /// Takes in a task, and lets it run.
    pub(crate) fn add(
        &mut self,
        engine: &Arc<Engine>,
        name: Arc<str>,
        future: Option<BoxFuture<'static, ()>>,
    ) -> &mut Slot {
        let place = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            (self.slots.len() - 1) as u32
        });
        let notice = Arc::new(Notice {
            place,
            id: TaskId(self.spawned),
            is_queued: AtomicBool::new(future.is_some()),
            engine: Arc::clone(engine),
        });
        self.spawned += 1;
        if future.is_some() {
            self.ready.push_back(place);
        }
        let body = future.map(|future| Body { future, waker: Arc::clone(&notice).into() });
        let slot = Slot {
            id: notice.id,
            name,
            body,
            notice,
            is_aborted: false,
            home: None,
            is_put_off: false,
        };
        self.slots[place as usize].insert(slot)
    }

    pub(crate) fn get(&self, place: u32) -> Option<&Slot> {
        self.slots.get(place as usize)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, place: u32) -> Option<&mut Slot> {
        self.slots.get_mut(place as usize)?.as_mut()
    }

    /// Gives up a task that has ended; whatever still wakes it wakes nobody.
    pub(crate) fn remove(&mut self, place: u32) -> Option<Slot> {
        let slot = self.slots.get_mut(place as usize)?.take()?;
        if slot.notice.is_queued.swap(true, Ordering::Relaxed) {
            self.ready.retain(|it| *it != place);
        }
        self.free.push(place);
        Some(slot)
    }

    /// Those that can run, in the order of `ready`.
    pub(crate) fn ready_ids(&self) -> Vec<TaskId> {
        self.ready.iter().filter_map(|it| self.get(*it)).map(|it| it.id).collect()
    }

    /// Everybody but the test itself, in no order that means anything.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter().flatten().filter(|it| it.notice.place != MAIN)
    }

    /// Takes out every task but the test itself.
    pub(crate) fn take_all(&mut self) -> Vec<Slot> {
        let places = 1..self.slots.len() as u32;
        places.filter_map(|it| self.remove(it)).collect()
    }
}

/// Wakes a task of a world.
pub(crate) struct Notice {
    pub(crate) place: u32,
    pub(crate) id: TaskId,
    /// It can run already, or has ended.
    pub(crate) is_queued: AtomicBool,
    engine: Arc<Engine>,
}

impl Wake for Notice {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.engine.saw_wake(self.id);
        // Relaxed: a world has one thread; what comes from another is reported, not supported.
        if !self.is_queued.swap(true, Ordering::Relaxed) {
            self.engine.make_ready(self.place);
        }
    }
}

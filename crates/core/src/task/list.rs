//! All tasks of a system, from spawn to end.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context as TaskContext, Poll, Waker},
};

use super::{JoinError, TaskCounters, TaskId, record::Record};
use crate::{ActorId, sync::lock};

/// All tasks of a system, from spawn to end.
#[derive(Default)]
pub(crate) struct TaskList {
    /// How many ids of tasks and scopes were given out.
    numbers: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    alive: BTreeMap<TaskId, Arc<Record>>,
    counters: TaskCounters,
    waiters: Vec<Waker>,
}

impl TaskList {
    pub(super) fn next_number(&self) -> u64 {
        // Relaxed: a number that orders nothing.
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn add(&self, record: &Arc<Record>) {
        let mut state = lock(&self.state);
        state.counters.begin();
        state.alive.insert(record.id, Arc::clone(record));
    }

    pub(super) fn remove(&self, id: TaskId, end: Option<&JoinError>) {
        let mut state = lock(&self.state);
        let record = state.alive.remove(&id);
        state.counters.end(end);
        let waiters = match state.alive.is_empty() {
            true => std::mem::take(&mut state.waiters),
            false => Vec::new(),
        };
        drop(state);
        drop(record);
        waiters.into_iter().for_each(Waker::wake);
    }

    /// All that are alive, the last spawned first.
    pub(crate) fn newest_first(&self) -> Vec<Arc<Record>> {
        lock(&self.state).alive.values().rev().cloned().collect()
    }

    /// The name of the task that stands for this among those that wait.
    pub(crate) fn name_of(&self, node: ActorId) -> Option<Arc<str>> {
        let alive = self.newest_first();
        let found = alive.iter().find(|it| it.id.node() == node)?;
        let name = found.info().name;
        // The type of a future says little.
        Some(if name.contains("::") { "a task".into() } else { format!("task {name}").into() })
    }

    pub(crate) fn counters(&self) -> TaskCounters {
        let (alive, mut counters) = {
            let state = lock(&self.state);
            (state.alive.values().cloned().collect::<Vec<_>>(), state.counters)
        };
        counters.reaped = alive.iter().filter(|it| it.holder.is_reaped()).count() as u64;
        counters
    }

    /// Waits until none is alive.
    pub(crate) fn poll_empty(&self, cx: &TaskContext<'_>) -> Poll<()> {
        let mut state = lock(&self.state);
        if state.alive.is_empty() {
            return Poll::Ready(());
        }
        if !state.waiters.iter().any(|it| it.will_wake(cx.waker())) {
            state.waiters.push(cx.waker().clone());
        }
        Poll::Pending
    }
}

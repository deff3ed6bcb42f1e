//! How a task finds itself: set for the length of each of its polls, on the thread that polls it.

use std::{cell::RefCell, sync::Arc};

use super::record::Record;
use crate::here;

/// The task that runs on this thread.
#[derive(Clone)]
pub(crate) struct Current {
    pub(crate) record: Arc<Record>,
    /// How many shields stand around what runs now.
    n_shields: u32,
    /// How deep in turns of actors it was entered. Deeper down runs the handler of an actor whom the
    /// task asks, and that is not the task.
    depth: usize,
}

impl Current {
    /// Whether a shield stands around what runs now.
    pub(super) const fn is_shielded(&self) -> bool {
        self.n_shields > 0
    }
}

thread_local! {
    static CURRENT: RefCell<Option<Current>> = const { RefCell::new(None) };
}

/// The task that runs on this thread, unless a handler runs in it.
pub(crate) fn current() -> Option<Current> {
    let current = CURRENT.with_borrow(Clone::clone)?;
    (current.depth == here::depth()).then_some(current)
}

/// Has this task be the current one, until what is returned is dropped.
pub(crate) fn enter(record: &Arc<Record>) -> Entered {
    replace(Some(Current { record: Arc::clone(record), n_shields: 0, depth: here::depth() }))
}

/// Has the current task stand behind one more shield, until what is returned is dropped.
pub(super) fn enter_shield(current: &Current) -> Entered {
    replace(Some(Current { n_shields: current.n_shields + 1, ..current.clone() }))
}

fn replace(current: Option<Current>) -> Entered {
    Entered(CURRENT.with_borrow_mut(|it| std::mem::replace(it, current)))
}

/// Brings back what was the current task before.
#[must_use]
pub(crate) struct Entered(Option<Current>);

impl Drop for Entered {
    fn drop(&mut self) {
        let left = CURRENT.with_borrow_mut(|it| std::mem::replace(it, self.0.take()));
        drop(left);
    }
}

//! A task that has a thread to itself.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

/// Wakes the thread that polls the task.
struct Bell {
    thread: Thread,
    /// Kept beside the token of the thread, which whatever blocks in the task may take for itself.
    has_rung: AtomicBool,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.has_rung.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

/// Polls `task` to its end on this thread, which sleeps in between.
pub(crate) fn run(task: impl Future<Output = ()>) {
    let bell = Arc::new(Bell { thread: thread::current(), has_rung: AtomicBool::new(false) });
    let waker = Waker::from(Arc::clone(&bell));
    let cx = &mut Context::from_waker(&waker);
    let mut task = pin!(task);
    while task.as_mut().poll(cx) == Poll::Pending {
        while !bell.has_rung.swap(false, Ordering::Acquire) {
            thread::park();
        }
    }
}

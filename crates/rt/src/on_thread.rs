//! A task that has a thread to itself.

use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

/// Wakes the thread that polls the task.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls `task` to its end on this thread, which sleeps in between.
pub(crate) fn run(task: impl Future<Output = ()>) {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let cx = &mut Context::from_waker(&waker);
    let mut task = pin!(task);
    // A wake that comes while it is polled lets the next park return at once.
    while task.as_mut().poll(cx) == Poll::Pending {
        thread::park();
    }
}

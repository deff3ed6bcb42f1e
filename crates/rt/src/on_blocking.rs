//! A task that is polled where blocking is allowed.

use std::{
    mem,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use crate::{Blocking, Runtime};

/// A task whose every poll is a piece of blocking work: it may keep its thread, and holds up no other task.
pub(crate) struct OnBlocking<F> {
    runtime: Runtime,
    at: At<F>,
    bell: Arc<Bell>,
}

/// Where the task is.
enum At<F> {
    /// Here, and waits to be woken.
    Here(F),
    /// Being polled, elsewhere; comes back unless it is done.
    There(Blocking<Option<F>>),
    Done,
}

/// What wakes the task: remembered while it is being polled, passed on otherwise.
struct Bell {
    has_rung: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.has_rung.store(true, Ordering::Release);
        let waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner).clone();
        waker.into_iter().for_each(Waker::wake);
    }
}

impl<F: Future<Output = ()> + Send + Unpin + 'static> OnBlocking<F> {
    pub(crate) fn new(runtime: &Runtime, task: F) -> Self {
        // Whoever spawns a task has it polled once.
        let bell = Bell { has_rung: AtomicBool::new(true), waker: Mutex::new(None) };
        Self { runtime: runtime.clone(), at: At::Here(task), bell: Arc::new(bell) }
    }

    fn poll_at(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match mem::replace(&mut self.at, At::Done) {
            At::Here(task) if self.bell.has_rung.swap(false, Ordering::AcqRel) => {
                self.at = At::There(self.send(task));
                self.poll_at(cx)
            }
            At::There(mut work) => match Pin::new(&mut work).poll(cx) {
                Poll::Pending => {
                    self.at = At::There(work);
                    Poll::Pending
                }
                Poll::Ready(Ok(Some(task))) => {
                    self.at = At::Here(task);
                    // It was woken meanwhile, but others may have waited for longer.
                    if self.bell.has_rung.load(Ordering::Acquire) {
                        cx.waker().wake_by_ref();
                    }
                    Poll::Pending
                }
                // Done, or lost with the runtime.
                Poll::Ready(Ok(None) | Err(_)) => Poll::Ready(()),
            },
            here @ At::Here(_) => {
                self.at = here;
                Poll::Pending
            }
            At::Done => Poll::Ready(()),
        }
    }

    fn send(&self, mut task: F) -> Blocking<Option<F>> {
        let waker = Waker::from(Arc::clone(&self.bell));
        self.runtime.blocking(move || {
            let polled = Pin::new(&mut task).poll(&mut Context::from_waker(&waker));
            polled.is_pending().then_some(task)
        })
    }
}

impl<F: Future<Output = ()> + Send + Unpin + 'static> Future for OnBlocking<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let waker = Some(cx.waker().clone());
        let earlier = mem::replace(
            &mut *self.bell.waker.lock().unwrap_or_else(PoisonError::into_inner),
            waker,
        );
        drop(earlier);
        self.poll_at(cx)
    }
}

impl<F> Unpin for OnBlocking<F> {}

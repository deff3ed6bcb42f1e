//! A task that asks for nothing but its turn, to see how late that comes.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
    time::Duration,
};

use ghostlight_rt::{Runtime, Stopwatch};

use crate::sync::lock;

/// The end of it that the watchdog holds; when that goes, the task ends.
#[derive(Debug)]
pub(super) struct Probe(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Since when it should have had its turn.
    woken: Option<Stopwatch>,
    /// How late its last turn came.
    last: Duration,
    waker: Option<Waker>,
    is_over: bool,
}

struct Task(Arc<Mutex<State>>);

impl Probe {
    pub(super) fn new(runtime: &Runtime) -> Self {
        let state = Arc::new(Mutex::new(State {
            // Spawning is what wakes it first.
            woken: Some(Stopwatch::start()),
            ..State::default()
        }));
        drop(runtime.spawn(Task(Arc::clone(&state))));
        Self(state)
    }

    /// Wakes it, unless it still waits for its turn: then false.
    pub(super) fn wake(&self) -> bool {
        let mut state = lock(&self.0);
        let Some(waker) = state.waker.take() else { return false };
        state.woken = Some(Stopwatch::start());
        drop(state);
        waker.wake();
        true
    }

    /// How late its turn is, or was when it came last.
    pub(super) fn delay(&self) -> Duration {
        let state = lock(&self.0);
        state.woken.map_or(state.last, Stopwatch::elapsed)
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        let mut state = lock(&self.0);
        state.is_over = true;
        let waker = state.waker.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }
}

impl Drop for Task {
    /// One that goes with its runtime is late for nothing.
    fn drop(&mut self) {
        lock(&self.0).woken = None;
    }
}

impl Future for Task {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.0);
        if state.is_over {
            return Poll::Ready(());
        }
        if let Some(woken) = state.woken.take() {
            state.last = woken.elapsed();
        }
        let earlier = state.waker.replace(cx.waker().clone());
        drop(state);
        drop(earlier);
        Poll::Pending
    }
}

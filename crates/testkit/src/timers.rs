//! The timers of a world, to the nanosecond.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use ghostlight_rt::Instant;

use crate::engine::Engine;

/// Who is to be woken when. By moment, and then by who came first.
#[derive(Default)]
pub(crate) struct Timers {
    waiting: BTreeMap<(Instant, u64), Waker>,
    made: u64,
}

impl Timers {
    pub(crate) const fn next_key(&mut self) -> u64 {
        self.made += 1;
        self.made
    }

    pub(crate) fn set(&mut self, at: Instant, key: u64, waker: &Waker) -> Option<Waker> {
        match self.waiting.get_mut(&(at, key)) {
            Some(known) if known.will_wake(waker) => None,
            Some(known) => Some(std::mem::replace(known, waker.clone())),
            None => self.waiting.insert((at, key), waker.clone()),
        }
    }

    pub(crate) fn cancel(&mut self, at: Instant, key: u64) -> Option<Waker> {
        self.waiting.remove(&(at, key))
    }

    /// When something is due next.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.waiting.first_key_value().map(|it| it.0.0)
    }

    /// Takes out one that is due.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<Waker> {
        let first = self.waiting.first_entry().filter(|it| it.key().0 <= now)?;
        Some(first.remove())
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn take_all(&mut self) -> BTreeMap<(Instant, u64), Waker> {
        std::mem::take(&mut self.waiting)
    }
}

/// A wait for a moment.
pub(crate) struct Sleeping {
    engine: Arc<Engine>,
    at: Instant,
    key: Option<u64>,
}

impl Sleeping {
    pub(crate) const fn until(engine: Arc<Engine>, at: Instant) -> Self {
        Self { engine, at, key: None }
    }
}

impl Future for Sleeping {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        if this.at <= this.engine.now() {
            return Poll::Ready(());
        }
        this.engine.set_timer(this.at, &mut this.key, cx.waker());
        Poll::Pending
    }
}

impl Drop for Sleeping {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.engine.cancel_timer(self.at, key);
        }
    }
}

//! What a world answers to those who ask for time, tasks, threads and chance.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, Weak, atomic::Ordering},
    task::{Context, Poll},
    time::{Duration, SystemTime},
};

use ghostlight_rt::{BoxFuture, Instant, Surroundings};

use crate::{crash::Home, digest::seed_for, engine::Engine, ground::Ground, timers::Sleeping};

/// When worlds begin, on the wall: a day in September 2001.
const BEGINNING: Duration = Duration::from_secs(1_000_000_000);

/// A world, as the platform sees it.
pub(crate) struct Inside {
    pub(crate) engine: Arc<Engine>,
    /// Held by the world alone: tokio's runtime must not end within one of its own tasks.
    pub(crate) ground: Weak<Ground>,
    /// The system that asks, if it is one.
    pub(crate) home: Option<Home>,
}

impl Surroundings for Inside {
    fn now(&self) -> Instant {
        self.engine.now()
    }

    fn wall_now(&self) -> SystemTime {
        let plain = SystemTime::UNIX_EPOCH + BEGINNING + (self.engine.now() - Instant::ORIGIN);
        let jumped = self.engine.wall.load(Ordering::Relaxed);
        let by = Duration::from_secs(jumped.unsigned_abs());
        if jumped < 0 { plain - by } else { plain + by }
    }

    fn sleep_until(&self, at: Instant) -> BoxFuture<'static, ()> {
        if at == Instant::from_nanos(u64::MAX) {
            return Box::pin(std::future::pending());
        }
        Box::pin(Sleeping::until(Arc::clone(&self.engine), at))
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Box<dyn Fn() + Send + Sync> {
        self.spawn_named("task".to_owned(), task)
    }

    fn spawn_named(
        &self,
        name: String,
        task: BoxFuture<'static, ()>,
    ) -> Box<dyn Fn() + Send + Sync> {
        let engine = Arc::clone(&self.engine);
        if self.home.is_some_and(|it| engine.has_crashed(it)) {
            return Box::new(|| ());
        }
        let task = engine.spawn(&name.into(), self.home, task);
        Box::new(move || engine.abort(&task))
    }

    fn block_on(&self, future: Pin<&mut dyn Future<Output = ()>>) {
        let ground = self.ground.upgrade().expect("the world of this runtime has ended");
        ground.block_on(future);
    }

    fn blocking(&self, work: Box<dyn FnOnce() + Send>) {
        self.work("blocking work", work);
    }

    fn thread(&self, name: &str, work: Box<dyn FnOnce() + Send>) {
        self.work(&format!("thread {name}"), work);
    }

    fn seed(&self, label: &str) -> u64 {
        match self.home {
            // Or two systems would draw the same.
            Some(home) => seed_for(self.engine.seed, &format!("{label}, home {}", home.0)),
            None => seed_for(self.engine.seed, label),
        }
    }

    fn poll_proceed(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.engine.may_proceed() {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn queues_after_yield(&self) -> bool {
        true
    }
}

impl Inside {
    fn work(&self, name: &str, work: Box<dyn FnOnce() + Send>) {
        // A panic ends the work and nothing else, as it would on a thread.
        let work = async { drop(catch_unwind(AssertUnwindSafe(work))) };
        drop(self.spawn_named(name.to_owned(), Box::pin(work)));
    }
}

impl fmt::Debug for Inside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("seed", &self.engine.seed).finish_non_exhaustive()
    }
}

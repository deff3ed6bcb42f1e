//! The handle through which everything above asks for time, tasks, threads and chance.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, SystemTime},
};

use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};

use crate::{
    Blocking, Instant, Network, Rng, Sleep, Surroundings, Task,
    on_blocking::OnBlocking,
    on_thread,
    task::Abort,
    tokio_answer::{self, Tokio},
};

/// A handle to the surroundings: time, tasks, threads, chance and byte streams.
///
/// Cloning gives another handle to the same surroundings.
#[derive(Clone, Debug)]
pub struct Runtime(Kind);

/// Tokio is asked directly, so that the usual case pays for no indirection.
#[derive(Clone, Debug)]
enum Kind {
    Tokio(Tokio),
    Other(Arc<Other>),
}

#[derive(Debug)]
struct Other {
    surroundings: Box<dyn Surroundings>,
    numbers: AtomicU64,
}

impl Runtime {
    /// The tokio runtime that the caller runs in; `None` outside of one.
    ///
    /// ```
    /// use ghostlight_rt::Runtime;
    ///
    /// assert!(Runtime::current().is_none());
    /// let runtime = Runtime::multi_thread();
    /// assert!(runtime.block_on(async { Runtime::current().is_some() }));
    /// ```
    #[must_use]
    pub fn current() -> Option<Self> {
        Handle::try_current().ok().map(Self::tokio)
    }

    /// The tokio runtime behind `handle`.
    ///
    /// ```
    /// let mine = tokio::runtime::Runtime::new().unwrap();
    /// let runtime = ghostlight_rt::Runtime::tokio(mine.handle().clone());
    /// # drop(runtime);
    /// ```
    #[must_use]
    pub fn tokio(handle: Handle) -> Self {
        Self(Kind::Tokio(Tokio::new(handle, None)))
    }

    /// A tokio runtime of its own, with a worker per core, that ends with the last handle.
    ///
    /// # Panics
    /// If the operating system gives no threads.
    ///
    /// ```
    /// let runtime = ghostlight_rt::Runtime::multi_thread();
    /// assert_eq!(runtime.block_on(async { 1 + 1 }), 2);
    /// ```
    #[must_use]
    pub fn multi_thread() -> Self {
        let owned = Builder::new_multi_thread().enable_all().build();
        let owned = owned.expect("the operating system gave no threads for a runtime");
        Self(Kind::Tokio(Tokio::new(owned.handle().clone(), Some(owned))))
    }

    /// Surroundings of your own, such as a deterministic world.
    #[must_use]
    pub fn new(surroundings: impl Surroundings) -> Self {
        let surroundings = Box::new(surroundings);
        Self(Kind::Other(Arc::new(Other { surroundings, numbers: AtomicU64::new(0) })))
    }

    /// The monotonic clock.
    #[must_use]
    pub fn now(&self) -> Instant {
        match &self.0 {
            Kind::Tokio(tokio) => tokio.now(),
            Kind::Other(other) => other.surroundings.now(),
        }
    }

    /// The clock on the wall, for people; it may jump, so nothing is measured with it.
    #[must_use]
    pub fn wall_now(&self) -> SystemTime {
        match &self.0 {
            Kind::Tokio(_) => tokio_answer::wall_now(),
            Kind::Other(other) => other.surroundings.wall_now(),
        }
    }

    /// Waits for `duration`; [`Duration::MAX`] is for ever.
    pub fn sleep(&self, duration: Duration) -> Sleep {
        self.sleep_until(self.now() + duration)
    }

    /// Waits until the clock has reached `at`.
    pub fn sleep_until(&self, at: Instant) -> Sleep {
        Sleep(match &self.0 {
            Kind::Tokio(tokio) => tokio.sleep_until(at),
            Kind::Other(other) => other.surroundings.sleep_until(at),
        })
    }

    /// Runs `task` on its own. Dropping the handle lets it run on.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> Task {
        Task(match &self.0 {
            Kind::Tokio(tokio) => tokio.spawn(task),
            Kind::Other(other) => Abort::Other(other.surroundings.spawn(Box::pin(task))),
        })
    }

    /// Runs `task` on its own, under a name for whoever looks: a world shows it in its trace.
    ///
    /// Tokio does not ask for the name, so it is not made there.
    ///
    /// ```
    /// let runtime = ghostlight_rt::Runtime::multi_thread();
    /// drop(runtime.spawn_named(|| "greeter".to_owned(), async { println!("hello") }));
    /// ```
    #[inline]
    pub fn spawn_named(
        &self,
        name: impl FnOnce() -> String,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> Task {
        Task(match &self.0 {
            Kind::Tokio(tokio) => tokio.spawn(task),
            Kind::Other(other) => {
                Abort::Other(other.surroundings.spawn_named(name(), Box::pin(task)))
            }
        })
    }

    /// Runs `future` to its end on the calling thread.
    ///
    /// # Panics
    /// Inside an async task: a worker that blocks can hold up the very task it waits for.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        match &self.0 {
            Kind::Tokio(tokio) => tokio.block_on(future),
            Kind::Other(other) => {
                let mut result = None;
                let future = async { result = Some(future.await) };
                other.surroundings.block_on(pin!(future));
                result.expect("surroundings must run the future they block on to its end")
            }
        }
    }

    /// Runs blocking work, such as file I/O, where it holds up no task.
    ///
    /// # Cancel safety
    /// Dropping the result forgets it; the work runs to its end.
    pub fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Blocking<T> {
        let (done, result) = oneshot::channel();
        let work = move || {
            // Nobody may be waiting any more, and then the result is nobody's.
            _ = done.send(work());
        };
        match &self.0 {
            Kind::Tokio(tokio) => tokio.blocking(work),
            Kind::Other(other) => other.surroundings.blocking(Box::new(work)),
        }
        Blocking(result)
    }

    /// Runs `work` on a thread of its own, named `name`.
    ///
    /// # Panics
    /// If the operating system gives no thread.
    pub fn thread(&self, name: &str, work: impl FnOnce() + Send + 'static) {
        match &self.0 {
            Kind::Tokio(tokio) => tokio.thread(name, work),
            Kind::Other(other) => other.surroundings.thread(name, Box::new(work)),
        }
    }

    /// Runs `task` on its own, and each poll of it as [`blocking`](Self::blocking) work: it may keep its
    /// thread, and holds up no other task.
    ///
    /// ```
    /// let runtime = ghostlight_rt::Runtime::multi_thread();
    /// let may_block = Box::pin(async { std::thread::yield_now() });
    /// drop(runtime.spawn_on_blocking(|| "reader".to_owned(), may_block));
    /// ```
    pub fn spawn_on_blocking(
        &self,
        name: impl FnOnce() -> String,
        task: impl Future<Output = ()> + Send + Unpin + 'static,
    ) -> Task {
        self.spawn_named(name, OnBlocking::new(self, task))
    }

    /// Runs `task` on a thread of its own, which sleeps while the task waits; it goes on when the thread
    /// that polls it is woken, and has the timers of this runtime. Nobody can abort it.
    ///
    /// Where there are no threads, it is a task like any other.
    ///
    /// ```
    /// let runtime = ghostlight_rt::Runtime::multi_thread();
    /// let (done, end) = std::sync::mpsc::channel();
    /// let clock = runtime.clone();
    /// runtime.spawn_on_thread("sleeper", async move {
    ///     clock.sleep(std::time::Duration::from_millis(1)).await;
    ///     done.send(std::thread::current().name().map(str::to_owned)).unwrap();
    /// });
    /// assert_eq!(end.recv().unwrap().as_deref(), Some("sleeper"));
    /// ```
    ///
    /// # Panics
    /// If the operating system gives no thread.
    pub fn spawn_on_thread(&self, name: &str, task: impl Future<Output = ()> + Send + 'static) {
        if self.has_threads() {
            self.thread(name, || on_thread::run(task));
        } else {
            drop(self.spawn_named(|| name.to_owned(), task));
        }
    }

    /// Whether a thread runs beside what it looks after: not in a world, which has only one.
    ///
    /// ```
    /// assert!(ghostlight_rt::Runtime::multi_thread().has_threads());
    /// ```
    #[must_use]
    pub fn has_threads(&self) -> bool {
        match &self.0 {
            Kind::Tokio(_) => true,
            Kind::Other(other) => other.surroundings.has_threads(),
        }
    }

    /// A source of chance of its own for whatever goes by `label`.
    #[must_use]
    pub fn rng(&self, label: &str) -> Rng {
        Rng::seeded(match &self.0 {
            Kind::Tokio(tokio) => tokio.seed(label),
            Kind::Other(other) => other.surroundings.seed(label),
        })
    }

    /// A number that these surroundings have not given out before.
    ///
    /// ```
    /// let runtime = ghostlight_rt::Runtime::multi_thread();
    /// assert_ne!(runtime.number(), runtime.clone().number());
    /// ```
    #[must_use]
    pub fn number(&self) -> u64 {
        let numbers = match &self.0 {
            Kind::Tokio(tokio) => tokio.numbers(),
            Kind::Other(other) => &other.numbers,
        };
        numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// Spends one unit of the current task's budget, so that work done at once stays fair.
    ///
    /// Not ready means that the task has had its share and is woken for its next turn.
    pub fn poll_proceed(&self, cx: &mut Context<'_>) -> Poll<()> {
        match &self.0 {
            Kind::Tokio(_) => tokio_answer::poll_proceed(cx),
            Kind::Other(other) => other.surroundings.poll_proceed(cx),
        }
    }

    /// Whether an ask that had to yield first is queued then, even if it could be handled at once.
    #[must_use]
    pub fn queues_after_yield(&self) -> bool {
        match &self.0 {
            Kind::Tokio(_) => false,
            Kind::Other(other) => other.surroundings.queues_after_yield(),
        }
    }

    /// Calls `body` as if it ran in a task of this runtime, wherever the caller runs.
    pub fn within<T>(&self, body: impl FnOnce() -> T) -> T {
        match &self.0 {
            Kind::Tokio(tokio) => {
                let _entered = tokio.enter();
                body()
            }
            Kind::Other(_) => body(),
        }
    }

    /// The network, where the surroundings have one. Tokio's comes with the crate that needs it.
    #[must_use]
    pub fn network(&self) -> Option<&dyn Network> {
        match &self.0 {
            Kind::Tokio(_) => None,
            Kind::Other(other) => other.surroundings.network(),
        }
    }
}

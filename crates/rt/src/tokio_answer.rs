//! Tokio's answer to what the platform asks.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, PoisonError, atomic::AtomicU64},
    task::{Context, Poll},
    thread,
    time::SystemTime,
};

use tokio::{
    runtime::{EnterGuard, Handle, Runtime as Owned},
    task::coop,
    time::{self, Instant as TokioInstant},
};

use crate::{BoxFuture, Instant, task::Abort};

#[derive(Clone)]
pub(crate) struct Tokio {
    handle: Handle,
    shared: Arc<Shared>,
}

struct Shared {
    origin: TokioInstant,
    numbers: AtomicU64,
    /// Every seed follows from the label and these keys, which the process draws once.
    keys: RandomState,
    /// A runtime that nobody else holds; it ends with the last clone.
    owned: Mutex<Option<Owned>>,
}

impl Tokio {
    pub(crate) fn new(handle: Handle, owned: Option<Owned>) -> Self {
        let origin = TokioInstant::now();
        let shared = Shared {
            origin,
            numbers: AtomicU64::new(0),
            keys: RandomState::new(),
            owned: Mutex::new(owned),
        };
        Self { handle, shared: Arc::new(shared) }
    }

    pub(crate) fn now(&self) -> Instant {
        Instant::ORIGIN + self.shared.origin.elapsed()
    }

    pub(crate) fn sleep_until(&self, at: Instant) -> BoxFuture<'static, ()> {
        let since = at.saturating_duration_since(Instant::ORIGIN);
        let _entered = self.handle.enter();
        match self.shared.origin.checked_add(since) {
            Some(at) => Box::pin(time::sleep_until(at)),
            None => Box::pin(std::future::pending()),
        }
    }

    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> Abort {
        Abort::Tokio(self.handle.spawn(task).abort_handle())
    }

    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.handle.block_on(future)
    }

    pub(crate) fn enter(&self) -> EnterGuard<'_> {
        self.handle.enter()
    }

    pub(crate) fn blocking(&self, work: impl FnOnce() + Send + 'static) {
        drop(self.handle.spawn_blocking(work));
    }

    pub(crate) fn thread(&self, name: &str, work: impl FnOnce() + Send + 'static) {
        let handle = self.handle.clone();
        let work = move || {
            let _entered = handle.enter();
            work();
        };
        let spawned = thread::Builder::new().name(name.to_owned()).spawn(work);
        spawned.expect("the operating system gave no thread");
    }

    pub(crate) fn numbers(&self) -> &AtomicU64 {
        &self.shared.numbers
    }

    pub(crate) fn seed(&self, label: &str) -> u64 {
        self.shared.keys.hash_one(label)
    }
}

pub(crate) fn wall_now() -> SystemTime {
    SystemTime::now()
}

pub(crate) fn poll_proceed(cx: &mut Context<'_>) -> Poll<()> {
    coop::poll_proceed(cx).map(|restore| restore.made_progress())
}

impl Drop for Shared {
    fn drop(&mut self) {
        let owned = self.owned.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(runtime) = owned {
            // The last handle may go inside a task of this very runtime, which must not block.
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for Tokio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tokio")
    }
}

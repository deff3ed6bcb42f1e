//! Where actix runs what the driver starts: on the driver's thread, or on two in turn.

use std::{
    future::Future,
    sync::atomic::{AtomicUsize, Ordering},
};

use actix::prelude::*;
use rivals_common::{Runtime, build_runtime};
use tokio::sync::oneshot;

/// The threads of a run.
pub(crate) struct Arbiters {
    /// Empty where everything shares the driver's thread. Else the driver's arbiter comes last.
    handles: Vec<ArbiterHandle>,
    next: AtomicUsize,
}

impl Arbiters {
    /// To be called on the driver's arbiter.
    pub(crate) fn start(runtime: Runtime) -> Self {
        let handles = match runtime {
            Runtime::Ct => Vec::new(),
            Runtime::Mt => vec![Arbiter::new().handle(), Arbiter::current()],
        };
        Self { handles, next: AtomicUsize::new(0) }
    }

    pub(crate) fn start_actor<A>(&self, actor: impl FnOnce() -> A + Send + 'static) -> Addr<A>
    where
        A: Actor<Context = Context<A>>,
    {
        match self.next() {
            Some(arbiter) => A::start_in_arbiter(arbiter, |_| actor()),
            None => actor().start(),
        }
    }

    pub(crate) fn start_task(&self, task: impl Future<Output = ()> + Send + 'static) {
        match self.next() {
            Some(arbiter) => assert!(arbiter.spawn(task), "the arbiter runs"),
            None => drop(actix::spawn(task)),
        }
    }

    /// All of them, for who wants to spread actors itself.
    pub(crate) fn handles(&self) -> &[ArbiterHandle] {
        &self.handles
    }

    fn next(&self) -> Option<&ArbiterHandle> {
        if self.handles.is_empty() {
            return None;
        }
        // Relaxed: only spreads load.
        self.handles.get(self.next.fetch_add(1, Ordering::Relaxed) % self.handles.len())
    }
}

/// Runs the driver as a task of an arbiter and joins it.
pub(crate) fn enter<F>(runtime: Runtime, main: F) -> F::Output
where
    F: Future<Output: Send> + Send + 'static,
{
    let system = System::with_tokio_rt(|| build_runtime(Runtime::Ct));
    system.block_on(async move {
        match runtime {
            Runtime::Ct => actix::spawn(main).await.expect("the driver does not panic"),
            // The system's own thread only waits, so two threads remain.
            Runtime::Mt => {
                let (done, outcome) = oneshot::channel();
                let driver = Arbiter::new();
                driver.spawn(async move {
                    let _gone = done.send(main.await);
                });
                outcome.await.expect("the driver ends")
            }
        }
    })
}

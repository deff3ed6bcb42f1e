//! What an implementer of the seam provides.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
    time::SystemTime,
};

use crate::{Instant, Network};

/// A future whose type was left behind.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The surroundings that a [`Runtime`](crate::Runtime) asks, when they are not tokio's.
///
/// This is the place for a deterministic world: it owns the clock, decides which task runs next,
/// runs "threads" when it likes, draws every seed from one, and may carry a simulated network.
///
/// A small one stands in this crate's tests (`tests/it/surroundings.rs`).
pub trait Surroundings: fmt::Debug + Send + Sync + 'static {
    /// The monotonic clock.
    fn now(&self) -> Instant;

    /// The clock on the wall, which may jump.
    fn wall_now(&self) -> SystemTime;

    /// Ready once [`now`](Self::now) has reached `at`.
    fn sleep_until(&self, at: Instant) -> BoxFuture<'static, ()>;

    /// Runs `task` on its own; the returned function drops it at its next await.
    fn spawn(&self, task: BoxFuture<'static, ()>) -> Box<dyn Fn() + Send + Sync>;

    /// The same for a task that has a name, which may be shown and means nothing else.
    fn spawn_named(
        &self,
        name: String,
        task: BoxFuture<'static, ()>,
    ) -> Box<dyn Fn() + Send + Sync> {
        _ = name;
        self.spawn(task)
    }

    /// Runs `future` to its end on the calling thread.
    fn block_on(&self, future: Pin<&mut dyn Future<Output = ()>>);

    /// Runs short blocking work where it holds up no task.
    fn blocking(&self, work: Box<dyn FnOnce() + Send>);

    /// Runs `work` on a thread of its own.
    fn thread(&self, name: &str, work: Box<dyn FnOnce() + Send>);

    /// Whether such a thread runs beside everything else; by default not.
    fn has_threads(&self) -> bool {
        false
    }

    /// A seed for the chance that goes by `label`.
    fn seed(&self, label: &str) -> u64;

    /// Whether the current task may do one more piece of work at once.
    ///
    /// Not ready means: yield first, the task is woken for its next turn. A world may answer by
    /// seed, which makes "now or later" one more scheduling choice.
    fn poll_proceed(&self, cx: &mut Context<'_>) -> Poll<()> {
        _ = cx;
        Poll::Ready(())
    }

    /// Whether an ask that had to yield first is queued then, even if it could be handled at once.
    ///
    /// By default not, since it would cost more. In one thread it takes this to reach the orders in
    /// which somebody comes between an answer and what is done with it.
    fn queues_after_yield(&self) -> bool {
        false
    }

    /// The network, where there is one.
    fn network(&self) -> Option<&dyn Network> {
        None
    }
}

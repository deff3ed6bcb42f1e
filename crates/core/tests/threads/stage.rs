//! The stage of this binary: a tokio of two threads, in real time.

use std::{thread, time::Duration};

use ghostlight::{Backend, SpawnOptions};
use tokio::runtime::{Builder, Handle, RuntimeMetrics};

pub(crate) use crate::on_tokio::*;

macro_rules! on_stage {
    ([on_async = $why:literal $(, $($need:tt)+)?] $($test:tt)*) => {
        crate::stage::on_stage! { [$($($need)+)?] $($test)* }
    };
    ([virtual_time] $($test:tt)*) => {
        crate::stage::on_stage! { @left_out "needs virtual time" $($test)* }
    };
    ([one_thread] $($test:tt)*) => {
        crate::stage::on_stage! { @left_out "needs one thread" $($test)* }
    };
    ([threads] $($test:tt)*) => {
        crate::stage::on_stage! { @left_out "runs on threads in `it`" $($test)* }
    };
    ([$($need:tt)*] $(#[$of:meta])* async fn $name:ident() $test:block) => {
        $(#[$of])*
        #[test]
        fn $name() {
            crate::stage::run(async $test);
        }
    };
    (@left_out $why:literal $(#[$of:meta])* async fn $name:ident() $test:block) => {
        $(#[$of])*
        #[test]
        #[ignore = $why]
        fn $name() {
            crate::stage::run(async $test);
        }
    };
}
pub(crate) use on_stage;

/// What the platform runs on; the test itself has a thread of its own.
const WORKERS: usize = 2;

pub(crate) fn run(test: impl Future<Output = ()>) {
    let tokio = Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build().unwrap();
    tokio.block_on(test);
}

/// Whether others run while the test does not wait.
pub(crate) const fn is_real() -> bool {
    true
}

/// Whether tasks run one after the other, the one that has waited longest first.
pub(crate) const fn is_in_turn() -> bool {
    false
}

/// How often something is done: on threads everything takes longer than on one.
pub(crate) const fn times(n: usize) -> usize {
    n.div_ceil(20)
}

/// Where the turns of actors run that do not say it.
pub(crate) const fn backend() -> Backend {
    Backend::Async
}

/// What actors here are spawned with, where nothing else is said.
pub(crate) fn defaults() -> SpawnOptions {
    SpawnOptions::default()
}

/// Waits until nobody has anything to do but to wait for time to pass.
///
/// That is so when every worker sleeps and no task is queued, seen twice with nothing in between.
/// Whoever sleeps waits for time, too, however short: a sleep of no length ends with the next tick of
/// the clock.
pub(crate) async fn rest() {
    let metrics = Handle::current().metrics();
    if metrics.num_workers() != WORKERS {
        // A test with a runtime of its own, whose clock is paused.
        return tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let mut before = None;
    loop {
        let now = quiet(&metrics);
        if now.is_some() && now == before {
            return;
        }
        before = now;
        // Not a timer, since that would wake a worker.
        thread::sleep(Duration::from_micros(100));
        yield_now().await;
    }
}

/// How often each worker has fallen asleep and woken up, if all sleep now and no task is queued.
fn quiet(metrics: &RuntimeMetrics) -> Option<[u64; WORKERS]> {
    let counts = std::array::from_fn(|worker| metrics.worker_park_unpark_count(worker));
    let all_sleep = counts.iter().all(|it| it % 2 == 1);
    (all_sleep && metrics.global_queue_depth() == 0).then_some(counts)
}

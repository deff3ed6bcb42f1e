//! The stage of this binary: a tokio of two threads, in real time.

use std::{sync::Arc, thread, time::Duration};

use ghostlight::{System, SystemBuilder};
pub(crate) use ghostlight_conformance_macros::conformance;
use ghostlight_rt::Runtime;
use tokio::runtime::{Builder, Handle, RuntimeMetrics};
pub(crate) use tokio::{
    spawn,
    task::{JoinHandle, yield_now},
};

macro_rules! on_stage {
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

/// Whether others run while the test does not wait, and time passes by itself.
pub(crate) const IS_REAL: bool = true;

/// Whether tasks run one after the other, the one that has waited longest first.
pub(crate) const IS_IN_TURN: bool = false;

/// How often something is done: on threads everything takes longer than on one.
pub(crate) const fn times(n: usize) -> usize {
    n.div_ceil(20)
}

/// Chance that is the same in every run, and another for each `n`.
pub(crate) fn chance(n: u64) -> fastrand::Rng {
    fastrand::Rng::with_seed(n)
}

/// A system that lives here.
pub(crate) fn system(name: &'static str) -> System {
    System::new(name)
}

/// A system that nobody keeps but the test.
pub(crate) fn unkept(name: &'static str) -> System {
    System::new(name)
}

/// A system that lives here, with more to say about it.
pub(crate) fn system_with(
    name: impl Into<Arc<str>>,
    set_up: impl FnOnce(SystemBuilder) -> SystemBuilder,
) -> System {
    set_up(System::builder(name)).build()
}

/// What systems here run in.
pub(crate) fn runtime() -> Runtime {
    Runtime::current().expect("a test runs in one")
}

/// How many tasks there are.
pub(crate) fn n_tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
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

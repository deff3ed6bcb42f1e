//! The stage of this binary: a tokio of one thread, whose clock is paused.

use std::sync::Arc;

use ghostlight::{System, SystemBuilder};
pub(crate) use ghostlight_conformance_macros::conformance;
use ghostlight_rt::Runtime;
use tokio::runtime::{Builder, Handle};
pub(crate) use tokio::{
    spawn,
    task::{JoinHandle, yield_now},
};

macro_rules! on_stage {
    ([threads] $(#[$of:meta])* async fn $name:ident() $test:block) => {
        $(#[$of])*
        #[test]
        fn $name() {
            crate::stage::run_on_threads(async $test);
        }
    };
    ([$($need:tt)*] $(#[$of:meta])* async fn $name:ident() $test:block) => {
        $(#[$of])*
        #[test]
        fn $name() {
            crate::stage::run(async $test);
        }
    };
}
pub(crate) use on_stage;

pub(crate) fn run(test: impl Future<Output = ()>) {
    Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(test);
}

pub(crate) fn run_on_threads(test: impl Future<Output = ()>) {
    Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap().block_on(test);
}

/// Whether others run while the test does not wait, and time passes by itself.
pub(crate) const IS_REAL: bool = false;

/// Whether tasks run one after the other, the one that has waited longest first.
pub(crate) const IS_IN_TURN: bool = true;

/// How often something is done that other stages may do less often.
pub(crate) const fn times(n: usize) -> usize {
    n
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

/// Waits until nobody has anything to do; in virtual time that is exact.
pub(crate) async fn rest() {
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
}

//! The stage of this binary: a world, and one more for each seed.

use std::{cell::RefCell, sync::Arc, time::Duration};

use ghostlight::{System, SystemBuilder};
pub(crate) use ghostlight_conformance_macros::conformance;
use ghostlight_rt::Runtime;
use ghostlight_testkit::{Explorer, Handle};

pub(crate) use crate::task::{JoinHandle, spawn, yield_now};

/// In how many worlds a test runs, unless `GHOSTLIGHT_SEEDS` says otherwise.
const SEEDS: u64 = 10;

macro_rules! on_stage {
    ([threads] $($test:tt)*) => {
        crate::stage::on_stage! { @left_out "needs real threads" $($test)* }
    };
    ([no_world = $why:literal] $($test:tt)*) => {
        crate::stage::on_stage! { @left_out $why $($test)* }
    };
    ([$($need:tt)*] $(#[$of:meta])* async fn $name:ident() $test:block) => {
        $(#[$of])*
        #[test]
        fn $name() {
            crate::stage::run(|| async $test);
        }
    };
    (@left_out $why:literal $(#[$of:meta])* async fn $name:ident() $test:block) => {
        $(#[$of])*
        #[test]
        #[ignore = $why]
        fn $name() {
            crate::stage::run(|| async $test);
        }
    };
}
pub(crate) use on_stage;

thread_local! {
    /// The world whose test runs on this thread.
    static HERE: RefCell<Option<Handle>> = const { RefCell::new(None) };
}

pub(crate) fn run<T: Future<Output = ()>>(test: impl Fn() -> T) {
    Explorer::seeds(SEEDS).once().run(|world| {
        HERE.set(Some(world.handle()));
        world.block_on(test());
    });
}

/// The world of this test; none in a test that runs on threads of its own.
fn here() -> Option<Handle> {
    HERE.with_borrow(Clone::clone)
}

/// Whether others run while the test does not wait, and time passes by itself.
pub(crate) const IS_REAL: bool = false;

/// Whether tasks run one after the other, the one that has waited longest first.
pub(crate) const IS_IN_TURN: bool = false;

/// How often something is done: a test runs often, so less than on other stages.
pub(crate) const fn times(n: usize) -> usize {
    n.div_ceil(100)
}

/// Chance that follows from the seed of the world, and is another for each `n`.
pub(crate) fn chance(n: u64) -> fastrand::Rng {
    fastrand::Rng::with_seed(runtime().rng(&format!("the test, {n}")).any())
}

/// A system that lives here.
pub(crate) fn system(name: &'static str) -> System {
    system_with(name, |it| it)
}

/// A system that nobody keeps but the test, so that it may be dropped.
pub(crate) fn unkept(name: &'static str) -> System {
    here().expect("a test runs in a world").unkept(name).build()
}

/// A system that lives here, with more to say about it.
pub(crate) fn system_with(
    name: impl Into<Arc<str>>,
    set_up: impl FnOnce(SystemBuilder) -> SystemBuilder,
) -> System {
    match here() {
        Some(world) => world.system_with(name, set_up),
        None => set_up(System::builder(name)).build(),
    }
}

/// What systems here run in.
pub(crate) fn runtime() -> Runtime {
    here().expect("a test runs in a world").runtime().clone()
}

/// How many tasks there are.
pub(crate) fn n_tasks() -> usize {
    here().expect("a test runs in a world").n_tasks()
}

/// Waits until nobody has anything to do; in virtual time that is exact.
pub(crate) async fn rest() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

//! The stage of this binary: a world, and one more for each seed.

use std::{
    cell::{Cell, RefCell},
    sync::Arc,
    time::Duration,
};

use ghostlight::{Backend, SpawnOptions, System, SystemBuilder};
pub(crate) use ghostlight_conformance_macros::conformance;
use ghostlight_rt::Runtime;
use ghostlight_testkit::{Explorer, Handle};

pub(crate) use crate::task::{JoinHandle, spawn, yield_now};

/// In how many worlds a test runs, unless `GHOSTLIGHT_SEEDS` says otherwise.
const SEEDS: u64 = 15;

macro_rules! on_stage {
    ([on_async = $why:literal, threads] $($test:tt)*) => {
        crate::stage::on_stage! { [threads] $($test)* }
    };
    ([on_async = $why:literal, no_world = $no:literal] $($test:tt)*) => {
        crate::stage::on_stage! { [no_world = $no] $($test)* }
    };
    ([on_async = $why:literal $($need:tt)*] $(#[$of:meta])* async fn $name:ident() $test:block) => {
        $(#[$of])*
        #[test]
        fn $name() {
            crate::stage::run_on(&[ghostlight::Backend::Async], || async $test);
        }
    };
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
    /// Where the turns of its actors run, unless they say so.
    static BACKEND: Cell<Backend> = const { Cell::new(Backend::Async) };
}

/// Most worlds have the actors that most systems have. In a world all three are tasks: what differs is
/// what they take for their turns, and when.
const fn backend_of(seed: u64) -> Backend {
    match seed % 5 {
        3 => Backend::Blocking,
        4 => Backend::Thread,
        _ => Backend::Async,
    }
}

pub(crate) fn run<T: Future<Output = ()>>(test: impl Fn() -> T) {
    run_on(&[Backend::Async, Backend::Blocking, Backend::Thread], test);
}

/// Runs a test in the worlds whose actors are on one of `backends`.
pub(crate) fn run_on<T: Future<Output = ()>>(backends: &[Backend], test: impl Fn() -> T) {
    Explorer::seeds(SEEDS).once().run(|world| {
        HERE.set(Some(world.handle()));
        BACKEND.set(backend_of(world.seed()));
        if backends.contains(&backend()) {
            world.block_on(test());
        }
    });
}

/// The world of this test; none in a test that runs on threads of its own.
fn here() -> Option<Handle> {
    HERE.with_borrow(Clone::clone)
}

/// Whether others run while the test does not wait.
pub(crate) const fn is_real() -> bool {
    false
}

/// Whether tasks run one after the other, the one that has waited longest first.
pub(crate) const fn is_in_turn() -> bool {
    false
}

/// How often something is done: a test runs often, so less than on other stages.
pub(crate) const fn times(n: usize) -> usize {
    n.div_ceil(100)
}

/// Chance that follows from the seed of the world, and is another for each `n`.
pub(crate) fn chance(n: u64) -> fastrand::Rng {
    fastrand::Rng::with_seed(runtime().rng(&format!("the test, {n}")).any())
}

/// Where the turns of actors run that do not say it.
pub(crate) fn backend() -> Backend {
    BACKEND.get()
}

/// What actors here are spawned with, where nothing else is said.
pub(crate) fn defaults() -> SpawnOptions {
    // As in any world, every message is a step of its own.
    SpawnOptions::default().throughput(1).backend(backend())
}

/// A system that lives here.
pub(crate) fn system(name: &'static str) -> System {
    system_with(name, |it| it)
}

/// A system that nobody keeps but the test, so that it may be dropped.
pub(crate) fn unkept(name: &'static str) -> System {
    here().expect("a test runs in a world").unkept(name).defaults(defaults()).build()
}

/// A system that lives here, with more to say about it.
pub(crate) fn system_with(
    name: impl Into<Arc<str>>,
    set_up: impl FnOnce(SystemBuilder) -> SystemBuilder,
) -> System {
    let set_up = |it: SystemBuilder| set_up(it.defaults(defaults()));
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

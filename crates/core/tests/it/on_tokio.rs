//! What the stages on tokio have in common: systems in the runtime of the test.

use std::sync::Arc;

use ghostlight::{System, SystemBuilder};
pub(crate) use ghostlight_conformance_macros::conformance;
use ghostlight_rt::Runtime;
use tokio::runtime::Handle;
pub(crate) use tokio::{
    spawn,
    task::{JoinHandle, yield_now},
};

use crate::stage::defaults;

/// Chance that is the same in every run, and another for each `n`.
pub(crate) fn chance(n: u64) -> fastrand::Rng {
    fastrand::Rng::with_seed(n)
}

/// A system that lives here.
pub(crate) fn system(name: &'static str) -> System {
    system_with(name, |it| it)
}

/// A system that nobody keeps but the test.
pub(crate) fn unkept(name: &'static str) -> System {
    system(name)
}

/// A system that lives here, with more to say about it.
pub(crate) fn system_with(
    name: impl Into<Arc<str>>,
    set_up: impl FnOnce(SystemBuilder) -> SystemBuilder,
) -> System {
    set_up(System::builder(name).defaults(defaults())).build()
}

/// What systems here run in.
pub(crate) fn runtime() -> Runtime {
    Runtime::current().expect("a test runs in one")
}

/// How many tasks there are.
pub(crate) fn n_tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

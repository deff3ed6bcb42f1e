//! The stage of this binary: a tokio of one thread, whose clock is paused.
//!
//! `GHOSTLIGHT_BACKEND=blocking`, or `thread`, has actors run on that backend instead. They have threads of
//! their own then, and time goes on when all of them sleep.

use std::{
    cell::Cell,
    env,
    sync::{Mutex, PoisonError},
    thread,
};

use ghostlight::{Backend, SpawnOptions};
use tokio::runtime::Builder;

pub(crate) use crate::on_tokio::*;
use crate::quiet::{self, Others};

macro_rules! on_stage {
    ([threads] $($test:tt)*) => {
        crate::stage::on_stage! { @run_on_threads, crate::stage::BACKENDS, $($test)* }
    };
    ([on_async = $why:literal, threads] $($test:tt)*) => {
        crate::stage::on_stage! { @run_on_threads, &[ghostlight::Backend::Async], $($test)* }
    };
    ([one_thread] $($test:tt)*) => {
        crate::stage::on_stage! { @run_paused, &[ghostlight::Backend::Async], $($test)* }
    };
    ([on_async = $why:literal $($need:tt)*] $($test:tt)*) => {
        crate::stage::on_stage! { @run_paused, &[ghostlight::Backend::Async], $($test)* }
    };
    ([$($need:tt)*] $($test:tt)*) => {
        crate::stage::on_stage! { @run_paused, crate::stage::BACKENDS, $($test)* }
    };
    (@$run:ident, $on:expr, $(#[$of:meta])* async fn $name:ident() $test:block) => {
        $(#[$of])*
        #[test]
        fn $name() {
            crate::stage::$run($on, || async $test);
        }
    };
}
pub(crate) use on_stage;

/// What the actors of a test may run on: one that needs to know when all threads sleep only where that can be
/// known.
pub(crate) const BACKENDS: &[Backend] = if quiet::CAN_TELL {
    &[Backend::Async, Backend::Blocking, Backend::Thread]
} else {
    &[Backend::Async]
};

/// Held by a test while it runs: who waits for all threads to sleep needs those of other tests out of the
/// way, where a process runs several.
static ALONE: Mutex<()> = Mutex::new(());

thread_local! {
    /// Which of them it is now, in the test of this thread.
    static NOW: Cell<Backend> = const { Cell::new(Backend::Async) };
}

/// Runs a test on a tokio of one thread, whose clock goes on once nobody has anything to do.
pub(crate) fn run_paused<T: Future<Output = ()>>(backends: &[Backend], test: impl Fn() -> T) {
    run_on(backends, |backend| {
        let mut builder = Builder::new_current_thread();
        if backend != Backend::Async {
            let others = Mutex::<Others>::default();
            builder.on_thread_park(move || others.lock().unwrap().wait_asleep());
        }
        builder.enable_all().start_paused(true).build().unwrap().block_on(test());
    });
}

/// Runs a test on a tokio of several threads, in real time.
pub(crate) fn run_on_threads<T: Future<Output = ()>>(backends: &[Backend], test: impl Fn() -> T) {
    run_on(backends, |_| {
        let tokio = Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
        tokio.block_on(test());
    });
}

/// Runs a test on the backend that is asked for, if it may run there.
fn run_on(backends: &[Backend], run: impl Fn(Backend)) {
    let wanted = env::var("GHOSTLIGHT_BACKEND").unwrap_or_else(|_| "async".to_owned());
    let is_wanted = |it: &&Backend| wanted.eq_ignore_ascii_case(&format!("{it:?}"));
    let Some(&backend) = backends.iter().find(is_wanted) else { return };
    let _alone =
        (backend != Backend::Async).then(|| ALONE.lock().unwrap_or_else(PoisonError::into_inner));
    NOW.set(backend);
    let _named = Named(backend);
    run(backend);
}

/// Names the backend on which a test fails.
struct Named(Backend);

impl Drop for Named {
    #[expect(clippy::print_stderr, reason = "beside what the test says itself")]
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("its actors were on Backend::{:?}", self.0);
        }
    }
}

/// Where the turns of actors run that do not say it.
pub(crate) fn backend() -> Backend {
    NOW.get()
}

/// What actors here are spawned with, where nothing else is said.
pub(crate) fn defaults() -> SpawnOptions {
    SpawnOptions::default().backend(backend())
}

/// Whether others run while the test does not wait.
pub(crate) fn is_real() -> bool {
    backend() != Backend::Async
}

/// Whether tasks run one after the other, the one that has waited longest first.
pub(crate) fn is_in_turn() -> bool {
    backend() == Backend::Async
}

/// How often something is done that other stages may do less often.
pub(crate) fn times(n: usize) -> usize {
    if backend() == Backend::Async { n } else { n.div_ceil(100) }
}

/// Waits until nobody has anything to do; in virtual time that is exact.
pub(crate) async fn rest() {
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
}

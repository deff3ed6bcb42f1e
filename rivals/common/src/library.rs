//! The adapter: what a library must be able to do, in terms its own users would recognise.

use std::future::Future;

use crate::{Duty, Runtime, Share};

/// One actor library, as the driver sees it.
///
/// Every actor keeps a [`Tally`](crate::Tally) and a boxed handle to its peer, 56 bytes together,
/// and handles all the messages below. Functions return opaque futures, so that a library whose
/// tell is synchronous pays nothing for those whose tell waits.
pub trait Library: Sized + Send + Sync + 'static {
    /// A handle to an actor, as the library's users clone and keep it.
    type Ref: Clone + Send + Sync + 'static;

    /// Starts an actor whose state holds `duty.tally()`.
    fn spawn(&self, duty: Duty) -> impl Future<Output = Self::Ref> + Send;

    /// Sends a message whose handler calls `tally.add(value)`.
    ///
    /// Waits for room where the library's bounded tell does so.
    fn tell(actor: &Self::Ref, value: u64) -> impl Future<Output = ()> + Send;

    /// Sends a message whose handler answers with `tally.answer(value)`, and awaits the answer.
    fn ask(actor: &Self::Ref, value: u64) -> impl Future<Output = u64> + Send;

    /// The same by way of the mailbox, where [`ask`](Self::ask) may run on the caller.
    fn ask_queued(actor: &Self::Ref, value: u64) -> impl Future<Output = u64> + Send {
        Self::ask(actor, value)
    }

    /// Tells a message type of 8, 16, 32 or 64 bytes for a kind of 0, 1, 2 or 3.
    ///
    /// Four types with a handler each, which calls `tally.add` with the last word of the message;
    /// every word is `value`.
    fn tell_kind(actor: &Self::Ref, kind: usize, value: u64) -> impl Future<Output = ()> + Send;

    /// Tells the actor whom to pass a ball to.
    fn set_peer(actor: &Self::Ref, peer: Self::Ref) -> impl Future<Output = ()> + Send;

    /// Tells a ball. The handler passes on what `tally.catch(hops)` returns, if anything.
    fn ball(actor: &Self::Ref, hops: u64) -> impl Future<Output = ()> + Send;

    /// Orders the actor to stop, by the means the library's documentation names.
    ///
    /// Done when the order is given; the driver counts dropped states to see it obeyed.
    fn stop(actor: Self::Ref) -> impl Future<Output = ()> + Send;

    /// Starts the root of a tree of actors, each of which holds `share.branch()`.
    ///
    /// An actor that is a leaf sends its number to its parent and stops. Any other starts a child
    /// for each of `branch.split()`, hands what they send to `branch.gather`, passes a total on
    /// (the root gives it to `branch.finish`), and stops.
    fn skynet(&self, root: Share) -> impl Future<Output = ()> + Send;

    /// Runs a future as a task of the given runtime until it is done.
    ///
    /// Only a library that brings its own event loop overrides this and [`start_task`].
    ///
    /// [`start_task`]: Self::start_task
    fn enter<F>(runtime: Runtime, main: F) -> F::Output
    where
        F: Future<Output: Send> + Send + 'static,
    {
        run_spawned(runtime, main)
    }

    /// Starts a further task beside the driver: a producer or an asker.
    fn start_task<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        tokio::spawn(task);
    }
}

/// A tokio runtime of the given shape.
///
/// # Panics
///
/// If the operating system refuses it.
#[must_use]
pub fn build_runtime(runtime: Runtime) -> tokio::runtime::Runtime {
    let mut builder = match runtime {
        Runtime::Ct => tokio::runtime::Builder::new_current_thread(),
        Runtime::Mt => {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            builder.worker_threads(2);
            builder
        }
    };
    builder.enable_all().build().expect("a runtime can be built")
}

/// Spawns a future on a fresh runtime and joins it.
///
/// Spawned, because the future of `block_on` is on no worker: each of its exchanges with an actor
/// would cross threads.
///
/// # Panics
///
/// If the future does.
pub fn run_spawned<F>(runtime: Runtime, main: F) -> F::Output
where
    F: Future<Output: Send> + Send + 'static,
{
    let runtime = build_runtime(runtime);
    let done = runtime.block_on(async { tokio::spawn(main).await });
    // Whatever is still alive ends with the process: tearing it down is nobody's figure.
    std::mem::forget(runtime);
    done.expect("the driver does not panic")
}

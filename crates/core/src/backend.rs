//! Where the turns of an actor run.

/// Where the turns of an actor run; said by [`SpawnOptions::backend`](crate::SpawnOptions::backend).
///
/// Everything else about an actor is the same on all three.
///
/// | the handlers | take |
/// |---|---|
/// | await what they wait for | [`Async`](Self::Async) |
/// | now and then block: files, a driver without async | [`Blocking`](Self::Blocking) |
/// | block most of the time, or need the same thread always | [`Thread`](Self::Thread) |
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Backend {
    /// In a task of the runtime, or on the thread of whoever asks. The default, and by far the fastest.
    #[default]
    Async,
    /// On threads where blocking is allowed: a handler that blocks holds up no other actor. The runtime
    /// lends such a thread for as long as the actor has something to do, and has a bounded number.
    Blocking,
    /// On one thread of the operating system, the actor's own from its start to its end. It has no runtime
    /// of its own: timers and I/O are those of the system's, and work on it as everywhere.
    ///
    /// In a world, which has one thread, it is a task like any other.
    Thread,
}

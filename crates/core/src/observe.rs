//! What can be seen from outside. Observers may look and change nothing.

use crate::{
    ActorId, Blame, DeadLetter, Failure, HandlerTimeout, Health, RestartRecord, StarvationEvent,
    StopReason, TaskInfo,
};

/// Who is told about what happens in a system.
///
/// Each method has an empty default. They are called where things happen, between turns and never
/// under a lock: be quick, and hand on what takes time.
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use ghostlight_core::{ActorId, Failure, Observer, System};
///
/// #[derive(Default)]
/// struct Failures(AtomicU32);
/// impl Observer for Failures {
///     fn failed(&self, _: Subject<'_>, _: &Failure) {
///         self.0.fetch_add(1, Ordering::Relaxed);
///     }
/// }
/// # use ghostlight_core::Subject;
///
/// let system = System::builder("watched").observer(Failures::default()).build();
/// # drop(system);
/// ```
pub trait Observer: Send + Sync + 'static {
    /// Nobody took a message. It can be looked at, and goes to the subscribers after this.
    fn dead_letter(&self, letter: &DeadLetter) {
        _ = letter;
    }

    /// The depth of a mailbox has risen to the mark that its options name.
    fn high_water(&self, actor: Subject<'_>, depth: usize) {
        _ = (actor, depth);
    }

    /// A handler or hook panicked, or declared a failure.
    fn failed(&self, actor: Subject<'_>, failure: &Failure) {
        _ = (actor, failure);
    }

    /// A turn takes longer than it may, and goes on or not, as the timeout says.
    fn timed_out(&self, actor: Subject<'_>, timeout: &HandlerTimeout) {
        _ = (actor, timeout);
    }

    /// A tell was answered with an error, which nobody reads.
    fn unread_error(&self, actor: Subject<'_>, message_type: &'static str) {
        _ = (actor, message_type);
    }

    /// An incarnation has ended, and another will follow as the record says.
    fn restarting(&self, actor: Subject<'_>, record: &RestartRecord) {
        _ = (actor, record);
    }

    /// An actor is not started again, though its rule asks for it.
    fn gave_up(&self, actor: Subject<'_>, reason: &StopReason) {
        _ = (actor, reason);
    }

    /// The health of an actor's children has changed.
    fn health(&self, owner: Subject<'_>, health: &Health) {
        _ = (owner, health);
    }

    /// An actor did not end when it was killed, and is waited for no longer.
    fn abandoned(&self, actor: Subject<'_>) {
        _ = actor;
    }

    /// An actor has kept its thread for long without an await, and still does. Told by the watchdog, in
    /// its own thread, once a poll.
    fn slow_poll(&self, poll: &Blame) {
        _ = poll;
    }

    /// Tasks do not get their turn in time. Told by the watchdog, in its own thread, once a poll or late
    /// turn and severity.
    fn starving(&self, event: &StarvationEvent) {
        _ = event;
    }

    /// Whether it wants to be told of every message, by the four methods after this one. Asked once,
    /// when the system is made. A message costs several times as much then, so by default it does not.
    fn wants_messages(&self) -> bool {
        false
    }

    /// A message was let into a mailbox.
    fn sent(&self, passage: Passage<'_>) {
        _ = passage;
    }

    /// A turn begins, in the task of its actor.
    fn handling(&self, passage: Passage<'_>) {
        _ = passage;
    }

    /// A turn begins on the thread of whoever asks.
    fn calling(&self, passage: Passage<'_>) {
        _ = passage;
    }

    /// A turn or hook waits for something, and nothing else of its actor runs meanwhile, but what it lets
    /// in. Told at each try that ends so.
    fn awaiting(&self, actor: Subject<'_>) {
        _ = actor;
    }

    /// A task panicked; whoever waits for it is told as well.
    fn task_panicked(&self, task: &TaskInfo, text: &str) {
        _ = (task, text);
    }

    /// An actor has ended.
    fn stopped(&self, actor: Subject<'_>, reason: &StopReason) {
        _ = (actor, reason);
    }
}

/// A message on its way, as observers see it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Passage<'a> {
    /// Whom it is for.
    pub to: Subject<'a>,
    /// Its type, as a label.
    pub message_type: &'static str,
    /// How deep in turns that run on the threads of their askers this happens: zero in an actor's own
    /// task, or in no actor.
    pub depth: u8,
}

impl<'a> Passage<'a> {
    pub(crate) const fn new(to: Subject<'a>, message_type: &'static str, depth: u8) -> Self {
        Self { to, message_type, depth }
    }
}

/// The actor that something is told about.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Subject<'a> {
    /// Its identity.
    pub id: ActorId,
    /// Its name, or the label of its kind.
    pub name: &'a str,
}

impl<'a> Subject<'a> {
    pub(crate) const fn new(id: ActorId, name: &'a str) -> Self {
        Self { id, name }
    }
}

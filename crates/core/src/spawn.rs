//! What an actor is spawned with.

use std::{sync::Arc, time::Duration};

use crate::{Backend, MailboxOptions, OnTimeout, TurnKind, timeout::Limits};

/// The most messages between two looks at the clock.
pub(crate) const LARGEST_CHUNK: u8 = 64;

/// What an actor is spawned with.
///
/// What is not said here is taken from [`Actor::options`](crate::Actor::options), and then from the
/// system. A stated default is that of a system that says nothing.
///
/// ```
/// use std::time::Duration;
/// use ghostlight_core::{Capacity, MailboxOptions, SpawnOptions};
///
/// let options = SpawnOptions::default()
///     .name("till")
///     .mailbox(MailboxOptions::reject(Capacity::of::<64>()))
///     .ask_deadline(Duration::from_millis(500));
/// # drop(options);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct SpawnOptions {
    name: Option<Arc<str>>,
    mailbox: Option<MailboxOptions>,
    ask_deadline: Option<Duration>,
    start: Option<Duration>,
    shutdown: Option<Duration>,
    ends_unreferenced: bool,
    throughput: Option<u32>,
    quantum: Option<Duration>,
    limits: Limits,
    backend: Option<Backend>,
}

impl SpawnOptions {
    /// What it is called, in logs and for whoever looks. By default, the label of its type.
    ///
    /// Many may be called the same, and [`System::lookup`](crate::System::lookup) does not find it by
    /// this: see [`System::register`](crate::System::register).
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Its mailbox. By default room for 1000 messages, and senders wait.
    pub fn mailbox(mut self, options: MailboxOptions) -> Self {
        self.mailbox = Some(options);
        self
    }

    /// How long an ask waits, where neither the call nor the message says; 5 s by default.
    ///
    /// [`Duration::MAX`] is for ever. From one second up it is kept to a tenth of a second; below,
    /// and when a call says it, exactly.
    pub fn ask_deadline(mut self, deadline: Duration) -> Self {
        self.ask_deadline = Some(deadline);
        self
    }

    /// How long building the state and `started` may take together before that counts as a failure;
    /// 30 s by default, [`Duration::MAX`] is for ever. It is cut at its next await then, and ends as
    /// [`StopReason::StartFailed`](crate::StopReason::StartFailed).
    pub fn start_deadline(mut self, deadline: Duration) -> Self {
        self.start = Some(deadline);
        self
    }

    /// Ends the actor when the last ref and recipient to it are gone, after it has handled what it
    /// was sent; by default nobody needs to hold one.
    ///
    /// What it holds of itself in timers or with its owner does not count, nor do names, groups and
    /// watchers; a ref in its own state does.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use ghostlight::{Actor, SpawnOptions, System};
    /// # #[derive(Actor)] struct Session;
    /// # let system = System::new("docs");
    /// let options = SpawnOptions::default().stop_when_unreferenced();
    /// let session = system.spawn_with(Session, options);
    /// drop(session);
    /// system.block_on(system.await_all()).unwrap();
    /// ```
    pub fn stop_when_unreferenced(mut self) -> Self {
        self.ends_unreferenced = true;
        self
    }

    /// How long a running handler, and then `stopped`, may go on once the actor was told to stop;
    /// 5 s each by default. What takes longer is cut at its next await.
    ///
    /// After twice this time its owner kills it, with all its children: one that has many, which end
    /// one after the other, needs enough for all of them.
    pub fn shutdown_deadline(mut self, deadline: Duration) -> Self {
        self.shutdown = Some(deadline);
        self
    }

    /// How many messages are handled before other tasks have their turn; 100 by default, 1 is
    /// fairest, zero counts as 1.
    pub fn throughput(mut self, messages: u32) -> Self {
        self.throughput = Some(messages.max(1));
        self
    }

    /// How long messages are handled before other tasks have their turn; 200 µs by default.
    pub fn quantum(mut self, quantum: Duration) -> Self {
        self.quantum = Some(quantum);
        self
    }

    /// How long a handler may take, and what happens then; by default as long as it likes.
    ///
    /// Time counts from the handler's first await, and all of this acts at awaits only: one that keeps its
    /// thread is found by a [watchdog](crate::SystemBuilder::watchdog), and ended by nobody. An actor that
    /// has such a limit looks around after each message, which takes some nanoseconds; the others pay
    /// nothing.
    ///
    /// ```
    /// use std::time::Duration;
    /// use ghostlight_core::{OnTimeout, SpawnOptions, TurnKind};
    ///
    /// let options = SpawnOptions::default()
    ///     .handler_timeout(Duration::from_secs(2), OnTimeout::Cancel)
    ///     .timeout_of(TurnKind::Started, Duration::from_secs(1), OnTimeout::Warn);
    /// # drop(options);
    /// ```
    pub fn handler_timeout(self, after: Duration, action: OnTimeout) -> Self {
        self.timeout_of(TurnKind::Tell, after, action).timeout_of(TurnKind::Ask, after, action)
    }

    /// The same for one kind of turn, or a hook, alone.
    ///
    /// To cancel `started` is to stop: what has not started cannot go on. To cancel or stop `stopped` lets
    /// the actor end at once.
    pub fn timeout_of(mut self, kind: TurnKind, after: Duration, action: OnTimeout) -> Self {
        self.limits.set(kind, (after, action));
        self
    }

    /// Where its turns run; [`Backend::Async`] by default.
    ///
    /// Not for a [`Prepared`](crate::Prepared) actor: that runs in the task of whoever runs it.
    pub fn backend(mut self, backend: Backend) -> Self {
        self.backend = Some(backend);
        self
    }

    pub(crate) const fn is_default(&self) -> bool {
        matches!(
            self,
            Self {
                name: None,
                mailbox: None,
                ask_deadline: None,
                start: None,
                shutdown: None,
                ends_unreferenced: false,
                throughput: None,
                quantum: None,
                limits: Limits::NONE,
                backend: None,
            }
        )
    }

    /// These, and where they say nothing, `below`.
    pub(crate) fn over(self, below: Self) -> Self {
        Self {
            name: self.name.or(below.name),
            mailbox: self.mailbox.or(below.mailbox),
            ask_deadline: self.ask_deadline.or(below.ask_deadline),
            start: self.start.or(below.start),
            shutdown: self.shutdown.or(below.shutdown),
            ends_unreferenced: self.ends_unreferenced || below.ends_unreferenced,
            throughput: self.throughput.or(below.throughput),
            quantum: self.quantum.or(below.quantum),
            limits: self.limits.over(below.limits),
            backend: self.backend.or(below.backend),
        }
    }

    pub(crate) fn settle(self, is_watched: bool) -> Settings {
        Settings {
            name: self.name,
            mailbox: self.mailbox.unwrap_or_default().watched(is_watched),
            ask_deadline: self.ask_deadline.unwrap_or(Duration::from_secs(5)),
            start: self.start.unwrap_or(Duration::from_secs(30)),
            shutdown: self.shutdown.unwrap_or(Duration::from_secs(5)),
            ends_unreferenced: self.ends_unreferenced,
            throughput: self.throughput.unwrap_or(100),
            quantum: self.quantum.unwrap_or(Duration::from_micros(200)),
            largest_chunk: if self.limits.is_none() { LARGEST_CHUNK } else { 1 },
            limits: self.limits,
            backend: self.backend.unwrap_or_default(),
        }
    }
}

/// What an actor lives by, once everything was decided.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) name: Option<Arc<str>>,
    pub(crate) mailbox: MailboxOptions,
    pub(crate) ask_deadline: Duration,
    pub(crate) start: Duration,
    pub(crate) shutdown: Duration,
    pub(crate) ends_unreferenced: bool,
    pub(crate) throughput: u32,
    pub(crate) quantum: Duration,
    /// The most messages between two looks at the clock, and in one poll where turns have limits.
    pub(crate) largest_chunk: u8,
    pub(crate) limits: Limits,
    pub(crate) backend: Backend,
}

impl Settings {
    /// Whether turns run nowhere but in the actor's own task.
    pub(crate) const fn keeps_to_itself(&self) -> bool {
        !matches!(self.backend, Backend::Async)
    }
}

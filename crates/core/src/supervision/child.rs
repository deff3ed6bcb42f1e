//! How one child is supervised.

use std::time::Duration;

use super::{Backoff, Check, Restart, RestartWindow};
use crate::{SpawnOptions, mailbox::Renewal};

/// How one child is supervised, and what it is spawned with.
///
/// By default it is permanent, waits as [`Backoff::default`] says, up to 5 times within 5 s, and
/// takes its owner along when it is given up.
///
/// ```
/// use std::time::Duration;
/// use ghostlight_core::{Backoff, ChildSpec, RestartWindow, SpawnOptions};
///
/// let spec = ChildSpec::transient()
///     .window(RestartWindow::new(3, Duration::from_secs(30)))
///     .backoff(Backoff::default().max(Duration::from_secs(2)))
///     .options(SpawnOptions::default().name("till"));
/// # drop(spec);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct ChildSpec {
    restart: Restart,
    window: RestartWindow,
    backoff: Backoff,
    trial_after: Option<Duration>,
    is_tolerated: bool,
    pub(crate) check: Option<Check>,
    pub(crate) options: SpawnOptions,
}

impl ChildSpec {
    /// It is started again after any end, a graceful one too. The default.
    pub fn permanent() -> Self {
        Self::by(Restart::Permanent)
    }

    /// It is started again after a failure, and a kill is one. For what is over when it is done.
    pub fn transient() -> Self {
        Self::by(Restart::Transient)
    }

    /// It is never started again, and its end never harms its owner.
    pub fn temporary() -> Self {
        Self::by(Restart::Temporary)
    }

    fn by(restart: Restart) -> Self {
        Self { restart, ..Self::default() }
    }

    /// How often it is started again before it is given up; 5 times within 5 s by default.
    pub fn window(mut self, window: RestartWindow) -> Self {
        self.window = window;
        self
    }

    /// How long it waits before it is started again; [`Backoff::default`] by default.
    pub const fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Once its restarts are spent it is tried once more, after this pause, before it is given up;
    /// by default it is not.
    ///
    /// If the trial runs for the backoff's [`reset_after`](Backoff::reset_after), all is forgiven
    /// and the window is empty again; if it fails before, that was that.
    pub const fn trial_after(mut self, pause: Duration) -> Self {
        self.trial_after = Some(pause);
        self
    }

    /// Its owner lives on when it is given up; by default the owner fails.
    pub const fn tolerated(mut self) -> Self {
        self.is_tolerated = true;
        self
    }

    /// Asked before each restart, in the child's task: an error speaks against it, and the child is
    /// given up as [`StopReason::Vetoed`](crate::StopReason::Vetoed), with that text. By default
    /// nothing does.
    ///
    /// It shares the child's start deadline, and is dropped at its next await when that is over.
    ///
    /// ```
    /// use ghostlight_core::ChildSpec;
    ///
    /// async fn disk_has_room() -> Result<(), String> { Ok(()) }
    ///
    /// let spec = ChildSpec::permanent().check(disk_has_room);
    /// # drop(spec);
    /// ```
    pub fn check<F>(mut self, check: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.check = Some(Check::new(check));
        self
    }

    /// After which ends another incarnation may follow.
    pub(crate) const fn renewal(&self) -> Renewal {
        match self.restart {
            Restart::Permanent => Renewal::Always,
            Restart::Transient => Renewal::AfterFailure,
            Restart::Temporary => Renewal::Never,
        }
    }

    /// What it is spawned with; [`SpawnOptions::default`] by default.
    pub fn options(mut self, options: SpawnOptions) -> Self {
        self.options = options;
        self
    }

    /// What its supervisor goes by, where `shutdown` is how long it may take to end when told to.
    pub(crate) fn rules(&self, shutdown: Duration) -> Rules {
        Rules {
            restart: self.restart,
            window: self.window.fresh(),
            backoff: self.backoff.clone(),
            shutdown,
            trial_after: self.trial_after,
            is_tolerated: self.is_tolerated,
        }
    }
}

/// What the supervisor goes by for one child.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    pub(crate) restart: Restart,
    pub(crate) window: RestartWindow,
    pub(crate) backoff: Backoff,
    /// How long it may take to end when told to; then it is killed.
    pub(crate) shutdown: Duration,
    /// After which pause it is tried once more when its restarts are spent.
    pub(crate) trial_after: Option<Duration>,
    /// Whether its owner lives on when it is given up.
    pub(crate) is_tolerated: bool,
}

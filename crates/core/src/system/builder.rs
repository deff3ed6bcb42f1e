//! How a system is set up.

use std::sync::Arc;

use ghostlight_rt::Runtime;

use super::System;
use crate::{Observer, SpawnOptions, WatchdogOptions};

/// How a system is set up; made by [`System::builder`].
///
/// ```
/// use std::time::Duration;
/// use ghostlight_core::{SpawnOptions, System};
///
/// let system = System::builder("bank")
///     .defaults(SpawnOptions::default().ask_deadline(Duration::from_secs(1)))
///     .build();
/// assert_eq!(system.name(), "bank");
/// ```
#[must_use = "nothing is made before `build`"]
pub struct SystemBuilder {
    pub(super) name: Arc<str>,
    pub(super) runtime: Option<Runtime>,
    pub(super) defaults: SpawnOptions,
    pub(super) observers: Vec<Box<dyn Observer>>,
    pub(super) refuses_deadlocks: bool,
    pub(super) watchdog: Option<WatchdogOptions>,
}

impl SystemBuilder {
    pub(super) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            runtime: None,
            defaults: SpawnOptions::default(),
            observers: Vec::new(),
            refuses_deadlocks: true,
            watchdog: None,
        }
    }

    /// Where it runs. By default the tokio runtime it is built in, and outside of one a runtime of
    /// its own with a worker per core.
    pub fn runtime(mut self, runtime: Runtime) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// What its actors are spawned with, where neither the spawn site nor their type says.
    pub fn defaults(mut self, options: SpawnOptions) -> Self {
        self.defaults = options;
        self
    }

    /// Tells `observer` what happens; several may be added. None by default.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observers.push(Box::new(observer));
        self
    }

    /// Whether a wait inside a handler is refused that could never end, because it would close a circle
    /// of waits; true by default.
    pub const fn refuse_deadlocks(mut self, refuses: bool) -> Self {
        self.refuses_deadlocks = refuses;
        self
    }

    /// Has a thread of its own look after the others: it names the handler that blocks one, while it does,
    /// and tells how late tasks get their turn, though all threads be blocked. By default there is none.
    ///
    /// Observers are told, by [`Observer::slow_poll`] and [`Observer::starving`], and the log. A world has
    /// one thread and no use for another: there this says nothing.
    ///
    /// ```
    /// use ghostlight_core::{System, WatchdogOptions};
    ///
    /// let system = System::builder("bank").watchdog(WatchdogOptions::default()).build();
    /// # drop(system);
    /// ```
    ///
    /// # Panics
    /// [`build`](Self::build) does, if the operating system gives no thread.
    pub const fn watchdog(mut self, options: WatchdogOptions) -> Self {
        self.watchdog = Some(options);
        self
    }

    /// Makes the system.
    ///
    /// # Panics
    /// If it needs a runtime of its own, or has a watchdog, and the operating system gives no threads.
    #[must_use]
    pub fn build(self) -> System {
        System::from_builder(self)
    }
}

impl std::fmt::Debug for SystemBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SystemBuilder").field("name", &self.name).finish_non_exhaustive()
    }
}

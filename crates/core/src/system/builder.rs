//! How a system is set up.

use std::sync::Arc;

use ghostlight_rt::Runtime;

use super::System;
use crate::{Observer, SpawnOptions};

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
}

impl SystemBuilder {
    pub(super) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            runtime: None,
            defaults: SpawnOptions::default(),
            observers: Vec::new(),
            refuses_deadlocks: true,
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

    /// Makes the system.
    ///
    /// # Panics
    /// If it needs a runtime of its own and the operating system gives no threads.
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

//! A world, as what runs in it sees it.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use ghostlight_core::{SpawnOptions, System, SystemBuilder};
use ghostlight_rt::Runtime;

use crate::{
    crash::Resident, engine::Engine, ground::Ground, surroundings::Inside, witness::Witness,
};

/// A world, for what runs in it: tasks, actors, and helpers of a test that are not handed the
/// [`World`](crate::World) itself. Only the world can be driven.
///
/// ```
/// # extern crate ghostlight_core as ghostlight;
/// use ghostlight::Actor;
/// use ghostlight_testkit::World;
///
/// #[derive(Actor)]
/// struct Guest;
///
/// let world = World::seeded(7);
/// let inside = world.handle();
/// world.block_on(async move {
///     let inn = inside.system("inn");
///     assert!(inn.spawn(Guest).is_alive());
///     inside.note("somebody is in");
/// });
/// world.finish();
/// ```
#[derive(Clone)]
pub struct Handle {
    engine: Arc<Engine>,
    runtime: Runtime,
    /// The systems that live here; kept, so that what became of their messages can be looked up.
    residents: Arc<Mutex<Vec<Resident>>>,
    ground: Weak<Ground>,
}

impl Handle {
    pub(crate) fn new(engine: Arc<Engine>, ground: Weak<Ground>) -> Self {
        let inside =
            Inside { engine: Arc::clone(&engine), ground: Weak::clone(&ground), home: None };
        let runtime = Runtime::new(inside);
        Self { engine, runtime, residents: Arc::default(), ground }
    }

    /// Time, tasks, threads and chance of the world.
    #[must_use]
    pub const fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// A system that lives in the world, as [`World::system`](crate::World::system) makes it.
    pub fn system(&self, name: impl Into<Arc<str>>) -> System {
        self.system_with(name, |it| it)
    }

    /// The same, with more to say about it.
    pub fn system_with(
        &self,
        name: impl Into<Arc<str>>,
        set_up: impl FnOnce(SystemBuilder) -> SystemBuilder,
    ) -> System {
        let home = self.engine.next_home();
        let (engine, ground) = (Arc::clone(&self.engine), Weak::clone(&self.ground));
        let runtime = Runtime::new(Inside { engine, ground, home: Some(home) });
        let system = set_up(self.unkept(name).runtime(runtime)).build();
        self.engine.survey_system(&system);
        self.residents().push(Resident { system: system.clone(), home });
        system
    }

    /// A system that lives in the world, and that the world does not keep: it ends with its last
    /// handle, and no plan of faults and no [`finish`](crate::World::finish) looks at it.
    pub fn unkept(&self, name: impl Into<Arc<str>>) -> SystemBuilder {
        let engine = Arc::clone(&self.engine);
        let wants_messages = engine.lock().trace.tells_messages;
        let name = name.into();
        System::builder(Arc::clone(&name))
            .runtime(self.runtime.clone())
            .observer(Witness { engine, system: name, wants_messages })
            .defaults(SpawnOptions::default().throughput(1))
    }

    /// How many tasks there are that have not ended, apart from the test itself.
    #[must_use]
    pub fn n_tasks(&self) -> usize {
        self.engine.lock().tasks.iter().count()
    }

    pub(crate) fn residents(&self) -> MutexGuard<'_, Vec<Resident>> {
        self.residents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a line of the test's own into the story.
    pub fn note(&self, text: &str) {
        let now = self.engine.now();
        self.engine.lock().trace.note(now, text);
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("seed", &self.engine.seed).finish_non_exhaustive()
    }
}

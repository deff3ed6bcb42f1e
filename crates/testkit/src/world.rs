//! A world in one thread, as a test sees it.

use std::{cell::RefCell, fmt, marker::PhantomData, pin::pin, sync::Arc, time::Duration};

use ghostlight_core::{System, SystemBuilder};
use ghostlight_rt::{Instant, Rng, Runtime, Task};

use crate::{
    Breach, Handle, Story, Strategy, Waits,
    crash::Resident,
    drive::{Arrival, Goal},
    engine::Engine,
    ground::Ground,
};

/// A world in one thread: its time is virtual, and its order and chance follow from one seed.
///
/// Systems made by [`system`](Self::system) live in it; there may be several. It stands still unless
/// it is told to go on, by [`block_on`](Self::block_on), [`settle`](Self::settle),
/// [`advance`](Self::advance), [`advance_to_next`](Self::advance_to_next) or
/// [`run_until_idle`](Self::run_until_idle).
///
/// ```
/// # extern crate ghostlight_core as ghostlight;
/// use std::time::Duration;
/// use ghostlight::{Actor, Context, Handler, Message};
/// use ghostlight_testkit::World;
///
/// #[derive(Message)]
/// #[message(reply = &'static str)]
/// struct Brew;
///
/// #[derive(Actor)]
/// #[actor(handles(Brew))]
/// struct Kettle;
///
/// impl Handler<Brew> for Kettle {
///     async fn handle(&mut self, _: Brew, cx: &mut Context<'_, Self>) -> &'static str {
///         cx.sleep(Duration::from_secs(2)).await;
///         tokio::time::sleep(Duration::from_secs(1)).await; // the same clock
///         "tea"
///     }
/// }
///
/// let world = World::seeded(7);
/// let kettle = world.system("kitchen").spawn(Kettle);
/// let tea = world.block_on(async { kettle.ask(Brew).await });
/// assert_eq!(tea.unwrap(), "tea");
/// assert_eq!(world.elapsed(), Duration::from_secs(3));
/// ```
pub struct World {
    ground: Arc<Ground>,
    handle: Handle,
    /// The tasks that carry out plans of faults.
    pub(crate) faults: RefCell<Vec<Task>>,
    /// One thread, for the whole of its life.
    here: PhantomData<*const ()>,
}

impl World {
    /// A world that follows from `seed`, with the next task chosen at random.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self::with_strategy(seed, Strategy::Random)
    }

    /// A world that follows from `seed`, with the next task chosen by `strategy`.
    #[must_use]
    pub fn with_strategy(seed: u64, strategy: Strategy) -> Self {
        let engine = Engine::new(seed, strategy);
        let ground = Ground::new(Arc::clone(&engine));
        Self {
            handle: Handle::new(engine, Arc::downgrade(&ground)),
            ground,
            faults: RefCell::default(),
            here: PhantomData,
        }
    }

    /// Keeps what happens, each message of the systems made from here on included, for
    /// [`story`](Self::story). By default only a hash is kept. It is the same run, only slower.
    #[must_use]
    pub fn telling(self) -> Self {
        let mut state = self.engine().lock();
        state.trace.keep();
        state.trace.tells_messages = true;
        state.chooser.keep();
        drop(state);
        self
    }

    /// Fails when so many steps are taken at one moment, since then some tasks keep each other awake;
    /// ten million by default.
    #[must_use]
    pub fn at_most(self, steps: u64) -> Self {
        self.engine().lock().limit = steps;
        self
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.ground.engine
    }

    /// The seed that everything follows from.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.engine().seed
    }

    /// Time, tasks, threads and chance of this world.
    #[must_use]
    pub const fn runtime(&self) -> &Runtime {
        self.handle.runtime()
    }

    /// This world, for what runs in it.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// A system that lives here, for as long as the world does or until it is shut down.
    ///
    /// Its actors let others go first after each message, so that every message is a step of its own,
    /// unless they are spawned with another throughput.
    pub fn system(&self, name: impl Into<Arc<str>>) -> System {
        self.handle.system(name)
    }

    /// The same, with more to say about it.
    ///
    /// ```
    /// # use ghostlight_testkit::World;
    /// # struct Log; impl ghostlight_core::Observer for Log {}
    /// let world = World::seeded(1);
    /// let bank = world.system_with("bank", |it| it.observer(Log));
    /// assert_eq!(bank.name(), "bank");
    /// ```
    pub fn system_with(
        &self,
        name: impl Into<Arc<str>>,
        set_up: impl FnOnce(SystemBuilder) -> SystemBuilder,
    ) -> System {
        self.handle.system_with(name, set_up)
    }

    pub(crate) fn residents(&self) -> Vec<Resident> {
        self.handle.residents().clone()
    }

    /// Takes out the systems that have not crashed.
    pub(crate) fn take_systems(&self) -> Vec<System> {
        let alive = std::mem::take(&mut *self.handle.residents()).into_iter();
        alive.filter(|it| !self.engine().has_crashed(it.home)).map(|it| it.system).collect()
    }

    /// What is still here that nobody will ever end.
    pub(crate) fn left_over(&self) -> Vec<String> {
        let tasks = self.engine().task_names().into_iter();
        let tasks = tasks.map(|(id, name)| format!("the task `{name}` {id} has not ended"));
        let timers = self.engine().lock().timers.len();
        let timers = (timers > 0).then(|| format!("{timers} timers are set"));
        let foreign = self.ground.n_foreign_tasks();
        let foreign = (foreign > 0).then(|| format!("{foreign} tasks spawned with tokio go on"));
        tasks.chain(timers).chain(foreign).collect()
    }

    /// A source of chance of its own for whatever goes by `label`.
    #[must_use]
    pub fn rng(&self, label: &str) -> Rng {
        self.runtime().rng(label)
    }

    /// The clock of this world.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.engine().now()
    }

    /// How long this world has been going on, by its clock.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.now() - Instant::ORIGIN
    }

    /// Runs `future` to its end, and whatever else can run meanwhile. When nothing can, time moves on.
    ///
    /// # Panics
    /// If nothing can run any more, and nothing waits for time to pass: then `future` would wait for
    /// ever.
    #[track_caller]
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        let mut result = None;
        {
            let future = pin!(async { result = Some(future.await) });
            self.ground.block_on(future);
        }
        result.expect("the world was driven until this was there")
    }

    /// Runs whatever can run now, until nothing can. Time stands still.
    ///
    /// # Panics
    /// If there is no end to it.
    #[track_caller]
    pub fn settle(&self) {
        let arrival = self.ground.drive(Goal::Settled, None);
        self.expect_arrival(arrival);
    }

    /// Gives one task one turn; an actor handles one message in it, unless it is spawned with another
    /// throughput. False if none can have one now.
    #[track_caller]
    pub fn step(&self) -> bool {
        self.ground.drive(Goal::Step, None) == Arrival::There
    }

    /// Moves on by exactly so much time, running whatever is due on the way, and settles.
    ///
    /// # Panics
    /// If there is no end to what can run at one moment.
    #[track_caller]
    pub fn advance(&self, duration: Duration) {
        let end = self.now() + duration;
        let arrival = self.ground.drive(Goal::Until(end), Some(end));
        self.expect_arrival(arrival);
    }

    /// Moves on to the next moment at which something runs, and settles. Gives how far that was;
    /// `None` if nothing waits for time to pass.
    ///
    /// # Panics
    /// If there is no end to what can run at one moment.
    #[track_caller]
    pub fn advance_to_next(&self) -> Option<Duration> {
        let before = self.now();
        let arrival = self.ground.drive(Goal::Next, None);
        if arrival == Arrival::Stuck {
            return None;
        }
        self.expect_arrival(arrival);
        Some(self.now() - before)
    }

    /// Goes on, in time as well, until nothing would ever happen by itself, and says who still waits.
    ///
    /// # Panics
    /// If there is no end within a day of virtual time: a periodic timer is enough for that.
    #[track_caller]
    pub fn run_until_idle(&self) -> Waits {
        let horizon = self.now() + Duration::from_secs(86_400);
        let arrival = self.ground.drive(Goal::Idle, Some(horizon));
        self.expect_arrival(arrival);
        self.waits()
    }

    #[track_caller]
    fn expect_arrival(&self, arrival: Arrival) {
        match arrival {
            Arrival::There => {}
            Arrival::Stuck => panic!("{}", self.ground.why_stuck()),
            Arrival::Endless => panic!("{}", self.ground.why_endless()),
        }
    }

    /// How many turns tasks have had.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.engine().lock().steps
    }

    /// A hash over everything that has happened: runs that differ anywhere differ in it.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.engine().lock().trace.hash()
    }

    /// What has happened since [`telling`](Self::telling).
    #[must_use]
    pub fn story(&self) -> Story {
        self.engine().lock().trace.story()
    }

    /// Writes a line of the test's own into the story.
    pub fn note(&self, text: &str) {
        self.handle.note(text);
    }

    /// What went on here that no seed replays, or that nobody would have heard of.
    #[must_use]
    pub fn breaches(&self) -> Vec<Breach> {
        self.engine().lock().breaches.clone()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.faults.get_mut().clear();
        drop(self.take_systems());
        let survey = self.engine().lock().survey.take();
        drop(survey);
        self.ground.clear();
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("seed", &self.seed()).field("now", &self.now()).finish()
    }
}

//! The world that actors live in; a value, and many fit into one process.

mod builder;
mod inject;
mod roster;
mod shared;
mod shutdown;
mod sweep;

use std::{
    fmt,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use ghostlight_rt::Runtime;

pub use builder::SystemBuilder;
pub(crate) use roster::Roster;
pub use shared::Shared;
pub use shutdown::{Abandoned, Departed, ShutdownReport};
pub(crate) use sweep::Swept;

use crate::{
    Actor, ActorId, ActorRef, Counters, Create, DeadLetters, SpawnOptions, Status, StopReason,
    TaskCounters, TaskInfo,
    cell::Cell,
    family::Family,
    life,
    mailbox::{Inbox, Order, Verb},
    member::Member,
    runner::Runner,
    spawn::Settings,
    supervision::{Input, Manner},
    sync::lock,
    task::{Holder, TaskList},
    waits::{WaitInfo, Waits},
    watchdog::{self, PollTime, Watchdog},
};

/// The world that actors live in.
///
/// A system owns names, ids, observers and counters, and every actor that was spawned through it.
/// Cloning gives another handle; when the last one goes, the actors are stopped, as if by
/// [`shutdown`](Self::shutdown) but without waiting for them.
///
/// ```
/// # extern crate ghostlight_core as ghostlight;
/// use ghostlight::{Actor, Context, Handler, Message, System};
///
/// #[derive(Message)]
/// #[message(reply = u64)]
/// struct Add(u64);
///
/// #[derive(Actor)]
/// #[actor(handles(Add))]
/// struct Sum(u64);
///
/// impl Handler<Add> for Sum {
///     async fn handle(&mut self, Add(n): Add, _: &mut Context<'_, Self>) -> u64 {
///         self.0 += n;
///         self.0
///     }
/// }
///
/// let system = System::new("arithmetic");
/// let sum = system.spawn(Sum(0));
/// let total = system.block_on(async {
///     sum.tell(Add(40)).await?;
///     Ok::<_, Box<dyn std::error::Error>>(sum.ask(Add(2)).await?)
/// });
/// assert_eq!(total.unwrap(), 42);
/// ```
#[derive(Clone)]
pub struct System(Arc<Handle>);

/// What the handles of a system share; the last one to go ends it.
struct Handle {
    shared: Arc<Shared>,
    defaults: SpawnOptions,
    /// `defaults`, settled once, since most actors are spawned with nothing else.
    settings: Arc<Settings>,
    /// The actors that the system itself supervises.
    family: OnceLock<Arc<Family>>,
    /// The tasks and scopes that the system itself owns.
    holder: OnceLock<Arc<Holder>>,
}

impl System {
    /// A system called `name`.
    ///
    /// It runs in the tokio runtime that it is made in, and outside of one in a runtime of its own.
    ///
    /// # Panics
    /// If it needs a runtime of its own and the operating system gives no threads.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self::builder(name).build()
    }

    /// A system called `name`, with more to say about it.
    pub fn builder(name: impl Into<Arc<str>>) -> SystemBuilder {
        SystemBuilder::new(name.into())
    }

    fn from_builder(builder: SystemBuilder) -> Self {
        let SystemBuilder { name, runtime, defaults, observers, refuses_deadlocks, watchdog } =
            builder;
        let runtime = runtime.or_else(Runtime::current).unwrap_or_else(Runtime::multi_thread);
        // Drawn once a runtime and counted on from there, so that no two of its systems have the
        // same; never zero, which stands for "here" where a number must be written without one.
        let first = runtime.rng("origin of ids").any() as u32;
        let origin = first.wrapping_add(runtime.number() as u32).max(1);
        let watchdog = watchdog.filter(|_| runtime.has_threads()).map(Watchdog::new);
        let shared = Arc::new(Shared {
            name,
            runtime,
            origin,
            tasks: TaskList::default(),
            roster: Mutex::default(),
            registry: Default::default(),
            groups: Default::default(),
            waits: Waits::new(origin, refuses_deadlocks),
            watchdog,
            is_watched: observers.iter().any(|it| it.wants_messages()),
            observers,
            subscribers: Mutex::default(),
            sweeper: Default::default(),
            ended: Mutex::default(),
            refused_late: AtomicU64::new(0),
            draws: AtomicU64::new(0),
            departures: Mutex::default(),
            is_closed: AtomicBool::new(false),
            has_warned_unbounded: AtomicBool::new(false),
            handle: OnceLock::new(),
        });
        watchdog::start(&shared);
        let settings = Arc::new(defaults.clone().settle(shared.is_watched));
        let (family, holder) = (OnceLock::new(), OnceLock::new());
        Self::with_handle(Handle { shared, defaults, settings, family, holder })
    }

    fn with_handle(handle: Handle) -> Self {
        let handle = Arc::new(handle);
        _ = handle.shared.handle.set(Arc::downgrade(&handle));
        Self(handle)
    }

    /// The system of an actor. When its users have let go of it, a handle to one that has closed.
    pub(crate) fn of(shared: &Arc<Shared>) -> Self {
        let handle = shared.handle.get().and_then(std::sync::Weak::upgrade);
        handle.map_or_else(
            || {
                let defaults = SpawnOptions::default();
                let settings = Arc::new(defaults.clone().settle(shared.is_watched));
                let (family, holder) = (OnceLock::new(), OnceLock::new());
                let shared = Arc::clone(shared);
                Self(Arc::new(Handle { shared, defaults, settings, family, holder }))
            },
            Self,
        )
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.shared.name
    }

    /// Where it runs: its clock, its tasks, its chance.
    #[must_use]
    pub fn runtime(&self) -> &Runtime {
        &self.0.shared.runtime
    }

    /// Runs `future` to its end on the calling thread, in the runtime of this system.
    ///
    /// # Panics
    /// Inside an async task: a worker that blocks can hold up the very task it waits for.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime().block_on(future)
    }

    /// Spawns an actor from its state. The ref is there at once; `started` runs before any message.
    ///
    /// After the system was shut down, the actor has ended before this returns.
    pub fn spawn<A: Actor>(&self, actor: A) -> ActorRef<A> {
        self.spawn_with(actor, SpawnOptions::default())
    }

    /// Spawns an actor from its state, with more to say about it.
    pub fn spawn_with<A: Actor>(&self, actor: A, options: SpawnOptions) -> ActorRef<A> {
        let cell = self.make_cell::<A>(options);
        if self.is_closed() {
            life::finish(&cell, None, StopReason::SystemShutdown);
            return ActorRef::of(&cell);
        }
        let actor_ref = ActorRef::first(&cell);
        life::begin(&cell, actor);
        self.admit(&cell, actor_ref)
    }

    /// Spawns an actor whose state is built from `args` in its own task. The ref is there at once;
    /// what is sent to it meanwhile is kept in order.
    pub fn create<A: Create>(&self, args: A::Args) -> ActorRef<A> {
        self.create_with(args, SpawnOptions::default())
    }

    /// Spawns an actor whose state is built from `args`, with more to say about it.
    pub fn create_with<A: Create>(&self, args: A::Args, options: SpawnOptions) -> ActorRef<A> {
        let cell = self.make_cell::<A>(options);
        if self.is_closed() {
            life::finish(&cell, None, StopReason::SystemShutdown);
            return ActorRef::of(&cell);
        }
        let actor_ref = ActorRef::first(&cell);
        let state = Box::pin(async move { A::create(args).await });
        life::begin_in_task(&cell, Runner::creating(Arc::clone(&cell), state));
        self.admit(&cell, actor_ref)
    }

    /// Subscribes to messages that nobody took, keeping at most `capacity` until they are read.
    #[must_use]
    pub fn dead_letters(&self, capacity: usize) -> DeadLetters {
        let (subscription, letter_box) = DeadLetters::new(capacity);
        lock(&self.0.shared.subscribers).push(letter_box);
        subscription
    }

    /// Where all messages went that were sent to actors of this system, ended ones included.
    ///
    /// The sum holds at rest; while messages are on their way it may be off by those.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let shared = &self.0.shared;
        let (alive, mut counters) = {
            let roster = lock(&shared.roster);
            (roster.newest_first(), *lock(&shared.ended))
        };
        let refused_late = shared.refused_late.load(Ordering::Relaxed);
        counters.sent += refused_late;
        counters.refused += refused_late;
        alive.iter().fold(counters, |sum, it| sum + it.counters())
    }

    /// Who waits for whom inside a handler or hook, at this moment: the oldest wait first.
    #[must_use]
    pub fn waits(&self) -> Vec<WaitInfo> {
        self.0.shared.waits()
    }

    /// How long the turns of each actor alive have kept a thread, the longest first; nothing unless
    /// [`WatchdogOptions::poll_times`](crate::WatchdogOptions::poll_times) asks for it.
    #[must_use]
    pub fn poll_times(&self) -> Vec<PollTime> {
        let times = self.0.shared.watchdog.as_ref().map(|it| it.times()).unwrap_or_default();
        let named = times.into_iter().filter_map(|(actor, total)| {
            let name = self.0.shared.find(actor)?.name().to_owned();
            Some(PollTime { actor, name, total })
        });
        named.collect()
    }

    /// Everybody alive, the last spawned first.
    #[must_use]
    pub fn actors(&self) -> Vec<ActorInfo> {
        let alive = lock(&self.0.shared.roster).newest_first();
        alive.iter().map(|it| ActorInfo::of(&**it)).collect()
    }

    /// All tasks that have not ended, the last spawned first.
    ///
    /// ```
    /// # use ghostlight_core::{System, TaskOwner};
    /// # let system = System::new("docs");
    /// let scope = system.scope();
    /// scope.spawn(std::future::pending::<()>()).named("accept");
    /// let tasks = system.tasks();
    /// assert_eq!((&*tasks[0].name, tasks[0].owner), ("accept", TaskOwner::Scope(scope.id())));
    /// ```
    #[must_use]
    pub fn tasks(&self) -> Vec<TaskInfo> {
        self.0.shared.tasks.newest_first().iter().map(|it| it.info()).collect()
    }

    /// Where all tasks went that were ever spawned.
    #[must_use]
    pub fn task_counters(&self) -> TaskCounters {
        self.0.shared.tasks.counters()
    }

    /// What the system itself owns of tasks and scopes; a system that has closed cancels them.
    pub(crate) fn holder(&self) -> Arc<Holder> {
        let holder = self.0.holder.get_or_init(|| Holder::of_system(&self.0.shared));
        if self.is_closed() && !holder.is_cancelled() {
            holder.cancel();
        }
        Arc::clone(holder)
    }

    /// The actors that the system itself supervises; a system that has closed takes no more.
    pub(crate) fn family(&self) -> Arc<Family> {
        let family = self.0.family.get_or_init(|| Family::of_system(&self.0.shared));
        if self.is_closed() {
            family.feed(Input::Close(Manner::Await));
        }
        Arc::clone(family)
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.0.shared
    }

    pub(crate) fn make_cell<A: Actor>(&self, options: SpawnOptions) -> Arc<Cell<A>> {
        self.place(self.settle::<A>(options), |_| ())
    }

    /// What an actor lives by, given what the spawn site says.
    pub(crate) fn settle<A: Actor>(&self, options: SpawnOptions) -> Arc<Settings> {
        let Handle { shared, defaults, settings, .. } = &*self.0;
        let options = options.over(A::options());
        let settings = if options.is_default() {
            Arc::clone(settings)
        } else {
            Arc::new(options.over(defaults.clone()).settle(shared.is_watched))
        };
        if settings.mailbox.capacity().is_none()
            && !shared.has_warned_unbounded.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(
                system = &*shared.name,
                actor = A::label(),
                "an unbounded mailbox was made; nothing but memory limits its senders"
            );
        }
        settings
    }

    /// Makes a cell and puts it on the roster, once `prepare` has seen what lies in it.
    pub(crate) fn place<A: Actor>(
        &self,
        settings: Arc<Settings>,
        prepare: impl FnOnce(&mut Inbox<A>),
    ) -> Arc<Cell<A>> {
        let shared = self.shared();
        lock(&shared.roster).add(shared.origin, |id| {
            let cell = Cell::<A>::new(id, Arc::clone(shared), settings);
            prepare(&mut cell.lock());
            (Arc::clone(&cell) as Arc<dyn Member>, cell)
        })
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.0.shared.is_closed.load(Ordering::Acquire)
    }

    /// Gives out the ref; if the system has closed meanwhile, to an actor that is ending.
    pub(crate) fn admit<A: Actor>(
        &self,
        cell: &Arc<Cell<A>>,
        actor_ref: ActorRef<A>,
    ) -> ActorRef<A> {
        if self.is_closed() {
            life::order(cell, Order::new(Verb::Kill, StopReason::SystemShutdown));
        }
        actor_ref
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Some(family) = self.family.get() {
            family.feed(Input::Close(Manner::Await));
        }
        if let Some(holder) = self.holder.get() {
            holder.reap();
        }
        self.shared.stop_all();
    }
}

impl fmt::Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("System").field(&self.name()).finish()
    }
}

/// What is known of an actor from outside.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ActorInfo {
    /// Its identity.
    pub id: ActorId,
    /// Its name, or the label of its kind.
    pub name: String,
    /// The label of its kind.
    pub label: &'static str,
    /// Who owns it; none if the system itself does.
    pub owner: Option<ActorId>,
    /// Where it stands in its life.
    pub status: Status,
    /// How many messages wait.
    pub mailbox_len: usize,
    /// The greatest number that ever waited.
    pub mailbox_peak: usize,
    /// Where its messages went.
    pub counters: Counters,
}

impl ActorInfo {
    fn of(member: &dyn Member) -> Self {
        Self {
            id: member.id(),
            name: member.name().to_owned(),
            label: member.label(),
            owner: member.post().and_then(|it| it.family.owner()),
            status: member.status(),
            mailbox_len: member.mailbox_len(),
            mailbox_peak: member.peak(),
            counters: member.counters(),
        }
    }
}

//! Owning other actors: spawning, supervising, and managing them while they run.

use std::{fmt, mem, sync::Arc};

use crate::{
    Actor, ActorId, ActorRef, ChildSpec, Context, Create, Health, ReadContext, RestartRecord,
    SpawnOptions, Status, Supervision, System,
    cell::Cell,
    family::Family,
    life,
    lineage::Lineage,
    member::Member,
    runner::Runner,
    supervision::{Input, Key},
};

impl<A: Actor> Context<'_, A> {
    /// Spawns an actor that this one owns: it ends before this one does, in reverse order of
    /// spawning. It is never started again, and its failure harms nobody.
    ///
    /// Once this actor is ending, the new one has ended before this returns.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use ghostlight::{Actor, Context, Handler, Message, System};
    /// # #[derive(Message)] struct Accept;
    /// # #[derive(Actor)] struct Session;
    /// # #[derive(Actor)] #[actor(handles(Accept))] struct Listener;
    /// impl Handler<Accept> for Listener {
    ///     async fn handle(&mut self, _: Accept, cx: &mut Context<'_, Self>) {
    ///         cx.spawn(Session);
    ///     }
    /// }
    /// # let system = System::new("docs");
    /// # let listener = system.spawn(Listener);
    /// # system.block_on(async { listener.ask(Accept).await }).unwrap();
    /// assert_eq!(listener.children().list().len(), 1);
    /// ```
    pub fn spawn<B: Actor>(&self, actor: B) -> ActorRef<B> {
        self.spawn_with(actor, SpawnOptions::default())
    }

    /// Spawns an actor that this one owns, with more to say about it.
    pub fn spawn_with<B: Actor>(&self, actor: B, options: SpawnOptions) -> ActorRef<B> {
        let spec = ChildSpec::temporary().options(options);
        self.household().raise(spec, |cell| life::begin(cell, actor))
    }

    /// Spawns an actor that this one owns and whose state is built from `args` in its own task; as
    /// [`System::create`].
    pub fn create<B: Create>(&self, args: B::Args) -> ActorRef<B> {
        self.create_with(args, SpawnOptions::default())
    }

    /// As [`create`](Self::create), with more to say about it.
    pub fn create_with<B: Create>(&self, args: B::Args, options: SpawnOptions) -> ActorRef<B> {
        let spec = ChildSpec::temporary().options(options);
        self.household().raise(spec, |cell| {
            let state = Box::pin(async move { B::create(args).await });
            life::begin_in_task(cell, Runner::creating(Arc::clone(cell), state));
        })
    }

    /// Owns and supervises an actor whose every incarnation is made by `factory`, in its own task.
    /// By default it is started again after any end, alone, up to 5 times within 5 s.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// use ghostlight::{Actor, ActorRef, Context, Failure};
    ///
    /// # #[derive(Actor)] struct Parser;
    /// # impl Parser { fn new() -> Self { Self } }
    /// #[derive(Default)]
    /// struct Crawl { parser: Option<ActorRef<Parser>> }
    ///
    /// impl Actor for Crawl {
    ///     type Protocol = ();
    ///
    ///     async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
    ///         self.parser = Some(cx.supervise(Parser::new));
    ///         Ok(())
    ///     }
    /// }
    /// # let system = ghostlight::System::new("docs");
    /// # let crawl = system.spawn(Crawl::default());
    /// # system.block_on(crawl.wait_started()).unwrap();
    /// # assert_eq!(crawl.children().list().len(), 1);
    /// ```
    ///
    /// What `factory` panics with counts as a failed start.
    pub fn supervise<B: Actor>(
        &self,
        factory: impl Fn() -> B + Send + Sync + 'static,
    ) -> ActorRef<B> {
        self.supervise_with(factory, ChildSpec::default())
    }

    /// Owns and supervises an actor, by `spec`. What `factory` panics with counts as a failed start.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use ghostlight::{Actor, ChildSpec, Context, Failure, SpawnOptions, System};
    /// # #[derive(Actor)] struct Import { path: String }
    /// # struct Service { path: String }
    /// # impl Actor for Service {
    /// #     type Protocol = ();
    /// async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
    ///     let path = self.path.clone();
    ///     let spec = ChildSpec::transient().options(SpawnOptions::default().name("import"));
    ///     let import = cx.supervise_with(move || Import { path: path.clone() }, spec);
    ///     assert_eq!(import.name(), "import");
    ///     Ok(())
    /// }
    /// # }
    /// # let system = System::new("docs");
    /// # let service = system.spawn(Service { path: "data".to_owned() });
    /// # system.block_on(service.wait_started()).unwrap();
    /// ```
    pub fn supervise_with<B: Actor>(
        &self,
        factory: impl Fn() -> B + Send + Sync + 'static,
        spec: ChildSpec,
    ) -> ActorRef<B> {
        self.household().supervise_with(factory, spec)
    }

    /// Owns and supervises an actor whose every incarnation is built from the same `args`, in its own
    /// task.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use ghostlight::{Actor, ChildSpec, Context, Create, Failure, System};
    /// struct Index(Vec<u8>);
    /// # impl Actor for Index { type Protocol = (); }
    ///
    /// impl Create for Index {
    ///     type Args = Vec<u8>;
    ///
    ///     async fn create(bytes: Self::Args) -> Result<Self, Failure> {
    ///         Ok(Self(bytes))
    ///     }
    /// }
    ///
    /// # struct Search;
    /// # impl Actor for Search {
    /// #     type Protocol = ();
    /// #     async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
    /// let index = cx.supervise_created::<Index>(vec![1, 2, 3], ChildSpec::permanent());
    /// #         drop(index);
    /// #         Ok(())
    /// #     }
    /// # }
    /// # let system = System::new("docs");
    /// # system.block_on(system.spawn(Search).wait_started()).unwrap();
    /// ```
    pub fn supervise_created<B>(&self, args: B::Args, spec: ChildSpec) -> ActorRef<B>
    where
        B: Create<Args: Clone>,
    {
        self.household().supervise_created(args, spec)
    }

    /// How this actor supervises its children from now on; each for itself by default. It goes for
    /// later incarnations too.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use ghostlight::{Actor, Context, Failure, Supervision};
    /// # #[derive(Actor)] struct Reader;
    /// # #[derive(Actor)] struct Parser;
    /// # struct Pipeline;
    /// # impl Actor for Pipeline {
    /// #     type Protocol = ();
    /// async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
    ///     cx.supervision(Supervision::rest_for_one());
    ///     cx.supervise(|| Reader);
    ///     cx.supervise(|| Parser); // goes along when the reader fails
    ///     Ok(())
    /// }
    /// # }
    /// # let system = ghostlight::System::new("docs");
    /// # system.block_on(system.spawn(Pipeline).wait_started()).unwrap();
    /// ```
    pub fn supervision(&self, options: Supervision) {
        self.household().family.set_options(options);
    }

    fn household(&self) -> Household {
        let is_ending = self.is_stopping();
        Household { family: self.cell().family(), system: self.system(), is_ending }
    }
}

impl<A: Actor> ReadContext<'_, A> {
    /// The children of this actor, to list and to manage.
    #[must_use]
    pub fn children(&self) -> Children {
        Children(Some(self.cell().family()))
    }
}

impl<A: Actor> Cell<A> {
    /// The children of this actor, none so far perhaps.
    pub(crate) fn family(self: &Arc<Self>) -> Arc<Family> {
        if let Some(family) = life::family_of(self) {
            return family;
        }
        let me = Arc::clone(self) as Arc<dyn Member>;
        let made = Family::of_actor(&self.system, &me);
        let mut inbox = self.lock();
        // Two may have made one; the first stands.
        Arc::clone(inbox.kin().family.get_or_insert(made))
    }
}

impl System {
    /// Supervises an actor that the system itself owns; as [`Context::supervise`]. When it is given
    /// up, that is reported, and harms nobody.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use ghostlight::{Actor, ChildSpec, System};
    /// # #[derive(Actor)] struct Listener;
    /// # let system = System::new("docs");
    /// let listener = system.supervise(|| Listener, ChildSpec::permanent());
    /// # system.block_on(listener.wait_started()).unwrap();
    /// ```
    pub fn supervise<B: Actor>(
        &self,
        factory: impl Fn() -> B + Send + Sync + 'static,
        spec: ChildSpec,
    ) -> ActorRef<B> {
        self.household().supervise_with(factory, spec)
    }

    /// Supervises an actor that the system itself owns, and whose every incarnation is built from
    /// the same `args`.
    pub fn supervise_created<B>(&self, args: B::Args, spec: ChildSpec) -> ActorRef<B>
    where
        B: Create<Args: Clone>,
    {
        self.household().supervise_created(args, spec)
    }

    /// How the system supervises its own children from now on; each for itself by default.
    pub fn supervision(&self, options: Supervision) {
        self.family().set_options(options);
    }

    /// The actors that the system itself supervises, to list and to manage.
    #[must_use]
    pub fn children(&self) -> Children {
        Children(Some(self.family()))
    }

    fn household(&self) -> Household {
        Household { family: self.family(), system: self.clone(), is_ending: false }
    }
}

/// Where a new child comes to live.
struct Household {
    family: Arc<Family>,
    system: System,
    /// The owner was told to end, or ends already.
    is_ending: bool,
}

impl Household {
    fn supervise_with<B: Actor>(
        &self,
        factory: impl Fn() -> B + Send + Sync + 'static,
        spec: ChildSpec,
    ) -> ActorRef<B> {
        let lineage = Lineage::from_factory(factory, spec.check.clone());
        self.renew(lineage, spec)
    }

    fn supervise_created<B>(&self, args: B::Args, spec: ChildSpec) -> ActorRef<B>
    where
        B: Create<Args: Clone>,
    {
        let lineage = Lineage::from_args(args, spec.check.clone());
        self.renew(lineage, spec)
    }

    fn renew<B: Actor>(&self, lineage: Lineage<B>, spec: ChildSpec) -> ActorRef<B> {
        self.raise(spec, |cell| {
            life::begin_in_task(cell, Runner::renewing(Arc::clone(cell), lineage));
        })
    }

    /// Gives a child its place, and begins its life.
    fn raise<B: Actor>(
        &self,
        mut spec: ChildSpec,
        begin: impl FnOnce(&Arc<Cell<B>>),
    ) -> ActorRef<B> {
        let cell = self.system.make_cell::<B>(mem::take(&mut spec.options));
        // One time for the running handler, and one for `stopped`.
        let rules = spec.rules(cell.settings.shutdown.saturating_mul(2));
        let member = Arc::clone(&cell) as Arc<dyn Member>;
        let post = (!self.is_ending).then(|| self.family.add(member, rules));
        let Some(post) = post.flatten() else {
            let reason = self.family.why_closed();
            life::finish(&cell, None, reason);
            return ActorRef::of(&cell);
        };
        let mut inbox = cell.lock();
        inbox.renewal = spec.renewal();
        inbox.kin().post = Some(post);
        drop(inbox);
        let child = ActorRef::first(&cell);
        begin(&cell);
        child
    }
}

/// The children of an actor, or those that a system supervises: a handle to list and to manage
/// them, from anywhere.
///
/// ```
/// # extern crate ghostlight_core as ghostlight;
/// # use ghostlight::{Actor, ChildSpec, Status, System};
/// # #[derive(Actor)] struct Listener;
/// # let system = System::new("docs");
/// let listener = system.supervise(|| Listener, ChildSpec::permanent());
/// # system.block_on(listener.wait_started()).unwrap();
/// let children = system.children();
/// assert_eq!(children.list()[0].id, listener.id());
///
/// children.restart(listener.id())?; // the same child, a fresh state
/// children.stop(listener.id())?;    // down for now, its messages wait
/// children.start(listener.id())?;
/// children.remove(listener.id())?;  // and for good
/// system.block_on(listener.wait_stopped());
/// # Ok::<_, ghostlight::NoSuchChild>(())
/// ```
#[derive(Clone)]
pub struct Children(Option<Arc<Family>>);

impl Children {
    pub(crate) const fn new(family: Option<Arc<Family>>) -> Self {
        Self(family)
    }

    /// Everybody, in order of start. Who has ended for good is not among them.
    #[must_use]
    pub fn list(&self) -> Vec<Child> {
        let all = self.0.iter().flat_map(|it| it.list());
        all.map(|(member, standing)| Child {
            id: member.id(),
            name: member.name().into(),
            label: member.label(),
            status: member.status(),
            is_halted: standing == crate::supervision::Standing::Halted,
        })
        .collect()
    }

    /// Ends the child's incarnation, and keeps the child until [`start`](Self::start): it takes no
    /// messages meanwhile, and what waits stays. One that cannot be started again ends for good.
    ///
    /// # Errors
    /// If no child has this id.
    pub fn stop(&self, id: ActorId) -> Result<(), NoSuchChild> {
        self.feed(id, Input::Stop)
    }

    /// Starts a child that was stopped by [`stop`](Self::stop); any other is left as it is.
    ///
    /// # Errors
    /// If no child has this id.
    pub fn start(&self, id: ActorId) -> Result<(), NoSuchChild> {
        self.feed(id, Input::Start)
    }

    /// Starts the child's next incarnation, at once and without counting it against its limit. The
    /// current one ends with [`StopReason::Restart`](crate::StopReason::Restart); for one that cannot
    /// be started again, that is its end. Its siblings are left alone, whatever the strategy.
    ///
    /// # Errors
    /// If no child has this id.
    pub fn restart(&self, id: ActorId) -> Result<(), NoSuchChild> {
        self.feed(id, Input::Restart)
    }

    /// Ends the child for good, whatever its rule.
    ///
    /// # Errors
    /// If no child has this id.
    pub fn remove(&self, id: ActorId) -> Result<(), NoSuchChild> {
        self.feed(id, Input::Remove)
    }

    /// The child's last hundred restarts, oldest first; none for one that is not there.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use ghostlight::{Actor, ChildSpec, System};
    /// # #[derive(Actor)] struct Listener;
    /// # let system = System::new("docs");
    /// # let listener = system.supervise(|| Listener, ChildSpec::permanent());
    /// for restart in system.children().history(listener.id()) {
    ///     println!("{:?}: {}, after {:?}", restart.at, restart.why, restart.delay);
    /// }
    /// ```
    #[must_use]
    pub fn history(&self, id: ActorId) -> Vec<RestartRecord> {
        self.find(id).map_or_else(Vec::new, |(family, key)| family.history(key))
    }

    /// How well the group is, by the number that must run; see
    /// [`Supervision::min_healthy`].
    #[must_use]
    pub fn health(&self) -> Health {
        self.0.as_ref().map_or(Health::Healthy, |it| it.health())
    }

    fn feed(&self, id: ActorId, input: impl FnOnce(Key) -> Input) -> Result<(), NoSuchChild> {
        let (family, key) = self.find(id).ok_or(NoSuchChild { id })?;
        family.feed(input(key));
        Ok(())
    }

    fn find(&self, id: ActorId) -> Option<(&Arc<Family>, Key)> {
        let family = self.0.as_ref()?;
        Some((family, family.find(id)?))
    }
}

impl fmt::Debug for Children {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.list()).finish()
    }
}

/// What is known of a child.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Child {
    /// Its identity.
    pub id: ActorId,
    /// Its name, or the label of its kind.
    pub name: Arc<str>,
    /// The label of its kind.
    pub label: &'static str,
    /// Where it stands.
    pub status: Status,
    /// Whether it was stopped by hand, and waits to be started by hand.
    pub is_halted: bool,
}

/// No child has this id: it has ended, or is somebody else's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct NoSuchChild {
    /// The id that was asked for.
    pub id: ActorId,
}

impl fmt::Display for NoSuchChild {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no child has the id {}: it has ended, or has another owner", self.id)
    }
}

impl std::error::Error for NoSuchChild {}

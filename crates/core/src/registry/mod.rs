//! Names: how actors of a system are found.

mod error;
mod table;

use std::{
    any::Any,
    future::{poll_fn, ready},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::Arc,
    task::Poll,
};

pub use error::{LookupError, RegisterError};
pub(crate) use table::Registry;

use self::table::Holder;
use crate::{
    Actor, ActorId, ActorRef, Failure, SpawnOptions, StopReason, System, cell::Cell, life,
    runner::Runner, system::Shared,
};

/// # Names
///
/// A name belongs to one actor of the system at a time, and an actor may have several. It outlives
/// restarts and goes when the actor has ended, before anybody who waits for that end is told. A name
/// keeps nobody alive.
impl System {
    /// Gives `actor` a name by which [`lookup`](Self::lookup) finds it. Giving it one that it has
    /// changes nothing.
    ///
    /// ```
    /// # use ghostlight_core as ghostlight;
    /// # use ghostlight::{Actor, RegisterError, System};
    /// # struct Till;
    /// # impl Actor for Till { type Protocol = (); }
    /// # let system = System::new("shop");
    /// let (first, second) = (system.spawn(Till), system.spawn(Till));
    /// system.register("till", &first)?;
    /// assert_eq!(system.lookup::<Till>("till").unwrap(), first);
    ///
    /// let refused = system.register("till", &second).unwrap_err();
    /// assert_eq!(refused, RegisterError::Taken { name: "till".into(), by: first.id() });
    /// # Ok::<_, RegisterError>(())
    /// ```
    ///
    /// # Errors
    /// If another actor has the name; if this one has been told to end; or if it is no actor of
    /// this system.
    pub fn register<A: Actor>(
        &self,
        name: impl Into<Arc<str>>,
        actor: &ActorRef<A>,
    ) -> Result<(), RegisterError> {
        let name = name.into();
        match self.shared().resident(actor) {
            Some(cell) => self.shared().registry.enter(name, cell),
            None => Err(RegisterError::Elsewhere { name }),
        }
    }

    /// The actor of that name, which has not been told to end.
    ///
    /// ```
    /// # use ghostlight_core as ghostlight;
    /// # use ghostlight::{Actor, LookupError, System};
    /// # struct Till;
    /// # impl Actor for Till { type Protocol = (); }
    /// # struct Safe;
    /// # impl Actor for Safe { type Protocol = (); }
    /// # let system = System::new("shop");
    /// let till = system.spawn(Till);
    /// system.register("till", &till)?;
    /// assert_eq!(system.lookup("till"), Ok(till));
    /// assert!(matches!(system.lookup::<Safe>("till"), Err(LookupError::WrongType { .. })));
    /// assert!(matches!(system.lookup::<Safe>("safe"), Err(LookupError::NotFound { .. })));
    /// # Ok::<_, ghostlight::RegisterError>(())
    /// ```
    ///
    /// # Errors
    /// If no actor has the name, or the one that has it is ending or of another type.
    pub fn lookup<A: Actor>(&self, name: &str) -> Result<ActorRef<A>, LookupError> {
        let holder = self.shared().registry.holder(name);
        match holder.filter(|it| it.is_open()) {
            Some(holder) => typed(name, holder),
            None => Err(LookupError::NotFound { name: name.into() }),
        }
    }

    /// The actor of that name, or a new one, made by `factory` and given the name. However many
    /// call this at once, one actor is made.
    ///
    /// While the holder of the name is ending, this waits until it has ended or is started again, for
    /// as long as its clean-up, or an order to drain, may take. Other callers may have the ref, and its mailbox the first
    /// messages, before `factory` has returned. After the system was shut down `factory` is not
    /// called, and the ref is that of an actor that has ended.
    ///
    /// ```
    /// # use ghostlight_core as ghostlight;
    /// # use ghostlight::{Actor, LookupError, System};
    /// struct Lobby { city: &'static str }
    /// # impl Actor for Lobby { type Protocol = (); }
    /// # let system = System::new("hotel");
    /// # system.block_on(async {
    /// let lobby = system.lookup_or_spawn("lobby", || Lobby { city: "Riga" }).await?;
    /// let again = system.lookup_or_spawn("lobby", || Lobby { city: "Oslo" }).await?;
    /// assert_eq!(lobby, again);
    /// # Ok::<_, LookupError>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// If the one that has the name is of another type.
    ///
    /// # Panics
    /// If `factory` does. The name is free again then, and whoever has the ref learns that the actor
    /// did not start.
    ///
    /// # Cancel safety
    /// If dropped before it returns, nothing was made and `factory` was not called.
    pub async fn lookup_or_spawn<A: Actor>(
        &self,
        name: impl Into<Arc<str>>,
        factory: impl FnOnce() -> A,
    ) -> Result<ActorRef<A>, LookupError> {
        self.lookup_or_spawn_with(name, SpawnOptions::default(), factory).await
    }

    /// The actor of that name, or a new one, as [`lookup_or_spawn`](Self::lookup_or_spawn), with
    /// more to say about the new one. What it is called in logs is the name too, unless `options`
    /// have another.
    ///
    /// ```
    /// # use ghostlight_core as ghostlight;
    /// # use ghostlight::{Actor, Capacity, LookupError, MailboxOptions, SpawnOptions, System};
    /// # struct Lobby;
    /// # impl Actor for Lobby { type Protocol = (); }
    /// # let system = System::new("hotel");
    /// # system.block_on(async {
    /// let small = SpawnOptions::default().mailbox(MailboxOptions::reject(Capacity::of::<8>()));
    /// let lobby = system.lookup_or_spawn_with("lobby", small, || Lobby).await?;
    /// assert_eq!(lobby.name(), "lobby");
    /// # Ok::<_, LookupError>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// If the one that has the name is of another type.
    ///
    /// # Panics
    /// If `factory` does; as [`lookup_or_spawn`](Self::lookup_or_spawn).
    ///
    /// # Cancel safety
    /// If dropped before it returns, nothing was made and `factory` was not called.
    pub async fn lookup_or_spawn_with<A: Actor>(
        &self,
        name: impl Into<Arc<str>>,
        options: SpawnOptions,
        factory: impl FnOnce() -> A,
    ) -> Result<ActorRef<A>, LookupError> {
        let name = name.into();
        let options = options.over(SpawnOptions::default().name(Arc::clone(&name)));
        let mut held = self.shared().registry.holder(&name);
        loop {
            held = match held {
                Some(holder) if holder.is_open() => return typed(&name, holder),
                Some(holder) => {
                    // One that is supervised may be started again instead.
                    poll_fn(|cx| match holder.poll_ended(cx) {
                        Poll::Pending if !holder.is_open() => Poll::Pending,
                        _ => Poll::Ready(()),
                    })
                    .await;
                    self.shared().registry.holder(&name)
                }
                None => {
                    let settings = self.settle::<A>(options.clone());
                    match self.shared().registry.claim(&name, self, settings) {
                        Ok((cell, first)) => return Ok(self.fill(&cell, first, factory)),
                        Err(holder) => Some(holder),
                    }
                }
            };
        }
    }

    /// Takes a name away, and says from whom.
    ///
    /// ```
    /// # use ghostlight_core as ghostlight;
    /// # use ghostlight::{Actor, System};
    /// # struct Till;
    /// # impl Actor for Till { type Protocol = (); }
    /// # let system = System::new("shop");
    /// let till = system.spawn(Till);
    /// system.register("till", &till)?;
    /// assert_eq!(system.unregister("till"), Some(till.id()));
    /// assert_eq!(system.unregister("till"), None);
    /// assert!(till.is_alive());
    /// # Ok::<_, ghostlight::RegisterError>(())
    /// ```
    #[expect(clippy::must_use_candidate, reason = "it is called for what it does")]
    pub fn unregister(&self, name: &str) -> Option<ActorId> {
        self.shared().registry.remove(name)
    }

    /// Every name and whose it is, in the order of the names. Who is ending still has his.
    ///
    /// ```
    /// # use ghostlight_core as ghostlight;
    /// # use ghostlight::{Actor, System};
    /// # struct Till;
    /// # impl Actor for Till { type Protocol = (); }
    /// # let system = System::new("shop");
    /// let till = system.spawn(Till);
    /// system.register("till", &till)?;
    /// system.register("cash desk", &till)?;
    /// assert_eq!(system.names(), [("cash desk".into(), till.id()), ("till".into(), till.id())]);
    /// # Ok::<_, ghostlight::RegisterError>(())
    /// ```
    #[must_use]
    pub fn names(&self) -> Vec<(Arc<str>, ActorId)> {
        self.shared().registry.list()
    }

    /// Gives an actor that others may know already its state.
    fn fill<A: Actor>(
        &self,
        cell: &Arc<Cell<A>>,
        first: ActorRef<A>,
        factory: impl FnOnce() -> A,
    ) -> ActorRef<A> {
        if self.is_closed() {
            life::finish(cell, None, StopReason::SystemShutdown);
            return first;
        }
        match catch_unwind(AssertUnwindSafe(factory)) {
            Ok(actor) => {
                let state = Box::pin(ready(Ok(actor)));
                cell.spawn_task(Runner::creating(Arc::clone(cell), state));
                self.admit(cell, first)
            }
            Err(payload) => {
                let failure = Failure::panicked(&*payload);
                cell.report(&failure);
                life::finish(cell, None, StopReason::StartFailed(failure));
                resume_unwind(payload)
            }
        }
    }
}

impl Shared {
    /// The cell of an actor of this very system.
    pub(crate) fn resident<'a, A: Actor>(
        self: &Arc<Self>,
        actor: &'a ActorRef<A>,
    ) -> Option<&'a Arc<Cell<A>>> {
        actor.cell().filter(|it| Arc::ptr_eq(&it.system, self))
    }
}

fn typed<A: Actor>(name: &str, holder: Arc<dyn Holder>) -> Result<ActorRef<A>, LookupError> {
    let is = holder.label();
    let cell = (holder as Arc<dyn Any + Send + Sync>).downcast::<Cell<A>>();
    cell.map(|it| ActorRef::of(&it)).map_err(|_| LookupError::WrongType {
        name: name.into(),
        is,
        wanted: A::label(),
    })
}

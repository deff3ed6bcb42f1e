//! Groups: actors that take the same message, under one name.

mod change;
mod error;
mod report;
mod table;

use std::{any::type_name, fmt, marker::PhantomData, sync::Arc};

pub use change::{GroupChange, GroupChanges};
pub use error::JoinGroupError;
pub use report::{BroadcastReport, GroupInfo};
pub(crate) use table::{Groups, Memberships};

use self::table::{Key, Seat};
use crate::{ActorRef, Handler, Message, Recipient, System, system::Shared};

/// A handle to a group of actors that handle `M`; made by [`System::group`].
///
/// Who joins stays until it leaves or has ended; a group keeps nobody alive, and one that nobody is
/// in or watches takes no memory. Any number of handles name the same group.
///
/// ```
/// # extern crate ghostlight_core as ghostlight;
/// use ghostlight::{Actor, Context, Handler, Message, System};
///
/// #[derive(Clone, Message)]
/// struct Closing { minutes: u8 }
///
/// #[derive(Actor)]
/// #[actor(handles(Closing))]
/// struct Till;
///
/// impl Handler<Closing> for Till {
///     async fn handle(&mut self, _: Closing, _: &mut Context<'_, Self>) {}
/// }
///
/// let system = System::new("shop");
/// let tills = system.group::<Closing>("tills");
/// let (first, second) = (system.spawn(Till), system.spawn(Till));
/// tills.join(&first)?;
/// tills.join(&second)?;
///
/// let report = tills.broadcast(Closing { minutes: 10 });
/// assert_eq!(report.sent, 2);
/// # Ok::<_, ghostlight::JoinGroupError>(())
/// ```
pub struct Group<M: Message> {
    system: Arc<Shared>,
    key: Arc<Key>,
    message: PhantomData<fn() -> M>,
}

/// # Groups
///
/// Groups of the same name for different messages, or in different scopes, have nothing to do with
/// each other.
impl System {
    /// The group of that name for messages of type `M`. There is nothing to create.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use ghostlight::{Message, System};
    /// # #[derive(Message)] struct Closing;
    /// # let system = System::new("shop");
    /// let tills = system.group::<Closing>("tills");
    /// assert!(tills.local_members().is_empty());
    /// ```
    #[must_use]
    pub fn group<M: Message>(&self, name: impl Into<Arc<str>>) -> Group<M> {
        Group::new(self.shared(), Key::of::<M>(None, name.into()))
    }

    /// The group of that name in a scope: the same name in another scope, or in none, is another
    /// group.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use ghostlight::{Message, System};
    /// # #[derive(Message)] struct Closing;
    /// # let system = System::new("shop");
    /// let tills = system.group_in::<Closing>("ground floor", "tills");
    /// assert_eq!((tills.scope(), tills.name()), (Some("ground floor"), "tills"));
    /// ```
    #[must_use]
    pub fn group_in<M: Message>(
        &self,
        scope: impl Into<Arc<str>>,
        name: impl Into<Arc<str>>,
    ) -> Group<M> {
        Group::new(self.shared(), Key::of::<M>(Some(scope.into()), name.into()))
    }

    /// Every group that somebody is in or watches: those without a scope first, then by scope, and
    /// by name.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use ghostlight::{Message, System};
    /// # #[derive(Message)] struct Closing;
    /// # let system = System::new("shop");
    /// let tills = system.group::<Closing>("tills");
    /// assert!(system.groups().is_empty());
    /// let _changes = tills.changes(16);
    /// assert_eq!(system.groups()[0].watchers, 1);
    /// ```
    #[must_use]
    pub fn groups(&self) -> Vec<GroupInfo> {
        self.shared().groups.list()
    }
}

impl<M: Message> Group<M> {
    fn new(system: &Arc<Shared>, key: Key) -> Self {
        Self { system: Arc::clone(system), key: Arc::new(key), message: PhantomData }
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.key.name
    }

    /// The scope its name is in, if any.
    #[must_use]
    pub fn scope(&self) -> Option<&str> {
        self.key.scope.as_deref()
    }

    /// Puts an actor into the group. One that is in it already stays where it is.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use ghostlight::{Actor, Context, Handler, JoinGroupError, Message, System};
    /// # #[derive(Message)] struct Closing;
    /// # #[derive(Actor)] #[actor(handles(Closing))] struct Till;
    /// # impl Handler<Closing> for Till {
    /// #     async fn handle(&mut self, _: Closing, _: &mut Context<'_, Self>) {}
    /// # }
    /// # let system = System::new("shop");
    /// let (till, broken) = (system.spawn(Till), system.spawn(Till));
    /// let tills = system.group::<Closing>("tills");
    /// assert_eq!(tills.join(&till), Ok(()));
    /// assert_eq!(tills.join(&till), Ok(()));
    ///
    /// broken.stop();
    /// assert_eq!(tills.join(&broken), Err(JoinGroupError::Ended));
    /// assert_eq!(tills.local_members(), [till.recipient()]);
    /// ```
    ///
    /// # Errors
    /// If the actor has been told to end, or is none of this system.
    pub fn join<A: Handler<M>>(&self, actor: &ActorRef<A>) -> Result<(), JoinGroupError> {
        let cell = self.system.resident(actor).ok_or(JoinGroupError::Elsewhere)?;
        self.system.groups.join(&self.key, cell)
    }

    /// Takes an actor out of the group, if it is in it. It goes on running.
    pub fn leave<A: Handler<M>>(&self, actor: &ActorRef<A>) {
        if let Some(cell) = self.system.resident(actor) {
            self.system.groups.leave(&self.key, cell);
        }
    }

    /// Who of this system is in the group, in the order of joining. Who is ending still is.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use ghostlight::{Actor, Context, Handler, Message, System};
    /// # #[derive(Message)] struct Closing;
    /// # #[derive(Actor)] #[actor(handles(Closing))] struct Till;
    /// # impl Handler<Closing> for Till {
    /// #     async fn handle(&mut self, _: Closing, _: &mut Context<'_, Self>) {}
    /// # }
    /// # let system = System::new("shop");
    /// # let till = system.spawn(Till);
    /// let tills = system.group::<Closing>("tills");
    /// tills.join(&till)?;
    /// tills.join(&till)?;
    /// assert_eq!(tills.local_members(), [till.recipient()]);
    ///
    /// tills.leave(&till);
    /// assert!(tills.local_members().is_empty());
    /// # Ok::<_, ghostlight::JoinGroupError>(())
    /// ```
    #[must_use]
    pub fn local_members(&self) -> Vec<Recipient<M>> {
        self.system.groups.seats(&self.key).values().filter_map(Seat::recipient).collect()
    }

    /// Who is in the group, wherever it lives. The same as [`local_members`](Self::local_members)
    /// as long as the system is no part of a cluster.
    #[must_use]
    pub fn members(&self) -> Vec<Recipient<M>> {
        self.local_members()
    }

    /// Tells every member of this system, as [`try_tell`](Recipient::try_tell) would, in the order of
    /// joining. The last gets the message itself, the others clones.
    ///
    /// Who joins or leaves meanwhile may get it or not; nobody gets it twice.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use ghostlight::{Actor, Context, Handler, Message, System};
    /// # #[derive(Clone, Message)] struct Closing;
    /// # #[derive(Actor)] #[actor(handles(Closing))] struct Till;
    /// # impl Handler<Closing> for Till {
    /// #     async fn handle(&mut self, _: Closing, _: &mut Context<'_, Self>) {}
    /// # }
    /// # let system = System::new("shop");
    /// # let till = system.spawn(Till);
    /// let tills = system.group::<Closing>("tills");
    /// tills.join(&till)?;
    /// let report = tills.broadcast(Closing);
    /// assert!(report.sent == 1 && report.refused.is_empty());
    /// # Ok::<_, ghostlight::JoinGroupError>(())
    /// ```
    ///
    /// # Panics
    /// If cloning the message does; then those before have it, and those after have not.
    pub fn broadcast(&self, message: M) -> BroadcastReport
    where
        M: Clone,
    {
        let seats = self.system.groups.seats::<M>(&self.key);
        let mut report = BroadcastReport::default();
        let mut others = seats.values();
        let Some(last) = others.next_back() else { return report };
        others.for_each(|it| report.note(it.id, it.try_tell(message.clone())));
        report.note(last.id, last.try_tell(message));
        report
    }

    /// Subscribes to who joins and leaves from now on, keeping at most `capacity` changes until they
    /// are read; zero counts as 1.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use ghostlight::{Actor, Context, GroupChange, Handler, Message, System};
    /// # #[derive(Message)] struct Closing;
    /// # #[derive(Actor)] #[actor(handles(Closing))] struct Till;
    /// # impl Handler<Closing> for Till {
    /// #     async fn handle(&mut self, _: Closing, _: &mut Context<'_, Self>) {}
    /// # }
    /// # let system = System::new("shop");
    /// let till = system.spawn(Till);
    /// let tills = system.group::<Closing>("tills");
    /// let mut changes = tills.changes(64);
    /// tills.join(&till).unwrap();
    /// tills.leave(&till);
    /// assert_eq!(changes.try_recv(), Some(GroupChange::Joined(till.id())));
    /// assert_eq!(changes.try_recv(), Some(GroupChange::Left(till.id())));
    /// assert_eq!(changes.try_recv(), None);
    /// ```
    #[must_use = "dropping it ends the subscription"]
    pub fn changes(&self, capacity: usize) -> GroupChanges {
        GroupChanges::subscribe::<M>(&self.system, &self.key, capacity)
    }
}

impl<M: Message> Clone for Group<M> {
    fn clone(&self) -> Self {
        Self { system: Arc::clone(&self.system), key: Arc::clone(&self.key), message: PhantomData }
    }
}

impl<M: Message> fmt::Debug for Group<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group")
            .field("scope", &self.scope())
            .field("name", &self.name())
            .field("message", &type_name::<M>())
            .finish()
    }
}

//! Notice of an end, one way or mutual.
//!
//! Who watches and who is watched lock themselves one after the other, never both at once. What
//! each knows of the other is taken back at either end, so the cost of an end goes by its own ties.

use std::{
    fmt,
    sync::{Arc, MutexGuard, Weak},
};

use ghostlight_rt::Instant;

use crate::{
    Actor, ActorId, ActorRef, Context, Ended, Handler, Message, Protocol, StopReason,
    cell::Cell,
    core::EnvelopeOf,
    kin::{Event, Notice, Ticket, Watched},
    life,
    mailbox::{Inbox, Order, Queue, Verb},
    member::Member,
    signal::Signals,
    stop_reason::LinkedEnd,
};

/// Notice that an actor has ended for good: a message for whoever watched it, or is linked to it and
/// [traps](Context::trap_links) that.
///
/// It goes before all other messages, and no full mailbox keeps it out.
///
/// ```
/// # extern crate ghostlight_core as ghostlight;
/// use ghostlight::{Actor, ActorRef, Context, Failure, Handler, Terminated};
///
/// # #[derive(Actor)] struct Worker;
/// struct Keeper { worker: ActorRef<Worker> }
///
/// impl Actor for Keeper {
///     type Protocol = (Terminated,);
///
///     async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
///         cx.watch(&self.worker);
///         Ok(())
///     }
/// }
///
/// impl Handler<Terminated> for Keeper {
///     async fn handle(&mut self, end: Terminated, cx: &mut Context<'_, Self>) {
///         println!("{} ended: {}", end.name, end.why);
///         cx.stop();
///     }
/// }
/// # let system = ghostlight::System::new("docs");
/// # let worker = system.spawn(Worker);
/// # let keeper = system.spawn(Keeper { worker: worker.clone() });
/// # worker.stop();
/// # system.block_on(keeper.wait_stopped());
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Terminated {
    /// Who ended.
    pub id: ActorId,
    /// What it was called.
    pub name: Arc<str>,
    /// Why it ended.
    pub why: StopReason,
    /// How that is known.
    pub how: How,
    /// When it was noticed, on the clock of the system.
    pub at: Instant,
}

#[diagnostic::do_not_recommend]
impl Message for Terminated {
    type Reply = ();
}

/// How an end is known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum How {
    /// Its own system saw it.
    Seen,
    /// Nobody saw it, but it could not be reached any more, or is not known.
    Presumed,
}

impl<A: Actor> Context<'_, A> {
    /// Asks for a [`Terminated`] when `other` has ended for good; at once if it has already.
    ///
    /// Watching twice tells once. Restarts of `other` are not told. The watch outlives restarts of
    /// this actor, and goes with either end. [`Terminated`] has an example.
    pub fn watch<B: Actor>(&self, other: &ActorRef<B>)
    where
        A: Handler<Terminated>,
    {
        match other.member() {
            Ok(member) => self.watch_member(other.id(), &member),
            Err(endpoint) => {
                let ticket = Ticket::default();
                let watched = Watched::Elsewhere(Arc::clone(endpoint), ticket.clone());
                if self.cell().note_watch(other.id(), watched) {
                    endpoint.watch(Watcher::new(self.cell(), other, ticket));
                }
            }
        }
    }

    /// Asks for a [`Terminated`] of the actor with this id, as [`watch`](Self::watch) does. One that
    /// is not known has ended, as far as anybody here can say, and is told at once, as
    /// [`How::Presumed`].
    pub fn watch_id(&self, id: ActorId)
    where
        A: Handler<Terminated>,
    {
        if let Some(member) = self.cell().system.find(id) {
            return self.watch_member(id, &member);
        }
        if self.cell().note_watch(id, Watched::Here(Weak::<Cell<A>>::new())) {
            let (name, why) = ("".into(), StopReason::Unknown);
            let at = self.now();
            self.cell().hear(&Terminated { id, name, why, how: How::Presumed, at }, None);
        }
    }

    /// Takes a watch back: nothing is told of that actor any more, even if it has ended meanwhile.
    pub fn unwatch(&self, id: ActorId) {
        let (watched, notice) = {
            let mut inbox = self.cell().lock();
            let Some(kin) = inbox.kin_if_any() else { return };
            (kin.watched.remove(&id), kin.take_back(id, Event::End))
        };
        // With the lock open: in a notice may lie an error of a user's.
        drop(notice);
        watched.into_iter().for_each(|it| it.forget(self.id(), id));
    }

    /// Shares fate with `other`: when one of the two ends in failure, so does the other, as
    /// [`StopReason::Linked`]. A graceful end is not shared.
    ///
    /// If `other` has failed already, so does this actor now. A link does not reach an actor
    /// elsewhere. Restarts are not ends: the link outlives those of either side.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use ghostlight::{Actor, ActorRef, Context, Failure, StopReason, System};
    /// # #[derive(Actor)] struct Reader;
    /// struct Writer { reader: ActorRef<Reader> }
    ///
    /// impl Actor for Writer {
    ///     type Protocol = ();
    ///
    ///     async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
    ///         cx.link(&self.reader);
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # let system = System::new("docs");
    /// let reader = system.spawn(Reader);
    /// let writer = system.spawn(Writer { reader: reader.clone() });
    /// # system.block_on(writer.wait_started()).unwrap();
    /// reader.kill();
    /// let why = system.block_on(writer.wait_stopped());
    /// assert!(matches!(why, StopReason::Linked(first) if first.id == reader.id()));
    /// ```
    pub fn link<B: Actor>(&self, other: &ActorRef<B>) {
        let (me, Ok(peer)) = (self.cell(), other.member()) else { return };
        if peer.id() == me.id {
            return;
        }
        me.lock().kin().links.insert(peer.id(), Arc::downgrade(&peer));
        let this = Arc::downgrade(me) as Weak<dyn Member>;
        if let Err(end) = peer.add_link(me.id, this) {
            me.hear_link(&Terminated::seen(&*peer, &end));
        }
    }

    /// Undoes a link, on both sides.
    pub fn unlink<B: Actor>(&self, other: &ActorRef<B>) {
        let peer = self.cell().lock().kin_if_any().and_then(|it| it.links.remove(&other.id()));
        if let Some(peer) = peer.as_ref().and_then(Weak::upgrade) {
            peer.remove_link(self.id());
        }
    }

    /// Takes the end of a linked actor as a [`Terminated`] from now on, graceful or not, instead of
    /// failing with it. It goes for later incarnations too.
    pub fn trap_links(&self)
    where
        A: Handler<Terminated>,
    {
        let mut inbox = self.cell().lock();
        inbox.kin().traps_links = true;
        inbox.kin().write_notice = Some(write_notice::<A>);
    }

    fn watch_member(&self, id: ActorId, other: &Arc<dyn Member>)
    where
        A: Handler<Terminated>,
    {
        let me = self.cell();
        if !me.note_watch(id, Watched::Here(Arc::downgrade(other))) {
            return;
        }
        let this = Arc::downgrade(me) as Weak<dyn Member>;
        if let Err(end) = other.add_watcher(me.id, this) {
            me.hear(&Terminated::seen(&**other, &end), None);
        }
    }
}

impl<A: Actor> Cell<A> {
    /// Notes whom this actor watches; false if it does so already.
    fn note_watch(&self, id: ActorId, watched: Watched) -> bool
    where
        A: Handler<Terminated>,
    {
        let mut inbox = self.lock();
        let kin = inbox.kin();
        kin.write_notice = Some(write_notice::<A>);
        if kin.watched.contains_key(&id) || kin.has_untold(id, Event::End) {
            return false;
        }
        kin.watched.insert(id, watched);
        true
    }

    /// Hears that one it watches has ended, if it still wants to; from elsewhere, by which watch.
    pub(crate) fn hear(self: &Arc<Self>, notice: &Terminated, by: Option<&Ticket>) {
        let mut inbox = self.lock();
        let Some(kin) = inbox.kin_if_any() else { return };
        if let Some(Watched::Elsewhere(_, current)) = kin.watched.get(&notice.id)
            && by.is_some_and(|it| it != current)
        {
            return;
        }
        let Some(watched) = kin.watched.remove(&notice.id) else { return };
        if kin.traps_links {
            // One end, one notice, however many ties there were.
            kin.links.remove(&notice.id);
        }
        self.take_notice(inbox, notice);
        drop(watched);
    }

    /// Hears that one it is linked to has ended.
    pub(crate) fn hear_link(self: &Arc<Self>, notice: &Terminated) {
        let mut inbox = self.lock();
        let Some(kin) = inbox.kin_if_any() else { return };
        if kin.links.remove(&notice.id).is_none() {
            return;
        }
        if kin.traps_links {
            // One end, one notice, however many ties there were.
            kin.watched.remove(&notice.id);
            return self.take_notice(inbox, notice);
        }
        drop(inbox);
        if notice.why.is_failure() {
            life::order(self, Order::new(Verb::Retire, share(notice)));
        }
    }

    fn take_notice(self: &Arc<Self>, mut inbox: MutexGuard<'_, Inbox<A>>, notice: &Terminated) {
        let kin = inbox.kin();
        let Some(write) = kin.write_notice else { return };
        if !kin.has_untold(notice.id, Event::End) {
            self.note(inbox, notice.id, Event::End, |queue| write(notice.clone(), queue));
        }
    }

    /// Has this actor told of something, before it handles any message.
    pub(crate) fn note(
        self: &Arc<Self>,
        mut inbox: MutexGuard<'_, Inbox<A>>,
        about: ActorId,
        event: Event,
        write: impl FnOnce(&mut Queue<EnvelopeOf<A>>),
    ) {
        let mut written = Queue::default();
        write(&mut written);
        inbox.kin().notices.extend(written.map(|envelope| Notice { about, event, envelope }));
        inbox.be_careful();
        self.raise(inbox, Signals::URGENT);
    }
}

fn write_notice<A: Handler<Terminated>>(notice: Terminated, queue: &mut Queue<EnvelopeOf<A>>) {
    A::Protocol::tell(notice, queue);
}

/// The reason of an end that a linked actor shares: however long the ring, it names who ended first.
fn share(notice: &Terminated) -> StopReason {
    if let StopReason::Linked(_) = &notice.why {
        return notice.why.clone();
    }
    StopReason::Linked(Arc::new(LinkedEnd {
        id: notice.id,
        name: Arc::clone(&notice.name),
        reason: notice.why.clone(),
    }))
}

impl Terminated {
    pub(crate) fn seen(member: &dyn Member, end: &Ended) -> Self {
        Self {
            id: member.id(),
            name: member.name().into(),
            why: end.reason.clone(),
            how: How::Seen,
            at: end.at,
        }
    }
}

impl Watched {
    /// Has it forget its watcher.
    pub(crate) fn forget(self, watcher: ActorId, watched: ActorId) {
        match self {
            Self::Here(member) => {
                if let Some(member) = member.upgrade() {
                    member.remove_watcher(watcher);
                }
            }
            Self::Elsewhere(endpoint, _) => endpoint.unwatch(watcher, watched),
        }
    }
}

/// Who waits for the end of an actor elsewhere; made by [`Context::watch`], for an
/// [`Endpoint`](crate::Endpoint) to tell.
///
/// Dropped without a word, it tells that the actor is presumed to have ended.
///
/// ```
/// use ghostlight_core::{How, StopReason, Watcher};
/// # use ghostlight_rt::Instant;
///
/// /// The other node has said how its actor ended.
/// fn heard(watcher: Watcher, why: StopReason, at: Instant) {
///     watcher.tell(why, How::Seen, at);
/// }
///
/// /// The connection to it is gone.
/// fn lost(watchers: Vec<Watcher>) {
///     drop(watchers);
/// }
/// # _ = (heard as fn(Watcher, StopReason, Instant), lost as fn(Vec<Watcher>));
/// ```
pub struct Watcher {
    to: Option<Weak<dyn Member>>,
    id: ActorId,
    watched: ActorId,
    name: Arc<str>,
    ticket: Ticket,
}

impl Watcher {
    fn new<A: Actor, B: Actor>(cell: &Arc<Cell<A>>, watched: &ActorRef<B>, ticket: Ticket) -> Self {
        let to = Arc::downgrade(cell) as Weak<dyn Member>;
        let name = watched.name().into();
        Self { to: Some(to), id: cell.id, watched: watched.id(), name, ticket }
    }

    /// Who watches.
    #[must_use]
    pub const fn id(&self) -> ActorId {
        self.id
    }

    /// Whose end it waits for.
    #[must_use]
    pub const fn watched(&self) -> ActorId {
        self.watched
    }

    /// Tells that the actor has ended.
    pub fn tell(mut self, why: StopReason, how: How, at: Instant) {
        self.end(why, how, Some(at));
    }

    /// Where nobody says when the end was noticed, it is now.
    fn end(&mut self, why: StopReason, how: How, at: Option<Instant>) {
        if let Some(to) = self.to.take().and_then(|it| it.upgrade()) {
            let (name, at) = (Arc::clone(&self.name), at.unwrap_or_else(|| to.now()));
            let notice = Terminated { id: self.watched, name, why, how, at };
            to.hear(&notice, Some(&self.ticket));
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.end(StopReason::Lost, How::Presumed, None);
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watcher").field("id", &self.id).field("watched", &self.watched).finish()
    }
}

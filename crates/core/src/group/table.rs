//! Who sits in which group.
//!
//! Rules:
//! 1. A seat and the note of it in its actor's kin are made together and unmade together, under the
//!    lock of the groups and, inside it, that of the inbox. Nobody takes the former while holding
//!    the latter.
//! 2. An actor that was told to end takes no more seats, and its end takes those it has away.
//! 3. A change is put into its watchers' boxes under the lock of the groups, so all see the same
//!    order; they are woken after it.
//! 4. Nothing of a user's runs under that lock, and no ref is dropped there.

use std::{
    any::{Any, TypeId, type_name},
    collections::BTreeMap,
    sync::{Arc, Mutex, Weak},
    task::Waker,
};

use super::{GroupChange, GroupInfo, JoinGroupError, change::ChangeBox};
use crate::{ActorId, ActorRef, Handler, Message, Recipient, cell::Cell, sync::lock};

/// Which group.
#[derive(Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Key {
    pub(super) scope: Option<Arc<str>>,
    pub(super) name: Arc<str>,
    message: TypeId,
}

/// The groups an actor is in, and where it sits in each.
pub(crate) type Memberships = BTreeMap<Arc<Key>, u64>;

/// The groups of a system.
#[derive(Default)]
pub(crate) struct Groups(Mutex<Rooms>);

/// The groups that somebody is in or watches.
#[derive(Default)]
struct Rooms(BTreeMap<Arc<Key>, Room>);

/// One of them.
struct Room {
    /// An `Arc<Seats<M>>`.
    seats: Box<dyn AnySeats>,
    message_type: &'static str,
    next: u64,
    watchers: Vec<Arc<ChangeBox>>,
}

/// The members of a group by when they joined.
pub(super) type Seats<M> = BTreeMap<u64, Seat<M>>;

/// A place in a group.
pub(super) struct Seat<M: Message> {
    pub(super) id: ActorId,
    actor: Weak<dyn Reach<M>>,
}

/// The seats of a group of any type.
trait AnySeats: Any + Send {
    fn len(&self) -> usize;
    fn leave(&mut self, seat: u64) -> Option<ActorId>;
}

/// An actor as its groups see it.
trait Reach<M: Message>: Send + Sync {
    fn recipient(self: Arc<Self>) -> Recipient<M>;
    fn try_tell(self: Arc<Self>, message: M) -> bool;
}

impl Key {
    pub(super) fn of<M: Message>(scope: Option<Arc<str>>, name: Arc<str>) -> Self {
        Self { scope, name, message: TypeId::of::<M>() }
    }
}

impl Groups {
    pub(super) fn join<A: Handler<M>, M: Message>(
        &self,
        key: &Arc<Key>,
        cell: &Arc<Cell<A>>,
    ) -> Result<(), JoinGroupError> {
        let mut rooms = lock(&self.0);
        let mut inbox = cell.lock();
        if !inbox.is_open {
            return Err(JoinGroupError::Ended);
        }
        let joined = &mut inbox.kin().groups;
        if joined.contains_key(key) {
            return Ok(());
        }
        let room = rooms.open::<M>(key);
        joined.insert(Arc::clone(key), room.next);
        drop(inbox);
        let woken = room.seat(cell);
        drop(rooms);
        woken.into_iter().for_each(Waker::wake);
        Ok(())
    }

    pub(super) fn leave<A: Handler<M>, M: Message>(&self, key: &Arc<Key>, cell: &Arc<Cell<A>>) {
        let mut rooms = lock(&self.0);
        let seat = cell.lock().kin_if_any().and_then(|it| it.groups.remove(key));
        let Some(seat) = seat else { return };
        let woken = rooms.leave(key, seat);
        drop(rooms);
        woken.into_iter().for_each(Waker::wake);
    }

    /// Takes away the seats of an actor that has ended.
    pub(crate) fn leave_all(&self, joined: &Memberships) {
        if joined.is_empty() {
            return;
        }
        let mut rooms = lock(&self.0);
        let woken: Vec<_> = joined.iter().flat_map(|(key, &seat)| rooms.leave(key, seat)).collect();
        drop(rooms);
        woken.into_iter().for_each(Waker::wake);
    }

    /// Who sits in a group now. Taking a seat later leaves this as it is.
    pub(super) fn seats<M: Message>(&self, key: &Key) -> Arc<Seats<M>> {
        let rooms = lock(&self.0);
        rooms.0.get(key).and_then(Room::seats).map(Arc::clone).unwrap_or_default()
    }

    pub(super) fn watch<M: Message>(&self, key: &Arc<Key>, watcher: Arc<ChangeBox>) {
        let mut rooms = lock(&self.0);
        let room = rooms.open::<M>(key);
        room.watchers.push(watcher);
    }

    pub(super) fn unwatch(&self, key: &Arc<Key>, watcher: &Arc<ChangeBox>) {
        let mut rooms = lock(&self.0);
        if let Some(room) = rooms.0.get_mut(key) {
            room.watchers.retain(|it| !Arc::ptr_eq(it, watcher));
        }
        rooms.forget_if_unused(key);
    }

    pub(super) fn list(&self) -> Vec<GroupInfo> {
        let mut list: Vec<_> = lock(&self.0).0.iter().map(|(key, room)| room.info(key)).collect();
        // By the label at last, since the order of type ids changes from build to build.
        list.sort_by_cached_key(|it| (it.scope.clone(), Arc::clone(&it.name), it.message_type));
        list
    }
}

impl Rooms {
    fn open<M: Message>(&mut self, key: &Arc<Key>) -> &mut Room {
        self.0.entry(Arc::clone(key)).or_insert_with(Room::new::<M>)
    }

    /// Frees a seat, and says whom to wake.
    fn leave(&mut self, key: &Arc<Key>, seat: u64) -> Vec<Waker> {
        let Some(room) = self.0.get_mut(key) else { return Vec::new() };
        let left = room.seats.leave(seat);
        let woken = left.map_or_else(Vec::new, |id| room.tell(GroupChange::Left(id)));
        self.forget_if_unused(key);
        woken
    }

    /// A group that is empty and unwatched leaves nothing behind.
    fn forget_if_unused(&mut self, key: &Arc<Key>) {
        if self.0.get(key).is_some_and(|it| it.seats.len() == 0 && it.watchers.is_empty()) {
            self.0.remove(key);
        }
    }
}

impl Room {
    fn new<M: Message>() -> Self {
        let seats = Box::new(Arc::<Seats<M>>::default());
        Self { seats, message_type: type_name::<M>(), next: 0, watchers: Vec::new() }
    }

    fn seats<M: Message>(&self) -> Option<&Arc<Seats<M>>> {
        (&*self.seats as &dyn Any).downcast_ref()
    }

    /// Gives an actor the next seat, and says whom to wake.
    fn seat<A: Handler<M>, M: Message>(&mut self, cell: &Arc<Cell<A>>) -> Vec<Waker> {
        let actor = Arc::downgrade(cell);
        let seat = Seat::<M> { id: cell.id, actor };
        if let Some(seats) = (&mut *self.seats as &mut dyn Any).downcast_mut::<Arc<Seats<M>>>() {
            Arc::make_mut(seats).insert(self.next, seat);
        }
        self.next += 1;
        self.tell(GroupChange::Joined(cell.id))
    }

    /// Tells the watchers, and says which of them to wake.
    fn tell(&self, change: GroupChange) -> Vec<Waker> {
        self.watchers.iter().filter_map(|it| it.put(change)).collect()
    }

    fn info(&self, key: &Key) -> GroupInfo {
        GroupInfo {
            scope: key.scope.clone(),
            name: Arc::clone(&key.name),
            message_type: self.message_type,
            members: self.seats.len(),
            watchers: self.watchers.len(),
        }
    }
}

impl<M: Message> AnySeats for Arc<Seats<M>> {
    fn len(&self) -> usize {
        Seats::len(self)
    }

    fn leave(&mut self, seat: u64) -> Option<ActorId> {
        // Copied only while somebody is looking at it, so that no broadcast holds up an end.
        Self::make_mut(self).remove(&seat).map(|it| it.id)
    }
}

impl<M: Message> Seat<M> {
    pub(super) fn recipient(&self) -> Option<Recipient<M>> {
        self.actor.upgrade().map(Reach::recipient)
    }

    pub(super) fn try_tell(&self, message: M) -> bool {
        self.actor.upgrade().is_some_and(|it| it.try_tell(message))
    }
}

impl<M: Message> Clone for Seat<M> {
    fn clone(&self) -> Self {
        Self { id: self.id, actor: Weak::clone(&self.actor) }
    }
}

impl<A: Handler<M>, M: Message> Reach<M> for Cell<A> {
    fn recipient(self: Arc<Self>) -> Recipient<M> {
        ActorRef::of(&self).recipient()
    }

    fn try_tell(self: Arc<Self>, message: M) -> bool {
        ActorRef::of(&self).try_tell(message).is_ok()
    }
}

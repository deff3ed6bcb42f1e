//! Who joined a group and who left it, told to whoever subscribed to that.

use std::{
    collections::VecDeque,
    fmt,
    future::poll_fn,
    mem,
    sync::{Arc, Mutex},
    task::{Poll, Waker},
};

use super::table::Key;
use crate::{ActorId, Message, sync::lock, system::Shared};

/// What happened to the membership of a group; from [`GroupChanges`], whose example matches on it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum GroupChange {
    /// This actor came in.
    Joined(ActorId),
    /// This actor left, or has ended.
    Left(ActorId),
    /// So many changes, older than what follows, were lost because nobody took them out in time.
    Missed(u64),
}

/// A subscription to who joins and leaves a group, made by [`Group::changes`](super::Group::changes);
/// dropping it ends it.
///
/// Each change comes once, in order, and the same order to every subscriber. A bounded number waits;
/// past that the oldest goes, and one [`GroupChange::Missed`] stands for all that went.
///
/// To follow a group, subscribe, then read its members once, and apply the changes to that as to a
/// set, where a join or departure that shows in both does no harm; after `Missed`, read the members
/// again.
///
/// ```
/// # extern crate ghostlight_core as ghostlight;
/// # use std::collections::BTreeSet;
/// # use ghostlight::{Actor, Context, GroupChange, Handler, Message, System};
/// # #[derive(Message)] struct Closing;
/// # #[derive(Actor)] #[actor(handles(Closing))] struct Till;
/// # impl Handler<Closing> for Till {
/// #     async fn handle(&mut self, _: Closing, _: &mut Context<'_, Self>) {}
/// # }
/// # let system = System::new("shop");
/// # let till = system.spawn(Till);
/// let tills = system.group::<Closing>("tills");
/// let mut changes = tills.changes(64);
/// let read = || tills.members().iter().map(|it| it.id()).collect::<BTreeSet<_>>();
/// let mut open = read();
///
/// tills.join(&till)?;
/// while let Some(change) = changes.try_recv() {
///     match change {
///         GroupChange::Joined(id) => _ = open.insert(id),
///         GroupChange::Left(id) => _ = open.remove(&id),
///         _ => open = read(),
///     }
/// }
/// assert_eq!(open, BTreeSet::from([till.id()]));
/// # Ok::<_, ghostlight::JoinGroupError>(())
/// ```
pub struct GroupChanges {
    system: Arc<Shared>,
    key: Arc<Key>,
    waiting: Arc<ChangeBox>,
}

/// The box behind a subscription.
pub(super) struct ChangeBox {
    capacity: usize,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    changes: VecDeque<GroupChange>,
    missed: u64,
    waker: Option<Waker>,
}

impl GroupChanges {
    pub(super) fn subscribe<M: Message>(
        system: &Arc<Shared>,
        key: &Arc<Key>,
        capacity: usize,
    ) -> Self {
        let waiting = Arc::new(ChangeBox { capacity: capacity.max(1), inner: Mutex::default() });
        system.groups.watch::<M>(key, Arc::clone(&waiting));
        Self { system: Arc::clone(system), key: Arc::clone(key), waiting }
    }

    /// Waits for the next change, for as long as there is none.
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
    /// # let till = system.spawn(Till);
    /// let tills = system.group::<Closing>("tills");
    /// tills.join(&till)?;
    /// let mut changes = tills.changes(64);
    /// till.stop();
    /// assert_eq!(system.block_on(changes.recv()), GroupChange::Left(till.id()));
    /// # Ok::<_, ghostlight::JoinGroupError>(())
    /// ```
    ///
    /// # Cancel safety
    /// If dropped before it returns, no change was taken.
    pub async fn recv(&mut self) -> GroupChange {
        poll_fn(|cx| {
            let mut inner = lock(&self.waiting.inner);
            if let Some(change) = inner.next() {
                return Poll::Ready(change);
            }
            let before = inner.waker.replace(cx.waker().clone());
            drop(inner);
            drop(before);
            Poll::Pending
        })
        .await
    }

    /// The next change, if there is one now.
    pub fn try_recv(&mut self) -> Option<GroupChange> {
        lock(&self.waiting.inner).next()
    }
}

impl Drop for GroupChanges {
    fn drop(&mut self) {
        self.system.groups.unwatch(&self.key, &self.waiting);
    }
}

impl fmt::Debug for GroupChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = lock(&self.waiting.inner);
        f.debug_struct("GroupChanges")
            .field("group", &self.key.name)
            .field("waiting", &inner.changes.len())
            .field("missed", &inner.missed)
            .finish()
    }
}

impl ChangeBox {
    /// Puts a change in, and says whom to wake.
    pub(super) fn put(&self, change: GroupChange) -> Option<Waker> {
        let mut inner = lock(&self.inner);
        if inner.changes.len() == self.capacity {
            inner.changes.pop_front();
            inner.missed += 1;
        }
        inner.changes.push_back(change);
        inner.waker.take()
    }
}

impl Inner {
    /// What was lost is older than what is here, so it is told first.
    fn next(&mut self) -> Option<GroupChange> {
        match mem::take(&mut self.missed) {
            0 => self.changes.pop_front(),
            missed => Some(GroupChange::Missed(missed)),
        }
    }
}

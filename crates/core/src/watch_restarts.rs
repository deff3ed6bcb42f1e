//! Notice of restarts, for who asks for it; ends are told apart from that, in `watch.rs`.
//!
//! The same rule holds: who watches and who is watched are never locked at once.

use std::{
    collections::BTreeMap,
    sync::{Arc, Weak},
};

use ghostlight_rt::Instant;

use crate::{
    Actor, ActorId, ActorRef, Context, Handler, Message, Protocol, StopReason, cell::Cell,
    core::EnvelopeOf, kin::Event, mailbox::Queue, member::Member,
};

/// Notice that an actor has been started again: a message for whoever
/// [watches its restarts](Context::watch_restarts).
///
/// It goes before all other messages, and no full mailbox keeps it out. Of several restarts that
/// were not told yet, the last is told alone.
///
/// ```
/// # extern crate ghostlight_core as ghostlight;
/// use ghostlight::{Actor, ActorRef, Context, Failure, Handler, Restarted};
///
/// # #[derive(Actor)] struct Worker;
/// struct Feeder { worker: ActorRef<Worker> }
///
/// impl Actor for Feeder {
///     type Protocol = (Restarted,);
///
///     async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
///         cx.watch_restarts(&self.worker);
///         Ok(())
///     }
/// }
///
/// impl Handler<Restarted> for Feeder {
///     async fn handle(&mut self, it: Restarted, cx: &mut Context<'_, Self>) {
///         println!("{} begins anew, incarnation {}: {}", it.name, it.incarnation, it.why);
///         cx.stop();
///     }
/// }
/// # let system = ghostlight::System::new("docs");
/// # let worker = system.supervise(|| Worker, ghostlight::ChildSpec::permanent());
/// # let feeder = system.spawn(Feeder { worker: worker.clone() });
/// # system.block_on(feeder.wait_started()).unwrap();
/// # system.block_on(worker.wait_started()).unwrap();
/// # system.children().restart(worker.id()).unwrap();
/// # system.block_on(feeder.wait_stopped());
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Restarted {
    /// Who has been started again.
    pub id: ActorId,
    /// What it is called.
    pub name: Arc<str>,
    /// The incarnation that has started, counted from zero.
    pub incarnation: u32,
    /// Why the one before ended.
    pub why: StopReason,
    /// When it had started, on the clock of its system.
    pub at: Instant,
}

#[diagnostic::do_not_recommend]
impl Message for Restarted {
    type Reply = ();
}

/// Who is told of whose restarts.
pub(crate) struct RestartWatches<A: Actor> {
    /// Who is told when this one has been started again.
    watchers: BTreeMap<ActorId, Weak<dyn Member>>,
    /// Of whose restarts this one is told.
    watched: BTreeMap<ActorId, Weak<dyn Member>>,
    /// Makes a message of a notice; known from the first watch on.
    write: Option<WriteRestart<A>>,
}

type WriteRestart<A> = fn(Restarted, &mut Queue<EnvelopeOf<A>>);

impl<A: Actor> Default for RestartWatches<A> {
    fn default() -> Self {
        Self { watchers: BTreeMap::new(), watched: BTreeMap::new(), write: None }
    }
}

impl<A: Actor> RestartWatches<A> {
    /// Has both sides forgotten, at the end of the actor with this id.
    pub(crate) fn undo(self, id: ActorId) {
        for watched in self.watched.into_values().filter_map(|it| it.upgrade()) {
            watched.remove_restart_watcher(id);
        }
        for watcher in self.watchers.into_values().filter_map(|it| it.upgrade()) {
            watcher.forget_restarts(id);
        }
    }
}

impl<A: Actor> Context<'_, A> {
    /// Asks for a [`Restarted`] whenever an incarnation of `other` has started in place of another,
    /// from now on. Its end is not told by that; [`watch`](Self::watch) asks for it.
    ///
    /// Watching twice tells once. The watch outlives restarts of this actor, and goes with either
    /// end. Restarts of an actor elsewhere are not told.
    pub fn watch_restarts<B: Actor>(&self, other: &ActorRef<B>)
    where
        A: Handler<Restarted>,
    {
        let (me, Ok(other)) = (self.cell(), other.member()) else { return };
        {
            let mut inbox = me.lock();
            let mine = inbox.kin().restarts.get_or_insert_default();
            mine.write = Some(|notice, queue| A::Protocol::tell(notice, queue));
            mine.watched.insert(other.id(), Arc::downgrade(&other));
        }
        let this = Arc::downgrade(me) as Weak<dyn Member>;
        if !other.add_restart_watcher(me.id, this) {
            me.forget_restarts(other.id());
        }
    }

    /// Takes a watch back: no restart of that actor is told any more, even if one has happened.
    pub fn unwatch_restarts(&self, id: ActorId) {
        let (watched, notice) = {
            let mut inbox = self.cell().lock();
            let Some(kin) = inbox.kin_if_any() else { return };
            let watched = kin.restarts.as_mut().and_then(|it| it.watched.remove(&id));
            (watched, kin.take_back(id, Event::Restart))
        };
        // With the lock open: in a notice may lie an error of a user's.
        drop(notice);
        if let Some(watched) = watched.and_then(|it| it.upgrade()) {
            watched.remove_restart_watcher(self.id());
        }
    }
}

impl<A: Actor> Cell<A> {
    pub(crate) fn add_restart_watcher(&self, id: ActorId, watcher: Weak<dyn Member>) -> bool {
        let mut inbox = self.lock();
        if inbox.is_gone() {
            return false;
        }
        inbox.kin().restarts.get_or_insert_default().watchers.insert(id, watcher);
        true
    }

    pub(crate) fn remove_restart_watcher(&self, id: ActorId) {
        let mut inbox = self.lock();
        let restarts = inbox.kin_if_any().and_then(|it| it.restarts.as_mut());
        let watcher = restarts.and_then(|it| it.watchers.remove(&id));
        drop(inbox);
        drop(watcher);
    }

    /// Tells whoever asked for it that an incarnation has started in place of another.
    pub(crate) fn tell_restart(&self, incarnation: u32, why: StopReason) {
        let watchers: Vec<_> = {
            let mut inbox = self.lock();
            let restarts = inbox.kin_if_any().and_then(|it| it.restarts.as_ref());
            restarts.into_iter().flat_map(|it| it.watchers.values().cloned()).collect()
        };
        if watchers.is_empty() {
            return;
        }
        let (name, at) = (self.name().into(), self.system.runtime.now());
        let notice = Restarted { id: self.id, name, incarnation, why, at };
        for watcher in watchers.into_iter().filter_map(|it| it.upgrade()) {
            watcher.hear_restart(&notice);
        }
    }

    /// Hears of a restart, if it still wants to. One that was not told yet gives way to it.
    pub(crate) fn hear_restart(self: &Arc<Self>, notice: &Restarted) {
        let mut inbox = self.lock();
        let Some(kin) = inbox.kin_if_any() else { return };
        let Some(restarts) = kin.restarts.as_ref() else { return };
        let is_watched = restarts.watched.contains_key(&notice.id);
        let Some(write) = restarts.write.filter(|_| is_watched) else { return };
        let untold = kin.take_back(notice.id, Event::Restart);
        self.note(inbox, notice.id, Event::Restart, |queue| write(notice.clone(), queue));
        drop(untold);
    }

    /// There will be no restarts of this one any more. Those that have happened are told.
    pub(crate) fn forget_restarts(&self, id: ActorId) {
        let mut inbox = self.lock();
        let restarts = inbox.kin_if_any().and_then(|it| it.restarts.as_mut());
        let watched = restarts.and_then(|it| it.watched.remove(&id));
        drop(inbox);
        drop(watched);
    }
}

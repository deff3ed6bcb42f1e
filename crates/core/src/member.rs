//! An actor of any type, as its system, its owner and its peers see it.

use std::{
    sync::{Arc, Weak},
    task::{Context as TaskContext, Poll, Waker},
};

use ghostlight_rt::Instant;

use crate::{
    Actor, ActorId, Counters, Ended, Failure, Restarted, Status, StopReason, Terminated, TurnKind,
    cell::Cell,
    family::Post,
    kin::{Next, Ticket},
    life,
    mailbox::Order,
    observe::Subject,
};

/// An actor of any type, as its system, its owner and its peers see it.
pub(crate) trait Member: Send + Sync {
    fn id(&self) -> ActorId;
    fn name(&self) -> &str;
    /// The name that it was spawned with.
    fn given_name(&self) -> Option<Arc<str>>;
    fn label(&self) -> &'static str;
    fn subject(&self) -> Subject<'_>;
    fn counters(&self) -> Counters;
    fn mailbox_len(&self) -> usize;
    fn peak(&self) -> usize;
    fn status(&self) -> Status;
    /// The turn that has begun last, and the message in it.
    fn turn(&self) -> (TurnKind, Option<&'static str>);
    /// Its place in the family of its owner, if it has one.
    fn post(&self) -> Option<Post>;
    fn shutdown_deadline(&self) -> std::time::Duration;
    /// The clock of its system.
    fn now(&self) -> Instant;

    /// Gives out the room that there is. False if there is none, or nobody waits for it.
    fn let_senders_in(&self) -> bool;
    fn order(self: Arc<Self>, order: Order);
    /// Has its next start fail.
    fn fail_start(&self, failure: Failure);
    /// Lets nobody in, until it is started again.
    fn shut(&self);
    /// Hears what its supervisor has decided.
    fn settle(self: Arc<Self>, next: Next);
    /// Is to look at its children.
    fn nudge(self: Arc<Self>);
    fn poll_ended(&self, cx: &TaskContext<'_>) -> Poll<StopReason>;

    /// Tells `watcher` when this one ends; if it has, how.
    fn add_watcher(&self, id: ActorId, watcher: Weak<dyn Member>) -> Result<(), Arc<Ended>>;
    fn remove_watcher(&self, id: ActorId);
    /// Hears that one it watches has ended; from elsewhere, by which of its watches.
    fn hear(self: Arc<Self>, notice: &Terminated, by: Option<&Ticket>);
    /// Shares its failures with `peer`; if it has ended, how.
    fn add_link(&self, id: ActorId, peer: Weak<dyn Member>) -> Result<(), Arc<Ended>>;
    fn remove_link(&self, id: ActorId);
    /// Hears that one it is linked to has ended.
    fn hear_link(self: Arc<Self>, notice: &Terminated);
    /// Tells `watcher` of restarts; false if there will be none.
    fn add_restart_watcher(&self, id: ActorId, watcher: Weak<dyn Member>) -> bool;
    fn remove_restart_watcher(&self, id: ActorId);
    /// Hears that one whose restarts it watches has started again.
    fn hear_restart(self: Arc<Self>, notice: &Restarted);
    /// Hears that there will be no restarts of this one any more.
    fn forget_restarts(&self, id: ActorId);
}

impl<A: Actor> Member for Cell<A> {
    fn id(&self) -> ActorId {
        self.id
    }

    fn name(&self) -> &str {
        Self::name(self)
    }

    fn given_name(&self) -> Option<Arc<str>> {
        self.settings.name.clone()
    }

    fn label(&self) -> &'static str {
        A::label()
    }

    fn subject(&self) -> Subject<'_> {
        Self::subject(self)
    }

    fn counters(&self) -> Counters {
        Self::counters(self)
    }

    fn mailbox_len(&self) -> usize {
        self.lock().waiting(self.left())
    }

    fn peak(&self) -> usize {
        self.lock().peak(&self.settings.mailbox)
    }

    fn status(&self) -> Status {
        Self::status(self)
    }

    fn turn(&self) -> (TurnKind, Option<&'static str>) {
        Self::turn(self)
    }

    fn post(&self) -> Option<Post> {
        self.lock().kin_if_any()?.post.clone()
    }

    fn shutdown_deadline(&self) -> std::time::Duration {
        self.settings.shutdown
    }

    fn now(&self) -> Instant {
        self.system.runtime.now()
    }

    fn fail_start(&self, failure: Failure) {
        self.lock().kin().start_failure = Some(Box::new(failure));
    }

    fn let_senders_in(&self) -> bool {
        let admitted = self.lock().admit_senders(&self.settings.mailbox, self.left());
        let is_any = !admitted.is_empty();
        admitted.into_iter().for_each(Waker::wake);
        is_any
    }

    fn order(self: Arc<Self>, order: Order) {
        life::order(&self, order);
    }

    fn shut(&self) {
        life::shut(self);
    }

    fn settle(self: Arc<Self>, next: Next) {
        life::settle(&self, next);
    }

    fn nudge(self: Arc<Self>) {
        life::nudge(&self);
    }

    fn poll_ended(&self, cx: &TaskContext<'_>) -> Poll<StopReason> {
        Self::poll_ended(self, cx)
    }

    fn add_watcher(&self, id: ActorId, watcher: Weak<dyn Member>) -> Result<(), Arc<Ended>> {
        let mut inbox = self.lock();
        if let Some(end) = inbox.end() {
            return Err(Arc::clone(end));
        }
        inbox.kin().watchers.insert(id, watcher);
        Ok(())
    }

    fn remove_watcher(&self, id: ActorId) {
        let watcher = self.lock().kin_if_any().and_then(|it| it.watchers.remove(&id));
        drop(watcher);
    }

    fn hear(self: Arc<Self>, notice: &Terminated, by: Option<&Ticket>) {
        Self::hear(&self, notice, by);
    }

    fn add_link(&self, id: ActorId, peer: Weak<dyn Member>) -> Result<(), Arc<Ended>> {
        let mut inbox = self.lock();
        if let Some(end) = inbox.end() {
            return Err(Arc::clone(end));
        }
        inbox.kin().links.insert(id, peer);
        Ok(())
    }

    fn remove_link(&self, id: ActorId) {
        let peer = self.lock().kin_if_any().and_then(|it| it.links.remove(&id));
        drop(peer);
    }

    fn hear_link(self: Arc<Self>, notice: &Terminated) {
        Self::hear_link(&self, notice);
    }

    fn add_restart_watcher(&self, id: ActorId, watcher: Weak<dyn Member>) -> bool {
        Self::add_restart_watcher(self, id, watcher)
    }

    fn remove_restart_watcher(&self, id: ActorId) {
        Self::remove_restart_watcher(self, id);
    }

    fn hear_restart(self: Arc<Self>, notice: &Restarted) {
        Self::hear_restart(&self, notice);
    }

    fn forget_restarts(&self, id: ActorId) {
        Self::forget_restarts(self, id);
    }
}

//! Ends that come from outside, by id: what a test plants.

use crate::{
    ActorId, Failure, StopReason, System,
    mailbox::{Order, Verb},
};

impl System {
    /// Fails the incarnation of this actor that runs now, as if a turn of its own had failed: what
    /// follows is for its supervisor to decide. False if there is no such actor.
    ///
    /// A handler that waits for something is cut as it would be by a restart.
    ///
    /// ```
    /// # use ghostlight_core as ghostlight;
    /// # use ghostlight::{Actor, ChildSpec, Failure, System};
    /// # struct Idle;
    /// # impl Actor for Idle { type Protocol = (); }
    /// # let system = System::new("docs");
    /// let idle = system.spawn(Idle);
    /// assert!(system.inject_failure(idle.id(), Failure::recoverable("as a test")));
    /// let end = system.block_on(idle.wait_stopped());
    /// assert_eq!(end.failure().unwrap().to_string(), "as a test");
    /// ```
    pub fn inject_failure(&self, id: ActorId, failure: impl Into<Failure>) -> bool {
        self.give(id, Order::new(Verb::Retire, StopReason::Failed(failure.into())))
    }

    /// Has the next start of this actor fail: before its state is built, so that nothing of it has
    /// happened. Of no effect on one that is not started again, or was spawned with its state. False if
    /// there is no such actor.
    ///
    /// ```
    /// # use ghostlight_core as ghostlight;
    /// # use ghostlight::{Actor, ChildSpec, Failure, System};
    /// # #[derive(Default)] struct Disk;
    /// # impl Actor for Disk { type Protocol = (); }
    /// # let system = System::new("docs");
    /// let disk = system.supervise(Disk::default, ChildSpec::permanent());
    /// assert!(system.inject_start_failure(disk.id(), Failure::recoverable("not there")));
    /// ```
    pub fn inject_start_failure(&self, id: ActorId, failure: impl Into<Failure>) -> bool {
        let member = self.shared().find(id);
        member.is_some_and(|it| {
            it.fail_start(failure.into());
            true
        })
    }

    /// Kills this actor, as [`ActorRef::kill`](crate::ActorRef::kill) does. False if there is no
    /// such actor.
    #[expect(clippy::must_use_candidate, reason = "it kills, whether anybody asks or not")]
    pub fn inject_kill(&self, id: ActorId) -> bool {
        self.give(id, Order::new(Verb::Kill, StopReason::Killed))
    }

    fn give(&self, id: ActorId, order: Order) -> bool {
        let member = self.shared().find(id);
        member.is_some_and(|it| {
            it.order(order);
            true
        })
    }
}

//! Where messages go: the only thing with a form here and a form elsewhere.

use std::{
    any::{Any, type_name},
    sync::{Arc, Weak},
    task::{Context as TaskContext, Poll},
};

use ghostlight_rt::{Instant, Runtime};

use crate::{
    ActorId, DeadReason, Handler, Message, Priority, Refused, ReplyPort, Watcher, WireName,
    ask::{NEVER, Tried, ask_on_caller},
    budget::Budget,
    cell::Cell,
    mailbox::Place,
    protocol::Letter,
    system::Shared,
};

/// Where the messages for an actor go that is not a cell in this process: the seam for networks.
///
/// An [`ActorRef`](crate::ActorRef) made of one with
/// [`from_endpoint`](crate::ActorRef::from_endpoint) behaves like any other.
pub trait Endpoint: Send + Sync + 'static {
    /// The identity of the actor, with an origin that is not that of a system here.
    fn id(&self) -> ActorId;

    /// What it is called.
    fn name(&self) -> &str;

    /// Takes the message out of the parcel, or refuses and leaves it there. Never waits.
    ///
    /// # Errors
    /// Why it was not taken; its sender gets it back with that.
    fn deliver(&self, parcel: &mut Outbound<'_>) -> Result<(), Refused>;

    /// Whether messages may be sent, as far as is known here.
    fn is_alive(&self) -> bool;

    /// The surroundings in which askers wait.
    fn runtime(&self) -> &Runtime;

    /// Tells `watcher` when the actor has ended, or is presumed to have.
    ///
    /// By default it is dropped at once, which presumes so: whoever cannot watch must not pretend to.
    fn watch(&self, watcher: Watcher) {
        drop(watcher);
    }

    /// Forgets a watch: the watcher does not want to know any more, or has ended itself.
    fn unwatch(&self, watcher: ActorId, watched: ActorId) {
        _ = (watcher, watched);
    }
}

/// A message on its way to an [`Endpoint`]: in place, so that it can stay with its sender.
pub struct Outbound<'a> {
    /// An `Option<M>`.
    message: &'a mut dyn Any,
    /// An `Option<ReplyPort<M::Reply>>`, for an ask.
    reply: Option<&'a mut dyn Any>,
    type_name: &'static str,
    wire: Option<WireName>,
    deadline: Option<Instant>,
}

impl Outbound<'_> {
    /// Takes the message, if it is an `M`.
    pub fn take<M: Message>(&mut self) -> Option<M> {
        self.message.downcast_mut::<Option<M>>()?.take()
    }

    /// Takes the right to answer, if the message is an `M` and was asked.
    pub fn take_reply<M: Message>(&mut self) -> Option<ReplyPort<M::Reply>> {
        if !self.message.is::<Option<M>>() {
            return None;
        }
        self.reply.as_mut()?.downcast_mut::<Option<ReplyPort<M::Reply>>>()?.take()
    }

    /// Its type, as a label.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        self.type_name
    }

    /// Its name on a wire; without one it must not leave the process.
    #[must_use]
    pub const fn wire(&self) -> Option<WireName> {
        self.wire
    }

    /// When its asker stops waiting, where that was said.
    #[must_use]
    pub const fn deadline(&self) -> Option<Instant> {
        self.deadline
    }
}

impl std::fmt::Debug for Outbound<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbound").field("type_name", &self.type_name).finish_non_exhaustive()
    }
}

/// Something that takes messages of type `M`: an [`ActorRef`](crate::ActorRef) or a
/// [`Recipient`](crate::Recipient). Sealed; implement [`Endpoint`] to stand in for an actor.
pub trait Deliver<M: Message>: sealed::Way<M> {}

pub(crate) mod sealed {
    use super::*;

    /// The one path of every tell and ask.
    pub trait Way<M: Message>: Send + Sync {
        /// Handles the message on the calling thread, if the actor is idle.
        #[doc(hidden)]
        fn try_on_caller(&self, message: &mut Option<M>, budget: Budget) -> Tried<M>;

        /// Tells without waiting, if that takes no closer look.
        #[doc(hidden)]
        fn try_tell_plainly(&self, message: &mut Option<M>) -> bool;

        /// Sends without waiting. What is not taken stays in `letter`.
        #[doc(hidden)]
        fn offer(&self, letter: &mut Option<Letter<M>>, priority: Priority) -> Result<(), Refused>;

        /// Sends, or stands in line for room. What is not taken stays in `letter`.
        #[doc(hidden)]
        fn poll_offer(
            &self,
            letter: &mut Option<Letter<M>>,
            priority: Priority,
            place: &mut Place,
            cx: &mut TaskContext<'_>,
        ) -> Poll<Result<(), Refused>>;

        /// Leaves the line.
        #[doc(hidden)]
        fn leave_line(&self, place: &mut Place);

        /// The same way once more, as a ref that counts.
        #[doc(hidden)]
        fn again(&self) -> Arc<dyn Way<M>>;

        /// The same way once more, as one that does not count.
        #[doc(hidden)]
        fn weak(&self) -> Box<dyn WeakWay<M>>;

        /// Whether whoever handles such a message only reads its state, as far as is known here.
        #[doc(hidden)]
        fn is_read(&self) -> bool {
            false
        }

        /// How long an ask waits by default.
        #[doc(hidden)]
        fn patience(&self) -> Patience;

        /// Where waits for the actor are noted, if it is here.
        #[doc(hidden)]
        fn place(&self) -> Option<(&Arc<Shared>, ActorId)>;

        /// Counts a message that was not let in, because waiting for it would have closed a circle.
        #[doc(hidden)]
        fn count_refused(&self);

        /// A message that nobody is left to hand back to.
        #[doc(hidden)]
        fn bury(&self, message: M, reason: DeadReason);

        #[doc(hidden)]
        fn runtime(&self) -> &Runtime;

        #[doc(hidden)]
        fn is_alive(&self) -> bool;
    }

    /// A way that keeps nobody alive.
    pub trait WeakWay<M: Message>: Send + Sync {
        /// A way that counts again, if there is still anybody at its end.
        fn upgrade(&self) -> Option<Arc<dyn Way<M>>>;
    }
}

impl<A: Handler<M>, M: Message> sealed::WeakWay<M> for Weak<Cell<A>> {
    fn upgrade(&self) -> Option<Arc<dyn sealed::Way<M>>> {
        Some(Arc::new(Self::upgrade(self)?))
    }
}

impl<M: Message> sealed::WeakWay<M> for Weak<dyn Endpoint> {
    fn upgrade(&self) -> Option<Arc<dyn sealed::Way<M>>> {
        Some(Arc::new(Self::upgrade(self)?))
    }
}

/// How long an ask waits where the call does not say.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum Patience {
    /// The system ends it at this tick.
    Until(u32),
    /// The asker ends it after this time.
    For(std::time::Duration),
    Forever,
}

impl<A: Handler<M>, M: Message> sealed::Way<M> for Arc<Cell<A>> {
    fn try_on_caller(&self, message: &mut Option<M>, budget: Budget) -> Tried<M> {
        ask_on_caller(self, message, budget)
    }

    #[inline]
    fn try_tell_plainly(&self, message: &mut Option<M>) -> bool {
        Cell::tell(self, message)
    }

    fn offer(&self, letter: &mut Option<Letter<M>>, priority: Priority) -> Result<(), Refused> {
        Cell::offer(self, letter, priority)
    }

    fn poll_offer(
        &self,
        letter: &mut Option<Letter<M>>,
        priority: Priority,
        place: &mut Place,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Result<(), Refused>> {
        Cell::poll_offer(self, letter, priority, place, cx)
    }

    fn leave_line(&self, place: &mut Place) {
        Cell::leave_line(self, place);
    }

    fn again(&self) -> Arc<dyn sealed::Way<M>> {
        Arc::new(Self::clone(self))
    }

    fn weak(&self) -> Box<dyn sealed::WeakWay<M>> {
        Box::new(Self::downgrade(self))
    }

    fn is_read(&self) -> bool {
        A::READS.is_some()
    }

    fn patience(&self) -> Patience {
        self.system.patience(M::DEADLINE.unwrap_or(self.settings.ask_deadline))
    }

    fn place(&self) -> Option<(&Arc<Shared>, ActorId)> {
        Some((&self.system, self.id))
    }

    fn count_refused(&self) {
        Cell::count_refused(self, self.lock());
    }

    fn bury(&self, message: M, reason: DeadReason) {
        self.bury_one(message, reason);
    }

    fn runtime(&self) -> &Runtime {
        &self.system.runtime
    }

    fn is_alive(&self) -> bool {
        self.lock().is_open
    }
}

impl<A: Handler<M>, M: Message> Deliver<M> for Arc<Cell<A>> {}

impl<M: Message> sealed::Way<M> for Arc<dyn Endpoint> {
    fn try_on_caller(&self, _: &mut Option<M>, _: Budget) -> Tried<M> {
        Tried::NotNow
    }

    fn try_tell_plainly(&self, _: &mut Option<M>) -> bool {
        false
    }

    fn offer(&self, letter: &mut Option<Letter<M>>, _: Priority) -> Result<(), Refused> {
        let mut outbound = Outbound {
            message: &mut None::<M>,
            reply: None,
            type_name: type_name::<M>(),
            wire: M::WIRE,
            deadline: None,
        };
        match letter.take() {
            None => Ok(()),
            Some(Letter::Tell(message)) => {
                let mut message = Some(message);
                outbound.message = &mut message;
                let sent = self.deliver(&mut outbound);
                *letter = message.map(Letter::Tell);
                sent
            }
            Some(Letter::Ask(ask)) => {
                // An asker that has left already takes its message along.
                let Ok(message) = ask.begin() else { return Ok(()) };
                let (mut message, mut reply) =
                    (Some(message), Some(ReplyPort::to(Some(Arc::clone(&ask) as Arc<_>))));
                outbound.message = &mut message;
                outbound.reply = Some(&mut reply);
                outbound.deadline = ask.deadline();
                let sent = self.deliver(&mut outbound);
                if let (Err(why), Some(message)) = (sent, message) {
                    drop(reply.map(ReplyPort::into_asker));
                    ask.hand_back(why, message);
                }
                Ok(())
            }
        }
    }

    fn poll_offer(
        &self,
        letter: &mut Option<Letter<M>>,
        priority: Priority,
        _: &mut Place,
        _: &mut TaskContext<'_>,
    ) -> Poll<Result<(), Refused>> {
        Poll::Ready(sealed::Way::offer(self, letter, priority))
    }

    fn leave_line(&self, _: &mut Place) {}

    fn again(&self) -> Arc<dyn sealed::Way<M>> {
        Arc::new(Self::clone(self))
    }

    fn weak(&self) -> Box<dyn sealed::WeakWay<M>> {
        Box::new(Self::downgrade(self))
    }

    fn patience(&self) -> Patience {
        Patience::For(M::DEADLINE.unwrap_or(std::time::Duration::from_secs(5)))
    }

    fn place(&self) -> Option<(&Arc<Shared>, ActorId)> {
        None
    }

    fn count_refused(&self) {}

    fn bury(&self, message: M, reason: DeadReason) {
        _ = (message, reason);
    }

    fn runtime(&self) -> &Runtime {
        Endpoint::runtime(&**self)
    }

    fn is_alive(&self) -> bool {
        Endpoint::is_alive(&**self)
    }
}

impl<M: Message> Deliver<M> for Arc<dyn Endpoint> {}

impl Patience {
    pub(crate) const fn due(self) -> u32 {
        match self {
            Self::Until(tick) => tick,
            Self::For(_) | Self::Forever => NEVER,
        }
    }
}

//! A handle to an actor, known by one of its messages alone.

use std::{
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
    task::{Context as TaskContext, Poll},
};

use ghostlight_rt::Runtime;

use crate::{
    ActorId, Ask, DeadReason, Message, Priority, Refused, Tell, TellError,
    ask::Tried,
    budget::Budget,
    endpoint::{
        Deliver, Patience,
        sealed::{Way, WeakWay},
    },
    mailbox::Place,
    protocol::Letter,
    system::Shared,
};

/// A handle to any actor that handles `M`, wherever it is. Made by
/// [`ActorRef::recipient`](crate::ActorRef::recipient).
///
/// ```
/// # extern crate ghostlight_core as ghostlight;
/// use ghostlight::{Actor, Context, Handler, Message, Recipient, System};
///
/// #[derive(Message)]
/// #[message(reply = usize)]
/// struct Line(String);
///
/// #[derive(Actor)]
/// #[actor(handles(Line))]
/// struct Printer;
/// impl Handler<Line> for Printer {
///     async fn handle(&mut self, Line(text): Line, _: &mut Context<'_, Self>) -> usize {
///         text.len()
///     }
/// }
///
/// let system = System::new("office");
/// let anyone: Vec<Recipient<Line>> = vec![system.spawn(Printer).recipient()];
/// let printed = system.block_on(async { anyone[0].ask(Line("hello".into())).await });
/// assert_eq!(printed.unwrap(), 5);
/// ```
pub struct Recipient<M: Message> {
    way: Arc<dyn Way<M>>,
    id: ActorId,
}

impl<M: Message> Recipient<M> {
    pub(crate) const fn new(way: Arc<dyn Way<M>>, id: ActorId) -> Self {
        Self { way, id }
    }

    /// The identity of the actor.
    #[must_use]
    pub const fn id(&self) -> ActorId {
        self.id
    }

    /// Whether the actor takes messages: true from spawning until it is told to end, or fails.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.way.is_alive()
    }

    /// Sends a message; as [`ActorRef::tell`](crate::ActorRef::tell).
    pub fn tell(&self, message: M) -> Tell<'_, M, Self> {
        Tell::new(self, message)
    }

    /// Sends a message if there is room now; as [`ActorRef::try_tell`](crate::ActorRef::try_tell).
    ///
    /// # Errors
    /// Gives the message back if there is none, or the actor has ended.
    pub fn try_tell(&self, message: M) -> Result<(), TellError<M>> {
        Tell::new(self, message).now()
    }

    /// Sends a message whose reply is awaited; as [`ActorRef::ask`](crate::ActorRef::ask).
    pub fn ask(&self, message: M) -> Ask<'_, M, Self> {
        Ask::new(self, message)
    }
}

impl<M: Message> Deliver<M> for Recipient<M> {}

impl<M: Message> Way<M> for Recipient<M> {
    fn is_alive(&self) -> bool {
        self.way.is_alive()
    }

    fn try_on_caller(&self, message: &mut Option<M>, budget: Budget) -> Tried<M> {
        self.way.try_on_caller(message, budget)
    }

    fn try_tell_plainly(&self, message: &mut Option<M>) -> bool {
        self.way.try_tell_plainly(message)
    }

    fn offer(&self, letter: &mut Option<Letter<M>>, priority: Priority) -> Result<(), Refused> {
        self.way.offer(letter, priority)
    }

    fn poll_offer(
        &self,
        letter: &mut Option<Letter<M>>,
        priority: Priority,
        place: &mut Place,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Result<(), Refused>> {
        self.way.poll_offer(letter, priority, place, cx)
    }

    fn leave_line(&self, place: &mut Place) {
        self.way.leave_line(place);
    }

    fn again(&self) -> Arc<dyn Way<M>> {
        self.way.again()
    }

    fn weak(&self) -> Box<dyn WeakWay<M>> {
        self.way.weak()
    }

    fn is_read(&self) -> bool {
        self.way.is_read()
    }

    fn patience(&self) -> Patience {
        self.way.patience()
    }

    fn place(&self) -> Option<(&Arc<Shared>, ActorId)> {
        self.way.place()
    }

    fn count_refused(&self) {
        self.way.count_refused();
    }

    fn bury(&self, message: M, reason: DeadReason) {
        self.way.bury(message, reason);
    }

    fn runtime(&self) -> &Runtime {
        self.way.runtime()
    }
}

impl<M: Message> Clone for Recipient<M> {
    fn clone(&self) -> Self {
        Self { way: self.way.again(), id: self.id }
    }
}

impl<M: Message> PartialEq for Recipient<M> {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl<M: Message> Eq for Recipient<M> {}

impl<M: Message> Hash for Recipient<M> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl<M: Message> fmt::Debug for Recipient<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({})", self.id)
    }
}

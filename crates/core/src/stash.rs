//! Messages that are set aside until the actor is in a state to handle them.

use crate::{
    Actor, Context, DeadReason, Handler, Message, Overflow, Refused,
    ask::{AskCell, NotBegun, Skipped},
    cell::Cell,
    core::EnvelopeOf,
    here,
    mailbox::{Inbox, Queue},
    protocol::Letter,
    signal::Signals,
};

/// How many messages an actor may set aside whose mailbox has no bound.
const ROOM: usize = 1000;

/// What an actor has set aside; made when it does so for the first time.
///
/// A message that lies here waits like one in the mailbox, and is counted so.
pub(crate) struct Stash<A: Actor> {
    /// In the order in which they were set aside.
    aside: Queue<EnvelopeOf<A>>,
    /// To be handled before all others of normal priority, once the running turn is over.
    back: Queue<EnvelopeOf<A>>,
}

impl<A: Actor> Default for Stash<A> {
    fn default() -> Self {
        Self { aside: Queue::default(), back: Queue::default() }
    }
}

impl<A: Actor> Stash<A> {
    pub(crate) fn len(&self) -> usize {
        self.aside.len() + self.back.len()
    }

    /// Whether something is to be handled next.
    pub(crate) fn is_back(&self) -> bool {
        !self.back.is_empty()
    }
}

impl<A: Actor> Context<'_, A> {
    /// Sets `message` aside, with whoever waits for its reply, and ends the turn here: until
    /// [`unstash_all`](Self::unstash_all) it is as if it still waited to be handled. Await it as the
    /// last thing; what it seems to return never comes.
    ///
    /// It is for the message that is being handled, and an actor that cannot handle it in the state
    /// that it is in: write those states as an enum, with the data of each, and let a handler decide
    /// by matching on it. (`examples/connection` is a whole program in this form.)
    ///
    /// At most as many messages are set aside as the mailbox holds, 1000 if that is unbounded. Past
    /// that an asker is refused with [`Refused::Full`] and gets its message back, and a message
    /// that was told becomes a dead letter. What is set aside when the actor ends is buried with
    /// what waits, before it; after a restart it is the first to be handled.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use ghostlight::{Actor, Context, Handler, Message, System};
    /// # #[derive(Message)] #[message(reply = usize)] struct Send(&'static str);
    /// # #[derive(Message)] struct Connected;
    /// #[derive(Actor)]
    /// #[actor(handles(Send, Connected))]
    /// enum Line {
    ///     Connecting,
    ///     Open { sent: usize },
    /// }
    ///
    /// impl Handler<Send> for Line {
    ///     async fn handle(&mut self, message: Send, cx: &mut Context<'_, Self>) -> usize {
    ///         match self {
    ///             Self::Connecting => cx.stash(message).await,
    ///             Self::Open { sent } => {
    ///                 *sent += message.0.len();
    ///                 *sent
    ///             }
    ///         }
    ///     }
    /// }
    ///
    /// impl Handler<Connected> for Line {
    ///     async fn handle(&mut self, _: Connected, cx: &mut Context<'_, Self>) {
    ///         *self = Self::Open { sent: 0 };
    ///         cx.unstash_all();
    ///     }
    /// }
    ///
    /// let system = System::new("phone");
    /// let line = system.spawn(Line::Connecting);
    /// system.block_on(async {
    ///     line.tell(Send("hello")).await.unwrap();
    ///     line.tell(Connected).await.unwrap();
    ///     assert_eq!(line.ask(Send("you")).await.unwrap(), 8);
    /// });
    /// ```
    ///
    /// # Panics
    /// In a hook, which handles no message; and if the reply of `M` is not that of the message being
    /// handled: returning it makes sure that it is.
    ///
    /// # Cancel safety
    /// The message is set aside at the first poll; dropped before that, the turn goes on.
    pub async fn stash<M: Message>(&mut self, message: M) -> M::Reply
    where
        A: Handler<M>,
    {
        assert!(!self.is_hook(), "a hook handles no message that could be set aside");
        let asker =
            self.take_asker_or(|| AskCell::<M>::running(here::purpose().watched_elsewhere()));
        let letter = match asker {
            Some(asker) => Letter::Ask(AskCell::again(message, asker, here::purpose())),
            None => Letter::Tell(message),
        };
        set_aside(self.cell(), letter);
        self.leave().await
    }

    /// Has everything handled that was set aside, in the order in which that was done: after this
    /// turn, and before any other message of normal priority.
    ///
    /// See [`stash`](Self::stash) for an example.
    pub fn unstash_all(&self) {
        restore(self.cell(), &mut self.cell().lock());
    }

    /// How many messages are set aside.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use ghostlight::{Actor, Context};
    /// fn is_far_behind<A: Actor>(cx: &Context<'_, A>) -> bool {
    ///     cx.stash_len() > 100
    /// }
    /// ```
    #[must_use]
    pub fn stash_len(&self) -> usize {
        self.cell().lock().stash().map_or(0, |it| it.aside.len())
    }
}

/// Sets the message of the running turn aside, or refuses it. Called by whoever owns the core.
fn set_aside<A: Handler<M>, M: Message>(cell: &Cell<A>, letter: Letter<M>) {
    let room = cell.settings.mailbox.capacity().map_or(ROOM, |it| it.get() as usize);
    let mut inbox = cell.lock();
    // Its turn, which was counted, is not the one that handles it.
    cell.uncount_turn();
    let stash = inbox.kin().stash.get_or_insert_default();
    if stash.aside.len() < room {
        letter.post::<A>(&mut stash.aside);
        return;
    }
    drop(inbox);
    refuse(cell, letter);
}

#[cold]
fn refuse<A: Actor, M: Message>(cell: &Cell<A>, letter: Letter<M>) {
    match letter {
        Letter::Tell(message) => {
            cell.lock().rare().losses.dropped_inside += 1;
            cell.bury_one(message, DeadReason::Overflow(Overflow::Reject));
        }
        Letter::Ask(ask) => match ask.begin() {
            Ok(message) => {
                cell.count_skipped(Skipped::Returned);
                ask.hand_back(Refused::Full, message);
            }
            Err(NotBegun::Skipped(skipped)) => cell.count_skipped(skipped),
            Err(NotBegun::Orphaned(message)) => {
                cell.count_skipped(Skipped::Dead);
                cell.bury_one(message, DeadReason::Withdrawn);
            }
        },
    }
}

/// Has what was set aside handled next: for the running incarnation, or the one that comes.
///
/// Called by whoever owns the core, or has just made a new one.
pub(crate) fn restore<A: Actor>(cell: &Cell<A>, inbox: &mut Inbox<A>) {
    let Some(stash) = inbox.kin_if_any().and_then(|it| it.stash.as_mut()) else { return };
    while let Some(envelope) = stash.aside.pop_front() {
        stash.back.push_back(envelope);
    }
    if stash.is_back() {
        inbox.be_careful();
        cell.signals().raise(Signals::URGENT);
    }
}

/// Puts what is to be handled next in front of what was taken from the queue.
pub(crate) fn bring_back<A: Actor>(inbox: &mut Inbox<A>, batch: &mut Queue<EnvelopeOf<A>>) {
    let Some(slot) = inbox.kin_if_any().map(|it| &mut it.stash) else { return };
    let Some(stash) = slot else { return };
    while let Some(envelope) = stash.back.pop_back() {
        batch.push_front(envelope);
    }
    if stash.aside.is_empty() {
        *slot = None;
    }
}

/// Everything that was set aside, at the end of the actor.
pub(crate) fn take<A: Actor>(inbox: &mut Inbox<A>) -> impl Iterator<Item = EnvelopeOf<A>> + use<A> {
    let stash = inbox.kin_if_any().and_then(|it| it.stash.take());
    stash.into_iter().flat_map(|it| it.back.chain(it.aside))
}

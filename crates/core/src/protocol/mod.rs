//! How messages of many types travel in one queue without a box.
//!
//! An actor lists its messages as a tuple: `type Protocol = (Withdraw, Balance);`. For each length
//! there is an enum of envelopes in `tuples.rs`, with two variants a message (told, asked) and
//! one box for messages that are handled without being listed. The loop that opens them awaits
//! each handler in an arm of its own `match`, so that all handlers of an actor share one future,
//! made once.
//!
//! That loop stands in `serve.rs`; read it first.

mod boxed;
mod letter;
mod serve;
mod slot;
mod tuples;

use std::{any::Any, future::Future, pin::Pin, sync::Arc};

pub use boxed::Parcel;
pub use letter::{Buried, Letter, Remains};
pub(crate) use serve::{begin, look_around, serve, unless_left};
pub use slot::{Boxed, Choose, Fit, Slot};

use ghostlight_rt::BoxFuture;

use crate::{
    Actor, Failure, Handler, Message, MessageType, ReadContext, ask::AskCell, lend::Host,
    mailbox::Queue, reads::Read, waits::WaitId,
};

/// The turn loop of an actor: a future that never ends, made on first use.
pub(crate) type Turns = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A list of messages: a tuple of at most sixteen, empty for an actor that lists nothing.
///
/// A message of more than five words is best wrapped in [`Boxed`], which the derive does by
/// itself: every queued message takes the room of the largest.
///
/// Implemented for tuples here and nowhere else; its methods are not for calling.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a protocol that `{A}` can have",
    label = "not a protocol",
    note = "list messages that `{A}` handles in a tuple, such as `(Ping,)`; `()` lists none"
)]
pub trait Protocol<A: Actor>: Sized + 'static {
    #[doc(hidden)]
    type Envelope: Send + 'static;
    #[doc(hidden)]
    type Answer: Default + Send + 'static;

    #[doc(hidden)]
    fn surface() -> Vec<MessageType>;

    /// Puts a message at the end of a queue, in an envelope that is made in place.
    #[doc(hidden)]
    fn tell<M: Message>(message: M, queue: &mut Queue<Self::Envelope>)
    where
        A: Handler<M>;

    /// Puts a request at the end of a queue.
    #[doc(hidden)]
    fn ask<M: Message>(ask: Arc<AskCell<M>>, queue: &mut Queue<Self::Envelope>)
    where
        A: Handler<M>;

    /// Puts a message that is boxed already into an envelope.
    #[doc(hidden)]
    fn parcel(parcel: Box<dyn Parcel<A>>) -> Self::Envelope;

    /// The type of the message in an envelope, as a label.
    #[doc(hidden)]
    fn message_type(envelope: &Self::Envelope) -> &'static str;

    /// The wait of whoever asks, if that is an actor.
    #[doc(hidden)]
    fn wait(envelope: &Self::Envelope) -> WaitId;

    /// Whether handling it only reads the state.
    #[doc(hidden)]
    fn is_read(envelope: &Self::Envelope) -> bool;

    /// Begins a read beside others; nothing, if its asker has taken it back.
    #[doc(hidden)]
    fn read<'h>(envelope: Self::Envelope, actor: &'h A, cx: ReadContext<'h, A>)
    -> Option<Read<'h>>;

    /// Handles a message inside a turn that has lent the actor.
    #[doc(hidden)]
    fn lend<'h>(
        envelope: Self::Envelope,
        actor: &'h mut A,
        host: Host<'h, A>,
    ) -> BoxFuture<'h, Option<Failure>>;

    #[doc(hidden)]
    fn remains(envelope: Self::Envelope) -> Box<dyn Remains>;

    #[doc(hidden)]
    fn leave<M: Message>(reply: M::Reply) -> Self::Answer
    where
        A: Handler<M>;

    #[doc(hidden)]
    fn put_off(later: Box<dyn Any + Send>) -> Self::Answer;

    #[doc(hidden)]
    fn collect<M: Message>(answer: Self::Answer) -> Answered<M::Reply>
    where
        A: Handler<M>;

    #[doc(hidden)]
    fn turns() -> impl Future<Output = ()> + Send + 'static;
}

/// What a caller that ran a turn itself finds in the core.
#[doc(hidden)]
#[derive(Debug)]
pub enum Answered<R> {
    /// The reply.
    Reply(R),
    /// The reply was put off; in here is the cell in which it will lie.
    Later(Box<dyn Any + Send>),
    /// Nothing: the turn failed.
    Nothing,
}

/// What an actor handles, as it declares it: for tools, metrics and the network.
#[must_use]
pub fn surface<A: Actor>() -> Vec<MessageType> {
    A::Protocol::surface()
}

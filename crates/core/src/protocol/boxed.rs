//! The box for messages that are handled without being listed: at most two allocations a tell.

use std::pin::Pin;

use ghostlight_rt::BoxFuture;

use super::{Letter, Remains, begin, serve};
use crate::{
    Actor, Failure, Handler, Message, ReadContext,
    core::Core,
    lend::{Host, serve_guest},
    reads::{Read, begin_read},
    waits::WaitId,
};

/// A message of any type that `A` handles.
pub trait Parcel<A: Actor>: Send {
    /// Handles it.
    fn open<'a>(
        self: Box<Self>,
        core: &'a mut Core<A>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

    /// Whether handling it only reads the state.
    fn is_read(&self) -> bool;

    /// Begins it beside other reads.
    fn read<'h>(self: Box<Self>, actor: &'h A, cx: ReadContext<'h, A>) -> Option<Read<'h>>;

    /// Handles it inside a turn that has lent the actor.
    fn lend<'h>(
        self: Box<Self>,
        actor: &'h mut A,
        host: Host<'h, A>,
    ) -> BoxFuture<'h, Option<Failure>>;

    /// The wait of whoever asks, if that is an actor.
    fn wait(&self) -> WaitId {
        WaitId::NONE
    }

    /// The type of the message, as a label.
    fn message_type(&self) -> &'static str;

    /// Gives up handling it.
    fn into_remains(self: Box<Self>) -> Box<dyn Remains>;
}

impl<A: Actor> std::fmt::Debug for dyn Parcel<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Parcel")
    }
}

impl<A: Handler<M>, M: Message> Parcel<A> for Letter<M> {
    fn open<'a>(
        self: Box<Self>,
        core: &'a mut Core<A>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async move {
            core.cell.begin_unlisted::<M>(matches!(*self, Self::Ask(_)));
            match begin(*self, core.teller()) {
                Ok((message, asker)) => serve!(core, M, message, asker),
                Err(skipped) => core.skip(skipped),
            }
        })
    }

    fn is_read(&self) -> bool {
        A::READS.is_some()
    }

    fn read<'h>(self: Box<Self>, actor: &'h A, cx: ReadContext<'h, A>) -> Option<Read<'h>> {
        begin_read(actor, cx, *self)
    }

    fn lend<'h>(
        self: Box<Self>,
        actor: &'h mut A,
        host: Host<'h, A>,
    ) -> BoxFuture<'h, Option<Failure>> {
        Box::pin(serve_guest(actor, host, *self))
    }

    fn wait(&self) -> WaitId {
        match self {
            Self::Tell(_) => WaitId::NONE,
            Self::Ask(ask) => ask.wait(),
        }
    }

    fn message_type(&self) -> &'static str {
        std::any::type_name::<M>()
    }

    fn into_remains(self: Box<Self>) -> Box<dyn Remains> {
        self
    }
}

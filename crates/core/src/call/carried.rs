//! A tell with what goes along with it.

use std::{any::type_name, pin::Pin, sync::Arc};

use ghostlight_rt::BoxFuture;

use super::{Bag, replace};
use crate::{
    Failure, Handler, Message, ReadContext,
    core::Core,
    lend::{Host, serve_guest},
    protocol::{Letter, Parcel, Remains, serve},
    reads::{Read, begin_read},
};

/// A tell with what goes along with it.
pub(crate) struct Carried<M> {
    pub(crate) message: M,
    pub(crate) bag: Arc<Bag>,
}

impl<A: Handler<M>, M: Message> Parcel<A> for Carried<M> {
    fn open<'a>(
        self: Box<Self>,
        core: &'a mut Core<A>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async move {
            let Self { message, bag } = *self;
            core.cell.begin_unlisted::<M>(false);
            // Whoever has the parcel opened ends it.
            replace(Some(bag));
            let asker = core.teller();
            serve!(core, M, message, asker);
        })
    }

    fn is_read(&self) -> bool {
        A::READS.is_some()
    }

    fn read<'h>(self: Box<Self>, actor: &'h A, cx: ReadContext<'h, A>) -> Option<Read<'h>> {
        let read = begin_read(actor, cx, Letter::Tell(self.message))?;
        Some(read.carrying(Some(self.bag)))
    }

    fn lend<'h>(
        self: Box<Self>,
        actor: &'h mut A,
        mut host: Host<'h, A>,
    ) -> BoxFuture<'h, Option<Failure>> {
        host.bag = Some(self.bag);
        Box::pin(serve_guest(actor, host, Letter::Tell(self.message)))
    }

    fn message_type(&self) -> &'static str {
        type_name::<M>()
    }

    fn into_remains(self: Box<Self>) -> Box<dyn Remains> {
        Box::new(Letter::Tell(self.message))
    }
}

//! How the result of a task comes back to its actor as a message.

use std::{
    any::type_name,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, Weak},
};

use ghostlight_rt::BoxFuture;

use super::{Holder, JoinError, Slot};
use crate::{
    Actor, DeadReason, Failure, Handler, Message, ReadContext, Refused,
    ask::{NotBegun, Skipped},
    call::{self, Bag},
    cell::Cell,
    core::Core,
    lend::{Host, serve_guest},
    protocol::{Buried, Letter, Parcel, Remains, serve},
    reads::{Read, begin_read},
};

/// The way back to the incarnation that started a task.
pub(super) struct Pipe<A: Actor> {
    cell: Weak<Cell<A>>,
    incarnation: u32,
    holder: Arc<Holder>,
    /// What goes along with the result.
    bag: Option<Arc<Bag>>,
}

impl<A: Actor> Pipe<A> {
    pub(super) fn new(cell: &Arc<Cell<A>>, incarnation: u32, holder: Arc<Holder>) -> Self {
        Self { cell: Arc::downgrade(cell), incarnation, holder, bag: call::get() }
    }

    /// Tells the actor, if the incarnation still goes on; then whoever waits for the task.
    pub(super) fn deliver<T, M: Message>(
        self,
        outcome: Result<T, JoinError>,
        into_message: impl FnOnce(Result<T, JoinError>) -> M,
        told: &Slot<()>,
    ) where
        A: Handler<M>,
    {
        let end = outcome.as_ref().map(|_| ()).map_err(Clone::clone);
        if let Some(cell) = self.cell.upgrade().filter(|_| !self.holder.is_cancelled()) {
            let piped = catch_unwind(AssertUnwindSafe(|| {
                let message = into_message(outcome);
                let piped = Piped { incarnation: self.incarnation, message, bag: self.bag };
                cell.take_parcel(Box::new(piped));
            }));
            if let Err(payload) = piped {
                cell.report(&Failure::panicked(&*payload));
            }
        }
        told.fill(end);
    }
}

/// A result on its way, for one incarnation only.
struct Piped<M> {
    incarnation: u32,
    message: M,
    bag: Option<Arc<Bag>>,
}

/// A result has come to the next incarnation.
fn bury_late<A: Handler<M>, M: Message>(cell: &Cell<A>, message: M) {
    cell.skip(NotBegun::<M>::Skipped(Skipped::Dead));
    cell.bury_one(message, DeadReason::Other("the incarnation that it was for had ended"));
}

impl<A: Handler<M>, M: Message> Parcel<A> for Piped<M> {
    fn open<'a>(
        self: Box<Self>,
        core: &'a mut Core<A>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async move {
            let Self { incarnation, message, bag } = *self;
            if incarnation == core.incarnation {
                // Whoever has the parcel opened ends it.
                call::replace(bag);
                let asker = core.teller();
                serve!(core, M, message, asker);
            } else {
                bury_late(&core.cell, message);
            }
        })
    }

    fn is_read(&self) -> bool {
        A::READS.is_some()
    }

    fn read<'h>(self: Box<Self>, actor: &'h A, cx: ReadContext<'h, A>) -> Option<Read<'h>> {
        let Self { incarnation, message, bag } = *self;
        if incarnation == cx.incarnation() {
            let read = begin_read(actor, cx, Letter::Tell(message))?;
            return Some(read.carrying(bag));
        }
        bury_late(cx.cell(), message);
        None
    }

    fn lend<'h>(
        self: Box<Self>,
        actor: &'h mut A,
        mut host: Host<'h, A>,
    ) -> BoxFuture<'h, Option<Failure>> {
        let Self { incarnation, message, bag } = *self;
        if incarnation == host.incarnation {
            host.bag = bag;
            return Box::pin(serve_guest(actor, host, Letter::Tell(message)));
        }
        bury_late(host.cell, message);
        Box::pin(std::future::ready(None))
    }

    fn message_type(&self) -> &'static str {
        type_name::<M>()
    }

    fn into_remains(self: Box<Self>) -> Box<dyn Remains> {
        self
    }
}

impl<M: Message> Remains for Piped<M> {
    fn type_name(&self) -> &'static str {
        type_name::<M>()
    }

    fn bury(self: Box<Self>, _: Refused) -> Buried {
        Buried::Dead(Box::new(self.message))
    }
}

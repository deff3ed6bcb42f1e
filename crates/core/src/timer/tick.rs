//! What a timer carries: its message, and where that goes when it is due.

use std::{
    any::type_name,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    sync::{Arc, Weak},
};

use super::{
    alarm::{cancel, stir},
    table::Taken,
};
use ghostlight_rt::BoxFuture;

use crate::{
    Actor, DeadReason, Failure, Handler, Message, Priority, ReadContext, Refused,
    ask::{NotBegun, Skipped},
    cell::Cell,
    core::Core,
    endpoint::sealed::WeakWay,
    lend::{Host, serve_guest},
    protocol::{Buried, Letter, Parcel, Remains, serve},
    reads::{Read, begin_read},
    signal::Signals,
};

/// What is done when a timer is due.
pub(crate) enum Load<A: Actor> {
    /// It goes into the mailbox of its own actor, itself.
    Tell(Box<dyn Parcel<A>>),
    /// It sends to somebody else.
    Send(Box<dyn Mailing>),
}

impl<A: Actor> std::fmt::Debug for Load<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Tell(_) => "Tell",
            Self::Send(_) => "Send",
        })
    }
}

/// A message once, or as often as it is wanted. Drawn with no lock held: cloning is the user's code.
pub(super) struct Supply<M> {
    message: Option<M>,
    again: Option<fn(&M) -> M>,
}

impl<M> Supply<M> {
    pub(super) const fn once(message: M) -> Self {
        Self { message: Some(message), again: None }
    }

    pub(super) fn endless(message: M) -> Self
    where
        M: Clone,
    {
        Self { message: Some(message), again: Some(M::clone) }
    }

    fn draw(&mut self) -> Option<M> {
        match self.again {
            Some(clone) => self.message.as_ref().map(clone),
            None => self.message.take(),
        }
    }
}

/// The tick of a timer that tells its own actor: it travels from the table into the mailbox and back.
pub(super) struct Tick<A: Actor, M> {
    pub(super) cell: Weak<Cell<A>>,
    pub(super) id: u64,
    pub(super) supply: Supply<M>,
}

impl<A: Handler<M>, M: Message> Tick<A, M> {
    /// Takes the message out, with what is left going back to the table; nothing if the timer was
    /// cancelled meanwhile.
    fn take(mut self: Box<Self>, cell: &Arc<Cell<A>>) -> Option<M> {
        let id = self.id;
        let drawn = catch_unwind(AssertUnwindSafe(|| self.supply.draw()));
        let message = drawn.unwrap_or_else(|payload| {
            drop(cancel(cell, id));
            resume_unwind(payload)
        });
        let now = cell.system.runtime.now();
        let mut inbox = cell.lock();
        let load = Load::Tell(self);
        let taken = match inbox.timers() {
            Some(timers) => timers.taken(id, load, now),
            None => Taken::Cancelled(load),
        };
        if matches!(taken, Taken::Kept) {
            cell.signals().raise(Signals::TIMER);
        }
        drop(inbox);
        match taken {
            Taken::Cancelled(_) => None,
            Taken::Last(_) | Taken::Kept => message,
        }
    }
}

impl<A: Handler<M>, M: Message> Parcel<A> for Tick<A, M> {
    fn open<'a>(
        self: Box<Self>,
        core: &'a mut Core<A>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async move {
            match self.take(&core.cell) {
                Some(message) => {
                    let asker = core.teller();
                    serve!(core, M, message, asker);
                }
                None => core.skip(NotBegun::<M>::Skipped(Skipped::Dead)),
            }
        })
    }

    fn is_read(&self) -> bool {
        A::READS.is_some()
    }

    fn read<'h>(self: Box<Self>, actor: &'h A, cx: ReadContext<'h, A>) -> Option<Read<'h>> {
        match self.take(cx.cell()) {
            Some(message) => begin_read(actor, cx, Letter::Tell(message)),
            None => {
                cx.cell().skip(NotBegun::<M>::Skipped(Skipped::Dead));
                None
            }
        }
    }

    fn lend<'h>(
        self: Box<Self>,
        actor: &'h mut A,
        host: Host<'h, A>,
    ) -> BoxFuture<'h, Option<Failure>> {
        Box::pin(async move {
            match self.take(host.cell) {
                Some(message) => serve_guest(actor, host, Letter::Tell(message)).await,
                None => {
                    host.cell.skip(NotBegun::<M>::Skipped(Skipped::Dead));
                    None
                }
            }
        })
    }

    fn message_type(&self) -> &'static str {
        type_name::<M>()
    }

    fn into_remains(self: Box<Self>) -> Box<dyn Remains> {
        self
    }
}

impl<A: Handler<M>, M: Message> Remains for Tick<A, M> {
    fn type_name(&self) -> &'static str {
        type_name::<M>()
    }

    /// A tick that is lost is not the end of its timer. One whose timer has ended is nobody's.
    fn bury(self: Box<Self>, _: Refused) -> Buried {
        let Some(cell) = self.cell.upgrade() else { return Buried::Withdrawn(Skipped::Dead) };
        let Some(message) = self.take(&cell) else { return Buried::Withdrawn(Skipped::Dead) };
        stir(&cell, cell.lock());
        Buried::Dead(Box::new(message))
    }
}

/// What a timer does that sends to somebody else.
pub(crate) trait Mailing: Send {
    /// Sends, without waiting. Says whether there is anybody left to send to.
    fn send(&mut self) -> bool;
}

/// A message for somebody else, whom the timer does not keep alive.
pub(super) struct Mail<M: Message> {
    pub(super) to: Box<dyn WeakWay<M>>,
    pub(super) supply: Supply<M>,
}

impl<M: Message> Mailing for Mail<M> {
    fn send(&mut self) -> bool {
        let Some(to) = self.to.upgrade() else { return false };
        let mut letter = self.supply.draw().map(Letter::Tell);
        let Err(why) = to.offer(&mut letter, Priority::Normal) else { return true };
        if let Some(Letter::Tell(message)) = letter {
            to.bury(message, dead_reason(why));
        }
        why != Refused::Stopped
    }
}

const fn dead_reason(why: Refused) -> DeadReason {
    match why {
        Refused::Stopped => DeadReason::Stopped,
        Refused::Full => DeadReason::Other("the mailbox was full when its timer was due"),
        Refused::Shed(rule) => DeadReason::Overflow(rule),
        Refused::Rejected { reason, .. } => DeadReason::Other(reason),
    }
}

/// A new tick for a timer of `cell`.
pub(super) fn tick<A: Handler<M>, M: Message>(
    cell: &Arc<Cell<A>>,
    id: u64,
    supply: Supply<M>,
) -> Load<A> {
    Load::Tell(Box::new(Tick { cell: Arc::downgrade(cell), id, supply }))
}

//! A message with its addressing, while its type is still known; and what is left of it unread.

use std::{
    any::{Any, type_name},
    sync::Arc,
};

use crate::{
    Actor, Handler, Message, Protocol, Refused, TurnKind,
    ask::{AskCell, Expire, Skipped},
    call,
    core::EnvelopeOf,
    mailbox::{Inbox, Queue},
    turn::Guest,
};

/// A message on its way: told, or asked and then lying in the cell it shares with its asker.
pub enum Letter<M: Message> {
    /// Nobody waits for a reply.
    Tell(M),
    /// Somebody does.
    Ask(Arc<AskCell<M>>),
}

impl<M: Message> Letter<M> {
    /// Puts it at the end of a queue, with what goes along with it.
    #[inline]
    pub(crate) fn post<A: Handler<M>>(self, queue: &mut Queue<EnvelopeOf<A>>) {
        match self {
            Self::Tell(message) => match call::get() {
                None => A::Protocol::tell(message, queue),
                Some(bag) => {
                    let carried = Box::new(call::Carried { message, bag });
                    queue.push_back(A::Protocol::parcel(carried));
                }
            },
            Self::Ask(ask) => A::Protocol::ask(ask, queue),
        }
    }

    /// Which turn it is that handles it.
    pub(crate) fn guest(&self) -> Guest {
        let kind = if matches!(self, Self::Ask(_)) { TurnKind::Ask } else { TurnKind::Tell };
        (kind, type_name::<M>())
    }

    /// Notes an ask that the system watches the deadline of; says whether it must begin to.
    pub(crate) fn enlist<A: Actor>(&self, inbox: &mut Inbox<A>) -> bool {
        match self {
            Self::Ask(ask) if ask.is_swept() => inbox.enlist(Arc::clone(ask) as Arc<dyn Expire>),
            Self::Ask(_) | Self::Tell(_) => false,
        }
    }
}

impl<M: Message> std::fmt::Debug for Letter<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Tell(_) => "Tell",
            Self::Ask(_) => "Ask",
        })
    }
}

/// A message that will not be handled, whatever its type.
pub trait Remains: Send {
    /// The type of the message, as a label.
    fn type_name(&self) -> &'static str;

    /// Ends it: an asker gets its message back with `why`; a tell is given out, to be a dead
    /// letter.
    fn bury(self: Box<Self>, why: Refused) -> Buried;
}

/// What became of a message that will not be handled.
pub enum Buried {
    /// It is in here, and nobody else has it.
    Dead(Box<dyn Any + Send>),
    /// Its asker has it back.
    Returned,
    /// It was no longer there.
    Withdrawn(Skipped),
}

impl std::fmt::Debug for Buried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Dead(_) => "Dead",
            Self::Returned => "Returned",
            Self::Withdrawn(_) => "Withdrawn",
        })
    }
}

impl<M: Message> Remains for Letter<M> {
    fn type_name(&self) -> &'static str {
        type_name::<M>()
    }

    fn bury(self: Box<Self>, why: Refused) -> Buried {
        match *self {
            Self::Tell(message) => Buried::Dead(Box::new(message)),
            Self::Ask(ask) => match (ask.take_orphan(), ask.refuse(why)) {
                (Some(message), _) => Buried::Dead(Box::new(message)),
                (None, Ok(())) => Buried::Returned,
                (None, Err(skipped)) => Buried::Withdrawn(skipped),
            },
        }
    }
}

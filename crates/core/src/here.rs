//! What runs on this thread: whose turn it is, and whom that turn is for.
//!
//! Rules:
//! 1. Whoever polls a turn loop enters, and leaves when the poll is over, however it ends. So code that
//!    runs elsewhere, in a task that a handler has spawned, is nobody's turn.
//! 2. A turn that suspends takes along whom it is for; the next poll brings it back.
//! 3. An ask that runs its turn here is noted as a wait only when something in it waits. Most never do.

use std::{cell::Cell, sync::Arc};

use crate::{
    ActorId,
    ask::NEVER,
    budget::Budget,
    call::{self, Bag},
    system::Shared,
    waits::{Lends, Wait, WaitFor, WaitId, Waits},
};

/// How deep asks may run inside one another on one thread.
pub(crate) const DEPTH: usize = 4;

/// An ask whose turn runs on this thread, inside the turn of an actor.
#[derive(Clone, Copy)]
struct Call {
    /// What it is to be noted as.
    wait: Wait,
    /// What it was noted as, once it was.
    id: WaitId,
}

/// No actor has this id: no system has the origin zero. An [`Option`] would be a word more to save and to
/// restore, for every turn.
const NOBODY: ActorId = ActorId::from_parts(0, 0, 0);

/// Whom a turn is for, and how long that one waits.
#[derive(Clone, Copy)]
pub(crate) struct Purpose {
    pub(crate) wait: WaitId,
    pub(crate) budget: Budget,
}

impl Purpose {
    /// Nobody waits.
    pub(crate) const NONE: Self = Self { wait: WaitId::NONE, budget: Budget::NONE };

    /// The same where somebody else sees to the deadline.
    pub(crate) const fn watched_elsewhere(mut self) -> Self {
        self.budget.due = NEVER;
        self
    }
}

/// Why a turn runs: whom it is for, and what goes along with the call that it is part of.
pub(crate) struct Cause {
    pub(crate) purpose: Purpose,
    pub(crate) bag: Option<Arc<Bag>>,
}

impl Cause {
    /// Nobody waits, and nothing goes along.
    pub(crate) const NONE: Self = Self { purpose: Purpose::NONE, bag: None };
}

struct Here {
    actor: Cell<ActorId>,
    serves: Cell<WaitId>,
    budget: Cell<Budget>,
    /// Whose read is being polled; that counts while it is the turn of that actor.
    reads: Cell<ActorId>,
    depth: Cell<usize>,
    /// By how deep they run; nothing where there is none, or for an ask that comes from no actor.
    calls: [Cell<Option<Call>>; DEPTH],
}

thread_local! {
    static HERE: Here = const {
        Here {
            actor: Cell::new(NOBODY),
            serves: Cell::new(WaitId::NONE),
            budget: Cell::new(Budget::NONE),
            reads: Cell::new(NOBODY),
            depth: Cell::new(0),
            calls: [const { Cell::new(None) }; DEPTH],
        }
    };
}

/// What ran here before a turn, and goes on after it.
pub(crate) struct Outside(ActorId, Cause);

/// Turns of `actor` run here from now on; `first` is why the first does.
#[inline]
pub(crate) fn enter(actor: ActorId, first: Cause) -> Outside {
    let (actor, purpose) = HERE.with(|it| (it.actor.replace(actor), it.replace(first.purpose)));
    Outside(actor, Cause { purpose, bag: call::replace(first.bag) })
}

/// What ran here before goes on. Gives out why the last turn runs, if that is not over.
#[inline]
pub(crate) fn leave(Outside(actor, cause): Outside) -> Cause {
    let purpose = HERE.with(|it| {
        it.actor.set(actor);
        it.replace(cause.purpose)
    });
    Cause { purpose, bag: call::replace(cause.bag) }
}

/// Whose turn runs here, if any.
#[inline]
pub(crate) fn actor() -> Option<ActorId> {
    HERE.with(Here::actor)
}

/// Whether the turn that runs here is one of an actor in the system at `place`.
pub(crate) fn is_of(place: Option<(&Arc<Shared>, ActorId)>) -> bool {
    place.zip(actor()).is_some_and(|((_, other), here)| other.origin() == here.origin())
}

/// Another turn goes on here, inside the one that does or beside it. Gives out why that one runs.
pub(crate) fn swap(cause: Cause) -> Cause {
    Cause { purpose: serve(cause.purpose), bag: call::replace(cause.bag) }
}

/// A turn is over: what runs here is for nobody, and nothing goes along.
#[inline]
pub(crate) fn end_turn() {
    serve(Purpose::NONE);
    call::replace(None);
}

/// A turn begins that is for somebody, or goes on. Gives out what the one before was for.
#[inline]
pub(crate) fn serve(purpose: Purpose) -> Purpose {
    HERE.with(|it| it.replace(purpose))
}

/// What the turn that runs here is for.
pub(crate) fn purpose() -> Purpose {
    HERE.with(|it| Purpose { wait: it.serves.get(), budget: it.budget.get() })
}

/// How long the turn that runs here has; in no turn, for ever.
#[inline]
pub(crate) fn budget() -> Budget {
    HERE.with(|it| it.budget.get())
}

/// A read of `actor` is polled here, until this is dropped.
#[inline]
pub(crate) fn read(actor: ActorId) -> Reading {
    HERE.with(|it| Reading(it.reads.replace(actor)))
}

/// Whose read was polled here before, around the one that is polled now.
pub(crate) struct Reading(ActorId);

impl Drop for Reading {
    #[inline]
    fn drop(&mut self) {
        HERE.with(|it| it.reads.set(self.0));
    }
}

/// Which messages the actor whose turn runs here lets in while that turn waits.
pub(crate) fn lends() -> Lends {
    HERE.with(Here::lends)
}

/// What the turn that runs here is for, as far as it was noted.
pub(crate) fn serves() -> WaitId {
    HERE.with(|it| it.serves.get())
}

/// How deep asks run inside one another here.
#[inline]
pub(crate) fn depth() -> usize {
    HERE.with(|it| it.depth.get())
}

/// An ask for `to` runs its turn here from now on. Says whether it comes from an actor.
#[inline]
pub(crate) fn begin_call(to: ActorId, message_type: &'static str, is_read: bool) -> bool {
    HERE.with(|it| {
        let depth = it.depth.get();
        it.depth.set(depth + 1);
        let from = it.actor();
        if let Some(from) = from {
            let (what, serves, lends) = (WaitFor::Reply, it.serves.get(), it.lends());
            let wait = Wait { from, to, what, message_type, is_read, serves, lends };
            it.calls[depth].set(Some(Call { wait, id: WaitId::NONE }));
        }
        from.is_some()
    })
}

/// It does no longer. Gives out the wait of an actor, if one asks, and it was noted.
#[inline]
pub(crate) fn end_call(is_of_actor: bool) -> Option<WaitId> {
    HERE.with(|it| {
        let depth = it.depth.get() - 1;
        it.depth.set(depth);
        if !is_of_actor {
            return None;
        }
        Some(it.calls[depth].take()?.id)
    })
}

/// Notes all asks that run here as waits, and gives out what the turn that runs here is for.
pub(crate) fn note_calls(waits: &Waits) -> WaitId {
    HERE.with(|it| {
        let mut outer = WaitId::NONE;
        for slot in &it.calls[..it.depth.get()] {
            let Some(mut call) = slot.get().filter(|call| waits.is_about(call.wait.to)) else {
                outer = WaitId::NONE;
                continue;
            };
            if call.id.is_none() {
                if !outer.is_none() {
                    call.wait.serves = outer;
                }
                call.id = waits.note(call.wait);
                slot.set(Some(call));
            }
            outer = call.id;
        }
        if !outer.is_none() && it.serves.get().is_none() {
            it.serves.set(outer);
        }
        it.serves.get()
    })
}

impl Here {
    #[inline]
    fn replace(&self, purpose: Purpose) -> Purpose {
        let Purpose { wait, budget } = purpose;
        Purpose { wait: self.serves.replace(wait), budget: self.budget.replace(budget) }
    }

    #[inline]
    fn actor(&self) -> Option<ActorId> {
        Some(self.actor.get()).filter(|it| it.origin() != NOBODY.origin())
    }

    #[inline]
    fn lends(&self) -> Lends {
        if self.reads.get() == self.actor.get() { Lends::Reads } else { Lends::Nothing }
    }
}

//! An actor's state with the messages being handled, and how it is passed from hand to hand.
//!
//! Rules:
//! 1. There is one core per incarnation, and whoever owns its box owns the right to run turns.
//! 2. It rests in the cell; or lies in this thread's hand, for the length of a function call; or is
//!    held by the turn loop, which puts it back into the hand on every way out: batch done,
//!    unwinding, dropped.
//! 3. So if the hand is empty after the loop was polled, a handler is suspended inside the loop and
//!    holds the core there.

use std::{
    any::Any,
    cell::Cell as ThreadSlot,
    mem::{self, ManuallyDrop},
    ops::{Deref, DerefMut},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering},
};

use crate::{
    Actor, Failure, Message, OnFailure, Protocol, SlowTurn, StopReason,
    ask::{Asker, NotBegun, Waiting, fell},
    cell::Cell,
    mailbox::Queue,
    protocol::Turns,
    signal::Signals,
};

/// The envelope of an actor, made for it by its protocol.
pub(crate) type EnvelopeOf<A> = <<A as Actor>::Protocol as Protocol<A>>::Envelope;
/// Where the reply of a turn is left for a caller that runs the turn itself.
pub(crate) type AnswerOf<A> = <<A as Actor>::Protocol as Protocol<A>>::Answer;

/// A buffer that an idle actor may keep, in messages.
const SMALL_BUFFER: usize = 4;

/// An actor that has handled no more than this is hardly ever used.
const FEW_MESSAGES: u64 = 8;

/// How often in a row an actor comes to rest, having needed no more than that, before it gives
/// larger buffers back.
const CALM: u8 = 2;

/// One incarnation: the state and what it is working on.
pub struct Core<A: Actor> {
    pub(crate) actor: A,
    pub(crate) cell: Arc<Cell<A>>,
    /// Messages taken from the queue, oldest first.
    pub(crate) batch: Queue<EnvelopeOf<A>>,
    pub(crate) answer: AnswerOf<A>,
    /// The turn loop while nobody polls it; made on first use.
    pub(crate) turns: Option<Turns>,
    /// What is to be done instead of turns, or has come of them.
    pub(crate) errand: Errand,
    /// How many turns may run before the runner looks around again.
    pub(crate) run: u32,
    /// How many it was when the runner last looked.
    pub(crate) granted: u32,
    /// How many messages fit a chunk between two looks at the clock.
    pub(crate) chunk: u8,
    pub(crate) incarnation: u32,
    /// The signals that end a run of turns; the others have been acted upon.
    pub(crate) heed: Signals,
    /// Whether the caller of an ask runs the turn and wants the answer left here.
    pub(crate) keeps_answer: bool,
    /// How often in a row the actor came to rest having needed little room.
    pub(crate) calm: u8,
}

impl<A: Actor> Core<A> {
    pub(crate) fn new(actor: A, cell: Arc<Cell<A>>, incarnation: u32) -> Box<Self> {
        Box::new(Self {
            actor,
            cell,
            batch: Queue::default(),
            answer: Default::default(),
            turns: None,
            errand: Errand::Turns,
            run: 0,
            granted: 0,
            chunk: 1,
            incarnation,
            heed: Signals::ALL,
            keeps_answer: false,
            calm: 0,
        })
    }

    /// The next message to handle; `None` when it is time to look around.
    #[inline]
    pub(crate) fn next(&self) -> Option<&EnvelopeOf<A>> {
        if self.run == 0 || self.cell.signals().any(self.heed) || !self.errand.is_turns() {
            return None;
        }
        self.batch.front()
    }

    /// Takes out the message that [`next`](Self::next) showed: its turn begins, which goes by `turn`.
    #[inline]
    pub(crate) fn pop(&mut self, turn: u8) -> Option<EnvelopeOf<A>> {
        let envelope = self.batch.pop_front();
        self.run -= 1;
        // Relaxed: one writer, and readers that need the exact number hold the lock, under which
        // the core was taken.
        self.cell.left.store(self.batch.len(), Ordering::Relaxed);
        self.cell.count_turn();
        self.cell.last_turn.begin(turn);
        envelope
    }

    /// Notes what the batch holds now.
    pub(crate) fn note_batch(&mut self) {
        if self.batch.len() > SMALL_BUFFER {
            self.calm = 0;
        }
        self.cell.left.store(self.batch.len(), Ordering::Relaxed);
    }

    /// Comes to rest, and says whether the queue should give back the room it does not use.
    ///
    /// An actor that was hardly ever used gives up all it can, since most actors of a large system
    /// are like that; one that is used often keeps its turn loop and a small buffer.
    pub(crate) fn rest(&mut self) -> bool {
        if self.cell.handled.load(Ordering::Relaxed) <= FEW_MESSAGES {
            self.turns = None;
            self.batch = Queue::default();
            return true;
        }
        if self.batch.capacity() <= SMALL_BUFFER {
            return false;
        }
        self.calm = self.calm.saturating_add(1);
        if self.calm < CALM {
            return false;
        }
        self.batch = Queue::default();
        true
    }

    /// Lets so many turns run.
    #[inline]
    pub(crate) const fn grant(&mut self, turns: u32) {
        self.run = turns;
        self.granted = turns;
    }

    /// How many turns have run since then.
    #[inline]
    pub(crate) const fn ran(&self) -> u32 {
        self.granted - self.run
    }

    /// Who waits for the reply to a message that was told: the caller, if it runs the turn itself.
    pub(crate) fn teller<R: Send + 'static>(&self) -> Asker<R> {
        if self.keeps_answer { Asker::Caller } else { Asker::Nobody }
    }

    /// Notes that the message just taken is not handled after all.
    pub(crate) fn skip<M: Message>(&self, request: NotBegun<M>) {
        self.cell.skip(request);
    }

    /// Ends a turn: the reply goes to whoever waits for it.
    #[inline]
    pub(crate) fn settle<M: Message>(&mut self, reply: Option<M::Reply>, turn: &mut Turn<M::Reply>)
    where
        A: crate::Handler<M>,
    {
        match (reply, &turn.asker) {
            (Some(reply), Asker::Nobody) if !M::is_error(&reply) => {}
            (Some(reply), Asker::Caller) => self.answer = A::Protocol::leave::<M>(reply),
            (reply, _) => self.settle_closely::<M>(reply, turn),
        }
    }

    fn settle_closely<M: Message>(&mut self, reply: Option<M::Reply>, turn: &mut Turn<M::Reply>)
    where
        A: crate::Handler<M>,
    {
        let asker = mem::replace(&mut turn.asker, Asker::Nobody);
        let failure = turn.failure.take();
        if matches!(asker, Asker::Waiting(_)) {
            self.cell.end_asker_wait();
        }
        match (reply, asker) {
            (Some(reply), Asker::Waiting(asker)) => asker.answer(reply),
            (Some(reply), Asker::Caller) => self.answer = A::Protocol::leave::<M>(reply),
            (Some(_), Asker::Nobody) => self.cell.unread_error::<M>(),
            // Whoever has the port answers, whatever the handler returned after all.
            (_, Asker::Deferred(later)) => {
                self.answer = A::Protocol::put_off(Box::new(later));
            }
            (None, Asker::Waiting(asker)) => fail(asker, failure.as_ref()),
            // A caller that runs the turn finds the failure in the core.
            (None, Asker::Nobody | Asker::Caller) | (_, Asker::Hook) => {}
        }
        if let Some(failure) = failure {
            self.errand = Errand::Failed(failure);
        }
    }
}

/// Tells an asker that there is no reply. If that is for a failure, it hears when the poll is over: by
/// then an actor that does not go on takes no messages.
pub(crate) fn fail<R: 'static>(asker: Waiting<R>, failure: Option<&Failure>) {
    match (asker.into_inner(), failure) {
        (Some(asker), Some(_)) => fell(asker),
        (Some(asker), None) => asker.fail(crate::AskError::Lost),
        (None, _) => {}
    }
}

/// What a core is sent out for, and what may come of that.
#[derive(Default)]
pub(crate) enum Errand {
    /// To handle messages.
    #[default]
    Turns,
    /// A turn failed so, and the incarnation with it.
    Failed(Failure),
    /// A turn failed so, and the actor goes on.
    Resumed(Failure),
    /// To run `started`; and `restarting` before it, with why the last incarnation ended.
    Start(Option<Box<StopReason>>),
    /// `started` returned this failure.
    StartFailed(Failure),
    /// To run `stopped`.
    Stop(Box<StopReason>),
    /// `stopped` declared this failure.
    StopFailed(Box<StopReason>),
}

impl<A: Actor> Core<A> {
    /// Asks the actor what a failed turn means to it.
    #[cold]
    pub(crate) fn consider(&mut self, failure: Failure) {
        let actor = &mut self.actor;
        let answer = catch_unwind(AssertUnwindSafe(|| actor.on_failure(&failure)));
        self.errand = match answer {
            Ok(OnFailure::Fail) => Errand::Failed(failure),
            Ok(OnFailure::Resume) => Errand::Resumed(failure),
            Err(payload) => Errand::Failed(Failure::panicked(&*payload)),
        };
    }

    /// The incarnation has failed, whatever the actor says to that.
    pub(crate) fn fail(&mut self, failure: Failure) {
        self.errand = Errand::Failed(failure);
    }

    /// Lets the actor put its state in order after a turn that was cancelled.
    pub(crate) fn mend(&mut self) {
        self.between_turns(A::on_cancelled);
    }

    /// Lets the actor know of a turn that took long.
    pub(crate) fn note_slow(&mut self, turn: &SlowTurn) {
        self.between_turns(|it| it.on_slow_turn_done(turn));
    }

    /// A panic in such a hook is a failure like any other.
    fn between_turns(&mut self, hook: impl FnOnce(&mut A)) {
        let actor = &mut self.actor;
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| hook(actor))) {
            self.errand = Errand::Failed(Failure::panicked(&*payload));
        }
    }

    /// Notes how a hook went.
    pub(crate) fn note_hook(&mut self, failure: Option<Failure>) {
        let Some(failure) = failure else { return };
        self.errand = match mem::take(&mut self.errand) {
            Errand::Stop(reason) => Errand::StopFailed(Box::new(reason.and_failed(failure))),
            _ => Errand::StartFailed(failure),
        };
    }
}

impl Errand {
    #[inline]
    pub(crate) const fn is_turns(&self) -> bool {
        matches!(self, Self::Turns)
    }

    pub(crate) const fn is_hook(&self) -> bool {
        matches!(self, Self::Start(_) | Self::Stop(_))
    }

    /// Whether an incarnation is about to start.
    pub(crate) const fn is_start(&self) -> bool {
        matches!(self, Self::Start(_))
    }

    /// Whether the incarnation has failed in a turn.
    pub(crate) const fn has_failed(&self) -> bool {
        matches!(self, Self::Failed(_))
    }

    /// How the last turn failed.
    pub(crate) const fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Failed(failure) | Self::Resumed(failure) => Some(failure),
            Self::Turns
            | Self::Start(_)
            | Self::StartFailed(_)
            | Self::Stop(_)
            | Self::StopFailed(_) => None,
        }
    }
}

/// What belongs to one turn and is gone after it.
pub(crate) struct Turn<R: Send + 'static> {
    pub(crate) asker: Asker<R>,
    pub(crate) failure: Option<Failure>,
}

thread_local! {
    /// In [`ManuallyDrop`] because a slot without a destructor is reached by a plain load. It is empty
    /// whenever a thread can end.
    static HAND: ThreadSlot<Option<ManuallyDrop<Box<dyn Any + Send>>>> =
        const { ThreadSlot::new(None) };
}

/// Lays a core into this thread's hand.
#[inline]
pub(crate) fn put<A: Actor>(core: Box<Core<A>>) {
    let earlier = HAND.replace(Some(ManuallyDrop::new(core)));
    debug_assert!(earlier.is_none(), "a hand holds one core, for the length of a call");
}

/// Takes the core out of this thread's hand.
#[inline]
pub(crate) fn take<A: Actor>() -> Option<Box<Core<A>>> {
    HAND.take().and_then(|it| ManuallyDrop::into_inner(it).downcast().ok())
}

/// A core held by a turn loop; on every way out it goes back into the hand.
pub(crate) struct Held<A: Actor>(Option<Box<Core<A>>>);

impl<A: Actor> Held<A> {
    pub(crate) fn take() -> Option<Self> {
        take().map(|it| Self(Some(it)))
    }
}

impl<A: Actor> Deref for Held<A> {
    type Target = Core<A>;

    fn deref(&self) -> &Core<A> {
        self.0.as_ref().expect("held until dropped")
    }
}

impl<A: Actor> DerefMut for Held<A> {
    fn deref_mut(&mut self) -> &mut Core<A> {
        self.0.as_mut().expect("held until dropped")
    }
}

impl<A: Actor> Drop for Held<A> {
    fn drop(&mut self) {
        if let Some(core) = self.0.take() {
            put(core);
        }
    }
}

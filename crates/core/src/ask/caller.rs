//! Running an idle actor's turn on the thread of whoever asks it.
//!
//! Only an actor that is idle, with nothing queued, so that order holds; only four deep; and only
//! while the caller has budget, which the asking future spends before it comes here.

use std::{
    any::type_name,
    mem,
    sync::{Arc, MutexGuard, Weak},
    task::{Context as TaskContext, Poll, Waker},
};

use super::cell::{Answers, AskCell, Begun};
use crate::{
    Actor, AskError, Failure, Handler, Message, Protocol,
    budget::Budget,
    call,
    cell::Cell,
    core::{AnswerOf, Core},
    here::{self, Cause, Purpose},
    mailbox::{Inbox, Renewal, Stage, WATCHED},
    observe::Passage,
    protocol::{Answered, Letter},
    run::{Ran, Suspended, run},
    signal::Signals,
    timer,
    waits::{WaitFor, WaitId, Wanted},
};

/// How many asks are queued after one found the actor busy: with many askers, turns run on callers
/// break the batches that make a busy actor fast.
const QUEUE_AFTER_MISS: u8 = 16;

/// What came of trying.
pub enum Tried<M: Message> {
    Answered(M::Reply),
    Failed(Failure),
    /// The turn suspended; the actor's task goes on with it.
    Running(Arc<AskCell<M>>, WaitId),
    /// The turn is over, and its reply was put off.
    Deferred(Arc<AskCell<Begun<M::Reply>>>, WaitId),
    /// The actor is not idle, or this is not the place.
    NotNow,
}

/// An asker whose turn was handed to the actor's task.
pub(crate) trait Parked<A: Actor>: Send + Sync {
    /// Takes the reply that the turn left in the core.
    fn settle(self: Arc<Self>, answer: AnswerOf<A>, cell: &Cell<A>);

    /// Hears that there will be none.
    fn lose(&self, error: AskError<()>, cell: &Cell<A>);

    /// Whether it waits no more; until then the task of `cx` is told when that is so.
    fn poll_left(&self, cx: &mut TaskContext<'_>) -> Poll<()>;
}

/// Handles `message` here and now, if the actor is idle.
pub(crate) fn ask_on_caller<A: Handler<M>, M: Message>(
    cell: &Arc<Cell<A>>,
    message: &mut Option<M>,
    budget: Budget,
) -> Tried<M> {
    if here::depth() == here::DEPTH {
        return Tried::NotNow;
    }
    let Some(mut core) = take_idle::<A, M>(cell) else { return Tried::NotNow };
    if let Some(message) = message.take() {
        A::Protocol::tell(message, &mut core.batch);
    }
    core.keeps_answer = true;
    core.grant(1);
    core.heed = Signals::NONE;

    let is_of_actor = here::begin_call(cell.id, type_name::<M>(), A::READS.is_some());
    let cx = &mut TaskContext::from_waker(Waker::noop());
    let cause = Cause { purpose: Purpose { wait: WaitId::NONE, budget }, bag: call::get() };
    let ran = cell.system.runtime.within(|| run(core, cause, cell, cx));
    let wait = here::end_call(is_of_actor);

    match ran {
        Ran::Back(core) => finish(cell, core, budget, wait),
        Ran::Suspended(suspended) => hand_over(cell, suspended, budget, wait),
        Ran::Panicked(mut core, failure) => {
            end_wait(cell, wait);
            core.keeps_answer = false;
            give_back(cell, core);
            Tried::Failed(failure)
        }
    }
}

fn take_idle<A: Actor, M>(cell: &Arc<Cell<A>>) -> Option<Box<Core<A>>> {
    let mut inbox = cell.lock();
    if !inbox.idle || inbox.queue_next != 0 {
        inbox.queue_next = match inbox.queue_next {
            WATCHED => return take_watched(cell, inbox, type_name::<M>()),
            0 if inbox.is_open => QUEUE_AFTER_MISS,
            n => n.saturating_sub(1),
        };
        return None;
    }
    match mem::replace(&mut inbox.stage, Stage::Out) {
        Stage::Resting(core) => {
            inbox.idle = false;
            inbox.accepted += 1;
            Some(core)
        }
        elsewhere => {
            inbox.stage = elsewhere;
            None
        }
    }
}

/// The same for an actor of whose messages somebody wants to be told. It keeps count elsewhere, so that
/// what it decides is the same.
#[cold]
fn take_watched<A: Actor>(
    cell: &Cell<A>,
    mut inbox: MutexGuard<'_, Inbox<A>>,
    message_type: &'static str,
) -> Option<Box<Core<A>>> {
    let (is_idle, is_open, queue_next) = (inbox.idle, inbox.is_open, inbox.rare().queue_next);
    if !is_idle || queue_next != 0 {
        inbox.rare().queue_next = match queue_next {
            0 if is_open => QUEUE_AFTER_MISS,
            n => n.saturating_sub(1),
        };
        return None;
    }
    let core = inbox.take_idle()?;
    inbox.accepted += 1;
    drop(inbox);
    let passage = Passage::new(cell.subject(), message_type, here::depth() as u8);
    cell.system.observe(|it| it.calling(passage));
    Some(core)
}

/// Forgets the wait of a caller whose turn is over.
#[inline(always)]
fn end_wait<A: Actor>(cell: &Cell<A>, wait: Option<WaitId>) {
    if let Some(wait) = wait {
        cell.system.waits.end(wait);
    }
}

fn finish<A: Handler<M>, M: Message>(
    cell: &Arc<Cell<A>>,
    mut core: Box<Core<A>>,
    budget: Budget,
    wait: Option<WaitId>,
) -> Tried<M> {
    core.keeps_answer = false;
    core.grant(0);
    let answer = mem::take(&mut core.answer);
    let failure = core.errand.failure().cloned();
    give_back(cell, core);
    let answer = A::Protocol::collect::<M>(answer);
    if let Answered::Later(later) = answer {
        return match later.downcast() {
            Ok(later) => put_off(cell, &later, budget.due, wait.unwrap_or_default()),
            Err(_) => Tried::Failed(Failure::recoverable("another reply was put off")),
        };
    }
    end_wait(cell, wait);
    match answer {
        Answered::Reply(reply) => Tried::Answered(reply),
        _ => Tried::Failed(
            failure.unwrap_or_else(|| Failure::recoverable("the handler left its turn")),
        ),
    }
}

/// The turn is over, and the reply comes to `later`: the caller waits there.
fn put_off<A: Handler<M>, M: Message>(
    cell: &Arc<Cell<A>>,
    later: &Arc<dyn Answers<M::Reply>>,
    due: u32,
    wait: WaitId,
) -> Tried<M> {
    let known = match Arc::clone(later).into_any().downcast::<AskCell<M>>() {
        Ok(ask) => {
            watch_over(cell, &ask, due);
            return Tried::Running(ask, wait);
        }
        Err(other) => other,
    };
    let ask = known.downcast().unwrap_or_else(|_| {
        let ask = AskCell::<Begun<M::Reply>>::running(Purpose { wait, budget: Budget::NONE });
        later.relay(Arc::clone(&ask) as Arc<dyn Answers<M::Reply>>);
        ask
    });
    watch_over(cell, &ask, due);
    Tried::Deferred(ask, wait)
}

/// Has the system watch over a reply that comes later, like over any other.
fn watch_over<A: Actor, M: Message>(cell: &Arc<Cell<A>>, ask: &Arc<AskCell<M>>, due: u32) {
    ask.be_due(due);
    let is_new = Letter::Ask(Arc::clone(ask)).enlist(&mut cell.lock());
    cell.be_swept(is_new);
}

/// Lays the core down again; if mail, a signal or a failure came meanwhile, the task sees to it.
fn give_back<A: Actor>(cell: &Arc<Cell<A>>, core: Box<Core<A>>) {
    let mut inbox = cell.lock();
    if timer::is_new_silence(cell, &inbox) {
        drop(inbox);
        timer::begin_silence(cell);
        inbox = cell.lock();
    }
    // An actor that has failed for good takes no messages from that moment on.
    let senders = if core.errand.has_failed() {
        inbox.close_unless(Renewal::AfterFailure)
    } else {
        Vec::new()
    };
    let is_idle = core.errand.is_turns() && inbox.is_empty() && !cell.signals().any(Signals::ALL);
    inbox.rest(core, is_idle);
    if !is_idle {
        let wake = inbox.wake_for_signal();
        drop(inbox);
        cell.wake(wake);
    }
    senders.into_iter().for_each(Waker::wake);
}

/// The turn suspended: the actor's task goes on with it, and the caller waits like any other.
fn hand_over<A: Handler<M>, M: Message>(
    cell: &Arc<Cell<A>>,
    mut suspended: Suspended,
    budget: Budget,
    wait: Option<WaitId>,
) -> Tried<M> {
    // Before anybody else can go on with the turn. Whom it is for waits for nobody so far, or that was
    // noted with the waits inside it: so this closes no circle.
    let wait = match wait {
        Some(WaitId::NONE) => {
            let wanted = Wanted::plainly(WaitFor::Reply, type_name::<M>());
            cell.system.note_wait(cell.id, Wanted { is_read: A::READS.is_some(), ..wanted })
        }
        noted => noted.unwrap_or_default(),
    };
    suspended.cause.purpose.wait = wait;
    cell.tell_of_wait();
    let ask = AskCell::<M>::running(Purpose { wait, budget });
    let mut inbox = cell.lock();
    let is_new = Letter::Ask(Arc::clone(&ask)).enlist(&mut inbox);
    inbox.rare().handed = Some((suspended, Arc::clone(&ask) as Arc<dyn Parked<A>>));
    inbox.rare().caller = Some(Arc::downgrade(&ask) as Weak<dyn Parked<A>>);
    let wake = inbox.wake_for_signal();
    drop(inbox);
    cell.wake(wake);
    cell.be_swept(is_new);
    Tried::Running(ask, wait)
}

impl<A: Handler<M>, M: Message> Parked<A> for AskCell<M> {
    fn settle(self: Arc<Self>, answer: AnswerOf<A>, cell: &Cell<A>) {
        match A::Protocol::collect::<M>(answer) {
            Answered::Reply(reply) => {
                cell.system.waits.end(self.wait());
                self.answer(reply);
            }
            Answered::Later(later) => {
                if let Ok(later) = later.downcast::<Arc<dyn Answers<M::Reply>>>() {
                    later.relay(self);
                }
            }
            Answered::Nothing => self.lose(AskError::Lost, cell),
        }
    }

    fn lose(&self, error: AskError<()>, cell: &Cell<A>) {
        cell.system.waits.end(self.wait());
        self.fail(error);
    }

    fn poll_left(&self, cx: &mut TaskContext<'_>) -> Poll<()> {
        Answers::poll_left(self, cx)
    }
}

//! Running turns: one poll of the turn loop, with everything that can come of it.

use std::{
    future::poll_fn,
    mem,
    mem::size_of,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::atomic::AtomicBool,
    task::{Context as TaskContext, Waker},
};

use crate::{
    Actor, ActorId, AskError, Context, Failure, Protocol,
    ask::{Asker, fell_with, take_fallen},
    cell::Cell,
    core::{Core, Errand, Turn, put, take},
    here::{self, Cause},
    mailbox::Renewal,
    protocol::{Turns, unless_left},
    turn::{STARTED, STOPPED},
    watchdog::Watchdog,
};

/// What came of polling a turn loop, or a hook.
pub(crate) enum Ran<A: Actor> {
    /// Time to look around.
    Back(Box<Core<A>>),
    /// A handler or hook awaits something, with the core inside.
    Suspended(Suspended),
    /// It panicked; the loop is of no use any more, the core is whole.
    Panicked(Box<Core<A>>, Failure),
}

/// A turn loop with a turn inside that awaits something, and holds the core.
pub(crate) struct Suspended {
    turns: Turns,
    /// Why that turn runs.
    pub(crate) cause: Cause,
}

/// Runs turns on what the core's batch holds; why the first runs is known already.
///
/// Always inlined, as is what it calls: a wake of an actor is made of a few hundred instructions, and
/// moving the core through three calls was a tenth of them.
#[inline(always)]
pub(crate) fn run<A: Actor>(
    mut core: Box<Core<A>>,
    cause: Cause,
    cell: &Cell<A>,
    cx: &mut TaskContext<'_>,
) -> Ran<A> {
    let turns = core.turns.take().unwrap_or_else(|| Box::pin(A::Protocol::turns()));
    let is_call = core.keeps_answer;
    put(core);
    let suspended = Suspended { turns, cause };
    go_on(suspended, cell, is_call, cx)
}

/// Goes on with a suspended turn, which holds the core inside.
#[inline(always)]
pub(crate) fn resume<A: Actor>(
    suspended: Suspended,
    cell: &Cell<A>,
    cx: &mut TaskContext<'_>,
) -> Ran<A> {
    go_on(suspended, cell, false, cx)
}

#[inline(always)]
fn go_on<A: Actor>(
    suspended: Suspended,
    cell: &Cell<A>,
    is_call: bool,
    cx: &mut TaskContext<'_>,
) -> Ran<A> {
    match &cell.system.watchdog {
        Some(watchdog) => poll_watched(suspended, cell.id, watchdog, is_call, cx),
        None => poll_in_place(suspended, cell.id, cx),
    }
}

/// The same where a watchdog wants to know who keeps this thread.
#[cold]
fn poll_watched<A: Actor>(
    suspended: Suspended,
    id: ActorId,
    watchdog: &Watchdog,
    is_call: bool,
    cx: &mut TaskContext<'_>,
) -> Ran<A> {
    let outer = watchdog.begin(id, is_call);
    let ran = poll_in_place(suspended, id, cx);
    watchdog.end(id, outer);
    ran
}

#[inline(always)]
fn poll_in_place<A: Actor>(
    Suspended { mut turns, cause }: Suspended,
    id: ActorId,
    cx: &mut TaskContext<'_>,
) -> Ran<A> {
    let outside = here::enter(id, cause);
    let polled = poll(&mut turns, cx);
    let cause = here::leave(outside);
    match polled {
        Polled::Suspended => Ran::Suspended(Suspended { turns, cause }),
        Polled::Back(mut core) => {
            core.turns = Some(turns);
            if core.errand.has_failed() {
                consider_declared(&mut core);
            }
            Ran::Back(core)
        }
        Polled::Panicked(core, failure) => consider_panicked(core, failure),
    }
}

#[cold]
fn consider_panicked<A: Actor>(mut core: Box<Core<A>>, failure: Failure) -> Ran<A> {
    if !core.errand.is_hook() {
        core.consider(failure.clone());
    }
    tell_fallen(&core, || AskError::Failed(failure.clone()));
    Ran::Panicked(core, failure)
}

#[cold]
fn consider_declared<A: Actor>(core: &mut Core<A>) {
    if let Errand::Failed(failure) = mem::take(&mut core.errand) {
        core.consider(failure.clone());
        tell_fallen(core, || AskError::Failed(failure.clone()));
    }
}

/// Tells the askers of turns that have failed, or have taken too long, once the door is closed behind them:
/// what they send next is for the next incarnation.
pub(crate) fn tell_fallen<A: Actor>(core: &Core<A>, error: impl Fn() -> AskError<()>) {
    let senders = if core.errand.has_failed() {
        core.cell.lock().close_unless(Renewal::AfterFailure)
    } else {
        Vec::new()
    };
    abandon_fallen(&core.cell, error);
    senders.into_iter().for_each(Waker::wake);
}

/// Tells those whose turns have fallen that there is no reply. They wait no longer from then on, though they
/// may go on much later.
pub(crate) fn abandon_fallen<A: Actor>(cell: &Cell<A>, error: impl Fn() -> AskError<()>) {
    for asker in take_fallen() {
        cell.system.waits.end(asker.wait());
        asker.abandon(error());
    }
}

enum Polled<A: Actor> {
    Back(Box<Core<A>>),
    Suspended,
    Panicked(Box<Core<A>>, Failure),
}

/// Polls once: one `catch_unwind`, however many turns run in it.
#[inline(always)]
fn poll<A: Actor>(turns: &mut Turns, cx: &mut TaskContext<'_>) -> Polled<A> {
    let polled = catch_unwind(AssertUnwindSafe(|| turns.as_mut().poll(cx)));
    match (polled, take::<A>()) {
        (Ok(_), Some(core)) => Polled::Back(core),
        (Ok(_), None) => Polled::Suspended,
        (Err(payload), core) => {
            let core = core.expect("a turn loop gives the core back when it unwinds");
            Polled::Panicked(core, Failure::panicked(&*payload))
        }
    }
}

/// Drops a suspended turn that has taken too long, and gives back the core that it held. Its askers are
/// told by [`tell_fallen`].
pub(crate) fn cut_late<A: Actor>(suspended: Suspended) -> Box<Core<A>> {
    // As in `cut`.
    _ = catch_unwind(AssertUnwindSafe(|| fell_with(|| drop(suspended.turns))));
    take().expect("a turn loop gives the core back when it is dropped")
}

/// Drops a suspended turn where it stands, and gives back the core that it held.
pub(crate) fn cut<A: Actor>(suspended: Suspended) -> Box<Core<A>> {
    // A destructor of the handler may panic; the core is put back all the same.
    _ = catch_unwind(AssertUnwindSafe(|| fell_with(|| drop(suspended.turns))));
    let core = take::<A>().expect("a suspended turn gives the core back when it is dropped");
    abandon_fallen(&core.cell, || AskError::Lost);
    core
}

/// Whether the hook's future was written by somebody: the default has no size.
pub(crate) fn has_started_hook<A: Actor>() -> bool {
    future_size(|| A::started(absent(), absent())) != 0
}

/// Whether the hook's future was written by somebody: the default has no size.
pub(crate) fn has_stopped_hook<A: Actor>() -> bool {
    future_size(|| A::stopped(absent(), absent(), absent())) != 0
}

/// The size of the future that `make` would make; it is never called.
fn future_size<F>(_make: impl FnOnce() -> F) -> usize {
    size_of::<F>()
}

fn absent<T>() -> T {
    unreachable!("only the type is asked for")
}

/// Runs the hook that a core was sent for.
pub(crate) async fn run_errand<A: Actor>(core: &mut Core<A>) {
    let leaves = AtomicBool::new(false);
    let mut turn = Turn::<()> { asker: Asker::Hook, failure: None };
    let mut cx = Context::new(&core.cell, core.incarnation, &leaves, &mut turn, &mut core.batch);
    let failure = match &core.errand {
        Errand::Start(last) => {
            core.cell.last_turn.begin(STARTED);
            let hook = async {
                if let Some(last) = last {
                    A::restarting(&mut core.actor, last, &mut cx).await?;
                }
                A::started(&mut core.actor, &mut cx).await
            };
            let mut hook = pin!(hook);
            let ended = poll_fn(|task| unless_left(hook.as_mut().poll(task), &leaves)).await;
            ended.and_then(Result::err)
        }
        Errand::Stop(reason) => {
            core.cell.last_turn.begin(STOPPED);
            let mut hook = pin!(A::stopped(&mut core.actor, reason, &mut cx));
            poll_fn(|task| unless_left(hook.as_mut().poll(task), &leaves)).await;
            None
        }
        Errand::Turns
        | Errand::Failed(_)
        | Errand::Resumed(_)
        | Errand::StartFailed(_)
        | Errand::StopFailed(_) => None,
    };
    core.note_hook(failure.or(turn.failure));
}

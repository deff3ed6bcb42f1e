//! The beginning and the end: the only writer of lifecycle state.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{Arc, atomic::Ordering},
    task::{Context as TaskContext, Waker},
};

use crate::{
    Actor, DeadReason, Failure, StopReason,
    cell::Cell,
    core::{Core, Errand},
    mailbox::{Order, Stage, Verb},
    run,
    runner::Runner,
    signal::Signals,
};

/// Puts a new incarnation into its cell: at rest if it has no `started` to run, else with its task.
pub(crate) fn begin<A: Actor>(cell: &Arc<Cell<A>>, actor: A) {
    let mut core = Core::new(actor, Arc::clone(cell), 0);
    core.errand = Errand::Start;
    if run::has_started_hook::<A>() {
        let mut inbox = cell.lock();
        inbox.has_task = true;
        inbox.rest(core, false);
        drop(inbox);
        cell.spawn_task(Runner::serving(Arc::clone(cell)));
        return;
    }
    let core = run_empty_errand(core);
    let mut inbox = cell.lock();
    inbox.has_started = true;
    inbox.rest(core, true);
}

/// Tells whoever waits for it that the actor has started.
pub(crate) fn note_started<A: Actor>(cell: &Cell<A>) {
    let mut inbox = cell.lock();
    inbox.has_started = true;
    let watchers = inbox.take_watchers();
    drop(inbox);
    watchers.into_iter().for_each(Waker::wake);
}

/// Gives an order to end. The stronger of two stands; an actor that has ended ignores it.
pub(crate) fn order<A: Actor>(cell: &Arc<Cell<A>>, order: Order) {
    let mut inbox = cell.lock();
    if inbox.is_gone() || !is_stronger(order.verb, cell) {
        return;
    }
    let senders = inbox.close();
    let ends_here = inbox.idle && (order.verb == Verb::Kill || !run::has_stopped_hook::<A>());
    if ends_here && let Stage::Resting(core) = mem::replace(&mut inbox.stage, Stage::Out) {
        inbox.idle = false;
        let task = inbox.waker.take();
        drop(inbox);
        let Order { verb, reason, .. } = order;
        let core = if verb == Verb::Kill { core } else { run_empty_hook(core, &reason) };
        finish(cell, Some(core), reason);
        // A task that waited for messages finds that there is nothing left to do.
        task.into_iter().for_each(Waker::wake);
    } else {
        let signal = signal_for(order.verb);
        let handled = cell.handled.load(Ordering::Relaxed);
        let messages = order.messages.saturating_add(handled);
        inbox.rare().order = Some(Order { messages, ..order });
        inbox.be_careful();
        cell.raise(inbox, signal);
    }
    senders.into_iter().for_each(Waker::wake);
}

/// Ends an actor after the turn that asks for it.
pub(crate) fn stop_self<A: Actor>(cell: &Arc<Cell<A>>) {
    let mut inbox = cell.lock();
    let senders = inbox.close();
    cell.raise(inbox, Signals::STOP);
    senders.into_iter().for_each(Waker::wake);
}

/// Whether an order goes beyond what the actor has been told already.
fn is_stronger<A: Actor>(verb: Verb, cell: &Cell<A>) -> bool {
    let seen = cell.signals().all();
    let standing =
        [Verb::Kill, Verb::Stop, Verb::Drain].into_iter().find(|&it| seen.has(signal_for(it)));
    standing.is_none_or(|it| verb > it)
}

const fn signal_for(verb: Verb) -> Signals {
    match verb {
        Verb::Drain => Signals::DRAIN,
        Verb::Stop => Signals::STOP,
        Verb::Kill => Signals::KILL,
    }
}

/// Runs a `stopped` that nobody wrote, or that at least captures nothing.
pub(crate) fn run_empty_hook<A: Actor>(
    mut core: Box<Core<A>>,
    reason: &StopReason,
) -> Box<Core<A>> {
    core.errand = Errand::Stop(Box::new(reason.clone()));
    run_empty_errand(core)
}

/// Runs a hook of no size to its end, here and without a box: spawning allocates no more than it
/// keeps.
fn run_empty_errand<A: Actor>(mut core: Box<Core<A>>) -> Box<Core<A>> {
    // One that panics, or waits for ever, has nothing to undo: it has captured nothing.
    _ = catch_unwind(AssertUnwindSafe(|| {
        let cx = &mut TaskContext::from_waker(Waker::noop());
        _ = pin!(run::run_errand(&mut *core)).poll(cx);
    }));
    core.errand = Errand::Turns;
    core
}

/// Ends an actor: state, then leftovers, then roster; last, whoever waits for it is told.
pub(crate) fn finish<A: Actor>(
    cell: &Arc<Cell<A>>,
    core: Option<Box<Core<A>>>,
    reason: StopReason,
) {
    let mut batch = None;
    if let Some(core) = core {
        let Core { actor, batch: rest, answer, .. } = *core;
        batch = Some(rest);
        let dropped = catch_unwind(AssertUnwindSafe(|| drop((actor, answer))));
        if let Err(payload) = dropped {
            cell.report(&Failure::panicked(&*payload));
        }
    }
    let mut inbox = cell.lock();
    let senders = inbox.close();
    let queue = inbox.drain();
    cell.left.store(0, Ordering::Relaxed);
    drop(inbox);
    cell.bury(batch.into_iter().flatten().chain(queue), dead_reason(&reason));

    let mut inbox = cell.lock();
    inbox.stage = Stage::Leaving;
    let asks = inbox.rare.as_mut().map(|it| mem::take(&mut it.asks));
    drop(inbox);
    cell.system.adopt(asks.unwrap_or_default());
    cell.system.forget(cell.id, cell.counters());
    cell.system.observe(|it| it.stopped(cell.subject(), &reason));

    let mut inbox = cell.lock();
    inbox.stage = Stage::Gone(reason);
    let watchers = inbox.take_watchers();
    drop(inbox);
    senders.into_iter().chain(watchers).for_each(Waker::wake);
}

fn dead_reason(reason: &StopReason) -> DeadReason {
    match reason {
        StopReason::Normal
        | StopReason::Stopped(_)
        | StopReason::SystemShutdown
        | StopReason::Lost => DeadReason::Stopped,
        StopReason::StopFailed(both) => dead_reason(&both.reason),
        StopReason::Killed => DeadReason::Killed,
        StopReason::Failed(_) => DeadReason::Failed,
        StopReason::StartFailed(_) => DeadReason::StartFailed,
    }
}

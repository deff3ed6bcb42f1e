//! The beginning and the end: the only writer of lifecycle state.
//!
//! An incarnation begins when its state comes to rest in the cell, and ends when its state was
//! dropped. What follows is either the end of the actor, or another incarnation: that is decided by
//! its supervisor, in `supervision/restart.rs`, and [`settle`] is where the decision arrives.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{Arc, atomic::Ordering},
    task::{Context as TaskContext, Waker},
};

use crate::{
    Actor, DeadReason, Ended, Failure, StopReason, Terminated,
    cell::Cell,
    checkup,
    core::{Core, EnvelopeOf, Errand},
    family::{Family, Post},
    kin::{Kin, Next},
    mailbox::{Inbox, Order, Queue, Renewal, Stage, Verb},
    run,
    runner::Runner,
    signal::Signals,
    stash,
    supervision::{Input, Manner},
    task, timer,
};

/// The first incarnation of an actor.
fn first_core<A: Actor>(cell: &Arc<Cell<A>>, actor: A) -> Box<Core<A>> {
    let mut core = Core::new(actor, Arc::clone(cell), 0);
    core.errand = Errand::Start(None);
    core
}

/// Begins an actor whose state is there.
pub(crate) fn begin<A: Actor>(cell: &Arc<Cell<A>>, actor: A) {
    begin_core(cell, first_core(cell, actor));
}

/// Puts an actor into its cell, to be begun when somebody runs it.
pub(crate) fn prepare<A: Actor>(cell: &Arc<Cell<A>>, actor: A) {
    let core = first_core(cell, actor);
    let mut inbox = cell.lock();
    // Whoever runs it is its task.
    inbox.has_task = true;
    inbox.stage = Stage::Prepared(core);
}

/// Begins a prepared actor, unless it was told to end meanwhile.
pub(crate) fn begin_prepared<A: Actor>(cell: &Arc<Cell<A>>) {
    let core = cell.lock().take_prepared();
    core.into_iter().for_each(|it| begin_core(cell, it));
}

/// Ends an actor that was prepared and will not run.
pub(crate) fn never_start<A: Actor>(cell: &Arc<Cell<A>>) {
    let core = cell.lock().take_prepared();
    core.into_iter().for_each(|it| finish(cell, Some(it), StopReason::NeverStarted));
}

/// Puts the first incarnation into its cell: at rest if it has no `started` to run, else with its
/// task.
fn begin_core<A: Actor>(cell: &Arc<Cell<A>>, core: Box<Core<A>>) {
    if run::has_started_hook::<A>() || cell.settings.keeps_to_itself() {
        cell.lay_down(cell.lock(), core, false);
        return;
    }
    let core = run_empty_errand(core);
    let mut inbox = cell.lock();
    inbox.has_started = true;
    // Somebody may have given an order already, who found nobody at home.
    let is_idle = !cell.signals().any(Signals::ALL);
    let watchers = inbox.take_watchers();
    let post = inbox.kin_if_any().and_then(|it| it.post.clone());
    cell.lay_down(inbox, core, is_idle);
    watchers.into_iter().for_each(Waker::wake);
    post.into_iter().for_each(|it| it.family.feed(Input::Started(it.key)));
}

/// Begins an actor whose state is built in its own task.
pub(crate) fn begin_in_task<A: Actor>(cell: &Arc<Cell<A>>, runner: Runner<A>) {
    cell.lock().has_task = true;
    cell.spawn_task(runner);
}

/// Tells whoever waits for it that an incarnation has started.
pub(crate) fn note_started<A: Actor>(cell: &Cell<A>) {
    let mut inbox = cell.lock();
    inbox.has_started = true;
    let watchers = inbox.take_watchers();
    let post = inbox.kin_if_any().and_then(|it| {
        it.is_restarting = false;
        it.post.clone()
    });
    drop(inbox);
    watchers.into_iter().for_each(Waker::wake);
    post.into_iter().for_each(|it| it.family.feed(Input::Started(it.key)));
}

/// Gives an order to end. The stronger of two stands; an actor that has ended ignores it.
pub(crate) fn order<A: Actor>(cell: &Arc<Cell<A>>, mut order: Order) {
    let mut inbox = cell.lock();
    if order.verb == Verb::Drain && cell.signals().any(Signals::RETIRE) {
        // The incarnation has no turn left to handle anything in.
        order.verb = Verb::Stop;
    }
    if inbox.is_gone() || !is_stronger(order.verb, cell) {
        return;
    }
    let is_retiring = order.verb == Verb::Retire;
    let senders =
        if is_retiring { inbox.close_unless(Renewal::AfterFailure) } else { inbox.close() };
    if order.verb > Verb::Drain
        && let Some(core) = inbox.take_prepared()
    {
        drop(inbox);
        finish(cell, Some(core), order.reason);
        senders.into_iter().for_each(Waker::wake);
        return;
    }
    let ends_here =
        inbox.kin_if_any().is_none() && (order.verb == Verb::Kill || !run::has_stopped_hook::<A>());
    if ends_here && let Some(core) = inbox.take_idle() {
        let task = inbox.waker.take();
        drop(inbox);
        let Order { verb, reason, .. } = order;
        let core = if verb == Verb::Kill { core } else { run_empty_hook(core, &reason) };
        finish(cell, Some(core), reason);
        // A task that waited for messages finds that there is nothing left to do.
        task.into_iter().for_each(Waker::wake);
    } else {
        let signal = signal_for(order.verb);
        if order.verb > Verb::Retire {
            cell.signals().lower(Signals::RETIRE);
        }
        let handled = cell.handled.load(Ordering::Relaxed);
        let messages = order.messages.saturating_add(handled);
        inbox.rare().order = Some(Order { messages, ..order });
        inbox.be_careful();
        cell.raise(inbox, signal);
    }
    senders.into_iter().for_each(Waker::wake);
}

/// Ends an incarnation after the turn that asks for it.
pub(crate) fn stop_self<A: Actor>(cell: &Arc<Cell<A>>) {
    let mut inbox = cell.lock();
    let senders = inbox.close_unless(Renewal::Always);
    cell.raise(inbox, Signals::STOP);
    senders.into_iter().for_each(Waker::wake);
}

/// Whether an order goes beyond what the actor has been told already.
fn is_stronger<A: Actor>(verb: Verb, cell: &Cell<A>) -> bool {
    let seen = cell.signals().all();
    let standing = [Verb::Kill, Verb::Retire, Verb::Stop, Verb::Drain]
        .into_iter()
        .find(|&it| seen.has_all(signal_for(it)));
    standing.is_none_or(|it| verb > it)
}

const fn signal_for(verb: Verb) -> Signals {
    match verb {
        Verb::Drain => Signals::DRAIN,
        Verb::Retire => Signals::STOP.and(Signals::RETIRE),
        Verb::Stop => Signals::STOP,
        Verb::Kill => Signals::KILL,
    }
}

/// Begins the clean-up of an incarnation: closes the door behind the last message, unless another
/// incarnation goes in by it.
pub(crate) fn begin_stop<A: Actor>(cell: &Cell<A>, reason: &StopReason) {
    let mut inbox = cell.lock();
    let senders = inbox.close_unless(renewal_after(reason));
    // From here on the time for shutting down runs, whatever led to this.
    let verb = if inbox.is_open { Verb::Retire } else { Verb::Stop };
    cell.signals().raise(signal_for(verb));
    drop(inbox);
    senders.into_iter().for_each(Waker::wake);
}

/// What another incarnation takes after such an end.
fn renewal_after(reason: &StopReason) -> Renewal {
    match reason {
        StopReason::Restart => Renewal::AfterFailure,
        reason if reason.is_failure() => Renewal::AfterFailure,
        _ => Renewal::Always,
    }
}

/// Sends away what waits for an actor that will not come back. Before its children end, because one
/// of them may wait for an answer, and would be waited for.
pub(crate) fn turn_away<A: Actor>(cell: &Cell<A>, core: Option<&mut Core<A>>, reason: &StopReason) {
    let mut inbox = cell.lock();
    let is_over = matches!(reason, StopReason::OwnerEnded | StopReason::SystemShutdown)
        || inbox.renewal < renewal_after(reason);
    if !is_over {
        return;
    }
    let batch = core.map(|it| mem::take(&mut it.batch)).unwrap_or_default();
    let senders = inbox.close();
    let queue = inbox.drain();
    cell.left.store(0, Ordering::Relaxed);
    inbox.kin().n_turned_away += batch.len() + queue.len();
    drop(inbox);
    cell.bury(batch.into_iter().chain(queue), dead_reason(reason));
    senders.into_iter().for_each(Waker::wake);
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

/// Ends an incarnation that has cleaned up. True if the actor now waits for what its supervisor
/// decides; else it has ended.
pub(crate) fn end_incarnation<A: Actor>(
    cell: &Arc<Cell<A>>,
    core: Option<Box<Core<A>>>,
    reason: StopReason,
) -> bool {
    let Some(post) = supervisor_of(cell) else {
        finish(cell, core, reason);
        return false;
    };
    let batch = core.map(|it| drop_state(cell, *it)).unwrap_or_default();
    timer::end_incarnation(cell);
    task::end_incarnation(cell);
    let mut inbox = cell.lock();
    inbox.stage = Stage::Unborn;
    inbox.put_back(batch);
    cell.left.store(0, Ordering::Relaxed);
    inbox.kin().is_restarting = true;
    obey(cell, &mut inbox, &reason);
    drop(inbox);
    post.family.feed(Input::Ended(post.key, reason));
    true
}

/// The supervisor that decides about the next incarnation, if there may be one.
fn supervisor_of<A: Actor>(cell: &Cell<A>) -> Option<Post> {
    let mut inbox = cell.lock();
    let is_renewable = inbox.renewal > Renewal::Never;
    inbox.kin_if_any().filter(|_| is_renewable)?.post.clone()
}

/// An order has been obeyed when an incarnation ends by it. One that came while an incarnation was
/// failing anyway still stands.
fn obey<A: Actor>(cell: &Cell<A>, inbox: &mut Inbox<A>, reason: &StopReason) {
    let order = inbox.rare().order.take();
    inbox.kin().was_killed = cell.signals().any(Signals::KILL);
    cell.signals().lower(Signals::ANY_END);
    let failed_by_itself = matches!(
        reason,
        StopReason::Failed(_) | StopReason::StartFailed(_) | StopReason::Vetoed(_)
    );
    if let Some(order) = order.filter(|it| failed_by_itself && !it.is_for_one_incarnation()) {
        cell.signals().raise(signal_for(order.verb));
        inbox.rare().order = Some(order);
    }
}

/// What an actor between two incarnations is to do.
pub(crate) enum Word {
    /// Nothing was decided yet.
    Wait,
    Start,
    End(StopReason),
    /// Somebody wants the end of the incarnation that was to start: that was it.
    Ended(StopReason),
    /// Somebody wants the end, and no start was decided yet. Perhaps it is in this moment, so this is
    /// not the end of an incarnation.
    CalledOff(StopReason),
}

/// Takes the word of the supervisor, or of whoever gave an order meanwhile.
pub(crate) fn take_word<A: Actor>(cell: &Cell<A>) -> Word {
    let mut inbox = cell.lock();
    let next = inbox.kin().next.take();
    if let Some(Next::End(reason)) = next {
        return Word::End(reason);
    }
    if next.is_none() {
        forget_obeyed(cell, &mut inbox);
    }
    if let Some(order) = inbox.rare().order.take() {
        cell.signals().lower(Signals::ANY_END);
        return match next {
            Some(_) => Word::Ended(order.reason),
            None => Word::CalledOff(order.reason),
        };
    }
    if next.is_some() { Word::Start } else { Word::Wait }
}

/// Drops an order that the last incarnation has obeyed by ending.
fn forget_obeyed<A: Actor>(cell: &Cell<A>, inbox: &mut Inbox<A>) {
    if inbox.rare().order.take_if(|it| it.is_for_one_incarnation()).is_some() {
        cell.signals().lower(Signals::ANY_END);
    }
}

/// Lets an actor between two incarnations know what its supervisor has decided.
pub(crate) fn settle<A: Actor>(cell: &Arc<Cell<A>>, next: Next) {
    let mut inbox = cell.lock();
    if !inbox.is_gone() {
        // What the supervisor says after this is about the next one.
        forget_obeyed(cell, &mut inbox);
        // Whoever hears that it is started finds the door open.
        if matches!(next, Next::Start) {
            inbox.is_open = true;
            timer::open_door(cell, &mut inbox);
        }
        inbox.kin().next = Some(next);
        cell.raise(inbox, Signals::KIN);
    }
}

/// Closes the door of an actor that is not started again until its owner says so.
pub(crate) fn shut<A: Actor>(cell: &Cell<A>) {
    let senders = cell.lock().close();
    senders.into_iter().for_each(Waker::wake);
}

/// Has an actor look at its children.
pub(crate) fn nudge<A: Actor>(cell: &Arc<Cell<A>>) {
    let inbox = cell.lock();
    if !inbox.is_gone() {
        cell.raise(inbox, Signals::KIN);
    }
}

/// Opens the house of the next incarnation for its children.
pub(crate) fn reopen<A: Actor>(cell: &Cell<A>) {
    let mut inbox = cell.lock();
    let family = inbox.kin_if_any().and_then(|it| {
        it.was_killed = false;
        it.family.clone()
    });
    drop(inbox);
    family.into_iter().for_each(|it| it.feed(Input::Reopen));
}

/// The family of an actor that has children, or has had some.
pub(crate) fn family_of<A: Actor>(cell: &Cell<A>) -> Option<Arc<Family>> {
    cell.lock().kin_if_any()?.family.clone()
}

/// Drops the state of an incarnation, and gives back the messages it did not come to.
fn drop_state<A: Actor>(cell: &Cell<A>, core: Core<A>) -> Queue<EnvelopeOf<A>> {
    let Core { actor, batch, answer, .. } = core;
    let dropped = catch_unwind(AssertUnwindSafe(|| drop((actor, answer))));
    if let Err(payload) = dropped {
        cell.report(&Failure::panicked(&*payload));
    }
    batch
}

/// Ends an actor: state, then leftovers, then names and roster, then whoever watches; last, whoever
/// waits for it, and its owner.
pub(crate) fn finish<A: Actor>(
    cell: &Arc<Cell<A>>,
    core: Option<Box<Core<A>>>,
    reason: StopReason,
) {
    let batch = core.map(|it| drop_state(cell, *it)).unwrap_or_default();
    timer::end(cell);
    task::end_incarnation(cell);
    let (undelivered, senders) = clear(cell, batch, &reason);

    let runtime = &cell.system.runtime;
    let end = Arc::new(Ended::new(reason, runtime.now(), runtime.wall_now()));
    let mut inbox = cell.lock();
    inbox.stage = Stage::Leaving(Arc::clone(&end));
    let asks = inbox.rare.as_mut().map(|it| mem::take(&mut it.asks));
    let mut kin = inbox.rare.as_mut().and_then(|it| it.kin.take());
    drop(inbox);
    cell.system.adopt(asks.unwrap_or_default());
    let undelivered = undelivered + kin.as_ref().map_or(0, |it| it.n_turned_away);
    let was_killed =
        cell.signals().any(Signals::KILL) || kin.as_ref().is_some_and(|it| it.was_killed);
    cell.system.forget(cell.id, cell.counters());
    cell.system.note_departure(&**cell, &end, undelivered, was_killed);
    cell.system.observe(|it| it.stopped(cell.subject(), &end.reason));
    let checking = kin.as_deref_mut().map(checkup::dismiss).unwrap_or_default();
    let post = kin.and_then(|it| part(cell, *it, &end));

    let mut inbox = cell.lock();
    let reason = end.reason.clone();
    inbox.stage = Stage::Gone(end);
    let watchers = inbox.take_watchers();
    let late = inbox.kin_if_any().map(checkup::dismiss).unwrap_or_default();
    drop(inbox);
    senders.into_iter().chain(watchers).chain(checking).chain(late).for_each(Waker::wake);
    post.into_iter().for_each(|it| it.family.feed(Input::Gone(it.key, reason.clone())));
}

/// Closes the door and sends away what waits. Returns how much that was, and who stood in line.
fn clear<A: Actor>(
    cell: &Cell<A>,
    batch: Queue<EnvelopeOf<A>>,
    reason: &StopReason,
) -> (usize, Vec<Waker>) {
    let mut inbox = cell.lock();
    let senders = inbox.close();
    let aside = stash::take(&mut inbox);
    let queue = inbox.drain();
    cell.left.store(0, Ordering::Relaxed);
    drop(inbox);
    let leftovers: Vec<_> = aside.into_iter().chain(batch).chain(queue).collect();
    let n = leftovers.len();
    cell.bury(leftovers.into_iter(), dead_reason(reason));
    (n, senders)
}

/// Undoes all ties of an actor that has ended, and tells those who asked for it.
fn part<A: Actor>(cell: &Cell<A>, kin: Kin<A>, end: &Ended) -> Option<Post> {
    let Kin { post, family, watchers, watched, links, names, groups, restarts, .. } = kin;
    cell.system.registry.free(cell.id, &names);
    cell.system.groups.leave_all(&groups);
    // Nobody is left, unless the task was lost with its runtime.
    family.into_iter().for_each(|it| it.feed(Input::Close(Manner::Kill)));
    for (id, it) in watched {
        it.forget(cell.id, id);
    }
    restarts.into_iter().for_each(|it| it.undo(cell.id));
    if watchers.is_empty() && links.is_empty() {
        return post;
    }
    let notice = Terminated::seen(cell, end);
    for watcher in watchers.into_values().filter_map(|it| it.upgrade()) {
        watcher.hear(&notice, None);
    }
    for peer in links.into_values().filter_map(|it| it.upgrade()) {
        peer.hear_link(&notice);
    }
    post
}

fn dead_reason(reason: &StopReason) -> DeadReason {
    match reason {
        StopReason::Normal
        | StopReason::Stopped(_)
        | StopReason::Restart
        | StopReason::OwnerEnded
        | StopReason::SystemShutdown
        | StopReason::Unreferenced
        | StopReason::Lost
        | StopReason::Deadlock(_)
        | StopReason::Unknown => DeadReason::Stopped,
        StopReason::StopFailed(both) => dead_reason(&both.reason),
        StopReason::Killed => DeadReason::Killed,
        StopReason::Failed(_)
        | StopReason::LimitExhausted(_)
        | StopReason::Vetoed(_)
        | StopReason::Linked(_) => DeadReason::Failed,
        StopReason::StartFailed(_) | StopReason::NeverStarted => DeadReason::StartFailed,
    }
}

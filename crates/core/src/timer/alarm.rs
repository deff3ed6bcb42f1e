//! The running side: one alarm per actor that has timers, minded by the actor's own task.
//!
//! Rules:
//! 1. Whoever sets a timer raises [`Signals::TIMER`]; the task lowers it, and sets its alarm to what
//!    is due first. So a run of turns is never cut for a timer, and an actor without timers pays
//!    nothing.
//! 2. An alarm may ring too early, never too late: what is cancelled or put off leaves it alone,
//!    unless nothing is left that it could ring for.
//! 3. Messages are cloned, sent and dropped with the lock open.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, MutexGuard, atomic::Ordering},
    task::{Context as TaskContext, Poll, Waker},
};

use ghostlight_rt::{Instant, Sleep};

use super::{
    table::{Table, Taken},
    tick::{Load, Mailing},
};
use crate::{
    Actor, Failure, Protocol, cell::Cell, mailbox::Inbox, protocol::Parcel, signal::Signals,
};

/// When the task of an actor is woken for its timers.
pub(crate) struct Alarm {
    at: Instant,
    sleep: Sleep,
}

impl Alarm {
    fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<()> {
        Pin::new(&mut self.sleep).poll(cx)
    }
}

/// Does what is due, if the alarm rings.
pub(crate) fn look<A: Actor>(
    alarm: &mut Option<Alarm>,
    cell: &Arc<Cell<A>>,
    cx: &mut TaskContext<'_>,
) {
    if ring(alarm, cell, cx) {
        mind(alarm, cell, cx);
    }
}

/// Sets the alarm to what is due first, and does what is due already.
pub(crate) fn mind<A: Actor>(
    alarm: &mut Option<Alarm>,
    cell: &Arc<Cell<A>>,
    cx: &mut TaskContext<'_>,
) {
    loop {
        let mut inbox = cell.lock();
        cell.signals().lower(Signals::TIMER);
        let next = inbox.timers().and_then(|it| it.next_due());
        drop(inbox);
        let Some(at) = next else {
            *alarm = None;
            return;
        };
        if alarm.as_ref().is_none_or(|it| at < it.at) {
            *alarm = Some(Alarm { at, sleep: cell.system.runtime.sleep_until(at) });
        }
        if !ring(alarm, cell, cx) {
            return;
        }
    }
}

/// Whether the alarm rang; then what was due is done.
fn ring<A: Actor>(
    alarm: &mut Option<Alarm>,
    cell: &Arc<Cell<A>>,
    cx: &mut TaskContext<'_>,
) -> bool {
    let Some(rung) = alarm.take_if(|it| it.poll(cx).is_ready()) else { return false };
    // A clock that is read out of order must not make this go round for nothing.
    let now = cell.system.runtime.now().max(rung.at);
    while fire_next(cell, now) {}
    true
}

/// Does what is due first. False if nothing more is.
fn fire_next<A: Actor>(cell: &Arc<Cell<A>>, now: Instant) -> bool {
    let mut inbox = cell.lock();
    let is_silent = inbox.is_empty() && cell.left() == 0;
    let handled = is_silent.then(|| cell.handled.load(Ordering::Relaxed));
    let Some(timers) = inbox.timers() else { return false };
    let Some((id, load)) = timers.pop_due(now).or_else(|| timers.pop_silence(now, handled)) else {
        return false;
    };
    match load {
        Load::Tell(tick) => deliver(cell, inbox, id, tick),
        Load::Send(mailing) => {
            drop(inbox);
            send(cell, id, mailing, now);
        }
    }
    true
}

/// Puts a tick at the end of the mailbox, however full that is: the number of timers bounds them.
/// Behind a closed door, the next incarnation may want it.
fn deliver<A: Actor>(
    cell: &Cell<A>,
    mut inbox: MutexGuard<'_, Inbox<A>>,
    id: u64,
    tick: Box<dyn Parcel<A>>,
) {
    if !inbox.is_open {
        let tick = Load::Tell(tick);
        let unwanted = match inbox.timers() {
            Some(timers) => timers.hold(id, tick),
            None => Some(tick),
        };
        drop(inbox);
        discard(cell, unwanted);
        return;
    }
    inbox.push(|queue| queue.push_back(A::Protocol::parcel(tick)));
    // The task that runs this looks at the queue next, unless a turn is suspended that does.
    let host = inbox.end_hosting();
    drop(inbox);
    host.into_iter().for_each(Waker::wake);
}

/// Sends to somebody else, and has the timer go on if it does.
fn send<A: Actor>(cell: &Cell<A>, id: u64, mut mailing: Box<dyn Mailing>, now: Instant) {
    let sent = catch_unwind(AssertUnwindSafe(|| mailing.send()));
    let goes_on = sent.unwrap_or_else(|payload| {
        cell.report(&Failure::panicked(&*payload));
        false
    });
    let load = Load::Send(mailing);
    let mut inbox = cell.lock();
    let left = match inbox.timers() {
        Some(timers) if goes_on => match timers.taken(id, load, now) {
            Taken::Kept => None,
            Taken::Cancelled(load) | Taken::Last(load) => Some(load),
        },
        Some(timers) => timers.cancel(id).or(Some(load)),
        None => Some(load),
    };
    drop(inbox);
    discard(cell, left);
}

/// Drops what timers carried. A message that panics must not take the others along.
fn discard<A: Actor>(cell: &Cell<A>, loads: impl IntoIterator<Item = Load<A>>) {
    for load in loads {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(load))) {
            cell.report(&Failure::panicked(&*payload));
        }
    }
}

/// Has the task look at the ticks that waited for the door to open.
pub(crate) fn open_door<A: Actor>(cell: &Cell<A>, inbox: &mut Inbox<A>) {
    if inbox.timers().is_some_and(Table::release) {
        cell.signals().raise(Signals::TIMER);
    }
}

/// Whether the actor, coming to rest, begins a silence that somebody waits for.
pub(crate) fn is_new_silence<A: Actor>(cell: &Cell<A>, inbox: &Inbox<A>) -> bool {
    let kin = inbox.rare.as_ref().and_then(|it| it.kin.as_ref());
    let timers = kin.and_then(|it| it.timers.as_ref());
    timers.is_some_and(|it| it.is_new_silence(cell.handled.load(Ordering::Relaxed)))
}

/// The actor is silent from now on.
pub(crate) fn begin_silence<A: Actor>(cell: &Cell<A>) {
    let now = cell.system.runtime.now();
    let mut inbox = cell.lock();
    let handled = cell.handled.load(Ordering::Relaxed);
    if inbox.timers().is_some_and(|it| it.begin_silence(handled, now)) {
        cell.signals().raise(Signals::TIMER);
    }
}

/// Cancels a timer. What it carries is to be dropped with the lock open.
pub(super) fn cancel<A: Actor>(cell: &Arc<Cell<A>>, id: u64) -> Option<Load<A>> {
    let mut inbox = cell.lock();
    let timers = inbox.timers()?;
    let load = timers.cancel(id);
    if timers.is_empty() {
        stir(cell, inbox);
    }
    load
}

/// Has the actor's task look at the timers, wherever it is.
pub(super) fn stir<A: Actor>(cell: &Arc<Cell<A>>, mut inbox: MutexGuard<'_, Inbox<A>>) {
    cell.signals().raise(Signals::TIMER);
    let wake = inbox.wake_for_signal();
    drop(inbox);
    cell.wake(wake);
}

/// Cancels the timers that die with an incarnation: all that were not told to outlive it. Ticks of
/// theirs that are in the mailbox are withdrawn.
///
/// Called with the lock open, by whoever ends the incarnation.
pub(crate) fn end_incarnation<A: Actor>(cell: &Cell<A>) {
    let mut inbox = cell.lock();
    let loads = inbox.timers().map(Table::end_incarnation);
    cell.signals().raise(Signals::TIMER);
    drop(inbox);
    discard(cell, loads.into_iter().flatten());
}

/// Cancels all timers, at the end of the actor. Called with the lock open.
pub(crate) fn end<A: Actor>(cell: &Cell<A>) {
    let timers = cell.lock().kin_if_any().and_then(|it| it.timers.take());
    discard(cell, timers.map(|it| it.into_loads()).into_iter().flatten());
}

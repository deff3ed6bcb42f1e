//! Driving a world: one task after another, and when none can run, time.
//!
//! The drive is a future that tokio's current-thread runtime blocks on. So whatever a task of the
//! world does with tokio finds a runtime around it, with a clock that stands still; and when this
//! future waits, tokio runs tasks of its own, and looks at its timers.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use ghostlight_rt::Instant;
use tokio::{runtime::RuntimeMetrics, task::coop, time::Sleep};

use crate::{
    clock::{Clock, whole_after, whole_before},
    engine::{Calm, Engine, Turn},
    panic_text::text_of,
    task::{Body, Notice},
};

/// How far a world is driven.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Goal {
    /// Until the test has what it waits for.
    Main,
    /// Until nothing can run now.
    Settled,
    /// Until that moment, and settled.
    Until(Instant),
    /// To the next moment at which something happens, and settled.
    Next,
    /// Until nothing will ever happen by itself.
    Idle,
    /// One step, if any can be taken now.
    Step,
}

/// How a drive ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Arrival {
    /// As it was meant to.
    There,
    /// Nothing can run, and nothing waits for time to pass.
    Stuck,
    /// So many steps, and not there yet.
    Endless,
}

/// What is needed to drive a world.
pub(crate) struct Drive<'a> {
    pub(crate) engine: &'a Arc<Engine>,
    pub(crate) clock: Clock,
    pub(crate) metrics: &'a RuntimeMetrics,
    pub(crate) goal: Goal,
    pub(crate) main: Option<Pin<&'a mut (dyn Future<Output = ()> + 'a)>>,
    pub(crate) limits: Limits,
    /// Ends tokio's wait at the moment it was set to.
    alarm: Option<Pin<Box<Sleep>>>,
    is_first: bool,
    /// How many steps there were when the clock was first to move.
    jumped_after: Option<u64>,
    /// What the clock showed when tokio was asked whether it has timers.
    probed_at: Instant,
}

/// From where on something is taken to be endless.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How many steps may be taken at one moment.
    pub(crate) steps: u64,
    /// How far the clock may move.
    pub(crate) horizon: Instant,
}

impl<'a> Drive<'a> {
    pub(crate) fn new(
        engine: &'a Arc<Engine>,
        metrics: &'a RuntimeMetrics,
        goal: Goal,
        limits: Limits,
    ) -> Self {
        Self {
            engine,
            clock: engine.clock(),
            metrics,
            goal,
            main: None,
            limits,
            alarm: None,
            is_first: true,
            jumped_after: None,
            probed_at: Instant::ORIGIN,
        }
    }
}

impl Future for Drive<'_> {
    type Output = Arrival;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Arrival> {
        let this = &mut *self;
        this.look_at_clock(cx);
        loop {
            this.engine.fire_due();
            if let Some(turn) = this.engine.take_turn() {
                this.engine.set_calm(Calm::No);
                if this.run(turn) || this.goal == Goal::Step {
                    return Poll::Ready(Arrival::There);
                }
                if this.engine.lock().steps_now > this.limits.steps {
                    return Poll::Ready(Arrival::Endless);
                }
                if this.metrics.num_alive_tasks() > 0 || !coop::has_budget_remaining() {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
            } else if let Some(polled) = this.rest(cx) {
                return polled;
            }
        }
    }
}

impl Drive<'_> {
    fn look_at_clock(&mut self, cx: &Context<'_>) {
        let now = self.clock.now();
        if self.is_first {
            self.is_first = false;
            self.engine.lock().driver = Some(cx.waker().clone());
        } else {
            // Between two polls of this, tokio has always looked at its timers.
            self.engine.lock().seen = whole_before(now);
        }
        self.engine.set_now(now);
    }

    /// Gives a task its turn. True if the test has what it waits for.
    fn run(&mut self, turn: Turn) -> bool {
        let is_there = match turn {
            Turn::Task(body, task) => {
                run_task(self.engine, body, &task);
                false
            }
            Turn::Main(waker) => {
                let _leaving = LeaveMain(self.engine);
                let main = self.main.as_mut();
                main.is_some_and(|it| it.as_mut().poll(&mut Context::from_waker(&waker)).is_ready())
            }
        };
        self.engine.end_of_step(self.metrics.num_alive_tasks() > 0);
        is_there
    }

    /// None of the world's tasks can run. `None` to look again.
    fn rest(&mut self, cx: &mut Context<'_>) -> Option<Poll<Arrival>> {
        match self.engine.calm() {
            Calm::Reached => {}
            Calm::Probing => {
                self.engine.set_calm(Calm::No);
                // Tokio had its chance to move the clock, and may have had no reason to.
                let has_moved = self.probed_at < self.engine.now();
                return if has_moved { None } else { Some(Poll::Ready(self.nothing_left())) };
            }
            Calm::No if self.may_jump_at_once() => return self.jump(cx),
            Calm::No | Calm::Asked => {
                self.alarm = None;
                self.engine.set_calm(Calm::Asked);
                return Some(Poll::Pending);
            }
        }
        let settling = std::mem::take(&mut self.engine.lock().settling);
        if !settling.is_empty() {
            settling.into_iter().for_each(std::task::Waker::wake);
            return None;
        }
        if self.goal == Goal::Step {
            self.engine.set_calm(Calm::No);
            return Some(Poll::Ready(Arrival::Stuck));
        }
        if self.is_there() {
            self.engine.set_calm(Calm::No);
            return Some(Poll::Ready(Arrival::There));
        }
        self.jump(cx)
    }

    /// Whether there is no need to know that tokio's tasks rest as well: tokio does not move the
    /// clock before they do.
    fn may_jump_at_once(&self) -> bool {
        let state = self.engine.lock();
        let has_target = state.timers.next().is_some();
        has_target && state.settling.is_empty() && matches!(self.goal, Goal::Main | Goal::Idle)
    }

    fn is_there(&self) -> bool {
        match self.goal {
            Goal::Settled => true,
            Goal::Until(end) => end <= self.engine.now(),
            Goal::Next => self.jumped_after.is_some_and(|it| it < self.engine.lock().steps),
            Goal::Main | Goal::Idle | Goal::Step => false,
        }
    }

    const fn nothing_left(&self) -> Arrival {
        match self.goal {
            Goal::Main | Goal::Next | Goal::Step => Arrival::Stuck,
            Goal::Settled | Goal::Until(_) | Goal::Idle => Arrival::There,
        }
    }

    /// Nothing can run before the clock moves on.
    fn jump(&mut self, cx: &mut Context<'_>) -> Option<Poll<Arrival>> {
        let (next, seen, steps) = {
            let state = self.engine.lock();
            (state.timers.next(), state.seen, state.steps)
        };
        self.jumped_after.get_or_insert(steps);
        let target = match self.goal {
            Goal::Until(end) => Some(next.map_or(end, |it| it.min(end))),
            _ => next,
        };
        let Some(target) = target else { return self.probe(seen, cx) };
        if self.limits.horizon < target {
            return Some(Poll::Ready(Arrival::Endless));
        }
        self.engine.set_calm(Calm::No);
        if whole_before(target) <= seen {
            self.move_to(target);
            return None;
        }
        let now = self.engine.now();
        let stop = if seen < whole_before(now) {
            whole_before(now)
        } else if now < whole_after(now) {
            self.move_to(whole_after(now));
            whole_after(now)
        } else {
            whole_before(target)
        };
        self.wait_until(stop, cx)
    }

    /// The world has no timer: perhaps tokio has one.
    ///
    /// Tokio moves the clock by whole milliseconds. So its timers would be late by what `now` is past
    /// one, unless that is made up for first; which would move the clock even if there are none, and
    /// so is only done where that is a failure anyway.
    fn probe(&mut self, seen: Instant, cx: &mut Context<'_>) -> Option<Poll<Arrival>> {
        let now = self.engine.now();
        if self.goal == Goal::Main && seen < whole_after(now) {
            self.engine.set_calm(Calm::No);
            self.move_to(whole_after(now));
            return self.wait_until(whole_after(now), cx);
        }
        self.alarm = None;
        self.probed_at = self.engine.now();
        self.engine.set_calm(Calm::Probing);
        Clock::leave_a_token();
        Some(Poll::Pending)
    }

    /// Lets tokio move the clock, as far as `stop` or its own next timer.
    fn wait_until(&mut self, stop: Instant, cx: &mut Context<'_>) -> Option<Poll<Arrival>> {
        let Some(moment) = self.clock.moment(stop) else {
            return Some(Poll::Ready(Arrival::Endless));
        };
        let alarm = match &mut self.alarm {
            Some(alarm) => {
                alarm.as_mut().reset(moment);
                alarm
            }
            none => none.insert(Box::pin(tokio::time::sleep_until(moment))),
        };
        if alarm.as_mut().poll(cx).is_ready() {
            let mut state = self.engine.lock();
            state.seen = state.seen.max(stop);
            return None;
        }
        Some(Poll::Pending)
    }

    fn move_to(&self, target: Instant) {
        let now = self.engine.now();
        if now < target {
            Clock::move_by(target - now);
            self.engine.set_now(target);
        }
    }
}

/// Gives a task of the world its turn.
pub(crate) fn run_task(engine: &Engine, mut body: Body, task: &Notice) {
    let cx = &mut Context::from_waker(&body.waker);
    match catch_unwind(AssertUnwindSafe(|| body.future.as_mut().poll(cx))) {
        Ok(Poll::Pending) => engine.put_back(body, task),
        Ok(Poll::Ready(())) => end(engine, task, body.future, None),
        Err(payload) => {
            let text = text_of(&*payload);
            end(engine, task, body.future, Some(&text));
        }
    }
}

/// Drops a task that has ended, as part of its last turn: a destructor is a user's code, too.
fn end(
    engine: &Engine,
    task: &Notice,
    future: ghostlight_rt::BoxFuture<'static, ()>,
    panic: Option<&str>,
) {
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(future)));
    let in_drop = dropped.err().map(|it| text_of(&*it));
    engine.end(task, panic.or(in_drop.as_deref()).map(Into::into));
}

/// Ends the turn of the test, also when an assertion fails in it.
struct LeaveMain<'a>(&'a Engine);

impl Drop for LeaveMain<'_> {
    fn drop(&mut self) {
        self.0.leave_main();
    }
}

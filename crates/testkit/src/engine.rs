//! What a world is made of: its tasks, timers, clock and choices, under one lock.
//!
//! Rules:
//! 1. No code of a user runs under the lock: futures, wakers and names are dropped with it open.
//! 2. One task runs at a time, on the thread that the world was made on. What comes from another
//!    thread is taken, because nothing may be lost, and reported, because no seed replays it.
//! 3. The clock is tokio's paused one. `now` is a copy, made whenever that has moved.

use std::{
    cell::Cell,
    collections::BTreeSet,
    mem,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, Ordering},
    },
    task::Waker,
    thread,
};

use ghostlight_rt::{BoxFuture, Instant};

use crate::{
    breach::Breach,
    clock::Clock,
    crash::Home,
    disk::Platters,
    harm::Harm,
    link::LinkState,
    strategy::{Chooser, Strategy},
    survey::Survey,
    task::{Body, MAIN, Notice, TaskId, Tasks},
    timers::Timers,
    trace::{Event, Recorder},
    wait::Doings,
};

/// How many steps may be taken at one moment before that counts as endless.
const LIMIT: u64 = 10_000_000;

/// What the test is called, among the tasks.
pub(crate) const TEST: &str = "the test";

/// How much a task may do at once before it must let others.
const BUDGET: u32 = 64;

/// What a world is made of.
pub(crate) struct Engine {
    pub(crate) seed: u64,
    /// The thread that the world lives on.
    home: usize,
    now: AtomicU64,
    /// By how many seconds the clock on the wall has jumped.
    pub(crate) wall: AtomicI64,
    calm: AtomicU8,
    /// Whether there is a survey.
    pub(crate) is_surveyed: AtomicBool,
    /// How many systems there have been.
    pub(crate) homes: AtomicU64,
    clock: OnceLock<Clock>,
    state: Mutex<State>,
}

pub(crate) struct State {
    pub(crate) tasks: Tasks,
    pub(crate) timers: Timers,
    pub(crate) chooser: Chooser,
    pub(crate) trace: Recorder,
    /// The task that runs.
    pub(crate) running: Option<u32>,
    /// The actors whose turns run on the thread of whoever asks, the innermost last.
    pub(crate) calls: Vec<Arc<str>>,
    /// Wakes whoever drives the world.
    pub(crate) driver: Option<Waker>,
    /// Wait until nothing else can run.
    pub(crate) settling: Vec<Waker>,
    pub(crate) breaches: Vec<Breach>,
    pub(crate) harm: Harm,
    pub(crate) ways: LinkState,
    pub(crate) platters: Platters,
    pub(crate) doings: Doings,
    /// The systems that have crashed: nothing of theirs runs any more.
    pub(crate) crashed: BTreeSet<Home>,
    /// What each step touched, where somebody wants to know.
    pub(crate) survey: Option<Survey>,
    /// All timers of tokio's that are due by then have been seen to.
    pub(crate) seen: Instant,
    pub(crate) steps: u64,
    /// How many steps there were since the clock moved.
    pub(crate) steps_now: u64,
    /// From how many on that counts as endless.
    pub(crate) limit: u64,
    budget: u32,
    /// What the running task does next must not be put off once more.
    must_proceed: bool,
}

impl State {
    /// Who does whatever is being done.
    pub(crate) fn doer(&self) -> Arc<str> {
        let running = || self.tasks.get(self.running?).map(|it| Arc::clone(&it.name));
        self.calls.last().cloned().or_else(running).unwrap_or_else(|| TEST.into())
    }
}

/// What is known about tokio's own tasks while none of the world's can run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(crate) enum Calm {
    /// Nothing is asked.
    No,
    /// Somebody wants to know when none of them can run either.
    Asked,
    /// None can.
    Reached,
    /// Somebody wants to know whether any of them waits for time to pass.
    Probing,
}

/// What is to run next.
pub(crate) enum Turn {
    Task(Body, Arc<Notice>),
    /// What the test itself waits for.
    Main(Waker),
}

impl Engine {
    pub(crate) fn new(seed: u64, strategy: Strategy) -> Arc<Self> {
        let engine = Arc::new(Self {
            seed,
            home: here(),
            now: AtomicU64::new(0),
            wall: AtomicI64::new(0),
            calm: AtomicU8::new(Calm::No as u8),
            is_surveyed: AtomicBool::new(false),
            homes: AtomicU64::new(0),
            clock: OnceLock::new(),
            state: Mutex::new(State {
                tasks: Tasks::default(),
                timers: Timers::default(),
                chooser: Chooser::new(strategy, seed),
                trace: Recorder::default(),
                running: None,
                calls: Vec::new(),
                driver: None,
                settling: Vec::new(),
                breaches: Vec::new(),
                harm: Harm::new(seed),
                ways: LinkState::default(),
                platters: Platters::default(),
                doings: Doings::default(),
                crashed: BTreeSet::new(),
                survey: None,
                seen: Instant::ORIGIN,
                steps: 0,
                steps_now: 0,
                limit: LIMIT,
                budget: BUDGET,
                must_proceed: false,
            }),
        });
        engine.lock().tasks.add(&engine, TEST.into(), None);
        engine
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> Instant {
        Instant::from_nanos(self.now.load(Ordering::Relaxed))
    }

    /// Starts the clock. To be called once, within the runtime.
    pub(crate) fn start_clock(&self) {
        self.clock.get_or_init(Clock::begin);
    }

    pub(crate) fn clock(&self) -> Clock {
        *self.clock.get().expect("a world starts its clock before anything else")
    }

    /// The clock shows this now.
    pub(crate) fn set_now(&self, now: Instant) {
        let before = self.now.swap(now.as_nanos(), Ordering::Relaxed);
        if before != now.as_nanos() {
            let mut state = self.lock();
            state.steps_now = 0;
            state.trace.clock(now);
            if let Some(survey) = &mut state.survey {
                survey.clock();
            }
        }
    }

    pub(crate) fn calm(&self) -> Calm {
        match self.calm.load(Ordering::Relaxed) {
            1 => Calm::Asked,
            2 => Calm::Reached,
            3 => Calm::Probing,
            _ => Calm::No,
        }
    }

    pub(crate) fn set_calm(&self, calm: Calm) {
        self.calm.store(calm as u8, Ordering::Relaxed);
    }

    /// Tokio is about to wait, so none of its tasks can run.
    pub(crate) fn tokio_rests(&self) {
        if self.calm() == Calm::Asked {
            self.set_calm(Calm::Reached);
            self.nudge();
        }
    }

    /// Tokio has waited, and may have moved the clock.
    pub(crate) fn tokio_wakes(&self) {
        self.set_now(self.clock().now());
        if self.calm() == Calm::Probing {
            self.nudge();
        }
    }

    /// Has whoever drives the world look again.
    pub(crate) fn nudge(&self) {
        let driver = self.lock().driver.clone();
        driver.into_iter().for_each(Waker::wake);
    }

    /// Lets a task run that was woken.
    pub(crate) fn make_ready(&self, place: u32) {
        let mut guard = self.lock();
        let state = &mut *guard;
        match state.tasks.get(place) {
            Some(slot) if state.harm.starves(&slot.name) => state.harm.hold(place),
            _ => state.tasks.ready.push_back(place),
        }
        // While a task of the world runs, the driver will look anyway.
        let driver = if state.running.is_none() { state.driver.clone() } else { None };
        if here() != self.home {
            let name = state.tasks.get(place).map(|it| Arc::clone(&it.name));
            let name = name.unwrap_or_default();
            state.breaches.push(Breach::thread(format!("woke `{name}`")));
        }
        drop(guard);
        driver.into_iter().for_each(Waker::wake);
    }

    /// Reports a thread that is not the world's own.
    pub(crate) fn be_home(&self, doing: &str) {
        if here() != self.home {
            self.lock().breaches.push(Breach::thread(doing.to_owned()));
        }
    }

    /// Only so many of the turns that ran on their askers' threads are still going on.
    pub(crate) fn be_asked(&self, depth: u8) {
        self.lock().calls.truncate(depth.into());
    }

    /// A turn of this actor begins on the thread of its asker.
    pub(crate) fn call(&self, actor: &str) {
        self.lock().calls.push(actor.into());
    }

    /// Writes down what a system has seen, with whose doing it was.
    pub(crate) fn tell(&self, make: impl FnOnce(Arc<str>) -> Event) {
        let now = self.now();
        let mut state = self.lock();
        let by = state.doer();
        let event = make(by);
        state.doings.note(&event);
        state.trace.event(now, event);
    }

    pub(crate) fn report(&self, make: impl FnOnce(&str) -> Breach) {
        let mut state = self.lock();
        let culprit = state.doer();
        state.breaches.push(make(&culprit));
    }

    pub(crate) fn spawn(
        self: &Arc<Self>,
        name: &Arc<str>,
        home: Option<Home>,
        task: BoxFuture<'static, ()>,
    ) -> Arc<Notice> {
        self.be_home(&format!("spawned `{name}`"));
        let now = self.now();
        let mut state = self.lock();
        let by = state.running.and_then(|it| state.tasks.get(it)).map(|it| it.id);
        let slot = state.tasks.add(self, Arc::clone(name), Some(task));
        slot.home = home;
        let (id, notice) = (slot.id, Arc::clone(&slot.notice));
        state.trace.spawned(now, id, name, by);
        if let Some(survey) = &mut state.survey {
            survey.spawned(id, name);
        }
        let driver = if state.running.is_none() { state.driver.clone() } else { None };
        drop(state);
        driver.into_iter().for_each(Waker::wake);
        notice
    }

    /// Drops a task, or has it dropped at the end of its turn.
    pub(crate) fn abort(&self, task: &Notice) {
        let now = self.now();
        let mut state = self.lock();
        let is_running = state.running == Some(task.place);
        let Some(slot) = state.tasks.get_mut(task.place).filter(|it| it.id == task.id) else {
            return;
        };
        if is_running {
            slot.is_aborted = true;
            drop(state);
            self.saw_more();
            return;
        }
        let slot = state.tasks.remove(task.place);
        state.chooser.ended(task.place);
        state.trace.ended(now, task.id, None);
        drop(state);
        self.saw_more();
        drop(slot);
    }

    pub(crate) fn set_timer(self: &Arc<Self>, at: Instant, key: &mut Option<u64>, waker: &Waker) {
        self.be_home("set a timer");
        let mut state = self.lock();
        let is_earlier = state.timers.next().is_none_or(|it| at < it);
        let key = *key.get_or_insert_with(|| state.timers.next_key());
        let earlier = state.timers.set(at, key, waker);
        let driver =
            if state.running.is_none() && is_earlier { state.driver.clone() } else { None };
        drop(state);
        drop(earlier);
        driver.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn cancel_timer(&self, at: Instant, key: u64) {
        let waker = self.lock().timers.cancel(at, key);
        drop(waker);
    }

    /// Wakes whoever waits for a moment that has come.
    pub(crate) fn fire_due(&self) {
        let now = self.now();
        loop {
            let Some(waker) = self.lock().timers.take_due(now) else { return };
            waker.wake();
        }
    }

    /// Takes out what is to run next, if anything can.
    pub(crate) fn take_turn(&self) -> Option<Turn> {
        let now = self.now();
        self.wake_for_step();
        let mut state = self.lock();
        let state = &mut *state;
        let of = state.tasks.ready.len();
        let ready = state.survey.as_ref().map(|_| state.tasks.ready_ids()).unwrap_or_default();
        let preferred = state.survey.as_mut().map_or(0, |it| it.prefer(&ready));
        let chosen = state.chooser.task(&state.tasks.ready, preferred);
        let place = state.tasks.ready.remove(chosen)?;
        let slot = state.tasks.get_mut(place)?;
        let (id, body, notice) = (slot.id, slot.body.take(), Arc::clone(&slot.notice));
        if let Some(survey) = &mut state.survey {
            survey.begin(id, &slot.name, ready);
        }
        state.must_proceed = mem::take(&mut slot.is_put_off);
        state.doings.step(&slot.name);
        notice.is_queued.store(false, Ordering::Relaxed);
        state.trace.ran(now, id, of);
        state.running = Some(place);
        state.calls.clear();
        state.budget = BUDGET;
        state.steps += 1;
        state.steps_now += 1;
        Some(match body {
            Some(body) => Turn::Task(body, notice),
            None => Turn::Main(notice.into()),
        })
    }

    /// Puts a task back that waits.
    pub(crate) fn put_back(&self, body: Body, task: &Notice) {
        let mut state = self.lock();
        state.running = None;
        // It could run again at once, and lets others instead.
        if task.is_queued.load(Ordering::Relaxed) {
            state.chooser.yielded(task.place);
        }
        match state.tasks.get_mut(task.place).filter(|it| !it.is_aborted) {
            Some(slot) => slot.body = Some(body),
            None => {
                drop(state);
                drop(body);
                self.end(task, None);
            }
        }
    }

    /// Gives up a task that has ended, on whose place nobody runs.
    pub(crate) fn end(&self, task: &Notice, panic: Option<Arc<str>>) {
        let now = self.now();
        let mut state = self.lock();
        state.running = None;
        let slot = state.tasks.remove(task.place);
        state.chooser.ended(task.place);
        state.trace.ended(now, task.id, panic.as_ref());
        if let Some(survey) = &mut state.survey {
            survey.ended();
        }
        if let (Some(panic), Some(slot)) = (panic, &slot) {
            state.breaches.push(Breach::panic(&slot.name, &panic));
        }
        drop(state);
        drop(slot);
    }

    /// Lets the test have its turn.
    pub(crate) fn begin_main(&self) {
        let mut state = self.lock();
        state.doings.forget(TEST);
        let notice = state.tasks.get(MAIN).map(|it| Arc::clone(&it.notice));
        if notice.is_some_and(|it| !it.is_queued.swap(true, Ordering::Relaxed)) {
            state.tasks.ready.push_back(MAIN);
        }
    }

    /// The turn of the test itself is over.
    pub(crate) fn leave_main(&self) {
        let mut state = self.lock();
        state.running = None;
        if state.tasks.get(MAIN).is_some_and(|it| it.notice.is_queued.load(Ordering::Relaxed)) {
            state.chooser.yielded(MAIN);
        }
    }

    /// Whether the running task may do one more thing at once.
    ///
    /// If not, it can run again at any time, so there is nothing to gain from a second refusal.
    pub(crate) fn may_proceed(&self) -> bool {
        let mut state = self.lock();
        let state = &mut *state;
        let Some(left) = state.budget.checked_sub(1) else { return false };
        state.budget = left;
        if mem::take(&mut state.must_proceed) {
            return true;
        }
        let puts_off = state.chooser.puts_off();
        if let Some(survey) = &mut state.survey {
            survey.tossed(puts_off);
        }
        if puts_off && let Some(slot) = state.running.and_then(|it| state.tasks.get_mut(it)) {
            slot.is_put_off = true;
        }
        !puts_off
    }

    /// The names of some tasks that can run.
    pub(crate) fn ready_names(&self) -> Vec<String> {
        let state = self.lock();
        let ready = state.tasks.ready.iter().filter_map(|it| state.tasks.get(*it));
        ready.take(8).map(|it| it.name.to_string()).collect()
    }

    pub(crate) fn task_names(&self) -> Vec<(TaskId, Arc<str>)> {
        let state = self.lock();
        let mut all: Vec<_> = state.tasks.iter().map(|it| (it.id, Arc::clone(&it.name))).collect();
        all.sort_unstable();
        all
    }
}

/// The thread that this is called on, as a number.
pub(crate) fn here() -> usize {
    thread_local! {
        static MARK: Cell<u8> = const { Cell::new(0) };
    }
    MARK.with(|it| std::ptr::from_ref(it).addr())
}

/// What a thread is called, for a report.
pub(crate) fn thread_name() -> String {
    thread::current().name().unwrap_or("without a name").to_owned()
}

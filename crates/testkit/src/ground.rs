//! What a world stands on: a runtime of tokio's with one thread and a clock that stands still.

use std::{pin::Pin, sync::Arc, time::Duration};

use ghostlight_rt::Instant;
use tokio::runtime::{Builder, Runtime as Tokio, RuntimeMetrics};

use crate::{
    breach::{Breach, culprit},
    drive::{Arrival, Drive, Goal, Limits},
    engine::Engine,
    nested,
};

/// How far the clock may move in one call, where the caller does not say.
const HORIZON: Duration = Duration::from_secs(100 * 365 * 86_400);

/// What a world stands on.
pub(crate) struct Ground {
    pub(crate) engine: Arc<Engine>,
    tokio: Tokio,
    metrics: RuntimeMetrics,
}

impl Ground {
    pub(crate) fn new(engine: Arc<Engine>) -> Arc<Self> {
        let tokio = quiet_tokio(&engine);
        let metrics = tokio.metrics();
        {
            let _entered = tokio.enter();
            engine.start_clock();
        }
        Arc::new(Self { engine, tokio, metrics })
    }

    pub(crate) fn drive(&self, goal: Goal, horizon: Option<Instant>) -> Arrival {
        self.drive_with(goal, horizon, None)
    }

    fn drive_with<'a>(
        &'a self,
        goal: Goal,
        horizon: Option<Instant>,
        main: Option<Pin<&'a mut (dyn Future<Output = ()> + 'a)>>,
    ) -> Arrival {
        let horizon = horizon.unwrap_or_else(|| self.engine.now() + HORIZON);
        let limits = Limits { steps: self.engine.lock().limit, horizon };
        let mut drive = Drive::new(&self.engine, &self.metrics, goal, limits);
        drive.main = main;
        self.engine.begin_of_drive();
        let arrival = self.tokio.block_on(drive);
        self.engine.end_of_drive();
        self.engine.lock().driver = None;
        arrival
    }

    /// Runs `future` to its end.
    #[track_caller]
    pub(crate) fn block_on<'a>(&'a self, future: Pin<&'a mut (dyn Future<Output = ()> + 'a)>) {
        if self.engine.is_in_turn() {
            return nested::block_on(&self.engine, future);
        }
        self.engine.begin_main();
        let arrival = self.drive_with(Goal::Main, None, Some(future));
        match arrival {
            Arrival::There => {}
            Arrival::Stuck => panic!("{}", self.why_stuck()),
            Arrival::Endless => panic!("{}", self.why_endless()),
        }
    }

    pub(crate) fn why_stuck(&self) -> String {
        let waits = self.engine.why_stuck();
        format!("everybody waits, and nothing will ever happen; these wait:\n{waits}")
    }

    pub(crate) fn why_endless(&self) -> String {
        let (now, steps) = (self.engine.now(), self.engine.lock().steps_now);
        let awake = self.engine.ready_names().join("`, `");
        format!("no end after {steps} steps at {now:?}; these can always run: `{awake}`")
    }

    /// How many tasks were spawned with tokio itself, and have not ended.
    pub(crate) fn n_foreign_tasks(&self) -> usize {
        self.metrics.num_alive_tasks()
    }

    /// Drops everything that still runs.
    pub(crate) fn clear(&self) {
        let _entered = self.tokio.enter();
        loop {
            let (tasks, timers, settling) = {
                let mut state = self.engine.lock();
                let settling = std::mem::take(&mut state.settling);
                (state.tasks.take_all(), state.timers.take_all(), settling)
            };
            drop((timers, settling));
            if tasks.is_empty() {
                return;
            }
        }
    }
}

fn quiet_tokio(engine: &Arc<Engine>) -> Tokio {
    let (parks, wakes, starts) = (Arc::clone(engine), Arc::clone(engine), Arc::clone(engine));
    let mut builder = Builder::new_current_thread();
    seed_select(&mut builder, engine.seed);
    let tokio = builder
        .enable_time()
        .start_paused(true)
        // One task of tokio's for each look at those of the world.
        .event_interval(1)
        .on_thread_park(move || parks.tokio_rests())
        .on_thread_unpark(move || wakes.tokio_wakes())
        .thread_keep_alive(Duration::ZERO)
        // Called by whoever hands work to a thread, before there is one.
        .thread_name_fn(move || {
            starts.report(|task| Breach::Blocking { task: task.to_owned(), at: culprit() });
            "not of the world".to_owned()
        })
        .build();
    tokio.expect("a runtime without threads needs nothing of the operating system")
}

/// Lets `tokio::select!` follow from the seed.
#[cfg(tokio_unstable)]
fn seed_select(builder: &mut Builder, seed: u64) {
    builder.rng_seed(tokio::runtime::RngSeed::from_bytes(&seed.to_le_bytes()));
}

/// Tokio as released takes no seed: a `tokio::select!` that is not `biased` draws from chance, and
/// shows as two runs that differ.
#[cfg(not(tokio_unstable))]
const fn seed_select(_: &mut Builder, _: u64) {}

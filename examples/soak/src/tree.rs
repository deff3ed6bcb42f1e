//! The tree: a root, its supervisors, and their workers. All are permanent; workers and supervisors
//! fail when they are told to.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use ghostlight::{Backoff, ChildSpec, RestartWindow, Supervision, prelude::*};

use crate::ledger::Count;

/// What every failure on purpose says.
pub(crate) const ON_PURPOSE: &str = "on purpose";

/// How long an increment pauses that does, and a failed actor waits for its first restart: so that
/// things that are told apart on paper happen in the same moment.
pub(crate) const A_MOMENT: Duration = Duration::from_millis(1);

/// How often the root and its supervisors look at the clock.
pub(crate) const TICK: Duration = Duration::from_secs(1);

/// What the tree is made of, and what it has done to itself.
#[derive(Default)]
pub(crate) struct Plan {
    /// What the workers of each supervisor count on.
    pub(crate) counts: Vec<Vec<Count>>,
    /// How often whoever fails is started again.
    pub(crate) window: RestartWindow,
    /// How many workers were ever supervised.
    pub(crate) hired: AtomicU64,
    /// How many failures workers began.
    pub(crate) worker_failures: AtomicU64,
    /// How many failures supervisors began.
    pub(crate) supervisor_failures: AtomicU64,
    /// How often the root has looked at the clock.
    pub(crate) root_ticks: AtomicU64,
    /// How often supervisors have.
    pub(crate) supervisor_ticks: AtomicU64,
}

impl Plan {
    /// Started again as often as it takes, and soon.
    pub(crate) fn often(&self) -> ChildSpec {
        let soon = Backoff::default()
            .min(A_MOMENT)
            .max(Duration::from_millis(20))
            .reset_after(Duration::from_secs(1));
        ChildSpec::permanent().backoff(soon).window(self.window.clone())
    }
}

/// Relative to the moment in which an increment is counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum When {
    Before,
    After,
}

/// How an actor fails.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum How {
    Panic,
    Declare,
}

/// What becomes of an increment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fate {
    Serve,
    Fail(When, How),
}

/// Counts one, unless it is to fail first. Answered with how many that makes.
#[derive(Message)]
#[message(reply = u64)]
pub(crate) struct Increment {
    pub(crate) fate: Fate,
    /// Where it pauses, if it does: what can be cut there by a kill, is.
    pub(crate) pause: Option<When>,
}

/// How many increments a worker has counted, over all incarnations.
#[derive(Message)]
#[message(reply = u64)]
pub(crate) struct Total;

/// Who works for a supervisor at present.
#[derive(Message)]
#[message(reply = Vec<ActorRef<Worker>>)]
pub(crate) struct Team;

/// Makes a supervisor fail, and its whole team end.
#[derive(Message)]
pub(crate) struct Collapse(pub(crate) How);

/// Looks at the clock.
#[derive(Clone, Message)]
pub(crate) struct Tick;

/// Who supervises.
#[derive(Message)]
#[message(reply = Vec<ActorRef<Supervisor>>)]
pub(crate) struct Supervisors;

/// Counts increments. The count is not its own: what is acknowledged must outlive a failure.
pub(crate) struct Worker {
    count: Count,
    plan: Arc<Plan>,
}

impl Actor for Worker {
    type Protocol = (Increment, Total);

    fn label() -> &'static str {
        "worker"
    }
}

impl Handler<Increment> for Worker {
    async fn handle(&mut self, message: Increment, cx: &mut Context<'_, Self>) -> u64 {
        let Increment { fate, pause } = message;
        if pause == Some(When::Before) {
            cx.sleep(A_MOMENT).await;
        }
        if let Fate::Fail(When::Before, how) = fate {
            return fail(how, &self.plan.worker_failures, cx).await;
        }
        let total = self.count.fetch_add(1, Relaxed) + 1;
        if pause == Some(When::After) {
            cx.sleep(A_MOMENT).await;
        }
        if let Fate::Fail(When::After, how) = fate {
            return fail(how, &self.plan.worker_failures, cx).await;
        }
        total
    }
}

impl ReadHandler<Total> for Worker {
    async fn read(&self, _: Total, _: &ReadContext<'_, Self>) -> u64 {
        self.count.load(Relaxed)
    }
}

/// Supervises a team of workers, and hires a new one in each incarnation.
pub(crate) struct Supervisor {
    number: usize,
    plan: Arc<Plan>,
    team: Vec<ActorRef<Worker>>,
}

impl Actor for Supervisor {
    type Protocol = (Team, Collapse, Tick);

    fn label() -> &'static str {
        "supervisor"
    }

    fn options() -> SpawnOptions {
        // A team ends one after the other.
        SpawnOptions::default().shutdown_deadline(Duration::from_secs(10))
    }

    async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        cx.every(TICK, Tick);
        let counts = &self.plan.counts[self.number];
        cx.supervision(Supervision::one_for_one().min_healthy(counts.len()));
        for count in counts {
            let (count, plan) = (Arc::clone(count), Arc::clone(&self.plan));
            let hire = move || Worker { count: Arc::clone(&count), plan: Arc::clone(&plan) };
            self.plan.hired.fetch_add(1, Relaxed);
            self.team.push(cx.supervise_with(hire, self.plan.often()));
        }
        Ok(())
    }
}

impl ReadHandler<Team> for Supervisor {
    async fn read(&self, _: Team, _: &ReadContext<'_, Self>) -> Vec<ActorRef<Worker>> {
        self.team.clone()
    }
}

impl Handler<Collapse> for Supervisor {
    async fn handle(&mut self, Collapse(how): Collapse, cx: &mut Context<'_, Self>) {
        fail::<_, ()>(how, &self.plan.supervisor_failures, cx).await;
    }
}

impl Handler<Tick> for Supervisor {
    async fn handle(&mut self, _: Tick, _: &mut Context<'_, Self>) {
        self.plan.supervisor_ticks.fetch_add(1, Relaxed);
    }
}

/// Supervises the supervisors. It does nothing else, so it does not fail.
pub(crate) struct Root {
    plan: Arc<Plan>,
    supervisors: Vec<ActorRef<Supervisor>>,
}

impl Root {
    pub(crate) const fn new(plan: Arc<Plan>) -> Self {
        Self { plan, supervisors: Vec::new() }
    }
}

impl Actor for Root {
    type Protocol = (Supervisors, Tick);

    fn label() -> &'static str {
        "root"
    }

    fn options() -> SpawnOptions {
        // So do the supervisors, each after its team.
        SpawnOptions::default().shutdown_deadline(Duration::from_secs(60))
    }

    async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        cx.every(TICK, Tick);
        for number in 0..self.plan.counts.len() {
            let plan = Arc::clone(&self.plan);
            let make = move || Supervisor { number, plan: Arc::clone(&plan), team: Vec::new() };
            self.supervisors.push(cx.supervise_with(make, self.plan.often()));
        }
        Ok(())
    }
}

impl Handler<Tick> for Root {
    async fn handle(&mut self, _: Tick, _: &mut Context<'_, Self>) {
        self.plan.root_ticks.fetch_add(1, Relaxed);
    }
}

impl ReadHandler<Supervisors> for Root {
    async fn read(&self, _: Supervisors, _: &ReadContext<'_, Self>) -> Vec<ActorRef<Supervisor>> {
        self.supervisors.clone()
    }
}

/// Fails, and counts that before it does.
async fn fail<A: Actor, R>(how: How, failures: &AtomicU64, cx: &mut Context<'_, A>) -> R {
    failures.fetch_add(1, Relaxed);
    match how {
        How::Panic => panic!("{ON_PURPOSE}"),
        How::Declare => cx.fail(Failure::recoverable(ON_PURPOSE)).await,
    }
}

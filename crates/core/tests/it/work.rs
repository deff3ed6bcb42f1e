//! What is no actor, as a child: plain futures and engines: E-29, E-30.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use ghostlight::{
    ActorRef, Backoff, ChildSpec, DrainBudget, Engine, EngineActor, Failure, HandleOf, Recipient,
    RestartWindow, SpawnOptions, Status, StopReason, Supervision, System,
};
use ghostlight_rt::BoxFuture;

use crate::{
    kin::{Kin, Plan, call, eager, incarnation, permanent},
    stage::{self, conformance},
    support::{Counted, Gate, Log, alive, assert_conserved, ended, rest, soon},
};

/// An error that is known by its type.
#[derive(Debug, PartialEq)]
struct Dry(u32);
impl fmt::Display for Dry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "well {} is dry", self.0)
    }
}
impl std::error::Error for Dry {}

/// How a piece of work ends.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    Done,
    Error,
    Fatal,
    Panic,
    /// Before there is anything to await.
    PanicWhenMade,
}

impl Outcome {
    fn come(self) -> Result<(), Failure> {
        match self {
            Self::Done => Ok(()),
            Self::Error => Err(Dry(7))?,
            Self::Fatal => Err(Failure::fatal("dry for ever")),
            Self::Panic | Self::PanicWhenMade => panic!("pumped too hard"),
        }
    }
}

fn owner(system: &System) -> ActorRef<Kin> {
    system.spawn(Plan::new("owner", &Log::default()).build())
}

/// Work whose first go ends so, and that goes on for ever when it is made again.
fn work(
    outcome: Outcome,
    runs: &Arc<AtomicU32>,
) -> impl Fn() -> BoxFuture<'static, Result<(), Failure>> + Send + Sync + 'static {
    let runs = Arc::clone(runs);
    move || {
        let is_first = runs.fetch_add(1, Ordering::Relaxed) == 0;
        if is_first && matches!(outcome, Outcome::PanicWhenMade) {
            _ = outcome.come();
        }
        Box::pin(
            async move { if is_first { outcome.come() } else { std::future::pending().await } },
        )
    }
}

#[conformance]
async fn a_supervised_task_restarts_like_an_actor() {
    use Outcome::{Done, Error, Fatal, Panic, PanicWhenMade};
    // Whether it is made again as a permanent, a transient and a temporary child.
    let table = [
        (Done, [true, false, false]),
        (Error, [true, true, false]),
        (Panic, [true, true, false]),
        (PanicWhenMade, [true, true, false]),
        (Fatal, [false, false, false]),
    ];
    for (outcome, expected) in table {
        let specs = [ChildSpec::permanent(), ChildSpec::transient(), ChildSpec::temporary()];
        for (spec, comes_back) in specs.into_iter().zip(expected) {
            for is_owned in [false, true] {
                let system = stage::system("test");
                let (owner, runs) = (owner(&system), Arc::default());
                let (work, spec) = (work(outcome, &runs), eager(spec.clone()).tolerated());
                let task = match is_owned {
                    false => system.supervise_task(work, spec),
                    true => call(&owner, move |cx| cx.supervise_task(work, spec)).await,
                };
                rest().await;
                let n_runs = runs.load(Ordering::Relaxed);
                assert_eq!(n_runs, 1 + u32::from(comes_back), "{outcome:?} {comes_back}");
                assert_eq!(task.is_alive(), comes_back, "{outcome:?}");
                if comes_back {
                    assert!(matches!(task.status(), Status::Running), "{outcome:?}");
                }
                assert_eq!(incarnation(&owner).await, 0, "{outcome:?}");
                assert_conserved(&system);
            }
        }
    }
}

#[conformance]
async fn a_task_that_fails_too_often_is_given_up_and_its_error_can_be_read_by_type() {
    let system = stage::system("test");
    let (owner, runs) = (owner(&system), Arc::new(AtomicU32::new(0)));
    let spec = ChildSpec::permanent().window(RestartWindow::new(2, Duration::from_mins(1)));
    let count = Arc::clone(&runs);
    let task = call(&owner, move |cx| {
        let work = move || {
            let nth = count.fetch_add(1, Ordering::Relaxed);
            async move { Err(Dry(nth))? }
        };
        cx.supervise_task(work, spec)
    })
    .await;
    let (own, owners) = (ended(&task).await, ended(&owner).await);
    assert!(matches!(&own, StopReason::LimitExhausted(it) if it.restarts == 2), "{own}");
    for reason in [own, owners] {
        let error = reason.failure().unwrap().cause().root().error().unwrap();
        assert_eq!(error.downcast_ref(), Some(&Dry(2)), "{reason}");
    }
    assert_eq!(runs.load(Ordering::Relaxed), 3);
    assert!(system.actors().is_empty());
}

#[conformance]
async fn a_task_that_panics_says_so() {
    for outcome in [Outcome::Panic, Outcome::PanicWhenMade] {
        let system = stage::system("test");
        let never = ChildSpec::permanent().window(RestartWindow::never());
        let reason = ended(&system.supervise_task(work(outcome, &Arc::default()), never)).await;
        let cause = reason.failure().unwrap().cause();
        assert_eq!((cause.is_panic(), &*cause.to_string()), (true, "pumped too hard"));
    }
}

/// A system in which a task waits for ever, and how many of its futures there are.
async fn pending() -> (System, ActorRef<Kin>, ActorRef<ghostlight::Job>, Arc<()>) {
    let system = stage::unkept("test");
    let owner = owner(&system);
    let (token, count) = Counted::new();
    let task = call(&owner, move |cx| {
        let work = move || {
            let token = token.clone();
            async move {
                std::future::pending::<()>().await;
                drop(token);
                Ok(())
            }
        };
        cx.supervise_task(work, permanent())
    })
    .await;
    rest().await;
    // The factory holds one, and the future another.
    assert_eq!(alive(&count), 2);
    (system, owner, task, count)
}

#[conformance(virtual_time)]
async fn a_pending_task_is_dropped_at_once_when_it_is_to_end() {
    for way in ["remove", "owner stops", "owner is killed", "shutdown", "system dropped"] {
        let (system, owner, task, count) = pending().await;
        let begin = tokio::time::Instant::now();
        match way {
            "remove" => owner.children().remove(task.id()).unwrap(),
            "owner stops" => owner.stop(),
            "owner is killed" => owner.kill(),
            "shutdown" => {
                let report = soon("report", system.shutdown(Duration::from_secs(9))).await;
                assert!(report.is_clean(), "{report}");
                assert_eq!(report.ended.len(), 2, "{report}");
            }
            _ => drop(system),
        }
        let reason = ended(&task).await;
        assert!(way == "owner is killed" || !reason.is_failure(), "{way}: {reason}");
        assert!(begin.elapsed() < Duration::from_millis(10), "{way}: {:?}", begin.elapsed());
        assert_eq!(alive(&count), 0, "{way}: neither a future nor the factory is left");
        owner.stop();
        ended(&owner).await;
        rest().await;
        assert_eq!(stage::n_tasks(), 0, "{way}");
    }
}

#[conformance]
async fn a_task_is_restarted_by_hand_and_by_its_siblings_and_runs_once_at_a_time() {
    let (_system, owner, task, count) = pending().await;
    for n in 1..=10_u32 {
        match n % 3 {
            0 => owner.children().restart(task.id()).unwrap(),
            1 => task.kill(),
            _ => task.stop(),
        }
        rest().await;
        assert!(matches!(task.status(), Status::Running), "{n}: {:?}", task.status());
        assert_eq!(alive(&count), 2, "{n}: the one before was dropped");
    }
    assert_eq!(owner.children().history(task.id()).len(), 10);
}

#[conformance]
async fn a_task_that_is_drained_is_done_first() {
    let system = stage::system("test");
    let (log, gate) = (Log::default(), Gate::closed());
    let (done, go) = (log.clone(), gate.clone());
    let work = move || {
        let (done, go) = (done.clone(), go.clone());
        async move {
            go.pass().await;
            done.push("done");
            Ok(())
        }
    };
    let task = system.supervise_task(work, eager(ChildSpec::transient()));
    gate.arrived().await;
    task.drain(DrainBudget::default());
    rest().await;
    assert!(log.all().is_empty());
    gate.open();
    assert!(!ended(&task).await.is_failure());
    assert_eq!(log.all(), ["done"]);
}

/// What becomes of an engine at each point; whoever comes later does its work.
#[derive(Clone, Default)]
struct Works {
    log: Log<String>,
    made: Arc<AtomicU32>,
    start: Option<(u32, Outcome)>,
    stop: Option<(u32, Outcome)>,
    /// How long each start and each stop takes.
    start_takes: Duration,
    stop_takes: Duration,
    /// How engines fail, each when its gate opens.
    fails: Arc<std::sync::Mutex<Vec<(Gate, Outcome)>>>,
}

impl Works {
    /// The next engine that waits for its end comes to this one, when the gate opens.
    fn fails(self, outcomes: impl IntoIterator<Item = Outcome>) -> (Self, Vec<Gate>) {
        let all: Vec<_> = outcomes.into_iter().map(|it| (Gate::closed(), it)).collect();
        let gates = all.iter().map(|it| it.0.clone()).collect();
        self.fails.lock().unwrap().extend(all.into_iter().rev());
        (self, gates)
    }

    fn factory(&self) -> impl Fn() -> Pump + Send + Sync + 'static {
        let works = self.clone();
        move || {
            let nth = works.made.fetch_add(1, Ordering::Relaxed);
            works.log.push(format!("make {nth}"));
            Pump { nth, works: works.clone() }
        }
    }

    fn lines(&self) -> Vec<String> {
        self.log.all()
    }
}

/// An engine that writes down its life; its handle is its number.
struct Pump {
    nth: u32,
    works: Works,
}

impl Pump {
    fn outcome(&self, at: Option<(u32, Outcome)>) -> Result<(), Failure> {
        at.filter(|it| it.0 == self.nth).map_or(Ok(()), |it| it.1.come())
    }
}

/// Lets so much time pass; none is not the shortest that a clock can tell.
async fn take(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

impl Engine for Pump {
    type Handle = u32;

    async fn start(&mut self) -> Result<u32, Failure> {
        self.works.log.push(format!("start {}", self.nth));
        take(self.works.start_takes).await;
        self.outcome(self.works.start)?;
        Ok(self.nth)
    }

    async fn failed(&mut self) -> Failure {
        let fails = self.works.fails.lock().unwrap().pop();
        let Some((gate, outcome)) = fails else { return std::future::pending().await };
        gate.pass().await;
        outcome.come().expect_err("an engine that fails does so with something")
    }

    async fn stop(&mut self) {
        self.works.log.push(format!("stop {}", self.nth));
        take(self.works.stop_takes).await;
        if let Err(failure) = self.outcome(self.works.stop) {
            panic!("{failure}");
        }
        self.works.log.push(format!("stopped {}", self.nth));
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        self.works.log.push(format!("drop {}", self.nth));
    }
}

type PumpRef = ActorRef<EngineActor<Pump>>;

async fn handle(engine: &PumpRef) -> u32 {
    soon("handle", engine.ask(HandleOf::default())).await.expect("an engine that runs")
}

fn life(nth: u32) -> Vec<String> {
    ["make", "start", "stop", "stopped", "drop"].map(|it| format!("{it} {nth}")).into()
}

#[conformance(virtual_time)]
async fn an_engine_that_reports_a_fatal_state_is_rebuilt_and_refs_made_before_go_on_working() {
    for outcome in [Outcome::Error, Outcome::Panic] {
        let system = stage::system("test");
        let owner = owner(&system);
        let (works, gates) = Works::default().fails([outcome, outcome]);
        let backoff = Backoff::default().min(Duration::from_secs(1)).jitter(0.0).factor(1.0);
        let (factory, spec) = (works.factory(), ChildSpec::permanent().backoff(backoff));
        let engine = call(&owner, move |cx| cx.supervise_engine(factory, spec)).await;
        let recipient: Recipient<HandleOf<Pump>> = engine.recipient();
        let id = engine.id();
        for n in 0..2 {
            assert_eq!(handle(&engine).await, n, "it answers while it is waited for");
            gates[n as usize].open();
            rest().await;
            assert!(matches!(engine.status(), Status::Restarting), "{outcome:?}");
            // What is asked while it is rebuilt waits for the next one.
            let asked = soon("handle", recipient.ask(HandleOf::default())).await.unwrap();
            assert_eq!((asked, engine.id()), (n + 1, id), "{outcome:?}");
        }
        let expected: Vec<_> = [life(0), life(1), life(2)].concat();
        assert_eq!(works.lines(), expected[..12], "{outcome:?}: each was over before the next");
        owner.stop();
        ended(&owner).await;
        assert_eq!(works.lines(), expected, "{outcome:?}");
        assert_eq!(owner.children().list().len(), 0);
        assert!(system.actors().is_empty());
        rest().await;
        assert_conserved(&system);
    }
}

#[conformance]
async fn an_engine_that_cannot_get_better_is_given_up_even_if_stopping_it_fails_too() {
    for fails_to_stop in [false, true] {
        let system = stage::system("test");
        let owner = owner(&system);
        let (mut works, gates) = Works::default().fails([Outcome::Fatal]);
        works.stop = fails_to_stop.then_some((0, Outcome::Panic));
        let factory = works.factory();
        let engine = call(&owner, move |cx| cx.supervise_engine(factory, permanent())).await;
        assert_eq!(handle(&engine).await, 0);
        gates[0].open();
        for reason in [ended(&engine).await, ended(&owner).await] {
            let root = reason.failure().unwrap().cause().root().to_string();
            assert_eq!(root, "dry for ever", "{fails_to_stop}");
        }
        assert_eq!(works.made.load(Ordering::Relaxed), 1, "{fails_to_stop}");
    }
}

#[conformance]
async fn an_engine_that_does_not_start_is_stopped_and_made_anew() {
    for outcome in [Outcome::Error, Outcome::Panic, Outcome::Fatal] {
        let system = stage::system("test");
        let works = Works { start: Some((0, outcome)), ..Works::default() };
        let engine = system.supervise_engine(works.factory(), permanent());
        rest().await;
        if let Outcome::Fatal = outcome {
            assert_eq!(ended(&engine).await.to_string(), "did not start: dry for ever");
            assert_eq!(works.lines(), life(0));
            continue;
        }
        assert_eq!(handle(&engine).await, 1, "{outcome:?}");
        let lines = works.lines();
        let dropped = lines.iter().position(|it| it == "drop 0").unwrap();
        assert_eq!(lines[dropped + 1], "make 1", "{outcome:?}: {lines:?}");
        // One that panicked has been left in the middle, and is only dropped.
        let was_stopped = lines.contains(&"stopped 0".to_owned());
        assert_eq!(was_stopped, matches!(outcome, Outcome::Error), "{lines:?}");
    }
}

#[conformance(virtual_time)]
async fn an_engine_that_does_not_start_in_time_is_made_anew() {
    let system = stage::system("test");
    let works = Works { start_takes: Duration::from_secs(9), ..Works::default() };
    let options = SpawnOptions::default().start_deadline(Duration::from_secs(3));
    let spec = ChildSpec::permanent().window(RestartWindow::new(1, Duration::MAX));
    let engine =
        system.supervise_engine(works.factory(), spec.backoff(Backoff::none()).options(options));
    let reason = ended(&engine).await.to_string();
    assert!(reason.ends_with("it had not started after 3s"), "{reason}");
    assert_eq!(works.made.load(Ordering::Relaxed), 2);
}

#[conformance(virtual_time)]
async fn an_engine_is_stopped_before_its_actor_has_ended() {
    for way in ["remove", "owner stops", "shutdown", "stop for now"] {
        let system = stage::system("test");
        let owner = owner(&system);
        let works = Works { stop_takes: Duration::from_secs(1), ..Works::default() };
        let factory = works.factory();
        let engine = call(&owner, move |cx| cx.supervise_engine(factory, permanent())).await;
        assert_eq!(handle(&engine).await, 0);
        match way {
            "remove" => owner.children().remove(engine.id()).unwrap(),
            "owner stops" => owner.stop(),
            "stop for now" => owner.children().stop(engine.id()).unwrap(),
            _ => {
                let report = soon("report", system.shutdown(Duration::from_secs(9))).await;
                assert!(report.is_clean(), "{report}");
            }
        }
        if way == "stop for now" {
            tokio::time::sleep(Duration::from_secs(2)).await;
            assert_eq!(works.lines(), life(0), "{way}");
            owner.children().start(engine.id()).unwrap();
            assert_eq!(handle(&engine).await, 1);
            continue;
        }
        assert!(!ended(&engine).await.is_failure(), "{way}");
        assert_eq!(works.lines(), life(0), "{way}");
    }
}

#[conformance(virtual_time)]
async fn an_engine_has_the_shutdown_deadline_of_its_child_to_stop_in() {
    for (deadline, is_enough) in [(10, true), (2, false)] {
        let system = stage::system("test");
        let works = Works { stop_takes: Duration::from_secs(8), ..Works::default() };
        let options = SpawnOptions::default().shutdown_deadline(Duration::from_secs(deadline));
        let engine = system.supervise_engine(works.factory(), permanent().options(options));
        assert_eq!(handle(&engine).await, 0);
        let begin = tokio::time::Instant::now();
        system.children().remove(engine.id()).unwrap();
        ended(&engine).await;
        assert_eq!(works.lines().contains(&"stopped 0".to_owned()), is_enough, "{deadline} s");
        assert_eq!(begin.elapsed().as_secs(), deadline.min(8), "{deadline} s");
    }
}

#[conformance(virtual_time)]
async fn an_engine_that_is_restarted_without_having_failed_runs_on() {
    let system = stage::system("test");
    let owner = owner(&system);
    let works = Works::default();
    let factory = works.factory();
    let spec = ChildSpec::permanent();
    let (engine, sibling) = call(&owner, move |cx| {
        cx.supervision(Supervision::one_for_all());
        let sibling = Plan::new("sibling", &Log::default());
        let sibling = cx.supervise_with(sibling.factory(), permanent());
        (cx.supervise_engine(factory, spec), sibling)
    })
    .await;
    assert_eq!(handle(&engine).await, 0);
    let restarts: [&dyn Fn(); 4] = [
        &|| owner.children().restart(engine.id()).unwrap(),
        &|| sibling.try_tell(crate::support::Boom("torn")).unwrap(),
        &|| engine.stop(),
        &|| engine.kill(),
    ];
    for (nth, restart) in (1..).zip(restarts) {
        restart();
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(handle(&engine).await, nth, "{:?}", owner.children().history(engine.id()));
        tokio::time::sleep(Duration::from_secs(100)).await;
        assert_eq!(works.made.load(Ordering::Relaxed), nth + 1, "made once for each restart");
        assert!(matches!(engine.status(), Status::Running));
    }
}

#[conformance]
async fn an_engine_whose_guard_is_taken_away_is_made_anew() {
    let system = stage::system("test");
    let works = Works::default();
    let engine = system.supervise_engine(works.factory(), permanent());
    assert_eq!(handle(&engine).await, 0);
    let guard = engine.children().list()[0].id;
    engine.children().remove(guard).unwrap();
    rest().await;
    assert_eq!(handle(&engine).await, 1);
    assert_eq!(works.lines(), [life(0), life(1)].concat()[..7]);
}

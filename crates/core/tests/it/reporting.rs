//! What observers, watchers, owners and logs are told of one and the same thing: D-23, E-28, E-32,
//! E-34.

use std::{
    collections::BTreeMap,
    error::Error,
    fmt,
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use ghostlight::{
    Actor, ActorRef, Backoff, ChildSpec, Context, Create, Failure, Handler, Message, Observer,
    RestartRecord, RestartWindow, SpawnOptions, StopReason, Subject, Supervision,
};

use crate::{
    kin::{
        Act, Do, Kin, Ledger, Plan, Point, call, fail, family, incarnation, named, permanent,
        watched,
    },
    stage::{self, conformance},
    support::{
        Gate, Journal, Listed, Log, Note, Path, Witness, assert_conserved, ended, rest, soon,
    },
    watchman::{watch, watchman},
};

/// Everything that is logged, as text.
struct Scribe(Log<String>);
struct Line(String);
impl tracing::field::Visit for Line {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn fmt::Debug) {
        if matches!(field.name(), "message" | "name" | "failure" | "reason") {
            self.0 += &format!("{}={value:?} ", field.name());
        }
    }
}
impl tracing::Subscriber for Scribe {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.push(line.0);
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

/// An error with another below.
#[derive(Debug)]
struct Torn(std::io::Error);
impl fmt::Display for Torn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the page is torn")
    }
}
impl Error for Torn {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

/// Fails by an error, when it is told something.
struct Page;
impl Actor for Page {
    type Protocol = (Note,);
}
impl Handler<Note> for Page {
    async fn handle(&mut self, Note(n): Note, cx: &mut Context<'_, Self>) {
        if n == 0 {
            panic!("the page is torn");
        }
        cx.fail::<()>(Torn(std::io::Error::other("disk gone"))).await;
    }
}

/// Every level of a failure, and of the error at its root.
fn levels(failure: &Failure) -> Vec<String> {
    let root = failure.cause().root();
    let error = root.error().map(|it| it as &(dyn Error + 'static));
    let below = std::iter::successors(error.and_then(Error::source), |&it| it.source());
    let chain = failure.cause().chain().map(ToString::to_string);
    chain.chain(below.map(ToString::to_string)).chain([root.is_panic().to_string()]).collect()
}

#[derive(Clone, Default)]
struct Failures(Log<Failure>);
impl Observer for Failures {
    fn failed(&self, _: Subject<'_>, failure: &Failure) {
        self.0.push(failure.clone());
    }
}

#[conformance(one_thread)]
async fn owner_watcher_observer_and_log_are_told_the_same_text_and_chain_of_causes() {
    for n in [0, 1] {
        let (lines, failures) = (Log::default(), Failures::default());
        let _listening = tracing::subscriber::set_default(Scribe(lines.clone()));
        let system = stage::system_with("test", |it| it.observer(failures.clone()));
        let owner = system.spawn(Plan::new("owner", &Log::default()).build());
        let never = named(ChildSpec::permanent().window(RestartWindow::never()), "page");
        let child = call(&owner, move |cx| cx.supervise_with(|| Page, never)).await;
        let (watcher, told) = watchman::<Listed>(&system);
        watch(&watcher, &child).await;
        watch(&watcher, &owner).await;
        child.tell(Note(n)).await.unwrap();
        let (own, owners) = (ended(&child).await, ended(&owner).await);
        rest().await;
        let seen: Vec<_> = failures.0.all().iter().map(levels).collect();
        let [whole] = &*seen else { panic!("{seen:?}") };
        let is_panic = (n == 0).to_string();
        let expected = match n {
            0 => vec!["the page is torn", &*is_panic],
            _ => vec!["the page is torn", "disk gone", &*is_panic],
        };
        assert_eq!(whole, &expected);
        assert_eq!(&levels(own.failure().unwrap()), whole);
        // The owner knows one level more: which child it was.
        assert_eq!(levels(owners.failure().unwrap())[1..], whole[..]);
        let ends = told.ends.take();
        assert_eq!((ends[0].id, ends[1].id), (child.id(), owner.id()));
        assert_eq!(&levels(ends[0].why.failure().unwrap()), whole);
        assert_eq!(levels(ends[1].why.failure().unwrap()), levels(owners.failure().unwrap()));
        let lines = lines.take();
        assert_eq!(
            lines,
            [
                "message=actor failed name=\"page\" failure=the page is torn ".to_owned(),
                format!("message=actor is not started again name=\"page\" reason={own} "),
            ]
        );
    }
}

/// What a supervisor was seen to do about each actor.
#[derive(Clone, Default)]
struct Book {
    restarts: Arc<Mutex<BTreeMap<String, Vec<u32>>>>,
    failures: Arc<Mutex<BTreeMap<String, usize>>>,
    given_up: Log<String>,
}
impl Observer for Book {
    fn failed(&self, actor: Subject<'_>, _: &Failure) {
        *self.failures.lock().unwrap().entry(actor.name.to_owned()).or_default() += 1;
    }
    fn restarting(&self, actor: Subject<'_>, record: &RestartRecord) {
        let mut all = self.restarts.lock().unwrap();
        all.entry(actor.name.to_owned()).or_default().push(record.incarnation);
    }
    fn gave_up(&self, actor: Subject<'_>, _: &StopReason) {
        self.given_up.push(actor.name.to_owned());
    }
}

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// Does something random to a child, and waits until that has had its effect.
async fn disturb(luck: &mut fastrand::Rng, owner: &ActorRef<Kin>, child: &ActorRef<Kin>) {
    _ = match luck.u8(..10) {
        0..=3 => child.try_tell(Do(Act::Panic("torn"))).is_ok(),
        4 | 5 => child.try_tell(Do(Act::Fail("worn"))).is_ok(),
        6 => child.try_tell(Do(Act::Stop)).is_ok(),
        7 if luck.u8(..4) == 0 => child.try_tell(Do(Act::Fatal("doomed"))).is_ok(),
        8 => owner.children().restart(child.id()).is_ok(),
        _ => {
            tokio::time::sleep(Duration::from_millis(luck.u64(..500))).await;
            true
        }
    };
    rest().await;
}

#[conformance(virtual_time)]
async fn whatever_fails_observers_are_told_of_each_failure_restart_and_giving_up_once() {
    for seed in 0..stage::times(150) as u64 {
        let mut luck = stage::chance(seed);
        let (book, log) = (Book::default(), Log::default());
        let system = stage::system_with("test", |it| it.observer(book.clone()));
        let supervision = match luck.u8(..3) {
            0 => Supervision::one_for_one(),
            1 => Supervision::one_for_all(),
            _ => Supervision::rest_for_one(),
        };
        let children = NAMES.map(|name| {
            let spec = if luck.bool() { ChildSpec::permanent() } else { ChildSpec::transient() };
            let window = RestartWindow::new(luck.u32(..9), Duration::from_hours(1));
            let backoff = if luck.bool() { Backoff::none() } else { Backoff::default() };
            (name, named(spec.window(window).backoff(backoff).tolerated(), name))
        });
        let (owner, children) = family(&system, &log, supervision, children).await;
        for _ in 0..40 {
            let child = &children[luck.usize(..NAMES.len())];
            disturb(&mut luck, &owner, child).await;
        }
        tokio::time::sleep(Duration::from_mins(10)).await;
        let lines = log.take();
        for (name, child) in NAMES.iter().zip(&children) {
            let count = |what: &str| {
                let start = format!("{name} {what}");
                lines.iter().filter(|it| it.starts_with(&start)).count()
            };
            // One that was told to make room before it had begun has started nothing, and counts.
            let start = format!("{name} started ");
            let starts: Vec<u32> =
                lines.iter().filter_map(|it| it.strip_prefix(&start)?.parse().ok()).collect();
            assert!(starts.is_sorted_by(|one, next| one < next), "{seed}: {name}: {starts:?}");
            let restarts = book.restarts.lock().unwrap().get(*name).cloned().unwrap_or_default();
            let expected: Vec<_> = (0..restarts.len() as u32).collect();
            assert_eq!(restarts, expected, "{seed}: {name}: each restart was told once");
            let last = *starts.last().unwrap();
            assert_eq!(last as usize, restarts.len(), "{seed}: {name}: each begins what it says");
            let failures = book.failures.lock().unwrap().get(*name).copied().unwrap_or_default();
            assert_eq!(failures, count("asked about"), "{seed}: {name}: each failure");
            let given_up = book.given_up.all().iter().filter(|it| it == name).count();
            let is_given_up = !child.is_alive() && ended(child).await.is_failure();
            assert_eq!(given_up, usize::from(is_given_up), "{seed}: {name}");
        }
        assert_conserved(&system);
    }
}

/// Cannot be built.
struct Never;
impl Actor for Never {
    type Protocol = ();
}
impl Create for Never {
    type Args = ();
    async fn create((): ()) -> Result<Self, Failure> {
        Err(Failure::recoverable("no luck"))
    }
}

#[conformance(virtual_time)]
async fn failures_that_are_resumed_come_late_or_lie_in_a_destructor_are_told_once_too() {
    let told = |path: Path, plan: fn(Plan) -> Plan, act: Act| {
        let witness = Witness::default();
        let system = stage::system_with("test", |it| it.observer(witness.clone()));
        let options = SpawnOptions::default().start_deadline(Duration::from_secs(1));
        let actor = system.spawn_with(plan(Plan::new("x", &Log::default())).build(), options);
        async move {
            rest().await;
            _ = path.ask(&actor, Do(act)).await;
            tokio::time::sleep(Duration::from_secs(2)).await;
            actor.stop();
            ended(&actor).await;
            drop(system);
            let lines = witness.0.take();
            lines.into_iter().filter(|it| it.starts_with("failed")).collect::<Vec<_>>()
        }
    };
    for path in Path::BOTH {
        for act in [Act::Panic("torn"), Act::Fail("torn")] {
            let resume: fn(Plan) -> Plan = |it| it.at(Point::OnFailure, [Act::Resume]);
            assert_eq!(told(path, resume, act.clone()).await, ["failed: torn"], "{act:?} {path:?}");
            let fall: fn(Plan) -> Plan = |it| it.at(Point::Drop, [Act::Panic("bad farewell")]);
            let both = told(path, fall, act.clone()).await;
            assert_eq!(both, ["failed: torn", "failed: bad farewell"], "{act:?} {path:?}");
        }
    }
    let late =
        told(Path::Queued, |it| it.at(Point::Started, [Act::Sleep(60_000)]), Act::Nothing).await;
    assert_eq!(late, ["failed: it had not started after 1s"]);
    let witness = Witness::default();
    let system = stage::system_with("test", |it| it.observer(witness.clone()));
    ended(&system.create::<Never>(())).await;
    assert_eq!(witness.0.take(), ["failed: no luck", "stopped: did not start: no luck"]);
}

#[conformance]
async fn what_is_told_of_one_end_comes_in_order_and_counts_children_without_hooks() {
    let (system, Ledger(ledger)) = watched();
    let owner = system.spawn_with(
        Plan::new("owner", &Log::default()).build(),
        SpawnOptions::default().name("owner"),
    );
    let plan = Plan::new("child", &Log::default());
    let spec = permanent().backoff(Backoff::default().min(Duration::from_secs(1)).jitter(0.0));
    let (sibling, child) = call(&owner, move |cx| {
        cx.supervision(Supervision::one_for_one().min_healthy(2));
        let sibling = cx.spawn(Journal::<Listed>::new(&Log::default()));
        (sibling, cx.supervise_with(plan.factory(), named(spec, "child")))
    })
    .await;
    sibling.wait_started().await.unwrap();
    incarnation(&child).await;
    fail(&child, "torn").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(
        ledger.take(),
        [
            "child restarts after 0: failed: torn",
            "owner is unhealthy: 1 of at least 2 children run",
            "owner is healthy",
        ]
    );
}

#[conformance]
async fn each_incarnation_has_the_whole_time_to_start() {
    let system = stage::system("test");
    let plan = Plan::new("child", &Log::default())
        .always(Point::Create, Act::Sleep(900))
        .at(Point::Started, [Act::Fail("no luck"), Act::Panic("no luck")]);
    let options = SpawnOptions::default().start_deadline(Duration::from_secs(1));
    let spec = permanent().window(RestartWindow::new(2, Duration::MAX)).options(options);
    let child = system.supervise_created::<Kin>(plan, spec);
    assert_eq!(incarnation(&child).await, 2);
}

/// Blocks its thread, which nothing can take away from it.
struct Blocker(mpsc::Receiver<()>);
#[derive(Debug, Message)]
struct Block(Gate);
impl Actor for Blocker {
    type Protocol = (Block,);
}
impl Handler<Block> for Blocker {
    async fn handle(&mut self, Block(gate): Block, _: &mut Context<'_, Self>) {
        gate.open();
        _ = self.0.recv();
    }
}

#[conformance(threads)]
async fn children_lost_on_their_threads_are_named_and_hold_up_neither_owner_nor_siblings() {
    let (system, Ledger(ledger)) = watched();
    let log = Log::default();
    let first = system.spawn(Plan::new("first", &log).build());
    let owner = system.spawn(Plan::new("owner", &log).build());
    let quick = Plan::new("quick", &log);
    let (releases, blocked): (Vec<_>, Vec<_>) = (0..2).map(|_| mpsc::channel()).unzip();
    let (lost, quick) = call(&owner, move |cx| {
        let options = SpawnOptions::default().shutdown_deadline(Duration::from_millis(10));
        let lost = ["one", "two"].into_iter().zip(blocked);
        let lost: Vec<_> =
            lost.map(|(name, it)| cx.spawn_with(Blocker(it), options.clone().name(name))).collect();
        (lost, cx.spawn(quick.build()))
    })
    .await;
    for it in &lost {
        let gate = Gate::closed();
        it.tell(Block(gate.clone())).await.unwrap();
        gate.pass().await;
    }
    let report = soon("report", system.shutdown(Duration::from_secs(50))).await;
    assert_eq!(report.lost.iter().map(|it| &*it.name).collect::<Vec<_>>(), ["two", "one"]);
    assert_eq!(ledger.all(), ["two abandoned", "one abandoned"]);
    for it in [&first, &owner, &quick] {
        assert!(!ended(it).await.is_failure(), "told to end, and not killed");
    }
    assert_eq!(log.all().iter().filter(|it| it.contains(" stopped: ")).count(), 3);
    drop(releases);
    for it in &lost {
        ended(it).await;
    }
}

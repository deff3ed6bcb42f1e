//! Status, prepared actors, and the time that starting may take: D-21, D-22.

use std::time::Duration;

use ghostlight::{
    Actor, ActorRef, ChildSpec, Context, Create, DeadReason, Failure, RestartWindow, SpawnOptions,
    Status, StopReason,
};

use crate::{
    kin::{Act, Do, Kin, Plan, Point, call, fail, incarnation, of, permanent},
    stage::{self, conformance},
    support::{
        Add, Counted, Gate, Journal, Listed, Log, Note, Path, alive, assert_conserved, dead, ended,
        park, rest, soon,
    },
};

fn word(status: &Status) -> &'static str {
    match status {
        Status::Starting => "starting",
        Status::Running => "running",
        Status::Restarting => "restarting",
        Status::Stopping => "stopping",
        Status::Stopped(_) => "stopped",
        _ => "new",
    }
}

#[conformance]
async fn status_goes_through_each_stage_in_order() {
    let (create, start, stop) = (Gate::closed(), Gate::closed(), Gate::closed());
    let plan = [(Point::Create, &create), (Point::Started, &start), (Point::Stopped, &stop)]
        .into_iter()
        .fold(Plan::new("child", &Log::default()), |plan, (point, gate)| {
            plan.always(point, Act::Wait(gate.clone()))
        });
    let system = stage::system("test");
    let child = system.supervise_created::<Kin>(plan, permanent());
    let held = async |gate: &Gate, expected| {
        gate.arrived().await;
        assert_eq!(word(&child.status()), expected);
        gate.open_once();
    };
    assert_eq!(word(&child.status()), "starting");
    for (begins, ends) in [("starting", "fails"), ("restarting", "is removed")] {
        held(&create, begins).await;
        held(&start, begins).await;
        assert_eq!(child.ask(Add(1)).await.unwrap(), 1, "it has started");
        assert_eq!(word(&child.status()), "running");
        match ends {
            "fails" => child.tell(Do(Act::Panic("torn"))).await.unwrap(),
            _ => system.children().remove(child.id()).unwrap(),
        }
        held(&stop, "stopping").await;
    }
    ended(&child).await;
    assert_eq!(word(&child.status()), "stopped");
    let Status::Stopped(end) = child.status() else { panic!("it has ended") };
    assert!(matches!(end.reason, StopReason::Stopped(None)));
    assert!(end.at <= system.runtime().now());
}

/// Looks at an actor as fast as it can, until it has ended, and writes down each change.
fn sample(actor: &ActorRef<Kin>) -> (Log<&'static str>, std::thread::JoinHandle<()>) {
    let (actor, seen) = (actor.clone(), Log::default());
    let log = seen.clone();
    let sampler = std::thread::spawn(move || {
        let mut last = "starting";
        log.push(last);
        while last != "stopped" {
            let now = word(&actor.status());
            if last != now {
                log.push(now);
            }
            last = now;
        }
    });
    (seen, sampler)
}

#[conformance(threads)]
async fn status_never_goes_backwards_within_an_incarnation() {
    let order = ["starting", "running", "stopping", "stopped"];
    let rank = |it: &&str| order.iter().position(|known| known == it);
    for round in 0..200 {
        let system = stage::system("test");
        let actor = system.spawn(Plan::new("plain", &Log::default()).build());
        let (seen, sampler) = sample(&actor);
        for n in 0..10 {
            _ = actor.try_tell(Note(n));
        }
        match round % 4 {
            0 => actor.stop(),
            1 => actor.kill(),
            2 => actor.tell(Do(Act::Stop)).await.unwrap(),
            _ => actor.tell(Do(Act::Panic("torn"))).await.unwrap(),
        }
        ended(&actor).await;
        sampler.join().unwrap();
        let seen = seen.take();
        assert!(seen.iter().all(|it| rank(it).is_some()), "{seen:?}");
        assert!(seen.is_sorted_by_key(rank), "{seen:?}");
    }
    let system = stage::system("test");
    let child = system.supervise(Plan::new("child", &Log::default()).factory(), permanent());
    soon("start", child.wait_started()).await.unwrap();
    let (seen, sampler) = sample(&child);
    for n in 0..200 {
        // Or one incarnation might be over before anybody has looked at it.
        while seen.all().last() != Some(&"running") {
            stage::yield_now().await;
        }
        let act = if n % 2 == 0 { Act::Panic("torn") } else { Act::Stop };
        child.tell(Do(act)).await.unwrap();
        assert_eq!(incarnation(&child).await, n + 1);
    }
    system.children().remove(child.id()).unwrap();
    ended(&child).await;
    sampler.join().unwrap();
    let mut seen = seen.take();
    seen.remove(0);
    assert!(!seen.contains(&"starting"), "only once: {seen:?}");
    assert_eq!(seen.iter().filter(|it| **it == "stopped").count(), 1, "{seen:?}");
    // Between two incarnations it may be seen to restart, and to run, but not to go back.
    let backwards = seen.windows(2).find(|it| *it == ["restarting", "stopping"]);
    assert_eq!(backwards, None, "{seen:?}");
}

#[conformance]
async fn whoever_waits_for_a_prepared_actor_to_start_hears_when_it_runs() {
    let system = stage::system("test");
    let prepared = system.prepare(Journal::<Listed>::new(&Log::default()));
    let actor = prepared.actor_ref();
    let waits = stage::spawn(async move { actor.wait_started().await });
    rest().await;
    assert!(!waits.is_finished(), "it does not run yet");
    let runs = stage::spawn(prepared.run());
    soon("start", waits).await.unwrap().unwrap();
    runs.abort();
}

#[conformance]
async fn a_prepared_actor_takes_messages_at_once_and_handles_them_when_it_runs() {
    let system = stage::system("test");
    let log = Log::default();
    let is_here = |_: &Context<'_, Kin>| assert!(tokio::task::try_id().is_none(), "no task");
    let prepared = system.prepare(Plan::new("main", &log).raising(is_here).build());
    let main = prepared.actor_ref();
    assert!(matches!(main.status(), Status::Starting) && main.is_alive());
    (0..3).for_each(|n| main.try_tell(Note(n)).unwrap());
    for path in Path::BOTH {
        let (main, log) = (main.clone(), log.clone());
        stage::spawn(async move {
            let sum = path.ask(&main, Add(5)).await.unwrap();
            log.push(format!("main sum {sum}"));
        });
    }
    rest().await;
    main.try_tell(Do(Act::Stop)).unwrap();
    assert!(log.all().is_empty(), "it does not run yet");
    assert_eq!(main.strong_count(), 2 + 2, "two here, and two askers'");
    let why = soon("end", prepared.run()).await;
    assert!(matches!(why, StopReason::Normal), "{why}");
    let expected = ["started 0", "0", "1", "2", "stopped: ended by itself", "dropped"];
    let mut lines = of(&log, &["main"]);
    lines.retain(|it| !it.contains("sum"));
    assert_eq!(lines, expected.map(|it| format!("main {it}")));
    rest().await;
    assert!(system.actors().is_empty());
    assert_conserved(&system);
}

#[conformance]
async fn a_prepared_actor_that_never_runs_ends_so_and_its_messages_are_dead_letters() {
    for way in ["dropped", "run, and not polled"] {
        let system = stage::system("test");
        let mut letters = system.dead_letters(10);
        let log = Log::default();
        let (token, count) = Counted::new();
        let prepared = system.prepare(Plan::new("main", &log).holding(token).build());
        let main = prepared.actor_ref();
        (0..3).for_each(|n| main.try_tell(Note(n)).unwrap());
        let asker = main.clone();
        let asked = stage::spawn(async move { asker.ask(Add(7)).await });
        rest().await;
        match way {
            "dropped" => drop(prepared),
            _ => drop(prepared.run()),
        }
        assert!(matches!(ended(&main).await, StopReason::NeverStarted), "{way}");
        let why = main.wait_started().await.unwrap_err();
        assert!(matches!(why, StopReason::NeverStarted), "{way}");
        let expected = [0, 1, 2].map(|n| (Note(n), DeadReason::StartFailed));
        assert_eq!(dead::<Note>(&mut letters), expected, "{way}");
        let error = soon("error", asked).await.unwrap().unwrap_err();
        assert_eq!(error.into_message(), Some(Add(7)), "{way}");
        assert!(system.actors().is_empty(), "{way}: no ghost");
        assert_eq!((log.all(), alive(&count)), (vec!["main dropped".to_owned()], 0), "{way}");
        assert_conserved(&system);
    }
}

#[conformance(virtual_time)]
async fn a_prepared_actor_whose_run_is_dropped_in_the_middle_is_lost_with_its_children() {
    for point in ["handler", "started", "idle"] {
        let system = stage::system("test");
        let log = Log::default();
        let inner = Plan::new("inner", &log);
        let plan = Plan::new("main", &log).raising(move |cx| _ = cx.spawn(inner.build()));
        let plan = match point {
            "started" => plan.at(Point::Started, [Act::Wait(Gate::closed())]),
            _ => plan,
        };
        let prepared = system.prepare(plan.build());
        let main = prepared.actor_ref();
        if point == "handler" {
            main.try_tell(Do(Act::Wait(Gate::closed()))).unwrap();
        }
        let asker = main.clone();
        let asked = stage::spawn(async move { asker.ask(Add(7)).queued().await });
        let cut = tokio::time::timeout(Duration::from_secs(1), prepared.run()).await;
        assert!(cut.is_err(), "{point}");
        assert!(matches!(ended(&main).await, StopReason::Lost), "{point}");
        assert_eq!(soon("end", asked).await.unwrap().is_ok(), point == "idle");
        rest().await;
        assert!(system.actors().is_empty(), "{point}: {:?}", system.actors());
        assert_eq!(log.all().iter().filter(|it| it.ends_with("dropped")).count(), 2, "{point}");
        // The deadlines of asks are kept by a task.
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(stage::n_tasks(), 0, "{point}");
        assert_conserved(&system);
    }
}

#[conformance]
async fn a_prepared_actor_that_is_told_to_end_does_so_before_it_runs_and_drains_when_it_does() {
    for verb in ["stop", "kill", "drain", "shutdown"] {
        let system = stage::system("test");
        let log = Log::default();
        let prepared = system.prepare(Plan::new("main", &log).build());
        let main = prepared.actor_ref();
        main.try_tell(Note(1)).unwrap();
        match verb {
            "stop" => main.stop(),
            "kill" => main.kill(),
            "drain" => main.drain(ghostlight::DrainBudget::default()),
            _ => drop(stage::spawn({
                let system = system.clone();
                async move { system.shutdown(Duration::from_secs(1)).await }
            })),
        }
        rest().await;
        assert!(!main.is_alive(), "{verb}");
        assert_eq!(system.actors().is_empty(), verb != "drain", "{verb}: it holds nobody up");
        let why = soon("end", prepared.run()).await;
        assert!(!matches!(why, StopReason::Lost | StopReason::NeverStarted), "{verb}: {why}");
        assert_eq!(log.all().contains(&"main 1".to_owned()), verb == "drain", "{verb}");
        assert!(system.actors().is_empty(), "{verb}");
    }
}

#[conformance]
async fn after_a_shutdown_nothing_can_be_prepared_or_supervised() {
    let system = stage::system("test");
    let log = Log::default();
    system.shutdown(Duration::from_secs(1)).await;
    let prepared = system.prepare(Plan::new("main", &log).build());
    let main = prepared.actor_ref();
    assert!(!main.is_alive());
    assert!(matches!(soon("end", prepared.run()).await, StopReason::SystemShutdown));
    let child = system.supervise(Plan::new("child", &log).factory(), permanent());
    assert!(matches!(ended(&child).await, StopReason::SystemShutdown));
    assert_eq!(log.all(), ["main dropped"], "no hook of an actor that never was");
    assert!(system.actors().is_empty());
}

#[conformance(virtual_time)]
async fn starting_has_a_deadline_which_creating_and_the_hooks_share() {
    // How long each part takes, in the first incarnation and in the second.
    let table: [(&[(Point, u64)], bool); 7] = [
        (&[(Point::Create, 3_000)], true),
        (&[(Point::Started, 3_000)], true),
        (&[(Point::Create, 1_200), (Point::Started, 1_200)], true),
        (&[(Point::Restarting, 3_000)], false),
        (&[(Point::Restarting, 900), (Point::Create, 900), (Point::Started, 900)], false),
        (&[(Point::Create, 900), (Point::Started, 900)], false),
        (&[], false),
    ];
    for (parts, fails_first) in table {
        for is_first in [true, false] {
            let system = stage::system("test");
            let log = Log::default();
            let mut plan = Plan::new("child", &log);
            for &(point, millis) in parts {
                let quick = usize::from(!is_first && point != Point::Restarting);
                let acts = std::iter::repeat_n(Act::Nothing, quick).chain([Act::Sleep(millis)]);
                plan = plan.at(point, acts);
            }
            let options = SpawnOptions::default().start_deadline(Duration::from_secs(2));
            let spec = ChildSpec::permanent().window(RestartWindow::new(1, Duration::MAX));
            let spec = spec.backoff(ghostlight::Backoff::none()).options(options);
            let begin = system.runtime().now();
            let child = system.supervise_created::<Kin>(plan, spec);
            let sum: u64 = parts.iter().map(|it| it.1).sum();
            if is_first {
                let is_late = fails_first;
                soon("start", child.wait_started()).await.unwrap();
                let expected = u32::from(is_late);
                assert_eq!(incarnation(&child).await, expected, "{parts:?}");
                if is_late {
                    let took = (system.runtime().now() - begin).as_millis();
                    assert!((2_000..2_010).contains(&took), "{parts:?}: {took}");
                }
                continue;
            }
            incarnation(&child).await;
            fail(&child, "torn").await;
            if sum < 2_000 {
                assert_eq!(incarnation(&child).await, 1, "{parts:?}");
                continue;
            }
            let reason = ended(&child).await.to_string();
            assert!(reason.ends_with("it had not started after 2s"), "{parts:?}: {reason}");
        }
    }
}

#[conformance(virtual_time)]
async fn an_actor_that_was_spawned_from_a_value_has_the_same_time_to_start() {
    let system = stage::system("test");
    let plan = Plan::new("slow", &Log::default()).at(Point::Started, [Act::Sleep(60_000)]);
    let options = SpawnOptions::default().start_deadline(Duration::from_secs(2));
    let begin = system.runtime().now();
    let slow = system.spawn_with(plan.build(), options.clone());
    let why = soon("end", slow.wait_started()).await.unwrap_err();
    assert_eq!(why.to_string(), "did not start: it had not started after 2s");
    assert!(system.runtime().now() - begin < Duration::from_millis(2_010));
    let plan = Plan::new("slow", &Log::default()).at(Point::Started, [Act::Sleep(1_000)]);
    let slow = system.spawn_with(plan.build(), options);
    soon("start", slow.wait_started()).await.unwrap();
    // Its time was for starting, not for what comes after.
    slow.tell(Do(Act::Sleep(10_000))).await.unwrap();
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(incarnation(&slow).await, 0);
}

/// Panics while it is dropped, wherever its `create` has come to.
struct Mine;
impl Drop for Mine {
    fn drop(&mut self) {
        panic!("stepped on");
    }
}
struct Field;
impl Actor for Field {
    type Protocol = ();
}
impl Create for Field {
    type Args = ();
    async fn create((): ()) -> Result<Self, Failure> {
        let _mine = Mine;
        std::future::pending().await
    }
}

#[conformance]
async fn a_create_that_panics_when_it_is_dropped_does_not_keep_its_actor() {
    for way in ["stop", "kill", "owner", "deadline", "shutdown"] {
        let system = stage::system("test");
        let owner = system.spawn(Plan::new("owner", &Log::default()).build());
        let options = SpawnOptions::default().start_deadline(Duration::from_secs(3));
        let field = call(&owner, |cx| cx.create_with::<Field>((), options)).await;
        rest().await;
        match way {
            "stop" => field.stop(),
            "kill" => field.kill(),
            "owner" => owner.stop(),
            "shutdown" => {
                let report = soon("report", system.shutdown(Duration::from_secs(9))).await;
                assert!(report.is_clean(), "{report}");
            }
            _ => {}
        }
        ended(&field).await;
        owner.stop();
        assert!(!ended(&owner).await.is_failure(), "{way}");
    }
}

/// Its `create` is no async function, and panics before there is anything to await.
struct Hasty;
impl Actor for Hasty {
    type Protocol = ();
}
impl Create for Hasty {
    type Args = ();
    fn create((): ()) -> impl Future<Output = Result<Self, Failure>> + Send {
        assert!(std::thread::panicking(), "too hasty");
        async { Ok(Self) }
    }
}

#[conformance]
async fn a_create_that_panics_before_it_is_awaited_is_a_failed_start() {
    let system = stage::system("test");
    let owner = system.spawn(Plan::new("owner", &Log::default()).build());
    let never = permanent().window(RestartWindow::never()).tolerated();
    let [created, supervised] = call(&owner, move |cx: &Context<'_, Kin>| {
        [cx.create::<Hasty>(()), cx.supervise_created::<Hasty>((), never)]
    })
    .await;
    for it in [system.create::<Hasty>(()), created, supervised] {
        assert_eq!(ended(&it).await.failure().unwrap().to_string(), "too hasty");
    }
    assert_eq!(incarnation(&owner).await, 0);
    let gate = park(&owner).await;
    gate.open();
    owner.stop();
    ended(&owner).await;
    assert!(system.actors().is_empty());
}

//! Owners and the actors they own: D-10 to D-14, D-16 to D-19, D-23, D-24, E-22, E-31.

use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use ghostlight::{
    Actor, ActorRef, Backoff, ChildSpec, Context, Failure, Handler, SpawnOptions, StopReason,
};

use crate::{
    kin::{Act, Do, Kin, Plan, Point, call, incarnation, of, permanent},
    stage::{self, conformance},
    support::{
        Add, Counted, Gate, Hold, Log, Note, alive, assert_conserved, ended, park, rest, soon,
    },
};

/// Three levels, each with two children; every actor takes a while to clean up.
fn tree(log: &Log<String>) -> Plan {
    let slow = |name| Plan::new(name, log).always(Point::Stopped, Act::Sleep(10));
    let (left, right) = (slow("aa"), slow("ab"));
    let middle = slow("a").raising(move |cx| {
        cx.spawn(left.build());
        cx.supervise_with(right.factory(), permanent());
    });
    let other = slow("b");
    slow("top").raising(move |cx| {
        cx.supervise_with(middle.factory(), permanent());
        cx.spawn(other.build());
    })
}

fn ends(log: &Log<String>) -> Vec<String> {
    let all = log.take().into_iter();
    all.filter_map(|it| it.strip_suffix(" dropped").map(str::to_owned)).collect()
}

#[conformance]
async fn in_a_tree_of_three_levels_the_deepest_end_first() {
    let system = stage::system("test");
    let tasks = stage::n_tasks();
    let log = Log::default();
    let top = system.spawn(tree(&log).build());
    soon("start", top.wait_started()).await.unwrap();
    rest().await;
    assert_eq!(system.actors().len(), 5);
    log.take();
    top.stop_because("enough");
    assert_eq!(ended(&top).await.to_string(), "stopped: enough");
    let lines = log.all();
    assert_eq!(ends(&log), ["b", "ab", "aa", "a", "top"]);
    assert_eq!(lines.iter().filter(|it| it.contains("its owner ended")).count(), 4, "{lines:?}");
    assert!(system.actors().is_empty());
    rest().await;
    assert_eq!(stage::n_tasks(), tasks, "no task remains");
    assert_conserved(&system);
}

#[conformance]
async fn a_killed_owners_children_end_too() {
    let system = stage::system("test");
    let tasks = stage::n_tasks();
    let log = Log::default();
    let top = system.spawn(tree(&log).build());
    soon("start", top.wait_started()).await.unwrap();
    rest().await;
    log.take();
    top.kill();
    assert!(matches!(ended(&top).await, StopReason::Killed));
    let lines = log.all();
    assert!(!lines.iter().any(|it| it.contains("stopped")), "a kill runs no `stopped`: {lines:?}");
    let ends = ends(&log);
    assert_eq!((ends.len(), ends.last().map(String::as_str)), (5, Some("top")));
    let place = |name| ends.iter().position(|it| it == name);
    assert!(place("aa") < place("a") && place("ab") < place("a"), "{ends:?}");
    assert!(system.actors().is_empty());
    rest().await;
    assert_eq!(stage::n_tasks(), tasks, "no task remains");
}

#[conformance]
async fn a_failing_owners_children_end_before_its_own_stopped_runs() {
    let system = stage::system("test");
    let log = Log::default();
    let top = system.spawn(tree(&log).build());
    soon("start", top.wait_started()).await.unwrap();
    rest().await;
    log.take();
    top.tell(Do(Act::Panic("torn"))).await.unwrap();
    assert_eq!(ended(&top).await.to_string(), "failed: torn");
    let lines = log.all();
    let place = |line: &str| lines.iter().position(|it| it == line);
    assert!(place("a dropped").is_some(), "{lines:?}");
    assert!(place("a dropped") < place("top stopped: failed: torn"), "{lines:?}");
}

#[conformance]
async fn a_start_that_fails_takes_the_children_it_made_along() {
    let system = stage::system("test");
    let log = Log::default();
    let child = Plan::new("child", &log);
    for act in [Act::Fail("no"), Act::Panic("no"), Act::Stop] {
        let child = child.clone();
        let plan = Plan::new("owner", &log).at(Point::Started, [act.clone()]);
        let owner = system.spawn(plan.raising(move |cx| _ = cx.spawn(child.build())).build());
        ended(&owner).await;
        let lines = log.take();
        let place = |line: &str| lines.iter().position(|it| it == line);
        assert!(place("child dropped").is_some(), "{act:?}: {lines:?}");
        assert!(place("child dropped") < place("owner dropped"), "{act:?}: {lines:?}");
        assert!(system.actors().is_empty(), "{act:?}");
    }
}

/// Spawns a child in each way there is.
fn spawn_all(cx: &Context<'_, Kin>, log: &Log<String>) -> [ActorRef<Kin>; 5] {
    let plan = Plan::new("late", log);
    [
        cx.spawn(plan.build()),
        cx.create(plan.clone()),
        cx.supervise(plan.factory()),
        cx.supervise_with(plan.factory(), ChildSpec::temporary()),
        cx.supervise_created(plan, ChildSpec::default()),
    ]
}

/// Spawns children when it is too late.
struct Late {
    log: Log<String>,
    seen: Log<(bool, String)>,
    has_children: bool,
}
impl Actor for Late {
    type Protocol = ();

    async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        if self.has_children {
            cx.spawn(Plan::new("early", &self.log).build());
        }
        Ok(())
    }

    async fn stopped(&mut self, _: &StopReason, cx: &mut Context<'_, Self>) {
        let plan = Plan::new("late", &self.log);
        for it in [
            cx.spawn(plan.build()),
            cx.create(plan.clone()),
            cx.supervise(plan.factory()),
            cx.supervise_created(plan, ChildSpec::default()),
        ] {
            let is_alive = it.is_alive();
            self.seen.push((is_alive, soon("end", it.wait_stopped()).await.to_string()));
        }
    }
}

#[conformance]
async fn spawning_under_an_ending_owner_is_refused() {
    for has_children in [false, true] {
        let system = stage::system("test");
        let (log, seen) = (Log::default(), Log::default());
        let owner = system.spawn(Late { log: log.clone(), seen: seen.clone(), has_children });
        soon("start", owner.wait_started()).await.unwrap();
        owner.stop();
        ended(&owner).await;
        let refused = (false, "its owner ended".to_owned());
        assert_eq!(seen.all(), vec![refused; 4], "children before: {has_children}");
        assert!(of(&log, &["late"]).iter().all(|it| it == "late dropped"));
        assert!(system.actors().is_empty());
        assert_conserved(&system);
    }
}

#[conformance]
async fn in_the_turn_that_ends_its_actor_nobody_can_be_spawned_any_more() {
    let system = stage::system("test");
    let log = Log::default();
    for has_children in [false, true] {
        let owner = system.spawn(Plan::new("owner", &log).build());
        if has_children {
            call(&owner, |cx| _ = cx.spawn(Plan::new("early", &Log::default()).build())).await;
        }
        let late = log.clone();
        let refused = call(&owner, move |cx| {
            cx.stop();
            spawn_all(cx, &late).map(|it| it.is_alive())
        });
        assert_eq!(refused.await, [false; 5], "children before: {has_children}");
        ended(&owner).await;
    }
}

#[conformance(virtual_time)]
async fn a_child_stuck_in_a_handler_is_killed_at_its_deadline_and_its_owner_ends() {
    // In a handler, in `stopped`, in `started`, or in both of the hooks' times one after the other.
    let table = [
        (Act::Sleep(3_600_000), Act::Nothing, 2),
        (Act::Nothing, Act::Sleep(3_600_000), 2),
        (Act::Sleep(3_600_000), Act::Sleep(3_600_000), 4),
    ];
    for (handler, stopped, seconds) in table {
        for spec in [permanent(), ChildSpec::temporary()] {
            let system = stage::system("test");
            let log = Log::default();
            let owner = system.spawn(Plan::new("owner", &log).build());
            let options = SpawnOptions::default().shutdown_deadline(Duration::from_secs(2));
            let plan = Plan::new("child", &log).always(Point::Stopped, stopped.clone());
            let spec = spec.options(options);
            let child = call(&owner, move |cx| cx.supervise_with(plan.factory(), spec)).await;
            child.tell(Do(handler.clone())).await.unwrap();
            rest().await;
            let begin = system.runtime().now();
            owner.stop();
            ended(&owner).await;
            let took = (system.runtime().now() - begin).as_millis();
            let expected = seconds * 1000;
            assert!((expected..expected + 20).contains(&took), "{handler:?} {stopped:?}: {took}");
            ended(&child).await;
            assert_conserved(&system);
        }
    }
}

#[conformance]
async fn a_child_stuck_in_started_is_cut_when_its_owner_ends() {
    let system = stage::system("test");
    let log = Log::default();
    let owner = system.spawn(Plan::new("owner", &log).build());
    for point in [Point::Create, Point::Started] {
        let plan = Plan::new("child", &log).always(point, Act::Sleep(3_600_000));
        let options = SpawnOptions::default().shutdown_deadline(Duration::from_secs(2));
        let spec = permanent().options(options);
        call(&owner, move |cx| cx.supervise_created::<Kin>(plan, spec)).await;
    }
    rest().await;
    let begin = system.runtime().now();
    owner.stop();
    ended(&owner).await;
    let took = system.runtime().now() - begin;
    assert!(took < Duration::from_secs(3), "creating is cut at once: {took:?}");
}

#[conformance(virtual_time)]
async fn a_handler_of_a_child_that_heeds_cancelled_ends_at_once() {
    struct Heedful;
    impl Actor for Heedful {
        type Protocol = (Hold,);
    }
    impl Handler<Hold> for Heedful {
        async fn handle(&mut self, _: Hold, cx: &mut Context<'_, Self>) {
            cx.cancelled().await;
        }
    }
    let system = stage::system("test");
    let owner = system.spawn(Plan::new("owner", &Log::default()).build());
    let child = call(&owner, |cx| cx.supervise(|| Heedful)).await;
    child.tell(Hold(Gate::closed())).await.unwrap();
    rest().await;
    let begin = system.runtime().now();
    owner.stop();
    ended(&owner).await;
    assert!(system.runtime().now() - begin < Duration::from_millis(10));
}

#[conformance]
async fn shutdown_of_a_system_ends_children_before_their_owners_and_leaves_no_task() {
    let tasks = stage::n_tasks();
    let system = stage::system("test");
    let log = Log::default();
    let first = system.spawn(tree(&log).build());
    let lone = system.supervise(Plan::new("lone", &log).factory(), permanent());
    soon("start", first.wait_started()).await.unwrap();
    rest().await;
    log.take();
    let report = soon("report", system.shutdown(Duration::from_secs(60))).await;
    assert_eq!(ends(&log), ["lone", "b", "ab", "aa", "a", "top"]);
    assert_eq!(report.ended.len(), 6, "{report}");
    assert!(report.is_clean(), "{report}");
    assert!(matches!(ended(&lone).await, StopReason::SystemShutdown));
    rest().await;
    assert_eq!(stage::n_tasks(), tasks, "no task remains");
    assert_conserved(&system);
}

#[conformance]
async fn await_all_waits_for_all_after_the_first_error_and_returns_that_error() {
    let system = stage::system("test");
    let log = Log::default();
    let owner = system.spawn(Plan::new("owner", &log).build());
    let plan = Plan::new("child", &log);
    let child = call(&owner, move |cx| cx.spawn(plan.build())).await;
    let other = system.spawn(Plan::new("other", &log).build());
    let waiting = {
        let system = system.clone();
        stage::spawn(async move { system.await_all().await })
    };
    rest().await;
    child.tell(Do(Act::Panic("first"))).await.unwrap();
    ended(&child).await;
    other.tell(Do(Act::Panic("second"))).await.unwrap();
    ended(&other).await;
    rest().await;
    assert!(!waiting.is_finished(), "the owner still runs");
    // One that is spawned while others are waited for is waited for too.
    let late = system.spawn(Plan::new("late", &log).build());
    owner.stop();
    rest().await;
    assert!(!waiting.is_finished());
    late.stop();
    let error = soon("end of all", waiting).await.unwrap().unwrap_err();
    assert_eq!(error.id, child.id());
    assert_eq!(error.reason.to_string(), "failed: first");
    system.await_all().await.unwrap();
}

#[conformance]
async fn after_a_thousand_spawns_and_stops_every_count_is_back_where_it_was() {
    let system = stage::system("test");
    let tasks = stage::n_tasks();
    let (token, count) = Counted::new();
    let log = Log::default();
    let owner = system.spawn(Plan::new("owner", &log).build());
    let plan = Plan::new("child", &log).holding(token.clone());
    let held = alive(&count);
    rest().await;
    let owner_tasks = stage::n_tasks();
    for n in 0..stage::times(1_000) {
        let plan = plan.clone();
        let child = call(&owner, move |cx| match n % 4 {
            0 => cx.spawn(plan.build()),
            1 => cx.create(plan),
            2 => cx.supervise_with(plan.factory(), ChildSpec::transient()),
            _ => cx.supervise_created(plan, ChildSpec::transient()),
        })
        .await;
        match n % 3 {
            0 => child.stop(),
            1 => child.tell(Do(Act::Stop)).await.unwrap(),
            _ => _ = owner.children().remove(child.id()),
        }
        ended(&child).await;
        // On threads its task may still be about to let go.
        rest().await;
        assert_eq!(child.strong_count(), 1, "{n}: nothing but this holds it");
    }
    rest().await;
    assert!(owner.children().list().is_empty());
    assert_eq!(system.actors().len(), 1);
    assert_eq!(stage::n_tasks(), owner_tasks);
    drop(plan);
    assert_eq!(alive(&count), held - 1, "every state and every factory is gone");
    owner.stop();
    ended(&owner).await;
    rest().await;
    assert_eq!(stage::n_tasks(), tasks);
    assert_conserved(&system);
}

#[conformance]
async fn a_failing_stopped_or_destructor_of_a_child_does_not_hurt_owner_or_siblings() {
    for (point, act) in [
        (Point::Stopped, Act::Panic("bad farewell")),
        (Point::Stopped, Act::Fail("bad farewell")),
        (Point::Drop, Act::Panic("bad farewell")),
    ] {
        let system = stage::system("test");
        let log = Log::default();
        let owner = system.spawn(Plan::new("owner", &log).build());
        let (bad, good) =
            (Plan::new("bad", &log).always(point, act.clone()), Plan::new("good", &log));
        let (bad, good) =
            call(&owner, move |cx| (cx.spawn(bad.build()), cx.spawn(good.build()))).await;
        bad.stop();
        let reason = ended(&bad).await;
        assert_eq!(
            reason.to_string().contains("bad farewell"),
            point == Point::Stopped,
            "{reason}"
        );
        assert_eq!(incarnation(&good).await, 0, "{point:?} {act:?}");
        assert_eq!(incarnation(&owner).await, 0, "{point:?} {act:?}");
        owner.stop();
        assert_eq!(ended(&owner).await.to_string(), "stopped");
    }
}

#[conformance(virtual_time)]
async fn refs_of_owned_actors_are_counted_without_what_the_platform_holds() {
    let system = stage::system("test");
    let log = Log::default();
    let owner = system.spawn(Plan::new("owner", &log).build());
    let plan = Plan::new("child", &log);
    let spec = ChildSpec::permanent().backoff(Backoff::none());
    let children = call(&owner, move |cx| {
        [
            cx.spawn(plan.build()),
            cx.create(plan.clone()),
            cx.supervise_with(plan.factory(), spec.clone()),
            cx.supervise_created(plan.clone(), spec),
        ]
    })
    .await;
    rest().await;
    for child in &children {
        assert_eq!(child.strong_count(), 1);
        let second = child.clone();
        let third = child.recipient::<Note>();
        assert_eq!(child.strong_count(), 3);
        drop((second, third));
        let gate = park(child).await;
        assert_eq!(child.strong_count(), 1, "in a handler");
        gate.open();
        rest().await;
    }
    // Between two incarnations too.
    let [.., factory, created] = &children;
    for child in [factory, created] {
        child.tell(Do(Act::Panic("again"))).await.unwrap();
        rest().await;
        assert_eq!(child.strong_count(), 1);
    }
    for child in children {
        let id = child.id();
        child.stop();
        rest().await;
        _ = owner.children().remove(id);
        ended(&child).await;
        assert_eq!(child.strong_count(), 1);
    }
}

#[conformance]
async fn an_owner_with_live_children_can_be_stopped_while_they_talk_to_it() {
    struct Nag(ActorRef<Kin>, Log<String>);
    #[derive(Debug, ghostlight::Message)]
    struct Go;
    impl Actor for Nag {
        type Protocol = (Go,);
    }
    impl Handler<Go> for Nag {
        async fn handle(&mut self, _: Go, _: &mut Context<'_, Self>) {
            let answer = self.0.ask(Add(7)).queued().within(Duration::from_secs(3600)).await;
            let error = answer.unwrap_err();
            let text = error.to_string();
            self.1.push(format!("{text}: {:?}", error.into_message()));
        }
    }
    let system = stage::system("test");
    let log = Log::default();
    let owner = system.spawn(Plan::new("owner", &Log::default()).build());
    let (me, told) = (owner.clone(), log.clone());
    let nags =
        call(&owner, move |cx| [0, 1].map(|_| cx.spawn(Nag(me.clone(), told.clone())))).await;
    let gate = park(&owner).await;
    for nag in &nags {
        nag.tell(Go).await.unwrap();
    }
    rest().await;
    let begin = system.runtime().now();
    owner.stop();
    gate.open();
    ended(&owner).await;
    let took = system.runtime().now() - begin;
    let told = "the actor has stopped: Some(Add(7))".to_owned();
    assert_eq!(log.all(), [told.clone(), told]);
    assert!(took < Duration::from_secs(1), "it took {took:?}");
    assert_conserved(&system);
}

/// Holds its thread until the test lets go of it.
struct Deaf(mpsc::Receiver<()>);
impl Actor for Deaf {
    type Protocol = (Note,);
}
impl Handler<Note> for Deaf {
    async fn handle(&mut self, _: Note, _: &mut Context<'_, Self>) {
        _ = self.0.recv();
    }
}

/// What does not give its thread back takes nobody along: neither its owner nor that one's owner.
#[conformance(threads)]
async fn of_a_tree_with_one_that_holds_its_thread_only_that_one_is_lost() {
    let system = stage::system("test");
    let (release, held) = mpsc::channel();
    let [top, middle] = ["top", "middle"].map(|it| Plan::new(it, &Log::default()).build());
    let top = system.spawn(top);
    let middle = call(&top, |cx| cx.spawn(middle)).await;
    let deaf = call(&middle, |cx| cx.spawn(Deaf(held))).await;
    deaf.tell(Note(1)).await.unwrap();
    while deaf.mailbox_len() > 0 {
        stage::yield_now().await;
    }
    let report = system.shutdown(Duration::from_millis(50)).await;
    let lost: Vec<_> = report.lost.iter().map(|it| it.id).collect();
    assert_eq!(lost, [deaf.id()], "{report}");
    let killed: Vec<_> = report.killed.iter().map(|it| it.id).collect();
    assert_eq!(killed, [middle.id(), top.id()], "{report}");
    drop(release);
    ended(&deaf).await;
    assert!(system.actors().is_empty());
}

#[conformance(on_async = "a thread outlives its runtime", threads)]
async fn an_owner_that_ends_with_its_runtime_takes_its_children_along() {
    let (system, top) = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (system, top) = runtime.block_on(async {
            let system = stage::system("test");
            let top = system.spawn(tree(&Log::default()).build());
            top.wait_started().await.unwrap();
            (system, top)
        });
        drop(runtime);
        (system, top)
    })
    .join()
    .unwrap();
    assert!(matches!(ended(&top).await, StopReason::Lost));
    assert!(system.actors().is_empty(), "{:?}", system.actors());
    drop(Arc::new(system));
}

//! What climbs when a child is given up: E-13, E-16 to E-18, E-20, E-23, E-24, E-31, E-32.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use ghostlight::{
    ActorRef, ChildSpec, Context, Failure, Health, Observer, RestartWindow, SpawnOptions,
    StopReason, Subject, Supervision, System,
};

use crate::{
    kin::{Act, Do, Kin, Plan, Point, call, fail, family, incarnation, permanent, watched},
    stage::{self, conformance},
    support::{Log, assert_conserved, ended, rest, soon},
};

fn never(name: &'static str) -> ChildSpec {
    let spec = ChildSpec::permanent().window(RestartWindow::never());
    spec.options(SpawnOptions::default().name(name))
}

/// Three levels, none of which is ever started again; `top` and what it made.
async fn three(system: &System) -> (ActorRef<Kin>, ActorRef<Kin>, ActorRef<Kin>) {
    let log = Log::default();
    let top = system.spawn(Plan::new("top", &log).build());
    let plan = Plan::new("middle", &log);
    let middle = call(&top, move |cx| cx.supervise_with(plan.factory(), never("middle"))).await;
    let plan = Plan::new("leaf", &log);
    let leaf = call(&middle, move |cx| cx.supervise_with(plan.factory(), never("leaf"))).await;
    (top, middle, leaf)
}

fn chain(failure: &Failure) -> Vec<String> {
    failure.cause().chain().map(ToString::to_string).collect()
}

#[conformance]
async fn giving_up_climbs_two_levels_with_the_whole_chain_of_causes() {
    let system = stage::system("test");
    let (top, middle, leaf) = three(&system).await;
    leaf.tell(Do(Act::Panic("the first cause"))).await.unwrap();
    let reason = ended(&top).await;
    let StopReason::Failed(failure) = &reason else { panic!("{reason}") };
    let spent = "no restart left of 0 within 0ns";
    assert_eq!(
        chain(failure),
        [
            format!("child middle ({}) ended for good: {spent}", middle.id()),
            format!("child leaf ({}) ended for good: {spent}", leaf.id()),
            "the first cause".to_owned(),
        ]
    );
    assert!(failure.cause().root().is_panic());
    assert_eq!(chain(ended(&middle).await.failure().unwrap()).len(), 2);
    assert_eq!(chain(ended(&leaf).await.failure().unwrap()).len(), 1);
    assert!(system.actors().is_empty());
    assert_conserved(&system);
}

#[derive(Debug)]
struct Broken;
impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("broken by type")
    }
}
impl std::error::Error for Broken {}

#[conformance]
async fn the_panic_text_and_cause_chain_seen_by_owner_and_observer_are_the_same() {
    struct Clerk(Arc<Mutex<Vec<Failure>>>);
    impl Observer for Clerk {
        fn failed(&self, _: Subject<'_>, failure: &Failure) {
            self.0.lock().unwrap().push(failure.clone());
        }
    }
    struct Typed;
    impl ghostlight::Actor for Typed {
        type Protocol = ();
        async fn started(&mut self, _: &mut Context<'_, Self>) -> Result<(), Failure> {
            Err(Broken)?
        }
    }
    let seen = Arc::default();
    let system = stage::system_with("test", |it| it.observer(Clerk(Arc::clone(&seen))));
    let owner = system.spawn(Plan::new("owner", &Log::default()).build());
    let child = call(&owner, |cx| cx.supervise_with(|| Typed, never("typed"))).await;
    let (child, owner) = (ended(&child).await, ended(&owner).await);
    let at_owner = owner.failure().unwrap().cause().root();
    assert!(at_owner.error().unwrap().is::<Broken>(), "its error can be read by type");
    assert!(child.failure().unwrap().cause().error().unwrap().is::<Broken>());
    let seen = seen.lock().unwrap();
    assert_eq!(seen[0].to_string(), "broken by type");
    assert!(seen[0].cause().error().unwrap().is::<Broken>());
}

#[conformance]
async fn an_owner_that_tolerates_it_lives_on_and_one_that_is_supervised_comes_back_with_new_children()
 {
    let (system, ledger) = watched();
    let log = Log::default();
    let (owner, [child]) =
        family(&system, &log, Supervision::default(), [("child", never("x").tolerated())]).await;
    fail(&child, "torn").await;
    assert!(ended(&child).await.is_failure());
    assert_eq!(incarnation(&owner).await, 0);
    assert_eq!(ledger.0.take().len(), 1);

    let leaf = Plan::new("leaf", &log).at(Point::Started, [Act::Nothing, Act::Nothing]);
    let leaves = Log::default();
    let made = leaves.clone();
    let plan = Plan::new("middle", &log)
        .raising(move |cx| made.push(cx.supervise_with(leaf.factory(), never("leaf"))));
    let middle = system.supervise(plan.factory(), permanent());
    incarnation(&middle).await;
    rest().await;
    for n in 0..10 {
        let leaf: ActorRef<Kin> = leaves.all().pop().unwrap();
        leaf.tell(Do(Act::Panic("torn"))).await.unwrap();
        assert!(ended(&leaf).await.is_failure());
        rest().await;
        assert_eq!(incarnation(&middle).await, n + 1, "it failed with its child, and came back");
        rest().await;
        assert_eq!(middle.children().list().len(), 1);
    }
    assert_conserved(&system);
}

#[conformance]
async fn at_the_top_giving_up_is_only_reported() {
    let (system, ledger) = watched();
    let log = Log::default();
    let doomed = system.supervise(Plan::new("doomed", &log).factory(), never("doomed"));
    let other = system.supervise(Plan::new("other", &log).factory(), never("other"));
    fail(&doomed, "torn").await;
    assert!(matches!(ended(&doomed).await, StopReason::LimitExhausted(_)));
    assert_eq!(incarnation(&other).await, 0);
    assert_eq!(
        ledger.0.all(),
        ["doomed given up: no restart left of 0 within 0ns; at last, failed: torn"]
    );
    assert_eq!(system.children().list().len(), 1);
    assert!(system.spawn(Plan::new("late", &log).build()).is_alive());
}

#[conformance]
async fn a_failure_in_the_owners_own_handler_goes_to_its_own_owner() {
    let (system, ledger) = watched();
    let (top, middle, leaf) = three(&system).await;
    middle.tell(Do(Act::Fail("my own"))).await.unwrap();
    let reason = ended(&top).await;
    assert_eq!(reason.failure().unwrap().cause().root().to_string(), "my own");
    assert!(matches!(ended(&leaf).await, StopReason::OwnerEnded), "it did nothing wrong");
    assert_eq!(ledger.0.all().len(), 1, "only the middle is given up: {:?}", ledger.0.all());
}

#[conformance]
async fn a_failing_child_of_an_ending_owner_is_not_restarted() {
    let (system, ledger) = watched();
    let log = Log::default();
    let owner = system.spawn(Plan::new("owner", &log).build());
    let plans = [
        Plan::new("a", &log).always(Point::Stopped, Act::Panic("bad farewell")),
        Plan::new("b", &log).always(Point::Stopped, Act::Sleep(100)),
    ];
    let [a, _b] =
        call(&owner, move |cx| plans.map(|it| cx.supervise_with(it.factory(), permanent()))).await;
    rest().await;
    owner.stop();
    rest().await;
    // The last one is cleaning up; meanwhile the first fails by itself.
    a.tell(Do(Act::Panic("torn"))).await.unwrap();
    assert_eq!(ended(&owner).await.to_string(), "stopped");
    assert!(ended(&a).await.is_failure());
    let starts = log.all().iter().filter(|it| it.contains(" started ")).count();
    assert_eq!((starts, ledger.0.all().len()), (3, 0));
}

#[conformance(virtual_time)]
async fn a_child_that_waits_for_its_restart_does_not_hold_up_its_ending_owner() {
    let system = stage::system("test");
    let log = Log::default();
    let slow =
        ghostlight::Backoff::default().min(Duration::from_secs(100)).max(Duration::from_secs(100));
    let (owner, [child]) =
        family(&system, &log, Supervision::default(), [("child", permanent().backoff(slow))]).await;
    fail(&child, "torn").await;
    let tasks = stage::n_tasks();
    let begin = system.runtime().now();
    owner.stop();
    ended(&owner).await;
    assert!(matches!(ended(&child).await, StopReason::OwnerEnded));
    assert!(system.runtime().now() - begin < Duration::from_millis(10));
    rest().await;
    assert!(stage::n_tasks() < tasks, "and no timer stays behind");
    assert_eq!(stage::n_tasks(), 0);
}

/// A link of a long chain: each owns the next, down to `left`.
struct Link {
    left: u32,
    leaf: Log<ActorRef<Self>>,
}

impl ghostlight::Actor for Link {
    type Protocol = (Do,);

    async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        let (left, leaf) = (self.left, self.leaf.clone());
        if let Some(left) = left.checked_sub(1) {
            cx.supervise_with(move || Self { left, leaf: leaf.clone() }, never("link"));
        } else {
            leaf.push(cx.me());
        }
        Ok(())
    }
}

impl ghostlight::Handler<Do> for Link {
    async fn handle(&mut self, _: Do, _: &mut Context<'_, Self>) -> u32 {
        panic!("at the very bottom")
    }
}

fn levels() -> usize {
    stage::times(10_000)
}

async fn tower(system: &System) -> (ActorRef<Link>, ActorRef<Link>) {
    let leaf = Log::default();
    let top = system.spawn(Link { left: levels() as u32, leaf: leaf.clone() });
    rest().await;
    assert_eq!(system.actors().len(), levels() + 1);
    (top, leaf.take().pop().expect("the last one tells"))
}

#[conformance]
async fn a_tree_of_ten_thousand_levels_fails_without_overflowing_the_stack() {
    let system = stage::system("test");
    let (top, leaf) = tower(&system).await;
    leaf.tell(Do(Act::Nothing)).await.unwrap();
    let reason = ended(&top).await;
    let failure = reason.failure().unwrap().clone();
    assert_eq!(failure.cause().chain().count(), levels() + 1);
    assert_eq!(failure.cause().root().to_string(), "at the very bottom");
    assert!(format!("{reason} {reason:?} {failure:?}").len() < 10_000);
    assert!(system.actors().is_empty());
    drop((reason, top, leaf));
    drop(failure);
    rest().await;
    assert_eq!(stage::n_tasks(), 0);
}

#[conformance]
async fn a_tree_of_ten_thousand_levels_is_stopped_killed_shut_down_and_dropped_just_so() {
    for way in ["stop", "kill", "shutdown", "drop"] {
        let system = stage::unkept("test");
        let (top, leaf) = tower(&system).await;
        match way {
            "stop" => top.stop(),
            "kill" => top.kill(),
            "shutdown" => {
                let report = soon("report", system.shutdown(Duration::from_secs(50))).await;
                assert_eq!(report.ended.len(), levels() + 1, "{}", report.lost.len());
                assert_eq!(report.ended[0].id, leaf.id(), "the deepest ends first");
            }
            _ => drop(system),
        }
        ended(&top).await;
        ended(&leaf).await;
        rest().await;
        assert_eq!(stage::n_tasks(), 0, "{way}");
    }
}

#[test]
fn a_tree_of_ten_thousand_levels_goes_with_its_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().start_paused(true).build().unwrap();
    let (system, top) = runtime.block_on(async {
        let system = System::new("test");
        let (top, _) = tower(&system).await;
        (system, top)
    });
    drop(runtime);
    assert!(!top.is_alive() && system.actors().is_empty());
}

/// Tells of the health of a group only when the child it is about has gone.
#[derive(Clone, Default)]
struct Slow(Arc<Mutex<Option<ActorRef<Kin>>>>);
impl Observer for Slow {
    fn health(&self, _: Subject<'_>, health: &Health) {
        let child = self.0.lock().unwrap().clone();
        while !health.is_healthy() && child.as_ref().is_some_and(ActorRef::is_alive) {
            std::thread::yield_now();
        }
        // The family hears of it a moment later.
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[conformance(threads)]
async fn an_owner_fails_with_its_child_though_that_has_gone_before_it_is_told() {
    let slow = Slow::default();
    let observer = slow.clone();
    let system = stage::system_with("test", |it| it.observer(observer));
    let supervision = Supervision::one_for_one().min_healthy_or_fail(1);
    let children = [("child", ChildSpec::temporary())];
    let (owner, [child]) = family(&system, &Log::default(), supervision, children).await;
    *slow.0.lock().unwrap() = Some(child.clone());
    child.tell(Do(Act::Panic("torn"))).await.unwrap();
    let reason = soon("the end of the owner", ended(&owner)).await;
    assert_eq!(reason.failure().unwrap().cause().root().to_string(), "torn");
}

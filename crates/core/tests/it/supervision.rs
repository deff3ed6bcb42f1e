//! When a child is started again, and when it is given up: E-01 to E-05, E-12, E-13, E-15, E-17,
//! E-26 to E-28, E-34, E-35.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use ghostlight::{
    ActorRef, Backoff, ChildSpec, DrainBudget, Health, RestartWindow, Status, StopReason,
    Supervision, System,
};

use crate::{
    kin::{
        Act, Do, Kin, Ledger, Plan, Point, call, eager, fail, family, incarnation, named, of,
        permanent, watched,
    },
    stage::{self, conformance},
    support::{Log, Path, assert_conserved, ended, rest, soon},
};

/// An end of an incarnation, by name.
type End = (&'static str, fn(&ActorRef<Kin>));

/// Ends that are failures.
const FAILURES: [End; 4] = [
    ("panic", |it| it.try_tell(Do(Act::Panic("torn"))).unwrap()),
    ("declared", |it| it.try_tell(Do(Act::Fail("worn"))).unwrap()),
    ("panic while stopping itself", |it| it.try_tell(Do(Act::StopAndPanic("torn"))).unwrap()),
    ("kill", ActorRef::kill),
];

/// Ends that somebody wanted.
const WISHES: [End; 4] = [
    ("normal", |it| it.try_tell(Do(Act::Stop)).unwrap()),
    ("stop", ActorRef::stop),
    ("stop because", |it| it.stop_because("enough")),
    ("drain", |it| it.drain(DrainBudget::default())),
];

/// Whether a child of this kind comes back after this end.
async fn comes_back(spec: &ChildSpec, (name, end): End, is_created: bool) -> bool {
    let system = stage::system("test");
    let log = Log::default();
    let owner = system.spawn(Plan::new("owner", &log).build());
    let (plan, spec) = (Plan::new("child", &log), spec.clone());
    let child = call(&owner, move |cx| match is_created {
        false => cx.supervise_with(plan.factory(), spec),
        true => cx.supervise_created(plan, spec),
    })
    .await;
    assert_eq!(incarnation(&child).await, 0, "{name}");
    end(&child);
    rest().await;
    let is_back = child.is_alive();
    assert_eq!(owner.children().list().len(), usize::from(is_back), "{name}");
    if is_back {
        assert_eq!(incarnation(&child).await, 1, "{name}");
        assert!(matches!(child.status(), Status::Running), "{name}");
    } else {
        ended(&child).await;
    }
    assert_eq!(incarnation(&owner).await, 0, "{name}: the owner lives on");
    assert_conserved(&system);
    is_back
}

async fn check(spec: ChildSpec, after_failure: bool, after_wish: bool) {
    for is_created in [false, true] {
        for end in FAILURES {
            assert_eq!(comes_back(&spec, end, is_created).await, after_failure, "{}", end.0);
        }
        for end in WISHES {
            assert_eq!(comes_back(&spec, end, is_created).await, after_wish, "{}", end.0);
        }
    }
}

#[conformance]
async fn a_permanent_child_restarts_after_panic_declared_failure_and_normal_end() {
    check(permanent(), true, true).await;
}

#[conformance]
async fn a_transient_child_restarts_after_panic_declared_failure_and_kill_not_after_a_normal_end() {
    check(eager(ChildSpec::transient()), true, false).await;
}

#[conformance]
async fn a_temporary_child_never_restarts_and_its_panic_leaves_its_owner_alive() {
    check(eager(ChildSpec::temporary()), false, false).await;
}

#[conformance(virtual_time)]
async fn the_defaults_are_permanent_and_one_for_one_from_a_factory_temporary_from_a_value() {
    let system = stage::system("test");
    let log = Log::default();
    let owner = system.spawn(Plan::new("owner", &log).build());
    let plans = [Plan::new("a", &log), Plan::new("b", &log), Plan::new("c", &log)];
    let [a, b, c] = call(&owner, move |cx| {
        let [a, b, c] = plans;
        [cx.supervise(a.factory()), cx.supervise(b.factory()), cx.spawn(c.build())]
    })
    .await;
    a.stop();
    c.stop();
    tokio::time::sleep(Duration::from_millis(99)).await;
    assert!(matches!(a.status(), Status::Restarting), "it waits at least 100 ms");
    tokio::time::sleep(Duration::from_millis(22)).await;
    assert_eq!(incarnation(&a).await, 1, "and at most a fifth more");
    assert_eq!(incarnation(&b).await, 0);
    ended(&c).await;
    for n in 2..=5 {
        fail(&a, "again").await;
        assert_eq!(incarnation(&a).await, n);
    }
    assert!(owner.is_alive(), "five within five seconds are allowed");
    fail(&a, "too much").await;
    let why = ended(&a).await.to_string();
    assert_eq!(why, "no restart left of 5 within 5s; at last, failed: too much");
    assert!(ended(&owner).await.is_failure());
}

/// An owner with one child, which it outlives.
async fn lone(spec: ChildSpec) -> (System, ActorRef<Kin>, ActorRef<Kin>) {
    let system = stage::system("test");
    let tolerated = [("child", spec.tolerated())];
    let (owner, [child]) =
        family(&system, &Log::default(), Supervision::default(), tolerated).await;
    (system, owner, child)
}

#[conformance]
async fn after_the_limit_the_child_stays_down_and_limit_zero_means_never() {
    for max in [0, 1, 3] {
        let window = RestartWindow::new(max, Duration::from_secs(10));
        let (_system, owner, child) = lone(permanent().window(window)).await;
        for n in 0..max {
            fail(&child, "once more").await;
            assert_eq!(incarnation(&child).await, n + 1, "{max}");
        }
        fail(&child, "the last").await;
        let reason = ended(&child).await;
        assert!(
            matches!(&reason, StopReason::LimitExhausted(it) if it.restarts == max),
            "{reason}"
        );
        assert_eq!(reason.failure().unwrap().to_string(), "the last");
        assert!(owner.children().list().is_empty() && owner.is_alive());
    }
}

#[conformance(virtual_time)]
async fn the_window_slides() {
    let window = RestartWindow::new(2, Duration::from_secs(10));
    let (_system, _owner, child) = lone(permanent().window(window)).await;
    for n in 1..20 {
        tokio::time::sleep(Duration::from_millis(5_001)).await;
        fail(&child, "now and then").await;
        assert_eq!(incarnation(&child).await, n);
    }
    fail(&child, "one more").await;
    assert!(matches!(ended(&child).await, StopReason::LimitExhausted(_)));
}

#[conformance]
async fn the_limit_of_a_group_is_shared_by_all_children() {
    let system = stage::system("test");
    let limit = Supervision::one_for_one().limit(RestartWindow::new(2, Duration::from_secs(5)));
    let children = ["a", "b", "c"].map(|it| (it, permanent()));
    let (owner, [a, b, c]) = family(&system, &Log::default(), limit, children).await;
    fail(&a, "1").await;
    fail(&b, "2").await;
    fail(&c, "3").await;
    assert!(matches!(ended(&c).await, StopReason::LimitExhausted(it) if it.restarts == 2));
    assert!(ended(&owner).await.is_failure());
}

#[conformance(virtual_time)]
async fn backoff_stays_within_its_bounds_grows_and_returns_to_min_after_health() {
    let backoff = Backoff::default().reset_after(Duration::from_secs(30));
    let (_system, owner, child) = lone(permanent().backoff(backoff)).await;
    for n in 1..=12 {
        fail(&child, "again").await;
        let failed = tokio::time::Instant::now();
        assert_eq!(incarnation(&child).await, n);
        let history = owner.children().history(child.id());
        let delay = history.last().unwrap().delay;
        let waited = failed.elapsed() + Duration::from_millis(1);
        let slack = waited.abs_diff(delay);
        assert!(slack <= Duration::from_millis(2), "was to wait {delay:?} and took {waited:?}");
    }
    let delays: Vec<_> = owner.children().history(child.id()).iter().map(|it| it.delay).collect();
    let (min, max) = (Duration::from_millis(100), Duration::from_secs(16));
    for (n, delay) in (0..).zip(&delays) {
        let base = (min * 2u32.pow(n)).min(max.div_f64(1.2));
        assert!((base..=max.min(base.mul_f64(1.2001))).contains(delay), "{n}: {delays:?}");
    }
    assert!(delays[..8].is_sorted(), "{delays:?}");
    tokio::time::sleep(Duration::from_secs(29)).await;
    fail(&child, "not well yet").await;
    incarnation(&child).await;
    tokio::time::sleep(Duration::from_secs(31)).await;
    fail(&child, "out of health").await;
    incarnation(&child).await;
    let history = owner.children().history(child.id());
    let [.., ill, well] = &*history else { panic!("{history:?}") };
    assert!(ill.delay > Duration::from_secs(10) && well.delay < Duration::from_millis(121));
}

#[conformance(virtual_time)]
async fn waiting_for_a_backoff_blocks_neither_owner_nor_siblings() {
    let system = stage::system("test");
    let slow = Backoff::default().min(Duration::from_secs(100)).jitter(0.0);
    let children = [("slow", permanent().backoff(slow)), ("quick", permanent())];
    let (owner, [slow, quick]) =
        family(&system, &Log::default(), Supervision::default(), children).await;
    fail(&slow, "wait").await;
    let begin = system.runtime().now();
    assert_eq!((incarnation(&owner).await, incarnation(&quick).await), (0, 0));
    fail(&quick, "not me").await;
    assert_eq!(incarnation(&quick).await, 1);
    assert!(system.runtime().now() - begin < Duration::from_millis(10));
    assert_eq!(incarnation(&slow).await, 1, "what is sent meanwhile waits for it");
    assert_eq!((system.runtime().now() - begin).as_secs(), 99);
}

#[conformance]
async fn a_fatal_child_is_never_restarted() {
    for point in [None, Some(Point::Started), Some(Point::Create), Some(Point::Restarting)] {
        let system = stage::system("test");
        let log = Log::default();
        let owner = system.spawn(Plan::new("owner", &log).build());
        let plan = match point {
            Some(Point::Restarting) => {
                Plan::new("child", &log).at(Point::Restarting, [Act::Fatal("doomed")])
            }
            Some(point) => Plan::new("child", &log).at(point, [Act::Nothing, Act::Fatal("doomed")]),
            None => Plan::new("child", &log),
        };
        let child = call(&owner, move |cx| cx.supervise_created::<Kin>(plan, permanent())).await;
        incarnation(&child).await;
        let act = if point.is_none() { Act::Fatal("doomed") } else { Act::Panic("first") };
        child.tell(Do(act)).await.unwrap();
        let reason = ended(&child).await;
        assert_eq!(reason.failure().unwrap().to_string(), "doomed", "{point:?}");
        assert!(!matches!(reason, StopReason::LimitExhausted(_)), "{point:?}");
        let owners = ended(&owner).await;
        assert_eq!(owners.failure().unwrap().cause().root().to_string(), "doomed", "{point:?}");
        assert_conserved(&system);
    }
}

#[conformance]
async fn the_actor_is_asked_about_a_failure_exactly_once() {
    for act in [Act::Panic("torn"), Act::Fail("torn")] {
        for path in Path::BOTH {
            for resumes in [false, true] {
                let answer = if resumes { Act::Resume } else { Act::Nothing };
                let system = stage::system("test");
                let log = Log::default();
                let plan = Plan::new("child", &log).at(Point::OnFailure, [answer]);
                let child = system.supervise(plan.factory(), permanent());
                incarnation(&child).await;
                let error = soon("error", path.ask(&child, Do(act.clone()))).await.unwrap_err();
                assert_eq!(error.failure().unwrap().to_string(), "torn");
                let next = incarnation(&child).await;
                assert_eq!(next, u32::from(!resumes), "{act:?} {path:?}");
                let asked = log.all().iter().filter(|it| it.contains("asked")).count();
                assert_eq!(asked, 1, "{act:?} {path:?} {resumes}");
                assert_conserved(&system);
            }
        }
    }
}

#[conformance]
async fn a_panic_in_on_failure_is_the_failure() {
    let (system, ledger) = watched();
    let log = Log::default();
    let plan = Plan::new("child", &log).always(Point::OnFailure, Act::Panic("no answer"));
    let child = system.supervise(plan.factory(), named(permanent(), "child"));
    fail(&child, "torn").await;
    assert_eq!(incarnation(&child).await, 1);
    assert_eq!(ledger.0.all(), ["child restarts after 0: failed: no answer"]);
}

#[conformance]
async fn a_vetoed_restart_becomes_giving_up_with_the_reason() {
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let spec = permanent().check(move || {
        let nth = count.fetch_add(1, Ordering::Relaxed);
        async move { if nth < 2 { Ok(()) } else { Err("the disk is full".to_owned()) } }
    });
    let (_system, owner, child) = lone(spec).await;
    assert_eq!(asked.load(Ordering::Relaxed), 0, "the first start is not asked about");
    for n in 1..=2 {
        fail(&child, "torn").await;
        assert_eq!(incarnation(&child).await, n);
    }
    fail(&child, "torn").await;
    let reason = ended(&child).await;
    assert!(matches!(&reason, StopReason::Vetoed(why) if &**why == "the disk is full"), "{reason}");
    assert_eq!(asked.load(Ordering::Relaxed), 3);
    assert!(owner.is_alive(), "it was tolerated");
}

#[conformance]
async fn the_last_hundred_restarts_are_remembered_and_not_more() {
    let (_system, owner, child) = lone(permanent()).await;
    for _ in 0..150 {
        fail(&child, "again").await;
    }
    let history = owner.children().history(child.id());
    let incarnations: Vec<_> = history.iter().map(|it| it.incarnation).collect();
    assert_eq!(incarnations, (50..150).collect::<Vec<_>>());
    assert!(history.iter().all(|it| it.why.to_string() == "failed: again"));
    assert!(history.is_sorted_by_key(|it| it.at));
}

#[conformance]
async fn below_min_healthy_the_group_is_unhealthy_and_above_it_healthy_again() {
    for must_fail in [false, true] {
        let (system, Ledger(ledger)) = watched();
        let slow = Backoff::default().min(Duration::from_secs(1)).jitter(0.0);
        let children = ["a", "b", "c"].map(|it| (it, permanent().backoff(slow.clone())));
        let supervision = Supervision::one_for_one();
        let supervision =
            if must_fail { supervision.min_healthy_or_fail(2) } else { supervision.min_healthy(2) };
        let (owner, [a, b, _]) = family(&system, &Log::default(), supervision, children).await;
        assert_eq!(owner.children().health(), Health::Healthy);
        fail(&a, "one").await;
        assert_eq!(owner.children().health(), Health::Healthy);
        fail(&b, "two").await;
        let unhealthy = "unhealthy: 1 of at least 2 children run";
        if must_fail {
            let reason = ended(&owner).await;
            assert_eq!(reason.failure().unwrap().cause().root().to_string(), "two");
            continue;
        }
        assert_eq!(owner.children().health().to_string(), unhealthy);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(owner.children().health().is_healthy());
        let seen: Vec<_> = ledger.all().into_iter().filter(|it| it.contains(" is ")).collect();
        assert_eq!(seen.len(), 2, "{seen:?}");
        assert!(seen[0].ends_with(unhealthy) && seen[1].ends_with("is healthy"), "{seen:?}");
    }
}

#[conformance]
async fn what_observers_are_told_matches_what_the_supervisor_did_one_to_one() {
    let (system, Ledger(ledger)) = watched();
    let log = Log::default();
    let window = RestartWindow::new(2, Duration::from_secs(60));
    let spec = named(permanent().window(window), "child");
    let child = system.supervise(Plan::new("child", &log).factory(), spec);
    let crashes = ["first", "second", "third"];
    for text in crashes {
        incarnation(&child).await;
        fail(&child, text).await;
    }
    ended(&child).await;
    assert_eq!(
        ledger.all(),
        [
            "child restarts after 0: failed: first",
            "child restarts after 1: failed: second",
            "child given up: no restart left of 2 within 60s; at last, failed: third",
        ]
    );
    let starts = of(&log, &["child"]).into_iter().filter(|it| it.contains(" started ")).count();
    assert_eq!(starts, 3);
}

#[conformance(virtual_time)]
async fn a_trial_restart_after_giving_up_happens_once_after_the_pause() {
    for passes in [false, true] {
        let backoff = Backoff::none().reset_after(Duration::from_secs(10));
        let window = RestartWindow::new(1, Duration::from_secs(3600));
        let spec = permanent().window(window).backoff(backoff);
        let (_system, owner, child) = lone(spec.trial_after(Duration::from_secs(100))).await;
        fail(&child, "once").await;
        fail(&child, "twice").await;
        tokio::time::sleep(Duration::from_secs(99)).await;
        assert!(matches!(child.status(), Status::Restarting));
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(incarnation(&child).await, 2);
        if passes {
            tokio::time::sleep(Duration::from_secs(11)).await;
            fail(&child, "well again").await;
            assert_eq!(incarnation(&child).await, 3, "all is forgiven");
        } else {
            fail(&child, "thrice").await;
            assert!(matches!(ended(&child).await, StopReason::LimitExhausted(_)));
            assert!(owner.is_alive());
        }
    }
}

#[conformance(virtual_time)]
async fn a_failing_start_counts_as_a_failure_and_goes_through_backoff_and_window() {
    for point in [Point::Create, Point::Started, Point::Drop] {
        for act in [Act::Panic("no"), Act::Fail("no")] {
            let system = stage::system("test");
            let log = Log::default();
            // A destructor that panics as well must change nothing.
            let plan = match point {
                Point::Drop => Plan::new("child", &log).always(Point::Started, act.clone()),
                _ => Plan::new("child", &log),
            };
            let plan = plan.always(point, act.clone());
            let backoff = Backoff::default().min(Duration::from_secs(1)).jitter(0.0).factor(1.0);
            let spec = ChildSpec::permanent().backoff(backoff);
            let begin = system.runtime().now();
            let spec = spec.window(RestartWindow::new(10, Duration::from_secs(100)));
            let child = if matches!((point, &act), (Point::Create, Act::Panic(_))) {
                system.supervise(plan.factory(), spec)
            } else {
                system.supervise_created::<Kin>(plan, spec)
            };
            let reason = ended(&child).await;
            assert!(matches!(reason, StopReason::LimitExhausted(_)), "{point:?} {act:?}: {reason}");
            assert_eq!(reason.failure().unwrap().to_string(), "no", "{point:?} {act:?}");
            let took = (system.runtime().now() - begin).as_secs();
            assert_eq!(took, 10, "{point:?} {act:?}: one start a second");
            assert!(soon("answer", child.wait_started()).await.is_err(), "{point:?} {act:?}");
        }
    }
}

//! Whom a failing child takes along: E-06 to E-10, and coordinated restarts that go wrong.

use std::time::Duration;

use ghostlight::{ActorRef, Backoff, ChildSpec, RestartWindow, Status, StopReason, Supervision};

use crate::{
    kin::{
        Act, Do, Kin, Plan, Point, call, eager, fail, family, incarnation, of, patient, permanent,
        watched,
    },
    stage::{self, conformance},
    support::{Log, Note, assert_conserved, ended, rest, soon},
};

/// Which incarnation of each child runs once this one has failed.
async fn after(supervision: Supervision, failing: usize) -> [u32; 4] {
    let system = stage::system("test");
    let log = Log::default();
    let children = ["a", "b", "c", "d"].map(|it| (it, permanent()));
    let (owner, children) = family(&system, &log, supervision, children).await;
    fail(&children[failing], "torn").await;
    assert_eq!(incarnation(&owner).await, 0);
    assert_conserved(&system);
    let mut all = [0; 4];
    for (it, child) in all.iter_mut().zip(&children) {
        *it = incarnation(child).await;
    }
    all
}

#[conformance]
async fn one_for_one_touches_only_the_failed_child() {
    for failing in 0..4 {
        let mut expected = [0; 4];
        expected[failing] = 1;
        assert_eq!(after(Supervision::one_for_one(), failing).await, expected);
    }
}

#[conformance]
async fn one_for_all_restarts_all_and_with_a_single_child_it_works_too() {
    for failing in 0..4 {
        assert_eq!(after(Supervision::one_for_all(), failing).await, [1; 4]);
    }
    let system = stage::system("test");
    let only = [("only", permanent())];
    let (_owner, [only]) = family(&system, &Log::default(), Supervision::one_for_all(), only).await;
    fail(&only, "torn").await;
    assert_eq!(incarnation(&only).await, 1);
}

#[conformance]
async fn rest_for_one_restarts_those_started_later() {
    for failing in 0..4 {
        let mut expected = [0; 4];
        expected[failing..].fill(1);
        assert_eq!(after(Supervision::rest_for_one(), failing).await, expected);
    }
}

#[conformance(virtual_time)]
async fn a_coordinated_restart_stops_in_reverse_order_one_after_the_other_and_starts_in_order() {
    let (system, ledger) = watched();
    let log = Log::default();
    let owner = system.spawn(Plan::new("owner", &log).build());
    let slow = |name| {
        let plan = Plan::new(name, &log).always(Point::Stopped, Act::Sleep(10));
        plan.always(Point::Started, Act::Sleep(10))
    };
    let plans = ["a", "b", "c", "d"].map(slow);
    let temporary = eager(ChildSpec::temporary());
    let children = call(&owner, move |cx| {
        cx.supervision(Supervision::one_for_all());
        let [a, b, c, d] = plans;
        [
            cx.supervise_with(a.factory(), permanent()),
            cx.supervise_with(b.factory(), temporary),
            cx.supervise_with(c.factory(), permanent()),
            cx.supervise_with(d.factory(), eager(ChildSpec::transient())),
        ]
    })
    .await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    log.take();
    children[2].tell(Do(Act::Panic("torn"))).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let told = "stopped: restarted with its siblings, or by hand";
    assert_eq!(
        of(&log, &["a", "b", "c", "d"]),
        [
            "c asked about: torn".to_owned(),
            "c stopped: failed: torn".to_owned(),
            "c dropped".to_owned(),
            format!("d {told}"),
            "d dropped".to_owned(),
            format!("b {told}"),
            "b dropped".to_owned(),
            format!("a {told}"),
            "a dropped".to_owned(),
            "a restarting after: restarted with its siblings, or by hand".to_owned(),
            "a started 1".to_owned(),
            "c restarting after: failed: torn".to_owned(),
            "c started 1".to_owned(),
            "d restarting after: restarted with its siblings, or by hand".to_owned(),
            "d started 1".to_owned(),
        ]
    );
    assert!(matches!(ended(&children[1]).await, StopReason::Restart));
    assert_eq!(owner.children().list().len(), 3);
    assert_eq!(ledger.0.all().len(), 3, "{:?}", ledger.0.all());
    assert_conserved(&system);
}

#[conformance]
async fn a_temporary_child_is_not_brought_back_by_its_siblings_nor_takes_them_along() {
    for supervision in [Supervision::one_for_all(), Supervision::rest_for_one()] {
        let system = stage::system("test");
        let children =
            [("a", permanent()), ("b", eager(ChildSpec::temporary())), ("c", permanent())];
        let (_owner, [a, b, c]) =
            family(&system, &Log::default(), supervision.clone(), children).await;
        fail(&a, "torn").await;
        assert!(matches!(ended(&b).await, StopReason::Restart));
        assert_eq!((incarnation(&a).await, incarnation(&c).await), (1, 1));

        let children =
            [("a", permanent()), ("b", eager(ChildSpec::temporary())), ("c", permanent())];
        let (_owner, [a, b, c]) = family(&system, &Log::default(), supervision, children).await;
        fail(&b, "alone").await;
        assert_eq!(ended(&b).await.to_string(), "failed: alone");
        assert_eq!((incarnation(&a).await, incarnation(&c).await), (0, 0));
    }
}

#[conformance]
async fn a_transient_child_that_ends_as_it_should_takes_nobody_along() {
    let system = stage::system("test");
    let children = [("a", permanent()), ("b", eager(ChildSpec::transient()))];
    let (owner, [a, b]) =
        family(&system, &Log::default(), Supervision::one_for_all(), children).await;
    b.tell(Do(Act::Stop)).await.unwrap();
    assert!(matches!(ended(&b).await, StopReason::Normal));
    assert_eq!(incarnation(&a).await, 0);
    assert_eq!(owner.children().list().len(), 1);
    fail(&a, "an ended sibling is no obstacle").await;
    assert_eq!(incarnation(&a).await, 1);
}

#[conformance(virtual_time)]
async fn a_sibling_restarted_in_coordination_keeps_its_queue_and_takes_messages_all_along() {
    let system = stage::system("test");
    let log = Log::default();
    let slow = Backoff::default().min(Duration::from_secs(1)).jitter(0.0);
    let children = [("a", permanent().backoff(slow)), ("b", permanent())];
    let (_owner, [a, b]) = family(&system, &log, Supervision::one_for_all(), children).await;
    log.take();
    b.tell(Do(Act::Sleep(100))).await.unwrap();
    (0..5).for_each(|n| b.try_tell(Note(n)).unwrap());
    let asker = b.clone();
    let asked = stage::spawn(async move { asker.ask(Do(Act::Nothing)).await });
    rest().await;
    fail(&a, "torn").await;
    for n in 5..10 {
        assert!(b.is_alive() && a.is_alive());
        b.try_tell(Note(n)).unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(soon("reply", asked).await.unwrap().unwrap(), 1, "the next one answers");
    incarnation(&b).await;
    let notes = of(&log, &["b"]);
    let at = notes.iter().position(|it| it == "b started 1").unwrap();
    let expected: Vec<_> = (0..10).map(|n| format!("b {n}")).collect();
    assert_eq!(notes[at + 1..], expected);
    assert_conserved(&system);
}

#[conformance]
async fn a_sibling_stuck_in_stopped_is_killed_at_its_deadline_and_comes_back() {
    for point in ["handler", "stopped", "started"] {
        let system = stage::system("test");
        let log = Log::default();
        let owner = system.spawn(Plan::new("owner", &log).build());
        let stuck = Plan::new("stuck", &log);
        let stuck = match point {
            "stopped" => stuck.at(Point::Stopped, [Act::Sleep(3_600_000)]),
            "started" => stuck.at(Point::Started, [Act::Sleep(3_600_000)]),
            _ => stuck,
        };
        let other = Plan::new("other", &log);
        let [other, stuck] = call(&owner, move |cx| {
            cx.supervision(Supervision::one_for_all());
            let second = Duration::from_secs(1);
            [
                cx.supervise_with(other.factory(), permanent()),
                cx.supervise_with(stuck.factory(), patient(permanent(), second)),
            ]
        })
        .await;
        if point == "handler" {
            stuck.tell(Do(Act::Sleep(3_600_000))).await.unwrap();
        }
        rest().await;
        let begin = system.runtime().now();
        fail(&other, "torn").await;
        assert_eq!(incarnation(&stuck).await, 1, "{point}");
        assert_eq!(incarnation(&other).await, 1, "{point}");
        let took = system.runtime().now() - begin;
        assert!(took < Duration::from_secs(3), "{point}: {took:?}");
    }
}

#[conformance]
async fn a_child_that_fails_again_in_a_round_begins_another_within_its_limit() {
    let (system, ledger) = watched();
    let log = Log::default();
    let owner = system.spawn(Plan::new("owner", &log).build());
    let bad =
        Plan::new("b", &log).at(Point::Started, [Act::Nothing, Act::Fail("1"), Act::Panic("2")]);
    let plans = [Plan::new("a", &log), bad, Plan::new("c", &log)];
    let children = call(&owner, move |cx| {
        cx.supervision(Supervision::one_for_all());
        plans.map(|it| {
            let spec = crate::kin::named(permanent(), it.name);
            cx.supervise_with(it.factory(), spec)
        })
    })
    .await;
    rest().await;
    fail(&children[2], "torn").await;
    rest().await;
    let mut running = [0; 3];
    for (it, child) in running.iter_mut().zip(&children) {
        *it = incarnation(child).await;
    }
    assert_eq!(running, [3, 3, 1], "{:?}", ledger.0.all());
    assert!(children.iter().all(|it| matches!(it.status(), Status::Running)));
    assert_conserved(&system);
}

#[conformance]
async fn failures_on_the_way_down_are_part_of_the_same_round() {
    let system = stage::system("test");
    let log = Log::default();
    let owner = system.spawn(Plan::new("owner", &log).build());
    let plan = |name| Plan::new(name, &log).always(Point::Stopped, Act::Panic("bad farewell"));
    let plans = ["a", "b", "c"].map(plan);
    let children: [ActorRef<Kin>; 3] = call(&owner, move |cx| {
        cx.supervision(Supervision::one_for_all());
        // One restart each is allowed, and a clean-up that fails takes none.
        let spec = permanent().window(RestartWindow::new(1, Duration::from_secs(60)));
        plans.map(|it| cx.supervise_with(it.factory(), spec.clone()))
    })
    .await;
    rest().await;
    fail(&children[1], "torn").await;
    for child in &children {
        assert_eq!(incarnation(child).await, 1);
    }
    assert!(owner.is_alive());
}

#[conformance]
async fn who_waits_for_a_backoff_joins_the_round_and_starts_in_order() {
    let system = stage::system("test");
    let log = Log::default();
    let slow = permanent().backoff(Backoff::default().min(Duration::from_secs(3)).jitter(0.0));
    let children = [("a", permanent()), ("b", permanent()), ("c", slow)];
    let (_owner, [a, _b, c]) = family(&system, &log, Supervision::rest_for_one(), children).await;
    fail(&c, "first").await;
    log.take();
    fail(&a, "second").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(matches!(a.status(), Status::Restarting), "the longest backoff is waited for");
    tokio::time::sleep(Duration::from_secs(2)).await;
    let starts: Vec<_> = log.take().into_iter().filter(|it| it.contains(" started ")).collect();
    assert_eq!(starts, ["a started 1", "b started 1", "c started 1"]);
}

#[conformance(on_async = "ten thousand threads are no test")]
async fn ten_thousand_children_restart_together_and_none_is_lost() {
    let system = stage::system("test");
    let owner = system.spawn(Plan::new("owner", &Log::default()).build());
    let children = call(&owner, |cx| {
        cx.supervision(Supervision::one_for_all());
        let silent = Plan::new("child", &Log::default());
        (0..stage::times(10_000))
            .map(|_| cx.supervise_with(silent.factory(), permanent()))
            .collect::<Vec<_>>()
    })
    .await;
    rest().await;
    let began = std::time::Instant::now();
    fail(&children[children.len() / 2], "all").await;
    for child in &children {
        assert_eq!(incarnation(child).await, 1);
    }
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    owner.stop();
    ended(&owner).await;
    assert!(system.actors().is_empty());
}

/// Its supervisor has said start, and then make room, before its task has heard either.
#[conformance]
async fn a_child_that_must_make_room_before_it_has_begun_is_waited_for_no_longer_than_that() {
    let system = stage::system("test");
    let specs = ["a", "b"].map(|it| (it, eager(ChildSpec::permanent())));
    let all = Supervision::one_for_all();
    let (_owner, children) = family(&system, &Log::default(), all, specs).await;
    let begin = system.runtime().now();
    for _ in 0..3 {
        children[0].try_tell(Do(Act::Panic("again"))).unwrap();
    }
    assert_eq!(incarnation(&children[0]).await, 3);
    assert!(incarnation(&children[1]).await >= 1, "those that never began are not counted");
    assert!(system.runtime().now() - begin < Duration::from_secs(1));
    assert_conserved(&system);
}

#[conformance(threads)]
async fn children_that_fail_at_once_on_real_threads_all_come_back() {
    let system = stage::system("test");
    for supervision in
        [Supervision::one_for_one(), Supervision::one_for_all(), Supervision::rest_for_one()]
    {
        let specs = ["a", "b", "c", "d"].map(|it| (it, eager(ChildSpec::transient())));
        let (owner, children) = family(&system, &Log::default(), supervision, specs).await;
        for _ in 0..100 {
            let failing: Vec<_> = children
                .iter()
                .map(|child| {
                    let child = child.clone();
                    stage::spawn(async move { child.tell(Do(Act::Panic("at once"))).await })
                })
                .collect();
            for it in failing {
                soon("send", it).await.unwrap().unwrap();
            }
        }
        for child in &children {
            // Each has failed a hundred times before it gets to this.
            assert!(incarnation(child).await >= 100);
        }
        owner.stop();
        ended(&owner).await;
    }
    assert_conserved(&system);
}

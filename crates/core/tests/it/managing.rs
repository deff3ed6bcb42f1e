//! Children managed while they run: E-11, E-25, and shutdown at awkward moments.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use ghostlight::{
    ActorRef, Backend, Backoff, ChildSpec, Children, NoSuchChild, RestartWindow, Status,
    StopReason, Supervision, System,
};

use crate::{
    kin::{
        Act, Do, Kin, Plan, Point, call, eager, fail, family, incarnation, named, permanent,
        watched,
    },
    stage::{self, conformance},
    support::{Gate, Log, Note, assert_conserved, ended, park, rest, soon},
};

/// Where a child may stand when its owner wants something of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum At {
    Creating,
    Starting,
    Running,
    Busy,
    Waiting,
    Held,
    CleaningUp,
    Failing,
    Halted,
}

const EVERYWHERE: [At; 9] = [
    At::Creating,
    At::Starting,
    At::Running,
    At::Busy,
    At::Waiting,
    At::Held,
    At::CleaningUp,
    At::Failing,
    At::Halted,
];

/// A child that stands there, and its owner.
async fn child_at(at: At) -> (System, ActorRef<Kin>, ActorRef<Kin>) {
    let system = stage::system("test");
    let log = Log::default();
    let owner = system.spawn(Plan::new("owner", &log).build());
    let long = Act::Sleep(1_000);
    let plan = match at {
        At::Creating => Plan::new("child", &log).at(Point::Create, [long]),
        At::Starting => Plan::new("child", &log).at(Point::Started, [long]),
        At::CleaningUp | At::Failing => Plan::new("child", &log).at(Point::Stopped, [long]),
        _ => Plan::new("child", &log),
    };
    let backoff = match at {
        At::Waiting | At::Held => Backoff::default().min(Duration::from_secs(3)).jitter(0.0),
        _ => Backoff::none(),
    };
    let other = Plan::new("other", &log);
    let child = call(&owner, move |cx| {
        if at == At::Held {
            cx.supervision(Supervision::one_for_all());
        }
        let child = cx.supervise_created::<Kin>(plan, permanent().backoff(backoff));
        cx.supervise_with(other.factory(), permanent());
        child
    })
    .await;
    rest().await;
    match at {
        At::Creating | At::Starting | At::Running => {}
        At::Busy => child.tell(Do(Act::Sleep(1_000))).await.unwrap(),
        At::Waiting | At::Held => fail(&child, "torn").await,
        At::CleaningUp => child.tell(Do(Act::Stop)).await.unwrap(),
        At::Failing => child.tell(Do(Act::Panic("torn"))).await.unwrap(),
        At::Halted => owner.children().stop(child.id()).unwrap(),
    }
    rest().await;
    (system, owner, child)
}

fn is_halted(children: &Children, child: &ActorRef<Kin>) -> bool {
    children.list().iter().any(|it| it.id == child.id() && it.is_halted)
}

#[conformance(virtual_time)]
async fn a_child_that_was_stopped_stays_down_with_its_queue_until_it_is_started() {
    for at in EVERYWHERE {
        let (system, owner, child) = child_at(at).await;
        let children = owner.children();
        _ = child.try_tell(Note(7));
        let queued = child.mailbox_len();
        children.stop(child.id()).unwrap();
        children.stop(child.id()).unwrap();
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert!(is_halted(&children, &child), "{at:?}: {children:?}");
        assert_eq!(child.mailbox_len(), queued, "{at:?}: what waits stays");
        let before = system.runtime().now();
        children.start(child.id()).unwrap();
        children.start(child.id()).unwrap();
        rest().await;
        assert_eq!(incarnation(&child).await, 1, "{at:?}");
        assert!(!is_halted(&children, &child), "{at:?}");
        assert!(system.runtime().now() - before < Duration::from_millis(10), "{at:?}: at once");
        assert_eq!(children.list().len(), 2, "{at:?}");
        assert_eq!(incarnation(&owner).await, 0, "{at:?}");
        assert_conserved(&system);
    }
}

#[conformance]
async fn a_child_that_was_stopped_takes_no_messages() {
    for at in EVERYWHERE {
        let (_system, owner, child) = child_at(at).await;
        owner.children().stop(child.id()).unwrap();
        assert!(!child.is_alive() && child.try_tell(Note(7)).is_err(), "{at:?}");
    }
}

#[conformance(virtual_time)]
async fn a_child_is_restarted_by_hand_wherever_it_stands_and_that_costs_nothing() {
    for at in EVERYWHERE {
        let (system, owner, child) = child_at(at).await;
        let children = owner.children();
        for _ in 0..3 {
            children.restart(child.id()).unwrap();
        }
        assert!(incarnation(&child).await >= 1, "{at:?}");
        let next = incarnation(&child).await + 1;
        children.restart(child.id()).unwrap();
        assert_eq!(incarnation(&child).await, next, "{at:?}");
        assert!(child.is_alive(), "{at:?}");
        assert_eq!(incarnation(&owner).await, 0, "{at:?}");
        assert_conserved(&system);
    }
    let system = stage::system("test");
    let never = permanent().window(RestartWindow::never());
    let child = system.supervise(Plan::new("child", &Log::default()).factory(), never);
    for n in 0..20 {
        assert_eq!(incarnation(&child).await, n);
        system.children().restart(child.id()).unwrap();
        rest().await;
    }
    let history = system.children().history(child.id());
    assert!(history.iter().all(|it| matches!(it.why, StopReason::Restart)), "{history:?}");
    assert_eq!(history.len(), 20);
}

#[conformance(virtual_time)]
async fn a_removed_child_stays_away_wherever_it_stood_and_harms_nobody() {
    for at in EVERYWHERE {
        let (system, owner, child) = child_at(at).await;
        let children = owner.children();
        children.remove(child.id()).unwrap();
        _ = children.remove(child.id());
        _ = children.start(child.id());
        _ = children.restart(child.id());
        let begin = system.runtime().now();
        let reason = ended(&child).await;
        assert!(system.runtime().now() - begin < Duration::from_secs(2), "{at:?}");
        let by_itself = matches!(at, At::CleaningUp | At::Failing);
        assert!(by_itself || matches!(reason, StopReason::Stopped(None)), "{at:?}: {reason}");
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert!(!child.is_alive() && children.list().len() == 1, "{at:?}: {children:?}");
        for told in [children.stop(child.id()), children.restart(child.id())] {
            assert!(matches!(told, Err(NoSuchChild { id, .. }) if id == child.id()), "{at:?}");
        }
        assert!(children.history(child.id()).is_empty());
        assert_eq!(incarnation(&owner).await, 0, "{at:?}");
        assert_conserved(&system);
    }
}

#[conformance(virtual_time)]
async fn an_owner_ends_at_once_wherever_its_child_stands() {
    for at in EVERYWHERE {
        for is_killed in [false, true] {
            let (system, owner, child) = child_at(at).await;
            let begin = system.runtime().now();
            if is_killed {
                owner.kill();
            } else {
                owner.stop();
            }
            ended(&owner).await;
            ended(&child).await;
            let took = system.runtime().now() - begin;
            let limit = Duration::from_millis(if is_killed { 10 } else { 1_010 });
            assert!(took < limit, "{at:?} {is_killed}: {took:?}");
            assert!(system.actors().is_empty(), "{at:?}");
            rest().await;
            assert_eq!(stage::n_tasks(), 0, "{at:?} {is_killed}: no task remains");
            assert_conserved(&system);
        }
    }
}

#[conformance]
async fn a_child_that_cannot_be_started_again_ends_for_good() {
    let system = stage::system("test");
    let owner = system.spawn(Plan::new("owner", &Log::default()).build());
    let plan = Plan::new("child", &Log::default());
    let [stopped, restarted, removed] = call(&owner, move |cx| {
        let spec = eager(ChildSpec::temporary());
        [cx.spawn(plan.build()), cx.supervise_with(plan.factory(), spec), cx.create::<Kin>(plan)]
    })
    .await;
    let children = owner.children();
    children.stop(stopped.id()).unwrap();
    children.restart(restarted.id()).unwrap();
    children.remove(removed.id()).unwrap();
    for child in [stopped, restarted, removed] {
        assert!(!ended(&child).await.is_failure());
        assert!(children.start(child.id()).is_err());
    }
    // Its owner hears of an end last.
    rest().await;
    assert!(children.list().is_empty() && owner.is_alive());
}

#[conformance]
async fn only_the_own_children_are_managed() {
    let system = stage::system("test");
    let owners = ["a", "b"].map(|it| system.spawn(Plan::new(it, &Log::default()).build()));
    let plan = Plan::new("child", &Log::default());
    let child = call(&owners[0], move |cx| cx.spawn(plan.build())).await;
    let wrong = owners[1].children();
    for told in [wrong.stop(child.id()), wrong.remove(child.id()), wrong.restart(owners[0].id())] {
        assert!(told.unwrap_err().to_string().contains("has another owner"));
    }
    assert!(system.children().remove(child.id()).is_err());
    assert_eq!(incarnation(&child).await, 0);
    let [mine, others] = owners.map(|it| it.children().list());
    assert_eq!((mine.len(), others.len()), (1, 0));
    assert_eq!((mine[0].id, mine[0].label), (child.id(), std::any::type_name::<Kin>()));
}

#[conformance]
async fn five_hundred_finished_children_leave_the_table_empty() {
    let system = stage::system("test");
    let owner = system.spawn(Plan::new("owner", &Log::default()).build());
    let n = stage::times(500);
    let children = call(&owner, move |cx| {
        let plan = Plan::new("child", &Log::default());
        (0..n)
            .map(|nth| match nth % 3 {
                0 => cx.spawn(plan.build()),
                1 => cx.supervise_with(plan.factory(), ChildSpec::transient()),
                _ => cx.supervise_with(plan.factory(), ChildSpec::temporary()),
            })
            .collect::<Vec<_>>()
    })
    .await;
    assert_eq!(owner.children().list().len(), n);
    for child in &children {
        child.tell(Do(Act::Stop)).await.unwrap();
        ended(child).await;
    }
    // The owner hears of an end after those who wait for it.
    rest().await;
    assert!(owner.children().list().is_empty());
    assert_eq!(system.actors().len(), 1);
    let has_task = stage::backend() != Backend::Thread || !stage::runtime().has_threads();
    assert_eq!(stage::n_tasks(), usize::from(has_task), "the owner's own");
}

#[conformance(virtual_time)]
async fn shutdown_comes_through_a_round_and_a_backoff_and_reports_everybody() {
    for wait in [0, 20, 70, 150] {
        let (system, _ledger) = watched();
        let log = Log::default();
        let owner = system.spawn(Plan::new("owner", &log).build());
        let plan = |name| {
            Plan::new(name, &log)
                .always(Point::Stopped, Act::Sleep(30))
                .always(Point::Started, Act::Sleep(30))
        };
        let backoff = Backoff::default().min(Duration::from_millis(50)).jitter(0.0);
        let plans = ["a", "b", "c"].map(plan);
        let spec = permanent().backoff(backoff.clone());
        let children = call(&owner, move |cx| {
            cx.supervision(Supervision::one_for_all());
            plans.map(|it| cx.supervise_with(it.factory(), spec.clone()))
        })
        .await;
        let top = system.supervise(plan("top").factory(), permanent().backoff(backoff));
        tokio::time::sleep(Duration::from_millis(200)).await;
        children[1].tell(Do(Act::Panic("torn"))).await.unwrap();
        top.tell(Do(Act::Panic("torn"))).await.unwrap();
        tokio::time::sleep(Duration::from_millis(wait)).await;
        let report = soon("report", system.shutdown(Duration::from_secs(5))).await;
        assert!(report.is_clean(), "{wait}: {report}");
        assert_eq!(report.ended.len(), 5, "{wait}: {report}");
        let failed: Vec<_> = report.ended.iter().filter(|it| it.reason.is_failure()).collect();
        assert!(wait == 0 || failed.is_empty() || wait == 20, "{wait}: {failed:?}");
        if wait == 70 {
            assert!(matches!(ended(&top).await, StopReason::SystemShutdown), "it waited");
        }
        assert!(system.actors().is_empty());
        rest().await;
        assert_eq!(stage::n_tasks(), 0, "{wait}: no task remains");
        assert_conserved(&system);
    }
}

#[conformance]
async fn a_supervised_child_that_had_to_be_killed_is_among_the_killed() {
    let system = stage::system("test");
    let (_owner, [stuck, _]) = family(
        &system,
        &Log::default(),
        Supervision::default(),
        [("stuck", permanent()), ("good", permanent())],
    )
    .await;
    let top =
        system.supervise(Plan::new("top", &Log::default()).factory(), named(permanent(), "top"));
    for it in [&stuck, &top] {
        it.tell(Do(Act::Sleep(1_000_000))).await.unwrap();
    }
    rest().await;
    let report = soon("report", system.shutdown(Duration::from_secs(1))).await;
    let killed: Vec<_> = report.killed.iter().map(|it| it.id).collect();
    assert!(killed.contains(&stuck.id()) && killed.contains(&top.id()), "{report}");
    assert!(report.lost.is_empty(), "{report}");
    assert_eq!(report.ended.len() + killed.len(), 4, "{report}");
}

#[conformance(threads)]
async fn verbs_from_many_threads_leave_a_group_that_works() {
    for supervision in
        [Supervision::one_for_one(), Supervision::one_for_all(), Supervision::rest_for_one()]
    {
        let system = stage::system("test");
        let specs = [
            ("a", permanent()),
            ("b", eager(ChildSpec::transient())),
            ("c", permanent()),
            ("d", permanent()),
        ];
        let (owner, kids) = family(&system, &Log::default(), supervision, specs).await;
        let is_over = std::sync::Arc::new(AtomicBool::new(false));
        let hands: Vec<_> = (0..4usize)
            .map(|hand| {
                let (children, kids, is_over) = (owner.children(), kids.clone(), is_over.clone());
                stage::spawn(async move {
                    let mut luck = fastrand::Rng::with_seed(hand as u64);
                    while !is_over.load(Ordering::Relaxed) {
                        let kid = &kids[luck.usize(..kids.len())];
                        match luck.u8(..6) {
                            0 => children.stop(kid.id()).unwrap(),
                            1 | 2 => children.start(kid.id()).unwrap(),
                            3 => children.restart(kid.id()).unwrap(),
                            4 => _ = kid.try_tell(Do(Act::Panic("torn"))),
                            _ => _ = kid.try_tell(Note(1)),
                        }
                        stage::yield_now().await;
                    }
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(300)).await;
        is_over.store(true, Ordering::Relaxed);
        for hand in hands {
            soon("hand that is done", hand).await.unwrap();
        }
        assert_eq!(owner.children().list().len(), 4, "nobody is lost: {:?}", owner.children());
        for kid in &kids {
            owner.children().start(kid.id()).unwrap();
            soon("answer", async {
                while kid.ask(Do(Act::Nothing)).await.is_err() {
                    stage::yield_now().await;
                    _ = owner.children().start(kid.id());
                }
            })
            .await;
            assert!(matches!(
                kid.status(),
                Status::Running | Status::Restarting | Status::Stopping
            ));
        }
        owner.stop();
        assert_eq!(ended(&owner).await.to_string(), "stopped");
        assert!(system.actors().is_empty());
        assert_conserved(&system);
    }
}

#[conformance]
async fn a_child_can_be_managed_from_a_handler_of_its_owner_and_from_its_own() {
    let system = stage::system("test");
    let (owner, [child]) =
        family(&system, &Log::default(), Supervision::default(), [("child", permanent())]).await;
    let (id, gate) = (child.id(), Gate::closed());
    call(&owner, move |cx| cx.children().restart(id).unwrap()).await;
    assert_eq!(incarnation(&child).await, 1);
    let owners = owner.children();
    call(&child, move |_| owners.restart(id).unwrap()).await;
    assert_eq!(incarnation(&child).await, 2);
    let held = park(&child).await;
    owner.children().remove(id).unwrap();
    held.open();
    gate.open();
    ended(&child).await;
}

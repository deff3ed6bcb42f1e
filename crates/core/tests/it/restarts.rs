//! What survives a restart and what does not: E-10, E-14, E-16, E-19, E-33.

use std::{sync::Arc, time::Duration};

use ghostlight::{
    AskError, Backoff, Capacity, ChildSpec, DeadReason, Health, MailboxOptions, OnFailure,
    Priority, Refused, RestartWindow, SpawnOptions, Status, StopReason, Supervision,
};

use crate::{
    kin::{Act, Do, Kin, Plan, Point, call, comes_back, fail, family, incarnation, of, permanent},
    stage::{self, conformance},
    support::{
        Add, Boom, Counted, Gate, Hold, Log, Note, Path, alive, assert_conserved, dead_notes,
        ended, park, rest, soon,
    },
};

#[conformance]
async fn the_old_state_is_dropped_before_the_next_is_made_and_incarnations_never_overlap() {
    let system = stage::system("test");
    let log = Log::default();
    let plan = Plan::new("child", &log)
        .always(Point::Stopped, Act::Sleep(10))
        .always(Point::Started, Act::Sleep(10))
        .always(Point::Restarting, Act::Sleep(10))
        .always(Point::Create, Act::Sleep(10));
    let child = system.supervise_created::<Kin>(plan, permanent());
    child.tell(Do(Act::Panic("torn"))).await.unwrap();
    assert_eq!(incarnation(&child).await, 1);
    child.stop_because("again");
    comes_back(&child).await;
    assert_eq!(incarnation(&child).await, 2);
    assert_eq!(
        log.all(),
        [
            "child creating",
            "child started 0",
            "child asked about: torn",
            "child stopped: failed: torn",
            "child dropped",
            "child creating",
            "child restarting after: failed: torn",
            "child started 1",
            "child stopped: stopped: again",
            "child dropped",
            "child creating",
            "child restarting after: stopped: again",
            "child started 2",
        ]
    );
}

#[conformance]
async fn resume_keeps_the_state_and_restart_starts_from_the_arguments() {
    for (answer, sum) in [(Act::Resume, 12), (Act::Nothing, 5)] {
        for path in Path::BOTH {
            let system = stage::system("test");
            let log = Log::default();
            let plan = Plan::new("child", &log).at(Point::OnFailure, [answer.clone()]);
            let child = system.supervise(plan.factory(), permanent());
            path.ask(&child, Add(7)).await.unwrap();
            fail(&child, "torn").await;
            assert_eq!(path.ask(&child, Add(5)).await.unwrap(), sum, "{answer:?} {path:?}");
            let stops = log.all().iter().filter(|it| it.contains("stopped")).count();
            assert_eq!(stops, usize::from(sum == 5), "{path:?}: one is never taken for the other");
        }
    }
    assert_eq!(OnFailure::default(), OnFailure::Fail);
}

#[conformance]
async fn queued_tells_survive_panic_and_normal_restarts_in_order_fifty_times_over() {
    for has_children in [false, true] {
        let system = stage::system("test");
        let log = Log::default();
        let grandchild = Plan::new("grandchild", &log);
        let plan = Plan::new("child", &log);
        let plan = match has_children {
            true => plan.raising(move |cx| _ = cx.supervise(grandchild.factory())),
            false => plan,
        };
        let child = system.supervise(plan.factory(), permanent());
        let gate = park(&child).await;
        for n in 0..50 {
            child.try_tell(Note(3 * n)).unwrap();
            let end = if n % 2 == 0 { Act::Panic("torn") } else { Act::Stop };
            child.try_tell(Do(end)).unwrap();
            child.try_tell(Note(3 * n + 1)).unwrap();
            child.try_tell(Note(3 * n + 2)).unwrap();
        }
        gate.open();
        assert_eq!(incarnation(&child).await, 50);
        let notes = of(&log, &["child"]);
        let notes: Vec<u64> =
            notes.iter().filter_map(|it| it["child ".len()..].parse().ok()).collect();
        assert_eq!(notes, (0..150).collect::<Vec<_>>(), "children: {has_children}");
        assert_conserved(&system);
    }
}

#[conformance(threads)]
async fn threads_that_send_through_fifty_restarts_lose_nothing_but_order_between_them() {
    let system = stage::system("test");
    let log = Log::default();
    let spec = permanent()
        .options(SpawnOptions::default().mailbox(MailboxOptions::wait(Capacity::of::<8>())));
    let child = system.supervise(Plan::new("child", &log).factory(), spec);
    let threads: Vec<_> = (0..4u64)
        .map(|sender| {
            let child = child.clone();
            stage::spawn(async move {
                for n in 0..500 {
                    child.tell(Note(sender * 1_000 + n)).await.unwrap();
                    if n % 40 == sender * 10 {
                        child.tell(Do(Act::Panic("torn"))).await.unwrap();
                    }
                }
            })
        })
        .collect();
    for it in threads {
        soon("sender that is done", it).await.unwrap();
    }
    assert!(incarnation(&child).await >= 50);
    let lines = log.take();
    let notes: Vec<u64> = lines.iter().filter_map(|it| it["child ".len()..].parse().ok()).collect();
    for sender in 0..4 {
        let own: Vec<_> = notes.iter().filter(|it| **it / 1_000 == sender).collect();
        assert_eq!(own.len(), 500, "sender {sender}");
        assert!(own.is_sorted(), "sender {sender}");
    }
    assert_conserved(&system);
}

#[conformance]
async fn the_ask_that_failed_gets_the_failure_and_does_not_run_again_the_others_are_answered() {
    for path in Path::BOTH {
        let system = stage::system("test");
        let log = Log::default();
        let child = system.supervise(Plan::new("child", &log).factory(), permanent());
        // Idle: the caller may run the turn itself.
        incarnation(&child).await;
        let error = soon("error", path.ask(&child, Boom("torn"))).await.unwrap_err();
        assert!(matches!(&error, AskError::Failed(it) if it.to_string() == "torn"), "{error:?}");
        assert_eq!(incarnation(&child).await, 1, "{path:?}");

        let gate = park(&child).await;
        let mut asks = Vec::new();
        for act in [Act::Nothing, Act::Panic("worn"), Act::Nothing, Act::Nothing] {
            let child = child.clone();
            asks.push(stage::spawn(async move { path.ask(&child, Do(act)).await }));
            rest().await;
        }
        gate.open();
        let mut answers = Vec::new();
        for it in asks {
            answers.push(soon("answer", it).await.unwrap().map_err(|it| it.to_string()));
        }
        assert_eq!(answers[0], Ok(1), "{path:?}");
        assert!(answers[1].as_ref().unwrap_err().contains("worn"), "{path:?} {answers:?}");
        assert_eq!(answers[2..], [Ok(2), Ok(2)], "{path:?}");
        assert_conserved(&system);
    }
}

#[conformance]
async fn an_ask_that_is_cut_by_a_kill_is_lost_and_not_run_by_the_next_incarnation() {
    for path in Path::BOTH {
        let system = stage::system("test");
        let log = Log::default();
        let child = system.supervise(Plan::new("child", &log).factory(), permanent());
        incarnation(&child).await;
        let asker = child.clone();
        let asked = stage::spawn(async move { path.ask(&asker, Do(Act::Sleep(1_000))).await });
        rest().await;
        child.kill();
        let error = soon("error", asked).await.unwrap().unwrap_err();
        assert!(matches!(error, AskError::Lost), "{path:?}: {error:?}");
        rest().await;
        assert_eq!(incarnation(&child).await, 1, "{path:?}");
        assert_conserved(&system);
    }
}

#[conformance]
async fn senders_that_wait_for_room_are_let_in_by_the_next_incarnation_in_order() {
    let system = stage::system("test");
    let log = Log::default();
    let mailbox = MailboxOptions::wait(Capacity::of::<1>());
    let backoff = Backoff::default().min(Duration::from_secs(1)).jitter(0.0);
    let spec = permanent().backoff(backoff).options(SpawnOptions::default().mailbox(mailbox));
    let child = system.supervise(Plan::new("child", &log).factory(), spec);
    let gate = park(&child).await;
    child.try_tell(Do(Act::Panic("torn"))).unwrap();
    let mut waiting = Vec::new();
    for n in 0..6 {
        let child = child.clone();
        waiting.push(stage::spawn(async move { child.tell(Note(n)).await }));
        rest().await;
    }
    let asker = child.clone();
    let asked = stage::spawn(async move { asker.ask(Do(Act::Nothing)).await });
    rest().await;
    gate.open();
    for it in waiting {
        soon("room", it).await.unwrap().unwrap();
    }
    assert_eq!(soon("answer", asked).await.unwrap().unwrap(), 1);
    let lines = log.take();
    let notes: Vec<u64> = lines.iter().filter_map(|it| it["child ".len()..].parse().ok()).collect();
    assert_eq!(notes, [0, 1, 2, 3, 4, 5]);
    assert_conserved(&system);
}

#[conformance(virtual_time)]
async fn messages_sent_while_it_waits_to_restart_go_by_the_mailboxs_own_rule() {
    for (mailbox, notes) in [
        (MailboxOptions::reject(Capacity::of::<2>()), [0, 1]),
        (MailboxOptions::drop_newest(Capacity::of::<2>()), [0, 1]),
        (MailboxOptions::drop_oldest(Capacity::of::<2>()), [2, 3]),
    ] {
        let system = stage::system("test");
        let log = Log::default();
        let backoff = Backoff::default().min(Duration::from_secs(1)).jitter(0.0);
        let spec = permanent().backoff(backoff);
        let spec = spec.options(SpawnOptions::default().mailbox(mailbox));
        let child = system.supervise(Plan::new("child", &log).factory(), spec);
        incarnation(&child).await;
        fail(&child, "torn").await;
        assert!(matches!(child.status(), Status::Restarting));
        for n in 0..4 {
            _ = child.try_tell(Note(n));
        }
        assert_eq!(child.mailbox_len(), 2, "{mailbox:?}");
        tokio::time::sleep(Duration::from_secs(2)).await;
        let lines = of(&log, &["child"]);
        let at = lines.iter().position(|it| it == "child started 1").unwrap();
        assert_eq!(lines[at + 1..], notes.map(|n| format!("child {n}")), "{mailbox:?}");
        assert_conserved(&system);
    }
}

#[conformance]
async fn priorities_are_kept_across_a_restart() {
    let system = stage::system("test");
    let log = Log::default();
    let child = system.supervise(Plan::new("child", &log).factory(), permanent());
    let gate = park(&child).await;
    let tell = |n, priority| {
        let child = child.clone();
        async move { child.tell(Note(n)).priority(priority).await.unwrap() }
    };
    child.tell(Do(Act::Panic("torn"))).priority(Priority::Critical).await.unwrap();
    for n in 0..3 {
        tell(20 + n, Priority::Low).await;
        tell(10 + n, Priority::Normal).await;
        tell(n, Priority::High).await;
    }
    gate.open();
    assert_eq!(incarnation(&child).await, 1);
    rest().await;
    let lines = log.take();
    let at = lines.iter().position(|it| it == "child started 1").unwrap();
    assert_eq!(lines[at + 1..], [0, 1, 2, 10, 11, 12, 20, 21, 22].map(|n| format!("child {n}")));
    assert_conserved(&system);
}

#[conformance]
async fn an_actors_own_children_end_before_its_next_incarnation_starts() {
    for end in [Act::Panic("torn"), Act::Stop] {
        let system = stage::system("test");
        let log = Log::default();
        let inner = ["x", "y"].map(|it| Plan::new(it, &log).always(Point::Stopped, Act::Sleep(20)));
        let plan = Plan::new("child", &log).raising(move |cx| {
            for it in &inner {
                cx.supervise_with(it.factory(), permanent());
            }
        });
        let child = system.supervise(plan.factory(), permanent());
        incarnation(&child).await;
        rest().await;
        log.take();
        child.tell(Do(end.clone())).await.unwrap();
        assert_eq!(incarnation(&child).await, 1);
        rest().await;
        let lines = log.take();
        let place = |line: &str| lines.iter().position(|it| it == line).expect(line);
        assert!(place("y dropped") < place("x stopped: its owner ended"), "{lines:?}");
        assert!(place("x dropped") < place("child dropped"), "{lines:?}");
        assert!(place("child dropped") < place("child started 1"), "{lines:?}");
        assert_eq!(lines.iter().filter(|it| it.ends_with("started 0")).count(), 2, "new children");
        assert_eq!(system.actors().len(), 3, "{end:?}");
        let children = child.children().list();
        assert!(children.iter().all(|it| matches!(it.status, Status::Running)), "{children:?}");
    }
}

#[conformance]
async fn when_the_limit_is_spent_queued_tells_are_dead_letters_and_queued_asks_fail() {
    let system = stage::system("test");
    let mut letters = system.dead_letters(100);
    let log = Log::default();
    let never = permanent().window(RestartWindow::never());
    let owner = system.spawn(Plan::new("owner", &log).build());
    let plan = Plan::new("child", &log);
    let child = call(&owner, move |cx| cx.supervise_with(plan.factory(), never)).await;
    let gate = park(&child).await;
    child.try_tell(Do(Act::Panic("torn"))).unwrap();
    (0..5).for_each(|n| child.try_tell(Note(n)).unwrap());
    let asker = child.clone();
    let asked = stage::spawn(async move { asker.ask(Add(9)).await });
    rest().await;
    gate.open();
    let error = soon("error", asked).await.unwrap().unwrap_err();
    assert_eq!(error.refused(), Some(Refused::Stopped));
    assert_eq!(error.into_message(), Some(Add(9)));
    assert!(matches!(ended(&child).await, StopReason::LimitExhausted(_)));
    let mut dead = Vec::new();
    while let Some(letter) = letters.try_recv() {
        assert_eq!(letter.reason, DeadReason::Failed);
        dead.extend(letter.take::<Note>());
    }
    assert_eq!(dead, [0, 1, 2, 3, 4].map(Note));
    assert!(ended(&owner).await.is_failure(), "its owner is told");
    assert_conserved(&system);
}

#[conformance]
async fn a_restarted_actor_holds_one_state_and_an_ended_one_none() {
    let system = stage::system("test");
    let (token, count) = Counted::new();
    let log = Log::default();
    let plan = Plan::new("child", &log).holding(token);
    let child = system.supervise(plan.factory(), permanent());
    drop(plan);
    incarnation(&child).await;
    let held = alive(&count);
    for n in 0..50 {
        child.tell(Do(if n % 2 == 0 { Act::Panic("torn") } else { Act::Stop })).await.unwrap();
        rest().await;
        assert_eq!(alive(&count), held, "{n}");
    }
    system.children().remove(child.id()).unwrap();
    ended(&child).await;
    rest().await;
    assert_eq!(alive(&count), 0, "state and factory are gone, though a ref is held");
}

#[conformance]
async fn a_panic_in_each_hook_leads_to_the_next_incarnation() {
    for point in [Point::Create, Point::Restarting, Point::Started, Point::Stopped, Point::Drop] {
        let system = stage::system("test");
        let mut letters = system.dead_letters(10);
        let log = Log::default();
        let plan = Plan::new("child", &log).at(point, [Act::Panic("bad hook")]);
        let child = system.supervise(plan.factory(), permanent());
        let gate = Gate::closed();
        child.try_tell(Hold(gate.clone())).unwrap();
        child.try_tell(Do(Act::Panic("torn"))).unwrap();
        child.try_tell(Note(7)).unwrap();
        gate.open();
        let begun = match point {
            Point::Stopped | Point::Drop => 1,
            _ => 2,
        };
        assert_eq!(incarnation(&child).await, begun, "{point:?}");
        assert!(log.all().contains(&"child 7".to_owned()), "{point:?}");
        assert!(dead_notes(&mut letters).is_empty(), "{point:?}");
        assert_conserved(&system);
    }
}

#[conformance]
async fn arguments_that_cannot_be_cloned_are_a_failed_start() {
    struct Sour(Arc<()>, u32);
    impl Clone for Sour {
        fn clone(&self) -> Self {
            assert!(Arc::strong_count(&self.0) != self.1 as usize, "sour");
            Self(Arc::clone(&self.0), self.1)
        }
    }
    struct Eater;
    impl ghostlight::Actor for Eater {
        type Protocol = ();
    }
    impl ghostlight::Create for Eater {
        type Args = Sour;
        async fn create(_: Sour) -> Result<Self, ghostlight::Failure> {
            Ok(Self)
        }
    }
    let system = stage::system("test");
    let never = permanent().window(RestartWindow::never()).tolerated();
    let (owner, []) = family(&system, &Log::default(), Supervision::default(), []).await;
    let child =
        call(&owner, move |cx| cx.supervise_created::<Eater>(Sour(Arc::default(), 1), never)).await;
    let reason = ended(&child).await;
    assert_eq!(reason.failure().unwrap().to_string(), "sour", "{reason}");
    owner.stop();
    assert!(!ended(&owner).await.is_failure());
    assert!(system.actors().is_empty());
}

#[conformance]
async fn a_kill_at_any_time_ends_the_incarnation_and_another_follows() {
    // Where it is killed: while it is created, started, between two incarnations, in its clean-up.
    for (point, act) in [
        (Point::Create, Act::Sleep(60_000)),
        (Point::Started, Act::Sleep(60_000)),
        (Point::Stopped, Act::Sleep(60_000)),
        (Point::Drop, Act::Nothing),
    ] {
        let system = stage::system("test");
        let log = Log::default();
        let plan = Plan::new("child", &log).at(point, [act]);
        let backoff = Backoff::default().min(Duration::from_millis(100)).jitter(0.0);
        let spec = permanent().backoff(backoff);
        let child = system.supervise_created::<Kin>(plan, spec);
        rest().await;
        if matches!(point, Point::Stopped | Point::Drop) {
            child.tell(Do(Act::Panic("torn"))).await.unwrap();
            rest().await;
        }
        let begin = system.runtime().now();
        child.kill();
        assert!(!child.is_alive(), "{point:?}: until it is started again, it takes nothing");
        comes_back(&child).await;
        assert_eq!(incarnation(&child).await, 1, "{point:?}");
        let took = system.runtime().now() - begin;
        assert!(took < Duration::from_secs(10), "{point:?}: {took:?}");
        assert!(child.is_alive(), "{point:?}");
    }
}

#[conformance(virtual_time)]
async fn a_stop_during_a_backoff_ends_a_transient_child_and_not_a_permanent_one() {
    for (spec, stays) in [(ChildSpec::permanent(), true), (ChildSpec::transient(), false)] {
        let system = stage::system("test");
        let log = Log::default();
        let backoff = Backoff::default().min(Duration::from_secs(10)).jitter(0.0);
        let (owner, [child]) =
            family(&system, &log, Supervision::default(), [("child", spec.backoff(backoff))]).await;
        fail(&child, "torn").await;
        child.try_tell(Note(1)).unwrap();
        child.stop_because("enough");
        assert!(!child.is_alive());
        assert_eq!(child.try_tell(Note(2)).unwrap_err().refused(), Some(Refused::Stopped));
        rest().await;
        if stays {
            tokio::time::sleep(Duration::from_secs(10)).await;
            assert_eq!(incarnation(&child).await, 1);
        } else {
            assert_eq!(ended(&child).await.to_string(), "stopped: enough");
            assert!(owner.children().list().is_empty());
        }
        assert_eq!(incarnation(&owner).await, 0);
        assert_conserved(&system);
    }
}

#[conformance(threads)]
async fn a_kill_just_as_its_wait_is_over_leaves_child_and_supervisor_of_one_mind() {
    let system = stage::system("test");
    system.supervision(Supervision::one_for_one().min_healthy(1));
    let wait = Duration::from_millis(1);
    let spec = permanent().backoff(Backoff::default().min(wait).max(wait).jitter(0.0));
    let child = system.supervise(Plan::new("child", &Log::default()).factory(), spec);
    child.wait_started().await.unwrap();
    for round in 0..400 {
        let begin = std::time::Instant::now();
        while begin.elapsed() < wait + wait / 2 {
            child.kill();
        }
        while child.ask(Do(Act::Nothing)).await.is_err() {
            stage::yield_now().await;
        }
        // Who believes that it still waits, starts it twice, and would not know of its next end.
        assert_eq!(system.children().health(), Health::Healthy, "{round}");
    }
}

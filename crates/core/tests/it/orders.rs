//! Orders that meet other orders, failures and restarts: D-04, D-06, D-16, E-10, E-21, E-33.

use std::time::Duration;

use ghostlight::{
    Actor, ActorRef, Backoff, Capacity, ChildSpec, Context, DrainBudget, Failure, Handler,
    MailboxOptions, RestartWindow, SpawnOptions, Status, StopReason, Supervision,
};

use crate::{
    kin::{Act, Do, Kin, Plan, Point, call, comes_back, eager, fail, incarnation, permanent},
    stage::{self, conformance},
    support::{
        Add, Gate, Journal, Listed, Log, Note, assert_conserved, dead_notes, ended, park, rest,
        soon,
    },
};

#[conformance]
async fn of_two_equal_orders_the_first_stands() {
    let system = stage::system("test");
    let actor = system.spawn(Journal::<Listed>::new(&Log::default()));
    let gate = park(&actor).await;
    actor.stop_because("first");
    actor.stop_because("second");
    gate.open();
    assert_eq!(ended(&actor).await.to_string(), "stopped: first");

    // The same where its child had made it fail before.
    let owner = system.spawn(Plan::new("owner", &Log::default()).build());
    let never = ChildSpec::permanent().window(RestartWindow::never());
    let child = Plan::new("child", &Log::default());
    let child = call(&owner, move |cx| cx.supervise_with(child.factory(), never)).await;
    let gate = park(&owner).await;
    fail(&child, "torn").await;
    owner.stop_because("first");
    owner.stop_because("second");
    gate.open();
    assert_eq!(ended(&owner).await.to_string(), "stopped: first");
}

#[conformance]
async fn an_order_to_end_that_comes_while_an_incarnation_fails_still_stands() {
    let drain = |it: &ActorRef<Kin>| it.drain(DrainBudget::default());
    for (how, order) in [("stop", ActorRef::stop as fn(&ActorRef<Kin>)), ("drain", drain)] {
        let (system, log) = (stage::system("test"), Log::default());
        let plan = Plan::new("child", &log).at(Point::Stopped, [Act::Sleep(100)]);
        let child = system.supervise(plan.factory(), eager(ChildSpec::transient()));
        incarnation(&child).await;
        fail(&child, "torn").await;
        order(&child);
        let why = ended(&child).await;
        assert!(!why.is_failure(), "{how}: {why}");
        let starts = log.all().iter().filter(|it| it.contains(" started ")).count();
        assert_eq!(starts, 1, "{how}: it does not come back");
    }
}

#[conformance]
async fn a_child_that_is_being_replaced_comes_back_whoever_tells_it_to_stop_meanwhile() {
    for is_held in [true, false] {
        if stage::is_real() && !is_held {
            // It may have been replaced before it can be told anything.
            continue;
        }
        let (system, gate) = (stage::system("test"), Gate::closed());
        let stopped = if is_held { Act::Wait(gate.clone()) } else { Act::Nothing };
        let plan = Plan::new("child", &Log::default()).at(Point::Stopped, [stopped]);
        let child = system.supervise(plan.factory(), eager(ChildSpec::transient()));
        incarnation(&child).await;
        system.children().restart(child.id()).unwrap();
        if is_held {
            gate.arrived().await;
        }
        child.stop();
        gate.open();
        comes_back(&child).await;
        assert_eq!(incarnation(&child).await, 1);
        child.stop();
        assert!(matches!(ended(&child).await, StopReason::Stopped(_)));
    }
}

#[conformance]
async fn a_kill_that_was_outlived_is_not_reported_at_the_end() {
    let system = stage::system("test");
    let child = system.supervise(Plan::new("child", &Log::default()).factory(), permanent());
    incarnation(&child).await;
    child.kill();
    rest().await;
    assert_eq!(incarnation(&child).await, 1);
    let report = soon("report", system.shutdown(Duration::from_secs(5))).await;
    assert!(report.is_clean() && report.ended.len() == 1, "{report}");
}

#[conformance(virtual_time)]
async fn senders_that_wait_for_room_get_their_message_back_whatever_closes_the_door() {
    for way in ["by itself", "panic", "stop", "kill", "halted", "removed", "never run", "lost"] {
        let (system, gate) = (stage::system("test"), Gate::closed());
        let options = SpawnOptions::default().mailbox(MailboxOptions::wait(Capacity::of::<1>()));
        // What ends it may take long to be over; nobody waits for that.
        let plan = Plan::new("x", &Log::default()).always(Point::Stopped, Act::Sleep(900));
        let (mut prepared, mut run) = (None, None);
        let actor = match way {
            "halted" | "removed" => system.supervise(plan.factory(), permanent().options(options)),
            "never run" | "lost" => {
                let made = system.prepare_with(plan.build(), options);
                let actor = made.actor_ref();
                match way {
                    "lost" => run = Some(stage::spawn(made.run())),
                    _ => prepared = Some(made),
                }
                actor
            }
            _ => system.spawn_with(plan.build(), options),
        };
        if prepared.is_none() {
            actor.tell(Do(Act::Wait(gate.clone()))).await.unwrap();
            gate.arrived().await;
        }
        let next = if way == "panic" { Act::Panic("torn") } else { Act::Stop };
        actor.try_tell(Do(next)).unwrap();
        let sender = actor.clone();
        let waiting = stage::spawn(async move {
            // Places may be free for the first ones.
            for n in 1..5 {
                sender.tell(Note(n)).await?;
            }
            sender.tell(Note(5)).await
        });
        rest().await;
        let begin = tokio::time::Instant::now();
        match way {
            "stop" => actor.stop(),
            "kill" => actor.kill(),
            "halted" => system.children().stop(actor.id()).unwrap(),
            "removed" => system.children().remove(actor.id()).unwrap(),
            "never run" => drop(prepared.take()),
            "lost" => run.take().into_iter().for_each(|it| it.abort()),
            _ => gate.open(),
        }
        let error = soon("word", waiting).await.unwrap().unwrap_err();
        assert!(error.into_message().is_some(), "{way}");
        assert!(begin.elapsed() < Duration::from_millis(100), "{way}: {:?}", begin.elapsed());
    }
}

#[conformance(virtual_time)]
async fn senders_that_wait_for_an_actor_between_two_incarnations_are_sent_away_when_it_is_halted() {
    let system = stage::system("test");
    let options = SpawnOptions::default().mailbox(MailboxOptions::wait(Capacity::of::<1>()));
    let slow = permanent().backoff(Backoff::default().min(Duration::from_secs(100)));
    let child = Plan::new("child", &Log::default());
    let child = system.supervise(child.factory(), slow.options(options));
    incarnation(&child).await;
    fail(&child, "torn").await;
    child.try_tell(Note(1)).unwrap();
    let sender = child.clone();
    let waiting = stage::spawn(async move { sender.tell(Note(2)).await });
    rest().await;
    assert!(!waiting.is_finished());
    let begin = tokio::time::Instant::now();
    system.children().stop(child.id()).unwrap();
    let error = soon("word", waiting).await.unwrap().unwrap_err();
    assert_eq!(error.into_message(), Some(Note(2)));
    assert!(begin.elapsed() < Duration::from_millis(10), "{:?}", begin.elapsed());
}

#[conformance]
async fn messages_that_are_sent_away_before_the_children_end_count_as_undelivered() {
    let system = stage::system("test");
    let mut letters = system.dead_letters(10);
    let plan = Plan::new("child", &Log::default()).always(Point::Stopped, Act::Sleep(100));
    let owner = system.spawn(Plan::new("owner", &Log::default()).build());
    call(&owner, move |cx| cx.spawn(plan.build())).await;
    let gate = park(&owner).await;
    (0..3).for_each(|n| owner.try_tell(Note(n)).unwrap());
    let down = system.clone();
    let down = stage::spawn(async move { down.shutdown(Duration::from_secs(60)).await });
    rest().await;
    gate.open();
    let report = soon("report", down).await.unwrap();
    assert_eq!(report.undelivered(), 3, "{report:?}");
    assert_eq!(dead_notes(&mut letters), [0, 1, 2]);
    assert_conserved(&system);
}

/// Asks somebody a question, and writes down what came of it.
struct Nag(ActorRef<Kin>, Log<bool>);
#[derive(Debug, ghostlight::Message)]
struct Go;
impl Actor for Nag {
    type Protocol = (Go,);
}
impl Handler<Go> for Nag {
    async fn handle(&mut self, _: Go, _: &mut Context<'_, Self>) {
        let answer = self.0.ask(Add(7)).queued().within(Duration::from_secs(3600)).await;
        self.1.push(answer.unwrap_err().into_message() == Some(Add(7)));
    }
}

#[conformance]
async fn a_child_that_asks_its_ending_owner_gets_its_message_back_however_deep_they_are() {
    for way in ["owner", "shutdown"] {
        let system = stage::system("test");
        let (top, told) = (system.spawn(Plan::new("top", &Log::default()).build()), Log::default());
        let plan = Plan::new("middle", &Log::default());
        let middle = match way {
            "owner" => call(&top, move |cx| cx.supervise_with(plan.factory(), permanent())).await,
            _ => system.supervise(plan.factory(), permanent()),
        };
        let (me, log) = (middle.clone(), told.clone());
        let nag = call(&middle, move |cx| cx.spawn(Nag(me, log))).await;
        let gate = park(&middle).await;
        nag.tell(Go).await.unwrap();
        rest().await;
        let begin = tokio::time::Instant::now();
        let down = system.clone();
        match way {
            "owner" => top.stop(),
            _ => drop(stage::spawn(async move { down.shutdown(Duration::from_secs(60)).await })),
        }
        rest().await;
        gate.open();
        ended(&middle).await;
        assert_eq!(told.all(), [true], "{way}");
        assert!(begin.elapsed() < Duration::from_secs(1), "{way}: {:?}", begin.elapsed());
    }
}

/// Has a child that asks it something, and does not start.
struct Stillborn(Log<bool>);
impl Actor for Stillborn {
    type Protocol = (Add,);

    async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        struct Asker(ActorRef<Stillborn>, Log<bool>);
        impl Actor for Asker {
            type Protocol = (Go,);
        }
        impl Handler<Go> for Asker {
            async fn handle(&mut self, _: Go, _: &mut Context<'_, Self>) {
                let answer = self.0.ask(Add(7)).queued().within(Duration::from_secs(3600)).await;
                self.1.push(answer.unwrap_err().into_message() == Some(Add(7)));
            }
        }
        cx.spawn(Asker(cx.me(), self.0.clone())).try_tell(Go)?;
        cx.sleep(Duration::from_millis(10)).await;
        Err(Failure::recoverable("no luck"))
    }
}
impl Handler<Add> for Stillborn {
    async fn handle(&mut self, Add(n): Add, _: &mut Context<'_, Self>) -> u64 {
        n
    }
}

#[conformance]
async fn a_child_that_asks_an_owner_that_does_not_start_gets_its_message_back() {
    let (system, told) = (stage::system("test"), Log::default());
    let begin = tokio::time::Instant::now();
    let why = ended(&system.spawn(Stillborn(told.clone()))).await;
    assert_eq!((&*why.to_string(), told.all()), ("did not start: no luck", vec![true]));
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
}

#[conformance(virtual_time)]
async fn in_a_shutdown_the_running_handler_and_the_clean_up_each_have_their_deadline() {
    let system = stage::system("test");
    let plan = Plan::new("slow", &Log::default()).at(Point::Stopped, [Act::Sleep(900)]);
    let options = SpawnOptions::default().shutdown_deadline(Duration::from_secs(1));
    let slow = system.spawn_with(plan.build(), options);
    park(&slow).await;
    let begin = tokio::time::Instant::now();
    let report = soon("report", system.shutdown(Duration::from_secs(50))).await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(begin.elapsed().as_millis() / 100, 19);
}

#[test]
fn whoever_waits_for_a_restart_or_for_children_is_lost_with_its_runtime() {
    for way in ["between", "winding down"] {
        let inside = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let outside = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (system, actor) = inside.block_on(async {
            let system = stage::system("test");
            let slow = permanent().backoff(Backoff::default().min(Duration::from_secs(100)));
            let actor = system.supervise(Plan::new("x", &Log::default()).factory(), slow);
            system.register("x", &actor).unwrap();
            let child = Plan::new("y", &Log::default());
            let child = child.always(Point::Stopped, Act::Wait(Gate::closed()));
            match way {
                "between" => actor.tell(Do(Act::Panic("torn"))).await.unwrap(),
                _ => {
                    call(&actor, move |cx| cx.spawn(child.build())).await;
                    actor.stop();
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            (system, actor)
        });
        assert!(!matches!(actor.status(), Status::Running | Status::Stopped(_)), "{way}");
        drop(inside);
        let why = outside.block_on(ended(&actor));
        assert!(matches!(why, StopReason::Lost), "{way}: {why}");
        assert!(system.actors().is_empty() && system.names().is_empty(), "{way}");
    }
}

#[conformance]
async fn an_actor_that_makes_room_for_its_next_incarnation_takes_messages_all_along() {
    for spec in [permanent(), eager(ChildSpec::transient())] {
        for way in ["by hand", "siblings", "its child"] {
            let (system, log) = (stage::system("test"), Log::default());
            let owner = system.spawn(Plan::new("owner", &Log::default()).build());
            let plan = Plan::new("child", &log).always(Point::Stopped, Act::Sleep(100));
            let (sibling, spec) = (Plan::new("sibling", &Log::default()), spec.clone());
            let (child, sibling) = call(&owner, move |cx| {
                cx.supervision(Supervision::one_for_all());
                let sibling = cx.supervise_with(sibling.factory(), permanent());
                (cx.supervise_with(plan.factory(), spec), sibling)
            })
            .await;
            let never = ChildSpec::permanent().window(RestartWindow::never());
            let [slow, leaf] = [Act::Sleep(100), Act::Nothing]
                .map(|act| Plan::new("leaf", &Log::default()).always(Point::Stopped, act));
            let (leaf, _) = call(&child, move |cx| {
                (cx.supervise_with(leaf.factory(), never), cx.spawn(slow.build()))
            })
            .await;
            match way {
                "by hand" => owner.children().restart(child.id()).unwrap(),
                "siblings" => fail(&sibling, "torn").await,
                _ => fail(&leaf, "torn").await,
            }
            log.take();
            for n in 0..20 {
                child.try_tell(Note(n)).unwrap_or_else(|error| panic!("{way}, {n}: {error}"));
                tokio::time::sleep(Duration::from_millis(15)).await;
            }
            assert_eq!(incarnation(&child).await, 1, "{way}");
            let lines = log.take();
            let notes: Vec<_> = (0..20).map(|n| format!("child {n}")).collect();
            let heard: Vec<_> = lines.into_iter().filter(|it| notes.contains(it)).collect();
            assert_eq!(heard, notes, "{way}");
        }
    }
}

#[conformance]
async fn each_incarnation_waits_for_the_children_of_the_one_before() {
    let (system, log) = (stage::system("test"), Log::default());
    let child = Plan::new("child", &log).always(Point::Stopped, Act::Sleep(100));
    let plan = Plan::new("owner", &log).raising(move |cx| _ = cx.spawn(child.build()));
    let owner = system.supervise(plan.factory(), permanent());
    for n in 0..4 {
        assert_eq!(incarnation(&owner).await, n);
        owner.tell(Do(if n % 2 == 0 { Act::Panic("torn") } else { Act::Stop })).await.unwrap();
    }
    assert_eq!(incarnation(&owner).await, 4);
    rest().await;
    let mut n_children = 0;
    for line in log.take() {
        match &*line {
            "child started 0" => n_children += 1,
            "child dropped" => n_children -= 1,
            line if line.starts_with("owner started") => assert_eq!(n_children, 0, "{line}"),
            _ => {}
        }
    }
    assert_eq!(n_children, 1);
}

#[conformance]
async fn a_prepared_actor_that_runs_ends_when_nobody_refers_to_it() {
    let system = stage::system("test");
    let options = SpawnOptions::default().stop_when_unreferenced();
    let prepared = system.prepare_with(Plan::new("main", &Log::default()).build(), options);
    let main = prepared.actor_ref();
    let running = stage::spawn(prepared.run());
    rest().await;
    assert!(matches!(main.status(), Status::Running));
    drop(main);
    let why = soon("end", running).await.unwrap();
    assert!(matches!(why, StopReason::Unreferenced), "{why}");
}

#[conformance]
async fn a_check_is_asked_before_the_next_state_is_built() {
    let (system, log) = (stage::system("test"), Log::default());
    let spec = permanent().backoff(Backoff::none());
    let spec = spec.check(|| async { Err("the disk is full".to_owned()) });
    let child = system.supervise_created::<Kin>(Plan::new("child", &log), spec);
    incarnation(&child).await;
    fail(&child, "torn").await;
    assert!(matches!(ended(&child).await, StopReason::Vetoed(_)));
    let built = log.all().iter().filter(|it| it.ends_with("creating")).count();
    assert_eq!(built, 1, "{:?}", log.all());
}

#[conformance(virtual_time)]
async fn an_actor_that_waits_for_its_restart_is_degraded_and_says_so() {
    let system = stage::system("test");
    let slow = permanent().backoff(Backoff::default().min(Duration::from_secs(100)));
    let child = system.supervise(Plan::new("child", &Log::default()).factory(), slow);
    incarnation(&child).await;
    fail(&child, "torn").await;
    child.try_tell(Note(1)).unwrap();
    let health = child.health().within(Duration::from_secs(1)).await;
    assert_eq!(health.to_string(), "degraded: restarting, 1 message waits");
    let health = child.health().within(Duration::from_secs(200)).await;
    assert!(health.is_healthy(), "whoever waits for it hears from the next one: {health}");
}

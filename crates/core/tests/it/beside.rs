//! What an actor starts beside itself: tasks, piped results, blocking work: G-19, G-20, C12.

use std::{future::pending, sync::mpsc, time::Duration};

use ghostlight::{
    Actor, ActorRef, ChildSpec, Context, DeadReason, DrainBudget, Failure, Handler, JoinError,
    Message, Scope, SpawnOptions, StopReason, System, TaskKind, TaskOwner, TaskState, cancelled,
    is_cancelled, shield,
};
use ghostlight_rt::BoxFuture;

use crate::{
    stage::{self, conformance},
    support::{Gate, Log, assert_conserved, dead, ended, rest, soon},
};

/// An actor that does beside itself what it is told.
struct Desk {
    log: Log<String>,
    scope: Option<Scope>,
}

/// What is to be done beside it.
enum Work {
    Task(BoxFuture<'static, ()>),
    Scoped(BoxFuture<'static, ()>),
    Pipe(BoxFuture<'static, u32>),
    Blocking(Box<dyn FnOnce() -> u32 + Send>),
    Fail,
    Hold(Gate),
}

#[derive(Message)]
struct Start(Work);

/// What came of it.
#[derive(Debug, Message, PartialEq)]
struct Done(Result<u32, JoinError>);

#[derive(Debug, Message)]
#[message(reply = u32)]
struct Incarnation;

impl Actor for Desk {
    type Protocol = (Start, Done, Incarnation);

    async fn stopped(&mut self, _: &StopReason, cx: &mut Context<'_, Self>) {
        let n_beside = cx.system().tasks().iter().filter(|it| it.actor == Some(cx.id())).count();
        self.log.push(format!("stopped beside {n_beside}"));
    }
}

impl Handler<Start> for Desk {
    async fn handle(&mut self, Start(work): Start, cx: &mut Context<'_, Self>) {
        match work {
            Work::Task(work) => drop(cx.spawn_task(work)),
            Work::Scoped(work) => {
                drop(self.scope.get_or_insert_with(|| cx.scope()).spawn(work));
            }
            Work::Pipe(work) => drop(cx.pipe(work, Done)),
            Work::Blocking(work) => drop(cx.blocking(work, Done)),
            Work::Fail => cx.fail(Failure::recoverable("as told")).await,
            Work::Hold(gate) => gate.pass().await,
        }
    }
}

impl Handler<Done> for Desk {
    async fn handle(&mut self, Done(result): Done, cx: &mut Context<'_, Self>) {
        self.log.push(format!("{}: {result:?}", cx.incarnation()));
    }
}

impl Handler<Incarnation> for Desk {
    async fn handle(&mut self, _: Incarnation, cx: &mut Context<'_, Self>) -> u32 {
        cx.incarnation()
    }
}

fn desk(system: &System) -> (ActorRef<Desk>, Log<String>) {
    let log = Log::default();
    (system.spawn(Desk { log: log.clone(), scope: None }), log)
}

fn supervised(system: &System) -> (ActorRef<Desk>, Log<String>) {
    let log = Log::default();
    let written = log.clone();
    let make = move || Desk { log: written.clone(), scope: None };
    (system.supervise(make, ChildSpec::permanent()), log)
}

async fn start(desk: &ActorRef<Desk>, work: Work) {
    desk.tell(Start(work)).await.unwrap();
}

async fn task(desk: &ActorRef<Desk>, work: impl Future<Output = ()> + Send + 'static) {
    start(desk, Work::Task(Box::pin(work))).await;
}

async fn pipe(desk: &ActorRef<Desk>, work: impl Future<Output = u32> + Send + 'static) {
    start(desk, Work::Pipe(Box::pin(work))).await;
}

async fn blocking(desk: &ActorRef<Desk>, work: impl FnOnce() -> u32 + Send + 'static) {
    start(desk, Work::Blocking(Box::new(work))).await;
}

#[conformance(virtual_time)]
async fn the_crash_of_a_task_does_not_end_its_actor_and_the_end_of_the_actor_ends_its_tasks() {
    let system = stage::system("test");
    let (desk, log) = desk(&system);
    task(&desk, async { panic!("out of paper") }).await;
    rest().await;
    assert!(desk.is_alive());

    task(&desk, cancelled()).await;
    start(&desk, Work::Scoped(Box::pin(cancelled()))).await;
    rest().await;
    let tasks = system.tasks();
    assert!(tasks.iter().all(|it| it.actor == Some(desk.id()) && it.kind == TaskKind::Owned));
    assert_eq!(tasks[1].owner, TaskOwner::Actor(desk.id()));
    desk.stop();
    ended(&desk).await;
    assert!(system.tasks().is_empty());
    assert_eq!(log.take(), ["stopped beside 0"], "they end before `stopped`");
    assert_eq!(system.task_counters().cancelled, 2);
    assert_conserved(&system);
}

#[conformance(virtual_time)]
async fn a_piped_result_is_told_as_a_message_whatever_it_is() {
    let system = stage::system("test");
    let (desk, log) = desk(&system);
    let gate = Gate::closed();
    let at = gate.clone();
    pipe(&desk, async move {
        at.pass().await;
        7
    })
    .await;
    pipe(&desk, async { panic!("out of paper") }).await;
    rest().await;
    assert_eq!(log.take(), [r#"0: Err(Panicked("out of paper"))"#]);
    assert!(desk.is_alive());
    assert_eq!(desk.ask(Incarnation).await.unwrap(), 0, "it goes on meanwhile");
    gate.open();
    rest().await;
    assert_eq!(log.take(), ["0: Ok(7)"]);
    assert_conserved(&system);
}

#[conformance(virtual_time)]
async fn a_pipe_ends_with_its_actor_and_nobody_is_told() {
    let system = stage::system("test");
    let mut letters = system.dead_letters(10);
    let (desk, log) = desk(&system);
    pipe(&desk, pending()).await;
    rest().await;
    desk.stop();
    ended(&desk).await;
    assert!(system.tasks().is_empty());
    assert_eq!(log.take(), ["stopped beside 0"]);
    assert!(dead::<Done>(&mut letters).is_empty());
    assert_eq!(system.task_counters().aborted, 1);
    assert_conserved(&system);
}

#[conformance(virtual_time)]
async fn a_pipe_ends_with_its_incarnation_and_the_next_one_is_told_nothing_of_it() {
    let system = stage::system("test");
    let mut letters = system.dead_letters(10);
    let (desk, log) = supervised(&system);
    pipe(&desk, pending()).await;
    task(&desk, cancelled()).await;
    let gate = Gate::closed();
    start(&desk, Work::Hold(gate.clone())).await;
    gate.arrived().await;
    start(&desk, Work::Fail).await;
    gate.open();
    while desk.ask(Incarnation).within(Duration::from_mins(1)).await.unwrap() == 0 {}
    assert!(system.tasks().is_empty());
    assert_eq!(log.take(), ["stopped beside 0"]);
    pipe(&desk, async { 8 }).await;
    rest().await;
    assert_eq!(log.take(), ["1: Ok(8)"]);
    assert!(dead::<Done>(&mut letters).is_empty());
    assert_conserved(&system);
}

#[conformance(virtual_time)]
async fn a_result_that_waits_in_the_mailbox_when_its_incarnation_fails_becomes_a_dead_letter() {
    let system = stage::system("test");
    let mut letters = system.dead_letters(10);
    let (desk, log) = supervised(&system);
    let gate = Gate::closed();
    pipe(&desk, async { 7 }).await;
    start(&desk, Work::Hold(gate.clone())).await;
    start(&desk, Work::Fail).await;
    gate.arrived().await;
    rest().await;
    assert_eq!(desk.mailbox_len(), 2, "the result waits behind the failure");
    gate.open();
    soon("next incarnation", async {
        while desk.ask(Incarnation).within(Duration::from_mins(1)).await.unwrap() == 0 {}
    })
    .await;
    let dead = dead::<Done>(&mut letters);
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].0, Done(Ok(7)));
    assert!(matches!(dead[0].1, DeadReason::Other(_)), "{:?}", dead[0].1);
    assert_eq!(log.take(), ["stopped beside 0"]);
    assert_conserved(&system);
}

#[conformance(virtual_time)]
async fn a_result_that_comes_to_a_closed_door_is_a_dead_letter_and_counted() {
    let system = stage::system("test");
    let mut letters = system.dead_letters(10);
    let (desk, _log) = desk(&system);
    let (gate, result) = (Gate::closed(), Gate::closed());
    let at = result.clone();
    pipe(&desk, async move {
        at.pass().await;
        7
    })
    .await;
    start(&desk, Work::Hold(gate.clone())).await;
    gate.arrived().await;
    desk.drain(DrainBudget::default());
    result.open();
    rest().await;
    let dead = dead::<Done>(&mut letters);
    assert_eq!(dead, [(Done(Ok(7)), DeadReason::Stopped)]);
    assert_eq!(system.counters().refused, 1);
    gate.open();
    ended(&desk).await;
    assert_conserved(&system);
}

#[conformance(virtual_time)]
async fn a_pipe_can_be_cancelled_and_its_actor_is_told_so() {
    struct Impatient(Log<Result<u32, JoinError>>);
    impl Actor for Impatient {
        type Protocol = (Done,);
        async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
            let piped = cx.pipe(pending::<u32>(), Done);
            piped.cancel();
            assert_eq!(piped.join().await, Err(JoinError::Cancelled));
            Ok(())
        }
    }
    impl Handler<Done> for Impatient {
        async fn handle(&mut self, Done(result): Done, _: &mut Context<'_, Self>) {
            self.0.push(result);
        }
    }
    let (system, log) = (stage::system("test"), Log::default());
    let _actor = system.spawn(Impatient(log.clone()));
    rest().await;
    assert_eq!(log.take(), [Err(JoinError::Cancelled)]);
}

#[conformance(virtual_time)]
async fn a_message_that_cannot_be_made_is_reported_and_ends_nobody() {
    struct Clumsy;
    impl Actor for Clumsy {
        type Protocol = (Done,);
        async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
            cx.pipe(async { 7_u32 }, |_| -> Done { panic!("no words") });
            Ok(())
        }
    }
    impl Handler<Done> for Clumsy {
        async fn handle(&mut self, _: Done, _: &mut Context<'_, Self>) {}
    }
    let log = Log::default();
    let system = stage::system_with("test", |it| it.observer(crate::support::Witness(log.clone())));
    let clumsy = system.spawn(Clumsy);
    rest().await;
    assert!(clumsy.is_alive() && system.tasks().is_empty());
    assert_eq!(log.take(), ["failed: no words"]);
}

#[conformance(virtual_time)]
async fn an_actor_that_ends_waits_for_its_tasks_as_long_as_its_shutdown_deadline() {
    let system = stage::system("test");
    let log = Log::default();
    let options = SpawnOptions::default().shutdown_deadline(Duration::from_secs(3));
    let desk = system.spawn_with(Desk { log: log.clone(), scope: None }, options);
    let written = log.clone();
    task(&desk, async move {
        cancelled().await;
        shield(tokio::time::sleep(Duration::from_secs(2))).await;
        written.push("saved".to_owned());
    })
    .await;
    task(&desk, shield(pending())).await;
    rest().await;
    let begun = system.runtime().now();
    desk.stop();
    ended(&desk).await;
    assert_eq!((system.runtime().now() - begun).as_secs(), 3);
    assert_eq!(log.take(), ["saved", "stopped beside 0"]);
    let counters = system.task_counters();
    assert_eq!((counters.cancelled, counters.aborted, counters.alive), (1, 1, 0));
}

#[conformance(virtual_time)]
async fn a_killed_actor_has_its_tasks_aborted_at_once_shielded_or_not() {
    let system = stage::system("test");
    let (desk, log) = desk(&system);
    task(&desk, shield(pending())).await;
    task(&desk, cancelled()).await;
    rest().await;
    let begun = system.runtime().now();
    desk.kill();
    ended(&desk).await;
    assert_eq!(system.runtime().now() - begun, Duration::ZERO);
    assert!(system.tasks().is_empty() && log.take().is_empty());
}

#[conformance(virtual_time)]
async fn a_task_may_ask_its_actor_though_that_is_ending_and_hears_that_it_has_stopped() {
    let system = stage::system("test");
    let (desk, log) = desk(&system);
    let (me, written) = (desk.clone(), log.clone());
    task(&desk, async move {
        cancelled().await;
        let asked = me.ask(Incarnation).await;
        written.push(format!("asked: {}", asked.is_err()));
    })
    .await;
    rest().await;
    let begun = system.runtime().now();
    desk.stop();
    ended(&desk).await;
    assert_eq!(system.runtime().now() - begun, Duration::ZERO);
    assert_eq!(log.take(), ["asked: true", "stopped beside 0"]);
}

#[conformance(threads)]
async fn blocking_work_does_not_delay_the_actor_and_its_result_is_a_message() {
    let system = stage::system("test");
    let (desk, log) = desk(&system);
    let (go, wait) = mpsc::channel();
    blocking(&desk, move || wait.recv().unwrap()).await;
    assert_eq!(soon("answer", desk.ask(Incarnation)).await.unwrap(), 0);
    assert_eq!(system.tasks().len(), 1);
    go.send(7).unwrap();
    blocking(&desk, || panic!("out of paper")).await;
    let told = soon("two results", async {
        loop {
            let all = log.all();
            if all.len() == 2 {
                return all;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    let mut told = told.await;
    told.sort_unstable();
    assert_eq!(told, [r#"0: Err(Panicked("out of paper"))"#, "0: Ok(7)"]);
    assert!(desk.is_alive());
}

#[conformance(threads)]
async fn blocking_work_that_looks_ends_with_its_actor_and_other_work_is_left_to_the_reaper() {
    let system = stage::system("test");
    let log = Log::default();
    let options = SpawnOptions::default().shutdown_deadline(Duration::from_millis(50));
    let desk = system.spawn_with(Desk { log: log.clone(), scope: None }, options);
    let (go, wait) = mpsc::channel();
    let (begun, has_begun) = mpsc::channel();
    let also = begun.clone();
    blocking(&desk, move || {
        begun.send(()).unwrap();
        while !is_cancelled() {
            std::thread::yield_now();
        }
        1
    })
    .await;
    blocking(&desk, move || {
        also.send(()).unwrap();
        wait.recv().unwrap()
    })
    .await;
    for _ in 0..2 {
        has_begun.recv_timeout(Duration::from_secs(60)).unwrap();
    }
    desk.stop();
    ended(&desk).await;
    let counters = system.task_counters();
    assert_eq!((counters.cancelled, counters.alive, counters.reaped), (1, 1, 1));
    assert_eq!(system.tasks()[0].kind, TaskKind::Reaped);

    let report = system.shutdown(Duration::from_millis(50)).await;
    assert_eq!(report.lost_tasks.len(), 1, "{report}");
    assert!(!report.is_clean() && report.to_string().contains("holds its thread"), "{report}");
    go.send(2).unwrap();
    soon("end of the work", async {
        while !system.tasks().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    assert_eq!(log.take(), ["stopped beside 1"]);
    assert!(system.task_counters().conserves());
}

#[test]
fn blocking_work_that_is_cancelled_while_it_waits_for_a_thread_never_begins() {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let narrow = builder.worker_threads(1).max_blocking_threads(1).enable_all().build().unwrap();
    narrow.block_on(async {
        let system = stage::system("test");
        let (desk, log) = desk(&system);
        let (go, wait) = mpsc::channel();
        let (begun, has_begun) = mpsc::channel();
        blocking(&desk, move || {
            begun.send(()).unwrap();
            wait.recv().unwrap()
        })
        .await;
        has_begun.recv_timeout(Duration::from_secs(60)).unwrap();
        let written = log.clone();
        blocking(&desk, move || {
            written.push("begun".to_owned());
            2
        })
        .await;
        assert_eq!(soon("answer", desk.ask(Incarnation)).await.unwrap(), 0);
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(log.all().len(), 0, "it waits for a thread");
        desk.stop();
        soon("request to end", async {
            while system.tasks().iter().any(|it| it.state == TaskState::Running) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await;
        go.send(1).unwrap();
        ended(&desk).await;
        assert_eq!(log.take(), ["stopped beside 0"]);
        assert_eq!(system.task_counters().cancelled, 1);
    });
}

#[conformance(virtual_time)]
async fn after_a_thousand_tasks_and_restarts_everything_is_back_where_it_was() {
    let system = stage::system("test");
    let (desk, _log) = supervised(&system);
    for round in 0..100 {
        for _ in 0..5 {
            task(&desk, cancelled()).await;
            pipe(&desk, async { 7 }).await;
        }
        desk.ask(Incarnation).within(Duration::from_mins(1)).await.unwrap();
        if round % 10 == 0 {
            start(&desk, Work::Fail).await;
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    }
    rest().await;
    desk.stop();
    soon("quiet", async {
        while system.task_counters().alive > 0 {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    })
    .await;
    let counters = system.task_counters();
    assert_eq!((counters.alive, counters.reaped), (0, 0));
    assert!(counters.spawned > 500 && counters.conserves(), "{counters:?}");
    assert_conserved(&system);
}

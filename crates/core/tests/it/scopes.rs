//! Scopes: who owns tasks, and what becomes of those that are left: G-05, G-06, G-17, G-18.

use std::{future::pending, time::Duration};

use ghostlight::{
    Actor, AllCompleted, Context, Handler, JoinError, Message, Scope, TaskKind, TaskOwner,
    TaskState, checkpoint,
};

use crate::{
    stage::{self, conformance},
    support::{Counted, Gate, Log, alive, rest, soon},
};

const fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

async fn after(n: u64) -> Result<u64, ()> {
    tokio::time::sleep(millis(n)).await;
    Ok(n)
}

#[conformance(virtual_time)]
async fn join_next_gives_tasks_in_order_of_completion_and_cancel_all_ends_the_rest() {
    let system = stage::system("test");
    let scope = Scope::with_joiner(&system, AllCompleted);
    let ids: Vec<_> = [30, 10, 20].map(|it| scope.spawn(after(it)).id()).into();
    scope.spawn(pending());
    assert_eq!(scope.join_next().await, Some((ids[1], Ok(10))));
    assert_eq!(scope.join_next().await, Some((ids[2], Ok(20))));
    assert_eq!(scope.task_ids().len(), 2);

    scope.cancel_all();
    let next = scope.join_next().await.unwrap();
    assert_eq!(next, (ids[0], Ok(30)), "it came to its end before its grace was over");
    let (_, last) = scope.join_next().await.unwrap();
    assert_eq!(last, Err(ghostlight::TaskError::Ended(JoinError::Aborted)));
    assert_eq!(scope.join_next().await, None);
    assert!(scope.task_ids().is_empty() && system.tasks().is_empty());
}

#[conformance(virtual_time)]
async fn tasks_that_ended_before_anybody_asked_are_joined_in_the_order_of_their_ends() {
    let system = stage::system("test");
    let scope = Scope::with_joiner(&system, AllCompleted);
    for it in [30, 10, 20] {
        scope.spawn(after(it));
    }
    tokio::time::sleep(millis(50)).await;
    for expected in [10, 20, 30] {
        assert_eq!(scope.join_next().await.map(|it| it.1), Some(Ok(expected)));
    }
    assert_eq!(scope.join_next().await, None);
}

#[conformance(virtual_time)]
async fn a_join_next_that_is_given_up_loses_nothing() {
    let system = stage::system("test");
    let scope = Scope::with_joiner(&system, AllCompleted);
    scope.spawn(after(10));
    assert!(tokio::time::timeout(millis(5), scope.join_next()).await.is_err());
    assert_eq!(scope.join_next().await.map(|it| it.1), Some(Ok(10)));
}

#[conformance(virtual_time)]
async fn a_task_may_spawn_siblings_and_all_of_them_are_waited_for() {
    fn climb(scope: &Scope, log: &Log<u32>, levels: u32) {
        let (siblings, written) = (scope.clone(), log.clone());
        scope.spawn(async move {
            tokio::time::sleep(millis(1)).await;
            written.push(levels);
            if levels > 0 {
                climb(&siblings, &written, levels - 1);
            }
        });
    }
    let (system, log) = (stage::system("test"), Log::default());
    let scope = system.scope();
    climb(&scope, &log, 5);
    let report = soon("end of all", scope.join()).await;
    assert_eq!((report.completed, report.is_clean()), (6, true));
    assert_eq!(log.take(), [5, 4, 3, 2, 1, 0]);
}

#[conformance(virtual_time)]
async fn a_scope_is_joined_again_and_tells_how_its_tasks_ended() {
    let system = stage::system("test");
    let scope = system.scope();
    scope.spawn(async {});
    assert_eq!(scope.join().await.completed, 1);
    scope.spawn(async { panic!("first") });
    rest().await;
    scope.spawn(async { panic!("second") });
    scope.spawn(pending::<()>());
    rest().await;
    scope.cancel_all();
    scope.spawn(async {});
    let report = scope.join().await;
    let counts = (report.completed, report.panicked, report.aborted, report.cancelled);
    assert_eq!((counts, report.first_panic.as_deref()), ((1, 2, 1, 1), Some("first")));
}

#[conformance(virtual_time)]
async fn what_is_spawned_into_a_cancelled_scope_never_begins() {
    let (system, log) = (stage::system("test"), Log::default());
    let scope = system.scope();
    scope.cancel_all();
    assert!(scope.is_cancelled());
    let written = log.clone();
    let task = scope.spawn(async move { written.push(1) });
    assert_eq!(task.join().await, Err(JoinError::Cancelled));
    let within = scope.scope();
    assert!(within.is_cancelled());
    assert_eq!(within.spawn(async {}).join().await, Err(JoinError::Cancelled));
    assert!(log.take().is_empty());
}

#[conformance(virtual_time)]
async fn a_scope_within_another_ends_with_it_and_not_the_other_way_round() {
    let system = stage::system("test");
    let outer = system.scope();
    let inner = outer.scope();
    let (outside, inside) = (outer.spawn(pending::<()>()), inner.spawn(pending::<()>()));
    rest().await;
    inner.cancel_all();
    assert_eq!(inside.join().await, Err(JoinError::Aborted));
    assert!(!outer.is_cancelled());
    let again = outer.scope();
    let inside = again.spawn(pending::<()>());
    rest().await;
    outer.cancel_all();
    assert!(again.is_cancelled());
    assert_eq!(inside.join().await, Err(JoinError::Aborted));
    assert_eq!(outside.join().await, Err(JoinError::Aborted));
}

#[conformance(virtual_time)]
async fn to_join_a_scope_is_to_wait_for_the_scopes_within() {
    let system = stage::system("test");
    let outer = system.scope();
    let inner = outer.scope();
    inner.spawn(after(50));
    let begun = system.runtime().now();
    outer.join().await;
    assert_eq!(system.runtime().now() - begun, millis(50));
}

#[conformance(virtual_time)]
async fn fifty_thousand_scopes_in_one_another_are_cancelled_without_overflowing_the_stack() {
    let system = stage::system("test");
    let mut scopes = vec![system.scope()];
    for _ in 0..50_000 {
        scopes.push(scopes[scopes.len() - 1].scope());
    }
    let deepest = scopes[50_000].spawn(pending::<()>());
    scopes[0].cancel_all();
    assert_eq!(deepest.join().await, Err(JoinError::Cancelled));
    drop(scopes);
    assert!(system.tasks().is_empty());
}

#[conformance(virtual_time)]
async fn dropping_a_scope_in_the_middle_of_its_work_leaves_no_task() {
    let system = stage::system("test");
    let (held, count) = Counted::new();
    let scope = system.scope();
    let within = scope.scope();
    for scope in [&scope, &within] {
        let held = held.clone();
        scope.spawn(async move {
            let _held = held;
            pending::<()>().await;
        });
    }
    drop(held);
    rest().await;
    let clone = scope.clone();
    drop(scope);
    assert_eq!(system.task_counters().reaped, 0, "a clone is left");
    drop(clone);
    let counters = system.task_counters();
    assert_eq!((counters.alive, counters.reaped), (2, 2));
    for task in system.tasks() {
        assert_eq!((task.kind, task.state), (TaskKind::Reaped, TaskState::Cancelling));
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    rest().await;
    let counters = system.task_counters();
    assert_eq!((counters.alive, counters.reaped, counters.aborted), (0, 0, 2));
    assert_eq!(alive(&count), 0);
}

#[conformance(virtual_time)]
async fn a_deadline_cancels_what_is_left_and_one_within_another_can_only_shorten_it() {
    let system = stage::system("test");
    let begun = system.runtime().now();
    for (inner, ended) in [(millis(30), 30), (millis(300), 100)] {
        let begun = system.runtime().now();
        let outer = system.scope().within(millis(100));
        let scope = outer.scope().within(inner);
        let task = scope.spawn(async {
            ghostlight::cancelled().await;
            assert!(ghostlight::is_cancelled());
        });
        assert_eq!(task.join().await, Err(JoinError::Cancelled));
        assert_eq!(system.runtime().now() - begun, millis(ended));
        assert!(scope.is_cancelled());
        assert_eq!(outer.is_cancelled(), ended == 100);
    }
    let late = system.scope().deadline(begun);
    assert_eq!(late.spawn(async { 7 }).join().await, Err(JoinError::Cancelled));
}

#[conformance(virtual_time)]
async fn what_is_done_before_its_deadline_waits_for_nothing() {
    let system = stage::system("test");
    let begun = system.runtime().now();
    let scope = system.scope().within(Duration::from_secs(60));
    assert_eq!(scope.spawn(after(5)).join().await, Ok(Ok(5)));
    assert_eq!(system.runtime().now() - begun, millis(5));
}

/// A server that does some of its work after it has answered.
#[derive(Default)]
struct Server(Option<Scope>);

#[derive(Debug, Message)]
#[message(reply = &'static str)]
struct Request(Gate);

impl Actor for Server {
    type Protocol = (Request,);
}

impl Handler<Request> for Server {
    async fn handle(&mut self, Request(gate): Request, cx: &mut Context<'_, Self>) -> &'static str {
        let background = self.0.get_or_insert_with(|| cx.scope());
        background.spawn(async move {
            gate.pass().await;
            while checkpoint().await.is_ok() {
                tokio::time::sleep(millis(10)).await;
            }
        });
        "answered"
    }
}

#[conformance(virtual_time)]
async fn background_work_outlives_the_request_and_ends_with_the_server() {
    let system = stage::system("test");
    let server = system.spawn(Server::default());
    let gate = Gate::closed();
    assert_eq!(server.ask(Request(gate.clone())).await.unwrap(), "answered");
    gate.arrived().await;
    gate.open();
    tokio::time::sleep(Duration::from_secs(60)).await;
    let tasks = system.tasks();
    assert_eq!(tasks.len(), 1);
    assert!(matches!(tasks[0].owner, TaskOwner::Scope(_)), "{:?}", tasks[0]);
    assert_eq!(tasks[0].actor, Some(server.id()));
    server.stop();
    server.wait_stopped().await;
    assert!(system.tasks().is_empty());
    assert_eq!(system.task_counters().cancelled, 1);
}

#[conformance(virtual_time)]
async fn a_shutdown_ends_the_tasks_of_the_system_and_nothing_is_spawned_after_it() {
    let system = stage::system("test");
    let scope = system.scope();
    scope.spawn(ghostlight::cancelled());
    system.spawn_detached(pending::<()>());
    let free = system.spawn_task(ghostlight::cancelled());
    rest().await;
    let begun = system.runtime().now();
    let report = system.shutdown(Duration::from_secs(60)).await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(system.runtime().now() - begun, Duration::from_secs(5), "the grace of one");
    assert!(system.tasks().is_empty());
    assert_eq!(free.join().await, Err(JoinError::Cancelled));
    assert_eq!(system.spawn_task(async { 7 }).join().await, Err(JoinError::Cancelled));
    assert_eq!(scope.spawn(async { 7 }).join().await, Err(JoinError::Cancelled));
    assert_eq!(system.scope().spawn(async { 7 }).join().await, Err(JoinError::Cancelled));
}

#[conformance(virtual_time)]
async fn a_shutdown_aborts_what_has_not_ended_when_time_is_up() {
    let system = stage::system("test");
    system.spawn_detached(ghostlight::shield(pending::<()>()));
    rest().await;
    let begun = system.runtime().now();
    let report = system.shutdown(Duration::from_secs(2)).await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(system.runtime().now() - begun, Duration::from_secs(2));
    assert_eq!(system.task_counters().aborted, 1);
}

#[conformance(virtual_time)]
async fn a_system_that_nobody_holds_cancels_its_tasks() {
    let system = stage::unkept("test");
    let (held, count) = Counted::new();
    system.spawn_detached(async move {
        let _held = held;
        ghostlight::cancelled().await;
    });
    rest().await;
    drop(system);
    rest().await;
    assert_eq!(alive(&count), 0);
}

#[conformance(threads)]
async fn on_many_threads_tasks_that_end_as_they_are_cancelled_are_each_counted_once() {
    let system = stage::system("test");
    for round in 0..200 {
        let scope = system.scope();
        let within = scope.scope();
        for index in 0..20 {
            let siblings = within.clone();
            scope.spawn(async move {
                siblings.spawn(async {});
                stage::yield_now().await;
                if index % 3 == 0 { checkpoint().await.map_or(0, |()| 1) } else { 2 }
            });
        }
        drop(within);
        match round % 3 {
            0 => scope.cancel_all(),
            1 => drop(scope.clone()),
            _ => stage::yield_now().await,
        }
        let report = soon("end of all", scope.join()).await;
        assert_eq!(report.completed + report.cancelled, 20, "{report:?}");
    }
    let counters = system.task_counters();
    assert!(counters.conserves(), "{counters:?}");
    assert_eq!((counters.alive, counters.reaped, counters.aborted), (0, 0, 0));
}

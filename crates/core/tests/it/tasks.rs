//! Tasks: what they give, who ends them, and where they are seen: G-01 to G-04.

use std::{future::pending, time::Duration};

use ghostlight::{
    JoinError, Observer, System, Task, TaskCounters, TaskInfo, TaskKind, TaskOwner, TaskState,
    checkpoint,
};

use crate::{
    stage::{self, conformance},
    support::{Counted, Gate, Log, alive, rest, soon},
};

/// A task that ends as soon as it is told to.
async fn heedful() {
    while checkpoint().await.is_ok() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn counts(system: &System) -> [u64; 6] {
    let TaskCounters { spawned, alive, completed, cancelled, panicked, aborted, .. } =
        system.task_counters();
    assert!(system.task_counters().conserves());
    [spawned, alive, completed, cancelled, panicked, aborted]
}

#[conformance(virtual_time)]
async fn a_joined_task_gives_its_value_a_cancelled_one_says_so_and_a_panicking_one_its_text() {
    let system = stage::system("test");
    assert_eq!(system.spawn_task(async { 7 }).join().await, Ok(7));

    let cancelled = system.spawn_task(heedful());
    rest().await;
    cancelled.cancel();
    assert_eq!(cancelled.join().await, Err(JoinError::Cancelled));

    let panicking = system.spawn_task(async { panic!("out of paper") });
    let end: Result<(), _> = panicking.join().await;
    assert_eq!(end, Err(JoinError::Panicked("out of paper".to_owned())));

    let stubborn = system.spawn_task(pending::<()>());
    rest().await;
    stubborn.cancel();
    assert_eq!(stubborn.join().await, Err(JoinError::Aborted));
    assert_eq!(counts(&system), [4, 0, 1, 1, 1, 1]);
}

#[conformance(virtual_time)]
async fn the_list_of_tasks_is_back_at_its_baseline_after_each_outcome() {
    let system = stage::system("test");
    let spawn: [fn(&System) -> Task<()>; 4] = [
        |it| it.spawn_task(async {}),
        |it| it.spawn_task(async { panic!("out of paper") }),
        |it| it.spawn_task(heedful()),
        |it| it.spawn_task(pending()),
    ];
    for (index, spawn) in spawn.into_iter().enumerate() {
        let task = spawn(&system);
        assert_eq!(system.tasks().len(), 1, "{index}");
        if index >= 2 {
            rest().await;
            task.cancel();
        }
        _ = soon("end", task.join()).await;
        assert!(system.tasks().is_empty(), "{index}");
    }
    assert_eq!(counts(&system), [4, 0, 1, 1, 1, 1]);
}

#[conformance(virtual_time)]
async fn whoever_joins_a_task_finds_its_future_dropped() {
    let system = stage::system("test");
    let (held, count) = Counted::new();
    let task = system.spawn_task(async move {
        let _held = held;
        pending::<()>().await;
    });
    rest().await;
    task.cancel();
    assert_eq!(task.join().await, Err(JoinError::Aborted));
    assert_eq!(alive(&count), 0);
}

#[conformance(virtual_time)]
async fn dropping_a_free_task_cancels_it_and_dropping_the_handle_of_an_owned_one_does_not() {
    let system = stage::system("test");
    let (free, owned) = (Gate::closed(), Gate::closed());
    let scope = system.scope();
    let (at, also) = (free.clone(), owned.clone());
    let task = system.spawn_task(async move { at.pass().await });
    drop(scope.spawn(async move { also.pass().await }));
    free.arrived().await;
    owned.arrived().await;

    drop(task);
    let listed: Vec<_> = system.tasks().iter().map(|it| (it.kind, it.state)).collect();
    let expected = [(TaskKind::Owned, TaskState::Running), (TaskKind::Free, TaskState::Cancelling)];
    assert_eq!(listed, expected);

    owned.open();
    assert_eq!(scope.join().await.completed, 1);
    tokio::time::sleep(Duration::from_secs(5)).await;
    rest().await;
    assert_eq!(counts(&system), [2, 0, 1, 0, 0, 1]);
}

#[conformance(virtual_time)]
async fn a_joining_that_is_given_up_drops_the_handle() {
    let system = stage::system("test");
    let free = system.spawn_task(heedful());
    let waited = tokio::time::timeout(Duration::from_millis(5), free.join()).await;
    assert!(waited.is_err());
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(counts(&system), [1, 0, 0, 1, 0, 0]);
}

#[conformance(virtual_time)]
async fn a_detached_task_is_listed_as_detached_and_a_free_one_can_be_detached_later() {
    let system = stage::system("test");
    let gate = Gate::closed();
    let (one, other, owned) = (gate.clone(), gate.clone(), gate.clone());
    let scope = system.scope();
    system.spawn_detached(async move { one.pass().await });
    system.spawn_task(async move { other.pass().await }).detach();
    scope.spawn(async move { owned.pass().await }).detach();
    let kinds: Vec<_> = system.tasks().iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [TaskKind::Owned, TaskKind::Detached, TaskKind::Detached]);
    rest().await;
    gate.open();
    rest().await;
    assert_eq!(counts(&system), [3, 0, 3, 0, 0, 0]);
}

#[conformance(virtual_time)]
async fn a_task_is_listed_with_name_owner_and_beginning_the_last_spawned_first() {
    let system = stage::system("test");
    tokio::time::sleep(Duration::from_secs(3)).await;
    let scope = system.scope();
    let first = scope.spawn(heedful()).named("first");
    let second = system.spawn_task(heedful());
    let tasks = system.tasks();
    let ids: Vec<_> = tasks.iter().map(|it| it.id).collect();
    assert_eq!(ids, [second.id(), first.id()]);
    assert_eq!((&*tasks[1].name, tasks[1].owner), ("first", TaskOwner::Scope(scope.id())));
    assert!(tasks[0].name.contains("heedful"), "{}", tasks[0].name);
    assert_eq!((tasks[0].owner, tasks[0].actor), (TaskOwner::System, None));
    assert_eq!(tasks[0].since, system.runtime().now());
}

#[conformance(virtual_time)]
async fn a_task_that_ends_without_having_been_told_gives_its_value_though_it_was_cancelled() {
    let system = stage::system("test");
    let gate = Gate::closed();
    let at = gate.clone();
    let task = system.spawn_task(async move {
        at.pass().await;
        "done"
    });
    gate.arrived().await;
    task.cancel();
    gate.open();
    assert_eq!(task.join().await, Ok("done"));
}

/// Writes down which tasks panic.
#[derive(Default)]
struct Panics(Log<String>);

impl Observer for Panics {
    fn task_panicked(&self, task: &TaskInfo, text: &str) {
        self.0.push(format!("{}: {text}", task.name));
    }
}

#[conformance(virtual_time)]
async fn a_panic_that_nobody_joins_is_told_to_observers_and_so_is_one_in_a_drop() {
    struct Sticky;
    impl Drop for Sticky {
        fn drop(&mut self) {
            panic!("stuck")
        }
    }
    let log = Log::default();
    let system = stage::system_with("test", |it| it.observer(Panics(log.clone())));
    system.spawn_detached(async { panic!("out of paper") }).named("printer");
    let dropped = system.spawn_task(async {
        let _sticky = Sticky;
        pending::<()>().await;
    });
    let dropped = dropped.named("drawer");
    rest().await;
    dropped.cancel();
    assert_eq!(dropped.join().await, Err(JoinError::Panicked("stuck".to_owned())));
    assert_eq!(log.take(), ["printer: out of paper", "drawer: stuck"]);
}

/// A value that is dropped with a noise.
struct Loud(Log<&'static str>);

impl Drop for Loud {
    fn drop(&mut self) {
        self.0.push("dropped");
        panic!("loud")
    }
}

#[conformance(virtual_time)]
async fn a_value_that_nobody_wants_may_panic_when_it_is_dropped_and_ends_nothing_else() {
    let (log, values) = (Log::default(), Log::default());
    let system = stage::system_with("test", |it| it.observer(Panics(log.clone())));
    let (one, other) = (Loud(values.clone()), Loud(values.clone()));
    system.spawn_detached(async move { one }).named("unwanted");
    let told = system.spawn_task(async move {
        ghostlight::cancelled().await;
        other
    });
    let told = told.named("told");
    rest().await;
    told.cancel();
    assert_eq!(told.join().await.err(), Some(JoinError::Panicked("loud".to_owned())));
    assert_eq!(log.take(), ["unwanted: loud", "told: loud"]);
    assert_eq!((values.take().len(), system.tasks().len()), (2, 0));
    assert_eq!(counts(&system), [2, 0, 1, 0, 1, 0]);
}

#[test]
fn a_task_that_is_lost_with_its_runtime_was_aborted() {
    let lost = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let runtime = ghostlight_rt::Runtime::tokio(lost.handle().clone());
    let system = System::builder("lost").runtime(runtime).build();
    let task = system.spawn_task(pending::<()>());
    drop(lost);
    let end = stage::system("other").block_on(task.join());
    assert_eq!(end, Err(JoinError::Aborted));
    assert_eq!(counts(&system), [1, 0, 0, 0, 0, 1]);
}

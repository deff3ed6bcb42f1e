//! The order of tasks, and worlds in which there is nothing to do or no end.

use std::sync::{Arc, Mutex};

use ghostlight_testkit::{Breach, Strategy, World};

use crate::support::let_others;

/// The order in which ten tasks, each with three turns, come to run.
fn order(world: &World) -> Vec<u32> {
    let told = Arc::new(Mutex::new(Vec::new()));
    for task in 0..10 {
        let told = Arc::clone(&told);
        drop(world.runtime().spawn(async move {
            for _ in 0..3 {
                let_others().await;
                told.lock().unwrap().push(task);
            }
        }));
    }
    world.settle();
    told.lock().unwrap().clone()
}

#[test]
fn one_seed_gives_one_order_and_another_seed_another() {
    let ordered = |seed| order(&World::seeded(seed));
    assert_eq!(ordered(1), ordered(1));
    assert_ne!(ordered(1), ordered(2));
    assert_eq!(ordered(3).len(), 30);
}

#[test]
fn the_task_that_waits_longest_runs_next_in_round_robin_whatever_the_seed() {
    let of = |seed| World::with_strategy(seed, Strategy::RoundRobin);
    let expected: Vec<u32> = (0..3).flat_map(|_| 0..10).collect();
    assert_eq!(order(&of(1)), expected);
    assert_eq!(order(&of(2)), expected);
}

#[test]
#[should_panic(expected = "everybody waits")]
fn a_wait_that_nothing_will_ever_end_is_a_failure_at_once() {
    World::seeded(1).block_on(std::future::pending::<()>());
}

#[test]
#[should_panic(expected = "\n  lonely")]
fn and_it_names_the_tasks_that_wait() {
    let world = World::seeded(1);
    drop(world.runtime().spawn_named(|| "lonely".to_owned(), std::future::pending()));
    world.block_on(std::future::pending::<()>());
}

#[test]
#[should_panic(expected = "these can always run: `restless`")]
fn tasks_that_never_rest_are_named_rather_than_waited_for() {
    let world = World::seeded(1).at_most(10_000);
    drop(world.runtime().spawn_named(|| "restless".to_owned(), async {
        loop {
            let_others().await;
        }
    }));
    world.settle();
}

#[test]
fn a_task_that_panics_is_reported_and_keeps_nobody_from_running() {
    let world = World::seeded(1);
    drop(world.runtime().spawn_named(|| "clumsy".to_owned(), async { panic!("on purpose") }));
    world.settle();
    let [Breach::Panic { task, text }] = &world.breaches()[..] else { panic!("no report") };
    assert_eq!((&**task, &**text), ("clumsy", "on purpose"));
    assert_eq!(world.block_on(async { 7 }), 7);
}

#[test]
fn a_failed_assertion_in_the_test_leaves_a_world_that_can_be_driven() {
    let world = World::seeded(1);
    let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        world.block_on(async { panic!("on purpose") })
    }));
    assert!(failed.is_err());
    assert_eq!(world.block_on(async { 7 }), 7);
}

#[test]
fn two_worlds_in_two_threads_do_not_influence_each_other() {
    let alone = order(&World::seeded(5));
    let threads: Vec<_> = (0..4)
        .map(|_| std::thread::spawn(|| (0..50).map(|_| order(&World::seeded(5))).collect()))
        .collect();
    for thread in threads {
        let orders: Vec<Vec<u32>> = thread.join().unwrap();
        assert!(orders.iter().all(|it| *it == alone));
    }
}

#[test]
fn what_still_runs_is_dropped_with_the_world() {
    let guard = Arc::new(());
    {
        let world = World::seeded(1);
        let held = Arc::clone(&guard);
        drop(world.runtime().spawn(async move {
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            drop(held);
        }));
        world.settle();
        assert_eq!(Arc::strong_count(&guard), 2);
    }
    assert_eq!(Arc::strong_count(&guard), 1);
}

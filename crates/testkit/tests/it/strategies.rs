//! What the strategies reach, and how soon.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use ghostlight_rt::{BoxFuture, Runtime};
use ghostlight_testkit::{Strategy, World};

use crate::support::let_others;

/// Passes a ball to and fro forty times, while a third task makes its one step: whether that step
/// came last of all.
fn stands_still(strategy: Strategy, seed: u64) -> bool {
    let world = World::with_strategy(seed, strategy);
    let (one, other) = (tokio::sync::Semaphore::new(1), tokio::sync::Semaphore::new(0));
    let balls = Arc::new((one, other));
    let is_over = Arc::new(AtomicBool::new(false));
    let (left, right) = (Arc::clone(&balls), Arc::clone(&balls));
    let over = Arc::clone(&is_over);
    drop(world.runtime().spawn(async move {
        for _ in 0..40 {
            left.0.acquire().await.unwrap().forget();
            left.1.add_permits(1);
        }
        over.store(true, Ordering::Relaxed);
    }));
    drop(world.runtime().spawn(async move {
        for _ in 0..40 {
            right.1.acquire().await.unwrap().forget();
            right.0.add_permits(1);
        }
    }));
    let came_last = Arc::new(AtomicBool::new(false));
    let (over, last) = (Arc::clone(&is_over), Arc::clone(&came_last));
    drop(world.runtime().spawn(async move {
        last.store(over.load(Ordering::Relaxed), Ordering::Relaxed);
    }));
    world.settle();
    came_last.load(Ordering::Relaxed)
}

#[test]
fn priorities_soon_let_one_task_stand_still_for_long_which_chance_hardly_ever_does() {
    let by_priorities =
        (0..30).filter(|seed| stands_still(Strategy::Priorities { changes: 0, steps: 80 }, *seed));
    assert!(by_priorities.count() >= 5);
    assert_eq!((0..300).filter(|seed| stands_still(Strategy::Random, *seed)).count(), 0);
}

/// Two tasks read, let others go first, and write: whether one of the two updates was lost.
fn loses_an_update(strategy: Strategy, seed: u64) -> bool {
    let world = World::with_strategy(seed, strategy);
    let shared = Arc::new(AtomicU32::new(0));
    for _ in 0..2 {
        let shared = Arc::clone(&shared);
        drop(world.runtime().spawn(async move {
            let read = shared.load(Ordering::Relaxed);
            let_others().await;
            shared.store(read + 1, Ordering::Relaxed);
        }));
    }
    world.settle();
    shared.load(Ordering::Relaxed) < 2
}

#[test]
fn chance_reaches_both_ends_of_a_race_within_a_few_seeds() {
    let lost = (0..20).filter(|seed| loses_an_update(Strategy::Random, *seed)).count();
    assert!((1..20).contains(&lost), "{lost} of 20");
}

/// One task yields until another, which takes ten turns, is done: within few steps, by any strategy.
fn only_yields(spawn: impl Fn(&Runtime, BoxFuture<'static, ()>)) {
    for strategy in [
        Strategy::Random,
        Strategy::RoundRobin,
        Strategy::Priorities { changes: 0, steps: 100 },
        Strategy::Priorities { changes: 5, steps: 100 },
        Strategy::Script([(1, 1), (3, 2)].into()),
    ] {
        for seed in 0..20 {
            let world = World::with_strategy(seed, strategy.clone());
            let is_done = Arc::new(AtomicBool::new(false));
            let done = Arc::clone(&is_done);
            spawn(
                world.runtime(),
                Box::pin(async move {
                    while !done.load(Ordering::Relaxed) {
                        let_others().await;
                    }
                }),
            );
            drop(world.runtime().spawn(async move {
                for _ in 0..10 {
                    let_others().await;
                }
                is_done.store(true, Ordering::Relaxed);
            }));
            world.settle();
            assert!(world.steps() < 4000, "{strategy:?}, {seed}: {} steps", world.steps());
        }
    }
}

#[test]
fn a_task_that_only_yields_keeps_no_other_from_running_whatever_the_strategy() {
    only_yields(|runtime, task| drop(runtime.spawn(task)));
}

#[test]
fn nor_does_one_whose_polls_are_blocking_work() {
    only_yields(|runtime, task| drop(runtime.spawn_on_blocking(|| "busy".to_owned(), task)));
}

#[test]
fn nor_does_one_that_has_a_thread_to_itself() {
    only_yields(|runtime, task| runtime.spawn_on_thread("busy", task));
}

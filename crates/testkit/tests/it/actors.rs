//! Actors in a world.

use std::{collections::BTreeSet, time::Duration};

use ghostlight::{Actor, ActorRef, Context, Handler, Message};
use ghostlight_testkit::World;

#[derive(Debug, Message)]
#[message(reply = u64)]
struct Add(u64);

#[derive(Debug, Message)]
struct Pass {
    to: Vec<ActorRef<Sum>>,
    hops: u32,
}

#[derive(Actor)]
#[actor(handles(Add, Pass))]
struct Sum(u64);

impl Handler<Add> for Sum {
    async fn handle(&mut self, Add(n): Add, _: &mut Context<'_, Self>) -> u64 {
        self.0 += n;
        self.0
    }
}

impl Handler<Pass> for Sum {
    async fn handle(&mut self, Pass { to, hops }: Pass, cx: &mut Context<'_, Self>) {
        if hops > 0 {
            let next = to[cx.rng().below(to.len())].clone();
            next.tell(Pass { to, hops: hops - 1 }).await.unwrap();
        }
    }
}

#[test]
fn asks_and_tells_work_in_several_systems_of_one_world() {
    let world = World::seeded(9);
    let (left, right) = (world.system("left"), world.system("right"));
    let (one, other) = (left.spawn(Sum(1)), right.spawn(Sum(10)));
    let sum = world.block_on(async {
        one.tell(Add(1)).await.unwrap();
        one.ask(Add(0)).await.unwrap() + other.ask(Add(5)).await.unwrap()
    });
    assert_eq!(sum, 17);
}

#[test]
fn blocking_work_and_threads_may_wait_for_actors_and_time_goes_on_for_them() {
    for seed in 0..20 {
        let world = World::seeded(seed);
        let (system, runtime) = (world.system("blocking"), world.runtime().clone());
        let sum = system.spawn(Sum(1));
        let (asker, sleeper) = (sum.clone(), runtime.clone());
        let work = runtime.blocking(move || {
            let asked = asker.ask(Add(1)).blocking();
            sleeper.block_on(sleeper.sleep(Duration::from_secs(3)));
            asked.map(|it| it + asker.ask(Add(1)).blocking().unwrap_or(0)).ok()
        });
        let other = sum.clone();
        runtime.thread("teller", move || other.tell(Add(0)).blocking().unwrap());
        assert_eq!(world.block_on(work), Ok(Some(5)));
        assert_eq!(world.elapsed(), Duration::from_secs(3));
        world.finish();
    }
}

#[test]
fn a_shutdown_in_a_world_takes_no_time_when_nobody_lingers() {
    let world = World::seeded(9);
    let system = world.system("short");
    let _actors: Vec<_> = (0..100).map(|_| system.spawn(Sum(0))).collect();
    let report = world.block_on(system.shutdown(Duration::from_secs(10)));
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(world.elapsed(), Duration::ZERO);
}

/// Ten balls passed around among ten actors in two systems.
pub(crate) fn balls(seed: u64) -> (u64, u64) {
    let world = World::seeded(seed);
    let (left, right) = (world.system("left"), world.system("right"));
    let actors: Vec<_> = (0..10)
        .map(|it| if it % 2 == 0 { left.spawn(Sum(0)) } else { right.spawn(Sum(0)) })
        .collect();
    for actor in &actors {
        actor.try_tell(Pass { to: actors.clone(), hops: 20 }).unwrap();
    }
    world.settle();
    (world.hash(), world.steps())
}

#[test]
fn a_thousand_runs_of_one_seed_give_one_hash() {
    let hashes: BTreeSet<_> = (0..1000).map(|_| balls(42)).collect();
    assert_eq!(hashes.len(), 1, "{hashes:?}");
}

#[test]
fn different_seeds_give_different_hashes() {
    let hashes: BTreeSet<_> = (0..100).map(|it| balls(it).0).collect();
    assert_eq!(hashes.len(), 100);
}

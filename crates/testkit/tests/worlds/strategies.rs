//! Who is started again with whom, in which order and when.

use std::time::Duration;

use ghostlight::{
    Actor, ActorRef, Backoff, ChildSpec, Context, Failure, Handler, Message, RestartWindow,
    Supervision, System,
};
use ghostlight_rt::{Instant, Runtime};
use ghostlight_testkit::{World, explore};

use crate::support::{Log, WORLDS, moment, ms};

/// One of four siblings.
struct Sibling {
    n: usize,
    starts_in: Duration,
    runtime: Runtime,
    log: Log<(usize, Instant)>,
}

#[derive(Debug, Message)]
struct Fall;

impl Actor for Sibling {
    type Protocol = (Fall,);

    async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        self.log.push((self.n, self.runtime.now()));
        cx.sleep(self.starts_in).await;
        Ok(())
    }
}

impl Handler<Fall> for Sibling {
    async fn handle(&mut self, _: Fall, cx: &mut Context<'_, Self>) {
        cx.fail::<()>(Failure::recoverable("fallen")).await;
    }
}

struct Group {
    system: System,
    siblings: Vec<ActorRef<Sibling>>,
    born: Log<(usize, Instant)>,
}

impl Group {
    fn new(
        world: &World,
        supervision: Supervision,
        starts_in: Duration,
        wait: fn(usize) -> Duration,
        spec: impl Fn(usize) -> ChildSpec,
    ) -> Self {
        let (system, born) = (world.system("groups"), Log::default());
        system.supervision(supervision);
        let siblings = (0..4).map(|n| {
            let (runtime, log) = (world.runtime().clone(), born.clone());
            let make = move || Sibling { n, starts_in, runtime: runtime.clone(), log: log.clone() };
            let backoff = Backoff::default().min(wait(n)).max(wait(n)).jitter(0.0);
            let spec = spec(n).backoff(backoff).window(RestartWindow::new(100, ms(1000)));
            system.supervise(make, spec)
        });
        let siblings = siblings.collect();
        world.advance(ms(100));
        Self { system, siblings, born }
    }

    /// Who began since the first four did, and when.
    fn again(&self) -> Vec<(usize, Instant)> {
        self.born.all().into_iter().skip(4).collect()
    }
}

#[test]
fn a_strategy_says_who_begins_again_and_they_do_in_order_after_the_wait() {
    explore(WORLDS, |world| {
        let mut rng = world.rng("group");
        let (strategy, falls) = (rng.below(3), rng.below(4));
        let strategies =
            [Supervision::one_for_one, Supervision::one_for_all, Supervision::rest_for_one];
        let group = Group::new(
            world,
            strategies[strategy](),
            Duration::ZERO,
            |_| ms(10),
            |_| ChildSpec::permanent(),
        );
        let at = world.now();
        group.siblings[falls].try_tell(Fall).unwrap();
        world.advance(ms(50));
        let who = [falls..falls + 1, 0..4, falls..4][strategy].clone();
        let expected: Vec<_> = who.map(|n| (n, at + ms(10))).collect();
        assert_eq!(group.again(), expected, "{strategy} {falls}");
    });
}

#[test]
fn a_sibling_that_is_just_starting_begins_again_with_the_others() {
    explore(WORLDS, |world| {
        let mut rng = world.rng("group");
        let group = Group::new(
            world,
            Supervision::one_for_all(),
            ms(10),
            |_| Duration::ZERO,
            |_| ChildSpec::permanent(),
        );
        let first = rng.below(4);
        group.siblings[first].try_tell(Fall).unwrap();
        // The round takes forty milliseconds; somewhere in it another one falls.
        world.advance(ms(1) + moment(&mut rng, 60));
        let up: Vec<_> = (0..4).filter(|it| *it != first).collect();
        let second = up[rng.below(3)];
        let before = group.born.len();
        let fell_at = world.now();
        _ = group.siblings[second].try_tell(Fall);
        world.advance(ms(300));
        let since: Vec<_> = group.born.all().into_iter().skip(before).map(|it| it.0).collect();
        for n in 0..4 {
            let is_new = since.contains(&n);
            assert!(
                is_new,
                "{n} does not begin again after {second} fell at {fell_at:?}: {since:?}"
            );
        }
        assert!(group.siblings.iter().all(ActorRef::is_alive));
    });
}

#[test]
fn a_rest_that_is_taken_along_takes_those_that_wait_along_and_waits_for_them() {
    explore(WORLDS, |world| {
        let mut rng = world.rng("group");
        let group = Group::new(
            world,
            Supervision::rest_for_one(),
            Duration::ZERO,
            |n| ms(if n == 3 { 50 } else { 10 }),
            |_| ChildSpec::permanent(),
        );
        let at = world.now();
        group.siblings[3].try_tell(Fall).unwrap();
        world.advance(ms(1) + moment(&mut rng, 5));
        let first = rng.below(3);
        group.siblings[first].try_tell(Fall).unwrap();
        world.advance(ms(200));
        let expected: Vec<_> = (first..4).map(|n| (n, at + ms(50))).collect();
        assert_eq!(group.again(), expected);
    });
}

#[test]
fn one_that_waits_by_itself_waits_with_the_others_once_all_are_to_begin_together() {
    explore(WORLDS, |world| {
        let mut rng = world.rng("group");
        let group = Group::new(
            world,
            Supervision::one_for_one(),
            Duration::ZERO,
            |n| ms(if n == 3 { 50 } else { 10 }),
            |_| ChildSpec::permanent(),
        );
        let at = world.now();
        group.siblings[3].try_tell(Fall).unwrap();
        world.advance(ms(1) + moment(&mut rng, 5));
        group.system.supervision(Supervision::one_for_all());
        group.siblings[rng.below(3)].try_tell(Fall).unwrap();
        world.advance(ms(200));
        let expected: Vec<_> = (0..4).map(|n| (n, at + ms(50))).collect();
        assert_eq!(group.again(), expected);
    });
}

#[test]
fn a_temporary_sibling_ends_with_the_others_and_does_not_come_back() {
    explore(WORLDS, |world| {
        let mut rng = world.rng("group");
        let temporary = rng.below(4);
        let kind =
            move |n| if n == temporary { ChildSpec::temporary() } else { ChildSpec::permanent() };
        let group = Group::new(world, Supervision::one_for_all(), Duration::ZERO, |_| ms(10), kind);
        let falls = (temporary + 1 + rng.below(3)) % 4;
        group.siblings[falls].try_tell(Fall).unwrap();
        world.advance(ms(100));
        let expected: Vec<_> = (0..4).filter(|it| *it != temporary).collect();
        let again: Vec<_> = group.again().into_iter().map(|it| it.0).collect();
        assert_eq!(again, expected);
        let alive: Vec<_> = group.siblings.iter().map(ActorRef::is_alive).collect();
        assert_eq!(alive, (0..4).map(|it| it != temporary).collect::<Vec<_>>());
    });
}

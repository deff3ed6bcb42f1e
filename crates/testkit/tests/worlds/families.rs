//! Owners and their children, and whole systems.

use std::time::Duration;

use ghostlight::{
    Actor, ActorRef, Backoff, ChildSpec, Context, Create, Failure, Handler, Message, RestartWindow,
    SpawnOptions, StopReason, Supervision, System,
};
use ghostlight_testkit::{World, explore};

use crate::support::{Fail, Log, Player, WORLDS, Work, end_of, later, moment, ms};

/// Has children, down to some level; writes down its own end when its state is dropped.
struct Parent {
    path: u64,
    levels: u64,
    log: Log<u64>,
    ends_in: Duration,
    children: Vec<ActorRef<Self>>,
}

#[derive(Debug, Message)]
#[message(reply = Vec<ActorRef<Parent>>)]
struct TheChildren;

impl Parent {
    fn new(path: u64, levels: u64, log: &Log<u64>, ends_in: Duration) -> Self {
        Self { path, levels, log: log.clone(), ends_in, children: Vec::new() }
    }
}

impl Actor for Parent {
    type Protocol = (TheChildren,);

    async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        if self.levels > 0 {
            for n in 1..4 {
                let path = self.path * 10 + n;
                let child = Self::new(path, self.levels - 1, &self.log, self.ends_in);
                let options = SpawnOptions::default().shutdown_deadline(ms(4000));
                self.children.push(cx.spawn_with(child, options));
            }
        }
        Ok(())
    }

    async fn stopped(&mut self, _: &StopReason, cx: &mut Context<'_, Self>) {
        let late = cx.spawn(Player::default());
        assert!(!late.is_alive(), "who ends has no more children");
        cx.sleep(self.ends_in).await;
    }
}

impl Drop for Parent {
    fn drop(&mut self) {
        self.log.push(self.path);
    }
}

impl Handler<TheChildren> for Parent {
    async fn handle(&mut self, _: TheChildren, _: &mut Context<'_, Self>) -> Vec<ActorRef<Self>> {
        self.children.clone()
    }
}

/// The children end before their owner, the last one first.
fn in_reverse(path: u64, levels: u64) -> Vec<u64> {
    let children = (1..4).rev().filter(|_| levels > 0);
    let below = children.flat_map(|n| in_reverse(path * 10 + n, levels - 1));
    below.chain([path]).collect()
}

fn tree(world: &World, ends_in: Duration) -> (System, ActorRef<Parent>, Log<u64>) {
    let (system, log) = (world.system("trees"), Log::default());
    let options = SpawnOptions::default().shutdown_deadline(ms(4000));
    let root = system.spawn_with(Parent::new(1, 2, &log, ends_in), options);
    world.settle();
    (system, root, log)
}

#[test]
fn in_a_tree_the_deepest_end_first_and_of_siblings_the_last_that_was_started() {
    explore(WORLDS, |world| {
        let ends_in = moment(&mut world.rng("ends"), 3);
        let (system, root, log) = tree(world, ends_in);
        root.stop();
        let end = end_of(world, &root);
        assert!(matches!(end, StopReason::Stopped(_)), "{end}");
        assert_eq!(log.all(), in_reverse(1, 2));
        assert!(system.actors().is_empty());
    });
}

#[test]
fn a_kill_reaches_the_whole_tree_also_when_it_is_ending_already() {
    explore(WORLDS, |world| {
        let mut rng = world.rng("ends");
        let (system, root, log) = tree(world, ms(1000));
        let (stops, kills) = (root.clone(), root.clone());
        later(world, moment(&mut rng, 3), move || stops.stop());
        let at = moment(&mut rng, 3);
        later(world, at, move || kills.kill());
        end_of(world, &root);
        assert_eq!(world.elapsed(), at, "who is killed waits for nothing");
        assert!(system.actors().is_empty());
        let mut all = log.all();
        all.sort_unstable();
        let mut expected = in_reverse(1, 2);
        expected.sort_unstable();
        assert_eq!(all, expected);
        // Whoever owns somebody ends after him.
        for (n, path) in log.all().iter().enumerate() {
            let later = &log.all()[n..];
            assert!(!later.iter().any(|it| it / 10 == *path), "{path} ends first: {:?}", log.all());
        }
    });
}

#[test]
fn a_child_that_waits_less_is_started_before_one_that_waits_longer() {
    explore(WORLDS, |world| {
        let (system, born, mut rng) = (world.system("clocks"), Log::default(), world.rng("waits"));
        system.supervision(Supervision::one_for_one());
        let mut waits = [ms(50), ms(20), ms(30)];
        waits.swap(0, rng.below(3));
        let children = waits.map(|wait| {
            let (born, runtime) = (born.clone(), world.runtime().clone());
            let spec = ChildSpec::permanent()
                .window(RestartWindow::new(9, ms(1000)))
                .backoff(Backoff::default().min(wait).max(wait).jitter(0.0));
            let make = move || {
                born.push((wait, runtime.now()));
                Player::default()
            };
            (wait, system.supervise(make, spec))
        });
        world.settle();
        let begun = world.now();
        let mut expected = Vec::new();
        for (n, (wait, child)) in children.iter().enumerate() {
            let at = ms(n as u64) + moment(&mut rng, 2);
            expected.push((*wait, begun + at + *wait));
            let child = child.clone();
            later(world, at, move || child.try_tell(Fail(Duration::ZERO)).unwrap());
        }
        world.advance(ms(200));
        expected.sort();
        let mut again: Vec<_> = born.all().into_iter().skip(3).collect();
        again.sort();
        assert_eq!(again, expected);
    });
}

#[test]
fn a_system_ends_the_actors_that_were_spawned_last_first() {
    explore(WORLDS, |world| {
        let (system, log) = (world.system("rows"), Log::default());
        let ends_in = moment(&mut world.rng("ends"), 3);
        let _row: Vec<_> = (1..5).map(|n| system.spawn(Parent::new(n, 0, &log, ends_in))).collect();
        world.settle();
        let report = world.block_on(system.shutdown(ms(10_000)));
        assert!(report.is_clean(), "{report}");
        assert_eq!(log.all(), [4, 3, 2, 1]);
    });
}

/// Stops itself, and then has a child all the same.
#[derive(Actor)]
#[actor(handles(TooLate))]
struct Stubborn;

#[derive(Debug, Message)]
struct TooLate(Log<bool>);

impl Handler<TooLate> for Stubborn {
    async fn handle(&mut self, TooLate(log): TooLate, cx: &mut Context<'_, Self>) {
        cx.stop();
        log.push(cx.spawn(Player::default()).is_alive());
    }
}

#[test]
fn an_actor_that_was_told_to_end_has_no_more_children() {
    explore(WORLDS, |world| {
        let (log, stubborn) = (Log::default(), world.system("late").spawn(Stubborn));
        stubborn.try_tell(TooLate(log.clone())).unwrap();
        end_of(world, &stubborn);
        assert_eq!(log.all(), [false]);
    });
}

/// Owns one child that comes back, and one that takes its time to end.
struct Leaving {
    born: Log<()>,
    children: Log<ActorRef<Player>>,
}

impl Actor for Leaving {
    type Protocol = ();

    async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        let born = self.born.clone();
        let make = move || {
            born.push(());
            Player::default()
        };
        let backoff = Backoff::default().min(ms(3)).max(ms(3)).jitter(0.0);
        let spec = ChildSpec::permanent().backoff(backoff);
        self.children.push(cx.supervise_with(make, spec));
        let options = SpawnOptions::default().shutdown_deadline(ms(5));
        self.children.push(cx.spawn_with(Player::default(), options));
        Ok(())
    }
}

#[test]
fn while_an_owner_ends_no_child_comes_back_and_one_that_is_stuck_is_killed_in_its_time() {
    explore(WORLDS, |world| {
        let (born, children) = (Log::default(), Log::default());
        let mut rng = world.rng("ends");
        let owner = Leaving { born: born.clone(), children: children.clone() };
        let owner = world.system("leaving").spawn(owner);
        world.settle();
        let [fragile, stuck] = &children.all()[..] else { panic!("it has two") };
        stuck.try_tell(Work(1, ms(60_000))).unwrap();
        world.settle();
        let (fails, fails_at, ends_at) =
            (fragile.clone(), moment(&mut rng, 4), moment(&mut rng, 8));
        later(world, fails_at, move || _ = fails.try_tell(Fail(Duration::ZERO)));
        let ends = owner.clone();
        later(world, ends_at, move || ends.stop());
        end_of(world, &owner);
        assert_eq!(world.elapsed(), ends_at + ms(5), "who is stuck is cut in its time");
        // At the moment at which its wait is over, it may be first.
        let comes_back_at = fails_at + ms(3);
        if comes_back_at != ends_at {
            assert_eq!(born.len(), 1 + usize::from(comes_back_at < ends_at));
        }
    });
}

/// Takes its time to come into being.
struct Slow;

impl Actor for Slow {
    type Protocol = ();
}

impl Create for Slow {
    type Args = ();

    async fn create((): ()) -> Result<Self, Failure> {
        tokio::time::sleep(ms(5)).await;
        Ok(Self)
    }
}

#[test]
fn an_actor_that_is_told_to_end_while_it_is_made_ends_at_once() {
    explore(WORLDS, |world| {
        let mut rng = world.rng("ends");
        let slow = world.system("slow").create::<Slow>(());
        let (ends, at, way) = (slow.clone(), moment(&mut rng, 8), rng.below(2));
        later(world, at, move || if way == 0 { ends.stop() } else { ends.kill() });
        end_of(world, &slow);
        assert_eq!(world.elapsed(), at);
    });
}

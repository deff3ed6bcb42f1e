//! Timers: when they come, and when no more.

use std::time::Duration;

use ghostlight::{
    Actor, ActorRef, Backoff, ChildSpec, Context, DrainBudget, Handler, Message, System,
};
use ghostlight_rt::Instant;
use ghostlight_testkit::{World, explore};

use crate::support::{Log, WORLDS, later, moment, ms};

/// Writes down when its ticks come.
struct Clock {
    ticks: Log<(u64, Instant)>,
    /// How long each tick takes it.
    takes: Duration,
}

#[derive(Clone, Debug, Message)]
struct Tick(u64);

#[derive(Clone, Copy, Debug, Message)]
enum Set {
    /// A timer that comes once, after so long, under this number.
    Once(u64, Duration),
    /// One of this name, in place of any before it.
    Named(u64, Duration),
    Every(u64, Duration),
    Idle(u64, Duration),
    /// Ends what has the name.
    Cancel,
    Fail,
    Work(Duration),
}

impl Actor for Clock {
    type Protocol = (Set, Tick);
}

impl Handler<Tick> for Clock {
    async fn handle(&mut self, Tick(n): Tick, cx: &mut Context<'_, Self>) {
        self.ticks.push((n, cx.now()));
        if !self.takes.is_zero() {
            cx.sleep(self.takes).await;
        }
    }
}

impl Handler<Set> for Clock {
    async fn handle(&mut self, set: Set, cx: &mut Context<'_, Self>) {
        match set {
            Set::Once(n, after) => drop(cx.after(after, Tick(n))),
            Set::Named(n, after) => drop(cx.after(after, Tick(n)).named("it")),
            Set::Every(n, period) => drop(cx.every(period, Tick(n)).named("it")),
            Set::Idle(n, after) => cx.idle_after(after, Tick(n)),
            Set::Cancel => cx.cancel_timer("it"),
            Set::Fail => panic!("on purpose"),
            Set::Work(time) => cx.sleep(time).await,
        }
    }
}

struct Trial {
    system: System,
    clock: ActorRef<Clock>,
    ticks: Log<(u64, Instant)>,
    begun: Instant,
}

fn trial(world: &World, takes: Duration) -> Trial {
    let (system, ticks) = (world.system("timers"), Log::default());
    let made = ticks.clone();
    let spec = ChildSpec::permanent().backoff(Backoff::none());
    let clock = system.supervise(move || Clock { ticks: made.clone(), takes }, spec);
    world.settle();
    Trial { system, clock, ticks, begun: world.now() }
}

impl Trial {
    fn set(&self, set: Set) {
        self.clock.try_tell(set).unwrap();
    }

    fn came(&self) -> Vec<(u64, Duration)> {
        self.ticks.all().into_iter().map(|(n, at)| (n, at - self.begun)).collect()
    }
}

#[test]
fn each_timer_comes_when_it_is_due_whatever_was_set_before_it() {
    explore(WORLDS, |world| {
        let (trial, mut rng) = (trial(world, Duration::ZERO), world.rng("timers"));
        let mut expected = Vec::new();
        for n in 0..6 {
            let (at, after) = (moment(&mut rng, 5), ms(1) + moment(&mut rng, 20));
            let clock = trial.clock.clone();
            later(world, at, move || clock.try_tell(Set::Once(n, after)).unwrap());
            expected.push((n, at + after));
        }
        world.advance(ms(50));
        let mut came = trial.came();
        came.sort();
        assert_eq!(came, expected);
    });
}

#[test]
fn a_timer_that_repeats_keeps_its_rhythm_however_late_its_ticks_are_taken() {
    explore(WORLDS, |world| {
        let takes = world.rng("takes").below(8) as u64;
        let trial = trial(world, ms(takes));
        trial.set(Set::Every(0, ms(10)));
        world.settle();
        trial.set(Set::Work(ms(13)));
        world.advance(ms(105));
        // The first is late, because a turn was going on; the others are not.
        let came: Vec<_> = trial.came().into_iter().skip(1).map(|it| it.1).collect();
        let late = ms(13 + takes).max(ms(20));
        let expected: Vec<_> = (2..=10).map(|n| if n == 2 { late } else { ms(10 * n) }).collect();
        assert_eq!(came, expected);
        trial.set(Set::Cancel);
    });
}

#[test]
fn a_timer_takes_the_place_of_its_namesake_and_one_that_is_cancelled_does_not_come() {
    explore(WORLDS, |world| {
        let (trial, mut rng) = (trial(world, Duration::ZERO), world.rng("timers"));
        trial.set(Set::Named(1, ms(5)));
        world.settle();
        let at = moment(&mut rng, 10);
        let cancels = rng.below(2) == 0;
        // The actor is in a turn when the timer is due, so that the tick waits for its end.
        let (works, clock) = (trial.clock.clone(), trial.clock.clone());
        later(world, ms(3), move || works.try_tell(Set::Work(ms(4))).unwrap());
        later(world, at, move || {
            let set = if cancels { Set::Cancel } else { Set::Named(2, ms(20)) };
            clock.tell(set).priority(ghostlight::Priority::Critical).now().unwrap();
        });
        world.advance(ms(100));
        let came: Vec<_> = trial.came();
        let first = came.iter().filter(|it| it.0 == 1).count();
        // Until seven it is in its turn, and then what is critical goes first.
        assert!(first == usize::from(at > ms(7)) || at == ms(7), "{at:?}: {came:?}");
        let second: Vec<_> = came.into_iter().filter(|it| it.0 == 2).collect();
        let set_at = if (ms(3)..ms(7)).contains(&at) { ms(7) } else { at };
        match cancels {
            true => assert!(second.is_empty()),
            false if at == ms(3) => assert_eq!(second.len(), 1),
            false => assert_eq!(second, [(2, set_at + ms(20))]),
        }
    });
}

#[test]
fn a_timer_ends_with_its_incarnation() {
    explore(WORLDS, |world| {
        let (trial, mut rng) = (trial(world, Duration::ZERO), world.rng("timers"));
        trial.set(Set::Every(0, ms(10)));
        trial.set(Set::Once(1, ms(35)));
        let at = ms(1) + moment(&mut rng, 30);
        let clock = trial.clock.clone();
        later(world, at, move || clock.try_tell(Set::Fail).unwrap());
        world.advance(ms(100));
        assert!(trial.came().iter().all(|it| it.1 <= at), "{at:?}: {:?}", trial.came());
        assert!(trial.clock.is_alive());
    });
}

#[test]
fn an_actor_is_idle_when_it_has_handled_nothing_for_so_long_and_not_while_it_works() {
    explore(WORLDS, |world| {
        let (trial, mut rng) = (trial(world, Duration::ZERO), world.rng("timers"));
        trial.set(Set::Idle(9, ms(10)));
        world.settle();
        let (mut quiet_since, mut at) = (Duration::ZERO, Duration::ZERO);
        let mut expected = Vec::new();
        for _ in 0..5 {
            let pause = ms(1) + moment(&mut rng, 15);
            at += pause;
            while quiet_since + ms(10) < at {
                quiet_since += ms(10);
                expected.push((9, quiet_since));
            }
            if quiet_since + ms(10) == at {
                // Nobody can say which comes first.
                at += ms(1);
                quiet_since += ms(10);
                expected.push((9, quiet_since));
            }
            let takes = moment(&mut rng, 30);
            let clock = trial.clock.clone();
            later(world, at, move || clock.try_tell(Set::Work(takes)).unwrap());
            at += takes;
            quiet_since = at;
        }
        world.advance(at + ms(5));
        assert_eq!(trial.came(), expected);
        trial.clock.kill();
    });
}

#[test]
fn an_actor_that_drains_is_ticked_no_more() {
    explore(WORLDS, |world| {
        let (trial, mut rng) = (trial(world, Duration::ZERO), world.rng("timers"));
        trial.set(Set::Every(0, ms(2)));
        trial.set(Set::Work(ms(20)));
        trial.set(Set::Work(ms(20)));
        let at = ms(1) + moment(&mut rng, 30);
        let clock = trial.clock.clone();
        later(world, at, move || clock.drain(DrainBudget::default()));
        world.advance(ms(200));
        let came = trial.came();
        assert!(came.len() <= 1, "{at:?}: {came:?}");
        assert!(!trial.clock.is_alive() || trial.system.actors().len() == 1);
    });
}

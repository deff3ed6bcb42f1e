//! Orders to end, and what an actor does about them.

use std::time::Duration;

use ghostlight::{
    Actor, ActorRef, Context, DeadReason, DrainBudget, Failure, Handler, Message, SpawnOptions,
    Status, StopReason,
};
use ghostlight_testkit::{World, explore};

use crate::support::{Log, Note, Player, WORLDS, Work, bid, dead_notes, end_of, later, moment, ms};

fn player(log: &Log<u64>) -> Player {
    Player { log: log.clone(), ..Player::default() }
}

#[test]
fn a_kill_cuts_the_running_handler_and_a_stop_lets_it_finish_before_anything_else() {
    explore(WORLDS, |world| {
        let (log, mut rng) = (Log::default(), world.rng("orders"));
        let player = world.system("lives").spawn(player(&log));
        for n in 0..10 {
            player.try_tell(Work(n, ms(4))).unwrap();
        }
        let (at, is_kill) = (1 + rng.below(35) as u64, rng.below(2) == 0);
        world.advance(ms(at));
        // At a moment when one ends and the next begins, it is the next that runs.
        let handled = at / 4;
        if is_kill {
            player.kill();
        } else {
            player.stop();
        }
        end_of(world, &player);
        let (expected, when) = if is_kill { (handled, at) } else { (handled + 1, handled * 4 + 4) };
        assert_eq!((log.len() as u64, world.elapsed()), (expected, ms(when)));
    });
}

#[test]
fn of_several_orders_the_strongest_stands() {
    explore(WORLDS, |world| {
        let mut rng = world.rng("orders");
        let player = world.system("lives").spawn(Player::default());
        player.try_tell(Work(0, ms(20))).unwrap();
        player.try_tell(Work(1, ms(1))).unwrap();
        world.settle();
        let mut strongest = 0;
        for _ in 0..3 {
            let order = 1 + rng.below(3);
            strongest = strongest.max(order);
            match order {
                1 => player.drain(DrainBudget::default()),
                2 => player.stop(),
                _ => player.kill(),
            }
        }
        let end = end_of(world, &player);
        assert_eq!(matches!(end, StopReason::Killed), strongest == 3, "{end}");
        let expected = [ms(21), ms(20), Duration::ZERO][strongest - 1];
        assert_eq!(world.elapsed(), expected);
    });
}

#[test]
fn a_drain_handles_what_it_may_and_the_rest_are_dead_letters_in_order() {
    explore(WORLDS, |world| {
        let (system, log, mut rng) = (world.system("lives"), Log::default(), world.rng("drain"));
        let mut letters = system.dead_letters(1000);
        let options = SpawnOptions::default().throughput(1 + rng.below(40) as u32);
        let player = system.spawn_with(player(&log), options);
        let before = rng.below(5) as u64;
        (0..before).for_each(|n| player.try_tell(Note(n)).unwrap());
        world.settle();
        let waiting = 1 + rng.below(10) as u64;
        let budget = rng.below(12) as u64;
        if rng.below(2) == 0 {
            // It is at rest, or in a turn, when it is told.
            player.try_tell(Work(99, ms(1))).unwrap();
            world.settle();
        }
        (before..before + waiting).for_each(|n| player.try_tell(Note(n)).unwrap());
        player.drain(DrainBudget::default().messages(budget));
        assert!(player.try_tell(Note(1000)).is_err(), "the door is shut");
        end_of(world, &player);
        let handled = before + waiting.min(budget);
        let notes: Vec<_> = log.all().into_iter().filter(|it| *it != 99).collect();
        let is_in_turn = notes.len() < log.len();
        let dead: Vec<_> = dead_notes(&mut letters).into_iter().map(|it| it.0).collect();
        let all: Vec<_> = notes.iter().chain(&dead).copied().collect();
        assert_eq!(all, (0..before + waiting).collect::<Vec<_>>());
        assert_eq!(notes.len() as u64, handled, "in a turn: {is_in_turn}");
    });
}

#[test]
fn a_drain_that_is_out_of_time_ends_with_the_turn_that_runs() {
    explore(WORLDS, |world| {
        let (log, mut rng) = (Log::default(), world.rng("drain"));
        let options = SpawnOptions::default().shutdown_deadline(ms(10));
        let player = world.system("lives").spawn_with(player(&log), options);
        (0..10).for_each(|n| player.try_tell(Work(n, ms(4))).unwrap());
        let time = rng.below(30) as u64;
        player.drain(DrainBudget::default().time(ms(time)));
        end_of(world, &player);
        assert!(world.elapsed() <= ms(time + 4), "{:?} of {time}", world.elapsed());
    });
}

/// Has hooks that take their time, and may be told to wait within a turn.
struct Guest {
    log: Log<(&'static str, Duration)>,
    world: ghostlight_rt::Runtime,
    starts_in: Duration,
    ends_in: Duration,
}

/// Waits for so long, or until it is told to end.
#[derive(Debug, Message)]
enum Wait {
    For(Duration),
    ForTheEnd,
    /// Told to end by itself, before it waits.
    AfterTheEnd,
}

impl Guest {
    fn note(&self, what: &'static str) {
        self.log.push((what, self.world.now() - ghostlight_rt::Instant::ORIGIN));
    }
}

impl Actor for Guest {
    type Protocol = (Wait,);

    async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        cx.sleep(self.starts_in).await;
        self.note("started");
        Ok(())
    }

    async fn stopped(&mut self, _: &StopReason, cx: &mut Context<'_, Self>) {
        self.note("stopping");
        cx.sleep(self.ends_in).await;
        self.note("stopped");
    }
}

impl Handler<Wait> for Guest {
    async fn handle(&mut self, wait: Wait, cx: &mut Context<'_, Self>) {
        match wait {
            Wait::For(time) => cx.sleep(time).await,
            Wait::ForTheEnd => cx.cancelled().await,
            Wait::AfterTheEnd => {
                cx.me().stop();
                cx.sleep(ms(50_000)).await;
            }
        }
        self.note("waited");
    }
}

fn guest(
    world: &World,
    starts_in: Duration,
    ends_in: Duration,
) -> (ActorRef<Guest>, Log<(&'static str, Duration)>) {
    let log = Log::default();
    let guest = Guest { log: log.clone(), world: world.runtime().clone(), starts_in, ends_in };
    let options = SpawnOptions::default().shutdown_deadline(ms(30));
    (world.system("inn").spawn_with(guest, options), log)
}

#[test]
fn a_handler_has_the_time_it_was_given_and_its_actor_cleans_up_once_after_it() {
    explore(WORLDS, |world| {
        let mut rng = world.rng("guest");
        let (starts_in, ends_in) = (moment(&mut rng, 3), moment(&mut rng, 3));
        let (guest, log) = guest(world, starts_in, ends_in);
        let takes = 20 + rng.below(40) as u64;
        guest.try_tell(Wait::For(ms(takes))).unwrap();
        world.advance(starts_in + ms(10));
        guest.stop();
        end_of(world, &guest);
        // Ten milliseconds were over when it was told, and it has thirty more.
        let ran = starts_in + ms(takes.min(40));
        let mut expected = vec![("started", starts_in)];
        expected.extend((takes < 40).then_some(("waited", ran)));
        expected.extend([("stopping", ran), ("stopped", ran + ends_in)]);
        let told: Vec<_> =
            log.all().into_iter().filter(|it| takes != 40 || it.0 != "waited").collect();
        assert_eq!(told, expected);
    });
}

#[test]
fn a_handler_that_heeds_the_end_is_told_at_once_and_one_that_does_not_is_cut_in_time() {
    explore(WORLDS, |world| {
        let mut rng = world.rng("guest");
        let (guest, log) = guest(world, Duration::ZERO, Duration::ZERO);
        let (at, heeds) = (ms(1) + moment(&mut rng, 3), rng.below(2) == 0);
        let (to, stops) = (guest.clone(), guest.clone());
        later(world, at, move || {
            to.try_tell(if heeds { Wait::ForTheEnd } else { Wait::AfterTheEnd }).unwrap();
        });
        later(world, at + ms(1), move || {
            if heeds {
                stops.stop();
            }
        });
        end_of(world, &guest);
        let expected = if heeds { at + ms(1) } else { at + ms(30) };
        let ended: Vec<_> = log.all().into_iter().skip(1).collect();
        let waited = heeds.then_some(("waited", expected));
        let stopped = [("stopping", expected), ("stopped", expected)];
        assert_eq!(ended, waited.into_iter().chain(stopped).collect::<Vec<_>>());
    });
}

#[test]
fn a_status_only_goes_forward_and_who_waits_for_a_start_or_an_end_hears_of_it() {
    explore(WORLDS, |world| {
        let mut rng = world.rng("guest");
        let (guest, _) = guest(world, moment(&mut rng, 4), moment(&mut rng, 4));
        guest.try_tell(Wait::For(ms(5))).unwrap();
        let told = Log::default();
        for n in 0..4 {
            let (guest, told) = (guest.clone(), told.clone());
            drop(world.runtime().spawn(async move {
                match n % 2 {
                    0 => drop(guest.wait_started().await),
                    _ => drop(guest.wait_stopped().await),
                }
                told.push(n);
            }));
        }
        let (stops, at) = (guest.clone(), moment(&mut rng, 10));
        later(world, at, move || stops.stop());
        let (mut before, mut was_told) = (0, false);
        for _ in 0..400 {
            if !world.step() && world.advance_to_next().is_none() {
                break;
            }
            was_told |= at < world.elapsed();
            let now = match guest.status() {
                Status::Starting => 0,
                Status::Running => 1,
                Status::Stopping => 2,
                _ => 3,
            };
            assert!(before <= now, "it goes from {before} to {now}");
            assert!(now >= 2 || !was_told, "it was told to end");
            before = now;
        }
        assert_eq!(told.len(), 4, "somebody still waits");
    });
}

#[test]
fn what_waits_when_an_actor_ends_is_a_dead_letter_once_with_the_reason_and_in_a_count() {
    explore(WORLDS, |world| {
        let (system, mut rng) = (world.system("lives"), world.rng("ends"));
        let mut letters = system.dead_letters(1000);
        let player = system.spawn(Player::default());
        player.try_tell(Work(99, ms(3))).unwrap();
        let n = rng.below(6) as u64;
        (0..n).for_each(|n| player.try_tell(Note(n)).unwrap());
        let reason = match rng.below(3) {
            0 => {
                player.kill();
                DeadReason::Killed
            }
            1 => {
                player.stop();
                DeadReason::Stopped
            }
            _ => {
                assert!(system.inject_failure(player.id(), Failure::recoverable("on purpose")));
                DeadReason::Failed
            }
        };
        end_of(world, &player);
        let dead = dead_notes(&mut letters);
        assert_eq!(dead, (0..n).map(|it| (it, reason)).collect::<Vec<_>>());
        assert!(system.counters().conserves(), "{}", system.counters());
        assert!((n..=n + 1).contains(&system.counters().dead), "{}", system.counters());
    });
}

#[test]
fn an_actor_that_is_to_end_with_its_last_ref_does_so_after_what_was_sent_to_it() {
    explore(WORLDS, |world| {
        let (log, mut rng) = (Log::default(), world.rng("refs"));
        let system = world.system("lives");
        let options = SpawnOptions::default().stop_when_unreferenced();
        let player = system.spawn_with(player(&log), options);
        let id = player.id();
        for n in 0..3 {
            let player = player.clone();
            later(world, moment(&mut rng, 4), move || player.try_tell(Work(n, ms(1))).unwrap());
        }
        bid(&player, |_, _| ());
        drop(player);
        world.advance(ms(20));
        assert_eq!(log.len(), 3);
        assert!(system.actors().iter().all(|it| it.id != id), "nobody refers to it");
    });
}

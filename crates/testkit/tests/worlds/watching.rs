//! Notices of ends and restarts, and links.

use std::time::Duration;

use ghostlight::{
    Actor, ActorId, ActorRef, Backoff, ChildSpec, Context, Handler, Message, RestartWindow,
    Restarted, StopReason, Terminated,
};
use ghostlight_testkit::explore;

use crate::support::{Fail, Log, Note, Player, WORLDS, Work, bid, end_of, later, moment, ms};

fn end(player: &ActorRef<Player>, way: usize) {
    match way {
        0 => player.stop(),
        1 => player.kill(),
        _ => _ = player.try_tell(Fail(Duration::ZERO)),
    }
}

#[test]
fn each_watcher_hears_of_an_end_once_however_the_two_race_and_who_takes_it_back_does_not() {
    explore(WORLDS, |world| {
        let (system, mut rng) = (world.system("watch"), world.rng("race"));
        let target = system.spawn(Player::default());
        let (ends_at, way) = (moment(&mut rng, 4), rng.below(3));
        let mut watchers = Vec::new();
        for _ in 0..4 {
            let ends = Log::default();
            let watcher = system.spawn(Player { ends: ends.clone(), ..Player::default() });
            let (watched, times) = (target.clone(), 1 + rng.below(2));
            for _ in 0..times {
                let (watcher, watched) = (watcher.clone(), watched.clone());
                let watch = move || bid(&watcher, move |_, cx| cx.watch(&watched));
                later(world, moment(&mut rng, 5), watch);
            }
            watchers.push((watcher, ends, times));
        }
        let ending = target.clone();
        later(world, ends_at, move || end(&ending, way));
        world.advance(ms(20));
        for (_, ends, times) in &watchers {
            let ends = ends.all();
            // Who watches again after the notice is told again, of an actor that is no more.
            assert!((1..=*times).contains(&ends.len()), "{ends:?}");
            assert!(ends.iter().all(|it| it.id == target.id()), "{ends:?}");
            let is_failure = ends.iter().all(|it| it.why.is_failure());
            assert_eq!(is_failure, way == 2 || way == 1 && is_failure, "{ends:?}");
            assert!(*times > 1 || ends.len() == 1);
        }
    });
}

/// Watches, and thinks better of it.
struct Fickle(Log<ActorId>);

#[derive(Debug, Message)]
enum Attend {
    Watch(ActorRef<Player>),
    /// After so long; writes down how many ends it was told of by then.
    Unwatch(ActorId, Duration, Log<usize>),
}

impl Actor for Fickle {
    type Protocol = (Attend, Terminated);
}

impl Handler<Attend> for Fickle {
    async fn handle(&mut self, it: Attend, cx: &mut Context<'_, Self>) {
        match it {
            Attend::Watch(player) => cx.watch(&player),
            Attend::Unwatch(id, after, told) => {
                cx.sleep(after).await;
                cx.unwatch(id);
                told.push(self.0.len());
            }
        }
    }
}

impl Handler<Terminated> for Fickle {
    async fn handle(&mut self, end: Terminated, _: &mut Context<'_, Self>) {
        self.0.push(end.id);
    }
}

#[test]
fn a_notice_that_its_watcher_takes_back_before_it_has_come_does_not_come() {
    explore(WORLDS, |world| {
        let (system, mut rng) = (world.system("watch"), world.rng("race"));
        let (target, ends, told) =
            (system.spawn(Player::default()), Log::default(), Log::default());
        let fickle = system.spawn(Fickle(ends.clone()));
        fickle.try_tell(Attend::Watch(target.clone())).unwrap();
        world.settle();
        let unwatch = Attend::Unwatch(target.id(), moment(&mut rng, 3), told.clone());
        later(world, moment(&mut rng, 3), move || fickle.try_tell(unwatch).unwrap());
        // Before that, or while it sleeps on it, or after.
        let way = rng.below(3);
        later(world, moment(&mut rng, 5), move || end(&target, way));
        world.advance(ms(20));
        assert_eq!(told.all(), [ends.len()], "it comes after it was taken back");
    });
}

#[test]
fn a_notice_goes_before_the_messages_that_wait() {
    explore(WORLDS, |world| {
        let (system, mut rng) = (world.system("watch"), world.rng("race"));
        let target = system.spawn(Player::default());
        let (ends, log) = (Log::default(), Log::default());
        let watcher = system.spawn(Player { ends: ends.clone(), log: log.clone() });
        let watched = target.clone();
        bid(&watcher, move |_, cx| cx.watch(&watched));
        world.settle();
        (0..10).for_each(|n| watcher.try_tell(Work(n, ms(2))).unwrap());
        let at = rng.below(15) as u64;
        later(world, ms(at), move || target.stop());
        while ends.len() == 0 {
            assert!(world.step() || world.advance_to_next().is_some(), "it is never told");
        }
        let n = log.len() as u64;
        assert!(n <= at / 2 + 1, "{n} messages went first, told at {at}");
        world.advance(ms(50));
    });
}

#[test]
fn linked_actors_share_a_failure_whichever_fails_and_nothing_else() {
    explore(WORLDS, |world| {
        let (system, mut rng) = (world.system("links"), world.rng("race"));
        let pair = [0, 1].map(|_| system.spawn(Player::default()));
        let (links, other) = (pair[0].clone(), pair[1].clone());
        let (links_at, ends_at) = (moment(&mut rng, 3), moment(&mut rng, 3));
        later(world, links_at, move || _ = links.tell(link(other)).now());
        let unlinks = rng.below(3) == 0;
        if unlinks {
            let (who, other) = (pair[0].clone(), pair[1].clone());
            later(world, ms(3), move || bid(&who, move |_, cx| cx.unlink(&other)));
        }
        let ends_at = if unlinks { ms(4) } else { ends_at };
        let (who, way) = (rng.below(2), rng.below(3));
        let ending = pair[who].clone();
        later(world, ends_at, move || end(&ending, way));
        world.advance(ms(20));
        assert!(!pair[who].is_alive());
        // One that has ended before it could link has no link.
        let is_linked = !unlinks && (links_at < ends_at || who == 1);
        if links_at == ends_at && who == 0 {
            return;
        }
        let takes_along = is_linked && way != 0;
        assert_eq!(pair[1 - who].is_alive(), !takes_along, "{who} {way} {unlinks}");
        if takes_along {
            let why = end_of(world, &pair[1 - who]);
            assert!(matches!(why, StopReason::Linked(_)), "{why}");
        }
    });
}

fn link(other: ActorRef<Player>) -> crate::support::Do {
    crate::support::Do::what(move |_, cx| cx.link(&other))
}

/// Hears of restarts, and of nothing else.
struct Chronicler(Log<u32>);

#[derive(Debug, Message)]
enum Chronicle {
    Watch(ActorRef<Player>),
    Rest(Duration),
}

impl Actor for Chronicler {
    type Protocol = (Chronicle, Restarted);
}

impl Handler<Chronicle> for Chronicler {
    async fn handle(&mut self, it: Chronicle, cx: &mut Context<'_, Self>) {
        match it {
            Chronicle::Watch(player) => cx.watch_restarts(&player),
            Chronicle::Rest(time) => cx.sleep(time).await,
        }
    }
}

impl Handler<Restarted> for Chronicler {
    async fn handle(&mut self, it: Restarted, _: &mut Context<'_, Self>) {
        self.0.push(it.incarnation);
    }
}

#[test]
fn who_is_slow_hears_of_the_last_restart_only_and_who_is_quick_of_each() {
    explore(WORLDS, |world| {
        let (system, log, mut rng) = (world.system("restarts"), Log::default(), world.rng("rest"));
        let spec = ChildSpec::permanent()
            .window(RestartWindow::new(100, ms(1000)))
            .backoff(Backoff::none());
        let player = system.supervise(Player::default, spec);
        let chronicler = system.spawn(Chronicler(log.clone()));
        chronicler.try_tell(Chronicle::Watch(player.clone())).unwrap();
        world.settle();
        let mut expected = Vec::new();
        let mut incarnation = 0;
        for _ in 0..4 {
            chronicler.try_tell(Chronicle::Rest(ms(5))).unwrap();
            world.settle();
            for _ in 0..rng.below(4) {
                player.try_tell(Fail(Duration::ZERO)).unwrap();
                world.settle();
                incarnation += 1;
                if expected.last() != Some(&incarnation) {
                    expected.push(incarnation);
                }
            }
            // Of those it slept through, the last.
            let slept_through = expected.len() - log.len();
            if slept_through > 1 {
                expected.drain(log.len()..expected.len() - 1);
            }
            world.advance(ms(10));
            assert_eq!(log.all(), expected);
        }
        player.try_tell(Note(1)).unwrap();
    });
}

#[test]
fn an_end_is_told_with_its_reason_also_to_who_watches_an_actor_that_has_gone() {
    explore(WORLDS, |world| {
        let (system, mut rng) = (world.system("watch"), world.rng("race"));
        let target = system.spawn(Player::default());
        let way = rng.below(3);
        end(&target, way);
        world.settle();
        let ends = Log::default();
        let watcher = system.spawn(Player { ends: ends.clone(), ..Player::default() });
        let is_by_id = rng.below(2) == 0;
        let watched = target.clone();
        bid(&watcher, move |_, cx| match is_by_id {
            true => cx.watch_id(watched.id()),
            false => cx.watch(&watched),
        });
        world.settle();
        let [end] = &ends.all()[..] else { panic!("it is told once: {:?}", ends.all()) };
        let knows = match way {
            0 => matches!(end.why, StopReason::Stopped(_)),
            1 => matches!(end.why, StopReason::Killed),
            _ => matches!(end.why, StopReason::Failed(_)),
        };
        assert!(knows || is_by_id, "{}", end.why);
        assert_eq!(end.id, target.id());
    });
}

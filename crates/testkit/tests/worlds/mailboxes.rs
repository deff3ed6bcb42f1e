//! Room in a mailbox, and who waits for it.

use std::time::Duration;

use ghostlight::{
    ActorRef, Capacity, MailboxOptions, Priority, Refused, SpawnOptions, System, TellError,
};
use ghostlight_rt::{Rng, Runtime};
use ghostlight_testkit::{World, explore};

use crate::support::{Log, Note, Player, WORLDS, Work, bid, end_of, later, ms};

const ROOM: usize = 3;

fn narrow(system: &System, log: &Log<u64>) -> ActorRef<Player> {
    let player = Player { log: log.clone(), ..Player::default() };
    let mailbox = MailboxOptions::wait(Capacity::of::<{ ROOM as u32 }>());
    system.spawn_with(player, SpawnOptions::default().mailbox(mailbox))
}

/// Somebody who sends, now patiently and now not; gives what was accepted.
async fn sender(
    to: ActorRef<Player>,
    who: u64,
    runtime: Runtime,
    mut rng: Rng,
    accepted: Log<u64>,
) {
    for n in 0..6 {
        let (n, takes) = (who * 100 + n, ms(rng.below(3) as u64));
        let patience = ms(rng.below(5) as u64);
        let told = match rng.below(4) {
            0 => to.try_tell(Work(n, takes)).is_ok(),
            1 => to.tell(Work(n, takes)).within(patience).await.is_ok(),
            // Dropped in the line, if it comes to that.
            2 => matches!(
                tokio::time::timeout(patience, to.tell(Work(n, takes)).into_future()).await,
                Ok(Ok(()))
            ),
            _ => to.tell(Work(n, takes)).await.is_ok(),
        };
        if told {
            accepted.push(n);
        }
        assert!(
            to.mailbox_len() <= ROOM,
            "{} wait where there is room for {ROOM}",
            to.mailbox_len()
        );
        runtime.sleep(ms(rng.below(3) as u64)).await;
    }
}

#[test]
fn whoever_waits_for_room_is_let_in_and_what_is_accepted_is_handled_once_in_its_senders_order() {
    explore(WORLDS, |world| {
        let (system, log, accepted) = (world.system("narrow"), Log::default(), Log::default());
        let done = Log::default();
        let (player, runtime) = (narrow(&system, &log), world.runtime().clone());
        for who in 1..7 {
            let rng = world.rng(&format!("sender {who}"));
            let sends = sender(player.clone(), who, runtime.clone(), rng, accepted.clone());
            let done = done.clone();
            drop(world.runtime().spawn(async move {
                sends.await;
                done.push(who);
            }));
        }
        world.advance(Duration::from_secs(2));
        assert_eq!(done.len(), 6, "somebody waits for ever");
        for who in 1..7 {
            let of =
                |it: &Log<u64>| it.all().into_iter().filter(|n| n / 100 == who).collect::<Vec<_>>();
            assert_eq!(of(&log), of(&accepted), "what one sender sent, in order");
        }
        // All its places are free again.
        bid(&player, |_, _| ());
        let works = (0..ROOM as u64 - 1).map(|n| player.try_tell(Work(n, Duration::ZERO)));
        assert!(works.into_iter().all(|it| it.is_ok()), "a place was lost");
    });
}

/// A player in a turn of so long, with a full mailbox.
fn busy(world: &World, log: &Log<u64>, takes: Duration) -> ActorRef<Player> {
    let player = narrow(&world.system("busy"), log);
    player.try_tell(Work(0, takes)).unwrap();
    world.settle();
    for n in 1..=ROOM as u64 {
        player.try_tell(Note(n)).unwrap();
    }
    player
}

#[test]
fn waiting_senders_are_let_in_in_the_order_of_their_arrival() {
    explore(WORLDS, |world| {
        let log = Log::default();
        let player = narrow(&world.system("busy"), &log);
        for n in 0..10 {
            let player = player.clone();
            let sends = async move { player.tell(Work(n, ms(2))).await.unwrap() };
            drop(world.runtime().spawn(sends));
            world.settle();
        }
        world.advance(ms(50));
        assert_eq!(log.all(), (0..10).collect::<Vec<_>>());
    });
}

#[test]
fn a_full_mailbox_takes_no_more_than_it_has_room_for_and_gives_the_message_back() {
    explore(WORLDS, |world| {
        let player = busy(world, &Log::default(), ms(10));
        let Err(TellError::Refused { why, message }) = player.try_tell(Note(7)) else {
            panic!("there is no room");
        };
        assert_eq!((why, message.map(|it| it.0)), (Refused::Full, Some(7)));
        assert_eq!(player.mailbox_len(), ROOM);
        world.advance(ms(20));
    });
}

#[test]
fn a_place_that_its_sender_gives_up_goes_to_the_next() {
    explore(WORLDS, |world| {
        let (log, told, mut rng) = (Log::default(), Log::default(), world.rng("patience"));
        let options = SpawnOptions::default().mailbox(MailboxOptions::wait(Capacity::of::<1>()));
        let player = Player { log: log.clone(), ..Player::default() };
        let player = world.system("busy").spawn_with(player, options);
        player.try_tell(Work(0, ms(2))).unwrap();
        world.settle();
        player.try_tell(Note(1)).unwrap();
        let mut patient = Vec::new();
        for n in 2..8 {
            let (to, told) = (player.clone(), told.clone());
            let sends = world.runtime().spawn(async move {
                if to.tell(Note(n)).await.is_ok() {
                    told.push(n);
                }
            });
            world.settle();
            match rng.below(3) {
                0 => patient.push(n),
                // Dropped at the very moment at which it may be let in.
                _ => later(world, ms(2), move || sends.abort()),
            }
        }
        world.advance(ms(10));
        let told = told.all();
        assert!(patient.iter().all(|it| told.contains(it)), "{patient:?} {told:?}");
        assert_eq!(log.all()[2..], told, "what was sent is handled");
        player.try_tell(Note(99)).expect("all is free again");
        world.advance(ms(10));
    });
}

#[test]
fn an_actor_that_is_told_to_end_sends_its_waiting_senders_away_at_once() {
    explore(WORLDS, |world| {
        let player = busy(world, &Log::default(), ms(5000));
        let sent_away = Log::default();
        for n in 0..3 {
            let (player, sent_away, runtime) =
                (player.clone(), sent_away.clone(), world.runtime().clone());
            drop(world.runtime().spawn(async move {
                let told = player.tell(Note(n)).await;
                sent_away.push((runtime.now(), told.unwrap_err().into_message().map(|it| it.0)));
            }));
        }
        world.advance(ms(2));
        let now = world.now();
        match world.rng("how").below(2) {
            0 => player.stop(),
            _ => player.drain(ghostlight::DrainBudget::default()),
        }
        world.settle();
        let mut gone = sent_away.all();
        gone.sort();
        assert_eq!(gone, [(now, Some(0)), (now, Some(1)), (now, Some(2))]);
        end_of(world, &player);
    });
}

#[test]
fn the_more_urgent_goes_first_and_within_a_level_the_earlier() {
    const LEVELS: [Priority; 5] =
        [Priority::Critical, Priority::High, Priority::Normal, Priority::Low, Priority::Background];
    explore(WORLDS, |world| {
        let (log, mut rng) = (Log::default(), world.rng("levels"));
        let player = Player { log: log.clone(), ..Player::default() };
        let player = world.system("levels").spawn(player);
        player.try_tell(Work(0, ms(1))).unwrap();
        world.settle();
        let mut expected = Vec::new();
        for n in 1..20 {
            let level = rng.below(5);
            expected.push((level, n));
            player.tell(Note(n)).priority(LEVELS[level]).now().unwrap();
        }
        expected.sort();
        world.advance(ms(2));
        let expected: Vec<_> = expected.into_iter().map(|it| it.1).collect();
        assert_eq!(log.all()[1..], expected);
    });
}

#[test]
fn what_is_urgent_does_not_wait_for_those_that_came_before_it() {
    explore(WORLDS, |world| {
        let (log, mut rng) = (Log::default(), world.rng("when"));
        let player = Player { log: log.clone(), ..Player::default() };
        let options = SpawnOptions::default().throughput(100);
        let player = world.system("levels").spawn_with(player, options);
        player.try_tell(Work(0, ms(1))).unwrap();
        world.settle();
        let before = 5 + rng.below(20) as u64;
        (1..before).for_each(|n| player.try_tell(Note(n)).unwrap());
        bid(&player, |_, cx| {
            cx.me().tell(Note(777)).priority(Priority::High).now().unwrap();
        });
        (before..40).for_each(|n| player.try_tell(Note(n)).unwrap());
        world.advance(ms(2));
        assert_eq!(log.all()[before as usize], 777, "{:?}", log.all());
    });
}

#[test]
fn a_flood_of_what_is_urgent_does_not_hold_up_the_rest_for_ever() {
    explore(WORLDS, |world| {
        let log = Log::default();
        let player = Player { log: log.clone(), ..Player::default() };
        let player = world.system("levels").spawn(player);
        player.try_tell(Work(0, ms(1))).unwrap();
        world.settle();
        player.tell(Note(777)).priority(Priority::Background).now().unwrap();
        for n in 1..200 {
            player.tell(Note(n)).priority(Priority::Critical).now().unwrap();
        }
        world.advance(ms(2));
        let at = log.all().iter().position(|it| *it == 777);
        assert!(at.is_some_and(|it| it < 70), "{at:?}");
    });
}

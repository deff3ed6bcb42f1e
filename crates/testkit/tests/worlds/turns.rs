//! Turns: waking up for them, sharing the thread, and what a restart makes of the mailbox.

use std::time::Duration;

use ghostlight::{Backoff, ChildSpec, RestartWindow, SpawnOptions, Supervision};
use ghostlight_testkit::explore;

use crate::support::{Do, Fail, Log, Note, Player, WORLDS, Work, end_of, later, moment, ms};

#[test]
fn each_message_is_handled_without_another_however_idle_the_actor_was() {
    explore(WORLDS, |world| {
        let (log, mut rng) = (Log::default(), world.rng("when"));
        let player = Player { log: log.clone(), ..Player::default() };
        let player = world.system("idle").spawn(player);
        for n in 0..10 {
            let (player, by) = (player.clone(), rng.below(4));
            later(world, moment(&mut rng, 6), move || {
                drop(player.clone());
                match by {
                    0 => player.try_tell(Note(n)).unwrap(),
                    1 => player.tell(Note(n)).now().unwrap(),
                    2 => player.recipient().try_tell(Note(n)).unwrap(),
                    _ => player.try_tell(Work(n, ms(1))).unwrap(),
                }
            });
        }
        world.advance(ms(100));
        let mut all = log.all();
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
    });
}

#[test]
fn what_a_handler_sends_its_own_actor_is_handled_also_after_a_turn_on_the_askers_thread() {
    explore(WORLDS, |world| {
        let log = Log::default();
        let player = Player { log: log.clone(), ..Player::default() };
        let player = world.system("idle").spawn(player);
        for n in 0..5 {
            let told = player.ask(Do::what(move |_, cx| cx.me().try_tell(Note(n)).unwrap()));
            world.block_on(told.into_future()).unwrap();
            world.settle();
            assert_eq!(log.len() as u64, n + 1);
        }
    });
}

#[test]
fn a_turn_that_an_asker_has_begun_goes_on_when_it_has_to_wait() {
    explore(WORLDS, |world| {
        let player = world.system("idle").spawn(Player::default());
        for n in 0..5 {
            let asked = player.ask(Work(n, ms(n)));
            assert_eq!(world.block_on(asked.into_future()).unwrap(), n);
        }
    });
}

#[test]
fn an_order_to_end_that_a_handler_gives_before_it_waits_is_seen_at_once() {
    use ghostlight::{Actor, Context, Handler, Message};

    #[derive(Debug, Message)]
    struct Finish(Duration);

    #[derive(Actor)]
    #[actor(handles(Finish))]
    struct Tired;

    impl Handler<Finish> for Tired {
        async fn handle(&mut self, Finish(takes): Finish, cx: &mut Context<'_, Self>) {
            cx.sleep(takes).await;
            cx.me().kill();
            cx.sleep(ms(50_000)).await;
        }
    }

    explore(WORLDS, |world| {
        let tired = world.system("tired").spawn(Tired);
        let takes = moment(&mut world.rng("takes"), 2);
        tired.try_tell(Finish(takes)).unwrap();
        end_of(world, &tired);
        assert_eq!(world.elapsed(), takes);
    });
}

#[test]
fn an_actor_handles_no_more_than_its_share_before_it_lets_others_go_first() {
    explore(WORLDS, |world| {
        let log = Log::default();
        let player = Player { log: log.clone(), ..Player::default() };
        let share = 1 + world.rng("share").below(9);
        let options = SpawnOptions::default().throughput(share as u32);
        let player = world.system("busy").spawn_with(player, options);
        (0..50).for_each(|n| player.try_tell(Note(n)).unwrap());
        let mut before = 0;
        while world.step() {
            let handled = log.len();
            assert!(handled - before <= share, "{} in one turn", handled - before);
            before = handled;
        }
        assert_eq!(log.all(), (0..50).collect::<Vec<_>>());
    });
}

#[test]
fn an_actor_that_fails_takes_messages_all_the_while_and_handles_the_others_in_order() {
    explore(WORLDS, |world| {
        let (system, log, mut rng) = (world.system("fragile"), Log::default(), world.rng("when"));
        system.supervision(Supervision::one_for_one());
        let made = log.clone();
        let spec = ChildSpec::permanent()
            .window(RestartWindow::new(100, ms(1)))
            .backoff(Backoff::default().min(ms(3)).max(ms(3)).jitter(0.0))
            .options(SpawnOptions::default().throughput(1 + rng.below(9) as u32));
        let player =
            system.supervise(move || Player { log: made.clone(), ..Player::default() }, spec);
        let mut expected = Vec::new();
        let mut at = Duration::ZERO;
        for n in 0..30 {
            let takes = moment(&mut rng, 3);
            let fails = rng.below(5) == 0;
            if !fails {
                expected.push(n);
            }
            let to = player.clone();
            later(world, at, move || match fails {
                true => to.try_tell(Fail(takes)).expect("it comes back"),
                false => to.try_tell(Work(n, takes)).expect("it comes back"),
            });
            // Never two at once, since then nothing would say which was first.
            at += ms(1) + if rng.below(4) == 0 { ms(5) } else { Duration::ZERO };
        }
        world.advance(ms(1000));
        assert_eq!(log.all(), expected);
    });
}

//! What becomes of messages that a full mailbox has no room for.

use std::collections::VecDeque;

use ghostlight::{Capacity, DeadReason, MailboxOptions, Overflow, SpawnOptions};
use ghostlight_testkit::{World, explore};

use crate::support::{Log, Note, Player, WORLDS, Work, dead_notes, ms};

const ROOM: usize = 4;

/// Sends and handles by chance, beside a queue that says what must come of it.
fn flood(world: &World, rule: Overflow, options: MailboxOptions) {
    let (system, log) = (world.system("flood"), Log::default());
    let mut letters = system.dead_letters(1000);
    let player = Player { log: log.clone(), ..Player::default() };
    let player = system.spawn_with(player, SpawnOptions::default().mailbox(options));
    let mut rng = world.rng("flood");
    let (mut handled, mut dead) = (Vec::new(), Vec::new());
    let (mut refused, mut next) = (0, 0);
    for _ in 0..4 {
        player.try_tell(Work(next, ms(10))).unwrap();
        handled.push(next);
        next += 1;
        world.settle();
        let mut queue = VecDeque::new();
        for _ in 0..rng.below(10) {
            let accepted = player.try_tell(Note(next)).is_ok();
            assert_eq!(accepted, queue.len() < ROOM || rule != Overflow::Reject);
            refused += u64::from(!accepted);
            match rule {
                _ if queue.len() < ROOM => queue.push_back(next),
                Overflow::DropOldest => {
                    dead.extend(queue.pop_front());
                    queue.push_back(next);
                }
                Overflow::DropNewest => dead.push(next),
                _ => {}
            }
            next += 1;
        }
        handled.extend(queue);
        world.advance(ms(20));
    }
    assert_eq!(log.all(), handled);
    let dead: Vec<_> = dead.into_iter().map(|it| (it, DeadReason::Overflow(rule))).collect();
    assert_eq!(dead_notes(&mut letters), dead);
    let counters = player.counters();
    assert_eq!((counters.dropped, counters.refused), (dead.len() as u64, refused), "{counters}");
}

#[test]
fn dropping_the_oldest_keeps_the_newest_in_order_and_the_lost_are_dead_letters_in_order() {
    let options = MailboxOptions::drop_oldest(Capacity::of::<{ ROOM as u32 }>());
    explore(WORLDS, |world| flood(world, Overflow::DropOldest, options));
}

#[test]
fn dropping_the_newest_loses_exactly_those_that_arrive() {
    let options = MailboxOptions::drop_newest(Capacity::of::<{ ROOM as u32 }>());
    explore(WORLDS, |world| flood(world, Overflow::DropNewest, options));
}

#[test]
fn rejecting_refuses_at_once_and_counts_each_refusal_once() {
    let options = MailboxOptions::reject(Capacity::of::<{ ROOM as u32 }>());
    explore(WORLDS, |world| flood(world, Overflow::Reject, options));
}

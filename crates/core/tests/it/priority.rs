//! Which messages go first, and that signals overtake them all: B-12, B-13, B-14.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use ghostlight::{
    ActorRef, Capacity, DeadReason, DrainBudget, MailboxOptions, Observer, Overflow, Passage,
    Priority, SpawnOptions, StopReason,
};

use crate::{
    stage::{self, conformance},
    support::{
        Form, Gate, Hold, Journal, Listed, Log, Note, Plain, Slow, assert_conserved, dead, ended,
        park, rest, soon,
    },
};

const ALL: [Priority; 5] =
    [Priority::Critical, Priority::High, Priority::Normal, Priority::Low, Priority::Background];

/// However often it yields to others: `throughput` is how many messages it handles at a stretch.
async fn by_level<F: Form>(throughput: u32) {
    let system = stage::system("test");
    let log = Log::default();
    let options = SpawnOptions::default().throughput(throughput);
    let actor = system.spawn_with(Journal::<F>::new(&log), options);
    let gate = park(&actor).await;
    for n in 0..10u32 {
        for (rank, priority) in (0..5u32).zip(ALL).rev() {
            let note = Note(u64::from(100 * rank + n));
            if n % 2 == 0 {
                actor.tell(note).priority(priority).await.unwrap();
            } else {
                actor.tell(note).priority(priority).now().unwrap();
            }
        }
    }
    assert_eq!(actor.mailbox_len(), 50, "every level counts");
    gate.open();
    rest().await;
    let expected: Vec<u64> = (0..5).flat_map(|rank| (0..10).map(move |n| 100 * rank + n)).collect();
    assert_eq!(log.all(), expected, "throughput {throughput}");
    assert_conserved(&system);
}

#[conformance]
async fn higher_priority_first_and_arrival_order_within_a_level() {
    for throughput in [100, 1, 2, 7] {
        by_level::<Listed>(throughput).await;
        by_level::<Plain>(throughput).await;
    }
}

#[conformance]
async fn an_urgent_ask_passes_what_waits() {
    let system = stage::system("test");
    let log = Log::default();
    let actor = system.spawn(Journal::<Listed>::new(&log));
    let gate = park(&actor).await;
    (1..4).for_each(|n| actor.try_tell(Note(n)).unwrap());
    let asker = actor.clone();
    let asked = stage::spawn(async move { asker.ask(Slow(0)).priority(Priority::High).await });
    rest().await;
    gate.open();
    soon("reply", asked).await.unwrap().unwrap();
    rest().await;
    assert_eq!(log.all(), [0, 1, 2, 3]);
}

/// An urgent message that arrives in the middle of a run does not wait for the run to end.
#[conformance]
async fn an_urgent_message_passes_those_that_were_already_taken_out() {
    let system = stage::system("test");
    let log = Log::default();
    let actor = system.spawn(Journal::<Listed>::new(&log));
    let gate = Gate::closed();
    (0..200).for_each(|n| actor.try_tell(Note(n)).unwrap());
    actor.try_tell(Hold(gate.clone())).unwrap();
    (200..230).for_each(|n| actor.try_tell(Note(n)).unwrap());
    gate.arrived().await;
    actor.tell(Note(999)).priority(Priority::High).now().unwrap();
    gate.open();
    rest().await;
    let told = log.all();
    assert_eq!(told[200], 999, "it must be the next turn");
    assert_eq!(told.len(), 231);
}

/// How often, at worst, a waiting level was passed by messages of higher ones.
fn longest_wait(told: &[u64], level: u64) -> usize {
    let last = told.iter().rposition(|it| it / 1000 == level).unwrap_or(0);
    let mut passed = 0;
    let mut worst = 0;
    for n in &told[..=last] {
        match (n / 1000).cmp(&level) {
            std::cmp::Ordering::Less => passed += 1,
            std::cmp::Ordering::Equal => passed = 0,
            std::cmp::Ordering::Greater => {}
        }
        worst = worst.max(passed);
    }
    worst
}

/// Two thousand messages of all levels at once, at an actor that yields and suspends as told.
async fn flood(seed: u64, throughput: u32, suspends: bool) {
    let mut chance = stage::chance(seed);
    let system = stage::system("test");
    let log = Log::default();
    let mailbox = MailboxOptions::unbounded();
    let options = SpawnOptions::default().mailbox(mailbox).throughput(throughput);
    let actor = system.spawn_with(Journal::<Listed>::new(&log), options);
    let gate = park(&actor).await;
    let mut sent = [0; 5];
    for _ in 0..2000 {
        let rank = [0, 0, 0, 1, 2, 2, 2, 2, 3, 4][chance.usize(..10)];
        let n = 1000 * rank as u64 + sent[rank];
        sent[rank] += 1;
        if suspends {
            actor.tell(Slow(n)).priority(ALL[rank]).now().unwrap();
        } else {
            actor.tell(Note(n)).priority(ALL[rank]).now().unwrap();
        }
    }
    gate.open();
    tokio::time::sleep(Duration::from_secs(100_000)).await;

    let (told, what) = (log.all(), format!("seed {seed}, throughput {throughput}, {suspends}"));
    assert_eq!(told.len(), 2000, "{what}");
    for level in 1..5 {
        let worst = longest_wait(&told, level);
        assert!(worst <= 64, "level {level} was passed {worst} times in a row; {what}");
    }
    for level in 0..5 {
        let numbers = told.iter().filter(|it| **it / 1000 == level);
        assert!(numbers.is_sorted(), "level {level} lost its order; {what}");
    }
}

#[conformance(virtual_time)]
async fn the_lowest_level_still_moves_under_a_flood_of_the_highest() {
    for seed in 0..5 {
        flood(seed, 1000, false).await;
    }
}

#[conformance(virtual_time)]
async fn the_lowest_level_still_moves_however_often_the_actor_yields() {
    for throughput in [1, 2, 3, 7, 64, 70, 100] {
        flood(1, throughput, false).await;
    }
}

#[conformance(virtual_time)]
async fn the_lowest_level_still_moves_when_every_turn_suspends() {
    flood(2, 100, true).await;
}

#[conformance]
async fn a_full_mailbox_loses_the_oldest_of_the_lowest_priority_the_arriving_one_included() {
    use Priority::{Background, High, Low, Normal};
    let system = stage::system("test");
    let mut letters = system.dead_letters(100);
    let log = Log::default();
    let options = SpawnOptions::default().mailbox(MailboxOptions::drop_oldest(Capacity::of::<4>()));
    let actor = system.spawn_with(Journal::<Listed>::new(&log), options);
    let gate = park(&actor).await;
    let arriving = [
        (1, Normal, None),
        (2, Low, None),
        (3, High, None),
        (4, Low, None),
        (5, Normal, Some(2)),
        (6, Background, Some(6)),
        (7, High, Some(4)),
        (8, Low, Some(8)),
        (9, High, Some(1)),
        (10, Normal, Some(5)),
    ];
    for (n, priority, lost) in arriving {
        actor.tell(Note(n)).priority(priority).now().unwrap();
        let reason = DeadReason::Overflow(Overflow::DropOldest);
        let expected: Vec<_> = lost.into_iter().map(|n| (Note(n), reason)).collect();
        assert_eq!(dead::<Note>(&mut letters), expected, "when {n} arrived as {priority:?}");
    }
    gate.open();
    rest().await;
    assert_eq!(log.all(), [3, 7, 9, 10]);
    assert_conserved(&system);
}

async fn overtakes_a_million(order: fn(&ActorRef<Journal<Listed>>)) -> StopReason {
    let system = stage::system("test");
    let log = Log::default();
    let options = SpawnOptions::default().mailbox(MailboxOptions::unbounded());
    let actor = system.spawn_with(Journal::<Listed>::new(&log), options);
    let gate = park(&actor).await;
    let many = stage::times(1_000_000) as u64;
    for n in 0..many {
        actor.try_tell(Note(n)).unwrap();
    }
    order(&actor);
    gate.open();
    let reason = ended(&actor).await;
    assert!(log.all().is_empty(), "no message may be handled before the order");
    let counters = system.counters();
    assert_eq!(counters.dead, many, "{counters}");
    assert_conserved(&system);
    reason
}

#[conformance]
async fn stop_overtakes_a_million_queued_messages_and_so_does_kill() {
    assert!(matches!(overtakes_a_million(|it| it.stop()).await, StopReason::Stopped(None)));
    assert!(matches!(overtakes_a_million(|it| it.kill()).await, StopReason::Killed));
}

/// A stop in the middle of a run of quick messages is obeyed between any two of them.
#[conformance]
async fn stop_is_obeyed_between_any_two_messages() {
    let system = stage::system("test");
    let log = Log::default();
    let actor = system.spawn(Journal::<Listed>::new(&log));
    let gate = Gate::closed();
    (0..200).for_each(|n| actor.try_tell(Note(n)).unwrap());
    actor.try_tell(Hold(gate.clone())).unwrap();
    (200..230).for_each(|n| actor.try_tell(Note(n)).unwrap());
    gate.arrived().await;
    actor.stop();
    gate.open();
    ended(&actor).await;
    assert_eq!(log.all().len(), 200);
}

#[conformance]
async fn each_signal_reaches_an_actor_whose_mailbox_is_full_under_every_overflow_policy() {
    let one = Capacity::of::<1>();
    let orders: [fn(&ActorRef<Journal<Listed>>); 3] = [
        |it| it.stop(),
        |it| it.kill(),
        |it| it.drain(DrainBudget::default().time(Duration::ZERO)),
    ];
    for mailbox in [
        MailboxOptions::wait(one),
        MailboxOptions::reject(one),
        MailboxOptions::drop_newest(one),
        MailboxOptions::drop_oldest(one),
    ] {
        for order in orders {
            let system = stage::system("test");
            let log = Log::default();
            let options = SpawnOptions::default().mailbox(mailbox);
            let actor = system.spawn_with(Journal::<Listed>::new(&log), options);
            let gate = park(&actor).await;
            actor.try_tell(Note(1)).unwrap();
            order(&actor);
            assert!(!actor.is_alive(), "{:?}", mailbox.overflow());
            gate.open();
            ended(&actor).await;
            assert!(log.all().is_empty(), "{:?}", mailbox.overflow());
        }
    }
}

/// Sends another message when the first is about to be handled.
#[derive(Clone, Default)]
struct Interrupts(Arc<Mutex<Option<ActorRef<Journal<Listed>>>>>);
impl Observer for Interrupts {
    fn wants_messages(&self) -> bool {
        true
    }

    fn handling(&self, _: Passage<'_>) {
        let actor = self.0.lock().unwrap().take();
        actor.iter().for_each(|it| it.tell(Note(2)).priority(Priority::High).now().unwrap());
    }
}

/// Between the choice of the next message and its turn, one of the same priority may come.
#[conformance]
async fn what_was_chosen_to_be_next_goes_before_what_comes_then() {
    let to_interrupt = Interrupts::default();
    let observer = to_interrupt.clone();
    let system = stage::system_with("test", |it| it.observer(observer));
    let log = Log::default();
    let actor = system.spawn(Journal::<Listed>::new(&log));
    let gate = park(&actor).await;
    actor.tell(Note(1)).priority(Priority::High).await.unwrap();
    *to_interrupt.0.lock().unwrap() = Some(actor.clone());
    gate.open();
    rest().await;
    assert_eq!(log.all(), [1, 2]);
}

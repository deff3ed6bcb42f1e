//! The order in which messages are handled, and B-17 with real threads.

use std::sync::Arc;

use ghostlight::{
    Actor, ActorRef, Capacity, Context, Handler, MailboxOptions, Message, SpawnOptions,
};

use crate::{
    stage::{self, conformance},
    support::{
        Add, Form, Gate, Hold, Journal, Listed, Log, Note, Path, Plain, Slow, assert_conserved,
        ended, park, rest, soon,
    },
};

/// Sender and number, in one word.
const fn tagged(sender: u64, n: u64) -> u64 {
    sender * 1_000_000 + n
}

#[track_caller]
fn assert_each_senders_order(told: &[u64], senders: u64, each: u64) {
    for sender in 0..senders {
        let mut next = 0;
        for n in told.iter().filter(|it| **it / 1_000_000 == sender) {
            assert_eq!(n % 1_000_000, next, "sender {sender}: lost, doubled or overtaken");
            next += 1;
        }
        assert_eq!(next, each, "sender {sender}: the last ones are missing");
    }
}

async fn tagged_tells<F: Form>(mailbox: MailboxOptions) {
    let system = stage::system("test");
    let log = Log::default();
    let options = SpawnOptions::default().mailbox(mailbox);
    let actor = system.spawn_with(Journal::<F>::new(&log), options);
    let senders: Vec<_> = (0..8)
        .map(|sender| {
            let actor = actor.clone();
            stage::spawn(async move {
                for n in 0..1000 {
                    actor.tell(Note(tagged(sender, n))).await.unwrap();
                }
            })
        })
        .collect();
    for sender in senders {
        soon("sender that is done", sender).await.unwrap();
    }
    actor.ask(Add(0)).queued().await.unwrap();
    assert_each_senders_order(&log.all(), 8, 1000);
    assert_conserved(&system);
}

#[conformance(threads)]
async fn after_a_thousand_tagged_tells_from_each_of_eight_senders_each_ones_order_is_kept() {
    for mailbox in [
        MailboxOptions::unbounded(),
        MailboxOptions::default(),
        MailboxOptions::wait(Capacity::of::<3>()),
    ] {
        tagged_tells::<Listed>(mailbox).await;
        tagged_tells::<Plain>(mailbox).await;
    }
}

/// One sender that uses every way in, through a mailbox that is often full.
#[conformance]
async fn one_senders_order_is_kept_over_tell_ask_and_try_tell_mixed() {
    for seed in 0..stage::times(20) as u64 {
        let mut chance = stage::chance(seed);
        let system = stage::system("test");
        let log = Log::default();
        let capacity = Capacity::new(chance.u32(1..4)).unwrap();
        let options = SpawnOptions::default().mailbox(MailboxOptions::wait(capacity));
        let actor = system.spawn_with(Journal::<Listed>::new(&log), options);
        for n in 0..200 {
            match chance.u8(..5) {
                0 => actor.tell(Note(n)).await.unwrap(),
                1 => drop(actor.ask(Slow(n)).within(std::time::Duration::MAX).await.unwrap()),
                2 => drop(
                    actor.ask(Slow(n)).within(std::time::Duration::MAX).queued().await.unwrap(),
                ),
                3 => match actor.try_tell(Note(n)) {
                    Ok(()) => {}
                    Err(full) => actor.tell(full.into_message().unwrap()).await.unwrap(),
                },
                _ => {
                    stage::yield_now().await;
                    actor.tell(Note(n)).await.unwrap();
                }
            }
        }
        rest().await;
        assert_eq!(log.all(), (0..200).collect::<Vec<_>>(), "seed {seed}");
        assert_conserved(&system);
    }
}

struct First {
    next: ActorRef<Second>,
    last: ActorRef<Journal<Listed>>,
}
struct Second {
    last: ActorRef<Journal<Listed>>,
}
#[derive(Debug, Message)]
struct Go(u64);

impl Actor for First {
    type Protocol = (Go,);
}
impl Handler<Go> for First {
    async fn handle(&mut self, Go(n): Go, _: &mut Context<'_, Self>) {
        self.last.tell(Note(2 * n)).await.unwrap();
        self.next.tell(Go(n)).await.unwrap();
    }
}
impl Actor for Second {
    type Protocol = (Go,);
}
impl Handler<Go> for Second {
    async fn handle(&mut self, Go(n): Go, _: &mut Context<'_, Self>) {
        self.last.tell(Note(2 * n + 1)).await.unwrap();
    }
}

#[conformance(threads)]
async fn if_a_tells_b_and_then_c_and_c_tells_b_then_b_hears_a_first() {
    let system = stage::system("test");
    let log = Log::default();
    let last = system.spawn(Journal::<Listed>::new(&log));
    let next = system.spawn(Second { last: last.clone() });
    let first = system.spawn(First { next: next.clone(), last: last.clone() });
    for n in 0..2000 {
        first.tell(Go(n)).await.unwrap();
    }
    // Each is told to end once it has handled everything, in the order of the chain.
    first.drain(Default::default());
    ended(&first).await;
    next.drain(Default::default());
    ended(&next).await;
    last.drain(Default::default());
    ended(&last).await;

    let told = log.all();
    assert_eq!(told.len(), 4000);
    let mut heard_first = vec![false; 2000];
    for n in told {
        let it = usize::try_from(n / 2).unwrap();
        if n % 2 == 0 {
            heard_first[it] = true;
        } else {
            assert!(
                heard_first[it],
                "of pair {it}, what went through C came before what came from A"
            );
        }
    }
}

#[derive(Debug, Message)]
struct Told(u64);

struct SlowStart(Gate, Log<u64>);
impl Actor for SlowStart {
    type Protocol = (Told,);

    async fn started(&mut self, _: &mut Context<'_, Self>) -> Result<(), ghostlight::Failure> {
        self.1.push(0);
        self.0.pass().await;
        self.1.push(1);
        Ok(())
    }
}
impl Handler<Told> for SlowStart {
    async fn handle(&mut self, Told(n): Told, _: &mut Context<'_, Self>) {
        self.1.push(n);
    }
}

#[conformance]
async fn spawn_returns_before_started_has_finished_and_what_is_sent_meanwhile_is_handled_after_it()
{
    let system = stage::system("test");
    let (gate, log) = (Gate::closed(), Log::default());
    let actor = system.spawn(SlowStart(gate.clone(), log.clone()));
    (2..5).for_each(|n| actor.try_tell(Told(n)).unwrap());
    rest().await;
    assert_eq!(log.all(), [0], "`started` waits, and no message may pass it");
    assert_eq!(actor.mailbox_len(), 3);
    gate.open();
    actor.tell(Told(5)).await.unwrap();
    rest().await;
    assert_eq!(log.all(), [0, 1, 2, 3, 4, 5]);
    assert_conserved(&system);
}

/// Every send meets the actor just as it comes to rest.
#[conformance(threads)]
async fn a_send_that_races_with_the_actor_going_idle_is_handled_without_another_send() {
    let system = stage::system("test");
    let log = Log::default();
    let actor = system.spawn(Journal::<Listed>::new(&log));
    let handled = Arc::new(tokio::sync::Notify::new());
    let echo = system.spawn(Echo(Arc::clone(&handled)));
    for n in 0..5000u64 {
        echo.tell(Told(n)).await.unwrap();
        // No second send wakes the actor: if the first was missed, this waits for ever.
        soon("sign that the message was handled", handled.notified()).await;
        if n % 64 == 0 {
            let path = Path::BOTH[usize::try_from(n / 64 % 2).unwrap()];
            path.ask(&actor, Add(1)).await.unwrap();
        }
    }
    assert_conserved(&system);
}

struct Echo(Arc<tokio::sync::Notify>);
impl Actor for Echo {
    type Protocol = (Told,);
}
impl Handler<Told> for Echo {
    async fn handle(&mut self, _: Told, _: &mut Context<'_, Self>) {
        self.0.notify_one();
    }
}

#[conformance]
async fn an_ask_does_not_overtake_the_tells_before_it() {
    let system = stage::system("test");
    for path in Path::BOTH {
        let log = Log::default();
        let actor = system.spawn(Journal::<Listed>::new(&log));
        let gate = park(&actor).await;
        actor.tell(Note(1)).await.unwrap();
        let asking = actor.clone();
        let asked = stage::spawn(async move { path.ask(&asking, Slow(2)).await.unwrap() });
        rest().await;
        actor.tell(Note(3)).await.unwrap();
        gate.open();
        soon("reply", asked).await.unwrap();
        rest().await;
        assert_eq!(log.all(), [1, 2, 3], "{path:?}");
    }
}

/// Tries to send to itself, and tells whether that was let in.
struct Pushy(Log<u64>);
#[derive(Debug, Message)]
struct Push;
impl Actor for Pushy {
    type Protocol = (Push, Hold, Told);
}
impl Handler<Push> for Pushy {
    async fn handle(&mut self, _: Push, cx: &mut Context<'_, Self>) {
        if cx.me().try_tell(Told(9)).is_ok() {
            self.0.push(99);
        }
    }
}
impl Handler<Hold> for Pushy {
    async fn handle(&mut self, Hold(gate): Hold, _: &mut Context<'_, Self>) {
        gate.pass().await;
    }
}
impl Handler<Told> for Pushy {
    async fn handle(&mut self, Told(n): Told, _: &mut Context<'_, Self>) {
        self.0.push(n);
    }
}

/// There is room for a moment, when a message was taken, but it belongs to the first in line.
#[conformance]
async fn a_sender_that_does_not_wait_cannot_pass_those_in_line() {
    let system = stage::system("test");
    let log = Log::default();
    let options = SpawnOptions::default().mailbox(MailboxOptions::wait(Capacity::of::<1>()));
    let actor = system.spawn_with(Pushy(log.clone()), options);
    let gate = park(&actor).await;
    actor.try_tell(Push).unwrap();
    let sender = actor.clone();
    let waiting = stage::spawn(async move { sender.tell(Told(2)).await });
    rest().await;
    gate.open();
    soon("room", waiting).await.unwrap().unwrap();
    rest().await;
    assert_eq!(log.all(), [2], "what was tried in the middle of a turn came after what waited");
    assert_conserved(&system);
}

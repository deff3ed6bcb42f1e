//! How much a mailbox holds, who waits for room, and when it warns: B-01 to B-04, B-09 to B-11,
//! B-15, B-16, B-20 to B-22.

use std::time::Duration;

use ghostlight::{
    Actor, Capacity, Context, Handler, MailboxOptions, Message, Overflow, Refused, SpawnOptions,
    TellError,
};

use crate::{
    stage::{self, conformance},
    support::{
        Add, Form, Gate, Hold, Journal, Listed, Log, Note, Plain, assert_conserved, ended, park,
        rest, soon,
    },
};

fn with(mailbox: MailboxOptions) -> SpawnOptions {
    SpawnOptions::default().mailbox(mailbox)
}

async fn default_room<F: Form>() {
    let system = stage::system("test");
    let actor = system.spawn(Journal::<F>::new(&Log::default()));
    let gate = park(&actor).await;
    (0..1000).for_each(|n| actor.try_tell(Note(n)).expect("there is room for 1000"));
    let full = actor.try_tell(Note(1000)).expect_err("there is room for no more than 1000");
    assert_eq!(full.refused(), Some(Refused::Full));
    let waits = actor.tell(Note(1001)).within(Duration::from_secs(1)).await;
    assert!(matches!(waits, Err(TellError::Deadline { .. })), "the sender must wait: {waits:?}");
    gate.open();
}

#[conformance]
async fn the_default_is_room_for_a_thousand_and_waiting() {
    default_room::<Listed>().await;
    default_room::<Plain>().await;
    assert_eq!(MailboxOptions::default().overflow(), Overflow::Wait);
}

async fn parks_and_goes_on<F: Form>() {
    let system = stage::system("test");
    let log = Log::default();
    let options = with(MailboxOptions::wait(Capacity::of::<4>()));
    let actor = system.spawn_with(Journal::<F>::new(&log), options);
    let gate = park(&actor).await;
    let second = Gate::closed();
    actor.try_tell(Hold(second.clone())).unwrap();
    (0..3).for_each(|n| actor.try_tell(Note(n)).expect("c messages fit behind a parked handler"));
    let sender = actor.clone();
    let waiting = stage::spawn(async move { sender.tell(Note(3)).await });
    rest().await;
    assert!(!waiting.is_finished(), "there is no room for the fifth");
    gate.open();
    second.arrived().await;
    soon("sender that was let in", waiting).await.unwrap().unwrap();
    assert_eq!(actor.mailbox_len(), 4, "one was taken, and the waiting one is in");
    second.open();
    rest().await;
    assert_eq!(log.all(), [0, 1, 2, 3]);
    assert_conserved(&system);
}

#[conformance]
async fn a_sender_parks_at_n_plus_one_and_goes_on_when_one_message_is_taken() {
    parks_and_goes_on::<Listed>().await;
    parks_and_goes_on::<Plain>().await;
}

#[conformance]
async fn try_tell_at_a_full_mailbox_gives_back_that_very_message() {
    let system = stage::system("test");
    let options = with(MailboxOptions::wait(Capacity::of::<1>()));
    let actor = system.spawn_with(Journal::<Listed>::new(&Log::default()), options);
    let gate = park(&actor).await;
    actor.try_tell(Note(1)).unwrap();
    let error = actor.try_tell(Note(2)).unwrap_err();
    assert_eq!((error.refused(), error.is_retryable()), (Some(Refused::Full), true));
    assert_eq!(error.into_message(), Some(Note(2)));
    let error = actor.recipient::<Note>().try_tell(Note(3)).unwrap_err();
    assert_eq!(error.into_message(), Some(Note(3)));
    gate.open();
    rest().await;
    let counters = system.counters();
    assert_eq!((counters.sent, counters.handled, counters.refused), (4, 2, 2), "{counters}");
}

#[conformance(virtual_time)]
async fn a_tell_with_a_deadline_at_a_full_mailbox_gives_the_message_back_at_that_time() {
    let system = stage::system("test");
    let options = with(MailboxOptions::wait(Capacity::of::<1>()));
    let actor = system.spawn_with(Journal::<Listed>::new(&Log::default()), options);
    let gate = park(&actor).await;
    actor.try_tell(Note(1)).unwrap();

    let (begin, wait) = (system.runtime().now(), Duration::from_millis(250));
    let error = actor.tell(Note(2)).within(wait).await.unwrap_err();
    assert_eq!(error.into_message(), Some(Note(2)));
    let took = system.runtime().now() - begin;
    assert!((wait..wait + Duration::from_millis(2)).contains(&took), "took {took:?}");

    let at = system.runtime().now() + wait;
    let error = actor.recipient().tell(Note(3)).deadline(at).await.unwrap_err();
    assert_eq!(error.into_message(), Some(Note(3)));
    let late = system.runtime().now() - at;
    assert!(late < Duration::from_millis(2), "late by {late:?}");

    gate.open();
    rest().await;
    soon("room for one who waits", actor.tell(Note(4)).within(wait)).await.unwrap();
    assert_conserved(&system);
}

#[conformance]
async fn a_message_being_handled_takes_no_room() {
    let system = stage::system("test");
    for mailbox in [
        MailboxOptions::wait(Capacity::of::<1>()),
        MailboxOptions::reject(Capacity::of::<1>()),
        MailboxOptions::drop_newest(Capacity::of::<1>()),
        MailboxOptions::drop_oldest(Capacity::of::<1>()),
    ] {
        let log = Log::default();
        let actor = system.spawn_with(Journal::<Listed>::new(&log), with(mailbox));
        let gate = park(&actor).await;
        assert_eq!(actor.mailbox_len(), 0, "{:?}", mailbox.overflow());
        actor.try_tell(Note(1)).unwrap();
        assert_eq!(actor.mailbox_len(), 1, "{:?}", mailbox.overflow());
        gate.open();
        rest().await;
        assert_eq!(log.all(), [1], "{:?}", mailbox.overflow());
    }
    assert_conserved(&system);
}

async fn exact_depth<F: Form>(mailbox: MailboxOptions) {
    let system = stage::system("test");
    let actor = system.spawn_with(Journal::<F>::new(&Log::default()), with(mailbox));
    let gate = park(&actor).await;
    for n in 0..500 {
        assert_eq!(actor.mailbox_len() as u64, n);
        actor.try_tell(Note(n)).unwrap();
    }
    let second = Gate::closed();
    actor.try_tell(Hold(second.clone())).unwrap();
    (0..9).for_each(|n| actor.try_tell(Note(n)).unwrap());
    gate.open();
    second.arrived().await;
    assert_eq!(actor.mailbox_len(), 9, "what lies behind the second stuck handler");
    assert_eq!(system.counters().queued, 9);
    actor.try_tell(Note(0)).unwrap();
    assert_eq!(actor.mailbox_len(), 10);
    // Which messages were taken in one batch, and count until that is done, is a matter of time.
    let batch = if stage::is_real() { 510 } else { 0 };
    let peak = actor.mailbox_peak();
    assert!((510..=510 + batch).contains(&peak), "{peak}: as many as at the first gate");
    second.open();
    rest().await;
    assert_eq!(actor.mailbox_len(), 0);
    assert_conserved(&system);
}

#[conformance]
async fn the_depth_is_exact_behind_a_stuck_handler_bounded_or_not() {
    exact_depth::<Listed>(MailboxOptions::unbounded()).await;
    exact_depth::<Plain>(MailboxOptions::unbounded()).await;
    exact_depth::<Listed>(MailboxOptions::default()).await;
    exact_depth::<Plain>(MailboxOptions::drop_oldest(Capacity::of::<1000>())).await;
}

/// Tells itself so many notes when it is told the last of a batch.
struct Busy;
#[derive(Debug, Message)]
struct Burst(u64);
impl Actor for Busy {
    type Protocol = (Hold, Burst);
}
impl Handler<Hold> for Busy {
    async fn handle(&mut self, Hold(gate): Hold, _: &mut Context<'_, Self>) {
        gate.pass().await;
    }
}
impl Handler<Burst> for Busy {
    async fn handle(&mut self, Burst(n): Burst, cx: &mut Context<'_, Self>) {
        (0..n).for_each(|_| cx.me().try_tell(Burst(0)).unwrap());
    }
}

#[conformance]
async fn the_peak_is_at_most_a_batch_above_the_greatest_number_that_waited() {
    for waiting in 1..40 {
        let system = stage::system("test");
        let actor = system.spawn(Busy);
        let gate = park(&actor).await;
        (1..waiting).for_each(|_| actor.try_tell(Burst(0)).unwrap());
        actor.try_tell(Burst(10)).unwrap();
        gate.open();
        rest().await;
        let peak = usize::try_from(waiting.max(10)).unwrap();
        let told = actor.mailbox_peak();
        let batch = usize::try_from(waiting).unwrap();
        assert!((peak..=peak + batch).contains(&told), "{waiting} waited, then ten: {told}");
    }
}

#[conformance]
async fn waiting_senders_are_admitted_in_order_of_arrival() {
    let system = stage::system("test");
    let log = Log::default();
    // With more places than one, two that are let in together may take them in either order.
    let options = with(MailboxOptions::wait(Capacity::of::<1>()));
    let actor = system.spawn_with(Journal::<Listed>::new(&log), options);
    let gate = park(&actor).await;
    let mut waiting = Vec::new();
    for n in 0..20 {
        let sender = actor.clone();
        waiting.push(stage::spawn(async move {
            if n % 5 == 4 {
                sender.tell(Note(n)).within(Duration::from_millis(100)).await.is_ok()
            } else {
                sender.tell(Note(n)).await.is_ok()
            }
        }));
        rest().await;
    }
    // Those with a deadline give up in the line, which must cost nobody his place.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(actor.try_tell(Note(99)).unwrap_err().refused(), Some(Refused::Full));
    gate.open();
    for it in waiting {
        soon("sender that is done", it).await.unwrap();
    }
    rest().await;
    assert_eq!(log.all(), (0..20).filter(|n| n % 5 != 4).collect::<Vec<_>>());
    assert_conserved(&system);
}

#[conformance]
async fn every_waiting_sender_gets_its_message_back_when_the_actor_stops() {
    type Order = fn(&ghostlight::ActorRef<Journal<Listed>>);
    let orders: [Order; 3] = [|it| it.stop(), |it| it.kill(), |it| it.drain(Default::default())];
    for order in orders {
        let system = stage::system("test");
        let options = with(MailboxOptions::wait(Capacity::of::<1>()));
        let actor = system.spawn_with(Journal::<Listed>::new(&Log::default()), options);
        let gate = park(&actor).await;
        actor.try_tell(Note(0)).unwrap();
        let told: Vec<_> = (1..4)
            .map(|n| {
                let sender = actor.clone();
                stage::spawn(async move { sender.tell(Note(n)).await.unwrap_err() })
            })
            .collect();
        let sender = actor.clone();
        let asked = stage::spawn(async move { sender.ask(Add(9)).await.unwrap_err() });
        rest().await;
        order(&actor);
        for (n, it) in (1..).zip(told) {
            let error = soon("message given back", it).await.unwrap();
            assert_eq!(error.refused(), Some(Refused::Stopped));
            assert_eq!(error.into_message(), Some(Note(n)));
        }
        let error = soon("request given back", asked).await.unwrap();
        assert_eq!(error.refused(), Some(Refused::Stopped));
        assert_eq!(error.into_message(), Some(Add(9)));
        gate.open();
        ended(&actor).await;
        assert_conserved(&system);
    }
}

#[conformance]
async fn after_the_end_the_queue_is_empty_and_everything_in_it_has_been_dropped() {
    let system = stage::system("test");
    let actor = system.spawn(Holding(Gate::closed()));
    let (counted, count) = crate::support::Counted::new();
    (0..50).for_each(|_| actor.try_tell(Keep(counted.clone())).unwrap());
    drop(counted);
    rest().await;
    assert_eq!(crate::support::alive(&count), 50, "one is handled and 49 wait");
    actor.kill();
    ended(&actor).await;
    assert_eq!(crate::support::alive(&count), 0);
    assert_eq!(actor.mailbox_len(), 0);
    assert_eq!(system.counters().queued, 0);
    assert_conserved(&system);
}

struct Holding(Gate);
#[derive(Debug, Message)]
struct Keep(#[expect(dead_code, reason = "only counted")] crate::support::Counted);
impl Actor for Holding {
    type Protocol = (Keep,);
}
impl Handler<Keep> for Holding {
    async fn handle(&mut self, keep: Keep, _: &mut Context<'_, Self>) {
        self.0.pass().await;
        drop(keep);
    }
}

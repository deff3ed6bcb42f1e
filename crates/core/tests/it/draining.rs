//! Draining, with and without a budget: D-01, D-02.

use std::time::Duration;

use ghostlight::{Actor, Context, DrainBudget, Handler, Message, Refused, StopReason};

use crate::{
    stage::{self, conformance},
    support::{
        Add, Form, Gate, Hold, Journal, Listed, Log, Note, Plain, Slow, assert_conserved, dead,
        dead_notes, ended, park, rest, soon,
    },
};

async fn drains<F: Form>() {
    let system = stage::system("test");
    let log = Log::default();
    let actor = system.spawn(Journal::<F>::new(&log));
    let gate = park(&actor).await;
    (0..300).for_each(|n| actor.try_tell(Note(n)).unwrap());
    let asker = actor.clone();
    let asked = stage::spawn(async move { asker.ask(Add(5)).await });
    rest().await;
    actor.drain(DrainBudget::default());
    let error = actor.tell(Note(300)).await.expect_err("a drain lets nothing more in");
    assert_eq!(error.refused(), Some(Refused::Stopped));
    gate.open();
    assert_eq!(soon("reply that was admitted", asked).await.unwrap().unwrap(), 5);
    assert!(matches!(ended(&actor).await, StopReason::Stopped(None)));
    assert_eq!(log.all(), (0..300).collect::<Vec<_>>());
    assert_conserved(&system);
}

#[conformance]
async fn drain_handles_everything_admitted_before_it_and_refuses_everything_after_it() {
    drains::<Listed>().await;
    drains::<Plain>().await;
}

#[conformance]
async fn draining_an_idle_actor_ends_it_at_once() {
    for used in [false, true] {
        let system = stage::system("test");
        let actor = system.spawn(Journal::<Listed>::new(&Log::default()));
        if used {
            actor.tell(Note(1)).await.unwrap();
            rest().await;
        }
        actor.drain(DrainBudget::default());
        ended(&actor).await;
    }
}

#[conformance]
async fn a_drain_budget_in_messages_is_obeyed_and_the_rest_become_dead_letters() {
    for budget in 0..6 {
        let system = stage::system("test");
        let mut letters = system.dead_letters(100);
        let log = Log::default();
        let actor = system.spawn(Journal::<Listed>::new(&log));
        let gate = park(&actor).await;
        (0..10).for_each(|n| actor.try_tell(Note(n)).unwrap());
        actor.drain(DrainBudget::default().messages(budget));
        gate.open();
        ended(&actor).await;
        assert_eq!(log.all(), (0..budget).collect::<Vec<_>>(), "budget {budget}");
        assert_eq!(dead_notes(&mut letters), (budget..10).collect::<Vec<_>>(), "budget {budget}");
        assert_conserved(&system);
    }
}

/// The budget counts from the order, also when that comes in the middle of a long run.
#[conformance]
async fn a_drain_budget_in_messages_counts_from_the_order() {
    for budget in 0..6 {
        let system = stage::system("test");
        let mut letters = system.dead_letters(1000);
        let log = Log::default();
        let actor = system.spawn(Journal::<Listed>::new(&log));
        let gate = Gate::closed();
        (0..150).for_each(|n| actor.try_tell(Note(n)).unwrap());
        actor.try_tell(Hold(gate.clone())).unwrap();
        (150..200).for_each(|n| actor.try_tell(Note(n)).unwrap());
        gate.arrived().await;
        actor.drain(DrainBudget::default().messages(budget));
        gate.open();
        ended(&actor).await;
        let handled = log.all().len() as u64 - 150;
        assert_eq!(handled, budget, "after the order, of 50 that waited");
        assert_eq!(dead_notes(&mut letters).len() as u64, 50 - budget, "budget {budget}");
    }
}

/// Drains itself with the budget that it is told.
struct Leaver(Log<u64>);
#[derive(Debug, Message)]
struct Leave(u64);
impl Actor for Leaver {
    type Protocol = (Hold, Note, Leave);
}
impl Handler<Hold> for Leaver {
    async fn handle(&mut self, Hold(gate): Hold, _: &mut Context<'_, Self>) {
        gate.pass().await;
    }
}
impl Handler<Note> for Leaver {
    async fn handle(&mut self, Note(n): Note, _: &mut Context<'_, Self>) {
        self.0.push(n);
    }
}
impl Handler<Leave> for Leaver {
    async fn handle(&mut self, Leave(budget): Leave, cx: &mut Context<'_, Self>) {
        cx.me().drain(DrainBudget::default().messages(budget));
    }
}

#[conformance]
async fn a_handler_may_drain_its_own_actor_within_a_budget() {
    for before in [0, 1, 5, 150] {
        let system = stage::system("test");
        let log = Log::default();
        let actor = system.spawn(Leaver(log.clone()));
        let gate = park(&actor).await;
        (0..before).for_each(|n| actor.try_tell(Note(n)).unwrap());
        actor.try_tell(Leave(3)).unwrap();
        (0..20).for_each(|n| actor.try_tell(Note(1000 + n)).unwrap());
        gate.open();
        ended(&actor).await;
        let after: Vec<_> = log.all().into_iter().filter(|it| *it >= 1000).collect();
        assert_eq!(after, [1000, 1001, 1002], "three more, after {before} before");
    }
}

#[conformance(virtual_time)]
async fn a_drain_budget_in_time_is_obeyed_and_the_rest_become_dead_letters() {
    let system = stage::system("test");
    let mut letters = system.dead_letters(100);
    let log = Log::default();
    let actor = system.spawn(Journal::<Listed>::new(&log));
    (0..10).for_each(|_| actor.try_tell(Slow(100)).unwrap());
    rest().await;
    let begin = system.runtime().now();
    actor.drain(DrainBudget::default().time(Duration::from_millis(350)));
    ended(&actor).await;
    let took = system.runtime().now() - begin;
    assert!(took < Duration::from_millis(450), "the running turn ends, and no other: {took:?}");
    assert_eq!((log.all().len(), dead::<Slow>(&mut letters).len()), (4, 6));
    assert_conserved(&system);
}

/// Turns that never suspend leave no other moment to look at the clock than between them.
#[conformance]
async fn a_drain_whose_time_is_over_handles_nothing_more() {
    for (throughput, is_busy) in [(1, false), (1, true), (100, false), (100, true)] {
        let system = stage::system("test");
        let mut letters = system.dead_letters(100);
        let log = Log::default();
        let options = ghostlight::SpawnOptions::default().throughput(throughput);
        let actor = system.spawn_with(Journal::<Listed>::new(&log), options);
        // One that is not held up may have handled some, where it has a thread of its own.
        let gate = if is_busy || stage::is_real() { park(&actor).await } else { Gate::closed() };
        (0..10).for_each(|n| actor.try_tell(Note(n)).unwrap());
        actor.drain(DrainBudget::default().time(Duration::ZERO));
        gate.open();
        ended(&actor).await;
        assert!(log.all().is_empty(), "throughput {throughput}: {:?}", log.all());
        assert_eq!(dead_notes(&mut letters), (0..10).collect::<Vec<_>>());
        assert_conserved(&system);
    }
}

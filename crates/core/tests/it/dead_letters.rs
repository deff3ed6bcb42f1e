//! Messages that nobody took: K-12, K-13, and the subscription to them.

use ghostlight::{Actor, Context, DeadReason, Handler, StopReason};

use crate::{
    stage::{self, conformance},
    support::{
        Add, Boom, Form, Journal, Listed, Log, Note, Plain, Witness, assert_conserved, dead,
        dead_notes, ended, park, rest, soon,
    },
};

async fn tells_everything<F: Form>() {
    let system = stage::system("test");
    let mut letters = system.dead_letters(10);
    let options = ghostlight::SpawnOptions::default().name("the journal");
    let actor = system.spawn_with(Journal::<F>::new(&Log::default()), options);
    let gate = park(&actor).await;
    actor.try_tell(Note(8)).unwrap();
    let at = system.runtime().now();
    actor.kill();
    ended(&actor).await;
    let letter = letters.try_recv().expect("the note was left over");
    assert_eq!(letter.take::<Note>(), Some(Note(8)));
    assert!(letter.type_name.ends_with("Note"), "{}", letter.type_name);
    assert_eq!((letter.target, &*letter.target_name), (actor.id(), "the journal"));
    assert_eq!((letter.reason, letter.at), (DeadReason::Killed, at));
    let shown = format!("{letter:?}");
    assert!(shown.contains("the journal") && shown.contains("killed"), "{shown}");
    assert!(letters.try_recv().is_none(), "one loss, one dead letter");
    drop(gate);
}

#[conformance(virtual_time)]
async fn a_dead_letter_has_the_message_its_target_the_reason_and_the_time() {
    tells_everything::<Listed>().await;
    tells_everything::<Plain>().await;
}

#[conformance]
async fn there_is_one_dead_letter_per_loss_for_every_reason_in_order() {
    type Order = fn(&ghostlight::ActorRef<Journal<Listed>>);
    let orders: [(DeadReason, Order); 4] = [
        (DeadReason::Stopped, |it| it.stop()),
        (DeadReason::Stopped, |it| it.drain(ghostlight::DrainBudget::default().messages(0))),
        (DeadReason::Killed, |it| it.kill()),
        (DeadReason::Failed, |_| ()),
    ];
    for (reason, order) in orders {
        let witness = Witness::default();
        let system = stage::system_with("test", |it| it.observer(witness.clone()));
        let mut letters = system.dead_letters(1000);
        let actor = system.spawn(Journal::<Listed>::new(&Log::default()));
        let gate = park(&actor).await;
        if reason == DeadReason::Failed {
            actor.try_tell(Boom("end")).unwrap();
        }
        (0..100).for_each(|n| actor.try_tell(Note(n)).unwrap());
        order(&actor);
        gate.open();
        ended(&actor).await;
        let expected: Vec<_> = (0..100).map(|n| (Note(n), reason)).collect();
        assert_eq!(dead::<Note>(&mut letters), expected);
        let seen = witness.0.all();
        let seen = seen.iter().filter(|it| **it == format!("dead letter: {reason}")).count();
        assert_eq!(seen, 100, "an observer sees what subscribers get");
        assert_eq!(system.counters().dead, 100);
        assert_conserved(&system);
    }
}

#[conformance]
async fn what_was_handed_back_is_no_dead_letter() {
    let system = stage::system("test");
    let mut letters = system.dead_letters(10);
    let actor = system.spawn(Journal::<Listed>::new(&Log::default()));
    actor.kill();
    ended(&actor).await;
    actor.try_tell(Note(1)).unwrap_err();
    actor.tell(Note(2)).await.unwrap_err();
    drop(actor.ask(Add(3)).await.unwrap_err());
    assert!(letters.try_recv().is_none());
    let counters = system.counters();
    assert_eq!((counters.sent, counters.refused, counters.dead), (3, 3, 0), "{counters}");
}

#[conformance]
async fn a_subscription_keeps_the_newest_and_counts_what_it_missed() {
    let system = stage::system("test");
    let mut letters = system.dead_letters(3);
    let actor = system.spawn(Journal::<Listed>::new(&Log::default()));
    let gate = park(&actor).await;
    (0..10).for_each(|n| actor.try_tell(Note(n)).unwrap());
    actor.kill();
    ended(&actor).await;
    assert_eq!(letters.missed(), 7);
    assert_eq!(dead_notes(&mut letters), [7, 8, 9]);
    drop(gate);
}

/// The message can be taken by one only; all of them hear of it.
#[conformance]
async fn each_subscription_hears_of_each_dead_letter() {
    let system = stage::system("test");
    let (mut first, mut second) = (system.dead_letters(10), system.dead_letters(10));
    let actor = system.spawn(Journal::<Listed>::new(&Log::default()));
    let gate = park(&actor).await;
    actor.try_tell(Note(1)).unwrap();
    actor.kill();
    ended(&actor).await;
    let letters = [&mut first, &mut second].map(|it| it.try_recv().expect("each hears of it"));
    let taken = letters.map(|it| it.take::<Note>());
    assert_eq!(taken, [Some(Note(1)), None], "the message goes to the first who takes it");
    drop(gate);
}

#[conformance]
async fn dropping_a_subscription_ends_it_and_the_next_one_hears() {
    let system = stage::system("test");
    drop(system.dead_letters(10));
    let mut letters = system.dead_letters(10);
    let actor = system.spawn(Journal::<Listed>::new(&Log::default()));
    let gate = park(&actor).await;
    actor.try_tell(Note(1)).unwrap();
    actor.kill();
    assert_eq!(soon("dead letter", letters.recv()).await.target, actor.id());
    drop(gate);
}

/// Leaves a note to an ended actor from within its hook.
struct Last(ghostlight::ActorRef<Journal<Listed>>);
impl Actor for Last {
    type Protocol = (Note,);

    async fn stopped(&mut self, _: &StopReason, cx: &mut Context<'_, Self>) {
        cx.me().try_tell(Note(1)).expect_err("it takes no messages any more");
        self.0.tell(Note(5)).await.expect("others do");
    }
}
impl Handler<Note> for Last {
    async fn handle(&mut self, _: Note, _: &mut Context<'_, Self>) {}
}

#[conformance]
async fn stopped_may_still_send_to_others() {
    let system = stage::system("test");
    let mut letters = system.dead_letters(10);
    let log = Log::default();
    let journal = system.spawn(Journal::<Listed>::new(&log));
    let last = system.spawn(Last(journal));
    last.stop();
    ended(&last).await;
    rest().await;
    assert_eq!(log.all(), [5]);
    assert!(letters.try_recv().is_none());
    assert_conserved(&system);
}

//! What happens at a full mailbox, per policy: B-05 to B-08, K-13.

use ghostlight::{AskError, Capacity, DeadReason, MailboxOptions, Overflow, Refused, SpawnOptions};

use crate::{
    stage::{self, conformance},
    support::{
        Add, Form, Journal, Listed, Log, Note, Path, Plain, assert_conserved, dead, dead_notes,
        park, rest, soon,
    },
};

fn with(mailbox: MailboxOptions) -> SpawnOptions {
    SpawnOptions::default().mailbox(mailbox)
}

async fn drop_newest<F: Form>() {
    let system = stage::system("test");
    let mut letters = system.dead_letters(100);
    let log = Log::default();
    let options = with(MailboxOptions::drop_newest(Capacity::of::<3>()));
    let actor = system.spawn_with(Journal::<F>::new(&log), options);
    let gate = park(&actor).await;
    for n in 0..5 {
        soon("tell that never waits", actor.tell(Note(n))).await.expect("a loss is no error");
    }
    actor.try_tell(Note(5)).expect("a loss is no error");
    let lost = dead::<Note>(&mut letters);
    let reason = DeadReason::Overflow(Overflow::DropNewest);
    assert_eq!(lost, [(Note(3), reason), (Note(4), reason), (Note(5), reason)]);
    gate.open();
    rest().await;
    assert_eq!(log.all(), [0, 1, 2]);
    let counters = system.counters();
    assert_eq!((counters.sent, counters.handled, counters.dropped), (7, 4, 3), "{counters}");
    assert_conserved(&system);
}

#[conformance]
async fn dropping_the_newest_loses_exactly_the_arriving_message() {
    drop_newest::<Listed>().await;
    drop_newest::<Plain>().await;
}

async fn drop_oldest<F: Form>() {
    let system = stage::system("test");
    let mut letters = system.dead_letters(100);
    let log = Log::default();
    let options = with(MailboxOptions::drop_oldest(Capacity::of::<3>()));
    let actor = system.spawn_with(Journal::<F>::new(&log), options);
    let gate = park(&actor).await;
    for n in 0..8 {
        soon("tell that never waits", actor.tell(Note(n))).await.expect("a loss is no error");
    }
    let lost = dead::<Note>(&mut letters);
    let reason = DeadReason::Overflow(Overflow::DropOldest);
    assert_eq!(lost, (0..5).map(|n| (Note(n), reason)).collect::<Vec<_>>());
    gate.open();
    rest().await;
    assert_eq!(log.all(), [5, 6, 7]);
    let counters = system.counters();
    assert_eq!((counters.sent, counters.handled, counters.dropped), (9, 4, 5), "{counters}");
    assert_conserved(&system);
}

#[conformance]
async fn dropping_the_oldest_keeps_the_newest_n_in_order() {
    drop_oldest::<Listed>().await;
    drop_oldest::<Plain>().await;
}

/// Between two polls of its task an actor that has used up its share holds no message back.
#[conformance(one_thread)]
async fn dropping_the_oldest_keeps_the_newest_n_also_when_the_actor_has_just_yielded() {
    let system = stage::system("test");
    let log = Log::default();
    let options = with(MailboxOptions::drop_oldest(Capacity::of::<2>())).throughput(1);
    let actor = system.spawn_with(Journal::<Listed>::new(&log), options);
    actor.try_tell(Note(1)).unwrap();
    actor.try_tell(Note(2)).unwrap();
    // Queued behind the actor's task: in turn, it runs when that has handled one message and yielded.
    let (sender, told) = (actor.clone(), log.clone());
    let between = stage::spawn(async move {
        sender.try_tell(Note(3)).unwrap();
        sender.try_tell(Note(4)).unwrap();
        told.all()
    });
    let before = soon("end of the sender", between).await.unwrap();
    assert!(
        !stage::is_in_turn() || before == [1],
        "{before:?}: the actor waits for its next share"
    );
    rest().await;
    let after = [before, vec![3, 4]].concat();
    assert_eq!(log.all(), after, "what had waited longest when 3 and 4 arrived is dropped");
}

#[conformance(virtual_time)]
async fn reject_refuses_tell_and_ask_at_once() {
    let system = stage::system("test");
    let mut letters = system.dead_letters(100);
    let log = Log::default();
    let options = with(MailboxOptions::reject(Capacity::of::<1>()));
    let actor = system.spawn_with(Journal::<Listed>::new(&log), options);
    let gate = park(&actor).await;
    actor.tell(Note(1)).await.unwrap();
    let begin = system.runtime().now();

    let error = actor.tell(Note(2)).await.unwrap_err();
    assert_eq!(error.refused(), Some(Refused::Full));
    assert_eq!(error.into_message(), Some(Note(2)));
    let error = actor.recipient().tell(Note(3)).await.unwrap_err();
    assert_eq!(error.into_message(), Some(Note(3)));
    for path in Path::BOTH {
        let error = path.ask(&actor, Add(4)).await.unwrap_err();
        assert_eq!(error.refused(), Some(Refused::Full));
        assert_eq!(error.into_message(), Some(Add(4)));
    }

    assert_eq!(system.runtime().now(), begin, "refusing takes no time");
    assert!(letters.try_recv().is_none(), "what was handed back is no dead letter");
    gate.open();
    rest().await;
    assert_eq!(log.all(), [1]);
    assert_conserved(&system);
}

#[conformance(virtual_time)]
async fn an_ask_that_arrives_too_late_ends_at_once_as_shed() {
    let system = stage::system("test");
    let mut letters = system.dead_letters(100);
    let options = with(MailboxOptions::drop_newest(Capacity::of::<1>()));
    let actor = system.spawn_with(Journal::<Listed>::new(&Log::default()), options);
    let gate = park(&actor).await;
    actor.try_tell(Note(1)).unwrap();
    let begin = system.runtime().now();
    for path in Path::BOTH {
        let error = path.ask(&actor, Add(2)).await.unwrap_err();
        assert_eq!(error.refused(), Some(Refused::Shed(Overflow::DropNewest)));
        assert!(error.is_retryable());
        assert_eq!(error.into_message(), Some(Add(2)));
    }
    assert_eq!(system.runtime().now(), begin, "not at its deadline");
    assert!(letters.try_recv().is_none(), "its asker has the message: it is no dead letter");
    gate.open();
    rest().await;
    assert_conserved(&system);
}

#[conformance(virtual_time)]
async fn an_ask_that_is_evicted_ends_at_once_as_shed() {
    let system = stage::system("test");
    let mut letters = system.dead_letters(100);
    let log = Log::default();
    let options = with(MailboxOptions::drop_oldest(Capacity::of::<2>()));
    let actor = system.spawn_with(Journal::<Listed>::new(&log), options);
    let gate = park(&actor).await;
    let asker = actor.clone();
    let asked = stage::spawn(async move { asker.ask(Add(5)).await });
    rest().await;
    let begin = system.runtime().now();
    (0..3).for_each(|n| actor.try_tell(Note(n)).unwrap());
    let error: AskError<Add> = soon("end of the ask", asked).await.unwrap().unwrap_err();
    assert_eq!(error.refused(), Some(Refused::Shed(Overflow::DropOldest)));
    assert_eq!(error.into_message(), Some(Add(5)));
    assert_eq!(system.runtime().now(), begin, "not at its deadline");
    assert_eq!(dead_notes(&mut letters), [0], "only the note that had to go is a dead letter");
    gate.open();
    rest().await;
    assert_eq!(log.all(), [1, 2]);
    assert_conserved(&system);
}

//! Refs: weak ones, recipients, counts, equality.

use std::collections::{HashMap, HashSet};

use ghostlight::{Actor, Context, Handler, Message, Recipient, WeakActorRef};

use crate::{
    stage::{self, conformance},
    support::{
        Add, Form, Gate, Hold, Journal, Listed, Log, Note, Path, Plain, ended, park, rest, soon,
    },
};

#[expect(clippy::mutable_key_type, reason = "it hashes by its id, which never changes")]
#[conformance]
async fn refs_compare_and_hash_by_identity() {
    let system = stage::system("test");
    let log = Log::default();
    let (one, other) =
        (system.spawn(Journal::<Listed>::new(&log)), system.spawn(Journal::<Listed>::new(&log)));
    assert_eq!(one, one.clone());
    assert_ne!(one, other);
    let weak = one.downgrade();
    assert_eq!(weak, weak.clone());
    assert_ne!(one.recipient::<Note>(), other.recipient::<Note>());
    assert_eq!(one.recipient::<Note>(), one.recipient::<Note>());
    assert_eq!(one.recipient::<Note>().id(), one.id());
    let refs: HashSet<_> = [one.clone(), other.clone(), one.clone()].into();
    assert_eq!(refs.len(), 2);
    let recipients: HashSet<_> =
        [one.recipient::<Add>(), other.recipient(), one.recipient()].into();
    assert_eq!(recipients.len(), 2);
    let weak: HashMap<WeakActorRef<_>, u8> = [(one.downgrade(), 1), (other.downgrade(), 2)].into();
    assert_eq!(weak[&other.downgrade()], 2);
    let shown = format!("{one:?} {:?} {:?}", one.downgrade(), one.recipient::<Note>());
    assert_eq!(shown.matches(&one.id().to_string()).count(), 3, "{shown}");
}

#[conformance]
async fn a_weak_ref_cannot_bring_back_an_ended_actor() {
    let system = stage::system("test");
    let actor = system.spawn(Journal::<Listed>::new(&Log::default()));
    let weak = actor.downgrade();
    assert_eq!(weak.upgrade().map(|it| it.id()), Some(actor.id()));
    let id = actor.id();
    drop(actor);
    let actor = weak.upgrade().expect("it runs, held by nobody but its system");
    assert_eq!(actor.ask(Add(1)).await.unwrap(), 1);
    actor.stop();
    assert!(weak.upgrade().is_none(), "it was told to end");
    ended(&actor).await;
    assert!(weak.upgrade().is_none());
    drop(actor);
    assert!(weak.upgrade().is_none() && weak.clone().upgrade().is_none());
    assert_eq!(weak.id(), id);
}

async fn counts<F: Form>() {
    let system = stage::system("test");
    let actor = system.spawn(Journal::<F>::new(&Log::default()));
    assert_eq!(actor.strong_count(), 1, "what the system and the actor hold does not count");
    let second = actor.clone();
    let weak = actor.downgrade();
    assert_eq!(actor.strong_count(), 2, "a weak ref does not count");
    let upgraded = weak.upgrade();
    assert_eq!(actor.strong_count(), 3);
    drop(upgraded);

    let recipient = actor.recipient::<Note>();
    assert_eq!(actor.strong_count(), 3, "a recipient counts");
    let erased = [recipient.clone(), recipient];
    assert_eq!(actor.strong_count(), 4, "each of two recipients counts");
    drop(erased);
    assert_eq!(actor.strong_count(), 2);

    for path in Path::BOTH {
        path.ask(&actor, Add(1)).await.unwrap();
        rest().await;
        assert_eq!(actor.strong_count(), 2, "used and idle again, {path:?}");
    }
    let gate = park(&actor).await;
    assert_eq!(actor.strong_count(), 2, "a running actor holds none of its own");
    gate.open();
    rest().await;
    assert_eq!(actor.strong_count(), 2);
    actor.stop();
    ended(&actor).await;
    // The coarse clock may hold on to an actor that was asked until it ticks.
    tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    assert_eq!(actor.strong_count(), 2, "after the end");
    drop(second);
    assert_eq!(actor.strong_count(), 1);
}

#[conformance(virtual_time)]
async fn strong_counts_are_exact_and_recipients_count() {
    counts::<Listed>().await;
    counts::<Plain>().await;
}

#[conformance]
async fn the_count_is_exact_while_the_coarse_clock_watches_an_ask() {
    let system = stage::system("test");
    let actor = system.spawn(Journal::<Listed>::new(&Log::default()));
    let gate = park(&actor).await;
    let asker = actor.clone();
    let asked = stage::spawn(async move { asker.ask(Add(1)).await });
    rest().await;
    assert_eq!(actor.strong_count(), 2, "the asker's and ours");
    gate.open();
    soon("reply", asked).await.unwrap().unwrap();
    for _ in 0..30 {
        assert_eq!(actor.strong_count(), 1);
        tokio::time::sleep(std::time::Duration::from_millis(37)).await;
    }
}

/// Reports the count that it sees from inside.
struct Inside;
#[derive(Debug, Message)]
#[message(reply = usize)]
struct CountMe;
impl Actor for Inside {
    type Protocol = (CountMe,);
}
impl Handler<CountMe> for Inside {
    async fn handle(&mut self, _: CountMe, cx: &mut Context<'_, Self>) -> usize {
        cx.me().strong_count()
    }
}

#[conformance]
async fn the_count_is_exact_as_seen_from_inside_a_turn() {
    let system = stage::system("test");
    let actor = system.spawn(Inside);
    for _ in 0..2 {
        for path in Path::BOTH {
            let count = path.ask(&actor, CountMe).within(std::time::Duration::MAX).await.unwrap();
            assert_eq!(count, 2, "{path:?}: ours, and the one that `me` made");
        }
    }
}

/// What a user of any handle relies on, written once.
async fn surface(recipient: Recipient<Hold>, gate: &Gate) {
    assert!(recipient.is_alive());
    recipient.tell(Hold(gate.clone())).await.unwrap();
    gate.arrived().await;
    let limit = std::time::Duration::from_millis(5);
    let error = recipient.ask(Hold(gate.clone())).within(limit).await.unwrap_err();
    assert!(error.into_message().is_some());
}

#[conformance]
async fn recipients_of_many_kinds_of_actors_go_into_one_list() {
    let system = stage::system("test");
    let log = Log::default();
    let listed = system.spawn(Journal::<Listed>::new(&log));
    let plain = system.spawn(Journal::<Plain>::new(&log));
    let all: Vec<Recipient<Hold>> = vec![listed.recipient(), plain.recipient()];
    for recipient in all {
        let gate = Gate::closed();
        surface(recipient, &gate).await;
        gate.open();
        rest().await;
    }
}

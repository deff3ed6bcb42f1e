//! What messages may be, and what serves them.

use std::marker::PhantomData;

use ghostlight::{Actor, Boxed, Context, Handler, Message, Recipient, StopReason};

use crate::{
    stage::{self, conformance},
    support::{
        Add, Counted, Hold, Journal, Listed, Log, Note, Path, alive, assert_conserved, ended, park,
        rest,
    },
};

struct Keeper<T>(Vec<T>);
#[derive(Debug)]
struct Keep<T>(T);
impl<T: Send + 'static> Message for Keep<T> {
    type Reply = usize;
}
impl<T: Send + 'static> Actor for Keeper<T> {
    type Protocol = (Keep<T>,);
}
impl<T: Send + 'static> Handler<Keep<T>> for Keeper<T> {
    async fn handle(&mut self, Keep(it): Keep<T>, _: &mut Context<'_, Self>) -> usize {
        self.0.push(it);
        self.0.len()
    }
}

#[conformance]
async fn a_generic_actor_can_be_spawned_and_served() {
    let system = stage::system("test");
    let (words, numbers) = (system.spawn(Keeper(Vec::new())), system.spawn(Keeper(Vec::new())));
    for path in Path::BOTH {
        path.ask(&words, Keep("word")).await.unwrap();
        path.ask(&numbers, Keep(1u64)).await.unwrap();
    }
    assert_eq!(words.ask(Keep("last")).await.unwrap(), 3);
    assert_eq!(numbers.ask(Keep(9)).await.unwrap(), 3);
}

/// Messages of every size and alignment, each carrying a count of the living.
#[derive(Debug, Message)]
struct Empty;
#[derive(Debug, Message)]
struct Small(Counted);
#[derive(Debug, Message)]
struct Large([u64; 32], #[expect(dead_code, reason = "only counted")] Counted);
#[derive(Debug, Message)]
#[repr(align(128))]
struct Aligned(u8, #[expect(dead_code, reason = "only counted")] Counted);

struct Sizes<P>(Log<&'static str>, PhantomData<fn() -> P>);
struct Declared;

impl Actor for Sizes<Declared> {
    type Protocol = (Hold, Empty, Small, Boxed<Large>, Aligned);
}
impl Actor for Sizes<()> {
    type Protocol = ();
}
impl<P: 'static> Handler<Hold> for Sizes<P>
where
    Self: Actor,
{
    async fn handle(&mut self, Hold(gate): Hold, _: &mut Context<'_, Self>) {
        gate.pass().await;
    }
}
impl<P: 'static> Handler<Empty> for Sizes<P>
where
    Self: Actor,
{
    async fn handle(&mut self, _: Empty, _: &mut Context<'_, Self>) {
        self.0.push("empty");
    }
}
impl<P: 'static> Handler<Small> for Sizes<P>
where
    Self: Actor,
{
    async fn handle(&mut self, Small(counted): Small, _: &mut Context<'_, Self>) {
        drop(counted);
        self.0.push("small");
    }
}
impl<P: 'static> Handler<Large> for Sizes<P>
where
    Self: Actor,
{
    async fn handle(&mut self, Large(words, _): Large, _: &mut Context<'_, Self>) {
        assert_eq!(words[31], 31, "the message must arrive as it was sent");
        self.0.push("large");
    }
}
impl<P: 'static> Handler<Aligned> for Sizes<P>
where
    Self: Actor,
{
    async fn handle(&mut self, message: Aligned, _: &mut Context<'_, Self>) {
        assert_eq!(std::ptr::from_ref(&message).addr() % 128, 0, "alignment must be kept");
        assert_eq!(message.0, 9);
        self.0.push("aligned");
    }
}

async fn sizes<P: 'static>(runs: bool)
where
    Sizes<P>: Actor,
{
    let system = stage::system("test");
    let log = Log::default();
    let actor = system.spawn(Sizes::<P>(log.clone(), PhantomData));
    let gate = park(&actor).await;
    let (counted, count) = Counted::new();
    let mut words = [0; 32];
    words[31] = 31;
    actor.try_tell(Empty).unwrap();
    actor.try_tell(Small(counted.clone())).unwrap();
    actor.try_tell(Large(words, counted.clone())).unwrap();
    actor.try_tell(Aligned(9, counted)).unwrap();
    assert_eq!(alive(&count), 3, "what waits must be alive, once");
    if runs {
        gate.open();
        rest().await;
        assert_eq!(log.all(), ["empty", "small", "large", "aligned"]);
    } else {
        actor.kill();
        assert!(matches!(ended(&actor).await, StopReason::Killed));
        assert!(log.all().is_empty());
    }
    assert_eq!(alive(&count), 0, "what ran, or never will, must have been dropped, once");
    assert_conserved(&system);
}

#[conformance]
async fn messages_of_any_size_arrive_intact_and_are_dropped_exactly_once_run_or_not() {
    for runs in [true, false] {
        sizes::<Declared>(runs).await;
        sizes::<()>(runs).await;
    }
}

/// A contract: what its user needs, as one value.
#[derive(Clone)]
struct Ledger {
    note: Recipient<Note>,
    add: Recipient<Add>,
}

struct Mock(Log<u64>);
impl Actor for Mock {
    type Protocol = ();
}
impl Handler<Note> for Mock {
    async fn handle(&mut self, Note(n): Note, _: &mut Context<'_, Self>) {
        self.0.push(n);
    }
}
impl Handler<Add> for Mock {
    async fn handle(&mut self, _: Add, _: &mut Context<'_, Self>) -> u64 {
        1
    }
}

#[conformance]
async fn a_contract_is_served_by_an_actor_and_by_a_mock() {
    let system = stage::system("test");
    let log = Log::default();
    let real = system.spawn(Journal::<Listed>::new(&log));
    let mock = system.spawn(Mock(log.clone()));
    let served = [
        Ledger { note: real.recipient(), add: real.recipient() },
        Ledger { note: mock.recipient(), add: mock.recipient() },
    ];
    for ledger in served {
        ledger.note.tell(Note(8)).await.unwrap();
        assert_eq!(ledger.add.ask(Add(1)).await.unwrap(), 1);
    }
    assert_eq!(log.all(), [8, 8]);
}

//! An actor that writes down the ends it is told of, and does what a test wants done inside it.

use std::marker::PhantomData;

use ghostlight::{
    Actor, ActorRef, Context, Handler, Message, Protocol, Restarted, System, Terminated,
};

use crate::support::{Boom, Gate, Hold, Listed, Log, Note, Plain, soon};

/// Whether the watchman declares what it handles; every behaviour is the same with and without.
pub(crate) trait Guise: Send + Sync + 'static + Sized {
    type Protocol: Protocol<Watchman<Self>>;
}

impl Guise for Listed {
    type Protocol = (Terminated, Restarted, Do<Self>, Note, Hold, Boom);
}
impl Guise for Plain {
    type Protocol = ();
}

/// What a watchman was told, in order.
#[derive(Clone, Default)]
pub(crate) struct Told {
    /// Everything, as text.
    pub(crate) log: Log<String>,
    /// The ends, as they came.
    pub(crate) ends: Log<Terminated>,
    /// The restarts, as they came.
    pub(crate) restarts: Log<Restarted>,
}

/// An actor that writes down what it is told.
pub(crate) struct Watchman<G> {
    pub(crate) told: Told,
    guise: PhantomData<fn() -> G>,
}

impl<G: Guise> Watchman<G> {
    pub(crate) fn new(told: &Told) -> Self {
        Self { told: told.clone(), guise: PhantomData }
    }
}

impl<G: Guise> Actor for Watchman<G> {
    type Protocol = G::Protocol;
}

/// What is to be done inside a watchman.
pub(crate) type Deed<G> = Box<dyn FnOnce(&mut Context<'_, Watchman<G>>) + Send>;

/// Waits at the gate, if there is one, and does the deed.
pub(crate) struct Do<G: Guise>(Option<Gate>, Deed<G>);

impl<G: Guise> Message for Do<G> {
    type Reply = ();
}

impl<G: Guise> Handler<Terminated> for Watchman<G> {
    async fn handle(&mut self, end: Terminated, _: &mut Context<'_, Self>) {
        self.told.log.push(format!("{}: {}", end.name, end.why));
        self.told.ends.push(end);
    }
}
impl<G: Guise> Handler<Restarted> for Watchman<G> {
    async fn handle(&mut self, it: Restarted, _: &mut Context<'_, Self>) {
        self.told.log.push(format!("{} again, {}: {}", it.name, it.incarnation, it.why));
        self.told.restarts.push(it);
    }
}
impl<G: Guise> Handler<Do<G>> for Watchman<G> {
    async fn handle(&mut self, Do(gate, deed): Do<G>, cx: &mut Context<'_, Self>) {
        if let Some(gate) = gate {
            gate.pass().await;
        }
        deed(cx);
    }
}
impl<G: Guise> Handler<Note> for Watchman<G> {
    async fn handle(&mut self, Note(n): Note, _: &mut Context<'_, Self>) {
        self.told.log.push(format!("note {n}"));
    }
}
impl<G: Guise> Handler<Hold> for Watchman<G> {
    async fn handle(&mut self, Hold(gate): Hold, _: &mut Context<'_, Self>) {
        gate.pass().await;
    }
}
impl<G: Guise> Handler<Boom> for Watchman<G> {
    async fn handle(&mut self, Boom(text): Boom, _: &mut Context<'_, Self>) -> u64 {
        panic!("{text}")
    }
}

/// A new watchman, and what it is told.
pub(crate) fn watchman<G: Guise>(system: &System) -> (ActorRef<Watchman<G>>, Told) {
    let told = Told::default();
    (system.spawn(Watchman::new(&told)), told)
}

/// Does something inside a watchman, and waits until that is done.
pub(crate) async fn within<G: Guise>(
    actor: &ActorRef<Watchman<G>>,
    deed: impl FnOnce(&mut Context<'_, Watchman<G>>) + Send + 'static,
) {
    let done = soon("deed", actor.ask(Do(None, Box::new(deed)))).await;
    done.expect("the watchman lives");
}

/// Has the watchman wait in a handler, which does something when the gate is opened.
pub(crate) async fn within_later<G: Guise>(
    actor: &ActorRef<Watchman<G>>,
    deed: impl FnOnce(&mut Context<'_, Watchman<G>>) + Send + 'static,
) -> Gate {
    let gate = Gate::closed();
    let doing = Do(Some(gate.clone()), Box::new(deed));
    actor.tell(doing).await.expect("there must be room for one more");
    gate.arrived().await;
    gate
}

/// Has the watchman watch `other`.
pub(crate) async fn watch<G: Guise, B: Actor>(actor: &ActorRef<Watchman<G>>, other: &ActorRef<B>) {
    let other = other.clone();
    within(actor, move |cx| cx.watch(&other)).await;
}

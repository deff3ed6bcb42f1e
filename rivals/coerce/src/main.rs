//! coerce behind the driver, as its documentation writes actors.
//!
//! Unequal: mailboxes have no limit, so it has one variant; spawning waits until the actor has
//! started, and gives it a random id; handlers are boxed by `async_trait`.

mod tree;

use std::process::ExitCode;

use async_trait::async_trait;
use coerce::actor::{
    Actor, ActorId, IntoActor, LocalActorRef,
    context::ActorContext,
    message::{Handler, Message},
    system::ActorSystem,
};
use rivals_common::{Cell, Description, Duty, Library, Outcome, Role, Share, Tally, Variant};

const DESCRIPTION: Description = Description {
    library: "coerce",
    version: "0.8.11",
    role: Role::Peer,
    variants: &[Variant::Unbounded],
    waits: false,
    hops: &[],
    missing: &[],
};

fn main() -> ExitCode {
    rivals_common::main(&DESCRIPTION, measure)
}

fn measure(cell: Cell) -> Outcome {
    cell.run(|| Coerce { system: ActorSystem::new() })
}

struct Coerce {
    system: ActorSystem,
}

struct Counter {
    tally: Tally,
    peer: Option<Box<LocalActorRef<Self>>>,
}

#[async_trait]
impl Actor for Counter {}

struct Add(u64);

impl Message for Add {
    type Result = ();
}

#[async_trait]
impl Handler<Add> for Counter {
    async fn handle(&mut self, Add(value): Add, _: &mut ActorContext) {
        self.tally.add(value);
    }
}

struct Ask(u64);

impl Message for Ask {
    type Result = u64;
}

#[async_trait]
impl Handler<Ask> for Counter {
    async fn handle(&mut self, Ask(value): Ask, _: &mut ActorContext) -> u64 {
        self.tally.answer(value)
    }
}

struct Kind<const WORDS: usize>([u64; WORDS]);

impl<const WORDS: usize> Message for Kind<WORDS> {
    type Result = ();
}

#[async_trait]
impl<const WORDS: usize> Handler<Kind<WORDS>> for Counter {
    async fn handle(&mut self, Kind(words): Kind<WORDS>, _: &mut ActorContext) {
        self.tally.add(words[WORDS - 1]);
    }
}

struct SetPeer(LocalActorRef<Counter>);

impl Message for SetPeer {
    type Result = ();
}

#[async_trait]
impl Handler<SetPeer> for Counter {
    async fn handle(&mut self, SetPeer(peer): SetPeer, _: &mut ActorContext) {
        self.peer = Some(Box::new(peer));
    }
}

struct Ball(u64);

impl Message for Ball {
    type Result = ();
}

#[async_trait]
impl Handler<Ball> for Counter {
    async fn handle(&mut self, Ball(hops): Ball, _: &mut ActorContext) {
        if let (Some(hops), Some(peer)) = (self.tally.catch(hops), &self.peer) {
            peer.notify(Ball(hops)).expect("the peer runs");
        }
    }
}

impl Library for Coerce {
    type Ref = LocalActorRef<Counter>;

    async fn spawn(&self, duty: Duty) -> Self::Ref {
        let counter = Counter { tally: duty.tally(), peer: None };
        counter.into_actor(None::<ActorId>, &self.system).await.expect("the actor starts")
    }

    async fn tell(actor: &Self::Ref, value: u64) {
        actor.notify(Add(value)).expect("the actor runs");
    }

    async fn ask(actor: &Self::Ref, value: u64) -> u64 {
        actor.send(Ask(value)).await.expect("the actor answers")
    }

    async fn tell_kind(actor: &Self::Ref, kind: usize, value: u64) {
        let told = match kind {
            0 => actor.notify(Kind([value; 1])),
            1 => actor.notify(Kind([value; 2])),
            2 => actor.notify(Kind([value; 4])),
            _ => actor.notify(Kind([value; 8])),
        };
        told.expect("the actor runs");
    }

    async fn set_peer(actor: &Self::Ref, peer: Self::Ref) {
        actor.notify(SetPeer(peer)).expect("the actor runs");
    }

    async fn ball(actor: &Self::Ref, hops: u64) {
        actor.notify(Ball(hops)).expect("the actor runs");
    }

    async fn stop(actor: Self::Ref) {
        actor.notify_stop().expect("the actor runs");
    }

    async fn skynet(&self, root: Share) {
        tree::start(root, None, &self.system).await;
    }
}

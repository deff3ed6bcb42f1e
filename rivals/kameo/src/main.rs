//! kameo behind the driver, as its documentation writes actors.
//!
//! Unequal: default features, so that each message carries the sender's tracing span; asks and
//! tells are awaited as in the documentation, which boxes the request's future.

mod tree;

use std::process::ExitCode;

use kameo::{
    Actor,
    actor::{ActorRef, Spawn},
    mailbox,
    message::{Context, Message},
};
use rivals_common::{Cell, Description, Duty, Library, Outcome, Role, Share, Tally, Variant};

const DESCRIPTION: Description = Description {
    library: "kameo",
    version: "0.22.2",
    role: Role::Peer,
    variants: &[Variant::Bounded, Variant::Unbounded],
    waits: true,
    hops: &[],
    missing: &[],
};

fn main() -> ExitCode {
    rivals_common::main(&DESCRIPTION, measure)
}

fn measure(cell: Cell) -> Outcome {
    let capacity = cell.variant.capacity();
    cell.run(move || Kameo { capacity })
}

struct Kameo {
    capacity: Option<usize>,
}

#[derive(Actor)]
struct Counter {
    tally: Tally,
    peer: Option<Box<ActorRef<Self>>>,
}

struct Add(u64);

impl Message<Add> for Counter {
    type Reply = ();

    async fn handle(&mut self, Add(value): Add, _: &mut Context<Self, ()>) {
        self.tally.add(value);
    }
}

struct Ask(u64);

impl Message<Ask> for Counter {
    type Reply = u64;

    async fn handle(&mut self, Ask(value): Ask, _: &mut Context<Self, u64>) -> u64 {
        self.tally.answer(value)
    }
}

struct Kind<const WORDS: usize>([u64; WORDS]);

impl<const WORDS: usize> Message<Kind<WORDS>> for Counter {
    type Reply = ();

    async fn handle(&mut self, Kind(words): Kind<WORDS>, _: &mut Context<Self, ()>) {
        self.tally.add(words[WORDS - 1]);
    }
}

struct SetPeer(ActorRef<Counter>);

impl Message<SetPeer> for Counter {
    type Reply = ();

    async fn handle(&mut self, SetPeer(peer): SetPeer, _: &mut Context<Self, ()>) {
        self.peer = Some(Box::new(peer));
    }
}

struct Ball(u64);

impl Message<Ball> for Counter {
    type Reply = ();

    async fn handle(&mut self, Ball(hops): Ball, _: &mut Context<Self, ()>) {
        if let (Some(hops), Some(peer)) = (self.tally.catch(hops), &self.peer) {
            peer.tell(Ball(hops)).await.expect("the peer runs");
        }
    }
}

impl Library for Kameo {
    type Ref = ActorRef<Counter>;

    async fn spawn(&self, duty: Duty) -> Self::Ref {
        let counter = Counter { tally: duty.tally(), peer: None };
        let mailbox = self.capacity.map_or_else(mailbox::unbounded, mailbox::bounded);
        Counter::spawn_with_mailbox(counter, mailbox)
    }

    async fn tell(actor: &Self::Ref, value: u64) {
        actor.tell(Add(value)).await.expect("the actor runs");
    }

    async fn ask(actor: &Self::Ref, value: u64) -> u64 {
        actor.ask(Ask(value)).await.expect("the actor answers")
    }

    async fn tell_kind(actor: &Self::Ref, kind: usize, value: u64) {
        let told = match kind {
            0 => actor.tell(Kind([value; 1])).await.is_ok(),
            1 => actor.tell(Kind([value; 2])).await.is_ok(),
            2 => actor.tell(Kind([value; 4])).await.is_ok(),
            _ => actor.tell(Kind([value; 8])).await.is_ok(),
        };
        assert!(told, "the actor runs");
    }

    async fn set_peer(actor: &Self::Ref, peer: Self::Ref) {
        actor.tell(SetPeer(peer)).await.expect("the actor runs");
    }

    async fn ball(actor: &Self::Ref, hops: u64) {
        actor.tell(Ball(hops)).await.expect("the actor runs");
    }

    async fn stop(actor: Self::Ref) {
        actor.stop_gracefully().await.expect("the actor runs");
    }

    async fn skynet(&self, root: Share) {
        tree::start(root, None, self.capacity);
    }
}

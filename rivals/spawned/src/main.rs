//! spawned-concurrency behind the driver, with plain messages as its documentation allows.
//!
//! Unequal: each request carries a timeout of five seconds; mailboxes have no limit, so it has
//! one variant. Messages are declared by hand rather than by `#[protocol]`, whose requests box
//! one future more.

mod tree;

use std::process::ExitCode;

use rivals_common::{Cell, Description, Duty, Library, Outcome, Role, Share, Tally, Variant};
use spawned_concurrency::{
    message::Message,
    tasks::{Actor, ActorRef, ActorStart, Context, Handler},
};

const DESCRIPTION: Description = Description {
    library: "spawned",
    version: "0.5.0",
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
    cell.run(|| Spawned)
}

struct Spawned;

struct Counter {
    tally: Tally,
    peer: Option<Box<ActorRef<Self>>>,
}

impl Actor for Counter {}

struct Add(u64);

impl Message for Add {
    type Result = ();
}

impl Handler<Add> for Counter {
    async fn handle(&mut self, Add(value): Add, _: &Context<Self>) {
        self.tally.add(value);
    }
}

struct Ask(u64);

impl Message for Ask {
    type Result = u64;
}

impl Handler<Ask> for Counter {
    async fn handle(&mut self, Ask(value): Ask, _: &Context<Self>) -> u64 {
        self.tally.answer(value)
    }
}

struct Kind<const WORDS: usize>([u64; WORDS]);

impl<const WORDS: usize> Message for Kind<WORDS> {
    type Result = ();
}

impl<const WORDS: usize> Handler<Kind<WORDS>> for Counter {
    async fn handle(&mut self, Kind(words): Kind<WORDS>, _: &Context<Self>) {
        self.tally.add(words[WORDS - 1]);
    }
}

struct SetPeer(ActorRef<Counter>);

impl Message for SetPeer {
    type Result = ();
}

impl Handler<SetPeer> for Counter {
    async fn handle(&mut self, SetPeer(peer): SetPeer, _: &Context<Self>) {
        self.peer = Some(Box::new(peer));
    }
}

struct Ball(u64);

impl Message for Ball {
    type Result = ();
}

impl Handler<Ball> for Counter {
    async fn handle(&mut self, Ball(hops): Ball, _: &Context<Self>) {
        if let (Some(hops), Some(peer)) = (self.tally.catch(hops), &self.peer) {
            peer.send(Ball(hops)).expect("the peer runs");
        }
    }
}

impl Library for Spawned {
    type Ref = ActorRef<Counter>;

    async fn spawn(&self, duty: Duty) -> Self::Ref {
        Counter { tally: duty.tally(), peer: None }.start()
    }

    async fn tell(actor: &Self::Ref, value: u64) {
        actor.send(Add(value)).expect("the actor runs");
    }

    async fn ask(actor: &Self::Ref, value: u64) -> u64 {
        actor.request(Ask(value)).await.expect("the actor answers")
    }

    async fn tell_kind(actor: &Self::Ref, kind: usize, value: u64) {
        let told = match kind {
            0 => actor.send(Kind([value; 1])),
            1 => actor.send(Kind([value; 2])),
            2 => actor.send(Kind([value; 4])),
            _ => actor.send(Kind([value; 8])),
        };
        told.expect("the actor runs");
    }

    async fn set_peer(actor: &Self::Ref, peer: Self::Ref) {
        actor.send(SetPeer(peer)).expect("the actor runs");
    }

    async fn ball(actor: &Self::Ref, hops: u64) {
        actor.send(Ball(hops)).expect("the actor runs");
    }

    async fn stop(actor: Self::Ref) {
        actor.context().stop();
    }

    async fn skynet(&self, root: Share) {
        tree::start(root, None);
    }
}

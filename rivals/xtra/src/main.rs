//! xtra behind the driver, as its documentation writes actors.
//!
//! Unequal: a tell is a send whose answer is given up (`detach`), so it makes the channel for the
//! answer as an ask does; an actor is stopped by dropping its last address.

mod tree;

use std::process::ExitCode;

use rivals_common::{Cell, Description, Duty, Library, Outcome, Role, Share, Tally, Variant};
use xtra::prelude::*;

const DESCRIPTION: Description = Description {
    library: "xtra",
    version: "0.6.0",
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
    cell.run(move || Xtra { capacity })
}

struct Xtra {
    capacity: Option<usize>,
}

#[derive(xtra::Actor)]
struct Counter {
    tally: Tally,
    peer: Option<Box<Address<Self>>>,
}

struct Add(u64);

impl Handler<Add> for Counter {
    type Return = ();

    async fn handle(&mut self, Add(value): Add, _: &mut Context<Self>) {
        self.tally.add(value);
    }
}

struct Ask(u64);

impl Handler<Ask> for Counter {
    type Return = u64;

    async fn handle(&mut self, Ask(value): Ask, _: &mut Context<Self>) -> u64 {
        self.tally.answer(value)
    }
}

struct Kind<const WORDS: usize>([u64; WORDS]);

impl<const WORDS: usize> Handler<Kind<WORDS>> for Counter {
    type Return = ();

    async fn handle(&mut self, Kind(words): Kind<WORDS>, _: &mut Context<Self>) {
        self.tally.add(words[WORDS - 1]);
    }
}

struct SetPeer(Address<Counter>);

impl Handler<SetPeer> for Counter {
    type Return = ();

    async fn handle(&mut self, SetPeer(peer): SetPeer, _: &mut Context<Self>) {
        self.peer = Some(Box::new(peer));
    }
}

struct Ball(u64);

impl Handler<Ball> for Counter {
    type Return = ();

    async fn handle(&mut self, Ball(hops): Ball, _: &mut Context<Self>) {
        if let (Some(hops), Some(peer)) = (self.tally.catch(hops), &self.peer) {
            tell(peer, Ball(hops)).await;
        }
    }
}

/// Puts a message into the mailbox, waiting for room, and gives up the answer.
async fn tell<A, M>(actor: &Address<A>, message: M)
where
    A: Handler<M>,
    M: Send + 'static,
{
    let queued = actor.send(message).detach().await;
    assert!(queued.is_ok(), "the actor runs");
}

impl Library for Xtra {
    type Ref = Address<Counter>;

    async fn spawn(&self, duty: Duty) -> Self::Ref {
        let mailbox = self.capacity.map_or_else(Mailbox::unbounded, Mailbox::bounded);
        xtra::spawn_tokio(Counter { tally: duty.tally(), peer: None }, mailbox)
    }

    async fn tell(actor: &Self::Ref, value: u64) {
        tell(actor, Add(value)).await;
    }

    async fn ask(actor: &Self::Ref, value: u64) -> u64 {
        actor.send(Ask(value)).await.expect("the actor answers")
    }

    async fn tell_kind(actor: &Self::Ref, kind: usize, value: u64) {
        match kind {
            0 => tell(actor, Kind([value; 1])).await,
            1 => tell(actor, Kind([value; 2])).await,
            2 => tell(actor, Kind([value; 4])).await,
            _ => tell(actor, Kind([value; 8])).await,
        }
    }

    async fn set_peer(actor: &Self::Ref, peer: Self::Ref) {
        tell(actor, SetPeer(peer)).await;
    }

    async fn ball(actor: &Self::Ref, hops: u64) {
        tell(actor, Ball(hops)).await;
    }

    async fn stop(actor: Self::Ref) {
        drop(actor);
    }

    async fn skynet(&self, root: Share) {
        tree::start(root, None, self.capacity);
    }
}

//! Hand-written tokio tasks behind the driver: what an actor costs without a library.
//!
//! A reference, not a peer: it has no supervision, no names, no signals, and its messages are one
//! enum, written by hand.

mod queue;
mod tree;

use std::{future::Future, marker::PhantomData, process::ExitCode};

use rivals_common::{Cell, Description, Duty, Library, Outcome, Role, Share, Tally, Variant};
use tokio::sync::oneshot;

use crate::queue::{Bounded, Queue, Unbounded};

const DESCRIPTION: Description = Description {
    library: "raw",
    version: "tokio 1.54",
    role: Role::Reference,
    variants: &[Variant::Bounded, Variant::Unbounded],
    waits: true,
    hops: &[],
    missing: &[],
};

fn main() -> ExitCode {
    rivals_common::main(&DESCRIPTION, measure)
}

fn measure(cell: Cell) -> Outcome {
    match cell.variant {
        Variant::Unbounded => cell.run(|| Raw::<Unbounded>(PhantomData)),
        _ => cell.run(|| Raw::<Bounded>(PhantomData)),
    }
}

struct Raw<Q>(PhantomData<fn() -> Q>);

enum Message<Q: Queue> {
    Add(u64),
    Ask(u64, oneshot::Sender<u64>),
    Kind8([u64; 1]),
    Kind16([u64; 2]),
    Kind32([u64; 4]),
    Kind64([u64; 8]),
    SetPeer(Q::Sender<Self>),
    Ball(u64),
}

struct Counter<Q: Queue> {
    tally: Tally,
    peer: Option<Box<Q::Sender<Message<Q>>>>,
}

impl<Q: Queue> Counter<Q> {
    /// Ends when the last sender is dropped.
    async fn run(mut self, mut inbox: Q::Receiver<Message<Q>>) {
        while let Some(message) = Q::receive(&mut inbox).await {
            match message {
                Message::Add(value) | Message::Kind8([value]) => self.tally.add(value),
                Message::Kind16([.., value]) => self.tally.add(value),
                Message::Kind32([.., value]) => self.tally.add(value),
                Message::Kind64([.., value]) => self.tally.add(value),
                Message::Ask(value, reply) => {
                    let _gone = reply.send(self.tally.answer(value));
                }
                Message::SetPeer(peer) => self.peer = Some(Box::new(peer)),
                Message::Ball(hops) => {
                    if let (Some(hops), Some(peer)) = (self.tally.catch(hops), &self.peer) {
                        Q::send(peer, Message::Ball(hops)).await;
                    }
                }
            }
        }
    }
}

impl<Q: Queue> Library for Raw<Q> {
    type Ref = Q::Sender<Message<Q>>;

    async fn spawn(&self, duty: Duty) -> Self::Ref {
        let (sender, inbox) = Q::channel();
        let counter = Counter::<Q> { tally: duty.tally(), peer: None };
        tokio::spawn(counter.run(inbox));
        sender
    }

    fn tell(actor: &Self::Ref, value: u64) -> impl Future<Output = ()> + Send {
        Q::send(actor, Message::Add(value))
    }

    async fn ask(actor: &Self::Ref, value: u64) -> u64 {
        let (reply, answer) = oneshot::channel();
        Q::send(actor, Message::Ask(value, reply)).await;
        answer.await.expect("the actor runs")
    }

    fn tell_kind(actor: &Self::Ref, kind: usize, value: u64) -> impl Future<Output = ()> + Send {
        let message = match kind {
            0 => Message::Kind8([value; 1]),
            1 => Message::Kind16([value; 2]),
            2 => Message::Kind32([value; 4]),
            _ => Message::Kind64([value; 8]),
        };
        Q::send(actor, message)
    }

    fn set_peer(actor: &Self::Ref, peer: Self::Ref) -> impl Future<Output = ()> + Send {
        Q::send(actor, Message::SetPeer(peer))
    }

    fn ball(actor: &Self::Ref, hops: u64) -> impl Future<Output = ()> + Send {
        Q::send(actor, Message::Ball(hops))
    }

    async fn stop(actor: Self::Ref) {
        drop(actor);
    }

    async fn skynet(&self, root: Share) {
        tree::start::<Q>(root, None);
    }
}

//! ractor behind the driver, as its documentation writes actors.
//!
//! Unequal: default features, so that each message carries the sender's tracing span; mailboxes
//! have no limit, so it has one variant; spawning waits until the actor has started.

mod tree;

use std::process::ExitCode;

use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort, call};
use rivals_common::{Cell, Description, Duty, Library, Outcome, Role, Share, Tally, Variant};

const DESCRIPTION: Description = Description {
    library: "ractor",
    version: "0.16.5",
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
    cell.run(|| Ractor)
}

struct Ractor;

struct Counter;

struct State {
    tally: Tally,
    peer: Option<Box<ActorRef<Message>>>,
}

enum Message {
    Add(u64),
    Ask(u64, RpcReplyPort<u64>),
    Kind8([u64; 1]),
    Kind16([u64; 2]),
    Kind32([u64; 4]),
    Kind64([u64; 8]),
    SetPeer(ActorRef<Self>),
    Ball(u64),
}

impl Actor for Counter {
    type Msg = Message;
    type State = State;
    type Arguments = Duty;

    async fn pre_start(
        &self,
        _: ActorRef<Message>,
        duty: Duty,
    ) -> Result<State, ActorProcessingErr> {
        Ok(State { tally: duty.tally(), peer: None })
    }

    async fn handle(
        &self,
        _: ActorRef<Message>,
        message: Message,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Add(value) | Message::Kind8([value]) => state.tally.add(value),
            Message::Kind16([.., value]) => state.tally.add(value),
            Message::Kind32([.., value]) => state.tally.add(value),
            Message::Kind64([.., value]) => state.tally.add(value),
            Message::Ask(value, reply) => reply.send(state.tally.answer(value))?,
            Message::SetPeer(peer) => state.peer = Some(Box::new(peer)),
            Message::Ball(hops) => {
                if let (Some(hops), Some(peer)) = (state.tally.catch(hops), &state.peer) {
                    peer.cast(Message::Ball(hops))?;
                }
            }
        }
        Ok(())
    }
}

impl Library for Ractor {
    type Ref = ActorRef<Message>;

    async fn spawn(&self, duty: Duty) -> Self::Ref {
        Actor::spawn(None, Counter, duty).await.expect("the actor starts").0
    }

    async fn tell(actor: &Self::Ref, value: u64) {
        actor.cast(Message::Add(value)).expect("the actor runs");
    }

    async fn ask(actor: &Self::Ref, value: u64) -> u64 {
        call!(actor, Message::Ask, value).expect("the actor answers")
    }

    async fn tell_kind(actor: &Self::Ref, kind: usize, value: u64) {
        let message = match kind {
            0 => Message::Kind8([value; 1]),
            1 => Message::Kind16([value; 2]),
            2 => Message::Kind32([value; 4]),
            _ => Message::Kind64([value; 8]),
        };
        actor.cast(message).expect("the actor runs");
    }

    async fn set_peer(actor: &Self::Ref, peer: Self::Ref) {
        actor.cast(Message::SetPeer(peer)).expect("the actor runs");
    }

    async fn ball(actor: &Self::Ref, hops: u64) {
        actor.cast(Message::Ball(hops)).expect("the actor runs");
    }

    async fn stop(actor: Self::Ref) {
        actor.stop(None);
    }

    async fn skynet(&self, root: Share) {
        tree::start(root, None).await;
    }
}

//! theta behind the driver, as its documentation writes actors.
//!
//! Unequal: this release compiles only with its `remote` and `monitor` features, so messages are
//! serializable and each actor is entered into a map; mailboxes have no limit, so it has one
//! variant; an actor is built by its task from arguments it keeps, and stopped by dropping its
//! last handle.

#![expect(
    missing_docs,
    private_interfaces,
    reason = "the enums that the macro generates are public"
)]

mod tree;

use std::process::ExitCode;

use rivals_common::{Cell, Description, Duty, Library, Outcome, Role, Share, Tally, Variant};
use serde::{Deserialize, Serialize};
use theta::prelude::*;

const DESCRIPTION: Description = Description {
    library: "theta",
    version: "0.1.0-alpha.56",
    role: Role::Peer,
    variants: &[Variant::Unbounded],
    waits: false,
    hops: &[],
    // A handful in a hundred thousand actors never stop on two workers, in most runs.
    missing: &["spawn_stop mt", "skynet_1m mt"],
};

fn main() -> ExitCode {
    rivals_common::main(&DESCRIPTION, measure)
}

fn measure(cell: Cell) -> Outcome {
    cell.run(|| Theta { context: RootContext::init_local() })
}

struct Theta {
    context: RootContext,
}

#[derive(Debug)]
struct Counter {
    tally: Tally,
    peer: Option<Box<ActorRef<Self>>>,
}

#[derive(Clone)]
struct CounterArgs(Duty);

impl ActorArgs for CounterArgs {
    type Actor = Counter;

    async fn initialize(_: Context<Counter>, CounterArgs(duty): &Self) -> Counter {
        Counter { tally: duty.clone().tally(), peer: None }
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Add(u64);
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Ask(u64);
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Kind8([u64; 1]);
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Kind16([u64; 2]);
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Kind32([u64; 4]);
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Kind64([u64; 8]);
#[derive(Clone, Debug, Deserialize, Serialize)]
struct SetPeer(ActorRef<Counter>);
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Ball(u64);

#[actor("0e2f1b5a-5a0c-4b0e-9d6e-6f1d0c8f2a01")]
impl Actor for Counter {
    const _: () = {
        async |Add(value): Add| {
            self.tally.add(value);
        };
        async |Ask(value): Ask| -> u64 { self.tally.answer(value) };
        async |Kind8(words): Kind8| {
            self.tally.add(words[0]);
        };
        async |Kind16(words): Kind16| {
            self.tally.add(words[1]);
        };
        async |Kind32(words): Kind32| {
            self.tally.add(words[3]);
        };
        async |Kind64(words): Kind64| {
            self.tally.add(words[7]);
        };
        async |SetPeer(peer): SetPeer| {
            self.peer = Some(Box::new(peer));
        };
        async |Ball(hops): Ball| {
            if let (Some(hops), Some(peer)) = (self.tally.catch(hops), &self.peer) {
                peer.tell(Ball(hops)).expect("the peer runs");
            }
        };
    };
}

impl Library for Theta {
    type Ref = ActorRef<Counter>;

    async fn spawn(&self, duty: Duty) -> Self::Ref {
        self.context.spawn(CounterArgs(duty))
    }

    async fn tell(actor: &Self::Ref, value: u64) {
        actor.tell(Add(value)).expect("the actor runs");
    }

    async fn ask(actor: &Self::Ref, value: u64) -> u64 {
        actor.ask(Ask(value)).await.expect("the actor answers")
    }

    async fn tell_kind(actor: &Self::Ref, kind: usize, value: u64) {
        let told = match kind {
            0 => actor.tell(Kind8([value; 1])),
            1 => actor.tell(Kind16([value; 2])),
            2 => actor.tell(Kind32([value; 4])),
            _ => actor.tell(Kind64([value; 8])),
        };
        told.expect("the actor runs");
    }

    async fn set_peer(actor: &Self::Ref, peer: Self::Ref) {
        actor.tell(SetPeer(peer)).expect("the actor runs");
    }

    async fn ball(actor: &Self::Ref, hops: u64) {
        actor.tell(Ball(hops)).expect("the actor runs");
    }

    async fn stop(actor: Self::Ref) {
        drop(actor);
    }

    async fn skynet(&self, root: Share) {
        tree::start_root(root, &self.context);
    }
}

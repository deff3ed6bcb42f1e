//! Ghostlight behind the driver, with its defaults: room for 1000 messages, and senders wait.
//!
//! Unequal: an ask has a deadline of 5 s, and one to an idle actor runs on its caller (the workload
//! `ask_queued` switches that off).

mod tree;

use std::process::ExitCode;

use ghostlight::{Observer, prelude::*};
use rivals_common::{Cell, Description, Duty, Library, Outcome, Role, Share, Tally, Variant};

const DESCRIPTION: Description = Description {
    library: "ghostlight",
    version: env!("CARGO_PKG_VERSION"),
    role: Role::Ours,
    variants: &[Variant::Bounded, Variant::Unbounded, Variant::Off, Variant::Observed],
    waits: true,
    hops: &[],
    missing: &[],
};

fn main() -> ExitCode {
    rivals_common::main(&DESCRIPTION, measure)
}

fn measure(cell: Cell) -> Outcome {
    cell.run(move || Ghostlight::new(cell.variant))
}

struct Ghostlight {
    system: System,
}

impl Ghostlight {
    fn new(variant: Variant) -> Self {
        let builder = System::builder("rivals");
        let system = match variant {
            Variant::Bounded | Variant::Off => builder,
            Variant::Unbounded => {
                builder.defaults(SpawnOptions::default().mailbox(MailboxOptions::unbounded()))
            }
            Variant::Observed => builder.observer(Silent),
        };
        Self { system: system.build() }
    }
}

/// An observer that hears everything and does nothing.
struct Silent;

impl Observer for Silent {}

#[derive(Actor)]
#[actor(handles(Add, Ask, Kind<1>, Kind<2>, Kind<4>, Kind<8>, SetPeer, Ball))]
struct Counter {
    tally: Tally,
    peer: Option<Box<ActorRef<Self>>>,
}

#[derive(Message)]
struct Add(u64);

impl Handler<Add> for Counter {
    async fn handle(&mut self, Add(value): Add, _: &mut Context<'_, Self>) {
        self.tally.add(value);
    }
}

#[derive(Message)]
#[message(reply = u64)]
struct Ask(u64);

impl Handler<Ask> for Counter {
    async fn handle(&mut self, Ask(value): Ask, _: &mut Context<'_, Self>) -> u64 {
        self.tally.answer(value)
    }
}

#[derive(Message)]
struct Kind<const WORDS: usize>([u64; WORDS]);

impl<const WORDS: usize> Handler<Kind<WORDS>> for Counter {
    async fn handle(&mut self, Kind(words): Kind<WORDS>, _: &mut Context<'_, Self>) {
        self.tally.add(words[WORDS - 1]);
    }
}

#[derive(Message)]
struct SetPeer(ActorRef<Counter>);

impl Handler<SetPeer> for Counter {
    async fn handle(&mut self, SetPeer(peer): SetPeer, _: &mut Context<'_, Self>) {
        self.peer = Some(Box::new(peer));
    }
}

#[derive(Message)]
struct Ball(u64);

impl Handler<Ball> for Counter {
    async fn handle(&mut self, Ball(hops): Ball, _: &mut Context<'_, Self>) {
        if let (Some(hops), Some(peer)) = (self.tally.catch(hops), &self.peer) {
            peer.tell(Ball(hops)).await.expect("the peer runs");
        }
    }
}

impl Library for Ghostlight {
    type Ref = ActorRef<Counter>;

    async fn spawn(&self, duty: Duty) -> Self::Ref {
        self.system.spawn(Counter { tally: duty.tally(), peer: None })
    }

    async fn tell(actor: &Self::Ref, value: u64) {
        actor.tell(Add(value)).await.expect("the actor runs");
    }

    async fn ask(actor: &Self::Ref, value: u64) -> u64 {
        actor.ask(Ask(value)).await.expect("the actor answers")
    }

    async fn ask_queued(actor: &Self::Ref, value: u64) -> u64 {
        actor.ask(Ask(value)).queued().await.expect("the actor answers")
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
        actor.stop();
    }

    async fn skynet(&self, root: Share) {
        tree::start(&self.system, root, None);
    }
}

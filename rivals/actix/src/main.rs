//! actix behind the driver, as its documentation writes actors.
//!
//! Unequal: a tell (`do_send`) never waits, whatever the capacity, so it has one variant and no
//! bounded rows; handlers are synchronous; an actor lives on the thread that started it. On `ct`
//! everything shares one thread. On `mt` there are two arbiters, the driver on the first and the
//! actors beginning with the second, so that an exchange with one actor is a hop between threads.

mod arbiters;
mod tree;

use std::{future::Future, process::ExitCode};

use actix::prelude::*;
use rivals_common::{
    Cell, Description, Duty, Library, Outcome, Role, Runtime, Share, Tally, Variant,
};

use crate::arbiters::Arbiters;

const DESCRIPTION: Description = Description {
    library: "actix",
    version: "0.13.5",
    role: Role::Peer,
    variants: &[Variant::Unbounded],
    waits: false,
    hops: &["ask_idle", "ask_idle_p99", "ask_queued", "ping_pong"],
    missing: &[],
};

/// What asks respect; tells do not. The default of 16 would only make many askers wait.
const CAPACITY: usize = 1000;

fn main() -> ExitCode {
    rivals_common::main(&DESCRIPTION, measure)
}

fn measure(cell: Cell) -> Outcome {
    let runtime = cell.runtime;
    cell.run(move || Actix { arbiters: Arbiters::start(runtime) })
}

struct Actix {
    arbiters: Arbiters,
}

struct Counter {
    tally: Tally,
    peer: Option<Box<Addr<Self>>>,
}

impl Actor for Counter {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Context<Self>) {
        context.set_mailbox_capacity(CAPACITY);
    }
}

#[derive(Message)]
#[rtype(result = "()")]
struct Add(u64);

impl Handler<Add> for Counter {
    type Result = ();

    fn handle(&mut self, Add(value): Add, _: &mut Context<Self>) {
        self.tally.add(value);
    }
}

#[derive(Message)]
#[rtype(result = "u64")]
struct Ask(u64);

impl Handler<Ask> for Counter {
    type Result = u64;

    fn handle(&mut self, Ask(value): Ask, _: &mut Context<Self>) -> u64 {
        self.tally.answer(value)
    }
}

#[derive(Message)]
#[rtype(result = "()")]
struct Kind<const WORDS: usize>([u64; WORDS]);

impl<const WORDS: usize> Handler<Kind<WORDS>> for Counter {
    type Result = ();

    fn handle(&mut self, Kind(words): Kind<WORDS>, _: &mut Context<Self>) {
        self.tally.add(words[WORDS - 1]);
    }
}

#[derive(Message)]
#[rtype(result = "()")]
struct SetPeer(Addr<Counter>);

impl Handler<SetPeer> for Counter {
    type Result = ();

    fn handle(&mut self, SetPeer(peer): SetPeer, _: &mut Context<Self>) {
        self.peer = Some(Box::new(peer));
    }
}

#[derive(Message)]
#[rtype(result = "()")]
struct Ball(u64);

impl Handler<Ball> for Counter {
    type Result = ();

    fn handle(&mut self, Ball(hops): Ball, _: &mut Context<Self>) {
        if let (Some(hops), Some(peer)) = (self.tally.catch(hops), &self.peer) {
            peer.do_send(Ball(hops));
        }
    }
}

impl Library for Actix {
    type Ref = Addr<Counter>;

    async fn spawn(&self, duty: Duty) -> Self::Ref {
        self.arbiters.start_actor(move || Counter { tally: duty.tally(), peer: None })
    }

    async fn tell(actor: &Self::Ref, value: u64) {
        actor.do_send(Add(value));
    }

    async fn ask(actor: &Self::Ref, value: u64) -> u64 {
        actor.send(Ask(value)).await.expect("the actor answers")
    }

    async fn tell_kind(actor: &Self::Ref, kind: usize, value: u64) {
        match kind {
            0 => actor.do_send(Kind([value; 1])),
            1 => actor.do_send(Kind([value; 2])),
            2 => actor.do_send(Kind([value; 4])),
            _ => actor.do_send(Kind([value; 8])),
        }
    }

    async fn set_peer(actor: &Self::Ref, peer: Self::Ref) {
        actor.do_send(SetPeer(peer));
    }

    async fn ball(actor: &Self::Ref, hops: u64) {
        actor.do_send(Ball(hops));
    }

    /// An actor stops once no address is left; from outside there is no other way.
    async fn stop(actor: Self::Ref) {
        drop(actor);
    }

    async fn skynet(&self, root: Share) {
        tree::start_root(root, &self.arbiters);
    }

    fn enter<F>(runtime: Runtime, main: F) -> F::Output
    where
        F: Future<Output: Send> + Send + 'static,
    {
        arbiters::enter(runtime, main)
    }

    fn start_task<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.arbiters.start_task(task);
    }
}

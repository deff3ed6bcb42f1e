//! What each facility of a wait costs, off and on: `cargo bench -p ghostlight --bench facilities`.
//!
//! Ratios of one run: each round measures all, and the medians are compared.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "it measures, and prints")]

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use ghostlight::prelude::*;

const ROUNDS: usize = 9;
const ASKS: u32 = 20_000;
/// How many actors wait for each other when one more is refused.
const WAITING: usize = 1_000;

#[derive(Message)]
#[message(reply = u32)]
struct Get;

/// Asks the other so often.
#[derive(Message)]
#[message(reply = ())]
struct Ask(ActorRef<Node>, How);

#[derive(Clone, Copy)]
enum How {
    Plain,
    Queued,
    Within,
    Lending,
}

/// Asks the next in the ring, until there is none; the last asks the first.
#[derive(Message)]
#[message(reply = Duration)]
struct Around(Vec<ActorRef<Node>>, usize);

#[derive(Actor)]
#[actor(handles(Get, Ask, Around))]
struct Node(u32);

impl Handler<Get> for Node {
    async fn handle(&mut self, _: Get, _: &mut Context<'_, Self>) -> u32 {
        self.0 += 1;
        self.0
    }
}

impl Handler<Ask> for Node {
    async fn handle(&mut self, Ask(other, how): Ask, cx: &mut Context<'_, Self>) {
        for _ in 0..ASKS {
            let answer = match how {
                How::Plain => other.ask(Get).await,
                How::Queued => other.ask(Get).queued().await,
                How::Within => other.ask(Get).within(Duration::from_secs(5)).await,
                How::Lending => cx.lend(self).ask(&other, Get).await,
            };
            answer.expect("the other lives");
        }
    }
}

impl Handler<Around> for Node {
    async fn handle(&mut self, Around(ring, at): Around, _: &mut Context<'_, Self>) -> Duration {
        let Some(next) = ring.get(at + 1).cloned() else {
            let begun = Instant::now();
            let refused = ring[0].ask(Get).queued().await;
            assert!(matches!(refused, Err(AskError::Deadlock { .. })), "a ring has no end");
            return begun.elapsed();
        };
        next.ask(Around(ring, at + 1)).queued().await.expect("the ring lives")
    }
}

async fn outside(system: &System, how: How) -> Duration {
    let node = system.spawn(Node(0));
    let begun = Instant::now();
    for _ in 0..ASKS {
        let answer = match how {
            How::Plain | How::Lending => node.ask(Get).await,
            How::Queued => node.ask(Get).queued().await,
            How::Within => node.ask(Get).within(Duration::from_secs(5)).await,
        };
        answer.expect("the node lives");
    }
    begun.elapsed() / ASKS
}

async fn inside(system: &System, how: How) -> Duration {
    let (one, other) = (system.spawn(Node(0)), system.spawn(Node(0)));
    let begun = Instant::now();
    one.ask(Ask(other, how)).within(Duration::MAX).await.expect("both live");
    begun.elapsed() / ASKS
}

/// How long it takes to refuse the last of a ring of so many, while the others of a thousand wait too.
async fn refusal(system: &System, ring: usize) -> Duration {
    let all: Vec<_> = (0..WAITING).map(|_| system.spawn(Node(0))).collect();
    let (ring, others) = all.split_at(ring);
    let last = system.spawn(Node(0));
    for it in others {
        it.tell(Ask(last.clone(), How::Queued)).await.expect("there is room");
    }
    let took = ring[0].ask(Around(ring.to_vec(), 0)).await.expect("the ring lives");
    all.iter().for_each(ActorRef::kill);
    took
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let on = System::new("on");
    let off = System::builder("off").refuse_deadlocks(false).build();
    let mut figures: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
    for _ in 0..ROUNDS {
        let mut note = |what, took| figures.entry(what).or_default().push(took);
        note("1 outside, on the caller", outside(&on, How::Plain).await);
        note("2 outside, queued", outside(&on, How::Queued).await);
        note(
            "3 outside, on the caller, with a deadline of its own",
            outside(&on, How::Within).await,
        );
        note("4 in a handler, on the caller", inside(&on, How::Plain).await);
        note("5 in a handler, queued, no circles looked for", inside(&off, How::Queued).await);
        note("6 in a handler, queued", inside(&on, How::Queued).await);
        note(
            "7 in a handler, on the caller, with a deadline of its own",
            inside(&on, How::Within).await,
        );
        note("8 in a handler, lending", inside(&on, How::Lending).await);
        note("9 the refusal of a circle of five, among 1,000 that wait", refusal(&on, 5).await);
        note("9 the refusal of a circle of 1,000", refusal(&on, WAITING).await);
    }
    for (what, mut took) in figures {
        took.sort_unstable();
        println!("{:>8.1?}  {}", took[ROUNDS / 2], &what[2..]);
    }
}

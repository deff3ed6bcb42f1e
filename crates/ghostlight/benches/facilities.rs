//! What each facility costs, off and on: `cargo bench -p ghostlight --bench facilities`.
//!
//! Each round measures all, one after the other; a ratio is the median of those within a round, to the last
//! row before it whose own is 1.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "it measures, and prints")]

use std::time::{Duration, Instant};

use ghostlight::{
    Backend, CallContext, Capacity, MailboxOptions, OnTimeout, TurnKind, WatchdogOptions,
    prelude::*,
};

const ROUNDS: usize = 15;
const ASKS: u32 = 50_000;
/// How many actors wait for each other when one more is refused.
const WAITING: usize = 1_000;

#[derive(Message)]
#[message(reply = u32)]
struct Get;

/// Is counted.
#[derive(Message)]
struct Count;

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
#[actor(handles(Get, Ask, Around, Count))]
struct Node(u32);

impl Handler<Get> for Node {
    async fn handle(&mut self, _: Get, _: &mut Context<'_, Self>) -> u32 {
        self.0 += 1;
        self.0
    }
}

impl Handler<Count> for Node {
    async fn handle(&mut self, _: Count, _: &mut Context<'_, Self>) {
        self.0 += 1;
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

/// How long a tell takes with all that follows from it, in bursts.
async fn tells(system: &System) -> Duration {
    let mailbox = MailboxOptions::wait(Capacity::of::<1_000>());
    let node = system.spawn_with(Node(0), SpawnOptions::default().mailbox(mailbox));
    let begun = Instant::now();
    for _ in 0..ASKS {
        node.tell(Count).await.expect("the node lives");
    }
    node.ask(Get).queued().await.expect("the node lives");
    begun.elapsed() / ASKS
}

/// How long an ask takes of an actor that has such a place to run.
async fn placed(system: &System, backend: Backend) -> Duration {
    let node = system.spawn_with(Node(0), SpawnOptions::default().backend(backend));
    let begun = Instant::now();
    for _ in 0..ASKS / 10 {
        node.ask(Get).queued().await.expect("the node lives");
    }
    begun.elapsed() / (ASKS / 10)
}

fn call() -> CallContext {
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse();
    CallContext::new().with_trace(trace.expect("a trace"))
}

/// By the order in which they were first noted.
#[derive(Default)]
struct Table {
    rows: Vec<Row>,
    at: usize,
    /// The row that those after it are compared with.
    base: usize,
}

struct Row {
    what: &'static str,
    base: usize,
    took: Vec<Duration>,
}

impl Table {
    /// A row that those after it are compared with.
    fn base(&mut self, what: &'static str, took: Duration) {
        self.base = self.at;
        self.note(what, took);
    }

    fn note(&mut self, what: &'static str, took: Duration) {
        if self.rows.len() == self.at {
            self.rows.push(Row { what, base: self.base, took: Vec::new() });
        }
        self.rows[self.at].took.push(took);
        self.at += 1;
    }

    fn print(&self) {
        println!("| | time | ratio |\n|---|---|---|");
        for Row { what, base, took } in &self.rows {
            let bases = &self.rows[*base].took;
            let ratios = took.iter().zip(bases).map(|(it, base)| it.div_duration_f64(*base));
            let ratio = median(ratios.collect::<Vec<_>>(), f64::total_cmp);
            let time = median(took.clone(), Duration::cmp);
            println!("| {what} | {time:.1?} | {ratio:.2} |");
        }
    }
}

fn median<T: Copy>(mut of: Vec<T>, order: impl FnMut(&T, &T) -> std::cmp::Ordering) -> T {
    of.sort_by(order);
    of[of.len() / 2]
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let on = System::new("on");
    let off = System::builder("off").refuse_deadlocks(false).build();
    let watched = System::builder("watched").watchdog(WatchdogOptions::default()).build();
    let limit = SpawnOptions::default().handler_timeout(Duration::from_secs(1), OnTimeout::Warn);
    let limited = System::builder("limited").defaults(limit).build();
    let other =
        SpawnOptions::default().timeout_of(TurnKind::Stopped, Duration::MAX, OnTimeout::Warn);
    let limited_elsewhere = System::builder("elsewhere").defaults(other).build();
    let mut table = Table::default();
    for _ in 0..ROUNDS {
        table.at = 0;
        table.base("a tell", tells(&on).await);
        table.note("a tell, watched", tells(&watched).await);
        table.note("a tell, with a time limit", tells(&limited).await);
        table
            .note("a tell, with a time limit for `stopped` alone", tells(&limited_elsewhere).await);
        table.note("a tell that carries a trace", call().carry(tells(&on)).await);
        table.base("outside, on the caller", outside(&on, How::Plain).await);
        table.note("outside, on the caller, watched", outside(&watched, How::Plain).await);
        table
            .note("outside, on the caller, with a time limit", outside(&limited, How::Plain).await);
        let carried = call().carry(outside(&on, How::Plain)).await;
        table.note("outside, on the caller, carrying a trace", carried);
        let within = outside(&on, How::Within).await;
        table.note("outside, on the caller, with a deadline of its own", within);
        table.base("outside, queued", outside(&on, How::Queued).await);
        table.note("outside, queued, watched", outside(&watched, How::Queued).await);
        table.note("outside, queued, with a time limit", outside(&limited, How::Queued).await);
        let carried = call().carry(outside(&on, How::Queued)).await;
        table.note("outside, queued, carrying a trace", carried);
        table.note("outside, queued, `Blocking`", placed(&on, Backend::Blocking).await);
        table.note("outside, queued, `Thread`", placed(&on, Backend::Thread).await);
        table.base("in a handler, on the caller", inside(&on, How::Plain).await);
        let within = inside(&on, How::Within).await;
        table.note("in a handler, on the caller, with a deadline of its own", within);
        table.base("in a handler, queued, no circles looked for", inside(&off, How::Queued).await);
        table.note("in a handler, queued", inside(&on, How::Queued).await);
        table.note("in a handler, lending", inside(&on, How::Lending).await);
        let refused = refusal(&on, 5).await;
        table.base("the refusal of a circle of five, among 1,000 that wait", refused);
        table.note("the refusal of a circle of 1,000", refusal(&on, WAITING).await);
    }
    table.print();
}

//! Ten thousand random operations per policy, against a model that is a `VecDeque` and nothing
//! more: B-23, B-24.

use std::{collections::VecDeque, marker::PhantomData};

use ghostlight::{
    Actor, ActorRef, Capacity, Context, DeadLetters, DeadReason, Handler, MailboxOptions, Message,
    Overflow, Protocol, Refused, SpawnOptions, System,
};

use crate::{
    stage::{self, conformance},
    support::{Gate, Log, Path, dead, rest},
};

/// Handled when the test lets the next message pass, and answered with its number.
#[derive(Debug, Message)]
#[message(reply = u64, deadline_ms = 100_000_000)]
struct Item(u64);

struct Handling<P> {
    gate: Gate,
    handled: Log<u64>,
    protocol: PhantomData<fn() -> P>,
}

/// Whether the protocol is listed.
trait Shape: Sized + 'static {
    type Protocol: Protocol<Handling<Self>>;
}
struct Listed;
struct Plain;
impl Shape for Listed {
    type Protocol = (Item,);
}
impl Shape for Plain {
    type Protocol = ();
}

impl<P: Shape> Actor for Handling<P> {
    type Protocol = P::Protocol;
}
impl<P: Shape> Handler<Item> for Handling<P> {
    async fn handle(&mut self, Item(n): Item, _: &mut Context<'_, Self>) -> u64 {
        self.gate.pass().await;
        self.handled.push(n);
        n
    }
}

/// A message in the model.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Entry {
    n: u64,
    is_ask: bool,
    is_withdrawn: bool,
}

/// What became of a message whose sender or asker waited to hear.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Sent,
    Answered,
    Refused(Refused),
}

/// What a mailbox should do, in the plainest way to say it.
struct Model {
    capacity: usize,
    overflow: Overflow,
    queue: VecDeque<Entry>,
    line: VecDeque<Entry>,
    running: Option<Entry>,
    /// What the last operation brought about.
    handled: Vec<u64>,
    dead: Vec<(u64, DeadReason)>,
    ends: Vec<(u64, End)>,
    /// Sent, begun, refused, dropped, dead.
    counts: [u64; 5],
}

impl Model {
    fn new(options: &MailboxOptions) -> Self {
        Self {
            capacity: options.capacity().map_or(usize::MAX, |it| it.get() as usize),
            overflow: options.overflow(),
            queue: VecDeque::new(),
            line: VecDeque::new(),
            running: None,
            handled: Vec::new(),
            dead: Vec::new(),
            ends: Vec::new(),
            counts: [0; 5],
        }
    }

    /// A message arrives; `waits` says that its sender would.
    fn arrive(&mut self, entry: Entry, waits: bool) {
        let [sent, _, refused, dropped, _] = &mut self.counts;
        if self.queue.len() < self.capacity && self.line.is_empty() {
            *sent += 1;
            return self.enter(entry);
        }
        let policy = self.overflow;
        match policy {
            Overflow::Wait if waits => self.line.push_back(entry),
            Overflow::Wait | Overflow::Reject => {
                (*sent, *refused) = (*sent + 1, *refused + 1);
                self.ends.push((entry.n, End::Refused(Refused::Full)));
            }
            Overflow::DropNewest if entry.is_ask => {
                (*sent, *refused) = (*sent + 1, *refused + 1);
                self.ends.push((entry.n, End::Refused(Refused::Shed(policy))));
            }
            Overflow::DropNewest => {
                (*sent, *dropped) = (*sent + 1, *dropped + 1);
                self.dead.push((entry.n, DeadReason::Overflow(policy)));
                self.ends.push((entry.n, End::Sent));
            }
            Overflow::DropOldest => {
                *sent += 1;
                self.evict();
                self.enter(entry);
            }
        }
    }

    fn enter(&mut self, entry: Entry) {
        self.queue.push_back(entry);
        if !entry.is_ask {
            self.ends.push((entry.n, End::Sent));
        }
    }

    fn evict(&mut self) {
        let policy = self.overflow;
        let Some(oldest) = self.queue.pop_front() else { return };
        if oldest.is_withdrawn {
            self.counts[4] += 1;
        } else if oldest.is_ask {
            self.counts[2] += 1;
            self.ends.push((oldest.n, End::Refused(Refused::Shed(policy))));
        } else {
            self.counts[3] += 1;
            self.dead.push((oldest.n, DeadReason::Overflow(policy)));
        }
    }

    /// The running turn ends.
    fn finish(&mut self) {
        let Some(done) = self.running.take() else { return };
        self.handled.push(done.n);
        if done.is_ask && !done.is_withdrawn {
            self.ends.push((done.n, End::Answered));
        }
    }

    /// An asker or a waiting sender leaves.
    fn leave(&mut self, n: u64) {
        if let Some(at) = self.line.iter().position(|it| it.n == n) {
            self.line.remove(at);
            self.counts[0] += 1;
            self.counts[2] += 1;
        } else if let Some(queued) = self.queue.iter_mut().find(|it| it.n == n) {
            queued.is_withdrawn = true;
            self.dead.push((n, DeadReason::Withdrawn));
        } else if let Some(running) = self.running.as_mut().filter(|it| it.n == n) {
            running.is_withdrawn = true;
        }
    }

    /// What happens by itself: a turn begins, and those in line come in.
    fn settle(&mut self) {
        loop {
            if self.running.is_none()
                && let Some(next) = self.queue.pop_front()
            {
                if next.is_withdrawn {
                    self.counts[4] += 1;
                } else {
                    self.counts[1] += 1;
                    self.running = Some(next);
                }
            } else if self.queue.len() < self.capacity
                && let Some(first) = self.line.pop_front()
            {
                self.counts[0] += 1;
                self.enter(first);
            } else {
                return;
            }
        }
    }
}

/// The real thing beside its model.
struct Trial<P: Shape> {
    system: System,
    actor: ActorRef<Handling<P>>,
    gate: Gate,
    handled: Log<u64>,
    letters: DeadLetters,
    open: Vec<(u64, stage::JoinHandle<End>)>,
    model: Model,
    next: u64,
}

impl<P: Shape> Trial<P> {
    fn new(mailbox: MailboxOptions, throughput: u32) -> Self {
        let system = stage::system("test");
        let (gate, handled) = (Gate::closed(), Log::default());
        let options = SpawnOptions::default().mailbox(mailbox).throughput(throughput);
        let state =
            Handling { gate: gate.clone(), handled: handled.clone(), protocol: PhantomData };
        let letters = system.dead_letters(100);
        let actor = system.spawn_with(state, options);
        let model = Model::new(&mailbox);
        Self { system, actor, gate, handled, letters, open: Vec::new(), model, next: 0 }
    }

    fn send(&mut self, chance: &mut fastrand::Rng) {
        let n = self.next;
        self.next += 1;
        let (actor, path) = (self.actor.clone(), Path::BOTH[chance.usize(..2)]);
        let (is_ask, waits) = ([false, false, true][chance.usize(..3)], chance.bool());
        let sending = match (is_ask, waits) {
            (true, _) => stage::spawn(async move {
                match path.ask(&actor, Item(n)).await {
                    Ok(reply) => {
                        assert_eq!(reply, n, "somebody else's reply");
                        End::Answered
                    }
                    Err(error) => End::Refused(error.refused().expect("a refusal, and no failure")),
                }
            }),
            (false, true) => stage::spawn(async move { ended(actor.tell(Item(n)).await) }),
            (false, false) => {
                let sent = ended(actor.try_tell(Item(n)));
                stage::spawn(async move { sent })
            }
        };
        self.open.push((n, sending));
        self.model.arrive(Entry { n, is_ask, is_withdrawn: false }, waits || is_ask);
    }

    fn step(&mut self, chance: &mut fastrand::Rng) {
        match chance.u8(..20) {
            0..=9 => self.send(chance),
            10..=18 if self.model.running.is_some() => {
                self.gate.open_once();
                self.model.finish();
            }
            19 if !self.open.is_empty() => {
                let (n, sending) = self.open.swap_remove(chance.usize(..self.open.len()));
                sending.abort();
                self.model.leave(n);
            }
            _ => {}
        }
        self.model.settle();
    }

    /// Compares everything that can be seen.
    async fn compare(&mut self, what: &str) {
        rest().await;
        let model = &mut self.model;
        assert_eq!(self.handled.take(), std::mem::take(&mut model.handled), "handled, {what}");
        let dead = dead::<Item>(&mut self.letters).into_iter().map(|(it, why)| (it.0, why));
        assert_eq!(dead.collect::<Vec<_>>(), std::mem::take(&mut model.dead), "dead, {what}");
        assert_eq!(self.actor.mailbox_len(), model.queue.len(), "depth, {what}");

        let mut ends = Vec::new();
        for at in (0..self.open.len()).rev() {
            if self.open[at].1.is_finished() {
                let (n, sending) = self.open.swap_remove(at);
                ends.push((n, sending.await.expect("senders do not panic")));
            }
        }
        ends.sort_by_key(|it| it.0);
        let mut expected = std::mem::take(&mut model.ends);
        expected.sort_by_key(|it| it.0);
        assert_eq!(ends, expected, "what senders heard, {what}");

        let sum = self.system.counters();
        let counts = [sum.sent, sum.handled, sum.refused, sum.dropped, sum.dead];
        assert_eq!(counts, model.counts, "sent, handled, refused, dropped, dead, {what}");
        assert!(sum.conserves(), "{sum}, {what}");
    }
}

fn ended(sent: Result<(), ghostlight::TellError<Item>>) -> End {
    match sent {
        Ok(()) => End::Sent,
        Err(error) => End::Refused(error.refused().expect("a refusal, and no deadline")),
    }
}

async fn agrees<P: Shape>(mailbox: MailboxOptions, seed: u64, operations: u64) {
    let mut chance = stage::chance(seed);
    let mut trial = Trial::<P>::new(mailbox, chance.u32(1..4));
    for operation in 0..operations {
        trial.step(&mut chance);
        trial.compare(&format!("{mailbox:?}, seed {seed}, operation {operation}")).await;
    }
}

/// How many places the mailboxes of the model have.
const CAPACITIES: [u32; 5] = [1, 2, 3, 5, 8];

/// Two thousand operations on each of five small mailboxes.
async fn ten_thousand(mailbox: fn(Capacity) -> MailboxOptions, capacities: [u32; 5]) {
    for (seed, capacity) in (0..).zip(capacities) {
        let mailbox = mailbox(Capacity::new(capacity).expect("it is not zero"));
        agrees::<Listed>(mailbox, seed, stage::times(2000) as u64).await;
        agrees::<Plain>(mailbox, seed, stage::times(2000) as u64).await;
    }
}

#[conformance]
async fn a_mailbox_that_waits_agrees_with_the_model() {
    // Senders that are let in together take their places in the order in which their tasks run.
    let capacities = if stage::is_in_turn() { CAPACITIES } else { [1; 5] };
    ten_thousand(MailboxOptions::wait, capacities).await;
}

#[conformance]
async fn a_mailbox_that_rejects_agrees_with_the_model() {
    ten_thousand(MailboxOptions::reject, CAPACITIES).await;
}

#[conformance]
async fn a_mailbox_that_drops_the_newest_agrees_with_the_model() {
    ten_thousand(MailboxOptions::drop_newest, CAPACITIES).await;
}

#[conformance]
async fn a_mailbox_that_drops_the_oldest_agrees_with_the_model() {
    ten_thousand(MailboxOptions::drop_oldest, CAPACITIES).await;
}

#[conformance]
async fn an_unbounded_mailbox_agrees_with_the_model() {
    ten_thousand(|_| MailboxOptions::unbounded(), CAPACITIES).await;
}

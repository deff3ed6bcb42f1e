//! Where messages went: at every moment of rest the sum holds, whatever was done before.

use std::time::Duration;

use ghostlight::{ActorRef, Capacity, DrainBudget, MailboxOptions, Priority, SpawnOptions, System};

use crate::{
    stage::{self, conformance},
    support::{
        Add, Boom, Declare, Form, Gate, Halt, Hold, Journal, Later, Listed, Log, Note, Path, Plain,
        Slow, rest,
    },
};

#[conformance]
async fn each_message_appears_in_exactly_one_count() {
    let system = stage::system("test");
    let options = SpawnOptions::default().mailbox(MailboxOptions::drop_oldest(Capacity::of::<2>()));
    let actor = system.spawn_with(Journal::<Listed>::new(&Log::default()), options);
    let gate = crate::support::park(&actor).await; // handled
    (0..5).for_each(|n| actor.try_tell(Note(n)).unwrap()); // 3 dropped, 2 queued
    let queued = actor.counters();
    assert_eq!((queued.sent, queued.handled, queued.dropped, queued.queued), (6, 1, 3, 2));
    actor.kill();
    crate::support::ended(&actor).await; // 2 dead
    actor.try_tell(Note(9)).unwrap_err(); // 1 refused
    let sum = system.counters();
    assert_eq!((sum.sent, sum.handled, sum.dropped), (7, 1, 3), "{sum}");
    assert_eq!((sum.dead, sum.refused, sum.queued), (2, 1, 0), "{sum}");
    assert_eq!(actor.counters().sent, 6, "the actor's own counts end with it");
    drop(gate);
}

/// The actors of a run, and what their users hold.
struct Crowd<F: Form> {
    system: System,
    actors: Vec<ActorRef<Journal<F>>>,
    gates: Vec<Gate>,
    ports: Log<ghostlight::ReplyPort<u64>>,
}

impl<F: Form> Crowd<F> {
    /// One random thing that somebody may do with an actor.
    async fn act(&mut self, chance: &mut fastrand::Rng) {
        let which = chance.usize(..self.actors.len());
        let actor = self.actors[which].clone();
        let path = Path::BOTH[chance.usize(..2)];
        let n = chance.u64(..50);
        match chance.u8(..18) {
            0..=3 => _ = actor.try_tell(Note(n)),
            4 => {
                let levels = [Priority::Critical, Priority::Low, Priority::Background];
                _ = actor.tell(Note(n)).priority(levels[chance.usize(..3)]).now();
            }
            5 => drop(stage::spawn(async move { actor.tell(Note(n)).await.is_ok() })),
            6 => {
                let within = Duration::from_millis(n);
                drop(stage::spawn(async move { actor.tell(Note(n)).within(within).await.is_ok() }));
            }
            7 => _ = actor.try_tell(Add(n)),
            8 => {
                let gate = Gate::closed();
                if actor.try_tell(Hold(gate.clone())).is_ok() {
                    self.gates.push(gate);
                }
            }
            9 => self.gates.drain(..).for_each(|it| it.open()),
            10 => tokio::time::sleep(Duration::from_millis(n)).await,
            11..=16 => self.ask(chance, actor, path, n).await,
            _ => {
                end(chance.u8(..6), &actor, path, n).await;
                self.actors[which] = spawn::<F>(chance, &self.system);
            }
        }
    }

    async fn ask(
        &self,
        chance: &mut fastrand::Rng,
        actor: ActorRef<Journal<F>>,
        path: Path,
        n: u64,
    ) {
        match chance.u8(..6) {
            0 | 1 => drop(stage::spawn(async move { path.ask(&actor, Add(n)).await.is_ok() })),
            2 => {
                let within = Duration::from_millis(n);
                drop(stage::spawn(async move {
                    path.ask(&actor, Slow(25)).within(within).await.is_ok()
                }));
            }
            3 => {
                let asked = stage::spawn(async move { path.ask(&actor, Slow(n)).await.is_ok() });
                stage::yield_now().await;
                asked.abort();
            }
            4 => {
                let shelf = self.ports.clone();
                drop(stage::spawn(async move { path.ask(&actor, Later(shelf)).await.is_ok() }));
            }
            _ => {
                let mut waiting = self.ports.take();
                chance.shuffle(&mut waiting);
                waiting.truncate(2);
                waiting.into_iter().for_each(|it| it.send(n));
            }
        }
    }
}

/// Ends an actor in one of all ways.
async fn end<F: Form>(how: u8, actor: &ActorRef<Journal<F>>, path: Path, n: u64) {
    let within = Duration::from_secs(1);
    match how {
        0 => actor.stop(),
        1 => actor.kill(),
        2 => actor.drain(DrainBudget::default().messages(n)),
        3 => drop(path.ask(actor, Boom("chance")).within(within).await),
        4 => drop(path.ask(actor, Declare("chance")).within(within).await),
        _ => drop(path.ask(actor, Halt).within(within).await),
    }
}

fn spawn<F: Form>(chance: &mut fastrand::Rng, system: &System) -> ActorRef<Journal<F>> {
    let capacity = Capacity::new(chance.u32(1..5)).expect("it is not zero");
    let mailbox = match chance.u8(..5) {
        0 => MailboxOptions::wait(capacity),
        1 => MailboxOptions::reject(capacity),
        2 => MailboxOptions::drop_newest(capacity),
        3 => MailboxOptions::drop_oldest(capacity),
        _ => MailboxOptions::unbounded(),
    };
    let options = SpawnOptions::default().mailbox(mailbox).throughput(chance.u32(1..9));
    system.spawn_with(Journal::<F>::new(&Log::default()), options)
}

async fn conserves<F: Form>(seed: u64) {
    let mut chance = stage::chance(seed);
    let system = stage::system("test");
    let actors = (0..3).map(|_| spawn::<F>(&mut chance, &system)).collect();
    let mut crowd =
        Crowd { system: system.clone(), actors, gates: Vec::new(), ports: Log::default() };
    for step in 0..400 {
        crowd.act(&mut chance).await;
        if step % 10 == 9 {
            rest().await;
            let sum = system.counters();
            assert!(sum.conserves(), "seed {seed}, step {step}: {sum}");
            let waiting: usize = system.actors().iter().map(|it| it.mailbox_len).sum();
            assert_eq!(sum.queued, waiting as u64, "seed {seed}, step {step}");
        }
    }
    crowd.gates.drain(..).for_each(|it| it.open());
    drop(crowd.ports.take());
    system.shutdown(Duration::from_secs(60)).await;
    let sum = system.counters();
    assert!(sum.conserves() && sum.queued == 0, "seed {seed}, at the end: {sum}");
}

#[conformance]
async fn counters_conserve_at_every_quiescent_point() {
    for seed in 0..stage::times(50) as u64 {
        conserves::<Listed>(seed).await;
        conserves::<Plain>(seed).await;
    }
}

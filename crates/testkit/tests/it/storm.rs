//! A storm over a small service: whatever fails, nothing is lost without a word.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use ghostlight::{
    Actor, ActorRef, Backoff, ChildSpec, Context, Failure, Handler, Message, RestartWindow,
    SpawnOptions, Supervision, Terminated,
};
use ghostlight_testkit::{Explorer, Fault, Plan, World};

const MILLI: Duration = Duration::from_millis(1);

#[derive(Default)]
struct Tally {
    asked: AtomicU64,
    ended: AtomicU64,
    answered: AtomicU64,
    notices: AtomicU64,
}

fn more(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}

#[derive(Debug, Message)]
#[message(reply = u32)]
struct Work(u32);

/// Works now and then for long, and fails now and then.
#[derive(Actor)]
#[actor(handles(Work))]
struct Worker;

impl Handler<Work> for Worker {
    async fn handle(&mut self, Work(n): Work, cx: &mut Context<'_, Self>) -> u32 {
        let mut rng = cx.rng();
        match rng.below(8) {
            0 => panic!("a worker drops its tools"),
            1 => cx.fail(Failure::recoverable("a worker is tired")).await,
            2 => tokio::time::sleep(3 * MILLI).await,
            3 => cx.sleep(Duration::from_micros(rng.below(2000) as u64)).await,
            _ => {}
        }
        n + 1
    }
}

/// Owns the workers.
struct Boss {
    supervision: fn() -> Supervision,
    workers: Vec<ActorRef<Worker>>,
}

#[derive(Debug, Message)]
#[message(reply = Vec<ActorRef<Worker>>)]
struct Workers;

impl Actor for Boss {
    type Protocol = (Workers,);

    async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        cx.supervision((self.supervision)());
        for n in 0..4 {
            let rule = [ChildSpec::permanent, ChildSpec::transient, ChildSpec::temporary][n % 3];
            let spec = rule()
                .backoff(Backoff::default().min(MILLI).max(20 * MILLI))
                .window(RestartWindow::new(100, Duration::from_secs(1)))
                .options(SpawnOptions::default().name(format!("worker-{n}")));
            self.workers.push(cx.supervise_with(|| Worker, spec));
        }
        Ok(())
    }
}

impl Handler<Workers> for Boss {
    async fn handle(&mut self, _: Workers, _: &mut Context<'_, Self>) -> Vec<ActorRef<Worker>> {
        self.workers.clone()
    }
}

#[derive(Debug, Message)]
struct Go(Vec<ActorRef<Worker>>, u32);

struct Client(Arc<Tally>);

impl Actor for Client {
    type Protocol = (Go, Terminated);
}

impl Handler<Go> for Client {
    async fn handle(&mut self, Go(workers, n): Go, cx: &mut Context<'_, Self>) {
        if n == 20 {
            workers.iter().for_each(|it| cx.watch(it));
        }
        let worker = &workers[cx.rng().below(workers.len())];
        more(&self.0.asked);
        let answer = worker.ask(Work(n)).within(50 * MILLI).await;
        more(&self.0.ended);
        if answer.is_ok() {
            more(&self.0.answered);
        }
        if n > 0 {
            cx.me().try_tell(Go(workers.clone(), n - 1)).expect("there is room for one");
        }
    }
}

impl Handler<Terminated> for Client {
    async fn handle(&mut self, _: Terminated, _: &mut Context<'_, Self>) {
        more(&self.0.notices);
    }
}

fn storm(world: &World, supervision: fn() -> Supervision) {
    let (system, tally) = (world.system("storm"), Arc::new(Tally::default()));
    let boss = system.spawn(Boss { supervision, workers: Vec::new() });
    let workers = world.block_on(async { boss.ask(Workers).await.expect("the boss has started") });
    let clients: Vec<_> = (0..3).map(|_| system.spawn(Client(Arc::clone(&tally)))).collect();
    for client in &clients {
        client.try_tell(Go(workers.clone(), 20)).expect("there is room");
    }
    let kinds: Vec<Fault> = (0..4)
        .flat_map(|n| {
            let name = format!("worker-{n}");
            [Fault::fail(&*name), Fault::kill(&*name), Fault::starve(&*name, 5 * MILLI)]
        })
        .collect();
    world.unleash(Plan::default().draw(4, &kinds, 40 * MILLI, &mut world.rng("storm")));
    world.advance(Duration::from_secs(30));

    let count = |it: &AtomicU64| it.load(Ordering::Relaxed);
    assert_eq!(count(&tally.asked), 63, "every client goes on to the end");
    assert_eq!(count(&tally.asked), count(&tally.ended), "every ask ends");
    for actor in system.actors() {
        assert_eq!(actor.mailbox_len, 0, "{} sleeps on its mail", actor.name);
    }
    let n_ended = workers.iter().filter(|it| !it.is_alive()).count();
    assert_eq!(count(&tally.notices), (3 * n_ended) as u64, "each end is told to each once");
}

#[test]
fn every_ask_ends_and_every_message_is_accounted_for_in_two_hundred_storms() {
    for (supervision, seeds) in [
        (Supervision::one_for_one as fn() -> Supervision, 80),
        (Supervision::one_for_all, 60),
        (Supervision::rest_for_one, 60),
    ] {
        Explorer::seeds(seeds).named("storm").run(|world| storm(world, supervision));
    }
}

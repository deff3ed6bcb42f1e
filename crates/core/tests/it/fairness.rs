//! How busy actors share a thread: H-01, H-02, H-24, H-25.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use ghostlight::{
    Actor, ActorRef, Context, Handler, Message, SpawnOptions, System, YieldBudget, yield_every,
};

use crate::{
    stage::{self, conformance},
    support::{Log, rest, soon},
};

/// Written down by whoever handles it.
#[derive(Message)]
struct Job;

/// Computes, and ticks, so many rounds; answered with the rounds after which it yielded.
#[derive(Message)]
#[message(reply = Vec<u32>)]
struct Compute(u32, u32);

struct Typed(char, Log<char>);
struct Untyped(char, Log<char>);

impl Actor for Typed {
    type Protocol = (Job,);

    fn options() -> SpawnOptions {
        SpawnOptions::default().throughput(2)
    }
}

impl Handler<Job> for Typed {
    async fn handle(&mut self, _: Job, _: &mut Context<'_, Self>) {
        self.1.push(self.0);
    }
}

impl Actor for Untyped {
    type Protocol = (Job, Compute);
}

impl Handler<Job> for Untyped {
    async fn handle(&mut self, _: Job, _: &mut Context<'_, Self>) {
        self.1.push(self.0);
    }
}

impl Handler<Compute> for Untyped {
    async fn handle(&mut self, job: Compute, cx: &mut Context<'_, Self>) -> Vec<u32> {
        let Compute(rounds, limit) = job;
        let mut budget = cx.yield_budget(limit);
        let mut yields = Vec::new();
        for round in 1..=rounds {
            self.1.push(self.0);
            if budget.should_yield() {
                yields.push(round);
            }
            budget.tick().await;
        }
        yields
    }
}

/// How long each stretch is in which one of them was busy.
fn stretches(log: &Log<char>) -> Vec<(char, usize)> {
    let log = log.take();
    log.chunk_by(|one, other| one == other).map(|it| (it[0], it.len())).collect()
}

fn flood<A: Handler<Job>>(actor: &ActorRef<A>, n: usize) {
    (0..n).for_each(|_| actor.try_tell(Job).unwrap());
}

#[conformance(one_thread)]
async fn with_a_throughput_of_one_two_busy_actors_alternate() {
    let (system, log) = (stage::system("test"), Log::default());
    let options = || SpawnOptions::default().throughput(1);
    let [a, b] = ['a', 'b'].map(|it| system.spawn_with(Untyped(it, log.clone()), options()));
    flood(&a, 50);
    flood(&b, 50);
    rest().await;
    let expected: Vec<_> = (0..100).map(|n| (if n % 2 == 0 { 'a' } else { 'b' }, 1)).collect();
    let mut seen = stretches(&log);
    if !stage::is_in_turn() {
        seen.clone_from(&expected);
    }
    assert_eq!(seen, expected);
}

/// After how many messages a busy actor lets another have its turn.
async fn share<A: Handler<Job>>(
    busy: ActorRef<A>,
    other: ActorRef<Untyped>,
    log: &Log<char>,
) -> usize {
    flood(&busy, 300);
    flood(&other, 300);
    rest().await;
    stretches(log)[0].1
}

#[conformance(virtual_time)]
async fn an_actor_yields_after_its_throughput_as_told_where_spawned_then_by_type_then_by_system() {
    let log = Log::default();
    let plain = stage::system("plain");
    let told = stage::system_with("told", |it| it.defaults(stage::defaults().throughput(5)));
    let options = || SpawnOptions::default().throughput(3);
    let typed = || Typed('t', log.clone());
    let untyped = || Untyped('u', log.clone());
    let other = |system: &System| system.spawn(Untyped('o', log.clone()));

    let mut shares = Vec::new();
    for system in [&plain, &told] {
        shares.push(share(system.spawn(untyped()), other(system), &log).await);
        shares.push(share(system.spawn(typed()), other(system), &log).await);
        shares.push(share(system.spawn_with(typed(), options()), other(system), &log).await);
    }
    if !stage::is_in_turn() {
        return;
    }
    assert_eq!(shares, [100, 2, 3, 5, 2, 3]);
}

#[conformance(on_async = "its runtime is its own", threads)]
async fn an_actor_yields_when_its_quantum_is_spent_however_many_messages_wait() {
    /// Takes a while.
    struct Slow(Log<char>);
    impl Actor for Slow {
        type Protocol = (Job,);
    }
    impl Handler<Job> for Slow {
        async fn handle(&mut self, _: Job, _: &mut Context<'_, Self>) {
            thread::sleep(Duration::from_millis(2));
            self.0.push('s');
        }
    }
    let log = Log::default();
    let kept = log.clone();
    let one_thread = move || {
        let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        tokio.block_on(async {
            let system = System::new("quantum");
            let slow = system.spawn(Slow(kept.clone()));
            let other = system.spawn(Untyped('o', kept.clone()));
            flood(&slow, 20);
            flood(&other, 1);
            other.wait_started().await.unwrap();
            slow.ask(Job).await.unwrap();
        });
    };
    thread::spawn(one_thread).join().unwrap();
    let first = stretches(&log)[0];
    assert!(first.0 == 's' && first.1 <= 3, "{first:?}");
}

#[conformance(one_thread)]
async fn four_flooded_actors_delay_the_reply_of_a_fifth_by_no_more_than_a_share_each() {
    struct Flooded(Arc<AtomicU64>);
    impl Actor for Flooded {
        type Protocol = (Job,);
    }
    impl Handler<Job> for Flooded {
        async fn handle(&mut self, _: Job, cx: &mut Context<'_, Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
            // Never gets to the end of it.
            _ = cx.me().try_tell(Job);
        }
    }
    const SHARE: u64 = 10;
    let (system, turns) = (stage::system("test"), Arc::new(AtomicU64::new(0)));
    let options = || SpawnOptions::default().throughput(SHARE as u32);
    let flooded: Vec<_> =
        (0..4).map(|_| system.spawn_with(Flooded(Arc::clone(&turns)), options())).collect();
    let victim = system.spawn(Untyped('v', Log::default()));
    for it in &flooded {
        flood(it, 500);
    }
    // A task among others, as whoever blocks on a runtime is not.
    let asked = stage::spawn(async move {
        let mut most = 0;
        for _ in 0..20 {
            victim.tell(Job).await.unwrap();
            let before = turns.load(Ordering::Relaxed);
            victim.ask(Compute(0, 1)).queued().await.unwrap();
            most = most.max(turns.load(Ordering::Relaxed) - before);
        }
        most
    });
    let foreign = soon("the replies", asked).await.unwrap();
    // The turn of the victim, and then that of whoever asks.
    let bound = if stage::is_in_turn() { 2 * 4 * SHARE } else { 100 * SHARE };
    assert!(foreign <= bound, "{foreign} turns of others");
    flooded.iter().for_each(ActorRef::kill);
}

#[conformance(virtual_time)]
async fn should_yield_is_true_exactly_before_a_tick_that_yields() {
    let (system, log) = (stage::system("test"), Log::default());
    let [a, b] = ['a', 'b'].map(|it| system.spawn(Untyped(it, log.clone())));
    let one = stage::spawn(async move { a.ask(Compute(9, 3)).await });
    let other = stage::spawn(async move { b.ask(Compute(9, 3)).await });
    assert_eq!(soon("one", one).await.unwrap().unwrap(), [3, 6, 9]);
    assert_eq!(soon("the other", other).await.unwrap().unwrap(), [3, 6, 9]);
    if stage::is_in_turn() {
        let stretches = stretches(&log);
        assert!(stretches.iter().all(|it| it.1 == 3), "others have their turn: {stretches:?}");
    }
}

#[conformance]
async fn a_budget_of_time_is_spent_when_that_has_passed_and_what_it_said_it_keeps() {
    let runtime = stage::runtime();
    let hour = Duration::from_hours(1);
    let mut ample = YieldBudget::new(1000).quantum(hour, &runtime);
    assert!(!ample.should_yield());
    let mut spent = YieldBudget::new(1000).quantum(Duration::ZERO, &runtime);
    assert!(spent.should_yield());
    spent.tick().await;

    let mut short = YieldBudget::new(1000).quantum(Duration::from_millis(5), &runtime);
    assert!(!short.should_yield());
    runtime.sleep(Duration::from_millis(10)).await;
    assert!(!short.should_yield(), "it was asked about this tick before");
    short.tick().await;
    assert!(short.should_yield(), "the next is another");
}

#[conformance]
async fn yielding_every_so_often_counts_rounds_in_the_callers_own_number() {
    let mut n = 0;
    for round in 1..=10 {
        yield_every(&mut n, 4).await;
        assert_eq!(n, round % 4);
    }
    yield_every(&mut n, 0).await;
    assert_eq!(n, 0);
}

#[conformance(virtual_time)]
async fn a_budget_of_time_begins_anew_when_it_has_yielded() {
    let runtime = stage::runtime();
    let mut budget = YieldBudget::new(1000).quantum(Duration::from_millis(5), &runtime);
    for _ in 0..3 {
        assert!(!budget.should_yield());
        budget.tick().await;
        runtime.sleep(Duration::from_millis(5)).await;
        assert!(budget.should_yield());
        budget.tick().await;
    }
}

//! One clock for the platform's timers and for tokio's.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant as RealInstant},
};

use ghostlight::{Actor, Context, Handler, Message};
use ghostlight_testkit::World;

const MILLI: Duration = Duration::from_millis(1);
const MICRO: Duration = Duration::from_micros(1);

/// Who woke when, in microseconds.
type Times = Arc<Mutex<Vec<(u64, &'static str)>>>;

/// Waits so many microseconds, by the platform's clock or by tokio's.
#[derive(Debug, Message)]
struct Wait {
    micros: u64,
    by: &'static str,
}

#[derive(Actor)]
#[actor(handles(Wait))]
struct Waiter(Times);

impl Handler<Wait> for Waiter {
    async fn handle(&mut self, Wait { micros, by }: Wait, cx: &mut Context<'_, Self>) {
        let wait = Duration::from_micros(micros);
        match by {
            "tokio" => tokio::time::sleep(wait).await,
            _ => cx.sleep(wait).await,
        }
        let now = (cx.now() - ghostlight_rt::Instant::ORIGIN).as_micros() as u64;
        self.0.lock().unwrap().push((now, by));
    }
}

/// When whoever waits so long wakes up, where each waits in an actor of its own.
fn wakes(seed: u64, waits: &[(u64, &'static str)]) -> Vec<(u64, &'static str)> {
    let world = World::seeded(seed);
    let system = world.system("waiting");
    let times = Times::default();
    for &(micros, by) in waits {
        let waiter = system.spawn(Waiter(Arc::clone(&times)));
        waiter.try_tell(Wait { micros, by }).unwrap();
    }
    world.run_until_idle();
    times.lock().unwrap().clone()
}

#[test]
fn a_handler_on_tokios_clock_and_one_on_the_platforms_wake_in_the_order_of_their_moments() {
    let waits = [(3000, "tokio"), (1000, "cx"), (2000, "tokio"), (4000, "cx"), (2500, "cx")];
    for seed in 0..20 {
        assert_eq!(
            wakes(seed, &waits),
            [(1000, "cx"), (2000, "tokio"), (2500, "cx"), (3000, "tokio"), (4000, "cx")]
        );
    }
}

#[test]
fn the_platforms_clock_is_exact_to_the_microsecond_and_tokios_to_the_millisecond_as_ever() {
    let waits = [(1, "cx"), (1, "tokio"), (999, "cx"), (1500, "tokio"), (1501, "cx"), (2001, "cx")];
    assert_eq!(
        wakes(1, &waits),
        [(1, "cx"), (999, "cx"), (1000, "tokio"), (1501, "cx"), (2000, "tokio"), (2001, "cx")]
    );
}

#[test]
fn at_equal_moments_the_seed_decides_who_is_first() {
    let waits = [(1000, "cx"), (1000, "tokio")];
    let orders: std::collections::BTreeSet<_> = (0..20).map(|it| wakes(it, &waits)).collect();
    assert_eq!(orders.len(), 2, "{orders:?}");
}

#[test]
fn both_clocks_show_the_same_at_all_times() {
    let world = World::seeded(3);
    let runtime = world.runtime().clone();
    world.block_on(async {
        let (start, begin) = (runtime.now(), tokio::time::Instant::now());
        for micros in [1, 999, 1, 1500, 10_000, 123_456_789] {
            runtime.sleep(Duration::from_micros(micros)).await;
            assert_eq!(runtime.now() - start, begin.elapsed());
            tokio::time::sleep(Duration::from_micros(micros)).await;
            assert_eq!(runtime.now() - start, begin.elapsed());
        }
    });
}

#[test]
fn timers_and_channels_of_tokio_work_in_a_handler() {
    let world = World::seeded(3);
    let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
    let runtime = world.runtime().clone();
    let began = world.now();
    drop(runtime.spawn(async move {
        let mut ticks = tokio::time::interval(10 * MILLI);
        for n in 0..5 {
            ticks.tick().await;
            sender.send(n).await.unwrap();
        }
    }));
    let got = world.block_on(async {
        let mut got = Vec::new();
        while let Some(n) = receiver.recv().await {
            got.push((n, (runtime.now() - began).as_millis()));
        }
        let late = tokio::time::timeout(5 * MILLI, std::future::pending::<()>()).await;
        assert!(late.is_err());
        got
    });
    assert_eq!(got, [(0, 0), (1, 10), (2, 20), (3, 30), (4, 40)]);
    assert_eq!(world.elapsed(), 45 * MILLI);
}

#[test]
fn tasks_spawned_with_tokio_run_in_the_same_thread_and_time() {
    let world = World::seeded(3);
    let runtime = world.runtime().clone();
    let sum = world.block_on(async {
        let tasks: Vec<_> = (1..=10_u32)
            .map(|n| {
                let runtime = runtime.clone();
                tokio::spawn(async move {
                    tokio::task::yield_now().await;
                    tokio::time::sleep(n * MILLI).await;
                    runtime.sleep(MICRO).await;
                    n
                })
            })
            .collect();
        let mut sum = 0;
        for task in tasks {
            sum += task.await.unwrap();
        }
        sum
    });
    assert_eq!(sum, 55);
    assert_eq!(world.elapsed(), 10 * MILLI + MICRO);
}

#[test]
fn advancing_ends_at_exactly_that_moment() {
    let world = World::seeded(3);
    let times = Times::default();
    let waiter = world.system("waiting").spawn(Waiter(Arc::clone(&times)));
    for (micros, by) in [(1500, "cx"), (1500, "tokio"), (1500, "cx")] {
        waiter.try_tell(Wait { micros, by }).unwrap();
    }
    world.advance(1499 * MICRO);
    assert_eq!((world.elapsed(), times.lock().unwrap().len()), (1499 * MICRO, 0));
    world.advance(MICRO);
    assert_eq!((world.elapsed(), times.lock().unwrap().len()), (1500 * MICRO, 1));
    world.advance(Duration::ZERO);
    world.advance(1499 * MICRO);
    assert_eq!((world.elapsed(), times.lock().unwrap().len()), (2999 * MICRO, 1));
    world.advance(Duration::from_secs(3600));
    assert_eq!(times.lock().unwrap()[1..], [(3000, "tokio"), (4500, "cx")]);
}

#[test]
fn advancing_to_the_next_finds_timers_of_both_kinds_and_says_how_far_they_were() {
    let world = World::seeded(3);
    let system = world.system("waiting");
    let times = Times::default();
    for (micros, by) in [(1_500, "cx"), (7_000, "tokio"), (3_600_000_000, "tokio")] {
        system.spawn(Waiter(Arc::clone(&times))).try_tell(Wait { micros, by }).unwrap();
    }
    assert_eq!(world.advance_to_next(), Some(1500 * MICRO));
    assert_eq!(world.elapsed(), 1500 * MICRO);
    let rest: Duration = std::iter::from_fn(|| world.advance_to_next()).sum();
    assert_eq!(1500 * MICRO + rest, world.elapsed());
    assert_eq!(times.lock().unwrap().len(), 3);
    assert_eq!(world.elapsed().as_secs(), 3600);
    assert_eq!(world.advance_to_next(), None);
}

#[test]
fn a_world_with_nothing_to_do_is_idle_at_once_and_time_stands_still() {
    let world = World::seeded(3);
    for _ in 0..100 {
        world.settle();
        world.run_until_idle();
        assert_eq!(world.advance_to_next(), None);
        assert_eq!(world.elapsed(), Duration::ZERO);
    }
    world.advance(3 * MICRO);
    world.run_until_idle();
    assert_eq!(world.elapsed(), 3 * MICRO);
}

#[test]
fn a_timer_of_tokios_that_was_given_up_moves_no_clock() {
    let world = World::seeded(3);
    for n in 1..50 {
        world.block_on(async {
            let late = tokio::time::timeout(n * MILLI, std::future::ready(1)).await;
            assert_eq!(late, Ok(1));
            let mut sleep = Box::pin(tokio::time::sleep(MILLI));
            std::future::poll_fn(|cx| {
                assert!(sleep.as_mut().poll(cx).is_pending());
                std::task::Poll::Ready(())
            })
            .await;
        });
        world.run_until_idle();
        assert_eq!(world.elapsed(), Duration::ZERO);
    }
}

#[test]
fn settling_runs_what_can_run_and_lets_no_time_pass() {
    let world = World::seeded(3);
    let (system, times) = (world.system("waiting"), Times::default());
    let waiter = system.spawn(Waiter(Arc::clone(&times)));
    for micros in [0, 0, 1000] {
        waiter.try_tell(Wait { micros, by: "cx" }).unwrap();
    }
    world.settle();
    assert_eq!(*times.lock().unwrap(), [(0, "cx"), (0, "cx")]);
    assert_eq!(world.elapsed(), Duration::ZERO);
}

#[test]
fn a_thousand_days_take_no_time() {
    let begun = RealInstant::now();
    let world = World::seeded(1);
    let runtime = world.runtime().clone();
    let days = Duration::from_secs(1000 * 86_400);
    world.block_on(runtime.sleep(days));
    assert_eq!(world.elapsed(), days);
    world.block_on(async { tokio::time::sleep(days).await });
    assert_eq!(world.elapsed(), 2 * days);
    assert!(begun.elapsed() < Duration::from_secs(5));
}

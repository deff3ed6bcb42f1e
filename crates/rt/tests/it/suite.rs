//! The suite: one body per promise of the seam, run on every answer to it.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use ghostlight_rt::{Instant, Runtime};
use tokio::{runtime::Builder, sync::oneshot};

use super::surroundings::World;

const MILLI: Duration = Duration::from_millis(1);

/// Runs a body where time is virtual: on a paused tokio, and in three worlds.
fn everywhere<F: Future<Output = ()>>(body: impl Fn(Runtime) -> F) {
    on_tokio(Builder::new_current_thread().enable_all().start_paused(true), &body);
    for seed in 0..3 {
        let world = World::runtime(seed);
        world.block_on(body(world.clone()));
    }
}

/// Runs a body that needs no time, also with real threads.
fn everywhere_and_on_threads<F: Future<Output = ()>>(body: impl Fn(Runtime) -> F) {
    everywhere(&body);
    on_tokio(Builder::new_multi_thread().worker_threads(2).enable_all(), &body);
    let own = Runtime::multi_thread();
    own.block_on(body(own.clone()));
}

fn on_tokio<F: Future<Output = ()>>(builder: &mut Builder, body: impl Fn(Runtime) -> F) {
    let tokio = builder.build().expect("the operating system gives threads");
    tokio.block_on(body(Runtime::tokio(tokio.handle().clone())));
}

/// Sets a count when it is dropped.
struct Dropped(Arc<AtomicU64>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Lets every other task have a turn, by asking to proceed until that is refused once.
async fn yield_once(runtime: &Runtime) {
    let mut has_yielded = false;
    poll_fn(|cx| {
        if has_yielded {
            return std::task::Poll::Ready(());
        }
        while runtime.poll_proceed(cx).is_ready() {}
        has_yielded = true;
        std::task::Poll::Pending
    })
    .await;
}

#[test]
fn now_is_monotonic() {
    everywhere_and_on_threads(async |runtime| {
        let mut last = runtime.now();
        for _ in 0..1000 {
            let now = runtime.clone().now();
            assert!(last <= now, "{now:?} after {last:?}");
            last = now;
        }
    });
}

#[test]
fn the_clock_on_the_wall_shows_our_age() {
    everywhere(async |runtime| {
        let since = runtime.wall_now().duration_since(SystemTime::UNIX_EPOCH);
        assert!(since.expect("after 1970") >= Duration::from_secs(1_000_000_000));
    });
}

#[test]
fn a_sleep_waits_as_long_as_it_says_and_no_longer() {
    everywhere(async |runtime| {
        for ms in [0, 1, 2, 10, 999, 3_600_000] {
            let (begin, wait) = (runtime.now(), Duration::from_millis(ms));
            runtime.sleep(wait).await;
            let took = runtime.now() - begin;
            assert!((wait..=wait + 2 * MILLI).contains(&took), "{took:?} instead of {wait:?}");
        }
        let at = runtime.now() + 5 * MILLI;
        runtime.sleep_until(at).await;
        assert!(at <= runtime.now() && runtime.now() <= at + 2 * MILLI);
    });
}

#[test]
fn a_sleep_until_the_past_ends_at_once() {
    everywhere(async |runtime| {
        runtime.sleep(MILLI).await;
        let now = runtime.now();
        runtime.sleep_until(Instant::ORIGIN).await;
        runtime.sleep_until(now).await;
        assert!(runtime.now() - now <= 2 * MILLI);
    });
}

#[test]
fn a_sleep_for_ever_never_ends() {
    everywhere(async |runtime| {
        let mut forever = Box::pin(runtime.sleep(Duration::MAX));
        let mut year = Box::pin(runtime.sleep(Duration::from_secs(365 * 86_400)));
        poll_fn(|cx| {
            assert!(forever.as_mut().poll(cx).is_pending(), "for ever has ended");
            year.as_mut().poll(cx)
        })
        .await;
    });
}

#[test]
fn sleeps_end_in_the_order_of_their_moments_and_a_dropped_one_is_forgotten() {
    everywhere(async |runtime| {
        let told = Arc::new(Mutex::new(Vec::new()));
        for ms in [30, 10, 20, 50, 40] {
            let (told, sleep) = (Arc::clone(&told), runtime.sleep(ms * MILLI));
            drop(runtime.spawn(async move {
                sleep.await;
                told.lock().expect("no task panics").push(ms);
            }));
        }
        let mut given_up = Box::pin(runtime.sleep(5 * MILLI));
        poll_fn(|cx| {
            assert!(Pin::new(&mut given_up).poll(cx).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
        drop(given_up);
        runtime.sleep(100 * MILLI).await;
        assert_eq!(*told.lock().expect("no task panics"), [10, 20, 30, 40, 50]);
    });
}

#[test]
fn a_spawned_task_runs_on_its_own_also_when_its_handle_is_dropped() {
    everywhere_and_on_threads(async |runtime| {
        let (done, result) = oneshot::channel();
        drop(runtime.spawn(async move { done.send(7).expect("the test waits for this") }));
        assert_eq!(result.await, Ok(7));
    });
}

#[test]
fn tasks_take_turns() {
    everywhere_and_on_threads(async |runtime| {
        let turns = Arc::new(AtomicU64::new(0));
        let (done, result) = oneshot::channel();
        let (counted, other) = (Arc::clone(&turns), runtime.clone());
        let endless = runtime.spawn(async move {
            loop {
                counted.fetch_add(1, Ordering::Relaxed);
                yield_once(&other).await;
            }
        });
        let (counted, other) = (Arc::clone(&turns), runtime.clone());
        drop(runtime.spawn(async move {
            while counted.load(Ordering::Relaxed) < 10 {
                yield_once(&other).await;
            }
            done.send(()).expect("the test waits for this");
        }));
        assert_eq!(result.await, Ok(()), "an endless task keeps nobody from running");
        endless.abort();
    });
}

#[test]
fn aborting_drops_a_task_at_its_next_await_and_is_harmless_afterwards() {
    everywhere_and_on_threads(async |runtime| {
        let dropped = Arc::new(AtomicU64::new(0));
        let (waits, is_waiting) = oneshot::channel();
        let guard = Dropped(Arc::clone(&dropped));
        let task = runtime.spawn(async move {
            waits.send(()).expect("the test waits for this");
            std::future::pending::<()>().await;
            drop(guard);
        });
        is_waiting.await.expect("the task runs");
        task.abort();
        while dropped.load(Ordering::SeqCst) == 0 {
            yield_once(&runtime).await;
        }
        task.abort();
        assert_eq!(dropped.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn a_task_aborted_before_it_ran_never_runs() {
    everywhere(async |runtime| {
        let (ran, dropped) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (counted, guard) = (Arc::clone(&ran), Dropped(Arc::clone(&dropped)));
        runtime
            .spawn(async move {
                counted.fetch_add(1, Ordering::SeqCst);
                drop(guard);
            })
            .abort();
        runtime.sleep(MILLI).await;
        assert_eq!((ran.load(Ordering::SeqCst), dropped.load(Ordering::SeqCst)), (0, 1));
    });
}

#[test]
fn blocking_work_gives_its_result_and_a_panic_is_lost() {
    everywhere_and_on_threads(async |runtime| {
        let sum = runtime.blocking(|| (1..=4).sum::<u32>());
        assert_eq!(sum.await, Ok(10));
        let lost = runtime.blocking(|| -> u32 { panic!("this is meant to be seen") });
        let lost = lost.await.expect_err("it gave no result");
        assert!(lost.to_string().contains("panicked"), "{lost}");
        assert_eq!(runtime.blocking(|| 1).await, Ok(1), "and the next one works");
    });
}

#[test]
fn blocking_work_whose_result_nobody_wants_runs_to_its_end() {
    everywhere_and_on_threads(async |runtime| {
        let (done, result) = oneshot::channel();
        drop(runtime.blocking(move || done.send(3).expect("the test waits for this")));
        assert_eq!(result.await, Ok(3));
    });
}

#[test]
fn a_thread_runs() {
    everywhere_and_on_threads(async |runtime| {
        let (done, result) = oneshot::channel();
        runtime.thread("ghostlight test", move || done.send(5).expect("the test waits for this"));
        assert_eq!(result.await, Ok(5));
    });
}

#[test]
fn chance_follows_from_its_label() {
    everywhere_and_on_threads(async |runtime| {
        let draws = |label: &str| {
            let mut rng = runtime.clone().rng(label);
            (0..8).map(|_| rng.any()).collect::<Vec<_>>()
        };
        assert_eq!(draws("backoff"), draws("backoff"));
        assert_ne!(draws("backoff"), draws("jitter"));
        let distinct: std::collections::BTreeSet<_> = draws("backoff").into_iter().collect();
        assert_eq!(distinct.len(), 8, "eight draws, and not one eight times");
    });
}

#[test]
fn poll_proceed_makes_a_loop_yield() {
    everywhere_and_on_threads(async |runtime| {
        let mut refused = 0;
        for _ in 0..10_000 {
            poll_fn(|cx| {
                let polled = runtime.poll_proceed(cx);
                refused += u32::from(polled.is_pending());
                polled
            })
            .await;
        }
        assert!(refused > 0, "ten thousand pieces of work at once, and nobody else had a turn");
    });
}

#[test]
fn block_on_gives_the_result() {
    assert_eq!(World::runtime(1).block_on(async { 41 + 1 }), 42);
    assert_eq!(Runtime::multi_thread().block_on(async { 41 + 1 }), 42);
}

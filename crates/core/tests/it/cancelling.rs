//! Cancelling a task: a level in two stages, and what shields clean-up from it: G-14 to G-16.

use std::{
    future::{pending, poll_fn},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context as TaskContext, Poll, Wake, Waker},
    time::Duration,
};

use ghostlight::{
    Actor, Context, Handler, JoinError, Message, TaskState, cancelled, checkpoint, is_cancelled,
    shield,
};

use crate::{
    stage::{self, conformance},
    support::{Gate, Log, Path, rest, soon},
};

const fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

async fn sleep(n: u64) {
    tokio::time::sleep(seconds(n)).await;
}

/// How many whole seconds of virtual time have passed since.
struct Since(tokio::time::Instant);

impl Since {
    fn now() -> Self {
        Self(tokio::time::Instant::now())
    }

    fn secs(&self) -> u64 {
        self.0.elapsed().as_secs()
    }
}

#[conformance(virtual_time)]
async fn once_cancelled_always_cancelled_however_often_one_asks() {
    let (system, gate) = (stage::system("test"), Gate::closed());
    let at = gate.clone();
    let task = system.spawn_task(async move {
        assert!(!is_cancelled() && checkpoint().await.is_ok());
        at.pass().await;
        for _ in 0..100 {
            assert!(is_cancelled());
            assert!(checkpoint().await.is_err());
            cancelled().await;
        }
    });
    gate.arrived().await;
    task.cancel();
    task.cancel();
    gate.open();
    assert_eq!(task.join().await, Err(JoinError::Cancelled));
}

#[conformance(virtual_time)]
async fn where_no_task_runs_nothing_is_cancelled() {
    assert!(!is_cancelled());
    assert_eq!(checkpoint().await, Ok(()));
    assert_eq!(shield(async { 7 }).await, 7);
    let waited = tokio::time::timeout(seconds(60), cancelled()).await;
    assert!(waited.is_err());
}

#[conformance(virtual_time)]
async fn a_cooperative_task_ends_when_it_is_told_and_a_stubborn_one_when_its_grace_is_over() {
    let system = stage::system("test");
    let scope = system.scope().grace(seconds(3));
    for (expected, after) in [(JoinError::Cancelled, 1), (JoinError::Aborted, 3)] {
        let task = scope.spawn(async move {
            if after == 1 {
                cancelled().await;
                sleep(1).await;
            } else {
                sleep(4).await;
            }
        });
        rest().await;
        let since = Since::now();
        task.cancel();
        assert_eq!(system.tasks()[0].state, TaskState::Cancelling);
        assert_eq!((task.join().await, since.secs()), (Err(expected), after));
    }
}

#[conformance(virtual_time)]
async fn grace_counts_from_the_first_request_however_often_one_asks() {
    let system = stage::system("test");
    let scope = system.scope();
    let task = scope.spawn(pending::<()>());
    rest().await;
    let since = Since::now();
    task.cancel();
    sleep(3).await;
    task.cancel();
    scope.cancel_all();
    assert_eq!((task.join().await, since.secs()), (Err(JoinError::Aborted), 5));
}

#[conformance(virtual_time)]
async fn what_is_cancelled_before_it_began_never_runs() {
    let (system, log) = (stage::system("test"), Log::default());
    let written = log.clone();
    let task = system.spawn_task(async move { written.push(1) });
    task.cancel();
    assert_eq!(task.join().await, Err(JoinError::Cancelled));
    assert!(log.take().is_empty());
}

#[conformance(virtual_time)]
async fn a_checkpoint_lets_others_go_first_when_the_share_is_spent() {
    let system = stage::system("test");
    let is_over = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&is_over);
    let spin = system.spawn_task(async move {
        while !seen.load(Ordering::Relaxed) {
            checkpoint().await.unwrap();
        }
    });
    let other = system.spawn_task(async move { is_over.store(true, Ordering::Relaxed) });
    assert_eq!((spin.join().await, other.join().await), (Ok(()), Ok(())));
}

#[conformance(virtual_time)]
async fn a_nested_shield_protects_until_the_outer_one_ends() {
    let (system, log) = (stage::system("test"), Log::default());
    let written = log.clone();
    let task = system.spawn_task(async move {
        shield(async {
            shield(sleep(10)).await;
            written.push("inner");
            assert!(!is_cancelled() && checkpoint().await.is_ok());
            sleep(10).await;
            written.push("outer");
        })
        .await;
        sleep(1).await;
        written.push("never");
    });
    rest().await;
    let since = Since::now();
    task.cancel();
    sleep(7).await;
    assert_eq!(system.tasks()[0].state, TaskState::Shielded);
    assert_eq!((task.join().await, since.secs()), (Err(JoinError::Aborted), 19));
    assert_eq!(log.take(), ["inner", "outer"]);
}

#[conformance(virtual_time)]
async fn shield_max_ends_a_shield_that_does_not_end() {
    let system = stage::system("test");
    let scope = system.scope().grace(seconds(2)).shield_max(seconds(20));
    let task = scope.spawn(async { shield(shield(pending::<()>())).await });
    rest().await;
    let since = Since::now();
    task.cancel();
    assert_eq!((task.join().await, since.secs()), (Err(JoinError::Aborted), 22));
}

#[conformance(virtual_time)]
async fn a_checkpoint_inside_a_shield_is_fine_and_right_after_it_reports_the_cancellation() {
    let (system, log) = (stage::system("test"), Log::default());
    let written = log.clone();
    let task = system.spawn_task(async move {
        let mut n = 0;
        while checkpoint().await.is_ok() {
            n += 1;
            shield(async {
                sleep(8).await;
                assert!(checkpoint().await.is_ok() && !is_cancelled());
                written.push(n);
            })
            .await;
        }
    });
    sleep(9).await;
    task.cancel();
    assert_eq!(task.join().await, Err(JoinError::Cancelled));
    assert_eq!(log.take(), [1, 2], "what had begun was saved, though its grace was over");
}

#[conformance(virtual_time)]
async fn of_two_branches_of_one_task_only_the_shielded_one_does_not_hear_of_the_request() {
    let (system, log) = (stage::system("test"), Log::default());
    let written = log.clone();
    let task = system.spawn_task(async move {
        let shielded = |n| {
            shield(async move {
                sleep(n).await;
                is_cancelled()
            })
        };
        let plain = async {
            cancelled().await;
            is_cancelled()
        };
        written.push(tokio::join!(shielded(7), shielded(9), plain));
        written.push((is_cancelled(), true, true));
    });
    rest().await;
    let since = Since::now();
    task.cancel();
    assert_eq!((task.join().await, since.secs()), (Err(JoinError::Cancelled), 8));
    assert_eq!(log.take(), [(false, false, true), (true, true, true)]);
}

#[conformance(virtual_time)]
async fn a_shield_that_is_dropped_protects_no_longer() {
    let system = stage::system("test");
    let task = system.spawn_task(async {
        let shielded = tokio::time::timeout(seconds(8), shield(pending::<()>()));
        assert!(shielded.await.is_err());
        pending::<()>().await;
    });
    rest().await;
    let since = Since::now();
    task.cancel();
    assert_eq!((task.join().await, since.secs()), (Err(JoinError::Aborted), 7));
}

#[conformance(virtual_time)]
async fn a_scope_that_is_made_inside_a_shield_is_fresh_and_ends_when_its_maker_is_aborted() {
    let (system, log) = (stage::system("test"), Log::default());
    let scope = system.scope();
    let (outer, written) = (scope.clone(), log.clone());
    let task = scope.spawn(async move {
        cancelled().await;
        assert_eq!(outer.scope().spawn(async { 1 }).join().await, Err(JoinError::Cancelled));
        shield(async {
            let fresh = outer.scope();
            written.push(
                fresh
                    .spawn(async {
                        sleep(1).await;
                        2
                    })
                    .join()
                    .await,
            );
            outer.cancel_all();
            written.push(fresh.spawn(async { 3 }).join().await);
            fresh.spawn(pending::<()>());
            pending::<()>().await;
        })
        .await;
    });
    rest().await;
    scope.cancel_all();
    assert_eq!(task.join().await, Err(JoinError::Aborted));
    assert_eq!(log.take(), [Ok(2), Ok(3)]);
    sleep(6).await;
    assert!(system.tasks().is_empty());
}

#[conformance(virtual_time)]
async fn a_request_that_comes_later_does_not_reach_a_scope_that_was_made_inside_a_shield() {
    let (system, log) = (stage::system("test"), Log::default());
    let scope = system.scope();
    let (outer, written) = (scope.clone(), log.clone());
    let task = scope.spawn(async move {
        shield(async {
            let fresh = outer.scope();
            let plain = fresh.scope();
            let saving = [fresh.spawn(sleep(3)), plain.spawn(sleep(4))];
            for it in saving {
                written.push(it.join().await);
            }
            assert!(!fresh.is_cancelled());
        })
        .await;
        cancelled().await;
    });
    rest().await;
    scope.cancel_all();
    assert_eq!(system.tasks().iter().filter(|it| it.state == TaskState::Running).count(), 2);
    assert_eq!(task.join().await, Err(JoinError::Cancelled));
    assert_eq!(log.take(), [Ok(()), Ok(())]);
}

#[conformance(virtual_time)]
async fn a_scope_that_is_made_inside_a_shield_of_what_is_reaped_ends_when_it_is_dropped() {
    let system = stage::system("test");
    let scope = system.scope();
    let outer = scope.scope();
    scope.spawn(async move {
        cancelled().await;
        shield(async {
            let fresh = outer.scope();
            assert!(!fresh.is_cancelled());
            fresh.spawn(cancelled());
            sleep(1).await;
            assert_eq!(fresh.task_ids().len(), 1, "nobody has cancelled it");
        })
        .await;
    });
    rest().await;
    drop(scope);
    sleep(2).await;
    assert!(system.tasks().is_empty(), "{:?}", system.tasks());
    assert_eq!(system.task_counters().cancelled, 2);
}

#[conformance(virtual_time)]
async fn what_waits_behind_a_waker_of_its_own_hears_of_the_request_and_of_a_deadline() {
    let system = stage::system("test");
    for limit in [Duration::MAX, seconds(1)] {
        let scope = system.scope().within(limit);
        let (done, answer) = tokio::sync::oneshot::channel();
        let task = scope.spawn(async move {
            let mut set = Boxes(vec![Box::pin(cancelled()), Box::pin(pending())]);
            set.first().await;
            _ = done.send(());
        });
        sleep(2).await;
        if limit == Duration::MAX {
            task.cancel();
        }
        soon("word of the request", answer).await.unwrap();
        assert_eq!(task.join().await, Err(JoinError::Cancelled));
    }
}

/// Polls each of its futures only when that was woken itself.
struct Boxes(Vec<Pin<Box<dyn Future<Output = ()> + Send>>>);

impl Boxes {
    async fn first(&mut self) {
        let up = || Flag { is_up: AtomicBool::new(true), to: Mutex::default() };
        let flags: Vec<_> = self.0.iter().map(|_| Arc::new(up())).collect();
        poll_fn(|cx| {
            for (future, flag) in self.0.iter_mut().zip(&flags) {
                *flag.to.lock().unwrap() = Some(cx.waker().clone());
                if !flag.is_up.swap(false, Ordering::Relaxed) {
                    continue;
                }
                let waker = Arc::clone(flag).into();
                if future.as_mut().poll(&mut TaskContext::from_waker(&waker)).is_ready() {
                    return Poll::Ready(());
                }
            }
            Poll::Pending
        })
        .await;
    }
}

struct Flag {
    is_up: AtomicBool,
    to: Mutex<Option<Waker>>,
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.is_up.store(true, Ordering::Relaxed);
        if let Some(waker) = self.to.lock().unwrap().take() {
            waker.wake();
        }
    }
}

/// Says whether a task runs that is to end.
struct Teller;

#[derive(Debug, Message)]
#[message(reply = bool)]
struct AreYouCancelled;

impl Actor for Teller {
    type Protocol = (AreYouCancelled,);
}

impl Handler<AreYouCancelled> for Teller {
    async fn handle(&mut self, _: AreYouCancelled, _: &mut Context<'_, Self>) -> bool {
        is_cancelled() || checkpoint().await.is_err()
    }
}

#[conformance(virtual_time)]
async fn a_handler_that_runs_on_the_thread_of_a_cancelled_task_is_not_that_task() {
    let (system, log) = (stage::system("test"), Log::default());
    let teller = system.spawn(Teller);
    for path in Path::BOTH {
        let (teller, written) = (teller.clone(), log.clone());
        let task = system.spawn_task(async move {
            cancelled().await;
            written.push(path.ask(&teller, AreYouCancelled).await.unwrap());
            written.push(is_cancelled());
        });
        rest().await;
        task.cancel();
        assert_eq!(task.join().await, Err(JoinError::Cancelled));
        assert_eq!(log.take(), [false, true], "{path:?}");
    }
}

#[conformance(virtual_time)]
async fn cancelling_what_has_ended_does_nothing() {
    let system = stage::system("test");
    let task = system.spawn_task(async { 7 });
    rest().await;
    task.cancel();
    assert_eq!(task.join().await, Ok(7));
}

//! Tasks and scopes in every order: what cancelling races with.

use std::{
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};

use ghostlight::{
    Actor, ActorRef, AllCompleted, ChildSpec, Context, Failure, FirstSuccess, Handler, JoinError,
    Message, Quorum, Scope, System, TaskError, TaskState, cancelled, checkpoint, is_cancelled,
    shield,
};
use ghostlight_testkit::explore;

use crate::support::let_others;

/// Whether nothing is left, and everything is accounted for.
fn assert_at_baseline(system: &System) {
    let counters = system.task_counters();
    assert!(counters.conserves(), "{counters:?}");
    assert_eq!((counters.alive, counters.reaped), (0, 0), "{:?}", system.tasks());
}

#[test]
fn a_task_that_is_cancelled_at_any_moment_gives_its_value_or_says_so_and_leaves_nothing() {
    explore(100, |world| {
        let system = world.system("race");
        let task = system.spawn_task(async {
            for _ in 0..3 {
                let_others().await;
                checkpoint().await?;
            }
            Ok::<_, ghostlight::Cancelled>(7)
        });
        let (id, other) = (task.id(), system.clone());
        let joined = world.block_on(async {
            let_others().await;
            let_others().await;
            task.cancel();
            assert!(
                other.tasks().iter().all(|it| it.id == id && it.state == TaskState::Cancelling)
            );
            task.join().await
        });
        assert!(matches!(joined, Ok(Ok(7)) | Err(JoinError::Cancelled)), "{joined:?}");
        assert_eq!(world.elapsed(), Duration::ZERO);
        assert_at_baseline(&system);
    });
}

#[test]
fn a_request_between_a_checkpoint_and_its_shield_never_leaves_anything_half_saved() {
    explore(100, |world| {
        let system = world.system("ledger");
        let book = Arc::new(Mutex::new((0, 0)));
        let written = Arc::clone(&book);
        let task = system.spawn_task(async move {
            while checkpoint().await.is_ok() {
                shield(async {
                    written.lock().unwrap().0 += 1;
                    let_others().await;
                    assert!(!is_cancelled());
                    written.lock().unwrap().1 += 1;
                })
                .await;
            }
        });
        let joined = world.block_on(async {
            for _ in 0..4 {
                let_others().await;
            }
            task.cancel();
            task.join().await
        });
        assert_eq!(joined, Err(JoinError::Cancelled));
        let (begun, done) = *book.lock().unwrap();
        assert_eq!(begun, done);
        assert_at_baseline(&system);
    });
}

#[test]
fn a_scope_that_is_dropped_while_its_tasks_spawn_siblings_leaves_none_of_them() {
    explore(100, |world| {
        let system = world.system("family");
        let outer = system.scope();
        let scope = outer.scope();
        for _ in 0..3 {
            let siblings = scope.clone();
            scope.spawn(async move {
                let_others().await;
                siblings.spawn(pending::<()>());
                siblings.scope().spawn(pending::<()>());
            });
        }
        let ender = system.spawn_task(async move {
            let_others().await;
            drop(scope);
            drop(outer);
        });
        world.block_on(ender.join()).unwrap();
        world.advance(Duration::from_secs(5));
        assert_at_baseline(&system);
    });
}

#[test]
fn whatever_the_order_a_joiner_sees_each_outcome_once_and_a_quorum_is_right() {
    explore(100, |world| {
        let system = world.system("votes");
        let vote = |n: u32| async move {
            for _ in 0..n {
                let_others().await;
            }
            if n == 2 { Err(n) } else { Ok(n) }
        };
        let all = Scope::with_joiner(&system, AllCompleted);
        let some = Scope::with_joiner(&system, Quorum(2));
        let first = Scope::with_joiner(&system, FirstSuccess);
        for n in 0..4 {
            all.spawn(vote(n));
            some.spawn(vote(n));
            first.spawn(vote(n));
        }
        let expected = vec![Ok(0), Ok(1), Err(TaskError::Failed(2)), Ok(3)];
        world.block_on(async {
            assert_eq!(all.join().await, expected);
            let quorum = some.join().await.unwrap();
            assert!(quorum.is_sorted() && quorum.len() == 2 && !quorum.contains(&2), "{quorum:?}");
            assert_ne!(first.join().await.unwrap(), 2);
        });
        drop((all, some, first));
        world.advance(Duration::from_secs(5));
        assert_at_baseline(&system);
    });
}

/// An actor that has something fetched, and fails when it is told to.
struct Desk {
    told: Told,
}

/// Which incarnation sent for a result, and which one was told of it.
type Told = Arc<Mutex<Vec<(u32, u32)>>>;

#[derive(Debug, Message)]
struct Fetch;

#[derive(Debug, Message)]
struct Fetched {
    by: u32,
    result: Result<u32, JoinError>,
}

#[derive(Debug, Message)]
struct Fail;

impl Actor for Desk {
    type Protocol = (Fetch, Fetched, Fail);
}

impl Handler<Fetch> for Desk {
    async fn handle(&mut self, _: Fetch, cx: &mut Context<'_, Self>) {
        let by = cx.incarnation();
        let fetching = async {
            let_others().await;
            7
        };
        cx.pipe(fetching, move |result| Fetched { by, result });
        cx.spawn_task(cancelled());
    }
}

impl Handler<Fetched> for Desk {
    async fn handle(&mut self, fetched: Fetched, cx: &mut Context<'_, Self>) {
        let Ok(7) = fetched.result else { panic!("nobody cancels it: {:?}", fetched.result) };
        self.told.lock().unwrap().push((fetched.by, cx.incarnation()));
    }
}

impl Handler<Fail> for Desk {
    async fn handle(&mut self, _: Fail, cx: &mut Context<'_, Self>) {
        cx.fail::<()>(Failure::recoverable("as told")).await;
    }
}

fn desk(system: &System) -> (ActorRef<Desk>, Told) {
    let told = Told::default();
    let shared = Arc::clone(&told);
    let make = move || Desk { told: Arc::clone(&shared) };
    (system.supervise(make, ChildSpec::permanent()), told)
}

#[test]
fn a_piped_result_is_told_to_the_incarnation_that_sent_for_it_or_to_nobody() {
    explore(100, |world| {
        let system = world.system("office");
        let (desk, told) = desk(&system);
        for _ in 0..2 {
            desk.try_tell(Fetch).unwrap();
            desk.try_tell(Fail).unwrap();
            desk.try_tell(Fetch).unwrap();
        }
        world.advance(Duration::from_secs(10));
        let told = told.lock().unwrap();
        assert!(told.iter().all(|(by, to)| by == to), "{told:?}");
        assert!(!told.is_empty(), "the last incarnation is told");
        assert!(system.counters().conserves());
    });
}

#[test]
fn no_task_of_an_actor_outlives_it_however_it_ends() {
    explore(100, |world| {
        let system = world.system("office");
        let (desk, _told) = desk(&system);
        for _ in 0..2 {
            desk.try_tell(Fetch).unwrap();
        }
        let kind = world.rng("end").below(3);
        world.block_on(async {
            let_others().await;
            match kind {
                0 => desk.kill(),
                1 => desk.stop(),
                _ => desk.try_tell(Fail).unwrap(),
            }
            let_others().await;
            desk.kill();
        });
        world.settle();
        if !desk.is_alive() {
            assert_at_baseline(&system);
        }
        world.block_on(system.shutdown(Duration::from_secs(60)));
        assert_at_baseline(&system);
    });
}

#[test]
fn a_shutdown_races_with_tasks_that_spawn_and_wins() {
    explore(100, |world| {
        let system = world.system("short");
        let scope = system.scope();
        for _ in 0..3 {
            let (siblings, own) = (scope.clone(), system.clone());
            scope.spawn(async move {
                let_others().await;
                siblings.spawn(pending::<()>());
                own.spawn_detached(cancelled());
            });
        }
        let report = world.block_on(async {
            let_others().await;
            system.shutdown(Duration::from_secs(60)).await
        });
        assert!(report.is_clean(), "{report}");
        assert_at_baseline(&system);
    });
}

//! Joiners: when a group of tasks is done, and with what: G-07 to G-13.

use std::{future::pending, time::Duration};

use ghostlight::{
    AllCompleted, AllSuccessful, FirstFailure, FirstSuccess, JoinError, Joiner, Quorum, Scope,
    TaskError,
    TaskError::{Ended, Failed},
};

use crate::{
    stage::{self, conformance},
    support::soon,
};

/// What a task does, and when.
#[derive(Clone, Copy)]
enum Act {
    Give(u64, u32),
    Fail(u64, &'static str),
    Panic(u64),
    Hang,
}

use Act::{Fail, Give, Hang, Panic};

async fn act(act: Act) -> Result<u32, &'static str> {
    let wait = |n| tokio::time::sleep(Duration::from_millis(n));
    match act {
        Give(at, value) => {
            wait(at).await;
            Ok(value)
        }
        Fail(at, error) => {
            wait(at).await;
            Err(error)
        }
        Panic(at) => {
            wait(at).await;
            panic!("boom")
        }
        Hang => pending().await,
    }
}

/// Joins such tasks, and says what came of it, after how many milliseconds, and how many tasks were
/// cancelled.
async fn join<J: Joiner<u32, &'static str>>(joiner: J, acts: &[Act]) -> (J::Output, u128, usize) {
    let system = stage::system("test");
    let scope = Scope::with_joiner(&system, joiner).grace(Duration::ZERO);
    acts.iter().for_each(|it| drop(scope.spawn(act(*it))));
    let begun = system.runtime().now();
    let output = soon("answer", scope.join()).await;
    let took = (system.runtime().now() - begun).as_millis();
    let left = scope.task_ids().len();
    drop(scope);
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert!(system.tasks().is_empty(), "a loser is left");
    assert!(system.task_counters().conserves());
    (output, took, left)
}

fn boom() -> TaskError<&'static str> {
    Ended(JoinError::Panicked("boom".to_owned()))
}

#[conformance(virtual_time)]
async fn all_completed_gives_every_outcome_in_the_order_of_spawning() {
    let acts = [Give(30, 1), Fail(10, "no"), Give(20, 3), Panic(0), Give(0, 5)];
    let expected = vec![Ok(1), Err(Failed("no")), Ok(3), Err(boom()), Ok(5)];
    assert_eq!(join(AllCompleted, &acts).await, (expected, 30, 0));
    assert_eq!(join(AllCompleted, &[]).await, (vec![], 0, 0));
}

#[conformance(virtual_time)]
async fn all_successful_gives_all_values_or_stops_at_the_first_failure_and_cancels_the_rest() {
    let acts = [Give(30, 1), Give(10, 2)];
    assert_eq!(join(AllSuccessful, &acts).await, (Ok(vec![1, 2]), 30, 0));
    let acts = [Give(30, 1), Fail(20, "late"), Fail(10, "no"), Hang];
    assert_eq!(join(AllSuccessful, &acts).await, (Err(Failed("no")), 10, 3));
    assert_eq!(join(AllSuccessful, &[Hang, Panic(5)]).await, (Err(boom()), 5, 1));
    assert_eq!(join(AllSuccessful, &[]).await, (Ok(vec![]), 0, 0));
}

#[conformance(virtual_time)]
async fn first_success_cancels_the_losers_and_if_all_fail_it_gives_all_failures() {
    let acts = [Fail(5, "no"), Give(30, 1), Give(10, 2), Hang];
    assert_eq!(join(FirstSuccess, &acts).await, (Ok(2), 10, 2));
    let acts = [Fail(30, "last"), Panic(20), Fail(10, "first")];
    let expected = vec![Failed("last"), boom(), Failed("first")];
    assert_eq!(join(FirstSuccess, &acts).await, (Err(expected), 30, 0));
    assert_eq!(join(FirstSuccess, &[]).await, (Err(vec![]), 0, 0));
}

#[conformance(virtual_time)]
async fn first_failure_is_a_success_if_there_is_none() {
    assert_eq!(join(FirstFailure, &[Give(10, 1), Give(30, 2)]).await, (Ok(()), 30, 0));
    let acts = [Give(5, 1), Fail(10, "no"), Hang];
    assert_eq!(join(FirstFailure, &acts).await, (Err(Failed("no")), 10, 1));
    assert_eq!(join(FirstFailure, &[]).await, (Ok(()), 0, 0));
}

#[conformance(virtual_time)]
async fn a_quorum_is_there_at_n_values_and_fails_as_soon_as_there_cannot_be_one() {
    let acts = [Give(30, 1), Fail(5, "no"), Give(10, 3), Hang];
    assert_eq!(join(Quorum(2), &acts).await, (Ok(vec![1, 3]), 30, 1));

    let acts = [Give(5, 1), Fail(10, "no"), Panic(20), Hang];
    let (output, took, left) = join(Quorum(3), &acts).await;
    let error = output.unwrap_err();
    assert_eq!(
        (error.needed, error.values, error.failures),
        (3, vec![1], vec![Failed("no"), boom()])
    );
    assert_eq!((took, left), (20, 1));

    let (output, took, left) = join(Quorum(3), &[Hang, Hang]).await;
    assert!(output.is_err(), "there never were enough");
    assert_eq!((took, left), (0, 2));

    assert_eq!(join(Quorum(0), &[Hang]).await, (Ok(vec![]), 0, 1));
    assert_eq!(join(Quorum(0), &[]).await, (Ok(vec![]), 0, 0));
    assert!(join(Quorum(1), &[]).await.0.is_err());
}

/// Whether more say yes than not, with the number of votes it took.
struct Majority;

impl Joiner<u32, &'static str> for Majority {
    type State = (usize, usize);
    type Output = (bool, usize);

    fn is_decided(&self, &(yes, no): &(usize, usize), pending: usize) -> bool {
        yes > no + pending || no >= yes + pending
    }

    fn take(
        &self,
        votes: &mut (usize, usize),
        _: usize,
        outcome: Result<u32, TaskError<&'static str>>,
    ) {
        if outcome == Ok(1) { votes.0 += 1 } else { votes.1 += 1 }
    }

    fn finish(self, (yes, no): (usize, usize)) -> (bool, usize) {
        (yes > no, yes + no)
    }
}

#[conformance(virtual_time)]
async fn a_custom_majority_decides_early_and_gives_data() {
    let acts = [Give(5, 1), Give(10, 0), Give(20, 1), Give(30, 1), Hang];
    assert_eq!(join(Majority, &acts).await, ((true, 4), 30, 1));
    assert_eq!(join(Majority, &[Fail(5, "no"), Panic(10), Hang]).await, ((false, 2), 10, 1));
    assert_eq!(join(Majority, &[]).await, ((false, 0), 0, 0));
}

#[conformance(virtual_time)]
async fn a_joining_that_is_given_up_is_taken_up_again_and_loses_nothing() {
    let system = stage::system("test");
    let scope = Scope::with_joiner(&system, AllCompleted);
    scope.spawn(act(Give(10, 1)));
    scope.spawn(act(Give(30, 2)));
    let early = tokio::time::timeout(Duration::from_millis(20), scope.join()).await;
    assert!(early.is_err());
    assert_eq!(scope.join().await, vec![Ok(1), Ok(2)]);
}

#[conformance(virtual_time)]
async fn siblings_that_are_spawned_meanwhile_count_and_what_comes_after_the_answer_is_cancelled() {
    let system = stage::system("test");
    let scope = Scope::with_joiner(&system, AllCompleted);
    let siblings = scope.clone();
    scope.spawn(async move {
        siblings.spawn(act(Give(10, 2)));
        Ok(1)
    });
    assert_eq!(scope.join().await, vec![Ok(1), Ok(2)]);
    assert_eq!(scope.spawn(act(Give(0, 3))).join().await, Err(JoinError::Cancelled));
}

#[conformance(virtual_time)]
#[should_panic(expected = "a scope with a joiner is joined once")]
async fn a_scope_with_a_joiner_is_joined_once() {
    let system = stage::system("test");
    let scope = Scope::with_joiner(&system, FirstFailure);
    scope.spawn(act(Give(0, 1)));
    scope.join().await.unwrap();
    _ = scope.join().await;
}

//! Budgets, and what comes after them.

use std::time::Duration;

use super::{Scene, check, permanent};
use crate::{Backoff, ChildSpec, RestartWindow, StopReason, Supervision};

const SECOND: Duration = Duration::from_secs(1);

fn prompt(window: RestartWindow) -> ChildSpec {
    let backoff = Backoff::none().reset_after(60 * SECOND);
    ChildSpec::permanent().backoff(backoff).window(window)
}

#[test]
fn when_the_limit_is_spent_the_child_stays_down_and_the_owner_fails() {
    check(
        Supervision::one_for_one(),
        &[prompt(RestartWindow::new(2, 10 * SECOND))],
        "
        fail 0     -> restarting 0 failed in 0ns, start 0
        fail 0     -> restarting 0 failed in 0ns, start 0
        fail 0     -> gave-up 0 exhausted, forget 0 exhausted, fail 0 exhausted
        gone 0     ->
        +3600s     ->
        ",
    );
}

#[test]
fn five_restarts_in_five_seconds_are_the_default() {
    check(
        Supervision::one_for_one(),
        &[prompt(RestartWindow::default())],
        "
        fail 0     -> restarting 0 failed in 0ns, start 0
        +1s        ->
        fail 0     -> restarting 0 failed in 0ns, start 0
        fail 0     -> restarting 0 failed in 0ns, start 0
        fail 0     -> restarting 0 failed in 0ns, start 0
        fail 0     -> restarting 0 failed in 0ns, start 0
        +4s        ->
        fail 0     -> restarting 0 failed in 0ns, start 0
        fail 0     -> gave-up 0 exhausted, forget 0 exhausted, fail 0 exhausted
        ",
    );
}

#[test]
fn a_limit_of_zero_means_never() {
    check(
        Supervision::one_for_one(),
        &[prompt(RestartWindow::never())],
        "normal 0 -> gave-up 0 exhausted, forget 0 exhausted, fail 0 exhausted",
    );
}

#[test]
fn a_tolerated_child_is_given_up_without_harm() {
    check(
        Supervision::one_for_one(),
        &[prompt(RestartWindow::never()).tolerated()],
        "fail 0 -> gave-up 0 exhausted, forget 0 exhausted",
    );
}

#[test]
fn the_limit_of_the_owner_counts_all_children() {
    let child = || prompt(RestartWindow::new(2, 10 * SECOND));
    check(
        Supervision::one_for_one().limit(RestartWindow::new(3, 10 * SECOND)),
        &[child(), child()],
        "
        fail 0     -> restarting 0 failed in 0ns, start 0
        fail 0     -> restarting 0 failed in 0ns, start 0
        fail 0     -> gave-up 0 exhausted, forget 0 exhausted, fail 0 exhausted
        fail 1     -> restarting 1 failed in 0ns, start 1
        fail 1     -> gave-up 1 exhausted, forget 1 exhausted, fail 1 exhausted
        ",
    );
}

#[test]
fn who_gave_up_says_what_was_allowed_and_what_came_last() {
    let mut scene = Scene::new(
        Supervision::one_for_one().limit(RestartWindow::new(0, 3 * SECOND)),
        &[permanent()],
    );
    let effects = scene.step(super::input("killed 0"));
    let Some(super::Effect::GaveUp(0, StopReason::LimitExhausted(it))) = effects.first() else {
        panic!("{effects:?}")
    };
    assert_eq!((it.restarts, it.within), (0, 3 * SECOND));
    assert!(matches!(it.last, StopReason::Killed));
}

#[test]
fn a_trial_restart_after_giving_up_happens_once_after_the_pause() {
    check(
        Supervision::one_for_one(),
        &[prompt(RestartWindow::never()).trial_after(30 * SECOND)],
        "
        fail 0     -> restarting 0 failed in 30s
        +29s       ->
        +1s        -> start 0
        started 0  ->
        +59s       ->
        fail 0     -> gave-up 0 exhausted, forget 0 exhausted, fail 0 exhausted
        ",
    );
}

#[test]
fn after_a_trial_that_lasted_all_is_forgiven() {
    check(
        Supervision::one_for_one(),
        &[prompt(RestartWindow::new(1, 3600 * SECOND)).trial_after(30 * SECOND)],
        "
        fail 0     -> restarting 0 failed in 0ns, start 0
        fail 0     -> restarting 0 failed in 30s
        +30s       -> start 0
        started 0  ->
        +60s       ->
        fail 0     -> restarting 0 failed in 0ns, start 0
        fail 0     -> restarting 0 failed in 30s
        +30s       -> start 0
        fail 0     -> gave-up 0 exhausted, forget 0 exhausted, fail 0 exhausted
        ",
    );
}

#[test]
fn a_trial_that_ends_normally_is_judged_by_the_window() {
    check(
        Supervision::one_for_one(),
        &[prompt(RestartWindow::new(1, 20 * SECOND)).trial_after(30 * SECOND)],
        "
        fail 0     -> restarting 0 failed in 0ns, start 0
        fail 0     -> restarting 0 failed in 30s
        +30s       -> start 0
        started 0  ->
        normal 0   -> restarting 0 normal in 0ns, start 0
        normal 0   -> gave-up 0 exhausted, forget 0 exhausted, fail 0 exhausted
        ",
    );
}

#[test]
fn the_last_hundred_restarts_are_remembered_not_more() {
    let mut scene = Scene::new(Supervision::one_for_one(), &[permanent()]);
    for _ in 0..150 {
        scene.play("fail 0");
        scene.play("+16s");
        scene.play("started 0");
    }
    let history = scene.machine.history(0);
    assert_eq!(history.len(), 100);
    let incarnations: Vec<u32> = history.iter().map(|it| it.incarnation).collect();
    assert_eq!(incarnations, (50..150).collect::<Vec<_>>());
    let first = &history[0];
    assert_eq!((first.at.as_nanos(), first.delay), (50 * 16_000_000_000, 16 * SECOND));
    assert!(first.why.is_failure());
    assert!(scene.machine.history(1).is_empty());
}

//! How well the group is.

use super::{Scene, check, permanent};
use crate::{Health, RestartWindow, Supervision};

#[test]
fn below_min_healthy_the_group_is_unhealthy_above_it_healthy_again() {
    check(
        Supervision::one_for_one().min_healthy(2),
        &[permanent(), permanent(), permanent()],
        "
        fail 0     -> restarting 0 failed in 100ms
        fail 1     -> restarting 1 failed in 100ms, unhealthy
        fail 2     -> restarting 2 failed in 100ms
        +100ms     -> start 0, start 1, start 2
        started 0  ->
        started 1  -> healthy
        started 2  ->
        stop 0     -> halt 0 stopped
        restart 1  -> retire 1, unhealthy
        gone 2     ->
        ",
    );
}

#[test]
fn a_group_that_is_starting_up_is_not_unwell() {
    check(
        Supervision::one_for_one().min_healthy(3),
        &[permanent(), permanent()],
        "
        fail 0     -> restarting 0 failed in 100ms
        add        -> added 2
        +100ms     -> start 0
        started 0  ->
        started 2  ->
        fail 1     -> restarting 1 failed in 100ms, unhealthy
        ",
    );
}

#[test]
fn an_owner_that_asked_for_it_fails_when_its_group_is_unhealthy() {
    check(
        Supervision::one_for_one().min_healthy_or_fail(1),
        &[permanent(), permanent()],
        "
        fail 1     -> restarting 1 failed in 100ms
        killed 0   -> restarting 0 killed in 100ms, unhealthy, fail 0 killed
        +100ms     -> start 0, start 1
        started 0  -> healthy
        gone 0     -> unhealthy, fail 0 unknown
        ",
    );
}

#[test]
fn the_owner_fails_once_for_one_end() {
    check(
        Supervision::one_for_one().min_healthy_or_fail(1),
        &[permanent().window(RestartWindow::never())],
        "fail 0 -> gave-up 0 exhausted, forget 0 exhausted, fail 0 exhausted, unhealthy",
    );
}

#[test]
fn an_ending_group_reports_no_health_and_the_next_one_starts_afresh() {
    check(
        Supervision::one_for_one().min_healthy(1),
        &[permanent()],
        "
        fail 0     -> restarting 0 failed in 100ms, unhealthy
        close      -> forget 0 owner-ended
        gone 0     -> closed
        reopen     -> healthy
        add        -> added 1
        started 1  ->
        fail 1     -> restarting 1 failed in 100ms, unhealthy
        ",
    );
}

#[test]
fn health_says_how_many_of_how_many_run() {
    let mut scene =
        Scene::new(Supervision::one_for_one().min_healthy(2), &[(); 2].map(|()| permanent()));
    assert_eq!(scene.machine.health(), Health::Healthy);
    scene.play("fail 0");
    assert_eq!(scene.machine.health(), Health::unhealthy("1 of at least 2 children run"));
}

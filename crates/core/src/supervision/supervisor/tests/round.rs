//! Who is taken along, in which order, and what may come in between.

use std::time::Duration;

use super::{check, permanent, temporary, transient};
use crate::{Backoff, Supervision};

#[test]
fn one_for_all_stops_in_reverse_order_and_starts_in_order_one_after_the_other() {
    check(
        Supervision::one_for_all(),
        &[permanent(), permanent(), permanent()],
        "
        fail 1     -> restarting 1 failed in 100ms, retire 2
        +30ms      ->
        retired 2  -> restarting 2 restart in 70ms, retire 0
        +30ms      ->
        retired 0  -> restarting 0 restart in 40ms
        +39ms      ->
        +1ms       -> start 0
        started 0  -> start 1
        started 1  -> start 2
        started 2  ->
        fail 2     -> restarting 2 failed in 100ms, retire 1
        ",
    );
}

#[test]
fn one_for_all_works_with_a_single_child() {
    check(
        Supervision::one_for_all(),
        &[permanent()],
        "
        fail 0     -> restarting 0 failed in 100ms
        +100ms     -> start 0
        started 0  ->
        ",
    );
}

#[test]
fn rest_for_one_restarts_all_for_the_first() {
    check(
        Supervision::rest_for_one(),
        &[permanent(), permanent(), permanent()],
        "
        fail 0     -> restarting 0 failed in 100ms, retire 2
        retired 2  -> restarting 2 restart in 100ms, retire 1
        retired 1  -> restarting 1 restart in 100ms
        +100ms     -> start 0
        started 0  -> start 1
        started 1  -> start 2
        ",
    );
}

#[test]
fn rest_for_one_restarts_those_started_later() {
    check(
        Supervision::rest_for_one(),
        &[permanent(), permanent(), permanent()],
        "
        fail 1     -> restarting 1 failed in 100ms, retire 2
        retired 2  -> restarting 2 restart in 100ms
        +100ms     -> start 1
        started 1  -> start 2
        ",
    );
}

#[test]
fn rest_for_one_restarts_only_the_last_for_the_last() {
    check(
        Supervision::rest_for_one(),
        &[permanent(), permanent(), permanent()],
        "
        fail 2     -> restarting 2 failed in 100ms
        +100ms     -> start 2
        ",
    );
}

#[test]
fn a_round_does_not_bring_back_a_temporary_child() {
    check(
        Supervision::one_for_all(),
        &[permanent(), temporary(), transient(), temporary()],
        "
        fail 0     -> restarting 0 failed in 100ms, halt 3 restart
        gone 3     -> retire 2
        retired 2  -> restarting 2 restart in 100ms, halt 1 restart
        retired 1  -> forget 1 restart
        +100ms     -> start 0
        gone 1     ->
        started 0  -> start 2
        ",
    );
}

#[test]
fn a_child_that_does_not_stop_for_its_round_is_killed_and_comes_back() {
    check(
        Supervision::one_for_all(),
        &[permanent(), permanent(), transient()],
        "
        fail 0     -> restarting 0 failed in 100ms, retire 2
        +999ms     ->
        +1ms       -> kill 2
        killed 2   -> restarting 2 killed in 0ns, retire 1
        +1s        -> kill 1
        +499ms     ->
        +1ms       -> abandon 1, start 0
        started 0  -> start 2
        killed 1   -> forget 1 killed
        ",
    );
}

#[test]
fn a_child_whose_failure_is_fatal_does_not_come_back_from_its_round() {
    check(
        Supervision::one_for_all(),
        &[permanent(), permanent(), permanent()],
        "
        fail 0     -> restarting 0 failed in 100ms, retire 2
        fatal 2    -> gave-up 2 fatal, forget 2 fatal, fail 2 fatal, retire 1
        retired 1  -> restarting 1 restart in 100ms
        +100ms     -> start 0
        started 0  -> start 1
        ",
    );
}

#[test]
fn who_fails_before_its_turn_to_stop_is_judged_and_prolongs_the_wait() {
    check(
        Supervision::one_for_all(),
        &[permanent(), permanent(), transient()],
        "
        fail 0     -> restarting 0 failed in 100ms, retire 2
        +60ms      ->
        fail 1     -> restarting 1 failed in 100ms
        retired 2  -> restarting 2 restart in 100ms
        +99ms      ->
        +1ms       -> start 0
        started 0  -> start 1
        ",
    );
}

#[test]
fn a_failure_with_a_shorter_wait_does_not_cut_the_longer_one_short() {
    let slow = permanent().backoff(Backoff::default().min(Duration::from_secs(5)).jitter(0.0));
    check(
        Supervision::one_for_all(),
        &[slow, permanent(), permanent()],
        "
        fail 0     -> restarting 0 failed in 5s, retire 2
        fail 1     -> restarting 1 failed in 100ms
        retired 2  -> restarting 2 restart in 5s
        +4999ms    ->
        +1ms       -> start 0
        ",
    );
}

#[test]
fn who_ends_as_it_should_before_its_turn_leaves_the_round() {
    check(
        Supervision::one_for_all(),
        &[permanent(), transient(), transient()],
        "
        fail 0     -> restarting 0 failed in 100ms, retire 2
        normal 1   -> forget 1 normal
        retired 2  -> restarting 2 restart in 100ms
        +100ms     -> start 0
        started 0  -> start 2
        ",
    );
}

#[test]
fn a_failure_while_starting_sends_the_round_back_to_stopping() {
    check(
        Supervision::one_for_all(),
        &[permanent(), permanent(), permanent()],
        "
        fail 2     -> restarting 2 failed in 100ms, retire 1
        retired 1  -> restarting 1 restart in 100ms, retire 0
        retired 0  -> restarting 0 restart in 100ms
        +100ms     -> start 0
        started 0  -> start 1
        fail 1     -> restarting 1 failed in 100ms, retire 0
        retired 0  -> restarting 0 restart in 100ms
        +100ms     -> start 0
        started 0  -> start 1
        fail 0     -> restarting 0 failed in 100ms, retire 1
        ",
    );
}

#[test]
fn under_rest_for_one_who_is_back_stays_when_a_later_one_fails() {
    check(
        Supervision::rest_for_one(),
        &[permanent(), permanent(), permanent()],
        "
        fail 0     -> restarting 0 failed in 100ms, retire 2
        retired 2  -> restarting 2 restart in 100ms, retire 1
        retired 1  -> restarting 1 restart in 100ms
        +100ms     -> start 0
        started 0  -> start 1
        fail 1     -> restarting 1 failed in 100ms
        +100ms     -> start 1
        started 1  -> start 2
        ",
    );
}

#[test]
fn an_earlier_failure_widens_the_round() {
    check(
        Supervision::rest_for_one(),
        &[permanent(), permanent(), permanent()],
        "
        fail 2     -> restarting 2 failed in 100ms
        fail 0     -> restarting 0 failed in 100ms, retire 1
        retired 1  -> restarting 1 restart in 100ms
        +100ms     -> start 0
        started 0  -> start 1
        started 1  -> start 2
        ",
    );
}

//! One child, its rule, and its waits.

use std::time::Duration;

use super::{check, permanent, temporary, transient};
use crate::{Backoff, ChildSpec, Supervision};

#[test]
fn a_permanent_child_restarts_after_failure_kill_normal_end_and_stop_from_outside() {
    check(
        Supervision::one_for_one(),
        &[permanent(), permanent(), permanent(), permanent()],
        "
        fail 0     -> restarting 0 failed in 100ms
        killed 1   -> restarting 1 killed in 100ms
        normal 2   -> restarting 2 normal in 100ms
        stopped 3  -> restarting 3 stopped in 100ms
        +99ms      ->
        +1ms       -> start 0, start 1, start 2, start 3
        ",
    );
}

#[test]
fn a_transient_child_restarts_after_failure_and_kill_not_after_a_normal_end() {
    check(
        Supervision::one_for_one(),
        &[transient(), transient(), transient()],
        "
        fail 0     -> restarting 0 failed in 100ms
        killed 1   -> restarting 1 killed in 100ms
        normal 2   -> forget 2 normal
        gone 2     ->
        +1s        -> start 0, start 1
        ",
    );
}

#[test]
fn a_temporary_child_never_restarts_and_never_harms_its_owner() {
    check(
        Supervision::one_for_one(),
        &[temporary(), temporary(), temporary()],
        "
        fail 0     -> forget 0 failed
        normal 1   -> forget 1 normal
        fatal 2    -> forget 2 fatal
        ",
    );
}

#[test]
fn one_for_one_touches_only_the_failed_child() {
    check(
        Supervision::default(),
        &[permanent(), permanent(), permanent()],
        "
        fail 1     -> restarting 1 failed in 100ms
        +1s        -> start 1
        started 1  ->
        +3600s     ->
        ",
    );
}

#[test]
fn siblings_wait_each_for_its_own_backoff() {
    check(
        Supervision::one_for_one(),
        &[permanent(), permanent()],
        "
        fail 0     -> restarting 0 failed in 100ms
        +60ms      ->
        fail 1     -> restarting 1 failed in 100ms
        +40ms      -> start 0
        +60ms      -> start 1
        ",
    );
}

#[test]
fn a_fatal_child_is_never_restarted_and_its_owner_fails() {
    check(
        Supervision::one_for_one(),
        &[permanent(), transient(), permanent().tolerated()],
        "
        fatal 0    -> gave-up 0 fatal, forget 0 fatal, fail 0 fatal
        fatal 1    -> gave-up 1 fatal, forget 1 fatal, fail 1 fatal
        fatal 2    -> gave-up 2 fatal, forget 2 fatal
        ",
    );
}

#[test]
fn a_vetoed_restart_becomes_giving_up_with_the_reason() {
    check(
        Supervision::one_for_one(),
        &[permanent()],
        "
        fail 0     -> restarting 0 failed in 100ms
        +100ms     -> start 0
        vetoed 0   -> gave-up 0 vetoed, forget 0 vetoed, fail 0 vetoed
        ",
    );
}

#[test]
fn waits_grow_while_it_does_not_get_well() {
    check(
        Supervision::one_for_one(),
        &[permanent()],
        "
        fail 0     -> restarting 0 failed in 100ms
        +100ms     -> start 0
        fail 0     -> restarting 0 failed in 200ms
        +200ms     -> start 0
        started 0  ->
        +59s       ->
        fail 0     -> restarting 0 failed in 400ms
        +400ms     -> start 0
        started 0  ->
        +60s       ->
        fail 0     -> restarting 0 failed in 100ms
        ",
    );
}

#[test]
fn a_start_that_took_long_is_no_health() {
    check(
        Supervision::one_for_one(),
        &[permanent()],
        "
        fail 0     -> restarting 0 failed in 100ms
        +100ms     -> start 0
        +3600s     ->
        fail 0     -> restarting 0 failed in 200ms
        ",
    );
}

#[test]
fn without_backoff_it_starts_at_once() {
    check(
        Supervision::one_for_one(),
        &[ChildSpec::permanent().backoff(Backoff::none())],
        "
        fail 0     -> restarting 0 failed in 0ns, start 0
        fail 0     -> restarting 0 failed in 0ns, start 0
        ",
    );
}

#[test]
fn what_waits_for_ever_is_never_due() {
    let for_ever = Backoff::default().min(Duration::MAX).jitter(0.0);
    let text = format!(
        "fail 0 -> restarting 0 failed in {:?}
        +3600s ->",
        Duration::MAX
    );
    check(Supervision::one_for_one(), &[permanent().backoff(for_ever.clone())], &text);
    check(Supervision::one_for_all(), &[permanent().backoff(for_ever)], &text);
}

#[test]
fn called_off_while_it_waits_a_transient_child_goes_and_a_permanent_one_stays() {
    check(
        Supervision::one_for_one(),
        &[permanent(), transient(), transient()],
        "
        fail 0     -> restarting 0 failed in 100ms
        fail 1     -> restarting 1 failed in 100ms
        fail 2     -> restarting 2 failed in 100ms
        no-stopped 0 ->
        no-stopped 1 -> forget 1 stopped
        no-killed 2  ->
        +100ms     -> start 0, start 2
        ",
    );
}

#[test]
fn called_off_as_its_wait_is_over_it_has_still_one_start_and_one_end() {
    check(
        Supervision::one_for_one(),
        &[permanent(), transient()],
        "
        fail 0     -> restarting 0 failed in 100ms
        fail 1     -> restarting 1 failed in 100ms
        +100ms     -> start 0, start 1
        no-killed 0  ->
        no-stopped 1 -> halt 1 stopped
        stopped 1  -> forget 1 stopped
        started 0  ->
        fail 0     -> restarting 0 failed in 200ms
        +200ms     -> start 0
        kill all   -> kill 0
        no-killed 0  ->
        ",
    );
    check(
        Supervision::one_for_one(),
        &[permanent(), permanent()],
        "
        fail 0     -> restarting 0 failed in 100ms
        +100ms     -> start 0
        close      -> halt 1 owner-ended
        no-killed 0  -> halt 0 killed
        left 1     -> forget 1 owner-ended
        killed 0   -> forget 0 killed
        ",
    );
}

#[test]
fn what_comes_late_or_twice_does_nothing() {
    check(
        Supervision::one_for_one(),
        &[permanent(), permanent()],
        "
        fail 0     -> restarting 0 failed in 100ms
        fail 0     ->
        started 0  ->
        +100ms     -> start 0
        started 7  ->
        gone 7     ->
        stop 7     ->
        start 7    ->
        restart 7  ->
        remove 7   ->
        fail 7     -> forget 7 failed
        no-killed 7 ->
        no-killed 1 ->
        normal 1   -> restarting 1 normal in 100ms
        gone 1     ->
        +1s        ->
        ",
    );
}

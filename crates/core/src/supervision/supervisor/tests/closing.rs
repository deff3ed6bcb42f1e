//! The end of the owner.

use std::time::Duration;

use super::{Scene, check, permanent, temporary};
use crate::{RestartWindow, Supervision};

#[test]
fn an_ending_owner_stops_its_children_in_reverse_order_one_after_the_other() {
    check(
        Supervision::one_for_one(),
        &[permanent(), permanent(), temporary()],
        "
        close      -> halt 2 owner-ended
        gone 2     -> halt 1 owner-ended
        left 1     -> forget 1 owner-ended
        gone 1     -> halt 0 owner-ended
        left 0     -> forget 0 owner-ended
        gone 0     -> closed
        close      ->
        kill all   ->
        gone 0     ->
        +3600s     ->
        ",
    );
}

#[test]
fn an_owner_without_children_is_closed_at_once() {
    check(
        Supervision::one_for_one(),
        &[temporary()],
        "
        gone 0     ->
        close      -> closed
        ",
    );
}

#[test]
fn a_failing_child_of_an_ending_owner_is_not_restarted() {
    check(
        Supervision::one_for_one(),
        &[permanent(), permanent(), permanent()],
        "
        fail 0     -> restarting 0 failed in 100ms
        close      -> halt 2 owner-ended
        fail 1     -> forget 1 failed
        fatal 2    -> forget 2 fatal
        +200ms     ->
        gone 1     ->
        gone 2     -> forget 0 owner-ended
        gone 0     -> closed
        ",
    );
}

#[test]
fn an_ending_owner_starts_nobody_and_wants_nothing() {
    check(
        Supervision::one_for_one(),
        &[permanent(), permanent()],
        "
        stop 0     -> halt 0 stopped
        stopped 0  ->
        close      -> halt 1 owner-ended
        add        -> refused
        start 0    ->
        restart 1  ->
        remove 0   ->
        left 1     -> forget 1 owner-ended
        gone 1     -> forget 0 owner-ended
        gone 0     -> closed
        add        -> refused
        ",
    );
}

#[test]
fn each_child_of_an_ending_owner_has_its_own_deadline() {
    check(
        Supervision::one_for_one(),
        &[permanent(), permanent()],
        "
        close      -> halt 1 owner-ended
        +999ms     ->
        +1ms       -> kill 1
        +500ms     -> abandon 1, halt 0 owner-ended
        +999ms     ->
        +1ms       -> kill 0
        killed 0   -> forget 0 killed
        +499ms     ->
        +1ms       -> abandon 0, closed
        killed 1   -> forget 1 killed
        ",
    );
}

#[test]
fn a_kill_ends_all_at_once() {
    check(
        Supervision::one_for_one(),
        &[permanent(), permanent(), permanent()],
        "
        fail 1     -> restarting 1 failed in 100ms
        kill all   -> kill 2, forget 1 owner-ended, kill 0
        close      ->
        killed 0   -> forget 0 killed
        gone 0     ->
        gone 2     ->
        gone 1     -> closed
        ",
    );
}

#[test]
fn a_kill_cuts_an_orderly_end_short() {
    check(
        Supervision::one_for_one(),
        &[permanent(), permanent(), permanent(), permanent()],
        "
        stop 0     -> halt 0 stopped
        close      -> halt 3 owner-ended
        left 3     -> forget 3 owner-ended
        gone 3     -> halt 2 owner-ended
        +1s        -> kill 0, kill 2
        kill all   -> kill 1
        +400ms     ->
        killed 2   -> forget 2 killed
        +500ms     -> abandon 0, abandon 1, abandon 2, closed
        ",
    );
}

#[test]
fn an_owner_that_ends_in_a_round_ends_whoever_is_left() {
    check(
        Supervision::one_for_all(),
        &[permanent(), permanent(), permanent()],
        "
        fail 1     -> restarting 1 failed in 100ms, retire 2
        close      ->
        retired 2  -> forget 2 restart
        gone 2     -> forget 1 owner-ended
        gone 1     -> halt 0 owner-ended
        left 0     -> forget 0 owner-ended
        gone 0     -> closed
        ",
    );
}

#[test]
fn the_owners_next_incarnation_begins_with_an_empty_table_and_new_keys() {
    check(
        Supervision::one_for_one(),
        &[permanent()],
        "
        reopen     ->
        close      -> halt 0 owner-ended
        reopen     ->
        gone 0     -> closed
        reopen     ->
        gone 0     ->
        add        -> added 1
        started 1  ->
        fail 1     -> restarting 1 failed in 100ms
        close      -> forget 1 owner-ended
        gone 1     -> closed
        ",
    );
}

#[test]
fn the_owners_next_incarnation_begins_with_its_whole_budget() {
    check(
        Supervision::one_for_one().limit(RestartWindow::new(1, Duration::MAX)),
        &[permanent()],
        "
        fail 0     -> restarting 0 failed in 100ms
        close      -> forget 0 owner-ended
        gone 0     -> closed
        reopen     ->
        add        -> added 1
        fail 1     -> restarting 1 failed in 100ms
        +100ms     -> start 1
        fail 1     -> gave-up 1 exhausted, forget 1 exhausted, fail 1 exhausted
        ",
    );
}

#[test]
fn closed_means_closing_and_nobody_left() {
    let mut scene = Scene::new(Supervision::one_for_one(), &[temporary()]);
    let mut closed = Vec::new();
    for line in ["stop 0", "close", "gone 0", "reopen", "add"] {
        scene.play(line);
        closed.push(scene.machine.is_closed());
    }
    assert_eq!(closed, [false, false, true, false, false]);
}

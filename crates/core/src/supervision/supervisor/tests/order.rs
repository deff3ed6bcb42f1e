//! The wishes of the owner.

use super::{Scene, check, permanent, temporary};
use crate::{
    Supervision,
    supervision::supervisor::Standing::{Ending, Halted, Running, Starting, Waiting},
};

#[test]
fn a_stopped_child_stays_halted_until_it_is_started() {
    check(
        Supervision::one_for_one(),
        &[permanent()],
        "
        stop 0     -> halt 0 stopped
        stop 0     ->
        fail 0     ->
        +3600s     ->
        start 0    -> start 0
        start 0    ->
        started 0  ->
        ",
    );
}

#[test]
fn stopping_a_child_that_waits_spares_it_the_restart() {
    check(
        Supervision::one_for_one(),
        &[permanent()],
        "
        fail 0     -> restarting 0 failed in 100ms
        start 0    ->
        stop 0     -> shut 0
        +3600s     ->
        start 0    -> start 0
        ",
    );
}

#[test]
fn a_restart_by_hand_comes_at_once_and_counts_against_nothing() {
    let script = "
        restart 0  -> retire 0
        restart 0  ->
        retired 0  -> restarting 0 restart in 0ns, start 0
        started 0  ->
    "
    .repeat(20);
    check(Supervision::one_for_one(), &[permanent()], &script);
}

#[test]
fn a_restart_by_hand_cuts_the_wait_short() {
    check(
        Supervision::one_for_one(),
        &[permanent()],
        "
        fail 0     -> restarting 0 failed in 100ms
        restart 0  -> start 0
        +1s        ->
        stop 0     -> halt 0 stopped
        restart 0  ->
        stopped 0  -> restarting 0 stopped in 0ns, start 0
        ",
    );
}

#[test]
fn a_removed_child_stays_away() {
    check(
        Supervision::one_for_one(),
        &[permanent(), permanent(), permanent()],
        "
        remove 0   -> halt 0 stopped
        stopped 0  -> forget 0 stopped
        start 0    ->
        restart 0  ->
        gone 0     ->
        start 0    ->
        fail 1     -> restarting 1 failed in 100ms
        remove 1   -> forget 1 stopped
        restart 2  -> retire 2
        remove 2   ->
        start 2    ->
        retired 2  -> forget 2 restart
        +100ms     ->
        ",
    );
}

#[test]
fn who_does_not_obey_is_killed_and_then_abandoned() {
    check(
        Supervision::one_for_one(),
        &[permanent(), permanent(), permanent()],
        "
        stop 0     -> halt 0 stopped
        restart 1  -> retire 1
        fatal 2    -> gave-up 2 fatal, forget 2 fatal, fail 2 fatal
        +500ms     -> abandon 2
        +500ms     -> kill 0, kill 1
        killed 1   -> restarting 1 killed in 0ns, start 1
        +500ms     -> abandon 0
        start 0    ->
        killed 0   -> forget 0 killed
        ",
    );
}

#[test]
fn a_change_of_mind_gives_no_more_time() {
    check(
        Supervision::one_for_one(),
        &[permanent()],
        "
        stop 0     -> halt 0 stopped
        +999ms     ->
        start 0    ->
        remove 0   ->
        +1ms       -> kill 0
        killed 0   -> forget 0 killed
        ",
    );
}

#[test]
fn a_child_without_a_factory_is_gone_when_it_is_told_to_end() {
    check(
        Supervision::one_for_one(),
        &[temporary(), temporary()],
        "
        stop 0     -> halt 0 stopped
        gone 0     ->
        restart 1  -> retire 1
        gone 1     ->
        ",
    );
}

#[test]
fn a_fatal_failure_ends_a_restart_by_hand() {
    check(
        Supervision::one_for_one(),
        &[permanent(), temporary()],
        "
        restart 0  -> retire 0
        fatal 0    -> gave-up 0 fatal, forget 0 fatal, fail 0 fatal
        restart 1  -> retire 1
        fatal 1    -> forget 1 fatal
        ",
    );
}

#[test]
fn the_list_says_where_each_child_stands() {
    let mut scene = Scene::new(Supervision::one_for_one(), &[(); 6].map(|()| permanent()));
    for line in ["add", "fail 1", "stop 2", "stop 3", "stopped 3", "fatal 4", "remove 5", "gone 5"]
    {
        scene.play(line);
    }
    let list: Vec<_> = scene.machine.list().collect();
    let expected =
        [(0, Running), (1, Waiting), (2, Ending), (3, Halted), (4, Ending), (6, Starting)];
    assert_eq!(list, expected);
}

#[test]
fn five_hundred_finished_children_leave_the_table_empty() {
    let mut scene = Scene::new(Supervision::one_for_one(), &[temporary()]);
    for key in 0..500 {
        scene.play("add");
        scene.play(&format!("{} {key}", if key % 2 == 0 { "normal" } else { "fail" }));
        scene.play(&format!("gone {key}"));
    }
    scene.play("gone 500");
    assert_eq!(scene.machine.list().count(), 0);
    assert_eq!(scene.machine.due(), None);
}

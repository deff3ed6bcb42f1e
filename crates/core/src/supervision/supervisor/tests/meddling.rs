//! The wishes of the owner while a round is under way.

use super::{check, permanent};
use crate::Supervision;

#[test]
fn a_halted_child_stays_halted_through_a_round() {
    check(
        Supervision::one_for_all(),
        &[permanent(), permanent()],
        "
        stop 1     -> halt 1 stopped
        stopped 1  ->
        fail 0     -> restarting 0 failed in 100ms
        +100ms     -> start 0
        started 0  ->
        start 1    -> start 1
        ",
    );
}

#[test]
fn a_child_removed_from_its_round_holds_up_nobody() {
    check(
        Supervision::one_for_all(),
        &[permanent(), permanent(), permanent()],
        "
        fail 0     -> restarting 0 failed in 100ms, retire 2
        remove 1   -> halt 1 stopped
        remove 0   -> forget 0 stopped
        stop 2     -> shut 2
        stopped 2  ->
        +1s        -> abandon 0, kill 1
        start 2    -> start 2
        ",
    );
}

#[test]
fn a_child_restarted_by_hand_in_a_round_takes_its_turn() {
    check(
        Supervision::one_for_all(),
        &[permanent(), permanent(), permanent()],
        "
        restart 1  -> retire 1
        fail 0     -> restarting 0 failed in 100ms, retire 2
        restart 2  ->
        restart 0  ->
        retired 1  -> restarting 1 restart in 100ms
        retired 2  -> restarting 2 restart in 100ms
        +100ms     -> start 0
        restart 0  -> retire 0
        retired 0  -> restarting 0 restart in 0ns, start 0
        started 0  -> start 1
        ",
    );
}

#[test]
fn a_child_stopped_in_its_round_and_wanted_back_takes_its_turn() {
    check(
        Supervision::one_for_all(),
        &[permanent(), permanent()],
        "
        fail 0     -> restarting 0 failed in 100ms, retire 1
        stop 1     -> shut 1
        start 1    ->
        retired 1  -> restarting 1 restart in 100ms
        +100ms     -> start 0
        started 0  -> start 1
        ",
    );
}

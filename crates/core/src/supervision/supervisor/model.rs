//! The machine against a simple reference, over random sequences.
//!
//! `setting.rs` sets a group up, `play.rs` makes up what happens, `shell.rs` is the children it
//! happens to and says which effects a child can take, `reference.rs` says what the machine should
//! have decided. A failing sequence is shortened before it is shown.

mod play;
mod reference;
mod setting;
mod shell;

use std::panic::{AssertUnwindSafe, catch_unwind};

use self::{
    play::{Op, play},
    setting::Setting,
};
use crate::Strategy;

/// How many sequences are tried for each strategy.
const SEQUENCES: u64 = 34_000;

#[test]
fn one_for_one_decides_as_the_reference_does() {
    explore(Strategy::OneForOne, 0);
}

#[test]
fn one_for_all_decides_as_the_reference_does() {
    explore(Strategy::OneForAll, 1_000_000);
}

#[test]
fn rest_for_one_decides_as_the_reference_does() {
    explore(Strategy::RestForOne, 2_000_000);
}

#[track_caller]
fn explore(strategy: Strategy, first_seed: u64) {
    for seed in first_seed..first_seed + SEQUENCES {
        let mut chance = fastrand::Rng::with_seed(seed);
        let setting = Setting::draw(strategy, seed, &mut chance);
        let ops = Op::draw_all(&mut chance);
        if attempt(&setting, &ops).is_ok() {
            continue;
        }
        let ops = shorten(&setting, ops);
        let why = attempt(&setting, &ops).unwrap_err();
        panic!("seed {seed}, {setting:?}\n{why}");
    }
}

fn attempt(setting: &Setting, ops: &[Op]) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(|| play(setting, ops)))
        .unwrap_or_else(|_| Err(format!("panicked on {ops:#?}")))
}

/// The sequence without what is not needed to fail.
fn shorten(setting: &Setting, mut ops: Vec<Op>) -> Vec<Op> {
    let mut idx = ops.len();
    while 0 < idx {
        idx -= 1;
        let mut fewer = ops.clone();
        fewer.remove(idx);
        if attempt(setting, &fewer).is_err() {
            ops = fewer;
            idx = ops.len().min(idx + 2);
        }
    }
    ops
}

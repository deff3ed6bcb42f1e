//! Running the tests, with whatever is there to run them.

use std::{path::Path, process::Stdio};

use crate::{
    process,
    step::{Outcome, run_lines},
};

const NEXTEST: &str =
    "cargo nextest run --workspace --exclude xtask --all-features --no-fail-fast --no-tests=pass";
/// The same tests, one process per binary. `nextest` is faster, and building it takes longer than
/// it would save here.
const PLAIN: &str = "cargo test -q --workspace --exclude xtask --all-features --lib --bins --tests";

/// Runs the workspace's tests.
pub(crate) fn run(root: &Path) -> Outcome {
    let has_nextest = process::output({
        let mut probe = process::command(root, ".", "cargo");
        probe.args(["nextest", "--version"]).stderr(Stdio::null());
        probe
    })
    .is_some();
    if has_nextest {
        return run_lines(root, [(".", NEXTEST)]);
    }
    match run_lines(root, [(".", PLAIN)]) {
        Outcome::Passed(_) => Outcome::Passed("with cargo test; nextest is not installed".into()),
        other => other,
    }
}

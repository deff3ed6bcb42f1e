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

/// Core's tests once more, with actors that have threads of their own.
const BACKENDS: [&str; 2] = [
    "env GHOSTLIGHT_BACKEND=blocking cargo nextest run --profile backends -p ghostlight-core --test it --all-features --no-fail-fast",
    "env GHOSTLIGHT_BACKEND=thread cargo nextest run --profile backends -p ghostlight-core --test it --all-features --no-fail-fast",
];

/// Runs core's tests on the backends that are not the default.
pub(crate) fn run_on_backends(root: &Path) -> Outcome {
    if has_nextest(root) {
        return run_lines(root, BACKENDS.map(|it| (".", it)));
    }
    Outcome::Skipped("nextest is not installed, and they need a process each".to_owned())
}

fn has_nextest(root: &Path) -> bool {
    let mut probe = process::command(root, ".", "cargo");
    probe.args(["nextest", "--version"]).stderr(Stdio::null());
    process::output(probe).is_some()
}

/// Runs the workspace's tests.
pub(crate) fn run(root: &Path) -> Outcome {
    if has_nextest(root) {
        return run_lines(root, [(".", NEXTEST)]);
    }
    match run_lines(root, [(".", PLAIN)]) {
        Outcome::Passed(_) => Outcome::Passed("with cargo test; nextest is not installed".into()),
        other => other,
    }
}

//! `cargo x ci` and `cargo x fix`: everything that must hold, cheapest first, and what a machine
//! can put right.

mod test;

use std::{
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

use crate::{
    bite, examples, features, instructions,
    step::{Outcome, Step},
    tree::Tree,
};

/// What must hold before a change lands, cheapest first.
const CI: &[Step] = &[
    Step::lines(
        "format",
        &[
            (".", "cargo fmt --all --check"),
            ("examples", "cargo fmt --all --check"),
            ("rivals", "cargo fmt --all --check"),
        ],
    ),
    Step::lines(
        "tidy",
        &[(
            ".",
            "cargo test --locked -q -p xtask --test tidy --test architecture --test crates --test docs --test stages",
        )],
    ),
    Step::lines(
        "lint",
        &[
            (".", "cargo clippy --workspace --all-targets --all-features -- -D warnings"),
            ("examples", "cargo clippy --locked --all-targets -- -D warnings"),
        ],
    ),
    Step::lines(
        "lint, no features",
        &[(".", "cargo clippy --workspace --no-default-features -- -D warnings")],
    ),
    Step::check("features", features::check),
    Step::check("test", test::run),
    Step::check("test, other backends", test::run_on_backends),
    Step::lines("test, xtask", &[(".", "cargo test -q -p xtask --bin xtask")]),
    Step::lines("doctest", &[(".", "cargo test -q --doc --workspace --all-features")]),
    Step::lines(
        "doc",
        &[(
            ".",
            "cargo doc --no-deps --workspace --exclude xtask --all-features \
             --config build.rustdocflags=[\"-Dwarnings\"]",
        )],
    ),
    Step::lines("public api", &[(".", "cargo test -q -p xtask --test public_api")]),
    Step::check("bite", bite::gate),
    Step::check("examples", examples::check),
    Step::lines(
        "rivals build",
        &[
            ("rivals", "cargo check --locked -q -p rivals-ghostlight"),
            ("rivals", "cargo test --locked -q -p rivals-common"),
        ],
    ),
    Step::check("instructions", instructions::gate),
];

/// Rewrites what a machine can rewrite.
const FIX: &[Step] = &[
    Step::lines(
        "lint",
        &[(
            ".",
            "cargo clippy --fix --allow-dirty --allow-staged --workspace --all-targets --all-features",
        )],
    ),
    Step::lines(
        "format",
        &[(".", "cargo fmt --all"), ("examples", "cargo fmt --all"), ("rivals", "cargo fmt --all")],
    ),
];

/// What a step that failed means for those after it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum OnFailure {
    Stop,
    GoOn,
}

/// Checks that everything holds, and that checking changed nothing.
pub(crate) fn check(root: &Path, on_failure: OnFailure) -> ExitCode {
    let before = Tree::of(root);
    let mut report = run(root, CI, on_failure);
    if report.has_failed() && on_failure == OnFailure::Stop {
        return report.conclude();
    }
    let start = Instant::now();
    let outcome = match (before, Tree::of(root)) {
        (Some(before), Some(after)) => before.unchanged_in(&after),
        _ => Outcome::Skipped("git does not list the files".to_owned()),
    };
    report.add("tree unchanged", outcome, start.elapsed());
    report.conclude()
}

pub(crate) fn fix(root: &Path) -> ExitCode {
    run(root, FIX, OnFailure::Stop).conclude()
}

fn run(root: &Path, steps: &[Step], on_failure: OnFailure) -> Report {
    let mut report = Report::default();
    for step in steps {
        let start = Instant::now();
        report.add(step.name, step.run(root), start.elapsed());
        if report.has_failed() && on_failure == OnFailure::Stop {
            break;
        }
    }
    report
}

/// What came of a run so far.
#[derive(Default)]
struct Report {
    total: Duration,
    failed: Vec<(&'static str, String)>,
}

impl Report {
    fn add(&mut self, name: &'static str, outcome: Outcome, took: Duration) {
        println!("{name}: {} in {took:.1?}\n", outcome.word());
        self.total += took;
        if let Outcome::Failed(hint) = outcome {
            self.failed.push((name, hint));
        }
    }

    const fn has_failed(&self) -> bool {
        !self.failed.is_empty()
    }

    fn conclude(self) -> ExitCode {
        for (name, hint) in &self.failed {
            println!("{name} FAILED: {hint}");
        }
        println!("{:.0?} in all", self.total);
        if self.has_failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}

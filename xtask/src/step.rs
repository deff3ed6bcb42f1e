//! One thing that must hold: how it is checked, and what came of it.

use std::path::Path;

use crate::process;

/// One thing that must hold.
pub(crate) struct Step {
    /// What is printed.
    pub(crate) name: &'static str,
    work: Work,
}

enum Work {
    /// Command lines, each in a folder below the project's; all must succeed.
    Lines(&'static [(&'static str, &'static str)]),
    Check(fn(&Path) -> Outcome),
}

/// What came of a step.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    /// It holds, perhaps with a word on what was seen.
    Passed(String),
    /// It could not be checked here, and why that is no fault of the change.
    Skipped(String),
    /// It does not hold, and what to do.
    Failed(String),
}

impl Step {
    /// Command lines, each with the folder it runs in.
    pub(crate) const fn lines(
        name: &'static str,
        lines: &'static [(&'static str, &'static str)],
    ) -> Self {
        Self { name, work: Work::Lines(lines) }
    }

    pub(crate) const fn check(name: &'static str, check: fn(&Path) -> Outcome) -> Self {
        Self { name, work: Work::Check(check) }
    }

    pub(crate) fn run(&self, root: &Path) -> Outcome {
        match &self.work {
            Work::Check(check) => check(root),
            Work::Lines(lines) => run_lines(root, lines.iter().copied()),
        }
    }
}

/// Runs command lines one after another, until one fails.
pub(crate) fn run_lines<'a>(
    root: &Path,
    lines: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Outcome {
    for (folder, line) in lines {
        if !process::succeeds(root, folder, line) {
            return Outcome::Failed(match folder {
                "." => line.to_owned(),
                _ => format!("(cd {folder} && {line})"),
            });
        }
    }
    Outcome::passed()
}

impl Outcome {
    pub(crate) const fn passed() -> Self {
        Self::Passed(String::new())
    }

    /// The outcome as it stands in the line about its step.
    pub(crate) fn word(&self) -> String {
        match self {
            Self::Passed(note) if note.is_empty() => "ok".to_owned(),
            Self::Passed(note) => format!("ok ({note})"),
            Self::Skipped(why) => format!("skipped: {why}"),
            Self::Failed(_) => "FAILED".to_owned(),
        }
    }
}

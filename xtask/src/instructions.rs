//! How many instructions a tell and an ask take: a figure that can fail a build without a quiet
//! machine.
//!
//! `crates/ghostlight/benches/instructions.rs` is run under callgrind twice for each workload, and
//! what the longer run took more is divided by what it did more. So starting up does not count.

mod callgrind;
mod record;

use std::{fs, path::Path, process::ExitCode};

use self::record::{Record, Verdict};
use crate::step::Outcome;

/// What is counted; the program takes these names.
const WORKLOADS: [&str; 2] = ["tell_steady", "ask_idle"];

/// Where the recorded figures lie.
const RECORDED: &str = "xtask/instructions.txt";

/// The step of `cargo x ci`.
pub(crate) fn gate(root: &Path) -> Outcome {
    let recorded = match recorded(root) {
        Ok(recorded) => recorded,
        Err(fault) => return Outcome::Failed(fault),
    };
    if let Err(why) = callgrind::is_there() {
        return Outcome::Skipped(why);
    }
    let measured = match callgrind::measure(root, &WORKLOADS) {
        Ok(measured) => measured,
        Err(fault) => return Outcome::Failed(fault),
    };
    match recorded.judge(&measured) {
        Verdict::Same(note) => Outcome::Passed(note),
        Verdict::Incomparable(why) => {
            Outcome::Skipped(format!("{why}; `cargo x instructions --record` records anew"))
        }
        Verdict::Changed(lines) => Outcome::Failed(format!(
            "{}\nif that is wanted: `cargo x instructions --record`, and say why in the commit",
            lines.join("\n")
        )),
    }
}

/// Prints what is recorded beside what is measured.
pub(crate) fn show(root: &Path) -> ExitCode {
    report(callgrind::is_there().and_then(|()| {
        let measured = callgrind::measure(root, &WORKLOADS)?;
        let recorded = fs::read_to_string(root.join(RECORDED)).unwrap_or_default();
        Ok(format!("recorded\n{recorded}\nmeasured\n{}", measured.render()))
    }))
}

/// Makes what is measured now the record.
pub(crate) fn record(root: &Path) -> ExitCode {
    report(callgrind::is_there().and_then(|()| {
        let measured = callgrind::measure(root, &WORKLOADS)?.render();
        fs::write(root.join(RECORDED), &measured).map_err(|it| format!("{RECORDED}: {it}"))?;
        Ok(measured)
    }))
}

fn recorded(root: &Path) -> Result<Record, String> {
    let text = fs::read_to_string(root.join(RECORDED))
        .map_err(|it| format!("{RECORDED}: {it}; `cargo x instructions --record` writes it"))?;
    Record::parse(&text).map_err(|fault| format!("{RECORDED}: {fault}"))
}

fn report(result: Result<String, String>) -> ExitCode {
    match result {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}

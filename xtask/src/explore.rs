//! `cargo x explore`: tests in worlds, with more seeds or another strategy than they ask for.
//!
//! The tests do the work. They are told by environment variables what is wanted, and say on standard
//! error how far they are and what they have found; this reads along.

mod heard;
mod options;

use std::{
    io::{self, BufRead, BufReader},
    path::Path,
    process::{Child, Command, ExitCode, Stdio},
};

use crate::process;

use self::{
    heard::{Heard, Verdict},
    options::Options,
};

pub(crate) fn main(root: &Path, args: impl Iterator<Item = String>) -> ExitCode {
    let options = match Options::parse(args) {
        Ok(options) => options,
        Err(fault) => {
            eprintln!("{fault}");
            return ExitCode::from(2);
        }
    };
    match explore(root, &options) {
        Ok(Verdict::Passed(sum)) => {
            println!("{sum}, no failure");
            ExitCode::SUCCESS
        }
        Ok(Verdict::Found(lines)) => {
            println!("\nreplay it:\n  {}", lines.join("\n  "));
            ExitCode::FAILURE
        }
        Ok(Verdict::Refused(why)) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
        Ok(Verdict::Failed(why)) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("cargo: {error}");
            ExitCode::FAILURE
        }
    }
}

fn explore(root: &Path, options: &Options) -> io::Result<Verdict> {
    let mut child = cargo_test(root, options).spawn()?;
    let heard = listen(&mut child, Heard::new(&options.selection()))?;
    Ok(heard.conclude(child.wait()?.success(), &options.name))
}

/// The tests themselves, wherever this is called from.
fn cargo_test(root: &Path, options: &Options) -> Command {
    let mut command = Command::new("cargo");
    command.arg("test").args(options.selection()).arg("--tests").arg(&options.name);
    if options.manifest.is_none() {
        command.current_dir(root);
    }
    command
        .args(["--", "--include-ignored", "--nocapture"])
        .env("CARGO_TARGET_DIR", process::target_dir(root))
        .env("RUST_BACKTRACE", "0")
        .env("GHOSTLIGHT_SEEDS", options.seeds.to_string())
        .env("GHOSTLIGHT_PROGRESS", "1")
        .env_remove("GHOSTLIGHT_REPLAY")
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    if let Some(strategy) = &options.strategy {
        command.env("GHOSTLIGHT_STRATEGY", strategy);
    }
    command
}

/// Reads what the tests say to its end, and passes on what is for the reader.
fn listen(child: &mut Child, mut heard: Heard) -> io::Result<Heard> {
    let Some(said) = child.stderr.take() else { return Ok(heard) };
    for line in BufReader::new(said).split(b'\n') {
        for line in heard.hear(&String::from_utf8_lossy(&line?)) {
            eprintln!("{line}");
        }
    }
    Ok(heard)
}

//! Counting with valgrind's callgrind.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

use super::record::Record;
use crate::process;

/// Operations of the short run and of the long one.
const RUNS: [u64; 2] = [20_000, 120_000];

/// Whether there is a valgrind; where the system's packages can be had, it is installed.
pub(crate) fn is_there() -> Result<(), String> {
    if process::exists("valgrind") {
        return Ok(());
    }
    let mut install = Command::new("apt-get");
    install.args(["install", "-y", "-qq", "valgrind"]).env("DEBIAN_FRONTEND", "noninteractive");
    // Whether it worked is seen by looking again.
    _ = install.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if process::exists("valgrind") { Ok(()) } else { Err("no valgrind".to_owned()) }
}

/// Instructions per operation of each workload.
pub(crate) fn measure(root: &Path, workloads: &[&str]) -> Result<Record, String> {
    let program = build(root)?;
    let mut record = Record { compiler: compiler()?, figures: Default::default() };
    for workload in workloads {
        let [short, long] = RUNS;
        let more = count(&program, workload, long)? - count(&program, workload, short)?;
        let figure = more as f64 / (long - short) as f64;
        record.figures.insert((*workload).to_owned(), figure);
    }
    Ok(record)
}

fn build(root: &Path) -> Result<PathBuf, String> {
    let mut build = process::command(root, ".", "cargo");
    build.args(["bench", "-q", "-p", "ghostlight", "--bench", "instructions", "--no-run"]);
    build.arg("--message-format=json");
    let fault = "cargo bench -p ghostlight --bench instructions --no-run";
    let messages = process::output(build).ok_or(fault)?;
    let mut executables = messages.lines().filter_map(executable);
    executables.next_back().ok_or_else(|| format!("{fault}: built no program"))
}

/// The program that a line of cargo's messages tells of.
fn executable(line: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(line).ok()?;
    Some(PathBuf::from(message["executable"].as_str()?))
}

fn compiler() -> Result<String, String> {
    let mut ask = Command::new("rustc");
    ask.arg("-vV");
    let text = process::output(ask).ok_or("rustc -vV")?;
    let version = text.lines().next().unwrap_or_default();
    let host = text.lines().find_map(|it| it.strip_prefix("host: ")).unwrap_or_default();
    Ok(format!("{version} for {host}"))
}

fn count(program: &Path, workload: &str, operations: u64) -> Result<i64, String> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args([workload, &operations.to_string()])
        .output()
        .map_err(|it| format!("valgrind: {it}"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{workload} failed under valgrind:\n{text}"));
    }
    collected(&text).ok_or_else(|| format!("callgrind printed no count:\n{text}"))
}

/// The number in callgrind's line `==7== Collected : 12345`.
fn collected(text: &str) -> Option<i64> {
    let line = text.lines().find(|it| it.contains("Collected :"))?;
    line.rsplit(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_found_in_what_callgrind_prints() {
        let text = "==7== Events    : Ir\n==7== Collected : 8046812\n==7== \n";
        assert_eq!(collected(text), Some(8_046_812));
        assert_eq!(collected("nothing"), None);
    }
}

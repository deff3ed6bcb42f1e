//! The examples: programs with a story, which end by themselves and check their own result.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::Value;

use crate::{
    process,
    step::{Outcome, run_lines},
};

/// How long an example may take. Each ends within seconds on a machine that is busy otherwise.
const DEADLINE: Duration = Duration::from_secs(60);

/// Builds every example and runs it.
pub(crate) fn check(root: &Path) -> Outcome {
    let built = run_lines(root, [("examples", "cargo build --locked -q")]);
    if matches!(built, Outcome::Failed(_)) {
        return built;
    }
    let mut ask = process::command(root, "examples", "cargo");
    ask.args(["metadata", "--no-deps", "--format-version=1"]);
    let Some(metadata) = process::output(ask).and_then(|it| serde_json::from_str(&it).ok()) else {
        return Outcome::Failed("(cd examples && cargo metadata)".to_owned());
    };
    let names = programs(&metadata);
    for name in &names {
        if let Err(fault) = run(root, name) {
            return Outcome::Failed(format!("(cd examples && cargo run -p {name}): {fault}"));
        }
    }
    Outcome::Passed(names.join(", "))
}

fn programs(metadata: &Value) -> Vec<String> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let targets = packages.flat_map(|it| it["targets"].as_array().into_iter().flatten());
    let programs = targets.filter(|it| it["kind"][0] == "bin");
    programs.filter_map(|it| it["name"].as_str().map(str::to_owned)).collect()
}

fn run(root: &Path, name: &str) -> Result<(), String> {
    let mut program = Command::new(process::target_dir(root).join("debug").join(name));
    program.stdout(Stdio::null());
    match process::run_within(program, DEADLINE) {
        Ok(Some(status)) if status.success() => Ok(()),
        Ok(Some(status)) => Err(status.to_string()),
        Ok(None) => Err(format!("had not ended after {DEADLINE:?}")),
        Err(error) => Err(error.to_string()),
    }
}

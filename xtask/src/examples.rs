//! The examples: programs with a story, which end by themselves and check their own result. Some have
//! tests.

use std::{
    fmt,
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

/// Builds every example, runs its tests, and runs it.
pub(crate) fn check(root: &Path) -> Outcome {
    let lines = [("examples", "cargo build --locked -q"), ("examples", "cargo test --locked -q")];
    let built = run_lines(root, lines);
    if matches!(built, Outcome::Failed(_)) {
        return built;
    }
    let mut ask = process::command(root, "examples", "cargo");
    ask.args(["metadata", "--no-deps", "--format-version=1"]);
    let Some(metadata) = process::output(ask).and_then(|it| serde_json::from_str(&it).ok()) else {
        return Outcome::Failed("(cd examples && cargo metadata)".to_owned());
    };
    let programs = programs(&metadata);
    for program in &programs {
        if let Err(fault) = program.run(root) {
            return Outcome::Failed(format!("(cd examples && {program}): {fault}"));
        }
    }
    let names: Vec<_> = programs.into_iter().map(|it| it.name).collect();
    Outcome::Passed(names.join(", "))
}

/// A program, and what its manifest says it is run with here: `ci-arguments` under
/// `[package.metadata.ghostlight]`, for one that would take long without.
#[derive(Debug, Eq, PartialEq)]
struct Program {
    name: String,
    arguments: Vec<String>,
}

fn programs(metadata: &Value) -> Vec<Program> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    packages.flat_map(programs_of).collect()
}

fn programs_of(package: &Value) -> impl Iterator<Item = Program> {
    let arguments = &package["metadata"]["ghostlight"]["ci-arguments"];
    let arguments = arguments.as_array().into_iter().flatten();
    let arguments: Vec<_> = arguments.filter_map(|it| it.as_str().map(str::to_owned)).collect();
    let targets = package["targets"].as_array().into_iter().flatten();
    let names = targets.filter(|it| it["kind"][0] == "bin").filter_map(|it| it["name"].as_str());
    names.map(move |it| Program { name: it.to_owned(), arguments: arguments.clone() })
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cargo run -p {}", self.name)?;
        if self.arguments.is_empty() {
            return Ok(());
        }
        write!(f, " -- {}", self.arguments.join(" "))
    }
}

impl Program {
    fn run(&self, root: &Path) -> Result<(), String> {
        let path = process::target_dir(root).join("debug").join(&self.name);
        let mut program = Command::new(path);
        program.args(&self.arguments).stdout(Stdio::null());
        match process::run_within(program, DEADLINE) {
            Ok(Some(status)) if status.success() => Ok(()),
            Ok(Some(status)) => Err(status.to_string()),
            Ok(None) => Err(format!("had not ended after {DEADLINE:?}")),
            Err(error) => Err(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_program_is_run_with_what_its_manifest_says() {
        let bin = |name: &str| json!([{ "name": name, "kind": ["bin"] }]);
        let arguments = json!({ "ghostlight": { "ci-arguments": ["--seconds", "2"] } });
        let metadata = json!({ "packages": [
            { "targets": bin("bank"), "metadata": null },
            { "targets": bin("soak"), "metadata": arguments },
            { "targets": [{ "name": "shared", "kind": ["lib"] }], "metadata": null },
        ] });
        let lines: Vec<_> = programs(&metadata).iter().map(ToString::to_string).collect();
        assert_eq!(lines, ["cargo run -p bank", "cargo run -p soak -- --seconds 2"]);
    }
}

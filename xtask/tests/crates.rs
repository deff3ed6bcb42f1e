//! What every crate has, and what none may have.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// Crates that must not be in core's closure, since nothing in core can be serialized.
const ABSENT_FROM_CORE: &[&str] = &["bincode", "prost", "rmp-serde", "serde", "serde_json"];

#[test]
fn every_crate_says_what_it_is_and_keeps_the_rules() {
    let faults: Vec<String> = crates()
        .iter()
        .flat_map(|it| it.faults().into_iter().map(move |fault| format!("{}: {fault}", it.name)))
        .collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn nothing_in_core_can_be_serialized() {
    let closure = closure_of("ghostlight-core");
    assert!(closure.contains("tokio"), "the closure is not complete: {closure:?}");
    let found: Vec<_> = ABSENT_FROM_CORE.iter().filter(|it| closure.contains(**it)).collect();
    assert!(found.is_empty(), "core pulls in {found:?}");
}

struct Crate {
    name: String,
    folder: PathBuf,
    package: Value,
}

impl Crate {
    fn faults(&self) -> Vec<&'static str> {
        let says = |key: &str| self.package[key].as_str().is_some_and(|it| !it.is_empty());
        let manifest = read(&self.folder.join("Cargo.toml"));
        let checks = [
            (says("description"), "the manifest has no description"),
            (says("license"), "the manifest has no licence"),
            (
                self.package["metadata"]["ghostlight"]["layer"].is_u64(),
                "the manifest states no layer",
            ),
            (
                manifest.contains("[lints]\nworkspace = true"),
                "the manifest does not take the workspace's lints",
            ),
            (self.readme_says_what_it_is(), "no README that gives the manifest's description"),
            (self.forbids_unsafe(), "a root file without `#![forbid(unsafe_code)]`"),
        ];
        checks.into_iter().filter(|it| !it.0).map(|it| it.1).collect()
    }

    fn readme_says_what_it_is(&self) -> bool {
        let description = self.package["description"].as_str().unwrap_or_default();
        let readme = self.package["readme"].as_str().map(|it| read(&self.folder.join(it)));
        readme.is_some_and(|it| in_one_line(&it).contains(&in_one_line(description)))
    }

    /// In each file that a library, macro crate or program begins with.
    fn forbids_unsafe(&self) -> bool {
        let targets = self.package["targets"].as_array().into_iter().flatten();
        let roots = targets
            .filter(|it| ["lib", "proc-macro", "bin"].iter().any(|kind| it["kind"][0] == *kind));
        roots
            .filter_map(|it| it["src_path"].as_str())
            .all(|it| read(Path::new(it)).contains("#![forbid(unsafe_code)]"))
    }
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn crates() -> Vec<Crate> {
    let metadata = metadata(&["--no-deps"]);
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages
        .filter(|it| it["name"] != "xtask")
        .map(|it| Crate {
            name: it["name"].as_str().unwrap().to_owned(),
            folder: Path::new(it["manifest_path"].as_str().unwrap()).parent().unwrap().to_owned(),
            package: it.clone(),
        })
        .collect()
}

/// The names of everything that a crate is built with, outside of its tests.
fn closure_of(name: &str) -> BTreeSet<String> {
    let metadata = metadata(&[]);
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    let nodes: BTreeMap<&str, &Value> =
        nodes.iter().map(|it| (it["id"].as_str().unwrap(), it)).collect();
    let packages = metadata["packages"].as_array().unwrap();
    let names: BTreeMap<&str, &str> = packages
        .iter()
        .map(|it| (it["id"].as_str().unwrap(), it["name"].as_str().unwrap()))
        .collect();

    let mut open: Vec<&str> = names.iter().filter(|it| *it.1 == name).map(|it| *it.0).collect();
    let mut closure = BTreeSet::new();
    while let Some(id) = open.pop() {
        let dependencies = nodes[id]["deps"].as_array().unwrap().iter().filter(|it| {
            it["dep_kinds"].as_array().unwrap().iter().any(|kind| kind["kind"] != "dev")
        });
        for dependency in dependencies {
            let id = dependency["pkg"].as_str().unwrap();
            if closure.insert(names[id].to_owned()) {
                open.push(id);
            }
        }
    }
    closure
}

fn metadata(more: &[&str]) -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked"])
        .args(more)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

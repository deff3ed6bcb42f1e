//! A copy of the workspace, with every fault planted in it and none of them on.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    faults::{self, Fault},
    plant::plant,
};
use crate::process;

/// Where the faults are planted.
pub(crate) const CORE: &str = "crates/core/src/";

/// What of the workspace is copied.
const COPIED: &[&str] = &["Cargo.toml", "Cargo.lock", ".cargo/", "crates/", "xtask/"];

/// The environment variable that names the fault that is on.
pub(crate) const VARIABLE: &str = "GHOSTLIGHT_BITE";

/// The module that the copy of core has, and core has not.
const PLANTED: &str = r#"//! Which fault is on.

use std::{env, sync::LazyLock};

static ON: LazyLock<Option<String>> = LazyLock::new(|| env::var("GHOSTLIGHT_BITE").ok());

pub(crate) fn is(name: &str) -> bool {
    ON.as_deref() == Some(name)
}
"#;

/// Core's own binary of tests, of which the copy has those that are about the faults: the others take
/// minutes to build.
const MAIN: &str = "crates/core/tests/it/main.rs";
const SUITE: &str = "crates/core/tests/it/suite.rs";
const PART: &str = "crates/core/tests/it/part.rs";

/// The modules of that part.
const MODULES: &[&str] = &[
    "backends",
    "beside",
    "budgets",
    "cancelling",
    "deadlocks",
    "fairness",
    "joiners",
    "lending",
    "lent_joins",
    "reads",
    "scopes",
    "support",
    "tasks",
    "timeouts",
    "waits_elsewhere",
    "watchdog",
];

/// What else is different in the copy: the smallest world that fails is not looked for, since
/// nobody will read its story.
const NO_SHRINKING: Fault = Fault {
    name: "no_shrinking",
    says: "",
    file: "crates/testkit/src/explore.rs",
    find: "shrinks: 1000,",
    plant: "shrinks: 0,",
};

/// Brings the copy up to date, and says where it is.
///
/// # Errors
/// If a fault has no place any more, or files cannot be written.
pub(crate) fn make(root: &Path) -> Result<PathBuf, String> {
    let copy = process::target_dir(root).join("bite/tree");
    let names = names(root).ok_or("git does not list the files")?;
    for name in &names {
        let bytes = fs::read(root.join(name)).map_err(|it| format!("{name}: {it}"))?;
        write(&copy.join(name), &changed(name, bytes)?).map_err(|it| format!("{name}: {it}"))?;
    }
    let planted = format!("{CORE}planted.rs");
    write(&copy.join(&planted), PLANTED.as_bytes()).map_err(|it| it.to_string())?;
    let suite = fs::read_to_string(root.join(SUITE)).map_err(|it| format!("{SUITE}: {it}"))?;
    write(&copy.join(PART), part(&suite).as_bytes()).map_err(|it| it.to_string())?;
    let made = [planted, PART.to_owned()];
    let kept = names.into_iter().chain(made).map(|it| copy.join(it)).collect();
    remove_others(&copy, &kept).map_err(|it| it.to_string())?;
    Ok(copy)
}

/// The files that are copied.
fn names(root: &Path) -> Option<Vec<String>> {
    let mut list = process::command(root, ".", "git");
    list.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let names = process::output(list)?;
    let is_copied = |it: &&str| COPIED.iter().any(|start| it.starts_with(start));
    let names = names.split('\0').filter(is_copied).map(str::to_owned);
    Some(names.filter(|it| root.join(it).is_file()).collect())
}

/// What a file is in the copy.
fn changed(name: &str, bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    let mut here: Vec<_> =
        faults::all().filter(|it| name.strip_prefix(CORE) == Some(it.file)).collect();
    if name == NO_SHRINKING.file {
        here.push(&NO_SHRINKING);
    }
    let is_root = name.strip_prefix(CORE) == Some("lib.rs");
    if name == MAIN {
        let text = String::from_utf8(bytes).map_err(|it| format!("{name}: {it}"))?;
        let text = text
            .replace("\"suite.rs\"", "\"part.rs\"")
            .replace("\nmod ", "\n#[allow(dead_code)]\nmod ");
        return Ok(text.into_bytes());
    }
    if here.is_empty() && !is_root {
        return Ok(bytes);
    }
    let text = String::from_utf8(bytes).map_err(|it| format!("{name}: {it}"))?;
    let mut text = plant(&text, &here).map_err(|it| format!("{name}: {it}"))?;
    if is_root {
        text.push_str("\nmod planted;\n");
    }
    Ok(text.into_bytes())
}

/// What of the list of core's own tests is built.
fn part(suite: &str) -> String {
    let is_wanted = |it: &&str| {
        let words = it.trim_end_matches(';').rsplit_once("mod ");
        words.is_none_or(|(_, name)| MODULES.contains(&name))
    };
    suite.lines().filter(is_wanted).flat_map(|it| [it, "\n"]).collect()
}

/// Writes a file where that changes anything, so that only what has changed is built again.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if fs::read(path).is_ok_and(|it| it == bytes) {
        return Ok(());
    }
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(path, bytes)
}

/// Removes the files that are not `kept`: what the workspace no longer has.
fn remove_others(folder: &Path, kept: &BTreeSet<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            remove_others(&path, kept)?;
        } else if !kept.contains(&path) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> PathBuf {
        crate::root()
    }

    #[test]
    fn every_fault_has_its_place_in_core_and_no_two_share_one() {
        for name in names(&root()).unwrap() {
            changed(&name, fs::read(root().join(&name)).unwrap()).unwrap();
        }
        let files = names(&root()).unwrap();
        for fault in faults::all() {
            assert!(files.contains(&format!("{CORE}{}", fault.file)), "{}: no file", fault.name);
        }
    }

    #[test]
    fn of_cores_own_tests_those_are_built_that_are_about_the_faults() {
        let suite = fs::read_to_string(root().join(SUITE)).unwrap();
        let part = part(&suite);
        let modules = part.lines().filter(|it| it.contains("mod "));
        assert_eq!(modules.count(), MODULES.len(), "one of them is gone");
        let main = changed(MAIN, fs::read(root().join(MAIN)).unwrap()).unwrap();
        assert!(String::from_utf8(main).unwrap().contains("\"part.rs\""));
    }

    #[test]
    fn the_released_crates_know_of_no_fault() {
        for name in names(&root()).unwrap().iter().filter(|it| it.contains("/src/")) {
            let text = fs::read_to_string(root().join(name)).unwrap_or_default();
            let knows = text.contains(VARIABLE) || text.contains("planted::is");
            assert!(name.starts_with("xtask/") || !knows, "{name} knows of planted faults");
        }
    }

    #[test]
    fn the_copy_asks_the_variable_that_is_set() {
        assert!(PLANTED.contains(VARIABLE));
    }
}

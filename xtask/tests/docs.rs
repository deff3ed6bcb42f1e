//! What is written for people: compiled, linked, short, and about the project alone.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A map that takes longer to read than this is not a map.
const ARCHITECTURE_LINES: usize = 250;

/// Words that tell of one machine, and mean nothing on another. Spelled in two parts, so that this
/// file does not contain them.
const OF_ONE_MACHINE: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("/tmp/", "docs-target"),
    concat!("arti", "factory"),
    concat!("index.", "crates.io"),
];

#[test]
fn every_chapter_is_compiled_and_stands_in_the_contents() {
    let book = root().join("docs/book");
    let contents = read(&book.join("README.md"));
    let facade = read(&root().join("crates/ghostlight/src/lib.rs"));
    let mut faults = Vec::new();
    for chapter in names_in(&book) {
        if !facade.contains(&format!("include_str!(\"../../../docs/book/{chapter}\")")) {
            faults.push(format!("{chapter}: not compiled; add a module to `book` in the facade"));
        }
        if chapter != "README.md" && !contents.contains(&format!("]({chapter})")) {
            faults.push(format!("{chapter}: not in the contents, docs/book/README.md"));
        }
    }
    if !facade.contains("include_str!(\"../../../README.md\")") {
        faults.push("README.md: not compiled; add a module to `book` in the facade".to_owned());
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn the_architecture_is_a_map_and_not_the_country() {
    let lines = read(&root().join("ARCHITECTURE.md")).lines().count();
    assert!((1..=ARCHITECTURE_LINES).contains(&lines), "ARCHITECTURE.md has {lines} lines");
}

#[test]
fn links_between_pages_lead_somewhere() {
    let mut faults = Vec::new();
    for page in files().into_iter().filter(|it| it.ends_with(".md")) {
        let folder = Path::new(&page).parent().unwrap();
        for target in links(&read(&root().join(&page))) {
            if !root().join(folder).join(&target).exists() {
                faults.push(format!("{page}: {target}"));
            }
        }
    }
    assert!(faults.is_empty(), "dead links:\n{}", faults.join("\n"));
}

#[test]
fn nothing_tells_of_the_machine_it_was_written_on() {
    let mut faults = Vec::new();
    for name in files() {
        let Ok(text) = fs::read_to_string(root().join(&name)) else { continue };
        for (number, line) in (1..).zip(text.lines()) {
            if let Some(word) = OF_ONE_MACHINE.iter().find(|it| line.contains(**it)) {
                faults.push(format!("{name}:{number}: `{word}`"));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn every_decision_has_a_number_and_the_three_parts() {
    let decisions = root().join("docs/decisions");
    let mut faults = Vec::new();
    for name in names_in(&decisions) {
        let is_numbered = name.as_bytes().iter().take(4).all(u8::is_ascii_digit);
        let text = read(&decisions.join(&name));
        let parts = ["## Question", "## Answer", "## What we gave up"];
        if name != "README.md" && !(is_numbered && parts.iter().all(|it| text.contains(it))) {
            faults.push(format!("{name}: a number first, then {}", parts.join(", ")));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// The targets of a page's links to other files of the project.
fn links(text: &str) -> Vec<String> {
    let targets = text.split("](").skip(1).filter_map(|it| it.split(')').next());
    targets
        .filter(|it| !it.contains("://") && !it.contains("::") && !it.contains(' '))
        .map(|it| it.split('#').next().unwrap_or_default().to_owned())
        .filter(|it| it.contains('/') || it.ends_with(".md"))
        .collect()
}

/// Every file that git would keep.
fn files() -> Vec<String> {
    let output = Command::new("git")
        .current_dir(root())
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .output()
        .unwrap();
    assert!(output.status.success(), "git does not list the files");
    let names = String::from_utf8_lossy(&output.stdout).into_owned();
    names.split('\0').filter(|it| !it.is_empty()).map(str::to_owned).collect()
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|it| it.unwrap().file_name());
    let mut names: Vec<_> = entries.filter_map(|it| it.into_string().ok()).collect();
    names.sort();
    names
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

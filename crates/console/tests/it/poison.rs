//! `ghostlight demo --poison`: what it costs, what it leaves alone, and what it leaves behind.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::demo::{check_conservation, ghostlight, last_line, name, output_of};

/// Three directories of pages, some of which fail, with links in all directions.
fn tree() -> TempDir {
    let tree = tempfile::tempdir().unwrap();
    for number in 0..210 {
        let dir = tree.path().join(["", "a", "a/b"][number % 3]);
        fs::create_dir_all(&dir).unwrap();
        let page =
            format!("actor word{number} <a href={}.html>x</a> <a href=lost>y</a>", number + 3);
        fs::write(dir.join(format!("{number}.html")), page).unwrap();
    }
    fs::write(tree.path().join("latin1.html"), b"caf\xe9").unwrap();
    fs::write(tree.path().join("a/deep.html"), "<div>".repeat(20_000)).unwrap();
    tree
}

/// Runs it so that what it leaves behind would lie in `scratch`.
fn command(scratch: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ghostlight"));
    command.args(arguments).env("TMPDIR", scratch);
    command
}

fn crawl(tree: &Path, n_poison: u32) -> Value {
    let scratch = tempfile::tempdir().unwrap();
    let n_poison = n_poison.to_string();
    let arguments = ["demo", "--json", "--poison", &n_poison, name(tree)];
    let (code, out, err) = output_of(&mut command(scratch.path(), &arguments));
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(is_empty(scratch.path()));
    last_line(&out)
}

fn is_empty(dir: &Path) -> bool {
    fs::read_dir(dir).unwrap().next().is_none()
}

/// What is found on the healthy files is the same with poison and without.
#[track_caller]
fn check(tree: &Path, n_poison: u32) {
    let (healthy, mut poisoned) = (crawl(tree, 0), crawl(tree, n_poison));
    check_conservation(&poisoned);
    for key in ["pages", "bytes", "words", "distinct_terms", "top_terms", "links", "broken_links"] {
        assert_eq!(poisoned[key], healthy[key], "{key}");
    }
    let failed = poisoned["failed"].take();
    let is_planted = |it: &&Value| it["path"].as_str().unwrap().contains("ghostlight-poison-");
    let (died, rest): (Vec<_>, Vec<_>) = failed.as_array().unwrap().iter().partition(is_planted);
    assert_eq!(json!(rest), healthy["failed"]);
    assert!(died.iter().all(|it| it["reason"] == "not parsed: poisoned"), "{died:?}");
    assert_eq!((died.len(), &poisoned["restarts"]), (n_poison as usize, &n_poison.into()));
    let times =
        if n_poison == 1 { "1 poison file".into() } else { format!("{n_poison} poison files") };
    assert_eq!(poisoned["root"], format!("{}, with {times}", name(tree)));
}

#[test]
fn poison_costs_itself_and_a_restart_each() {
    let tree = tree();
    check(tree.path(), 1);
    check(tree.path(), 20);
}

#[test]
fn there_may_be_more_poison_than_pages() {
    check(tree().path(), 500);
    check(tempfile::tempdir().unwrap().path(), 20);
}

#[test]
fn no_poison_is_no_copy() {
    let tree = tree();
    let json = crawl(tree.path(), 0);
    assert_eq!((&json["root"], &json["restarts"]), (&name(tree.path()).into(), &0.into()));
}

#[test]
fn people_see_who_was_restarted_and_no_panics() {
    let tree = tree();
    let (code, out, err) = ghostlight(&["demo", "--poison", "20", name(tree.path())]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.starts_with(&format!("{}, with 20 poison files\n", name(tree.path()))), "{out}");
    assert!(out.contains("\n  restarts                  20\n"), "{out}");
    let of_parsers = out.lines().filter_map(|it| it.split_once("  parser/"));
    let of_parsers = of_parsers.filter(|(_, rest)| !rest.contains(','));
    let times: u32 = of_parsers.map(|(times, _)| times.trim().parse::<u32>().unwrap()).sum();
    assert_eq!(times, 20, "{out}");
    assert!(out.contains("a/b/ghostlight-poison-20.html: not parsed: poisoned\n"), "{out}");
}

#[test]
fn a_copy_within_the_tree_is_not_copied_again() {
    let tree = tree();
    let arguments = ["demo", "--json", "--poison", "3", name(tree.path())];
    let (code, out, err) = output_of(&mut command(tree.path(), &arguments));
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert_eq!(last_line(&out)["pages"], 210);
}

#[test]
fn what_poison_cannot_be_had_with_is_one_line_and_exit_code_2() {
    let tree = tree();
    let page = tree.path().join("0.html");
    let line =
        "--baseline cannot take --poison: a single thread that nobody supervises would die of it";
    let table = [
        (vec!["demo", "--baseline", "--poison", "20", name(tree.path())], line.to_owned()),
        (
            vec!["demo", "--poison", "20", name(&page)],
            format!("--poison needs a directory, and {} is a page", name(&page)),
        ),
    ];
    for (arguments, line) in table {
        let (code, out, err) = ghostlight(&arguments);
        assert_eq!((code, out.as_str()), (Some(2), ""));
        assert_eq!(err, format!("ghostlight: {line}\n"));
    }
}

#[test]
fn without_a_place_for_the_copy_it_is_one_line_and_exit_code_1() {
    let tree = tree();
    let arguments = ["demo", "--poison", "20", name(tree.path())];
    let (code, out, err) = output_of(&mut command(Path::new("/no/such/place"), &arguments));
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(err.starts_with("ghostlight: cannot make a copy: "), "{err}");
    assert_eq!(err.lines().count(), 1, "{err}");
}

#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_removes_the_copy() {
    use super::interrupt::{N_PAGES, interrupt, large_tree};
    let (tree, scratch) = (large_tree(1 << 10), tempfile::tempdir().unwrap());
    let mut command =
        command(scratch.path(), &["demo", "--json", "--poison", "20", name(tree.path())]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while !is_planted(scratch.path()) {
        std::thread::yield_now();
    }
    let json = interrupt(child);
    assert_eq!(json["partial"], true);
    assert!(json["pages"].as_u64().unwrap() < N_PAGES as u64, "{json}");
    check_conservation(&json);
    assert!(is_empty(scratch.path()));
}

#[cfg(target_os = "linux")]
fn is_planted(scratch: &Path) -> bool {
    let copies = fs::read_dir(scratch).unwrap();
    copies.flatten().any(|it| it.path().join("ghostlight-poison-20.html").exists())
}

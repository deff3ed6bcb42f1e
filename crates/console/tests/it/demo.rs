//! `ghostlight demo`: what it prints, where, and with which exit code.

use std::{fs, path::Path, process::Command};

/// The exit code, the standard output and the standard error of a run.
fn ghostlight(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_ghostlight")).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn tree() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("index.html"), "<a href=gone.html>an actor</a>").unwrap();
    dir
}

fn name(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_missing_path_is_one_line_and_exit_code_2() {
    for arguments in [["demo", "no/such/tree"].as_slice(), &["demo", "crawl", "no/such/tree"]] {
        let (code, out, err) = ghostlight(arguments);
        assert_eq!((code, out.as_str()), (Some(2), ""));
        assert_eq!(err, "ghostlight: there is no no/such/tree\n");
    }
}

#[test]
fn an_unknown_option_is_one_line_and_exit_code_2() {
    let (code, out, err) = ghostlight(&["demo", "--jsn"]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    let line = "unexpected argument '--jsn' found; `ghostlight --help` says what there is";
    assert_eq!(err, format!("ghostlight: {line}\n"));
}

#[test]
fn help_goes_to_the_standard_output() {
    let (code, out, err) = ghostlight(&["demo", "--help"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    for word in ["--json", "--baseline", "--quiet", "crawl", "PATH"] {
        assert!(out.contains(word), "{word} is not in\n{out}");
    }
}

#[test]
fn a_crawl_prints_what_people_read() {
    let tree = tree();
    let (code, out, err) = ghostlight(&["demo", "--baseline", name(tree.path())]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.contains("      index.html -> gone.html\n"), "{out}");
}

#[test]
fn a_crawl_for_machines_ends_with_one_object() {
    let tree = tree();
    let (code, out, err) =
        ghostlight(&["demo", "crawl", name(tree.path()), "--baseline", "--json"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let json: serde_json::Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert_eq!(json["pages"], 1);
    assert_eq!(json["words"], 2);
    assert_eq!(json["broken_links"][0]["target"], "gone.html");
}

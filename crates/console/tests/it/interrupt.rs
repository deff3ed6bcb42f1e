//! Ctrl-C ends a crawl in order.

use std::{
    fs,
    process::{Child, Command, Stdio},
    thread,
};

use super::demo::{check_conservation, last_line};

/// So many times is one page in the tree: far more often than it is read before somebody interrupts.
pub(crate) const N_PAGES: usize = 5_000;

/// A page of 40 bytes a line, again and again.
pub(crate) fn large_tree(n_lines: usize) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let first = dir.path().join("0.html");
    fs::write(&first, "a word and <a href=gone.html>another</a>\n".repeat(n_lines)).unwrap();
    for number in 1..N_PAGES {
        fs::hard_link(&first, dir.path().join(format!("{number}.html"))).unwrap();
    }
    dir
}

/// Whether the process handles Ctrl-C itself by now: bit 1 of its caught signals.
fn is_listening(child: &Child) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let caught = status.lines().find_map(|it| it.strip_prefix("SigCgt:")).unwrap();
    u64::from_str_radix(caught.trim(), 16).unwrap() & 2 != 0
}

/// What it has found when Ctrl-C ends it.
pub(crate) fn interrupt(child: Child) -> serde_json::Value {
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    let (out, err) = [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap()).into();
    assert_eq!((output.status.code(), err.as_str()), (Some(130), ""));
    last_line(&out)
}

#[test]
fn ctrl_c_ends_with_what_was_found_and_exit_code_130() {
    let tree = large_tree(1 << 14);
    let mut command = Command::new(env!("CARGO_BIN_EXE_ghostlight"));
    command.args(["demo", "--json"]).arg(tree.path());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while !is_listening(&child) {
        thread::yield_now();
    }
    let json = interrupt(child);
    assert_eq!(json["partial"], true);
    assert!(json["pages"].as_u64().unwrap() < N_PAGES as u64, "{json}");
    assert_eq!(json["broken_links_total"], json["pages"]);
    check_conservation(&json);
}

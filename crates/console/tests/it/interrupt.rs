//! Ctrl-C ends a crawl in order.

use std::{
    fs,
    process::{Child, Command, Stdio},
    thread,
};

use super::demo::{check_conservation, last_line};

/// So many times is one page of 1 MB in the tree: far more than is read before somebody interrupts.
const N_PAGES: usize = 5_000;

fn large_tree() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let first = dir.path().join("0.html");
    fs::write(&first, "a word and <a href=gone.html>another</a>\n".repeat(1 << 14)).unwrap();
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

#[test]
fn ctrl_c_ends_with_what_was_found_and_exit_code_130() {
    let tree = large_tree();
    let mut command = Command::new(env!("CARGO_BIN_EXE_ghostlight"));
    command.args(["demo", "--json"]).arg(tree.path());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while !is_listening(&child) {
        thread::yield_now();
    }
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    let (out, err) = [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap()).into();
    assert_eq!((output.status.code(), err.as_str()), (Some(130), ""));
    let json = last_line(&out);
    assert_eq!(json["partial"], true);
    assert!(json["pages"].as_u64().unwrap() < N_PAGES as u64, "{out}");
    assert_eq!(json["broken_links_total"], json["pages"]);
    check_conservation(&json);
}

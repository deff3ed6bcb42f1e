//! `ghostlight demo`: what it prints, where, and with which exit code.

use std::{fs, path::Path, process::Command};

/// The exit code, the standard output and the standard error of a run.
pub(crate) fn ghostlight(arguments: &[&str]) -> (Option<i32>, String, String) {
    output_of(Command::new(env!("CARGO_BIN_EXE_ghostlight")).args(arguments))
}

/// The same for a command that is made ready.
pub(crate) fn output_of(command: &mut Command) -> (Option<i32>, String, String) {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn tree() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("index.html"), "<a href=gone.html>an actor</a>").unwrap();
    dir
}

pub(crate) fn name(path: &Path) -> &str {
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
    for word in ["--json", "--baseline", "--poison <N>", "--quiet", "crawl", "PATH"] {
        assert!(out.contains(word), "{word} is not in\n{out}");
    }
}

#[test]
fn a_crawl_prints_what_people_read() {
    let tree = tree();
    for options in
        [["demo", name(tree.path())].as_slice(), &["demo", "--baseline", name(tree.path())]]
    {
        let (code, out, err) = ghostlight(options);
        assert_eq!((code, err.as_str()), (Some(0), ""));
        assert!(out.contains("      index.html -> gone.html\n"), "{out}");
    }
}

#[test]
fn a_crawl_by_actors_names_the_busiest_and_accounts_for_messages() {
    let tree = tree();
    let (_, out, _) = ghostlight(&["demo", name(tree.path())]);
    let line = |label: &str| out.lines().find(|it| it.trim_start().starts_with(label)).unwrap();
    assert!(line("busiest actors").ends_with(" waiting"), "{out}");
    assert!(line("messages").contains("sent = "), "{out}");
    assert!(line("messages").ends_with(" 0 queued"), "{out}");
}

/// The object on the last line.
pub(crate) fn last_line(out: &str) -> serde_json::Value {
    serde_json::from_str(out.lines().last().unwrap()).unwrap()
}

fn crawl(arguments: &[&str]) -> serde_json::Value {
    let (code, out, err) = ghostlight(arguments);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    last_line(&out)
}

#[track_caller]
pub(crate) fn check_conservation(json: &serde_json::Value) {
    let count = |name: &str| json["messages"][name].as_u64().unwrap();
    let rest = ["handled", "refused", "dropped", "dead", "queued"].map(count);
    assert_eq!(count("sent"), rest.iter().sum::<u64>(), "{}", json["messages"]);
    assert_eq!((count("queued"), count("dropped")), (0, 0), "{}", json["messages"]);
    assert!(0 < count("handled"), "{}", json["messages"]);
}

#[test]
fn actors_print_the_same_object_as_the_baseline() {
    let tree = tree();
    let write = |name: String, bytes: &[u8]| fs::write(tree.path().join(name), bytes).unwrap();
    for number in 0..200 {
        let page =
            format!("actor word{number} <a href=lost{number}.html>x</a> <a href=index.html>");
        write(format!("{number}.html"), page.as_bytes());
    }
    write("note.md".to_owned(), b"A [note](lost.md) about *actors*");
    write("latin1.html".to_owned(), b"caf\xe9");
    write("deep.html".to_owned(), "<div>".repeat(20_000).as_bytes());
    fs::File::create(tree.path().join("huge.html")).unwrap().set_len(1 << 30).unwrap();
    let actors = crawl(&["demo", "crawl", name(tree.path()), "--json"]);
    let baseline = crawl(&["demo", "crawl", name(tree.path()), "--json", "--baseline"]);
    for key in
        ["pages", "bytes", "words", "links", "top_terms", "broken_links", "failed", "partial"]
    {
        assert_eq!(actors[key], baseline[key], "{key}");
    }
    assert_eq!((&actors["pages"], &actors["restarts"]), (&202.into(), &0.into()));
    assert_eq!(actors["failed"].as_array().unwrap().len(), 3);
    assert_eq!(actors["broken_links"].as_array().unwrap().len(), 202);
    assert!(0.0 < actors["seconds"].as_f64().unwrap());
    check_conservation(&actors);
}

//! Whole trees, crawled without actors.

use std::{fs, path::Path};

use super::*;
use crate::demo::{
    links::BrokenLink,
    page::{Kind, MAX_DEPTH},
};

fn write(root: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn crawl(root: &Path) -> Outcome {
    run(&Tree::find(Some(root)).unwrap(), |_| {})
}

fn top(outcome: &Outcome) -> Vec<(&str, u64)> {
    outcome.index.top.iter().map(|it| (it.term.as_str(), it.count)).collect()
}

fn failed(outcome: &Outcome) -> Vec<(String, String)> {
    let failed = outcome.findings.failed.iter();
    failed.map(|it| (it.path.clone(), it.reason.to_string())).collect()
}

#[test]
fn pages_words_terms_and_broken_links_are_found() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "index.html", "<a href=a/b.html>actor</a> <a href=gone.html>mailbox</a>");
    write(dir.path(), "a/b.html", "<a href=..>actor</a> <a href=c/>the actor</a> <img src=/x.png>");
    write(dir.path(), "a/c/index.html", "<a href='../../my%20notes.md?x#y'>system</a>");
    write(dir.path(), "my notes.md", "An [actor](a/b.html) and a [mailbox](lost.md).");
    let outcome = crawl(dir.path());
    let findings = &outcome.findings;
    assert_eq!((findings.pages, findings.words, findings.links), (4, 11, 8));
    assert_eq!(top(&outcome), [("actor", 4), ("mailbox", 2), ("system", 1)]);
    let broken: Vec<&BrokenLink> = findings.broken.iter().collect();
    let expected = [("a/b.html", "x.png"), ("index.html", "gone.html"), ("my notes.md", "lost.md")]
        .map(|(page, target)| BrokenLink { page: page.to_owned(), target: target.to_owned() });
    assert_eq!(broken, expected.iter().collect::<Vec<_>>());
    assert!(failed(&outcome).is_empty());
}

#[test]
fn a_bad_file_costs_nothing_but_itself() {
    let dir = tempfile::tempdir().unwrap();
    let deep = "<div>".repeat(MAX_DEPTH as usize + 1);
    write(dir.path(), "deep.html", format!("<a href=gone.html>lost words</a>{deep}"));
    write(dir.path(), "good.html", "good words <a href=deep.html>deep</a>");
    write(dir.path(), "latin1.html", b"caf\xe9");
    for (name, kind) in [("huge.html", Kind::Html), ("huge.md", Kind::Markdown)] {
        let file = fs::File::create(dir.path().join(name)).unwrap();
        file.set_len(kind.max_bytes() + 1).unwrap();
    }
    let outcome = crawl(dir.path());
    assert_eq!((outcome.findings.pages, outcome.findings.words), (1, 3));
    assert_eq!(outcome.findings.broken.total(), 0);
    let expected = [
        ("deep.html", "more than 10000 elements open within each other"),
        ("huge.html", "too large: 16777217 bytes where 16777216 are allowed"),
        ("huge.md", "too large: 2097153 bytes where 2097152 are allowed"),
        ("latin1.html", "not UTF-8 from byte 3 on"),
    ];
    assert_eq!(failed(&outcome), expected.map(|(path, why)| (path.to_owned(), why.to_owned())));
}

#[test]
fn an_empty_tree_is_crawled_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(crawl(dir.path()), Outcome::default());
}

#[test]
fn a_single_page_is_crawled_alone() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "one.html", "<a href=two.html>first</a>");
    write(dir.path(), "two.html", "second");
    let outcome = crawl(&dir.path().join("one.html"));
    assert_eq!((outcome.findings.pages, outcome.findings.broken.total()), (1, 0));
}

#[test]
fn progress_is_told_as_batches_fill() {
    let dir = tempfile::tempdir().unwrap();
    for number in 0..150 {
        write(dir.path(), &format!("{number}.html"), "");
    }
    let mut told = Vec::new();
    run(&Tree::find(Some(dir.path())).unwrap(), |it| told.push(it.pages));
    assert_eq!(told, [64, 128]);
}

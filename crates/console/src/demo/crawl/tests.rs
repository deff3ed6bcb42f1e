//! Whole trees, crawled by actors: what must be as without them, and what only they can do.

use std::{fs, path::Path};

use super::*;
use crate::demo::{
    baseline,
    batch::Batch,
    failed::{Failed, Reason},
    file::Source,
    page::{Kind, MAX_DEPTH},
};

fn write(root: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Some hundred pages in a few directories, each with a broken link and a word of its own.
fn write_pages(root: &Path, n_pages: usize) {
    for number in 0..n_pages {
        let text = format!("actor word{number} <a href=../gone{number}.html>mailbox</a>");
        write(root, &format!("{}/{number}.html", number % 7), text);
    }
}

fn open(root: &Path) -> Tree {
    Tree::find(Some(root)).unwrap()
}

/// What the actors find, whose messages must add up.
fn crawl_by(tree: &Tree, parse: Parse) -> Outcome {
    let outcome = crawl_with(tree, &Display::hidden(), parse).unwrap();
    let messages = outcome.actors.as_ref().unwrap().messages;
    assert!(messages.is_conserved(), "{messages:?}");
    assert_eq!(messages.queued, 0, "{messages:?}");
    outcome
}

#[track_caller]
fn check_same_as_baseline(tree: &Tree) -> Outcome {
    let outcome = crawl_by(tree, PageParser::parse);
    assert_eq!(Outcome { actors: None, ..outcome.clone() }, baseline::run(tree, |_| {}));
    outcome
}

#[test]
fn actors_find_what_a_single_thread_finds() {
    let dir = tempfile::tempdir().unwrap();
    write_pages(dir.path(), 300);
    write(dir.path(), "notes/my notes.md", "An [actor](../1/1.html) and a [mailbox](lost.md).");
    write(dir.path(), "deep.html", "<div>".repeat(MAX_DEPTH as usize + 1));
    write(dir.path(), "latin1.html", b"caf\xe9");
    let huge = fs::File::create(dir.path().join("huge.html")).unwrap();
    huge.set_len(Kind::Html.max_bytes() + 1).unwrap();
    let outcome = check_same_as_baseline(&open(dir.path()));
    let findings = &outcome.findings;
    assert_eq!((findings.pages, findings.failed.total(), findings.broken.total()), (301, 3, 301));
    assert_eq!(outcome.actors.unwrap().restarts, 0);
}

#[test]
fn a_chunk_that_is_full_leaves_its_files_to_the_next() {
    let dir = tempfile::tempdir().unwrap();
    for number in 0..5 {
        write(dir.path(), &format!("{number}.html"), "large ".repeat(1 << 19));
    }
    assert_eq!(check_same_as_baseline(&open(dir.path())).findings.pages, 5);
}

#[test]
fn an_empty_tree_and_a_single_page_are_crawled_to_their_end() {
    let dir = tempfile::tempdir().unwrap();
    check_same_as_baseline(&open(dir.path()));
    write(dir.path(), "one.html", "<a href=two.html>first</a>");
    write(dir.path(), "two.html", "second");
    check_same_as_baseline(&open(&dir.path().join("one.html")));
}

/// Panics at one of the pages.
fn parse_with_care(parser: &mut PageParser, source: &Source<'_>, batch: &mut Batch) {
    assert_ne!(source.page, "0/7.html", "bitten");
    parser.parse(source, batch);
}

#[test]
fn a_parser_that_panics_costs_its_chunk_and_another_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    write_pages(dir.path(), 300);
    let outcome = crawl_by(&open(dir.path()), parse_with_care);
    let findings = &outcome.findings;
    let failed: Vec<&Failed> = findings.failed.iter().collect();
    assert!(failed.iter().any(|it| it.path == "0/7.html"), "{failed:?}");
    assert!((1..=64).contains(&failed.len()), "{failed:?}");
    assert_eq!(findings.pages + failed.len() as u64, 300);
    for it in failed {
        let Reason::NotParsed { why } = &it.reason else { panic!("{it:?}") };
        assert!(why.contains("bitten"), "{why}");
    }
    assert_eq!(outcome.actors.unwrap().restarts, 1);
}

#[test]
fn a_closed_frontier_ends_the_crawl_with_what_was_found() {
    let dir = tempfile::tempdir().unwrap();
    write_pages(dir.path(), 10);
    let system = System::new("closed");
    let crew = Crew::spawn(&system, &open(dir.path()), PageParser::parse);
    let outcome = system.block_on(async {
        crew.frontier.tell(frontier::Close).await.unwrap();
        crew.dismiss(crew.crawl().await).await.unwrap()
    });
    assert!(outcome.is_partial);
    assert_eq!(outcome.findings.n_done(), 0);
    assert!(outcome.actors.unwrap().messages.is_conserved());
}

#[test]
fn progress_knows_the_total_once_it_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    write_pages(dir.path(), 10);
    let system = System::new("progress");
    let tree = open(dir.path());
    let crew = Crew::spawn(&system, &tree, PageParser::parse).with_census(&tree);
    let (before, after) = system.block_on(async {
        let before = crew.progress().await;
        // The census walks off the workers, and there is nothing to wait for but its answer.
        let mut after = before.clone();
        let crawled = crew.crawl().await;
        while after.total.is_none() {
            after = crew.progress().await;
        }
        crew.dismiss(crawled).await.unwrap();
        (before, after)
    });
    assert_eq!((before.pages, before.total, after.total), (0, None, Some(10)));
}

#[test]
fn who_is_missed_in_the_end_is_named() {
    let dir = tempfile::tempdir().unwrap();
    write_pages(dir.path(), 10);
    let system = System::new("killed");
    let crew = Crew::spawn(&system, &open(dir.path()), PageParser::parse);
    crew.frontier.kill();
    let error = system.block_on(async { crew.dismiss(crew.crawl().await).await }).unwrap_err();
    let line = "the crawl was given up, for its frontier is no more: the actor has stopped";
    assert_eq!(error.to_string(), line);
}

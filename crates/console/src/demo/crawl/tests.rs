//! Whole trees, crawled by actors: what must be as without them, and what only they can do.

use std::{
    array,
    collections::BTreeSet,
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use ghostlight::{Capacity, MailboxOptions, SpawnOptions, System};

use super::{
    checker::Checker,
    collector::{Collected, Collector},
    fetcher::{Fetch, Fetcher, WhenDone},
    frontier::Frontier,
    parser::{ParserMaker, Readers},
    restarts::Restarts,
    shard::IndexShard,
    *,
};
use crate::demo::{
    baseline,
    batch::{Batch, MAX_PAGES, PageParser},
    failed::Failed,
    file::Source,
    kept::Kept,
    outcome::Findings,
    page::{Kind, MAX_DEPTH},
    poison::{self, Poisoned},
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

fn crew_for(tree: &Tree, parsing: Parsing) -> Crew {
    Crew::spawn(&Runtime::multi_thread(), tree, parsing)
}

fn by_the_book() -> Parsing {
    Parsing::by(PageParser::parse)
}

/// What the actors find, whose messages must add up.
fn crawl_by(tree: &Tree, parse: Parse) -> Outcome {
    let crew = crew_for(tree, Parsing::by(parse));
    let outcome = crew.system.block_on(async { crew.dismiss(crew.crawl().await).await }).unwrap();
    let messages = outcome.actors.as_ref().unwrap().messages;
    assert!(messages.is_conserved(), "{messages:?}");
    assert_eq!(messages.queued, 0, "{messages:?}");
    outcome
}

fn n_restarts(outcome: &Outcome) -> u64 {
    outcome.actors.as_ref().unwrap().n_restarts()
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
    assert_eq!(n_restarts(&outcome), 0);
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

/// Panics at three of the pages, two of which are neighbours in whatever chunk they come.
fn parse_with_care(parser: &mut PageParser, source: &Source<'_>, batch: &mut Batch) {
    assert!(!["0/7.html", "1/8.html", "2/9.html"].contains(&source.page), "bitten");
    parser.parse(source, batch);
}

fn failures(outcome: &Outcome) -> Vec<(&str, String)> {
    let failed = outcome.findings.failed.iter();
    failed.map(|it: &Failed| (it.path.as_str(), it.reason.to_string())).collect()
}

#[test]
fn a_page_that_kills_its_parser_costs_itself_and_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    write_pages(dir.path(), 300);
    let outcome = crawl_by(&open(dir.path()), parse_with_care);
    let expected = ["0/7.html", "1/8.html", "2/9.html"];
    assert_eq!(failures(&outcome), expected.map(|it| (it, "not parsed: bitten".to_owned())));
    assert_eq!(n_restarts(&outcome), 3);
    // All the rest is as if they had never been there.
    expected.iter().for_each(|it| fs::remove_file(dir.path().join(it)).unwrap());
    let healthy = crawl_by(&open(dir.path()), PageParser::parse);
    check_same_but_for_failures(&outcome, &healthy);
}

/// The failures may differ, and what the actors did.
#[track_caller]
fn check_same_but_for_failures(outcome: &Outcome, healthy: &Outcome) {
    let strip = |outcome: &Outcome| {
        let findings = Findings { failed: Kept::default(), ..outcome.findings.clone() };
        Outcome { findings, actors: None, ..outcome.clone() }
    };
    assert_eq!(strip(outcome), strip(healthy));
}

#[track_caller]
fn check_poison(root: &Path, n_poison: u32) {
    let tree = open(root);
    let healthy = crawl_by(&tree, PageParser::parse);
    let poisoned = Poisoned::copy_of(&tree, n_poison, || false).unwrap();
    let outcome = crawl_by(&poisoned.tree, poison::parse);
    check_same_but_for_failures(&outcome, &healthy);
    assert_eq!(n_restarts(&outcome), u64::from(n_poison));
    let planted = |path: &str| path.contains("ghostlight-poison-");
    let (died, failed): (Vec<_>, Vec<_>) =
        failures(&outcome).into_iter().partition(|(path, _)| planted(path));
    assert_eq!(failed, failures(&healthy));
    assert_eq!(died.len(), n_poison as usize);
    assert!(died.iter().all(|(_, why)| why == "not parsed: poisoned"), "{died:?}");
}

#[test]
fn poison_harms_no_other_page() {
    let dir = tempfile::tempdir().unwrap();
    write_pages(dir.path(), 300);
    write(dir.path(), "latin1.html", b"caf\xe9");
    write(dir.path(), "deep.html", "<div>".repeat(MAX_DEPTH as usize + 1));
    for n_poison in [0, 1, 20, 1_000] {
        check_poison(dir.path(), n_poison);
    }
}

#[test]
fn a_tree_of_nothing_but_poison_is_crawled_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    for n_poison in [0, 1, 64, 65, 200] {
        check_poison(dir.path(), n_poison);
    }
}

/// Opened by the test, when it has seen that nobody waits for the page any more.
static GATE: AtomicBool = AtomicBool::new(false);

fn parse_when_the_gate_opens(parser: &mut PageParser, source: &Source<'_>, batch: &mut Batch) {
    while source.page == "slow.html" && !GATE.load(Ordering::Acquire) {
        thread::yield_now();
    }
    parser.parse(source, batch);
}

#[test]
fn a_parser_that_is_late_is_restarted_and_what_it_found_counts_no_more() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "slow.html", "a word");
    write(dir.path(), "1.html", "a word");
    let parsing = Parsing { parse: parse_when_the_gate_opens, patience: Duration::from_millis(50) };
    let crew = crew_for(&open(dir.path()), parsing);
    thread::scope(|scope| {
        scope.spawn(|| crew.system.block_on(crew.fetch()).unwrap());
        while crew.system.block_on(crew.progress()).pages < 2 {
            thread::yield_now();
        }
        GATE.store(true, Ordering::Release);
    });
    let gather = async { crew.dismiss(crew.gather().await).await.unwrap() };
    let outcome = crew.system.block_on(gather);
    let failures = failures(&outcome);
    assert_eq!(failures.iter().map(|it| it.0).collect::<Vec<_>>(), ["1.html", "slow.html"]);
    assert!(failures.iter().all(|it| it.1.starts_with("not parsed: deadline")), "{failures:?}");
    assert_eq!((outcome.findings.pages, outcome.index.n_terms, n_restarts(&outcome)), (0, 0, 1));
}

#[test]
fn a_parser_that_waits_for_others_is_not_late() {
    let dir = tempfile::tempdir().unwrap();
    write_pages(dir.path(), 300);
    let root: Arc<Path> = dir.path().into();
    let restarts = Restarts::default();
    let system = System::builder("full").observer(restarts.clone()).build();
    // Has room for the links of one chunk, and does nothing yet.
    let one = SpawnOptions::default().mailbox(MailboxOptions::wait(Capacity::of::<1>()));
    let checker = system.prepare_with(Checker::new(Arc::clone(&root)), one);
    let collector = system.spawn(Collector::default());
    let readers = Readers {
        shards: array::from_fn(|_| system.spawn(IndexShard::default())),
        checker: checker.actor_ref(),
        collector: collector.clone(),
    };
    let parsers = ParserMaker { name: "parser".into(), parse: PageParser::parse, readers };
    let frontier = system.spawn(Frontier::of(&open(dir.path())));
    let patience = Duration::from_millis(300);
    let fetcher = Fetcher::new(root, frontier, collector.clone(), parsers, patience);
    let fetcher = system.spawn(fetcher);
    // The second chunk has been read, its links find no room, and the fetcher asks for something
    // else already.
    let is_stuck = || {
        let actors = system.actors();
        let parser = actors.iter().find(|it| it.name == "parser");
        parser.is_some_and(|it| (it.counters.handled, it.mailbox_len) == (2, 1))
    };
    let findings = system.block_on(async {
        fetcher.tell(Fetch).await.unwrap();
        while !is_stuck() {
            system.runtime().sleep(Duration::from_millis(1)).await;
        }
        drop(system.runtime().spawn(async { drop(checker.run().await) }));
        fetcher.ask(WhenDone).within(Duration::MAX).await.unwrap();
        collector.ask(Collected).await.unwrap()
    });
    assert_eq!((findings.pages, findings.failed.total()), (300, 0));
    assert_eq!(restarts.so_far(), []);
}

#[test]
fn a_parser_that_has_ended_for_good_has_a_successor() {
    let dir = tempfile::tempdir().unwrap();
    write_pages(dir.path(), 300);
    let crew = crew_for(&open(dir.path()), by_the_book());
    let outcome = crew.system.block_on(async {
        for fetcher in &crew.fetchers {
            fetcher.wait_started().await.unwrap();
            let children = fetcher.children();
            children.list().iter().for_each(|it| children.remove(it.id).unwrap());
        }
        crew.dismiss(crew.crawl().await).await.unwrap()
    });
    let n_failed = outcome.findings.failed.total();
    assert_eq!(outcome.findings.pages + n_failed, 300);
    // The first chunk of each fetcher.
    assert!(0 < n_failed && n_failed <= MAX_PAGES * crew.fetchers.len() as u64, "{n_failed}");
    let reasons = failures(&outcome).into_iter().map(|(_, why)| why);
    assert_eq!(BTreeSet::from_iter(reasons), ["not parsed: the actor has stopped".into()].into());
}

#[test]
fn a_closed_frontier_ends_the_crawl_with_what_was_found() {
    let dir = tempfile::tempdir().unwrap();
    write_pages(dir.path(), 10);
    let crew = crew_for(&open(dir.path()), by_the_book());
    let outcome = crew.system.block_on(async {
        crew.frontier.tell(Close).await.unwrap();
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
    let tree = open(dir.path());
    let crew = crew_for(&tree, by_the_book()).with_census(&tree);
    let (before, after) = crew.system.block_on(async {
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
    let crew = crew_for(&open(dir.path()), by_the_book());
    crew.frontier.kill();
    let error = crew.system.block_on(async { crew.dismiss(crew.crawl().await).await }).unwrap_err();
    let line = "the crawl was given up, for its frontier is no more: the actor has stopped";
    assert_eq!(error.to_string(), line);
}

//! A shard counts exactly while it has room, and says how wrong it may be afterwards.

use super::{IndexReport, Shard, TermCount};
use crate::demo::{interner::hash, terms::TermCounts};

fn counts(of: &[(&str, u64)]) -> TermCounts {
    let mut counts = TermCounts::default();
    for (term, count) in of {
        counts.add(hash(term.as_bytes()), term.as_bytes(), *count);
    }
    counts
}

fn top(report: &IndexReport) -> Vec<(&str, u64)> {
    report.top.iter().map(|it| (it.term.as_str(), it.count)).collect()
}

#[test]
fn top_terms_come_by_count_and_then_by_name() {
    let mut shard = Shard::default();
    shard.merge(&counts(&[("mailbox", 2), ("actor", 2), ("system", 7), ("turn", 1)]));
    shard.merge(&counts(&[("turn", 4)]));
    let report = shard.report(3);
    assert_eq!(top(&report), [("system", 7), ("turn", 5), ("actor", 2)]);
    assert_eq!((report.n_terms, report.n_forgotten, report.undercount), (4, 0, 0));
}

#[test]
fn stop_words_are_not_ranked() {
    let mut shard = Shard::default();
    shard.merge(&counts(&[("the", 100), ("actor", 1)]));
    assert_eq!(top(&shard.report(5)), [("actor", 1)]);
}

#[test]
fn an_empty_shard_reports_nothing() {
    assert_eq!(Shard::default().report(5), IndexReport::default());
}

#[test]
fn shards_merge_in_any_order() {
    let reports = || {
        [("actor", 3), ("system", 9), ("turn", 3)].map(|it| {
            let mut shard = Shard::default();
            shard.merge(&counts(&[it]));
            shard.report(5)
        })
    };
    let forwards = IndexReport::merge(reports(), 2);
    let backwards = IndexReport::merge(reports().into_iter().rev(), 2);
    assert_eq!(top(&forwards), [("system", 9), ("actor", 3)]);
    assert_eq!(forwards, backwards);
    assert_eq!(forwards.n_terms, 3);
}

#[test]
fn a_full_shard_forgets_its_rarer_half_and_says_so() {
    let mut shard = Shard::with_room_for(4);
    shard.merge(&counts(&[("aaa", 5), ("bbb", 1), ("ccc", 9), ("ddd", 3), ("eee", 2)]));
    let report = shard.report(9);
    assert_eq!(top(&report), [("ccc", 9), ("aaa", 5)]);
    assert_eq!((report.n_terms, report.n_forgotten, report.undercount), (2, 3, 3));
}

#[test]
fn a_shard_never_holds_more_than_its_room_and_knows_its_error() {
    let mut shard = Shard::with_room_for(64);
    for round in 0..500_u64 {
        let rare: Vec<String> = (0..10).map(|it| format!("rare{}", round * 10 + it)).collect();
        let mut batch: Vec<(&str, u64)> = rare.iter().map(|it| (it.as_str(), 1)).collect();
        batch.push(("frequent", 3));
        batch.push(("common", 2));
        shard.merge(&counts(&batch));
        assert!(shard.report(0).n_terms <= 64);
    }
    let report = shard.report(2);
    let exact = [("frequent", 1_500), ("common", 1_000)];
    for (found, (term, count)) in report.top.iter().zip(exact) {
        assert_eq!(found, &TermCount { term: term.to_owned(), count });
    }
    assert!(0 < report.n_forgotten && 0 < report.undercount);
}

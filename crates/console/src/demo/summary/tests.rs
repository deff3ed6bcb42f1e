//! The two forms of a summary, as they are printed.

use serde_json::Value;

use super::*;
use crate::demo::{
    failed::Reason,
    index::IndexReport,
    outcome::{Findings, Restarted},
};

fn summary(n_broken: usize) -> Summary {
    let mut findings = Findings {
        pages: 48_627,
        bytes: 554_056_756,
        words: 16_119_233,
        links: 20,
        ..<_>::default()
    };
    findings.failed.add(Failed { path: "deep.html".to_owned(), reason: Reason::TooDeep });
    findings.broken.extend((0..n_broken).map(|it| BrokenLink {
        page: format!("page{it:02}.html"),
        target: "gone.html".to_owned(),
    }));
    let count = |(term, count): (&str, u64)| TermCount { term: term.to_owned(), count };
    let index = IndexReport {
        top: [("self", 512_331), ("vector", 40_000)].map(count).into(),
        n_terms: 38_760,
        ..IndexReport::default()
    };
    let outcome = Outcome { findings, index, ..Outcome::default() };
    Summary { root: "docs".to_owned(), seconds: 2.0, outcome }
}

fn actors(sent: u64) -> Actors {
    let messages = Messages { sent, handled: 1_100, refused: 1, dropped: 2, dead: 3, queued: 4 };
    let busy = Busy { actor: "parser/1".to_owned(), handled: 600, most_queued: 3 };
    let restarted = |(actor, times): (&str, u64)| Restarted { actor: actor.to_owned(), times };
    let restarts = [("parser/2", 11), ("parser/1", 9)].map(restarted).into();
    Actors { restarts, messages, busiest: vec![busy] }
}

#[test]
fn people_see_numbers_in_one_column() {
    let expected = "\
docs
  pages                 48,627  554.1 MB in 2.00 s, 24,313 pages/s
  words             16,119,233  38,760 distinct terms
  top terms            512,331  self
                        40,000  vector
  links checked             20
  broken links               1
      page00.html -> gone.html
  failed                     1
      deep.html: more than 10000 elements open within each other
";
    assert_eq!(summary(1).to_string(), expected);
}

#[test]
fn the_conservation_line_adds_up_or_says_that_it_does_not() {
    let mut summary = summary(0);
    summary.outcome.actors = Some(actors(1_110));
    let text = summary.to_string();
    let expected = "
  restarts                  20
                            11  parser/2
                             9  parser/1
  busiest actors           600  parser/1, at most 3 waiting
  messages               1,110  sent = 1,100 handled + 1 refused + 2 dropped + 3 dead + 4 queued
";
    assert!(text.ends_with(expected), "{text}");
    summary.outcome.actors = Some(actors(1_111));
    assert!(summary.to_string().contains("1,111  sent ≠ 1,100 handled"));
}

#[test]
fn people_see_the_beginning_of_a_long_list() {
    let text = summary(12).to_string();
    assert!(text.contains("      page09.html -> gone.html\n      and 2 more\n"), "{text}");
}

#[test]
fn an_early_stop_and_forgotten_terms_are_said() {
    let mut summary = summary(0);
    summary.outcome.is_partial = true;
    summary.outcome.index.n_forgotten = 1_000;
    summary.outcome.index.undercount = 2;
    let text = summary.to_string();
    assert!(text.starts_with("docs, stopped early\n"), "{text}");
    assert!(
        text.contains("forgotten terms        1,000  rare; counts may be too low by 2"),
        "{text}"
    );
}

#[test]
fn machines_get_one_object_with_everything() {
    let mut summary = summary(12);
    summary.outcome.actors = Some(actors(1_110));
    let line = summary.to_json().unwrap();
    assert!(!line.contains('\n'));
    let json: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(json["pages"], 48_627);
    assert_eq!(json["words"], 16_119_233);
    assert_eq!(json["top_terms"][0], serde_json::json!({ "term": "self", "count": 512_331 }));
    assert_eq!(json["broken_links"].as_array().unwrap().len(), 12);
    assert_eq!(
        json["broken_links"][0],
        serde_json::json!({ "page": "page00.html", "target": "gone.html" })
    );
    assert_eq!(json["broken_links_total"], 12);
    assert_eq!(json["failed"][0]["path"], "deep.html");
    assert_eq!(json["failed"][0]["reason"], "more than 10000 elements open within each other");
    assert_eq!(json["restarts"], 20);
    assert_eq!(json["seconds"], 2.0);
    assert_eq!(json["messages"]["handled"], 1_100);
    assert_eq!(json["partial"], false);
}

#[test]
fn without_actors_their_numbers_are_nothing() {
    let json: Value = serde_json::from_str(&summary(0).to_json().unwrap()).unwrap();
    assert_eq!(json["messages"]["sent"], 0);
    assert_eq!(json["busiest_actors"], serde_json::json!([]));
}

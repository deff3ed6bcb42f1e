//! The end of a crawl, for people or as one JSON object.

use core::fmt;

use serde::Serialize;

use super::{
    failed::Failed,
    index::TermCount,
    links::BrokenLink,
    outcome::{Actors, Busy, Messages, Outcome},
};

mod human;

/// An outcome with its circumstances. `Display` is the form for people.
#[derive(Debug)]
pub(crate) struct Summary {
    /// What was crawled, as it was named.
    pub(crate) root: String,
    pub(crate) seconds: f64,
    pub(crate) outcome: Outcome,
}

/// The JSON object. Lists that may be long are complete up to `kept::MAX_KEPT`, and have a total.
#[derive(Serialize)]
struct Object<'a> {
    root: &'a str,
    partial: bool,
    pages: u64,
    bytes: u64,
    words: u64,
    distinct_terms: u64,
    forgotten_terms: u64,
    /// No count is too low by more than this.
    undercount: u64,
    top_terms: &'a [TermCount],
    links: u64,
    broken_links_total: u64,
    broken_links: Vec<&'a BrokenLink>,
    failed_total: u64,
    failed: Vec<&'a Failed>,
    restarts: u64,
    seconds: f64,
    messages: Messages,
    busiest_actors: &'a [Busy],
}

impl Summary {
    /// One line, without its end.
    pub(crate) fn to_json(&self) -> serde_json::Result<String> {
        let Outcome { findings, index, actors, is_partial } = &self.outcome;
        serde_json::to_string(&Object {
            root: &self.root,
            partial: *is_partial,
            pages: findings.pages,
            bytes: findings.bytes,
            words: findings.words,
            distinct_terms: index.n_terms,
            forgotten_terms: index.n_forgotten,
            undercount: index.undercount,
            top_terms: &index.top,
            links: findings.links,
            broken_links_total: findings.broken.total(),
            broken_links: findings.broken.iter().collect(),
            failed_total: findings.failed.total(),
            failed: findings.failed.iter().collect(),
            restarts: actors.as_ref().map_or(0, Actors::n_restarts),
            seconds: self.seconds,
            messages: actors.as_ref().map(|it| it.messages).unwrap_or_default(),
            busiest_actors: actors.as_ref().map_or(&[], |it| &it.busiest),
        })
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        human::write(self, f)
    }
}

#[cfg(test)]
mod tests;

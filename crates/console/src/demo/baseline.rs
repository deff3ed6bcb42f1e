//! The same crawl in one thread and without actors: what they are measured against.
//!
//! It takes the same steps in the same batches, and uses one buffer for all files.

use super::{
    batch::{Batch, PageParser},
    file::{self, Source},
    index::{IndexReport, Shard},
    links::LinkChecker,
    outcome::{Findings, Outcome, TOP_TERMS},
    progress::Progress,
    terms::SHARDS,
    tree::Tree,
    walk::{Found, walk},
};

/// Crawls `tree` and tells `on_progress` about each batch.
pub(crate) fn run(tree: &Tree, mut on_progress: impl FnMut(&Progress)) -> Outcome {
    let mut totals = Totals::default();
    let mut parser = PageParser::default();
    let mut batch = Batch::default();
    let mut text = String::new();
    for found in walk(tree) {
        text.clear();
        let read = found.and_then(|it| {
            file::read(&tree.root, &it, it.kind.max_bytes(), &mut text)?;
            Ok(it)
        });
        match read {
            Ok(Found { page, kind }) => {
                parser.parse(&Source { page: &page, kind, text: &text }, &mut batch);
            }
            Err(failed) => batch.failed.push(failed),
        }
        if batch.is_full() {
            totals.add(core::mem::take(&mut batch), tree);
            on_progress(&totals.progress());
        }
    }
    totals.add(batch, tree);
    totals.into_outcome()
}

#[derive(Default)]
struct Totals {
    findings: Findings,
    shards: [Shard; SHARDS],
    checker: LinkChecker,
}

impl Totals {
    fn add(&mut self, mut batch: Batch, tree: &Tree) {
        self.findings.add(&mut batch);
        for (shard, terms) in self.shards.iter_mut().zip(&batch.terms.0) {
            shard.merge(terms);
        }
        let is_there = |target: &str| file::is_there(&tree.root, target);
        self.checker.check(&batch.links, is_there, &mut self.findings.broken);
    }

    fn progress(&self) -> Progress {
        Progress { pages: self.findings.n_done(), ..Progress::default() }
    }

    fn into_outcome(self) -> Outcome {
        let reports = self.shards.iter().map(|it| it.report(TOP_TERMS));
        let index = IndexReport::merge(reports, TOP_TERMS);
        Outcome { findings: self.findings, index, actors: None, is_partial: false }
    }
}

#[cfg(test)]
mod tests;

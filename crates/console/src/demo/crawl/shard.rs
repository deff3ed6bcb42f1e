//! One shard of the index.

use ghostlight::{Actor, Context, Handler, Message, ReadContext, ReadHandler};

use crate::demo::{
    index::{IndexReport, Shard},
    outcome::TOP_TERMS,
    terms::TermCounts,
};

/// Counts the terms that hash to it.
#[derive(Actor, Default)]
#[actor(handles(Merge), reads(TopTerms))]
pub(super) struct IndexShard(Shard);

/// Adds the shard's part of a batch.
#[derive(Debug, Message)]
pub(super) struct Merge(pub(super) TermCounts);

/// Asks what the shard knows.
#[derive(Debug, Message)]
#[message(reply = IndexReport)]
pub(super) struct TopTerms;

impl Handler<Merge> for IndexShard {
    async fn handle(&mut self, Merge(terms): Merge, _: &mut Context<'_, Self>) {
        self.0.merge(&terms);
    }
}

impl ReadHandler<TopTerms> for IndexShard {
    async fn read(&self, _: TopTerms, _: &ReadContext<'_, Self>) -> IndexReport {
        self.0.report(TOP_TERMS)
    }
}

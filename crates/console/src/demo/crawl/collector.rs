//! Collects what is counted, but for the terms and the broken links.

use std::mem;

use ghostlight::{Actor, Context, Handler, Message, ReadContext, ReadHandler};

use crate::demo::{failed::Failed, outcome::Findings};

/// Adds up what the others found.
#[derive(Actor, Default)]
#[actor(handles(Add, Failures, Collected), reads(HowFar))]
pub(super) struct Collector(Findings);

/// Adds the findings of a batch.
#[derive(Debug, Message)]
pub(super) struct Add(pub(super) Findings);

/// Adds files that never got to be pages.
#[derive(Debug, Message)]
pub(super) struct Failures(pub(super) Vec<Failed>);

/// Asks how many pages were dealt with.
#[derive(Debug, Message)]
#[message(reply = u64)]
pub(super) struct HowFar;

/// Asks for everything. It may be asked once, for it gives it away.
#[derive(Debug, Message)]
#[message(reply = Findings)]
pub(super) struct Collected;

impl Handler<Add> for Collector {
    async fn handle(&mut self, Add(findings): Add, _: &mut Context<'_, Self>) {
        self.0.merge(findings);
    }
}

impl Handler<Failures> for Collector {
    async fn handle(&mut self, Failures(failed): Failures, _: &mut Context<'_, Self>) {
        self.0.failed.extend(failed);
    }
}

impl ReadHandler<HowFar> for Collector {
    async fn read(&self, _: HowFar, _: &ReadContext<'_, Self>) -> u64 {
        self.0.n_done()
    }
}

impl Handler<Collected> for Collector {
    async fn handle(&mut self, _: Collected, _: &mut Context<'_, Self>) -> Findings {
        mem::take(&mut self.0)
    }
}

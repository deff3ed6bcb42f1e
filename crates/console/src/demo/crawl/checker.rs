//! The link checker.

use std::{mem, path::Path, sync::Arc};

use ghostlight::{Actor, Context, Failure, Handler, Message};

use crate::demo::{
    file,
    kept::Kept,
    links::{BrokenLink, LinkBatch, LinkChecker, look},
};

/// Looks for the files that pages link to.
#[derive(Actor)]
#[actor(handles(Check, Broken))]
pub(super) struct Checker {
    root: Arc<Path>,
    checker: LinkChecker,
    broken: Kept<BrokenLink>,
}

/// Tells to check the links of a batch.
#[derive(Debug, Message)]
pub(super) struct Check(pub(super) LinkBatch);

/// Asks for the broken links. It may be asked once, for it gives them away.
#[derive(Debug, Message)]
#[message(reply = Kept<BrokenLink>)]
pub(super) struct Broken;

impl Checker {
    pub(super) fn new(root: Arc<Path>) -> Self {
        Self { root, checker: LinkChecker::default(), broken: Kept::default() }
    }
}

impl Handler<Check> for Checker {
    async fn handle(&mut self, Check(links): Check, cx: &mut Context<'_, Self>) {
        let known = self.checker.recall(&links);
        let root = Arc::clone(&self.root);
        let looking = cx.system().runtime().blocking(move || {
            let is_there = look(&links, &known, |it| file::is_there(&root, it));
            (links, is_there)
        });
        match looking.await {
            Ok((links, is_there)) => self.checker.learn(&links, &is_there, &mut self.broken),
            Err(lost) => cx.fail(Failure::from(lost)).await,
        }
    }
}

impl Handler<Broken> for Checker {
    async fn handle(&mut self, _: Broken, _: &mut Context<'_, Self>) -> Kept<BrokenLink> {
        mem::take(&mut self.broken)
    }
}

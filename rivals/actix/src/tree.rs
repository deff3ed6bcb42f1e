//! A tree of actix actors that grow when they have started.

use actix::prelude::*;
use rivals_common::{Branch, Share};

use crate::arbiters::Arbiters;

/// One actor of the tree.
struct Node {
    branch: Branch,
    parent: Option<Addr<Self>>,
    /// Where children start: nowhere in particular, but for those of the root.
    arbiters: Vec<ArbiterHandle>,
}

/// Starts the root. Its children are spread over the arbiters, theirs stay where they are.
pub(crate) fn start_root(share: Share, arbiters: &Arbiters) {
    let handles = arbiters.handles().to_vec();
    let root = move || Node { branch: share.branch(), parent: None, arbiters: handles };
    arbiters.start_actor(root);
}

impl Actor for Node {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Context<Self>) {
        if let Some(number) = self.branch.leaf() {
            return self.pass_on(number, context);
        }
        for (nth, share) in self.branch.split().enumerate() {
            let parent = Some(context.address());
            let child = move || Self { branch: share.branch(), parent, arbiters: Vec::new() };
            match self.arbiters.get(nth % self.arbiters.len().max(1)) {
                Some(arbiter) => Self::start_in_arbiter(arbiter, |_| child()),
                None => child().start(),
            };
        }
    }
}

impl Node {
    fn pass_on(&self, total: u64, context: &mut Context<Self>) {
        match &self.parent {
            Some(parent) => parent.do_send(Sum(total)),
            None => self.branch.finish(total),
        }
        context.stop();
    }
}

#[derive(Message)]
#[rtype(result = "()")]
struct Sum(u64);

impl Handler<Sum> for Node {
    type Result = ();

    fn handle(&mut self, Sum(sum): Sum, context: &mut Context<Self>) {
        if let Some(total) = self.branch.gather(sum) {
            self.pass_on(total, context);
        }
    }
}

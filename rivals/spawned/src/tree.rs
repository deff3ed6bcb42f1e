//! A tree of spawned-concurrency actors that grow when they have started.

use rivals_common::{Branch, Share};
use spawned_concurrency::{
    message::Message,
    tasks::{Actor, ActorRef, ActorStart, Context, Handler},
};

/// One actor of the tree.
pub(crate) struct Node {
    branch: Branch,
    parent: Option<ActorRef<Self>>,
}

/// Starts an actor of the tree. It stops when it has passed its sum on.
pub(crate) fn start(share: Share, parent: Option<ActorRef<Node>>) {
    Node { branch: share.branch(), parent }.start();
}

impl Actor for Node {
    async fn started(&mut self, context: &Context<Self>) {
        if let Some(number) = self.branch.leaf() {
            return self.pass_on(number, context);
        }
        for share in self.branch.split() {
            start(share, Some(context.actor_ref()));
        }
    }
}

impl Node {
    fn pass_on(&self, total: u64, context: &Context<Self>) {
        match &self.parent {
            Some(parent) => parent.send(Sum(total)).expect("the parent waits"),
            None => self.branch.finish(total),
        }
        context.stop();
    }
}

struct Sum(u64);

impl Message for Sum {
    type Result = ();
}

impl Handler<Sum> for Node {
    async fn handle(&mut self, Sum(sum): Sum, context: &Context<Self>) {
        if let Some(total) = self.branch.gather(sum) {
            self.pass_on(total, context);
        }
    }
}

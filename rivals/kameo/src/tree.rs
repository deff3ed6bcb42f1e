//! A tree of kameo actors that grow in their start hook.

use std::convert::Infallible;

use kameo::{
    Actor,
    actor::{ActorRef, Spawn},
    mailbox,
    message::{Context, Message},
};
use rivals_common::{Branch, Share};

/// One actor of the tree.
pub(crate) struct Node {
    branch: Branch,
    parent: Option<ActorRef<Self>>,
}

/// What a node is started with.
pub(crate) struct Origin {
    share: Share,
    parent: Option<ActorRef<Node>>,
    capacity: Option<usize>,
}

/// Starts an actor of the tree. It stops when it has passed its sum on.
pub(crate) fn start(share: Share, parent: Option<ActorRef<Node>>, capacity: Option<usize>) {
    let mailbox = capacity.map_or_else(mailbox::unbounded, mailbox::bounded);
    Node::spawn_with_mailbox(Origin { share, parent, capacity }, mailbox);
}

impl Actor for Node {
    type Args = Origin;
    type Error = Infallible;

    async fn on_start(origin: Origin, me: ActorRef<Self>) -> Result<Self, Infallible> {
        let Origin { share, parent, capacity } = origin;
        let node = Self { branch: share.branch(), parent };
        match node.branch.leaf() {
            Some(number) => {
                node.pass_on(number).await;
                me.stop_gracefully().await.expect("an actor is there for itself");
            }
            None => {
                for share in node.branch.split() {
                    start(share, Some(me.clone()), capacity);
                }
            }
        }
        Ok(node)
    }
}

impl Node {
    async fn pass_on(&self, total: u64) {
        match &self.parent {
            Some(parent) => parent.tell(Sum(total)).await.expect("the parent waits"),
            None => self.branch.finish(total),
        }
    }
}

struct Sum(u64);

impl Message<Sum> for Node {
    type Reply = ();

    async fn handle(&mut self, Sum(sum): Sum, context: &mut Context<Self, ()>) {
        if let Some(total) = self.branch.gather(sum) {
            self.pass_on(total).await;
            context.stop();
        }
    }
}

//! A tree of theta actors that grow when they are built.

use rivals_common::{Branch, Share};
use serde::{Deserialize, Serialize};
use theta::prelude::*;

/// One actor of the tree.
#[derive(Debug)]
struct Node {
    branch: Branch,
    parent: Option<ActorRef<Self>>,
}

#[derive(Clone)]
struct NodeArgs {
    share: Share,
    parent: Option<ActorRef<Node>>,
}

/// Starts the root.
pub(crate) fn start_root(share: Share, context: &RootContext) {
    let root = context.spawn(NodeArgs { share, parent: None });
    grow(&root);
}

/// Tells an actor to grow. Its own handle travels in the message: nobody else keeps one until it
/// has children, and without one it would end.
fn grow(node: &ActorRef<Node>) {
    node.tell(Grow(node.clone())).expect("the actor runs");
}

impl ActorArgs for NodeArgs {
    type Actor = Node;

    async fn initialize(_: Context<Node>, args: &Self) -> Node {
        Node { branch: args.share.clone().branch(), parent: args.parent.clone() }
    }
}

impl Node {
    fn pass_on(&self, total: u64) {
        match &self.parent {
            Some(parent) => parent.tell(Sum(total)).expect("the parent waits"),
            None => self.branch.finish(total),
        }
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Grow(ActorRef<Node>);
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Sum(u64);

#[actor("0e2f1b5a-5a0c-4b0e-9d6e-6f1d0c8f2a02")]
impl Actor for Node {
    const _: () = {
        async |Grow(me): Grow| match self.branch.leaf() {
            Some(number) => self.pass_on(number),
            None => {
                for share in self.branch.split() {
                    grow(&ctx.spawn(NodeArgs { share, parent: Some(me.clone()) }));
                }
            }
        };
        async |Sum(sum): Sum| {
            if let Some(total) = self.branch.gather(sum) {
                self.pass_on(total);
            }
        };
    };
}

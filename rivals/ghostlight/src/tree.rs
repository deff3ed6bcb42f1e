//! A tree of actors that grow in their start hook.

use ghostlight::prelude::*;
use rivals_common::{Branch, Share};

/// One actor of the tree.
pub(crate) struct Node {
    branch: Branch,
    parent: Option<ActorRef<Self>>,
}

/// Starts an actor of the tree. It stops when it has passed its sum on.
pub(crate) fn start(system: &System, share: Share, parent: Option<ActorRef<Node>>) {
    system.spawn(Node { branch: share.branch(), parent });
}

impl Actor for Node {
    type Protocol = (Sum,);

    async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        match self.branch.leaf() {
            Some(number) => {
                self.pass_on(number).await;
                cx.stop();
            }
            None => {
                let (system, me) = (cx.system(), cx.me());
                self.branch.split().for_each(|it| start(&system, it, Some(me.clone())));
            }
        }
        Ok(())
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

#[derive(Message)]
pub(crate) struct Sum(u64);

impl Handler<Sum> for Node {
    async fn handle(&mut self, Sum(sum): Sum, cx: &mut Context<'_, Self>) {
        if let Some(total) = self.branch.gather(sum) {
            self.pass_on(total).await;
            cx.stop();
        }
    }
}

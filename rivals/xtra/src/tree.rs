//! A tree of xtra actors that grow when they start.

use rivals_common::{Branch, Share};
use xtra::prelude::*;

use crate::tell;

/// One actor of the tree.
pub(crate) struct Node {
    branch: Branch,
    /// Its own address, until its children have it: without one it would stop.
    me: Option<Address<Self>>,
    parent: Option<Address<Self>>,
    capacity: Option<usize>,
}

/// Starts an actor of the tree. It stops when it has passed its sum on.
pub(crate) fn start(share: Share, parent: Option<Address<Node>>, capacity: Option<usize>) {
    let (me, mailbox) = capacity.map_or_else(Mailbox::unbounded, Mailbox::bounded);
    let node = Node { branch: share.branch(), me: Some(me.clone()), parent, capacity };
    xtra::spawn_tokio(node, (me, mailbox));
}

impl Actor for Node {
    type Stop = ();

    async fn started(&mut self, _: &Mailbox<Self>) -> Result<(), ()> {
        let me = self.me.take();
        if let Some(number) = self.branch.leaf() {
            self.pass_on(number).await;
            return Err(());
        }
        for share in self.branch.split() {
            start(share, me.clone(), self.capacity);
        }
        Ok(())
    }

    async fn stopped(self) {}
}

impl Node {
    async fn pass_on(&self, total: u64) {
        match &self.parent {
            Some(parent) => tell(parent, Sum(total)).await,
            None => self.branch.finish(total),
        }
    }
}

struct Sum(u64);

impl Handler<Sum> for Node {
    type Return = ();

    async fn handle(&mut self, Sum(sum): Sum, context: &mut Context<Self>) {
        if let Some(total) = self.branch.gather(sum) {
            self.pass_on(total).await;
            context.stop_self();
        }
    }
}

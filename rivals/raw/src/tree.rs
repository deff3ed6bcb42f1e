//! A tree of hand-written actors. Every one has a mailbox, as in the libraries.

use rivals_common::{Branch, Share};

use crate::queue::Queue;

/// Starts an actor of the tree. It ends when it has passed its sum on.
pub(crate) fn start<Q: Queue>(share: Share, parent: Option<Q::Sender<u64>>) {
    let (sender, inbox) = Q::channel();
    tokio::spawn(run::<Q>(share.branch(), sender, inbox, parent));
}

async fn run<Q: Queue>(
    mut branch: Branch,
    sender: Q::Sender<u64>,
    mut inbox: Q::Receiver<u64>,
    parent: Option<Q::Sender<u64>>,
) {
    let mut total = branch.leaf();
    if total.is_none() {
        for share in branch.split() {
            start::<Q>(share, Some(sender.clone()));
        }
    }
    while total.is_none() {
        let Some(sum) = Q::receive(&mut inbox).await else { return };
        total = branch.gather(sum);
    }
    match (total, parent) {
        (Some(total), Some(parent)) => Q::send(&parent, total).await,
        (Some(total), None) => branch.finish(total),
        (None, _) => {}
    }
}

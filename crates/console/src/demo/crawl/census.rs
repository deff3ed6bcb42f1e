//! Counts how many pages there are, by a walk of its own, so that a bar can have an end.

use ghostlight::{Actor, Context, Failure, Handler, Message, ReadContext, ReadHandler};

use super::frontier::Find;
use crate::demo::{tree::Tree, walk};

/// So many are counted at once. In between it may be stopped.
const STRIDE: usize = 1 << 12;

/// Knows the total once its walk is over.
#[derive(Actor)]
#[actor(handles(Count), reads(Total))]
pub(super) struct Census {
    walk: Option<Box<dyn Iterator<Item = Find> + Send + Sync>>,
    n_pages: u64,
}

/// Tells to begin, and each time to go on.
#[derive(Debug, Message)]
pub(super) struct Count;

/// Asks how many pages there are; nobody knows before all are counted.
#[derive(Debug, Message)]
#[message(reply = Option<u64>)]
pub(super) struct Total;

impl Census {
    pub(super) fn of(tree: &Tree) -> Self {
        Self { walk: Some(Box::new(walk::walk(tree))), n_pages: 0 }
    }
}

impl Handler<Count> for Census {
    async fn handle(&mut self, _: Count, cx: &mut Context<'_, Self>) {
        let Some(mut walk) = self.walk.take() else { return };
        let counting = cx.system().runtime().blocking(move || {
            let n_pages = walk.by_ref().take(STRIDE).count();
            (walk, n_pages)
        });
        let (walk, n_pages) = match counting.await {
            Ok(counted) => counted,
            Err(lost) => return cx.fail(Failure::from(lost)).await,
        };
        self.n_pages += n_pages as u64;
        if n_pages == STRIDE {
            self.walk = Some(walk);
            // Refused only when it was told to stop, and then it should not go on.
            _ = cx.me().try_tell(Count);
        }
    }
}

impl ReadHandler<Total> for Census {
    async fn read(&self, _: Total, _: &ReadContext<'_, Self>) -> Option<u64> {
        self.walk.is_none().then_some(self.n_pages)
    }
}

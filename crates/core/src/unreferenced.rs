//! Actors that end when nobody holds a ref to them any more.

use std::sync::Arc;

use crate::{
    Actor, StopReason,
    cell::Cell,
    life,
    mailbox::{Order, Verb},
};

/// What the refs of such an actor share. When the last of them goes, the actor handles what it was
/// sent, and ends.
pub struct Keep<A: Actor>(Arc<Cell<A>>);

impl<A: Actor> Keep<A> {
    pub(crate) const fn new(cell: Arc<Cell<A>>) -> Self {
        Self(cell)
    }

    pub(crate) const fn cell(&self) -> &Arc<Cell<A>> {
        &self.0
    }
}

impl<A: Actor> Drop for Keep<A> {
    fn drop(&mut self) {
        life::order(&self.0, Order::new(Verb::Drain, StopReason::Unreferenced));
    }
}

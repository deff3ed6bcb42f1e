//! What goes along with whatever is sent on this thread.

use std::{cell::Cell, sync::Arc};

use super::Bag;

thread_local! {
    /// Whether anything does: looked at by every tell, and free of the price of a value that is dropped.
    static IS_SET: Cell<bool> = const { Cell::new(false) };
    static BAG: Cell<Option<Arc<Bag>>> = const { Cell::new(None) };
}

/// Whether anything goes along.
#[inline]
pub(crate) fn is_set() -> bool {
    IS_SET.get()
}

/// What goes along.
#[inline]
pub(crate) fn get() -> Option<Arc<Bag>> {
    if is_set() { look() } else { None }
}

#[cold]
fn look() -> Option<Arc<Bag>> {
    let bag = exchange(None);
    exchange(bag.clone());
    bag
}

/// Something else goes along, or nothing. Gives out what did.
#[inline]
pub(crate) fn replace(bag: Option<Arc<Bag>>) -> Option<Arc<Bag>> {
    if bag.is_none() && !is_set() {
        return None;
    }
    exchange(bag)
}

#[cold]
fn exchange(bag: Option<Arc<Bag>>) -> Option<Arc<Bag>> {
    IS_SET.set(bag.is_some());
    // Nothing goes along with what a thread does in its last moments.
    BAG.try_with(|it| it.replace(bag)).ok().flatten()
}

//! The queue of an actor: what it holds, in which order, and what happens when it is full.

mod inbox;
mod lanes;
mod options;
mod priority;
mod queue;
mod senders;

pub(crate) use inbox::{Admission, Inbox, Order, Stage, Verb};
pub(crate) use lanes::{Lanes, Pick};
pub use options::{Capacity, MailboxOptions, Overflow};
pub use priority::Priority;
pub(crate) use queue::Queue;
pub(crate) use senders::{Place, Senders};

//! The queue of an actor: what it holds, in which order, and what happens when it is full.

mod inbox;
mod lanes;
mod options;
mod order;
mod priority;
mod queue;
mod senders;

pub(crate) use inbox::{Admission, Inbox, Renewal, Stage, WATCHED};
pub(crate) use lanes::{Lanes, Pick};
pub use options::{Capacity, MailboxOptions, Overflow};
pub(crate) use order::{Order, Verb};
pub use priority::Priority;
pub(crate) use queue::Queue;
pub(crate) use senders::{Place, Senders};

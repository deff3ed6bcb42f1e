//! Tasks: plain futures that run beside actors, each with an owner.
//!
//! Read `standing.rs` first: how far the cancellation of one task has come, as a pure machine. Then
//! `running.rs`, the future around the user's, which does what it says. `record.rs` is what others see
//! and touch of a task, `holder.rs` who owns it, and `list.rs` where all of a system are found.
//! `current.rs` is how a task finds itself, for `cancel.rs` and `shield.rs`; `beside.rs` is what actors
//! start, and `pipe.rs` how it comes back to them.
//!
//! A task runs once and is waited for, or told of; what is to run again when it fails is a child, and
//! stands in `work/`.

mod beside;
mod cancel;
mod current;
mod handle;
mod holder;
mod id;
mod info;
mod list;
mod pipe;
mod record;
mod running;
mod shield;
mod standing;

pub(crate) use self::{
    beside::{end_incarnation, holder_if_any, holder_of},
    handle::Slot,
    holder::{Holder, Spawned},
    list::TaskList,
    record::Plan,
    standing::Tenure,
};
pub use self::{
    cancel::{Cancelled, cancelled, checkpoint, is_cancelled},
    handle::{JoinError, Task},
    id::{ScopeId, TaskId},
    info::{TaskCounters, TaskInfo, TaskKind, TaskOwner, TaskState},
    shield::shield,
};

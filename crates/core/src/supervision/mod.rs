//! What is done about a child that has ended: rules, budgets, and the machine that decides.
//!
//! Nothing in here reads a clock, holds a lock, runs a task or calls user code. `restart.rs` judges
//! one end; `supervisor/` turns ends, orders and the passing of time into effects, which the owner's
//! cell carries out.

mod backoff;
mod check;
mod child;
mod restart;
mod strategy;
mod supervisor;
mod window;

pub use self::{
    backoff::Backoff,
    child::ChildSpec,
    restart::{Restart, RestartRecord, Verdict},
    strategy::{Strategy, Supervision},
    window::RestartWindow,
};
pub(crate) use self::{
    check::Check,
    child::Rules,
    supervisor::{Effect, Input, Key, LAST_GRACE, Manner, Standing, Supervisor, last_grace_at},
};

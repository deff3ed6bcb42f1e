//! Worlds, seen from outside.

#![allow(clippy::unwrap_used, reason = "a test may")]
#![allow(clippy::disallowed_methods, reason = "here they are shown to do no harm")]

// The derives write `::ghostlight`.
extern crate ghostlight_core as ghostlight;

mod actors;
mod clocks;
mod crashes;
mod explored;
mod explored_deadlocks;
mod explored_lending;
mod exploring;
mod faults;
mod links;
mod order_at_the_end;
mod probes;
mod pruning;
mod replay;
mod scopes;
mod seam;
mod stories;
mod storm;
mod strategies;
mod support;
mod tasks;
mod waits;

//! What actors on one node do, as sentences.
//!
//! Time is virtual unless a test needs real threads. A test that runs on `Listed` and `Plain`, or
//! on both `Path`s, says that the one and the other cannot be told apart.

#![allow(clippy::disallowed_methods, reason = "tests are the outside: tokio is what they run on")]
#![allow(clippy::unwrap_used, reason = "in a test it says where, and the error says why")]

extern crate ghostlight_core as ghostlight;

mod actors;
mod asks;
mod auto_traits;
mod belongings;
mod blocking;
mod cancel;
mod cancel_turns;
mod counters;
mod creating;
mod dead_letters;
mod deadlines;
mod deadlocks;
mod draining;
mod endpoint;
mod errors;
mod escalation;
mod forwarding;
mod groups;
mod health;
mod high_water;
mod hooks;
mod kin;
mod lending;
mod lifecycle;
mod linking;
mod mailbox;
mod managing;
mod messages;
mod model;
mod on_caller;
mod order;
mod orders;
mod overflow;
mod ownership;
mod panics;
mod priority;
mod refs;
mod registry;
mod replies;
mod reporting;
mod restarts;
mod shutdown;
mod stash;
mod stopping;
mod strategies;
mod supervision;
mod support;
mod systems;
mod timers;
mod unreferenced;
mod watching;
mod watching_elsewhere;
mod watching_restarts;
mod watchman;
mod work;

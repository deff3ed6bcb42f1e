//! Core in worlds: what it promises, in as many orders as there are seeds.
//!
//! `cargo x bite` plants faults in core and holds these tests to catching them. Most of what is
//! decided here by chance is when something happens: the moments are few, so that things often
//! happen at the same one, and the world chooses which comes first.

#![allow(clippy::unwrap_used, reason = "a test may")]
#![allow(clippy::disallowed_methods, reason = "in a world, the clock of tokio is virtual")]

// The derives write `::ghostlight`.
extern crate ghostlight_core as ghostlight;

mod asks;
mod families;
mod groups;
mod lives;
mod mailboxes;
mod names;
mod overflow;
mod restarts;
mod stashes;
mod strategies;
mod support;
mod timers;
mod turns;
mod watching;

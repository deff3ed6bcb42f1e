//! A world in one thread: virtual time, seeded order, faults, probes.

#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, reason = "a world is where time and tasks come from")]

mod breach;
mod clock;
mod digest;
mod drive;
mod engine;
mod explore;
mod fault;
mod finish;
mod ground;
mod harm;
mod panic_text;
mod probe;
mod replay;
mod run;
mod shrink;
mod strategy;
mod surroundings;
mod task;
mod timers;
mod trace;
mod unleash;
mod witness;
mod world;

pub use ghostlight_macros::test;

pub use breach::Breach;
pub use explore::{Explored, Explorer, Found, explore};
pub use fault::{Fault, Plan, When};
pub use probe::{Expect, Probe, Received};
pub use replay::{Replay, UnreadReplay};
pub use strategy::Strategy;
pub use task::TaskId;
pub use trace::{Event, Record, Story};
pub use world::World;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

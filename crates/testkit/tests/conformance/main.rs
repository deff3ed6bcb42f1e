//! The conformance suite of core, each test in worlds of many seeds.
//!
//! `GHOSTLIGHT_SEEDS=1000` runs each in so many worlds; a test that fails prints the line that replays
//! it. The tests themselves stand in `core/tests/it`.

#![allow(clippy::disallowed_methods, reason = "tests are the outside")]
#![allow(clippy::unwrap_used, reason = "in a test it says where, and the error says why")]

extern crate ghostlight_core as ghostlight;

mod stage;
#[path = "../../../core/tests/it/suite.rs"]
mod suite;
mod task;

use suite::*;

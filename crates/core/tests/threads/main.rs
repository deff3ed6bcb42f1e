//! What actors on one node do, on threads and in real time.
//!
//! The tests are those of `tests/it`; what needs virtual time or a single thread is left out.

#![allow(clippy::disallowed_methods, reason = "tests are the outside: tokio is what they run on")]
#![allow(clippy::unwrap_used, reason = "in a test it says where, and the error says why")]

extern crate ghostlight_core as ghostlight;

#[path = "../it/on_tokio.rs"]
mod on_tokio;
mod stage;
#[path = "../it/suite.rs"]
mod suite;

use suite::*;

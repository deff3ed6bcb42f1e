//! What actors on one node do, as sentences, whatever backend they are on.
//!
//! Time is virtual unless a test needs real threads. A test that runs on `Listed` and `Plain`, or
//! on both `Path`s, says that the one and the other cannot be told apart.
//!
//! The same tests run on real threads (`tests/threads`) and in worlds (`tests/conformance` of the
//! testkit): each binary has a `stage`, and takes the tests from `suite.rs`.

#![allow(clippy::disallowed_methods, reason = "tests are the outside: tokio is what they run on")]
#![allow(clippy::unwrap_used, reason = "in a test it says where, and the error says why")]

extern crate ghostlight_core as ghostlight;

mod on_tokio;
mod quiet;
mod stage;
#[path = "suite.rs"]
mod suite;

use suite::*;

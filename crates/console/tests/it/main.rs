//! The command, as its user runs it.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod demo;
#[cfg(target_os = "linux")]
mod interrupt;
mod poison;

//! The documented expansion is the actual one.
//!
//! A macro crate lets nobody call its functions, so their files are compiled once more in here.
//! After a wanted change: `UPDATE_EXPECT=1 cargo test -p ghostlight-macros`.

#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "../../src/actor.rs"]
mod actor;
#[path = "../../src/handlers.rs"]
mod handlers;
#[path = "../../src/message.rs"]
mod message;
#[path = "../../src/test.rs"]
mod test;

mod expansions;

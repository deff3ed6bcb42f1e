//! What the platform asks of its surroundings: now, sleep, spawn, a thread, a random number.
//!
//! This crate is *the one seam*: everything above it takes time, tasks, threads, chance and byte
//! streams from a [`Runtime`], and from nowhere else. A lint refuses the originals. Because of that
//! a test can put a [`Surroundings`] of its own behind the handle (virtual time, a seeded order of
//! tasks, a simulated network) and replay a run exactly, and no type above it carries a parameter
//! for it.
//!
//! | asked for | as |
//! |---|---|
//! | time | [`Runtime::now`], [`Runtime::wall_now`], [`Runtime::sleep`], [`Runtime::sleep_until`] |
//! | tasks | [`Runtime::spawn`], [`Runtime::block_on`], [`Runtime::poll_proceed`] |
//! | tasks that block | [`Runtime::spawn_on_blocking`], [`Runtime::spawn_on_thread`] |
//! | threads | [`Runtime::blocking`], [`Runtime::thread`] |
//! | chance | [`Runtime::rng`] |
//! | byte streams | [`Runtime::network`] |
//!
//! ```
//! use ghostlight_rt::Runtime;
//!
//! let runtime = Runtime::multi_thread();
//! let sum = runtime.block_on(async {
//!     let work = runtime.blocking(|| (1..=4).sum::<u32>());
//!     work.await.unwrap()
//! });
//! assert_eq!(sum, 10);
//! ```

#![allow(clippy::disallowed_methods, reason = "the one crate that asks the surroundings")]
#![forbid(unsafe_code)]

mod instant;
mod network;
mod on_blocking;
mod on_thread;
mod rng;
mod runtime;
mod stopwatch;
mod surroundings;
mod task;
mod tokio_answer;

pub use instant::Instant;
pub use network::{ByteStream, Listener, Network};
pub use rng::Rng;
pub use runtime::Runtime;
pub use stopwatch::Stopwatch;
pub use surroundings::{BoxFuture, Surroundings};
pub use task::{Blocking, Lost, Sleep, Task};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

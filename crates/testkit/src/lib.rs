//! A world in one thread: virtual time, seeded order, faults, probes.
//!
//! A [`World`] is what the platform asks for time, tasks, threads and chance, in a test. One thread
//! runs one task after the other; when none can run, the clock jumps to the next moment at which
//! something is due. The order of tasks and every draw of chance follow from one seed, so a run that
//! failed can be had again.
//!
//! ```
//! # extern crate ghostlight_core as ghostlight;
//! use std::time::Duration;
//! use ghostlight::{Actor, Context, Handler, Message};
//! use ghostlight_testkit::explore;
//!
//! #[derive(Message)]
//! #[message(reply = u32)]
//! struct Next;
//!
//! #[derive(Actor)]
//! #[actor(handles(Next))]
//! struct Counter(u32);
//!
//! impl Handler<Next> for Counter {
//!     async fn handle(&mut self, _: Next, _: &mut Context<'_, Self>) -> u32 {
//!         let before = self.0;
//!         tokio::time::sleep(Duration::from_secs(1)).await; // takes no time
//!         self.0 = before + 1;
//!         self.0
//!     }
//! }
//!
//! explore(50, |world| {
//!     let counter = world.system("counting").spawn(Counter(0));
//!     let (one, other) =
//!         world.block_on(async { tokio::join!(counter.ask(Next), counter.ask(Next)) });
//!     assert_eq!(one.unwrap() + other.unwrap(), 1 + 2);
//! });
//! ```
//!
//! | want | take |
//! |---|---|
//! | many orders of one test, and the smallest that fails | [`explore`], [`Explorer`], [`macro@test`] |
//! | every order of a small test, or one of all that come to the same | [`Exhaust`] |
//! | time | [`World::advance`], [`World::advance_to_next`], [`World::run_until_idle`], [`World::settle`] |
//! | the world, from a task or a helper | [`World::handle`] |
//! | what happened | [`World::telling`], [`World::story`] |
//! | who waits for what | [`World::waits`], what [`World::run_until_idle`] gives |
//! | somebody to talk to | [`World::probe`] |
//! | things going wrong | [`Plan`], [`Fault`], [`World::unleash`], [`World::crash`] |
//! | what lies between systems, and under them | [`World::links`], [`World::disk`] |
//! | that nothing was left over | [`World::finish`], which [`explore`] calls |
//!
//! # What a world does not reach
//!
//! Code that asks the operating system for time, threads or chance gets them. A thread that wakes a
//! task is reported with its name, work handed to a thread of tokio's with the place in the code; for
//! the rest each seed is run twice, and where the two runs part is shown. A `tokio::select!` that is
//! not `biased` is seeded only where tokio is built with `--cfg tokio_unstable`.
//!
//! # Reading the source
//!
//! `engine.rs` is what a world is made of, `drive.rs` how it is driven, and `clock.rs` and `ground.rs`
//! how tokio comes in. `strategy.rs` chooses, `trace.rs` writes down, `witness.rs` is told by systems.
//! `run.rs` is one run, `explore.rs` many, `shrink.rs` makes one small, `replay.rs` is its line, and
//! `asked.rs` what the environment asks for. `exhaust.rs` runs all orders; `survey.rs` sees what each
//! step touched, and `prune.rs` decides which orders come to the same. `fault.rs` names what can go
//! wrong and `unleash.rs` does it, to actors by `harm.rs`, to packets by `link.rs`, to bytes by
//! `disk.rs`, and to whole systems by `crash.rs`.

#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, reason = "a world is where time and tasks come from")]

mod asked;
mod breach;
mod clock;
mod crash;
mod digest;
mod disk;
mod drive;
mod engine;
mod exhaust;
mod explore;
mod fault;
mod finish;
mod ground;
mod handle;
mod harm;
mod link;
mod nested;
mod panic_text;
mod probe;
mod prune;
mod replay;
mod roster;
mod run;
mod shrink;
mod spelling;
mod strategy;
mod surroundings;
mod survey;
mod task;
mod timers;
mod trace;
mod unleash;
mod wait;
mod witness;
mod world;

pub use ghostlight_macros::test;

pub use breach::Breach;
pub use disk::{Disk, DiskFault};
pub use exhaust::{Covered, Exhaust};
pub use explore::{Explored, Explorer, Found, explore};
pub use fault::{Fault, Plan, Ways, When};
pub use handle::Handle;
pub use link::{Fate, LinkClosed, LinkEnd, LinkOptions, Links};
pub use probe::{Expect, Probe, Received};
pub use replay::{Replay, UnreadReplay};
pub use spelling::UnreadStrategy;
pub use strategy::Strategy;
pub use task::TaskId;
pub use trace::{Event, Record, Story};
pub use wait::{Wait, Waits};
pub use world::World;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

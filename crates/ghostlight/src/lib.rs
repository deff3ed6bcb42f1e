//! The actor platform for Rust that stays on: one crate to depend on.
//!
//! ```
//! use ghostlight::prelude::*;
//!
//! #[derive(Message)]
//! #[message(reply = u64)]
//! struct Add(u64);
//!
//! #[derive(Actor)]
//! #[actor(handles(Add))]
//! struct Sum(u64);
//!
//! impl Handler<Add> for Sum {
//!     async fn handle(&mut self, Add(n): Add, _cx: &mut Context<'_, Self>) -> u64 {
//!         self.0 += n;
//!         self.0
//!     }
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let system = System::new("arithmetic");
//! let sum = system.spawn(Sum(0));
//! sum.tell(Add(40)).await?;
//! assert_eq!(sum.ask(Add(2)).await?, 42);
//! # Ok(())
//! # }
//! ```
//!
//! | where to go on | |
//! |---|---|
//! | the book | [getting started](https://github.com/ghostlight-rs/ghostlight/tree/main/docs/book) and what follows |
//! | actors | [`Actor`], [`Handler`], [`Message`], [`System`], [`ActorRef`] |
//! | sending | [`ActorRef::tell`], [`ActorRef::ask`], [`Recipient`], [`TellError`], [`AskError`] |
//! | mailboxes | [`MailboxOptions`], [`Overflow`], [`Priority`] |
//! | failing and ending | [`Context::supervise`], [`ChildSpec`], [`Failure`], [`StopReason`], [`System::shutdown`] |
//! | knowing of each other | [`Context::watch`], [`Context::link`], [`Terminated`], [`Observer`] |
//! | finding each other | [`System::register`], [`System::lookup`], [`System::lookup_or_spawn`], [`Group`] |
//! | later, or not now | [`Context::after`], [`Context::every`], [`Timer`], [`MissedTicks`], [`Context::stash`] |
//! | several things at once | [`Scope`], [`Joiner`], [`Task`], [`Context::pipe`], [`checkpoint`], [`shield()`] |
//! | what goes along | [`Context::remaining`], [`Context::cancelled`], [`CallContext`] |
//! | how it goes | [`ActorRef::health`], [`Health`], [`Counters`], [`Observer`], [`WatchdogOptions`] |
//! | the surroundings | [`Runtime`] |

#![forbid(unsafe_code)]

pub use ghostlight_core::*;
pub use ghostlight_rt::{Instant, Rng, Runtime};
/// Worlds to test in: virtual time, seeded order, faults, probes.
#[cfg(feature = "testkit")]
pub use ghostlight_testkit as testkit;
#[cfg(feature = "testkit")]
pub use ghostlight_testkit::test;

/// What almost every file that has an actor in it wants.
///
/// ```
/// use ghostlight::prelude::*;
/// ```
pub mod prelude {
    pub use ghostlight_core::{
        Actor, ActorRef, AskError, Capacity, Context, Create, Failure, Handler, MailboxOptions,
        Message, ReadContext, ReadHandler, Recipient, SpawnOptions, StopReason, System, TellError,
        handlers,
    };
}

/// What is written in the README and the book compiles and does what it says.
#[cfg(doctest)]
mod book {
    #[doc = include_str!("../../../README.md")]
    mod readme {}

    #[doc = include_str!("../../../docs/book/README.md")]
    mod contents {}

    #[doc = include_str!("../../../docs/book/getting-started.md")]
    mod getting_started {}

    #[doc = include_str!("../../../docs/book/messages-and-replies.md")]
    mod messages_and_replies {}

    #[doc = include_str!("../../../docs/book/mailboxes-and-overflow.md")]
    mod mailboxes_and_overflow {}

    #[doc = include_str!("../../../docs/book/let-it-crash.md")]
    mod let_it_crash {}

    #[doc = include_str!("../../../docs/book/shutting-down-well.md")]
    mod shutting_down_well {}

    #[doc = include_str!("../../../docs/book/naming-and-finding-actors.md")]
    mod naming_and_finding_actors {}

    #[doc = include_str!("../../../docs/book/timers-and-states.md")]
    mod timers_and_states {}

    #[cfg(feature = "testkit")]
    #[doc = include_str!("../../../docs/book/testing-actors.md")]
    mod testing_actors {}
    #[doc = include_str!("../../../docs/book/structured-concurrency.md")]
    mod structured_concurrency {}

    #[doc = include_str!("../../../docs/book/reentrancy-without-fear.md")]
    mod reentrancy_without_fear {}

    #[doc = include_str!("../../../docs/book/deadlines-and-cancellation.md")]
    mod deadlines_and_cancellation {}

    #[doc = include_str!("../../../docs/book/finding-a-stuck-system.md")]
    mod finding_a_stuck_system {}

    #[doc = include_str!("../../../docs/book/when-not-to-use-an-actor.md")]
    mod when_not_to_use_an_actor {}
}

//! Actors on one node: state, mailbox, turn, life and death.
//!
//! An [`Actor`] owns state and handles [`Message`]s one after another; a [`System`] is the world it
//! lives in; an [`ActorRef`] is how others reach it. This crate knows no bytes, no sockets and no
//! other node.
//!
//! ```
//! # extern crate ghostlight_core as ghostlight;
//! use ghostlight::{Actor, Context, Handler, Message, System};
//!
//! #[derive(Message)]
//! #[message(reply = Result<i64, Overdrawn>)]
//! struct Withdraw { cents: i64 }
//!
//! #[derive(Debug, PartialEq)]
//! struct Overdrawn;
//!
//! #[derive(Actor)]
//! #[actor(handles(Withdraw))]
//! struct Account { cents: i64 }
//!
//! impl Handler<Withdraw> for Account {
//!     async fn handle(
//!         &mut self,
//!         Withdraw { cents }: Withdraw,
//!         _cx: &mut Context<'_, Self>,
//!     ) -> Result<i64, Overdrawn> {
//!         let left = self.cents - cents;
//!         if left < 0 {
//!             return Err(Overdrawn);
//!         }
//!         self.cents = left;
//!         Ok(left)
//!     }
//! }
//!
//! let system = System::new("bank");
//! let account = system.spawn(Account { cents: 100 });
//! system.block_on(async {
//!     assert_eq!(account.ask(Withdraw { cents: 30 }).await.unwrap(), Ok(70));
//!     assert_eq!(account.ask(Withdraw { cents: 90 }).await.unwrap(), Err(Overdrawn));
//! });
//! ```
//!
//! # Reading the source
//!
//! `runner/` is the task of an actor: take the core, run turns, lay it down. `core.rs` says what
//! a core is and who may hold it, `cell.rs` where it rests, `protocol/` how messages of many types
//! share a queue without boxes, `ask/` how a request meets its reply, `life.rs` how it all ends.

#![forbid(unsafe_code)]
#![allow(
    unnameable_types,
    missing_debug_implementations,
    unreachable_pub,
    reason = "what sealed traits speak of is public, but nobody's to name; a test asks `Debug` of the rest"
)]

// The derives write `::ghostlight`, which for the code in here is this crate.
extern crate self as ghostlight;

mod actor;
mod actor_ref;
mod ask;
mod cell;
mod context;
mod core;
mod counters;
mod dead_letter;
mod endpoint;
mod error;
mod failure;
mod id;
mod life;
mod mailbox;
mod message;
mod observe;
mod protocol;
mod recipient;
mod run;
mod runner;
mod signal;
mod spawn;
mod stop_reason;
mod sync;
mod system;
mod tell;

pub use ghostlight_macros::{Actor, Message, handlers};

pub use crate::{
    actor::{Actor, Create, Handler, ReadHandler},
    actor_ref::{ActorRef, DrainBudget, WeakActorRef},
    ask::{Ask, Asking, Outcome, ReplyPort},
    context::{Context, Mode, ReadContext},
    counters::Counters,
    dead_letter::{DeadLetter, DeadLetters, DeadReason},
    endpoint::{Deliver, Endpoint, Outbound},
    error::{AskError, Delivery, Refused, TellError},
    failure::{Cause, Failure},
    id::ActorId,
    mailbox::{Capacity, MailboxOptions, Overflow, Priority},
    message::{Message, MessageType, WireName},
    observe::{Observer, Subject},
    protocol::{Boxed, Protocol, surface},
    recipient::Recipient,
    spawn::SpawnOptions,
    stop_reason::{StopFailure, StopReason},
    system::{ActorInfo, ShutdownReport, System, SystemBuilder},
    tell::{Tell, Telling},
};

/// What the derives write, and nobody else needs to.
#[doc(hidden)]
pub mod derived {
    pub use crate::protocol::{Choose, Fit, Slot};
}

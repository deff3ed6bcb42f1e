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
//! One message: `runner/` is the task of an actor: take the core, run turns, lay it down. `core.rs`
//! says what a core is and who may hold it, `cell.rs` where it rests, `protocol/` how messages of many
//! types share a queue without boxes, `ask/` how a request meets its reply, `stash.rs` how one is set
//! aside, and `timer/` how one comes later.
//!
//! One life: `life.rs` is where it begins and ends, and `runner/ending.rs` how a task goes about that.
//! `supervision/restart.rs` judges one end, `supervision/supervisor/` is the machine that decides for
//! all children of one owner, `family.rs` the shell that carries out what it says, `children.rs` what
//! owners call. `lineage.rs` is where the next incarnation comes from, and `work/` dresses up what is no
//! actor.
//!
//! Tasks: `task/standing.rs` is how far cancelling one has come, `task/running.rs` the future that obeys
//! it, `task/holder.rs` who owns it, and `scope/` what users make of that.
//!
//! Others: `kin.rs` holds what ties an actor to others, `watch.rs` tells them of its end, and
//! `registry/` and `group/` are how they find it meanwhile.

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
mod backend;
mod budget;
mod call;
mod cell;
mod checkup;
mod children;
mod context;
mod core;
mod counters;
mod dead_letter;
mod endpoint;
mod error;
mod failure;
mod family;
mod group;
mod health;
mod here;
mod hosting;
mod id;
mod kin;
mod lend;
mod life;
mod lineage;
mod mailbox;
mod member;
mod message;
mod observe;
mod prepared;
mod protocol;
mod reads;
mod recipient;
mod registry;
mod run;
mod runner;
mod scope;
mod signal;
mod spawn;
mod stash;
mod status;
mod stop_reason;
mod supervision;
mod sync;
mod system;
mod task;
mod tell;
mod term;
mod thread_bound;
mod timeout;
mod timer;
mod turn;
mod unreferenced;
mod waits;
mod watch;
mod watch_restarts;
mod watchdog;
mod work;
mod yield_budget;

pub use ghostlight_macros::{Actor, Message, handlers};

pub use crate::{
    actor::{Actor, Create, Handler, OnFailure, ReadHandler},
    actor_ref::{ActorRef, DrainBudget, WeakActorRef},
    ask::{Ask, Asking, Outcome, ReplyPort},
    backend::Backend,
    call::{BaggageTooLarge, CallContext, NotATrace, TraceContext},
    checkup::{CheckingHealth, HealthCheck},
    children::{Child, Children, NoSuchChild},
    context::{Context, Mode, ReadContext},
    counters::Counters,
    dead_letter::{DeadLetter, DeadLetters, DeadReason},
    endpoint::{Deliver, Endpoint, Outbound},
    error::{AskError, Delivery, Refused, TellError},
    failure::{Cause, Failure},
    group::{BroadcastReport, Group, GroupChange, GroupChanges, GroupInfo, JoinGroupError},
    health::Health,
    id::ActorId,
    lend::{Admit, Lent, LentAsk},
    mailbox::{Capacity, MailboxOptions, Overflow, Priority},
    message::{Message, MessageType, WireName},
    observe::{Observer, Passage, Subject},
    prepared::Prepared,
    protocol::{Boxed, Protocol, surface},
    recipient::Recipient,
    registry::{LookupError, RegisterError},
    scope::{
        AllCompleted, AllSuccessful, FirstFailure, FirstSuccess, Joiner, Quorum, QuorumError,
        Scope, ScopeOwner, ScopeReport, TaskError, Unjoined,
    },
    spawn::SpawnOptions,
    status::{Ended, Status},
    stop_reason::{Exhausted, LinkedEnd, StopFailure, StopReason},
    supervision::{
        Backoff, ChildSpec, Restart, RestartRecord, RestartWindow, Strategy, Supervision, Verdict,
    },
    system::{Abandoned, ActorInfo, Departed, ShutdownReport, System, SystemBuilder},
    task::{
        Cancelled, JoinError, ScopeId, Task, TaskCounters, TaskId, TaskInfo, TaskKind, TaskOwner,
        TaskState, cancelled, checkpoint, is_cancelled, shield,
    },
    tell::{Tell, Telling},
    thread_bound::ThreadBound,
    timeout::{HandlerTimeout, OnTimeout, SlowTurn},
    timer::{MissedTicks, Timer},
    turn::TurnKind,
    waits::{Deadlock, WaitFor, WaitInfo},
    watch::{How, Terminated, Watcher},
    watch_restarts::Restarted,
    watchdog::{Blame, PollTime, Severity, StarvationEvent, WatchdogOptions},
    work::{Engine, EngineActor, HandleOf, Job},
    yield_budget::{YieldBudget, yield_every},
};

/// What the derives write, and nobody else needs to.
#[doc(hidden)]
pub mod derived {
    pub use crate::protocol::{Choose, Fit, Slot};
}

//! What may cross threads and what may move: one line per public type.

use ghostlight::{
    ActorId, ActorInfo, ActorRef, Ask, AskError, Asking, BroadcastReport, Cancelled, Capacity,
    Cause, CheckingHealth, Context, Counters, DeadLetter, DeadLetters, DeadReason, Delivery,
    DrainBudget, Failure, FirstSuccess, Group, GroupChange, GroupChanges, GroupInfo, Health,
    HealthCheck, JoinError, JoinGroupError, LookupError, MailboxOptions, MessageType, MissedTicks,
    Mode, Outbound, Overflow, Priority, Quorum, QuorumError, ReadContext, Recipient, Refused,
    RegisterError, ReplyPort, Scope, ScopeId, ScopeReport, ShutdownReport, SpawnOptions,
    StopReason, Subject, System, SystemBuilder, Task, TaskCounters, TaskError, TaskId, TaskInfo,
    TaskKind, TaskOwner, TaskState, Tell, TellError, Telling, Timer, WeakActorRef, WireName,
};

use crate::{
    stage::{self, conformance},
    support::{Add, Journal, Listed, Note},
};

type It = Journal<Listed>;

macro_rules! assert_auto_traits {
    ($($type:ty: $($bound:ident)&+;)*) => {
        $(const _: () = {
            const fn check<T: $($bound +)+ ?Sized>() {}
            check::<$type>();
        };)*
    };
}

assert_auto_traits! {
    ActorId: Send & Sync & Unpin & Copy;
    ActorInfo: Send & Sync & Unpin & Clone;
    ActorRef<It>: Send & Sync & Unpin & Clone;
    Ask<'static, Add, ActorRef<It>>: Send & Sync & Unpin;
    Ask<'static, Add, Recipient<Add>>: Send & Sync & Unpin;
    AskError<Add>: Send & Sync & Unpin;
    Asking<'static, Add, ActorRef<It>>: Send & Unpin;
    Asking<'static, Add, Recipient<Add>>: Send & Unpin;
    BroadcastReport: Send & Sync & Unpin & Clone;
    Capacity: Send & Sync & Unpin & Copy;
    Cause: Send & Sync & Unpin & Clone;
    CheckingHealth<'static, It>: Send & Unpin;
    HealthCheck<'static, It>: Send & Sync & Unpin;
    Health: Send & Sync & Unpin & Clone;
    Context<'static, It>: Send & Sync & Unpin;
    Counters: Send & Sync & Unpin & Copy;
    DeadLetter: Send & Unpin;
    DeadLetters: Send & Sync & Unpin;
    DeadReason: Send & Sync & Unpin & Copy;
    Delivery: Send & Sync & Unpin & Copy;
    DrainBudget: Send & Sync & Unpin & Copy;
    Failure: Send & Sync & Unpin & Clone;
    Group<Add>: Send & Sync & Unpin & Clone;
    GroupChange: Send & Sync & Unpin & Copy;
    GroupChanges: Send & Sync & Unpin;
    GroupInfo: Send & Sync & Unpin & Clone;
    JoinGroupError: Send & Sync & Unpin & Copy;
    LookupError: Send & Sync & Unpin & Clone;
    MailboxOptions: Send & Sync & Unpin & Copy;
    MessageType: Send & Sync & Unpin & Copy;
    MissedTicks: Send & Sync & Unpin & Copy;
    Mode: Send & Sync & Unpin & Copy;
    Outbound<'static>: Unpin;
    Overflow: Send & Sync & Unpin & Copy;
    Priority: Send & Sync & Unpin & Copy;
    ReadContext<'static, It>: Send & Sync & Unpin;
    Recipient<Add>: Send & Sync & Unpin & Clone;
    Refused: Send & Sync & Unpin & Copy;
    RegisterError: Send & Sync & Unpin & Clone;
    ReplyPort<u64>: Send & Unpin;
    ShutdownReport: Send & Sync & Unpin;
    SpawnOptions: Send & Sync & Unpin & Clone;
    Cancelled: Send & Sync & Unpin & Copy;
    JoinError: Send & Sync & Unpin & Clone;
    Quorum: Send & Sync & Unpin & Copy;
    QuorumError<u64, String>: Send & Sync & Unpin & Clone;
    Scope: Send & Sync & Unpin & Clone;
    Scope<FirstSuccess, std::cell::Cell<u64>, String>: Send & Sync & Unpin & Clone;
    ScopeId: Send & Sync & Unpin & Copy;
    ScopeReport: Send & Sync & Unpin & Clone;
    StopReason: Send & Sync & Unpin & Clone;
    Task<std::cell::Cell<u64>>: Send & Sync & Unpin;
    TaskCounters: Send & Sync & Unpin & Copy;
    TaskError<String>: Send & Sync & Unpin & Clone;
    TaskId: Send & Sync & Unpin & Copy;
    TaskInfo: Send & Sync & Unpin & Clone;
    TaskKind: Send & Sync & Unpin & Copy;
    TaskOwner: Send & Sync & Unpin & Copy;
    TaskState: Send & Sync & Unpin & Copy;
    Subject<'static>: Send & Sync & Unpin & Copy;
    System: Send & Sync & Unpin & Clone;
    SystemBuilder: Send & Sync & Unpin;
    Tell<'static, Note, ActorRef<It>>: Send & Sync & Unpin;
    TellError<Note>: Send & Sync & Unpin;
    Telling<'static, Note, ActorRef<It>>: Send & Unpin;
    Telling<'static, Note, Recipient<Note>>: Send & Unpin;
    Timer: Send & Sync & Unpin;
    WeakActorRef<It>: Send & Sync & Unpin & Clone;
    WireName: Send & Sync & Unpin & Copy;
    dyn ghostlight::Endpoint: Send & Sync;
    dyn ghostlight::Observer: Send & Sync;
}

/// A message, a reply and a state need to be `Send`, and nothing more: none of these is `Sync`, nor
/// do they keep a ref from being shared.
struct Unshared(std::cell::Cell<u64>);
#[derive(Debug, ghostlight::Message)]
#[message(reply = std::cell::Cell<u64>)]
struct Swap(std::cell::Cell<u64>);
impl ghostlight::Actor for Unshared {
    type Protocol = (Swap,);
}
impl ghostlight::Handler<Swap> for Unshared {
    async fn handle(&mut self, Swap(it): Swap, cx: &mut Context<'_, Self>) -> std::cell::Cell<u64> {
        cx.sleep(std::time::Duration::ZERO).await;
        self.0.swap(&it);
        it
    }
}

assert_auto_traits! {
    ActorRef<Unshared>: Send & Sync & Clone;
    Group<Swap>: Send & Sync & Clone;
    Recipient<Swap>: Send & Sync & Clone;
    WeakActorRef<Unshared>: Send & Sync & Clone;
    ReplyPort<std::cell::Cell<u64>>: Send;
    Context<'static, Unshared>: Send;
}

#[conformance]
async fn a_state_and_its_messages_need_not_be_sync() {
    let system = stage::system("test");
    let actor = system.spawn(Unshared(std::cell::Cell::new(1)));
    let asked = stage::spawn(async move { actor.ask(Swap(std::cell::Cell::new(2))).await });
    assert_eq!(asked.await.unwrap().unwrap().get(), 1);
}

/// A `Result` of one should not make its caller's stack frames large.
#[test]
fn error_types_are_small() {
    let sizes = [size_of::<TellError<u64>>(), size_of::<AskError<u64>>(), size_of::<StopReason>()];
    assert!(sizes.iter().all(|it| *it <= 64), "{sizes:?}");
}

/// Nobody pays with room for what may go along: that finds its place when it does.
#[test]
fn a_tell_is_no_larger_for_what_may_go_along() {
    type Sending<'a> = Telling<'a, Swap, ActorRef<Unshared>>;
    let parts = size_of::<&u8>() + size_of::<Option<Swap>>() + size_of::<Option<Box<u8>>>();
    let limit_and_priority = 24 + 8;
    assert!(size_of::<Sending<'_>>() <= parts + limit_and_priority, "{}", size_of::<Sending<'_>>());
}

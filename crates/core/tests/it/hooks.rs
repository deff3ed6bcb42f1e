//! What runs before the first message and after the last, D-08, D-15, D-19, D-20.

use std::{
    mem,
    pin::Pin,
    sync::Mutex,
    task::{Context as TaskContext, Poll},
    time::Duration,
};

use ghostlight::{
    Actor, Context, DeadReason, DrainBudget, Failure, Handler, Message, Refused, StopReason,
};

use crate::{
    stage::{self, conformance},
    support::{Gate, Log, Path, Witness, assert_conserved, dead, ended, rest, soon},
};

/// What a hook or handler of [`Staged`] does.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Nothing,
    Wait(Gate),
    Fail(&'static str),
    Declare(&'static str),
    Panic(&'static str),
    Stop,
}

struct Staged {
    log: Log<String>,
    start: Act,
    stop: Act,
}

impl Staged {
    fn new(log: &Log<String>, start: Act, stop: Act) -> Self {
        Self { log: log.clone(), start, stop }
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        self.log.push("dropped".to_owned());
    }
}

impl Actor for Staged {
    type Protocol = (Step,);

    async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        self.log.push("started".to_owned());
        match self.start.clone() {
            Act::Nothing => {}
            Act::Wait(gate) => gate.pass().await,
            Act::Fail(text) => return Err(Failure::recoverable(text)),
            Act::Declare(text) => return cx.fail(Failure::recoverable(text)).await,
            Act::Panic(text) => panic!("{text}"),
            Act::Stop => cx.stop(),
        }
        Ok(())
    }

    async fn stopped(&mut self, reason: &StopReason, cx: &mut Context<'_, Self>) {
        self.log.push(format!("stopped: {reason}"));
        match self.stop.clone() {
            Act::Nothing | Act::Fail(_) => {}
            Act::Wait(gate) => gate.pass().await,
            Act::Declare(text) => cx.fail(Failure::recoverable(text)).await,
            Act::Panic(text) => panic!("{text}"),
            Act::Stop => cx.stop(),
        }
        self.log.push("after stopped".to_owned());
    }
}

#[derive(Debug, Message)]
#[message(reply = u32)]
pub(crate) struct Step(pub(crate) Act);

impl Handler<Step> for Staged {
    async fn handle(&mut self, Step(act): Step, cx: &mut Context<'_, Self>) -> u32 {
        self.log.push("step".to_owned());
        match act {
            Act::Nothing | Act::Fail(_) => {}
            Act::Wait(gate) => gate.pass().await,
            Act::Declare(text) => return cx.fail(Failure::fatal(text)).await,
            Act::Panic(text) => panic!("{text}"),
            Act::Stop => cx.stop(),
        }
        7
    }
}

#[conformance]
async fn the_order_is_always_create_started_messages_stopped_dropped() {
    for path in Path::BOTH {
        let system = stage::system("test");
        let log = Log::default();
        let actor = system.spawn(Staged::new(&log, Act::Nothing, Act::Nothing));
        actor.tell(Step(Act::Nothing)).await.unwrap();
        path.ask(&actor, Step(Act::Nothing)).await.unwrap();
        actor.stop();
        ended(&actor).await;
        let expected = ["started", "step", "step", "stopped: stopped", "after stopped", "dropped"];
        assert_eq!(log.all(), expected, "{path:?}");
    }
}

#[conformance]
async fn started_runs_exactly_once_and_before_any_message() {
    let system = stage::system("test");
    let log = Log::default();
    let actor = system.spawn(Staged::new(&log, Act::Nothing, Act::Nothing));
    soon("start", actor.wait_started()).await.unwrap();
    assert_eq!(log.all(), ["started"]);
    for _ in 0..3 {
        actor.tell(Step(Act::Nothing)).await.unwrap();
        rest().await;
        soon("start, again", actor.wait_started()).await.unwrap();
    }
    assert_eq!(log.all().iter().filter(|it| *it == "started").count(), 1);
}

/// A start that goes wrong in each way it can.
async fn failed_start(act: Act, text: &str) {
    let witness = Witness::default();
    let system = stage::system_with("test", |it| it.observer(witness.clone()));
    let mut letters = system.dead_letters(10);
    let log = Log::default();
    let actor = system.spawn(Staged::new(&log, act.clone(), Act::Nothing));
    let told = actor.try_tell(Step(Act::Nothing));
    assert!(told.is_ok() || stage::is_real(), "{act:?}: it has not failed yet");
    let asker = actor.clone();
    let asked = stage::spawn(async move { asker.ask(Step(Act::Stop)).await });

    let why = soon("failed start", actor.wait_started()).await.expect_err("it did not start");
    assert!(matches!(why, StopReason::StartFailed(_)), "{act:?}: {why}");
    assert_eq!(why.failure().map(ToString::to_string).as_deref(), Some(text), "{act:?}");
    let end = ended(&actor).await;
    assert_eq!(end.to_string(), why.to_string(), "{act:?}: both waits tell the same");
    assert_eq!(log.all(), ["started", "dropped"], "{act:?}: no message, and no `stopped`");
    assert!(
        witness.0.all().contains(&format!("failed: {text}")),
        "{act:?}: {witness:?}",
        witness = witness.0.all()
    );

    let error = soon("end of the ask", asked).await.unwrap().unwrap_err();
    assert_eq!(error.refused(), Some(Refused::Stopped), "{act:?}");
    assert!(error.into_message().is_some(), "{act:?}: it never ran, so its asker gets it back");
    let reasons: Vec<_> = dead::<Step>(&mut letters).into_iter().map(|it| it.1).collect();
    assert_eq!(reasons, vec![DeadReason::StartFailed; told.iter().count()], "{act:?}");
    assert!(system.actors().is_empty(), "{act:?}: its place is free again");
    assert_conserved(&system);
}

#[conformance]
async fn an_error_in_started_reaches_wait_started_with_its_text() {
    failed_start(Act::Fail("no disk"), "no disk").await;
}

#[conformance]
async fn a_panic_in_started_does_the_same_as_an_error() {
    failed_start(Act::Panic("no head"), "no head").await;
}

#[conformance]
async fn a_failure_declared_in_started_does_the_same_as_an_error() {
    failed_start(Act::Declare("no luck"), "no luck").await;
}

#[conformance]
async fn whoever_waits_for_the_end_wakes_after_stopped_has_finished() {
    let system = stage::system("test");
    let (log, gate) = (Log::default(), Gate::closed());
    let actor = system.spawn(Staged::new(&log, Act::Nothing, Act::Wait(gate.clone())));
    soon("start", actor.wait_started()).await.unwrap();
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let actor = actor.clone();
            stage::spawn(async move { actor.wait_stopped().await.to_string() })
        })
        .collect();
    actor.stop();
    gate.arrived().await;
    rest().await;
    assert!(waiting.iter().all(|it| !it.is_finished()), "`stopped` has not finished");
    gate.open();
    for it in waiting {
        assert_eq!(soon("end", it).await.unwrap(), "stopped");
        assert_eq!(log.all().last().map(String::as_str), Some("dropped"), "state goes first");
    }
}

#[conformance]
async fn stopped_runs_after_a_failure_and_is_told_of_it() {
    for (act, text) in
        [(Act::Panic("torn"), "failed: torn"), (Act::Declare("worn"), "failed: worn")]
    {
        for path in Path::BOTH {
            let system = stage::system("test");
            let log = Log::default();
            let actor = system.spawn(Staged::new(&log, Act::Nothing, Act::Nothing));
            soon("start", actor.wait_started()).await.unwrap();
            let error = soon("end of the ask", path.ask(&actor, Step(act.clone()))).await;
            assert!(error.unwrap_err().failure().is_some(), "{path:?}");
            assert_eq!(ended(&actor).await.to_string(), text, "{path:?}");
            let stopped = format!("stopped: {text}");
            assert_eq!(log.all(), ["started", "step", &stopped, "after stopped", "dropped"]);
            assert_conserved(&system);
        }
    }
}

#[conformance]
async fn stop_in_an_ask_still_delivers_the_reply() {
    for path in Path::BOTH {
        let system = stage::system("test");
        let log = Log::default();
        let actor = system.spawn(Staged::new(&log, Act::Nothing, Act::Nothing));
        soon("start", actor.wait_started()).await.unwrap();
        assert_eq!(soon("reply", path.ask(&actor, Step(Act::Stop))).await.unwrap(), 7);
        assert!(!actor.is_alive(), "{path:?}");
        assert!(matches!(ended(&actor).await, StopReason::Normal), "{path:?}");
        let expected = ["started", "step", "stopped: ended by itself", "after stopped", "dropped"];
        assert_eq!(log.all(), expected, "{path:?}");
        assert_conserved(&system);
    }
}

#[conformance]
async fn an_actor_that_stops_itself_in_started_handles_nothing() {
    let system = stage::system("test");
    let mut letters = system.dead_letters(10);
    let log = Log::default();
    let actor = system.spawn(Staged::new(&log, Act::Stop, Act::Stop));
    let told = actor.try_tell(Step(Act::Nothing));
    assert!(told.is_ok() || stage::is_real(), "it has not ended yet");
    assert!(matches!(ended(&actor).await, StopReason::Normal));
    let expected = ["started", "stopped: ended by itself", "after stopped", "dropped"];
    assert_eq!(log.all(), expected);
    assert_eq!(dead::<Step>(&mut letters).len(), usize::from(told.is_ok()));
}

/// However `stopped` fails, that is in the reason, and nothing else breaks.
async fn failing_stopped(act: Act, text: &str) {
    let system = stage::system("test");
    let log = Log::default();
    let sibling = system.spawn(Staged::new(&Log::default(), Act::Nothing, Act::Nothing));
    let actor = system.spawn(Staged::new(&log, Act::Nothing, act.clone()));
    soon("start", actor.wait_started()).await.unwrap();
    let begin = system.runtime().now();
    actor.stop_because("enough");
    let reason = ended(&actor).await;
    let took = system.runtime().now() - begin;
    assert!(took < Duration::from_secs(1), "{act:?}: it failed at once, and took {took:?}");
    assert_eq!(log.all().last().map(String::as_str), Some("dropped"), "{act:?}");
    assert_eq!(sibling.ask(Step(Act::Nothing)).await.unwrap(), 7, "{act:?}: siblings live on");
    assert!(reason.to_string().contains(text), "{act:?}: the reason was only {reason:?}");
}

#[conformance(virtual_time)]
async fn a_panic_in_stopped_is_in_the_reason_and_hurts_nobody() {
    failing_stopped(Act::Panic("bad farewell"), "bad farewell").await;
}

#[conformance]
async fn a_failure_declared_in_stopped_is_in_the_reason_and_hurts_nobody() {
    failing_stopped(Act::Declare("bad farewell"), "bad farewell").await;
}

#[conformance]
async fn a_graceful_end_is_never_reported_as_a_failure_and_its_text_arrives() {
    let witness = Witness::default();
    let system = stage::system_with("test", |it| it.observer(witness.clone()));
    let log = Log::default();
    let actor = system.spawn(Staged::new(&log, Act::Nothing, Act::Nothing));
    actor.stop_because("the shop closes");
    let reason = ended(&actor).await;
    assert!(reason.failure().is_none());
    assert_eq!(reason.to_string(), "stopped: the shop closes");
    assert_eq!(log.all()[1], "stopped: stopped: the shop closes");
    assert_eq!(witness.0.all(), ["stopped: stopped: the shop closes"]);
}

#[conformance]
async fn draining_while_started_runs_still_handles_what_was_admitted() {
    let system = stage::system("test");
    let (log, gate) = (Log::default(), Gate::closed());
    let actor = system.spawn(Staged::new(&log, Act::Wait(gate.clone()), Act::Nothing));
    gate.arrived().await;
    actor.try_tell(Step(Act::Nothing)).unwrap();
    actor.drain(DrainBudget::default());
    gate.open();
    ended(&actor).await;
    assert_eq!(log.all(), ["started", "step", "stopped: stopped", "after stopped", "dropped"]);
}

/// Its hooks are futures that capture nothing at all, and so have no size.
struct Curt;
static HOOKS: Mutex<Vec<&str>> = Mutex::new(Vec::new());
struct Begin;
impl Future for Begin {
    type Output = Result<(), Failure>;
    fn poll(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Self::Output> {
        HOOKS.lock().unwrap().push("started");
        Poll::Ready(Ok(()))
    }
}
struct Finish;
impl Future for Finish {
    type Output = ();
    fn poll(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<()> {
        HOOKS.lock().unwrap().push("stopped");
        Poll::Ready(())
    }
}
impl Actor for Curt {
    type Protocol = ();

    fn started(
        &mut self,
        _: &mut Context<'_, Self>,
    ) -> impl Future<Output = Result<(), Failure>> + Send {
        Begin
    }

    fn stopped(
        &mut self,
        _: &StopReason,
        _: &mut Context<'_, Self>,
    ) -> impl Future<Output = ()> + Send {
        Finish
    }
}

#[conformance]
async fn a_hook_that_captures_nothing_runs_like_any_other() {
    let system = stage::system("test");
    let actor = system.spawn(Curt);
    actor.stop();
    ended(&actor).await;
    assert_eq!(mem::take(&mut *HOOKS.lock().unwrap()), ["started", "stopped"]);
    let actor = system.spawn(Curt);
    actor.kill();
    ended(&actor).await;
    assert_eq!(mem::take(&mut *HOOKS.lock().unwrap()), ["started"]);
}

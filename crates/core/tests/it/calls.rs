//! What goes along with a call goes along with all that it leads to, and with nothing else: G-21.

use std::{future::Future, pin::Pin, time::Duration};

use ghostlight::{
    Actor, ActorRef, Admit, CallContext, Context, Handler, JoinError, Message, NotATrace,
    ReadContext, ReadHandler, System, TraceContext,
};

use crate::{
    stage::{self, conformance},
    support::{Gate, Log, Path, rest, soon},
};

const HEADER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// An actor that does what it is told, and notes what comes along.
#[derive(Actor)]
#[actor(handles(Run, Note, Look, Done))]
struct Hop {
    log: Log<Seen>,
}

/// What was seen to come along: the tenant, and the trace.
type Seen = (Option<String>, Option<String>);

type Doing<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;
type Script = Box<dyn for<'a> FnOnce(&'a mut Hop, &'a mut Context<'_, Hop>) -> Doing<'a> + Send>;

#[derive(Message)]
#[message(reply = ())]
struct Run(Script);

#[derive(Message)]
#[message(reply = ())]
struct Note;

/// Not listed, and handled all the same.
#[derive(Message)]
#[message(reply = ())]
struct Unlisted;

/// Only reads; waits at the gate if there is one.
#[derive(Message)]
#[message(reply = ())]
struct Look(Option<Gate>);

#[derive(Message)]
struct Done(#[expect(dead_code, reason = "it is the coming that counts")] Result<(), JoinError>);

fn seen() -> Seen {
    let call = CallContext::current();
    (call.baggage("tenant").map(str::to_owned), call.trace().map(|it| it.to_string()))
}

impl Hop {
    fn note(&self, cx: &ReadContext<'_, Self>) {
        assert_eq!(cx.call(), CallContext::current());
        self.log.push(seen());
    }
}

impl Handler<Run> for Hop {
    async fn handle(&mut self, Run(script): Run, cx: &mut Context<'_, Self>) {
        self.note(cx);
        script(self, cx).await;
    }
}
impl Handler<Note> for Hop {
    async fn handle(&mut self, _: Note, cx: &mut Context<'_, Self>) {
        self.note(cx);
    }
}
impl Handler<Unlisted> for Hop {
    async fn handle(&mut self, _: Unlisted, cx: &mut Context<'_, Self>) {
        self.note(cx);
    }
}
impl Handler<Done> for Hop {
    async fn handle(&mut self, _: Done, cx: &mut Context<'_, Self>) {
        self.note(cx);
    }
}
impl ReadHandler<Look> for Hop {
    async fn read(&self, Look(gate): Look, cx: &ReadContext<'_, Self>) {
        if let Some(gate) = gate {
            gate.pass().await;
        }
        self.note(cx);
    }
}

fn run<F>(script: F) -> Run
where
    F: for<'a> FnOnce(&'a mut Hop, &'a mut Context<'_, Hop>) -> Doing<'a> + Send + 'static,
{
    Run(Box::new(script))
}

fn hop(system: &System, log: &Log<Seen>) -> ActorRef<Hop> {
    system.spawn(Hop { log: log.clone() })
}

fn acme() -> CallContext {
    let call = CallContext::new().with_trace(HEADER.parse().unwrap());
    call.with_baggage("tenant", "acme").unwrap()
}

fn of_acme() -> Seen {
    (Some("acme".into()), Some(HEADER.into()))
}

const NOTHING: Seen = (None, None);

#[conformance]
async fn asks_and_tells_take_it_along_two_hops_down_and_those_after_have_nothing() {
    for path in Path::BOTH {
        let (system, log) = (stage::system("test"), Log::default());
        let [first, second, third] = [0, 1, 2].map(|_| hop(&system, &log));
        let inner = third.clone();
        let middle = run(move |_, _| {
            Box::pin(async move {
                path.ask(&inner, Note).await.unwrap();
                inner.tell(Note).await.unwrap();
                inner.try_tell(Unlisted).unwrap();
                path.ask(&inner, Unlisted).await.unwrap();
            })
        });
        let next = second.clone();
        let outer =
            run(move |_, _| Box::pin(async move { path.ask(&next, middle).await.unwrap() }));
        soon("end of the call", acme().carry(path.ask(&first, outer))).await.unwrap();
        rest().await;
        assert_eq!(log.take(), vec![of_acme(); 6], "{path:?}");
        assert!(CallContext::current().is_empty());
        for actor in [&first, &second, &third] {
            path.ask(actor, Note).await.unwrap();
            actor.tell(Unlisted).await.unwrap();
        }
        rest().await;
        assert_eq!(log.take(), vec![NOTHING; 6], "{path:?}");
    }
}

#[conformance]
async fn a_turn_that_waits_has_it_again_when_it_goes_on_and_nobody_else_has_it() {
    for path in Path::BOTH {
        let (system, log) = (stage::system("test"), Log::default());
        let (actor, other) = (hop(&system, &log), hop(&system, &log));
        let gate = Gate::closed();
        let held = gate.clone();
        let waits = run(move |_, _| {
            Box::pin(async move {
                held.pass().await;
                path.ask(&other, Note).await.unwrap();
            })
        });
        let asking = stage::spawn({
            let actor = actor.clone();
            async move { acme().carry(path.ask(&actor, waits)).await }
        });
        gate.arrived().await;
        assert!(CallContext::current().is_empty());
        actor.tell(Note).await.unwrap();
        gate.open();
        soon("reply", asking).await.unwrap().unwrap();
        rest().await;
        assert_eq!(log.take(), [of_acme(), of_acme(), NOTHING], "{path:?}");
    }
}

#[conformance]
async fn more_is_sent_by_sending_in_a_larger_one() {
    for path in Path::BOTH {
        let (system, log) = (stage::system("test"), Log::default());
        let (actor, other) = (hop(&system, &log), hop(&system, &log));
        let outer = run(move |hop, cx| {
            Box::pin(async move {
                let call = cx.call().with_baggage("tenant", "apex").unwrap();
                call.carry(path.ask(&other, Note)).await.unwrap();
                let call = CallContext::new().with_baggage("tenant", "zenith").unwrap();
                call.carry_now(|| other.try_tell(Note)).unwrap();
                hop.note(cx);
            })
        });
        acme().carry(path.ask(&actor, outer)).await.unwrap();
        rest().await;
        let tenant = |it: &str| Some(it.to_owned());
        let mut log = log.take();
        let zenith = (tenant("zenith"), None);
        let at = log.iter().position(|it| *it == zenith).expect("the tell arrives");
        log.remove(at);
        assert_eq!(log, [of_acme(), (tenant("apex"), Some(HEADER.into())), of_acme()]);
    }
}

#[conformance]
async fn what_is_put_aside_or_passed_on_keeps_it() {
    for path in Path::BOTH {
        let (system, log) = (stage::system("test"), Log::default());
        let (actor, other) = (hop(&system, &log), hop(&system, &log));
        let passes_on =
            run(move |_, cx| Box::pin(async move { cx.forward(&other, Unlisted).await }));
        acme().carry(path.ask(&actor, passes_on)).await.unwrap();
        assert_eq!(log.take(), [of_acme(), of_acme()]);

        let puts_aside = run(move |_, cx| Box::pin(async move { cx.stash(Note).await }));
        let restores = run(move |_, cx| {
            Box::pin(async move {
                cx.unstash_all();
            })
        });
        acme().carry(actor.tell(puts_aside)).await.unwrap();
        actor.tell(restores).await.unwrap();
        rest().await;
        assert_eq!(log.take(), [of_acme(), NOTHING, of_acme()], "{path:?}");
    }
}

#[conformance]
async fn tasks_pipes_and_blocking_work_take_it_along_and_timers_do_not() {
    let (system, log) = (stage::system("test"), Log::default());
    let (actor, other) = (hop(&system, &log), hop(&system, &log));
    let outer = run(move |_, cx| {
        let (scope, blocking) = (cx.scope(), cx.blocking(seen, |_| Done(Ok(()))));
        let (task, of_task) = (other.clone(), other.clone());
        let piped = cx.pipe(async move { other.ask(Note).await.unwrap() }, Done);
        let beside = cx.spawn_task(async move { task.ask(Note).await.unwrap() });
        cx.after(Duration::from_millis(1), Note);
        Box::pin(async move {
            let inner = scope.clone();
            let of_scope = scope.spawn(async move {
                of_task.ask(Note).await.unwrap();
                inner.spawn(async { seen() }).join().await.unwrap()
            });
            assert_eq!(of_scope.join().await.unwrap(), of_acme());
            beside.join().await.unwrap();
            drop((piped, blocking));
        })
    });
    acme().carry(actor.ask(outer)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    rest().await;
    let log = log.take();
    let expected = [of_acme(), of_acme(), of_acme(), of_acme(), of_acme(), of_acme(), NOTHING];
    assert_eq!(log.len(), expected.len(), "{log:?}");
    let n_nothing = log.iter().filter(|it| **it == NOTHING).count();
    assert_eq!(n_nothing, 1, "the timer alone starts afresh: {log:?}");
}

#[conformance]
async fn reads_side_by_side_and_turns_inside_others_have_each_their_own() {
    let (system, log) = (stage::system("test"), Log::default());
    let (actor, other) = (hop(&system, &log), hop(&system, &log));
    let gate = Gate::closed();
    let reads = [acme(), CallContext::new(), acme()].map(|call| {
        let (actor, gate) = (actor.clone(), gate.clone());
        stage::spawn(call.carry(async move { actor.ask(Look(Some(gate))).queued().await }))
    });
    for _ in 0..3 {
        gate.arrived().await;
    }
    actor.tell(Look(None)).await.unwrap();
    acme().carry(actor.tell(Look(None))).await.unwrap();
    rest().await;
    assert_eq!(log.take(), [NOTHING, of_acme()], "both were told, beside those that wait");
    gate.open();
    for read in reads {
        soon("read", read).await.unwrap().unwrap();
    }
    let log = (log.clone(), log.take());
    assert_eq!(log.1.iter().filter(|it| **it == NOTHING).count(), 1, "{:?}", log.1);

    // A tell, a tell that carries, and an ask are let in while a turn of its own call waits.
    let log = log.0;
    let (gate, lent) = (Gate::closed(), actor.clone());
    let held = gate.clone();
    let waits = run(move |_, _| Box::pin(async move { held.pass().await }));
    let lends = run(move |hop, cx| {
        Box::pin(async move {
            cx.lend(hop).admit(Admit::All).ask(&other, waits).await.unwrap();
            hop.note(cx);
        })
    });
    let lending = stage::spawn(acme().carry(async move { lent.ask(lends).await }));
    gate.arrived().await;
    actor.tell(Note).await.unwrap();
    acme().carry(actor.tell(Note)).await.unwrap();
    acme().carry(actor.ask(Note)).await.unwrap();
    actor.ask(Unlisted).await.unwrap();
    gate.open();
    soon("end of lending", lending).await.unwrap().unwrap();
    let [a, n] = [of_acme, || NOTHING];
    assert_eq!(log.take(), [a(), a(), n(), a(), a(), n(), a()]);
}

#[test]
fn a_trace_is_read_as_it_is_written_and_anything_else_is_refused() {
    let trace: TraceContext = HEADER.parse().unwrap();
    assert_eq!((trace.to_string(), trace.is_sampled()), (HEADER.to_owned(), true));
    assert_eq!(trace.trace_id(), 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
    assert_eq!(TraceContext::new(trace.trace_id(), trace.span_id(), true), Some(trace));
    assert_eq!(
        trace.in_span(1).unwrap().to_string(),
        HEADER.replace("00f067aa0ba902b7", "0000000000000001")
    );
    assert_eq!((trace.in_span(0), TraceContext::new(0, 1, true)), (None, None));
    let later = HEADER.replacen("00", "01", 1) + "-more";
    assert_eq!(later.parse(), Ok(trace), "a later version may say more");
    for torn in [
        "",
        "00",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-1",
    ] {
        assert_eq!(torn.parse::<TraceContext>(), Err(NotATrace), "{torn}");
    }
}

#[test]
fn baggage_is_bounded_and_nothing_is_lost_when_it_would_be_too_large() {
    let half = "x".repeat(2000);
    let call = CallContext::new().with_baggage("a", &half).unwrap();
    let call = call.with_baggage("b", &half).unwrap();
    let error = call.clone().with_baggage("c", &half).unwrap_err();
    assert_eq!(error.size, 6003);
    assert!(error.to_string().contains("6003 bytes is too large"), "{error}");
    assert_eq!(call.items().map(|it| it.0).collect::<Vec<_>>(), ["a", "b"]);
    let call = call.with_baggage("a", "new").unwrap();
    assert_eq!(call.baggage("a"), Some("new"), "a name has one value");
    assert!(!format!("{call:?}").contains("new"), "values may be nobody's business");
}

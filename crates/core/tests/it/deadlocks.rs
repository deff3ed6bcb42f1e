//! Waits that would never end are refused, and no others: H-08 to H-15.

// long: the cases of one facility stand side by side, with the actor they share.

use std::{
    future::Future,
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

use ghostlight::{
    Actor, ActorRef, AskError, Capacity, ChildSpec, Context, Deadlock, Handler, MailboxOptions,
    Message, OnTimeout, SpawnOptions, StopReason, System, TellError, WaitFor,
};

use crate::{
    stage::{self, conformance},
    support::{Gate, Log, Path, assert_conserved, rest, soon},
};

type Doing<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// An actor that does what it is told to.
#[derive(Actor)]
#[actor(handles(Run, Nop, Hold))]
struct Doer;

/// Something to be done in a turn.
#[derive(Message)]
#[message(reply = ())]
struct Run(Script);

type Script = Box<dyn for<'a> FnOnce(&'a mut Context<'_, Doer>) -> Doing<'a> + Send>;

/// Nothing.
#[derive(Debug, Message, PartialEq)]
#[message(reply = ())]
struct Nop;

/// Waits at the gate.
#[derive(Message)]
#[message(reply = ())]
struct Hold(Gate);

impl Handler<Run> for Doer {
    async fn handle(&mut self, Run(run): Run, cx: &mut Context<'_, Self>) {
        run(cx).await;
    }
}
impl Handler<Nop> for Doer {
    async fn handle(&mut self, _: Nop, _: &mut Context<'_, Self>) {}
}
impl Handler<Hold> for Doer {
    async fn handle(&mut self, Hold(gate): Hold, _: &mut Context<'_, Self>) {
        gate.pass().await;
    }
}

fn run<F>(run: F) -> Run
where
    F: for<'a> FnOnce(&'a mut Context<'_, Doer>) -> Doing<'a> + Send + 'static,
{
    Run(Box::new(run))
}

fn doer(system: &System, name: &str) -> ActorRef<Doer> {
    system.spawn_with(Doer, SpawnOptions::default().name(name))
}

/// One with room for a single message, which holds on to its turn until the gate is opened.
async fn held(system: &System, is_full: bool) -> (ActorRef<Doer>, Gate) {
    let options = SpawnOptions::default().mailbox(MailboxOptions::wait(Capacity::of::<1>()));
    let (doer, gate) = (system.spawn_with(Doer, options), Gate::closed());
    doer.tell(Hold(gate.clone())).await.unwrap();
    gate.arrived().await;
    if is_full {
        doer.tell(Nop).await.unwrap();
    }
    (doer, gate)
}

/// A turn that asks the first of `others` to ask the next, and so on; the last is asked for nothing.
fn ask_along(mut others: Vec<ActorRef<Doer>>, path: Path, log: Log<Deadlock>) -> Run {
    run(move |_| {
        Box::pin(async move {
            let next = others.remove(0);
            let asked = if others.is_empty() {
                path.ask(&next, Nop).await.map_err(IntoParts::into_parts)
            } else {
                let along = ask_along(others, path, log.clone());
                path.ask(&next, along).await.map_err(IntoParts::into_parts)
            };
            if let Err(Some(cycle)) = asked {
                log.push(cycle);
            }
        })
    })
}

/// What a test wants to know of an error.
trait IntoParts {
    fn into_parts(self) -> Option<Deadlock>;
}
impl<M> IntoParts for AskError<M> {
    fn into_parts(self) -> Option<Deadlock> {
        match self {
            Self::Deadlock { cycle, message } => message.is_some().then_some(cycle),
            _ => None,
        }
    }
}

fn names(cycle: &Deadlock) -> Vec<&str> {
    cycle.cycle().iter().map(|it| &*it.name).collect()
}

#[conformance]
async fn a_ring_of_asks_is_refused_at_once_with_all_named_from_the_lowest_id() {
    for path in Path::BOTH {
        for n in [1, 2, 3, 5, 9] {
            let system = stage::system("test");
            let ring: Vec<_> = (0..n).map(|it| doer(&system, &format!("d{it}"))).collect();
            for first in 0..n {
                let mut others = ring.clone();
                others.rotate_left(first);
                others.rotate_left(1);
                let log = Log::default();
                let begin = tokio::time::Instant::now();
                let along = ask_along(others, path, log.clone());
                soon("end of the first", path.ask(&ring[first], along)).await.unwrap();
                assert!(stage::is_real() || begin.elapsed().is_zero(), "at once");
                let [cycle] = &log.take()[..] else { panic!("one of {n} is refused, by {path:?}") };
                let expected: Vec<_> = (0..n).map(|it| format!("d{it}")).collect();
                assert_eq!(names(cycle), expected, "{path:?}");
                assert!(cycle.cycle().iter().all(|it| it.what == WaitFor::Reply));
                assert!(system.waits().is_empty(), "{:?}", system.waits());
            }
            for actor in &ring {
                path.ask(actor, Nop).await.expect("they all live on");
            }
            assert_conserved(&system);
        }
    }
}

#[conformance]
async fn the_error_tells_who_waits_for_what_of_whom() {
    let system = stage::system("test");
    let (a, b) = (doer(&system, "till"), doer(&system, "bank"));
    let log = Log::default();
    let along = ask_along(vec![b.clone(), a.clone()], Path::Queued, log.clone());
    a.ask(along).await.unwrap();
    let told = log.take()[0].to_string();
    let (a, b) = (a.id(), b.id());
    let expected = format!(
        "deadlock: till {a} waits for the reply to Run of bank {b}, which waits for the reply to Nop of \
         till {a}"
    );
    assert_eq!(told, expected);
}

#[conformance]
async fn chains_and_diamonds_are_never_refused() {
    for path in Path::BOTH {
        let system = stage::system("test");
        let chain: Vec<_> = (0..200).map(|it| doer(&system, &format!("c{it}"))).collect();
        let log = Log::default();
        let along = ask_along(chain[1..].to_vec(), path, log.clone());
        soon("end of the chain", path.ask(&chain[0], along)).await.unwrap();
        // Two at once, which both end at the third.
        let [top, left, right, bottom] = [0, 1, 2, 3].map(|it| chain[it].clone());
        let inner = log.clone();
        let both = run(move |_| {
            Box::pin(async move {
                let side = |next: ActorRef<Doer>| ask_along(vec![next], path, inner.clone());
                let (one, other) = (side(bottom.clone()), side(bottom));
                let asked = tokio::join!(path.ask(&left, one), path.ask(&right, other));
                assert!(asked.0.is_ok() && asked.1.is_ok());
            })
        });
        soon("end of the diamond", path.ask(&top, both)).await.unwrap();
        assert!(log.all().is_empty(), "{:?}", log.all());
        assert!(system.waits().is_empty());
    }
}

#[conformance]
async fn each_of_the_waits_of_one_turn_closes_a_circle_until_it_ends() {
    let system = stage::system("test");
    let [a, b, c] = ["a", "b", "c"].map(|it| doer(&system, it));
    let (gate, log) = (Gate::closed(), Log::default());
    let (to_b, to_c, held) = (b.clone(), c.clone(), gate.clone());
    let back = ask_along(vec![a.clone()], Path::Queued, log.clone());
    let both = run(move |_| {
        Box::pin(async move {
            let (b, c) = (to_b.ask(Hold(held)).queued(), to_c.ask(back).queued());
            let (b, c) = tokio::join!(b, c);
            assert!(b.is_ok() && c.is_ok());
        })
    });
    a.tell(both).await.unwrap();
    rest().await;
    assert_eq!(log.take().iter().map(names).collect::<Vec<_>>(), [["a", "c"]]);
    let waits: Vec<_> = system.waits().iter().map(|it| (it.actor, it.on)).collect();
    assert_eq!(waits, [(a.id(), b.id())], "the other has ended");
    gate.open();
    rest().await;
    assert!(system.waits().is_empty());
}

#[conformance]
async fn when_others_of_its_waits_have_ended_the_one_that_is_left_still_closes_a_circle() {
    for left in 0..3 {
        let system = stage::system("test");
        let [a, b, c] = ["a", "b", "c"].map(|it| doer(&system, it));
        let (gate, log) = (Gate::closed(), Log::default());
        let (held, seen, of_a) = (gate.clone(), log.clone(), a.clone());
        let back = run(move |_| {
            Box::pin(async move {
                held.pass().await;
                if let Err(AskError::Deadlock { cycle, .. }) = of_a.ask(Nop).await {
                    seen.push(cycle);
                }
            })
        });
        let all = run(move |_| {
            Box::pin(async move {
                let b = async { b.ask(back).queued().await.is_ok() };
                let c = async || c.ask(Nop).queued().await.is_ok();
                let all = match left {
                    0 => tokio::join!(b, c(), c()),
                    1 => tokio::join!(c(), b, c()),
                    _ => tokio::join!(c(), c(), b),
                };
                assert_eq!(all, (true, true, true));
            })
        });
        a.tell(all).await.unwrap();
        gate.arrived().await;
        rest().await;
        assert_eq!(system.waits().len(), 1, "those for c have ended");
        gate.open();
        rest().await;
        assert_eq!(log.take().iter().map(names).collect::<Vec<_>>(), [["a", "b"]], "{left}");
        assert!(system.waits().is_empty());
    }
}

#[conformance]
async fn whoever_waits_for_one_that_waits_on_two_ways_for_the_same_is_not_refused() {
    let system = stage::system("test");
    let [outer, top, left, right, bottom, last] =
        ["outer", "top", "left", "right", "bottom", "last"].map(|it| doer(&system, it));
    let (gate, log) = (Gate::closed(), Log::default());
    last.tell(Hold(gate.clone())).await.unwrap();
    gate.arrived().await;
    let along = |others| ask_along(others, Path::Queued, log.clone());
    bottom.tell(along(vec![last])).await.unwrap();
    let (one, other) = (along(vec![bottom.clone()]), along(vec![bottom]));
    let both = run(move |_| {
        Box::pin(async move {
            let asked = tokio::join!(left.ask(one).queued(), right.ask(other).queued());
            assert!(asked.0.is_ok() && asked.1.is_ok());
        })
    });
    top.tell(both).await.unwrap();
    rest().await;
    outer.tell(along(vec![top])).await.unwrap();
    rest().await;
    assert_eq!(system.waits().len(), 6, "{:?}", system.waits());
    assert!(log.all().is_empty(), "{:?}", log.all());
    gate.open();
    rest().await;
    assert!(log.all().is_empty() && system.waits().is_empty());
}

#[conformance]
async fn whoever_keeps_an_ask_that_was_answered_waits_for_nobody() {
    for path in Path::BOTH {
        let system = stage::system("test");
        let (a, b) = (doer(&system, "a"), doer(&system, "b"));
        let (answers, goes_on) = (Gate::closed(), Gate::closed());
        let (held, gate) = (answers.clone(), goes_on.clone());
        let keeps = run(move |_| {
            Box::pin(async move {
                let mut asking = pin!(path.ask(&b, Hold(held)).into_future());
                asking.as_mut().await.unwrap();
                gate.pass().await;
            })
        });
        a.tell(keeps).await.unwrap();
        answers.arrived().await;
        rest().await;
        assert_eq!(system.waits().len(), 1, "{path:?}");
        answers.open();
        goes_on.arrived().await;
        assert!(system.waits().is_empty(), "{path:?}: {:?}", system.waits());
        goes_on.open();
    }
}

#[conformance]
async fn a_wait_is_forgotten_however_it_ends() {
    for how in ["reply", "deadline", "dropped", "panic", "killed", "restarted", "callee gone"] {
        let system = stage::system("test");
        let (a, b) = (doer(&system, "a"), doer(&system, "b"));
        let gate = Gate::closed();
        b.tell(Hold(gate.clone())).await.unwrap();
        gate.arrived().await;
        let to = b.clone();
        let waiting = run(move |cx| {
            let a_while = cx.sleep(Duration::from_secs(1));
            Box::pin(async move {
                let asking = to.ask(Nop).within(Duration::from_secs(5));
                match how {
                    "deadline" => {
                        _ = to.ask(Nop).within(Duration::from_secs(1)).await.unwrap_err();
                    }
                    "dropped" => tokio::select! {
                        _ = asking => {}
                        () = a_while => {}
                    },
                    "panic" => tokio::select! {
                        _ = asking => {}
                        () = a_while => panic!("torn"),
                    },
                    _ => _ = asking.await,
                }
            })
        });
        a.tell(waiting).await.unwrap();
        rest().await;
        assert_eq!(system.waits().len(), 1, "{how}");
        match how {
            "reply" => gate.open(),
            "killed" => a.kill(),
            "restarted" => a.kill(),
            "callee gone" => b.kill(),
            _ => {}
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(system.waits().is_empty(), "{how}: {:?}", system.waits());
        gate.open();
    }
}

#[conformance(virtual_time)]
async fn who_goes_on_with_a_send_whose_time_is_up_waits_for_nobody() {
    for asks in [false, true] {
        let system = stage::system("test");
        let (a, goes_on) = (doer(&system, "a"), Gate::closed());
        let (b, holds) = held(&system, !asks).await;
        let (to, gate) = (b.clone(), goes_on.clone());
        let keeps_it = run(move |_| {
            Box::pin(async move {
                let second = Duration::from_secs(1);
                let mut asking = pin!(to.ask(Nop).queued().within(second).into_future());
                let mut telling = pin!(to.tell(Nop).within(second).into_future());
                if asks {
                    _ = asking.as_mut().await.unwrap_err();
                } else {
                    _ = telling.as_mut().await.unwrap_err();
                }
                gate.pass().await;
            })
        });
        a.tell(keeps_it).await.unwrap();
        rest().await;
        assert_eq!(system.waits().len(), 1);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(system.waits().is_empty(), "{asks}: {:?}", system.waits());
        goes_on.open();
        holds.open();
    }
}

/// Polls `waiting` once, passes the gate, and only then goes on with it.
async fn begun_and_left<F: Future>(waiting: F, gate: Gate) -> F::Output {
    let mut waiting = pin!(waiting);
    std::future::poll_fn(|cx| {
        assert!(waiting.as_mut().poll(cx).is_pending());
        Poll::Ready(())
    })
    .await;
    gate.pass().await;
    waiting.await
}

#[conformance]
async fn a_wait_that_is_over_closes_no_circle_although_nobody_has_gone_on_from_it() {
    for is_ask in [true, false] {
        let system = stage::system("test");
        let (a, gate) = (doer(&system, "a"), Gate::closed());
        let (b, holds) = held(&system, !is_ask).await;
        let (to, held) = (b.clone(), gate.clone());
        let waits = run(move |_| {
            Box::pin(async move {
                match is_ask {
                    true => begun_and_left(to.ask(Nop).queued().into_future(), held).await.unwrap(),
                    false => begun_and_left(to.tell(Nop).into_future(), held).await.unwrap(),
                }
            })
        });
        a.tell(waits).await.unwrap();
        gate.arrived().await;
        assert_eq!(system.waits().len(), 1);
        holds.open();
        rest().await;
        assert!(system.waits().is_empty(), "{:?}", system.waits());
        let (seen, to) = (Log::default(), a.clone());
        let asked = seen.clone();
        let back = run(move |_| Box::pin(async move { asked.push(to.ask(Nop).await.is_ok()) }));
        let asks_back = stage::spawn(async move { b.tell(back).await });
        rest().await;
        gate.open();
        soon("room", asks_back).await.unwrap().unwrap();
        rest().await;
        assert_eq!(seen.take(), [true], "asking: {is_ask}");
        assert_conserved(&system);
    }
}

#[conformance(virtual_time)]
async fn a_wait_that_has_failed_closes_no_circle_although_nobody_has_gone_on_from_it() {
    let late = SpawnOptions::default();
    let late = late.handler_timeout(Duration::from_secs(2), OnTimeout::Cancel);
    // An ask that may be handled by who asks may let others go first; then it has not begun.
    let has_begun = |path: &Path| matches!(path, Path::Queued) || stage::is_in_turn();
    for how in ["panics", "is late", "is killed"] {
        for path in Path::BOTH.into_iter().filter(has_begun) {
            let system = stage::system("test");
            let spec = ChildSpec::permanent().options(late.clone());
            let (a, b) = (doer(&system, "a"), system.supervise(|| Doer, spec));
            let goes_on = Gate::closed();
            let fate = run(move |cx| {
                let a_while = cx.sleep(Duration::from_secs(if how == "panics" { 1 } else { 60 }));
                Box::pin(async move {
                    a_while.await;
                    panic!("torn");
                })
            });
            let (to_b, gate) = (b.clone(), goes_on.clone());
            let asks = run(move |_| {
                Box::pin(async move {
                    let asking = path.ask(&to_b, fate).into_future();
                    begun_and_left(asking, gate).await.unwrap_err();
                })
            });
            a.tell(asks).await.unwrap();
            goes_on.arrived().await;
            rest().await;
            assert_eq!(system.waits().len(), 1, "{how}, {path:?}");
            if how == "is killed" {
                b.kill();
            }
            tokio::time::sleep(Duration::from_secs(4)).await;
            assert!(system.waits().is_empty(), "{how}, {path:?}: {:?}", system.waits());

            let (seen, to_a) = (Log::default(), a.clone());
            let asked = seen.clone();
            let back =
                run(move |_| Box::pin(async move { asked.push(to_a.ask(Nop).await.is_ok()) }));
            b.tell(back).await.unwrap();
            rest().await;
            goes_on.open();
            rest().await;
            assert_eq!(seen.take(), [true], "{how}, {path:?}");
            assert_conserved(&system);
        }
    }
}

#[conformance]
async fn of_two_that_send_into_each_others_full_mailbox_one_is_refused_and_gets_its_message_back() {
    let system = stage::system("test");
    let options = SpawnOptions::default().mailbox(MailboxOptions::wait(Capacity::of::<1>()));
    let [a, b] = ["a", "b"].map(|it| system.spawn_with(Doer, options.clone().name(it)));
    let log: Log<Vec<String>> = Log::default();
    let send = |to: &ActorRef<Doer>, gate: &Gate| {
        let (to, log, gate) = (to.clone(), log.clone(), gate.clone());
        run(move |_| {
            Box::pin(async move {
                gate.pass().await;
                if let Err(error) = to.tell(Nop).await {
                    assert_eq!(error.refused(), None);
                    assert!(!error.is_retryable());
                    if let TellError::Deadlock { cycle, .. } = &error {
                        log.push(names(cycle).iter().map(ToString::to_string).collect());
                        assert!(cycle.cycle().iter().all(|it| it.what == WaitFor::Room));
                    }
                    assert_eq!(error.into_message(), Some(Nop));
                }
            })
        })
    };
    let gate = Gate::closed();
    a.tell(send(&b, &gate)).await.unwrap();
    b.tell(send(&a, &gate)).await.unwrap();
    gate.arrived().await;
    gate.arrived().await;
    // Both are full.
    a.tell(Nop).await.unwrap();
    b.tell(Nop).await.unwrap();
    gate.open();
    rest().await;
    assert_eq!(log.take(), [["a", "b"]]);
    assert!(system.waits().is_empty());
    for actor in [&a, &b] {
        actor.ask(Nop).await.unwrap();
    }
    assert_conserved(&system);
}

#[conformance]
async fn a_turn_that_made_room_by_beginning_may_ask_whoever_stands_in_line_for_it() {
    let system = stage::system("test");
    let (a, holds) = held(&system, false).await;
    let (b, log) = (doer(&system, "b"), Log::default());
    let (to_b, seen) = (b.clone(), log.clone());
    let asks =
        run(move |_| Box::pin(async move { seen.push(to_b.ask(Nop).queued().await.is_ok()) }));
    a.tell(asks).await.unwrap();
    let to_a = a.clone();
    let sends = run(move |_| Box::pin(async move { to_a.tell(Nop).await.unwrap() }));
    b.tell(sends).await.unwrap();
    rest().await;
    assert_eq!(system.waits().len(), 1, "there is no room");
    holds.open();
    rest().await;
    assert_eq!(log.take(), [true]);
    assert!(system.waits().is_empty());
    assert_conserved(&system);
}

#[conformance]
async fn waiting_for_ones_own_end_or_that_of_one_who_waits_for_this_one_is_refused() {
    let system = stage::system("test");
    let (a, b) = (doer(&system, "a"), doer(&system, "b"));
    let log = Log::default();
    let (seen, of_a) = (log.clone(), a.clone());
    let own = run(move |cx| {
        let me = cx.me();
        Box::pin(async move { seen.push(me.wait_stopped().await) })
    });
    a.ask(own).await.unwrap();
    let seen = log.clone();
    let back = run(move |_| Box::pin(async move { seen.push(of_a.wait_stopped().await) }));
    let along = run(move |_| Box::pin(async move { b.ask(back).await.unwrap() }));
    a.ask(along).await.unwrap();
    let seen = log.take();
    let cycles = seen.iter().map(|it| match it {
        StopReason::Deadlock(cycle) => names(cycle),
        other => panic!("{other}"),
    });
    assert_eq!(cycles.collect::<Vec<_>>(), [vec!["a"], vec!["a", "b"]]);
    assert!(!seen[0].is_failure() && a.is_alive() && system.waits().is_empty());
}

#[conformance]
async fn waits_outside_of_turns_and_in_work_that_was_started_make_no_edge() {
    let system = stage::system("test");
    let (a, b) = (doer(&system, "a"), doer(&system, "b"));
    let (of_a, of_b, log) = (a.clone(), b.clone(), Log::default());
    let seen = log.clone();
    // What a handler has started, and does not wait for, may wait for the actor.
    let start = run(move |_| {
        Box::pin(async move {
            stage::spawn(async move { seen.push(of_a.ask(Nop).queued().await.is_ok()) });
            stage::yield_now().await;
            of_b.ask(Nop).queued().await.unwrap();
        })
    });
    a.ask(start).await.unwrap();
    let gate = Gate::closed();
    b.tell(Hold(gate.clone())).await.unwrap();
    let asks = stage::spawn({
        let b = b.clone();
        async move { b.ask(Nop).await }
    });
    rest().await;
    assert!(system.waits().is_empty());
    gate.open();
    asks.await.unwrap().unwrap();
    assert_eq!(log.take(), [true]);
}

#[conformance(virtual_time)]
async fn a_task_that_asks_the_actor_which_joins_it_is_refused_or_the_join_is() {
    let system = stage::system("test");
    let a = doer(&system, "a");
    let log: Log<String> = Log::default();
    let (seen, me) = (log.clone(), a.clone());
    let joins_first = run(move |cx| {
        let scope = cx.scope();
        Box::pin(async move {
            let gate = Gate::closed();
            let held = gate.clone();
            scope.spawn(async move {
                gate.pass().await;
                seen.push(me.ask(Nop).await.unwrap_err().to_string());
            });
            let opens = async {
                held.arrived().await;
                held.open();
            };
            tokio::join!(scope.join(), opens);
        })
    });
    soon("end of the scope", a.ask(joins_first)).await.unwrap();
    let told = log.take();
    assert!(told[0].contains("a ") && told[0].contains("a task "), "{told:?}");

    let (seen, me) = (log.clone(), a.clone());
    let asks_first = run(move |cx| {
        let task = cx.spawn_task(async move { me.ask(Nop).queued().await.is_ok() });
        Box::pin(async move {
            rest().await;
            seen.push(task.join().await.unwrap_err().to_string());
        })
    });
    soon("end of the turn", a.ask(asks_first)).await.unwrap();
    assert!(log.take()[0].starts_with("deadlock: "));
    rest().await;
    assert!(system.waits().is_empty(), "{:?}", system.waits());
}

#[conformance]
async fn what_is_joined_and_asks_others_is_no_circle() {
    let system = stage::system("test");
    let (a, b) = (doer(&system, "a"), doer(&system, "b"));
    let joins = run(move |cx| {
        let scope = cx.scope();
        Box::pin(async move {
            let tasks: Vec<_> = (0..10)
                .map(|_| {
                    let b = b.clone();
                    scope.spawn(async move { b.ask(Nop).queued().await })
                })
                .collect();
            scope.join().await;
            for task in tasks {
                task.join().await.unwrap().unwrap();
            }
        })
    });
    soon("end of the scope", a.ask(joins)).await.unwrap();
    assert!(system.waits().is_empty());
}

#[conformance]
async fn a_turn_knows_who_waits_for_it() {
    for path in Path::BOTH {
        let system = stage::system("test");
        let actors: Vec<_> = (0..4).map(|it| doer(&system, &format!("d{it}"))).collect();
        let log = Log::default();
        let seen = log.clone();
        let mut script = run(move |cx| {
            seen.push(cx.callers());
            Box::pin(async {})
        });
        for next in actors[1..].iter().rev() {
            let (inner, next) = (script, next.clone());
            script = run(move |_| Box::pin(async move { path.ask(&next, inner).await.unwrap() }));
        }
        path.ask(&actors[0], script).await.unwrap();
        let ids: Vec<_> = actors[..3].iter().map(ActorRef::id).collect();
        assert_eq!(log.take(), [ids], "{path:?}");
        let seen = log.clone();
        let told = run(move |cx| {
            seen.push(cx.callers());
            Box::pin(async {})
        });
        actors[0].tell(told).await.unwrap();
        rest().await;
        assert_eq!(log.take(), [[]], "nobody waits for a tell");
        assert!(system.waits().is_empty());
    }
}

#[conformance]
async fn a_turn_is_called_by_nobody_who_waits_for_another_in_its_system() {
    let (near, far) = (stage::system("near"), stage::system("far"));
    let [first, second] = ["first", "second"].map(|it| doer(&near, it));
    let [stranger, parked, third] = ["stranger", "parked", "third"].map(|it| doer(&far, it));
    // The first wait of the one system is none of the other.
    let (gate, log) = (Gate::closed(), Log::default());
    let (held, seen) = (gate.clone(), log.clone());
    let waits = run(move |_| Box::pin(async move { parked.ask(Hold(held)).await.unwrap() }));
    stranger.tell(waits).await.unwrap();
    gate.arrived().await;
    rest().await;
    let tells = run(move |cx| {
        seen.push(cx.callers());
        Box::pin(async {})
    });
    let id = second.id();
    let across = run(move |_| Box::pin(async move { third.ask(tells).queued().await.unwrap() }));
    let along = run(move |_| Box::pin(async move { second.ask(across).queued().await.unwrap() }));
    soon("end of the chain", first.ask(along)).await.unwrap();
    assert_eq!(log.take(), [[id]]);
    gate.open();
    rest().await;
    assert!(near.waits().is_empty() && far.waits().is_empty());
}

#[conformance]
async fn a_system_that_does_not_refuse_deadlocks_waits_until_the_deadline() {
    let system = stage::system_with("test", |it| it.refuse_deadlocks(false));
    let a = doer(&system, "a");
    let log = Log::default();
    let seen = log.clone();
    let own = run(move |cx| {
        let me = cx.me();
        Box::pin(async move { seen.push(me.ask(Nop).within(Duration::from_secs(1)).await) })
    });
    a.ask(own).await.unwrap();
    assert!(matches!(log.take()[..], [Err(AskError::Deadline { .. })]));
}

#[conformance]
async fn a_request_that_is_passed_on_to_whoever_waits_for_it_is_refused() {
    for path in Path::BOTH {
        let system = stage::system("test");
        let (a, b) = (doer(&system, "a"), doer(&system, "b"));
        let log = Log::default();
        let (seen, of_a) = (log.clone(), a.clone());
        let back = run(move |cx| Box::pin(async move { cx.forward(&of_a, Nop).await }));
        let asks = run(move |_| Box::pin(async move { seen.push(path.ask(&b, back).await) }));
        soon("end of the turn", a.ask(asks)).await.unwrap();
        let [Err(AskError::Deadlock { cycle, message: None })] = &log.take()[..] else {
            panic!("{path:?}: whoever waits for itself waits for ever")
        };
        assert_eq!(names(cycle), ["a"], "{path:?}");
        assert!(system.waits().is_empty(), "{path:?}");
    }
}

//! Panics and declared failures: C-12, C-14, C-26, and that nothing else breaks.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use ghostlight::{
    Actor, ActorRef, Context, DeadReason, Failure, Handler, Message, StopReason, System,
};

use crate::{
    stage::{self, conformance},
    support::{
        Add, Boom, Declare, Form, Journal, Listed, Log, Note, Path, Plain, Slow, Witness,
        assert_conserved, dead, ended, park, rest, soon,
    },
};

async fn fails<F: Form>(path: Path, declared: bool) {
    let witness = Witness::default();
    let system = stage::system_with("test", |it| it.observer(witness.clone()));
    let actor = system.spawn(Journal::<F>::new(&Log::default()));
    let begin = system.runtime().now();
    let failure = if declared {
        let error = soon("end of the ask", path.ask(&actor, Declare("out of ink"))).await;
        error.unwrap_err().failure().cloned()
    } else {
        let error = soon("end of the ask", path.ask(&actor, Boom("out of ink"))).await;
        error.unwrap_err().failure().cloned()
    };
    let failure = failure.expect("the asker is told what failed");
    assert_eq!(failure.to_string(), "out of ink");
    assert_eq!(failure.cause().is_panic(), !declared);
    assert_eq!(system.runtime().now(), begin, "promptly");
    let reason = ended(&actor).await;
    assert!(matches!(reason, StopReason::Failed(_)), "{reason}");
    assert_eq!(reason.failure().map(ToString::to_string).as_deref(), Some("out of ink"));
    let seen = witness.0.all();
    assert_eq!(seen, ["failed: out of ink", "stopped: failed: out of ink"], "each once");
    assert_conserved(&system);
}

#[conformance(virtual_time)]
async fn the_asker_of_a_panicking_handler_is_told_promptly_with_the_panic_text() {
    for path in Path::BOTH {
        fails::<Listed>(path, false).await;
        fails::<Plain>(path, false).await;
    }
}

#[conformance(virtual_time)]
async fn a_declared_failure_ends_the_actor_exactly_like_a_panic() {
    for path in Path::BOTH {
        fails::<Listed>(path, true).await;
        fails::<Plain>(path, true).await;
    }
}

#[conformance]
async fn a_failure_after_an_await_is_told_like_one_before_it() {
    for path in Path::BOTH {
        let system = stage::system("test");
        let actor = system.spawn(Late);
        for (n, text) in [(1, "late panic"), (2, "late failure")] {
            let actor = if n == 1 { actor.clone() } else { system.spawn(Late) };
            let error = soon("end of the ask", path.ask(&actor, After(n))).await.unwrap_err();
            let told = error.failure().map(ToString::to_string);
            assert_eq!(told.as_deref(), Some(text), "{path:?}: {error:?}");
            assert!(matches!(ended(&actor).await, StopReason::Failed(_)), "{path:?}");
        }
        assert_conserved(&system);
    }
}

struct Late;
#[derive(Debug, Message)]
#[message(reply = u8)]
struct After(u8);
impl Actor for Late {
    type Protocol = (After,);
}
impl Handler<After> for Late {
    async fn handle(&mut self, After(how): After, cx: &mut Context<'_, Self>) -> u8 {
        cx.sleep(Duration::from_millis(5)).await;
        if how == 1 {
            panic!("late panic");
        }
        cx.fail(Failure::fatal("late failure")).await
    }
}

/// After the asker has heard of the failure, nothing is let in any more.
#[conformance]
async fn an_actor_that_has_failed_takes_no_messages() {
    for path in Path::BOTH {
        for declared in [false, true] {
            let system = stage::system("test");
            let actor = system.spawn(Journal::<Listed>::new(&Log::default()));
            if declared {
                drop(path.ask(&actor, Declare("broken")).await.unwrap_err());
            } else {
                drop(path.ask(&actor, Boom("broken")).await.unwrap_err());
            }
            assert!(!actor.is_alive(), "{path:?}, declared: {declared}");
            let error = actor.try_tell(Note(1)).expect_err("it has failed");
            assert_eq!(error.into_message(), Some(Note(1)));
        }
    }
}

#[conformance]
async fn what_waited_behind_a_failing_message_dies_with_the_reason() {
    let system = stage::system("test");
    let mut letters = system.dead_letters(10);
    let log = Log::default();
    let actor = system.spawn(Journal::<Listed>::new(&log));
    let gate = park(&actor).await;
    actor.try_tell(Note(1)).unwrap();
    actor.try_tell(Boom("middle")).unwrap();
    actor.try_tell(Note(2)).unwrap();
    actor.try_tell(Note(3)).unwrap();
    gate.open();
    assert_eq!(ended(&actor).await.to_string(), "failed: middle");
    assert_eq!(log.all(), [1]);
    let reason = DeadReason::Failed;
    assert_eq!(dead::<Note>(&mut letters), [(Note(2), reason), (Note(3), reason)]);
    assert_conserved(&system);
}

#[conformance]
async fn a_panic_in_an_inlined_ask_does_not_unwind_into_the_caller() {
    let system = stage::system("test");
    let failing = system.spawn(Journal::<Listed>::new(&Log::default()));
    let caller = system.spawn(Caller(failing.clone()));
    assert_eq!(soon("reply", caller.ask(Call)).await.unwrap(), "the handler failed: inner");
    assert!(caller.is_alive() && !soon("end", failing.wait_stopped()).await.to_string().is_empty());
    assert_eq!(soon("reply", caller.ask(Call)).await.unwrap(), "the actor has stopped");
    assert_conserved(&system);
}

struct Caller(ActorRef<Journal<Listed>>);
#[derive(Debug, Message)]
#[message(reply = String)]
struct Call;
impl Actor for Caller {
    type Protocol = (Call,);
}
impl Handler<Call> for Caller {
    async fn handle(&mut self, _: Call, _: &mut Context<'_, Self>) -> String {
        self.0.ask(Boom("inner")).await.unwrap_err().to_string()
    }
}

#[conformance]
async fn a_panic_hurts_neither_siblings_nor_the_worker_thread() {
    let system = stage::system("test");
    let sibling = system.spawn(Journal::<Listed>::new(&Log::default()));
    for n in 1..=20 {
        let actor = system.spawn(Journal::<Listed>::new(&Log::default()));
        actor.tell(Boom("again")).await.unwrap();
        ended(&actor).await;
        assert_eq!(sibling.ask(Add(1)).await.unwrap(), n);
    }
    assert_eq!(system.actors().len(), 1);
}

/// Panics when it is dropped.
#[derive(Debug)]
struct Bomb(Arc<()>);
impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("a destructor panicked");
    }
}

#[derive(Debug, Message)]
struct Hidden(#[expect(dead_code, reason = "only its destructor matters")] Bomb);
struct Bearer(Option<Bomb>);
impl Actor for Bearer {
    type Protocol = (Hidden, Slow);
}
impl Handler<Hidden> for Bearer {
    async fn handle(&mut self, hidden: Hidden, _: &mut Context<'_, Self>) {
        drop(hidden);
    }
}
impl Handler<Slow> for Bearer {
    async fn handle(&mut self, Slow(n): Slow, cx: &mut Context<'_, Self>) -> u64 {
        cx.sleep(Duration::from_secs(n)).await;
        self.0.as_ref().map_or(0, |it| Arc::strong_count(&it.0) as u64)
    }
}

#[conformance]
async fn a_state_that_panics_when_dropped_does_not_keep_its_actor_from_ending() {
    for used in [false, true] {
        let system = stage::system("test");
        let actor = system.spawn(Bearer(Some(Bomb(Arc::new(())))));
        if used {
            actor.tell(Slow(0)).await.unwrap();
            rest().await;
        }
        actor.stop();
        assert!(matches!(ended(&actor).await, StopReason::Stopped(None)));
        assert!(system.actors().is_empty());
    }
}

#[conformance]
async fn a_queued_message_that_panics_when_dropped_does_not_keep_its_actor_from_ending() {
    let system = stage::system("test");
    let actor = system.spawn(Bearer(None));
    actor.tell(Slow(100)).await.unwrap();
    rest().await;
    actor.try_tell(Hidden(Bomb(Arc::new(())))).unwrap();
    actor.try_tell(Slow(1)).unwrap();
    actor.kill();
    assert!(matches!(ended(&actor).await, StopReason::Killed));
    assert!(system.actors().is_empty());
    assert_conserved(&system);
}

/// Sends to a full mailbox when it is dropped, so that a dead letter makes a dead letter.
#[derive(Debug)]
struct Parting(ActorRef<Journal<Listed>>);
impl Drop for Parting {
    fn drop(&mut self) {
        _ = self.0.try_tell(Note(1));
    }
}
#[derive(Debug, Message)]
struct Farewell(#[expect(dead_code, reason = "only its destructor matters")] Parting);
struct Listener;
impl Actor for Listener {
    type Protocol = (Farewell,);
}
impl Handler<Farewell> for Listener {
    async fn handle(&mut self, _: Farewell, _: &mut Context<'_, Self>) {}
}

/// A message's destructor is the user's code: it may do what it likes, so no lock may be held.
#[test]
fn a_message_may_send_while_it_is_dropped() {
    use ghostlight::{Capacity, MailboxOptions, SpawnOptions};
    let (done, finished) = mpsc::channel();
    let body = move || {
        let system = System::new("test");
        let one = MailboxOptions::drop_newest(Capacity::of::<1>());
        let full = system.spawn_with(
            Journal::<Listed>::new(&Log::default()),
            SpawnOptions::default().mailbox(one),
        );
        system.block_on(async {
            let gate = park(&full).await;
            full.try_tell(Note(0)).unwrap();
            // Into a subscription that is then given up with the letter in it.
            for subscribed in [true, false] {
                let letters = subscribed.then(|| system.dead_letters(10));
                let listener = system.spawn(Listener);
                listener.kill();
                let farewell = || Farewell(Parting(full.clone()));
                drop(listener.try_tell(farewell()));
                let listener = system.spawn_with(
                    Listener,
                    SpawnOptions::default()
                        .mailbox(MailboxOptions::drop_oldest(Capacity::of::<1>())),
                );
                (0..5).for_each(|_| listener.try_tell(farewell()).unwrap());
                drop(letters);
                (0..5).for_each(|_| listener.try_tell(farewell()).unwrap());
                listener.kill();
            }
            gate.open();
            full.stop();
            full.wait_stopped().await;
        });
        assert_conserved(&system);
        done.send(()).expect("the test waits for this");
    };
    std::thread::spawn(body);
    let finished = finished.recv_timeout(Duration::from_secs(20));
    finished.expect("a message was dropped under a lock, and its destructor waits for that lock");
}

//! What dropping each public future does: tell, ask, wait_stopped, wait_started, shutdown,
//! DeadLetters::recv, Context::{cancelled, defer, forward, fail}.

use std::{
    future::Future,
    pin::pin,
    task::{Context as TaskContext, Poll, Waker},
    time::Duration,
};

use ghostlight::{
    Actor, ActorRef, Capacity, Context, Failure, MailboxOptions, SpawnOptions, StopReason, System,
};

use crate::{
    stage::{self, conformance},
    support::{
        Add, Gate, Journal, Listed, Log, Note, Path, Slow, assert_conserved, ended, park, rest,
        soon,
    },
};

/// Polls so many times, and drops it.
fn poll_and_drop<T>(times: usize, future: impl IntoFuture<Output = T>) {
    let mut future = pin!(future.into_future());
    for _ in 0..times {
        let polled = future.as_mut().poll(&mut TaskContext::from_waker(Waker::noop()));
        assert!(polled.is_pending(), "this must be dropped while it waits");
    }
}

fn full(system: &System, log: &Log<u64>) -> ActorRef<Journal<Listed>> {
    let options = SpawnOptions::default().mailbox(MailboxOptions::wait(Capacity::of::<1>()));
    system.spawn_with(Journal::new(log), options)
}

#[conformance(one_thread)]
async fn a_tell_dropped_before_it_returns_was_not_sent_and_costs_nobody_his_place() {
    let system = stage::system("test");
    let log = Log::default();
    let actor = full(&system, &log);
    drop(actor.tell(Note(100)));
    poll_and_drop(0, actor.tell(Note(101)));
    let gate = park(&actor).await;
    actor.try_tell(Note(1)).unwrap();
    for times in 1..3 {
        poll_and_drop(times, actor.tell(Note(102)));
        poll_and_drop(times, actor.tell(Note(103)).within(Duration::from_secs(1)));
    }
    // In the middle of the line, and at its head with a place already kept.
    let (sender, behind) = (actor.clone(), actor.clone());
    let gone = stage::spawn(async move { sender.tell(Note(104)).await });
    rest().await;
    let stays = stage::spawn(async move { behind.tell(Note(2)).await });
    rest().await;
    gate.open();
    gone.abort();
    soon("sender behind one that left", stays).await.unwrap().unwrap();
    rest().await;
    assert_eq!(log.all(), [1, 2]);
    assert_conserved(&system);
}

/// A sender that was let in, and is dropped before it takes its place.
#[conformance]
async fn a_kept_place_that_is_given_up_goes_to_the_next() {
    for asks in [false, true] {
        let system = stage::system("test");
        let log = Log::default();
        let actor = full(&system, &log);
        let gate = park(&actor).await;
        actor.try_tell(Note(1)).unwrap();
        {
            let mut first = pin!(async {
                if asks {
                    actor.ask(Slow(9)).await.is_ok()
                } else {
                    actor.tell(Note(9)).await.is_ok()
                }
            });
            let cx = &mut TaskContext::from_waker(Waker::noop());
            // A world may put it off some times before it stands in line.
            for _ in 0..20 {
                assert!(first.as_mut().poll(cx).is_pending());
            }
            let sender = actor.clone();
            let next = stage::spawn(async move { sender.tell(Note(2)).await });
            rest().await;
            gate.open();
            rest().await;
            assert!(!next.is_finished(), "the place is kept for the first");
            drop(next);
        }
        soon("room", actor.tell(Note(3))).await.unwrap();
        rest().await;
        assert_eq!(log.all(), [1, 2, 3], "asks: {asks}");
        assert_conserved(&system);
    }
}

#[conformance]
async fn an_ask_dropped_before_it_returns_never_runs_if_it_had_not_begun() {
    let system = stage::system("test");
    let log = Log::default();
    let actor = full(&system, &log);
    drop(actor.ask(Slow(100)));
    poll_and_drop(0, actor.ask(Slow(101)));
    let gate = park(&actor).await;
    poll_and_drop(2, actor.ask(Slow(102)));
    // Its place is taken until its turn comes; the next one stands in line, and leaves it.
    poll_and_drop(2, actor.ask(Slow(103)));
    poll_and_drop(2, actor.ask(Slow(104)).queued().within(Duration::from_secs(1)));
    gate.open();
    rest().await;
    assert!(log.all().is_empty());
    assert_eq!(soon("reply", actor.ask(Slow(1))).await.unwrap(), 1);
    assert_conserved(&system);
}

#[conformance(virtual_time)]
async fn an_ask_dropped_in_each_state_leaves_the_actor_whole() {
    for path in Path::BOTH {
        let system = stage::system("test");
        let log = Log::default();
        let actor = system.spawn(Journal::<Listed>::new(&log));
        for abandon_after in 0..30 {
            let asker = actor.clone();
            let asked = stage::spawn(async move { path.ask(&asker, Slow(20)).await });
            tokio::time::sleep(Duration::from_millis(abandon_after)).await;
            asked.abort();
        }
        assert_eq!(soon("reply", actor.ask(Add(3))).await.unwrap(), 3, "{path:?}");
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_conserved(&system);
    }
}

#[conformance]
async fn waits_for_the_start_and_the_end_can_be_dropped_at_any_time() {
    let system = stage::system("test");
    let gate = Gate::closed();
    let actor = system.spawn(Starting(gate.clone()));
    for times in 0..3 {
        poll_and_drop(times, actor.wait_started());
        poll_and_drop(times, actor.wait_stopped());
    }
    let waiting = actor.clone();
    let waits = stage::spawn(async move { waiting.wait_started().await.is_ok() });
    rest().await;
    poll_and_drop(1, actor.wait_started());
    gate.open();
    assert!(soon("start", waits).await.unwrap());
    actor.stop();
    ended(&actor).await;
}

struct Starting(Gate);
impl Actor for Starting {
    type Protocol = ();

    async fn started(&mut self, _: &mut Context<'_, Self>) -> Result<(), Failure> {
        self.0.pass().await;
        Ok(())
    }
}

#[conformance]
async fn a_dropped_shutdown_has_stopped_those_it_came_to_and_goes_on_when_called_again() {
    let system = stage::system("test");
    let first = system.spawn(Journal::<Listed>::new(&Log::default()));
    let stuck = system.spawn(Journal::<Listed>::new(&Log::default()));
    let last = system.spawn(Journal::<Listed>::new(&Log::default()));
    let gate = park(&stuck).await;
    let shutdown = system.shutdown(Duration::from_secs(60));
    assert!(tokio::time::timeout(Duration::from_millis(50), shutdown).await.is_err());
    assert!(!last.is_alive() && !stuck.is_alive() && first.is_alive());
    assert!(!system.spawn(Journal::<Listed>::new(&Log::default())).is_alive());
    gate.open();
    let report = soon("report", system.shutdown(Duration::from_secs(60))).await;
    assert!(report.killed.is_empty() && report.lost.is_empty(), "{report:?}");
    assert!(!first.is_alive() && system.actors().is_empty());
    assert!(matches!(ended(&stuck).await, StopReason::SystemShutdown));
}

#[conformance]
async fn a_dropped_recv_took_no_letter() {
    let system = stage::system("test");
    let mut letters = system.dead_letters(10);
    poll_and_drop(2, letters.recv());
    let actor = system.spawn(Journal::<Listed>::new(&Log::default()));
    let gate = park(&actor).await;
    (0..2).for_each(|n| actor.try_tell(Note(n)).unwrap());
    actor.kill();
    ended(&actor).await;
    poll_and_drop(0, letters.recv());
    for n in 0..2 {
        let letter = soon("dead letter", letters.recv()).await;
        assert_eq!(letter.take::<Note>(), Some(Note(n)));
    }
    drop(gate);
}

/// `Poll::Ready` is all that an ended actor has to offer.
#[conformance]
async fn waits_on_an_ended_actor_are_ready_at_the_first_poll() {
    let system = stage::system("test");
    let actor = system.spawn(Journal::<Listed>::new(&Log::default()));
    actor.kill();
    ended(&actor).await;
    let cx = &mut TaskContext::from_waker(Waker::noop());
    assert!(matches!(pin!(actor.wait_stopped()).poll(cx), Poll::Ready(StopReason::Killed)));
}

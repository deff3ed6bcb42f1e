//! What dropping each public future does: tell, ask, wait_stopped, wait_started, shutdown,
//! DeadLetters::recv, Context::{cancelled, defer, forward, fail}.

use std::{
    future::Future,
    pin::pin,
    task::{Context as TaskContext, Poll, Waker},
    time::Duration,
};

use ghostlight::{
    Actor, ActorRef, AskError, Capacity, Context, Failure, Handler, MailboxOptions, Message,
    SpawnOptions, StopReason, System,
};

use crate::support::{
    Add, Counted, Gate, Hold, Journal, Listed, Log, Note, Path, Slow, alive, assert_conserved,
    ended, park, rest, soon,
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

#[tokio::test(start_paused = true)]
async fn a_tell_dropped_before_it_returns_was_not_sent_and_costs_nobody_his_place() {
    let system = System::new("test");
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
    let gone = tokio::spawn(async move { sender.tell(Note(104)).await });
    rest().await;
    let stays = tokio::spawn(async move { behind.tell(Note(2)).await });
    rest().await;
    gate.open();
    gone.abort();
    soon("sender behind one that left", stays).await.unwrap().unwrap();
    rest().await;
    assert_eq!(log.all(), [1, 2]);
    assert_conserved(&system);
}

/// A sender that was let in, and is dropped before it takes its place.
#[tokio::test(start_paused = true)]
async fn a_kept_place_that_is_given_up_goes_to_the_next() {
    for asks in [false, true] {
        let system = System::new("test");
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
            assert!(first.as_mut().poll(cx).is_pending());
            let sender = actor.clone();
            let next = tokio::spawn(async move { sender.tell(Note(2)).await });
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

#[tokio::test(start_paused = true)]
async fn an_ask_dropped_before_it_returns_never_runs_if_it_had_not_begun() {
    let system = System::new("test");
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

#[tokio::test(start_paused = true)]
async fn an_ask_dropped_in_each_state_leaves_the_actor_whole() {
    for path in Path::BOTH {
        let system = System::new("test");
        let log = Log::default();
        let actor = system.spawn(Journal::<Listed>::new(&log));
        for abandon_after in 0..30 {
            let asker = actor.clone();
            let asked = tokio::spawn(async move { path.ask(&asker, Slow(20)).await });
            tokio::time::sleep(Duration::from_millis(abandon_after)).await;
            asked.abort();
        }
        assert_eq!(soon("reply", actor.ask(Add(3))).await.unwrap(), 3, "{path:?}");
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_conserved(&system);
    }
}

#[tokio::test(start_paused = true)]
async fn waits_for_the_start_and_the_end_can_be_dropped_at_any_time() {
    let system = System::new("test");
    let gate = Gate::closed();
    let actor = system.spawn(Starting(gate.clone()));
    for times in 0..3 {
        poll_and_drop(times, actor.wait_started());
        poll_and_drop(times, actor.wait_stopped());
    }
    let waiting = actor.clone();
    let waits = tokio::spawn(async move { waiting.wait_started().await.is_ok() });
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

#[tokio::test(start_paused = true)]
async fn a_dropped_shutdown_has_stopped_those_it_came_to_and_goes_on_when_called_again() {
    let system = System::new("test");
    let first = system.spawn(Journal::<Listed>::new(&Log::default()));
    let stuck = system.spawn(Journal::<Listed>::new(&Log::default()));
    let last = system.spawn(Journal::<Listed>::new(&Log::default()));
    let gate = park(&stuck).await;
    poll_and_drop(1, system.shutdown(Duration::from_secs(60)));
    assert!(!last.is_alive() && !stuck.is_alive() && first.is_alive());
    assert!(!system.spawn(Journal::<Listed>::new(&Log::default())).is_alive());
    gate.open();
    let report = soon("report", system.shutdown(Duration::from_secs(60))).await;
    assert!(report.killed.is_empty() && report.lost.is_empty(), "{report:?}");
    assert!(!first.is_alive() && system.actors().is_empty());
    assert!(matches!(ended(&stuck).await, StopReason::SystemShutdown));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_recv_took_no_letter() {
    let system = System::new("test");
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

/// What a turn begins, and drops before it is through.
#[derive(Clone, Copy, Debug)]
enum Begins {
    Cancelled,
    DeferUnpolled,
    FailUnpolled,
    ForwardUnpolled,
    ForwardInLine,
}

struct Fickle {
    other: ActorRef<Journal<Listed>>,
}
#[derive(Debug, Message)]
#[message(reply = u64)]
struct Begin(Begins);
impl Actor for Fickle {
    type Protocol = (Begin, Add);
}
impl Handler<Begin> for Fickle {
    async fn handle(&mut self, Begin(what): Begin, cx: &mut Context<'_, Self>) -> u64 {
        let brief = Duration::from_millis(10);
        match what {
            Begins::Cancelled => {
                _ = tokio::time::timeout(brief, cx.cancelled()).await;
            }
            Begins::DeferUnpolled => drop(cx.defer::<u64>(|_| panic!("never polled"))),
            Begins::FailUnpolled => drop(cx.fail::<u64>(Failure::recoverable("never polled"))),
            Begins::ForwardUnpolled => drop(cx.forward(&self.other, Slow(1))),
            Begins::ForwardInLine => {
                _ = tokio::time::timeout(brief, cx.forward(&self.other, Slow(1))).await;
            }
        }
        5
    }
}
impl Handler<Add> for Fickle {
    async fn handle(&mut self, Add(n): Add, _: &mut Context<'_, Self>) -> u64 {
        n
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_turn_begins_and_drops_unpolled_has_not_happened() {
    let system = System::new("test");
    let log = Log::default();
    let other = system.spawn(Journal::<Listed>::new(&log));
    let actor = system.spawn(Fickle { other });
    for what in
        [Begins::Cancelled, Begins::DeferUnpolled, Begins::FailUnpolled, Begins::ForwardUnpolled]
    {
        for path in Path::BOTH {
            let reply = soon("reply", path.ask(&actor, Begin(what))).await;
            assert_eq!(reply.unwrap(), 5, "{path:?}: {what:?}");
        }
    }
    rest().await;
    assert!(log.all().is_empty() && actor.is_alive());
    assert_conserved(&system);
}

#[tokio::test(start_paused = true)]
async fn a_forward_dropped_in_the_line_was_not_sent_and_its_asker_hears_at_once() {
    for path in Path::BOTH {
        let system = System::new("test");
        let log = Log::default();
        let other = full(&system, &log);
        let gate = park(&other).await;
        other.try_tell(Note(7)).unwrap();
        let actor = system.spawn(Fickle { other: other.clone() });
        let begin = system.runtime().now();
        let outcome = soon("end of the ask", path.ask(&actor, Begin(Begins::ForwardInLine))).await;
        let took = system.runtime().now() - begin;
        assert!(matches!(outcome, Err(AskError::NoReply)), "{path:?}: {outcome:?}");
        assert!(took < Duration::from_secs(1), "{path:?}: {took:?}");
        gate.open();
        rest().await;
        assert_eq!(log.all(), [7], "{path:?}");
        assert_eq!(soon("reply", actor.ask(Add(1))).await.unwrap(), 1, "{path:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_forward_dropped_in_the_line_costs_nobody_his_place() {
    for cut in [false, true] {
        let system = System::new("test");
        let log = Log::default();
        let other = full(&system, &log);
        let gate = park(&other).await;
        other.try_tell(Note(1)).unwrap();
        let actor = system.spawn(Fickle { other: other.clone() });
        actor.try_tell(Begin(Begins::ForwardInLine)).unwrap();
        rest().await;
        if cut {
            actor.kill();
            ended(&actor).await;
        } else {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        gate.open();
        rest().await;
        for n in 2..5 {
            let told = soon("room, which a sender that left still has", other.tell(Note(n))).await;
            told.unwrap();
            rest().await;
        }
        assert_eq!(log.all(), [1, 2, 3, 4], "cut: {cut}");
        assert_conserved(&system);
    }
}

/// Whatever a turn holds when it is cut is dropped, once.
#[derive(Debug, Message)]
struct Holds(Counted, Gate);
struct Holder;
impl Actor for Holder {
    type Protocol = (Holds,);
}
impl Handler<Holds> for Holder {
    async fn handle(&mut self, Holds(counted, gate): Holds, _: &mut Context<'_, Self>) {
        let copies = [counted.clone(), counted];
        gate.pass().await;
        drop(copies);
    }
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_is_cut_drops_what_it_holds_exactly_once() {
    for path in Path::BOTH {
        let system = System::new("test");
        let actor = system.spawn(Holder);
        let ((counted, count), gate) = (Counted::new(), Gate::closed());
        let (asker, at) = (actor.clone(), gate.clone());
        let asked = tokio::spawn(async move { path.ask(&asker, Holds(counted, at)).await });
        gate.arrived().await;
        assert_eq!(alive(&count), 2, "{path:?}");
        actor.kill();
        ended(&actor).await;
        assert_eq!(alive(&count), 0, "{path:?}");
        let outcome = soon("end of the ask", asked).await.unwrap();
        assert!(matches!(outcome, Err(AskError::Lost)), "{path:?}: {outcome:?}");
        assert_conserved(&system);
    }
}

#[tokio::test(start_paused = true)]
async fn cancelled_resolves_at_once_when_the_actor_is_told_to_stop_and_not_before() {
    let system = System::new("test");
    let log = Log::default();
    let actor = system.spawn(Heeding(log.clone()));
    for path in Path::BOTH {
        let asker = actor.clone();
        drop(tokio::spawn(async move { path.ask(&asker, Hold(Gate::closed())).await }));
        tokio::time::sleep(Duration::from_secs(3600)).await;
        assert!(log.all().is_empty(), "nobody has said anything");
    }
    let now = system.runtime().now();
    actor.stop();
    ended(&actor).await;
    assert_eq!(log.all(), [now.as_nanos()]);
}
struct Heeding(Log<u64>);
impl Actor for Heeding {
    type Protocol = (Hold,);
}
impl Handler<Hold> for Heeding {
    async fn handle(&mut self, _: Hold, cx: &mut Context<'_, Self>) {
        cx.cancelled().await;
        self.0.push(cx.now().as_nanos());
    }
}

/// `Poll::Ready` is all that an ended actor has to offer.
#[tokio::test(start_paused = true)]
async fn waits_on_an_ended_actor_are_ready_at_the_first_poll() {
    let system = System::new("test");
    let actor = system.spawn(Journal::<Listed>::new(&Log::default()));
    actor.kill();
    ended(&actor).await;
    let cx = &mut TaskContext::from_waker(Waker::noop());
    assert!(matches!(pin!(actor.wait_stopped()).poll(cx), Poll::Ready(StopReason::Killed)));
}

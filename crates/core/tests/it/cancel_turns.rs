//! What dropping each public future of a turn does: Context::{cancelled, defer, forward, fail}; and
//! what a turn drops that is cut itself.

use std::time::Duration;

use ghostlight::{
    Actor, ActorRef, AskError, Capacity, Context, Failure, Handler, MailboxOptions, Message,
    SpawnOptions, System,
};

use crate::{
    stage::{self, conformance},
    support::{
        Add, Counted, Gate, Hold, Journal, Listed, Log, Note, Path, Slow, alive, assert_conserved,
        ended, park, rest, soon,
    },
};

fn full(system: &System, log: &Log<u64>) -> ActorRef<Journal<Listed>> {
    let options = SpawnOptions::default().mailbox(MailboxOptions::wait(Capacity::of::<1>()));
    system.spawn_with(Journal::new(log), options)
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

#[conformance]
async fn what_a_turn_begins_and_drops_unpolled_has_not_happened() {
    let system = stage::system("test");
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

#[conformance]
async fn a_forward_dropped_in_the_line_was_not_sent_and_its_asker_hears_at_once() {
    for path in Path::BOTH {
        let system = stage::system("test");
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

#[conformance]
async fn a_forward_dropped_in_the_line_costs_nobody_his_place() {
    for cut in [false, true] {
        let system = stage::system("test");
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

#[conformance]
async fn a_turn_that_is_cut_drops_what_it_holds_exactly_once() {
    for path in Path::BOTH {
        let system = stage::system("test");
        let actor = system.spawn(Holder);
        let ((counted, count), gate) = (Counted::new(), Gate::closed());
        let (asker, at) = (actor.clone(), gate.clone());
        let asked = stage::spawn(async move { path.ask(&asker, Holds(counted, at)).await });
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

#[conformance(virtual_time)]
async fn cancelled_resolves_at_once_when_the_actor_is_told_to_stop_and_not_before() {
    let system = stage::system("test");
    let log = Log::default();
    let actor = system.spawn(Heeding(log.clone()));
    for path in Path::BOTH {
        let asker = actor.clone();
        let hold = Hold(Gate::closed());
        drop(stage::spawn(async move { path.ask(&asker, hold).within(Duration::MAX).await }));
        tokio::time::sleep(Duration::from_mins(1)).await;
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

//! Stop, drain, kill, and waiting for the end: D-01 to D-09, D-14, D-22, D-24.

use std::time::Duration;

use ghostlight::{
    Actor, ActorRef, AskError, Context, DeadReason, DrainBudget, Failure, Handler, Message,
    Refused, SpawnOptions, StopReason,
};

use crate::{
    stage::{self, conformance},
    support::{
        Add, Gate, Hold, Journal, Listed, Log, Note, Path, Plain, Slow, assert_conserved, dead,
        ended, park, rest, soon,
    },
};

type Order<A> = fn(&ActorRef<A>);

fn verbs<A: Actor>() -> [(&'static str, Order<A>); 3] {
    [
        ("stop", |it| it.stop()),
        ("drain", |it| it.drain(DrainBudget::default())),
        ("kill", |it| it.kill()),
    ]
}

#[conformance]
async fn from_the_moment_a_verb_is_called_is_alive_is_false_and_all_forms_refuse() {
    for (verb, order) in verbs() {
        for parked in [false, true] {
            let system = stage::system("test");
            let actor = system.spawn(Journal::<Listed>::new(&Log::default()));
            let recipient = actor.recipient::<Note>();
            let asked = actor.recipient::<Add>();
            let weak = actor.downgrade();
            let gate = if parked { park(&actor).await } else { Gate::closed() };
            assert!(actor.is_alive() && recipient.is_alive() && weak.upgrade().is_some());
            order(&actor);
            assert!(!actor.is_alive() && !recipient.is_alive(), "{verb}");
            assert!(weak.upgrade().is_none(), "{verb}: a weak ref cannot bring it back");

            let (stopped, within) = (Some(Refused::Stopped), Duration::from_secs(1));
            assert_eq!(actor.tell(Note(1)).await.unwrap_err().refused(), stopped, "{verb}");
            assert_eq!(actor.try_tell(Note(1)).unwrap_err().refused(), stopped, "{verb}");
            let error = actor.tell(Note(1)).within(within).await.unwrap_err();
            assert_eq!(error.into_message(), Some(Note(1)), "{verb}");
            assert_eq!(recipient.tell(Note(1)).await.unwrap_err().refused(), stopped, "{verb}");
            let error = recipient.try_tell(Note(2)).unwrap_err();
            assert_eq!(error.into_message(), Some(Note(2)), "{verb}");
            for path in Path::BOTH {
                let error = path.ask(&actor, Add(3)).await.unwrap_err();
                assert_eq!(error.refused(), stopped, "{verb}");
                assert_eq!(error.into_message(), Some(Add(3)), "{verb}");
            }
            let error = asked.ask(Add(4)).within(within).await.unwrap_err();
            assert_eq!(error.into_message(), Some(Add(4)), "{verb}");
            gate.open();
            ended(&actor).await;
            assert_conserved(&system);
        }
    }
}

#[conformance]
async fn stopping_an_ended_actor_is_harmless() {
    let system = stage::system("test");
    let actor = system.spawn(Journal::<Listed>::new(&Log::default()));
    actor.stop_because("first");
    ended(&actor).await;
    for (verb, order) in verbs() {
        order(&actor);
        order(&actor);
        assert_eq!(ended(&actor).await.to_string(), "stopped: first", "{verb}");
    }
    assert_conserved(&system);
}

#[conformance]
async fn stop_lets_the_running_turn_finish_and_kill_cuts_it_at_its_next_await() {
    for (verb, order, finishes) in [
        ("stop", (|it| it.stop()) as Order<Journal<Listed>>, true),
        ("kill", |it| it.kill(), false),
    ] {
        let system = stage::system("test");
        for path in Path::BOTH {
            let log = Log::default();
            let actor = system.spawn(Journal::<Listed>::new(&log));
            let asker = actor.clone();
            let asked = stage::spawn(async move { path.ask(&asker, Slow(500)).await });
            rest().await;
            order(&actor);
            let outcome = soon("end of the ask", asked).await.unwrap();
            if finishes {
                assert_eq!(outcome.unwrap(), 500, "{verb} {path:?}");
            } else {
                assert!(matches!(outcome, Err(AskError::Lost)), "{verb} {path:?}: {outcome:?}");
            }
            ended(&actor).await;
            assert_eq!(log.all().len(), usize::from(finishes), "{verb} {path:?}");
        }
        assert_conserved(&system);
    }
}

#[conformance]
async fn leftovers_become_dead_letters_in_order_with_the_reason() {
    for (verb, order, reason) in [
        ("stop", (|it| it.stop()) as Order<Journal<Plain>>, DeadReason::Stopped),
        ("kill", |it| it.kill(), DeadReason::Killed),
    ] {
        let system = stage::system("test");
        let mut letters = system.dead_letters(100);
        let actor = system.spawn(Journal::<Plain>::new(&Log::default()));
        let gate = Gate::closed();
        actor.try_tell(Note(77)).unwrap();
        actor.try_tell(Hold(gate.clone())).unwrap();
        (0..5).for_each(|n| actor.try_tell(Note(n)).unwrap());
        gate.arrived().await;
        (5..10).for_each(|n| actor.try_tell(Note(n)).unwrap());
        order(&actor);
        gate.open();
        ended(&actor).await;
        let expected: Vec<_> = (0..10).map(|n| (Note(n), reason)).collect();
        assert_eq!(dead::<Note>(&mut letters), expected, "{verb}");
    }
}

#[conformance]
async fn with_no_leftovers_nothing_is_reported() {
    for (verb, order) in verbs() {
        let system = stage::system("test");
        let mut letters = system.dead_letters(10);
        let actor = system.spawn(Journal::<Listed>::new(&Log::default()));
        actor.ask(Add(1)).await.unwrap();
        order(&actor);
        ended(&actor).await;
        assert!(letters.try_recv().is_none(), "{verb}");
        assert_eq!(system.counters().dead, 0, "{verb}");
    }
}

#[conformance]
async fn queued_asks_at_stop_fail_with_their_message_back_and_are_no_dead_letters() {
    let system = stage::system("test");
    let mut letters = system.dead_letters(10);
    let actor = system.spawn(Journal::<Listed>::new(&Log::default()));
    let gate = park(&actor).await;
    let asked: Vec<_> = (0..3)
        .map(|n| {
            let asker = actor.clone();
            stage::spawn(async move { asker.ask(Add(n)).await })
        })
        .collect();
    rest().await;
    actor.stop();
    gate.open();
    for (n, it) in (0..).zip(asked) {
        let error = soon("end of the ask", it).await.unwrap().unwrap_err();
        assert_eq!(error.refused(), Some(Refused::Stopped));
        assert_eq!(error.into_message(), Some(Add(n)));
    }
    ended(&actor).await;
    assert!(letters.try_recv().is_none());
    assert_conserved(&system);
}

#[conformance]
async fn late_and_repeated_waiters_get_the_same_reason() {
    let system = stage::system("test");
    let actor = system.spawn(Journal::<Listed>::new(&Log::default()));
    let early: Vec<_> = (0..10)
        .map(|_| {
            let actor = actor.clone();
            stage::spawn(async move { actor.wait_stopped().await.to_string() })
        })
        .collect();
    rest().await;
    actor.stop_because("done");
    for it in early {
        assert_eq!(soon("end", it).await.unwrap(), "stopped: done");
    }
    for _ in 0..3 {
        assert_eq!(ended(&actor).await.to_string(), "stopped: done");
    }
}

#[conformance]
async fn the_stronger_of_two_orders_stands() {
    let system = stage::system("test");
    let log = Log::default();
    let actor = system.spawn(Journal::<Listed>::new(&log));
    let gate = park(&actor).await;
    actor.try_tell(Note(1)).unwrap();
    actor.drain(DrainBudget::default());
    actor.stop_because("hurry");
    actor.drain(DrainBudget::default());
    gate.open();
    assert_eq!(ended(&actor).await.to_string(), "stopped: hurry");
    assert!(log.all().is_empty());

    let actor = system.spawn(Journal::<Listed>::new(&log));
    let gate = park(&actor).await;
    actor.stop();
    actor.kill();
    actor.stop();
    assert!(matches!(ended(&actor).await, StopReason::Killed));
    drop(gate);
}

#[conformance(one_thread)]
async fn a_hundred_unreferenced_actors_live_on_and_do_their_work() {
    let system = stage::system("test");
    let log = Log::default();
    for n in 0..100 {
        let actor = system.spawn(Journal::<Listed>::new(&log));
        actor.tell(Slow(n)).await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(log.all(), (0..100).collect::<Vec<_>>());
    assert_eq!(system.actors().len(), 100, "dropping refs stops nothing");
}

/// A handler that waits long, and `stopped` that takes its time.
struct Long {
    log: Log<&'static str>,
    heeds: bool,
    farewell: Duration,
}
#[derive(Debug, Message)]
struct Wait;

impl Actor for Long {
    type Protocol = (Wait,);

    async fn started(&mut self, _: &mut Context<'_, Self>) -> Result<(), Failure> {
        Ok(())
    }

    async fn stopped(&mut self, _: &StopReason, cx: &mut Context<'_, Self>) {
        self.log.push("stopped begins");
        cx.sleep(self.farewell).await;
        self.log.push("stopped ends");
    }
}
impl Handler<Wait> for Long {
    async fn handle(&mut self, _: Wait, cx: &mut Context<'_, Self>) {
        if self.heeds {
            cx.cancelled().await;
            self.log.push("heeded");
        } else {
            cx.sleep(Duration::MAX).await;
        }
    }
}

/// How long it takes to end, and what happened meanwhile.
async fn end_long(heeds: bool, farewell: u64, order: Order<Long>) -> (f32, Vec<&'static str>) {
    let system = stage::system("test");
    let log = Log::default();
    let options = SpawnOptions::default().shutdown_deadline(Duration::from_secs(3));
    let farewell = Duration::from_secs(farewell);
    let actor = system.spawn_with(Long { log: log.clone(), heeds, farewell }, options);
    actor.tell(Wait).await.unwrap();
    rest().await;
    let begin = system.runtime().now();
    order(&actor);
    ended(&actor).await;
    assert_conserved(&system);
    // Rounded to a tenth: timers tick in milliseconds.
    let took = (system.runtime().now() - begin).as_secs_f32();
    ((took * 10.0).round() / 10.0, log.all())
}

#[conformance]
async fn a_handler_that_heeds_cancelled_ends_before_the_shutdown_deadline() {
    let (took, log) = end_long(true, 0, |it| it.stop()).await;
    assert_eq!((took, log), (0.0, vec!["heeded", "stopped begins", "stopped ends"]));
}

#[conformance(virtual_time)]
async fn a_handler_that_does_not_is_cut_at_the_shutdown_deadline_and_stopped_still_runs() {
    let (took, log) = end_long(false, 1, |it| it.stop()).await;
    assert_eq!((took, log), (4.0, vec!["stopped begins", "stopped ends"]), "3 s, and then its own");
}

#[conformance]
async fn stopped_is_cut_at_the_shutdown_deadline_too() {
    let (took, log) = end_long(true, 60, |it| it.stop()).await;
    assert_eq!((took, log), (3.0, vec!["heeded", "stopped begins"]));
}

#[conformance(virtual_time)]
async fn a_kill_cuts_stopped_at_its_next_await() {
    let system = stage::system("test");
    let log = Log::default();
    let farewell = Duration::from_secs(2);
    let actor = system.spawn(Long { log: log.clone(), heeds: true, farewell });
    soon("start", actor.wait_started()).await.unwrap();
    actor.stop_because("slowly");
    rest().await;
    let now = system.runtime().now();
    actor.kill();
    assert_eq!(ended(&actor).await.to_string(), "stopped: slowly", "that is why it ended");
    assert_eq!(system.runtime().now(), now);
    assert_eq!(log.all(), ["stopped begins"]);
}

#[conformance]
async fn a_killed_actor_does_not_run_stopped() {
    let (took, log) = end_long(true, 0, |it| it.kill()).await;
    assert_eq!((took, log), (0.0, vec![]));
}

#[conformance(virtual_time)]
async fn a_drain_that_is_out_of_time_goes_on_as_a_stop() {
    let order: Order<Long> = |it| it.drain(DrainBudget::default().time(Duration::from_secs(2)));
    let (took, log) = end_long(true, 0, order).await;
    assert_eq!((took, log), (2.0, vec!["heeded", "stopped begins", "stopped ends"]));
    let (took, log) = end_long(false, 0, order).await;
    assert_eq!((took, log), (5.0, vec!["stopped begins", "stopped ends"]), "2 s and then 3 s");
}

#[conformance(threads)]
async fn sending_and_stopping_at_full_speed_every_send_is_accepted_or_refused() {
    for round in 0..100 {
        let system = stage::system("test");
        let log = Log::default();
        let actor = system.spawn(Journal::<Listed>::new(&log));
        let senders: Vec<_> = (0..4)
            .map(|sender| {
                let actor = actor.clone();
                stage::spawn(async move {
                    let mut accepted = 0;
                    for n in 0..200u64 {
                        let sent = match n % 3 {
                            0 => actor.tell(Note(n)).await.is_ok(),
                            1 => actor.ask(Add(n)).await.is_ok(),
                            _ => actor.try_tell(Note(n)).is_ok(),
                        };
                        accepted += u64::from(sent);
                        if sender == 0 && n == 50 + round {
                            verbs()[usize::try_from(round % 3).unwrap()].1(&actor);
                        }
                    }
                    accepted
                })
            })
            .collect();
        let mut accepted = 0;
        for sender in senders {
            accepted += soon("sender that is done", sender).await.unwrap();
        }
        ended(&actor).await;
        let counters = system.counters();
        assert!(counters.conserves(), "round {round}: {counters}");
        assert_eq!(counters.sent, 800, "round {round}: {counters}");
        assert!(counters.handled + counters.dead >= accepted, "round {round}: {counters}");
    }
}

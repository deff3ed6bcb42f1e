//! When waiting ends: C-03 to C-06, A-20.

use std::time::Duration;

use ghostlight::{
    Actor, ActorRef, AskError, Capacity, Context, Delivery, Handler, MailboxOptions, Message,
    ReplyPort, SpawnOptions, System,
};

use crate::{
    stage::{self, conformance},
    support::{
        Add, Form, Journal, Later, Listed, Log, Path, Plain, Slow, assert_conserved, park, rest,
        soon,
    },
};

const SECOND: Duration = Duration::from_secs(1);

/// How long an ask may take that should end after `expected`: a coarse deadline is never early, and
/// late by no more than two of its ticks.
#[track_caller]
fn assert_ended_after(took: Duration, expected: Duration, what: &str) {
    let latest = expected + Duration::from_millis(if expected < SECOND { 2 } else { 210 });
    assert!((expected..=latest).contains(&took), "{what}: {took:?} instead of {expected:?}");
}

#[conformance(virtual_time)]
async fn a_deadline_while_waiting_for_room_gives_the_message_back() {
    let system = stage::system("test");
    let options = SpawnOptions::default().mailbox(MailboxOptions::wait(Capacity::of::<1>()));
    let actor = system.spawn_with(Journal::<Listed>::new(&Log::default()), options);
    let gate = park(&actor).await;
    actor.try_tell(Slow(0)).unwrap();
    for explicit in [true, false] {
        let begin = system.runtime().now();
        let error = if explicit {
            actor.ask(Add(3)).within(SECOND).await.unwrap_err()
        } else {
            // Nobody said how long: the default holds in the line too.
            soon("default deadline", actor.ask(Add(3))).await.unwrap_err()
        };
        let expected = if explicit { SECOND } else { 5 * SECOND };
        assert_ended_after(system.runtime().now() - begin, expected, "waiting for room");
        assert_eq!((error.delivery(), error.is_retryable()), (Delivery::Never, true));
        assert_eq!(error.into_message(), Some(Add(3)));
    }
    gate.open();
    rest().await;
    assert_conserved(&system);
}

#[conformance]
async fn a_deadline_in_the_queue_gives_the_message_back_and_the_request_never_runs() {
    let system = stage::system("test");
    let log = Log::default();
    let actor = system.spawn(Journal::<Listed>::new(&log));
    let gate = park(&actor).await;
    let error = actor.ask(Slow(3)).within(SECOND).await.unwrap_err();
    assert_eq!(error.delivery(), Delivery::Never);
    assert_eq!(error.into_message(), Some(Slow(3)));
    gate.open();
    rest().await;
    assert!(log.all().is_empty());
    assert_conserved(&system);
}

#[conformance]
async fn a_deadline_while_running_says_unknown_and_gives_nothing_back() {
    let system = stage::system("test");
    for path in Path::BOTH {
        let log = Log::default();
        let actor = system.spawn(Journal::<Listed>::new(&log));
        let error = path.ask(&actor, Slow(100)).within(SECOND / 20).await.unwrap_err();
        assert!(matches!(error, AskError::Deadline { message: None }), "{path:?}: {error:?}");
        assert_eq!((error.delivery(), error.is_retryable()), (Delivery::Unknown, false));
        tokio::time::sleep(SECOND).await;
        assert_eq!(log.all(), [100], "{path:?}: the handler runs on");
    }
    assert_conserved(&system);
}

#[conformance]
async fn a_request_that_expired_in_the_queue_is_skipped_and_the_next_one_is_served() {
    let system = stage::system("test");
    let log = Log::default();
    let actor = system.spawn(Journal::<Listed>::new(&log));
    let gate = park(&actor).await;
    let ask = |n: u64, within| {
        let asker = actor.clone();
        stage::spawn(async move { asker.ask(Slow(n)).within(within).await.map_err(drop) })
    };
    let (expires, lives) = (ask(1, SECOND), ask(2, 9 * SECOND));
    tokio::time::sleep(2 * SECOND).await;
    gate.open();
    assert!(soon("expired ask", expires).await.unwrap().is_err());
    assert_eq!(soon("reply", lives).await.unwrap(), Ok(2));
    assert_eq!(log.all(), [2]);
    let counters = system.counters();
    assert_eq!((counters.sent, counters.handled, counters.refused), (3, 2, 1), "{counters}");
    assert_conserved(&system);
}

/// Says by itself how long an ask waits.
#[derive(Debug, Message)]
#[message(reply = (), deadline_ms = 300)]
struct Brief;
/// Says nothing.
#[derive(Debug, Message)]
struct Plainly;

struct Never;
struct NeverButTyped;
impl Actor for Never {
    type Protocol = (Brief, Plainly);
}
impl Actor for NeverButTyped {
    type Protocol = ();

    fn options() -> SpawnOptions {
        SpawnOptions::default().ask_deadline(Duration::from_millis(700))
    }
}
impl Handler<Brief> for Never {
    async fn handle(&mut self, _: Brief, _: &mut Context<'_, Self>) {
        std::future::pending::<()>().await;
    }
}
impl Handler<Plainly> for Never {
    async fn handle(&mut self, _: Plainly, _: &mut Context<'_, Self>) {
        std::future::pending::<()>().await;
    }
}
impl Handler<Brief> for NeverButTyped {
    async fn handle(&mut self, _: Brief, _: &mut Context<'_, Self>) {
        std::future::pending::<()>().await;
    }
}
impl Handler<Plainly> for NeverButTyped {
    async fn handle(&mut self, _: Plainly, _: &mut Context<'_, Self>) {
        std::future::pending::<()>().await;
    }
}

/// Checks how long an ask waits for a reply that never comes, on each path and form.
async fn check<A, M>(system: &System, spawn: impl Fn() -> ActorRef<A>, message: fn() -> M, ms: u64)
where
    A: Handler<M>,
    M: Message,
{
    for path in Path::BOTH {
        for erased in [false, true] {
            let actor = spawn();
            let recipient = actor.recipient();
            let begin = system.runtime().now();
            let asked = async {
                match (erased, path) {
                    (false, path) => path.ask(&actor, message()).await,
                    (true, Path::OnCaller) => recipient.ask(message()).await,
                    (true, Path::Queued) => recipient.ask(message()).queued().await,
                }
            };
            let error = soon("end of the ask", asked).await.map(drop).unwrap_err();
            assert!(matches!(error, AskError::Deadline { .. }), "{error:?}");
            let what = format!("{path:?}, erased: {erased}");
            assert_ended_after(system.runtime().now() - begin, Duration::from_millis(ms), &what);
            actor.kill();
        }
    }
}

#[conformance(virtual_time)]
async fn the_call_beats_the_message_type_which_beats_the_spawn_site_the_type_and_the_system() {
    let ms = Duration::from_millis;
    let plain = stage::system("test");
    let defaults = stage::defaults().ask_deadline(2 * SECOND);
    let told = stage::system_with("test", |it| it.defaults(defaults));
    let site = || told.spawn_with(NeverButTyped, SpawnOptions::default().ask_deadline(ms(500)));

    check(&plain, || plain.spawn(Never), || Plainly, 5000).await;
    check(&told, || told.spawn(Never), || Plainly, 2000).await;
    check(&told, || told.spawn(NeverButTyped), || Plainly, 700).await;
    check(&told, site, || Plainly, 500).await;
    check(&told, site, || Brief, 300).await;

    let actor = told.spawn(Never);
    let begin = told.runtime().now();
    drop(actor.ask(Brief).within(ms(40)).await.unwrap_err());
    assert_ended_after(told.runtime().now() - begin, ms(40), "by the call");
}

#[conformance(virtual_time)]
async fn waiting_for_ever_happens_only_when_written() {
    let system = stage::system("test");
    let forever = SpawnOptions::default().ask_deadline(Duration::MAX);
    let by_spawn = system.spawn_with(Never, forever);
    let by_call = system.spawn(Never);
    for path in Path::BOTH {
        let hour = Duration::from_secs(3600);
        let waited = tokio::time::timeout(hour, path.ask(&by_spawn, Plainly)).await;
        assert!(waited.is_err(), "{path:?}: {waited:?}");
        let waited =
            tokio::time::timeout(hour, path.ask(&by_call, Plainly).within(Duration::MAX)).await;
        assert!(waited.is_err(), "{path:?}: {waited:?}");
    }
}

async fn deferred_for_ever<F: Form>(path: Path, options: SpawnOptions, expected: Duration) {
    let system = stage::system("test");
    let actor = system.spawn_with(Journal::<F>::new(&Log::default()), options);
    let ports: Log<ReplyPort<u64>> = Log::default();
    let begin = system.runtime().now();
    let asked = path.ask(&actor, Later(ports.clone()));
    let error = soon("default deadline of a deferred reply", asked).await.unwrap_err();
    assert!(matches!(error, AskError::Deadline { message: None }), "{path:?}: {error:?}");
    assert_ended_after(system.runtime().now() - begin, expected, "deferred");
    assert!(!ports.take()[0].is_awaited(), "{path:?}: the asker has left");
}

#[conformance(virtual_time)]
async fn a_reply_that_was_put_off_and_never_comes_ends_at_the_default_deadline() {
    let brief = SpawnOptions::default().ask_deadline(SECOND / 2);
    for path in Path::BOTH {
        deferred_for_ever::<Listed>(path, brief.clone(), SECOND / 2).await;
        deferred_for_ever::<Listed>(path, SpawnOptions::default(), 5 * SECOND).await;
        deferred_for_ever::<Plain>(path, SpawnOptions::default(), 5 * SECOND).await;
    }
}

/// Hands every request on.
struct Relay(ActorRef<Journal<Listed>>);
impl Actor for Relay {
    type Protocol = (Slow,);
}
impl Handler<Slow> for Relay {
    async fn handle(&mut self, slow: Slow, cx: &mut Context<'_, Self>) -> u64 {
        cx.forward(&self.0, slow).await
    }
}

#[conformance(virtual_time)]
async fn a_forwarded_ask_ends_at_the_default_deadline_of_the_first_hop() {
    for path in Path::BOTH {
        let system = stage::system("test");
        let last = system.spawn(Journal::<Listed>::new(&Log::default()));
        let relay = system.spawn(Relay(last.clone()));
        let gate = park(&last).await;
        let begin = system.runtime().now();
        let error =
            soon("default deadline", path.ask(&relay, Slow(1))).await.expect_err("nobody answers");
        assert!(matches!(error, AskError::Deadline { .. }), "{path:?}: {error:?}");
        assert_ended_after(system.runtime().now() - begin, 5 * SECOND, "forwarded");
        gate.open();
        rest().await;
        assert_conserved(&system);
    }
}

#[conformance]
async fn a_forwarded_request_whose_asker_has_left_is_not_run() {
    for path in Path::BOTH {
        let system = stage::system("test");
        let log = Log::default();
        let last = system.spawn(Journal::<Listed>::new(&log));
        let relay = system.spawn(Relay(last.clone()));
        let gate = park(&last).await;
        let error = path.ask(&relay, Slow(1)).within(SECOND).await.unwrap_err();
        assert!(matches!(error, AskError::Deadline { .. }), "{path:?}: {error:?}");
        gate.open();
        tokio::time::sleep(SECOND).await;
        assert!(log.all().is_empty(), "{path:?}: its deadline had passed before its turn came");
        assert_conserved(&system);
    }
}

#[conformance(virtual_time)]
async fn many_asks_that_wait_end_each_at_its_own_deadline() {
    let system = stage::system("test");
    let actor = system.spawn(Journal::<Listed>::new(&Log::default()));
    let gate = park(&actor).await;
    let asked: Vec<_> = (0..200u64)
        .map(|n| {
            let asker = actor.clone();
            let system = system.clone();
            stage::spawn(async move {
                system.runtime().sleep(Duration::from_millis(7 * n)).await;
                let begin = system.runtime().now();
                drop(asker.ask(Add(1)).await.unwrap_err());
                system.runtime().now() - begin
            })
        })
        .collect();
    for it in asked {
        assert_ended_after(soon("deadline", it).await.unwrap(), 5 * SECOND, "one of many");
    }
    gate.open();
    rest().await;
    assert_conserved(&system);
}

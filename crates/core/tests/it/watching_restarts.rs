//! Notice of restarts, which watchers and links do not hear of: F7.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use ghostlight::{
    Actor, ActorRef, Backoff, Capacity, ChildSpec, Context, Failure, Handler, MailboxOptions,
    Message, RestartWindow, SpawnOptions, Status, StopReason, Supervision, System,
};

use crate::{
    stage::{self, conformance},
    support::{Boom, Gate, Listed, Log, Note, Plain, assert_conserved, ended, park, rest, soon},
    watchman::{Guise, Told, Watchman, watch, watchman, within, within_later},
};

/// An actor that is started again, and whose every `started` may wait or fail.
struct Phoenix {
    starts: Arc<AtomicU32>,
    /// Which start fails.
    stumbles: u32,
    gate: Gate,
}

impl Actor for Phoenix {
    type Protocol = (Boom, Life);

    async fn started(&mut self, _: &mut Context<'_, Self>) -> Result<(), Failure> {
        let nth = self.starts.fetch_add(1, Ordering::Relaxed);
        self.gate.pass().await;
        if nth == self.stumbles { Err(Failure::recoverable("no luck")) } else { Ok(()) }
    }
}
impl Handler<Boom> for Phoenix {
    async fn handle(&mut self, Boom(text): Boom, _: &mut Context<'_, Self>) -> u64 {
        panic!("{text}")
    }
}

/// Answered with how often it has been started again.
#[derive(Debug, Message)]
#[message(reply = u32)]
struct Life;
impl Handler<Life> for Phoenix {
    async fn handle(&mut self, _: Life, cx: &mut Context<'_, Self>) -> u32 {
        cx.incarnation()
    }
}

fn spec() -> ChildSpec {
    let window = RestartWindow::new(100_000, Duration::from_secs(1));
    let options = SpawnOptions::default().name("phoenix");
    ChildSpec::permanent().window(window).backoff(Backoff::none()).options(options)
}

fn make(gate: &Gate, stumbles: u32) -> impl Fn() -> Phoenix + Send + Sync + 'static {
    let (starts, gate) = (Arc::default(), gate.clone());
    move || Phoenix { starts: Arc::clone(&starts), stumbles, gate: gate.clone() }
}

fn phoenix(system: &System) -> ActorRef<Phoenix> {
    let gate = Gate::closed();
    gate.open();
    system.supervise(make(&gate, u32::MAX), spec())
}

async fn watch_restarts<G: Guise, B: Actor>(actor: &ActorRef<Watchman<G>>, other: &ActorRef<B>) {
    let other = other.clone();
    within(actor, move |cx| cx.watch_restarts(&other)).await;
}

async fn fail(actor: &ActorRef<Phoenix>, times: usize) {
    for _ in 0..times {
        actor.tell(Boom("torn")).await.unwrap();
        rest().await;
    }
}

async fn check_each_restart<G: Guise>() {
    let system = stage::system("test");
    let (watcher, told) = watchman::<G>(&system);
    let (actor, children) = (phoenix(&system), system.children());
    // Asked before the first start, which is no restart; and twice, which is once.
    watch_restarts(&watcher, &actor).await;
    watch_restarts(&watcher, &actor).await;
    rest().await;
    assert!(told.log.all().is_empty());
    for n in 1..=3 {
        let now = system.runtime().now();
        fail(&actor, 1).await;
        assert_eq!(told.log.take(), [format!("phoenix again, {n}: failed: torn")]);
        let it = told.restarts.take().remove(0);
        assert_eq!((it.id, it.incarnation), (actor.id(), n));
        assert!((now..now + Duration::from_millis(1)).contains(&it.at), "{it:?}");
    }
    children.restart(actor.id()).unwrap();
    rest().await;
    assert_eq!(told.log.take(), [format!("phoenix again, 4: {}", StopReason::Restart)]);
    children.stop(actor.id()).unwrap();
    rest().await;
    assert!(told.log.take().is_empty(), "halted is not started");
    children.start(actor.id()).unwrap();
    rest().await;
    assert_eq!(told.log.take(), ["phoenix again, 5: stopped"]);
    children.remove(actor.id()).unwrap();
    ended(&actor).await;
    rest().await;
    assert!(told.log.take().is_empty(), "an end is told to whoever watches that");
    assert_conserved(&system);
}

#[conformance(virtual_time)]
async fn each_restart_is_told_once_and_the_end_is_not() {
    check_each_restart::<Listed>().await;
    check_each_restart::<Plain>().await;
}

#[conformance]
async fn a_restart_is_told_when_the_next_incarnation_has_started() {
    let system = stage::system("test");
    let (watcher, told) = watchman::<Listed>(&system);
    let gate = Gate::closed();
    let actor = system.supervise(make(&gate, 1), spec());
    watch_restarts(&watcher, &actor).await;
    gate.open_once();
    actor.wait_started().await.unwrap();
    actor.try_tell(Boom("torn")).unwrap();
    rest().await;
    assert!(matches!(actor.status(), Status::Restarting) && told.log.all().is_empty());
    gate.open_once();
    rest().await;
    assert!(told.log.all().is_empty(), "that one failed to start");
    gate.open_once();
    rest().await;
    assert_eq!(told.log.take(), ["phoenix again, 2: did not start: no luck"]);
    assert!(matches!(actor.status(), Status::Running));
}

#[conformance]
async fn siblings_that_are_started_again_are_told_with_their_reason() {
    let system = stage::system("test");
    let ((watcher, told), (owner, _)) = (watchman::<Listed>(&system), watchman::<Plain>(&system));
    let (shelf, gate) = (Log::default(), Gate::closed());
    gate.open();
    let mine = shelf.clone();
    within(&owner, move |cx| {
        cx.supervision(Supervision::one_for_all());
        for name in ["a", "b"] {
            let options = SpawnOptions::default().name(name);
            mine.push(cx.supervise_with(make(&gate, u32::MAX), spec().options(options)));
        }
    })
    .await;
    let children = shelf.take();
    for child in &children {
        watch_restarts(&watcher, child).await;
    }
    fail(&children[1], 1).await;
    let mut log = told.log.take();
    log.sort();
    let along = format!("a again, 1: {}", StopReason::Restart);
    assert_eq!(log, [along, "b again, 1: failed: torn".to_owned()]);
}

#[conformance]
async fn a_watcher_that_is_busy_is_told_of_the_last_restart_alone_and_before_the_end() {
    let system = stage::system("test");
    let (watcher, told) = watchman::<Listed>(&system);
    let (actor, other) = (phoenix(&system), phoenix(&system));
    watch_restarts(&watcher, &actor).await;
    watch_restarts(&watcher, &other).await;
    watch(&watcher, &actor).await;
    let gate = park(&watcher).await;
    watcher.try_tell(Note(1)).unwrap();
    fail(&actor, 3).await;
    fail(&other, 1).await;
    fail(&actor, 1).await;
    system.children().remove(actor.id()).unwrap();
    ended(&actor).await;
    gate.open();
    rest().await;
    let expected = [
        "phoenix again, 1: failed: torn",
        "phoenix again, 4: failed: torn",
        "phoenix: stopped",
        "note 1",
    ];
    assert_eq!(told.log.take(), expected);
    assert_conserved(&system);
}

#[conformance]
async fn no_full_mailbox_keeps_a_restart_out_and_it_goes_first() {
    for rule in [MailboxOptions::wait, MailboxOptions::reject, MailboxOptions::drop_oldest] {
        let (system, told) = (stage::system("test"), Told::default());
        let options = SpawnOptions::default().mailbox(rule(Capacity::of::<1>()));
        let watcher = system.spawn_with(Watchman::<Listed>::new(&told), options);
        let actor = phoenix(&system);
        watch_restarts(&watcher, &actor).await;
        let gate = park(&watcher).await;
        watcher.try_tell(Note(1)).unwrap();
        fail(&actor, 2).await;
        gate.open();
        rest().await;
        assert_eq!(told.log.take(), ["phoenix again, 2: failed: torn", "note 1"]);
        assert_conserved(&system);
    }
}

#[conformance]
async fn what_is_unwatched_is_not_told_even_if_it_has_happened() {
    let system = stage::system("test");
    let (watcher, told) = watchman::<Listed>(&system);
    let actor = phoenix(&system);
    let id = actor.id();
    within(&watcher, move |cx| cx.unwatch_restarts(id)).await;
    watch_restarts(&watcher, &actor).await;
    watch(&watcher, &actor).await;
    let gate = within_later(&watcher, move |cx| {
        cx.unwatch_restarts(id);
        cx.unwatch_restarts(id);
    })
    .await;
    fail(&actor, 1).await;
    gate.open();
    fail(&actor, 1).await;
    assert!(told.log.take().is_empty());
    watcher.try_tell(Note(1)).unwrap();
    rest().await;
    assert_eq!(told.log.take(), ["note 1"], "it goes on as if nothing had been");
    // Each of the two watches is taken back for itself.
    watch_restarts(&watcher, &actor).await;
    within(&watcher, move |cx| cx.unwatch(id)).await;
    fail(&actor, 1).await;
    assert_eq!(told.log.take(), ["phoenix again, 3: failed: torn"]);
    within(&watcher, move |cx| cx.unwatch_restarts(id)).await;
    watch(&watcher, &actor).await;
    fail(&actor, 1).await;
    system.children().remove(id).unwrap();
    rest().await;
    assert_eq!(told.log.take(), ["phoenix: stopped"]);
    assert_conserved(&system);
}

#[conformance(virtual_time)]
async fn the_watch_outlives_restarts_of_the_watcher() {
    let (system, told) = (stage::system("test"), Told::default());
    let mine = told.clone();
    let backoff = Backoff::default().min(Duration::from_secs(2));
    let spec = ChildSpec::permanent().backoff(backoff);
    let watcher = system.supervise(move || Watchman::<Listed>::new(&mine), spec);
    let actor = phoenix(&system);
    watch_restarts(&watcher, &actor).await;
    watcher.try_tell(Boom("torn")).unwrap();
    rest().await;
    assert!(matches!(watcher.status(), Status::Restarting));
    fail(&actor, 1).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(told.log.take(), ["phoenix again, 1: failed: torn"]);
    fail(&actor, 1).await;
    assert_eq!(told.log.take(), ["phoenix again, 2: failed: torn"]);
}

#[conformance(virtual_time)]
async fn an_actor_can_be_told_of_its_own_restarts() {
    let (system, told) = (stage::system("test"), Told::default());
    let mine = told.clone();
    let spec = ChildSpec::permanent().options(SpawnOptions::default().name("self"));
    let watcher = system.supervise(move || Watchman::<Listed>::new(&mine), spec);
    within(&watcher, |cx| cx.watch_restarts(&cx.me())).await;
    for n in 1..=2 {
        watcher.try_tell(Boom("torn")).unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(told.log.take(), [format!("self again, {n}: failed: torn")]);
    }
    system.children().remove(watcher.id()).unwrap();
    ended(&watcher).await;
    assert_conserved(&system);
}

#[conformance]
async fn who_has_ended_or_is_never_started_again_gives_nothing_to_tell() {
    let system = stage::system("test");
    let (watcher, told) = watchman::<Listed>(&system);
    let (gone, plain) = (phoenix(&system), watchman::<Listed>(&system).0);
    system.children().remove(gone.id()).unwrap();
    ended(&gone).await;
    watch_restarts(&watcher, &plain).await;
    watch_restarts(&watcher, &gone).await;
    plain.try_tell(Boom("torn")).unwrap();
    ended(&plain).await;
    rest().await;
    assert!(told.log.take().is_empty());
    // A watcher that has ended is in nobody's way.
    let actor = phoenix(&system);
    watch_restarts(&watcher, &actor).await;
    watcher.stop();
    ended(&watcher).await;
    fail(&actor, 2).await;
    assert_eq!(system.children().history(actor.id()).len(), 2);
    assert_conserved(&system);
}

#[conformance(threads)]
async fn in_a_race_of_unwatch_and_restart_nothing_is_told_afterwards() {
    let system = stage::system("test");
    let (watcher, told) = watchman::<Listed>(&system);
    let actor = phoenix(&system);
    let id = actor.id();
    for _ in 0..1000 {
        watch_restarts(&watcher, &actor).await;
        actor.tell(Boom("torn")).await.unwrap();
        within(&watcher, move |cx| cx.unwatch_restarts(id)).await;
        assert!(told.restarts.take().len() <= 1);
        soon("the next life", actor.ask(Life)).await.unwrap();
        within(&watcher, |_| {}).await;
        assert!(told.restarts.take().is_empty());
    }
    assert_conserved(&system);
}

/// Nobody misses the last of many restarts, whichever of the earlier ones were told.
#[conformance(threads)]
async fn of_many_restarts_in_a_row_the_last_is_always_told() {
    let system = stage::system("test");
    let (watcher, told) = watchman::<Listed>(&system);
    let actor = phoenix(&system);
    watch_restarts(&watcher, &actor).await;
    for _ in 0..100 {
        for _ in 0..5 {
            actor.tell(Boom("torn")).await.unwrap();
        }
        let life = soon("the next life", actor.ask(Life)).await.unwrap();
        within(&watcher, |_| {}).await;
        let restarts: Vec<_> = told.restarts.take().iter().map(|it| it.incarnation).collect();
        assert!(restarts.is_sorted() && restarts.last() == Some(&life), "{restarts:?}, {life}");
    }
    assert_conserved(&system);
}

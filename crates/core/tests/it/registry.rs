//! Names: D-18, D-21, F-11 to F-16.

// long: the cases of one facility stand side by side, with the actors they share.

use std::{
    pin::pin,
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context as TaskContext, Wake, Waker},
    time::Duration,
};

use ghostlight::{
    Actor, ActorRef, Context, Create, DrainBudget, Failure, Handler, LookupError, RegisterError,
    SpawnOptions, StopReason, System,
};

use crate::{
    endpoint::Far,
    stage::{self, conformance},
    support::{
        Add, Boom, Counted, Gate, Halt, Journal, Listed, Log, Note, Plain, Witness, alive,
        assert_conserved, ended, park, rest, soon,
    },
};

type It = Journal<Listed>;

fn journal(system: &System) -> ActorRef<It> {
    system.spawn(Journal::new(&Log::default()))
}

fn not_found(name: &str) -> LookupError {
    LookupError::NotFound { name: name.into() }
}

/// Waits at the gate in `stopped`, and looks around when its state is dropped.
struct Host {
    gate: Gate,
    system: System,
    seen: Log<usize>,
}

impl Actor for Host {
    type Protocol = (Note,);

    async fn stopped(&mut self, _: &StopReason, _: &mut Context<'_, Self>) {
        self.gate.pass().await;
    }
}
impl Handler<Note> for Host {
    async fn handle(&mut self, _: Note, _: &mut Context<'_, Self>) {}
}
impl Drop for Host {
    fn drop(&mut self) {
        self.seen.push(self.system.names().len());
    }
}

/// An actor called `till` that is ending, until the gate opens.
async fn ending(system: &System) -> (ActorRef<Host>, Gate, Log<usize>) {
    let (gate, seen) = (Gate::closed(), Log::default());
    let host = Host { gate: gate.clone(), system: system.clone(), seen: seen.clone() };
    let host = system.spawn(host);
    system.register("till", &host).unwrap();
    host.stop();
    gate.arrived().await;
    (host, gate, seen)
}

#[conformance]
async fn a_name_leads_to_its_actor_until_it_is_taken_away() {
    let system = stage::system("test");
    let actor = journal(&system);
    assert_eq!(system.lookup::<It>("till"), Err(not_found("till")));
    system.register("till", &actor).unwrap();
    let found: ActorRef<It> = system.lookup("till").unwrap();
    assert_eq!(found, actor);
    assert_eq!(found.ask(Add(1)).await.unwrap(), 1);
    assert_eq!(system.unregister("till"), Some(actor.id()));
    assert_eq!(system.unregister("till"), None);
    assert_eq!(system.lookup::<It>("till"), Err(not_found("till")));
    assert!(actor.is_alive(), "a name is not a life");
    system.register("till", &actor).unwrap();
    assert_eq!(system.lookup::<It>("till"), Ok(actor));
}

#[conformance]
async fn a_second_registration_of_a_name_is_refused_and_the_first_keeps_it() {
    let system = stage::system("test");
    let (first, second) = (journal(&system), system.spawn(Journal::<Plain>::new(&Log::default())));
    system.register("till", &first).unwrap();
    let refused = system.register("till", &second).unwrap_err();
    assert_eq!(refused, RegisterError::Taken { name: "till".into(), by: first.id() });
    assert_eq!(system.register("till", &first), Ok(()), "it has that name");
    assert_eq!(system.names(), [("till".into(), first.id())]);
    assert_eq!(system.unregister("till"), Some(first.id()));
    assert_eq!(system.register("till", &second), Ok(()), "given twice, taken away once");
    first.stop();
    ended(&first).await;
    assert_eq!(system.names(), [("till".into(), second.id())], "no longer the first one's to lose");
}

#[conformance]
async fn only_the_living_of_this_system_can_be_registered() {
    let (system, other) = (stage::system("test"), stage::system("test"));
    let elsewhere = RegisterError::Elsewhere { name: "till".into() };
    let foreign = journal(&other);
    assert_eq!(system.register("till", &foreign), Err(elsewhere.clone()));
    let far = Far::new(&system, None).reached_by();
    assert_eq!(system.register("till", &far), Err(elsewhere));
    other.register("till", &foreign).unwrap();
    assert_eq!(system.lookup::<It>("till"), Err(not_found("till")), "each system has its names");

    let gone = RegisterError::Ended { name: "till".into() };
    let actor = journal(&system);
    let gate = park(&actor).await;
    actor.stop();
    assert_eq!(system.register("till", &actor), Err(gone.clone()), "told to stop");
    gate.open();
    ended(&actor).await;
    assert_eq!(system.register("till", &actor), Err(gone), "ended");
    assert!(system.names().is_empty());
}

#[conformance]
async fn names_are_listed_in_order_and_an_actor_may_have_several() {
    let system = stage::system("test");
    let (one, other) = (journal(&system), journal(&system));
    for (name, actor) in [("c", &one), ("a", &other), ("b", &one)] {
        system.register(name, actor).unwrap();
    }
    let expected = [("a", other.id()), ("b", one.id()), ("c", one.id())];
    assert_eq!(system.names(), expected.map(|(name, id)| (name.into(), id)));
}

#[conformance]
async fn an_actor_that_holds_two_names_loses_both_when_it_stops_and_no_others() {
    let system = stage::system("test");
    let (one, other) = (journal(&system), journal(&system));
    for (name, actor) in [("a", &one), ("b", &one), ("c", &other), ("d", &one)] {
        system.register(name, actor).unwrap();
    }
    system.unregister("d");
    system.register("d", &other).unwrap();
    one.stop();
    ended(&one).await;
    assert_eq!(system.names(), [("c".into(), other.id()), ("d".into(), other.id())]);
}

struct Unlucky;
impl Actor for Unlucky {
    type Protocol = ();

    async fn started(&mut self, _: &mut Context<'_, Self>) -> Result<(), Failure> {
        Err(Failure::recoverable("no luck"))
    }
}
impl Create for Unlucky {
    type Args = ();

    async fn create((): ()) -> Result<Self, Failure> {
        Err(Failure::recoverable("no luck at all"))
    }
}

#[conformance]
async fn a_name_is_gone_after_every_end() {
    type End = fn(&ActorRef<It>);
    let ends: [(&str, End); 6] = [
        ("stop", |it| it.stop()),
        ("stop with a word", |it| it.stop_because("enough")),
        ("drain", |it| it.drain(DrainBudget::default())),
        ("kill", |it| it.kill()),
        ("from within", |it| it.try_tell(Halt).unwrap()),
        ("panic", |it| it.try_tell(Boom("end")).unwrap()),
    ];
    let system = stage::system("test");
    for (how, end) in ends {
        let actor = journal(&system);
        system.register("till", &actor).unwrap();
        end(&actor);
        ended(&actor).await;
        assert_eq!(system.lookup::<It>("till"), Err(not_found("till")), "{how}");
        assert_eq!(system.names(), [], "{how}");
    }
    type Begin = fn(&System) -> ActorRef<Unlucky>;
    let begins: [Begin; 2] = [|it| it.spawn(Unlucky), |it| it.create::<Unlucky>(())];
    for begin in begins {
        let unlucky = begin(&system);
        let registered = system.register("till", &unlucky);
        assert!(registered.is_ok() || stage::is_real(), "it has not ended yet");
        assert!(matches!(ended(&unlucky).await, StopReason::StartFailed(_)));
        assert_eq!(system.names(), []);
    }
    let actor = journal(&system);
    system.register("till", &actor).unwrap();
    soon("report", system.shutdown(Duration::from_secs(1))).await;
    assert_eq!(system.names(), [], "shutdown");
}

/// Writes down how many names there are when it wakes.
struct Bell(System, Log<usize>);
impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.1.push(self.0.names().len());
    }
}

#[conformance]
async fn a_name_goes_when_the_end_is_complete_and_before_anybody_hears_of_it() {
    let system = stage::system("test");
    let (host, gate, seen) = ending(&system).await;
    let bell = Arc::new(Bell(system.clone(), Log::default()));
    let mut end = pin!(host.wait_stopped());
    let waker = Waker::from(Arc::clone(&bell));
    assert!(end.as_mut().poll(&mut TaskContext::from_waker(&waker)).is_pending());
    assert_eq!(system.lookup::<Host>("till"), Err(not_found("till")), "it was told to end");
    assert_eq!(system.names(), [("till".into(), host.id())], "but it still is there");
    let next = journal(&system);
    assert!(matches!(system.register("till", &next), Err(RegisterError::Taken { .. })));
    gate.open();
    ended(&host).await;
    assert_eq!(bell.1.all(), [0], "whoever waits for the end finds the name free");
    assert_eq!(seen.all(), [1], "the name was still held while the state was dropped");
    assert_eq!(system.register("till", &next), Ok(()));
}

#[conformance]
async fn a_name_asked_for_with_the_wrong_type_is_an_error_and_nobody_is_harmed() {
    let system = stage::system("test");
    let actor = journal(&system);
    system.register("till", &actor).unwrap();
    let error = system.lookup::<Host>("till").unwrap_err();
    let wrong = LookupError::WrongType {
        name: "till".into(),
        is: <It as Actor>::label(),
        wanted: Host::label(),
    };
    assert_eq!(error, wrong);
    let never = || -> Host { unreachable!("there is somebody of that name") };
    assert_eq!(system.lookup_or_spawn("till", never).await, Err(wrong));
    assert_eq!(system.lookup::<It>("till").unwrap().ask(Add(2)).await.unwrap(), 2);
}

#[conformance]
async fn errors_say_what_to_do() {
    let system = stage::system("test");
    let actor = journal(&system);
    let (name, by) = (Arc::<str>::from("till"), actor.id());
    let shown = [
        RegisterError::Taken { name: Arc::clone(&name), by }.to_string(),
        RegisterError::Ended { name: Arc::clone(&name) }.to_string(),
        RegisterError::Elsewhere { name: Arc::clone(&name) }.to_string(),
        not_found("till").to_string(),
        LookupError::WrongType { name, is: "Safe", wanted: "Till" }.to_string(),
    ];
    let expected = [
        format!("the name `till` is taken by {by}; choose another, or unregister it"),
        "the actor to be called `till` is ending; register one that is alive".to_owned(),
        "the actor to be called `till` is of another system; register it there".to_owned(),
        "nobody alive is called `till`; register an actor, or spawn one".to_owned(),
        "`till` is a `Safe`, not a `Till`; look it up as what it is".to_owned(),
    ];
    assert_eq!(shown, expected);
}

#[conformance]
async fn the_registry_keeps_nobody_alive() {
    let system = stage::unkept("test");
    let (counted, count) = Counted::new();
    struct Holder(#[expect(dead_code, reason = "it is held")] Counted);
    impl Actor for Holder {
        type Protocol = ();
    }
    let actor = system.spawn(Holder(counted));
    system.register("till", &actor).unwrap();
    system.register("safe", &actor).unwrap();
    assert_eq!(actor.strong_count(), 1, "a name is no ref");
    let found = system.lookup::<Holder>("till");
    assert_eq!(actor.strong_count(), 2, "what it leads to is one");
    drop(found);
    _ = system.lookup::<Host>("till");
    system.unregister("safe");
    assert_eq!(actor.strong_count(), 1);
    drop(system);
    assert!(matches!(ended(&actor).await, StopReason::SystemShutdown));
    assert_eq!(alive(&count), 0);
}

/// Registers itself.
struct Selfmade;
impl Actor for Selfmade {
    type Protocol = ();

    async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        Ok(cx.system().register("till", &cx.me())?)
    }
}

#[conformance]
async fn an_actor_may_register_itself_and_fail_if_that_does() {
    let system = stage::system("test");
    let first = system.spawn(Selfmade);
    soon("start", first.wait_started()).await.unwrap();
    let second = system.spawn(Selfmade);
    assert_eq!(system.lookup::<Selfmade>("till"), Ok(first));
    let why = soon("start", second.wait_started()).await.unwrap_err();
    assert!(why.to_string().contains("is taken by"), "{why}");
}

#[conformance]
async fn lookup_or_spawn_makes_who_is_not_there_and_finds_who_is() {
    let system = stage::system("test");
    let log = Log::default();
    let options = SpawnOptions::default().throughput(1);
    let made = system.lookup_or_spawn("till", || It::new(&log)).await.unwrap();
    let never = || -> It { unreachable!("there is one") };
    assert_eq!(system.lookup_or_spawn("till", never).await.as_ref(), Ok(&made));
    assert_eq!(system.lookup_or_spawn_with("till", options, never).await.as_ref(), Ok(&made));
    assert_eq!(system.lookup("till").as_ref(), Ok(&made));
    assert_eq!(made.name(), "till");
    assert_eq!(made.ask(Add(3)).await.unwrap(), 3);
    assert_eq!(made.strong_count(), 1);

    let other = SpawnOptions::default().name("front till");
    let front = system.lookup_or_spawn_with("front", other, || It::new(&log)).await.unwrap();
    assert_eq!((front.name(), system.lookup("front")), ("front till", Ok(front.clone())));
    made.stop();
    ended(&made).await;
    assert_eq!(system.names(), [("front".into(), front.id())]);
}

/// Calls `lookup_or_spawn` from many threads at once, and says how many actors that made.
fn race(system: &System, threads: usize) -> usize {
    let (made, start) = (AtomicUsize::new(0), Barrier::new(threads));
    let factory = || {
        made.fetch_add(1, Ordering::Relaxed);
        std::thread::yield_now();
        It::new(&Log::default())
    };
    let ids = Log::default();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                start.wait();
                let actor = system.lookup_or_spawn("till", factory);
                ids.push(system.block_on(actor).unwrap().id());
            });
        }
    });
    let ids = ids.take();
    assert_eq!(ids.len(), threads);
    assert!(ids.iter().all(|it| *it == ids[0]), "{ids:?}");
    made.into_inner()
}

#[test]
fn a_hundred_racing_callers_make_one_actor() {
    let system = System::new("test");
    for _ in 0..20 {
        assert_eq!(race(&system, 100), 1);
        let [(_, id)] = system.names()[..] else { panic!("{:?}", system.names()) };
        let actor = system.lookup::<It>("till").unwrap();
        assert_eq!(actor.id(), id);
        // The next round begins while this one may still be ending.
        actor.stop();
    }
}

#[conformance]
async fn messages_sent_before_the_factory_has_returned_are_handled_in_order() {
    let system = stage::system("test");
    let log = Log::default();
    let factory = || {
        let early: ActorRef<It> = system.lookup("till").unwrap();
        (1..=3).for_each(|n| early.try_tell(Note(n)).unwrap());
        assert_eq!((early.mailbox_len(), log.all().len()), (3, 0));
        It::new(&log)
    };
    let actor = system.lookup_or_spawn("till", factory).await.unwrap();
    actor.tell(Note(4)).await.unwrap();
    actor.ask(Add(1)).await.unwrap();
    assert_eq!(log.all(), [1, 2, 3, 4]);
    assert_conserved(&system);
}

#[conformance]
async fn an_actor_told_to_stop_before_its_factory_has_returned_ends_without_having_run() {
    for how in [ActorRef::stop, ActorRef::kill] {
        let system = stage::system("test");
        let seen = Log::default();
        let factory = || {
            let early: ActorRef<Host> = system.lookup("till").unwrap();
            early.try_tell(Note(1)).unwrap();
            how(&early);
            assert_eq!(system.lookup::<Host>("till"), Err(not_found("till")));
            Host { gate: Gate::closed(), system: system.clone(), seen: seen.clone() }
        };
        let actor = system.lookup_or_spawn("till", factory).await.unwrap();
        assert!(matches!(ended(&actor).await, StopReason::Stopped(None) | StopReason::Killed));
        assert_eq!(seen.all().len(), 1, "its state was dropped");
        assert_eq!(system.names(), []);
        assert_conserved(&system);
    }
}

#[conformance]
async fn a_factory_that_panics_leaves_no_actor_and_no_name() {
    let witness = Witness::default();
    let system = stage::system_with("test", |it| it.observer(witness.clone()));
    let early = Log::default();
    let (ours, theirs) = (system.clone(), early.clone());
    let caller = stage::spawn(async move {
        let factory = || -> It {
            let actor: ActorRef<It> = ours.lookup("till").unwrap();
            actor.try_tell(Note(1)).unwrap();
            theirs.push(actor);
            panic!("no drawer")
        };
        ours.lookup_or_spawn("till", factory).await
    });
    let panic = soon("panic", caller).await.unwrap_err().into_panic();
    assert_eq!(panic.downcast_ref(), Some(&"no drawer"));
    assert_eq!((system.names(), system.actors().len()), (Vec::new(), 0));
    let actor = early.take().remove(0);
    let StopReason::StartFailed(failure) = ended(&actor).await else { panic!("it never started") };
    assert_eq!(failure.to_string(), "no drawer");
    let seen = witness.0.all();
    let expected = ["failed: no drawer", "dead letter: the actor did not start"];
    assert_eq!(seen[..2], expected, "{seen:?}");
    let next = system.lookup_or_spawn("till", || It::new(&Log::default())).await.unwrap();
    assert_eq!(next.ask(Add(1)).await.unwrap(), 1);
    assert_conserved(&system);
}

#[conformance]
async fn lookup_or_spawn_waits_until_who_is_ending_has_ended() {
    let system = stage::system("test");
    let (host, gate, seen) = ending(&system).await;
    let mut next = std::pin::pin!(system.lookup_or_spawn("till", || {
        assert_eq!(seen.all().len(), 1, "the first has gone for good");
        It::new(&Log::default())
    }));
    tokio::time::timeout(Duration::from_secs(1), &mut next).await.unwrap_err();
    assert_eq!(system.names(), [("till".into(), host.id())]);
    gate.open();
    let next = soon("next of that name", next).await.unwrap();
    assert_ne!(next.id(), host.id());
    assert_eq!(system.lookup("till"), Ok(next), "of another type, even");
}

#[conformance]
async fn a_wait_for_a_name_that_is_dropped_leaves_nothing_behind() {
    let system = stage::system("test");
    let (host, gate, _) = ending(&system).await;
    let never = || -> It { unreachable!("nobody waits for it any more") };
    let waiting = system.lookup_or_spawn("till", never);
    tokio::time::timeout(Duration::from_secs(1), waiting).await.unwrap_err();
    drop(system.lookup_or_spawn("other", never));
    gate.open();
    ended(&host).await;
    rest().await;
    assert_eq!((system.names(), system.actors().len()), (Vec::new(), 0));
}

#[conformance]
async fn after_shutdown_lookup_or_spawn_gives_an_ended_actor_like_spawn_does() {
    let system = stage::system("test");
    soon("report", system.shutdown(Duration::from_secs(1))).await;
    let never = || -> It { unreachable!("nothing runs any more") };
    let actor = system.lookup_or_spawn("till", never).await.unwrap();
    assert!(matches!(ended(&actor).await, StopReason::SystemShutdown));
    assert_eq!((system.names(), system.actors().len()), (Vec::new(), 0));
}

#[test]
fn a_name_given_while_its_actor_ends_is_refused_or_goes_with_it() {
    let system = System::new("test");
    let (mut given, mut refused) = (0, 0);
    for round in 0..2000 {
        let actor = journal(&system);
        let start = Barrier::new(2);
        let result = std::thread::scope(|scope| {
            let registering = scope.spawn(|| {
                start.wait();
                system.register("till", &actor)
            });
            start.wait();
            if round % 2 == 0 {
                actor.stop();
            } else {
                actor.kill();
            }
            registering.join().unwrap()
        });
        match result {
            Ok(()) => given += 1,
            Err(RegisterError::Ended { .. }) => refused += 1,
            Err(other) => panic!("{other}"),
        }
        system.block_on(actor.wait_stopped());
        assert_eq!(system.names(), [], "round {round}");
    }
    assert_eq!(given + refused, 2000);
}

#[conformance]
async fn a_name_that_was_taken_away_is_held_by_nobody() {
    let system = stage::system("test");
    let actor = journal(&system);
    let name = Arc::<str>::from("till");
    for _ in 0..100 {
        system.register(Arc::clone(&name), &actor).unwrap();
        assert_eq!(Arc::strong_count(&name), 1 + 2, "the registry's and the actor's");
        system.unregister("till");
    }
    assert_eq!(Arc::strong_count(&name), 1);
}

#[test]
fn a_name_that_changes_hands_while_its_first_holder_ends_stays_with_the_second() {
    let system = System::new("test");
    let names = ["a", "b", "c"];
    std::thread::scope(|scope| {
        let ends = names.map(|name| {
            let system = &system;
            scope.spawn(move || {
                for _ in 0..20_000 {
                    let actor = journal(system);
                    _ = system.register(name, &actor);
                    actor.kill();
                }
            })
        });
        let heir = journal(&system);
        for name in names.into_iter().cycle() {
            if ends.iter().all(std::thread::ScopedJoinHandle::is_finished) {
                return;
            }
            if system.unregister(name).is_some() && system.register(name, &heir).is_ok() {
                assert_eq!(system.lookup(name).as_ref(), Ok(&heir));
                assert_eq!(system.unregister(name), Some(heir.id()));
            }
        }
    });
}

#[test]
fn names_that_are_given_taken_away_and_lost_at_full_speed_are_always_somebodys() {
    let system = System::new("test");
    std::thread::scope(|scope| {
        for thread in 0..4_usize {
            let system = &system;
            scope.spawn(move || {
                for n in 0..1000 {
                    let actor = journal(system);
                    let name = |k: usize| ["a", "b", "c"][(thread + n + k) % 3];
                    _ = system.register(name(0), &actor);
                    _ = system.register(name(1), &actor);
                    _ = system.unregister(name(2));
                    if let Ok(found) = system.lookup::<It>(name(0)) {
                        found.stop();
                    }
                    actor.stop();
                    system.block_on(actor.wait_stopped());
                    let left: Vec<_> =
                        system.names().into_iter().filter(|it| it.1 == actor.id()).collect();
                    assert_eq!(left, [], "it has ended");
                }
            });
        }
    });
    assert_eq!((system.names(), system.actors().len()), (Vec::new(), 0));
}

/// What is awaited here may be awaited on any thread.
fn _sendable(system: &System) -> impl Future<Output = Result<ActorRef<It>, LookupError>> + Send {
    system.lookup_or_spawn("till", || It::new(&Log::default()))
}

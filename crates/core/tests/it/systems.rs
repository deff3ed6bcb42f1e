//! Many systems, their ids, and how they end, D-16, D-18, D-21, D-23, B-20.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use ghostlight::{
    Actor, AskError, Context, Handler, MailboxOptions, SpawnOptions, StopReason, System,
};

use crate::{
    shutdown::Hooked,
    stage::{self, conformance},
    support::{
        Gate, Hold, Journal, Listed, Log, Note, Slow, Witness, assert_conserved, ended, park, rest,
        soon,
    },
};

#[test]
fn ids_are_unique_over_concurrent_spawns() {
    let system = System::new("test");
    let spawners: Vec<_> = (0..8)
        .map(|_| {
            let system = system.clone();
            std::thread::spawn(move || {
                let mut ids = Vec::new();
                for n in 0..2000 {
                    let actor = system.spawn(Journal::<Listed>::new(&Log::default()));
                    ids.push(actor.id());
                    // Slots are used again, and their ids must not be.
                    if n % 3 == 0 {
                        actor.kill();
                    }
                }
                ids
            })
        })
        .collect();
    let ids: Vec<_> = spawners.into_iter().flat_map(|it| it.join().unwrap()).collect();
    let (shown, distinct): (HashSet<_>, HashSet<_>) =
        ids.iter().map(|it| (it.to_string(), *it)).unzip();
    assert_eq!((ids.len(), distinct.len(), shown.len()), (16_000, 16_000, 16_000));
}

#[conformance]
async fn ids_of_two_systems_in_one_process_never_print_alike() {
    let runtime = stage::runtime();
    let on_one_runtime = || System::builder("twin").runtime(runtime.clone()).build();
    let systems =
        [stage::system("twin"), stage::system("twin"), on_one_runtime(), on_one_runtime()];
    let ids: HashSet<_> = systems
        .iter()
        .map(|it| it.spawn(Journal::<Listed>::new(&Log::default())).id().to_string())
        .collect();
    assert_eq!(ids.len(), systems.len(), "the first actors of four systems: {ids:?}");
}

#[conformance]
async fn two_systems_share_neither_observers_nor_counters_nor_dead_letters() {
    let (seen, unseen) = (Witness::default(), Witness::default());
    let one = stage::system_with("same", |it| it.observer(seen.clone()));
    let other = stage::system_with("same", |it| it.observer(unseen.clone()));
    let mut foreign = other.dead_letters(10);
    let options = || SpawnOptions::default().name("till");
    let journal = || Journal::<Listed>::new(&Log::default());
    let (ours, theirs) =
        (one.spawn_with(journal(), options()), other.spawn_with(journal(), options()));
    assert_eq!(ours.name(), theirs.name());
    let gate = park(&ours).await;
    ours.try_tell(Note(1)).unwrap();
    ours.kill();
    ended(&ours).await;
    assert_eq!(seen.0.all().len(), 2, "{:?}", seen.0.all());
    assert!(unseen.0.all().is_empty() && foreign.try_recv().is_none());
    assert_eq!(other.counters().sent, 0);
    assert!(theirs.is_alive());
    drop(gate);
}

#[conformance]
async fn dropping_the_last_handle_stops_everybody() {
    let log = Log::default();
    let system = stage::unkept("test");
    let other = system.clone();
    let (plain, hooked) =
        (system.spawn(Journal::<Listed>::new(&Log::default())), system.spawn(Hooked(log.clone())));
    let busy = system.spawn(Journal::<Listed>::new(&Log::default()));
    let gate = park(&busy).await;
    drop(system);
    rest().await;
    assert!(plain.is_alive() && hooked.is_alive(), "there is another handle");
    drop(other);
    assert!(!plain.is_alive() && !hooked.is_alive() && !busy.is_alive());
    gate.open();
    assert!(matches!(ended(&plain).await, StopReason::SystemShutdown));
    assert!(matches!(ended(&hooked).await, StopReason::SystemShutdown));
    assert!(matches!(ended(&busy).await, StopReason::SystemShutdown));
    assert_eq!(log.all(), ["started", "stopped"]);
}

#[conformance]
async fn after_a_thousand_spawns_and_stops_every_count_is_back_where_it_was() {
    let tasks = stage::n_tasks();
    let system = stage::system("test");
    let counted = Arc::new(());
    for n in 0..stage::times(1000) as u64 {
        let kept = Arc::clone(&counted);
        let actor = system.spawn(Keeping(kept));
        if n % 2 == 0 {
            actor.tell(Note(n)).await.unwrap();
            actor.ask(Slow(0)).queued().await.unwrap();
        }
        match n % 3 {
            0 => actor.stop(),
            1 => actor.kill(),
            _ => actor.drain(Default::default()),
        }
        ended(&actor).await;
    }
    assert!(system.actors().is_empty());
    assert_eq!(Arc::strong_count(&counted), 1, "a state was not dropped");
    // Longer than the coarse clock goes on after the last ask.
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(stage::n_tasks(), tasks);
    assert_conserved(&system);
}

struct Keeping(Arc<()>);
impl Actor for Keeping {
    type Protocol = (Note, Slow);
}
impl Handler<Note> for Keeping {
    async fn handle(&mut self, _: Note, _: &mut Context<'_, Self>) {}
}
impl Handler<Slow> for Keeping {
    async fn handle(&mut self, Slow(n): Slow, _: &mut Context<'_, Self>) -> u64 {
        n + u64::try_from(Arc::strong_count(&self.0)).unwrap_or(0)
    }
}

/// The runtime goes, with actors suspended, at rest, and never used.
#[test]
fn actors_whose_runtime_goes_end_as_lost_and_hang_nobody() {
    let outside = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let inside = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let counted = Arc::new(());
    let (system, suspended, resting, unused) = inside.block_on(async {
        let system = System::new("test");
        let suspended = system.spawn(Journal::<Listed>::new(&Log::default()));
        let gate = Gate::closed();
        suspended.tell(Hold(gate.clone())).await.unwrap();
        gate.arrived().await;
        suspended.try_tell(Note(1)).unwrap();
        let resting = system.spawn(Keeping(Arc::clone(&counted)));
        resting.ask(Slow(1)).queued().await.unwrap();
        let unused = system.spawn(Keeping(Arc::clone(&counted)));
        (system, suspended, resting, unused)
    });
    drop(inside);
    outside.block_on(async {
        assert!(matches!(ended(&suspended).await, StopReason::Lost));
        assert!(matches!(ended(&resting).await, StopReason::Lost));
        assert_eq!(Arc::strong_count(&counted), 2, "the state at rest went with its task");
        let error = suspended.try_tell(Note(2)).unwrap_err();
        assert_eq!(error.into_message(), Some(Note(2)));
        // It has no task yet, and finds out that it cannot have one.
        _ = unused.try_tell(Note(3));
        assert!(matches!(ended(&unused).await, StopReason::Lost));
        assert!(system.actors().is_empty());
        assert_conserved(&system);
    });
    assert_eq!(Arc::strong_count(&counted), 1);
}

#[test]
fn an_ask_whose_runtime_goes_ends() {
    let outside = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let inside = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let actor = inside.block_on(async { System::new("leaked").spawn(Keeping(Arc::new(()))) });
    // The system went with its last handle; the actor was told so.
    drop(inside);
    let error = outside.block_on(async { soon("end of the ask", actor.ask(Slow(1))).await });
    assert!(matches!(error, Err(AskError::Refused { .. })), "{error:?}");
}

#[conformance]
async fn actors_are_listed_the_last_spawned_first_with_what_is_known_of_them() {
    let system = stage::system("test");
    let log = Log::default();
    let first = system.spawn(Journal::<Listed>::new(&log));
    let options = SpawnOptions::default().name("second");
    let second = system.spawn_with(Journal::<Listed>::new(&log), options);
    let gate = park(&second).await;
    (0..4).for_each(|n| second.try_tell(Note(n)).unwrap());
    let infos = system.actors();
    assert_eq!(infos.iter().map(|it| it.id).collect::<Vec<_>>(), [second.id(), first.id()]);
    assert_eq!((infos[0].name.as_str(), infos[0].mailbox_len), ("second", 4));
    assert_eq!((infos[0].counters.sent, infos[0].counters.handled), (5, 1));
    assert!(infos[1].name.contains("Journal"), "{}", infos[1].name);
    gate.open();
    second.stop();
    ended(&second).await;
    assert_eq!(system.actors().len(), 1);
}

/// Counts the events of one text.
struct Warnings(Arc<Mutex<Vec<String>>>);
struct Text(String);
impl tracing::field::Visit for Text {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}
impl tracing::Subscriber for Warnings {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() == tracing::Level::WARN
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        self.0.lock().expect("nothing panics in here").push(text.0);
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[conformance]
async fn an_unbounded_mailbox_warns_once_per_system() {
    let warnings = Arc::new(Mutex::new(Vec::new()));
    let _listening = tracing::subscriber::set_default(Warnings(Arc::clone(&warnings)));
    for system in [stage::system("one"), stage::system("other")] {
        for _ in 0..3 {
            let options = SpawnOptions::default().mailbox(MailboxOptions::unbounded());
            system.spawn_with(Journal::<Listed>::new(&Log::default()), options);
        }
        system.spawn(Journal::<Listed>::new(&Log::default()));
    }
    let warnings = warnings.lock().unwrap();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].contains("unbounded"), "{warnings:?}");
}

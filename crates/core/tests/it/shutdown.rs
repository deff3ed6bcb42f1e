//! Ending a whole system: D-16, D-23.

use std::{
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use ghostlight::{Actor, Context, Failure, Handler, Message, StopReason};

use crate::{
    stage::{self, conformance},
    support::{Add, Gate, Journal, Listed, Log, Note, assert_conserved, ended, park, rest, soon},
};

/// Writes down its farewell.
struct Guest(u64, Log<u64>);
impl Actor for Guest {
    type Protocol = (Note,);

    async fn stopped(&mut self, reason: &StopReason, cx: &mut Context<'_, Self>) {
        assert!(matches!(reason, StopReason::SystemShutdown), "{reason}");
        cx.sleep(Duration::from_millis(10)).await;
        self.1.push(self.0);
    }
}
impl Handler<Note> for Guest {
    async fn handle(&mut self, _: Note, _: &mut Context<'_, Self>) {}
}

#[conformance]
async fn shutdown_goes_in_reverse_order_of_spawning_and_reports_each_end() {
    let tasks = stage::n_tasks();
    let system = stage::system("test");
    let log = Log::default();
    let guests: Vec<_> = (0..10).map(|n| system.spawn(Guest(n, log.clone()))).collect();
    // A slot that is used again must not bring its new owner out of order.
    guests[3].kill();
    ended(&guests[3]).await;
    let late = system.spawn(Guest(10, log.clone()));
    for guest in &guests {
        _ = guest.try_tell(Note(1));
    }
    let report = soon("report", system.shutdown(Duration::from_secs(5))).await;
    assert_eq!(log.all(), [10, 9, 8, 7, 6, 5, 4, 2, 1, 0]);
    let mut expected: Vec<_> = guests.iter().map(ghostlight::ActorRef::id).collect();
    expected.remove(3);
    expected.push(late.id());
    expected.reverse();
    assert_eq!(report.ended.iter().map(|it| it.id).collect::<Vec<_>>(), expected);
    assert!(report.killed.is_empty() && report.lost.is_empty());
    assert!(system.actors().is_empty());
    rest().await;
    assert_eq!(stage::n_tasks(), tasks, "no task remains");
    assert_conserved(&system);
}

#[conformance]
async fn whoever_has_not_ended_at_the_deadline_of_a_shutdown_is_killed() {
    let system = stage::system("test");
    let first = system.spawn(Journal::<Listed>::new(&Log::default()));
    let stuck = system.spawn(Journal::<Listed>::new(&Log::default()));
    let gate = park(&stuck).await;
    let begin = system.runtime().now();
    let report = soon("report", system.shutdown(Duration::from_secs(2))).await;
    let took = system.runtime().now() - begin;
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert!(report.killed.iter().any(|it| it.id == stuck.id()), "{report:?}");
    assert!(report.lost.is_empty(), "{report:?}");
    let departed = report.ended.iter().chain(&report.killed);
    assert!(departed.into_iter().any(|it| it.id == first.id()), "{report:?}");
    assert!(!first.is_alive() && system.actors().is_empty());
    assert!(matches!(ended(&stuck).await, StopReason::SystemShutdown));
    drop(gate);
}

/// Blocks its thread, which nothing can take away from it.
struct Blocker(Arc<Mutex<mpsc::Receiver<()>>>);
#[derive(Debug, Message)]
struct Block(Gate);
impl Actor for Blocker {
    type Protocol = (Block,);
}
impl Handler<Block> for Blocker {
    async fn handle(&mut self, Block(gate): Block, _: &mut Context<'_, Self>) {
        gate.open();
        drop(self.0.lock().map(|it| it.recv()));
    }
}

#[conformance(threads)]
async fn an_actor_lost_on_its_thread_is_named_in_the_report_and_holds_up_nobody() {
    let system = stage::system("test");
    let (release, blocked) = mpsc::channel();
    let quick = system.spawn(Journal::<Listed>::new(&Log::default()));
    let lost = system.spawn(Blocker(Arc::new(Mutex::new(blocked))));
    let gate = Gate::closed();
    lost.tell(Block(gate.clone())).await.unwrap();
    gate.pass().await;
    let report = soon("report", system.shutdown(Duration::ZERO)).await;
    assert_eq!(report.lost.iter().map(|it| it.id).collect::<Vec<_>>(), [lost.id()], "{report:?}");
    ended(&quick).await;
    drop(release);
    ended(&lost).await;
}

/// Has hooks, so that it needs a task to begin and to end in.
pub(crate) struct Hooked(pub(crate) Log<&'static str>);
impl Actor for Hooked {
    type Protocol = ();

    async fn started(&mut self, _: &mut Context<'_, Self>) -> Result<(), Failure> {
        self.0.push("started");
        Ok(())
    }

    async fn stopped(&mut self, _: &StopReason, _: &mut Context<'_, Self>) {
        self.0.push("stopped");
    }
}

#[conformance]
async fn after_a_shutdown_nothing_can_be_spawned() {
    let system = stage::system("test");
    system.shutdown(Duration::from_secs(1)).await;
    let plain = system.spawn(Journal::<Listed>::new(&Log::default()));
    assert!(!plain.is_alive());
    assert!(matches!(ended(&plain).await, StopReason::SystemShutdown));
    let error = plain.ask(Add(1)).await.unwrap_err();
    assert_eq!(error.into_message(), Some(Add(1)));

    let log = Log::default();
    let hooked = system.spawn(Hooked(log.clone()));
    assert!(!hooked.is_alive());
    assert!(matches!(ended(&hooked).await, StopReason::SystemShutdown));
    assert!(log.all().is_empty(), "{:?}: no hook of an actor that never was", log.all());
    assert!(system.actors().is_empty());
}

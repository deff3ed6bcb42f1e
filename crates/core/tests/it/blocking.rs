//! Sending from plain threads: C-01, and A-23 of the requirements: a system outside of any runtime.

use std::{sync::mpsc, time::Duration};

use ghostlight::{AskError, Capacity, MailboxOptions, Refused, SpawnOptions, System, TellError};

use crate::{
    stage,
    support::{Add, Form, Gate, Hold, Journal, Listed, Log, Note, Plain, assert_conserved, park},
};

fn blocks<F: Form>() {
    let system = stage::system("test");
    let log = Log::default();
    let actor = system.spawn(Journal::<F>::new(&log));
    actor.tell(Note(1)).blocking().unwrap();
    actor.recipient().tell(Note(2)).within(Duration::from_secs(5)).blocking().unwrap();
    assert_eq!(actor.ask(Add(1)).blocking().unwrap(), 1);
    assert_eq!(actor.ask(Add(1)).queued().blocking().unwrap(), 2);
    assert_eq!(actor.recipient().ask(Add(1)).within(Duration::MAX).blocking().unwrap(), 3);
    assert_eq!(log.all(), [1, 2]);
    actor.kill();
    let error = actor.tell(Note(3)).blocking().unwrap_err();
    assert_eq!(error.into_message(), Some(Note(3)));
    let error = actor.ask(Add(3)).blocking().unwrap_err();
    assert_eq!(error.into_message(), Some(Add(3)));
    assert_conserved(&system);
}

#[test]
fn a_plain_thread_can_tell_and_ask() {
    blocks::<Listed>();
    blocks::<Plain>();
}

#[test]
fn a_blocking_tell_waits_for_room_and_a_deadline_ends_that() {
    let system = System::new("test");
    let log = Log::default();
    let options = SpawnOptions::default().mailbox(MailboxOptions::wait(Capacity::of::<1>()));
    let actor = system.spawn_with(Journal::<Listed>::new(&log), options);
    let gate = system.block_on(park(&actor));
    actor.try_tell(Note(1)).unwrap();
    let error = actor.tell(Note(2)).within(Duration::from_millis(5)).blocking().unwrap_err();
    assert!(matches!(error, TellError::Deadline { message: Note(2) }), "{error:?}");

    let (done, finished) = mpsc::channel();
    let sender = actor.clone();
    std::thread::spawn(move || {
        done.send(sender.tell(Note(3)).blocking().is_ok()).expect("the test waits for this");
    });
    gate.open();
    let told = finished.recv_timeout(Duration::from_secs(20));
    assert_eq!(told, Ok(true), "the thread must go on when there is room");
    actor.ask(Add(0)).queued().blocking().unwrap();
    assert_eq!(log.all(), [1, 3]);
}

#[test]
fn blocking_senders_are_released_when_the_actor_ends() {
    let system = System::new("test");
    let options = SpawnOptions::default().mailbox(MailboxOptions::wait(Capacity::of::<1>()));
    let actor = system.spawn_with(Journal::<Listed>::new(&Log::default()), options);
    let gate = Gate::closed();
    actor.tell(Hold(gate.clone())).blocking().unwrap();
    system.block_on(gate.arrived());
    actor.try_tell(Note(1)).unwrap();
    let (done, finished) = mpsc::channel();
    for n in 0..3 {
        let (sender, done) = (actor.clone(), done.clone());
        std::thread::spawn(move || {
            let error = sender.ask(Add(n)).blocking().unwrap_err();
            done.send(error.refused()).expect("the test waits for this");
        });
    }
    actor.kill();
    for _ in 0..3 {
        let refused = finished.recv_timeout(Duration::from_secs(20));
        assert_eq!(refused, Ok(Some(Refused::Stopped)), "a blocked thread must be released");
    }
}

#[tokio::test]
#[should_panic(expected = "runtime")]
async fn blocking_inside_an_async_task_panics_instead_of_hanging() {
    let system = System::new("test");
    let actor = system.spawn(Journal::<Listed>::new(&Log::default()));
    drop(actor.ask(Add(1)).blocking());
}

#[test]
fn a_system_made_outside_of_a_runtime_brings_its_own() {
    let system = System::new("test");
    let log = Log::default();
    let actor = system.spawn(Journal::<Listed>::new(&log));
    actor.try_tell(Note(1)).unwrap();
    let total = system.block_on(async { actor.ask(Add(41)).await });
    assert!(matches!(total, Ok(41)), "{total:?}");
    assert_eq!(log.all(), [1]);
    let report = system.block_on(system.shutdown(Duration::from_secs(5)));
    assert_eq!(report.ended.iter().map(|it| it.id).collect::<Vec<_>>(), [actor.id()]);
    let error = actor.ask(Add(1)).blocking();
    assert!(matches!(error, Err(AskError::Refused { why: Refused::Stopped, .. })), "{error:?}");
}

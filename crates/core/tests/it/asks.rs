//! Asking, on the caller and through the queue: C-01, C-02, C-08, C-09, C-22.

use std::time::Duration;

use ghostlight::{AskError, Capacity, DeadReason, MailboxOptions, SpawnOptions};

use crate::{
    stage::{self, conformance},
    support::{
        Add, Form, Journal, Listed, Log, Note, Path, Plain, Slow, assert_conserved, dead, ended,
        park, rest, soon,
    },
};

async fn every_form<F: Form>(mailbox: MailboxOptions) {
    let system = stage::system("test");
    let log = Log::default();
    let options = SpawnOptions::default().mailbox(mailbox);
    let actor = system.spawn_with(Journal::<F>::new(&log), options);
    let (notes, sums) = (actor.recipient::<Note>(), actor.recipient::<Add>());
    let within = Duration::from_secs(1);
    let at = || system.runtime().now() + within;

    actor.tell(Note(1)).await.unwrap();
    actor.tell(Note(2)).within(within).await.unwrap();
    actor.tell(Note(3)).deadline(at()).await.unwrap();
    actor.try_tell(Note(4)).unwrap();
    actor.tell(Note(5)).now().unwrap();
    notes.tell(Note(6)).await.unwrap();
    notes.tell(Note(7)).within(within).await.unwrap();
    notes.try_tell(Note(8)).unwrap();
    for path in Path::BOTH {
        path.ask(&actor, Add(1)).await.unwrap();
        path.ask(&actor, Add(1)).within(within).await.unwrap();
        path.ask(&actor, Add(1)).within(Duration::MAX).await.unwrap();
        path.ask(&actor, Add(1)).deadline(at()).await.unwrap();
    }
    sums.ask(Add(1)).await.unwrap();
    assert_eq!(sums.ask(Add(1)).queued().await.unwrap(), 10);
    rest().await;
    assert_eq!(log.all(), (1..9).collect::<Vec<_>>());
    assert_conserved(&system);
}

#[conformance]
async fn every_form_of_tell_and_ask_works_bounded_and_unbounded() {
    for mailbox in [
        MailboxOptions::default(),
        MailboxOptions::unbounded(),
        MailboxOptions::reject(Capacity::of::<10>()),
        MailboxOptions::drop_newest(Capacity::of::<10>()),
        MailboxOptions::drop_oldest(Capacity::of::<10>()),
    ] {
        every_form::<Listed>(mailbox).await;
        every_form::<Plain>(mailbox).await;
    }
}

#[conformance]
async fn a_hundred_sequential_asks_see_a_running_total_without_a_gap() {
    let system = stage::system("test");
    for path in Path::BOTH {
        let actor = system.spawn(Journal::<Listed>::new(&Log::default()));
        for n in 1..=100 {
            assert_eq!(path.ask(&actor, Add(1)).await.unwrap(), n, "{path:?}");
        }
    }
}

#[conformance(threads)]
async fn ten_tasks_asking_at_once_see_the_total_grow_only() {
    let system = stage::system("test");
    let actor = system.spawn(Journal::<Listed>::new(&Log::default()));
    let tasks: Vec<_> = (0..10)
        .map(|task| {
            let actor = actor.clone();
            stage::spawn(async move {
                let mut last = 0;
                for n in 0..500 {
                    let path = Path::BOTH[(n + task) % 2];
                    let total = path.ask(&actor, Add(1)).await.unwrap();
                    assert!(total > last, "{total} after {last}");
                    last = total;
                }
            })
        })
        .collect();
    for task in tasks {
        soon("task that is done", task).await.unwrap();
    }
    assert_eq!(actor.ask(Add(0)).await.unwrap(), 5000);
    assert_conserved(&system);
}

#[conformance]
async fn an_ask_dropped_while_it_is_queued_never_runs_and_is_a_dead_letter() {
    let system = stage::system("test");
    let mut letters = system.dead_letters(10);
    let log = Log::default();
    let actor = system.spawn(Journal::<Listed>::new(&log));
    let gate = park(&actor).await;
    let asker = actor.clone();
    let asked = stage::spawn(async move { asker.ask(Slow(1)).await });
    rest().await;
    asked.abort();
    rest().await;
    let reason = DeadReason::Withdrawn;
    assert_eq!(dead::<Slow>(&mut letters), [(Slow(1), reason)], "at once, not when its turn comes");
    gate.open();
    rest().await;
    assert!(log.all().is_empty());
    assert!(actor.is_alive());
    assert_conserved(&system);
}

#[conformance(virtual_time)]
async fn an_ask_dropped_while_it_runs_does_not_end_the_handler() {
    for path in Path::BOTH {
        let system = stage::system("test");
        let mut letters = system.dead_letters(10);
        let log = Log::default();
        let actor = system.spawn(Journal::<Listed>::new(&log));
        let asker = actor.clone();
        let asked = stage::spawn(async move { path.ask(&asker, Slow(100)).await });
        tokio::time::sleep(Duration::from_millis(10)).await;
        asked.abort();
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(log.all(), [100], "{path:?}: `&mut self` code is not cut half way");
        assert!(letters.try_recv().is_none(), "{path:?}: it ran, so it is no dead letter");
        assert_eq!(actor.ask(Add(1)).await.unwrap(), 1, "{path:?}");
        assert_conserved(&system);
    }
}

#[conformance]
async fn every_ask_ends_queued_running_or_deferred_whichever_way_its_actor_ends() {
    let orders: [fn(&ghostlight::ActorRef<Journal<Listed>>); 3] =
        [|it| it.stop(), |it| it.kill(), |it| it.try_tell(crate::support::Boom("end")).unwrap()];
    for order in orders {
        for path in Path::BOTH {
            let system = stage::system("test");
            let actor = system.spawn(Journal::<Listed>::new(&Log::default()));
            let ports = Log::default();
            let ask = |message| {
                let asker = actor.clone();
                stage::spawn(async move { path.ask(&asker, message).await.map_err(drop) })
            };
            let (asker, shelf) = (actor.clone(), ports.clone());
            let deferred = stage::spawn(async move {
                path.ask(&asker, crate::support::Later(shelf)).await.map_err(|it| it.to_string())
            });
            rest().await;
            let running = ask(Slow(50));
            rest().await;
            let queued = ask(Slow(60));
            rest().await;
            order(&actor);
            for asked in [running, queued] {
                _ = soon("end of an ask", asked).await.unwrap();
            }
            ended(&actor).await;
            // A reply handle outlives its actor; whoever has it decides.
            ports.take().into_iter().for_each(|port| port.send(3));
            assert_eq!(soon("end of the deferred ask", deferred).await.unwrap(), Ok(3));
            assert_conserved(&system);
        }
    }
}

#[conformance]
async fn an_asker_waiting_for_room_gets_in_and_is_answered() {
    let system = stage::system("test");
    let options = SpawnOptions::default().mailbox(MailboxOptions::wait(Capacity::of::<1>()));
    let actor = system.spawn_with(Journal::<Listed>::new(&Log::default()), options);
    let gate = park(&actor).await;
    let mut asked = Vec::new();
    for _ in 0..5 {
        let asker = actor.clone();
        asked.push(stage::spawn(async move { asker.ask(Add(1)).await }));
        rest().await;
    }
    gate.open();
    for (n, it) in (1..).zip(asked) {
        assert_eq!(soon("reply", it).await.unwrap().unwrap(), n, "in order of arrival");
    }
    assert_conserved(&system);
}

#[conformance]
async fn a_deadline_that_is_already_over_runs_nothing() {
    let system = stage::system("test");
    let log = Log::default();
    let actor = system.spawn(Journal::<Listed>::new(&log));
    let gate = park(&actor).await;
    let error = actor.ask(Slow(1)).within(Duration::ZERO).await.unwrap_err();
    assert!(matches!(error, AskError::Deadline { message: Some(Slow(1)) }), "{error:?}");
    gate.open();
    rest().await;
    assert!(log.all().is_empty());
}

//! Actors that end when nobody holds a ref to them: D-14.

use std::time::Duration;

use ghostlight::{ActorRef, Backoff, ChildSpec, SpawnOptions, Status, StopReason, System};

use crate::{
    kin::{Act, Do, Kin, Plan, Point, call, eager, fail, permanent},
    stage::{self, conformance},
    support::{Gate, Hold, Log, Note, assert_conserved, rest, soon},
};

fn options() -> SpawnOptions {
    SpawnOptions::default().stop_when_unreferenced()
}

/// Whether there is an actor whose label is that of the kind that is tested.
fn lives(system: &System) -> bool {
    !system.actors().is_empty()
}

#[conformance]
async fn it_ends_when_the_last_ref_or_recipient_goes() {
    let system = stage::system("test");
    let log = Log::default();
    let actor = system.spawn_with(Plan::new("actor", &log).build(), options());
    let (second, recipient, weak) = (actor.clone(), actor.recipient::<Note>(), actor.downgrade());
    drop(actor);
    rest().await;
    assert!(lives(&system));
    drop(second);
    rest().await;
    assert!(lives(&system), "a recipient is as good as a ref");
    recipient.tell(Note(1)).await.unwrap();
    let third = weak.upgrade().unwrap();
    drop(recipient);
    rest().await;
    assert!(lives(&system), "one that was weak, and is not any more, counts too");
    drop(third);
    assert!(weak.upgrade().is_none(), "a weak one does not");
    rest().await;
    assert!(!lives(&system));
    let expected = ["started 0", "1", "stopped: nobody held a ref to it", "dropped"];
    assert_eq!(log.all(), expected.map(|it| format!("actor {it}")));
    assert_eq!(stage::n_tasks(), 0);
    assert_conserved(&system);
}

#[conformance]
async fn what_it_was_sent_is_handled_first_and_the_running_turn_ends() {
    let system = stage::system("test");
    let log = Log::default();
    let actor = system.spawn_with(Plan::new("actor", &log).build(), options());
    let gate = Gate::closed();
    actor.tell(Hold(gate.clone())).await.unwrap();
    gate.arrived().await;
    (0..3).for_each(|n| actor.try_tell(Note(n)).unwrap());
    drop(actor);
    rest().await;
    assert!(lives(&system));
    gate.open();
    rest().await;
    assert!(!lives(&system));
    let lines = log.all();
    assert_eq!(lines[1..4], ["actor 0", "actor 1", "actor 2"]);
    assert_conserved(&system);
}

#[conformance]
async fn a_ref_to_itself_counts_only_while_it_is_held() {
    let system = stage::system("test");
    let actor = system.spawn_with(Plan::new("actor", &Log::default()).build(), options());
    let me: ActorRef<Kin> = call(&actor, |cx| cx.me()).await;
    drop(actor);
    rest().await;
    assert!(lives(&system) && me.is_alive());
    assert_eq!(me.strong_count(), 1);
    let weak = me.downgrade();
    // One that it asks for while nobody else holds any keeps nothing.
    me.tell(Do(Act::Sleep(10))).await.unwrap();
    drop(me);
    soon("end", async {
        while lives(&system) {
            rest().await;
        }
    })
    .await;
    assert!(weak.upgrade().is_none());
}

#[conformance]
async fn one_that_is_spawned_and_forgotten_at_once_ends_too() {
    for hooked in [false, true] {
        let system = stage::system("test");
        let plan = Plan::new("actor", &Log::default());
        if hooked {
            drop(system.spawn_with(plan.at(Point::Started, [Act::Sleep(5)]).build(), options()));
        } else {
            drop(system.create_with::<Kin>(plan, options()));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(!lives(&system), "{hooked}");
        assert_eq!(stage::n_tasks(), 0);
    }
}

#[conformance(virtual_time)]
async fn a_child_that_nobody_can_reach_ends_for_good_whatever_its_rule() {
    let rules = [permanent(), eager(ChildSpec::transient()), eager(ChildSpec::temporary())];
    for (n, spec) in rules.into_iter().enumerate() {
        for waits in [false, true] {
            let system = stage::system("test");
            let log = Log::default();
            let owner = system.spawn(Plan::new("owner", &log).build());
            let spec = spec.clone().options(options());
            let backoff = Backoff::default().min(Duration::from_secs(1)).jitter(0.0);
            let (plan, spec) = (Plan::new("child", &log), spec.backoff(backoff));
            let child = call(&owner, move |cx| cx.supervise_with(plan.factory(), spec)).await;
            rest().await;
            assert_eq!(child.strong_count(), 1, "its owner's hold on it does not count");
            if waits {
                fail(&child, "torn").await;
                assert!(n == 2 || matches!(child.status(), Status::Restarting));
            }
            drop(child);
            tokio::time::sleep(Duration::from_secs(10)).await;
            assert_eq!(system.actors().len(), 1, "rule {n}, between incarnations: {waits}");
            assert!(owner.children().list().is_empty(), "rule {n}: {waits}");
            assert!(owner.is_alive());
        }
    }
}

#[conformance]
async fn a_ref_outlives_restarts() {
    let system = stage::system("test");
    let log = Log::default();
    let child =
        system.supervise(Plan::new("child", &log).factory(), permanent().options(options()));
    for n in 0..3 {
        assert_eq!(crate::kin::incarnation(&child).await, n);
        fail(&child, "torn").await;
    }
    assert_eq!(child.strong_count(), 1);
    child.stop();
    rest().await;
    assert_eq!(crate::kin::incarnation(&child).await, 4, "a stop is not that");
    drop(child);
    rest().await;
    assert!(!lives(&system));
}

#[conformance(threads)]
async fn refs_dropped_on_many_threads_end_it_once() {
    for _ in 0..200 {
        let system = stage::system("test");
        let log = Log::default();
        let actor = system.spawn_with(Plan::new("actor", &log).build(), options());
        let hands: Vec<_> = (0..8)
            .map(|n| {
                let actor = actor.clone();
                stage::spawn(async move { actor.tell(Note(n)).await.unwrap() })
            })
            .collect();
        let weak = actor.downgrade();
        drop(actor);
        for hand in hands {
            soon("hand", hand).await.unwrap();
        }
        soon("end", system.await_all()).await.unwrap();
        assert!(weak.upgrade().is_none());
        let lines = log.all();
        let stops = lines.iter().filter(|it| it.contains("stopped")).collect::<Vec<_>>();
        assert_eq!(stops, ["actor stopped: nobody held a ref to it"]);
        assert_eq!(lines.len(), 11, "all eight were handled: {lines:?}");
        assert!(!matches!(StopReason::Unreferenced, StopReason::Lost));
    }
}

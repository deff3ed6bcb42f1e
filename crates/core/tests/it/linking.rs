//! Shared fate: F-02, F-05, F-09, F-10, and F6 to F8.

// long: the cases of one facility stand side by side, with the actors they share.

use std::{thread, time::Duration};

use ghostlight::{
    Actor, ActorRef, Backoff, ChildSpec, Context, Create, DrainBudget, Failure, Handler,
    RestartWindow, SpawnOptions, Status, StopReason, System, Terminated,
};

use crate::{
    stage::{self, conformance},
    support::{
        Boom, Gate, Journal, Listed, Log, Note, Plain, assert_conserved, dead_notes, ended, park,
        rest, soon,
    },
    watchman::{Guise, Told, Watchman, watch, watchman, within, within_later},
};

type Peer = ActorRef<Watchman<Listed>>;

async fn link<B: Actor>(actor: &Peer, other: &ActorRef<B>) {
    let other = other.clone();
    within(actor, move |cx| cx.link(&other)).await;
}

fn named(name: &str) -> SpawnOptions {
    SpawnOptions::default().name(name)
}

fn peer(system: &System, name: &str) -> (Peer, Told) {
    let told = Told::default();
    (system.spawn_with(Watchman::new(&told), named(name)), told)
}

fn supervised(system: &System, name: &'static str, spec: ChildSpec) -> (Peer, Told) {
    let told = Told::default();
    let theirs = told.clone();
    (system.supervise(move || Watchman::new(&theirs), spec.options(named(name))), told)
}

/// Who ended first, and why, as a linked actor tells it.
#[track_caller]
fn first(reason: &StopReason) -> (ghostlight::ActorId, String, String) {
    let StopReason::Linked(end) = reason else { panic!("not shared: {reason}") };
    (end.id, end.name.to_string(), end.reason.to_string())
}

type Order = fn(&Peer);

const GRACEFUL: [Order; 3] =
    [|it| it.stop(), |it| it.stop_because("enough"), |it| it.drain(DrainBudget::default())];

const FAILED: [(Order, &str); 2] =
    [(|it| it.kill(), "killed"), (|it| it.try_tell(Boom("torn")).unwrap(), "failed: torn")];

#[conformance]
async fn a_failed_end_is_shared_both_ways_and_names_who_was_first() {
    let system = stage::system("test");
    for (order, why) in FAILED {
        for linker_ends in [true, false] {
            let ((one, _), (two, _)) = (peer(&system, "one"), peer(&system, "two"));
            link(&one, &two).await;
            let (victim, other) = if linker_ends { (&one, &two) } else { (&two, &one) };
            order(victim);
            ended(victim).await;
            let reason = ended(other).await;
            let name = if linker_ends { "one" } else { "two" };
            assert_eq!(first(&reason), (victim.id(), name.to_owned(), why.to_owned()));
            assert!(reason.is_failure());
        }
    }
    assert_conserved(&system);
}

#[conformance]
async fn a_graceful_end_is_not_shared() {
    let system = stage::system("test");
    for order in GRACEFUL {
        for linker_ends in [true, false] {
            let ((one, told), (two, _)) = (peer(&system, "one"), peer(&system, "two"));
            link(&one, &two).await;
            let (victim, other) = if linker_ends { (&one, &two) } else { (&two, &one) };
            order(victim);
            ended(victim).await;
            rest().await;
            assert!(matches!(other.status(), Status::Running), "{:?}", other.status());
            assert!(told.log.take().is_empty(), "nobody asked to be told");
        }
    }
    let ((one, _), (two, _)) = (peer(&system, "one"), peer(&system, "two"));
    link(&one, &two).await;
    within(&one, |cx| cx.stop()).await;
    ended(&one).await;
    rest().await;
    assert!(two.is_alive(), "it had ended by itself");
    assert_conserved(&system);
}

/// Does not come to life.
struct Stillborn;
impl Actor for Stillborn {
    type Protocol = ();
}
impl Create for Stillborn {
    type Args = Gate;

    async fn create(gate: Gate) -> Result<Self, Failure> {
        gate.pass().await;
        Err(Failure::recoverable("no luck"))
    }
}

#[conformance]
async fn a_failure_to_start_is_shared_like_any_other() {
    let system = stage::system("test");
    let ((one, _), gate) = (peer(&system, "one"), Gate::closed());
    let other = system.create_with::<Stillborn>(gate.clone(), named("other"));
    link(&one, &other).await;
    gate.open();
    let expected = (other.id(), "other".to_owned(), "did not start: no luck".to_owned());
    assert_eq!(first(&ended(&one).await), expected);
}

#[conformance]
async fn an_actor_that_is_starting_ends_with_the_one_it_is_linked_to() {
    let system = stage::system("test");
    let ((one, _), gate) = (peer(&system, "one"), Gate::closed());
    let other = system.create_with::<Stillborn>(gate.clone(), named("other"));
    link(&one, &other).await;
    gate.arrived().await;
    one.kill();
    let reason = ended(&other).await;
    assert_eq!(first(&reason), (one.id(), "one".to_owned(), "killed".to_owned()));
}

#[conformance]
async fn a_link_to_an_already_dead_actor_notifies_at_once() {
    let system = stage::system("test");
    for traps in [false, true] {
        for (order, why) in FAILED {
            let ((one, told), (two, _)) = (peer(&system, "one"), peer(&system, "two"));
            order(&two);
            ended(&two).await;
            let dead = two.clone();
            within(&one, move |cx| {
                if traps {
                    cx.trap_links();
                }
                cx.link(&dead);
            })
            .await;
            rest().await;
            if traps {
                assert_eq!(told.log.take(), [format!("two: {why}")]);
                assert!(one.is_alive());
            } else {
                assert_eq!(first(&ended(&one).await).0, two.id());
            }
        }
        for order in GRACEFUL {
            let ((one, told), (two, _)) = (peer(&system, "one"), peer(&system, "two"));
            order(&two);
            ended(&two).await;
            if traps {
                within(&one, |cx| cx.trap_links()).await;
            }
            link(&one, &two).await;
            rest().await;
            assert_eq!(told.log.take().len(), usize::from(traps));
            assert!(one.is_alive());
        }
    }
    assert_conserved(&system);
}

#[conformance]
async fn an_actor_that_takes_ends_as_messages_survives_its_linked_peer() {
    let system = stage::system("test");
    for (trap_first, link_from) in [(true, true), (true, false), (false, true), (false, false)] {
        let (keeper, told) = peer(&system, "keeper");
        for (order, why) in FAILED {
            let (other, _) = peer(&system, "other");
            if trap_first {
                within(&keeper, |cx| cx.trap_links()).await;
            }
            if link_from {
                link(&keeper, &other).await;
            } else {
                link(&other, &keeper).await;
            }
            if !trap_first {
                within(&keeper, |cx| cx.trap_links()).await;
            }
            order(&other);
            ended(&other).await;
            rest().await;
            assert_eq!(told.log.take(), [format!("other: {why}")]);
            assert_eq!(told.ends.take()[0].id, other.id());
            assert!(keeper.is_alive());
        }
        for order in GRACEFUL {
            let (other, _) = peer(&system, "other");
            link(&keeper, &other).await;
            order(&other);
            ended(&other).await;
            rest().await;
            assert_eq!(told.log.take().len(), 1, "and graceful ends are told, too");
        }
        // The one who does not trap still shares its fate.
        let (other, _) = peer(&system, "other");
        link(&keeper, &other).await;
        keeper.kill();
        assert_eq!(first(&ended(&other).await).1, "keeper");
    }
    assert_conserved(&system);
}

#[conformance]
async fn one_end_gives_one_notice_however_many_ties_there_were() {
    let system = stage::system("test");
    for traps in [true, false] {
        let ((one, told), (two, _)) = (peer(&system, "one"), peer(&system, "two"));
        for _ in 0..2 {
            link(&one, &two).await;
            watch(&one, &two).await;
            link(&two, &one).await;
        }
        if traps {
            within(&one, |cx| cx.trap_links()).await;
        }
        let gate = park(&one).await;
        two.kill();
        ended(&two).await;
        gate.open();
        rest().await;
        if traps {
            assert_eq!(told.log.take(), ["two: killed"]);
            assert!(one.is_alive());
        } else {
            assert_eq!(first(&ended(&one).await).0, two.id());
        }
    }
    let ((one, told), (two, _)) = (peer(&system, "one"), peer(&system, "two"));
    two.kill();
    ended(&two).await;
    let dead = two.clone();
    within(&one, move |cx| {
        cx.trap_links();
        cx.watch(&dead);
        cx.link(&dead);
        cx.link(&dead);
        cx.watch(&dead);
    })
    .await;
    rest().await;
    assert_eq!(told.log.take(), ["two: killed"]);
    assert_conserved(&system);
}

#[conformance]
async fn unlink_undoes_a_link_whoever_of_the_two_says_it() {
    let system = stage::system("test");
    for (linker_unlinks, linker_ends) in
        [(true, true), (true, false), (false, true), (false, false)]
    {
        let ((one, told), (two, _)) = (peer(&system, "one"), peer(&system, "two"));
        within(&one, |cx| cx.trap_links()).await;
        link(&one, &two).await;
        let (who, whom) = if linker_unlinks { (&one, two.clone()) } else { (&two, one.clone()) };
        within(who, move |cx| {
            cx.unlink(&whom);
            cx.unlink(&whom);
        })
        .await;
        let (victim, other) = if linker_ends { (&one, &two) } else { (&two, &one) };
        victim.kill();
        ended(victim).await;
        rest().await;
        assert!(other.is_alive() && told.log.take().is_empty());
        // Never linked, or dead: nothing to undo.
        let dead = victim.clone();
        within(other, move |cx| cx.unlink(&dead)).await;
        assert!(other.is_alive());
    }
    assert_conserved(&system);
}

#[conformance]
async fn a_link_can_be_made_anew_after_it_was_undone() {
    let system = stage::system("test");
    let ((one, _), (two, _)) = (peer(&system, "one"), peer(&system, "two"));
    link(&one, &two).await;
    let other = one.clone();
    within(&two, move |cx| cx.unlink(&other)).await;
    link(&two, &one).await;
    two.kill();
    assert_eq!(first(&ended(&one).await).0, two.id());
}

#[conformance]
async fn an_actor_that_links_to_itself_is_linked_to_nobody() {
    let system = stage::system("test");
    for traps in [false, true] {
        let (one, told) = peer(&system, "one");
        within(&one, move |cx| {
            if traps {
                cx.trap_links();
            }
            cx.link(&cx.me());
        })
        .await;
        one.try_tell(Boom("torn")).unwrap();
        assert_eq!(ended(&one).await.to_string(), "failed: torn");
        assert!(told.log.take().is_empty());
    }
    assert_conserved(&system);
}

#[conformance(virtual_time)]
async fn restarts_are_not_shared_and_the_final_end_is() {
    let system = stage::system("test");
    let spec = ChildSpec::permanent().window(RestartWindow::new(5, Duration::from_secs(60)));
    let (child, _) = supervised(&system, "child", spec);
    let ((one, told), (trapping, told_too)) = (peer(&system, "one"), peer(&system, "two"));
    link(&one, &child).await;
    link(&trapping, &child).await;
    within(&trapping, |cx| cx.trap_links()).await;
    for _ in 0..5 {
        child.try_tell(Boom("torn")).unwrap();
        tokio::time::sleep(Duration::from_secs(4)).await;
        assert!(matches!(child.status(), Status::Running));
    }
    assert!(one.is_alive() && trapping.is_alive());
    child.try_tell(Boom("torn")).unwrap();
    let why = "no restart left of 5 within 60s; at last, failed: torn";
    let expected = (child.id(), "child".to_owned(), why.to_owned());
    assert_eq!(first(&ended(&one).await), expected);
    rest().await;
    assert_eq!(told_too.log.take(), [format!("child: {why}")]);
    assert!(told.log.take().is_empty());
}

#[conformance]
async fn a_supervised_actor_fails_with_its_link_and_is_started_again_by_its_own_supervisor() {
    let system = stage::system("test");
    for spec in [ChildSpec::permanent(), ChildSpec::transient()] {
        let (child, _) = supervised(&system, "child", spec);
        let (other, _) = peer(&system, "other");
        link(&child, &other).await;
        let gate = park(&child).await;
        child.try_tell(Note(1)).unwrap();
        other.kill();
        ended(&other).await;
        assert!(child.is_alive(), "the door stays open for the next incarnation");
        gate.open();
        tokio::time::sleep(Duration::from_secs(1)).await;
        let history = system.children().history(child.id());
        assert_eq!(history.len(), 1);
        assert_eq!(first(&history[0].why), (other.id(), "other".into(), "killed".into()));
        assert!(matches!(child.status(), Status::Running));
        assert_eq!(child.mailbox_len(), 0, "what waited is handled by the next one");
        // That link is gone, and a new one works as the old.
        let (other, _) = peer(&system, "other");
        link(&other, &child).await;
        other.kill();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(system.children().history(child.id()).len(), 2);
        system.children().remove(child.id()).unwrap();
        ended(&child).await;
    }
    let (child, _) = supervised(&system, "child", ChildSpec::temporary());
    let (other, _) = peer(&system, "other");
    link(&child, &other).await;
    other.kill();
    assert_eq!(first(&ended(&child).await).1, "other");
    assert_conserved(&system);
}

/// A link outlives the restarts of both.
#[conformance(virtual_time)]
async fn the_links_of_an_actor_survive_its_restarts() {
    let system = stage::system("test");
    let (child, _) = supervised(&system, "child", ChildSpec::permanent());
    let (other, _) = peer(&system, "other");
    link(&child, &other).await;
    child.try_tell(Boom("torn")).unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(other.is_alive());
    other.kill();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let history = system.children().history(child.id());
    let reasons: Vec<_> = history.iter().map(|it| it.why.to_string()).collect();
    let linked = format!("linked to other ({}), which killed", other.id());
    assert_eq!(reasons, ["failed: torn".to_owned(), linked]);
}

/// It has failed already, for a reason of its own; that it fails once more with its link would cost
/// it a restart.
#[conformance(virtual_time)]
async fn an_actor_between_two_incarnations_has_nothing_to_share() {
    let system = stage::system("test");
    let backoff = Backoff::default().min(Duration::from_secs(2));
    let (child, _) = supervised(&system, "child", ChildSpec::permanent().backoff(backoff));
    let (other, _) = peer(&system, "other");
    link(&child, &other).await;
    child.try_tell(Boom("torn")).unwrap();
    rest().await;
    assert!(matches!(child.status(), Status::Restarting));
    other.kill();
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(matches!(child.status(), Status::Running), "{:?}", child.status());
    assert_eq!(system.children().history(child.id()).len(), 1);
    child.tell(Note(1)).await.unwrap();
    assert_conserved(&system);
}

/// Writes down why it ends.
struct Diarist(Log<String>);
impl Actor for Diarist {
    type Protocol = (Note,);

    async fn stopped(&mut self, reason: &StopReason, _: &mut Context<'_, Self>) {
        self.0.push(reason.to_string());
    }
}
impl Handler<Note> for Diarist {
    async fn handle(&mut self, _: Note, cx: &mut Context<'_, Self>) {
        cx.cancelled().await;
        self.0.push("heeds it".to_owned());
    }
}

#[conformance]
async fn a_busy_peer_may_finish_its_turn_and_clean_up() {
    let (system, log) = (stage::system("test"), Log::default());
    let mut letters = system.dead_letters(10);
    let ((one, _), busy) = (peer(&system, "one"), system.spawn(Diarist(log.clone())));
    link(&one, &busy).await;
    (1..=3).for_each(|n| busy.try_tell(Note(n)).unwrap());
    rest().await;
    one.kill();
    ended(&busy).await;
    let linked = format!("linked to one ({}), which killed", one.id());
    assert_eq!(log.take(), ["heeds it".to_owned(), linked]);
    assert_eq!(dead_notes(&mut letters), [2, 3]);
    assert_conserved(&system);
}

#[conformance]
async fn an_end_that_an_owner_wants_is_not_shared_by_the_friends_of_its_children() {
    let system = stage::system("test");
    let ((owner, _), (friend, _)) = (peer(&system, "owner"), peer(&system, "friend"));
    let pal = friend.clone();
    let (shelf, told) = (Log::default(), Told::default());
    let mine = shelf.clone();
    within(&owner, move |cx| mine.push(cx.spawn(Watchman::<Listed>::new(&told)))).await;
    let child = shelf.take().remove(0);
    within(&child, move |cx| cx.link(&pal)).await;
    owner.kill();
    let why = ended(&child).await;
    rest().await;
    // An owner that is killed has its children killed: that is a failure, and is shared.
    assert_eq!(friend.is_alive(), !why.is_failure(), "{why}");
}

#[conformance]
async fn a_link_reaches_over_systems_and_its_end_goes_by_its_own() {
    let (here, there) = (stage::system("here"), stage::system("there"));
    let ((one, _), (two, _)) = (peer(&here, "one"), peer(&there, "two"));
    link(&one, &two).await;
    there.shutdown(Duration::from_secs(1)).await;
    rest().await;
    assert!(one.is_alive(), "a shutdown is no failure");
    let (three, _) = peer(&stage::unkept("fleeting"), "three");
    link(&one, &three).await;
    rest().await;
    assert!(!three.is_alive() && one.is_alive());
}

/// Links each to the next, and the last to the first.
async fn ring<G: Guise>(system: &System, n: usize) -> Vec<ActorRef<Watchman<G>>> {
    let all: Vec<_> = (0..n).map(|_| watchman::<G>(system).0).collect();
    for (n, actor) in all.iter().enumerate() {
        let next = all[(n + 1) % all.len()].clone();
        within(actor, move |cx| cx.link(&next)).await;
    }
    all
}

async fn check_ring<G: Guise>() {
    let system = stage::system("test");
    for busy in [false, true] {
        let all = ring::<G>(&system, 1000).await;
        let first_dead = all[400].id();
        let gate = Gate::closed();
        if busy {
            for actor in &all {
                actor.tell(crate::support::Hold(gate.clone())).await.unwrap();
            }
            rest().await;
        }
        all[400].kill();
        gate.open();
        for (n, actor) in all.iter().enumerate() {
            let reason = ended(actor).await;
            if n != 400 {
                assert_eq!(first(&reason).0, first_dead, "not a chain of a thousand reasons");
            }
        }
    }
    assert!(system.actors().is_empty());
    assert_conserved(&system);
}

/// A recursion of a thousand ends would not fit.
#[test]
fn a_ring_of_a_thousand_linked_actors_ends_without_recursion() {
    let small = thread::Builder::new().stack_size(192 * 1024);
    let ring = small.spawn(|| {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            check_ring::<Listed>().await;
            check_ring::<Plain>().await;
        });
    });
    ring.unwrap().join().unwrap();
}

#[conformance(threads)]
async fn a_ring_that_is_torn_in_three_places_at_once_ends() {
    for _ in 0..10 {
        let system = stage::system("test");
        let all = ring::<Listed>(&system, 300).await;
        let tears = [0, 100, 101].map(|n| {
            let actor = all[n].clone();
            stage::spawn(async move { actor.kill() })
        });
        for tear in tears {
            tear.await.unwrap();
        }
        for actor in &all {
            ended(actor).await;
        }
        assert_conserved(&system);
    }
}

#[conformance]
async fn a_hub_with_a_thousand_links_takes_all_of_them_along() {
    let system = stage::system("test");
    for hub_ends in [true, false] {
        let (hub, _) = peer(&system, "hub");
        let mut spokes = Vec::new();
        for n in 0..stage::times(1000) {
            let (spoke, _) = peer(&system, "spoke");
            if n % 2 == 0 {
                link(&hub, &spoke).await;
            } else {
                link(&spoke, &hub).await;
            }
            spokes.push(spoke);
        }
        if hub_ends {
            hub.kill();
        } else {
            spokes[spokes.len() / 2].kill();
        }
        for spoke in &spokes {
            ended(spoke).await;
        }
        ended(&hub).await;
    }
    assert!(system.actors().is_empty());
    assert_conserved(&system);
}

#[conformance(threads)]
async fn two_linked_actors_may_end_at_once() {
    let system = stage::system("test");
    for _ in 0..2000 {
        let ((one, _), (two, _)) = (peer(&system, "one"), peer(&system, "two"));
        link(&one, &two).await;
        let (first, second) = (one.clone(), two.clone());
        let ends = [
            stage::spawn(async move { first.kill() }),
            stage::spawn(async move { second.try_tell(Boom("torn")).unwrap_or(()) }),
        ];
        for end in ends {
            _ = soon("end", end).await;
        }
        for (actor, other) in [(&one, &two), (&two, &one)] {
            let reason = ended(actor).await;
            let is_shared = matches!(&reason, StopReason::Linked(end) if end.id == other.id());
            let is_own = matches!(reason, StopReason::Killed | StopReason::Failed(_));
            assert!(is_shared || is_own, "{reason}");
        }
    }
    assert_conserved(&system);
}

/// Whoever of the two comes first: linked and then ended, or ended and then linked.
#[conformance(threads)]
async fn in_a_race_of_link_and_failure_the_failure_is_shared() {
    let system = stage::system("test");
    for _ in 0..2000 {
        let ((one, _), (two, _)) = (peer(&system, "one"), peer(&system, "two"));
        let other = two.clone();
        let ender = stage::spawn(async move { other.kill() });
        link(&one, &two).await;
        ender.await.unwrap();
        assert_eq!(first(&ended(&one).await).0, two.id());
    }
    assert_conserved(&system);
}

#[conformance(virtual_time)]
async fn a_parked_peer_delays_nobodys_end() {
    let system = stage::system("test");
    let ((one, told), (two, _)) = (peer(&system, "one"), peer(&system, "two"));
    link(&one, &two).await;
    let gate = within_later(&one, |cx| cx.trap_links()).await;
    let before = system.runtime().now();
    two.stop();
    ended(&two).await;
    assert_eq!(system.runtime().now(), before);
    gate.open();
    rest().await;
    assert!(one.is_alive());
    assert!(told.log.take().is_empty(), "at that time it did not trap, and the end was graceful");
}

/// Its protocol does not list what it is told, and it never watched.
#[conformance]
async fn a_trap_works_without_any_watch_and_without_being_listed() {
    let system = stage::system("test");
    let (keeper, told) = watchman::<Plain>(&system);
    let other = system.spawn(Journal::<Listed>::new(&Log::default()));
    let peer = other.clone();
    within(&keeper, move |cx| {
        cx.trap_links();
        cx.link(&peer);
    })
    .await;
    other.kill();
    rest().await;
    let ends: Vec<Terminated> = told.ends.take();
    assert_eq!(ends.iter().map(|it| it.id).collect::<Vec<_>>(), [other.id()]);
}

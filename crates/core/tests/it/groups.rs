//! Groups: D-18, D-21, F-17, F-18.

use std::{
    collections::BTreeSet,
    pin::pin,
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context as TaskContext, Wake, Waker},
    time::Duration,
};

use ghostlight::GroupChange::{Joined, Left, Missed};
use ghostlight::{
    Actor, ActorId, ActorRef, Capacity, Context, Group, GroupChange, Handler, JoinGroupError,
    MailboxOptions, Message, Recipient, SpawnOptions, StopReason, System,
};

use crate::{
    endpoint::Far,
    stage::{self, conformance},
    support::{Add, Gate, Journal, Listed, Log, Note, Plain, ended, park, rest, soon},
};

type It = Journal<Listed>;

fn journal(system: &System) -> ActorRef<It> {
    system.spawn(Journal::new(&Log::default()))
}

fn ids<M: Message>(members: &[Recipient<M>]) -> Vec<ActorId> {
    members.iter().map(Recipient::id).collect()
}

fn members<M: Message>(group: &Group<M>) -> Vec<ActorId> {
    let local = ids(&group.local_members());
    assert_eq!(ids(&group.members()), local, "there is no cluster");
    local
}

fn received(changes: &mut ghostlight::GroupChanges) -> Vec<GroupChange> {
    std::iter::from_fn(|| changes.try_recv()).collect()
}

#[conformance]
async fn members_are_listed_in_the_order_of_joining_whatever_they_are() {
    let system = stage::system("test");
    let group = system.group::<Note>("tills");
    let log = Log::default();
    let plain = system.spawn(Journal::<Plain>::new(&log));
    let listed = journal(&system);
    let third = journal(&system);
    assert!(members(&group).is_empty());
    group.join(&third).unwrap();
    group.join(&plain).unwrap();
    system.group::<Note>("tills").join(&listed).unwrap();
    assert_eq!(members(&group), [third.id(), plain.id(), listed.id()]);
    group.local_members()[1].tell(Note(7)).await.unwrap();
    rest().await;
    assert_eq!(log.all(), [7]);
    group.leave(&third);
    assert_eq!(members(&group), [plain.id(), listed.id()]);
    group.join(&third).unwrap();
    assert_eq!(members(&group), [plain.id(), listed.id(), third.id()], "now as the last");
    assert!(third.is_alive());
}

#[conformance]
async fn joining_twice_and_leaving_what_one_is_not_in_change_nothing() {
    let system = stage::system("test");
    let group = system.group::<Note>("tills");
    let (one, other) = (journal(&system), journal(&system));
    let mut changes = group.changes(10);
    for actor in [&one, &other, &one] {
        assert_eq!(group.join(actor), Ok(()));
    }
    assert_eq!(members(&group), [one.id(), other.id()]);
    group.leave(&one);
    group.leave(&one);
    assert_eq!(members(&group), [other.id()]);
    group.leave(&Far::new(&system, None).reached_by());
    assert_eq!(received(&mut changes), [Joined(one.id()), Joined(other.id()), Left(one.id())]);
}

#[conformance]
async fn groups_of_another_name_scope_message_or_system_have_nothing_to_do_with_each_other() {
    let (system, other) = (stage::system("test"), stage::system("test"));
    let actor = journal(&system);
    let notes = [
        system.group::<Note>("tills"),
        system.group::<Note>("safes"),
        system.group_in::<Note>("east", "tills"),
        system.group_in::<Note>("west", "tills"),
        system.group_in::<Note>("", "tills"),
        other.group::<Note>("tills"),
    ];
    let adds = system.group::<Add>("tills");
    for joined in 0..5 {
        notes[joined].join(&actor).unwrap();
        let full: Vec<_> = notes.iter().map(|it| members(it).len()).collect();
        assert_eq!(full.iter().sum::<usize>(), joined + 1, "{full:?}");
        assert!(members(&adds).is_empty());
    }
    assert_eq!(notes[5].join(&actor), Err(JoinGroupError::Elsewhere));
    adds.join(&actor).unwrap();
    let listed: Vec<_> = system.groups().iter().map(|it| (it.scope.clone(), it.members)).collect();
    let scopes = [None, None, None, Some(""), Some("east"), Some("west")];
    assert_eq!(listed, scopes.map(|it| (it.map(Arc::from), 1)));
    assert!(other.groups().is_empty());
    assert_eq!((notes[2].scope(), notes[2].name()), (Some("east"), "tills"));
    assert_eq!((notes[0].scope(), notes[0].clone().name()), (None, "tills"));
    assert!(format!("{:?}", notes[2]).contains("east"));
}

#[conformance]
async fn only_the_living_of_this_system_can_join() {
    let system = stage::system("test");
    let group = system.group::<Note>("tills");
    let far = Far::new(&system, None).reached_by();
    assert_eq!(group.join(&far), Err(JoinGroupError::Elsewhere));
    let actor = journal(&system);
    let gate = park(&actor).await;
    actor.stop();
    assert_eq!(group.join(&actor), Err(JoinGroupError::Ended), "told to stop");
    gate.open();
    ended(&actor).await;
    assert_eq!(group.join(&actor), Err(JoinGroupError::Ended), "ended");
    assert!(system.groups().is_empty());
    let shown = [JoinGroupError::Ended, JoinGroupError::Elsewhere].map(|it| it.to_string());
    assert_eq!(
        shown,
        [
            "the actor is ending; let one join that is alive",
            "the actor is of another system; let it join a group there",
        ]
    );
}

/// Waits at the gate in `stopped`.
struct Host(Gate);
impl Actor for Host {
    type Protocol = (Note,);

    async fn stopped(&mut self, _: &StopReason, _: &mut Context<'_, Self>) {
        self.0.pass().await;
    }
}
impl Handler<Note> for Host {
    async fn handle(&mut self, _: Note, _: &mut Context<'_, Self>) {}
}

#[conformance]
async fn an_ended_actor_leaves_its_own_groups_once_its_end_is_complete() {
    let system = stage::system("test");
    let [ours, both, theirs] = ["ours", "both", "theirs"].map(|it| system.group::<Note>(it));
    let gate = Gate::closed();
    let (host, other) = (system.spawn(Host(gate.clone())), journal(&system));
    ours.join(&host).unwrap();
    both.join(&host).unwrap();
    both.join(&other).unwrap();
    theirs.join(&other).unwrap();
    let mut changes = [ours.changes(10), both.changes(10), theirs.changes(10)];
    host.stop();
    gate.arrived().await;
    rest().await;
    assert_eq!(members(&both), [host.id(), other.id()], "who is ending still is in");
    assert_eq!(changes.each_mut().map(received), [vec![], vec![], vec![]]);
    gate.open();
    ended(&host).await;
    let expected = [vec![], vec![other.id()], vec![other.id()]];
    assert_eq!([&ours, &both, &theirs].map(members), expected);
    let left = || vec![Left(host.id())];
    assert_eq!(changes.each_mut().map(received), [left(), left(), vec![]]);
}

#[conformance]
async fn every_end_empties_the_seat() {
    type End = fn(&ActorRef<It>);
    let ends: [End; 4] = [
        |it| it.stop(),
        |it| it.kill(),
        |it| it.try_tell(crate::support::Halt).unwrap(),
        |it| it.try_tell(crate::support::Boom("end")).unwrap(),
    ];
    let system = stage::system("test");
    let group = system.group::<Note>("tills");
    let mut changes = group.changes(100);
    for end in ends {
        let actor = journal(&system);
        group.join(&actor).unwrap();
        end(&actor);
        ended(&actor).await;
        assert_eq!(received(&mut changes), [Joined(actor.id()), Left(actor.id())]);
    }
    assert!(members(&group).is_empty());
}

#[test]
fn an_actor_that_joins_while_it_ends_is_refused_or_leaves() {
    let system = System::new("test");
    let group = system.group::<Note>("tills");
    let mut changes = group.changes(10);
    for round in 0..2000 {
        let actor = journal(&system);
        let start = Barrier::new(2);
        let joined = std::thread::scope(|scope| {
            let joining = scope.spawn(|| {
                start.wait();
                group.join(&actor)
            });
            start.wait();
            if round % 2 == 0 {
                actor.stop();
            } else {
                actor.kill();
            }
            joining.join().unwrap()
        });
        system.block_on(actor.wait_stopped());
        let expected = match joined {
            Ok(()) => vec![Joined(actor.id()), Left(actor.id())],
            Err(JoinGroupError::Ended) => vec![],
            Err(other) => panic!("{other}"),
        };
        assert_eq!(received(&mut changes), expected, "round {round}");
        assert!(members(&group).is_empty(), "round {round}");
    }
}

#[conformance]
async fn a_group_that_is_empty_and_unwatched_leaves_nothing_behind() {
    let system = stage::system("test");
    let group = system.group::<Note>("tills");
    assert!(system.groups().is_empty(), "a handle makes no group");
    _ = (members(&group), group.broadcast(Note(1)));
    assert!(system.groups().is_empty(), "nor does looking at it");

    let actor = journal(&system);
    group.leave(&actor);
    group.join(&actor).unwrap();
    let changes = group.changes(1);
    let [info] = &system.groups()[..] else { panic!("{:?}", system.groups()) };
    assert_eq!((&*info.name, &info.scope, info.members, info.watchers), ("tills", &None, 1, 1));
    assert!(info.message_type.ends_with("Note"), "{info:?}");
    group.leave(&actor);
    assert_eq!(system.groups()[0].members, 0, "it is watched");
    group.join(&actor).unwrap();
    drop(changes);
    assert_eq!(system.groups()[0].watchers, 0, "there is somebody in it");
    actor.stop();
    ended(&actor).await;
    assert!(system.groups().is_empty());
}

#[conformance]
async fn after_a_thousand_lives_in_groups_nothing_is_left() {
    let system = stage::system("test");
    for n in 0..1000_u32 {
        let actor = journal(&system);
        system.register(format!("till {n}"), &actor).unwrap();
        system.group::<Note>(format!("group {}", n % 10)).join(&actor).unwrap();
        system.group::<Add>("all").join(&actor).unwrap();
        actor.kill();
        ended(&actor).await;
    }
    assert_eq!((system.names().len(), system.groups().len()), (0, 0));
}

#[conformance]
async fn a_group_keeps_nobody_alive_and_no_system_running() {
    let system = stage::unkept("test");
    let group = system.group::<Note>("tills");
    let actor = journal(&system);
    group.join(&actor).unwrap();
    let changes = group.changes(1);
    assert_eq!(actor.strong_count(), 1, "a seat is no ref");
    let recipients = group.members();
    assert_eq!(actor.strong_count(), 2, "a recipient is one");
    drop(recipients);
    group.broadcast(Note(1));
    rest().await;
    assert_eq!(actor.strong_count(), 1);
    drop(system);
    assert!(matches!(ended(&actor).await, StopReason::SystemShutdown));
    drop(changes);
    assert!(members(&group).is_empty());
}

#[conformance]
async fn a_broadcast_reaches_every_member_once_and_says_whom_it_did_not() {
    let system = stage::system("test");
    let group = system.group::<Note>("tills");
    assert_eq!(group.broadcast(Note(0)).sent, 0);
    let log = Log::default();
    let small = SpawnOptions::default().mailbox(MailboxOptions::reject(Capacity::of::<1>()));
    let actors: Vec<_> = (0..4).map(|_| system.spawn_with(It::new(&log), small.clone())).collect();
    actors.iter().for_each(|it| group.join(it).unwrap());
    let outside = system.spawn(It::new(&log));
    let report = group.broadcast(Note(1));
    assert_eq!((report.sent, report.refused), (4, vec![]));
    rest().await;
    assert_eq!(log.take(), [1; 4]);

    let gates = [park(&actors[1]).await, park(&actors[3]).await];
    actors[1].try_tell(Note(9)).unwrap();
    actors[3].stop();
    let report = group.broadcast(Note(2));
    assert_eq!((report.sent, report.refused), (2, vec![actors[1].id(), actors[3].id()]));
    gates.iter().for_each(Gate::open);
    rest().await;
    let mut handled = log.take();
    handled.sort_unstable();
    assert_eq!(handled, [2, 2, 9]);
    drop(outside);
}

/// Calls back into its group when it is cloned, and when it is dropped.
#[derive(Message)]
struct Nosy(Group<Self>, System, Arc<AtomicUsize>);

impl Nosy {
    fn look(&self) {
        self.2.fetch_add(1, Ordering::Relaxed);
        assert_eq!(self.0.members().len(), self.1.groups()[0].members);
        assert!(self.1.lookup::<Deaf>("nobody").is_err());
    }
}
impl Clone for Nosy {
    fn clone(&self) -> Self {
        self.look();
        Self(self.0.clone(), self.1.clone(), Arc::clone(&self.2))
    }
}
impl Drop for Nosy {
    fn drop(&mut self) {
        self.look();
    }
}

struct Deaf;
impl Actor for Deaf {
    type Protocol = (Nosy,);
}
impl Handler<Nosy> for Deaf {
    async fn handle(&mut self, _: Nosy, _: &mut Context<'_, Self>) {}
}

#[conformance]
async fn messages_may_use_the_group_while_they_are_cloned_and_dropped() {
    let system = stage::system("test");
    let group = system.group::<Nosy>("deaf");
    let deaf: Vec<_> = (0..3).map(|_| system.spawn(Deaf)).collect();
    deaf.iter().for_each(|it| group.join(it).unwrap());
    let looks = Arc::new(AtomicUsize::new(0));
    let report = group.broadcast(Nosy(group.clone(), system.clone(), Arc::clone(&looks)));
    assert_eq!(report.sent, 3);
    rest().await;
    assert_eq!(looks.load(Ordering::Relaxed), 2 + 3, "two clones, three drops");
    let waiting = || Nosy(group.clone(), system.clone(), Arc::clone(&looks));
    deaf[0].try_tell(waiting()).unwrap();
    deaf[0].kill();
    ended(&deaf[0]).await;
    assert_eq!(group.broadcast(waiting()).sent, 2);
}

/// Calls back into the system when it wakes.
struct NosyWaker(System, AtomicUsize);
impl Wake for NosyWaker {
    fn wake(self: Arc<Self>) {
        _ = (self.0.groups(), self.0.names());
        self.1.fetch_add(1, Ordering::Relaxed);
    }
}

#[conformance]
async fn watchers_are_woken_once_per_wait_and_under_no_lock() {
    let system = stage::system("test");
    let group = system.group::<Note>("tills");
    let actor = journal(&system);
    let waker = Arc::new(NosyWaker(system.clone(), AtomicUsize::new(0)));
    let mut changes = group.changes(10);
    type Act = fn(&Group<Note>, &ActorRef<It>);
    let acts: [Act; 4] = [
        |group, it| group.join(it).unwrap(),
        |group, it| group.leave(it),
        |group, it| group.join(it).unwrap(),
        |_, it| it.kill(),
    ];
    for (n, act) in (1..).zip(acts) {
        let mut waiting = Box::pin(changes.recv());
        let task = Waker::from(Arc::clone(&waker));
        assert!(waiting.as_mut().poll(&mut TaskContext::from_waker(&task)).is_pending());
        act(&group, &actor);
        rest().await;
        assert_eq!(waker.1.load(Ordering::Relaxed), n);
        let change = soon("change", waiting).await;
        assert_eq!(change == Joined(actor.id()), n % 2 == 1, "{change:?}");
    }
}

#[conformance]
async fn a_watcher_hears_each_change_once_in_order_and_nothing_after_it_stops() {
    let system = stage::system("test");
    let group = system.group::<Note>("tills");
    let (one, other) = (journal(&system), journal(&system));
    group.join(&one).unwrap();
    let (mut changes, mut also) = (group.changes(10), group.changes(10));
    assert_eq!(changes.try_recv(), None, "what came before is to be read");
    group.join(&other).unwrap();
    group.leave(&one);
    group.join(&one).unwrap();
    let expected = [Joined(other.id()), Left(one.id()), Joined(one.id())];
    assert_eq!(received(&mut changes), expected);
    drop(changes);
    assert_eq!(system.groups()[0].watchers, 1);
    other.kill();
    let mut heard = Vec::new();
    for _ in 0..4 {
        heard.push(soon("change", also.recv()).await);
    }
    assert_eq!(heard, [&expected[..], &[Left(other.id())]].concat());
    assert_eq!(also.try_recv(), None);
}

#[conformance]
async fn a_wait_for_a_change_that_is_dropped_takes_none() {
    let system = stage::system("test");
    let group = system.group::<Note>("tills");
    let actor = journal(&system);
    let mut changes = group.changes(10);
    tokio::time::timeout(Duration::from_secs(1), changes.recv()).await.unwrap_err();
    {
        let mut waiting = pin!(changes.recv());
        let mut cx = TaskContext::from_waker(Waker::noop());
        assert!(waiting.as_mut().poll(&mut cx).is_pending());
        group.join(&actor).unwrap();
    }
    assert_eq!(changes.recv().await, Joined(actor.id()));
}

#[conformance]
async fn changes_that_nobody_takes_out_are_missed_from_the_oldest_and_counted() {
    let system = stage::system("test");
    let group = system.group::<Note>("tills");
    let (mut changes, mut tiny) = (group.changes(3), group.changes(0));
    let actors: Vec<_> = (0..5).map(|_| journal(&system)).collect();
    actors.iter().for_each(|it| group.join(it).unwrap());
    let last: Vec<_> = actors[2..].iter().map(|it| Joined(it.id())).collect();
    assert_eq!(received(&mut changes), [&[Missed(2)], &last[..]].concat());
    assert_eq!(received(&mut tiny), [Missed(4), last[2]]);
    group.leave(&actors[0]);
    assert_eq!(received(&mut changes), [Left(actors[0].id())], "the gap is told once");
}

/// The recipe of [`ghostlight::GroupChanges`].
fn follow(seen: &mut BTreeSet<ActorId>, group: &Group<Note>, change: GroupChange) {
    match change {
        Joined(id) => _ = seen.insert(id),
        Left(id) => _ = seen.remove(&id),
        _ => *seen = ids(&group.members()).into_iter().collect(),
    }
}

#[test]
fn whoever_follows_the_changes_knows_the_members_though_everybody_comes_and_goes() {
    let system = System::new("test");
    let group = system.group::<Note>("tills");
    for capacity in [1, 4, 100_000] {
        let mut changes = group.changes(capacity);
        let mut seen: BTreeSet<_> = members(&group).into_iter().collect();
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..3)
                .map(|seed| {
                    let (system, group) = (&system, &group);
                    scope.spawn(move || come_and_go(system, group, seed))
                })
                .collect();
            while threads.iter().any(|it| !it.is_finished()) {
                changes.try_recv().into_iter().for_each(|it| follow(&mut seen, &group, it));
            }
        });
        received(&mut changes).into_iter().for_each(|it| follow(&mut seen, &group, it));
        assert_eq!(seen, members(&group).into_iter().collect(), "capacity {capacity}");
        assert!(!seen.is_empty());
    }
}

fn come_and_go(system: &System, group: &Group<Note>, seed: u64) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut actors: Vec<_> = (0..8).map(|_| journal(system)).collect();
    for _ in 0..1000 {
        let actor = rng.choice(&mut actors).expect("there are eight");
        match rng.u8(0..8) {
            0..4 => group.join(actor).unwrap(),
            4..7 => group.leave(actor),
            _ => {
                actor.kill();
                system.block_on(actor.wait_stopped());
                *actor = journal(system);
            }
        }
    }
    group.join(&actors[0]).unwrap();
}

#[test]
fn each_life_in_a_group_is_a_joining_and_a_leaving_as_every_watcher_agrees() {
    let system = System::new("test");
    let group = system.group::<Note>("tills");
    let mut watchers = [group.changes(100_000), group.changes(100_000)];
    std::thread::scope(|scope| {
        for seed in 0..3 {
            let (system, group) = (&system, &group);
            scope.spawn(move || come_and_go(system, group, seed));
        }
    });
    let heard = watchers.each_mut().map(received);
    assert_eq!(heard[0], heard[1]);
    let mut inside = BTreeSet::new();
    for change in &heard[0] {
        match change {
            Joined(id) => assert!(inside.insert(*id), "{id} joined twice"),
            Left(id) => assert!(inside.remove(id), "{id} left twice"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(inside, members(&group).into_iter().collect());
}

//! Notice of ends: F-01, F-03 to F-08, F-19, F-20, and F1 to F5, F7, F8.

// long: the cases of one facility stand side by side, with the actors they share.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use ghostlight::{
    Actor, ActorId, ActorRef, Backoff, Capacity, ChildSpec, Context, Create, DrainBudget, Failure,
    Handler, How, MailboxOptions, Priority, RestartWindow, SpawnOptions, Status, StopReason,
    System, Terminated,
};

use crate::{
    stage::{self, conformance},
    support::{
        Boom, ELSEWHERE, Gate, Halt, Listed, Log, Note, Plain, assert_conserved, dead, ended, park,
        rest, soon,
    },
    watchman::{Deed, Guise, Told, Watchman, watch, watchman, within, within_later},
};

/// How an actor ends.
#[derive(Clone, Copy, Debug)]
enum End {
    ByItself,
    Stopped,
    StoppedBecause,
    Drained,
    Killed,
    Panicked,
    OwnerEnded,
    SystemGone,
    Unreferenced,
    NotBuilt,
    NotStarted,
    StopFailed,
    Exhausted,
    Vetoed,
    TemporaryFailed,
    TransientEnded,
    NeverStarted,
    Lost,
}

/// What a notice says of each end, and whether that is a failure.
const ENDS: [(End, &str, bool); 18] = [
    (End::ByItself, "ended by itself", false),
    (End::Stopped, "stopped", false),
    (End::StoppedBecause, "stopped: enough", false),
    (End::Drained, "stopped", false),
    (End::Killed, "killed", true),
    (End::Panicked, "failed: torn", true),
    (End::OwnerEnded, "its owner ended", false),
    (End::SystemGone, "its system ended", false),
    (End::Unreferenced, "nobody held a ref to it", false),
    (End::NotBuilt, "did not start: no luck", true),
    (End::NotStarted, "did not start: no luck", true),
    (End::StopFailed, "stopped; then its clean-up failed: no luck", true),
    (End::Exhausted, "no restart left of 2 within 5s; at last, failed: torn", true),
    (End::Vetoed, "not started again: no disk", true),
    (End::TemporaryFailed, "failed: torn", true),
    (End::TransientEnded, "ended by itself", false),
    (End::NeverStarted, "was dropped before it ran", false),
    (End::Lost, "lost with its runtime", true),
];

/// An actor of which nothing matters but its end.
struct Doomed {
    id: ActorId,
    watch: (Deed<Listed>, Deed<Plain>),
    /// Watches when it is too late.
    late: Option<Deed<Listed>>,
    end: Box<dyn FnOnce() + Send>,
}

impl Doomed {
    fn new<A: Actor>(actor: &ActorRef<A>, end: impl FnOnce(ActorRef<A>) + Send + 'static) -> Self {
        let [first, second, third, last] = std::array::from_fn(|_| actor.clone());
        Self {
            id: actor.id(),
            watch: (Box::new(move |cx| cx.watch(&first)), Box::new(move |cx| cx.watch(&second))),
            late: Some(Box::new(move |cx| cx.watch(&third))),
            end: Box::new(move || end(last)),
        }
    }
}

/// Fails where it is told to.
#[derive(Clone)]
struct Fragile {
    start: Option<Gate>,
    fails_to_stop: bool,
}

impl Fragile {
    const SOUND: Self = Self { start: None, fails_to_stop: false };
}

impl Actor for Fragile {
    type Protocol = (Boom, Halt);

    async fn started(&mut self, _: &mut Context<'_, Self>) -> Result<(), Failure> {
        let Some(gate) = &self.start else { return Ok(()) };
        gate.pass().await;
        Err(Failure::recoverable("no luck"))
    }

    async fn stopped(&mut self, _: &StopReason, cx: &mut Context<'_, Self>) {
        if self.fails_to_stop {
            cx.fail::<()>(Failure::recoverable("no luck")).await;
        }
    }
}
impl Create for Fragile {
    type Args = Gate;

    async fn create(gate: Gate) -> Result<Self, Failure> {
        gate.pass().await;
        Err(Failure::recoverable("no luck"))
    }
}
impl Handler<Boom> for Fragile {
    async fn handle(&mut self, Boom(text): Boom, _: &mut Context<'_, Self>) -> u64 {
        panic!("{text}")
    }
}
impl Handler<Halt> for Fragile {
    async fn handle(&mut self, _: Halt, cx: &mut Context<'_, Self>) -> u64 {
        cx.stop();
        7
    }
}

const NAME: &str = "subject";

fn named() -> SpawnOptions {
    SpawnOptions::default().name(NAME)
}

fn subject(system: &System) -> ActorRef<Fragile> {
    system.spawn_with(Fragile::SOUND, named())
}

fn child(system: &System, spec: ChildSpec) -> ActorRef<Fragile> {
    system.supervise(|| Fragile::SOUND, spec.options(named()))
}

/// Panics as often as its supervisor lets it.
fn torn(actor: &ActorRef<Fragile>) {
    (0..5).for_each(|_| _ = actor.try_tell(Boom("torn")));
}

/// A child of an actor that ends with that.
async fn owned(system: &System) -> Doomed {
    let (owner, _) = watchman::<Listed>(system);
    let shelf = Log::default();
    let hired = shelf.clone();
    within(&owner, move |cx| hired.push(cx.spawn_with(Fragile::SOUND, named()))).await;
    Doomed::new(&shelf.take().remove(0), move |_| owner.stop())
}

async fn doomed(end: End, system: &System) -> Doomed {
    let gate = Gate::closed();
    let start = Fragile { start: Some(gate.clone()), ..Fragile::SOUND };
    match end {
        End::ByItself => Doomed::new(&subject(system), |it| it.try_tell(Halt).unwrap()),
        End::Stopped => Doomed::new(&subject(system), |it| it.stop()),
        End::StoppedBecause => Doomed::new(&subject(system), |it| it.stop_because("enough")),
        End::Drained => Doomed::new(&subject(system), |it| it.drain(DrainBudget::default())),
        End::Killed => Doomed::new(&subject(system), |it| it.kill()),
        End::Panicked => Doomed::new(&subject(system), |it| torn(&it)),
        End::OwnerEnded => owned(system).await,
        End::SystemGone => {
            let other = stage::unkept("other");
            Doomed::new(&subject(&other), move |_| drop(other))
        }
        End::Unreferenced => {
            let actor = system.spawn_with(Fragile::SOUND, named().stop_when_unreferenced());
            Doomed { late: None, ..Doomed::new(&actor, drop) }
        }
        End::NotBuilt => {
            let actor = system.create_with::<Fragile>(gate.clone(), named());
            Doomed::new(&actor, move |_| gate.open())
        }
        End::NotStarted => Doomed::new(&system.spawn_with(start, named()), move |_| gate.open()),
        End::StopFailed => {
            let fragile = Fragile { fails_to_stop: true, ..Fragile::SOUND };
            Doomed::new(&system.spawn_with(fragile, named()), |it| it.stop())
        }
        End::Exhausted => {
            let window = RestartWindow::new(2, Duration::from_secs(5));
            Doomed::new(&child(system, ChildSpec::permanent().window(window)), |it| torn(&it))
        }
        End::Vetoed => {
            let spec = ChildSpec::transient().check(async || Err("no disk".to_owned()));
            Doomed::new(&child(system, spec), |it| torn(&it))
        }
        End::TemporaryFailed => Doomed::new(&child(system, ChildSpec::temporary()), |it| torn(&it)),
        End::TransientEnded => {
            Doomed::new(&child(system, ChildSpec::transient()), |it| it.try_tell(Halt).unwrap())
        }
        End::NeverStarted => {
            let prepared = system.prepare_with(Fragile::SOUND, named());
            Doomed::new(&prepared.actor_ref(), move |_| drop(prepared))
        }
        End::Lost => {
            let prepared = system.prepare_with(Fragile::SOUND, named());
            let actor = prepared.actor_ref();
            let task = stage::spawn(prepared.run());
            Doomed::new(&actor, move |_| task.abort())
        }
    }
}

#[track_caller]
fn assert_told_once(told: &Told, id: ActorId, why: &str, is_failure: bool) {
    let ends = told.ends.take();
    let [end] = &*ends else { panic!("one notice of one end ({why}): {ends:?}") };
    assert_eq!((end.id, &*end.name, end.how), (id, NAME, How::Seen), "{why}");
    assert_eq!((&*end.why.to_string(), end.why.is_failure()), (why, is_failure));
}

#[conformance(virtual_time)]
async fn each_way_to_end_gives_one_notice_with_its_reason() {
    for (end, why, is_failure) in ENDS {
        let system = stage::system("test");
        let ((one, told), (two, told_plainly)) = (watchman(&system), watchman(&system));
        let Doomed { id, watch, late, end: finish } = doomed(end, &system).await;
        within(&one, watch.0).await;
        within(&two, watch.1).await;
        rest().await;
        assert!(told.ends.all().is_empty() && told_plainly.ends.all().is_empty(), "{end:?}");
        finish();
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert_told_once(&told, id, why, is_failure);
        assert_told_once(&told_plainly, id, why, is_failure);
        // Whoever asks when it has ended is told the same at once.
        if let Some(late) = late {
            let before = system.runtime().now();
            within(&one, late).await;
            rest().await;
            assert!(told.ends.all().iter().all(|it| it.at <= before), "when it ended");
            assert_told_once(&told, id, why, is_failure);
        }
        assert_conserved(&system);
    }
}

#[conformance(virtual_time)]
async fn watching_what_never_existed_or_is_not_known_tells_at_once() {
    let system = stage::system("test");
    let (watcher, told) = watchman::<Listed>(&system);
    let other = stage::system("other");
    let stranger = subject(&other);
    let gone = subject(&system);
    gone.kill();
    ended(&gone).await;
    let heir = subject(&system);
    assert_eq!(heir.id().slot(), gone.id().slot(), "the same place, another actor");
    let never = ActorId::from_parts(heir.id().origin(), 4_000_000_000, 1);
    for id in [gone.id(), never, stranger.id(), ELSEWHERE] {
        let now = system.runtime().now();
        within(&watcher, move |cx| cx.watch_id(id)).await;
        rest().await;
        let ends = told.ends.take();
        let [end] = &*ends else { panic!("{id}: {ends:?}") };
        assert_eq!((end.id, end.how, &*end.name, end.at), (id, How::Presumed, "", now));
        assert!(matches!(end.why, StopReason::Unknown), "{id}: {end:?}");
    }
    [heir, stranger].iter().for_each(|it| it.kill());
    rest().await;
    assert!(told.ends.take().is_empty(), "those who live were never watched");
}

#[conformance]
async fn an_actor_can_be_watched_by_its_id_alone() {
    let system = stage::system("test");
    let (watcher, told) = watchman::<Plain>(&system);
    let actor = subject(&system);
    let id = actor.id();
    within(&watcher, move |cx| cx.watch_id(id)).await;
    rest().await;
    assert!(told.ends.all().is_empty());
    actor.stop_because("enough");
    rest().await;
    assert_told_once(&told, id, "stopped: enough", false);
}

#[conformance]
async fn watching_twice_tells_once() {
    let system = stage::system("test");
    let (watcher, told) = watchman::<Listed>(&system);
    let actor = subject(&system);
    let (first, second, id) = (actor.clone(), actor.clone(), actor.id());
    within(&watcher, move |cx| {
        cx.watch(&first);
        cx.watch_id(id);
        cx.watch(&first);
    })
    .await;
    watch(&watcher, &actor).await;
    // And once more between the end and the notice of it.
    let gate = within_later(&watcher, move |cx| {
        cx.watch(&second);
        cx.watch_id(second.id());
    })
    .await;
    actor.kill();
    ended(&actor).await;
    gate.open();
    rest().await;
    assert_told_once(&told, id, "killed", true);
    // Told is told: who asks again is answered again.
    watch(&watcher, &actor).await;
    rest().await;
    assert_told_once(&told, id, "killed", true);
    assert_conserved(&system);
}

#[conformance]
async fn an_unwatched_actor_ends_in_silence() {
    let system = stage::system("test");
    let (watcher, told) = watchman::<Listed>(&system);
    let (actor, stays) = (subject(&system), subject(&system));
    let (id, never) = (actor.id(), ActorId::from_parts(1, 2, 3));
    watch(&watcher, &actor).await;
    watch(&watcher, &stays).await;
    within(&watcher, move |cx| {
        cx.unwatch(never);
        cx.unwatch(id);
        cx.unwatch(id);
    })
    .await;
    actor.kill();
    rest().await;
    assert!(told.ends.take().is_empty());
    stays.kill();
    rest().await;
    assert_told_once(&told, stays.id(), "killed", true);
}

/// The notice waits behind the running handler, and is taken back by it.
#[conformance]
async fn unwatch_silences_an_end_that_was_not_told_yet() {
    for then_watches in [false, true] {
        let system = stage::system("test");
        let (watcher, told) = watchman::<Listed>(&system);
        let (actor, other) = (subject(&system), subject(&system));
        watch(&watcher, &actor).await;
        watch(&watcher, &other).await;
        let again = actor.clone();
        let gate = within_later(&watcher, move |cx| {
            cx.unwatch(again.id());
            if then_watches {
                cx.watch(&again);
            }
        })
        .await;
        actor.kill();
        ended(&actor).await;
        gate.open();
        rest().await;
        if then_watches {
            assert_told_once(&told, actor.id(), "killed", true);
        }
        assert!(told.ends.take().is_empty());
        // It goes on as if nothing had been: messages, and other ends.
        watcher.try_tell(Note(1)).unwrap();
        rest().await;
        assert!(told.log.take().contains(&"note 1".to_owned()));
        other.kill();
        rest().await;
        assert_told_once(&told, other.id(), "killed", true);
        assert_conserved(&system);
    }
}

/// All four rules for a full mailbox; a sender waits in line where there is a line.
#[conformance(virtual_time)]
async fn no_full_mailbox_keeps_a_notice_out_and_it_goes_first() {
    let rules: [fn(Capacity) -> MailboxOptions; 4] = [
        MailboxOptions::wait,
        MailboxOptions::reject,
        MailboxOptions::drop_newest,
        MailboxOptions::drop_oldest,
    ];
    for rule in rules {
        check_full(rule, stage::system("test"), Watchman::<Listed>::new).await;
        check_full(rule, stage::system("test"), Watchman::<Plain>::new).await;
    }
}

async fn check_full<G: Guise>(
    rule: fn(Capacity) -> MailboxOptions,
    system: System,
    make: fn(&Told) -> Watchman<G>,
) {
    let (told, mut letters) = (Told::default(), system.dead_letters(10));
    let options = SpawnOptions::default().mailbox(rule(Capacity::of::<2>()));
    let watcher = system.spawn_with(make(&told), options);
    let (one, two) = (subject(&system), subject(&system));
    watch(&watcher, &one).await;
    watch(&watcher, &two).await;
    let gate = park(&watcher).await;
    watcher.try_tell(Note(1)).unwrap();
    watcher.try_tell(Note(2)).unwrap();
    let sender = watcher.clone();
    let third = stage::spawn(async move { sender.tell(Note(3)).await });
    rest().await;
    let before = system.runtime().now();
    one.stop();
    ended(&one).await;
    two.kill();
    ended(&two).await;
    assert_eq!(system.runtime().now(), before, "nobody waits for its watcher");
    assert_eq!(watcher.mailbox_len(), 2, "a notice takes nobody's place");
    gate.open();
    let was_taken = soon("third note", third).await.unwrap().is_ok();
    rest().await;
    let log = told.log.take();
    assert_eq!(log[..2], ["subject: stopped", "subject: killed"], "{rule:?}");
    let dropped = dead::<Note>(&mut letters).len();
    assert_eq!(log.len() - 2, 2 + usize::from(was_taken) - dropped, "{log:?}");
    assert_eq!(watcher.mailbox_peak(), 2);
    assert_conserved(&system);
    assert!(watcher.counters().conserves(), "{}", watcher.counters());
}

#[conformance]
async fn a_notice_goes_before_messages_of_every_priority() {
    let system = stage::system("test");
    let (watcher, told) = watchman::<Listed>(&system);
    let actors: Vec<_> = (0..3).map(|_| subject(&system)).collect();
    for actor in &actors {
        watch(&watcher, actor).await;
    }
    let gate = park(&watcher).await;
    for (n, priority) in (0..).zip([Priority::Background, Priority::Normal, Priority::Critical]) {
        watcher.tell(Note(n)).priority(priority).await.unwrap();
    }
    for actor in &actors {
        actor.kill();
        ended(actor).await;
    }
    gate.open();
    rest().await;
    let expected = ["subject: killed", "subject: killed", "subject: killed"];
    assert_eq!(told.log.take(), [&expected[..], &["note 2", "note 1", "note 0"]].concat());
    let order: Vec<_> = told.ends.take().iter().map(|it| it.id).collect();
    assert_eq!(order, actors.iter().map(ActorRef::id).collect::<Vec<_>>(), "as they ended");
    assert_conserved(&system);
}

#[conformance(virtual_time)]
async fn a_parked_watcher_delays_nobodys_end_and_misses_none() {
    let system = stage::system("test");
    let (watcher, told) = watchman::<Plain>(&system);
    let actors: Vec<_> = (0..200).map(|_| subject(&system)).collect();
    for actor in &actors {
        watch(&watcher, actor).await;
    }
    let gate = park(&watcher).await;
    let before = system.runtime().now();
    for actor in &actors {
        actor.stop();
        ended(actor).await;
    }
    assert_eq!(system.runtime().now(), before);
    assert_eq!(system.actors().len(), 1, "all are gone, and their watcher knows nothing yet");
    gate.open();
    rest().await;
    assert_eq!(told.ends.take().len(), 200);
    assert_conserved(&system);
}

#[conformance]
async fn a_draining_watcher_is_told_and_an_ending_one_leaves_nothing_behind() {
    let system = stage::system("test");
    let mut letters = system.dead_letters(10);
    for is_drained in [true, false] {
        let (watcher, told) = watchman::<Listed>(&system);
        let actor = subject(&system);
        watch(&watcher, &actor).await;
        let gate = park(&watcher).await;
        watcher.try_tell(Note(1)).unwrap();
        if is_drained {
            watcher.drain(DrainBudget::default());
        } else {
            watcher.stop();
        }
        actor.kill();
        ended(&actor).await;
        gate.open();
        ended(&watcher).await;
        let expected: &[&str] = if is_drained { &["subject: killed", "note 1"] } else { &[] };
        assert_eq!(told.log.take(), expected);
        assert_eq!(dead::<Note>(&mut letters).len(), usize::from(!is_drained));
    }
    assert!(letters.try_recv().is_none(), "a notice that nobody waits for is no dead letter");
    assert_conserved(&system);
}

/// A watchman that is started again, and that watches in `started` if it is given someone.
struct Phoenix(Told, Option<ActorRef<Fragile>>);
impl Actor for Phoenix {
    type Protocol = (Terminated, Boom);

    async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        self.0.log.push(format!("incarnation {}", cx.incarnation()));
        if let Some(other) = &self.1 {
            cx.watch(other);
        }
        Ok(())
    }
}
impl Handler<Boom> for Phoenix {
    async fn handle(&mut self, Boom(text): Boom, _: &mut Context<'_, Self>) -> u64 {
        panic!("{text}")
    }
}
impl Handler<Terminated> for Phoenix {
    async fn handle(&mut self, end: Terminated, _: &mut Context<'_, Self>) {
        self.0.log.push(format!("{}: {}", end.name, end.why));
    }
}

fn phoenix(system: &System, other: &ActorRef<Fragile>, always: bool) -> (ActorRef<Phoenix>, Told) {
    let (told, lives) = (Told::default(), Arc::new(AtomicU32::new(0)));
    let (mine, other) = (told.clone(), other.clone());
    let factory = move || {
        let is_first = lives.fetch_add(1, Ordering::Relaxed) == 0;
        Phoenix(mine.clone(), (always || is_first).then(|| other.clone()))
    };
    let spec = ChildSpec::permanent().backoff(Backoff::default().min(Duration::from_secs(1)));
    (system.supervise(factory, spec), told)
}

#[conformance(virtual_time)]
async fn the_watches_of_an_actor_survive_its_restarts() {
    let system = stage::system("test");
    for always in [false, true] {
        let actor = subject(&system);
        let (watcher, told) = phoenix(&system, &actor, always);
        for _ in 0..3 {
            watcher.try_tell(Boom("torn")).unwrap();
        }
        tokio::time::sleep(Duration::from_secs(60)).await;
        actor.kill();
        rest().await;
        let lives = (0..4).map(|n| format!("incarnation {n}"));
        let expected: Vec<_> = lives.chain(["subject: killed".to_owned()]).collect();
        assert_eq!(told.log.take(), expected, "told once, watched once or four times: {always}");
        watcher.kill();
    }
    assert_conserved(&system);
}

#[conformance(virtual_time)]
async fn a_watcher_between_two_incarnations_is_told_in_the_next() {
    let system = stage::system("test");
    for always in [false, true] {
        let actor = subject(&system);
        let (watcher, told) = phoenix(&system, &actor, always);
        watcher.wait_started().await.unwrap();
        watcher.try_tell(Boom("torn")).unwrap();
        rest().await;
        assert!(matches!(watcher.status(), Status::Restarting));
        actor.kill();
        ended(&actor).await;
        assert_eq!(told.log.take(), ["incarnation 0"]);
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(told.log.take(), ["incarnation 1", "subject: killed"]);
        system.children().remove(watcher.id()).unwrap();
        ended(&watcher).await;
    }
    assert_conserved(&system);
}

#[conformance(virtual_time)]
async fn five_restarts_are_not_told_and_the_end_is_told_once() {
    let system = stage::system("test");
    let (watcher, told) = watchman::<Listed>(&system);
    let window = RestartWindow::new(5, Duration::from_secs(60));
    let actor = child(&system, ChildSpec::permanent().window(window));
    watch(&watcher, &actor).await;
    for n in 1..=5 {
        actor.try_tell(Boom("torn")).unwrap();
        tokio::time::sleep(Duration::from_millis(400 * n)).await;
        assert!(told.ends.all().is_empty(), "restart {n}");
    }
    assert_eq!(system.children().history(actor.id()).len(), 5);
    assert!(matches!(actor.status(), Status::Running), "{:?}", actor.status());
    actor.try_tell(Boom("torn")).unwrap();
    ended(&actor).await;
    rest().await;
    let why = "no restart left of 5 within 60s; at last, failed: torn";
    assert_told_once(&told, actor.id(), why, true);
}

#[conformance]
async fn what_a_supervisor_does_by_hand_is_told_only_when_it_is_the_end() {
    let system = stage::system("test");
    let (watcher, told) = watchman::<Listed>(&system);
    let actor = child(&system, ChildSpec::permanent());
    let (children, id) = (system.children(), actor.id());
    watch(&watcher, &actor).await;
    rest().await;
    for order in [
        |it: &ghostlight::Children, id| it.restart(id),
        |it: &ghostlight::Children, id| it.stop(id),
        |it: &ghostlight::Children, id| it.start(id),
    ] {
        order(&children, id).unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(told.ends.all().is_empty());
    }
    children.remove(id).unwrap();
    rest().await;
    assert_told_once(&told, id, "stopped", false);
}

#[conformance]
async fn the_peers_of_an_owner_hear_nothing_of_its_child_and_once_of_itself() {
    let system = stage::system("test");
    let (watcher, told) = watchman::<Listed>(&system);
    let (owner, of_children) = watchman::<Listed>(&system);
    let (shelf, hired) = (Log::default(), Log::default());
    let shared = shelf.clone();
    within(&owner, move |cx| {
        let spec = ChildSpec::permanent().window(RestartWindow::never()).tolerated();
        let tolerated = cx.supervise_with(|| Fragile::SOUND, spec.options(named()));
        let spawned = cx.spawn_with(Fragile::SOUND, named());
        cx.watch(&tolerated);
        cx.watch(&spawned);
        [tolerated, spawned].into_iter().for_each(|it| shared.push(it));
    })
    .await;
    let (boss, pals) = (owner.clone(), hired.clone());
    watch(&watcher, &owner).await;
    let linked = system.spawn(Watchman::<Listed>::new(&Told::default()));
    within(&linked, move |cx| {
        cx.link(&boss);
        pals.push(cx.me());
    })
    .await;
    for child in shelf.take() {
        torn(&child);
        ended(&child).await;
    }
    rest().await;
    assert_eq!(of_children.ends.take().len(), 2, "the owner hears of both");
    assert!(told.ends.all().is_empty() && linked.is_alive() && owner.is_alive());
    owner.kill();
    rest().await;
    let ends = told.ends.take();
    assert_eq!(ends.iter().map(|it| it.id).collect::<Vec<_>>(), [owner.id()]);
    let why = ended(&linked).await;
    assert!(matches!(why, StopReason::Linked(_)), "{why}");
}

#[conformance]
async fn an_actor_that_watches_itself_hears_nothing_of_that() {
    let system = stage::system("test");
    let (watcher, told) = watchman::<Listed>(&system);
    within(&watcher, |cx| {
        cx.watch(&cx.me());
        cx.watch_id(cx.id());
    })
    .await;
    watcher.stop();
    ended(&watcher).await;
    assert!(told.ends.take().is_empty());
    assert_conserved(&system);
}

#[conformance]
async fn two_that_watch_each_other_each_hear_of_the_first_end_alone() {
    let system = stage::system("test");
    for order in [ActorRef::<Watchman<Listed>>::stop, ActorRef::kill] {
        let ((one, told), (two, told_too)) = (watchman::<Listed>(&system), watchman(&system));
        watch(&one, &two).await;
        watch(&two, &one).await;
        order(&one);
        ended(&one).await;
        rest().await;
        assert_eq!(told_too.ends.take().len(), 1);
        order(&two);
        ended(&two).await;
        rest().await;
        assert!(told.ends.take().is_empty(), "it had ended itself");
    }
    assert_conserved(&system);
}

#[conformance]
async fn a_thousand_watchers_of_one_are_each_told_once() {
    let system = stage::system("test");
    let actor = subject(&system);
    let mut watchers = Vec::new();
    for _ in 0..stage::times(1000) {
        let (watcher, told) = watchman::<Listed>(&system);
        watch(&watcher, &actor).await;
        watchers.push((watcher, told));
    }
    // Every tenth is gone before, every other tenth does not want to know any more.
    for (n, (watcher, _)) in watchers.iter().enumerate() {
        let id = actor.id();
        match n % 10 {
            0 => watcher.kill(),
            5 => within(watcher, move |cx| cx.unwatch(id)).await,
            _ => {}
        }
    }
    actor.kill();
    rest().await;
    for (n, (_, told)) in watchers.iter().enumerate() {
        assert_eq!(told.ends.take().len(), usize::from(n % 5 != 0), "watcher {n}");
    }
    assert_conserved(&system);
}

#[conformance]
async fn one_watcher_of_a_thousand_is_told_of_each_once() {
    let system = stage::system("test");
    let (watcher, told) = watchman::<Plain>(&system);
    let actors: Vec<_> = (0..stage::times(1000)).map(|_| subject(&system)).collect();
    for actor in &actors {
        watch(&watcher, actor).await;
    }
    actors.iter().for_each(|it| it.kill());
    rest().await;
    let mut ids: Vec<_> = told.ends.take().iter().map(|it| it.id).collect();
    ids.sort_unstable();
    let mut expected: Vec<_> = actors.iter().map(ActorRef::id).collect();
    expected.sort_unstable();
    assert_eq!(ids, expected);
    assert_conserved(&system);
}

#[conformance]
async fn a_watch_keeps_nobody_alive() {
    let system = stage::system("test");
    let (watcher, told) = watchman::<Listed>(&system);
    let options = named().stop_when_unreferenced();
    let actor = system.spawn_with(Fragile::SOUND, options);
    let (count, id) = (actor.strong_count(), actor.id());
    watch(&watcher, &actor).await;
    assert_eq!(actor.strong_count(), count);
    let watchers = watcher.strong_count();
    drop(actor);
    rest().await;
    assert_told_once(&told, id, "nobody held a ref to it", false);
    assert_eq!(watcher.strong_count(), watchers);
}

/// An error whose destructor looks at an actor, as any code of a user may.
#[derive(Debug)]
struct Nosy(ActorRef<Watchman<Listed>>, Arc<AtomicBool>);
impl std::fmt::Display for Nosy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("nosy")
    }
}
impl std::error::Error for Nosy {}
impl Drop for Nosy {
    fn drop(&mut self) {
        self.1.store(self.0.is_alive(), Ordering::Relaxed);
    }
}

/// Fails with an error that knows the watcher.
struct Telltale(Option<Nosy>);
impl Actor for Telltale {
    type Protocol = ();

    async fn started(&mut self, _: &mut Context<'_, Self>) -> Result<(), Failure> {
        self.0.take().map_or(Ok(()), |it| Err(it.into()))
    }
}

/// It would wait for itself if a notice that is taken back were dropped under the watcher's lock.
#[conformance]
async fn a_notice_that_is_taken_back_may_hold_an_error_that_knows_its_watcher() {
    let system = stage::system("test");
    let (watcher, _) = watchman::<Listed>(&system);
    let was_dropped = Arc::new(AtomicBool::new(false));
    let prepared = system.prepare(Telltale(Some(Nosy(watcher.clone(), was_dropped.clone()))));
    let actor = prepared.actor_ref();
    let id = actor.id();
    watch(&watcher, &actor).await;
    drop(actor);
    let gate = within_later(&watcher, move |cx| cx.unwatch(id)).await;
    drop(prepared.run().await);
    rest().await;
    assert!(!was_dropped.load(Ordering::Relaxed), "the notice holds it");
    gate.open();
    rest().await;
    assert!(was_dropped.load(Ordering::Relaxed) && watcher.is_alive());
}

/// The least time that one end takes, notice included, among so many strangers.
async fn cost_of_an_end(strangers: usize) -> Duration {
    let system = stage::system("test");
    let (watcher, told) = watchman::<Listed>(&system);
    let crowd: Vec<_> = (0..strangers).map(|_| subject(&system)).collect();
    let mut least = Duration::MAX;
    for _ in 0..50 {
        let actor = subject(&system);
        watch(&watcher, &actor).await;
        let begin = Instant::now();
        actor.kill();
        ended(&actor).await;
        least = least.min(begin.elapsed());
    }
    rest().await;
    assert_eq!(told.ends.take().len(), 50);
    assert!(crowd.iter().all(ActorRef::is_alive));
    least
}

#[conformance(on_async = "so many threads are too many", no_world = "it takes the time")]
async fn ending_one_actor_costs_the_same_with_a_hundred_thousand_strangers_alive() {
    let (few, many) = (cost_of_an_end(10).await, cost_of_an_end(100_000).await);
    assert!(many < few * 10, "among ten {few:?}, among a hundred thousand {many:?}");
}

#[conformance(threads)]
async fn in_a_race_of_watch_and_end_there_is_one_notice() {
    let system = stage::system("test");
    let (watcher, told) = watchman::<Listed>(&system);
    for n in 0..3000 {
        let actor = subject(&system);
        let (other, id) = (actor.clone(), actor.id());
        let enders =
            stage::spawn(async move { if n % 2 == 0 { other.kill() } else { other.stop() } });
        watch(&watcher, &actor).await;
        enders.await.unwrap();
        ended(&actor).await;
        within(&watcher, |_| {}).await;
        let ends = told.ends.take();
        assert_eq!(ends.iter().map(|it| (it.id, it.how)).collect::<Vec<_>>(), [(id, How::Seen)]);
    }
    assert_conserved(&system);
}

/// What is told after the handler that took the watch back has ended, would be told wrongly.
#[conformance(threads)]
async fn in_a_race_of_unwatch_and_end_nothing_is_told_afterwards() {
    let system = stage::system("test");
    let (watcher, told) = watchman::<Listed>(&system);
    for _ in 0..3000 {
        let actor = subject(&system);
        watch(&watcher, &actor).await;
        let (other, id) = (actor.clone(), actor.id());
        let ender = stage::spawn(async move { other.kill() });
        within(&watcher, move |cx| cx.unwatch(id)).await;
        let before = told.ends.take().len();
        ender.await.unwrap();
        ended(&actor).await;
        within(&watcher, |_| {}).await;
        assert!(before <= 1 && told.ends.take().is_empty());
    }
    watcher.tell(Note(1)).await.unwrap();
    within(&watcher, |_| {}).await;
    assert_eq!(told.log.take().last().unwrap(), "note 1");
    assert_conserved(&system);
}

#[conformance(threads)]
async fn whoever_is_told_of_an_end_finds_the_actor_gone() {
    struct Checker(Arc<AtomicU32>, ActorRef<Fragile>, System);
    impl Actor for Checker {
        type Protocol = (Terminated,);

        async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
            cx.watch(&self.1);
            Ok(())
        }
    }
    impl Handler<Terminated> for Checker {
        async fn handle(&mut self, end: Terminated, cx: &mut Context<'_, Self>) {
            let is_gone = matches!(self.1.status(), Status::Stopped(_));
            let is_listed = self.2.actors().iter().any(|it| it.id == end.id);
            self.0.fetch_add(u32::from(is_gone && !is_listed), Ordering::Relaxed);
            cx.stop();
        }
    }
    let (system, others) = (stage::system("test"), stage::system("others"));
    let right = Arc::new(AtomicU32::new(0));
    for _ in 0..2000 {
        let actor = subject(&system);
        let checker = others.spawn(Checker(right.clone(), actor.clone(), system.clone()));
        checker.wait_started().await.unwrap();
        actor.kill();
        ended(&checker).await;
    }
    assert_eq!(right.load(Ordering::Relaxed), 2000, "it has left the roster before it is told");
}

#[conformance(threads)]
async fn two_that_watch_each_other_may_end_at_once() {
    let system = stage::system("test");
    for _ in 0..2000 {
        let ((one, _), (two, _)) = (watchman::<Listed>(&system), watchman::<Listed>(&system));
        watch(&one, &two).await;
        watch(&two, &one).await;
        let (first, second) = (one.clone(), two.clone());
        let ends =
            [stage::spawn(async move { first.kill() }), stage::spawn(async move { second.stop() })];
        for end in ends {
            soon("end", end).await.unwrap();
        }
        soon("both ends", async { (one.wait_stopped().await, two.wait_stopped().await) }).await;
    }
    assert_conserved(&system);
}

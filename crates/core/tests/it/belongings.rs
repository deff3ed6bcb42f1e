//! What belongs to an actor and not to one incarnation, and goes with its end: D-18, D-21, E-20,
//! G-22.

use std::time::Duration;

use ghostlight::{
    Actor, ActorRef, Backoff, ChildSpec, Context, Create, Failure, Handler, RestartWindow,
    SpawnOptions, Status, StopReason, Supervision, System,
};

use crate::{
    kin::{Act, Do, Kin, Plan, Point, call, fail, incarnation, of, permanent},
    stage::{self, conformance},
    support::{
        Add, Boom, Counted, Listed, Log, Note, Plain, alive, assert_conserved, ended, rest, soon,
    },
    watchman::{Told, Watchman, watch, watchman, within},
};

type Peer = ActorRef<Watchman<Listed>>;

async fn link<B: Actor>(peer: &Peer, other: &ActorRef<B>) {
    let other = other.clone();
    within(peer, move |cx| cx.link(&other)).await;
}

/// One restart, by a name.
type Restart = (&'static str, fn(&System, &ActorRef<Kin>));

const RESTARTS: [Restart; 6] = [
    ("panic", |_, it| it.try_tell(Do(Act::Panic("torn"))).unwrap()),
    ("declared", |_, it| it.try_tell(Do(Act::Fail("worn"))).unwrap()),
    ("normal", |_, it| it.try_tell(Do(Act::Stop)).unwrap()),
    ("stop", |_, it| it.stop()),
    ("kill", |_, it| it.kill()),
    ("by hand", |system, it| system.children().restart(it.id()).unwrap()),
];

#[conformance(virtual_time)]
async fn names_groups_links_and_watches_survive_a_supervised_restart_and_go_with_the_end() {
    let system = stage::system("test");
    let backoff = Backoff::default().min(Duration::from_secs(1)).jitter(0.0);
    // The one by hand costs nothing.
    let window = RestartWindow::new(RESTARTS.len() as u32 - 1, Duration::MAX);
    let spec = ChildSpec::permanent().backoff(backoff).window(window);
    let child = system.supervise(Plan::new("child", &Log::default()).factory(), spec);
    assert_eq!(incarnation(&child).await, 0);
    let held = [("other".into(), child.id()), ("till".into(), child.id())];
    system.register("till", &child).unwrap();
    system.register("other", &child).unwrap();
    let (notes, dos) = (system.group::<Note>("tills"), system.group::<Do>("tills"));
    notes.join(&child).unwrap();
    dos.join(&child).unwrap();
    let mut changes = notes.changes(10);
    let ((peer, _), (watcher, told)) = (watchman::<Listed>(&system), watchman::<Plain>(&system));
    link(&peer, &child).await;
    watch(&watcher, &child).await;
    for (n, (how, restart)) in (1..).zip(RESTARTS) {
        restart(&system, &child);
        rest().await;
        assert_eq!(system.names(), held, "{how}");
        assert_eq!(system.groups().iter().map(|it| it.members).sum::<usize>(), 2, "{how}");
        if how == "panic" {
            // Its door stays open meanwhile, so it can be found.
            assert!(matches!(child.status(), Status::Restarting), "{how}");
            assert_eq!(system.lookup::<Kin>("till").unwrap(), child, "{how}");
        }
        tokio::time::sleep(Duration::from_mins(1)).await;
        let found = system.lookup::<Kin>("other").unwrap();
        assert_eq!((found.id(), incarnation(&found).await), (child.id(), n), "{how}");
        assert_eq!(notes.broadcast(Note(n.into())).sent, 1, "{how}");
        assert!(peer.is_alive() && changes.try_recv().is_none() && told.log.all().is_empty());
    }
    fail(&child, "the last").await;
    assert!(matches!(ended(&child).await, StopReason::LimitExhausted(_)));
    rest().await;
    assert_eq!((system.names().len(), notes.members().len(), dos.members().len()), (0, 0, 0));
    assert!(matches!(ended(&peer).await, StopReason::Linked(first) if first.id == child.id()));
    assert_eq!(told.ends.take().iter().map(|it| it.id).collect::<Vec<_>>(), [child.id()]);
    assert_conserved(&system);
}

#[conformance(virtual_time)]
async fn whoever_wants_the_holder_of_a_name_gets_the_next_incarnation_of_one_that_was_told_to_stop()
{
    let system = stage::system("test");
    let plan = Plan::new("till", &Log::default()).at(Point::Stopped, [Act::Sleep(1_000)]);
    let backoff = Backoff::default().min(Duration::from_secs(9)).jitter(0.0);
    let child = system.supervise(plan.factory(), permanent().backoff(backoff));
    system.register("till", &child).unwrap();
    incarnation(&child).await;
    child.stop();
    rest().await;
    let begin = tokio::time::Instant::now();
    let made = || -> Kin { panic!("there is one") };
    let found = soon("holder", system.lookup_or_spawn("till", made)).await.unwrap();
    assert_eq!((found.id(), incarnation(&found).await), (child.id(), 1));
    assert_eq!(begin.elapsed().as_secs(), 9);
}

#[conformance(virtual_time)]
async fn a_timer_ends_with_its_incarnation_unless_it_is_to_go_on_across_restarts() {
    const TICK: Duration = Duration::from_millis(10);
    for (how, restart) in RESTARTS {
        let (system, log) = (stage::system("test"), Log::default());
        let spec = permanent().backoff(Backoff::default().min(Duration::from_secs(1)).jitter(0.0));
        let child = system.supervise(Plan::new("child", &log).factory(), spec);
        let (once, every, lasting) = call(&child, |cx| {
            let once = cx.after(Duration::from_secs(5), Note(1));
            (once, cx.every(TICK, Note(2)), cx.every(TICK, Note(3)).across_restarts())
        })
        .await;
        tokio::time::sleep(TICK * 3 + TICK / 2).await;
        // A tick of each waits for its turn when the incarnation ends.
        child.tell(Do(Act::Sleep(15))).await.unwrap();
        restart(&system, &child);
        tokio::time::sleep(Duration::from_millis(20)).await;
        log.take();
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(incarnation(&child).await, 1, "{how}");
        let lines = of(&log, &["child"]);
        let n_ticks = |n: &str| lines.iter().filter(|it| *it == n).count();
        assert_eq!((n_ticks("child 1"), n_ticks("child 2")), (0, 0), "{how}");
        assert!(n_ticks("child 3") > 500, "{how}: {}", n_ticks("child 3"));
        assert!(!once.is_pending() && !every.is_pending() && lasting.is_pending(), "{how}");
        system.children().remove(child.id()).unwrap();
        ended(&child).await;
        assert!(!lasting.is_pending(), "{how}");
        assert_conserved(&system);
    }
}

/// Waits for ever to be built.
struct Unborn;
impl Actor for Unborn {
    type Protocol = (Note,);
}
impl Handler<Note> for Unborn {
    async fn handle(&mut self, _: Note, _: &mut Context<'_, Self>) {}
}
impl Create for Unborn {
    type Args = ();
    async fn create((): ()) -> Result<Self, Failure> {
        std::future::pending().await
    }
}

/// Ties an actor to everything there is, ends it, and looks for what is left.
async fn leaves_nothing<A>(
    way: &str,
    system: &System,
    actor: ActorRef<A>,
    end: impl AsyncFnOnce(),
) -> StopReason
where
    A: Handler<Note>,
{
    let ((peer, _), (watcher, told)) = (watchman::<Listed>(system), watchman::<Plain>(system));
    system.register("till", &actor).unwrap();
    system.group::<Note>("tills").join(&actor).unwrap();
    link(&peer, &actor).await;
    watch(&watcher, &actor).await;
    let other = actor.clone();
    within(&watcher, move |cx| cx.watch_restarts(&other)).await;
    end().await;
    let reason = ended(&actor).await;
    rest().await;
    assert_eq!((system.names().len(), system.groups().len()), (0, 0), "{way}");
    assert!(system.actors().iter().all(|it| it.id != actor.id()), "{way}: a ghost");
    let ends = told.ends.take();
    assert_eq!(ends.iter().map(|it| it.id).collect::<Vec<_>>(), [actor.id()], "{way}");
    assert_eq!(ends[0].why.to_string(), reason.to_string(), "{way}");
    assert_eq!(peer.is_alive(), !reason.is_failure(), "{way}: {reason}");
    assert_eq!(actor.strong_count(), 2, "{way}: only this and the test hold it");
    assert!(system.register("till", &actor).is_err(), "{way}");
    assert!(system.group::<Note>("tills").join(&actor).is_err(), "{way}");
    peer.stop();
    watcher.stop();
    rest().await;
    assert!(system.actors().is_empty(), "{way}: {:?}", system.actors());
    assert_conserved(system);
    reason
}

#[conformance]
async fn an_actor_that_never_ran_or_was_aborted_leaves_no_name_group_link_or_ghost() {
    let system = stage::system("test");
    for way in ["prepared and dropped", "run and not polled", "aborted", "told to stop"] {
        let (token, count) = Counted::new();
        let prepared = system.prepare(Plan::new("main", &Log::default()).holding(token).build());
        let main = prepared.actor_ref();
        let reason = leaves_nothing(way, &system, main.clone(), async || match way {
            "prepared and dropped" => drop(prepared),
            "run and not polled" => drop(prepared.run()),
            "aborted" => {
                let task = stage::spawn(prepared.run());
                rest().await;
                task.abort();
            }
            _ => {
                main.stop();
                drop(prepared);
            }
        })
        .await;
        let expected = match way {
            "aborted" => "lost with its runtime",
            "told to stop" => "stopped",
            _ => "was dropped before it ran",
        };
        assert_eq!((&*reason.to_string(), alive(&count)), (expected, 0), "{way}");
    }
    for way in ["stop", "kill", "late"] {
        let options = SpawnOptions::default().start_deadline(Duration::from_secs(1));
        let unborn = system.create_with::<Unborn>((), options);
        leaves_nothing(way, &system, unborn.clone(), async || match way {
            "stop" => unborn.stop(),
            "kill" => unborn.kill(),
            _ => tokio::time::sleep(Duration::from_secs(2)).await,
        })
        .await;
    }
}

#[conformance]
async fn after_a_thousand_lives_with_ties_of_every_kind_nothing_is_left() {
    let system = stage::system("test");
    let (token, count) = Counted::new();
    let (hub, told) = watchman::<Listed>(&system);
    for n in 0..stage::times(1_000) {
        let plan = Plan::new("child", &Log::default()).holding(token.clone());
        let child = system.supervise(plan.factory(), ChildSpec::transient());
        drop(plan);
        system.register("till", &child).unwrap();
        system.group::<Note>("tills").join(&child).unwrap();
        watch(&hub, &child).await;
        let (me, other) = (hub.clone(), child.clone());
        within(&hub, move |cx| cx.watch_restarts(&other)).await;
        call(&child, move |cx| {
            cx.link(&me);
            drop(cx.every(Duration::from_millis(3), Note(1)));
        })
        .await;
        match n % 3 {
            0 => child.stop(),
            1 => child.tell(Do(Act::Stop)).await.unwrap(),
            _ => system.children().remove(child.id()).unwrap(),
        }
        assert!(!ended(&child).await.is_failure());
        // On threads its task may still be about to let go.
        rest().await;
        assert_eq!(child.strong_count(), 1, "{n}: nothing but this holds it");
    }
    rest().await;
    assert_eq!(told.ends.take().len(), stage::times(1_000));
    assert_eq!((system.names().len(), system.groups().len(), system.actors().len()), (0, 0, 1));
    assert!(system.children().list().is_empty());
    assert_eq!(alive(&count), 1, "every state and every factory is gone");
    hub.stop();
    ended(&hub).await;
    assert_conserved(&system);
}

#[conformance]
async fn siblings_that_restart_together_keep_their_names() {
    let system = stage::system("test");
    system.supervision(Supervision::one_for_all());
    let told = Told::default();
    let children = ["a", "b", "c"].map(|name| {
        let told = told.clone();
        let child = system.supervise(move || Watchman::<Listed>::new(&told), permanent());
        system.register(name, &child).unwrap();
        child
    });
    rest().await;
    children[1].try_tell(Boom("torn")).unwrap();
    rest().await;
    let held: Vec<_> = system.names().into_iter().map(|it| it.1).collect();
    assert_eq!(held, children.each_ref().map(ActorRef::id));
    for name in ["a", "b", "c"] {
        system.lookup::<Watchman<Listed>>(name).unwrap().try_tell(Note(1)).unwrap();
    }
    rest().await;
    assert_eq!(told.log.take(), ["note 1"; 3]);
}

/// Sets everything aside in its first incarnation.
struct Shy(Log<u64>);
impl Actor for Shy {
    type Protocol = (Note, Add, Boom);
}
impl Handler<Note> for Shy {
    async fn handle(&mut self, note: Note, cx: &mut Context<'_, Self>) {
        if cx.incarnation() == 0 {
            return cx.stash(note).await;
        }
        self.0.push(note.0);
    }
}
impl Handler<Add> for Shy {
    async fn handle(&mut self, add: Add, cx: &mut Context<'_, Self>) -> u64 {
        if cx.incarnation() == 0 {
            return cx.stash(add).await;
        }
        add.0
    }
}
impl Handler<Boom> for Shy {
    async fn handle(&mut self, Boom(text): Boom, _: &mut Context<'_, Self>) -> u64 {
        panic!("{text}")
    }
}

#[conformance]
async fn what_was_set_aside_is_handled_by_the_next_incarnation_before_all_that_came_later() {
    let (system, log) = (stage::system("test"), Log::default());
    let notes = log.clone();
    let shy = system.supervise(move || Shy(notes.clone()), permanent());
    (0..3).for_each(|n| shy.try_tell(Note(n)).unwrap());
    let asker = shy.clone();
    let asked = stage::spawn(async move { asker.ask(Add(7)).queued().await });
    rest().await;
    shy.try_tell(Boom("torn")).unwrap();
    (3..6).for_each(|n| shy.try_tell(Note(n)).unwrap());
    rest().await;
    assert_eq!(log.all(), [0, 1, 2, 3, 4, 5]);
    assert_eq!(soon("answer", asked).await.unwrap().unwrap(), 7);
    assert_conserved(&system);
}

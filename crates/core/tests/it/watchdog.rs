//! Who keeps a thread is named while he does: H-17, H-18, H-19, H-26.

use std::{
    collections::BTreeSet,
    sync::{Condvar, Mutex},
    thread,
    time::Duration,
};

use ghostlight::{
    Actor, ActorRef, Blame, Context, Failure, Handler, Message, Observer, Severity, SpawnOptions,
    StarvationEvent, System, TurnKind, WatchdogOptions,
};

use crate::{
    stage::{self, conformance},
    support::{Log, soon},
};

/// Keeps its thread until somebody lets it go.
#[derive(Clone)]
struct Jam(std::sync::Arc<(Mutex<bool>, Condvar)>);

impl Jam {
    fn new() -> Self {
        Self(std::sync::Arc::new((Mutex::new(true), Condvar::new())))
    }

    fn keep_thread(&self) {
        let (is_jammed, changed) = &*self.0;
        let jammed = is_jammed.lock().unwrap();
        // Bounded, so that a watchdog that sees nothing fails a test and does not hang it.
        let limit = Duration::from_secs(20);
        drop(changed.wait_timeout_while(jammed, limit, |it| *it).unwrap());
    }

    fn clear(&self) {
        *self.0.0.lock().unwrap() = false;
        self.0.1.notify_all();
    }
}

/// Keeps its thread.
#[derive(Message)]
#[message(reply = ())]
struct Block(Jam);

/// The same, as a message that is not listed.
#[derive(Message)]
struct Stray(Jam);

/// Keeps its thread for so many milliseconds.
#[derive(Message)]
#[message(reply = ())]
struct Busy(u64);

/// Awaits for so many milliseconds.
#[derive(Message)]
#[message(reply = ())]
struct Wait(u64);

/// Has another be busy, and waits for that.
#[derive(Message)]
#[message(reply = ())]
struct Delegate(ActorRef<Clerk>, u64);

struct Clerk;

impl Actor for Clerk {
    type Protocol = (Wait, Block, Busy, Delegate);
}

impl Handler<Block> for Clerk {
    async fn handle(&mut self, Block(jam): Block, _: &mut Context<'_, Self>) {
        jam.keep_thread();
    }
}

impl Handler<Stray> for Clerk {
    async fn handle(&mut self, Stray(jam): Stray, _: &mut Context<'_, Self>) {
        jam.keep_thread();
    }
}

impl Handler<Busy> for Clerk {
    async fn handle(&mut self, Busy(ms): Busy, _: &mut Context<'_, Self>) {
        thread::sleep(Duration::from_millis(ms));
    }
}

impl Handler<Wait> for Clerk {
    async fn handle(&mut self, Wait(ms): Wait, cx: &mut Context<'_, Self>) {
        cx.sleep(Duration::from_millis(ms)).await;
    }
}

impl Handler<Delegate> for Clerk {
    async fn handle(&mut self, Delegate(to, ms): Delegate, _: &mut Context<'_, Self>) {
        to.ask(Busy(ms)).await.unwrap();
    }
}

/// Keeps its thread in its hooks.
struct Sleeper(Jam);

impl Actor for Sleeper {
    type Protocol = ();

    async fn started(&mut self, _: &mut Context<'_, Self>) -> Result<(), Failure> {
        self.0.keep_thread();
        Ok(())
    }
}

/// Clears the jam as soon as enough was told, on the watchdog's own thread: nobody else may be free.
struct Alarm {
    jam: Jam,
    slow: Log<Blame>,
    events: Log<StarvationEvent>,
    is_enough: fn(&[Blame], &[StarvationEvent]) -> bool,
}

impl Alarm {
    fn consider(&self) {
        if (self.is_enough)(&self.slow.all(), &self.events.all()) {
            self.jam.clear();
        }
    }
}

impl Observer for Alarm {
    fn slow_poll(&self, poll: &Blame) {
        self.slow.push(poll.clone());
        self.consider();
    }

    fn starving(&self, event: &StarvationEvent) {
        self.events.push(event.clone());
        self.consider();
    }
}

/// What a watchdog tells of a system, and the jam that it clears.
struct Scene {
    system: System,
    jam: Jam,
    slow: Log<Blame>,
    events: Log<StarvationEvent>,
}

fn keen() -> WatchdogOptions {
    let ms = Duration::from_millis;
    WatchdogOptions::default().check(ms(20)).warning(ms(100)).critical(ms(400))
}

fn scene(options: WatchdogOptions, is_enough: fn(&[Blame], &[StarvationEvent]) -> bool) -> Scene {
    let (jam, slow, events) = (Jam::new(), Log::default(), Log::default());
    let alarm = Alarm { jam: jam.clone(), slow: slow.clone(), events: events.clone(), is_enough };
    let system = stage::system_with("watched over", |it| it.watchdog(options).observer(alarm));
    Scene { system, jam, slow, events }
}

fn named(name: &'static str) -> SpawnOptions {
    SpawnOptions::default().name(name)
}

fn blamed(events: &[StarvationEvent]) -> Vec<&Blame> {
    events.iter().filter_map(|it| it.blame.as_ref()).collect()
}

#[conformance(threads)]
async fn a_handler_that_blocks_a_worker_is_named_with_message_and_thread_while_it_still_does() {
    let Scene { system, jam, events, .. } = scene(keen(), |_, it| it.len() == 2);
    let clerk = system.spawn_with(Clerk, named("clerk"));
    clerk.tell(Block(jam)).await.unwrap();
    soon("the clerk is let go", clerk.ask(Wait(1)).into_future()).await.unwrap();

    let events = events.take();
    let severities: Vec<_> = events.iter().map(|it| it.severity).collect();
    assert_eq!(severities, [Severity::Warning, Severity::Critical]);
    for (event, least) in events.iter().zip([100, 400]) {
        let blame = event.blame.as_ref().unwrap();
        assert_eq!((blame.actor, &*blame.name), (clerk.id(), "clerk"));
        assert_eq!(blame.kind, TurnKind::Tell);
        assert!(blame.message_type.unwrap().ends_with("Block"), "{blame}");
        assert!(Duration::from_millis(least) <= blame.elapsed, "{blame}");
        assert!(blame.thread.contains("ThreadId("), "{blame}");
    }
}

#[conformance(on_async = "elsewhere no worker is blocked", threads)]
async fn with_every_worker_blocked_each_is_named_and_a_turn_is_seen_to_be_late() {
    // One tokio worker more than the stage has would wait for a thread.
    let Scene { system, jam, events, .. } = scene(keen(), |_, events| {
        let actors: BTreeSet<_> = blamed(events).iter().map(|it| it.actor).collect();
        let late = Duration::from_millis(100);
        actors.len() == 4 && events.iter().any(|it| late <= it.scheduling_delay)
    });
    let clerks: Vec<_> = (0..4).map(|_| system.spawn(Clerk)).collect();
    for clerk in &clerks {
        clerk.tell(Block(jam.clone())).await.unwrap();
    }
    for clerk in &clerks {
        soon("all are let go", clerk.ask(Wait(1)).into_future()).await.unwrap();
    }
    let events = events.take();
    let threads: BTreeSet<_> = blamed(&events).iter().map(|it| it.thread.clone()).collect();
    assert_eq!(threads.len(), 4);
    assert!(events.iter().any(|it| Duration::from_millis(100) <= it.scheduling_delay));
}

#[conformance(threads)]
async fn who_merely_awaits_for_long_is_not_blamed() {
    let Scene { system, jam, slow, events } = scene(keen(), |_, it| !it.is_empty());
    let patient = system.spawn_with(Clerk, named("patient"));
    patient.ask(Wait(300)).await.unwrap();
    let idle = system.spawn_with(Clerk, named("blocked"));
    idle.tell(Block(jam)).await.unwrap();
    let waiting = patient.ask(Wait(300)).into_future();
    soon("the watchdog lives", idle.ask(Wait(1)).into_future()).await.unwrap();
    waiting.await.unwrap();

    let events = events.take();
    assert!(blamed(&events).iter().all(|it| it.name == "blocked"), "{events:?}");
    assert!(slow.take().iter().all(|it| it.name == "blocked"));
}

#[conformance(threads)]
async fn a_poll_above_ten_milliseconds_is_told_once_and_one_far_below_is_not() {
    let Scene { system, jam, slow, .. } = scene(keen(), |slow, _| {
        slow.iter().any(|it| it.message_type.is_some_and(|it| it.ends_with("Block")))
    });
    let (slug, hare) =
        (system.spawn_with(Clerk, named("slug")), system.spawn_with(Clerk, named("hare")));
    hare.tell(Busy(0)).await.unwrap();
    slug.tell(Busy(60)).await.unwrap();
    slug.ask(Wait(1)).await.unwrap();
    slug.tell(Block(jam)).await.unwrap();
    slug.ask(Wait(1)).await.unwrap();
    hare.ask(Wait(1)).await.unwrap();

    let slow = slow.take();
    let told: Vec<_> = slow.iter().map(|it| (&*it.name, it.message_type.unwrap())).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].0 == "slug" && told[0].1.ends_with("Busy"), "{told:?}");
    assert!(slow.iter().all(|it| Duration::from_millis(10) <= it.elapsed));
}

#[conformance(on_async = "elsewhere nobody runs the turns of others", threads)]
async fn a_turn_on_the_thread_of_whoever_asks_is_named_as_the_ask_it_is() {
    let Scene { system, jam, slow, .. } = scene(keen(), |slow, _| !slow.is_empty());
    let clerk = system.spawn(Clerk);
    clerk.ask(Block(jam)).await.unwrap();
    let slow = slow.take();
    assert_eq!((slow[0].actor, slow[0].kind), (clerk.id(), TurnKind::Ask));
    assert!(slow[0].message_type.unwrap().ends_with("Block"));
}

#[conformance(threads)]
async fn a_message_that_no_protocol_lists_is_named_and_so_is_a_hook() {
    let first = scene(keen(), |slow, _| !slow.is_empty());
    let clerk = first.system.spawn(Clerk);
    clerk.tell(Stray(first.jam)).await.unwrap();
    clerk.ask(Wait(1)).await.unwrap();
    let slow = first.slow.take();
    assert_eq!(slow[0].kind, TurnKind::Tell);
    assert!(slow[0].message_type.unwrap().ends_with("Stray"));

    let second = scene(keen(), |slow, _| !slow.is_empty());
    let sleeper = second.system.spawn(Sleeper(second.jam));
    sleeper.wait_started().await.unwrap();
    let slow = second.slow.take();
    assert_eq!((slow[0].kind, slow[0].message_type), (TurnKind::Started, None));
}

#[conformance(threads)]
async fn poll_time_ranks_known_loads_and_counts_what_another_does_for_one_as_that_ones() {
    let Scene { system, .. } = scene(keen().poll_times(), |_, _| false);
    let spawn = |name| system.spawn_with(Clerk, named(name));
    let (light, heavy, middle, lazy) =
        (spawn("light"), spawn("heavy"), spawn("middle"), spawn("lazy"));
    light.ask(Busy(15)).await.unwrap();
    heavy.tell(Busy(120)).await.unwrap();
    heavy.ask(Wait(1)).await.unwrap();
    // Lies and waits, or has another do it.
    lazy.ask(Wait(200)).await.unwrap();
    lazy.ask(Delegate(middle.clone(), 60)).await.unwrap();

    let times = system.poll_times();
    let names: Vec<_> = times.iter().map(|it| &*it.name).collect();
    assert_eq!(names, ["heavy", "middle", "light", "lazy"], "{times:?}");
    assert!(Duration::from_millis(120) <= times[0].total, "{times:?}");
    assert!(times[3].total < Duration::from_millis(15), "{times:?}");

    heavy.stop();
    heavy.wait_stopped().await;
    assert_eq!(system.poll_times().len(), 3, "the dead take no room");
}

#[conformance]
async fn a_system_with_a_watchdog_does_what_any_other_does() {
    let Scene { system, events, .. } = scene(WatchdogOptions::default(), |_, _| false);
    let clerk = system.spawn(Clerk);
    clerk.ask(Wait(5)).await.unwrap();
    assert!(system.poll_times().is_empty());
    let report = system.shutdown(Duration::from_secs(5)).await;
    assert!(report.killed.is_empty() && report.lost.is_empty(), "{report:?}");
    assert!(events.take().is_empty());
}

/// Says when it is dropped.
struct Last(std::sync::mpsc::Sender<()>);

impl Observer for Last {}

impl Drop for Last {
    fn drop(&mut self) {
        _ = self.0.send(());
    }
}

#[conformance(threads)]
async fn a_watchdog_keeps_no_system_alive() {
    let (sender, gone) = std::sync::mpsc::channel();
    let last = Mutex::new(Some(Last(sender)));
    let system = stage::system_with("short", |it| {
        it.watchdog(keen()).observer(last.lock().unwrap().take().unwrap())
    });
    let clerk = system.spawn(Clerk);
    clerk.ask(Wait(1)).await.unwrap();
    drop((clerk, system));
    gone.recv_timeout(Duration::from_secs(20)).unwrap();
}

//! Where turns run changes nothing but that: H-20 to H-23, and H-19 on each backend.

use std::{
    collections::BTreeSet,
    rc::Rc,
    sync::{Arc, Condvar, Mutex},
    thread::{self, ThreadId},
    time::Duration,
};

use ghostlight::{
    Actor, ActorRef, AskError, Backend, Blame, ChildSpec, Context, Create, Failure, Handler,
    Message, Observer, OnTimeout, SpawnOptions, StopReason, System, ThreadBound, WatchdogOptions,
};

use crate::{
    stage::{self, conformance},
    support::{
        Add, Boom, Gate, Journal, Listed, Log, Note, Path, Slow, assert_conserved, ended, rest,
        soon,
    },
};

const ALL: [Backend; 3] = [Backend::Async, Backend::Blocking, Backend::Thread];

fn on(backend: Backend) -> SpawnOptions {
    SpawnOptions::default().backend(backend)
}

/// Answered with the thread that handles it.
#[derive(Message)]
#[message(reply = ThreadId)]
struct Where;

/// Says that it has come, and blocks its thread until somebody lets it go.
#[derive(Message)]
struct Block(Arc<(Mutex<bool>, Condvar)>, Log<()>);

/// Awaits, and is then answered with the threads before and after.
#[derive(Message)]
#[message(reply = [ThreadId; 2])]
struct Across(Gate);

struct Here;

impl Actor for Here {
    type Protocol = (Where, Block, Across);
}

impl Handler<Where> for Here {
    async fn handle(&mut self, _: Where, _: &mut Context<'_, Self>) -> ThreadId {
        thread::current().id()
    }
}

impl Handler<Block> for Here {
    async fn handle(&mut self, Block(jam, come): Block, _: &mut Context<'_, Self>) {
        come.push(());
        let jammed = jam.0.lock().unwrap();
        let limit = Duration::from_secs(20);
        let waited = jam.1.wait_timeout_while(jammed, limit, |it| *it).unwrap();
        assert!(!waited.1.timed_out(), "nobody let it go");
    }
}

impl Handler<Across> for Here {
    async fn handle(&mut self, Across(gate): Across, _: &mut Context<'_, Self>) -> [ThreadId; 2] {
        let before = thread::current().id();
        gate.pass().await;
        [before, thread::current().id()]
    }
}

#[conformance(on_async = "it chooses its backends", threads)]
async fn tells_asks_and_waits_are_handled_in_order_on_every_backend() {
    for backend in ALL {
        let (system, log) = (stage::system("test"), Log::default());
        let journal = system.spawn_with(Journal::<Listed>::new(&log), on(backend));
        for n in 0..200 {
            journal.tell(Note(n)).await.unwrap();
        }
        for path in Path::BOTH {
            let before = soon("the sum", path.ask(&journal, Add(0))).await.unwrap();
            let sum = soon("the sum", path.ask(&journal, Add(5))).await;
            assert_eq!(sum.unwrap(), before + 5, "{backend:?}");
            let slow = soon("the slow one", path.ask(&journal, Slow(3))).await;
            assert_eq!(slow.unwrap(), 3, "{backend:?}");
        }
        let expected: Vec<_> = (0..200).chain([3, 3]).collect();
        assert_eq!(log.take(), expected, "{backend:?}");
        journal.stop();
        assert!(matches!(ended(&journal).await, StopReason::Stopped(_)), "{backend:?}");
        assert_conserved(&system);
    }
}

#[conformance(on_async = "it chooses its backends", threads)]
async fn failures_restarts_kills_and_timeouts_are_the_same_on_every_backend() {
    for backend in ALL {
        let (system, log) = (stage::system("test"), Log::default());
        let kept = log.clone();
        let spec = ChildSpec::default().options(on(backend));
        let child = system.supervise(move || Journal::<Listed>::new(&kept), spec);
        let error = soon("the failure", child.ask(Boom("at once"))).await.unwrap_err();
        assert!(matches!(error, AskError::Failed(_)), "{backend:?}: {error:?}");
        assert_eq!(soon("the next", child.ask(Add(1))).await.unwrap(), 1, "{backend:?}");

        let limited = on(backend).handler_timeout(Duration::from_millis(20), OnTimeout::Cancel);
        let late = system.spawn_with(Journal::<Listed>::new(&log), limited);
        let error = soon("the end", late.ask(Slow(600_000))).await.unwrap_err();
        assert!(matches!(error, AskError::HandlerTimeout(_)), "{backend:?}: {error:?}");
        assert_eq!(soon("the next", late.ask(Add(2))).await.unwrap(), 2, "{backend:?}");

        let asked = late.clone();
        let slow = stage::spawn(async move { asked.ask(Slow(600_000)).queued().await });
        rest().await;
        late.kill();
        ended(&late).await;
        let outcome = soon("the ask", slow).await.unwrap();
        assert!(outcome.is_err(), "{backend:?}");
        let report = system.shutdown(Duration::from_secs(5)).await;
        assert!(report.killed.is_empty() && report.lost.is_empty(), "{backend:?}: {report:?}");
    }
}

#[conformance(on_async = "it chooses its backends", threads)]
async fn an_actor_on_a_thread_is_on_one_and_the_same_from_its_start_to_its_end() {
    let system = stage::system("test");
    let actor = system.spawn_with(Here, on(Backend::Thread));
    let mut threads = BTreeSet::new();
    for path in Path::BOTH {
        let thread = soon("the thread", path.ask(&actor, Where)).await.unwrap();
        threads.insert(format!("{thread:?}"));
    }
    let gate = Gate::closed();
    let (asked, at) = (actor.clone(), gate.clone());
    let across = stage::spawn(async move { asked.ask(Across(at)).await });
    gate.arrived().await;
    gate.open();
    let across = soon("the answer", across).await.unwrap().unwrap();
    threads.extend(across.map(|it| format!("{it:?}")));
    assert_eq!(threads.len(), 1, "{threads:?}");
    assert!(!threads.contains(&format!("{:?}", thread::current().id())));
}

#[conformance(threads)]
async fn an_actor_on_a_thread_keeps_it_while_it_has_nothing_to_do() {
    let system = stage::system("test");
    let actor = system.spawn_with(Here, on(Backend::Thread));
    let before = soon("the thread", actor.ask(Where)).await.unwrap();
    // More than there can be threads with nothing to do, on which blocking is allowed.
    let (jam, come) = (Arc::new((Mutex::new(true), Condvar::new())), Log::default());
    let blocked: Vec<_> = (0..8).map(|_| system.spawn_with(Here, on(Backend::Blocking))).collect();
    for other in &blocked {
        other.tell(Block(Arc::clone(&jam), come.clone())).await.unwrap();
    }
    let all_block = async {
        while come.all().len() < blocked.len() {
            stage::yield_now().await;
        }
    };
    soon("all who block", all_block).await;
    let after = soon("the thread", actor.ask(Where)).await.unwrap();
    *jam.0.lock().unwrap() = false;
    jam.1.notify_all();
    assert_eq!(before, after);
}

/// How many threads this process has.
fn n_threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

#[conformance(on_async = "it chooses its backends", threads)]
async fn twenty_actors_on_threads_add_twenty_threads_which_go_when_they_end() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let system = stage::system("test");
    system.spawn(Here).ask(Where).await.unwrap();
    let before = n_threads();
    let actors: Vec<_> = (0..20).map(|_| system.spawn_with(Here, on(Backend::Thread))).collect();
    for actor in &actors {
        soon("the thread", actor.ask(Where)).await.unwrap();
    }
    assert_eq!(n_threads() - before, 20);
    for actor in &actors {
        actor.stop();
        ended(actor).await;
    }
    soon("the threads are gone", async {
        while n_threads() > before {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}

#[conformance(on_async = "it chooses its backends", threads)]
async fn an_actor_that_blocks_elsewhere_delays_nobody_on_the_runtimes_only_thread() {
    for backend in [Backend::Blocking, Backend::Thread] {
        let one_thread = move || {
            let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            tokio.block_on(async {
                let system = System::new("blocked");
                let jam = Arc::new((Mutex::new(true), Condvar::new()));
                let blocked = system.spawn_with(Here, on(backend));
                let come = Log::default();
                blocked.tell(Block(Arc::clone(&jam), come.clone())).await.unwrap();
                while come.all().is_empty() {
                    stage::yield_now().await;
                }
                let free = system.spawn(Here);
                for _ in 0..100 {
                    soon("the other", free.ask(Where).queued()).await.unwrap();
                }
                assert!(*jam.0.lock().unwrap(), "it is still blocked");
                *jam.0.lock().unwrap() = false;
                jam.1.notify_all();
                soon("the blocked one", blocked.ask(Where)).await.unwrap();
            });
        };
        thread::spawn(one_thread).join().unwrap();
    }
}

/// Has state that may not leave its thread.
struct Window {
    handles: ThreadBound<Vec<Rc<str>>>,
    last: Log<usize>,
}

#[derive(Message)]
#[message(reply = usize)]
struct Share;

impl Actor for Window {
    type Protocol = (Share,);
}

impl Create for Window {
    type Args = Log<usize>;

    async fn create(last: Log<usize>) -> Result<Self, Failure> {
        Ok(Self { handles: ThreadBound::new(vec![Rc::from("main")]), last })
    }
}

impl Handler<Share> for Window {
    async fn handle(&mut self, _: Share, cx: &mut Context<'_, Self>) -> usize {
        cx.sleep(Duration::from_millis(1)).await;
        self.handles.with(|it| {
            it.push(Rc::clone(&it[0]));
            Rc::strong_count(&it[0])
        })
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        self.last.push(self.handles.with(|it| it.len()));
    }
}

#[conformance(on_async = "it chooses its backends", threads)]
async fn an_actor_on_a_thread_has_state_that_is_not_send_under_a_runtime_of_one_thread() {
    let last = Log::default();
    let kept = last.clone();
    let one_thread = move || {
        let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        tokio.block_on(async {
            let system = System::new("ui");
            let window = system.create_with::<Window>(kept, on(Backend::Thread));
            for n in 2..12 {
                assert_eq!(soon("the count", window.ask(Share)).await.unwrap(), n);
            }
            window.stop();
            ended(&window).await;
        });
    };
    thread::spawn(one_thread).join().unwrap();
    assert_eq!(last.take(), [11], "and it was dropped where it was made");
}

#[conformance(on_async = "it chooses its backends", threads)]
async fn what_is_bound_to_a_thread_cannot_be_used_on_another_and_goes_with_its_own() {
    /// Says when it is dropped.
    struct Last(Log<&'static str>);
    impl Drop for Last {
        fn drop(&mut self) {
            self.0.push("dropped");
        }
    }
    let log = Log::default();
    let kept = log.clone();
    let (sender, bound) = std::sync::mpsc::channel();
    let (finish, finished) = std::sync::mpsc::channel::<()>();
    let home = thread::spawn(move || {
        let mut last = ThreadBound::new(Last(kept));
        last.with(|it| it.0.push("used"));
        sender.send(last).unwrap();
        finished.recv().unwrap();
    });
    let mut last = bound.recv().unwrap();
    let elsewhere = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| last.with(|_| ())));
    assert!(elsewhere.is_err());
    drop(last);
    assert_eq!(log.take(), ["used"], "it is out of reach here");
    finish.send(()).unwrap();
    home.join().unwrap();
    assert_eq!(log.take(), ["dropped"]);

    let mut here = ThreadBound::new(Last(log.clone()));
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        here.with(|_| panic!("this is meant to be seen"));
    }));
    assert!(panicked.is_err());
    here.with(|it| it.0.push("still there"));
    drop(here);
    assert_eq!(log.take(), ["still there", "dropped"]);
}

#[conformance(threads)]
async fn what_is_bound_to_one_thread_gives_nothing_of_what_is_bound_to_another() {
    // Each is the first that is bound to its thread.
    let (sender, bound) = std::sync::mpsc::channel();
    let home = thread::spawn(move || sender.send(ThreadBound::new("theirs")).unwrap());
    let mut theirs = bound.recv().unwrap();
    let away = thread::spawn(move || {
        let mut ours = ThreadBound::new("ours");
        let used = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| theirs.with(|it| *it)));
        assert!(used.is_err(), "it is out of reach here: {used:?}");
        drop(theirs);
        assert_eq!(ours.with(|it| *it), "ours");
    });
    away.join().unwrap();
    home.join().unwrap();
}

/// Clears the jam when somebody is blamed for it.
struct Alarm(Arc<(Mutex<bool>, Condvar)>, Log<Blame>);

impl Observer for Alarm {
    fn slow_poll(&self, poll: &Blame) {
        self.1.push(poll.clone());
        *self.0.0.lock().unwrap() = false;
        self.0.1.notify_all();
    }
}

#[conformance(on_async = "it chooses its backends", threads)]
async fn a_poll_that_takes_long_is_told_on_every_backend() {
    for backend in ALL {
        let (jam, log) = (Arc::new((Mutex::new(true), Condvar::new())), Log::default());
        let alarm = Alarm(Arc::clone(&jam), log.clone());
        let system = stage::system_with("watched", |it| {
            it.watchdog(WatchdogOptions::default()).observer(alarm)
        });
        let actor: ActorRef<Here> = system.spawn_with(Here, on(backend));
        actor.tell(Block(jam, Log::default())).await.unwrap();
        soon("it is let go", actor.ask(Where)).await.unwrap();
        let told = log.take();
        assert_eq!((told.len(), told[0].actor), (1, actor.id()), "{backend:?}");
        assert!(told[0].message_type.unwrap().ends_with("Block"), "{backend:?}");
        assert!(Duration::from_millis(10) <= told[0].elapsed, "{backend:?}: {}", told[0]);
    }
}

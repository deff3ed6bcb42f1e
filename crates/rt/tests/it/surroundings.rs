//! A small world in one thread: a virtual clock, an order of tasks that a seed decides, and a
//! network of pipes. What an implementer of the seam needs, and not more.

use std::{
    collections::{BTreeMap, hash_map::DefaultHasher},
    fmt,
    hash::{Hash, Hasher},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::{Duration, SystemTime},
};

use ghostlight_rt::{BoxFuture, Instant, Network, Rng, Runtime, Surroundings};

use crate::network::Pipes;

/// How much work a task may do at once before it must let others.
const BUDGET: u32 = 16;

/// A world that follows from one number.
#[derive(Clone)]
pub(crate) struct World {
    seed: u64,
    shared: Arc<Mutex<Shared>>,
    network: Arc<Pipes>,
}

struct Shared {
    now: Instant,
    chance: Rng,
    next: u64,
    /// Tasks that are not running now; a missing one has ended, was aborted, or runs.
    tasks: BTreeMap<u64, BoxFuture<'static, ()>>,
    ready: Vec<u64>,
    /// By moment, and then by who came first.
    timers: BTreeMap<(Instant, u64), Waker>,
    /// The task that runs, and whether it was aborted meanwhile.
    running: Option<(u64, bool)>,
    budget: u32,
}

impl World {
    pub(crate) fn seeded(seed: u64) -> Self {
        let shared = Shared {
            now: Instant::ORIGIN,
            chance: Rng::seeded(seed),
            next: 0,
            tasks: BTreeMap::new(),
            ready: Vec::new(),
            timers: BTreeMap::new(),
            running: None,
            budget: BUDGET,
        };
        Self { seed, shared: Arc::new(Mutex::new(shared)), network: Arc::default() }
    }

    pub(crate) fn runtime(seed: u64) -> Runtime {
        Runtime::new(Self::seeded(seed))
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().expect("nothing of a test's runs under this lock")
    }

    fn add(&self, task: BoxFuture<'static, ()>) -> u64 {
        let mut shared = self.lock();
        let id = shared.next();
        shared.tasks.insert(id, task);
        shared.ready.push(id);
        id
    }

    /// Runs one task that is ready, chosen by the seed. False if there is none.
    fn run_one(&self) -> bool {
        let mut shared = self.lock();
        if shared.ready.is_empty() {
            return false;
        }
        let n = shared.ready.len();
        let chosen = shared.chance.below(n);
        let id = shared.ready.swap_remove(chosen);
        let Some(mut task) = shared.tasks.remove(&id) else { return true };
        let outer = shared.running.replace((id, false));
        shared.budget = BUDGET;
        drop(shared);

        let waker = Waker::from(Arc::new(TaskWaker { id, world: self.clone() }));
        let polled = task.as_mut().poll(&mut Context::from_waker(&waker));

        let mut shared = self.lock();
        let is_aborted = shared.running.take().is_some_and(|it| it.1);
        shared.running = outer;
        if polled.is_pending() && !is_aborted {
            shared.tasks.insert(id, task);
            return true;
        }
        drop(shared);
        // A destructor is the test's code, and may come back here.
        drop(task);
        true
    }

    /// Nobody is ready: time jumps to the next timer.
    fn jump(&self) {
        let mut shared = self.lock();
        let next = shared.timers.pop_first();
        let ((at, _), waker) = next.expect("everybody waits, and nothing will ever happen");
        shared.now = shared.now.max(at);
        drop(shared);
        waker.wake();
    }

    fn abort(&self, id: u64) {
        let mut shared = self.lock();
        if let Some((_, is_aborted)) = shared.running.as_mut().filter(|it| it.0 == id) {
            *is_aborted = true;
        }
        let task = shared.tasks.remove(&id);
        drop(shared);
        drop(task);
    }
}

impl Shared {
    const fn next(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

struct TaskWaker {
    id: u64,
    world: World,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        let mut shared = self.world.lock();
        if !shared.ready.contains(&self.id) {
            shared.ready.push(self.id);
        }
    }
}

/// Wakes a loop in [`World::block_on`].
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Sleeping {
    world: World,
    at: Instant,
    timer: Option<u64>,
}

impl Future for Sleeping {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let mut shared = this.world.lock();
        if this.at <= shared.now {
            return Poll::Ready(());
        }
        let id = *this.timer.get_or_insert_with(|| shared.next());
        let earlier = shared.timers.insert((this.at, id), cx.waker().clone());
        drop(shared);
        drop(earlier);
        Poll::Pending
    }
}

impl Drop for Sleeping {
    fn drop(&mut self) {
        if let Some(id) = self.timer {
            let waker = self.world.lock().timers.remove(&(self.at, id));
            drop(waker);
        }
    }
}

impl Surroundings for World {
    fn now(&self) -> Instant {
        self.lock().now
    }

    fn wall_now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000) + (self.now() - Instant::ORIGIN)
    }

    fn sleep_until(&self, at: Instant) -> BoxFuture<'static, ()> {
        if at == Instant::from_nanos(u64::MAX) {
            return Box::pin(std::future::pending());
        }
        Box::pin(Sleeping { world: self.clone(), at, timer: None })
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Box<dyn Fn() + Send + Sync> {
        let id = self.add(task);
        let world = self.clone();
        Box::new(move || world.abort(id))
    }

    fn block_on(&self, mut future: Pin<&mut dyn Future<Output = ()>>) {
        let flag = Arc::new(Flag(AtomicBool::new(true)));
        let waker = Waker::from(Arc::clone(&flag));
        loop {
            if flag.0.swap(false, Ordering::Relaxed) {
                self.lock().budget = BUDGET;
                if future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
                    return;
                }
            }
            if !self.run_one() && !flag.0.load(Ordering::Relaxed) {
                self.jump();
            }
        }
    }

    fn blocking(&self, work: Box<dyn FnOnce() + Send>) {
        // A panic ends the work and nothing else, as it would on a thread.
        self.add(Box::pin(async { drop(catch_unwind(AssertUnwindSafe(work))) }));
    }

    fn thread(&self, _: &str, work: Box<dyn FnOnce() + Send>) {
        self.blocking(work);
    }

    fn seed(&self, label: &str) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.seed, label).hash(&mut hasher);
        hasher.finish()
    }

    fn poll_proceed(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut shared = self.lock();
        let Some(left) = shared.budget.checked_sub(1) else {
            drop(shared);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        };
        shared.budget = left;
        Poll::Ready(())
    }

    fn network(&self) -> Option<&dyn Network> {
        Some(&*self.network)
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("seed", &self.seed).finish_non_exhaustive()
    }
}

/// The order in which ten tasks, each with three turns, come to run.
fn order(seed: u64) -> Vec<u32> {
    let runtime = World::runtime(seed);
    let told = Arc::new(Mutex::new(Vec::new()));
    for task in 0..10 {
        let (told, sleeper) = (Arc::clone(&told), runtime.clone());
        drop(runtime.spawn(async move {
            for _ in 0..3 {
                sleeper.sleep(Duration::from_millis(1)).await;
                told.lock().expect("no task panics").push(task);
            }
        }));
    }
    runtime.block_on(runtime.sleep(Duration::from_secs(1)));
    std::mem::take(&mut *told.lock().expect("no task panics"))
}

#[test]
fn one_seed_gives_one_order_and_another_seed_another() {
    assert_eq!(order(1), order(1));
    assert_ne!(order(1), order(2));
    assert_eq!(order(3).len(), 30);
}

#[test]
fn a_day_in_the_world_takes_no_time() {
    let runtime = World::runtime(1);
    let day = Duration::from_secs(86_400);
    runtime.block_on(runtime.sleep(day));
    assert_eq!(runtime.now(), Instant::ORIGIN + day);
    assert_eq!(runtime.wall_now(), World::seeded(1).wall_now() + day);
}

#[test]
#[should_panic(expected = "everybody waits")]
fn a_world_in_which_nothing_can_happen_says_so() {
    World::runtime(1).block_on(std::future::pending::<()>());
}

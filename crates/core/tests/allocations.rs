//! What a spawn, a tell and an ask allocate, exactly; and what an actor and its timers weigh.
//!
//! The only place in these tests with `unsafe`: counting needs an allocator of its own. It counts
//! per thread, and each test runs on a thread of its own with a runtime that has no other.

#![expect(unsafe_code, reason = "a global allocator that counts")]

extern crate ghostlight_core as ghostlight;

use std::{
    alloc::{GlobalAlloc, Layout, System as Heap},
    cell::Cell,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use ghostlight::{
    Actor, ActorRef, Boxed, Context, Handler, Message, Restarted, SpawnOptions, System, Terminated,
};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static BYTES: Cell<i64> = const { Cell::new(0) };
}

fn note(allocations: u64, bytes: i64) {
    ALLOCATIONS.set(ALLOCATIONS.get() + allocations);
    BYTES.set(BYTES.get() + bytes);
}

const fn signed(bytes: usize) -> i64 {
    bytes.cast_signed() as i64
}

// SAFETY: every call is passed on as it came; the counters are plain cells without destructors, so
// counting allocates nothing and works at any time in the life of a thread.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(1, signed(layout.size()));
        // SAFETY: the caller keeps what `alloc` asks for.
        unsafe { Heap.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        note(0, -signed(layout.size()));
        // SAFETY: the caller keeps what `dealloc` asks for.
        unsafe { Heap.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(1, signed(size) - signed(layout.size()));
        // SAFETY: the caller keeps what `realloc` asks for.
        unsafe { Heap.realloc(at, layout, size) }
    }
}

#[global_allocator]
static HEAP: Counting = Counting;

/// How many allocations were made, and by how many bytes the heap has grown, since.
struct Since(u64, i64);

impl Since {
    fn now() -> Self {
        Self(ALLOCATIONS.get(), BYTES.get())
    }

    fn allocations(&self) -> u64 {
        ALLOCATIONS.get() - self.0
    }

    fn bytes(&self) -> i64 {
        BYTES.get() - self.1
    }
}

#[derive(Debug, Message)]
struct OneWord(u64);
#[derive(Debug, Message)]
struct FiveWords([u64; 5]);
#[derive(Debug, Message)]
struct SixWords([u64; 6]);
#[derive(Debug, Message)]
#[message(reply = u64)]
struct Total;

/// 56 bytes of state.
struct Sum {
    total: u64,
    handled: Arc<AtomicU64>,
    _rest: [u64; 5],
}
struct Listed(Sum);
struct Plain(Sum);

impl Sum {
    fn new(handled: &Arc<AtomicU64>) -> Self {
        assert_eq!(size_of::<Self>(), 56, "what the weights are measured with");
        Self { total: 0, handled: Arc::clone(handled), _rest: [0; 5] }
    }

    fn add(&mut self, n: u64) {
        self.total += n;
        self.handled.fetch_add(1, Ordering::Relaxed);
    }
}

impl Actor for Listed {
    type Protocol = (OneWord, FiveWords, Boxed<SixWords>, Total);
}
impl Actor for Plain {
    type Protocol = ();
}

macro_rules! handle {
    ($($actor:ty),*) => {$(
        impl Handler<OneWord> for $actor {
            async fn handle(&mut self, OneWord(n): OneWord, _: &mut Context<'_, Self>) {
                self.0.add(n);
            }
        }
        impl Handler<FiveWords> for $actor {
            async fn handle(&mut self, FiveWords(n): FiveWords, _: &mut Context<'_, Self>) {
                self.0.add(n[4]);
            }
        }
        impl Handler<SixWords> for $actor {
            async fn handle(&mut self, SixWords(n): SixWords, _: &mut Context<'_, Self>) {
                self.0.add(n[5]);
            }
        }
        impl Handler<Total> for $actor {
            async fn handle(&mut self, _: Total, _: &mut Context<'_, Self>) -> u64 {
                self.0.total
            }
        }
    )*};
}
handle!(Listed, Plain);

/// Lets the actors run until so many messages were handled.
async fn until(handled: &AtomicU64, n: u64) {
    while handled.load(Ordering::Relaxed) < n {
        tokio::task::yield_now().await;
    }
}

/// What `rounds` rounds of `burst` tells allocate, handling included, once all is warm.
async fn tells<A, M>(spawn: fn(Sum) -> A, message: fn(u64) -> M, burst: u64) -> u64
where
    A: Handler<M>,
    M: Message,
{
    const ROUNDS: u64 = 200;
    let system = System::new("allocations");
    let handled = Arc::new(AtomicU64::new(0));
    let actor = system.spawn(spawn(Sum::new(&handled)));
    let mut sent = 0;
    let mut since = Since::now();
    for round in 0..2 * ROUNDS {
        if round == ROUNDS {
            since = Since::now();
        }
        for n in 0..burst {
            actor.tell(message(n)).await.expect("there is room");
        }
        sent += burst;
        until(&handled, sent).await;
    }
    let allocations = since.allocations();
    assert_eq!(allocations % (ROUNDS * burst), 0, "not a whole number a tell: {allocations}");
    allocations / (ROUNDS * burst)
}

const fn five(n: u64) -> FiveWords {
    FiveWords([n; 5])
}

const fn six(n: u64) -> SixWords {
    SixWords([n; 6])
}

#[tokio::test(start_paused = true)]
async fn a_tell_with_a_declared_protocol_allocates_nothing_up_to_five_words() {
    for burst in [1, 3, 50, 400] {
        assert_eq!(tells(Listed, OneWord, burst).await, 0, "one word, {burst} at a time");
        assert_eq!(tells(Listed, five, burst).await, 0, "five words, {burst} at a time");
    }
}

#[tokio::test(start_paused = true)]
async fn a_tell_with_a_declared_protocol_allocates_once_past_five_words() {
    for burst in [1, 50] {
        assert_eq!(tells(Listed, six, burst).await, 1, "{burst} at a time");
    }
}

#[tokio::test(start_paused = true)]
async fn a_tell_without_a_declared_protocol_allocates_at_most_twice() {
    for burst in [1, 50] {
        for allocations in [
            tells(Plain, OneWord, burst).await,
            tells(Plain, five, burst).await,
            tells(Plain, six, burst).await,
        ] {
            assert!(allocations <= 2, "{allocations}, {burst} at a time");
        }
    }
}

/// What a hundred asks allocate, once all is warm.
async fn asks(queued: bool) -> u64 {
    let system = System::new("allocations");
    let actor = system.spawn(Listed(Sum::new(&Arc::default())));
    let mut since = Since::now();
    for n in 0..600 {
        if n == 500 {
            since = Since::now();
        }
        let ask = actor.ask(Total);
        let total = if queued { ask.queued().await } else { ask.await };
        assert!(matches!(total, Ok(0)), "{total:?}");
    }
    since.allocations()
}

#[tokio::test(start_paused = true)]
async fn an_inline_ask_allocates_nothing() {
    assert_eq!(asks(false).await, 0, "in a hundred asks");
}

#[tokio::test(start_paused = true)]
async fn a_queued_ask_with_a_declared_protocol_allocates_once() {
    assert_eq!(asks(true).await, 100, "in a hundred asks");
}

#[tokio::test(start_paused = true)]
async fn an_unnamed_spawn_allocates_at_most_three_times() {
    let system = System::new("allocations");
    let handled = Arc::default();
    let mut refs = Vec::with_capacity(1000);
    let since = Since::now();
    for _ in 0..1000 {
        refs.push(system.spawn(Listed(Sum::new(&handled))));
    }
    let spawned = since.allocations();
    assert!(spawned <= 3 * 1000, "{spawned} in a thousand spawns");
    // With options of its own, an actor keeps those, and no more.
    let since = Since::now();
    for actor in &mut refs {
        *actor =
            system.spawn_with(Listed(Sum::new(&handled)), SpawnOptions::default().throughput(7));
    }
    let with_options = since.allocations();
    assert!(with_options <= 4 * 1000, "{with_options} in a thousand spawns with options");
}

#[tokio::test(start_paused = true)]
async fn cloning_and_comparing_refs_allocates_nothing() {
    let system = System::new("allocations");
    let actor = system.spawn(Listed(Sum::new(&Arc::default())));
    let since = Since::now();
    let (same, weak) = (actor.clone(), actor.downgrade());
    assert!(same == actor && weak.upgrade().is_some() && weak.clone() == weak);
    assert!(actor.is_alive() && actor.mailbox_len() == 0 && actor.counters().sent == 0);
    assert_eq!(since.allocations(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_idle_actor_weighs_at_most_400_bytes_and_a_used_one_720() {
    const N: u64 = 10_000;
    let system = System::new("allocations");
    let handled = Arc::new(AtomicU64::new(0));
    let mut refs: Vec<ActorRef<Listed>> = Vec::with_capacity(N as usize);
    let since = Since::now();
    for _ in 0..N {
        refs.push(system.spawn(Listed(Sum::new(&handled))));
    }
    let idle = since.bytes() / signed(N as usize);
    for actor in &refs {
        actor.tell(OneWord(1)).await.expect("there is room");
    }
    until(&handled, N).await;
    // Once more around, so that all of them have come to rest.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    let used = since.bytes() / signed(N as usize);
    assert!(idle <= 400, "{idle} bytes, of which 56 are state");
    assert!(used <= 720, "{used} bytes after one tell, of which 56 are state");
}

/// Sets so many timers, half of which it cancels, and has handled so many ticks.
struct Timed(Arc<AtomicU64>);
#[derive(Message)]
struct SetTimers(u64);
#[derive(Clone, Message)]
struct Tick;
impl Actor for Timed {
    type Protocol = (SetTimers, Tick);
}
impl Handler<SetTimers> for Timed {
    async fn handle(&mut self, SetTimers(n): SetTimers, cx: &mut Context<'_, Self>) {
        for n in 0..n {
            let timer = cx.after(Duration::from_millis(n % 50), Tick);
            if n % 2 == 1 {
                timer.cancel();
            }
        }
    }
}
impl Handler<Tick> for Timed {
    async fn handle(&mut self, _: Tick, _: &mut Context<'_, Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(start_paused = true)]
async fn fired_and_cancelled_timers_leave_nothing_behind() {
    let system = System::new("allocations");
    let handled = Arc::new(AtomicU64::new(0));
    let timed = system.spawn(Timed(Arc::clone(&handled)));
    let round = async |n: u64| {
        timed.tell(SetTimers(n)).await.expect("there is room");
        system.runtime().sleep(Duration::from_millis(100)).await;
    };
    for _ in 0..5 {
        round(10).await;
    }
    let since = Since::now();
    round(10_000).await;
    for _ in 0..5 {
        round(10).await;
    }
    assert_eq!(handled.load(Ordering::Relaxed), 5000 + 50);
    assert!(since.bytes().abs() < 1000, "{} bytes for ten thousand timers", since.bytes());
}

#[tokio::test(start_paused = true)]
async fn an_ended_actor_leaves_nothing_behind() {
    let system = System::new("allocations");
    let handled = Arc::new(AtomicU64::new(0));
    let round = async |n: u64| {
        for _ in 0..100 {
            let actor = system.spawn(Listed(Sum::new(&handled)));
            actor.tell(OneWord(1)).await.expect("there is room");
            actor.stop();
            actor.wait_stopped().await;
        }
        for _ in 0..n {
            tokio::task::yield_now().await;
        }
    };
    round(10).await;
    let since = Since::now();
    round(10).await;
    assert_eq!(since.bytes(), 0, "bytes after a hundred more");
}

/// Ties itself to others as a test wants it, and counts the ends it is told of.
struct Knot(Arc<AtomicU64>);
type Tie = Box<dyn FnOnce(&mut Context<'_, Knot>) + Send>;
struct Do(Tie);
impl Message for Do {
    type Reply = ();
}
impl Actor for Knot {
    type Protocol = (Do, Terminated, Restarted);
}
impl Handler<Do> for Knot {
    async fn handle(&mut self, Do(tie): Do, cx: &mut Context<'_, Self>) {
        tie(cx);
    }
}
impl Handler<Terminated> for Knot {
    async fn handle(&mut self, _: Terminated, _: &mut Context<'_, Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
impl Handler<Restarted> for Knot {
    async fn handle(&mut self, _: Restarted, _: &mut Context<'_, Self>) {}
}

type Cycle = fn(&mut Context<'_, Knot>, &ActorRef<Knot>);

/// Ties of every kind, made and not undone.
const TIES: [Cycle; 3] =
    [|cx, it| cx.watch(it), |cx, it| cx.link(it), |cx, it| cx.watch_restarts(it)];

async fn tie(knot: &ActorRef<Knot>, cycle: Cycle, other: &ActorRef<Knot>) {
    let other = other.clone();
    knot.ask(Do(Box::new(move |cx| cycle(cx, &other)))).await.expect("it lives");
}

/// By how many bytes the heap has grown after ten thousand rounds, once all is warm.
async fn grown(mut round: impl AsyncFnMut()) -> i64 {
    for _ in 0..100 {
        round().await;
    }
    let since = Since::now();
    for _ in 0..10_000 {
        round().await;
    }
    since.bytes()
}

fn knot(system: &System) -> ActorRef<Knot> {
    system.spawn(Knot(Arc::default()))
}

#[tokio::test(start_paused = true)]
async fn ties_that_were_undone_leave_nothing_behind() {
    let cycles: [Cycle; 4] = [
        |cx, it| {
            cx.watch(it);
            cx.unwatch(it.id());
        },
        |cx, it| {
            cx.link(it);
            cx.unlink(it);
        },
        |cx, it| {
            cx.watch_restarts(it);
            cx.unwatch_restarts(it.id());
        },
        |cx, _| cx.watch_id(cx.id()),
    ];
    for (n, cycle) in cycles.into_iter().enumerate() {
        let system = System::new("ties");
        let (one, other) = (knot(&system), knot(&system));
        let grown = grown(async || tie(&one, cycle, &other).await).await;
        assert!(grown.abs() < 1000, "{grown} bytes after ten thousand more of number {n}");
    }
}

/// Both sides forget: whoever ends, the other does not remember.
#[tokio::test(start_paused = true)]
async fn ties_to_an_ended_actor_leave_nothing_behind_on_either_side() {
    for (n, cycle) in TIES.into_iter().enumerate() {
        for stays_tied in [true, false] {
            let system = System::new("ties");
            let stays = knot(&system);
            let grown = grown(async || {
                let goes = knot(&system);
                let (from, to) = if stays_tied { (&stays, &goes) } else { (&goes, &stays) };
                tie(from, cycle, to).await;
                goes.stop();
                goes.wait_stopped().await;
                tokio::task::yield_now().await;
            })
            .await;
            assert!(grown.abs() < 1000, "{grown} bytes, tie {n}, from who stays: {stays_tied}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_watcher_that_was_told_of_many_ends_gives_the_room_back() {
    let system = System::new("ties");
    let [told, other] = [0, 0].map(|it| Arc::new(AtomicU64::new(it)));
    let keeper = system.spawn(Knot(Arc::clone(&told)));
    let round = async |keeper: &ActorRef<Knot>, told: &AtomicU64| {
        let all: Vec<_> = (0..1000).map(|_| knot(&system)).collect();
        for it in &all {
            tie(keeper, |cx, it| cx.watch(it), it).await;
        }
        all.iter().for_each(ActorRef::kill);
        until(told, 1000).await;
    };
    // The roster keeps its places, the runtime its queue, and the keeper what it needs for few.
    round(&system.spawn(Knot(Arc::clone(&other))), &other).await;
    tie(&keeper, |cx, it| cx.watch(it), &keeper).await;
    let since = Since::now();
    round(&keeper, &told).await;
    let grown = since.bytes();
    assert!(grown < 2000, "{grown} bytes after a thousand notices");
}

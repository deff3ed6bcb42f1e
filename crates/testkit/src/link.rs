//! What becomes of packets between the systems of a world, and a pipe that is subject to it.

use std::{
    collections::BTreeMap,
    fmt,
    future::poll_fn,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
    time::Duration,
};

use ghostlight_rt::{Instant, Rng};

use crate::{World, digest::seed_for, engine::Engine, timers::Sleeping, trace::Event};

/// How packets fare on the way from one system to another.
///
/// By default they arrive after a millisecond, each once, in order.
///
/// ```
/// use std::time::Duration;
/// use ghostlight_testkit::{LinkOptions, World};
///
/// let world = World::seeded(1);
/// let slow = LinkOptions::default().latency(Duration::from_millis(80)).loss(20);
/// world.links().set("paris", "lima", slow);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use = "options do nothing before they are set"]
pub struct LinkOptions {
    latency: Duration,
    jitter: Duration,
    loss: u16,
    doubling: u16,
    is_cut: bool,
    keeps_order: bool,
}

impl Default for LinkOptions {
    fn default() -> Self {
        Self {
            latency: Duration::from_millis(1),
            jitter: Duration::ZERO,
            loss: 0,
            doubling: 0,
            is_cut: false,
            keeps_order: true,
        }
    }
}

impl LinkOptions {
    /// How long a packet takes; a millisecond by default.
    pub const fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// By how much more at most, as drawn for each packet; nothing by default.
    pub const fn jitter(mut self, jitter: Duration) -> Self {
        self.jitter = jitter;
        self
    }

    /// How many of a thousand packets are lost; none by default.
    pub const fn loss(mut self, per_mille: u16) -> Self {
        self.loss = per_mille;
        self
    }

    /// How many of a thousand packets arrive twice; none by default.
    pub const fn doubling(mut self, per_mille: u16) -> Self {
        self.doubling = per_mille;
        self
    }

    /// Lets packets overtake each other. By default none arrives before one that was sent earlier.
    pub const fn reordering(mut self) -> Self {
        self.keeps_order = false;
        self
    }

    /// Loses every packet.
    pub const fn cut(mut self) -> Self {
        self.is_cut = true;
        self
    }

    /// What becomes of the next packet.
    fn decide(&self, rng: &mut Rng) -> Fate {
        // Drawn in any case, so that what becomes of one packet moves no other.
        let [lost, doubled] = [rng.below(1000), rng.below(1000)];
        let [after, again] = [0; 2].map(|_: u8| self.latency + self.any_jitter(rng));
        if self.is_cut || lost < self.loss.into() {
            Fate::Lose
        } else if doubled < self.doubling.into() {
            Fate::Duplicate { after, again }
        } else {
            Fate::Deliver { after }
        }
    }

    fn any_jitter(&self, rng: &mut Rng) -> Duration {
        let micros = usize::try_from(self.jitter.as_micros()).unwrap_or(usize::MAX - 1);
        Duration::from_micros(rng.below(micros + 1) as u64)
    }
}

/// What becomes of one packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Fate {
    /// It arrives.
    Deliver {
        /// How long that takes.
        after: Duration,
    },
    /// It never arrives.
    Lose,
    /// It arrives twice.
    Duplicate {
        /// How long that takes for the first time.
        after: Duration,
        /// How long for the second.
        again: Duration,
    },
}

/// The ways between the systems of a world, by their names; each direction has options and a source
/// of chance of its own.
///
/// A transport that runs in a world asks [`packet`](Self::packet) what becomes of each packet. The
/// plainest is here: [`open`](Self::open).
#[derive(Clone)]
pub struct Links {
    engine: Arc<Engine>,
}

/// What a world knows of its links.
#[derive(Default)]
pub(crate) struct LinkState {
    general: LinkOptions,
    special: BTreeMap<(String, String), LinkOptions>,
    rngs: BTreeMap<(String, String), Rng>,
    /// What faults have added, until it is healed.
    troubles: BTreeMap<(String, String), Trouble>,
    pipes: Vec<Arc<Pipe>>,
}

/// What a fault adds to the options of a link.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Trouble {
    pub(crate) is_cut: bool,
    pub(crate) delay: Duration,
    pub(crate) loss: u16,
    pub(crate) doubling: u16,
}

impl Links {
    /// From here on packets from one to the other fare like this.
    pub fn set(&self, from: &str, to: &str, options: LinkOptions) {
        self.engine.lock().ways.special.insert(key(from, to), options);
    }

    /// From here on all packets do that have no options of their own.
    pub fn set_all(&self, options: LinkOptions) {
        self.engine.lock().ways.general = options;
    }

    /// What becomes of a packet that one system sends to another now. Asking counts as sending.
    ///
    /// ```
    /// use std::time::Duration;
    /// use ghostlight_testkit::{Fate, LinkOptions, World};
    ///
    /// let world = World::seeded(1);
    /// let links = world.links();
    /// assert_eq!(links.packet("a", "b"), Fate::Deliver { after: Duration::from_millis(1) });
    /// links.set("a", "b", LinkOptions::default().cut());
    /// assert_eq!(links.packet("a", "b"), Fate::Lose);
    /// assert_ne!(links.packet("b", "a"), Fate::Lose);
    /// ```
    #[must_use = "it says what is to become of the packet"]
    pub fn packet(&self, from: &str, to: &str) -> Fate {
        self.engine.saw_more();
        let seed = self.engine.seed;
        let mut state = self.engine.lock();
        let ways = &mut state.ways;
        let options = ways.options(from, to);
        let fresh = || Rng::seeded(seed_for(seed, &format!("link from {from} to {to}")));
        let fate = options.decide(ways.rngs.entry(key(from, to)).or_insert_with(fresh));
        drop(state);
        match fate {
            Fate::Deliver { .. } => {}
            Fate::Lose => self.tell(format!("a packet from {from} to {to} is lost")),
            Fate::Duplicate { .. } => {
                self.tell(format!("a packet from {from} to {to} arrives twice"));
            }
        }
        fate
    }

    /// A pipe between two systems: packets of bytes in both directions, which fare as the links say.
    ///
    /// ```
    /// use ghostlight_testkit::World;
    ///
    /// let world = World::seeded(1);
    /// let (mut paris, mut lima) = world.links().open("paris", "lima");
    /// world.block_on(async {
    ///     paris.send(b"hello").unwrap();
    ///     assert_eq!(lima.recv().await.unwrap(), b"hello");
    ///     drop(paris);
    ///     assert_eq!(lima.recv().await, None);
    /// });
    /// ```
    #[must_use = "the pipe ends with either of its ends"]
    pub fn open(&self, one: &str, other: &str) -> (LinkEnd, LinkEnd) {
        let pipe =
            Arc::new(Pipe { names: [one.to_owned(), other.to_owned()], inside: Mutex::default() });
        let mut state = self.engine.lock();
        state.ways.pipes.retain(|it| !it.lock().is_closed);
        state.ways.pipes.push(Arc::clone(&pipe));
        drop(state);
        let end = |side| LinkEnd { links: self.clone(), pipe: Arc::clone(&pipe), side };
        (end(0), end(1))
    }

    fn tell(&self, what: String) {
        self.engine.tell(|_| Event::Fault { what });
    }
}

impl LinkState {
    fn options(&self, from: &str, to: &str) -> LinkOptions {
        let key = key(from, to);
        let mut options = *self.special.get(&key).unwrap_or(&self.general);
        if let Some(trouble) = self.troubles.get(&key) {
            options.is_cut |= trouble.is_cut;
            options.latency += trouble.delay;
            options.loss = options.loss.max(trouble.loss);
            options.doubling = options.doubling.max(trouble.doubling);
        }
        options
    }

    /// Adds to what is wrong on the way from one to the other.
    pub(crate) fn trouble(&mut self, from: &str, to: &str, add: impl FnOnce(&mut Trouble)) {
        add(self.troubles.entry(key(from, to)).or_default());
    }

    pub(crate) fn heal(&mut self, one: &str, other: &str) {
        self.troubles.remove(&key(one, other));
        self.troubles.remove(&key(other, one));
    }

    pub(crate) fn heal_all(&mut self) {
        self.troubles.clear();
    }

    /// Takes out the pipes that end at a system, to be closed with the lock open.
    pub(crate) fn take_pipes(&mut self, system: &str) -> Vec<Arc<Pipe>> {
        let ends_there = |it: &mut Arc<Pipe>| it.names.iter().any(|it| it == system);
        self.pipes.extract_if(.., ends_there).collect()
    }
}

fn key(from: &str, to: &str) -> (String, String) {
    (from.to_owned(), to.to_owned())
}

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Links").finish_non_exhaustive()
    }
}

/// A pipe with two ends.
pub(crate) struct Pipe {
    names: [String; 2],
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    /// What is on its way to either end, by when it arrives.
    coming: [BTreeMap<(Instant, u64), Vec<u8>>; 2],
    last: [Option<Instant>; 2],
    sent: u64,
    waiting: [Option<Waker>; 2],
    is_closed: bool,
}

impl Pipe {
    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing is sent any more; what is on its way arrives, unless it is lost.
    pub(crate) fn close(&self, loses: Loses) {
        let mut inside = self.lock();
        inside.is_closed = true;
        let lost = match loses {
            Loses::Nothing => Default::default(),
            Loses::All => std::mem::take(&mut inside.coming),
        };
        let waiting = std::mem::take(&mut inside.waiting);
        drop(inside);
        drop(lost);
        waiting.into_iter().flatten().for_each(Waker::wake);
    }
}

/// What becomes of packets on their way when a pipe is closed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Loses {
    Nothing,
    All,
}

/// One end of a pipe between two systems. Dropping it closes both.
pub struct LinkEnd {
    links: Links,
    pipe: Arc<Pipe>,
    side: usize,
}

/// A packet was not sent, as the pipe is closed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LinkClosed;

impl fmt::Display for LinkClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the link is closed")
    }
}

impl std::error::Error for LinkClosed {}

impl LinkEnd {
    /// Sends a packet. Whether it arrives is for the link to say.
    ///
    /// # Errors
    /// If the pipe is closed.
    pub fn send(&self, bytes: &[u8]) -> Result<(), LinkClosed> {
        if self.pipe.lock().is_closed {
            return Err(LinkClosed);
        }
        let (from, to) = (&self.pipe.names[self.side], &self.pipe.names[1 - self.side]);
        let keeps_order = self.links.engine.lock().ways.options(from, to).keeps_order;
        let times = match self.links.packet(from, to) {
            Fate::Lose => [None, None],
            Fate::Deliver { after } => [Some(after), None],
            Fate::Duplicate { after, again } => [Some(after), Some(again)],
        };
        let now = self.links.engine.now();
        let mut inside = self.pipe.lock();
        let there = 1 - self.side;
        for after in times.into_iter().flatten() {
            let earliest = inside.last[there].filter(|_| keeps_order).unwrap_or(now);
            let at = earliest.max(now + after);
            inside.last[there] = inside.last[there].max(Some(at));
            inside.sent += 1;
            let number = inside.sent;
            inside.coming[there].insert((at, number), bytes.to_vec());
        }
        let waiting = inside.waiting[there].take();
        drop(inside);
        waiting.into_iter().for_each(Waker::wake);
        Ok(())
    }

    /// Waits for the next packet; none if the pipe is closed and nothing is on its way.
    ///
    /// # Cancel safety
    /// If dropped before it returns, no packet was taken.
    pub async fn recv(&mut self) -> Option<Vec<u8>> {
        loop {
            let due = self.due().await?;
            if self.links.engine.now() < due {
                self.wait_until(due).await;
                continue;
            }
            let mut inside = self.pipe.lock();
            return inside.coming[self.side].pop_first().map(|it| it.1);
        }
    }

    /// When the next packet arrives, as far as it is on its way already.
    async fn due(&self) -> Option<Instant> {
        poll_fn(|cx| {
            let mut inside = self.pipe.lock();
            if let Some(first) = inside.coming[self.side].first_key_value() {
                return Poll::Ready(Some(first.0.0));
            }
            if inside.is_closed {
                return Poll::Ready(None);
            }
            inside.waiting[self.side] = Some(cx.waker().clone());
            Poll::Pending
        })
        .await
    }

    /// Waits until that moment, or until something changes before.
    async fn wait_until(&self, due: Instant) {
        let mut sleep = pin!(Sleeping::until(Arc::clone(&self.links.engine), due));
        let mut has_waited = false;
        poll_fn(|cx| {
            let mut inside = self.pipe.lock();
            if std::mem::replace(&mut has_waited, true) && inside.waiting[self.side].is_none() {
                return Poll::Ready(());
            }
            inside.waiting[self.side] = Some(cx.waker().clone());
            drop(inside);
            sleep.as_mut().poll(cx)
        })
        .await;
    }
}

impl Drop for LinkEnd {
    fn drop(&mut self) {
        self.pipe.close(Loses::Nothing);
    }
}

impl fmt::Debug for LinkEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkEnd").field("here", &self.pipe.names[self.side]).finish_non_exhaustive()
    }
}

impl World {
    /// What becomes of packets between the systems that live here, by the names of the systems.
    #[must_use]
    pub fn links(&self) -> Links {
        Links { engine: Arc::clone(self.engine()) }
    }
}

//! What lies under an actor's one lock: the queue, the resting core, and who is to be woken.

mod guests;
mod next;

use std::{
    mem::{self, ManuallyDrop},
    sync::{Arc, Weak},
    task::Waker,
};

use super::{Lanes, MailboxOptions, Order, Overflow, Priority, Queue, Senders};
use crate::{
    Actor, Refused, SlowTurn,
    ask::{Expire, Parked},
    cell::Wake,
    core::{Core, EnvelopeOf},
    counters::Losses,
    kin::Kin,
    run::Suspended,
    stash::Stash,
    status::Ended,
    turn::Guest,
};

/// From here on, the list of asks is cleaned before it grows.
const MANY_ASKS: usize = 32;

/// In the place of a count of asks to be queued: each ask is looked at closely.
pub(crate) const WATCHED: u8 = u8::MAX;

/// The part of an actor that others may touch, under one short lock.
///
/// Nothing of a user's is run or dropped under it, and nobody is woken under it.
pub(crate) struct Inbox<A: Actor> {
    queue: Queue<EnvelopeOf<A>>,
    pub(crate) stage: Stage<A>,
    /// Wakes the actor's task; absent while nobody needs to.
    pub(crate) waker: Option<Waker>,
    pub(crate) rare: Option<Box<Rare<A>>>,
    /// Messages that were let in, ever.
    pub(crate) accepted: u64,
    /// At most so many messages lie in the batch of a core that is out.
    taken: u32,
    /// The depth from which a push must look closer; zero while senders wait in line.
    limit: u32,
    /// Nothing is going on but messages of normal priority in a mailbox that drops nothing old: then
    /// refilling is a swap.
    is_plain: bool,
    /// The greatest depth so far, with the messages of a batch counted until it is done.
    pub(crate) peak: u32,
    /// The core rests, the queue is empty, and whoever changes that must wake the task.
    pub(crate) idle: bool,
    /// Messages are let in.
    pub(crate) is_open: bool,
    /// There is a task, or one is being spawned.
    pub(crate) has_task: bool,
    /// `started` has ended well, once.
    pub(crate) has_started: bool,
    /// Whether another incarnation may follow: then the door stays open while one ends.
    pub(crate) renewal: Renewal,
    /// The system looks at this actor's asks from time to time.
    pub(crate) is_swept: bool,
    /// How many asks are to be queued before one may run on its caller again.
    pub(crate) queue_next: u8,
    /// Whether nobody may take the core but the actor's own task.
    keeps_to_itself: bool,
}

/// Where the core is.
pub(crate) enum Stage<A: Actor> {
    /// There is none: the state is being built, or the supervisor thinks about it.
    Unborn,
    /// Here, until somebody runs it.
    Prepared(Box<Core<A>>),
    /// Here.
    Resting(Box<Core<A>>),
    /// With the task, a caller, or inside a suspended turn.
    Out,
    /// The actor has ended, and those who wait for that are about to be told.
    Leaving(Arc<Ended>),
    /// The actor has ended.
    Gone(Arc<Ended>),
}

/// After which ends another incarnation may follow.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Renewal {
    Never,
    AfterFailure,
    Always,
}

/// What most actors never need.
pub(crate) struct Rare<A: Actor> {
    lanes: Option<Box<Lanes<EnvelopeOf<A>>>>,
    pub(crate) senders: Senders,
    /// A turn that a caller began and that suspended: the task must go on with it.
    pub(crate) handed: Option<(Suspended, Arc<dyn Parked<A>>)>,
    /// Whoever asked for that turn, until it is over: it may want to know whether that one still waits, and
    /// a read has its reply while others still run.
    pub(crate) caller: Option<Weak<dyn Parked<A>>>,
    pub(crate) order: Option<Order>,
    /// Wakes a suspended turn that lets messages in.
    host: Option<Waker>,
    /// Who waits for the start or the end.
    pub(crate) watchers: Vec<Waker>,
    pub(crate) asks: Vec<Arc<dyn Expire>>,
    pub(crate) losses: Losses,
    pub(crate) kin: Option<Box<Kin<A>>>,
    /// What [`Inbox::queue_next`] would be, were it not [`WATCHED`].
    pub(crate) queue_next: u8,
    /// The message of the last turn, if its protocol does not list it and somebody may ask.
    pub(crate) unlisted: Option<&'static str>,
    /// The turn inside another, if somebody may ask.
    pub(crate) guest: Option<Guest>,
    /// Whether the turn that goes on lets reads run beside it.
    pub(crate) hosts_reads: bool,
    /// Reads that took long, and have all ended; until the actor is told.
    pub(crate) slow_reads: Vec<SlowTurn>,
    /// What was put in front of the batch: by how many turns had begun, and how many messages there were.
    picked: Option<(u64, usize)>,
    has_warned: bool,
}

impl<A: Actor> Default for Rare<A> {
    fn default() -> Self {
        Self {
            lanes: None,
            senders: Senders::default(),
            handed: None,
            caller: None,
            order: None,
            host: None,
            watchers: Vec::new(),
            asks: Vec::new(),
            losses: Losses::default(),
            kin: None,
            queue_next: 0,
            unlisted: None,
            guest: None,
            hosts_reads: false,
            slow_reads: Vec::new(),
            picked: None,
            has_warned: false,
        }
    }
}

/// What became of a message at a full, closed or unusual mailbox.
pub(crate) enum Admission<E> {
    /// It lies in the queue; perhaps the depth has just risen to the mark.
    Admitted {
        crossed: bool,
    },
    /// It lies in the queue, and this one had to go.
    Evicted(E),
    /// It has to go itself.
    Dropped,
    Refused(Refused),
    /// It may wait for room.
    Wait,
}

impl<A: Actor> Inbox<A> {
    pub(crate) fn new(options: &MailboxOptions, keeps_to_itself: bool) -> Self {
        let mut inbox = Self {
            queue: Queue::default(),
            stage: Stage::Unborn,
            waker: None,
            rare: None,
            accepted: 0,
            taken: 0,
            limit: 0,
            is_plain: false,
            peak: 0,
            idle: false,
            is_open: true,
            has_task: false,
            has_started: false,
            renewal: Renewal::Never,
            is_swept: false,
            queue_next: if options.is_watched() || keeps_to_itself { WATCHED } else { 0 },
            keeps_to_itself,
        };
        inbox.look_closer_from(options);
        inbox.is_plain = inbox.is_plain_now(options);
        inbox
    }

    /// Has the next refill look closely: something is no longer plain.
    pub(crate) fn be_careful(&mut self) {
        self.is_plain = false;
    }

    fn is_plain_now(&self, options: &MailboxOptions) -> bool {
        let is_quiet =
            self.rare.as_ref().is_none_or(|it| it.order.is_none() && it.senders.is_empty());
        let is_quiet = is_quiet && !self.has_notices();
        let is_quiet = is_quiet && self.lanes_len() == 0;
        let is_simple = options.overflow() != Overflow::DropOldest && !options.is_watched();
        is_quiet && is_simple && options.high_water().is_none()
    }

    /// The usual refill: everything that came goes into an empty batch. False if a closer look is
    /// needed.
    #[inline]
    pub(crate) fn refill_plainly(&mut self, batch: &mut Queue<EnvelopeOf<A>>) -> bool {
        if self.is_plain {
            if batch.is_empty() && !self.queue.is_empty() {
                mem::swap(&mut self.queue, batch);
            }
            self.taken = batch.len() as u32;
        }
        self.is_plain
    }

    fn lanes(&self) -> Option<&Lanes<EnvelopeOf<A>>> {
        self.rare.as_ref()?.lanes.as_deref()
    }

    fn lanes_len(&self) -> usize {
        self.lanes().map_or(0, Lanes::len)
    }

    pub(crate) fn rare(&mut self) -> &mut Rare<A> {
        self.rare.get_or_insert_default()
    }

    /// What ties the actor to others.
    pub(crate) fn kin(&mut self) -> &mut Kin<A> {
        self.rare().kin.get_or_insert_default()
    }

    /// The same, if there is any tie.
    pub(crate) fn kin_if_any(&mut self) -> Option<&mut Kin<A>> {
        self.rare.as_mut()?.kin.as_deref_mut()
    }

    /// Whether a message of normal priority may be pushed without a closer look.
    pub(crate) fn has_room(&self) -> bool {
        self.is_open && self.queue.len() as u32 + self.taken < self.limit
    }

    /// Puts a message into the normal queue, with what `post` appends.
    #[inline]
    pub(crate) fn push(&mut self, post: impl FnOnce(&mut Queue<EnvelopeOf<A>>)) {
        post(&mut self.queue);
        self.accepted += 1;
        // What is left of the batch is another core's to write; reading it here would cost that
        // core its cache line, message by message.
        self.peak = self.peak.max(self.queue.len() as u32 + self.taken);
    }

    /// The exact number of messages that wait, given how many are `left` in the batch.
    pub(crate) fn depth(&self, left: usize) -> usize {
        self.queue.len() + left + self.lanes_len()
    }

    /// The same with what was set aside.
    pub(crate) fn waiting(&self, left: usize) -> usize {
        self.depth(left) + self.stash().map_or(0, Stash::len)
    }

    pub(crate) fn stash(&self) -> Option<&Stash<A>> {
        self.rare.as_ref()?.kin.as_ref()?.stash.as_deref()
    }

    /// Decides about one message where [`has_room`](Self::has_room) was not enough.
    ///
    /// `is_next` says that a place is kept for it.
    pub(crate) fn judge(
        &mut self,
        options: &MailboxOptions,
        left: usize,
        priority: Priority,
        is_next: bool,
    ) -> Admission<EnvelopeOf<A>> {
        if !self.is_open {
            return Admission::Refused(Refused::Stopped);
        }
        let kept = self.rare.as_ref().map_or(0, |it| it.senders.reserved()) as usize;
        let in_line = self.rare.as_ref().is_some_and(|it| !it.senders.is_empty());
        let depth = self.depth(left);
        self.rearm(options, depth);
        let capacity = options.capacity().map_or(usize::MAX, |it| it.get() as usize);
        if is_next || (depth + kept < capacity && !in_line) {
            return Admission::Admitted { crossed: self.crosses(options, depth + 1) };
        }
        match options.overflow() {
            Overflow::Wait => Admission::Wait,
            Overflow::Reject => Admission::Refused(Refused::Full),
            Overflow::DropNewest => Admission::Dropped,
            Overflow::DropOldest => {
                self.evict(priority).map_or(Admission::Dropped, Admission::Evicted)
            }
        }
    }

    /// Puts in a message that was admitted.
    pub(crate) fn push_judged(
        &mut self,
        options: &MailboxOptions,
        left: usize,
        priority: Priority,
        post: impl FnOnce(&mut Queue<EnvelopeOf<A>>),
    ) {
        if priority == Priority::Normal {
            self.push(post);
        } else {
            self.accepted += 1;
            self.be_careful();
            post(self.rare().lanes.get_or_insert_default().queue(priority));
            self.peak = self.peak.max(self.depth(left) as u32);
        }
        self.look_closer_from(options);
    }

    /// Takes out the oldest message of the lowest priority, if that is not above `arriving`.
    fn evict(&mut self, arriving: Priority) -> Option<EnvelopeOf<A>> {
        Priority::ALL[arriving.rank()..].iter().rev().find_map(|&level| {
            if level == Priority::Normal {
                return self.queue.pop_front();
            }
            self.rare.as_mut()?.lanes.as_mut()?.evict(level)
        })
    }

    /// Whether the depth has just risen to the mark at which to warn.
    fn crosses(&mut self, options: &MailboxOptions, depth: usize) -> bool {
        let Some(mark) = options.high_water() else { return false };
        if depth < mark as usize || self.rare().has_warned {
            return false;
        }
        self.rare().has_warned = true;
        true
    }

    /// Arms the warning again once the depth is below half the mark.
    fn rearm(&mut self, options: &MailboxOptions, depth: usize) {
        if let (Some(mark), Some(rare)) = (options.high_water(), &mut self.rare)
            && (depth * 2 < mark as usize || depth == 0)
        {
            rare.has_warned = false;
        }
    }

    /// Sets the depth from which a push must look closer.
    pub(crate) fn look_closer_from(&mut self, options: &MailboxOptions) {
        let capacity = options.capacity().map_or(u32::MAX, |it| it.get());
        let rare = self.rare.as_deref();
        // Once it has warned, each push looks whether the depth has fallen enough to arm it again.
        let mark = match options.high_water() {
            Some(_) if rare.is_some_and(|it| it.has_warned) => 0,
            Some(mark) => mark.saturating_sub(1),
            None => u32::MAX,
        };
        self.limit = match rare {
            _ if options.is_watched() => 0,
            Some(rare) if !rare.senders.is_empty() => 0,
            Some(rare) => {
                let elsewhere = self.lanes_len() as u32 + rare.senders.reserved();
                capacity.saturating_sub(elsewhere).min(mark)
            }
            None => capacity.min(mark),
        };
    }

    /// Whether something waits that goes before normal messages.
    pub(crate) fn is_urgent(&self) -> bool {
        self.lanes().is_some_and(Lanes::is_urgent) || self.has_notices()
    }

    pub(crate) fn is_empty(&self) -> bool {
        let has_rare = self.rare.is_some();
        self.queue.is_empty()
            && !(has_rare
                && (self.lanes_len() != 0
                    || self.has_notices()
                    || self.stash().is_some_and(Stash::is_back)))
    }

    /// Whether senders wait in line for room.
    pub(crate) fn has_line(&self) -> bool {
        self.rare.as_ref().is_some_and(|it| !it.senders.is_empty())
    }

    /// The greatest depth so far: exact but for the messages of one batch, and never above the
    /// capacity.
    pub(crate) fn peak(&self, options: &MailboxOptions) -> usize {
        let capacity = options.capacity().map_or(u32::MAX, |it| it.get());
        self.peak.min(capacity) as usize
    }

    /// Whether at most half the places are taken, given how many messages are `left` in the batch.
    pub(crate) fn is_half_empty(&self, options: &MailboxOptions, left: usize) -> bool {
        options.capacity().is_none_or(|it| self.depth(left) * 2 <= it.get() as usize)
    }

    /// Keeps places for as many waiting senders as there is room for, and says whom to wake.
    pub(crate) fn admit_senders(&mut self, options: &MailboxOptions, left: usize) -> Vec<Waker> {
        self.taken = left as u32;
        let depth = self.depth(left);
        let Some(rare) = &mut self.rare else { return Vec::new() };
        if rare.senders.is_empty() {
            return Vec::new();
        }
        let capacity = options.capacity().map_or(usize::MAX, |it| it.get() as usize);
        let room = capacity.saturating_sub(depth + rare.senders.reserved() as usize);
        let admitted = rare.senders.admit(room);
        self.look_closer_from(options);
        admitted
    }

    /// Makes an idle actor busy, and says whom to wake for that.
    pub(crate) fn wake_if_idle(&mut self) -> Wake {
        if !mem::replace(&mut self.idle, false) {
            return Wake::Nobody;
        }
        self.wake_for_signal()
    }

    /// Whom to wake so that somebody looks at the signals.
    #[inline]
    pub(crate) fn wake_for_signal(&mut self) -> Wake {
        self.idle = false;
        if let Some(host) = self.rare.as_mut().and_then(|it| it.host.take()) {
            return Wake::Task(host);
        }
        match self.waker.take() {
            Some(waker) => Wake::Task(waker),
            None if self.has_task => Wake::Nobody,
            None => {
                self.has_task = true;
                Wake::Spawn
            }
        }
    }

    /// Who waits for the start or the end, and is to look again.
    pub(crate) fn take_watchers(&mut self) -> Vec<Waker> {
        self.rare.as_mut().map_or_else(Vec::new, |it| mem::take(&mut it.watchers))
    }

    /// Notes an ask that ends at its deadline, and says whether the system must be told to look.
    pub(crate) fn enlist(&mut self, ask: Arc<dyn Expire>) -> bool {
        let asks = &mut self.rare().asks;
        if asks.len() == asks.capacity() && asks.len() >= MANY_ASKS {
            // An ask that has ended is held by nobody else.
            asks.retain(|it| Arc::strong_count(it) > 1);
        }
        asks.push(ask);
        !mem::replace(&mut self.is_swept, true)
    }

    /// Wakes `waker` when the actor has started, and when it has ended.
    pub(crate) fn watch(&mut self, waker: &Waker) {
        let watchers = &mut self.rare().watchers;
        if !watchers.iter().any(|it| it.will_wake(waker)) {
            watchers.push(waker.clone());
        }
    }

    /// Takes the core of an actor that has nothing to do. The ask on a plain actor does this in its
    /// own words, in a dozen instructions less.
    pub(crate) fn take_idle(&mut self) -> Option<Box<Core<A>>> {
        if !self.idle || self.keeps_to_itself {
            return None;
        }
        match mem::replace(&mut self.stage, Stage::Out) {
            Stage::Resting(core) => {
                self.idle = false;
                Some(core)
            }
            elsewhere => {
                self.stage = elsewhere;
                None
            }
        }
    }

    /// Takes the core of an actor that nobody runs yet.
    pub(crate) fn take_prepared(&mut self) -> Option<Box<Core<A>>> {
        match mem::replace(&mut self.stage, Stage::Out) {
            Stage::Prepared(core) => Some(core),
            stage => {
                self.stage = stage;
                None
            }
        }
    }

    /// Lays the core down.
    #[inline]
    pub(crate) fn rest(&mut self, core: Box<Core<A>>, is_idle: bool) {
        // Nothing is in it; looking whether it must be dropped is a call for every ask.
        let before = ManuallyDrop::new(mem::replace(&mut self.stage, Stage::Resting(core)));
        debug_assert!(matches!(*before, Stage::Unborn | Stage::Out), "there is one core");
        self.idle = is_idle;
    }

    /// Forgets the asks that have their answer, now that nothing is queued or running.
    ///
    /// Whoever else holds one of those is its asker; a reply that was put off has a port as well.
    #[inline]
    pub(crate) fn forget_asks(&mut self) {
        if let Some(rare) = &mut self.rare
            && !rare.asks.is_empty()
        {
            rare.asks.retain(|it| Arc::strong_count(it) > 2);
        }
    }

    /// Gives unused room back, leaving the queue as it is when it holds something.
    pub(crate) fn shrink(&mut self) {
        if self.queue.is_empty() {
            self.queue = Queue::default();
        }
    }

    /// Whether the actor has ended, announced or not.
    pub(crate) fn is_gone(&self) -> bool {
        self.end().is_some()
    }

    /// How the actor ended, announced or not.
    pub(crate) const fn end(&self) -> Option<&Arc<Ended>> {
        match &self.stage {
            Stage::Leaving(end) | Stage::Gone(end) => Some(end),
            Stage::Unborn | Stage::Prepared(_) | Stage::Resting(_) | Stage::Out => None,
        }
    }

    /// Closes the door, unless the next incarnation goes in by it: one that follows a failure, or
    /// any end.
    pub(crate) fn close_unless(&mut self, renewal: Renewal) -> Vec<Waker> {
        if self.renewal >= renewal { Vec::new() } else { self.close() }
    }

    /// Puts what an ended incarnation did not come to back in front of the queue.
    pub(crate) fn put_back(&mut self, mut batch: Queue<EnvelopeOf<A>>) {
        self.taken = 0;
        if batch.is_empty() {
            return;
        }
        mem::swap(&mut self.queue, &mut batch);
        batch.for_each(|it| self.queue.push_back(it));
    }

    /// Lets nobody in any more, and says whom to send away.
    pub(crate) fn close(&mut self) -> Vec<Waker> {
        self.is_open = false;
        self.rare.as_mut().map_or_else(Vec::new, |it| it.senders.close())
    }

    /// Takes everything that waits, in the order in which it would have been handled.
    pub(crate) fn drain(&mut self) -> Vec<EnvelopeOf<A>> {
        let mut all = Vec::new();
        let queue = mem::take(&mut self.queue);
        match self.rare.as_mut().and_then(|it| it.lanes.as_mut()) {
            Some(lanes) => {
                all.extend(lanes.drain_above_normal());
                all.extend(queue);
                all.extend(lanes.drain());
            }
            None => all.extend(queue),
        }
        self.taken = 0;
        all
    }
}

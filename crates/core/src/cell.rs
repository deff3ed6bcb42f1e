//! The one stable place of an actor, for all its incarnations.
//!
//! Rules:
//! 1. Everything that others may touch lies in the inbox, under one short lock.
//! 2. Whoever makes an idle actor busy clears `idle` and wakes the task, after unlocking. Nobody
//!    else wakes it for messages, so a burst of tells wakes once.
//! 3. A signal is raised under the lock and wakes the task unless that is awake already; whoever
//!    puts the core back looks at the signals under the lock. So none is missed.
//! 4. Only the owner of the core writes `left` and `handled`.

use std::{
    any::type_name,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, Weak,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context as TaskContext, Poll, Waker},
};

use crate::{
    Actor, ActorId, Backend, Counters, DeadReason, Ended, Failure, Handler, HandlerTimeout,
    Message, Priority, Protocol, Refused, Status, StopReason,
    ask::{NotBegun, Parked, Skipped},
    call,
    core::{Core, EnvelopeOf},
    here,
    mailbox::{Admission, Inbox, Overflow, Place, Stage},
    observe::{Passage, Subject},
    protocol::{Buried, Letter, Parcel, Remains},
    runner::Runner,
    signal::{Lane, Signals},
    spawn::Settings,
    sync::lock,
    system::{Shared, Swept},
    turn::LastTurn,
};

/// The stable place of an actor.
pub struct Cell<A: Actor> {
    pub(crate) id: ActorId,
    pub(crate) system: Arc<Shared>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) inbox: Mutex<Inbox<A>>,
    signals: Lane,
    /// How many messages of the batch wait, while the core is out.
    pub(crate) left: AtomicUsize,
    /// How many turns have begun, ever.
    pub(crate) handled: AtomicU64,
    pub(crate) last_turn: LastTurn,
}

/// Who is to be woken once the lock is open again.
#[must_use]
pub(crate) enum Wake {
    Nobody,
    Task(Waker),
    Spawn,
}

impl<A: Actor> Cell<A> {
    pub(crate) fn new(id: ActorId, system: Arc<Shared>, settings: Arc<Settings>) -> Arc<Self> {
        let inbox = Mutex::new(Inbox::new(&settings.mailbox, settings.keeps_to_itself()));
        Arc::new(Self {
            id,
            system,
            settings,
            inbox,
            signals: Lane::default(),
            left: AtomicUsize::new(0),
            handled: AtomicU64::new(0),
            last_turn: LastTurn::default(),
        })
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inbox<A>> {
        lock(&self.inbox)
    }

    pub(crate) const fn signals(&self) -> &Lane {
        &self.signals
    }

    pub(crate) fn name(&self) -> &str {
        self.settings.name.as_deref().unwrap_or_else(|| A::label())
    }

    pub(crate) fn subject(&self) -> Subject<'_> {
        Subject::new(self.id, self.name())
    }

    /// How many messages of the batch wait. Exact under the lock, or for the owner of the core.
    pub(crate) fn left(&self) -> usize {
        self.left.load(Ordering::Relaxed)
    }

    /// Tells without waiting, if that takes no closer look. What is not taken stays in `message`.
    #[inline]
    pub(crate) fn tell<M: Message>(self: &Arc<Self>, message: &mut Option<M>) -> bool
    where
        A: Handler<M>,
    {
        let mut inbox = self.lock();
        if !inbox.has_room() || call::is_set() {
            return false;
        }
        if let Some(message) = message.take() {
            inbox.push(|queue| A::Protocol::tell(message, queue));
        }
        if inbox.idle {
            self.wake_idle(inbox);
        }
        true
    }

    /// Sends without waiting. What is not taken stays in `letter`.
    pub(crate) fn offer<M: Message>(
        self: &Arc<Self>,
        letter: &mut Option<Letter<M>>,
        priority: Priority,
    ) -> Result<(), Refused>
    where
        A: Handler<M>,
    {
        let inbox = self.lock();
        if priority == Priority::Normal && inbox.has_room() {
            self.push(inbox, letter);
            return Ok(());
        }
        match self.admit(inbox, letter, priority, false) {
            Ok(Admitted::Yes) => Ok(()),
            Ok(Admitted::Wait(mut inbox)) => {
                inbox.rare().losses.refused_outside += 1;
                Err(Refused::Full)
            }
            Err(refused) => Err(refused),
        }
    }

    /// Sends, or stands in line for room. What is not taken stays in `letter`.
    pub(crate) fn poll_offer<M: Message>(
        self: &Arc<Self>,
        letter: &mut Option<Letter<M>>,
        priority: Priority,
        place: &mut Place,
        cx: &TaskContext<'_>,
    ) -> Poll<Result<(), Refused>>
    where
        A: Handler<M>,
    {
        let mut inbox = self.lock();
        if priority == Priority::Normal && !place.is_taken() && inbox.has_room() {
            self.push(inbox, letter);
            return Poll::Ready(Ok(()));
        }
        let is_next = place.is_taken() && inbox.is_open && inbox.rare().senders.redeem(place);
        match self.admit(inbox, letter, priority, is_next) {
            Ok(Admitted::Yes) => Poll::Ready(Ok(())),
            Ok(Admitted::Wait(mut inbox)) => {
                let is_newcomer = !place.is_taken();
                inbox.rare().senders.park(place, cx.waker());
                inbox.be_careful();
                inbox.look_closer_from(&self.settings.mailbox);
                let is_new = match letter {
                    Some(letter) if is_newcomer => letter.enlist(&mut inbox),
                    _ => false,
                };
                drop(inbox);
                self.be_swept(is_new);
                Poll::Pending
            }
            Err(refused) => Poll::Ready(Err(refused)),
        }
    }

    /// Leaves the line of waiting senders, with its message.
    pub(crate) fn leave_line(&self, place: &mut Place) {
        let mut inbox = self.lock();
        let next = inbox.rare().senders.leave(place);
        inbox.rare().losses.refused_outside += 1;
        inbox.look_closer_from(&self.settings.mailbox);
        drop(inbox);
        next.into_iter().for_each(Waker::wake);
    }

    fn push<M: Message>(
        self: &Arc<Self>,
        mut inbox: MutexGuard<'_, Inbox<A>>,
        letter: &mut Option<Letter<M>>,
    ) where
        A: Handler<M>,
    {
        let mut is_new = false;
        if let Some(letter) = letter.take() {
            is_new = letter.enlist(&mut inbox);
            inbox.push(|queue| letter.post::<A>(queue));
        }
        if inbox.idle {
            self.wake_idle(inbox);
        } else {
            drop(inbox);
        }
        self.be_swept(is_new);
    }

    /// Puts what comes back to the actor at the end of the mailbox, however full that is: whoever sent
    /// for it bounds it. Behind a closed door it is a dead letter.
    pub(crate) fn take_parcel(self: &Arc<Self>, parcel: Box<dyn Parcel<A>>) {
        let mut inbox = self.lock();
        if !inbox.is_open {
            self.count_refused(inbox);
            let remains = parcel.into_remains();
            let type_name = remains.type_name();
            if let Buried::Dead(message) = remains.bury(Refused::Stopped) {
                self.system.dead_letter(self, message, type_name, DeadReason::Stopped);
            }
            return;
        }
        inbox.push(|queue| queue.push_back(A::Protocol::parcel(parcel)));
        let wake = inbox.wake_if_idle();
        drop(inbox);
        self.wake(wake);
    }

    /// Lays the core down; where there is something to do, the task sees to it.
    #[inline]
    pub(crate) fn lay_down(
        self: &Arc<Self>,
        mut inbox: MutexGuard<'_, Inbox<A>>,
        core: Box<Core<A>>,
        is_idle: bool,
    ) {
        inbox.rest(core, is_idle);
        if !is_idle {
            self.wake_idle(inbox);
        }
    }

    /// Makes an idle actor busy.
    #[inline]
    fn wake_idle(self: &Arc<Self>, mut inbox: MutexGuard<'_, Inbox<A>>) {
        let wake = inbox.wake_for_signal();
        drop(inbox);
        self.wake(wake);
    }

    /// Has the system look at the deadlines of this actor's asks from now on.
    pub(crate) fn be_swept(self: &Arc<Self>, is_new: bool) {
        if is_new {
            self.system.sweep(Arc::clone(self) as Arc<dyn Swept>);
        }
    }

    /// The way in for a message that needs a closer look.
    #[cold]
    fn admit<'a, M: Message>(
        self: &'a Arc<Self>,
        mut inbox: MutexGuard<'a, Inbox<A>>,
        letter: &mut Option<Letter<M>>,
        priority: Priority,
        is_next: bool,
    ) -> Result<Admitted<'a, A>, Refused>
    where
        A: Handler<M>,
    {
        let options = &self.settings.mailbox;
        let admission = inbox.judge(options, self.left(), priority, is_next);
        let (crossed, evicted) = match admission {
            Admission::Wait => return Ok(Admitted::Wait(inbox)),
            Admission::Refused(refused) => {
                self.count_refused(inbox);
                return Err(refused);
            }
            Admission::Dropped => return self.drop_arriving(inbox, letter),
            Admission::Admitted { crossed } => (crossed, None),
            Admission::Evicted(evicted) => (false, Some(evicted)),
        };
        let mut is_new = false;
        if let Some(letter) = letter.take() {
            is_new = letter.enlist(&mut inbox);
            inbox.push_judged(options, self.left(), priority, |queue| letter.post::<A>(queue));
        }
        if inbox.is_urgent() {
            self.signals.raise(Signals::URGENT);
        }
        let depth = inbox.depth(self.left());
        let wake = inbox.wake_if_idle();
        drop(inbox);
        if options.is_watched() {
            let passage = Passage::new(self.subject(), type_name::<M>(), here::depth() as u8);
            self.system.observe(|it| it.sent(passage));
        }
        self.wake(wake);
        self.be_swept(is_new);
        if crossed {
            self.system.high_water(self.subject(), depth);
        }
        if let Some(evicted) = evicted {
            self.bury_evicted(A::Protocol::remains(evicted));
        }
        Ok(Admitted::Yes)
    }

    pub(crate) fn count_refused(&self, mut inbox: MutexGuard<'_, Inbox<A>>) {
        if inbox.is_gone() {
            drop(inbox);
            self.system.count_refused_late();
        } else {
            inbox.rare().losses.refused_outside += 1;
        }
    }

    /// A tell that falls to the overflow rule is a dead letter; an ask is shed and keeps its message.
    fn drop_arriving<'a, M: Message>(
        &self,
        mut inbox: MutexGuard<'_, Inbox<A>>,
        letter: &mut Option<Letter<M>>,
    ) -> Result<Admitted<'a, A>, Refused> {
        let rule = self.settings.mailbox.overflow();
        match letter.take() {
            Some(Letter::Tell(message)) => {
                inbox.rare().losses.dropped_outside += 1;
                drop(inbox);
                self.bury_one(message, DeadReason::Overflow(rule));
                Ok(Admitted::Yes)
            }
            ask => {
                inbox.rare().losses.refused_outside += 1;
                *letter = ask;
                Err(Refused::Shed(rule))
            }
        }
    }

    fn bury_evicted(&self, remains: Box<dyn Remains>) {
        let rule = Overflow::DropOldest;
        let type_name = remains.type_name();
        match remains.bury(Refused::Shed(rule)) {
            Buried::Dead(message) => {
                self.lock().rare().losses.dropped_inside += 1;
                self.system.dead_letter(self, message, type_name, DeadReason::Overflow(rule));
            }
            Buried::Returned => self.count_skipped(Skipped::Returned),
            Buried::Withdrawn(skipped) => self.count_skipped(skipped),
        }
    }

    /// Gives up the messages that are left over at the end.
    pub(crate) fn bury(&self, leftovers: impl Iterator<Item = EnvelopeOf<A>>, reason: DeadReason) {
        for envelope in leftovers {
            // A message may panic when it is dropped, and must not take the others along.
            let buried = catch_unwind(AssertUnwindSafe(|| {
                self.bury_leftover(A::Protocol::remains(envelope), reason);
            }));
            if let Err(payload) = buried {
                self.report(&Failure::panicked(&*payload));
            }
        }
    }

    fn bury_leftover(&self, remains: Box<dyn Remains>, reason: DeadReason) {
        let type_name = remains.type_name();
        match remains.bury(Refused::Stopped) {
            Buried::Dead(message) => {
                self.lock().rare().losses.dead += 1;
                self.system.dead_letter(self, message, type_name, reason);
            }
            Buried::Returned => self.count_skipped(Skipped::Returned),
            Buried::Withdrawn(skipped) => self.count_skipped(skipped),
        }
    }

    /// Reports a message that was counted already.
    pub(crate) fn bury_one<M: Message>(&self, message: M, reason: DeadReason) {
        self.system.dead_letter(self, Box::new(message), type_name::<M>(), reason);
    }

    /// The turn of a message begins, inside another or beside it. For the owner of the core.
    pub(crate) fn begin_turn(&self, message: &EnvelopeOf<A>) {
        self.tell_of_turn(message);
        self.count_turn();
    }

    /// A turn begins. For the owner of the core.
    #[inline]
    pub(crate) fn count_turn(&self) {
        self.handled.store(self.handled.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// Whether the turn that goes on lets reads run beside it.
    pub(crate) fn hosts_reads(&self) -> bool {
        self.lock().rare.as_ref().is_some_and(|it| it.hosts_reads)
    }

    /// The turn is over that a caller handed over. Gives the caller, who may have left.
    pub(crate) fn forget_caller(&self) -> Option<Weak<dyn Parked<A>>> {
        self.lock().rare.as_mut()?.caller.take()
    }

    /// Notes that a message whose turn was to begin is not handled after all.
    pub(crate) fn skip<M: Message>(&self, request: NotBegun<M>) {
        self.uncount_turn();
        match request {
            NotBegun::Skipped(skipped) => self.count_skipped(skipped),
            NotBegun::Orphaned(message) => {
                self.count_skipped(Skipped::Dead);
                self.bury_one(message, DeadReason::Withdrawn);
            }
        }
    }

    /// The turn that runs here is over, and the actor that it is for waits no longer. That one may go on
    /// much later, and what this actor waits for until then closes no circle.
    pub(crate) fn end_asker_wait(&self) {
        self.system.waits.end(here::serves());
    }

    /// The message just taken is not handled after all. For the owner of the core.
    pub(crate) fn uncount_turn(&self) {
        self.handled.store(self.handled.load(Ordering::Relaxed) - 1, Ordering::Relaxed);
    }

    pub(crate) fn count_skipped(&self, skipped: Skipped) {
        let mut inbox = self.lock();
        match skipped {
            Skipped::Returned => inbox.rare().losses.refused_inside += 1,
            Skipped::Dead => inbox.rare().losses.dead += 1,
        }
    }

    /// Raises a signal and makes sure that everybody concerned looks at it.
    pub(crate) fn raise(self: &Arc<Self>, mut inbox: MutexGuard<'_, Inbox<A>>, signal: Signals) {
        self.signals.raise(signal);
        let wake = inbox.wake_for_signal();
        let watchers = inbox.take_watchers();
        drop(inbox);
        self.wake(wake);
        watchers.into_iter().for_each(Waker::wake);
    }

    #[inline]
    pub(crate) fn wake(self: &Arc<Self>, wake: Wake) {
        match wake {
            Wake::Nobody => {}
            Wake::Task(waker) => waker.wake(),
            Wake::Spawn => self.spawn_serving(),
        }
    }

    #[cold]
    fn spawn_serving(self: &Arc<Self>) {
        self.spawn_task(Runner::serving(Arc::clone(self)));
    }

    pub(crate) fn spawn_task(&self, runner: Runner<A>) {
        let name = || format!("{} {}", self.name(), self.id);
        let runtime = &self.system.runtime;
        match self.settings.backend {
            Backend::Async => drop(runtime.spawn_named(name, runner)),
            Backend::Blocking => drop(runtime.spawn_on_blocking(name, runner)),
            Backend::Thread => runtime.spawn_on_thread(&name(), runner),
        }
    }

    /// Tells whoever wants to know of every message which one is next.
    #[inline]
    pub(crate) fn tell_of_turn(&self, next: &EnvelopeOf<A>) {
        if self.settings.mailbox.is_watched() {
            let message_type = A::Protocol::message_type(next);
            self.system.observe(|it| it.handling(Passage::new(self.subject(), message_type, 0)));
        }
    }

    /// Tells whoever wants to know of every message that a turn or hook waits for something.
    pub(crate) fn tell_of_wait(&self) {
        if self.settings.mailbox.is_watched() {
            self.system.observe(|it| it.awaiting(self.subject()));
        }
    }

    pub(crate) fn counters(&self) -> Counters {
        let inbox = self.lock();
        let losses = inbox.rare.as_ref().map(|it| it.losses).unwrap_or_default();
        let queued = inbox.waiting(self.left()) as u64;
        losses.with(inbox.accepted, self.handled.load(Ordering::Relaxed), queued)
    }

    /// How many refs there are, without what the actor and its system hold.
    pub(crate) fn strong_count(self: &Arc<Self>) -> usize {
        let mut inbox = self.lock();
        let roster = !inbox.is_gone();
        let core = matches!(inbox.stage, Stage::Prepared(_) | Stage::Resting(_) | Stage::Out);
        let has_owner = inbox.kin_if_any().is_some_and(|it| it.post.is_some());
        // The task of an ended actor is about to let go of it.
        let has_task = inbox.has_task && roster;
        let ours = [roster, core, has_task, inbox.is_swept, has_owner];
        let ours = ours.into_iter().filter(|it| *it).count();
        Arc::strong_count(self).saturating_sub(ours)
    }

    pub(crate) fn unread_error<M: Message>(&self) {
        self.system.observe(|it| it.unread_error(self.subject(), type_name::<M>()));
    }

    pub(crate) fn report(&self, failure: &Failure) {
        tracing::warn!(actor = %self.id, name = self.name(), %failure, "actor failed");
        self.system.observe(|it| it.failed(self.subject(), failure));
    }

    /// A turn has taken longer than it may.
    pub(crate) fn report_late(&self, timeout: &HandlerTimeout) {
        tracing::warn!(actor = %self.id, name = self.name(), %timeout, "a turn takes too long");
        self.system.observe(|it| it.timed_out(self.subject(), timeout));
    }

    /// Where the actor stands in its life.
    pub(crate) fn status(&self) -> Status {
        let mut inbox = self.lock();
        if let Some(end) = inbox.end() {
            return Status::Stopped(Ended::clone(end));
        }
        let seen = self.signals.all();
        if inbox.kin_if_any().is_some_and(|it| it.is_restarting) {
            return Status::Restarting;
        }
        match inbox.has_started {
            _ if seen.has(Signals::ANY_END) || !inbox.is_open => Status::Stopping,
            true => Status::Running,
            false => Status::Starting,
        }
    }

    /// How the actor ended, or who is to be told when it has.
    pub(crate) fn poll_ended(&self, cx: &TaskContext<'_>) -> Poll<StopReason> {
        let mut inbox = self.lock();
        if let Stage::Gone(end) = &inbox.stage {
            return Poll::Ready(end.reason.clone());
        }
        inbox.watch(cx.waker());
        Poll::Pending
    }

    /// Whether the actor has started, or who is to be told when that is decided.
    pub(crate) fn poll_started(&self, cx: &TaskContext<'_>) -> Poll<Result<(), StopReason>> {
        let mut inbox = self.lock();
        if inbox.has_started {
            return Poll::Ready(Ok(()));
        }
        if let Stage::Gone(end) = &inbox.stage {
            return Poll::Ready(Err(end.reason.clone()));
        }
        inbox.watch(cx.waker());
        Poll::Pending
    }
}

impl<A: Actor> Swept for Cell<A> {
    fn sweep(&self, tick: u32) -> bool {
        let mut asks = mem::take(&mut self.lock().rare().asks);
        asks.iter().for_each(|it| it.expire_at(tick));
        asks.retain(|it| Arc::strong_count(it) > 1);
        let mut inbox = self.lock();
        asks.append(&mut inbox.rare().asks);
        inbox.is_swept = !asks.is_empty();
        inbox.rare().asks = asks;
        inbox.is_swept
    }
}

/// What became of a message that was looked at closely.
enum Admitted<'a, A: Actor> {
    Yes,
    Wait(MutexGuard<'a, Inbox<A>>),
}

//! Timers: messages that come later, once or again and again.
//!
//! `table.rs` knows what is due when, `tick.rs` what is sent then, `alarm.rs` how the actor's own
//! task wakes up for it. There is no task and no thread for a timer.

mod alarm;
mod table;
mod tick;

use std::{
    fmt,
    sync::{Arc, Weak},
    time::Duration,
};

pub(crate) use self::alarm::end_incarnation;
use self::table::{Rhythm, Table};
use self::tick::{Mail, Supply, tick};
pub(crate) use self::{
    alarm::{Alarm, begin_silence, end, is_new_silence, look, mind, open_door},
    tick::Load,
};
use crate::{
    Actor, Context, Handler, Message, cell::Cell, endpoint::Deliver, kin::Kin, mailbox::Inbox,
    signal::Signals,
};

/// The timers of an actor; made when it sets its first.
pub(crate) type Timers<A> = Table<Load<A>>;

/// What happens to ticks that come while an earlier one of the same timer still waits to be handled.
///
/// A tick is missed when it is due and the one before it is still in the mailbox; of one timer
/// there is never more than one tick there.
///
/// | | with a period of 10, when the first is handled until 45 | |
/// |---|---|---|
/// | [`Burst`](Self::Burst) | nothing is left out | 45, 45, 45, 50 |
/// | [`Skip`](Self::Skip) | nothing is out of step | 45, 50, 60 |
/// | [`Delay`](Self::Delay) | nothing comes too close | 45, 55, 65 |
///
/// ```
/// use ghostlight_core::MissedTicks;
///
/// assert_eq!(MissedTicks::default(), MissedTicks::Skip);
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "there is no fourth answer")]
pub enum MissedTicks {
    /// All of them follow, one after the other.
    Burst,
    /// They are left out; the next one comes when it would have come anyway. The default.
    #[default]
    Skip,
    /// They are left out; the next one comes a full period after the one that was late.
    Delay,
}

/// A timer that was set, to cancel it or to say more about it.
///
/// Dropping it does nothing: the timer goes on. Made by [`Context::after`], [`Context::every`],
/// [`Context::send_after`] and [`Context::send_every`].
///
/// ```
/// # extern crate ghostlight_core as ghostlight;
/// # use std::time::Duration;
/// # use ghostlight::{Actor, Context, Failure, Handler, Message, MissedTicks, Timer};
/// # #[derive(Clone, Message)] struct Flush;
/// # #[derive(Clone, Message)] struct GiveUp;
/// struct Writer { patience: Option<Timer> }
/// # impl Handler<Flush> for Writer {
/// #     async fn handle(&mut self, _: Flush, _: &mut Context<'_, Self>) {}
/// # }
/// # impl Handler<GiveUp> for Writer {
/// #     async fn handle(&mut self, _: GiveUp, _: &mut Context<'_, Self>) {}
/// # }
///
/// impl Actor for Writer {
///     type Protocol = (Flush, GiveUp);
///
///     async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
///         cx.every(Duration::from_secs(1), Flush).named("flush").missed(MissedTicks::Delay);
///         self.patience = Some(cx.after(Duration::from_secs(30), GiveUp));
///         Ok(())
///     }
/// }
/// ```
pub struct Timer {
    of: Weak<dyn Keeper>,
    id: u64,
}

#[expect(
    clippy::must_use_candidate,
    clippy::return_self_not_must_use,
    reason = "the handle of a timer may be dropped"
)]
impl Timer {
    /// Gives it a name, by which [`Context::cancel_timer`] finds it. By default it has none.
    ///
    /// A timer of the same actor that had the name is cancelled, a tick of it that waits included.
    pub fn named(self, name: impl Into<Arc<str>>) -> Self {
        if let Some(keeper) = self.of.upgrade() {
            keeper.rename(self.id, &name.into());
        }
        self
    }

    /// Says what happens to missed ticks; [`MissedTicks::Skip`] by default. One that comes only once
    /// misses none.
    pub fn missed(self, missed: MissedTicks) -> Self {
        if let Some(keeper) = self.of.upgrade() {
            keeper.set_missed(self.id, missed);
        }
        self
    }

    /// Lets it outlive the incarnation that set it, and go on in the next one. By default it is
    /// cancelled with its incarnation, a tick that waits included.
    ///
    /// What comes due while the actor takes no messages, because it was told to stop and is to come
    /// back, is told to the next incarnation.
    pub fn across_restarts(self) -> Self {
        if let Some(keeper) = self.of.upgrade() {
            keeper.let_survive(self.id);
        }
        self
    }

    /// Cancels it, from anywhere. A tick that waits to be handled is withdrawn, and never handled.
    pub fn cancel(&self) {
        if let Some(keeper) = self.of.upgrade() {
            keeper.cancel(self.id);
        }
    }

    /// Whether a tick is still to come, or to be handled: until it is cancelled, the turn for its
    /// only tick has begun, or its actor has ended.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.of.upgrade().is_some_and(|it| it.is_pending(self.id))
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Who has a timer, whatever its type.
trait Keeper: Send + Sync {
    fn rename(&self, id: u64, name: &Arc<str>);
    fn set_missed(&self, id: u64, missed: MissedTicks);
    fn let_survive(&self, id: u64);
    fn cancel(self: Arc<Self>, id: u64);
    fn is_pending(&self, id: u64) -> bool;
}

impl<A: Actor> Keeper for Cell<A> {
    fn rename(&self, id: u64, name: &Arc<str>) {
        let replaced = self.lock().timers().and_then(|it| it.rename(id, name));
        drop(replaced);
    }

    fn set_missed(&self, id: u64, missed: MissedTicks) {
        if let Some(timers) = self.lock().timers() {
            timers.set_missed(id, missed);
        }
    }

    fn let_survive(&self, id: u64) {
        if let Some(timers) = self.lock().timers() {
            timers.let_survive(id);
        }
    }

    fn cancel(self: Arc<Self>, id: u64) {
        let cancelled = alarm::cancel(&self, id);
        drop(cancelled);
    }

    fn is_pending(&self, id: u64) -> bool {
        self.lock().timers().is_some_and(|it| it.is_pending(id))
    }
}

impl<A: Actor> Inbox<A> {
    /// The timers, if any was ever set.
    pub(crate) fn timers(&mut self) -> Option<&mut Timers<A>> {
        self.kin_if_any()?.timers.as_deref_mut()
    }
}

impl<A: Actor> Kin<A> {
    fn timers_or_new(&mut self) -> &mut Timers<A> {
        self.timers.get_or_insert_default()
    }
}

impl<A: Actor> Context<'_, A> {
    /// Tells this actor `message` once, when `duration` has passed.
    ///
    /// It comes after what waits by then, with normal priority, and needs no room in the mailbox.
    /// The timer is cancelled when this incarnation ends, and keeps nobody alive. An actor that has
    /// been told to end, or drains, is told no more.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use std::time::Duration;
    /// # use ghostlight::{Actor, Context, Handler, Message};
    /// # #[derive(Message)] struct Knock;
    /// # #[derive(Message)] struct Open;
    /// # #[derive(Message)] struct TooLate;
    /// # #[derive(Actor)] #[actor(handles(Knock, Open, TooLate))] struct Door { is_open: bool }
    /// # impl Handler<TooLate> for Door {
    /// #     async fn handle(&mut self, _: TooLate, _: &mut Context<'_, Self>) {}
    /// # }
    /// impl Handler<Knock> for Door {
    ///     async fn handle(&mut self, _: Knock, cx: &mut Context<'_, Self>) {
    ///         cx.after(Duration::from_secs(10), TooLate).named("patience");
    ///     }
    /// }
    ///
    /// impl Handler<Open> for Door {
    ///     async fn handle(&mut self, _: Open, cx: &mut Context<'_, Self>) {
    ///         cx.cancel_timer("patience");
    ///         self.is_open = true;
    ///     }
    /// }
    /// ```
    pub fn after<M: Message>(&self, duration: Duration, message: M) -> Timer
    where
        A: Handler<M>,
    {
        let at = self.now() + duration;
        let supply = Supply::once(message);
        self.set_timer(at, Rhythm::Once, |cell, id| tick(cell, id, supply))
    }

    /// Tells this actor a clone of `message` once every `period`, the first time when one has
    /// passed.
    ///
    /// It does not drift: ticks are due at whole multiples of the period, however long each is
    /// handled. Otherwise as [`after`](Self::after).
    ///
    /// # Panics
    /// If `period` is zero.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use std::time::Duration;
    /// # use ghostlight::{Actor, Context, Failure, Handler, Message, System};
    /// #[derive(Clone, Message)]
    /// struct Beat;
    ///
    /// struct Pulse { beats: u32 }
    /// impl Actor for Pulse {
    ///     type Protocol = (Beat,);
    ///
    ///     async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
    ///         cx.every(Duration::from_millis(1), Beat);
    ///         Ok(())
    ///     }
    /// }
    ///
    /// impl Handler<Beat> for Pulse {
    ///     async fn handle(&mut self, _: Beat, cx: &mut Context<'_, Self>) {
    ///         self.beats += 1;
    ///         if self.beats == 3 {
    ///             cx.stop();
    ///         }
    ///     }
    /// }
    ///
    /// let system = System::new("ward");
    /// let pulse = system.spawn(Pulse { beats: 0 });
    /// system.block_on(pulse.wait_stopped());
    /// ```
    pub fn every<M: Message + Clone>(&self, period: Duration, message: M) -> Timer
    where
        A: Handler<M>,
    {
        let supply = Supply::endless(message);
        self.set_timer(self.now() + period, rhythm(period), |cell, id| tick(cell, id, supply))
    }

    /// Sends `message` to somebody else once, when `duration` has passed.
    ///
    /// It is sent by this actor's task, also while a handler waits for something, as
    /// [`ActorRef::try_tell`](crate::ActorRef::try_tell) sends: a message that finds no room, or an
    /// actor that has ended, is refused, counted there, and becomes a dead letter. The timer is
    /// cancelled when this incarnation ends, and keeps neither actor alive.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use std::time::Duration;
    /// # use ghostlight::{Actor, ActorRef, Context, Handler, Message};
    /// # #[derive(Message)] struct Wake;
    /// # #[derive(Message)] struct Book { guest: ActorRef<Guest> }
    /// # #[derive(Actor)] #[actor(handles(Wake))] struct Guest;
    /// # impl Handler<Wake> for Guest {
    /// #     async fn handle(&mut self, _: Wake, _: &mut Context<'_, Self>) {}
    /// # }
    /// # #[derive(Actor)] #[actor(handles(Book))] struct Desk;
    /// impl Handler<Book> for Desk {
    ///     async fn handle(&mut self, Book { guest }: Book, cx: &mut Context<'_, Self>) {
    ///         cx.send_after(&guest, Duration::from_secs(8 * 3600), Wake);
    ///     }
    /// }
    /// ```
    pub fn send_after<M: Message>(
        &self,
        to: &(impl Deliver<M> + ?Sized),
        duration: Duration,
        message: M,
    ) -> Timer {
        let mail = Mail { to: to.weak(), supply: Supply::once(message) };
        let at = self.now() + duration;
        self.set_timer(at, Rhythm::Once, |_, _| Load::Send(Box::new(mail)))
    }

    /// Sends a clone of `message` to somebody else once every `period`, the first time when one
    /// has passed. It ends by itself when that actor has.
    ///
    /// A tick is missed when this actor's task comes to send it only after the next one is due; how
    /// many of them wait over there is not known here. Otherwise as
    /// [`send_after`](Self::send_after) and [`every`](Self::every).
    ///
    /// # Panics
    /// If `period` is zero.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use std::time::Duration;
    /// # use ghostlight::{Actor, Context, Failure, Message, Recipient};
    /// # #[derive(Clone, Message)] struct StillHere;
    /// struct Sensor { monitor: Recipient<StillHere> }
    /// impl Actor for Sensor {
    ///     type Protocol = ();
    ///
    ///     async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
    ///         cx.send_every(&self.monitor, Duration::from_secs(1), StillHere);
    ///         Ok(())
    ///     }
    /// }
    /// ```
    pub fn send_every<M: Message + Clone>(
        &self,
        to: &(impl Deliver<M> + ?Sized),
        period: Duration,
        message: M,
    ) -> Timer {
        let mail = Mail { to: to.weak(), supply: Supply::endless(message) };
        let at = self.now() + period;
        self.set_timer(at, rhythm(period), |_, _| Load::Send(Box::new(mail)))
    }

    /// Cancels the timer that has this name, as [`Timer::cancel`] does. Harmless if there is none.
    ///
    /// Names are this actor's own: see [`Timer::named`].
    pub fn cancel_timer(&self, name: &str) {
        let cancelled = self.cell().lock().timers().and_then(|it| it.cancel_named(name));
        drop(cancelled);
        self.cell().signals().raise(Signals::TIMER);
    }

    /// Tells this actor a clone of `message` whenever it has handled nothing for `duration`,
    /// instead of what was to come then before. That message counts as one, so it comes again
    /// after another silence.
    ///
    /// Silence begins when there is nothing left to handle. It ends with this incarnation.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use std::time::Duration;
    /// # use ghostlight::{Actor, Context, Failure, Handler, Message, System};
    /// #[derive(Clone, Message)]
    /// struct LogOut;
    ///
    /// struct Visit;
    /// impl Actor for Visit {
    ///     type Protocol = (LogOut,);
    ///
    ///     async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
    ///         cx.idle_after(Duration::from_millis(1), LogOut);
    ///         Ok(())
    ///     }
    /// }
    ///
    /// impl Handler<LogOut> for Visit {
    ///     async fn handle(&mut self, _: LogOut, cx: &mut Context<'_, Self>) {
    ///         cx.stop();
    ///     }
    /// }
    ///
    /// let system = System::new("museum");
    /// let visit = system.spawn(Visit);
    /// system.block_on(visit.wait_stopped());
    /// ```
    pub fn idle_after<M: Message + Clone>(&self, duration: Duration, message: M)
    where
        A: Handler<M>,
    {
        let supply = Supply::endless(message);
        let cell = self.cell();
        let mut inbox = cell.lock();
        let timers = inbox.kin().timers_or_new();
        let replaced = timers.set_silence(duration, |id| tick(cell, id, supply));
        drop(inbox);
        drop(replaced);
    }

    /// Takes [`idle_after`](Self::idle_after) back, and withdraws its message if that waits to be
    /// handled.
    pub fn cancel_idle(&self) {
        let cancelled = self.cell().lock().timers().and_then(Table::cancel_silence);
        drop(cancelled);
        self.cell().signals().raise(Signals::TIMER);
    }

    fn set_timer(
        &self,
        at: ghostlight_rt::Instant,
        rhythm: Rhythm,
        make: impl FnOnce(&Arc<Cell<A>>, u64) -> Load<A>,
    ) -> Timer {
        let cell = self.cell();
        let mut inbox = cell.lock();
        let id = inbox.kin().timers_or_new().set(at, rhythm, |id| make(cell, id));
        // Whoever runs this turn looks at the signals after it, and sets the alarm.
        cell.signals().raise(Signals::TIMER);
        drop(inbox);
        let of: Weak<Cell<A>> = Arc::downgrade(cell);
        Timer { of, id }
    }
}

/// How often a timer comes that repeats.
fn rhythm(period: Duration) -> Rhythm {
    assert!(!period.is_zero(), "a timer cannot come all the time");
    Rhythm::Every(period, MissedTicks::default())
}

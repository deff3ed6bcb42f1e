//! Where messages went, so that the sum can be checked.

use std::{
    fmt,
    ops::{Add, AddAssign},
};

/// Where messages went: each one is in exactly one of these counts.
///
/// At rest `sent = handled + refused + dropped + dead + queued`, for one actor and for a system;
/// [`conserves`](Self::conserves) checks it.
///
/// ```
/// # extern crate ghostlight_core as ghostlight;
/// # use ghostlight::{Actor, Context, Handler, Message, System};
/// # #[derive(Message)] struct Note;
/// # #[derive(Actor)] #[actor(handles(Note))] struct Diary;
/// # impl Handler<Note> for Diary {
/// #     async fn handle(&mut self, _: Note, _: &mut Context<'_, Self>) {}
/// # }
/// let system = System::new("counts");
/// let diary = system.spawn(Diary);
/// system.block_on(async {
///     diary.tell(Note).await.unwrap();
///     diary.stop();
///     diary.wait_stopped().await;
///     diary.tell(Note).await.unwrap_err();
/// });
/// let counts = system.counters();
/// assert_eq!((counts.sent, counts.refused), (2, 1));
/// assert!(counts.conserves());
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Counters {
    /// Messages that somebody tried to send.
    pub sent: u64,
    /// Messages whose turn began, failed ones included.
    pub handled: u64,
    /// Messages that went back to their sender.
    pub refused: u64,
    /// Messages lost to a full mailbox, by its rule.
    pub dropped: u64,
    /// Messages left over at the end of an actor, or withdrawn before they were handled.
    pub dead: u64,
    /// Messages that wait.
    pub queued: u64,
}

impl Counters {
    /// Whether every message that was sent is accounted for.
    #[must_use]
    pub const fn conserves(&self) -> bool {
        self.sent == self.handled + self.refused + self.dropped + self.dead + self.queued
    }
}

impl Add for Counters {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            sent: self.sent + other.sent,
            handled: self.handled + other.handled,
            refused: self.refused + other.refused,
            dropped: self.dropped + other.dropped,
            dead: self.dead + other.dead,
            queued: self.queued + other.queued,
        }
    }
}

impl AddAssign for Counters {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl fmt::Display for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sent, handled, refused, dropped, dead, queued } = self;
        write!(
            f,
            "{sent} sent = {handled} handled + {refused} refused + {dropped} dropped + {dead} dead \
             + {queued} queued"
        )
    }
}

/// The counts that an actor keeps apart from those of its queue.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Losses {
    /// Sends that were never let in and went back, or were lost at the door.
    pub(crate) refused_outside: u64,
    pub(crate) dropped_outside: u64,
    /// Messages that were let in and then went back, were evicted, or died.
    pub(crate) refused_inside: u64,
    pub(crate) dropped_inside: u64,
    pub(crate) dead: u64,
}

impl Losses {
    /// All counts of an actor that let in `accepted` messages, handled `handled` of them, and holds
    /// `queued`.
    ///
    /// `sent` comes from the sending side and the others from the receiving side, so that a message
    /// that falls between them shows.
    pub(crate) const fn with(&self, accepted: u64, handled: u64, queued: u64) -> Counters {
        Counters {
            sent: accepted + self.refused_outside + self.dropped_outside,
            handled,
            refused: self.refused_outside + self.refused_inside,
            dropped: self.dropped_outside + self.dropped_inside,
            dead: self.dead,
            queued,
        }
    }
}

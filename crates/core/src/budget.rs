//! How long a turn has, because somebody waits for it.

use std::time::Duration;

use ghostlight_rt::Instant;

use crate::{Actor, Context, ask::NEVER, here, system::Shared};

/// Never.
pub(crate) const NO_END: Instant = Instant::from_nanos(u64::MAX);

/// How long somebody waits: until the earlier of two moments, on two clocks.
///
/// The default deadline is a tick of the system's coarse clock, which costs nothing to set, and which
/// stands still while nobody waits; so it is not a moment on the other clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    pub(crate) until: Instant,
    pub(crate) due: u32,
}

impl Budget {
    /// For ever.
    pub(crate) const NONE: Self = Self { until: NO_END, due: NEVER };

    pub(crate) fn new(until: Option<Instant>, due: u32) -> Self {
        Self { until: until.unwrap_or(NO_END), due }
    }

    /// The moment that was asked for, if one was.
    pub(crate) fn until(self) -> Option<Instant> {
        Some(self.until).filter(|it| *it != NO_END)
    }

    /// What is left of it at `now`, to the nearest tick if that is what ends it.
    fn remaining(self, now: Instant, system: &Shared) -> Option<Duration> {
        let until = self.until().map(|it| it - now);
        let due = (self.due != NEVER).then(|| system.time_until(self.due));
        until.into_iter().chain(due).min()
    }
}

impl<A: Actor> Context<'_, A> {
    /// How long whoever waits for this turn goes on waiting; `None` if nobody does, or for ever. A default
    /// deadline is known to a tenth of a second.
    ///
    /// What this turn asks is given no more than that, whatever its own deadline: an answer that comes
    /// later would be of no use. [`Ask::afresh`](crate::Ask::afresh) is for the exception.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use std::time::Duration;
    /// # use ghostlight::{Actor, Context, Handler, Message, System};
    /// #[derive(Message)]
    /// #[message(reply = bool)]
    /// struct Search;
    ///
    /// #[derive(Actor)]
    /// #[actor(handles(Search))]
    /// struct Archive;
    ///
    /// impl Handler<Search> for Archive {
    ///     async fn handle(&mut self, _: Search, cx: &mut Context<'_, Self>) -> bool {
    ///         cx.remaining().is_some_and(|it| it > Duration::from_secs(1)) // time for the cellar, too
    ///     }
    /// }
    /// # let system = System::new("docs");
    /// # let archive = system.spawn(Archive);
    /// # let ask = archive.ask(Search).within(Duration::from_secs(9));
    /// # assert!(system.block_on(ask.into_future()).unwrap());
    /// ```
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        here::budget().remaining(self.now(), &self.cell().system)
    }
}

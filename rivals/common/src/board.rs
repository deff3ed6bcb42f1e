//! Where actors report, and where the driver waits for them.

use std::{
    panic::RefUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::Notify;

use crate::watchdog;

/// Counts who has finished and who is gone. One per run.
#[derive(Debug, Default)]
pub struct Board {
    /// How many arrivals the driver waits for.
    awaited: u64,
    arrived: AtomicU64,
    /// What those who arrived had added up.
    sum: AtomicU64,
    everyone_arrived: Notify,
    /// How many states must be dropped before the driver goes on.
    mortal: u64,
    dropped: AtomicU64,
    everyone_dropped: Notify,
}

// A panic ends the process, so nobody sees a board that one left behind. Some libraries ask.
impl RefUnwindSafe for Board {}

impl Board {
    /// A board for a run that ends after so many arrivals and so many dropped states.
    #[must_use]
    pub fn new(awaited: u64, mortal: u64) -> Arc<Self> {
        let board = Arc::new(Self { awaited, mortal, ..Self::default() });
        watchdog::show(&board);
        board
    }

    /// Says that somebody has finished, with this sum.
    pub fn arrive(&self, sum: u64) {
        // Relaxed: ordered by the release of the arrival below.
        self.sum.fetch_add(sum, Ordering::Relaxed);
        let arrived = self.arrived.fetch_add(1, Ordering::AcqRel) + 1;
        assert!(arrived <= self.awaited, "more arrivals than were awaited");
        if arrived == self.awaited {
            self.everyone_arrived.notify_one();
        }
    }

    /// Says that an actor's state is gone.
    pub fn bury(&self) {
        if self.dropped.fetch_add(1, Ordering::AcqRel) + 1 == self.mortal {
            self.everyone_dropped.notify_one();
        }
    }

    /// Waits until all have arrived. For one waiter, once.
    pub(crate) async fn all_arrived(&self) {
        self.everyone_arrived.notified().await;
    }

    /// Waits until all states are dropped. For one waiter, once.
    pub(crate) async fn all_dropped(&self) {
        self.everyone_dropped.notified().await;
    }

    /// Fails the run if anything was lost, doubled or altered.
    pub(crate) fn check_sum(&self, expected: u64) {
        assert_eq!(self.sum.load(Ordering::Acquire), expected, "the sum of all messages");
    }

    /// What a run that does not end is waiting for.
    pub(crate) fn status(&self) -> String {
        format!(
            "{} of {} have arrived, {} of {} states were dropped",
            self.arrived.load(Ordering::Acquire),
            self.awaited,
            self.dropped.load(Ordering::Acquire),
            self.mortal
        )
    }
}

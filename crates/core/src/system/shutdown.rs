//! Ending a whole system.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::Poll,
    time::Duration,
};

use ghostlight_rt::Sleep;

use super::{Member, Shared, System};
use crate::{ActorId, StopReason, mailbox::Verb, sync::lock};

/// Who ended how when a system was shut down; made by [`System::shutdown`].
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Who ended as told, in order.
    pub ended: Vec<ActorId>,
    /// Who had to be killed when time was up.
    pub killed: Vec<ActorId>,
    /// Who did not even end then: something of theirs never gives the thread back.
    pub lost: Vec<ActorId>,
}

impl System {
    /// Stops all actors, the last spawned first, one after the other. Whoever has not ended after
    /// `deadline` is killed. Nothing can be spawned any more.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use std::time::Duration;
    /// # use ghostlight::{Actor, System};
    /// # #[derive(Actor)] struct Idle;
    /// let system = System::new("short");
    /// let (first, last) = (system.spawn(Idle), system.spawn(Idle));
    /// let report = system.block_on(system.shutdown(Duration::from_secs(1)));
    /// assert_eq!(report.ended, [last.id(), first.id()]);
    /// assert!(report.killed.is_empty() && report.lost.is_empty());
    /// ```
    ///
    /// # Cancel safety
    /// If dropped before it returns, those it has come to have been told to stop; calling it again
    /// goes on.
    pub async fn shutdown(&self, deadline: Duration) -> ShutdownReport {
        let shared = &self.0.shared;
        shared.is_closed.store(true, Ordering::Release);
        let mut time = shared.runtime.sleep(deadline);
        let mut report = ShutdownReport::default();
        let mut is_late = false;
        let members = lock(&shared.roster).newest_first();
        for member in members {
            let reason = StopReason::SystemShutdown;
            Arc::clone(&member).order(Verb::Stop, reason.clone());
            if !is_late && has_ended(&*member, &mut time).await {
                report.ended.push(member.id());
                continue;
            }
            is_late = true;
            Arc::clone(&member).order(Verb::Kill, reason);
            let mut grace = shared.runtime.sleep(LAST_GRACE);
            let killed = has_ended(&*member, &mut grace).await;
            if killed { &mut report.killed } else { &mut report.lost }.push(member.id());
        }
        report
    }
}

/// How long a killed actor is waited for: long enough for any task that gives its thread back.
const LAST_GRACE: Duration = Duration::from_millis(500);

async fn has_ended(member: &dyn Member, limit: &mut Sleep) -> bool {
    poll_fn(|cx| {
        if member.poll_ended(cx).is_ready() {
            return Poll::Ready(true);
        }
        Pin::new(&mut *limit).poll(cx).map(|()| false)
    })
    .await
}

impl Shared {
    /// Tells everybody to stop, and waits for nobody.
    pub(super) fn stop_all(&self) {
        self.is_closed.store(true, Ordering::Release);
        let members = lock(&self.roster).newest_first();
        for member in members {
            member.order(Verb::Stop, StopReason::SystemShutdown);
        }
    }
}

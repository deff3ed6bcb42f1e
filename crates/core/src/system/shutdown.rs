//! Ending a whole system, and waiting for it to end.

use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    sync::{Arc, Mutex, Weak, atomic::Ordering},
    task::{Context as TaskContext, Poll},
    time::Duration,
};

use ghostlight_rt::Sleep;

use super::{Shared, System};
use crate::{
    ActorId, Ended, StopReason, TaskInfo,
    mailbox::{Order, Verb},
    member::Member,
    supervision::{Input, LAST_GRACE, Manner},
    sync::lock,
};

/// Who ended how when a system was shut down; made by [`System::shutdown`].
///
/// ```
/// # extern crate ghostlight_core as ghostlight;
/// # use std::time::Duration;
/// # use ghostlight::{Actor, System};
/// # #[derive(Actor)] struct Till;
/// # let system = System::new("docs");
/// # system.spawn(Till);
/// let report = system.block_on(system.shutdown(Duration::from_secs(10)));
/// eprintln!("{report}");
/// for stuck in &report.lost {
///     eprintln!("{} never gave its thread back", stuck.name);
/// }
/// assert_eq!(report.undelivered(), 0);
/// ```
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Who ended as told, in order: children before their owners.
    pub ended: Vec<Departed>,
    /// Who had to be killed when time was up, in order.
    pub killed: Vec<Departed>,
    /// Who did not even end then: something of theirs never gives the thread back.
    pub lost: Vec<Abandoned>,
    /// Tasks that did not even end when they were aborted: they hold their threads.
    pub lost_tasks: Vec<TaskInfo>,
}

impl ShutdownReport {
    /// How many messages waited for those who ended.
    #[must_use]
    pub fn undelivered(&self) -> usize {
        self.ended.iter().chain(&self.killed).map(|it| it.undelivered).sum()
    }

    /// Whether everybody ended as told, and every task ended.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.killed.is_empty() && self.lost.is_empty() && self.lost_tasks.is_empty()
    }
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ended, killed, lost, lost_tasks } = self;
        let (ended, undelivered) = (ended.len(), self.undelivered());
        write!(f, "{ended} ended, {} killed, {} lost", killed.len(), lost.len())?;
        write!(f, "; {undelivered} messages undelivered")?;
        for it in killed {
            write!(f, "\nkilled {} ({}): {}", it.name, it.id, it.reason)?;
        }
        for it in lost {
            write!(f, "\nlost {} ({}): it holds its thread", it.name, it.id)?;
        }
        for it in lost_tasks {
            write!(f, "\nlost {} of {} ({}): it holds its thread", it.name, it.owner, it.id)?;
        }
        Ok(())
    }
}

/// How one actor ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Departed {
    /// Who it was.
    pub id: ActorId,
    /// What it was called.
    pub name: Arc<str>,
    /// Why it ended.
    pub reason: StopReason,
    /// How many messages waited, and went back or became dead letters.
    pub undelivered: usize,
    /// Whether it was killed.
    pub was_killed: bool,
}

impl fmt::Display for Departed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.name, self.id, self.reason)
    }
}

impl std::error::Error for Departed {}

/// An actor that did not end when it was killed: a handler of it never gives its thread back.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Abandoned {
    /// Who it is.
    pub id: ActorId,
    /// What it is called.
    pub name: Arc<str>,
}

/// A list of ends, kept for as long as somebody holds it.
type Log = Arc<Mutex<Vec<Departed>>>;

/// Who wants to know of ends.
#[derive(Default)]
pub(super) struct Departures(Vec<Weak<Mutex<Vec<Departed>>>>);

impl System {
    /// Ends all actors, the last spawned first, one after the other, each after its children.
    /// Nothing can be spawned any more.
    ///
    /// Each has its own shutdown deadline for the running handler and once more for `stopped`; then
    /// it is killed. Whoever has not ended after `deadline` is killed, all at once.
    ///
    /// Tasks that no actor owns are cancelled first, all at once, and waited for last. What has not
    /// ended after `deadline` is aborted.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use std::time::Duration;
    /// # use ghostlight::{Actor, System};
    /// # #[derive(Actor)] struct Idle;
    /// let system = System::new("short");
    /// let (first, last) = (system.spawn(Idle), system.spawn(Idle));
    /// let report = system.block_on(system.shutdown(Duration::from_secs(1)));
    /// let ended: Vec<_> = report.ended.iter().map(|it| it.id).collect();
    /// assert_eq!(ended, [last.id(), first.id()]);
    /// assert!(report.is_clean());
    /// ```
    ///
    /// # Cancel safety
    /// If dropped before it returns, those it has come to have been told to stop; calling it again
    /// goes on.
    pub async fn shutdown(&self, deadline: Duration) -> ShutdownReport {
        let shared = &self.0.shared;
        let log = shared.log_departures();
        shared.is_closed.store(true, Ordering::Release);
        if let Some(family) = self.0.family.get() {
            family.feed(Input::Close(Manner::Await));
        }
        self.holder().cancel();
        let mut time = shared.runtime.sleep(deadline);
        let members = shared.top_level();
        let mut left = members.iter();
        for member in left.by_ref() {
            if !shared.end_one(member, &mut time).await {
                break;
            }
        }
        let left: Vec<_> = members.iter().filter(|it| !is_over(&***it)).collect();
        for member in &left {
            Arc::clone(member).order(Order::new(Verb::Kill, StopReason::SystemShutdown));
        }
        let mut grace = shared.runtime.sleep(LAST_GRACE);
        for member in left {
            has_ended(&**member, &mut grace).await;
        }
        self.end_tasks(&mut time).await;
        shared.report(&log)
    }

    /// Waits for all tasks to end, and aborts those that have not when time is up.
    async fn end_tasks(&self, time: &mut Sleep) {
        let tasks = &self.0.shared.tasks;
        if unless_over(time, |cx| tasks.poll_empty(cx)).await {
            return;
        }
        tasks.newest_first().iter().for_each(|it| it.abort());
        let mut grace = self.runtime().sleep(LAST_GRACE);
        unless_over(&mut grace, |cx| tasks.poll_empty(cx)).await;
    }

    /// Waits for `trigger`, then [shuts down](Self::shutdown): how a program ends on Ctrl-C.
    ///
    /// ```no_run
    /// # async fn run(system: ghostlight_core::System) {
    /// # use std::time::Duration;
    /// # mod tokio { pub mod signal { pub async fn ctrl_c() {} } }
    /// let report = system.shutdown_when(tokio::signal::ctrl_c(), Duration::from_secs(10)).await;
    /// eprintln!("{report}");
    /// # }
    /// ```
    ///
    /// # Cancel safety
    /// As for [`shutdown`](Self::shutdown); before `trigger`, nothing has happened.
    pub async fn shutdown_when<T>(
        &self,
        trigger: impl Future<Output = T>,
        deadline: Duration,
    ) -> ShutdownReport {
        trigger.await;
        self.shutdown(deadline).await
    }

    /// Waits until no actor is left.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use ghostlight::{Actor, Context, Failure, System};
    /// struct Job;
    ///
    /// impl Actor for Job {
    ///     type Protocol = ();
    ///
    ///     async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
    ///         cx.stop();
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # let system = System::new("docs");
    /// system.spawn(Job);
    /// assert!(system.block_on(system.await_all()).is_ok());
    /// ```
    ///
    /// # Errors
    /// The first that ended in failure meanwhile, once all the others have ended too. Of those that
    /// ended before this was first polled it knows nothing.
    ///
    /// # Cancel safety
    /// Nothing is lost by dropping it, but what it has seen.
    pub async fn await_all(&self) -> Result<(), Departed> {
        let shared = &self.0.shared;
        let log = shared.log_departures();
        loop {
            let members = lock(&shared.roster).newest_first();
            if members.is_empty() {
                break;
            }
            for member in members {
                poll_fn(|cx| member.poll_ended(cx)).await;
            }
        }
        let first = lock(&log).iter().find(|it| it.reason.is_failure()).cloned();
        first.map_or(Ok(()), Err)
    }
}

fn is_over(member: &dyn Member) -> bool {
    matches!(member.status(), crate::Status::Stopped(_))
}

async fn has_ended(member: &dyn Member, limit: &mut Sleep) -> bool {
    unless_over(limit, |cx| member.poll_ended(cx).map(|_| ())).await
}

/// Whether `what` comes before the time is over.
async fn unless_over(
    limit: &mut Sleep,
    mut what: impl FnMut(&mut TaskContext<'_>) -> Poll<()>,
) -> bool {
    poll_fn(|cx| {
        if what(cx).is_ready() {
            return Poll::Ready(true);
        }
        Pin::new(&mut *limit).poll(cx).map(|()| false)
    })
    .await
}

impl Shared {
    /// Ends one actor within its own deadline, and gives up on it soon after. False if the time for
    /// all of them is over.
    async fn end_one(&self, member: &Arc<dyn Member>, time: &mut Sleep) -> bool {
        let own = self.runtime.sleep(member.shutdown_deadline().saturating_mul(2));
        Arc::clone(member).order(Order::new(Verb::Stop, StopReason::SystemShutdown));
        if let Some(in_time) = ended_first(&**member, own, time).await {
            return in_time;
        }
        Arc::clone(member).order(Order::new(Verb::Kill, StopReason::SystemShutdown));
        let grace = self.runtime.sleep(LAST_GRACE);
        ended_first(&**member, grace, time).await.unwrap_or(true)
    }

    /// Those whose owner is the system itself, the last spawned first.
    fn top_level(&self) -> Vec<Arc<dyn Member>> {
        let mut all = lock(&self.roster).newest_first();
        all.retain(|it| it.post().is_none_or(|it| it.family.owner().is_none()));
        all
    }

    /// Keeps a list of all ends from now on.
    fn log_departures(&self) -> Log {
        let log = Log::default();
        lock(&self.departures).0.push(Arc::downgrade(&log));
        log
    }

    /// Tells whoever wants to know that an actor has ended.
    pub(crate) fn note_departure(
        &self,
        member: &dyn Member,
        end: &Ended,
        undelivered: usize,
        was_killed: bool,
    ) {
        let mut departures = lock(&self.departures);
        if departures.0.is_empty() {
            return;
        }
        departures.0.retain(|it| it.strong_count() > 0);
        for log in departures.0.iter().filter_map(Weak::upgrade) {
            lock(&log).push(Departed {
                id: member.id(),
                name: member.name().into(),
                reason: end.reason.clone(),
                undelivered,
                was_killed,
            });
        }
    }

    /// What came of a shutdown. Who is still here is lost.
    fn report(&self, log: &Log) -> ShutdownReport {
        let departed = std::mem::take(&mut *lock(log));
        let (killed, ended) = departed.into_iter().partition(|it| it.was_killed);
        let left = lock(&self.roster).newest_first();
        let lost = left.iter().map(|it| Abandoned { id: it.id(), name: it.name().into() });
        let lost_tasks = self.tasks.newest_first().iter().map(|it| it.info()).collect();
        ShutdownReport { ended, killed, lost: lost.collect(), lost_tasks }
    }

    /// Reports a child that did not end when it was killed.
    pub(crate) fn abandon(&self, child: &dyn Member) {
        let (id, name) = (child.id(), child.name());
        tracing::error!(actor = %id, name, "actor does not give its thread back, and is abandoned");
        self.observe(|it| it.abandoned(child.subject()));
    }

    /// Tells everybody to stop, and waits for nobody.
    pub(super) fn stop_all(&self) {
        self.is_closed.store(true, Ordering::Release);
        for member in self.top_level() {
            member.order(Order::new(Verb::Stop, StopReason::SystemShutdown));
        }
    }
}

/// Whether the actor ends before `own` time is over, which is `None`; false if the time for `all` is
/// over before.
async fn ended_first(member: &dyn Member, mut own: Sleep, all: &mut Sleep) -> Option<bool> {
    poll_fn(|cx| {
        if member.poll_ended(cx).is_ready() {
            return Poll::Ready(Some(true));
        }
        if Pin::new(&mut *all).poll(cx).is_ready() {
            return Poll::Ready(Some(false));
        }
        Pin::new(&mut own).poll(cx).map(|()| None)
    })
    .await
}

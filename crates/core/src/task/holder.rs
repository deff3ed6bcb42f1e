//! Who owns tasks: a scope, an incarnation of an actor, or the system.
//!
//! Rules:
//! 1. Holders form a tree. Each knows how many tasks are alive in it and below; whoever changes that
//!    walks up, one lock after the other.
//! 2. A request to end goes down the tree, with no lock held where it tells; what is spawned after it
//!    sees it under the lock, so none is missed.
//! 3. Wakers are woken, and futures dropped, with no lock held.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    sync::{Arc, Mutex, Weak},
    task::{Context as TaskContext, Poll, Waker},
};

use super::{
    JoinError, ScopeId, TaskId, TaskOwner,
    current::current,
    record::{Plan, Record},
    running::{Running, Sink},
    standing::Limits,
};
use crate::{
    ActorId, ScopeReport,
    budget::Budget,
    call,
    here::{self, Cause, Purpose},
    sync::lock,
    system::Shared,
    waits::WaitId,
};

/// Who owns tasks.
pub(crate) struct Holder {
    pub(crate) system: Arc<Shared>,
    pub(crate) owner: TaskOwner,
    parent: Option<Arc<Self>>,
    /// Made inside of a shield: requests to end that come from above do not reach it.
    is_sheltered: bool,
    /// How long the turn had that made it.
    budget: Budget,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    limits: Limits,
    is_cancelled: bool,
    /// Nobody holds it any more.
    is_reaped: bool,
    tasks: BTreeMap<TaskId, Arc<Record>>,
    scopes: BTreeMap<ScopeId, Weak<Holder>>,
    /// How many tasks are alive in here and in the scopes below.
    n_alive: usize,
    /// How those ended that are its own.
    report: ScopeReport,
    waiters: Vec<Waker>,
}

/// How far down a word goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Reach {
    /// Everywhere.
    All,
    /// Everywhere but where a shield keeps it out.
    Unsheltered,
}

/// A task that was spawned, without what it gives.
pub(crate) type Spawned = Arc<Record>;

impl Holder {
    /// What the system itself owns.
    pub(crate) fn of_system(system: &Arc<Shared>) -> Arc<Self> {
        Self::root(system, TaskOwner::System)
    }

    /// What one incarnation of an actor owns.
    pub(crate) fn of_actor(system: &Arc<Shared>, id: ActorId) -> Arc<Self> {
        Self::root(system, TaskOwner::Actor(id))
    }

    fn root(system: &Arc<Shared>, owner: TaskOwner) -> Arc<Self> {
        let (system, state) = (Arc::clone(system), Mutex::default());
        Arc::new(Self {
            system,
            owner,
            parent: None,
            is_sheltered: false,
            budget: Budget::NONE,
            state,
        })
    }

    /// A scope within this holder, with the same limits, and cancelled if this is, but for a shield.
    pub(crate) fn scope(self: &Arc<Self>) -> Arc<Self> {
        let id = ScopeId::new(self.system.origin(), self.system.tasks.next_number());
        let is_sheltered = current().is_some_and(|it| it.is_shielded());
        let mut state = lock(&self.state);
        let mut below = State {
            limits: state.limits,
            is_cancelled: state.is_cancelled && !is_sheltered,
            is_reaped: state.is_reaped && !is_sheltered,
            ..State::default()
        };
        if is_sheltered {
            below.limits.deadline = None;
        }
        let scope = Arc::new(Self {
            system: Arc::clone(&self.system),
            owner: TaskOwner::Scope(id),
            parent: Some(Arc::clone(self)),
            is_sheltered,
            budget: here::budget(),
            state: Mutex::new(below),
        });
        state.scopes.insert(id, Arc::downgrade(&scope));
        scope
    }

    pub(crate) fn scope_id(&self) -> ScopeId {
        match self.owner {
            TaskOwner::Scope(id) => id,
            // No scope has such a holder.
            TaskOwner::System | TaskOwner::Actor(_) => ScopeId::new(self.system.origin(), 0),
        }
    }

    /// The actor at the root, where there is one.
    pub(crate) fn actor(&self) -> Option<ActorId> {
        let mut upwards = self;
        while let Some(parent) = &upwards.parent {
            upwards = parent;
        }
        match upwards.owner {
            TaskOwner::Actor(id) => Some(id),
            _ => None,
        }
    }

    /// Changes how long the stages of cancelling take, for what is spawned from here on.
    pub(crate) fn limit(&self, change: impl FnOnce(&mut Limits)) {
        change(&mut lock(&self.state).limits);
    }

    /// How long a task that is spawned here and now has for what it asks. A scope may outlive the turn that
    /// made it, and what another turn spawns in it is not for that one's asker.
    pub(crate) fn budget(&self) -> Budget {
        if self.budget == here::budget() { self.budget } else { Budget::NONE }
    }

    /// Spawns a task that this holder owns.
    pub(crate) fn spawn<F>(
        self: &Arc<Self>,
        plan: Plan,
        work: F,
        sink: impl Sink<F::Output>,
    ) -> Spawned
    where
        F: Future + Send + 'static,
        F::Output: Send,
    {
        let record = self.admit(&plan);
        let purpose = Purpose { wait: WaitId::NONE, budget: plan.budget };
        let cause = Cause { purpose, bag: call::get() };
        let task = Running::new(Arc::clone(&record), cause, work, sink);
        let name = || format!("{} {}", plan.name, record.id);
        drop(self.system.runtime.spawn_named(name, task));
        record
    }

    fn admit(self: &Arc<Self>, plan: &Plan) -> Arc<Record> {
        let id = TaskId::new(self.system.origin(), self.system.tasks.next_number());
        let limits = lock(&self.state).limits;
        let record = Arc::new(Record::new(id, Arc::clone(self), limits, plan));
        self.system.tasks.add(&record);
        let mut state = lock(&self.state);
        state.tasks.insert(id, Arc::clone(&record));
        let is_cancelled = state.is_cancelled;
        drop(state);
        self.upwards(|it| it.n_alive += 1);
        if is_cancelled {
            record.cancel();
        }
        record
    }

    /// Lets go of a task that has ended.
    pub(super) fn remove(&self, id: TaskId, end: Option<&JoinError>) {
        let mut state = lock(&self.state);
        let record = state.tasks.remove(&id);
        state.report.add(end);
        drop(state);
        drop(record);
        self.upwards(|it| it.n_alive -= 1);
    }

    /// Changes the count of tasks here and in all above; whoever waits for none is woken.
    fn upwards(&self, change: impl Fn(&mut State)) {
        let mut next = Some(self);
        while let Some(holder) = next {
            let mut state = lock(&holder.state);
            change(&mut state);
            let waiters = match state.n_alive {
                0 => std::mem::take(&mut state.waiters),
                _ => Vec::new(),
            };
            drop(state);
            waiters.into_iter().for_each(Waker::wake);
            next = holder.parent.as_deref();
        }
    }

    /// Asks all tasks here and below to end, now and later.
    pub(crate) fn cancel(self: &Arc<Self>) {
        let cancel = |it: &mut State| !std::mem::replace(&mut it.is_cancelled, true);
        self.downwards(Reach::Unsheltered, cancel, Record::cancel);
    }

    /// Has all tasks here and below dropped at their next await.
    pub(crate) fn abort(self: &Arc<Self>) {
        let abort = |it: &mut State| {
            it.is_cancelled = true;
            true
        };
        self.downwards(Reach::All, abort, Record::abort);
    }

    /// Leaves what has not ended to the reaper: it is asked to end, nobody waits for it any more but
    /// the shutdown of the system, and it is listed until it has.
    pub(crate) fn reap(self: &Arc<Self>) {
        let leave = |it: &mut State| {
            it.is_cancelled = true;
            !std::mem::replace(&mut it.is_reaped, true)
        };
        self.downwards(Reach::Unsheltered, leave, Record::cancel);
    }

    /// Tells all tasks here and below, as far as the change is news: below what has heard it, so has
    /// everything. One after the other, so that no depth of nesting is a depth of the stack.
    fn downwards(
        self: &Arc<Self>,
        reach: Reach,
        change: impl Fn(&mut State) -> bool,
        tell: impl Fn(&Record),
    ) {
        let mut left = vec![Arc::clone(self)];
        while let Some(holder) = left.pop() {
            let mut state = lock(&holder.state);
            if !change(&mut state) {
                continue;
            }
            let tasks: Vec<_> = state.tasks.values().cloned().collect();
            let below: Vec<_> = state.scopes.values().filter_map(Weak::upgrade).collect();
            drop(state);
            left.extend(below.into_iter().filter(|it| reach == Reach::All || !it.is_sheltered));
            tasks.iter().for_each(|it| tell(it));
        }
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        let state = lock(&self.state);
        let deadline = state.limits.deadline;
        state.is_cancelled || deadline.is_some_and(|it| it <= self.system.runtime.now())
    }

    pub(crate) fn is_reaped(&self) -> bool {
        lock(&self.state).is_reaped
    }

    /// The tasks that are its own, in the order of spawning.
    pub(crate) fn task_ids(&self) -> Vec<TaskId> {
        lock(&self.state).tasks.keys().copied().collect()
    }

    pub(crate) fn report(&self) -> ScopeReport {
        lock(&self.state).report.clone()
    }

    /// Whether no task is alive here and below.
    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.state).n_alive == 0
    }

    /// Waits until no task is alive here and below.
    pub(crate) fn poll_empty(&self, cx: &TaskContext<'_>) -> Poll<()> {
        let mut state = lock(&self.state);
        if state.n_alive == 0 {
            return Poll::Ready(());
        }
        if !state.waiters.iter().any(|it| it.will_wake(cx.waker())) {
            state.waiters.push(cx.waker().clone());
        }
        Poll::Pending
    }

    pub(crate) async fn empty(&self) {
        poll_fn(|cx| self.poll_empty(cx)).await;
    }
}

impl Holder {
    /// Lets go of the holder above, which forgets this one.
    fn part(&mut self) -> Option<Arc<Self>> {
        let parent = self.parent.take()?;
        if let TaskOwner::Scope(id) = self.owner {
            let gone = lock(&parent.state).scopes.remove(&id);
            drop(gone);
        }
        Some(parent)
    }
}

impl Drop for Holder {
    /// One after the other: so many levels must not be as many stack frames.
    fn drop(&mut self) {
        let mut next = self.part();
        while let Some(parent) = next {
            next = Arc::into_inner(parent).and_then(|mut it| it.part());
        }
    }
}

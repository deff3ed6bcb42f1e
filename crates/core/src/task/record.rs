//! What others may see and touch of a task, whatever its type.

use std::{
    any::type_name_of_val,
    sync::{Arc, Mutex},
    task::{Context as TaskContext, Poll, Waker},
};

use ghostlight_rt::{Instant, Runtime};

use super::{
    Holder, TaskId, TaskInfo, TaskKind, Tenure,
    standing::{Limits, Standing, Verdict},
};
use crate::{budget::Budget, sync::lock};

/// What others may see and touch of a task. It is on the list of its system until the task has ended.
pub(crate) struct Record {
    pub(crate) id: TaskId,
    pub(crate) holder: Arc<Holder>,
    since: Instant,
    state: Mutex<State>,
}

struct State {
    name: Arc<str>,
    tenure: Tenure,
    standing: Standing,
    /// The task itself.
    waker: Option<Waker>,
    /// What in the task waits for the request, behind wakers of its own.
    watchers: Vec<Waker>,
}

impl Record {
    pub(super) fn new(id: TaskId, holder: Arc<Holder>, limits: Limits, plan: &Plan) -> Self {
        let state = State {
            name: plan.name.into(),
            tenure: plan.tenure,
            standing: Standing::new(limits, plan.can_abort),
            waker: None,
            watchers: Vec::new(),
        };
        let since = holder.system.runtime.now();
        Self { id, holder, since, state: Mutex::new(state) }
    }

    pub(crate) fn runtime(&self) -> &Runtime {
        &self.holder.system.runtime
    }

    pub(super) fn rename(&self, name: Arc<str>) {
        let before = std::mem::replace(&mut lock(&self.state).name, name);
        drop(before);
    }

    pub(super) fn tenure(&self) -> Tenure {
        lock(&self.state).tenure
    }

    pub(super) fn detach(&self) {
        let mut state = lock(&self.state);
        if state.tenure == Tenure::Free {
            state.tenure = Tenure::Detached;
        }
    }

    /// Asks the task to end.
    pub(crate) fn cancel(&self) {
        let now = self.runtime().now();
        self.stir(|it| it.request(now));
    }

    /// Has the task dropped at its next await.
    pub(crate) fn abort(&self) {
        let now = self.runtime().now();
        self.stir(|it| it.give_up(now));
    }

    fn stir(&self, change: impl FnOnce(&mut Standing) -> bool) {
        let mut state = lock(&self.state);
        if !change(&mut state.standing) {
            return;
        }
        let watchers = std::mem::take(&mut state.watchers);
        let waker = state.waker.take();
        drop(state);
        watchers.into_iter().chain(waker).for_each(Waker::wake);
    }

    /// Tells the task, or work on its behalf, whether it is to end.
    pub(crate) fn tell(&self) -> bool {
        lock(&self.state).standing.tell()
    }

    /// Tells the task once it is to end.
    pub(super) fn poll_tell(&self, cx: &TaskContext<'_>) -> Poll<()> {
        let mut state = lock(&self.state);
        if state.standing.tell() {
            return Poll::Ready(());
        }
        if !state.watchers.iter().any(|it| it.will_wake(cx.waker())) {
            state.watchers.push(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Whether the task has been told to end.
    pub(super) fn has_seen(&self) -> bool {
        lock(&self.state).standing.has_seen()
    }

    /// Decides what is to be done with the task, whose waker this is.
    pub(super) fn judge(&self, cx: &TaskContext<'_>) -> Verdict {
        let now = self.runtime().now();
        let mut state = lock(&self.state);
        let was_requested = state.standing.is_requested();
        let verdict = state.standing.judge(now);
        if !state.waker.as_ref().is_some_and(|it| it.will_wake(cx.waker())) {
            state.waker = Some(cx.waker().clone());
        }
        // A deadline has come, of which nobody but this task has heard.
        let is_news = state.standing.is_requested() && !was_requested;
        let watchers = if is_news { std::mem::take(&mut state.watchers) } else { Vec::new() };
        drop(state);
        watchers.into_iter().for_each(Waker::wake);
        verdict
    }

    pub(super) fn add_shield(&self) {
        lock(&self.state).standing.add_shield();
    }

    pub(super) fn remove_shield(&self) {
        let mut state = lock(&self.state);
        state.standing.remove_shield();
        // The shield may have gone without the task being polled for it.
        let waker = state.standing.is_requested().then(|| state.waker.clone()).flatten();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn info(&self) -> TaskInfo {
        let is_reaped = self.holder.is_reaped();
        let state = lock(&self.state);
        let kind = match state.tenure {
            Tenure::Detached => TaskKind::Detached,
            _ if is_reaped => TaskKind::Reaped,
            Tenure::Free => TaskKind::Free,
            Tenure::Owned => TaskKind::Owned,
        };
        TaskInfo {
            id: self.id,
            name: state.name.to_string(),
            owner: self.holder.owner,
            actor: self.holder.actor(),
            kind,
            since: self.since,
            state: state.standing.state(),
        }
    }
}

/// What a task begins with.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) name: &'static str,
    pub(crate) tenure: Tenure,
    /// It gives its thread back, so that it can be aborted.
    pub(crate) can_abort: bool,
    /// How long it has for what it asks.
    pub(crate) budget: Budget,
}

impl Plan {
    /// For `work` that nothing more is said of: it is owned, may be aborted, and has as long as it likes.
    pub(crate) fn of<W>(work: &W) -> Self {
        let (name, tenure, budget) = (type_name_of_val(work), Tenure::Owned, Budget::NONE);
        Self { name, tenure, can_abort: true, budget }
    }
}

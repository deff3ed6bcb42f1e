//! Feeds the joiner of a scope with what its tasks give.

use std::{
    any::Any,
    collections::VecDeque,
    future::poll_fn,
    sync::{Arc, Mutex},
    task::{Context as TaskContext, Poll, Waker},
};

use super::{
    Scope, ScopeOwner,
    joiner::{Joiner, TaskError},
};
use crate::{
    JoinError, Task, TaskId,
    sync::lock,
    task::{Plan, Slot},
};

/// What the tasks of a scope gave, until somebody takes it.
pub(super) struct Ledger<J, T, E> {
    /// Until the scope was joined.
    joiner: Option<J>,
    /// What it had taken, when the joining was given up.
    aside: Option<Box<dyn Any + Send>>,
    n_spawned: usize,
    n_running: usize,
    /// As many as there were tasks, at most.
    ended: VecDeque<Ended<T, E>>,
    waiters: Vec<Waker>,
}

struct Ended<T, E> {
    index: usize,
    outcome: Result<T, TaskError<E>>,
    id: TaskId,
}

impl<J, T, E> Ledger<J, T, E> {
    pub(super) const fn new(joiner: J) -> Self {
        Self {
            joiner: Some(joiner),
            aside: None,
            n_spawned: 0,
            n_running: 0,
            ended: VecDeque::new(),
            waiters: Vec::new(),
        }
    }

    fn open(&mut self) -> usize {
        self.n_running += 1;
        self.n_spawned += 1;
        self.n_spawned - 1
    }

    /// How many outcomes are still to be taken.
    fn n_pending(&self) -> usize {
        self.n_running + self.ended.len()
    }

    /// Takes the next outcome; `None` if none will come.
    fn poll_next(&mut self, cx: &TaskContext<'_>) -> Poll<Option<Ended<T, E>>> {
        let next = self.ended.pop_front();
        if next.is_some() || self.n_running == 0 {
            return Poll::Ready(next);
        }
        if !self.waiters.iter().any(|it| it.will_wake(cx.waker())) {
            self.waiters.push(cx.waker().clone());
        }
        Poll::Pending
    }
}

impl<J, T, E> Scope<J, T, E>
where
    J: Joiner<T, E>,
    T: Send + 'static,
    E: Send + 'static,
{
    /// A scope that `owner` owns, as [`new`](Scope::new), whose tasks together give what `joiner`
    /// makes of them.
    #[must_use = "a scope that is dropped cancels its tasks"]
    pub fn with_joiner(owner: &impl ScopeOwner, joiner: J) -> Self {
        Self::made(owner, joiner)
    }

    /// Spawns a task of this scope. What it gives goes to [`join`](Self::join) or
    /// [`join_next`](Self::join_next); its handle, which may be dropped, tells only that it has ended.
    ///
    /// One that is spawned into a cancelled scope is cancelled before it begins.
    pub fn spawn(&self, work: impl Future<Output = Result<T, E>> + Send + 'static) -> Task<()> {
        let index = lock(&self.ledger).open();
        let (slot, ledger) = (Slot::new(), Arc::clone(&self.ledger));
        let told = Arc::clone(&slot);
        let sink = move |id, outcome: Result<_, JoinError>| {
            told.fill(outcome.as_ref().map(|_| ()).map_err(Clone::clone));
            note(&ledger, Ended { index, outcome: TaskError::flat(outcome), id });
        };
        let plan = Plan { budget: self.hold.0.budget(), ..Plan::of(&work) };
        Task::of(self.hold.0.spawn(plan, work, sink), slot)
    }

    /// Waits for what the joiner says is enough, cancels the tasks that are left and those that would
    /// be spawned later, and gives the joiner's answer.
    ///
    /// It does not wait for those that it cancels: they are aborted when their grace is over, and
    /// until then this scope owns them, or the reaper.
    ///
    /// # Panics
    /// If the scope has been joined already.
    ///
    /// # Cancel safety
    /// Nothing is lost by dropping it: joining again goes on from there.
    pub async fn join(&self) -> J::Output {
        let mut fold = Fold::<J, T, E>::of(&self.ledger);
        poll_fn(|cx| fold.poll(cx)).await;
        self.hold.0.cancel();
        fold.finish()
    }

    /// Waits for the next task to end, in the order in which they do; none when none is left. What it
    /// takes is not seen by [`join`](Self::join).
    ///
    /// ```
    /// # use ghostlight_core::{AllCompleted, Scope, System};
    /// # let system = System::new("docs");
    /// let scope = Scope::with_joiner(&system, AllCompleted);
    /// let one = scope.spawn(async { Ok::<_, ()>(1) });
    /// system.block_on(async {
    ///     while let Some((id, outcome)) = scope.join_next().await {
    ///         assert_eq!((id, outcome), (one.id(), Ok(1)));
    ///     }
    /// });
    /// ```
    ///
    /// # Cancel safety
    /// Nothing is lost by dropping it.
    pub async fn join_next(&self) -> Option<(TaskId, Result<T, TaskError<E>>)> {
        let next = poll_fn(|cx| lock(&self.ledger).poll_next(cx)).await;
        next.map(|it| (it.id, it.outcome))
    }
}

/// Notes what a task gave.
fn note<J, T, E>(ledger: &Mutex<Ledger<J, T, E>>, ended: Ended<T, E>) {
    let mut ledger = lock(ledger);
    ledger.n_running -= 1;
    ledger.ended.push_back(ended);
    let waiters = std::mem::take(&mut ledger.waiters);
    drop(ledger);
    waiters.into_iter().for_each(Waker::wake);
}

/// A joiner at work, out of its ledger so that none of its code runs under the lock.
struct Fold<'a, J: Joiner<T, E>, T, E> {
    ledger: &'a Mutex<Ledger<J, T, E>>,
    work: Option<(J, J::State)>,
}

impl<'a, J: Joiner<T, E>, T, E> Fold<'a, J, T, E> {
    fn of(ledger: &'a Mutex<Ledger<J, T, E>>) -> Self {
        let mut taken = lock(ledger);
        let (joiner, aside) = (taken.joiner.take(), taken.aside.take());
        drop(taken);
        let joiner = joiner.expect("a scope with a joiner is joined once");
        let state = aside.and_then(|it| it.downcast().ok()).map(|it| *it).unwrap_or_default();
        Self { ledger, work: Some((joiner, state)) }
    }

    /// Feeds the joiner until its answer is certain, or nothing is left to feed it with.
    fn poll(&mut self, cx: &TaskContext<'_>) -> Poll<()> {
        let Some((joiner, state)) = &mut self.work else { return Poll::Ready(()) };
        loop {
            let n_pending = lock(self.ledger).n_pending();
            if joiner.is_decided(state, n_pending) {
                return Poll::Ready(());
            }
            let next = lock(self.ledger).poll_next(cx);
            match next {
                Poll::Ready(Some(it)) => joiner.take(state, it.index, it.outcome),
                Poll::Ready(None) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn finish(mut self) -> J::Output {
        let (joiner, state) = self.work.take().expect("a fold is finished once");
        joiner.finish(state)
    }
}

impl<J: Joiner<T, E>, T, E> Drop for Fold<'_, J, T, E> {
    /// A joining that is given up can be taken up again.
    fn drop(&mut self) {
        if let Some((joiner, state)) = self.work.take() {
            let mut ledger = lock(self.ledger);
            ledger.joiner = Some(joiner);
            ledger.aside = Some(Box::new(state));
        }
    }
}

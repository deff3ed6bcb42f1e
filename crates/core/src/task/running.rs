//! The future around a user's: polls it as long as its standing allows, and tells how it ended.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context as TaskContext, Poll},
};

use ghostlight_rt::{Instant, Sleep};

use super::{JoinError, TaskId, current::enter, record::Record, standing::Verdict};
use crate::{
    Failure,
    here::{self, Cause},
};

/// Takes how a task ended.
pub(crate) trait Sink<T>: Send + 'static {
    fn settle(self, id: TaskId, outcome: Result<T, JoinError>);
}

impl<T, S: FnOnce(TaskId, Result<T, JoinError>) + Send + 'static> Sink<T> for S {
    fn settle(self, id: TaskId, outcome: Result<T, JoinError>) {
        self(id, outcome);
    }
}

/// A task: the user's future, until it has ended.
pub(super) struct Running<F: Future, S: Sink<F::Output>> {
    record: Arc<Record>,
    work: Option<Pin<Box<F>>>,
    sink: Option<S>,
    /// Why it runs.
    cause: Cause,
    /// When it is judged again without anything having happened.
    alarm: Option<(Instant, Sleep)>,
}

impl<F: Future, S: Sink<F::Output>> Running<F, S> {
    pub(super) fn new(record: Arc<Record>, cause: Cause, work: F, sink: S) -> Self {
        Self { record, work: Some(Box::pin(work)), sink: Some(sink), cause, alarm: None }
    }

    /// Has the task woken at this moment. True if it has come.
    fn is_due(&mut self, at: Option<Instant>, cx: &mut TaskContext<'_>) -> bool {
        let Some(at) = at.filter(|it| *it < Instant::from_nanos(u64::MAX)) else {
            self.alarm = None;
            return false;
        };
        if self.alarm.as_ref().is_none_or(|it| it.0 != at) {
            self.alarm = Some((at, self.record.runtime().sleep_until(at)));
        }
        self.alarm.as_mut().is_some_and(|it| Pin::new(&mut it.1).poll(cx).is_ready())
    }

    /// Looks whether the task may go on, before it is polled or when it has been.
    fn look(&mut self, cx: &mut TaskContext<'_>) -> Result<(), JoinError> {
        loop {
            let until = match self.record.judge(cx) {
                Verdict::Skip => return Err(JoinError::Cancelled),
                Verdict::Abort => return Err(JoinError::Aborted),
                Verdict::Run(until) => until,
            };
            if !self.is_due(until, cx) {
                return Ok(());
            }
            self.alarm = None;
        }
    }

    fn poll_work(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<F::Output, JoinError>> {
        self.look(cx)?;
        let Some(work) = &mut self.work else { return Poll::Pending };
        let polled = {
            let _entered = enter(&self.record);
            let cause = mem::replace(&mut self.cause, Cause::NONE);
            let outside = here::enter(self.record.id.node(), cause);
            let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx)));
            self.cause = here::leave(outside);
            polled
        };
        match polled {
            Ok(Poll::Pending) => {
                self.look(cx)?;
                Poll::Pending
            }
            Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
            Err(payload) => Poll::Ready(Err(JoinError::panicked(&*payload))),
        }
    }

    /// Drops the user's future, takes the task off all lists, and tells how it ended, in this order.
    fn settle(&mut self, outcome: Result<F::Output, JoinError>) {
        self.alarm = None;
        let (mut outcome, unwanted) = match outcome {
            // One that was told to end, and has ended, was cancelled.
            Ok(value) if self.record.has_seen() => (Err(JoinError::Cancelled), Some(value)),
            outcome => (outcome, None),
        };
        let work = self.work.take();
        let dropped = {
            let _entered = enter(&self.record);
            catch_unwind(AssertUnwindSafe(|| drop((work, unwanted))))
        };
        if let Err(payload) = dropped {
            outcome = Err(JoinError::panicked(&*payload));
        }
        let end = outcome.as_ref().err();
        if let Some(JoinError::Panicked(text)) = end {
            self.report(text);
        }
        self.record.holder.system.tasks.remove(self.record.id, end);
        self.record.holder.remove(self.record.id, end);
        let Some(sink) = self.sink.take() else { return };
        let id = self.record.id;
        // A value that nobody wants is dropped in there.
        let told = catch_unwind(AssertUnwindSafe(|| sink.settle(id, outcome)));
        if let Err(payload) = told {
            self.report(&Failure::panicked(&*payload).to_string());
        }
    }

    fn report(&self, text: &str) {
        let info = self.record.info();
        tracing::warn!(task = %info.id, name = info.name, owner = %info.owner, text, "task panicked");
        self.record.holder.system.observe(|it| it.task_panicked(&info, text));
    }
}

/// Nothing in here is pinned in place: what needs it is boxed.
impl<F: Future, S: Sink<F::Output>> Unpin for Running<F, S> {}

impl<F: Future, S: Sink<F::Output>> Future for Running<F, S> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<()> {
        self.poll_work(cx).map(|outcome| self.settle(outcome))
    }
}

impl<F: Future, S: Sink<F::Output>> Drop for Running<F, S> {
    /// A task that is dropped before it has ended, with its runtime, was aborted.
    fn drop(&mut self) {
        if self.sink.is_some() {
            self.settle(Err(JoinError::Aborted));
        }
    }
}

impl JoinError {
    fn panicked(payload: &(dyn std::any::Any + Send)) -> Self {
        Self::Panicked(Failure::panicked(payload).to_string())
    }
}

//! A plain future as a child.

use std::{fmt, future::poll_fn, pin::pin, task::Poll};

use ghostlight_rt::BoxFuture;

use crate::{Actor, ActorRef, ChildSpec, Context, Failure, Handler, Message, StopReason, System};

/// The actor that wears a plain future; made by [`Context::supervise_task`].
///
/// It ends normally when the future is done, and fails with what the future returns or panics with.
/// Told to stop, it drops the future at its next await.
pub struct Job(Option<BoxFuture<'static, Result<(), Failure>>>);

impl Job {
    fn new(work: impl Future<Output = Result<(), Failure>> + Send + 'static) -> Self {
        Self(Some(Box::pin(work)))
    }
}

/// Runs the future.
#[derive(Debug)]
pub struct Run;

#[diagnostic::do_not_recommend]
impl Message for Run {
    type Reply = ();
}

impl<A: Actor> Context<'_, A> {
    /// Supervises a plain future like any other child: `work` makes a new one for each incarnation.
    ///
    /// A future that is done ends its child; [`ChildSpec::transient`] is for one that is to run once,
    /// [`ChildSpec::permanent`] for one that should never end.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use ghostlight::{Actor, ChildSpec, Context, Failure, System};
    /// # struct Importer;
    /// # async fn import() -> std::io::Result<()> { Ok(()) }
    /// impl Actor for Importer {
    ///     type Protocol = ();
    ///
    ///     async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
    ///         cx.supervise_task(|| async { Ok(import().await?) }, ChildSpec::transient());
    ///         Ok(())
    ///     }
    /// }
    /// # let system = System::new("docs");
    /// # system.block_on(system.spawn(Importer).wait_started()).unwrap();
    /// ```
    pub fn supervise_task<F>(
        &self,
        work: impl Fn() -> F + Send + Sync + 'static,
        spec: ChildSpec,
    ) -> ActorRef<Job>
    where
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        self.supervise_with(move || Job::new(work()), spec)
    }
}

impl System {
    /// Supervises a plain future that the system itself owns; as [`Context::supervise_task`].
    pub fn supervise_task<F>(
        &self,
        work: impl Fn() -> F + Send + Sync + 'static,
        spec: ChildSpec,
    ) -> ActorRef<Job>
    where
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        self.supervise(move || Job::new(work()), spec)
    }
}

#[diagnostic::do_not_recommend]
impl Actor for Job {
    type Protocol = (Run,);

    async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        cx.me().try_tell(Run)?;
        Ok(())
    }

    async fn stopped(&mut self, _: &StopReason, _: &mut Context<'_, Self>) {
        self.0 = None;
    }
}

#[diagnostic::do_not_recommend]
impl Handler<Run> for Job {
    async fn handle(&mut self, _: Run, cx: &mut Context<'_, Self>) {
        let Some(mut work) = self.0.take() else { return };
        match unless_told(cx, work.as_mut()).await {
            Some(Err(failure)) => cx.fail(failure).await,
            Some(Ok(())) => cx.stop(),
            None => {}
        }
    }
}

/// Awaits `work`, unless its actor is told to end before.
pub(super) async fn unless_told<A: Actor, T>(
    cx: &Context<'_, A>,
    work: impl Future<Output = T>,
) -> Option<T> {
    let (mut work, mut told) = (pin!(work), pin!(cx.cancelled()));
    poll_fn(|task| {
        if told.as_mut().poll(task).is_ready() {
            return Poll::Ready(None);
        }
        work.as_mut().poll(task).map(Some)
    })
    .await
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Job")
    }
}

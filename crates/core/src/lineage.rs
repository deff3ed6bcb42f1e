//! Where the incarnations of a supervised actor come from.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use ghostlight_rt::BoxFuture;

use crate::{Actor, Create, Failure, StopReason, supervision::Check};

/// Builds one incarnation.
pub(crate) type Birth<A> = BoxFuture<'static, Result<A, StopReason>>;

/// Where the incarnations of a supervised actor come from.
pub(crate) struct Lineage<A: Actor> {
    make: Box<dyn Fn() -> BoxFuture<'static, Result<A, Failure>> + Send>,
    /// Asked before every incarnation but the first.
    check: Option<Check>,
    /// How many there were before the current one.
    pub(crate) incarnation: u32,
    /// Why the one before ended.
    pub(crate) last: Option<Box<StopReason>>,
}

impl<A: Actor> Lineage<A> {
    /// From a function, which runs in the actor's task each time.
    pub(crate) fn from_factory(
        factory: impl Fn() -> A + Send + Sync + 'static,
        check: Option<Check>,
    ) -> Self {
        let factory = Arc::new(factory);
        Self::new(check, move || {
            let factory = Arc::clone(&factory);
            Box::pin(async move { Ok(factory()) })
        })
    }

    /// From arguments, which each incarnation gets anew.
    pub(crate) fn from_args(args: A::Args, check: Option<Check>) -> Self
    where
        A: Create<Args: Clone>,
    {
        Self::new(check, move || Box::pin(A::create(args.clone())))
    }

    fn new(
        check: Option<Check>,
        make: impl Fn() -> BoxFuture<'static, Result<A, Failure>> + Send + 'static,
    ) -> Self {
        Self { make: Box::new(make), check, incarnation: 0, last: None }
    }

    /// Arguments that cannot be cloned, or a `create` that panics before it is awaited, are a failed
    /// start like any other.
    fn make(&self) -> BoxFuture<'static, Result<A, Failure>> {
        catch_unwind(AssertUnwindSafe(|| (self.make)())).unwrap_or_else(|payload| {
            let failure = Failure::panicked(&*payload);
            Box::pin(async move { Err(failure) })
        })
    }

    /// The first incarnation.
    pub(crate) fn first(&self) -> Birth<A> {
        let made = self.make();
        Box::pin(async move { made.await.map_err(StopReason::StartFailed) })
    }

    /// The next one was to begin, and was told to end before it did.
    pub(crate) const fn skip(&mut self) {
        self.incarnation += 1;
    }

    /// The next one, unless the check speaks against it.
    pub(crate) fn next(&mut self) -> Birth<A> {
        self.incarnation += 1;
        let check = self.check.clone();
        let made = self.make();
        Box::pin(async move {
            if let Some(check) = check {
                check.run().await.map_err(StopReason::Vetoed)?;
            }
            made.await.map_err(StopReason::StartFailed)
        })
    }
}

/// Drops a birth that is over, or not wanted any more; a destructor that panics harms nobody.
pub(crate) fn lay_off<A: Actor>(birth: Birth<A>) {
    _ = catch_unwind(AssertUnwindSafe(|| drop(birth)));
}

/// The failure of an incarnation that did not come to life in time.
pub(crate) fn too_slow(limit: Duration) -> Failure {
    Failure::recoverable(format!("it had not started after {limit:?}"))
}

impl<A: Actor> fmt::Debug for Lineage<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lineage").field("incarnation", &self.incarnation).finish_non_exhaustive()
    }
}

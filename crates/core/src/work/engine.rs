//! Something that starts, stops, and may fail by itself, as a child.

use std::{fmt, marker::PhantomData};

use super::job::unless_told;
use crate::{
    Actor, ActorId, ActorRef, ChildSpec, Context, Failure, Handler, Message, SpawnOptions,
    StopReason, System, Terminated,
};

/// Something that is started and stopped, and may fail while nobody calls it: a listener, a pool, a
/// thread of another library.
///
/// ```
/// # extern crate ghostlight_core as ghostlight;
/// use ghostlight::{ChildSpec, Engine, Failure, HandleOf, System};
///
/// # struct Pool; impl Pool { async fn broken(&self) { std::future::pending().await } }
/// #[derive(Default)]
/// struct Database { pool: Option<Pool> }
///
/// impl Engine for Database {
///     /// What queries go by.
///     type Handle = &'static str;
///
///     async fn start(&mut self) -> Result<Self::Handle, Failure> {
///         self.pool = Some(Pool);
///         Ok("pool 1")
///     }
///
///     async fn failed(&mut self) -> Failure {
///         if let Some(pool) = &self.pool {
///             pool.broken().await;
///         }
///         Failure::recoverable("the pool lost its connections")
///     }
///
///     async fn stop(&mut self) {
///         self.pool = None;
///     }
/// }
///
/// let system = System::new("docs");
/// let database = system.supervise_engine(Database::default, ChildSpec::permanent());
/// let handle = system.block_on(async { database.ask(HandleOf::default()).await });
/// assert_eq!(handle.unwrap(), "pool 1");
/// ```
pub trait Engine: Send + 'static {
    /// What others use the running engine by; they ask for it with [`HandleOf`].
    type Handle: Clone + Send + Sync + 'static;

    /// Starts it.
    ///
    /// # Errors
    /// What it returns is a failed start, and goes by the child's policy.
    ///
    /// # Cancel safety
    /// Dropped at its next await when it takes longer than the start deadline, or is killed.
    fn start(&mut self) -> impl Future<Output = Result<Self::Handle, Failure>> + Send;

    /// Waits until the running engine has failed; for ever, if it never does.
    ///
    /// # Cancel safety
    /// Dropped when the engine is to stop.
    fn failed(&mut self) -> impl Future<Output = Failure> + Send;

    /// Stops it, whether it has failed or not.
    ///
    /// # Cancel safety
    /// Dropped at its next await when the shutdown deadline is over.
    fn stop(&mut self) -> impl Future<Output = ()> + Send;
}

/// The actor that wears an [`Engine`]; made by [`Context::supervise_engine`]. Its refs outlive every
/// engine that it is given.
pub struct EngineActor<E: Engine> {
    engine: Option<E>,
    handle: Option<E::Handle>,
    /// Who owns the engine that was started.
    guard: Option<ActorId>,
}

impl<E: Engine> EngineActor<E> {
    const fn new(engine: E) -> Self {
        Self { engine: Some(engine), handle: None, guard: None }
    }
}

/// Asks for the handle of the engine that runs now.
pub struct HandleOf<E>(PhantomData<fn() -> E>);

impl<E> Default for HandleOf<E> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

#[diagnostic::do_not_recommend]
impl<E: Engine> Message for HandleOf<E> {
    type Reply = E::Handle;
}

impl<A: Actor> Context<'_, A> {
    /// Supervises an [`Engine`] like any other child: `factory` makes a new one for each
    /// incarnation, after the old one was stopped.
    pub fn supervise_engine<E: Engine>(
        &self,
        factory: impl Fn() -> E + Send + Sync + 'static,
        spec: ChildSpec,
    ) -> ActorRef<EngineActor<E>> {
        self.supervise_with(move || EngineActor::new(factory()), spec)
    }
}

impl System {
    /// Supervises an [`Engine`] that the system itself owns; as [`Context::supervise_engine`].
    pub fn supervise_engine<E: Engine>(
        &self,
        factory: impl Fn() -> E + Send + Sync + 'static,
        spec: ChildSpec,
    ) -> ActorRef<EngineActor<E>> {
        self.supervise(move || EngineActor::new(factory()), spec)
    }
}

#[diagnostic::do_not_recommend]
impl<E: Engine> Actor for EngineActor<E> {
    type Protocol = (HandleOf<E>, Terminated);

    fn label() -> &'static str {
        std::any::type_name::<E>()
    }

    async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        let Some(mut engine) = self.engine.take() else { return Ok(()) };
        let handle = engine.start().await;
        // From here on it has to be stopped, whatever comes.
        let options = SpawnOptions::default().shutdown_deadline(cx.cell().settings.shutdown);
        let guard = cx.spawn_with(Guard(engine), options);
        cx.watch(&guard);
        self.guard = Some(guard.id());
        self.handle = Some(handle?);
        guard.try_tell(Attend)?;
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl<E: Engine> Handler<HandleOf<E>> for EngineActor<E> {
    async fn handle(&mut self, _: HandleOf<E>, cx: &mut Context<'_, Self>) -> E::Handle {
        match &self.handle {
            Some(handle) => handle.clone(),
            None => cx.fail(Failure::recoverable("the engine has no handle")).await,
        }
    }
}

#[diagnostic::do_not_recommend]
impl<E: Engine> Handler<Terminated> for EngineActor<E> {
    async fn handle(&mut self, end: Terminated, cx: &mut Context<'_, Self>) {
        // That the engine of the incarnation before was stopped may be told to this one.
        if self.guard != Some(end.id) {
            return;
        }
        match first_failure(&end.why) {
            Some(failure) => cx.fail(failure.clone()).await,
            None => cx.stop(),
        }
    }
}

/// What the engine failed with, rather than what stopping it failed with after that.
fn first_failure(why: &StopReason) -> Option<&Failure> {
    match why {
        StopReason::StopFailed(both) => first_failure(&both.reason).or(Some(&both.failure)),
        why => why.failure(),
    }
}

/// Owns a started engine, so that its actor can answer while the engine is waited for.
struct Guard<E>(E);

#[derive(Debug)]
struct Attend;

#[diagnostic::do_not_recommend]
impl Message for Attend {
    type Reply = ();
}

#[diagnostic::do_not_recommend]
impl<E: Engine> Actor for Guard<E> {
    type Protocol = ();

    async fn stopped(&mut self, _: &StopReason, _: &mut Context<'_, Self>) {
        self.0.stop().await;
    }
}

#[diagnostic::do_not_recommend]
impl<E: Engine> Handler<Attend> for Guard<E> {
    async fn handle(&mut self, _: Attend, cx: &mut Context<'_, Self>) {
        if let Some(failure) = unless_told(cx, self.0.failed()).await {
            cx.fail::<()>(failure).await;
        }
    }
}

impl<E: Engine> fmt::Debug for EngineActor<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineActor").field("is_running", &self.handle.is_some()).finish()
    }
}

impl<E> fmt::Debug for HandleOf<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HandleOf")
    }
}

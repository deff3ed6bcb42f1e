//! An actor that runs where its owner awaits it.

use std::{fmt, sync::Arc};

use crate::{
    Actor, ActorRef, SpawnOptions, Status, StopReason, System, cell::Cell, life, runner::Runner,
};

/// An actor that has a ref but does not run yet; made by [`System::prepare`].
///
/// ```
/// # extern crate ghostlight_core as ghostlight;
/// # use ghostlight::{Actor, Context, Handler, Message, StopReason, System};
/// # #[derive(Message)] struct Close;
/// # #[derive(Actor)] #[actor(handles(Close))] struct Main;
/// # impl Handler<Close> for Main {
/// #     async fn handle(&mut self, _: Close, cx: &mut Context<'_, Self>) { cx.stop(); }
/// # }
/// let system = System::new("inline");
/// let main = system.prepare(Main);
/// main.actor_ref().try_tell(Close).unwrap();
/// let why = system.block_on(main.run());
/// assert!(matches!(why, StopReason::Normal));
/// ```
#[must_use = "an actor that never runs ends as `NeverStarted`"]
pub struct Prepared<A: Actor> {
    cell: Arc<Cell<A>>,
    me: ActorRef<A>,
}

impl System {
    /// Gives an actor its place and its ref, but does not run it: [`Prepared::run`] does, in the
    /// task that awaits it. Until then messages wait.
    ///
    /// The system owns it. Told to end before it is run, it ends at once, without any of its hooks;
    /// told to drain, it does that when it is run.
    pub fn prepare<A: Actor>(&self, actor: A) -> Prepared<A> {
        self.prepare_with(actor, SpawnOptions::default())
    }

    /// As [`prepare`](Self::prepare), with more to say about it.
    pub fn prepare_with<A: Actor>(&self, actor: A, options: SpawnOptions) -> Prepared<A> {
        let cell = self.make_cell::<A>(options);
        life::prepare(&cell, actor);
        let me = self.admit(&cell, ActorRef::first(&cell));
        Prepared { cell, me }
    }
}

impl<A: Actor> Prepared<A> {
    /// A ref to the actor, as good as any.
    #[must_use]
    pub fn actor_ref(&self) -> ActorRef<A> {
        self.me.clone()
    }

    /// Runs the actor in the current task, to its end. Comes back at once if that was before.
    ///
    /// # Cancel safety
    /// Dropped before it was polled, the actor ends as [`StopReason::NeverStarted`]; after that, as
    /// [`StopReason::Lost`].
    pub async fn run(self) -> StopReason {
        let cell = Arc::clone(&self.cell);
        life::begin_prepared(&cell);
        drop(self);
        Runner::serving(Arc::clone(&cell)).await;
        match cell.status() {
            Status::Stopped(end) => end.reason,
            _ => StopReason::Lost,
        }
    }
}

impl<A: Actor> Drop for Prepared<A> {
    fn drop(&mut self) {
        life::never_start(&self.cell);
    }
}

impl<A: Actor> fmt::Debug for Prepared<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Prepared").field(&self.me).finish()
    }
}

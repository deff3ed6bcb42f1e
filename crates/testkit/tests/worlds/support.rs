//! An actor that does as it is told, and what else the tests share.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use ghostlight::{
    Actor, ActorRef, Context, DeadLetters, DeadReason, Failure, Handler, Message, StopReason,
    Terminated,
};
use ghostlight_rt::Rng;
use ghostlight_testkit::World;

/// In how many worlds a test runs, if nobody asks for more.
pub(crate) const WORLDS: u64 = 30;

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A moment within so many milliseconds, in whole ones.
pub(crate) fn moment(rng: &mut Rng, within: usize) -> Duration {
    ms(rng.below(within) as u64)
}

/// A list that a test and its actors write to, and that outlives both.
#[derive(Debug)]
pub(crate) struct Log<T>(Arc<Mutex<Vec<T>>>);

impl<T: Clone> Log<T> {
    pub(crate) fn push(&self, item: T) {
        self.0.lock().unwrap().push(item);
    }

    pub(crate) fn all(&self) -> Vec<T> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl<T> Clone for Log<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Log<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

/// Writes down what it handles.
#[derive(Clone, Default)]
pub(crate) struct Player {
    pub(crate) log: Log<u64>,
    /// The ends that it was told of.
    pub(crate) ends: Log<Terminated>,
}

/// Written down.
#[derive(Clone, Debug, Message)]
pub(crate) struct Note(pub(crate) u64);

/// Takes so long, is then written down, and answered with its number.
#[derive(Debug, Message)]
#[message(reply = u64)]
pub(crate) struct Work(pub(crate) u64, pub(crate) Duration);

/// Takes so long, and fails.
#[derive(Debug, Message)]
#[message(reply = u64)]
pub(crate) struct Fail(pub(crate) Duration);

type Deed = Box<dyn FnOnce(&mut Player, &mut Context<'_, Player>) + Send>;

/// Whatever it says.
#[derive(Message)]
pub(crate) struct Do(Mutex<Deed>);

impl Do {
    pub(crate) fn what(
        deed: impl FnOnce(&mut Player, &mut Context<'_, Player>) + Send + 'static,
    ) -> Self {
        Self(Mutex::new(Box::new(deed)))
    }
}

impl Actor for Player {
    type Protocol = (Note, Work, Fail, Do, Terminated);
}

impl Handler<Note> for Player {
    async fn handle(&mut self, Note(n): Note, _: &mut Context<'_, Self>) {
        self.log.push(n);
    }
}

impl Handler<Work> for Player {
    async fn handle(&mut self, Work(n, takes): Work, cx: &mut Context<'_, Self>) -> u64 {
        if !takes.is_zero() {
            cx.sleep(takes).await;
        }
        self.log.push(n);
        n
    }
}

impl Handler<Fail> for Player {
    async fn handle(&mut self, Fail(takes): Fail, cx: &mut Context<'_, Self>) -> u64 {
        if !takes.is_zero() {
            cx.sleep(takes).await;
        }
        cx.fail(Failure::recoverable("on purpose")).await
    }
}

impl Handler<Do> for Player {
    async fn handle(&mut self, Do(deed): Do, cx: &mut Context<'_, Self>) {
        deed.into_inner().unwrap()(self, cx);
    }
}

impl Handler<Terminated> for Player {
    async fn handle(&mut self, end: Terminated, _: &mut Context<'_, Self>) {
        self.ends.push(end);
    }
}

/// Has a player do something, as soon as it comes to that.
pub(crate) fn bid(
    player: &ActorRef<Player>,
    deed: impl FnOnce(&mut Player, &mut Context<'_, Player>) + Send + 'static,
) {
    player.try_tell(Do::what(deed)).unwrap();
}

/// Waits for an end; it must come within a minute.
pub(crate) fn end_of<A: Actor>(world: &World, actor: &ActorRef<A>) -> StopReason {
    world.block_on(async {
        let end = tokio::time::timeout(ms(60_000), actor.wait_stopped()).await;
        end.expect("it ends within a minute")
    })
}

/// Does something in a task of its own, at a moment.
pub(crate) fn later(world: &World, at: Duration, what: impl FnOnce() + Send + 'static) {
    let runtime = world.runtime().clone();
    drop(world.runtime().spawn(async move {
        runtime.sleep(at).await;
        what();
    }));
}

/// The notes among the dead letters so far, each with its reason.
pub(crate) fn dead_notes(letters: &mut DeadLetters) -> Vec<(u64, DeadReason)> {
    let all = std::iter::from_fn(|| letters.try_recv());
    all.filter_map(|it| Some((it.take::<Note>()?.0, it.reason))).collect()
}

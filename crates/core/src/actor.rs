//! Who owns state, and how it handles what is sent to it.

use std::{
    any,
    future::poll_fn,
    marker::PhantomData,
    pin::{Pin, pin},
    task::{Context as TaskContext, Poll},
};

use crate::{
    Context, Failure, Health, Message, Protocol, SlowTurn, SpawnOptions, StopReason,
    reads::{ReadBeside, host_reads, poll_read, read_beside},
};

/// Someone who owns state and handles messages one after another.
///
/// `Protocol` lists the messages that travel without an allocation and make the actor's declared
/// surface; a message that is handled but not listed works the same through a box. `()` lists
/// nothing.
///
/// ```
/// # extern crate ghostlight_core as ghostlight;
/// use ghostlight::{Actor, Context, Failure, Handler, Message, StopReason};
///
/// #[derive(Message)]
/// #[message(reply = u64)]
/// struct Add(u64);
///
/// struct Sum(u64);
///
/// impl Actor for Sum {
///     type Protocol = (Add,);
///
///     async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
///         println!("{} begins at {}", cx.id(), self.0);
///         Ok(())
///     }
///
///     async fn stopped(&mut self, reason: &StopReason, _: &mut Context<'_, Self>) {
///         println!("ended with {}: {reason}", self.0);
///     }
/// }
///
/// impl Handler<Add> for Sum {
///     async fn handle(&mut self, Add(n): Add, _: &mut Context<'_, Self>) -> u64 {
///         self.0 += n;
///         self.0
///     }
/// }
/// ```
///
/// Without hooks the derive says it shorter: `#[derive(Actor)] #[actor(handles(Add))]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an actor",
    label = "this cannot be spawned",
    note = "add `#[derive(Actor)]` to `{Self}`, with `#[actor(handles(..))]` for its messages"
)]
pub trait Actor: Sized + Send + 'static {
    /// The messages that are part of the declared surface, as a tuple of at most sixteen.
    type Protocol: Protocol<Self>;

    /// What an actor of this type is spawned with, where the spawn site says nothing else.
    fn options() -> SpawnOptions {
        SpawnOptions::default()
    }

    /// The label by which its kind is shown; not unique, and no part of any format.
    #[must_use]
    fn label() -> &'static str {
        any::type_name::<Self>()
    }

    /// How well it is, when [`ActorRef::health`](crate::ActorRef::health) asks; healthy by default.
    ///
    /// Called between two turns, by whoever asks or by the actor's own task: be quick, and look
    /// only at the state. A panic in it is taken for being unhealthy, and hurts nobody.
    fn health(&self) -> Health {
        Health::Healthy
    }

    /// Runs once per incarnation, before any message.
    ///
    /// It has [`start_deadline`](SpawnOptions::start_deadline) to end, 30 s by default.
    ///
    /// # Errors
    /// What it returns ends the incarnation as [`StopReason::StartFailed`].
    ///
    /// # Cancel safety
    /// It is dropped at its next await when the actor is told to end meanwhile and takes longer than
    /// the shutdown deadline, or is killed, or does not end in time.
    fn started(
        &mut self,
        cx: &mut Context<'_, Self>,
    ) -> impl Future<Output = Result<(), Failure>> + Send {
        _ = cx;
        NoHook::<Result<(), Failure>>(PhantomData)
    }

    /// Runs before `started` in an incarnation that follows another, with why that one ended.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use ghostlight::{Actor, Context, Failure, StopReason};
    /// # struct Cache { is_suspect: bool }
    /// # impl Actor for Cache {
    /// #     type Protocol = ();
    /// async fn restarting(
    ///     &mut self,
    ///     last: &StopReason,
    ///     cx: &mut Context<'_, Self>,
    /// ) -> Result<(), Failure> {
    ///     println!("incarnation {} follows one that {last}", cx.incarnation());
    ///     self.is_suspect = last.is_failure();
    ///     Ok(())
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    /// As for [`started`](Self::started), with which it shares a deadline.
    ///
    /// # Cancel safety
    /// As for [`started`](Self::started).
    fn restarting(
        &mut self,
        last: &StopReason,
        cx: &mut Context<'_, Self>,
    ) -> impl Future<Output = Result<(), Failure>> + Send {
        _ = (last, cx);
        NoHook::<Result<(), Failure>>(PhantomData)
    }

    /// What a handler's failure means to this actor, asked once for each. By default it fails.
    ///
    /// Whatever it says, the message that failed does not run again.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// use ghostlight::{Actor, Failure, OnFailure};
    ///
    /// struct Gateway { errors: u64 }
    ///
    /// impl Actor for Gateway {
    ///     type Protocol = ();
    ///
    ///     fn on_failure(&mut self, failure: &Failure) -> OnFailure {
    ///         self.errors += 1;
    ///         match failure {
    ///             Failure::Fatal(_) => OnFailure::Fail,
    ///             _ => OnFailure::Resume,
    ///         }
    ///     }
    /// }
    /// ```
    fn on_failure(&mut self, failure: &Failure) -> OnFailure {
        _ = failure;
        OnFailure::Fail
    }

    /// Puts the state in order after a turn that took too long and was dropped where it awaited, as
    /// [`OnTimeout::Cancel`](crate::OnTimeout::Cancel) asks for. A panic in it is a failure like any other.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// use ghostlight::Actor;
    ///
    /// struct Uploads { running: u32 }
    ///
    /// impl Actor for Uploads {
    ///     type Protocol = ();
    ///
    ///     fn on_cancelled(&mut self) {
    ///         self.running -= 1; // the handler will not come to it
    ///     }
    /// }
    /// ```
    fn on_cancelled(&mut self) {}

    /// Learns that a turn took longer than it may, once it is over, where [`OnTimeout::Warn`] let it go on:
    /// before the next message, and unless the incarnation ends with that turn. Observers have heard of it
    /// while it lasted, which an actor cannot. A panic in it is a failure like any other.
    ///
    /// Reads that ran side by side are told of when the last has ended, in the order of their ends.
    ///
    /// [`OnTimeout::Warn`]: crate::OnTimeout::Warn
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// use ghostlight::{Actor, SlowTurn};
    ///
    /// struct Fetcher { parallel: usize }
    ///
    /// impl Actor for Fetcher {
    ///     type Protocol = ();
    ///
    ///     fn on_slow_turn_done(&mut self, turn: &SlowTurn) {
    ///         if turn.took > 2 * turn.limit {
    ///             self.parallel = (self.parallel / 2).max(1); // asks less of a server that is slow
    ///         }
    ///     }
    /// }
    /// ```
    fn on_slow_turn_done(&mut self, turn: &SlowTurn) {
        _ = turn;
    }

    /// Runs once per incarnation, after the last message and after all children have ended: not when
    /// it was killed, or had not started.
    ///
    /// # Cancel safety
    /// It is dropped at its next await when the actor is killed meanwhile, or the time for
    /// shutting down is over.
    fn stopped(
        &mut self,
        reason: &StopReason,
        cx: &mut Context<'_, Self>,
    ) -> impl Future<Output = ()> + Send {
        _ = (reason, cx);
        NoHook::<()>(PhantomData)
    }
}

/// What the failure of a handler means to its actor.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "it goes on or it does not")]
pub enum OnFailure {
    /// The incarnation ends; whether another follows is for its supervisor to decide.
    #[default]
    Fail,
    /// The state is as good as ever: the actor goes on with the next message.
    Resume,
}

/// An actor whose state is built inside its own task, from arguments.
///
/// ```
/// # extern crate ghostlight_core as ghostlight;
/// use ghostlight::{Actor, Create, Failure, System};
///
/// struct Config(String);
/// impl Actor for Config { type Protocol = (); }
/// impl Create for Config {
///     type Args = std::path::PathBuf;
///
///     async fn create(path: Self::Args) -> Result<Self, Failure> {
///         Ok(Self(std::fs::read_to_string(path)?))
///     }
/// }
///
/// let system = System::new("create");
/// let missing = system.create::<Config>("no/such/file".into());
/// let why = system.block_on(missing.wait_started()).unwrap_err();
/// assert!(why.to_string().contains("No such file"));
/// ```
pub trait Create: Actor {
    /// What the state is built from.
    type Args: Send + 'static;

    /// Builds the state. Messages sent meanwhile are kept in order.
    ///
    /// # Errors
    /// What it returns ends the actor as [`StopReason::StartFailed`].
    ///
    /// # Cancel safety
    /// It is dropped at its next await when the actor is stopped or killed meanwhile.
    fn create(args: Self::Args) -> impl Future<Output = Result<Self, Failure>> + Send;
}

/// How an actor handles one type of message, with its state to itself.
///
/// ```
/// # extern crate ghostlight_core as ghostlight;
/// # use ghostlight::{Actor, Context, Handler, Message};
/// # struct Echo;
/// # impl Actor for Echo { type Protocol = (Ping,); }
/// #[derive(Message)]
/// #[message(reply = String)]
/// struct Ping(String);
///
/// impl Handler<Ping> for Echo {
///     async fn handle(&mut self, Ping(text): Ping, _cx: &mut Context<'_, Self>) -> String {
///         text
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not handle `{M}`",
    label = "no handler for `{M}`",
    note = "write `impl Handler<{M}> for {Self}`, or `impl ReadHandler<{M}> for {Self}`"
)]
pub trait Handler<M: Message>: Actor {
    /// How it is handled beside others, if handling only reads the state. Follows from which of the two
    /// traits was written.
    #[doc(hidden)]
    const READS: Option<ReadBeside<Self, M>> = None;

    /// Handles one message. Nothing else touches the state until it is done, awaits included.
    ///
    /// # Cancel safety
    /// Dropped at its next await when the actor is killed, or was stopped and the time for
    /// shutting down is over. An asker that leaves does not end it.
    fn handle(
        &mut self,
        message: M,
        cx: &mut Context<'_, Self>,
    ) -> impl Future<Output = M::Reply> + Send;
}

/// How an actor answers a message from its state as it stands, without changing it.
///
/// A read handler serves everywhere a [`Handler`] does. While one awaits, the reads behind it begin, and
/// run side by side with it; they begin in order and may end in any. The first message that is no read
/// waits until all of them have ended, and whatever comes after it waits for it: so no stream of reads keeps
/// a write out. A panic in one ends all that run, and every asker hears of it.
///
/// ```
/// # extern crate ghostlight_core as ghostlight;
/// # use ghostlight::{Actor, Message, ReadContext, ReadHandler};
/// # struct Account { cents: i64 }
/// # impl Actor for Account { type Protocol = (Balance,); }
/// #[derive(Message)]
/// #[message(reply = i64)]
/// struct Balance;
///
/// impl ReadHandler<Balance> for Account {
///     async fn read(&self, _: Balance, _cx: &ReadContext<'_, Self>) -> i64 {
///         self.cents
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no read handler for `{M}`",
    label = "not a read of `{Self}`",
    note = "a message under `reads(..)` has an `impl ReadHandler<{M}>`; one with an \
            `impl Handler<{M}>` belongs under `handles(..)`"
)]
pub trait ReadHandler<M: Message>: Actor + Sync {
    /// Answers one message. Nothing changes the state until it is done, awaits included.
    ///
    /// # Cancel safety
    /// As for [`Handler::handle`].
    fn read(&self, message: M, cx: &ReadContext<'_, Self>)
    -> impl Future<Output = M::Reply> + Send;
}

#[diagnostic::do_not_recommend]
impl<A: ReadHandler<M>, M: Message> Handler<M> for A {
    const READS: Option<ReadBeside<Self, M>> = Some(read_beside);

    async fn handle(&mut self, message: M, cx: &mut Context<'_, Self>) -> M::Reply {
        let (actor, looking) = (&*self, cx.looking());
        let mut read = pin!(actor.read(message, &looking));
        let is_alone = cx.is_inside();
        if is_alone {
            return read.await;
        }
        let first = poll_fn(|task| Poll::Ready(poll_read(looking.id(), read.as_mut(), task)));
        match first.await {
            Poll::Ready(reply) => reply,
            Poll::Pending => host_reads(actor, cx, read).await,
        }
    }
}

pub use crate::context::ReadContext;

/// A hook that was not written.
///
/// It has no size, which is how the runtime knows that there is nothing to run: the future of an
/// `async fn` captures at least `self`.
struct NoHook<T>(PhantomData<fn() -> T>);

impl Future for NoHook<()> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

impl Future for NoHook<Result<(), Failure>> {
    type Output = Result<(), Failure>;

    fn poll(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(()))
    }
}

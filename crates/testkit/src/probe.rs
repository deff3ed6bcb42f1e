//! An actor that a test stands in for.
//!
//! It is an [`Endpoint`] rather than an actor in a cell: what is sent to it has arrived at once, and
//! waits for the test.

use std::{
    any::{Any, type_name},
    collections::VecDeque,
    fmt,
    future::{IntoFuture, poll_fn},
    marker::PhantomData,
    panic::Location,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
    time::Duration,
};

use ghostlight_core::{
    Actor, ActorId, ActorRef, Context, Endpoint, Handler, Message, Outbound, ReadContext,
    ReadHandler, Recipient, Refused, ReplyPort, Terminated,
};
use ghostlight_rt::{BoxFuture, Runtime};

use crate::{
    World,
    engine::Engine,
    explore::place,
    trace::{Event, short},
};

/// How long a probe waits where the test does not say.
const PATIENCE: Duration = Duration::from_secs(10);

/// Stands in for an actor: what is sent to its [`recipient`](Self::recipient)s waits for the test.
///
/// ```
/// # extern crate ghostlight_core as ghostlight;
/// use std::time::Duration;
/// use ghostlight::Message;
/// use ghostlight_testkit::World;
///
/// #[derive(Debug, Message, PartialEq)]
/// #[message(reply = u32)]
/// struct Price(&'static str);
///
/// let world = World::seeded(1);
/// let probe = world.probe();
/// let shop = probe.recipient::<Price>();
/// world.block_on(async {
///     let client = async { assert_eq!(shop.ask(Price("tea")).await.unwrap(), 7) };
///     let test = async {
///         let asked = probe.expect::<Price>().await;
///         assert_eq!(asked.message, Price("tea"));
///         asked.reply(7);
///     };
///     tokio::join!(client, test);
///     probe.expect_nothing(Duration::from_secs(60)).await;
/// });
/// ```
#[derive(Clone)]
pub struct Probe {
    mail: Arc<Mail>,
    /// Hears of ends on its behalf.
    watching: ActorRef<Watching>,
}

/// What has arrived and was not looked at.
struct Mail {
    id: ActorId,
    engine: Arc<Engine>,
    runtime: Runtime,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    arrived: VecDeque<Item>,
    waiting: Vec<Waker>,
}

/// A message of any type, with the right to answer it.
struct Item {
    type_name: &'static str,
    /// A [`Received`] of that type.
    received: Box<dyn Any + Send>,
}

impl Mail {
    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put<M: Message>(&self, message: M, port: Option<ReplyPort<M::Reply>>) {
        let received = Box::new(Received { message, port });
        let mut inside = self.lock();
        inside.arrived.push_back(Item { type_name: type_name::<M>(), received });
        let waiting = std::mem::take(&mut inside.waiting);
        drop(inside);
        waiting.into_iter().for_each(Waker::wake);
    }
}

/// Where the messages of one type go.
struct Slot<M> {
    mail: Arc<Mail>,
    message: PhantomData<fn(M)>,
}

impl<M: Message> Endpoint for Slot<M> {
    fn id(&self) -> ActorId {
        self.mail.id
    }

    fn name(&self) -> &str {
        "probe"
    }

    fn deliver(&self, parcel: &mut Outbound<'_>) -> Result<(), Refused> {
        let port = parcel.take_reply::<M>();
        if let Some(message) = parcel.take::<M>() {
            let (to, message_type) = ("the probe".into(), type_name::<M>());
            self.mail.engine.tell(|from| Event::Sent { from, to, message: message_type });
            self.mail.put(message, port);
        }
        Ok(())
    }

    fn is_alive(&self) -> bool {
        true
    }

    fn runtime(&self) -> &Runtime {
        &self.mail.runtime
    }
}

/// Whom a ref to a probe names. There is none: messages go to the [`Slot`] of their type.
struct Probed;

impl Actor for Probed {
    type Protocol = ();
}

impl<M: Message> ReadHandler<M> for Probed {
    async fn read(&self, _: M, _: &ReadContext<'_, Self>) -> M::Reply {
        std::future::pending().await
    }
}

/// Watches on behalf of a probe.
struct Watching(Arc<Mail>);

impl Actor for Watching {
    type Protocol = (Watch, Terminated);

    fn label() -> &'static str {
        "probe"
    }
}

/// Has the actor watch another, whose type is known where this is made.
struct Watch(WatchIt);

type WatchIt = Box<dyn FnOnce(&Context<'_, Watching>) + Send>;

impl Message for Watch {
    type Reply = ();
}

impl Handler<Watch> for Watching {
    async fn handle(&mut self, Watch(watch): Watch, cx: &mut Context<'_, Self>) {
        watch(cx);
    }
}

impl Handler<Terminated> for Watching {
    async fn handle(&mut self, end: Terminated, _: &mut Context<'_, Self>) {
        self.0.put(end, None);
    }
}

impl World {
    /// A probe, which stands in for an actor.
    #[must_use]
    pub fn probe(&self) -> Probe {
        let (runtime, engine) = (self.runtime().clone(), Arc::clone(self.engine()));
        let id = ActorId::from_parts(0, u32::MAX, runtime.number() as u32);
        let mail = Arc::new(Mail { id, engine, runtime, inside: Mutex::default() });
        let watching = self.system("probe").spawn(Watching(Arc::clone(&mail)));
        Probe { mail, watching }
    }
}

impl Probe {
    /// What others send messages of one type to.
    #[must_use]
    pub fn recipient<M: Message>(&self) -> Recipient<M> {
        let slot = Slot::<M> { mail: Arc::clone(&self.mail), message: PhantomData };
        ActorRef::<Probed>::from_endpoint(Arc::new(slot)).recipient()
    }

    /// Has the probe hear of the end of `actor`, as a [`Terminated`] that can be expected like any
    /// message.
    pub fn watch<A: Actor>(&self, actor: &ActorRef<A>) {
        let actor = actor.clone();
        let watch = Watch(Box::new(move |cx| cx.watch(&actor)));
        // A world that has been finished ends no more actors.
        _ = self.watching.try_tell(watch);
    }

    /// Waits for the next message, which is to be an `M`: for ten seconds, or
    /// [`within`](Expect::within).
    ///
    /// # Panics
    /// When awaited: if it is another, or none comes.
    #[track_caller]
    pub const fn expect<M: Message>(&self) -> Expect<'_, M> {
        let at = Location::caller();
        Expect { probe: self, within: PATIENCE, at, message: PhantomData }
    }

    /// Waits for so long, in which no message is to come.
    ///
    /// # Panics
    /// When awaited: if one comes.
    #[track_caller]
    pub fn expect_nothing(&self, within: Duration) -> impl Future<Output = ()> {
        let at = Location::caller();
        async move {
            if let Some(item) = self.next(within).await {
                let got = short(item.type_name);
                panic!("at {}: the probe got {got}, and expected nothing", place(at));
            }
        }
    }

    /// Whether a message has come that nobody has looked at.
    #[must_use]
    pub fn has_mail(&self) -> bool {
        !self.mail.lock().arrived.is_empty()
    }

    async fn next(&self, within: Duration) -> Option<Item> {
        let mut late = pin!(self.mail.runtime.sleep(within));
        poll_fn(|cx| {
            let mut mail = self.mail.lock();
            if let Some(item) = mail.arrived.pop_front() {
                return Poll::Ready(Some(item));
            }
            mail.waiting.push(cx.waker().clone());
            drop(mail);
            late.as_mut().poll(cx).map(|()| None)
        })
        .await
    }
}

/// A message that a probe waits for; made by [`Probe::expect`].
#[must_use = "nothing is waited for before this is awaited"]
pub struct Expect<'a, M> {
    probe: &'a Probe,
    within: Duration,
    at: &'static Location<'static>,
    message: PhantomData<fn() -> M>,
}

impl<M> Expect<'_, M> {
    /// Waits no longer than so long; ten seconds by default.
    pub const fn within(mut self, duration: Duration) -> Self {
        self.within = duration;
        self
    }
}

impl<'a, M: Message> IntoFuture for Expect<'a, M> {
    type Output = Received<M>;
    type IntoFuture = BoxFuture<'a, Received<M>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (wanted, at) = (short(type_name::<M>()), place(self.at));
            let Some(item) = self.probe.next(self.within).await else {
                panic!(
                    "at {at}: the probe expected {wanted} within {:?}, and got nothing",
                    self.within
                );
            };
            match item.received.downcast() {
                Ok(received) => *received,
                Err(_) => {
                    let got = short(item.type_name);
                    panic!("at {at}: the probe expected {wanted}, and got {got}")
                }
            }
        })
    }
}

/// A message that a probe got.
pub struct Received<M: Message> {
    /// The message.
    pub message: M,
    /// Where the answer goes, if anybody waits for one.
    port: Option<ReplyPort<M::Reply>>,
}

impl<M: Message> Received<M> {
    /// Answers whoever asked. Dropped without this, the asker hears that there is no reply.
    pub fn reply(self, reply: M::Reply) {
        if let Some(port) = self.port {
            port.send(reply);
        }
    }
}

impl<M: Message + fmt::Debug> fmt::Debug for Received<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Received").field(&self.message).finish()
    }
}

impl<M> fmt::Debug for Expect<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expect").field("within", &self.within).finish_non_exhaustive()
    }
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = self.mail.lock().arrived.len();
        f.debug_struct("Probe").field("waiting", &waiting).finish_non_exhaustive()
    }
}

//! What goes along with a call, and with every call that it leads to.
//!
//! Rules:
//! 1. It is with the thread while a turn or a task is polled for which it was sent, and nowhere else.
//! 2. Whatever is sent then takes it along: an ask in the place it shares with its asker, a tell in a box of
//!    its own. Where nothing goes along, nothing is boxed.
//! 3. Nobody changes it. To send more is to poll the sending in a larger one.

mod carried;
mod here;
mod trace;

use std::{error::Error, fmt, future::poll_fn, pin::pin, sync::Arc};

pub use self::trace::{NotATrace, TraceContext};
pub(crate) use self::{
    carried::Carried,
    here::{get, is_set, replace},
};
use crate::{Actor, ReadContext};

/// The most that all names and values of baggage may take, in bytes.
const ROOM: usize = 4096;

/// What goes along with a call, and with every call that it leads to: where it belongs in a trace, and
/// baggage, which is whatever else should be known further down.
///
/// A handler reads it with [`Context::call`](crate::ReadContext::call). Asks and tells of that handler, tasks it
/// spawns, blocking work and what [`pipe`](crate::Context::pipe) brings back take it along; timers start
/// without. A task of the runtime's own knows nothing of it, unless it is polled in
/// [`carry`](Self::carry).
///
/// Empty it costs nothing, and no allocation. Cloning is cheap.
///
/// ```
/// # extern crate ghostlight_core as ghostlight;
/// use ghostlight::{Actor, CallContext, Context, Handler, Message, System};
///
/// #[derive(Message)]
/// #[message(reply = Option<String>)]
/// struct Tenant;
///
/// #[derive(Actor)]
/// #[actor(handles(Tenant))]
/// struct Store;
///
/// impl Handler<Tenant> for Store {
///     async fn handle(&mut self, _: Tenant, cx: &mut Context<'_, Self>) -> Option<String> {
///         cx.call().baggage("tenant").map(str::to_owned)
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let system = System::new("shop");
/// let store = system.spawn(Store);
/// let call = CallContext::new().with_baggage("tenant", "acme")?;
/// let tenant = system.block_on(call.carry(store.ask(Tenant)))?;
/// assert_eq!(tenant.as_deref(), Some("acme"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct CallContext(Option<Arc<Bag>>);

/// What goes along, where something does.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Bag {
    trace: Option<TraceContext>,
    /// In the order in which they were added.
    baggage: Vec<(Box<str>, Box<str>)>,
}

impl CallContext {
    /// Nothing goes along.
    #[must_use]
    pub const fn new() -> Self {
        Self(None)
    }

    /// What goes along with whatever is sent here.
    #[must_use]
    pub fn current() -> Self {
        Self(get())
    }

    /// Whether nothing goes along.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Where the call belongs in a trace, if it does.
    #[must_use]
    pub fn trace(&self) -> Option<TraceContext> {
        self.0.as_ref()?.trace
    }

    /// The value that goes by `name`.
    #[must_use]
    pub fn baggage(&self, name: &str) -> Option<&str> {
        self.items().find(|it| it.0 == name).map(|it| it.1)
    }

    /// All baggage, by name and value, in the order in which it was added.
    pub fn items(&self) -> impl Iterator<Item = (&str, &str)> {
        let bag = self.0.as_deref().into_iter();
        bag.flat_map(|it| &it.baggage).map(|(name, value)| (&**name, &**value))
    }

    /// The same, as part of that trace.
    #[must_use]
    pub fn with_trace(self, trace: TraceContext) -> Self {
        let mut bag = self.into_bag();
        bag.trace = Some(trace);
        Self(Some(Arc::new(bag)))
    }

    /// The same, with that baggage. A name that is there already has the new value.
    ///
    /// # Errors
    /// If names and values take more than 4 KiB in all: each call takes them along, over a network too.
    pub fn with_baggage(self, name: &str, value: &str) -> Result<Self, BaggageTooLarge> {
        let others = self.items().filter(|it| it.0 != name);
        let size: usize = others.map(|it| it.0.len() + it.1.len()).sum();
        let size = size + name.len() + value.len();
        if ROOM < size {
            return Err(BaggageTooLarge { size });
        }
        let mut bag = self.into_bag();
        bag.baggage.retain(|it| &*it.0 != name);
        bag.baggage.push((name.into(), value.into()));
        Ok(Self(Some(Arc::new(bag))))
    }

    /// Does `work`, and everything that is sent in it takes this along, instead of what would have gone
    /// along. What the work spawns outside of this library does not know it.
    ///
    /// # Cancel safety
    /// As that of `work`.
    pub async fn carry<F: IntoFuture>(self, work: F) -> F::Output {
        let mut work = pin!(work.into_future());
        let mut bag = self.0;
        poll_fn(|cx| {
            let mut carrying = Carrying::begin(bag.take());
            let polled = work.as_mut().poll(cx);
            bag = carrying.end();
            polled
        })
        .await
    }

    /// The same for work that awaits nothing.
    pub fn carry_now<R>(self, work: impl FnOnce() -> R) -> R {
        let _carrying = Carrying::begin(self.0);
        work()
    }

    fn into_bag(self) -> Bag {
        self.0.map(Arc::unwrap_or_clone).unwrap_or_default()
    }
}

impl<A: Actor> ReadContext<'_, A> {
    /// What goes along with the message that is being handled, and so with all that is sent meanwhile.
    ///
    /// How long the asker waits is told by [`Context::remaining`](crate::Context::remaining), and who it is by
    /// [`Context::callers`](crate::Context::callers).
    #[must_use]
    pub fn call(&self) -> CallContext {
        CallContext::current()
    }
}

/// Something goes along with what is sent on this thread, until this is dropped or ended.
pub(crate) struct Carrying {
    outer: Option<Arc<Bag>>,
    is_over: bool,
}

impl Carrying {
    #[inline]
    pub(crate) fn begin(bag: Option<Arc<Bag>>) -> Self {
        Self { outer: replace(bag), is_over: false }
    }

    /// What went along before does again. Gives out what has gone along.
    pub(crate) fn end(&mut self) -> Option<Arc<Bag>> {
        self.is_over = true;
        replace(self.outer.take())
    }
}

impl Drop for Carrying {
    #[inline]
    fn drop(&mut self) {
        if !self.is_over {
            replace(self.outer.take());
        }
    }
}

/// Baggage that would take more than the 4 KiB it may.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct BaggageTooLarge {
    /// What it would take, in bytes.
    pub size: usize,
}

impl fmt::Display for BaggageTooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { size } = self;
        write!(
            f,
            "baggage of {size} bytes is too large: it may take {ROOM}, names and values together"
        )
    }
}

impl Error for BaggageTooLarge {}

impl fmt::Debug for CallContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("CallContext");
        self.trace().iter().for_each(|it| _ = debug.field("trace", &it.to_string()));
        let names: Vec<_> = self.items().map(|it| it.0).collect();
        // The values may be nobody's business.
        debug.field("baggage", &names).finish()
    }
}

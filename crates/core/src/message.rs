//! What is sent, and what it answers.

use std::{fmt, time::Duration};

/// Something that can be sent to an actor. The reply type belongs to the message.
///
/// Usually derived; the expansion is what you would write:
///
/// ```
/// # extern crate ghostlight_core as ghostlight;
/// use ghostlight::Message;
///
/// #[derive(Message)]
/// #[message(reply = i64, wire = "bank.balance.v1")]
/// struct Balance;
///
/// // The same by hand:
/// struct Total;
/// impl Message for Total {
///     type Reply = i64;
/// }
///
/// assert_eq!(Balance::WIRE.unwrap().to_string(), "bank.balance.v1");
/// assert!(Total::WIRE.is_none());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a message",
    label = "this cannot be sent to an actor",
    note = "add `#[derive(Message)]` to `{Self}`, with `#[message(reply = ..)]` if it is answered"
)]
pub trait Message: Sized + Send + 'static {
    /// What the handler answers; `()` for a message that asks nothing.
    type Reply: Send + 'static;

    /// Its name on a wire. Without one it never leaves this process.
    const WIRE: Option<WireName> = None;

    /// How long an ask with this message waits, where the call does not say; `None` leaves it to
    /// the actor, and then to the system.
    const DEADLINE: Option<Duration> = None;

    /// Whether a reply that nobody reads should be reported, because it tells of an error.
    ///
    /// The derive answers with `is_err` where the reply is written as a `Result`.
    fn is_error(reply: &Self::Reply) -> bool {
        _ = reply;
        false
    }
}

/// The name by which a message type is known outside this process: a label, chosen by its author
/// and never derived from where the type lives.
///
/// ```
/// use ghostlight_core::WireName;
///
/// let name = WireName::new("bank.balance", 2);
/// assert_eq!(name.to_string(), "bank.balance.v2");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct WireName {
    name: &'static str,
    version: u16,
}

impl WireName {
    /// The name `name` in its version `version`.
    #[must_use]
    pub const fn new(name: &'static str, version: u16) -> Self {
        Self { name, version }
    }

    /// The name without its version.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// The version, raised when old readers cannot read the new form.
    #[must_use]
    pub const fn version(self) -> u16 {
        self.version
    }
}

impl fmt::Display for WireName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.v{}", self.name, self.version)
    }
}

/// A line of an actor's declared surface: one message type that it handles.
///
/// ```
/// # extern crate ghostlight_core as ghostlight;
/// use ghostlight::{Actor, Context, Handler, Message, surface};
///
/// #[derive(Message)]
/// struct Ping;
/// #[derive(Actor)]
/// #[actor(handles(Ping))]
/// struct Echo;
/// impl Handler<Ping> for Echo {
///     async fn handle(&mut self, _: Ping, _: &mut Context<'_, Self>) {}
/// }
///
/// assert!(surface::<Echo>()[0].type_name.ends_with("Ping"));
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct MessageType {
    /// The Rust type, as a label for people.
    pub type_name: &'static str,
    /// The name on a wire, where it has one.
    pub wire: Option<WireName>,
    /// Whether handling it only reads the actor.
    pub reads: bool,
}

impl MessageType {
    pub(crate) const fn new(type_name: &'static str, wire: Option<WireName>, reads: bool) -> Self {
        Self { type_name, wire, reads }
    }
}

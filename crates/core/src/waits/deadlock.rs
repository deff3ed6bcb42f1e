//! A circle of waits, told to the one who would have closed it.

use std::{error::Error, fmt, sync::Arc};

use super::graph::WaitFor;
use crate::ActorId;

/// One actor that waits for another, or for a task; or a task that does.
///
/// A task stands there under an id with the generation zero, which no actor has.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct WaitInfo {
    /// Who waits, inside a handler or hook.
    pub actor: ActorId,
    /// What that is called.
    pub name: Arc<str>,
    /// For whom.
    pub on: ActorId,
    /// What for.
    pub what: WaitFor,
    /// The type of the message that was asked or sent, as a label; of no message, empty.
    pub message_type: &'static str,
}

/// A wait that was refused because it could never have ended: it would have closed a circle.
///
/// Whoever gets this has waited for nothing, and goes on; so do the others in the circle.
///
/// ```
/// # extern crate ghostlight_core as ghostlight;
/// # use ghostlight::{Actor, AskError, Context, Handler, Message, System};
/// #[derive(Message)]
/// #[message(reply = String)]
/// struct Why;
///
/// #[derive(Actor)]
/// #[actor(handles(Why))]
/// struct Narcissus;
///
/// impl Handler<Why> for Narcissus {
///     async fn handle(&mut self, _: Why, cx: &mut Context<'_, Self>) -> String {
///         match cx.me().ask(Why).await {
///             Err(error @ AskError::Deadlock { .. }) => error.to_string(),
///             _ => unreachable!("an actor that waits for itself waits for ever"),
///         }
///     }
/// }
/// # let system = System::new("docs");
/// let narcissus = system.spawn(Narcissus);
/// let why = system.block_on(narcissus.ask(Why).into_future()).unwrap();
/// assert!(why.starts_with("deadlock: Narcissus"), "{why}");
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct Deadlock(Arc<Vec<WaitInfo>>);

impl Deadlock {
    /// The circle `waits`, told from its lowest id on.
    pub(crate) fn new(mut waits: Vec<WaitInfo>) -> Self {
        let lowest = waits.iter().enumerate().min_by_key(|it| it.1.actor).map_or(0, |it| it.0);
        waits.rotate_left(lowest);
        Self(Arc::new(waits))
    }

    /// The circle: each waits for the next, and the last for the first. It begins with the lowest id.
    #[must_use]
    pub fn cycle(&self) -> &[WaitInfo] {
        &self.0
    }
}

impl fmt::Display for Deadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("deadlock: ")?;
        for (n, wait) in self.0.iter().enumerate() {
            let WaitInfo { name, actor, what, message_type, .. } = wait;
            let message = short(message_type);
            write!(f, "{} {actor}{} ", short(name), if n == 0 { "" } else { ", which" })?;
            match what {
                WaitFor::Reply => write!(f, "waits for the reply to {message} of ")?,
                WaitFor::Room => write!(f, "waits for room for {message} in ")?,
                WaitFor::Start => f.write_str("waits for the start of ")?,
                WaitFor::End | WaitFor::Task => f.write_str("waits for the end of ")?,
            }
        }
        match self.0.as_slice() {
            [_] => f.write_str("itself"),
            [first, ..] => write!(f, "{} {}", short(&first.name), first.actor),
            [] => Ok(()),
        }
    }
}

/// The last part of a path; all of what is none.
fn short(label: &str) -> &str {
    if label.contains('<') { label } else { label.rsplit("::").next().unwrap_or(label) }
}

impl fmt::Debug for Deadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for Deadlock {}

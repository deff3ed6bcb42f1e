//! Asking: the request, the place where it meets its reply, and who may give that.

mod caller;
mod cell;
mod port;
mod request;

pub(crate) use caller::{Parked, Tried, ask_on_caller};
pub use cell::{Answers, AskCell, Outcome};
pub(crate) use cell::{Begun, Expire, NEVER, NotBegun, Skipped};
pub use port::ReplyPort;
pub(crate) use port::{Asker, Waiting, fell, fell_with, take_fallen};
pub use request::{Ask, Asking};

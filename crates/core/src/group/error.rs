//! What joining a group can end in, other than well.

use std::{error::Error, fmt};

/// An actor that did not come into a group; from [`Group::join`](super::Group::join).
///
/// ```
/// # extern crate ghostlight_core as ghostlight;
/// # use ghostlight::{Actor, Context, Handler, JoinGroupError, Message, System};
/// # #[derive(Message)] struct Closing;
/// # #[derive(Actor)] #[actor(handles(Closing))] struct Till;
/// # impl Handler<Closing> for Till {
/// #     async fn handle(&mut self, _: Closing, _: &mut Context<'_, Self>) {}
/// # }
/// # let system = System::new("shop");
/// let till = system.spawn(Till);
/// till.stop();
/// assert_eq!(system.group("tills").join(&till), Err(JoinGroupError::Ended));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum JoinGroupError {
    /// The actor has ended or was told to.
    Ended,
    /// The actor lives in another system, in this process or elsewhere.
    Elsewhere,
}

impl fmt::Display for JoinGroupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ended => "the actor is ending; let one join that is alive",
            Self::Elsewhere => "the actor is of another system; let it join a group there",
        })
    }
}

impl Error for JoinGroupError {}

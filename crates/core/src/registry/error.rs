//! What giving a name, or asking for one, can end in, other than well.

use std::{error::Error, fmt, sync::Arc};

use crate::ActorId;

/// A name that was not given; from [`System::register`](crate::System::register).
///
/// ```
/// # use ghostlight_core as ghostlight;
/// # use ghostlight::{Actor, RegisterError, System};
/// # struct Till;
/// # impl Actor for Till { type Protocol = (); }
/// # let system = System::new("shop");
/// let till = system.spawn(Till);
/// till.stop();
/// let error = system.register("till", &till).unwrap_err();
/// assert_eq!(error, RegisterError::Ended { name: "till".into() });
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RegisterError {
    /// Another actor has the name, and keeps it.
    Taken {
        /// The name.
        name: Arc<str>,
        /// Who has it.
        by: ActorId,
    },
    /// The actor has ended or was told to.
    Ended {
        /// The name.
        name: Arc<str>,
    },
    /// The actor lives in another system, in this process or elsewhere.
    Elsewhere {
        /// The name.
        name: Arc<str>,
    },
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken { name, by } => {
                write!(f, "the name `{name}` is taken by {by}; choose another, or unregister it")
            }
            Self::Ended { name } => {
                write!(f, "the actor to be called `{name}` is ending; register one that is alive")
            }
            Self::Elsewhere { name } => {
                write!(f, "the actor to be called `{name}` is of another system; register it there")
            }
        }
    }
}

impl Error for RegisterError {}

/// A name that led to nobody; from [`System::lookup`](crate::System::lookup) and
/// [`System::lookup_or_spawn`](crate::System::lookup_or_spawn).
///
/// ```
/// # use ghostlight_core as ghostlight;
/// # use ghostlight::{Actor, LookupError, System};
/// # struct Till;
/// # impl Actor for Till { type Protocol = (); }
/// # let system = System::new("shop");
/// let error = system.lookup::<Till>("till").unwrap_err();
/// assert_eq!(error, LookupError::NotFound { name: "till".into() });
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum LookupError {
    /// Nobody has the name, or who has it is ending.
    NotFound {
        /// The name.
        name: Arc<str>,
    },
    /// Whoever has the name is an actor of another type.
    WrongType {
        /// The name.
        name: Arc<str>,
        /// The label of what has it.
        is: &'static str,
        /// The label of what was asked for.
        wanted: &'static str,
    },
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { name } => {
                write!(f, "nobody alive is called `{name}`; register an actor, or spawn one")
            }
            Self::WrongType { name, is, wanted } => {
                write!(f, "`{name}` is a `{is}`, not a `{wanted}`; look it up as what it is")
            }
        }
    }
}

impl Error for LookupError {}

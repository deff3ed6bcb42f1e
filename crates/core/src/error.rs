//! What sending can end in, other than well.

use std::{error::Error, fmt};

use crate::{Deadlock, Failure, HandlerTimeout, mailbox::Overflow};

/// Whether what was sent may have run: the question before asking again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "there is no third answer")]
pub enum Delivery {
    /// It did not run and never will.
    Never,
    /// It may have run, wholly or in part.
    Unknown,
}

/// Why a message was not taken. It did not run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Refused {
    /// The mailbox has no room, and its rule or the call is not to wait for any.
    Full,
    /// The actor has ended, or has been told to.
    Stopped,
    /// An ask that lost its place to the mailbox's overflow rule.
    Shed(Overflow),
    /// Something between here and the actor said no.
    Rejected {
        /// Who said no.
        by: &'static str,
        /// Why.
        reason: &'static str,
    },
}

impl Refused {
    /// Whether the same call may succeed later.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::Full | Self::Shed(_))
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("mailbox full"),
            Self::Stopped => f.write_str("the actor has stopped"),
            Self::Shed(policy) => write!(f, "shed by a full mailbox that {policy}"),
            Self::Rejected { by, reason } => write!(f, "rejected by {by}: {reason}"),
        }
    }
}

/// A tell that did not deliver. It never ran, and the message is in here.
///
/// ```
/// # extern crate ghostlight_core as ghostlight;
/// # use ghostlight::{Actor, Context, Handler, Message, System};
/// # #[derive(Actor)] #[actor(handles(Note))] struct Diary;
/// # impl Handler<Note> for Diary {
/// #     async fn handle(&mut self, _: Note, _: &mut Context<'_, Self>) {}
/// # }
/// #[derive(Message)]
/// struct Note(&'static str);
///
/// let system = System::new("errors");
/// let diary = system.spawn(Diary);
/// diary.kill();
/// let error = diary.try_tell(Note("dear me")).unwrap_err();
/// assert_eq!(error.to_string(), "the actor has stopped");
/// assert_eq!(error.into_message().unwrap().0, "dear me");
/// ```
#[non_exhaustive]
pub enum TellError<M> {
    /// Not taken.
    Refused {
        /// Why not.
        why: Refused,
        /// The message; absent only where it was given up on another node.
        message: Option<M>,
    },
    /// No room came within the time that the call allowed.
    Deadline {
        /// The message.
        message: M,
    },
    /// Waiting for room would never have ended.
    Deadlock {
        /// The circle of waits that this would have closed.
        cycle: Deadlock,
        /// The message.
        message: M,
    },
}

impl<M> TellError<M> {
    /// Always [`Delivery::Never`]: what a tell gives back did not run.
    #[must_use]
    pub const fn delivery(&self) -> Delivery {
        Delivery::Never
    }

    /// Whether the same call may succeed later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Refused { why, .. } => why.is_retryable(),
            Self::Deadline { .. } => true,
            Self::Deadlock { .. } => false,
        }
    }

    /// Why it was not taken; `None` if time ran out, or would have for ever.
    #[must_use]
    pub const fn refused(&self) -> Option<Refused> {
        match self {
            Self::Refused { why, .. } => Some(*why),
            Self::Deadline { .. } | Self::Deadlock { .. } => None,
        }
    }

    /// The message that was not delivered.
    #[must_use]
    pub fn into_message(self) -> Option<M> {
        match self {
            Self::Refused { message, .. } => message,
            Self::Deadline { message } | Self::Deadlock { message, .. } => Some(message),
        }
    }
}

impl<M> fmt::Display for TellError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { why, .. } => fmt::Display::fmt(why, f),
            Self::Deadline { .. } => f.write_str("no room in the mailbox before the deadline"),
            Self::Deadlock { cycle, .. } => fmt::Display::fmt(cycle, f),
        }
    }
}

impl<M> fmt::Debug for TellError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { why, .. } => f.debug_tuple("Refused").field(why).finish(),
            Self::Deadline { .. } => f.write_str("Deadline"),
            Self::Deadlock { cycle, .. } => f.debug_tuple("Deadlock").field(cycle).finish(),
        }
    }
}

impl<M> Error for TellError<M> {}

/// An ask that got no reply.
#[non_exhaustive]
pub enum AskError<M> {
    /// Not taken. It never ran.
    Refused {
        /// Why not.
        why: Refused,
        /// The message; absent where it was already given up elsewhere.
        message: Option<M>,
    },
    /// Time ran out.
    Deadline {
        /// The message, if it had not begun to run, and then it never will; `None` if it had.
        message: Option<M>,
    },
    /// Waiting for the reply would never have ended.
    Deadlock {
        /// The circle of waits that this would have closed.
        cycle: Deadlock,
        /// The message, which was not sent; `None` if somebody had begun to handle it, and passed it on
        /// to one who closed the circle.
        message: Option<M>,
    },
    /// The handler panicked, or declared a failure.
    Failed(Failure),
    /// The handler took longer than it may, and was dropped where it awaited; in here is what was done.
    HandlerTimeout(Box<HandlerTimeout>),
    /// The handler put the answer off and then dropped it.
    NoReply,
    /// The actor ended while the request was running.
    Lost,
}

impl<M> AskError<M> {
    /// Whether the request may have run.
    #[must_use]
    pub const fn delivery(&self) -> Delivery {
        match self {
            Self::Refused { .. }
            | Self::Deadline { message: Some(_) }
            | Self::Deadlock { message: Some(_), .. } => Delivery::Never,
            Self::Deadline { message: None }
            | Self::Deadlock { message: None, .. }
            | Self::Failed(_)
            | Self::HandlerTimeout(_)
            | Self::NoReply
            | Self::Lost => Delivery::Unknown,
        }
    }

    /// Whether asking again can help and does no harm: the request did not run, and the reason
    /// may pass.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Refused { why, .. } => why.is_retryable(),
            Self::Deadline { message } => message.is_some(),
            Self::Deadlock { .. }
            | Self::Failed(_)
            | Self::HandlerTimeout(_)
            | Self::NoReply
            | Self::Lost => false,
        }
    }

    /// Why it was not taken, where it was refused.
    #[must_use]
    pub const fn refused(&self) -> Option<Refused> {
        match self {
            Self::Refused { why, .. } => Some(*why),
            Self::Deadline { .. }
            | Self::Deadlock { .. }
            | Self::Failed(_)
            | Self::HandlerTimeout(_)
            | Self::NoReply
            | Self::Lost => None,
        }
    }

    /// The failure of the handler, where that is what happened.
    #[must_use]
    pub const fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Failed(failure) => Some(failure),
            Self::Refused { .. }
            | Self::Deadline { .. }
            | Self::Deadlock { .. }
            | Self::HandlerTimeout(_)
            | Self::NoReply
            | Self::Lost => None,
        }
    }

    /// The message, where it did not run and is still whole.
    #[must_use]
    pub fn into_message(self) -> Option<M> {
        match self {
            Self::Refused { message, .. }
            | Self::Deadline { message }
            | Self::Deadlock { message, .. } => message,
            Self::Failed(_) | Self::HandlerTimeout(_) | Self::NoReply | Self::Lost => None,
        }
    }

    /// The same end, told to the asker of another message that was passed on as this one.
    pub(crate) fn without_message<N>(self) -> AskError<N> {
        match self {
            Self::Refused { why, .. } => AskError::Refused { why, message: None },
            Self::Deadline { .. } => AskError::Deadline { message: None },
            Self::Deadlock { cycle, .. } => AskError::Deadlock { cycle, message: None },
            Self::Failed(failure) => AskError::Failed(failure),
            Self::HandlerTimeout(timeout) => AskError::HandlerTimeout(timeout),
            Self::NoReply => AskError::NoReply,
            Self::Lost => AskError::Lost,
        }
    }
}

impl<M> From<HandlerTimeout> for AskError<M> {
    fn from(timeout: HandlerTimeout) -> Self {
        Self::HandlerTimeout(Box::new(timeout))
    }
}

impl<M> fmt::Display for AskError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { why, .. } => fmt::Display::fmt(why, f),
            Self::Deadline { message: Some(_) } => {
                f.write_str("deadline passed before the request began")
            }
            Self::Deadline { message: None } => {
                f.write_str("deadline passed while the request was running")
            }
            Self::Deadlock { cycle, .. } => fmt::Display::fmt(cycle, f),
            Self::Failed(failure) => write!(f, "the handler failed: {failure}"),
            Self::HandlerTimeout(timeout) => fmt::Display::fmt(timeout, f),
            Self::NoReply => f.write_str("the reply was put off and then dropped"),
            Self::Lost => f.write_str("the actor ended while the request was running"),
        }
    }
}

impl<M> fmt::Debug for AskError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { why, .. } => f.debug_tuple("Refused").field(why).finish(),
            Self::Deadline { message } => {
                f.debug_struct("Deadline").field("begun", &message.is_none()).finish()
            }
            Self::Deadlock { cycle, .. } => f.debug_tuple("Deadlock").field(cycle).finish(),
            Self::Failed(failure) => f.debug_tuple("Failed").field(failure).finish(),
            Self::HandlerTimeout(timeout) => fmt::Debug::fmt(timeout, f),
            Self::NoReply => f.write_str("NoReply"),
            Self::Lost => f.write_str("Lost"),
        }
    }
}

impl<M> Error for AskError<M> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let error: &(dyn Error + 'static) = self.failure()?.cause().error()?;
        Some(error)
    }
}

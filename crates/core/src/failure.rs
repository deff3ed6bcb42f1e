//! What went wrong in an actor, as data.

use std::{any::Any, error::Error, fmt, sync::Arc};

use crate::{ActorId, StopReason};

/// What went wrong in an actor, and whether starting afresh can help.
///
/// Made from any error with `?` or [`From`], which is recoverable; cloning shares it.
///
/// ```
/// use ghostlight_core::Failure;
///
/// let io: Failure = std::io::Error::other("disk gone").into();
/// assert_eq!(io.to_string(), "disk gone");
/// assert!(matches!(Failure::fatal("wrong schema"), Failure::Fatal(_)));
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub enum Failure {
    /// A new incarnation may do better.
    Recoverable(Cause),
    /// Every new incarnation would fail the same way.
    Fatal(Cause),
}

/// Why: a panic's text, an error with its chain, or the end of a child.
///
/// Shown, it tells its own level; [`chain`](Self::chain) walks down to the first cause.
#[derive(Clone)]
pub struct Cause(Arc<Inner>);

enum Inner {
    Panic(String),
    Text(String),
    Error(Box<dyn Error + Send + Sync>),
    /// A child ended for good; the text says who and how, the cause why.
    Child(String, Option<Cause>),
}

impl Failure {
    /// A recoverable failure told in words.
    #[must_use]
    pub fn recoverable(text: impl Into<String>) -> Self {
        Self::Recoverable(Cause::new(Inner::Text(text.into())))
    }

    /// A fatal failure told in words.
    #[must_use]
    pub fn fatal(text: impl Into<String>) -> Self {
        Self::Fatal(Cause::new(Inner::Text(text.into())))
    }

    /// Why it failed.
    #[must_use]
    pub const fn cause(&self) -> &Cause {
        match self {
            Self::Recoverable(cause) | Self::Fatal(cause) => cause,
        }
    }

    /// The failure of an owner, one of whose children has ended for good.
    pub(crate) fn of_child(name: &str, id: ActorId, reason: &StopReason) -> Self {
        let text = format!("child {name} ({id}) ended for good: {}", reason.headline());
        let below = reason.failure().map(|it| it.cause().clone());
        Self::Recoverable(Cause::new(Inner::Child(text, below)))
    }

    pub(crate) fn panicked(payload: &(dyn Any + Send)) -> Self {
        let text = payload
            .downcast_ref::<&str>()
            .map(ToString::to_string)
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "a panic without a text".to_owned());
        Self::Recoverable(Cause::new(Inner::Panic(text)))
    }
}

impl Cause {
    fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// Whether it was a panic, rather than a failure that was returned or declared.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(&*self.0, Inner::Panic(_))
    }

    /// The error it was made from, with its own chain of sources.
    #[must_use]
    pub fn error(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        match &*self.0 {
            Inner::Error(error) => Some(&**error),
            Inner::Panic(_) | Inner::Text(_) | Inner::Child(..) => None,
        }
    }

    /// What it followed from, where a child failed first.
    #[must_use]
    pub fn below(&self) -> Option<&Self> {
        match &*self.0 {
            Inner::Child(_, below) => below.as_ref(),
            Inner::Panic(_) | Inner::Text(_) | Inner::Error(_) => None,
        }
    }

    /// This cause, then what it followed from, down to the first.
    ///
    /// ```
    /// use ghostlight_core::Failure;
    ///
    /// fn log(failure: &Failure) {
    ///     for cause in failure.cause().chain() {
    ///         eprintln!("because {cause}");
    ///     }
    /// }
    /// # log(&Failure::recoverable("the disk is full"));
    /// ```
    ///
    /// Only ends of children make it longer; the sources of an [`error`](Self::error) are its own.
    pub fn chain(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |it| it.below())
    }

    /// What went wrong first.
    #[must_use]
    pub fn root(&self) -> &Self {
        self.chain().last().unwrap_or(self)
    }
}

impl Drop for Inner {
    /// One after the other: a failure that climbed ten thousand owners must not take as many stack
    /// frames to be dropped.
    fn drop(&mut self) {
        let mut next = self.take_below();
        while let Some(cause) = next {
            next = Arc::into_inner(cause.0).and_then(|mut it| it.take_below());
        }
    }
}

impl Inner {
    const fn take_below(&mut self) -> Option<Cause> {
        match self {
            Self::Child(_, below) => below.take(),
            Self::Panic(_) | Self::Text(_) | Self::Error(_) => None,
        }
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Recoverable(Cause::new(Inner::Error(Box::new(error))))
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Inner::Panic(text) | Inner::Text(text) | Inner::Child(text, _) => f.write_str(text),
            Inner::Error(error) => fmt::Display::fmt(error, f),
        }
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Inner::Panic(text) => write!(f, "panic: {text:?}"),
            Inner::Text(text) | Inner::Child(text, _) => fmt::Debug::fmt(text, f),
            Inner::Error(error) => fmt::Debug::fmt(error, f),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.cause(), f)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recoverable(cause) => write!(f, "Recoverable({cause:?})"),
            Self::Fatal(cause) => write!(f, "Fatal({cause:?})"),
        }
    }
}

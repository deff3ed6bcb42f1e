//! What went wrong in an actor, as data.

use std::{any::Any, error::Error, fmt, sync::Arc};

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

/// Why: a panic's text or an error with its chain.
#[derive(Clone)]
pub struct Cause(Arc<Inner>);

enum Inner {
    Panic(String),
    Text(String),
    Error(Box<dyn Error + Send + Sync>),
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
            Inner::Panic(_) | Inner::Text(_) => None,
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
            Inner::Panic(text) | Inner::Text(text) => f.write_str(text),
            Inner::Error(error) => fmt::Display::fmt(error, f),
        }
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Inner::Panic(text) => write!(f, "panic: {text:?}"),
            Inner::Text(text) => fmt::Debug::fmt(text, f),
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

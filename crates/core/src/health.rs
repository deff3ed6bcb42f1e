//! How well something is.

use std::{fmt, sync::Arc};

/// How well an actor, or a group of children, is.
///
/// ```
/// use ghostlight_core::Health;
///
/// let health = Health::degraded("the replica is behind");
/// assert!(!health.is_healthy());
/// assert_eq!(health.to_string(), "degraded: the replica is behind");
/// ```
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "whoever decides by health must decide about each")]
pub enum Health {
    /// It does what it is for.
    #[default]
    Healthy,
    /// It does part of it, or slowly.
    Degraded(Arc<str>),
    /// It does not.
    Unhealthy(Arc<str>),
}

impl Health {
    /// It does what it is for in part, or slowly, and this is why.
    pub fn degraded(why: impl Into<Arc<str>>) -> Self {
        Self::Degraded(why.into())
    }

    /// It does not do what it is for, and this is why.
    pub fn unhealthy(why: impl Into<Arc<str>>) -> Self {
        Self::Unhealthy(why.into())
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_healthy(&self) -> bool {
        matches!(self, Self::Healthy)
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Healthy => f.write_str("healthy"),
            Self::Degraded(why) => write!(f, "degraded: {why}"),
            Self::Unhealthy(why) => write!(f, "unhealthy: {why}"),
        }
    }
}

//! A file that could not be read as a page, and why.

use core::fmt;
use std::io;

use serde::{Serialize, Serializer};

use super::page::{MAX_DEPTH, TooDeep};

/// Sorted by path, so that equal crawls report equal lists.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) struct Failed {
    /// Relative to the tree's root.
    pub(crate) path: String,
    pub(crate) reason: Reason,
}

/// Why a file costs the crawl nothing but itself.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Reason {
    Unreadable(io::ErrorKind),
    TooLarge {
        bytes: u64,
        limit: u64,
    },
    NotUtf8 {
        at: usize,
    },
    /// A name that no link can spell.
    NameNotUtf8,
    TooDeep,
    /// The parser did not survive it, or was too late with the pages it was among.
    NotParsed {
        why: String,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(kind) => write!(f, "unreadable: {kind}"),
            Self::TooLarge { bytes, limit } => {
                write!(f, "too large: {bytes} bytes where {limit} are allowed")
            }
            Self::NotUtf8 { at } => write!(f, "not UTF-8 from byte {at} on"),
            Self::NameNotUtf8 => f.write_str("its name is not UTF-8"),
            Self::TooDeep => write!(f, "more than {MAX_DEPTH} elements open within each other"),
            Self::NotParsed { why } => write!(f, "not parsed: {why}"),
        }
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl From<io::Error> for Reason {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error.kind())
    }
}

impl From<TooDeep> for Reason {
    fn from(TooDeep: TooDeep) -> Self {
        Self::TooDeep
    }
}

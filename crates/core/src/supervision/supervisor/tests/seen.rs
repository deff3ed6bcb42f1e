//! An effect as it is compared: what is done, to whom, why.

use std::{fmt, time::Duration};

use super::super::{Effect, Key};
use crate::{Failure, Health, StopReason};

/// An effect, with its reason as a word.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in super::super) struct Seen {
    pub(in super::super) what: &'static str,
    pub(in super::super) key: Option<Key>,
    pub(in super::super) why: &'static str,
    pub(in super::super) delay: Option<Duration>,
}

impl Seen {
    pub(in super::super) const fn of(what: &'static str, key: Key, why: &'static str) -> Self {
        Self { what, key: Some(key), why, delay: None }
    }

    pub(in super::super) const fn group(what: &'static str) -> Self {
        Self { what, key: None, why: "", delay: None }
    }
}

pub(in super::super) fn seen(effect: &Effect) -> Seen {
    match effect {
        Effect::Start(key) => Seen::of("start", *key, ""),
        Effect::Retire(key) => Seen::of("retire", *key, ""),
        Effect::Halt(key, why) => Seen::of("halt", *key, word(why)),
        Effect::Shut(key) => Seen::of("shut", *key, ""),
        Effect::Kill(key) => Seen::of("kill", *key, ""),
        Effect::Forget(key, why) => Seen::of("forget", *key, word(why)),
        Effect::Fail(key, why) => Seen::of("fail", *key, word(why)),
        Effect::Restarting(key, record) => {
            Seen { delay: Some(record.delay), ..Seen::of("restarting", *key, word(&record.why)) }
        }
        Effect::GaveUp(key, why) => Seen::of("gave-up", *key, word(why)),
        Effect::Abandon(key) => Seen::of("abandon", *key, ""),
        Effect::Health(Health::Healthy) => Seen::group("healthy"),
        Effect::Health(_) => Seen::group("unhealthy"),
        Effect::Closed => Seen::group("closed"),
    }
}

pub(in super::super) fn word(reason: &StopReason) -> &'static str {
    match reason {
        StopReason::Normal => "normal",
        StopReason::Stopped(_) => "stopped",
        StopReason::Restart => "restart",
        StopReason::OwnerEnded => "owner-ended",
        StopReason::Killed => "killed",
        StopReason::Failed(Failure::Fatal(_)) => "fatal",
        StopReason::Failed(_) => "failed",
        StopReason::LimitExhausted(_) => "exhausted",
        StopReason::Vetoed(_) => "vetoed",
        StopReason::Unknown => "unknown",
        _ => "other",
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)?;
        if let Some(key) = self.key {
            write!(f, " {key}")?;
        }
        if !self.why.is_empty() {
            write!(f, " {}", self.why)?;
        }
        match self.delay {
            Some(delay) => write!(f, " in {delay:?}"),
            None => Ok(()),
        }
    }
}

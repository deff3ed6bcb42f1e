//! How far the cancellation of one task has come: a pure machine.
//!
//! Cancelling has two stages. A request is a level: once made, it stands. When the grace period after
//! it is over the task is aborted, which is put off while a shield stands, for so long at most.

use std::time::Duration;

use ghostlight_rt::Instant;

use super::TaskState;

/// How long the stages of cancelling take, and when it begins by itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) grace: Duration,
    pub(crate) shield_max: Duration,
    pub(crate) deadline: Option<Instant>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { grace: Duration::from_secs(5), shield_max: Duration::from_secs(30), deadline: None }
    }
}

/// What binds a task to whoever holds its handle.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Tenure {
    /// Nothing: its owner ends it.
    Owned,
    /// It is cancelled when the handle is dropped.
    Free,
    /// Nothing, and nobody but the system owns it.
    Detached,
}

/// What is to be done with a task now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    /// It goes on; asked again then, if ever.
    Run(Option<Instant>),
    /// It was cancelled before it began, and is dropped.
    Skip,
    /// It has had its time, and is dropped.
    Abort,
}

/// How far the cancellation of one task has come.
#[derive(Debug)]
pub(super) struct Standing {
    limits: Limits,
    /// It gives its thread back, so that it can be dropped.
    can_abort: bool,
    has_begun: bool,
    requested: Option<Instant>,
    /// It has been told of the request.
    has_seen: bool,
    n_shields: u32,
    /// Its time is over, whatever shields it.
    is_over: bool,
}

impl Standing {
    pub(super) const fn new(limits: Limits, can_abort: bool) -> Self {
        Self {
            limits,
            can_abort,
            has_begun: false,
            requested: None,
            has_seen: false,
            n_shields: 0,
            is_over: false,
        }
    }

    /// Asks it to end; true if that is news.
    pub(super) fn request(&mut self, now: Instant) -> bool {
        let is_news = self.requested.is_none();
        self.requested.get_or_insert(now);
        is_news
    }

    /// Ends its time, whatever shields it; true if that is news.
    pub(super) fn give_up(&mut self, now: Instant) -> bool {
        self.request(now);
        !std::mem::replace(&mut self.is_over, true)
    }

    pub(super) const fn is_requested(&self) -> bool {
        self.requested.is_some()
    }

    /// Tells the task whether it is to end, which it cannot unhear.
    pub(super) const fn tell(&mut self) -> bool {
        self.has_seen |= self.requested.is_some();
        self.has_seen
    }

    /// Whether the task has been told, so that an end of its own is an end by cancelling.
    pub(super) const fn has_seen(&self) -> bool {
        self.has_seen
    }

    pub(super) const fn add_shield(&mut self) {
        self.n_shields += 1;
    }

    pub(super) const fn remove_shield(&mut self) {
        self.n_shields -= 1;
    }

    pub(super) const fn state(&self) -> TaskState {
        match (self.requested, self.n_shields) {
            (None, _) => TaskState::Running,
            (Some(_), 0) => TaskState::Cancelling,
            (Some(_), _) => TaskState::Shielded,
        }
    }

    /// Decides what is to be done with the task, which is about to be polled or has been.
    pub(super) fn judge(&mut self, now: Instant) -> Verdict {
        if self.limits.deadline.is_some_and(|it| it <= now) {
            self.request(now);
        }
        let Some(requested) = self.requested else { return self.begin(self.limits.deadline) };
        if !self.has_begun {
            return Verdict::Skip;
        }
        if !self.can_abort {
            return Verdict::Run(None);
        }
        let patience = match self.n_shields {
            0 => Duration::ZERO,
            _ => self.limits.shield_max,
        };
        let end = requested + self.limits.grace + patience;
        if self.is_over || end <= now { Verdict::Abort } else { Verdict::Run(Some(end)) }
    }

    const fn begin(&mut self, until: Option<Instant>) -> Verdict {
        self.has_begun = true;
        Verdict::Run(until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        grace: Duration::from_secs(5),
        shield_max: Duration::from_secs(30),
        deadline: None,
    };

    fn at(seconds: u64) -> Instant {
        Instant::ORIGIN + Duration::from_secs(seconds)
    }

    fn begun(limits: Limits) -> Standing {
        let mut standing = Standing::new(limits, true);
        assert_eq!(standing.judge(at(0)), Verdict::Run(limits.deadline));
        standing
    }

    #[test]
    fn what_is_cancelled_before_it_began_never_begins() {
        let mut standing = Standing::new(LIMITS, true);
        assert!(standing.request(at(0)));
        assert_eq!(standing.judge(at(0)), Verdict::Skip);
    }

    #[test]
    fn a_request_is_news_once_and_its_grace_counts_from_the_first() {
        let mut standing = begun(LIMITS);
        assert!(standing.request(at(1)));
        assert!(!standing.request(at(3)));
        assert_eq!(standing.judge(at(3)), Verdict::Run(Some(at(6))));
        assert_eq!(standing.judge(at(6)), Verdict::Abort);
    }

    #[test]
    fn a_deadline_is_a_request_at_its_moment() {
        let mut standing = begun(Limits { deadline: Some(at(10)), ..LIMITS });
        assert_eq!(standing.judge(at(9)), Verdict::Run(Some(at(10))));
        assert_eq!(standing.judge(at(10)), Verdict::Run(Some(at(15))));
        assert!(standing.tell());
    }

    #[test]
    fn shields_put_off_the_end_until_the_last_is_gone_and_no_longer_than_they_may() {
        let mut standing = begun(LIMITS);
        standing.add_shield();
        standing.add_shield();
        standing.request(at(0));
        assert_eq!(standing.judge(at(5)), Verdict::Run(Some(at(35))));
        standing.remove_shield();
        assert_eq!(standing.judge(at(6)), Verdict::Run(Some(at(35))));
        assert_eq!(standing.state(), TaskState::Shielded);
        assert_eq!(standing.judge(at(35)), Verdict::Abort);
        standing.remove_shield();
        assert_eq!(standing.judge(at(6)), Verdict::Abort);
    }

    #[test]
    fn what_is_given_up_is_aborted_whatever_shields_it() {
        let mut standing = begun(LIMITS);
        standing.add_shield();
        assert!(standing.give_up(at(1)));
        assert_eq!(standing.judge(at(1)), Verdict::Abort);
    }

    #[test]
    fn what_holds_its_thread_is_asked_and_never_aborted() {
        let mut standing = Standing::new(LIMITS, false);
        assert_eq!(standing.judge(at(0)), Verdict::Run(None));
        standing.give_up(at(1));
        assert_eq!(standing.judge(at(100)), Verdict::Run(None));
    }

    #[test]
    fn only_what_was_told_has_seen_it() {
        let mut standing = begun(LIMITS);
        assert!(!standing.tell());
        standing.request(at(1));
        assert!(!standing.has_seen());
        assert!(standing.tell() && standing.has_seen());
    }
}

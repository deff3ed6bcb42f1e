//! The one place where it is decided what an end leads to.

use std::{sync::Arc, time::Duration};

use ghostlight_rt::Instant;

use super::{RestartWindow, Rules};
use crate::{Exhausted, Failure, StopReason};

/// After which ends a child is started again, as in OTP. A failure that is [fatal](Failure::Fatal),
/// and the end of its owner, are none of them.
///
/// ```
/// use ghostlight_core::Restart;
///
/// assert_eq!(Restart::default(), Restart::Permanent);
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Restart {
    /// After any end, but that nobody refers to it any more.
    #[default]
    Permanent,
    /// After a failure: a panic, a failure declared or met while starting, a kill.
    Transient,
    /// Never, not even together with its siblings; and its end never harms its owner.
    Temporary,
}

impl Restart {
    /// Whether another incarnation follows such an end. Where nobody is left to reach it, none does.
    pub(super) fn follows(self, reason: &StopReason) -> bool {
        match self {
            Self::Permanent => !matches!(reason, StopReason::Unreferenced),
            Self::Transient => reason.is_failure(),
            Self::Temporary => false,
        }
    }
}

/// What is done about a child whose incarnation has ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Verdict {
    /// It is started again.
    Restart {
        /// After this wait.
        after: Duration,
    },
    /// It has ended for good, and that is as it should be.
    Forget,
    /// It has ended for good, for this reason, and its owner must know.
    GiveUp(StopReason),
}

/// One restart of a child, remembered; from [`Children::history`](crate::Children::history), and told
/// to [`Observer::restarting`](crate::Observer::restarting).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RestartRecord {
    /// The incarnation that ended, counted from zero.
    pub incarnation: u32,
    /// When it ended.
    pub at: Instant,
    /// Why it ended.
    pub why: StopReason,
    /// How long after its end the next one was to begin.
    pub delay: Duration,
}

/// What is remembered of one child between its ends.
#[derive(Debug)]
pub(crate) struct Record {
    window: RestartWindow,
    /// How many restarts there were since it was last well.
    in_a_row: u32,
    /// Since when the present incarnation runs; `None` before it has started.
    since: Option<Instant>,
    /// Whether its restarts were spent, and no incarnation has proved itself since.
    is_on_trial: bool,
}

/// What restarts are taken from: the child's own budget, and its owner's, if there is one.
#[derive(Debug)]
pub(crate) struct Budget<'a> {
    pub(crate) record: &'a mut Record,
    pub(crate) owner: Option<&'a mut RestartWindow>,
}

impl Record {
    pub(crate) fn new(rules: &Rules) -> Self {
        Self { window: rules.window.fresh(), in_a_row: 0, since: None, is_on_trial: false }
    }

    /// The present incarnation has started.
    pub(crate) const fn started(&mut self, now: Instant) {
        self.since = Some(now);
    }

    /// The present incarnation has ended. If it ran for long enough, what came before is forgotten.
    pub(crate) fn ended(&mut self, rules: &Rules, now: Instant) {
        let was_well = self.since.take().is_some_and(|it| rules.backoff.is_health(now - it));
        if !was_well {
            return;
        }
        self.in_a_row = 0;
        if self.is_on_trial {
            self.is_on_trial = false;
            self.window = self.window.fresh();
        }
    }
}

/// What is done about an incarnation that has ended without having been told to.
pub(crate) fn judge(
    rules: &Rules,
    budget: Budget<'_>,
    reason: &StopReason,
    now: Instant,
    luck: f64,
) -> Verdict {
    let Budget { record, mut owner } = budget;
    record.ended(rules, now);
    if !rules.restart.follows(reason) {
        return Verdict::Forget;
    }
    if is_final(reason) {
        return Verdict::GiveUp(reason.clone());
    }
    if record.is_on_trial && reason.is_failure() {
        return Verdict::GiveUp(exhausted(&record.window, reason));
    }
    let mut windows = std::iter::once(&mut record.window).chain(owner.as_deref_mut());
    if let Some(spent) = windows.find_map(|it| (!it.has_room(now)).then_some(&*it)) {
        let Some(pause) = rules.trial_after.filter(|_| !record.is_on_trial) else {
            return Verdict::GiveUp(exhausted(spent, reason));
        };
        record.is_on_trial = true;
        return Verdict::Restart { after: pause };
    }
    record.window.take(now);
    if let Some(window) = owner {
        window.take(now);
    }
    record.in_a_row = record.in_a_row.saturating_add(1);
    Verdict::Restart { after: rules.backoff.delay(record.in_a_row, luck) }
}

/// What is done about an incarnation that was told to make room for the next: that it obeyed, or
/// failed in doing so, costs nothing, but what cannot get better does not come back.
pub(crate) fn judge_replaced(rules: &Rules, reason: &StopReason) -> Verdict {
    match (is_final(reason), rules.restart) {
        (false, _) => Verdict::Restart { after: Duration::ZERO },
        (true, Restart::Temporary) => Verdict::Forget,
        (true, Restart::Permanent | Restart::Transient) => Verdict::GiveUp(reason.clone()),
    }
}

/// Whether every further incarnation would end the same way.
fn is_final(reason: &StopReason) -> bool {
    match reason {
        StopReason::Vetoed(_) => true,
        StopReason::Failed(failure) | StopReason::StartFailed(failure) => is_fatal(failure),
        StopReason::StopFailed(both) => is_fatal(&both.failure) || is_final(&both.reason),
        _ => false,
    }
}

const fn is_fatal(failure: &Failure) -> bool {
    matches!(failure, Failure::Fatal(_))
}

fn exhausted(window: &RestartWindow, last: &StopReason) -> StopReason {
    let (restarts, within) = (window.max(), window.within());
    StopReason::LimitExhausted(Arc::new(Exhausted { restarts, within, last: last.clone() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ActorId, ChildSpec, LinkedEnd};

    const NOW: Instant = Instant::from_nanos(1_000_000_000);

    /// What permanent, transient and temporary children get for this end: `R`estart, `F`orget or
    /// `G`ive up.
    #[track_caller]
    fn check(reason: &StopReason, expected: &str) {
        let specs = [ChildSpec::permanent(), ChildSpec::transient(), ChildSpec::temporary()];
        let verdicts = specs.map(|it| {
            let rules = it.rules(Duration::ZERO);
            let mut record = Record::new(&rules);
            match judge(&rules, Budget { record: &mut record, owner: None }, reason, NOW, 0.5) {
                Verdict::Restart { .. } => 'R',
                Verdict::Forget => 'F',
                Verdict::GiveUp(_) => 'G',
            }
        });
        assert_eq!(verdicts.iter().collect::<String>(), expected, "{reason}");
    }

    fn once() -> Failure {
        Failure::recoverable("once")
    }

    fn always() -> Failure {
        Failure::fatal("always")
    }

    #[test]
    fn every_end_has_its_verdict() {
        check(&StopReason::Normal, "RFF");
        check(&StopReason::Stopped(None), "RFF");
        check(&StopReason::Restart, "RFF");
        check(&StopReason::OwnerEnded, "RFF");
        check(&StopReason::Unreferenced, "FFF");
        check(&StopReason::NeverStarted, "RFF");
        check(&StopReason::Killed, "RRF");
        check(&StopReason::Lost, "RRF");
        check(&StopReason::Failed(once()), "RRF");
        check(&StopReason::StartFailed(once()), "RRF");
        check(&StopReason::Normal.and_failed(once()), "RRF");
        check(&StopReason::Failed(always()), "GGF");
        check(&StopReason::StartFailed(always()), "GGF");
        check(&StopReason::Normal.and_failed(always()), "GGF");
        check(&StopReason::Failed(always()).and_failed(once()), "GGF");
        check(&StopReason::Vetoed(Arc::from("no disk")), "GGF");
    }

    #[test]
    fn what_is_fatal_to_a_linked_actor_is_not_to_this_one() {
        let id = ActorId::from_parts(1, 1, 1);
        let end = LinkedEnd { id, name: Arc::from("other"), reason: StopReason::Failed(always()) };
        check(&StopReason::Linked(Arc::new(end)), "RRF");
    }

    #[test]
    fn a_restart_that_one_of_two_budgets_refuses_costs_neither() {
        let rules = ChildSpec::permanent().window(RestartWindow::new(1, Duration::MAX));
        let rules = rules.rules(Duration::ZERO);
        let mut record = Record::new(&rules);
        let mut spent = RestartWindow::never();
        let mut judged = |owner: &mut RestartWindow| {
            let budget = Budget { record: &mut record, owner: Some(owner) };
            judge(&rules, budget, &StopReason::Killed, NOW, 0.5)
        };
        assert!(matches!(judged(&mut spent), Verdict::GiveUp(_)));
        let mut owner = RestartWindow::new(2, Duration::MAX);
        assert!(matches!(judged(&mut owner), Verdict::Restart { .. }));
        assert!(matches!(judged(&mut owner), Verdict::GiveUp(_)));
        assert!(owner.try_take(NOW), "the refusal of the child's own window cost its owner one");
    }

    #[test]
    fn making_room_costs_nothing_but_what_is_final_does_not_come_back() {
        let verdict = |spec: ChildSpec, reason: StopReason| {
            judge_replaced(&spec.rules(Duration::ZERO), &reason)
        };
        let kept = verdict(ChildSpec::transient(), StopReason::Normal);
        assert!(matches!(kept, Verdict::Restart { after: Duration::ZERO }));
        let kept = verdict(ChildSpec::temporary(), StopReason::Killed);
        assert!(matches!(kept, Verdict::Restart { .. }));
        let fatal = verdict(ChildSpec::permanent(), StopReason::Failed(always()));
        assert!(matches!(fatal, Verdict::GiveUp(_)));
        let fatal = verdict(ChildSpec::temporary(), StopReason::Failed(always()));
        assert!(matches!(fatal, Verdict::Forget));
    }
}

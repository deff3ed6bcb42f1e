//! What groups and children are set up with, in numbers that machine and reference both read.

use std::time::Duration;

use crate::{
    Backoff, ChildSpec, Restart, RestartWindow, Strategy, Supervision, supervision::Rules,
};

const MS: Duration = Duration::from_millis(1);

/// What a group is set up with.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    pub(super) seed: u64,
    pub(super) strategy: Strategy,
    pub(super) limit: Option<(u32, Duration)>,
    pub(super) least: usize,
    pub(super) must_fail: bool,
}

/// What a child is supervised by, in numbers that both sides can read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) restart: Restart,
    /// Spawned from a value: there is nothing to start it from again.
    pub(super) is_value: bool,
    pub(super) max: u32,
    pub(super) within: Duration,
    pub(super) wait: (Duration, Duration),
    pub(super) jitter: f64,
    pub(super) reset_after: Duration,
    pub(super) shutdown: Duration,
    pub(super) trial_after: Option<Duration>,
    pub(super) is_tolerated: bool,
}

impl Setting {
    pub(super) fn draw(strategy: Strategy, seed: u64, chance: &mut fastrand::Rng) -> Self {
        let limit = chance.bool().then_some((4, 5000 * MS));
        let least = if chance.bool() { 2 } else { 0 };
        Self { seed, strategy, limit, least, must_fail: chance.bool() }
    }

    pub(super) fn supervision(&self) -> Supervision {
        let group = match self.strategy {
            Strategy::OneForOne => Supervision::one_for_one(),
            Strategy::OneForAll => Supervision::one_for_all(),
            Strategy::RestForOne => Supervision::rest_for_one(),
        };
        let group = match self.limit {
            Some((max, within)) => group.limit(RestartWindow::new(max, within)),
            None => group,
        };
        match (self.least, self.must_fail) {
            (0, _) => group,
            (n, false) => group.min_healthy(n),
            (n, true) => group.min_healthy_or_fail(n),
        }
    }
}

impl Plan {
    pub(super) fn nth(which: usize) -> Self {
        let usual = Self {
            restart: Restart::Permanent,
            is_value: false,
            max: 3,
            within: 5000 * MS,
            wait: (100 * MS, 1000 * MS),
            jitter: 0.0,
            reset_after: 10_000 * MS,
            shutdown: 1000 * MS,
            trial_after: None,
            is_tolerated: false,
        };
        let trial_after = Some(7000 * MS);
        match which {
            0 | 1 => usual,
            2 => Self { jitter: 0.2, max: 9, ..usual },
            3 => Self { restart: Restart::Transient, ..usual },
            4 => Self { restart: Restart::Temporary, ..usual },
            5 => Self { restart: Restart::Temporary, is_value: true, ..usual },
            6 => Self { max: 1, within: 60_000 * MS, trial_after, reset_after: 6000 * MS, ..usual },
            7 => Self { wait: (Duration::ZERO, Duration::ZERO), is_tolerated: true, ..usual },
            _ => {
                Self { restart: Restart::Transient, shutdown: Duration::ZERO, jitter: 1.0, ..usual }
            }
        }
    }

    pub(super) fn rules(&self) -> Rules {
        let spec = match self.restart {
            Restart::Permanent => ChildSpec::permanent(),
            Restart::Transient => ChildSpec::transient(),
            Restart::Temporary => ChildSpec::temporary(),
        };
        let (min, max) = self.wait;
        let backoff = Backoff::default().min(min).max(max).jitter(self.jitter);
        let spec = spec
            .window(RestartWindow::new(self.max, self.within))
            .backoff(backoff.reset_after(self.reset_after));
        let spec = if self.is_tolerated { spec.tolerated() } else { spec };
        let spec = match self.trial_after {
            Some(pause) => spec.trial_after(pause),
            None => spec,
        };
        spec.rules(self.shutdown)
    }
}

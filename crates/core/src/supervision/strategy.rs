//! Whom a failing child takes along, and what its owner allows the group.

use super::RestartWindow;

/// Whom a failing child takes along when it is started again, as in OTP; see [`Supervision`].
///
/// ```text
/// started in this order    a  b  c  d      and then c fails:
///
/// OneForOne                a  b  C  d      c starts again
/// RestForOne               a  b  C  D      d stops;          then c and d start
/// OneForAll                A  B  C  D      d, b and a stop;  then a, b, c and d start
/// ```
///
/// Who is taken along ends with [`StopReason::Restart`](crate::StopReason::Restart), keeps its
/// queue, and pays nothing from its window. A temporary child does not come back from that.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Strategy {
    /// Nobody: each child is started again for itself.
    #[default]
    OneForOne,
    /// All its siblings: they stop in reverse order of start, and start in order.
    OneForAll,
    /// Those of its siblings that were started after it, in the same way.
    RestForOne,
}

/// How an owner supervises the group of its children. By default each for itself, with no limit
/// but each child's own, and healthy however few run.
///
/// ```
/// use std::time::Duration;
/// use ghostlight_core::{RestartWindow, Supervision};
///
/// let supervision = Supervision::rest_for_one()
///     .limit(RestartWindow::new(20, Duration::from_mins(1)))
///     .min_healthy(3);
/// # drop(supervision);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Supervision {
    pub(crate) strategy: Strategy,
    pub(crate) limit: Option<RestartWindow>,
    pub(crate) threshold: Threshold,
}

/// How many children must run, and what it means if fewer do.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Threshold {
    #[default]
    None,
    Report(usize),
    Fail(usize),
}

impl Supervision {
    /// A failing child is started again alone.
    pub fn one_for_one() -> Self {
        Self::by(Strategy::OneForOne)
    }

    /// A failing child takes all its siblings along.
    pub fn one_for_all() -> Self {
        Self::by(Strategy::OneForAll)
    }

    /// A failing child takes those siblings along that were started after it.
    pub fn rest_for_one() -> Self {
        Self::by(Strategy::RestForOne)
    }

    fn by(strategy: Strategy) -> Self {
        Self { strategy, ..Self::default() }
    }

    /// How many restarts are allowed in the whole group, besides what each child is allowed; no
    /// such limit by default.
    pub fn limit(mut self, window: RestartWindow) -> Self {
        self.limit = Some(window);
        self
    }

    /// The group is unhealthy while fewer than `n` children run, once so many have; 0 by default.
    pub const fn min_healthy(mut self, n: usize) -> Self {
        self.threshold = Threshold::Report(n);
        self
    }

    /// As [`min_healthy`](Self::min_healthy), and the owner fails when the group becomes unhealthy.
    pub const fn min_healthy_or_fail(mut self, n: usize) -> Self {
        self.threshold = Threshold::Fail(n);
        self
    }
}

impl Threshold {
    /// How many must run.
    pub(crate) const fn n(self) -> usize {
        match self {
            Self::None => 0,
            Self::Report(n) | Self::Fail(n) => n,
        }
    }
}

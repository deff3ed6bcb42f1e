//! What is to go wrong, and when: values in a plan.

use std::{fmt, time::Duration};

use ghostlight_rt::Rng;

/// Something that goes wrong.
///
/// An actor is named as it was spawned; without a name, any that lives will do, chosen by the seed.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// An actor is killed.
    Kill {
        /// Which.
        actor: Option<String>,
    },
    /// The incarnation of an actor fails, as if by a failure of its own.
    Fail {
        /// Whose.
        actor: Option<String>,
    },
    /// An actor is not given a turn for so long, as if its thread were taken away.
    Starve {
        /// Which.
        actor: Option<String>,
        /// How long.
        duration: Duration,
    },
    /// The clock on the wall jumps; the monotonic one does not.
    WallClock {
        /// Forwards, or backwards if negative.
        seconds: i64,
    },
}

impl Fault {
    /// Kills an actor of this name.
    #[must_use]
    pub fn kill(actor: impl Into<String>) -> Self {
        Self::Kill { actor: Some(actor.into()) }
    }

    /// Fails an actor of this name.
    #[must_use]
    pub fn fail(actor: impl Into<String>) -> Self {
        Self::Fail { actor: Some(actor.into()) }
    }

    /// Starves an actor of this name.
    #[must_use]
    pub fn starve(actor: impl Into<String>, duration: Duration) -> Self {
        Self::Starve { actor: Some(actor.into()), duration }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |actor: &Option<String>| actor.clone().unwrap_or_else(|| "somebody".into());
        match self {
            Self::Kill { actor } => write!(f, "kill {}", of(actor)),
            Self::Fail { actor } => write!(f, "fail {}", of(actor)),
            Self::Starve { actor, duration } => write!(f, "starve {} for {duration:?}", of(actor)),
            Self::WallClock { seconds } => write!(f, "the clock on the wall jumps by {seconds} s"),
        }
    }
}

/// When something goes wrong.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum When {
    /// So long after the plan was let loose.
    After(Duration),
    /// When the world has taken so many steps.
    Step(u64),
}

/// A list of faults, each with its time.
///
/// ```
/// use std::time::Duration;
/// use ghostlight_testkit::{Fault, Plan, World};
///
/// let world = World::seeded(1);
/// let plan = Plan::default()
///     .after(Duration::from_secs(1), Fault::kill("till"))
///     .at_step(500, Fault::Fail { actor: None });
/// world.unleash(plan);
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[must_use = "a plan does nothing before a world unleashes it"]
pub struct Plan {
    pub(crate) faults: Vec<(When, Fault)>,
}

impl Plan {
    /// Adds a fault that comes so long after the plan was let loose.
    pub fn after(mut self, time: Duration, fault: Fault) -> Self {
        self.faults.push((When::After(time), fault));
        self
    }

    /// Adds a fault that comes when the world has taken so many steps.
    pub fn at_step(mut self, step: u64, fault: Fault) -> Self {
        self.faults.push((When::Step(step), fault));
        self
    }

    /// Adds `n` faults, each one of `kinds` and at a moment within `time`, as `rng` draws them.
    pub fn draw(mut self, n: usize, kinds: &[Fault], time: Duration, rng: &mut Rng) -> Self {
        if kinds.is_empty() {
            return self;
        }
        let micros = usize::try_from(time.as_micros()).unwrap_or(usize::MAX);
        for _ in 0..n {
            let at = Duration::from_micros(rng.below(micros.max(1)) as u64);
            self.faults.push((When::After(at), kinds[rng.below(kinds.len())].clone()));
        }
        self
    }

    /// When what goes wrong.
    #[must_use]
    pub fn faults(&self) -> &[(When, Fault)] {
        &self.faults
    }
}

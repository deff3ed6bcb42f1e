//! What is to go wrong, and when: values in a plan.

use std::{fmt, time::Duration};

use ghostlight_rt::Rng;

use crate::DiskFault;

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
    /// The incarnation of an actor fails, as if by a failure of its own. A handler that waits for
    /// something is dropped where it waits, as by a panic there.
    Fail {
        /// Whose.
        actor: Option<String>,
    },
    /// The next start of an actor fails, as if its state could not be built.
    FailStart {
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
    /// A system crashes, as by [`World::crash`](crate::World::crash).
    Crash {
        /// Which.
        system: String,
    },
    /// Packets between two systems are lost, until that is healed.
    Partition {
        /// Whose packets.
        from: String,
        /// To whom.
        to: String,
        /// Whether those of the other to the one are lost as well.
        ways: Ways,
    },
    /// Packets take longer, until that is healed.
    Delay {
        /// Whose.
        from: String,
        /// To whom.
        to: String,
        /// By how much.
        by: Duration,
    },
    /// Some packets are lost, until that is healed.
    Lose {
        /// Whose.
        from: String,
        /// To whom.
        to: String,
        /// How many of a thousand.
        per_mille: u16,
    },
    /// Some packets arrive twice, until that is healed.
    Duplicate {
        /// Whose.
        from: String,
        /// To whom.
        to: String,
        /// How many of a thousand.
        per_mille: u16,
    },
    /// What faults have done to packets between two systems is over, in both directions.
    Heal {
        /// The one.
        one: String,
        /// The other.
        other: String,
    },
    /// The disk of a system fails.
    Disk {
        /// Whose.
        system: String,
        /// How.
        fault: DiskFault,
    },
}

/// In which directions packets are lost.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ways {
    /// From the one to the other.
    One,
    /// And back.
    Both,
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

    /// Has the next start of an actor of this name fail.
    #[must_use]
    pub fn fail_start(actor: impl Into<String>) -> Self {
        Self::FailStart { actor: Some(actor.into()) }
    }

    /// Loses all packets between two systems, in both directions.
    #[must_use]
    pub fn partition(one: impl Into<String>, other: impl Into<String>) -> Self {
        Self::Partition { from: one.into(), to: other.into(), ways: Ways::Both }
    }

    /// Loses all packets from one system to another, and none that come back.
    #[must_use]
    pub fn partition_one_way(from: impl Into<String>, to: impl Into<String>) -> Self {
        Self::Partition { from: from.into(), to: to.into(), ways: Ways::One }
    }

    /// Ends what faults have done to packets between two systems.
    #[must_use]
    pub fn heal(one: impl Into<String>, other: impl Into<String>) -> Self {
        Self::Heal { one: one.into(), other: other.into() }
    }

    /// Crashes a system.
    #[must_use]
    pub fn crash(system: impl Into<String>) -> Self {
        Self::Crash { system: system.into() }
    }

    /// Has the disk of a system fail.
    #[must_use]
    pub fn disk(system: impl Into<String>, fault: DiskFault) -> Self {
        Self::Disk { system: system.into(), fault }
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
            Self::FailStart { actor } => write!(f, "fail the next start of {}", of(actor)),
            Self::Starve { actor, duration } => write!(f, "starve {} for {duration:?}", of(actor)),
            Self::WallClock { seconds } => write!(f, "the clock on the wall jumps by {seconds} s"),
            Self::Crash { system } => write!(f, "crash {system}"),
            Self::Partition { from, to, ways: Ways::One } => write!(f, "cut {from} to {to}"),
            Self::Partition { from, to, ways: Ways::Both } => write!(f, "cut {from} and {to}"),
            Self::Delay { from, to, by } => write!(f, "delay {from} to {to} by {by:?}"),
            Self::Lose { from, to, per_mille } => write!(f, "lose {per_mille}/1000 {from} to {to}"),
            Self::Duplicate { from, to, per_mille } => {
                write!(f, "double {per_mille}/1000 {from} to {to}")
            }
            Self::Heal { one, other } => write!(f, "heal {one} and {other}"),
            Self::Disk { system, fault } => write!(f, "the disk of {system} {fault}"),
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

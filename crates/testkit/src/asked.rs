//! What the environment asks of an explorer, whatever the test says.

use std::{env, str::FromStr};

use crate::{Explored, Strategy};

/// Replaces the number of seeds.
const SEEDS: &str = "GHOSTLIGHT_SEEDS";

/// Replaces the strategy.
const STRATEGY: &str = "GHOSTLIGHT_STRATEGY";

/// Has explorers tell how far they are.
const PROGRESS: &str = "GHOSTLIGHT_PROGRESS";

/// What the environment asks of an explorer.
pub(crate) struct Asked {
    pub(crate) seeds: Option<u64>,
    pub(crate) way: Option<Way>,
    tells: bool,
}

/// How the strategy of a world follows from its seed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Way {
    /// Every second seed chooses at random, the others by priorities that change up to three times.
    Mixed,
    /// By priorities that change so often, spread over as many steps as a run takes.
    Priorities(usize),
    Always(Strategy),
}

impl Asked {
    /// What it asks for.
    ///
    /// # Panics
    /// If it asks for something that cannot be understood.
    pub(crate) fn of_environment() -> Self {
        Self { seeds: number(SEEDS), way: way(STRATEGY), tells: env::var_os(PROGRESS).is_some() }
    }

    /// Tells how far an explorer is, if that is asked for: ten times, the last of them at the end.
    pub(crate) fn tell(&self, explored: Explored, seeds: u64, test: &str) {
        let Explored { runs, steps } = explored;
        if !self.tells || (runs != seeds && !runs.is_multiple_of(seeds.div_ceil(10))) {
            return;
        }
        #[expect(clippy::print_stderr, reason = "it was asked for")]
        {
            eprintln!("explored {runs} of {seeds} worlds in {steps} steps: {test}");
        }
    }
}

impl Way {
    /// The strategy for this seed, where a run takes about so many steps.
    pub(crate) fn strategy(&self, seed: u64, steps: usize) -> Strategy {
        match self {
            Self::Always(strategy) => strategy.clone(),
            Self::Priorities(changes) => Strategy::Priorities { changes: *changes, steps },
            Self::Mixed if seed.is_multiple_of(2) => Strategy::Random,
            Self::Mixed => Strategy::Priorities { changes: (seed / 2 % 3) as usize + 1, steps },
        }
    }
}

impl FromStr for Way {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let changes = text.strip_prefix("pct:").map(str::parse);
        match (text, changes) {
            ("mixed", _) => Ok(Self::Mixed),
            (_, Some(Ok(changes))) => Ok(Self::Priorities(changes)),
            (_, None) if let Ok(strategy) = text.parse() => Ok(Self::Always(strategy)),
            _ => Err(format!(
                "`{text}` is no strategy; there are mixed, random, round-robin, pct:<changes>, \
                 priorities=<changes>:<steps> and script=<choice>:<task>,.."
            )),
        }
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    match text.parse() {
        Ok(number) => Some(number),
        Err(_) => panic!("{variable}: `{text}` is no number"),
    }
}

fn way(variable: &str) -> Option<Way> {
    match env::var(variable).ok()?.parse() {
        Ok(way) => Some(way),
        Err(fault) => panic!("{variable}: {fault}"),
    }
}

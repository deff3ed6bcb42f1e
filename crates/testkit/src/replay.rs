//! The line that replays a run.

use std::{collections::BTreeSet, env, fmt, str::FromStr};

use crate::Strategy;

/// Where the line is read from.
const VARIABLE: &str = "GHOSTLIGHT_REPLAY";

/// One run: its seed, and how it chooses. Prints, and is read from, one line of text.
///
/// ```
/// use ghostlight_testkit::{Replay, Strategy};
///
/// let replay: Replay = "seed=17 script=3:1,8:2".parse().unwrap();
/// assert_eq!(replay.strategy, Strategy::Script([(3, 1), (8, 2)].into()));
/// assert_eq!(replay.to_string(), "seed=17 script=3:1,8:2");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Replay {
    /// What everything but the choices follows from.
    pub seed: u64,
    /// How the next task is chosen.
    pub strategy: Strategy,
    /// The faults that are left out of its plans, by number.
    pub without: BTreeSet<u64>,
}

impl Replay {
    pub(crate) const fn new(seed: u64, strategy: Strategy) -> Self {
        Self { seed, strategy, without: BTreeSet::new() }
    }

    /// What the environment asks for.
    ///
    /// # Panics
    /// If it asks for something that cannot be understood.
    pub(crate) fn asked_for() -> Option<Self> {
        let text = env::var(VARIABLE).ok()?;
        match text.parse() {
            Ok(replay) => Some(replay),
            Err(unread) => panic!("{VARIABLE}: {unread}"),
        }
    }

    /// What a user types.
    #[must_use]
    pub fn command(&self, test: &str) -> String {
        format!("{VARIABLE}='{self}' cargo test {test} -- --exact --nocapture --include-ignored")
    }
}

impl fmt::Display for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed={} {}", self.seed, self.strategy)?;
        if !self.without.is_empty() {
            let numbers: Vec<_> = self.without.iter().map(ToString::to_string).collect();
            write!(f, " without={}", numbers.join(","))?;
        }
        Ok(())
    }
}

/// A line that does not say which run to replay.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct UnreadReplay {
    /// The part that could not be understood.
    pub part: String,
}

impl fmt::Display for UnreadReplay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not understood; a run is `seed=17 random`, or what a test printed",
            self.part
        )
    }
}

impl std::error::Error for UnreadReplay {}

impl FromStr for Replay {
    type Err = UnreadReplay;

    fn from_str(text: &str) -> Result<Self, UnreadReplay> {
        let mut replay = Self::new(0, Strategy::Random);
        for part in text.split_whitespace() {
            let unread = || UnreadReplay { part: part.to_owned() };
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            match key {
                "seed" => replay.seed = value.parse().map_err(|_| unread())?,
                "without" => {
                    let numbers: Result<_, _> = value.split(',').map(str::parse).collect();
                    replay.without = numbers.map_err(|_| unread())?;
                }
                _ => replay.strategy = part.parse().map_err(|_| unread())?,
            }
        }
        Ok(replay)
    }
}

//! How strategies are written in a line of text.

use std::{fmt, str::FromStr};

use crate::Strategy;

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Random => f.write_str("random"),
            Self::RoundRobin => f.write_str("round-robin"),
            Self::Priorities { changes, steps } => write!(f, "priorities={changes}:{steps}"),
            Self::Script(script) => {
                let pairs: Vec<_> = script.iter().map(|(at, it)| format!("{at}:{it}")).collect();
                write!(f, "script={}", pairs.join(","))
            }
        }
    }
}

/// A text that names no strategy.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct UnreadStrategy {
    /// The text.
    pub text: String,
}

impl fmt::Display for UnreadStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no strategy; there are random, round-robin, priorities=<changes>:<steps> and \
             script=<choice>:<task>,..",
            self.text
        )
    }
}

impl std::error::Error for UnreadStrategy {}

impl FromStr for Strategy {
    type Err = UnreadStrategy;

    /// Reads what a strategy prints.
    ///
    /// ```
    /// use ghostlight_testkit::Strategy;
    ///
    /// let strategy: Strategy = "priorities=3:200".parse().unwrap();
    /// assert_eq!(strategy, Strategy::Priorities { changes: 3, steps: 200 });
    /// assert_eq!(strategy.to_string(), "priorities=3:200");
    /// assert!("as usual".parse::<Strategy>().is_err());
    /// ```
    fn from_str(text: &str) -> Result<Self, UnreadStrategy> {
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        let strategy = match key {
            "random" if key == text => Some(Self::Random),
            "round-robin" if key == text => Some(Self::RoundRobin),
            "priorities" => pair(value).map(|(changes, steps)| Self::Priorities { changes, steps }),
            "script" if key != text => {
                let pairs = value.split(',').filter(|it| !it.is_empty()).map(pair);
                pairs.collect::<Option<_>>().map(Self::Script)
            }
            _ => None,
        };
        strategy.ok_or_else(|| UnreadStrategy { text: text.to_owned() })
    }
}

fn pair<A: FromStr, B: FromStr>(text: &str) -> Option<(A, B)> {
    let (one, other) = text.split_once(':')?;
    Some((one.parse().ok()?, other.parse().ok()?))
}

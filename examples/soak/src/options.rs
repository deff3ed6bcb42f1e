//! What the program is told on its command line.

use std::time::Duration;

pub(crate) const USAGE: &str = "usage: soak [--actors N] [--seconds N] [--seed N]";

/// What the program is told on its command line.
pub(crate) struct Options {
    /// How many actors, the root and its supervisors included; 10,000 by default.
    pub(crate) actors: usize,
    /// How long the load lasts, after a warm-up; 60 s by default.
    pub(crate) time: Duration,
    /// What all chance is drawn from. What the threads make of it is not replayed.
    pub(crate) seed: u64,
}

impl Options {
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self { actors: 10_000, time: Duration::from_secs(60), seed: 1 };
        while let Some(word) = words.next() {
            let value = words.next().and_then(|it| it.parse().ok());
            let number: u64 = value.ok_or_else(|| format!("{word} takes a number"))?;
            match &*word {
                "--actors" => options.actors = usize::try_from(number).unwrap_or(usize::MAX),
                "--seconds" => options.time = Duration::from_secs(number),
                "--seed" => options.seed = number,
                other => return Err(format!("{other} is not known")),
            }
        }
        if options.actors < 3 {
            return Err("a tree of three levels has three actors or more".to_owned());
        }
        Ok(options)
    }

    /// How long the load lasts before anything is measured.
    pub(crate) fn warm_up(&self) -> Duration {
        Duration::from_secs((self.time.as_secs() / 6).max(1))
    }
}

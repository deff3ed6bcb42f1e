//! What the program is told on its command line.

use std::time::Duration;

use ghostlight::RestartWindow;

pub(crate) const USAGE: &str =
    "usage: soak [--world] [--actors N] [--seconds N | --hours N] [--seed N]";

/// How many lives a supervisor has on average in a world.
const LIVES: u32 = 72;

/// In how many parts of the whole time its failures are counted there: fewer than all may be in one.
const WINDOWS: u32 = 12;

/// What the program is told on its command line.
pub(crate) struct Options {
    /// How many actors, the root and its supervisors included; 10,000 by default.
    pub(crate) actors: usize,
    /// How long the load lasts, after a warm-up; 60 s by default.
    pub(crate) time: Duration,
    /// What all chance is drawn from. What threads make of it is not replayed; what a world makes of
    /// it is.
    pub(crate) seed: u64,
    /// Where it all happens.
    pub(crate) place: Place,
}

/// Where it all happens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    /// On all threads of this machine, in its time.
    Machine,
    /// In one thread, in virtual time.
    World,
}

/// How hard the tree is used and wrecked.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    /// How long a caller rests after each increment, on average.
    pub(crate) rest: Duration,
    /// How long a supervisor lives on average before it is wrecked.
    pub(crate) lifetime: Duration,
    /// How often whoever fails is started again.
    pub(crate) window: RestartWindow,
}

impl Options {
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let (actors, time, place) = (10_000, Duration::from_secs(60), Place::Machine);
        let mut options = Self { actors, time, seed: 1, place };
        while let Some(word) = words.next() {
            if word == "--world" {
                options.place = Place::World;
                continue;
            }
            let value = words.next().and_then(|it| it.parse().ok());
            let number: u64 = value.ok_or_else(|| format!("{word} takes a number"))?;
            match &*word {
                "--actors" => options.actors = usize::try_from(number).unwrap_or(usize::MAX),
                "--seconds" => options.time = Duration::from_secs(number),
                "--hours" => options.time = Duration::from_secs(3600 * number),
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

    /// How hard the tree is used: on a machine as hard as that can; in a world so that whatever has a
    /// time of its own has it many times over, however long the whole is.
    pub(crate) fn pace(&self) -> Pace {
        match self.place {
            Place::Machine => Pace {
                rest: Duration::ZERO,
                lifetime: Duration::from_secs(3),
                window: RestartWindow::new(u32::MAX, Duration::from_secs(1)),
            },
            Place::World => Pace {
                rest: Duration::from_millis(128),
                lifetime: self.time / LIVES,
                // Six failures are in one on average, and more in all than may be in any.
                window: RestartWindow::new(LIVES / 2, self.time / WINDOWS),
            },
        }
    }
}

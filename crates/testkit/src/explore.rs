//! Many runs of one test, until one fails; then the smallest run that still fails.

use std::{fmt, panic::Location};

use crate::{
    Story, Strategy, World,
    asked::{Asked, Way},
    replay::Replay,
    run::{Failing, Keep, Run, run},
    shrink::shrink,
};

/// Runs `test` in so many worlds, and fails with the smallest run that does.
///
/// Each seed is run twice, and must come to the same hash. What a failure prints ends with the line
/// that replays it.
///
/// ```
/// use std::time::Duration;
/// use ghostlight_testkit::explore;
///
/// explore(20, |world| {
///     let runtime = world.runtime().clone();
///     world.block_on(runtime.sleep(Duration::from_secs(1)));
///     assert_eq!(world.elapsed(), Duration::from_secs(1));
/// });
/// ```
///
/// # Panics
/// If a run fails.
#[track_caller]
pub fn explore(seeds: u64, test: impl Fn(&World)) {
    Explorer::seeds(seeds).run(test);
}

/// How many worlds a test is run in, and how they choose.
#[derive(Clone, Debug)]
#[must_use = "nothing runs before `run` or `find`"]
pub struct Explorer {
    seeds: u64,
    strategy: Option<Strategy>,
    is_once: bool,
    shrinks: usize,
    name: Option<String>,
}

impl Explorer {
    /// So many seeds, from zero on.
    ///
    /// In the environment, `GHOSTLIGHT_SEEDS` replaces the number, and `GHOSTLIGHT_STRATEGY` the
    /// strategy: `mixed`, `random`, `round-robin` or `pct:3`, which is by priorities that change three
    /// times. With `GHOSTLIGHT_PROGRESS` it tells on standard error how far it is.
    pub const fn seeds(seeds: u64) -> Self {
        Self { seeds, strategy: None, is_once: false, shrinks: 1000, name: None }
    }

    /// Always this strategy. By default every second seed chooses at random, and the others by
    /// priorities that change once, twice or three times.
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = Some(strategy);
        self
    }

    /// Runs each seed once, without looking whether it replays. By default twice.
    pub const fn once(mut self) -> Self {
        self.is_once = true;
        self
    }

    /// How many runs may be spent on finding a smaller one that fails; 1000 by default.
    pub const fn shrinks(mut self, runs: usize) -> Self {
        self.shrinks = runs;
        self
    }

    /// What the test is called, for the line that replays it. By default the name of the thread,
    /// which is that of the test.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Runs the test, and fails with the smallest run that does.
    ///
    /// If `GHOSTLIGHT_REPLAY` is set, that one run is replayed instead, and told, whether it fails or
    /// not.
    ///
    /// # Panics
    /// If a run fails, or the environment asks for something that cannot be understood.
    #[track_caller]
    pub fn run(self, test: impl Fn(&World)) {
        let found = match Replay::asked_for() {
            Some(replay) => self.replay(&replay, &test).map(Box::new),
            None => self.find(test).err(),
        };
        if let Some(found) = found {
            panic!("{found}");
        }
    }

    /// Runs the test in every world, or until one fails; then gives the smallest run that does.
    ///
    /// # Errors
    /// The run that fails.
    ///
    /// # Panics
    /// If the environment asks for something that cannot be understood.
    #[track_caller]
    pub fn find(self, test: impl Fn(&World)) -> Result<Explored, Box<Found>> {
        let asked = Asked::of_environment();
        let seeds = asked.seeds.unwrap_or(self.seeds);
        let way = asked.way.clone().unwrap_or_else(|| self.way());
        let name = self.test_name();
        let mut explored = Explored { runs: 0, steps: 0 };
        let mut longest = 100;
        for seed in 0..seeds {
            let replay = Replay::new(seed, way.strategy(seed, longest));
            let first = run(&replay, Keep::Nothing, &test);
            explored.runs += 1;
            explored.steps += first.steps;
            longest = longest.max(first.choices as usize);
            if first.failure.is_some() {
                return Err(Box::new(self.shrunk(&first, explored.runs, &test)));
            }
            if !self.is_once {
                let second = run(&replay, Keep::Nothing, &test);
                if second.hash != first.hash {
                    return Err(Box::new(self.differs(&first, &test)));
                }
            }
            asked.tell(explored, seeds, &name);
        }
        Ok(explored)
    }

    fn way(&self) -> Way {
        self.strategy.clone().map_or(Way::Mixed, Way::Always)
    }

    fn test_name(&self) -> String {
        let thread = || std::thread::current().name().map(Into::into);
        self.name.clone().or_else(thread).unwrap_or_else(|| "the test".to_owned())
    }

    /// The smallest run that fails like this one.
    pub(crate) fn shrunk(&self, failed: &Run, runs: u64, test: &impl Fn(&World)) -> Found {
        let original = failed.replay.clone();
        for keep in [Keep::Story, Keep::Choices] {
            let again = run(&original, keep, test);
            if again.hash == failed.hash && again.failure.is_some() {
                return self.found(shrink(again, keep, self.shrinks, test), original, runs);
            }
        }
        let mut found = self.differs(failed, test);
        // What failed says more than that it does not replay, and often why.
        if let Some(Failing { message, at }) = &failed.failure {
            found.message = format!("{message}\n{}", found.message);
            found.at.clone_from(at);
        }
        found
    }

    /// Two runs of one seed were not the same.
    fn differs(&self, failed: &Run, test: &impl Fn(&World)) -> Found {
        let one = run(&failed.replay, Keep::Story, test);
        let other = run(&failed.replay, Keep::Story, test);
        let message = match one.story.first_difference(&other.story) {
            Some(difference) => format!("two runs of one seed differ: {difference}"),
            None => {
                "two runs of one seed differ, in something that is not part of the story".into()
            }
        };
        let original = failed.replay.clone();
        let failure = Failing { message, at: None };
        self.found(Run { failure: Some(failure), ..one }, original, 1)
    }

    fn replay(&self, replay: &Replay, test: &impl Fn(&World)) -> Option<Found> {
        let told = run(replay, Keep::Story, test);
        if told.failure.is_some() {
            return Some(self.found(told, replay.clone(), 1));
        }
        let plain = run(replay, Keep::Choices, test);
        if plain.failure.is_some() {
            return Some(self.found(plain, replay.clone(), 1));
        }
        #[expect(clippy::print_stderr, reason = "whoever replays a run wants to read it")]
        {
            eprintln!("{}\nthis run does not fail", told.story);
        }
        None
    }

    fn found(&self, run: Run, original: Replay, runs: u64) -> Found {
        let failure = run.failure.unwrap_or_default();
        Found {
            name: self.test_name(),
            message: failure.message,
            at: failure.at,
            runs,
            n_choices: match &run.replay.strategy {
                Strategy::Script(script) => Some(script.len()),
                _ => None,
            },
            smallest: run.replay,
            tells_messages: run.keep == Keep::Story,
            original,
            story: run.story,
        }
    }
}

/// What was explored without a failure.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Explored {
    /// How many worlds there were, not counting each a second time.
    pub runs: u64,
    /// How many turns their tasks had.
    pub steps: u64,
}

/// The smallest run that was found to fail. Prints everything that is known about it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Found {
    /// What the test is called.
    pub name: String,
    /// What failed.
    pub message: String,
    /// Where, in the source.
    pub at: Option<String>,
    /// How many worlds it took.
    pub runs: u64,
    /// The run as it was found.
    pub original: Replay,
    /// The smallest that fails alike.
    pub smallest: Replay,
    /// At how many choices it does not take the task that has waited longest, if that is all it is
    /// made of.
    pub n_choices: Option<usize>,
    /// What happens in it.
    pub story: Story,
    /// Whether that names each message. It does not where a fault hides when they are told of.
    pub tells_messages: bool,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.message)?;
        if let Some(at) = &self.at {
            writeln!(f, "  at {at}")?;
        }
        write!(f, "\nfound in world {} of {}", self.runs, self.name)?;
        if let Some(n) = self.n_choices {
            let choices = if n == 1 { "choice that is" } else { "choices that are" };
            write!(f, "; smallest: {n} {choices} not simply in turn")?;
        }
        if !self.tells_messages {
            write!(f, "\nit hides when each message is told of, so they are missing here")?;
        }
        writeln!(f, "\n\n{}", self.story.ending(200))?;
        writeln!(f, "replay it:\n  {}", self.smallest.command(&self.name))?;
        if self.original != self.smallest {
            writeln!(f, "as it was found:\n  {}", self.original.command(&self.name))?;
        }
        Ok(())
    }
}

/// Where something stands in the source, as text.
pub(crate) fn place(location: &Location<'_>) -> String {
    format!("{}:{}:{}", location.file(), location.line(), location.column())
}

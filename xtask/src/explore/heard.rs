//! What tests say of the worlds they run in, line by line.

use std::fmt;

/// How a test says that the environment asks for something that makes no sense.
const REFUSALS: [&str; 2] = ["GHOSTLIGHT_SEEDS: ", "GHOSTLIGHT_STRATEGY: "];

/// Begins a line that replays a run.
const REPLAY: &str = "GHOSTLIGHT_REPLAY='";

/// What was heard so far.
pub(crate) struct Heard {
    /// What selects the packages, for the line that replays a run.
    selection: String,
    sum: Sum,
    replays: Vec<String>,
    refusal: Option<String>,
    /// A panic's first line, which is passed on once it is clear that the next is no refusal.
    held: Option<String>,
    /// The line before.
    before: String,
}

/// How much was explored without a failure.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Sum {
    worlds: u64,
    steps: u64,
}

/// What came of it all.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    Passed(Sum),
    /// The lines that replay what failed.
    Found(Vec<String>),
    /// What was asked for makes no sense.
    Refused(String),
    /// There was nothing to find, or something else went wrong.
    Failed(String),
}

impl Heard {
    pub(crate) fn new(selection: &[&str]) -> Self {
        Self {
            selection: selection.join(" "),
            sum: Sum::default(),
            replays: Vec::new(),
            refusal: None,
            held: None,
            before: String::new(),
        }
    }

    /// Takes in a line, and gives what is to be passed on.
    pub(crate) fn hear(&mut self, line: &str) -> Vec<String> {
        if REFUSALS.iter().any(|it| line.starts_with(it)) {
            self.refusal.get_or_insert_with(|| line.to_owned());
            self.held = None;
        }
        let mut told: Vec<_> = self.held.take().into_iter().collect();
        if self.refusal.is_some() {
            return told;
        }
        if line.starts_with("thread '") {
            self.held = Some(line.to_owned());
        } else if let Some(progress) = Progress::read(line) {
            told.push(format!("  {progress}"));
            self.sum.add(&progress);
        } else {
            told.push(self.replayable(line));
        }
        line.clone_into(&mut self.before);
        told
    }

    /// The same line; one that replays a run says in which packages.
    fn replayable(&mut self, line: &str) -> String {
        if !line.trim_start().starts_with(REPLAY) {
            return line.to_owned();
        }
        let words = format!("' cargo test {} ", self.selection);
        let line = line.replacen("' cargo test ", &words, 1);
        if self.before == "replay it:" {
            self.replays.push(line.trim().to_owned());
        }
        line
    }

    /// What came of it all, now that cargo has ended well or not.
    pub(crate) fn conclude(self, is_well: bool, name: &str) -> Verdict {
        if let Some(why) = self.refusal {
            return Verdict::Refused(why);
        }
        match (is_well, self.sum.worlds) {
            (false, _) if !self.replays.is_empty() => Verdict::Found(self.replays),
            (false, _) => Verdict::Failed("something failed that no seed replays".to_owned()),
            (true, 0) => {
                Verdict::Failed(format!("no test runs in worlds and has `{name}` in its name"))
            }
            (true, _) => Verdict::Passed(self.sum),
        }
    }
}

impl Sum {
    fn add(&mut self, progress: &Progress<'_>) {
        if progress.worlds == progress.of {
            self.worlds += progress.worlds;
            self.steps += progress.steps;
        }
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} worlds, {} steps", self.worlds, self.steps)
    }
}

/// How far a test is.
struct Progress<'a> {
    worlds: u64,
    of: u64,
    steps: u64,
    test: &'a str,
}

impl<'a> Progress<'a> {
    /// Reads `explored 10 of 100 worlds in 1234 steps: the_test`.
    fn read(line: &'a str) -> Option<Self> {
        let (worlds, rest) = line.strip_prefix("explored ")?.split_once(" of ")?;
        let (of, rest) = rest.split_once(" worlds in ")?;
        let (steps, test) = rest.split_once(" steps: ")?;
        let (worlds, of) = (worlds.parse().ok()?, of.parse().ok()?);
        Some(Self { worlds, of, steps: steps.parse().ok()?, test })
    }
}

impl fmt::Display for Progress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { worlds, of, steps, test } = self;
        write!(f, "{worlds} of {of} worlds, {steps} steps: {test}")
    }
}

#[cfg(test)]
mod tests {
    use super::{Heard, Verdict};

    /// What is passed on of these lines, and what comes of them.
    fn heard(lines: &str, is_well: bool) -> (String, Verdict) {
        let mut heard = Heard::new(&["-p", "bank"]);
        let told: Vec<_> = lines.lines().flat_map(|it| heard.hear(it)).collect();
        (told.join("\n"), heard.conclude(is_well, "deposit"))
    }

    #[test]
    fn the_worlds_of_all_tests_are_added_up_each_test_once() {
        let lines = "   Compiling bank\n\
            explored 5 of 10 worlds in 50 steps: a\n\
            explored 10 of 10 worlds in 100 steps: a\n\
            explored 10 of 10 worlds in 23 steps: b";
        let (told, verdict) = heard(lines, true);
        assert!(told.contains("Compiling bank\n  5 of 10 worlds, 50 steps: a\n"), "{told}");
        let Verdict::Passed(sum) = verdict else { panic!("{verdict:?}") };
        assert_eq!(sum.to_string(), "20 worlds, 123 steps");
    }

    #[test]
    fn a_failure_is_passed_on_and_ends_with_the_line_that_replays_it_there() {
        let lines = "thread 'a' panicked at src/lib.rs:1:1:\na deposit was lost\n\nreplay it:\n  \
            GHOSTLIGHT_REPLAY='seed=3 script=1:1' cargo test a -- --exact\nas it was found:\n  \
            GHOSTLIGHT_REPLAY='seed=3 random' cargo test a -- --exact";
        let (told, verdict) = heard(lines, false);
        let line = "GHOSTLIGHT_REPLAY='seed=3 script=1:1' cargo test -p bank a -- --exact";
        assert!(told.starts_with("thread 'a' panicked") && told.contains(line), "{told}");
        assert_eq!(verdict, Verdict::Found(vec![line.to_owned()]));
    }

    #[test]
    fn what_the_tests_refuse_is_said_once_and_nothing_else() {
        let refusal = "GHOSTLIGHT_STRATEGY: `luck` is no strategy; there are random";
        let lines = format!("thread 'a' panicked at src/lib.rs:1:1:\n{refusal}\nnote: run with\n");
        let (told, verdict) = heard(&lines.repeat(2), false);
        assert_eq!((&*told, verdict), ("", Verdict::Refused(refusal.to_owned())));
    }

    #[test]
    fn tests_that_do_not_build_or_are_not_there_are_no_success() {
        let (told, verdict) = heard("error: could not compile `bank`", false);
        assert!(told.contains("could not compile") && matches!(verdict, Verdict::Failed(_)));
        let (_, verdict) = heard("    Finished `test` profile", true);
        let expected = "no test runs in worlds and has `deposit` in its name";
        assert_eq!(verdict, Verdict::Failed(expected.to_owned()));
    }
}

//! Every order of a small test that strays from taking turns only so often.

use std::collections::{BTreeMap, VecDeque};

use crate::{
    Explorer, Found, Replay, Strategy, World,
    run::{Keep, run},
};

/// Runs a small test in every order that strays from taking turns at no more than so many choices.
///
/// Tasks take turns, the one that has waited longest first; at a choice that strays, another one is
/// taken. Most faults of order need one or two of those, as Emmi, Qadeer and Rakamarić found
/// ("Delay-Bounded Scheduling", 2011), and how many orders there are grows with the power of it.
///
/// ```
/// use ghostlight_testkit::Exhaust;
///
/// let covered = Exhaust::straying(2).find(|world| {
///     for _ in 0..3 {
///         drop(world.runtime().spawn(async {}));
///     }
///     world.settle();
/// });
/// let covered = covered.expect("nothing can fail here");
/// assert!(covered.is_complete);
/// assert_eq!(covered.orders, 1 + (2 + 1) + 2);
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing runs before `run` or `find`"]
pub struct Exhaust {
    straying: usize,
    runs: usize,
    seed: u64,
}

/// What was covered without a failure.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Covered {
    /// In how many orders the test was run.
    pub orders: usize,
    /// Whether those were all there are.
    pub is_complete: bool,
}

impl Exhaust {
    /// Every order that strays at no more than so many choices.
    pub const fn straying(choices: usize) -> Self {
        Self { straying: choices, runs: 100_000, seed: 0 }
    }

    /// Gives up after so many runs; 100,000 by default.
    pub const fn at_most(mut self, runs: usize) -> Self {
        self.runs = runs;
        self
    }

    /// What chance follows from, apart from the order; zero by default.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Runs the test in every order, and fails with the smallest run that does.
    ///
    /// # Panics
    /// If a run fails.
    #[track_caller]
    pub fn run(self, test: impl Fn(&World)) {
        if let Err(found) = self.find(test) {
            panic!("{found}");
        }
    }

    /// Runs the test in every order, or until one fails; those that stray least come first.
    ///
    /// # Errors
    /// The run that fails.
    pub fn find(self, test: impl Fn(&World)) -> Result<Covered, Box<Found>> {
        let mut open = VecDeque::from([BTreeMap::new()]);
        let mut orders = 0;
        while let Some(script) = open.pop_front() {
            if orders == self.runs {
                return Ok(Covered { orders, is_complete: false });
            }
            orders += 1;
            let replay = Replay::new(self.seed, Strategy::Script(script.clone()));
            let it = run(&replay, Keep::Nothing, &test);
            if it.failure.is_some() {
                return Err(Box::new(Explorer::seeds(1).shrunk(&it, orders as u64, &test)));
            }
            if script.len() < self.straying {
                open.extend(strays(&script, &it.sizes));
            }
        }
        Ok(Covered { orders, is_complete: true })
    }
}

/// The scripts that stray at one more choice, after all others.
fn strays(script: &BTreeMap<u64, u32>, sizes: &[u32]) -> Vec<BTreeMap<u64, u32>> {
    let first = script.last_key_value().map_or(0, |it| it.0 + 1);
    let choices = (first..).zip(sizes.iter().skip(first as usize));
    let more = choices.flat_map(|(choice, &size)| (1..size).map(move |it| (choice, it)));
    more.map(|it| script.clone().into_iter().chain([it]).collect()).collect()
}

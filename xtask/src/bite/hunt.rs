//! Looking for a test that catches a fault, in more and more worlds.

use std::time::{Duration, Instant};

use super::{
    faults::Fault,
    suite::{Catch, How, Suite, Test},
};

/// In how many worlds at first; ten times as many each time it survives.
pub(crate) const FIRST: u64 = 10;

/// In how many worlds a recorded test may look for its fault.
const RECORDED: u64 = 1000;

/// How a fault was caught.
#[derive(Clone, Debug)]
pub(crate) struct Caught {
    pub(crate) by: Test,
    pub(crate) how: How,
    /// How long the test took that caught it, alone.
    pub(crate) took: Duration,
}

/// Looks for a test that catches `fault`; `None` if it survives so many worlds.
///
/// # Errors
/// If the test that fails does so without the fault, too.
pub(crate) fn hunt(suite: &Suite, fault: &Fault, seeds: u64) -> Result<Option<Caught>, String> {
    let mut worlds = FIRST.min(seeds);
    loop {
        if let Some(catch) = suite.run(Some(fault.name), worlds) {
            return alone(suite, fault, catch, worlds).map(Some);
        }
        if worlds == seeds || !suite.is_in_worlds() {
            return Ok(None);
        }
        worlds = (worlds * 10).min(seeds);
    }
}

/// The same test again, by itself and with the fault: it says in which world it fails, and how long
/// that takes. And without the fault, since what is red anyway has caught nothing.
fn alone(suite: &Suite, fault: &Fault, catch: Catch, worlds: u64) -> Result<Caught, String> {
    let start = Instant::now();
    let again = match catch.how {
        How::Hangs => None,
        How::Fails(_) | How::Crashes => suite.run_one(Some(fault.name), &catch.test, worlds),
    };
    let took = start.elapsed();
    let Catch { test, how } = again.unwrap_or(catch);
    match suite.run_one(None, &test, worlds) {
        None => Ok(Caught { by: test, how, took }),
        Some(_) => Err(format!("{test} is red without any fault")),
    }
}

/// Whether this one test catches `fault`.
pub(crate) fn hunt_with(suite: &Suite, fault: &Fault, test: &Test) -> Option<Catch> {
    suite.run_one(Some(fault.name), test, RECORDED)
}

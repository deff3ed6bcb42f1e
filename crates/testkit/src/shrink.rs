//! The fewest faults and choices that still fail.

use std::collections::BTreeMap;

use crate::{
    Replay, Strategy, World,
    run::{Failing, Keep, Run, run},
};

/// Tries up to `budget` runs to find one that fails like `failed` with fewer faults, and fewer choices
/// that are not simply in turn.
pub(crate) fn shrink(failed: Run, keep: Keep, budget: usize, test: &impl Fn(&World)) -> Run {
    let Some(wanted) = failed.failure.clone() else { return failed };
    let mut search = Search { budget, keep, test, wanted };
    let script = Strategy::Script(failed.noted.clone());
    let Some(best) = search.attempt(&Replay { strategy: script, ..failed.replay.clone() }) else {
        return failed;
    };
    let best = search.fewer_faults(best);
    let mut best = search.fewer_choices(best);
    best.replay.strategy = Strategy::Script(best.noted.clone());
    best
}

/// The search for a smaller run.
struct Search<'a, T> {
    /// How many more runs it may take.
    budget: usize,
    keep: Keep,
    test: &'a T,
    wanted: Failing,
}

impl<T: Fn(&World)> Search<'_, T> {
    fn attempt(&mut self, replay: &Replay) -> Option<Run> {
        self.budget = self.budget.checked_sub(1)?;
        let it = run(replay, self.keep, self.test);
        it.failure.as_ref().is_some_and(|it| it.is_like(&self.wanted)).then_some(it)
    }

    /// Leaves out one fault after the other.
    fn fewer_faults(&mut self, mut best: Run) -> Run {
        for number in 0..best.n_faults {
            let mut replay = best.replay.clone();
            replay.without.insert(number);
            if let Some(smaller) = self.attempt(&replay) {
                best = smaller;
            }
        }
        best
    }

    /// Leaves out halves, then quarters, and so on, as in Zeller's delta debugging; a choice that is
    /// left out falls to the task that has waited longest.
    fn fewer_choices(&mut self, mut best: Run) -> Run {
        let mut size = best.noted.len().div_ceil(2);
        while size > 0 && self.budget > 0 {
            let (mut start, before) = (0, best.noted.len());
            while start < best.noted.len() && self.budget > 0 {
                let fewer = Strategy::Script(without(&best.noted, start, size));
                match self.attempt(&Replay { strategy: fewer, ..best.replay.clone() }) {
                    Some(it) if it.noted.len() < best.noted.len() => best = it,
                    _ => start += size,
                }
            }
            if size > 1 || best.noted.len() == before {
                size /= 2;
            }
        }
        best
    }
}

fn without(script: &BTreeMap<u64, u32>, start: usize, n: usize) -> BTreeMap<u64, u32> {
    let kept = script.iter().enumerate().filter(|(it, _)| !(start..start + n).contains(it));
    kept.map(|(_, (at, chosen))| (*at, *chosen)).collect()
}

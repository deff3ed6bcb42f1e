//! The fewest choices that still fail.

use std::collections::BTreeMap;

use crate::{
    Strategy, World,
    run::{Run, run},
};

/// Tries up to `budget` runs to find one that fails like `failed` with fewer choices that are not
/// simply in turn.
///
/// Leaves out halves, then quarters, and so on, as in Zeller's delta debugging; a choice that is left
/// out falls to the task that has waited longest.
pub(crate) fn shrink(failed: Run, budget: usize, test: &impl Fn(&World)) -> Run {
    let Some(wanted) = failed.failure.clone() else { return failed };
    let seed = failed.seed;
    let attempt = |script: &BTreeMap<u64, u32>| {
        let it = run(seed, &Strategy::Script(script.clone()), true, test);
        it.failure.as_ref().is_some_and(|it| it.is_like(&wanted)).then_some(it)
    };
    let Some(mut best) = attempt(&failed.noted) else { return failed };
    let (mut runs, mut size) = (1, best.noted.len().div_ceil(2));
    while size > 0 && runs < budget {
        let mut start = 0;
        let mut is_smaller = false;
        while start < best.noted.len() && runs < budget {
            runs += 1;
            let fewer = without(&best.noted, start, size);
            match attempt(&fewer) {
                Some(it) if it.noted.len() < best.noted.len() => {
                    best = it;
                    is_smaller = true;
                }
                _ => start += size,
            }
        }
        size = match size {
            1 if is_smaller => 1,
            _ => size / 2,
        };
    }
    best.strategy = Strategy::Script(best.noted.clone());
    best
}

fn without(script: &BTreeMap<u64, u32>, start: usize, n: usize) -> BTreeMap<u64, u32> {
    let kept = script.iter().enumerate().filter(|(it, _)| !(start..start + n).contains(it));
    kept.map(|(_, (at, chosen))| (*at, *chosen)).collect()
}

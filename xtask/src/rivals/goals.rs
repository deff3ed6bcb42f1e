//! What we must reach. The numbers are those of the performance page's goals for the safe tier.

use super::plan::Runtime;

/// Our figure over the best peer's, at most: row, `ct`, `mt`.
const RATIOS: &[(&str, f64, f64)] = &[
    ("tell_steady", 0.50, 0.45),
    ("tell_1m", 0.50, 0.45),
    ("round_robin_100", 0.55, 0.45),
    ("producers_4", 0.45, 0.60),
    ("producers_64", 0.50, 0.80),
    ("types_4", 0.50, 0.40),
    ("broadcast_1000", 1.00, 0.50),
    ("tell_steady_bounded", 0.25, 0.30),
    ("producers_4_bounded", 0.25, 0.40),
    ("ask_idle", 0.45, 0.30),
    ("ask_idle_p99", 0.50, 0.20),
    ("ask_queued", 1.00, 0.90),
    ("askers_64", 0.50, 0.90),
    ("ping_pong", 1.00, 0.75),
    ("spawn_stop", 0.40, 0.40),
    ("skynet_1m", 0.50, 0.80),
    // A ratio of our own variants.
    ("bounded_over_unbounded", 1.20, 1.20),
];

/// What is compiled in but off may cost, at most. On `ct` alone: on `mt` no figure repeats within
/// two in a hundred.
const FEATURES: (&str, f64) = ("features", 1.02);

/// Bytes per actor, at most. Absolute: they do not depend on the machine.
const BYTES: &[(&str, f64)] = &[("bytes_idle", 400.0), ("bytes_used", 720.0)];

/// The largest ratio a row may have.
pub(crate) fn ratio(row: &str, runtime: Runtime) -> Option<f64> {
    if row == FEATURES.0 {
        return (runtime == Runtime::Ct).then_some(FEATURES.1);
    }
    let (_, ct, mt) = RATIOS.iter().find(|(name, ..)| *name == row)?;
    Some(match runtime {
        Runtime::Ct => *ct,
        Runtime::Mt => *mt,
    })
}

/// The most bytes a row may have.
pub(crate) fn bytes(row: &str) -> Option<f64> {
    BYTES.iter().find(|(name, _)| *name == row).map(|(_, bytes)| *bytes)
}

/// Whether a row is judged on a runtime.
pub(crate) fn is_set(row: &str, runtime: Runtime) -> bool {
    ratio(row, runtime).is_some() || (runtime == Runtime::Ct && bytes(row).is_some())
}

#[cfg(test)]
mod tests {
    use super::{super::plan::ROWS, BYTES, FEATURES, RATIOS};

    #[test]
    fn every_goal_belongs_to_a_row_and_every_row_but_the_counts_has_one() {
        let goals = RATIOS.iter().map(|it| it.0).chain(BYTES.iter().map(|it| it.0));
        let mut with_goal: Vec<&str> = goals.chain([FEATURES.0]).collect();
        let mut rows: Vec<&str> = ROWS.iter().map(|it| it.name).collect();
        rows.retain(|it| *it != "allocations");
        with_goal.sort_unstable();
        rows.sort_unstable();
        assert_eq!(with_goal, rows);
    }
}

//! Rows that divide one of our variants by another.

use super::{
    figures::{Figures, Series},
    goals,
    judge::{Entry, Line, Verdict},
    plan::{Cell, Kind, Library, Role, Row, Runtime},
};

/// What a row divides: name, numerator, denominator, and whether the goal is about it.
type Division = (&'static str, &'static str, &'static str, bool);

const BOUNDED_OVER_UNBOUNDED: &[Division] = &[("bounded", "bounded", "unbounded", true)];

/// Observers, metrics and tracing: compiled in but off, then on, over a build without them.
const FEATURES: &[Division] =
    &[("off", "off", "bounded", true), ("observed", "observed", "bounded", false)];

/// The line of such a row: a ratio for each workload and division; the worst judged one counts.
pub(crate) fn lines(
    row: &Row,
    runtime: Runtime,
    libraries: &[Library],
    figures: &Figures,
) -> Option<Line> {
    let ours = libraries.iter().find(|it| it.is_ours())?;
    let divisions = if row.name == "features" { FEATURES } else { BOUNDED_OVER_UNBOUNDED };
    let mut entries = Vec::new();
    let mut worst: Option<f64> = None;
    for &workload in row.ours {
        for &(name, over, under, is_judged) in divisions {
            let series = |variant: &str| -> Series {
                let (library, variant) = (ours.name.clone(), variant.into());
                figures.series(&Cell { library, variant, workload, runtime }, "ns_per_op")
            };
            let (over, under) = (series(over), series(under));
            let Some(median) = over.ratio_to(&under) else { continue };
            if is_judged {
                worst = Some(worst.map_or(median, |it| it.max(median)));
            }
            entries.push(Entry {
                library: workload.into(),
                role: Role::Ours,
                variant: name.into(),
                series: over,
                median,
                is_hop: false,
            });
        }
    }
    if entries.is_empty() {
        return None;
    }
    let goal = goals::ratio(row.name, runtime);
    let verdict = worst.zip(goal).map(|(ratio, goal)| Verdict::new(ratio, goal));
    let (kind, unit, best_peer) = (Kind::Own, "ratio", None);
    Some(Line { row: row.name, runtime, kind, unit, entries, best_peer, verdict })
}

#[cfg(test)]
mod tests {
    use super::super::{
        figures::{
            Figures,
            tests::{cell, sample},
        },
        judge::{Report, Verdict, judge},
        plan::{
            Role,
            tests::{library, options},
        },
    };

    fn report(row: &str, values: &[(&str, &'static str, f64)]) -> Report {
        let variants = ["bounded", "unbounded", "off", "observed"];
        let ours = library("ours", Role::Ours, &variants, true);
        let mut figures = Figures::default();
        for (variant, workload, value) in values {
            figures.add(&cell("ours", variant, workload), 0, sample("ns_per_op", *value));
        }
        judge(&[ours], &figures, &options(row))
    }

    #[test]
    fn the_worse_of_two_workloads_decides_between_our_mailboxes() {
        let report = report(
            "bounded_over_unbounded",
            &[
                ("bounded", "tell_steady", 22.0),
                ("unbounded", "tell_steady", 20.0),
                ("bounded", "producers_4", 26.0),
                ("unbounded", "producers_4", 20.0),
            ],
        );
        let expected = Some(Verdict { ratio: 1.3, goal: 1.2, is_met: false });
        assert_eq!(report.lines[0].verdict, expected);
    }

    #[test]
    fn what_is_turned_on_may_cost() {
        let report = report(
            "features",
            &[
                ("bounded", "tell_steady", 20.0),
                ("off", "tell_steady", 20.0),
                ("observed", "tell_steady", 40.0),
            ],
        );
        assert_eq!(report.lines[0].entries.len(), 2);
        assert_eq!(report.missed(), 0);
    }

    #[test]
    fn a_row_of_variants_that_are_not_offered_is_left_out() {
        assert!(report("features", &[("bounded", "tell_steady", 20.0)]).lines.is_empty());
    }
}

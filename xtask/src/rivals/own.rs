//! Rows that divide one of our variants by another.

use super::{
    figures::{Figures, Series},
    goals,
    judge::{Entry, Line, Verdict},
    plan::{Cell, Kind, Library, Role, Row, Runtime},
};

/// One variant over another.
#[derive(Debug)]
struct Division {
    over: &'static str,
    under: &'static str,
    /// Whether the goal is about it.
    is_judged: bool,
    /// How a round's figures are divided.
    ratio: fn(&Series, &Series) -> Option<f64>,
}

const BOUNDED_OVER_UNBOUNDED: &[Division] =
    &[Division { over: "bounded", under: "unbounded", is_judged: true, ratio: Series::ratio_to }];

/// Observers, metrics and tracing: compiled in but off, then on, over the default.
const FEATURES: &[Division] = &[
    Division { over: "off", under: "bounded", is_judged: true, ratio: Series::floor_ratio_to },
    Division {
        over: "observed",
        under: "bounded",
        is_judged: false,
        ratio: Series::floor_ratio_to,
    },
];

/// The line of such a row: a ratio for each workload and division; the worst judged one counts.
pub(crate) fn line(
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
        for division in divisions {
            let Some(entry) = divide(division, &ours.name, workload, runtime, figures) else {
                continue;
            };
            if division.is_judged {
                worst = Some(worst.map_or(entry.median, |it| it.max(entry.median)));
            }
            entries.push(entry);
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

/// An entry named after the workload and the upper variant.
fn divide(
    division: &Division,
    library: &str,
    workload: &'static str,
    runtime: Runtime,
    figures: &Figures,
) -> Option<Entry> {
    let series = |variant: &str| -> Series {
        let (library, variant) = (library.into(), variant.into());
        figures.series(&Cell { library, variant, workload, runtime }, "ns_per_op")
    };
    let (over, under) = (series(division.over), series(division.under));
    let median = (division.ratio)(&over, &under)?;
    Some(Entry {
        library: workload.into(),
        role: Role::Ours,
        variant: division.over.into(),
        series: over,
        median,
        is_hop: false,
        is_grouped: false,
    })
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

//! Turns figures into the lines of the report, and judges them.

use super::{
    figures::{Figures, Series},
    goals,
    options::Options,
    own,
    plan::{Cell, Kind, Library, Role, Row, Runtime},
};

/// The whole outcome of a run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) lines: Vec<Line>,
    /// Goals that lack a figure, as `row on runtime`.
    pub(crate) unjudged: Vec<String>,
}

impl Report {
    /// How many goals were missed.
    pub(crate) fn missed(&self) -> usize {
        self.verdicts().filter(|it| !it.is_met).count()
    }

    pub(crate) fn verdicts(&self) -> impl Iterator<Item = &Verdict> {
        self.lines.iter().filter_map(|it| it.verdict.as_ref())
    }
}

/// One figure of one row on one runtime, for all libraries.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) row: &'static str,
    pub(crate) runtime: Runtime,
    pub(crate) kind: Kind,
    pub(crate) unit: &'static str,
    pub(crate) entries: Vec<Entry>,
    /// The peer whose better variant is the smallest.
    pub(crate) best_peer: Option<String>,
    pub(crate) verdict: Option<Verdict>,
}

/// A library's figure in a line.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// As reports name it: a peer's better variant under its name, our others with theirs.
    pub(crate) library: String,
    pub(crate) role: Role,
    /// The mailbox it is about.
    pub(crate) variant: String,
    pub(crate) series: Series,
    pub(crate) median: f64,
    /// Whether each exchange crossed threads by design.
    pub(crate) is_hop: bool,
    /// Whether operations were too short to be timed singly.
    pub(crate) is_grouped: bool,
}

/// Whether a goal is met.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) ratio: f64,
    pub(crate) goal: f64,
    pub(crate) is_met: bool,
}

impl Verdict {
    pub(crate) fn new(ratio: f64, goal: f64) -> Self {
        Self { ratio, goal, is_met: ratio <= goal }
    }
}

/// Judges every row that was wanted.
pub(crate) fn judge(libraries: &[Library], figures: &Figures, options: &Options) -> Report {
    let mut report = Report::default();
    for runtime in [Runtime::Ct, Runtime::Mt] {
        for row in &options.rows {
            let lines = lines(row, runtime, libraries, figures);
            let is_judged = lines.iter().any(|it| it.verdict.is_some());
            if goals::is_set(row.name, runtime) && !is_judged {
                report.unjudged.push(format!("{} on {runtime}", row.name));
            }
            report.lines.extend(lines);
        }
    }
    report
}

fn lines(row: &Row, runtime: Runtime, libraries: &[Library], figures: &Figures) -> Vec<Line> {
    if row.kind == Kind::Own {
        return own::line(row, runtime, libraries, figures).into_iter().collect();
    }
    let shown = row.figures.iter();
    shown.filter_map(|figure| line(row, *figure, runtime, libraries, figures)).collect()
}

fn line(
    row: &Row,
    (figure, unit): (&'static str, &'static str),
    runtime: Runtime,
    libraries: &[Library],
    figures: &Figures,
) -> Option<Line> {
    let entries: Vec<Entry> =
        libraries.iter().flat_map(|it| entries(row, figure, runtime, it, figures)).collect();
    if entries.is_empty() {
        return None;
    }
    let best = entries
        .iter()
        .filter(|it| it.role == Role::Peer)
        .min_by(|one, other| one.median.total_cmp(&other.median));
    // The first of ours is its default.
    let ours = entries.iter().find(|it| it.role == Role::Ours);
    let is_judged = figure == row.figures[0].0;
    let verdict = ours.zip(best).filter(|_| is_judged).and_then(|(ours, best)| {
        let ratio = ours.series.ratio_to(&best.series)?;
        // A limit in bytes is stated as the ratio that it comes to.
        let goal = goals::ratio(row.name, runtime)
            .or_else(|| Some(goals::bytes(row.name)? / best.median))?;
        Some(Verdict::new(ratio, goal))
    });
    let best_peer = best.map(|it| it.library.clone());
    Some(Line { row: row.name, runtime, kind: row.kind, unit, entries, best_peer, verdict })
}

/// Ours: each mailbox by itself, the default first. Others: the better one.
fn entries(
    row: &Row,
    figure: &str,
    runtime: Runtime,
    library: &Library,
    figures: &Figures,
) -> Vec<Entry> {
    let workload = if library.is_ours() { row.ours[0] } else { row.theirs[0] };
    let is_bounded_only = row.is_bounded_only;
    let mut entries: Vec<Entry> = ["bounded", "unbounded"]
        .into_iter()
        .filter(|variant| library.variants.contains_key(*variant))
        .filter(|variant| !is_bounded_only || (*variant == "bounded" && library.waits))
        .filter_map(|variant| {
            let name = library.name.clone();
            let cell = Cell { library: name, variant: variant.into(), workload, runtime };
            let series = figures.series(&cell, figure);
            let median = series.median()?;
            let is_hop = runtime == Runtime::Mt && library.hops.iter().any(|it| it == workload);
            let is_grouped = figures.series(&cell, "group").median().is_some_and(|it| it > 1.0);
            let Cell { library: name, variant, .. } = cell;
            let role = library.role;
            Some(Entry { library: name, role, variant, series, median, is_hop, is_grouped })
        })
        .collect();
    if library.is_ours() {
        for entry in entries.iter_mut().filter(|it| it.variant != "bounded") {
            entry.library = format!("{} {}", entry.library, entry.variant);
        }
        return entries;
    }
    entries.sort_by(|one, other| one.median.total_cmp(&other.median));
    entries.truncate(1);
    entries
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            figures::tests::{cell, sample},
            plan::tests::{library, options},
        },
        Figures, Library, Line, Role, Verdict, judge,
    };

    fn libraries() -> Vec<Library> {
        vec![
            library("ours", Role::Ours, &["bounded", "unbounded"], true),
            library("hand", Role::Reference, &["unbounded"], true),
            library("one", Role::Peer, &["bounded", "unbounded"], true),
            library("two", Role::Peer, &["unbounded"], false),
        ]
    }

    /// One round, a value for each cell.
    fn figures(workload: &'static str, figure: &str, values: &[(&str, &str, f64)]) -> Figures {
        let mut figures = Figures::default();
        for (library, variant, value) in values {
            figures.add(&cell(library, variant, workload), 0, sample(figure, *value));
        }
        figures
    }

    const TELLS: &[(&str, &str, f64)] = &[
        ("ours", "bounded", 20.0),
        ("ours", "unbounded", 24.0),
        ("hand", "unbounded", 5.0),
        ("one", "bounded", 100.0),
        ("one", "unbounded", 80.0),
        ("two", "unbounded", 50.0),
    ];

    fn only_line(row: &str, figures: &Figures) -> Line {
        let mut lines = judge(&libraries(), figures, &options(row)).lines;
        assert_eq!(lines.len(), 1);
        lines.remove(0)
    }

    #[test]
    fn our_default_is_judged_against_the_best_variant_of_the_best_peer() {
        let line = only_line("tell_steady", &figures("tell_steady", "ns_per_op", TELLS));
        assert_eq!(line.best_peer.as_deref(), Some("two"));
        assert_eq!(line.verdict, Some(Verdict { ratio: 0.4, goal: 0.5, is_met: true }));
    }

    #[test]
    fn a_peer_has_one_entry_and_ours_one_for_each_mailbox() {
        let line = only_line("tell_steady", &figures("tell_steady", "ns_per_op", TELLS));
        let entries: Vec<(&str, f64)> =
            line.entries.iter().map(|it| (it.library.as_str(), it.median)).collect();
        let expected =
            [("ours", 20.0), ("ours unbounded", 24.0), ("hand", 5.0), ("one", 80.0), ("two", 50.0)];
        assert_eq!(entries, expected);
    }

    #[test]
    fn bounded_rows_compare_only_those_that_wait() {
        let line = only_line("tell_steady_bounded", &figures("tell_steady", "ns_per_op", TELLS));
        assert_eq!(line.best_peer.as_deref(), Some("one"));
        assert_eq!(line.verdict, Some(Verdict { ratio: 0.2, goal: 0.25, is_met: true }));
    }

    #[test]
    fn bytes_are_judged_by_their_number() {
        let weigh = |bytes| {
            let values = [("ours", "bounded", bytes), ("two", "unbounded", 800.0)];
            judge(&libraries(), &figures("bytes_idle", "bytes", &values), &options("bytes_idle"))
        };
        let verdict = weigh(400.0).lines[0].verdict;
        assert_eq!(verdict, Some(Verdict { ratio: 0.5, goal: 0.5, is_met: true }));
        assert_eq!(weigh(401.0).missed(), 1);
    }

    #[test]
    fn without_ours_lines_have_no_verdict() {
        let peers = &libraries()[1..];
        let figures = figures("tell_steady", "ns_per_op", &TELLS[2..]);
        let report = judge(peers, &figures, &options("tell_steady"));
        assert_eq!(report.lines.len(), 1);
        assert_eq!(report.verdicts().count(), 0);
        assert_eq!(report.unjudged, ["tell_steady on ct", "tell_steady on mt"]);
    }

    #[test]
    fn a_ratio_at_the_goal_meets_it() {
        assert!(Verdict::new(0.5, 0.5).is_met);
        assert!(!Verdict::new(0.501, 0.5).is_met);
    }
}

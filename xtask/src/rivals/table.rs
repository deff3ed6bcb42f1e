//! The report as text: a table for each runtime.

use super::{
    judge::{Entry, Line, Report},
    plan::{Kind, Library, Role, Runtime},
};

/// The whole report.
pub(crate) fn render(report: &Report, libraries: &[Library]) -> String {
    let mut text = String::new();
    for (runtime, title) in [(Runtime::Ct, "ct: one thread"), (Runtime::Mt, "mt: two workers")] {
        let lines: Vec<&Line> = report.lines.iter().filter(|it| it.runtime == runtime).collect();
        let (own, compared): (Vec<&Line>, Vec<&Line>) =
            lines.into_iter().partition(|it| it.kind == Kind::Own);
        if !compared.is_empty() {
            text.push_str(&format!("\n{title}; median, and the spread of the rounds in %\n\n"));
            text.push_str(&align(&grid(&compared)));
        }
        if !own.is_empty() {
            text.push_str(&format!("\n{title}; ours over ours\n\n"));
            text.push_str(&align(&own_grid(&own)));
        }
    }
    let versions: Vec<String> =
        libraries.iter().map(|it| format!("{} {}", it.name, it.version)).collect();
    let legend = "b, u: the peer's better mailbox, bounded or unbounded; \
        ~: every round was disturbed; hop: each exchange crosses threads by design; \
        /16: of groups of 16, single ones being too short to time";
    text.push_str(&format!("\n{legend}\n{}\n", versions.join(", ")));
    text.push_str(&summary(report));
    text
}

fn summary(report: &Report) -> String {
    if report.verdicts().count() == 0 {
        return "no goal was judged: ours has no figures".into();
    }
    let mut text =
        format!("{} goals judged, {} MISSED", report.verdicts().count(), report.missed());
    if !report.unjudged.is_empty() {
        text.push_str(&format!("; not judged: {}", report.unjudged.join(", ")));
    }
    text
}

/// A header and a row of cells for each line.
fn grid(lines: &[&Line]) -> Vec<Vec<String>> {
    let mut columns: Vec<&str> = Vec::new();
    for entry in lines.iter().flat_map(|it| &it.entries) {
        if !columns.contains(&entry.library.as_str()) {
            columns.push(&entry.library);
        }
    }
    let head = ["", "ratio", "goal", "", "best peer"].into_iter().chain(columns.iter().copied());
    let mut grid = vec![head.map(String::from).collect::<Vec<_>>()];
    for line in lines {
        let mut row = vec![match line.unit {
            "ns" | "bytes" => line.row.to_owned(),
            "bytes rss" => format!("{} rss", line.row),
            unit => unit.to_owned(),
        }];
        row.extend(verdict(line));
        row.push(line.best_peer.clone().unwrap_or_default());
        for column in &columns {
            let entry = line.entries.iter().find(|it| it.library == *column);
            row.push(entry.map(|it| figure(it, line.unit)).unwrap_or_default());
        }
        grid.push(row);
    }
    grid
}

/// Our ratios, each with its workload and variant.
fn own_grid(lines: &[&Line]) -> Vec<Vec<String>> {
    let mut grid = vec![["", "ratio", "goal", "", ""].map(String::from).to_vec()];
    for line in lines {
        let parts: Vec<String> = line
            .entries
            .iter()
            .map(|it| format!("{} {} {:.2}", it.library, it.variant, it.median))
            .collect();
        let mut row = vec![line.row.to_owned()];
        row.extend(verdict(line));
        row.push(parts.join("; "));
        grid.push(row);
    }
    grid
}

/// Ratio, goal, and whether it is met.
fn verdict(line: &Line) -> [String; 3] {
    let Some(verdict) = line.verdict else { return Default::default() };
    let word = if verdict.is_met { "met" } else { "MISSED" };
    [format!("{:.2}", verdict.ratio), format!("{:.2}", verdict.goal), word.into()]
}

fn figure(entry: &Entry, unit: &str) -> String {
    let mut text = match unit {
        "ns" => duration(entry.median),
        "bytes" | "bytes rss" => format!("{:.0} B", entry.median),
        _ => format!("{:.2}", entry.median),
    };
    if let Some(spread) = entry.series.spread().filter(|_| entry.series.len() > 1) {
        text.push_str(&format!(" {:.0}%", spread * 100.0));
    }
    if entry.role == Role::Peer {
        text.push_str(if entry.variant == "bounded" { " b" } else { " u" });
    }
    if entry.is_grouped && unit == "ns" {
        text.push_str(" /16");
    }
    if entry.is_hop {
        text.push_str(" hop");
    }
    if entry.series.is_disturbed {
        text.push('~');
    }
    text
}

/// Three digits and a unit.
fn duration(ns: f64) -> String {
    let (value, unit) = match ns {
        ..1e3 => (ns, "ns"),
        ..1e6 => (ns / 1e3, "µs"),
        ..1e9 => (ns / 1e6, "ms"),
        _ => (ns / 1e9, "s"),
    };
    match value {
        ..10.0 => format!("{value:.2} {unit}"),
        ..100.0 => format!("{value:.1} {unit}"),
        _ => format!("{value:.0} {unit}"),
    }
}

/// Pads columns to their widest cell: names to the left, figures to the right.
fn align(grid: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = grid.iter().filter_map(|row| row.get(column));
        cells.map(|it| it.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..grid.first().map_or(0, Vec::len)).map(width).collect();
    let mut text = String::new();
    for row in grid {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            match column {
                0 | 3 | 4 => line.push_str(&format!("{cell:<width$}  ")),
                _ => line.push_str(&format!("{cell:>width$}  ")),
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            figures::{
                Figures,
                tests::{cell, sample},
            },
            judge::judge,
            plan::{
                Role,
                tests::{library, options},
            },
        },
        align, duration, render,
    };

    #[test]
    fn a_table_shows_ratio_goal_verdict_and_figures() {
        let libraries = [
            library("ours", Role::Ours, &["bounded"], true),
            library("peer", Role::Peer, &["unbounded"], false),
        ];
        let mut figures = Figures::default();
        for (round, ours) in [(0, 30.0), (1, 33.0), (2, 36.0)] {
            let at = cell("ours", "bounded", "tell_steady");
            figures.add(&at, round, sample("ns_per_op", ours));
            let at = cell("peer", "unbounded", "tell_steady");
            figures.add(&at, round, sample("ns_per_op", 60.0));
        }
        let report = judge(&libraries, &figures, &options("tell_steady"));
        let text = render(&report, &libraries);
        let expected = "
ct: one thread; median, and the spread of the rounds in %

             ratio  goal          best peer         ours          peer
tell_steady   0.55  0.50  MISSED  peer       33.0 ns 18%  60.0 ns 0% u
";
        assert!(text.starts_with(expected), "{text}");
        assert!(
            text.ends_with("1 goals judged, 1 MISSED; not judged: tell_steady on mt"),
            "{text}"
        );
    }

    #[test]
    fn durations_have_three_digits() {
        let shown = [4.123, 54.32, 197.3, 4_500.0, 151_390_540.0, 1.2e9].map(duration);
        assert_eq!(shown, ["4.12 ns", "54.3 ns", "197 ns", "4.50 µs", "151 ms", "1.20 s"]);
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let grid = [["a", "10"], ["long", "1"]].map(|row| row.map(String::from).to_vec());
        assert_eq!(align(&grid), "a     10\nlong   1\n");
    }
}

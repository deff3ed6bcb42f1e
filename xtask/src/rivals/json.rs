//! The report as data: what `target/rivals.json` holds.

use serde_json::{Value, json};

use super::{
    judge::{Line, Report},
    plan::Kind,
};

/// One array: a row for every figure, then one for every goal.
pub(crate) fn render(report: &Report) -> String {
    let mut rows: Vec<Value> = report.lines.iter().flat_map(figures).collect();
    rows.extend(report.lines.iter().filter_map(goal));
    let rows: Vec<String> = rows.iter().map(Value::to_string).collect();
    format!("[\n{}\n]\n", rows.join(",\n"))
}

/// The figures of a line. Ratios of our own variants are in its goal.
fn figures(line: &Line) -> Vec<Value> {
    let (workload, runtime) = (line.row, line.runtime.to_string());
    let entries = line.entries.iter().filter(|_| line.kind != Kind::Own);
    entries
        .map(|entry| {
            let (library, rounds) = (&entry.library, entry.series.len());
            let value = rounded(entry.median);
            match line.kind {
                Kind::Time => json!({
                    "workload": workload, "runtime": runtime, "library": library,
                    "ns_per_op": value, "rounds": rounds,
                }),
                Kind::Exact | Kind::Own => json!({
                    "workload": workload, "runtime": runtime, "library": library,
                    "value": value, "unit": line.unit, "rounds": rounds,
                }),
            }
        })
        .collect()
}

fn goal(line: &Line) -> Option<Value> {
    let verdict = line.verdict?;
    Some(json!({
        "workload": line.row, "runtime": line.runtime.to_string(),
        "ratio_to_best_peer": rounded(verdict.ratio), "goal": rounded(verdict.goal),
        "met": verdict.is_met,
    }))
}

/// Three decimals: more would claim what was not measured.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

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
        render,
    };

    fn rows(row: &str, workload: &'static str, figure: &str) -> Vec<Value> {
        let libraries = [
            library("ours", Role::Ours, &["bounded"], true),
            library("peer", Role::Peer, &["unbounded"], false),
        ];
        let mut figures = Figures::default();
        figures.add(&cell("ours", "bounded", workload), 0, sample(figure, 300.0));
        figures.add(&cell("peer", "unbounded", workload), 0, sample(figure, 720.0));
        let report = judge(&libraries, &figures, &options(row));
        serde_json::from_str(&render(&report)).unwrap()
    }

    #[test]
    fn times_and_goals_have_the_agreed_shapes() {
        let expected = [
            json!({"workload": "tell_1m", "runtime": "ct", "library": "ours",
                "ns_per_op": 300.0, "rounds": 1}),
            json!({"workload": "tell_1m", "runtime": "ct", "library": "peer",
                "ns_per_op": 720.0, "rounds": 1}),
            json!({"workload": "tell_1m", "runtime": "ct",
                "ratio_to_best_peer": 0.417, "goal": 0.5, "met": true}),
        ];
        assert_eq!(rows("tell_1m", "tell_1m", "ns_per_op"), expected);
    }

    #[test]
    fn bytes_have_a_unit_and_a_goal_as_a_ratio() {
        let expected = [
            json!({"workload": "bytes_idle", "runtime": "ct", "library": "ours",
                "value": 300.0, "unit": "bytes", "rounds": 1}),
            json!({"workload": "bytes_idle", "runtime": "ct", "library": "peer",
                "value": 720.0, "unit": "bytes", "rounds": 1}),
            json!({"workload": "bytes_idle", "runtime": "ct",
                "ratio_to_best_peer": 0.417, "goal": 0.556, "met": true}),
        ];
        assert_eq!(rows("bytes_idle", "bytes_idle", "bytes"), expected);
    }
}

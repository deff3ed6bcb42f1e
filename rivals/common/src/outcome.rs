//! What a process found out, and how it says so.

use std::fmt::Write;

use crate::clock::Spent;

/// The figures of one process.
#[derive(Debug)]
pub struct Outcome {
    ops: u64,
    spent: Spent,
    /// Figures by name: `ns_per_op`, `p99_ns`, `bytes`, …
    values: Vec<(&'static str, f64)>,
}

impl Outcome {
    /// Time per operation.
    pub(crate) fn timed(ops: u64, spent: Spent) -> Self {
        let ns_per_op = spent.wall.as_nanos() as f64 / ops as f64;
        Self { ops, spent, values: vec![("ns_per_op", ns_per_op)] }
    }

    /// Figures other than time.
    pub(crate) fn counted(ops: u64) -> Self {
        Self { ops, spent: Spent::default(), values: Vec::new() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: f64) -> Self {
        self.values.push((name, value));
        self
    }

    /// One line of JSON; `head` names library, variant, workload and runtime.
    pub(crate) fn json(&self, head: &[(&str, &str)]) -> String {
        let mut line = String::from("{");
        // Writing to a string cannot fail.
        for (key, value) in head {
            let _ = write!(line, r#""{key}":"{value}","#);
        }
        let (wall, cpu) = (self.spent.wall.as_nanos(), self.spent.cpu.as_nanos());
        let _ = write!(line, r#""ops":{},"wall_ns":{wall},"cpu_ns":{cpu},"values":{{"#, self.ops);
        for (nth, (name, value)) in self.values.iter().enumerate() {
            let comma = if nth == 0 { "" } else { "," };
            let _ = write!(line, r#"{comma}"{name}":{value:.3}"#);
        }
        line.push_str("}}");
        line
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Outcome, Spent};

    #[test]
    fn an_outcome_is_one_line_of_json() {
        let spent = Spent { wall: Duration::from_nanos(500), cpu: Duration::from_nanos(490) };
        let outcome = Outcome::timed(100, spent).with("group", 16.0);
        assert_eq!(
            outcome.json(&[("library", "raw"), ("runtime", "ct")]),
            concat!(
                r#"{"library":"raw","runtime":"ct","ops":100,"wall_ns":500,"cpu_ns":490,"#,
                r#""values":{"ns_per_op":5.000,"group":16.000}}"#
            )
        );
    }
}

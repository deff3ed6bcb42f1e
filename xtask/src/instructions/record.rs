//! The recorded figures, and how measured ones compare with them.

use std::{collections::BTreeMap, fmt::Write as _};

/// How far a figure may be from the recorded one, in percent.
const TOLERANCE: f64 = 2.0;

const HEADER: &str = "\
# Instructions per operation, counted by callgrind; `cargo x ci` allows 2 % in either direction.
# Figures of another compiler or machine are not compared: `cargo x instructions --record`.
";

/// Figures, and what they were measured with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    /// The compiler and the machine it compiles for: other code comes out of another.
    pub(crate) compiler: String,
    pub(crate) figures: BTreeMap<String, f64>,
}

/// What a comparison comes to.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    Same(String),
    Changed(Vec<String>),
    Incomparable(String),
}

impl Record {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut record = Self { compiler: String::new(), figures: BTreeMap::new() };
        for line in text.lines().filter(|it| !it.is_empty() && !it.starts_with('#')) {
            let (key, value) = line.split_once(' ').ok_or_else(|| format!("odd line: {line}"))?;
            if key == "compiler" {
                value.clone_into(&mut record.compiler);
            } else {
                let figure = value.parse().map_err(|it| format!("{line}: {it}"))?;
                record.figures.insert(key.to_owned(), figure);
            }
        }
        Ok(record)
    }

    pub(crate) fn render(&self) -> String {
        let mut text = format!("{HEADER}compiler {}\n", self.compiler);
        for (name, figure) in &self.figures {
            // Writing to a string cannot fail.
            _ = writeln!(text, "{name} {figure:.1}");
        }
        text
    }

    pub(crate) fn judge(&self, measured: &Self) -> Verdict {
        if self.compiler != measured.compiler {
            return Verdict::Incomparable(format!(
                "recorded with {}, and this is {}",
                self.compiler, measured.compiler
            ));
        }
        let (mut same, mut changed) = (Vec::new(), Vec::new());
        for (name, now) in &measured.figures {
            let Some(then) = self.figures.get(name) else {
                changed.push(format!("{name}: {now:.1}, and none is recorded"));
                continue;
            };
            let percent = (now / then - 1.0) * 100.0;
            let line = format!("{name} {now:.1}, {percent:+.1} %");
            if percent.abs() <= TOLERANCE {
                same.push(line);
            } else {
                changed.push(format!("{line}: {then:.1} is recorded"));
            }
        }
        if changed.is_empty() { Verdict::Same(same.join("; ")) } else { Verdict::Changed(changed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(compiler: &str, tell: f64) -> Record {
        let figures = BTreeMap::from([("tell".to_owned(), tell)]);
        Record { compiler: compiler.to_owned(), figures }
    }

    #[test]
    fn what_is_written_can_be_read() {
        let one = record("rustc 1.95.0", 120.5);
        assert_eq!(Record::parse(&one.render()), Ok(one));
    }

    #[test]
    fn two_percent_is_the_same_and_three_is_not() {
        let recorded = record("a", 100.0);
        assert!(matches!(recorded.judge(&record("a", 101.9)), Verdict::Same(_)));
        assert!(matches!(recorded.judge(&record("a", 103.0)), Verdict::Changed(_)));
        assert!(matches!(recorded.judge(&record("a", 97.0)), Verdict::Changed(_)));
    }

    #[test]
    fn figures_of_another_compiler_are_not_compared() {
        let verdict = record("a", 100.0).judge(&record("b", 200.0));
        assert_eq!(verdict, Verdict::Incomparable("recorded with a, and this is b".into()));
    }

    #[test]
    fn a_workload_without_a_record_is_a_change() {
        let empty = Record { figures: BTreeMap::new(), ..record("a", 0.0) };
        assert!(matches!(empty.judge(&record("a", 1.0)), Verdict::Changed(_)));
    }
}

//! The command line of `cargo x rivals`.

use super::plan::{self, Row};

/// How to call it.
const USAGE: &str = "cargo x rivals [--quick] [--only <workload>] [--rounds <n>] [--strict]";

/// What was asked for.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Options {
    /// A fifth of the operations, fewer rounds, and without the libraries that matter least.
    pub(crate) is_quick: bool,
    /// Whether a missed goal fails the command.
    pub(crate) is_strict: bool,
    pub(crate) rounds: u32,
    /// The rows of the report; all unless `--only` names some.
    pub(crate) rows: Vec<&'static Row>,
}

impl Options {
    pub(crate) fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut is_quick, mut is_strict, mut rounds) = (false, false, None);
        let mut rows = Vec::new();
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
            match arg.as_str() {
                "--quick" => is_quick = true,
                "--strict" => is_strict = true,
                "--only" => rows.push(row(&value()?)?),
                "--rounds" => rounds = Some(count(&value()?)?),
                _ => return Err(USAGE.into()),
            }
        }
        if rows.is_empty() {
            rows = plan::ROWS.iter().collect();
        }
        let rounds = rounds.unwrap_or(if is_quick { 5 } else { 7 });
        Ok(Self { is_quick, is_strict, rounds, rows })
    }
}

fn row(name: &str) -> Result<&'static Row, String> {
    plan::ROWS.iter().find(|it| it.name == name).ok_or_else(|| {
        let names: Vec<&str> = plan::ROWS.iter().map(|it| it.name).collect();
        format!("there is no workload {name}; there are {}", names.join(", "))
    })
}

fn count(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(0) => Err("--rounds: at least one".into()),
        Ok(rounds) => Ok(rounds),
        Err(error) => Err(format!("--rounds: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Options, plan};

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(line.split_whitespace().map(String::from))
    }

    #[test]
    fn a_full_run_takes_seven_rounds_of_every_row() {
        let options = parse("").unwrap();
        assert_eq!((options.rounds, options.rows.len()), (7, plan::ROWS.len()));
    }

    #[test]
    fn a_quick_run_takes_five_rounds_unless_told_otherwise() {
        assert_eq!(parse("--quick").unwrap().rounds, 5);
        assert_eq!(parse("--quick --rounds 2").unwrap().rounds, 2);
    }

    #[test]
    fn only_narrows_the_rows() {
        let options = parse("--only ask_queued --strict").unwrap();
        assert!(options.is_strict);
        assert_eq!(options.rows.iter().map(|it| it.name).collect::<Vec<_>>(), ["ask_queued"]);
    }

    #[test]
    fn what_is_not_known_is_refused() {
        assert!(parse("--only pong").is_err());
        assert!(parse("--rounds 0").is_err());
        assert!(parse("--rounds").is_err());
        assert!(parse("fast").is_err());
    }
}

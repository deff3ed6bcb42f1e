//! The command line: what can be asked for, and one clear line when it was something else.

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, Parser, Subcommand, error::ErrorKind};

/// Actors in Rust that one can look at while they run.
#[derive(Debug, Parser)]
#[command(name = "ghostlight", version, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What is to be done.
#[derive(Debug, Eq, PartialEq, Subcommand)]
pub(crate) enum Command {
    /// Shows actors at work on something of your own.
    Demo(Demo),
}

/// Which demonstration. There is one so far, so its name may be left out.
#[derive(Args, Debug, Eq, PartialEq)]
#[command(disable_help_subcommand = true)]
pub(crate) struct Demo {
    #[command(subcommand)]
    which: Option<Which>,
    #[command(flatten)]
    crawl: Crawl,
}

#[derive(Debug, Eq, PartialEq, Subcommand)]
enum Which {
    /// Reads a tree of HTML and Markdown pages: indexes their words and checks their links.
    Crawl {
        /// A directory or a page [default: the Rust documentation if it is installed, else ./docs]
        path: Option<PathBuf>,
    },
}

/// How to crawl a tree of pages.
#[derive(Args, Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Crawl {
    /// A directory or a page [default: the Rust documentation if it is installed, else ./docs]
    pub(crate) path: Option<PathBuf>,
    /// Prints what was found as one JSON object on one line.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Does the same in a single thread without actors, to compare.
    #[arg(long, global = true)]
    pub(crate) baseline: bool,
    /// Plants N pages that no parser survives in a temporary copy of the tree, and crawls that.
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, global = true)]
    pub(crate) poison: u32,
    /// Shows no progress.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

impl Demo {
    /// `demo crawl PATH` and `demo PATH` are the same.
    pub(crate) fn into_crawl(self) -> Crawl {
        match self.which {
            Some(Which::Crawl { path }) => Crawl { path: path.or(self.crawl.path), ..self.crawl },
            None => self.crawl,
        }
    }
}

/// What to print instead of carrying out a command.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Instead {
    /// What was asked for.
    Help(String),
    /// One line that says what was wrong.
    Complaint(String),
}

/// Reads the arguments, of which the first is the program's name.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, Instead> {
    Cli::try_parse_from(arguments).map(|it| it.command).map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Instead::Help(error.to_string()),
        _ => Instead::Complaint(first_line(&error.to_string())),
    })
}

/// The parser's own complaints take five lines, of which the first says it all.
fn first_line(complaint: &str) -> String {
    let line = complaint.lines().next().unwrap_or_default();
    let line = line.strip_prefix("error: ").unwrap_or(line);
    format!("{line}; `ghostlight --help` says what there is")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn parse_line(line: &str) -> Result<Command, Instead> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[track_caller]
    fn check(line: &str, expected: &Crawl) {
        let Ok(Command::Demo(demo)) = parse_line(line) else { panic!("{line} is not understood") };
        assert_eq!(demo.into_crawl(), *expected, "{line}");
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn crawl_is_the_demo_if_none_is_named() {
        let here = Crawl { path: Some("here".into()), ..Crawl::default() };
        check("ghostlight demo", &Crawl::default());
        check("ghostlight demo crawl", &Crawl::default());
        check("ghostlight demo here", &here);
        check("ghostlight demo crawl here", &here);
        check("ghostlight demo crawl crawl", &Crawl { path: Some("crawl".into()), ..here });
    }

    #[test]
    fn options_may_stand_anywhere() {
        let path = Some("here".into());
        let all = Crawl { path, json: true, baseline: true, poison: 7, quiet: true };
        check("ghostlight demo --json --baseline -q --poison 7 here", &all);
        check("ghostlight demo here --quiet --json --poison=7 --baseline", &all);
        check("ghostlight demo --json crawl --baseline --poison 7 here -q", &all);
        check("ghostlight demo --json --poison 7 crawl --baseline here -q", &all);
    }

    #[test]
    fn unknown_input_gets_one_clear_line() {
        let table = [
            ("ghostlight dmo", "unrecognized subcommand 'dmo'"),
            ("ghostlight demo --jsn", "unexpected argument '--jsn' found"),
            (
                "ghostlight demo --poison",
                "a value is required for '--poison <N>' but none was supplied",
            ),
            (
                "ghostlight demo --poison x",
                "invalid value 'x' for '--poison <N>': invalid digit found in string",
            ),
            ("ghostlight demo a b", "unexpected argument 'b' found"),
            ("ghostlight demo crawl a b", "unexpected argument 'b' found"),
        ];
        for (line, expected) in table {
            let expected = format!("{expected}; `ghostlight --help` says what there is");
            assert_eq!(parse_line(line), Err(Instead::Complaint(expected)), "{line}");
        }
    }

    #[test]
    fn help_is_given_when_asked_for_and_when_nothing_is() {
        for line in ["ghostlight", "ghostlight --help", "ghostlight demo --help", "ghostlight -V"] {
            assert!(matches!(parse_line(line), Err(Instead::Help(_))), "{line}");
        }
    }
}

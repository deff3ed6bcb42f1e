//! `ghostlight`, the command.

#![forbid(unsafe_code)]

mod cli;
mod demo;
mod stopwatch;

use std::{
    env,
    io::{self, Write as _},
    process::ExitCode,
};

use cli::{Command, Instead};

/// How the command ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Exit {
    Success = 0,
    /// It could not be done.
    Failure = 1,
    /// It could not be understood, or names what is not there.
    Usage = 2,
    /// Ctrl-C ended it early, which shells tell by this number.
    Interrupted = 130,
}

fn main() -> ExitCode {
    let mut out = io::stdout().lock();
    let mut err = io::stderr();
    let exit = match cli::parse(env::args_os()) {
        Ok(Command::Demo(demo)) => demo::run(&demo.into_crawl(), &mut out, &mut err),
        Err(Instead::Help(text)) => write!(out, "{text}").map(|()| Exit::Success),
        Err(Instead::Complaint(line)) => writeln!(err, "ghostlight: {line}").map(|()| Exit::Usage),
    };
    // Whoever closes our output early has seen enough.
    exit.and_then(|exit| out.flush().map(|()| exit)).unwrap_or(Exit::Failure).into()
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

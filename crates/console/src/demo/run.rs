//! Carries out `ghostlight demo crawl`: finds the tree, crawls it, prints what was found.

use std::io::{self, Write};

use super::{baseline, crawl::crawl, progress::Display, summary::Summary, tree::Tree};
use crate::{Exit, cli::Crawl, stopwatch};

/// What was found goes to `out`, why nothing was to `err`.
pub(crate) fn run(command: &Crawl, out: &mut impl Write, err: &mut impl Write) -> io::Result<Exit> {
    let tree = match Tree::find(command.path.as_deref()) {
        Ok(tree) => tree,
        Err(error) => {
            writeln!(err, "ghostlight: {error}")?;
            return Ok(Exit::Usage);
        }
    };
    let is_silent = command.json || command.quiet;
    let display = if is_silent { Display::hidden() } else { Display::visible() };
    let (result, elapsed) = stopwatch::time(|| {
        if command.baseline {
            Ok(baseline::run(&tree, |progress| display.show(progress)))
        } else {
            crawl(&tree, &display)
        }
    });
    display.clear();
    let outcome = match result {
        Ok(outcome) => outcome,
        Err(error) => {
            writeln!(err, "ghostlight: {error}")?;
            return Ok(Exit::Failure);
        }
    };
    let exit = if outcome.is_partial { Exit::Interrupted } else { Exit::Success };
    let root = tree.start.display().to_string();
    let summary = Summary { root, seconds: elapsed.as_secs_f64(), outcome };
    if command.json {
        writeln!(out, "{}", summary.to_json()?)?;
    } else {
        write!(out, "{summary}")?;
    }
    Ok(exit)
}

//! Runs every cell once a round, in another order each time.

use std::{
    collections::BTreeMap,
    io::{IsTerminal, Write, stderr},
    path::Path,
    time::{Duration, Instant},
};

use super::{
    figures::{Figures, Sample},
    launch,
    options::Options,
    plan::{self, Cell, Library},
    shuffle::Shuffle,
};

/// How long one process may take.
const LIMIT: Duration = Duration::from_secs(120);
const QUICK_LIMIT: Duration = Duration::from_secs(10);

/// Measures all cells; figures, and what was left out.
///
/// A cell that fails once is not run again and has no figure: half a rival is none.
pub(crate) fn run(
    libraries: &[Library],
    options: &Options,
    deadline: Option<Instant>,
) -> (Figures, Vec<String>) {
    let mut figures = Figures::default();
    let mut failures: BTreeMap<Cell, String> = BTreeMap::new();
    let mut unfinished = None;
    let mut shuffle = Shuffle::from_clock();
    let mut cells = plan::cells(libraries, options);
    'rounds: for round in 0..options.rounds {
        cells.retain(|it| !failures.contains_key(it));
        cells.retain(|it| round == 0 || !plan::is_exact(it.workload));
        shuffle.apply(&mut cells);
        for (nth, cell) in cells.iter().enumerate() {
            if deadline.is_some_and(|it| it <= Instant::now()) {
                unfinished = Some(round);
                break 'rounds;
            }
            show_progress(round, nth, cells.len(), options.rounds, cell);
            match measure(libraries, cell, options.is_quick, deadline) {
                Ok(samples) => samples.into_iter().for_each(|it| figures.add(cell, round, it)),
                Err(why) => {
                    figures.forget(cell);
                    failures.insert(cell.clone(), why);
                }
            }
        }
    }
    eprintln!();
    let mut complaints: Vec<String> =
        failures.iter().map(|(cell, why)| format!("{cell}: {why}")).collect();
    complaints
        .extend(unfinished.map(|it| format!("what time did not suffice for in round {}", it + 1)));
    (figures, complaints)
}

/// One sample, and a second where something else ran during the first and there is time.
fn measure(
    libraries: &[Library],
    cell: &Cell,
    is_quick: bool,
    deadline: Option<Instant>,
) -> Result<Vec<Sample>, String> {
    let limit = if is_quick { QUICK_LIMIT } else { LIMIT };
    let binary = binary(libraries, cell).ok_or("no binary runs it")?;
    let mut samples = vec![launch::measure(binary, cell, is_quick, limit)?];
    let has_time = deadline.is_none_or(|it| Instant::now() < it);
    if samples[0].is_disturbed(cell.runtime) && has_time {
        samples.push(launch::measure(binary, cell, is_quick, limit)?);
    }
    Ok(samples)
}

fn binary<'a>(libraries: &'a [Library], cell: &Cell) -> Option<&'a Path> {
    let library = libraries.iter().find(|it| it.name == cell.library)?;
    library.variants.get(&cell.variant).map(|it| it.as_path())
}

/// A line that overwrites itself; in a log, one line a round.
fn show_progress(round: u32, nth: usize, of: usize, rounds: u32, cell: &Cell) {
    let mut out = stderr();
    let place = format!("round {} of {rounds}", round + 1);
    // A progress line that cannot be shown is no reason to stop.
    if out.is_terminal() {
        let _ = write!(out, "\r\x1b[2K{place}, {} of {of}: {cell}", nth + 1);
        let _ = out.flush();
    } else if nth == 0 {
        let _ = writeln!(out, "{place}: {of} processes");
    }
}

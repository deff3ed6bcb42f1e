//! `cargo x bite`: plants faults in a copy of core, one at a time, and sees which test catches each.
//!
//! `faults.rs` lists them, `plant.rs` puts them into the source, `copy.rs` makes the copy they go
//! into, `suite.rs` runs the tests on it, `hunt.rs` goes on until one fails, `table.rs` writes down
//! and reads what came of it.

mod copy;
mod faults;
mod hunt;
mod options;
mod plant;
mod suite;
mod table;

use std::{
    collections::BTreeSet,
    path::Path,
    process::ExitCode,
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::Instant,
};

use self::{
    faults::Fault,
    hunt::{FIRST, hunt, hunt_with},
    options::{Options, Work},
    suite::{Catch, Rank, Suite},
    table::{Row, Table},
};
use crate::step::Outcome;

/// In how many worlds the suite must be green where no fault is on.
const WORLDS_WITHOUT: u64 = 10;

/// How often a test may be tried that must be green where no fault is on, or red where one is. On real
/// threads a machine that does much else may hold a test back, but not each time.
const TRIES: usize = 3;

/// Does what the command line asks for.
pub(crate) fn main(root: &Path, words: &[&str]) -> ExitCode {
    let done = Options::read(words).and_then(|it| match it.work {
        Work::List => {
            faults::all().for_each(|it| println!("{:<36} {}", it.name, it.says));
            Ok(())
        }
        Work::Hunt => find_all(root, &it),
        Work::Recorded => check_table(root).map(|note| println!("{note}")),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// The step of `ci`: whether what the table says is still true.
pub(crate) fn gate(root: &Path) -> Outcome {
    match check_table(root) {
        Ok(note) => Outcome::Passed(note),
        Err(why) => {
            println!("{why}");
            Outcome::Failed("cargo x bite, and then cargo x bite --record".to_owned())
        }
    }
}

/// Looks for a test that catches each fault.
fn find_all(root: &Path, options: &Options) -> Result<(), String> {
    let faults = options.chosen()?;
    let table = match &options.target {
        Some(target) => hunt_all(root, options.seeds, &faults, |it| it == target)?,
        None => hunt_by_rank(root, options, &faults)?,
    };
    println!("\n{}", table.summary());
    if options.is_recorded {
        table.write(root)?;
    }
    let survivors: Vec<_> = table.survivors().into_iter().map(|it| it.name).collect();
    if survivors.is_empty() {
        return Ok(());
    }
    Err(format!("these survived {} worlds: {}", options.seeds, survivors.join(", ")))
}

/// Shows faults to all targets: each to what is quick first.
fn hunt_by_rank(
    root: &Path,
    options: &Options,
    faults: &[&'static Fault],
) -> Result<Table, String> {
    let seeds = options.seeds;
    let ranks = [
        (Rank::Usual, seeds.min(FIRST)),
        (Rank::Once, 1),
        (Rank::Usual, seeds),
        (Rank::LastResort, seeds),
    ];
    let mut table = Table(faults.iter().map(|it| Row::new(it, None)).collect());
    for (rank, seeds) in ranks {
        let survivors = table.survivors();
        if !survivors.is_empty() {
            let hunted = hunt_all(root, seeds, &survivors, |it| Suite::has_rank(it, rank))?;
            table = table.with(hunted);
        }
    }
    Ok(table)
}

/// Shows faults to the targets that are `wanted`.
fn hunt_all(
    root: &Path,
    seeds: u64,
    faults: &[&'static Fault],
    wanted: impl Fn(&str) -> bool,
) -> Result<Table, String> {
    let suite = Suite::build(root, wanted)?;
    look_at_health(&suite)?;
    let rows = each(faults, |fault| {
        let row = hunt(&suite, fault, seeds).map(|it| Row::new(fault, it));
        row.iter().for_each(|it| println!("{it}"));
        row
    });
    Ok(Table(rows.into_iter().collect::<Result<_, _>>()?))
}

/// A suite that is red by itself would catch everything.
fn look_at_health(suite: &Suite) -> Result<(), String> {
    let start = Instant::now();
    if let Some(catch) = red(|| suite.run(None, WORLDS_WITHOUT)) {
        return Err(format!("{} is red without any fault", catch.test));
    }
    println!(
        "without a fault: green in {WORLDS_WITHOUT} worlds each, in {:.1?}\n",
        start.elapsed()
    );
    Ok(())
}

/// Whether each fault is still caught by the test that stands beside it.
fn check_table(root: &Path) -> Result<String, String> {
    let recorded = table::read(root)?;
    let suite = Suite::build(root, |target| recorded.iter().any(|it| it.1.target == target))?;
    let tests: BTreeSet<_> = recorded.iter().map(|it| &it.1).collect();
    let tests: Vec<_> = tests.into_iter().collect();
    let red = each(&tests, |it| red(|| suite.run_one(None, it, WORLDS_WITHOUT)));
    if let Some(red) = red.into_iter().flatten().next() {
        return Err(format!("{} is red without any fault", red.test));
    }
    let missed = each(&recorded, |(fault, test)| {
        let is_missed = (0..TRIES).all(|_| hunt_with(&suite, fault, test).is_none());
        is_missed.then(|| format!("{} is no longer caught by {test}", fault.name))
    });
    let missed: Vec<_> = missed.into_iter().flatten().collect();
    if missed.is_empty() {
        Ok(format!("{} faults", recorded.len()))
    } else {
        Err(missed.join("\n"))
    }
}

/// What goes wrong without any fault.
fn red(run: impl Fn() -> Option<Catch>) -> Option<Catch> {
    for _ in 1..TRIES {
        run()?;
    }
    run()
}

/// Does `work` for each of `all`, as many at once as there are processors, and gives what came of
/// it in the same order.
fn each<T: Sync, R: Send>(all: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let open = Mutex::new(all.iter().enumerate());
    let done = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let Some((n, it)) = lock(&open).next() else { break };
                    let result = work(it);
                    lock(&done).push((n, result));
                }
            });
        }
    });
    let mut done = std::mem::take(&mut *lock(&done));
    done.sort_by_key(|it| it.0);
    done.into_iter().map(|it| it.1).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

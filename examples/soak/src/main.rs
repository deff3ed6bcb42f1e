//! Ten thousand actors in a tree of three levels fail at random for a minute, while callers have them
//! count. In the end every increment that was acknowledged must be there, every failure must have led
//! to one restart, everybody must be alive, and the process must be no bigger than before.
//!
//! With `--world` the same happens in one thread and in virtual time: a day in minutes, and the same
//! day again for the same seed.

#![forbid(unsafe_code)]

mod audit;
mod directory;
mod ledger;
mod load;
mod memory;
mod options;
mod report;
#[cfg(test)]
mod tests;
mod tree;
mod witness;

use std::{
    env,
    error::Error,
    panic,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use ghostlight::{prelude::*, testkit::World};

use crate::{
    directory::Directory,
    ledger::Ledger,
    load::{Load, Tally},
    memory::Memory,
    options::{Options, Place, USAGE},
    report::Report,
    tree::{ON_PURPOSE, Plan, Root},
    witness::Witness,
};

/// How long everybody together may take to end.
const DEADLINE: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    let options = match Options::parse(env::args().skip(1)) {
        Ok(options) => options,
        Err(fault) => {
            eprintln!("{fault}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    keep_quiet_on_purpose();
    let outcome = match options.place {
        Place::Machine => on_machine(&options),
        Place::World => in_world(&options).map(|it| {
            println!("digest {:016x}", it.digest);
            it.faults
        }),
    };
    match outcome {
        Ok(faults) if faults.is_empty() => ExitCode::SUCCESS,
        Ok(faults) => {
            report::complain(&faults);
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("soak: {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn on_machine(options: &Options) -> Result<Vec<String>, Box<dyn Error>> {
    let witness = Witness::default();
    let system = System::builder("soak").observer(witness.clone()).build();
    soak(options, &system, &witness).await
}

/// What came of a world.
struct Passed {
    faults: Vec<String>,
    /// Of everything that happened.
    digest: u64,
}

fn in_world(options: &Options) -> Result<Passed, Box<dyn Error>> {
    let start = Instant::now();
    let world = World::seeded(options.seed);
    let witness = Witness::default();
    let system = world.system_with("soak", |it| it.observer(witness.clone()));
    let faults = world.block_on(soak(options, &system, &witness))?;
    world.finish();
    println!("{}", Report::world(&world, start.elapsed()));
    Ok(Passed { faults, digest: world.hash() })
}

/// Runs the whole story, and tells what was wrong in the end.
async fn soak(
    options: &Options,
    system: &System,
    witness: &Witness,
) -> Result<Vec<String>, Box<dyn Error>> {
    let (runtime, pace) = (system.runtime().clone(), options.pace());
    let begun = runtime.now();
    let ledger = Ledger::for_tree_of(options.actors);
    let (counts, window) = (ledger.counts(), pace.window.clone());
    let plan = Arc::new(Plan { counts, window, ..Plan::default() });

    let of_root = Arc::clone(&plan);
    let root = system.supervise(move || Root::new(Arc::clone(&of_root)), plan.often());
    let directory = Directory::of(&root).await?;
    let mut faults = audit::settle(system, &runtime, &ledger).await;
    println!("{}", Report::beginning(options, &ledger));

    let load = Arc::new(Load { runtime, directory, ledger, seed: options.seed, pace });
    let mut tally = load.press(0, options.warm_up()).await;
    faults.extend(audit::settle(system, &load.runtime, &load.ledger).await);
    let before = Memory::resident();
    tally += load.press(1, options.time).await;
    faults.extend(audit::settle(system, &load.runtime, &load.ledger).await);
    let after = Memory::resident();

    println!("{}", Report::load(options, &tally, &load.ledger));
    println!("{}", Report::restarts(&plan, &tally, &witness.notes()));
    println!("{}", Report::memory(before, after));
    faults.extend(before.zip(after).and_then(|(before, after)| before.growth_fault(after)));
    faults.extend(check(system, &load, &plan, &mut tally, witness).await);
    if options.place == Place::World {
        faults.extend(audit::timers(&plan, &load.ledger, load.runtime.now() - begun));
    }

    let start = load.runtime.now();
    let report = system.shutdown(DEADLINE).await;
    println!("{}", Report::shutdown(&report, load.runtime.now() - start));
    faults.extend(audit::shutdown(&report, &load.ledger));
    faults.extend(audit::clear(&load.runtime, &load.ledger).await);
    Ok(faults)
}

/// What must be true while the tree still stands.
async fn check(
    system: &System,
    load: &Load,
    plan: &Plan,
    tally: &mut Tally,
    witness: &Witness,
) -> Vec<String> {
    let mut faults = audit::roll_call(&load.directory, &load.ledger).await;
    faults.extend(load.ledger.differences());
    faults.append(&mut tally.odd);
    let mut notes = witness.notes();
    faults.extend(audit::restarts(plan, tally, &notes, &load.ledger));
    faults.append(&mut notes.odd);
    let counters = system.counters();
    if !counters.conserves() {
        faults.push(format!("a message was lost: {counters}"));
    }
    faults
}

/// A panic on purpose is not worth a line; any other is.
fn keep_quiet_on_purpose() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if panic.payload_as_str() != Some(ON_PURPOSE) {
            usual(panic);
        }
    }));
}

//! What is told to whoever runs this.

use std::{fmt::Write, sync::atomic::Ordering::Relaxed, time::Duration};

use ghostlight::{ShutdownReport, testkit::World};

use crate::{
    ledger::Ledger,
    load::{CLIENTS, Tally},
    memory::Memory,
    options::Options,
    tree::Plan,
    witness::Notes,
};

/// How many faults are told one by one.
const TOLD: usize = 20;

/// The parts of the report, each ready when its part of the story is.
pub(crate) struct Report;

impl Report {
    pub(crate) fn beginning(options: &Options, ledger: &Ledger) -> String {
        let (supervisors, workers) = (ledger.supervisors(), ledger.workers());
        format!(
            "{} actors: 1 root, {supervisors} supervisors, {workers} workers; seed {}",
            ledger.actors(),
            options.seed
        )
    }

    pub(crate) fn load(options: &Options, tally: &Tally, ledger: &Ledger) -> String {
        let Tally { acked, refused, in_doubt, .. } = tally;
        let doubtful = ledger.doubtful();
        format!(
            "{:?} of load after {:?} of warm-up, by {CLIENTS} callers: \
             {acked} increments acknowledged, {refused} refused, {in_doubt} in doubt, \
             {doubtful} of them even to those who know where the worker was to fail",
            options.time,
            options.warm_up()
        )
    }

    pub(crate) fn restarts(plan: &Plan, tally: &Tally, notes: &Notes) -> String {
        let levels = [
            ("workers", &plan.worker_failures, tally.killed_workers, notes.workers),
            ("supervisors", &plan.supervisor_failures, tally.killed_supervisors, notes.supervisors),
        ];
        let mut text = String::new();
        for (level, failures, kills, seen) in levels {
            let failures = failures.load(Relaxed);
            _ = writeln!(
                text,
                "{level}: {failures} failures, {} restarted, {} gone with their owner; \
                 {kills} kills, {} restarted; {} ended for good",
                seen.restarted, seen.overtaken, seen.revived, seen.ended
            );
        }
        _ = write!(text, "{} ends took longer than a kill may", notes.late);
        text
    }

    pub(crate) fn memory(before: Option<Memory>, after: Option<Memory>) -> String {
        let (Some(before), Some(after)) = (before, after) else {
            return "memory: not measured, because this system does not tell".to_owned();
        };
        format!("memory: {before} after the warm-up, {after} at the end")
    }

    pub(crate) fn world(world: &World, took: Duration) -> String {
        format!(
            "world: {:?} of virtual time in {took:.1?}, {} steps",
            world.elapsed(),
            world.steps()
        )
    }

    pub(crate) fn shutdown(report: &ShutdownReport, took: Duration) -> String {
        format!("shutdown: {report}; in {took:.2?}")
    }
}

/// Tells what was wrong, a line each.
pub(crate) fn complain(faults: &[String]) {
    for fault in faults.iter().take(TOLD) {
        eprintln!("VIOLATION: {fault}");
    }
    if let Some(more) = faults.len().checked_sub(TOLD).filter(|&it| it > 0) {
        eprintln!("VIOLATION: and {more} more");
    }
}

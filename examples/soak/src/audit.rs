//! What must be true of the tree when the load has ended. Each fault is one line.

use std::{sync::atomic::Ordering::Relaxed, time::Duration};

use ghostlight::{ActorInfo, Health, Runtime, ShutdownReport, Status, prelude::*};

use crate::{
    directory::Directory,
    ledger::{Ledger, Tree},
    load::Tally,
    tree::{Plan, TICK, Total},
    witness::Notes,
};

/// How long the last answers, the last restarts, and the last tasks of the dead may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Waits until everybody runs, and nobody and nothing is left over: each level has as many actors as
/// at the start, and each count is held as often.
pub(crate) async fn settle(system: &System, runtime: &Runtime, ledger: &Ledger) -> Vec<String> {
    in_time(runtime, || {
        let mut faults = unsettled(system, ledger);
        faults.extend(ledger.leaks(Tree::Standing));
        faults
    })
    .await
}

/// Waits until nothing of the tree is left. An actor has ended a moment before its task is gone, and
/// with that the factory.
pub(crate) async fn clear(runtime: &Runtime, ledger: &Ledger) -> Vec<String> {
    in_time(runtime, || ledger.leaks(Tree::Gone).into_iter().collect()).await
}

/// Looks until nothing is wrong, or it is too late.
async fn in_time(runtime: &Runtime, faults: impl Fn() -> Vec<String>) -> Vec<String> {
    let until = runtime.now() + PATIENCE;
    loop {
        let faults = faults();
        if faults.is_empty() || until < runtime.now() {
            return faults;
        }
        runtime.sleep(Duration::from_millis(10)).await;
    }
}

fn unsettled(system: &System, ledger: &Ledger) -> Vec<String> {
    let actors = system.actors();
    let expected =
        [("root", 1), ("supervisor", ledger.supervisors()), ("worker", ledger.workers())];
    let mut faults = Vec::new();
    for (label, expected) in expected {
        let running = |it: &&ActorInfo| matches!(it.status, Status::Running);
        let there: Vec<_> = actors.iter().filter(|it| it.label == label).collect();
        let n_running = there.iter().copied().filter(running).count();
        if (there.len(), n_running) != (expected, expected) {
            let n = there.len();
            faults.push(format!("{n} {label}s are there and {n_running} run, of {expected}"));
        }
    }
    faults
}

/// Asks every worker there is what it has counted, and every supervisor whether it knows that all of
/// its team run.
pub(crate) async fn roll_call(directory: &Directory, ledger: &Ledger) -> Vec<String> {
    let mut faults = Vec::new();
    for team in 0..directory.teams() {
        directory.refresh(team).await;
        for seat in 0..directory.seats(team) {
            match directory.worker(team, seat).ask(Total).await {
                Ok(total) => faults.extend(ledger.misquoted(team, seat, total)),
                Err(error) => faults.push(format!("a worker does not answer: {error}")),
            }
        }
        let health = directory.supervisor(team).children().health();
        if health != Health::Healthy {
            faults.push(format!("all of team {team} run, but to its supervisor: {health}"));
        }
    }
    faults
}

/// Compares what failed and was killed with what was seen of it.
pub(crate) fn restarts(plan: &Plan, tally: &Tally, notes: &Notes, ledger: &Ledger) -> Vec<String> {
    let (workers, supervisors) = (&notes.workers, &notes.supervisors);
    let hired = plan.hired.load(Relaxed);
    let alive = ledger.workers() as u64;
    [
        same("worker failures begun and seen", plan.worker_failures.load(Relaxed), workers.failed),
        same(
            "supervisor failures begun and seen",
            plan.supervisor_failures.load(Relaxed),
            supervisors.failed,
        ),
        same(
            "failed workers, and those restarted or gone with their owner",
            workers.failed,
            workers.restarted + workers.overtaken,
        ),
        same("failed supervisors, and those restarted", supervisors.failed, supervisors.restarted),
        same("failures that came to nothing", notes.unsettled(), 0),
        same("abandoned actors that have not ended", notes.stuck(), 0),
        same("supervisors ended for good", supervisors.ended, 0),
        same("workers hired, and those gone or there", hired, workers.ended + alive),
        at_most("workers revived, and killed", workers.revived, tally.killed_workers),
        at_most("supervisors revived, and killed", supervisors.revived, tally.killed_supervisors),
        some("worker failed", workers.restarted),
        some("supervisor failed", supervisors.restarted),
        some("worker was killed", workers.revived),
        some("supervisor was killed", supervisors.revived),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// In virtual time nothing is late: the root has looked at the clock each time it was to.
pub(crate) fn timers(plan: &Plan, ledger: &Ledger, elapsed: Duration) -> Vec<String> {
    let due = elapsed.as_secs() / TICK.as_secs();
    let root = plan.root_ticks.load(Relaxed);
    let supervisors = plan.supervisor_ticks.load(Relaxed);
    let most = due * ledger.supervisors() as u64;
    [
        // The one that is due just now may still wait.
        (!(due - 1..=due).contains(&root)).then(|| format!("{root} ticks of the root, of {due}")),
        at_most("ticks of supervisors, and those due", supervisors, most),
        some("supervisor looked at the clock", supervisors),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Everybody must have ended as told, with nothing waiting.
pub(crate) fn shutdown(report: &ShutdownReport, ledger: &Ledger) -> Vec<String> {
    let (ended, actors) = (report.ended.len(), ledger.actors());
    let is_whole = report.is_clean() && ended == actors && report.undelivered() == 0;
    (!is_whole).then(|| format!("of {actors} actors, {report}")).into_iter().collect()
}

fn same(what: &str, one: u64, other: u64) -> Option<String> {
    (one != other).then(|| format!("{what} differ: {one} and {other}"))
}

fn at_most(what: &str, one: u64, other: u64) -> Option<String> {
    (other < one).then(|| format!("{what}: {one} are more than {other}"))
}

fn some(what: &str, n: u64) -> Option<String> {
    (n == 0).then(|| format!("no {what}, and this shows nothing"))
}

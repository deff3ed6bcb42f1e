//! One process, one figure.

mod allocation;
mod ask;
mod life;
mod memory;
mod ping_pong;
mod tell;

use std::{
    env,
    future::Future,
    io::{self, Write},
    process::{self, ExitCode},
    sync::Arc,
};

use crate::{
    Board, Description, Duty, Library, Outcome, Runtime, Variant, Workload, options::Order,
    size::Size, watchdog,
};

/// What a process measures: a workload on a runtime with a variant, and how much of it.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// What is measured.
    pub workload: Workload,
    /// What carries it.
    pub runtime: Runtime,
    /// How the library is configured.
    pub variant: Variant,
    size: Size,
}

/// The whole of a binary: reads the command line, runs what it asks for, prints a line of JSON.
pub fn main(description: &Description, run: fn(Cell) -> Outcome) -> ExitCode {
    let order = match Order::parse(env::args().skip(1)) {
        Ok(order) => order,
        Err(fault) => {
            eprintln!("{fault}");
            return ExitCode::from(2);
        }
    };
    let Order::Measure { workload, runtime, variant, is_quick, limit } = order else {
        println!("{}", description.json());
        return ExitCode::SUCCESS;
    };
    if !description.variants.contains(&variant) {
        eprintln!("{} offers no variant {}", description.library, variant.name());
        return ExitCode::from(2);
    }
    watchdog::start(limit);
    let size = Size { is_quick, runtime };
    let outcome = run(Cell { workload, runtime, variant, size });
    let line = outcome.json(&[
        ("library", description.library),
        ("variant", variant.name()),
        ("workload", workload.name()),
        ("runtime", runtime.name()),
    ]);
    let mut out = io::stdout();
    if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
        return ExitCode::FAILURE;
    }
    // At once: what is still alive would take longer to tear down than to measure.
    process::exit(0)
}

impl Cell {
    /// Runs the cell on the library that `build` makes, on the runtime.
    pub fn run<L: Library>(self, build: impl FnOnce() -> L + Send + 'static) -> Outcome {
        let Self { workload, runtime, size, .. } = self;
        match workload {
            Workload::TellSteady => enter(runtime, build, move |it| tell::steady(it, size)),
            Workload::Tell1m => enter(runtime, build, move |it| tell::unbroken(it, size)),
            Workload::RoundRobin100 => enter(runtime, build, move |it| tell::round_robin(it, size)),
            Workload::Producers4 => enter(runtime, build, move |it| tell::producers(it, size, 4)),
            Workload::Producers64 => enter(runtime, build, move |it| tell::producers(it, size, 64)),
            Workload::Types4 => enter(runtime, build, move |it| tell::types(it, size)),
            Workload::Broadcast1000 => enter(runtime, build, move |it| tell::broadcast(it, size)),
            Workload::AskIdle => enter(runtime, build, move |it| ask::idle(it, size)),
            Workload::AskIdleP99 => enter(runtime, build, move |it| ask::idle_p99(it, size)),
            Workload::AskQueued => enter(runtime, build, move |it| ask::queued(it, size)),
            Workload::Askers64 => enter(runtime, build, move |it| ask::askers(it, size)),
            Workload::PingPong => enter(runtime, build, move |it| ping_pong::play(it, size)),
            Workload::SpawnStop => enter(runtime, build, move |it| life::spawn_stop(it, size)),
            Workload::Skynet1m => enter(runtime, build, move |it| life::skynet(it, size)),
            Workload::BytesIdle => enter(runtime, build, move |it| memory::idle(it, size)),
            Workload::BytesUsed => enter(runtime, build, move |it| memory::used(it, size)),
            Workload::Allocations => enter(runtime, build, allocation::count),
        }
    }
}

/// Builds the library on the runtime, because some start a task when they are built, and drives it.
fn enter<L, F>(
    runtime: Runtime,
    build: impl FnOnce() -> L + Send + 'static,
    workload: impl FnOnce(Arc<L>) -> F + Send + 'static,
) -> Outcome
where
    L: Library,
    F: Future<Output = Outcome> + Send + 'static,
{
    L::enter(runtime, async move { workload(Arc::new(build())).await })
}

/// Spawns an actor that reports after `messages`, and asks it once, so that it has surely started.
async fn start_actor<L: Library>(library: &L, board: &Arc<Board>, messages: u64) -> L::Ref {
    let actor = library.spawn(Duty::new(board, messages.saturating_add(1))).await;
    assert_eq!(L::ask(&actor, 0).await, 0, "a new actor has counted nothing");
    actor
}

/// The sum of the numbers below `n`.
const fn sum_below(n: u64) -> u64 {
    n * (n - 1) / 2
}

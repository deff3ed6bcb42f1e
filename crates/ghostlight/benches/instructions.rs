//! A tell and an ask, for counting their instructions: `cargo x instructions`.
//!
//! `instructions <workload> <operations>`; without arguments a few of each, to see that they run.

use std::env;

use ghostlight::prelude::*;
use tokio::{runtime::Builder, task::yield_now};

/// Tells between two yields: below the mailbox's capacity, so that nobody waits.
const BURST: u64 = 500;

#[derive(Message)]
struct Add(u64);

#[derive(Message)]
#[message(reply = u64)]
struct Sum;

#[derive(Actor)]
#[actor(handles(Add, Sum))]
struct Counter(u64);

impl Handler<Add> for Counter {
    async fn handle(&mut self, Add(n): Add, _: &mut Context<'_, Self>) {
        self.0 += n;
    }
}

impl Handler<Sum> for Counter {
    async fn handle(&mut self, _: Sum, _: &mut Context<'_, Self>) -> u64 {
        self.0
    }
}

async fn tell_steady(counter: &ActorRef<Counter>, operations: u64) {
    for n in 0..operations {
        counter.tell(Add(1)).await.expect("the counter runs");
        if n % BURST == BURST - 1 {
            yield_now().await;
        }
    }
    let sum = counter.ask(Sum).queued().await;
    assert_eq!(sum.expect("the counter answers"), operations);
}

async fn ask_idle(counter: &ActorRef<Counter>, operations: u64) {
    for _ in 0..operations {
        assert_eq!(counter.ask(Sum).await.expect("the counter answers"), 0);
    }
}

async fn run(workload: &str, operations: u64) {
    let system = System::new("instructions");
    let counter = system.spawn(Counter(0));
    match workload {
        "tell_steady" => tell_steady(&counter, operations).await,
        "ask_idle" => ask_idle(&counter, operations).await,
        _ => panic!("there is no workload {workload}"),
    }
}

fn main() {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let args: Vec<String> = env::args().skip(1).collect();
    match &*args {
        [workload, operations] => {
            let operations = operations.parse().expect("a number of operations");
            runtime.block_on(run(workload, operations));
        }
        _ => {
            runtime.block_on(run("tell_steady", 1000));
            runtime.block_on(run("ask_idle", 1000));
        }
    }
}

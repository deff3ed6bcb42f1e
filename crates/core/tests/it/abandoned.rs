//! A handler can know that whoever asked waits no more: G-21, A11.

use std::time::Duration;

use ghostlight::{Actor, ActorRef, Context, Handler, Message, SpawnOptions, System};

use crate::{
    stage::{self, conformance},
    support::{Gate, Log, Path, assert_conserved, rest, soon},
};

/// An actor that works until nobody wants what it works on.
#[derive(Actor)]
#[actor(handles(Work, Pass, Nop))]
struct Worker {
    name: &'static str,
    next: Option<ActorRef<Self>>,
    log: Log<String>,
    path: Path,
}

/// Works, or has the next do so, and opens the gate once it has begun.
#[derive(Message)]
#[message(reply = ())]
struct Work(Gate);

/// The same, passed on by who gets it.
#[derive(Message)]
#[message(reply = ())]
struct Pass(Gate);

#[derive(Message)]
#[message(reply = bool)]
struct Nop;

impl Worker {
    async fn work(&self, gate: Gate) {
        match &self.next {
            Some(next) => self.path.ask(next, Work(gate)).within(Duration::MAX).await.unwrap(),
            None => gate.pass().await,
        }
    }
}
impl Handler<Work> for Worker {
    async fn handle(&mut self, Work(gate): Work, cx: &mut Context<'_, Self>) {
        assert!(!cx.is_abandoned(), "somebody has just asked");
        tokio::select! {
            biased;
            () = cx.cancelled() => {
                self.log.push(format!("{} leaves", self.name));
                assert!(cx.is_abandoned() != cx.is_stopping());
            }
            () = self.work(gate) => self.log.push(format!("{} is done", self.name)),
        }
    }
}
impl Handler<Pass> for Worker {
    async fn handle(&mut self, Pass(gate): Pass, cx: &mut Context<'_, Self>) {
        let next = self.next.clone().expect("somebody to pass it on to");
        cx.forward(&next, Work(gate)).await;
    }
}
impl Handler<Nop> for Worker {
    async fn handle(&mut self, _: Nop, cx: &mut Context<'_, Self>) -> bool {
        tokio::select! {
            biased;
            () = cx.cancelled() => true,
            () = stage::yield_now() => cx.is_abandoned(),
        }
    }
}

/// Workers of whom each but the last has the next do the work.
fn line<const N: usize>(
    system: &System,
    path: Path,
    names: [&'static str; N],
) -> (Vec<ActorRef<Worker>>, Log<String>) {
    let log = Log::default();
    let mut line = Vec::new();
    for name in names.into_iter().rev() {
        let (next, log) = (line.first().cloned(), log.clone());
        line.insert(0, system.spawn(Worker { name, next, log, path }));
    }
    (line, log)
}

#[conformance]
async fn a_handler_hears_that_its_asker_has_left() {
    for path in Path::BOTH {
        for how in ["dropped", "within", "by default"] {
            let system = stage::system_with("test", |it| {
                it.defaults(SpawnOptions::default().ask_deadline(Duration::from_millis(300)))
            });
            let (line, log) = line(&system, path, ["a"]);
            let (gate, worker) = (Gate::closed(), line[0].clone());
            let work = Work(gate.clone());
            let asking = stage::spawn(async move {
                let asking = path.ask(&worker, work);
                match how {
                    "dropped" => asking.within(Duration::MAX).await,
                    "within" => asking.within(Duration::from_millis(50)).await,
                    _ => asking.await,
                }
            });
            soon("begin", gate.arrived()).await;
            rest().await;
            assert!(how != "dropped" || log.all().is_empty(), "nobody has left");
            asking.abort();
            if how != "dropped" {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            rest().await;
            assert_eq!(log.take(), ["a leaves"], "{how}, {path:?}");
            assert!(
                !soon("reply", path.ask(&line[0], Nop)).await.unwrap(),
                "that was another turn"
            );
            line[0].tell(Nop).await.unwrap();
            rest().await;
            assert_conserved(&system);
        }
    }
}

#[conformance]
async fn whoever_leaves_a_chain_of_calls_ends_it_to_its_last() {
    for path in Path::BOTH {
        let system = stage::system("test");
        let (line, log) = line(&system, path, ["a", "b", "c"]);
        let (gate, first) = (Gate::closed(), line[0].clone());
        let work = Work(gate.clone());
        let asking = stage::spawn(async move { path.ask(&first, work).await });
        soon("begin", gate.arrived()).await;
        asking.abort();
        rest().await;
        let mut left = log.take();
        left.sort();
        assert_eq!(left, ["a leaves", "b leaves", "c leaves"], "{path:?}");
        assert!(system.waits().is_empty());
    }
}

#[conformance]
async fn a_request_that_was_passed_on_is_abandoned_where_it_went() {
    for path in Path::BOTH {
        let system = stage::system("test");
        let (line, log) = line(&system, path, ["a", "b"]);
        let (gate, first) = (Gate::closed(), line[0].clone());
        let pass = Pass(gate.clone());
        let asking = stage::spawn(async move { path.ask(&first, pass).await });
        soon("begin", gate.arrived()).await;
        rest().await;
        assert!(log.all().is_empty());
        asking.abort();
        rest().await;
        assert_eq!(log.take(), ["b leaves"], "{path:?}");
    }
}

#[conformance]
async fn a_tell_is_never_abandoned_and_what_is_waited_for_is_not() {
    for path in Path::BOTH {
        let system = stage::system("test");
        let (line, log) = line(&system, path, ["a"]);
        let (gate, worker) = (Gate::closed(), line[0].clone());
        worker.tell(Work(gate.clone())).await.unwrap();
        soon("begin", gate.arrived()).await;
        rest().await;
        gate.open();
        let asked = soon("reply", path.ask(&worker, Work(gate)));
        asked.await.unwrap();
        assert_eq!(log.take(), ["a is done", "a is done"]);
    }
}

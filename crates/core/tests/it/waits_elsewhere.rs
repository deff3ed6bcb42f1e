//! Waits that go elsewhere, and those of actors that wind down: H-09, H-13.

use std::{future::Future, pin::Pin, time::Duration};

use ghostlight::{
    Actor, ActorRef, AskError, ChildSpec, Context, Deadlock, Failure, Handler, Message,
    SpawnOptions, StopReason,
};

use crate::{
    stage::{self, conformance},
    support::{Log, assert_conserved, rest, soon},
};

type Doing<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Nothing.
#[derive(Message)]
#[message(reply = ())]
struct Nop;

fn names(cycle: &Deadlock) -> Vec<&str> {
    cycle.cycle().iter().map(|it| &*it.name).collect()
}

#[conformance]
async fn a_request_that_was_put_off_or_passed_on_is_waited_for_where_it_went() {
    let system = stage::system("test");
    let [a, b, c] =
        ["a", "b", "c"].map(|it| system.spawn_with(Relay, SpawnOptions::default().name(it)));
    // B puts it off: whoever has the right to answer may be anybody.
    let (of_b, of_a) = (b.clone(), a.clone());
    let shelf = Log::default();
    a.tell(Go(of_b, Box::new(Later(shelf.clone())))).await.unwrap();
    rest().await;
    assert!(system.waits().is_empty());
    b.tell(Go(of_a, Box::new(Later(Log::default())))).await.unwrap();
    rest().await;
    assert!(matches!(&system.waits()[..], [it] if (it.actor, it.on) == (b.id(), a.id())));
    shelf.take();
    rest().await;
    assert!(system.waits().is_empty(), "{:?}", system.waits());

    // B passes it on to C, which asks A.
    let seen = Log::default();
    a.ask(Go(b, Box::new(Pass(c, a.clone(), seen.clone())))).await.unwrap();
    let seen: Vec<_> = seen.take();
    assert_eq!(seen.iter().map(names).collect::<Vec<_>>(), [["a", "c"]]);
    assert!(system.waits().is_empty());
}

/// An actor that asks, puts off, and passes on.
#[derive(Actor)]
#[actor(handles(Go, Later, Pass, Back))]
struct Relay;

/// Asks somebody.
#[derive(Message)]
#[message(reply = ())]
struct Go(ActorRef<Relay>, Box<dyn Errand>);

trait Errand: Send {
    fn ask(self: Box<Self>, whom: ActorRef<Relay>) -> Doing<'static>;
}
impl<M: Message> Errand for M
where
    Relay: Handler<M>,
{
    fn ask(self: Box<Self>, whom: ActorRef<Relay>) -> Doing<'static> {
        Box::pin(async move { _ = whom.ask(*self).await })
    }
}

/// Is put off.
#[derive(Message)]
#[message(reply = ())]
struct Later(Log<ghostlight::ReplyPort<()>>);

/// Is passed on to the first, which asks the second.
#[derive(Message)]
#[message(reply = ())]
struct Pass(ActorRef<Relay>, ActorRef<Relay>, Log<Deadlock>);

/// Asks somebody for nothing.
#[derive(Message)]
#[message(reply = ())]
struct Back(ActorRef<Relay>, Log<Deadlock>);

impl Handler<Go> for Relay {
    async fn handle(&mut self, Go(whom, what): Go, _: &mut Context<'_, Self>) {
        what.ask(whom).await;
    }
}
impl Handler<Later> for Relay {
    async fn handle(&mut self, Later(shelf): Later, cx: &mut Context<'_, Self>) {
        cx.defer(|port| shelf.push(port)).await;
    }
}
impl Handler<Pass> for Relay {
    async fn handle(&mut self, Pass(to, whom, log): Pass, cx: &mut Context<'_, Self>) {
        cx.forward(&to, Back(whom, log)).await;
    }
}
impl Handler<Back> for Relay {
    async fn handle(&mut self, Back(whom, log): Back, _: &mut Context<'_, Self>) {
        if let Err(AskError::Deadlock { cycle, .. }) = whom.ask(Later(Log::default())).await {
            log.push(cycle);
        }
    }
}

/// An owner with a child and a task, which both ask it for something when they end.
struct Owner(Log<String>);
impl Actor for Owner {
    type Protocol = (Nop, Fall);

    async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        if cx.incarnation() > 0 {
            return Ok(());
        }
        let (me, log) = (cx.me(), self.0.clone());
        cx.spawn(Child(me.clone(), log.clone()));
        cx.spawn_task(async move {
            ghostlight::cancelled().await;
            log.push(me.ask(Nop).queued().await.unwrap_err().to_string());
        });
        Ok(())
    }
}
impl Handler<Nop> for Owner {
    async fn handle(&mut self, _: Nop, _: &mut Context<'_, Self>) {}
}
impl Handler<Fall> for Owner {
    async fn handle(&mut self, _: Fall, _: &mut Context<'_, Self>) {
        panic!("torn");
    }
}

/// Ends an incarnation.
#[derive(Message)]
struct Fall;

struct Child(ActorRef<Owner>, Log<String>);
impl Actor for Child {
    type Protocol = ();

    async fn stopped(&mut self, _: &StopReason, _: &mut Context<'_, Self>) {
        self.1.push(self.0.ask(Nop).queued().await.unwrap_err().to_string());
    }
}

#[conformance]
async fn who_asks_an_owner_that_waits_for_its_end_is_refused_at_once() {
    let system = stage::system("test");
    let log = Log::default();
    let kept = log.clone();
    let owner = system.supervise(move || Owner(kept.clone()), ChildSpec::default());
    owner.wait_started().await.unwrap();
    rest().await;
    let begin = tokio::time::Instant::now();
    owner.tell(Fall).await.unwrap();
    rest().await;
    soon("the next incarnation", owner.ask(Nop)).await.unwrap();
    assert!(begin.elapsed() < Duration::from_secs(1), "nobody waits for a deadline");
    let mut told = log.take();
    told.sort();
    let [of_child, of_task] = &told[..] else { panic!("both are refused: {told:?}") };
    assert!(of_child.contains("Child") && of_child.contains("the end of"), "{of_child}");
    assert!(of_task.contains("task") && of_task.contains("the end of"), "{of_task}");
    assert!(system.waits().is_empty(), "{:?}", system.waits());
    assert_conserved(&system);
}

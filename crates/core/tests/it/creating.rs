//! State that is built in the actor's own task, D-01.

use ghostlight::{
    Actor, AskError, Context, Create, DeadReason, DrainBudget, Failure, Handler, Refused,
};

use crate::{
    hooks::{Act, Step},
    stage::{self, conformance},
    support::{Gate, Log, assert_conserved, dead, ended, rest, soon},
};

/// Its state is built in its own task.
struct Built(Log<String>);
impl Actor for Built {
    type Protocol = (Step,);

    async fn started(&mut self, _: &mut Context<'_, Self>) -> Result<(), Failure> {
        self.0.push("started".to_owned());
        Ok(())
    }
}
impl Create for Built {
    type Args = (Log<String>, Act);

    async fn create((log, act): Self::Args) -> Result<Self, Failure> {
        log.push("create".to_owned());
        match act {
            Act::Nothing | Act::Stop => {}
            Act::Wait(gate) => gate.pass().await,
            Act::Fail(text) | Act::Declare(text) => return Err(Failure::fatal(text)),
            Act::Panic(text) => panic!("{text}"),
        }
        Ok(Self(log))
    }
}
impl Handler<Step> for Built {
    async fn handle(&mut self, Step(act): Step, _: &mut Context<'_, Self>) -> u32 {
        self.0.push("step".to_owned());
        if let Act::Wait(gate) = act {
            gate.pass().await;
        }
        1
    }
}

#[conformance]
async fn messages_sent_while_the_state_is_built_are_kept_in_order() {
    let system = stage::system("test");
    let (log, gate) = (Log::default(), Gate::closed());
    let actor = system.create::<Built>((log.clone(), Act::Wait(gate.clone())));
    gate.arrived().await;
    actor.try_tell(Step(Act::Nothing)).unwrap();
    let asker = actor.clone();
    let asked = stage::spawn(async move { asker.ask(Step(Act::Nothing)).await });
    rest().await;
    assert_eq!(actor.mailbox_len(), 2);
    assert!(actor.is_alive());
    gate.open();
    assert_eq!(soon("reply", asked).await.unwrap().unwrap(), 1);
    assert_eq!(log.all(), ["create", "started", "step", "step"]);
    assert_conserved(&system);
}

#[conformance(virtual_time)]
async fn a_state_that_cannot_be_built_is_a_failed_start() {
    for (act, text) in [(Act::Fail("no file"), "no file"), (Act::Panic("no memory"), "no memory")] {
        let system = stage::system("test");
        let mut letters = system.dead_letters(10);
        let actor = system.create::<Built>((Log::default(), act));
        actor.try_tell(Step(Act::Nothing)).unwrap();
        let why = soon("failed start", actor.wait_started()).await.unwrap_err();
        assert_eq!(why.failure().map(ToString::to_string).as_deref(), Some(text));
        // Whoever waits for the start may hear first.
        rest().await;
        let reasons: Vec<_> = dead::<Step>(&mut letters).into_iter().map(|it| it.1).collect();
        assert_eq!(reasons, [DeadReason::StartFailed]);
        assert!(system.actors().is_empty());
        assert_conserved(&system);
    }
}

#[conformance]
async fn an_actor_stopped_or_killed_while_its_state_is_built_ends_at_once() {
    let orders: [fn(&ghostlight::ActorRef<Built>); 2] = [|it| it.stop(), |it| it.kill()];
    for order in orders {
        let system = stage::system("test");
        let (log, gate) = (Log::default(), Gate::closed());
        let actor = system.create::<Built>((log.clone(), Act::Wait(gate.clone())));
        gate.arrived().await;
        let asker = actor.clone();
        let asked = stage::spawn(async move { asker.ask(Step(Act::Nothing)).await });
        rest().await;
        order(&actor);
        soon("end of the start", actor.wait_started()).await.unwrap_err();
        let error: AskError<Step> = soon("end of the ask", asked).await.unwrap().unwrap_err();
        assert_eq!(error.refused(), Some(Refused::Stopped));
        assert_eq!(log.all(), ["create"], "it never came to be");
    }
}

#[conformance]
async fn draining_while_the_state_is_built_still_handles_what_was_admitted() {
    let system = stage::system("test");
    let (log, gate) = (Log::default(), Gate::closed());
    let actor = system.create::<Built>((log.clone(), Act::Wait(gate.clone())));
    gate.arrived().await;
    actor.try_tell(Step(Act::Nothing)).unwrap();
    actor.try_tell(Step(Act::Nothing)).unwrap();
    actor.drain(DrainBudget::default());
    actor.try_tell(Step(Act::Nothing)).expect_err("a drain lets nothing more in");
    gate.open();
    ended(&actor).await;
    assert_eq!(log.all(), ["create", "started", "step", "step"]);
    assert_conserved(&system);
}

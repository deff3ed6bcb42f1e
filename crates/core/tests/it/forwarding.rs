//! Requests passed on to others: C-17.

use ghostlight::{
    Actor, ActorRef, AskError, Context, Handler, Recipient, Refused, ReplyPort, System,
};

use crate::{
    stage::{self, conformance},
    support::{
        Add, Boom, Declare, Journal, Later, Listed, Log, Note, Path, Slow, assert_conserved, dead,
        ended, park, rest, soon,
    },
};

/// Hands everything on.
struct Relay<T>(T);
impl Actor for Relay<ActorRef<Journal<Listed>>> {
    type Protocol = (Add, Slow);
}
impl Actor for Relay<Recipient<Add>> {
    type Protocol = ();
}
impl Handler<Add> for Relay<ActorRef<Journal<Listed>>> {
    async fn handle(&mut self, add: Add, cx: &mut Context<'_, Self>) -> u64 {
        cx.forward(&self.0, add).await
    }
}
impl Handler<Slow> for Relay<ActorRef<Journal<Listed>>> {
    async fn handle(&mut self, slow: Slow, cx: &mut Context<'_, Self>) -> u64 {
        cx.forward(&self.0, slow).await
    }
}
impl Handler<Boom> for Relay<ActorRef<Journal<Listed>>> {
    async fn handle(&mut self, boom: Boom, cx: &mut Context<'_, Self>) -> u64 {
        cx.forward(&self.0, boom).await
    }
}
impl Handler<Declare> for Relay<ActorRef<Journal<Listed>>> {
    async fn handle(&mut self, declare: Declare, cx: &mut Context<'_, Self>) -> u64 {
        cx.forward(&self.0, declare).await
    }
}
impl Handler<Later> for Relay<ActorRef<Journal<Listed>>> {
    async fn handle(&mut self, later: Later, cx: &mut Context<'_, Self>) -> u64 {
        cx.forward(&self.0, later).await
    }
}
impl Handler<Note> for Relay<ActorRef<Journal<Listed>>> {
    async fn handle(&mut self, note: Note, cx: &mut Context<'_, Self>) {
        cx.forward(&self.0, note).await;
    }
}
impl Handler<Add> for Relay<Recipient<Add>> {
    async fn handle(&mut self, add: Add, cx: &mut Context<'_, Self>) -> u64 {
        cx.forward(&self.0, add).await
    }
}

struct Chain {
    system: System,
    log: Log<u64>,
    last: ActorRef<Journal<Listed>>,
    relay: ActorRef<Relay<ActorRef<Journal<Listed>>>>,
}

fn chain() -> Chain {
    let system = stage::system("test");
    let log = Log::default();
    let last = system.spawn(Journal::<Listed>::new(&log));
    let relay = system.spawn(Relay(last.clone()));
    Chain { system, log, last, relay }
}

#[conformance]
async fn a_forwarded_ask_gets_the_other_actors_reply_also_over_two_hops() {
    for path in Path::BOTH {
        let Chain { system, log, relay, .. } = chain();
        let first = system.spawn(Relay(relay.recipient::<Add>()));
        assert_eq!(soon("reply", path.ask(&relay, Add(4))).await.unwrap(), 4, "{path:?}");
        assert_eq!(soon("reply", path.ask(&first, Add(1))).await.unwrap(), 5, "{path:?}");
        let recipient = first.recipient::<Add>();
        assert_eq!(soon("reply", recipient.ask(Add(1))).await.unwrap(), 6, "{path:?}");
        assert_eq!(soon("slow reply", path.ask(&relay, Slow(30))).await.unwrap(), 30);
        assert_eq!(log.all(), [30]);
        assert_conserved(&system);
    }
}

#[conformance]
async fn the_forwarder_serves_others_while_the_answer_is_on_its_way() {
    for path in Path::BOTH {
        let Chain { system, last, relay, .. } = chain();
        let gate = park(&last).await;
        let asker = relay.clone();
        let asked = stage::spawn(async move { path.ask(&asker, Add(1)).await });
        rest().await;
        assert_eq!(relay.mailbox_len(), 0, "{path:?}");
        relay.tell(Note(1)).await.unwrap();
        rest().await;
        assert_eq!(last.mailbox_len(), 2, "{path:?}: both were passed on, nobody waited");
        gate.open();
        assert_eq!(soon("reply", asked).await.unwrap().unwrap(), 1, "{path:?}");
        assert_conserved(&system);
    }
}

#[conformance]
async fn a_forwarded_ask_gets_the_other_actors_true_error() {
    for path in Path::BOTH {
        let Chain { system: _system, relay, .. } = chain();
        let error = soon("end of the ask", path.ask(&relay, Boom("far away"))).await.unwrap_err();
        let text = error.failure().map(ToString::to_string);
        assert_eq!(text.as_deref(), Some("far away"), "{path:?}: {error:?}");
        assert!(relay.is_alive(), "{path:?}: it only passed the message on");

        let Chain { system: _system, relay, .. } = chain();
        let error =
            soon("end of the ask", path.ask(&relay, Declare("given up"))).await.unwrap_err();
        let text = error.failure().map(ToString::to_string);
        assert_eq!(text.as_deref(), Some("given up"), "{path:?}: {error:?}");

        let Chain { system: _system, relay, .. } = chain();
        let ports: Log<ReplyPort<u64>> = Log::default();
        let (asker, shelf) = (relay.clone(), ports.clone());
        let asked = stage::spawn(async move { path.ask(&asker, Later(shelf)).await });
        rest().await;
        drop(ports.take());
        let error = soon("end of the ask", asked).await.unwrap().unwrap_err();
        assert!(matches!(error, AskError::NoReply), "{path:?}: {error:?}");
    }
}

#[conformance(virtual_time)]
async fn an_ask_forwarded_to_an_ended_actor_fails_at_once_as_stopped() {
    for path in Path::BOTH {
        let Chain { system, last, relay, .. } = chain();
        last.kill();
        ended(&last).await;
        let begin = system.runtime().now();
        let error = soon("end of the ask", path.ask(&relay, Add(1))).await.unwrap_err();
        assert_eq!(error.refused(), Some(Refused::Stopped), "{path:?}: {error:?}");
        assert_eq!(system.runtime().now(), begin, "{path:?}");
        assert!(relay.is_alive(), "{path:?}");
        assert_conserved(&system);
    }
}

#[conformance]
async fn an_ask_forwarded_to_an_actor_that_is_killed_before_its_turn_ends_at_once() {
    for path in Path::BOTH {
        let Chain { system, last, relay, .. } = chain();
        let gate = park(&last).await;
        let asker = relay.clone();
        let asked = stage::spawn(async move { path.ask(&asker, Add(1)).await });
        rest().await;
        last.kill();
        let error = soon("end of the ask", asked).await.unwrap().unwrap_err();
        assert_eq!(error.refused(), Some(Refused::Stopped), "{path:?}: {error:?}");
        drop(gate);
        assert_conserved(&system);
    }
}

#[conformance]
async fn a_tell_is_forwarded_as_a_tell() {
    let Chain { system, log, relay, .. } = chain();
    relay.tell(Note(3)).await.unwrap();
    rest().await;
    assert_eq!(log.all(), [3]);
    assert_conserved(&system);
}

/// Its sender has long gone, so nobody else could report the loss.
#[conformance]
async fn a_tell_forwarded_to_an_ended_actor_is_a_dead_letter() {
    let Chain { system, last, relay, .. } = chain();
    let mut letters = system.dead_letters(10);
    last.kill();
    ended(&last).await;
    relay.tell(Note(3)).await.unwrap();
    rest().await;
    let lost: Vec<_> = dead::<Note>(&mut letters).into_iter().map(|it| it.0).collect();
    assert_eq!(lost, [Note(3)], "a message that was accepted has vanished");
}

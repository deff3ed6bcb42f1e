//! Replies put off and passed on: C-15 to C-17, C-19, C-29.

use ghostlight::{Actor, AskError, Context, DeadReason, Handler, Message, ReplyPort};

use crate::{
    stage::{self, conformance},
    support::{
        Add, Form, Journal, Later, Listed, Log, Path, Plain, Witness, assert_conserved, dead, rest,
        soon,
    },
};

async fn deferred<F: Form>(path: Path) {
    let system = stage::system("test");
    let actor = system.spawn(Journal::<F>::new(&Log::default()));
    let ports = Log::default();
    let (asker, shelf) = (actor.clone(), ports.clone());
    let asked = stage::spawn(async move { path.ask(&asker, Later(shelf)).await });
    rest().await;
    assert_eq!(actor.ask(Add(1)).await.unwrap(), 1, "it serves others meanwhile");
    let port: ReplyPort<u64> = ports.take().remove(0);
    assert!(port.is_awaited() && !asked.is_finished(), "{path:?}");
    let answering = stage::spawn(async move {
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        port.send(11);
    });
    assert_eq!(soon("reply from a task", asked).await.unwrap().unwrap(), 11, "{path:?}");
    answering.await.unwrap();
    assert_conserved(&system);
}

#[conformance(virtual_time)]
async fn a_deferred_reply_can_be_given_later_and_from_a_task_while_the_actor_serves_others() {
    for path in Path::BOTH {
        deferred::<Listed>(path).await;
        deferred::<Plain>(path).await;
    }
}

#[conformance(virtual_time)]
async fn a_reply_handle_dropped_unanswered_ends_the_ask_at_once_and_the_actor_lives_on() {
    for path in Path::BOTH {
        let system = stage::system("test");
        let actor = system.spawn(Journal::<Listed>::new(&Log::default()));
        let ports: Log<ReplyPort<u64>> = Log::default();
        let (asker, shelf) = (actor.clone(), ports.clone());
        let asked = stage::spawn(async move { path.ask(&asker, Later(shelf)).await });
        rest().await;
        let now = system.runtime().now();
        drop(ports.take());
        let error = soon("end of the ask", asked).await.unwrap().unwrap_err();
        assert!(matches!(error, AskError::NoReply), "{path:?}: {error:?}");
        assert_eq!(system.runtime().now(), now, "{path:?}: not at its deadline");
        assert_eq!(actor.ask(Add(1)).await.unwrap(), 1, "{path:?}");
    }
}

#[conformance]
async fn a_reply_to_an_asker_that_left_harms_nobody() {
    for path in Path::BOTH {
        let system = stage::system("test");
        let actor = system.spawn(Journal::<Listed>::new(&Log::default()));
        let ports: Log<ReplyPort<u64>> = Log::default();
        let (asker, shelf) = (actor.clone(), ports.clone());
        let asked = stage::spawn(async move { path.ask(&asker, Later(shelf)).await });
        rest().await;
        asked.abort();
        rest().await;
        let port = ports.take().remove(0);
        assert!(!port.is_awaited(), "{path:?}: the asker has left");
        port.send(1);
        assert_eq!(actor.ask(Add(1)).await.unwrap(), 1, "{path:?}");
        assert_conserved(&system);
    }
}

#[conformance]
async fn a_reply_put_off_for_a_tell_is_awaited_by_nobody() {
    let system = stage::system("test");
    let actor = system.spawn(Journal::<Listed>::new(&Log::default()));
    let ports: Log<ReplyPort<u64>> = Log::default();
    actor.tell(Later(ports.clone())).await.unwrap();
    rest().await;
    let port = ports.take().remove(0);
    assert!(!port.is_awaited());
    port.send(1);
    assert_eq!(actor.ask(Add(1)).await.unwrap(), 1);
}

#[derive(Debug, Message)]
#[message(reply = Result<u8, String>)]
struct Try(bool);
struct Trier;
impl Actor for Trier {
    type Protocol = (Try,);
}
impl Handler<Try> for Trier {
    async fn handle(&mut self, Try(works): Try, _: &mut Context<'_, Self>) -> Result<u8, String> {
        if works { Ok(1) } else { Err("no".to_owned()) }
    }
}

#[conformance]
async fn an_err_reply_leaves_the_actor_alive_for_ask_and_for_tell() {
    let system = stage::system("test");
    let actor = system.spawn(Trier);
    for path in Path::BOTH {
        assert_eq!(path.ask(&actor, Try(false)).await.unwrap(), Err("no".to_owned()));
        actor.tell(Try(false)).await.unwrap();
        assert_eq!(path.ask(&actor, Try(true)).await.unwrap(), Ok(1), "{path:?}: data, no failure");
    }
}

#[conformance]
async fn a_reply_nobody_waits_for_is_dropped_and_an_unread_err_is_reported() {
    let witness = Witness::default();
    let system = stage::system_with("test", |it| it.observer(witness.clone()));
    let actor = system.spawn(Trier);
    actor.tell(Try(true)).await.unwrap();
    for path in Path::BOTH {
        drop(path.ask(&actor, Try(false)).await.unwrap());
    }
    rest().await;
    assert!(witness.0.all().is_empty(), "{:?}: an Ok, and errors that were read", witness.0.all());
    actor.tell(Try(false)).await.unwrap();
    rest().await;
    assert_eq!(witness.0.all(), ["unread error: Try"]);
}

/// Puts its answer off, and then gives one after all.
#[derive(Debug, Message)]
#[message(reply = u8)]
struct Waver(Log<ReplyPort<u8>>);
struct Wavering;
impl Actor for Wavering {
    type Protocol = (Waver,);
}
impl Handler<Waver> for Wavering {
    async fn handle(&mut self, Waver(shelf): Waver, cx: &mut Context<'_, Self>) -> u8 {
        tokio::select! {
            biased;
            reply = cx.defer(|port| shelf.push(port)) => reply,
            () = std::future::ready(()) => 5,
        }
    }
}

/// Who has the handle answers; the turn that went on does not answer in its place.
#[conformance]
async fn a_turn_that_goes_on_after_it_put_its_reply_off_leaves_it_to_the_handle() {
    for path in Path::BOTH {
        let witness = Witness::default();
        let system = stage::system_with("test", |it| it.observer(witness.clone()));
        let actor = system.spawn(Wavering);
        let ports = Log::default();
        let (asker, shelf) = (actor.clone(), ports.clone());
        let asked = stage::spawn(async move { path.ask(&asker, Waver(shelf)).await });
        rest().await;
        ports.take().into_iter().for_each(|port| port.send(9));
        let outcome = soon("end of the ask", asked).await.unwrap();
        assert_eq!(outcome.ok(), Some(9), "{path:?}");
        assert!(witness.0.all().is_empty(), "{path:?}: {:?}", witness.0.all());
        assert!(actor.is_alive(), "{path:?}");
    }
}

#[conformance]
async fn what_was_deferred_by_an_actor_is_answered_or_ended_with_its_state() {
    let system = stage::system("test");
    let mut letters = system.dead_letters(10);
    for path in Path::BOTH {
        let actor = system.spawn(Keeper(Vec::new()));
        let asker = actor.clone();
        let asked = stage::spawn(async move { path.ask(&asker, Keep).await });
        rest().await;
        actor.kill();
        let error = soon("end of the ask", asked).await.unwrap().unwrap_err();
        assert!(matches!(error, AskError::NoReply), "{path:?}: {error:?}");
    }
    assert!(dead::<Keep>(&mut letters).into_iter().all(|it| it.1 != DeadReason::Killed));
}

struct Keeper(Vec<ReplyPort<u8>>);
#[derive(Debug, Message)]
#[message(reply = u8)]
struct Keep;
impl Actor for Keeper {
    type Protocol = (Keep,);
}
impl Handler<Keep> for Keeper {
    async fn handle(&mut self, _: Keep, cx: &mut Context<'_, Self>) -> u8 {
        cx.defer(|port| self.0.push(port)).await
    }
}

//! Asks that run on the caller: C-25, C-27, A-05, and that nothing but time tells them apart.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::ThreadId,
    time::Duration,
};

use ghostlight::{Actor, ActorRef, Context, Handler, Message, System};

use crate::{
    stage::{self, conformance},
    support::{
        Add, Journal, Listed, Log, Note, Path, Plain, Slow, assert_conserved, ended, rest, soon,
    },
};

#[conformance]
async fn a_loop_of_inlined_asks_lets_other_tasks_run() {
    let system = stage::system("test");
    let actor = system.spawn(Journal::<Listed>::new(&Log::default()));
    let turns = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&turns);
    let other = stage::spawn(async move {
        loop {
            counted.fetch_add(1, Ordering::Relaxed);
            stage::yield_now().await;
        }
    });
    for _ in 0..10_000 {
        actor.ask(Add(1)).await.unwrap();
    }
    other.abort();
    let turns = turns.load(Ordering::Relaxed);
    assert!(turns >= 10, "the other task had {turns} turns during 10,000 asks");
}

/// Tells which thread a turn ran on.
#[derive(Debug, Message)]
#[message(reply = ThreadId)]
struct Where;
struct Located;
impl Actor for Located {
    type Protocol = (Where,);
}
impl Handler<Where> for Located {
    async fn handle(&mut self, _: Where, _: &mut Context<'_, Self>) -> ThreadId {
        std::thread::current().id()
    }
}

#[test]
fn an_idle_actor_is_asked_on_the_calling_thread_and_queued_never_is() {
    let system = System::new("test");
    let actor = system.spawn(Located);
    let here = std::thread::current().id();
    assert_eq!(actor.ask(Where).blocking().unwrap(), here);
    assert_ne!(actor.ask(Where).queued().blocking().unwrap(), here);
}

/// Asks the next of its kind, and adds one.
struct Deep(Option<ActorRef<Self>>);
#[derive(Debug, Message)]
#[message(reply = u64)]
struct Depth {
    suspends: bool,
}
impl Actor for Deep {
    type Protocol = (Depth,);
}
impl Handler<Depth> for Deep {
    async fn handle(&mut self, Depth { suspends }: Depth, cx: &mut Context<'_, Self>) -> u64 {
        if suspends {
            cx.sleep(Duration::from_millis(1)).await;
        }
        match &self.0 {
            Some(next) => 1 + next.ask(Depth { suspends }).within(Duration::MAX).await.unwrap(),
            None => 0,
        }
    }
}

#[conformance]
async fn a_chain_of_inlined_asks_neither_overflows_the_stack_nor_changes_results() {
    let system = stage::system("test");
    let mut first = system.spawn(Deep(None));
    let levels = stage::times(5000);
    for _ in 0..levels {
        first = system.spawn(Deep(Some(first)));
    }
    for suspends in [false, true] {
        for path in Path::BOTH {
            let asked = path.ask(&first, Depth { suspends }).within(Duration::MAX);
            let depth = soon("end of the chain", asked).await.unwrap();
            assert_eq!(depth, levels as u64, "{path:?}, suspends: {suspends}");
        }
    }
    assert_conserved(&system);
}

#[conformance]
async fn an_actor_that_asks_itself_waits_for_its_own_deadline_and_lives_on() {
    let system = stage::system("test");
    let actor = system.spawn(Selfish);
    for path in Path::BOTH {
        let reply = soon("reply", path.ask(&actor, AskYourself(true))).await.unwrap();
        assert!(!reply, "{path:?}: it cannot serve itself in the middle of a turn");
        rest().await;
    }
    assert!(actor.is_alive());
    assert_conserved(&system);
}
struct Selfish;
#[derive(Debug, Message)]
#[message(reply = bool)]
struct AskYourself(bool);
impl Actor for Selfish {
    type Protocol = (AskYourself,);
}
impl Handler<AskYourself> for Selfish {
    async fn handle(&mut self, message: AskYourself, cx: &mut Context<'_, Self>) -> bool {
        let second = Duration::from_secs(1);
        !message.0 || cx.me().ask(AskYourself(false)).within(second).await.is_ok()
    }
}

/// What comes in while a turn runs on its caller is handled after it, in order.
#[conformance]
async fn what_is_sent_during_an_inlined_turn_is_handled_after_it_in_order() {
    let system = stage::system("test");
    for suspends in [0, 20] {
        let log = Log::default();
        let actor = system.spawn(Journal::<Plain>::new(&log));
        let asker = actor.clone();
        let asked = stage::spawn(async move { asker.ask(Slow(suspends)).await });
        rest().await;
        (100..103).for_each(|n| actor.try_tell(Note(n)).unwrap());
        assert_eq!(soon("reply", asked).await.unwrap().unwrap(), suspends);
        rest().await;
        assert_eq!(log.all(), [suspends, 100, 101, 102]);
        assert_conserved(&system);
    }
}

/// Sends to itself during an inlined turn: the actor is not idle when the turn ends.
struct Chatty(Log<u64>);
#[derive(Debug, Message)]
#[message(reply = ())]
struct Chat(u64);
impl Actor for Chatty {
    type Protocol = (Chat, Note);
}
impl Handler<Chat> for Chatty {
    async fn handle(&mut self, Chat(n): Chat, cx: &mut Context<'_, Self>) {
        (0..n).for_each(|n| cx.me().try_tell(Note(n)).unwrap());
    }
}
impl Handler<Note> for Chatty {
    async fn handle(&mut self, Note(n): Note, _: &mut Context<'_, Self>) {
        self.0.push(n);
    }
}

#[conformance]
async fn an_inlined_turn_may_send_to_its_own_actor() {
    for used in [false, true] {
        let system = stage::system("test");
        let log = Log::default();
        let actor = system.spawn(Chatty(log.clone()));
        if used {
            actor.tell(Chat(0)).await.unwrap();
            rest().await;
        }
        actor.ask(Chat(5)).await.unwrap();
        rest().await;
        assert_eq!(log.all(), [0, 1, 2, 3, 4], "used: {used}");
        assert_conserved(&system);
    }
}

#[conformance]
async fn an_order_given_during_an_inlined_turn_is_obeyed_after_it() {
    let orders: [fn(&ActorRef<Ordered>); 3] =
        [|it| it.stop(), |it| it.kill(), |it| it.drain(Default::default())];
    for order in orders {
        for used in [false, true] {
            let system = stage::system("test");
            let actor = system.spawn(Ordered(order));
            if used {
                actor.tell(Obey(false)).await.unwrap();
                rest().await;
            }
            actor.ask(Obey(true)).await.expect("the running turn has no await to be cut at");
            assert!(!actor.is_alive());
            ended(&actor).await;
            assert_conserved(&system);
        }
    }
}
struct Ordered(fn(&ActorRef<Self>));
#[derive(Debug, Message)]
#[message(reply = ())]
struct Obey(bool);
impl Actor for Ordered {
    type Protocol = (Obey,);
}
impl Handler<Obey> for Ordered {
    async fn handle(&mut self, Obey(now): Obey, cx: &mut Context<'_, Self>) {
        if now {
            self.0(&cx.me());
        }
    }
}

/// Asks and stops race; whoever wins, nobody hangs and nothing is lost.
#[conformance(threads)]
async fn inlined_asks_race_with_stop_and_every_one_of_them_ends() {
    for round in 0..200u64 {
        let system = stage::system("test");
        let actor = system.spawn(Journal::<Listed>::new(&Log::default()));
        let stopped = Arc::new(AtomicBool::new(false));
        let askers: Vec<_> = (0..3)
            .map(|_| {
                let (actor, stopped) = (actor.clone(), Arc::clone(&stopped));
                stage::spawn(async move {
                    while !stopped.load(Ordering::Relaxed) {
                        if actor.ask(Add(1)).await.is_err() {
                            break;
                        }
                    }
                })
            })
            .collect();
        for _ in 0..round % 10 {
            stage::yield_now().await;
        }
        if round % 2 == 0 {
            actor.stop();
        } else {
            actor.kill();
        }
        ended(&actor).await;
        stopped.store(true, Ordering::Relaxed);
        for asker in askers {
            soon("asker that is done", asker).await.unwrap();
        }
        assert_conserved(&system);
    }
}

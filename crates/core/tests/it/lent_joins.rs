//! An actor that lends itself while it waits for tasks that ask it: H-07.

use ghostlight::{Actor, ActorRef, Admit, Context, Handler, Message};

use crate::{
    stage::{self, conformance},
    support::{Log, assert_conserved, rest, soon},
};

/// An actor whose handler waits for tasks that ask it.
#[derive(Actor)]
#[actor(handles(Gather, Passing))]
struct Gatherer {
    log: Log<String>,
    by: Option<ActorRef<Self>>,
}

/// Asks the gatherer itself, from so many tasks, directly or through another.
#[derive(Message)]
#[message(reply = ())]
struct Gather {
    tasks: u32,
    admit: Admit,
}

/// Is noted, after it was passed on to the second if there is one.
#[derive(Message)]
#[message(reply = ())]
struct Passing(String, Option<ActorRef<Gatherer>>);

impl Handler<Passing> for Gatherer {
    async fn handle(&mut self, Passing(text, then): Passing, _: &mut Context<'_, Self>) {
        match then {
            Some(then) => then.ask(Passing(text, None)).queued().await.unwrap(),
            None => self.log.push(text),
        }
    }
}
impl Handler<Gather> for Gatherer {
    async fn handle(&mut self, Gather { tasks, admit }: Gather, cx: &mut Context<'_, Self>) {
        let (scope, me) = (cx.scope(), cx.me());
        let asks: Vec<_> = (0..tasks)
            .map(|nth| {
                let (first, then) = match &self.by {
                    Some(by) if nth % 2 == 1 => (by.clone(), Some(me.clone())),
                    _ => (me.clone(), None),
                };
                let step = Passing(format!("task {nth}"), then);
                scope.spawn(async move { first.ask(step).queued().await.is_ok() })
            })
            .collect();
        cx.lend(self).admit(admit).join(&scope).await;
        let mut answered = 0;
        for ask in asks {
            answered += u32::from(ask.join().await.unwrap());
        }
        self.log.push(format!("{answered} answered"));
    }
}

#[conformance(virtual_time)]
async fn what_tasks_ask_that_the_handler_joins_is_let_in_and_strangers_wait() {
    for admit in [Admit::CallChain, Admit::All] {
        let system = stage::system("test");
        let log = Log::default();
        let by = system.spawn(Gatherer { log: log.clone(), by: None });
        let gatherer = system.spawn(Gatherer { log: log.clone(), by: Some(by) });
        let asking = stage::spawn({
            let gatherer = gatherer.clone();
            async move { gatherer.ask(Gather { tasks: 4, admit }).queued().await }
        });
        stage::yield_now().await;
        gatherer.tell(Passing("stranger".into(), None)).await.unwrap();
        soon("end of the turn", asking).await.unwrap().unwrap();
        rest().await;
        let mut told = log.take();
        let over = told.iter().position(|it| it == "4 answered").expect("all are answered");
        let strange = told.iter().position(|it| it == "stranger").expect("it is handled");
        let is_outside = strange == 0 || strange > over;
        assert!(admit == Admit::All || is_outside, "{told:?}");
        told.sort();
        let all = ["4 answered", "stranger", "task 0", "task 1", "task 2", "task 3"];
        assert_eq!(told, all, "{admit:?}");
        assert!(system.waits().is_empty(), "{:?}", system.waits());
        assert_conserved(&system);
    }
}

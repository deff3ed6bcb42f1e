//! What a turn asks is given no more time than whoever waits for the turn: G-21, G-26.

use std::{
    future::{Future, IntoFuture, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

use ghostlight::{
    Actor, ActorRef, Ask, AskError, Context, Handler, Message, Scope, SpawnOptions, System,
};

use crate::{
    stage::{self, conformance},
    support::{Log, Path, assert_conserved, rest, soon},
};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// An actor that says how long it has, and passes the question on.
#[derive(Actor)]
#[actor(handles(Go, Told))]
struct Link {
    next: Option<ActorRef<Self>>,
    log: Log<Option<Duration>>,
    /// How long it takes before it asks the next.
    pause: Duration,
    change: Change,
    outcomes: Log<Result<(), AskError<Go>>>,
}

/// What is said about an ask before it is sent.
type Change = fn(Ask<'_, Go, ActorRef<Link>>) -> Ask<'_, Go, ActorRef<Link>>;

#[derive(Debug, Message)]
#[message(reply = ())]
struct Go(Path);

#[derive(Message)]
struct Told;

impl Handler<Go> for Link {
    async fn handle(&mut self, Go(path): Go, cx: &mut Context<'_, Self>) {
        self.log.push(cx.remaining());
        if !self.pause.is_zero() {
            cx.sleep(self.pause).await;
        }
        let Some(next) = &self.next else { return std::future::pending().await };
        let outcome = (self.change)(path.ask(next, Go(path))).await;
        self.outcomes.push(outcome);
    }
}
impl Handler<Told> for Link {
    async fn handle(&mut self, _: Told, cx: &mut Context<'_, Self>) {
        self.log.push(cx.remaining());
    }
}

/// Passes on what it is asked.
#[derive(Actor)]
#[actor(handles(Told))]
struct Relay(ActorRef<Link>);

impl Handler<Told> for Relay {
    async fn handle(&mut self, told: Told, cx: &mut Context<'_, Self>) {
        cx.forward(&self.0, told).await;
    }
}

/// Two links, of which the second never answers.
struct Chain {
    first: ActorRef<Link>,
    log: Log<Option<Duration>>,
    outcomes: Log<Result<(), AskError<Go>>>,
}

impl Chain {
    fn new(system: &System, pause: Duration, change: Change) -> Self {
        let (log, outcomes) = (Log::default(), Log::default());
        let link = |next, pause| {
            let (log, outcomes) = (log.clone(), outcomes.clone());
            system.spawn_with(Link { next, log, pause, change, outcomes }, SpawnOptions::default())
        };
        let last = link(None, Duration::ZERO);
        Self { first: link(Some(last), pause), log, outcomes }
    }
}

#[conformance(virtual_time)]
async fn a_nested_deadline_can_only_shorten() {
    let changes: [(&str, Change, u64); 4] = [
        ("as it is", |it| it, 600),
        ("longer", |it| it.within(ms(5_000)), 600),
        ("shorter", |it| it.within(ms(100)), 100),
        ("for ever", |it| it.within(Duration::MAX), 600),
    ];
    for path in Path::BOTH {
        for (how, change, left) in changes {
            let system = stage::system("test");
            let chain = Chain::new(&system, ms(400), change);
            let begin = tokio::time::Instant::now();
            let asked = path.ask(&chain.first, Go(path)).within(ms(1_000)).await;
            rest().await;
            assert_eq!(chain.log.take(), [Some(ms(1_000)), Some(ms(left))], "{how}");
            // At the very end of both, either may be the first.
            assert!(asked.is_ok() || how != "shorter", "{how}, {path:?}");
            let [Err(AskError::Deadline { message: None })] = chain.outcomes.take()[..] else {
                panic!("{how}: the second never answers");
            };
            let took = begin.elapsed().as_millis();
            assert!((400 + left..=402 + left).contains(&(took as u64)), "{how}: {took}");
        }
    }
}

#[conformance(virtual_time)]
async fn a_default_deadline_is_shared_too() {
    for path in Path::BOTH {
        let system = stage::system("test");
        let chain = Chain::new(&system, ms(3_000), |it| it);
        let begin = tokio::time::Instant::now();
        let asked = path.ask(&chain.first, Go(path)).await;
        rest().await;
        assert!(matches!(asked, Err(AskError::Deadline { message: None })), "{asked:?}");
        let [Some(first), Some(second)] = chain.log.take()[..] else { panic!("both have an end") };
        assert!(first >= ms(5_000) && first <= ms(5_200), "{first:?}");
        assert!(second >= ms(1_900) && second <= ms(2_200), "{second:?}");
        assert_eq!(chain.outcomes.take().len(), 1, "the inner ask has ended with the outer one");
        assert!(begin.elapsed() < ms(5_300), "{:?}", begin.elapsed());
    }
}

#[conformance(virtual_time)]
async fn a_request_that_is_passed_on_has_what_is_left_of_its_time() {
    for path in Path::BOTH {
        let system = stage::system("test");
        let chain = Chain::new(&system, Duration::ZERO, |it| it);
        let relay = system.spawn(Relay(chain.first.clone()));
        path.ask(&relay, Told).within(ms(700)).await.unwrap();
        assert_eq!(chain.log.take(), [Some(ms(700))], "{path:?}");
    }
}

#[conformance(virtual_time)]
async fn a_default_deadline_is_not_shared_with_another_system_whose_clock_is_another() {
    for path in Path::BOTH {
        let (near, far) = (stage::system("near"), stage::system("far"));
        let there = Chain::new(&far, Duration::ZERO, |it| it);
        // That clock goes on while somebody waits.
        for _ in 0..4 {
            path.ask(&there.first, Go(path)).await.unwrap_err();
        }
        there.first.kill();
        let there = Chain::new(&far, Duration::ZERO, |it| it);
        let (log, outcomes) = (there.log.clone(), there.outcomes.clone());
        let link = Link {
            next: Some(there.first),
            log: log.clone(),
            pause: Duration::ZERO,
            change: |it| it,
            outcomes,
        };
        let here = near.spawn(link);
        let asked = path.ask(&here, Go(path)).await;
        assert!(matches!(asked, Ok(()) | Err(AskError::Deadline { .. })), "{asked:?}");
        let left = log.take();
        let [Some(_), Some(far), Some(_)] = left[..] else { panic!("{path:?}: {left:?}") };
        assert!(far >= ms(4_900) && far <= ms(5_200), "{path:?}: {far:?}");
    }
}

#[conformance(virtual_time)]
async fn what_would_come_too_late_is_not_sent_unless_it_has_time_of_its_own() {
    for path in Path::BOTH {
        let system = stage::system("test");
        let chain = Chain::new(&system, ms(2_000), |it| it);
        path.ask(&chain.first, Go(path)).within(ms(1_000)).await.unwrap_err();
        tokio::time::sleep(ms(1_500)).await;
        assert_eq!(chain.log.take().len(), 1, "the second never hears of it");
        let outcomes = chain.outcomes.take();
        assert!(matches!(outcomes[..], [Err(AskError::Deadline { message: Some(_) })]));
        assert_conserved(&system);

        let chain = Chain::new(&system, ms(2_000), |it| it.afresh().within(ms(500)));
        path.ask(&chain.first, Go(path)).within(ms(1_000)).await.unwrap_err();
        tokio::time::sleep(ms(2_000)).await;
        assert_eq!(chain.log.take()[1], Some(ms(500)));
        let outcomes = chain.outcomes.take();
        assert!(matches!(outcomes[..], [Err(AskError::Deadline { message: None })]));
    }
}

#[conformance]
async fn what_was_told_right_behind_an_ask_has_not_the_time_of_that() {
    let system = stage::system("test");
    let chain = Chain::new(&system, Duration::ZERO, |it| it);
    chain.first.wait_started().await.unwrap();
    // Enough for several turns to run in one stretch.
    let tells = |n| (0..n).for_each(|_| chain.first.try_tell(Told).unwrap());
    tells(4);
    let mut asking = pin!(chain.first.ask(Told).queued().within(ms(60_000)).into_future());
    let is_sent = poll_fn(|cx| Poll::Ready(asking.as_mut().poll(cx).is_pending())).await;
    assert!(is_sent, "and not answered yet");
    tells(4);
    soon("the reply", asking).await.unwrap();
    rest().await;
    let mut left = chain.log.take();
    assert!(left.remove(4).is_some());
    assert_eq!(left, [None; 8]);
}

#[conformance]
async fn what_was_told_and_what_is_not_limited_has_all_the_time_there_is() {
    let system = stage::system("test");
    let chain = Chain::new(&system, Duration::ZERO, |it| it);
    chain.first.tell(Told).await.unwrap();
    rest().await;
    assert_eq!(chain.log.take(), [None]);
    let asking = stage::spawn({
        let first = chain.first.clone();
        async move { first.ask(Go(Path::Queued)).within(Duration::MAX).await }
    });
    rest().await;
    assert!(matches!(chain.log.take()[..], [None, Some(_)]), "the inner ask has its default");
    chain.first.kill();
    soon("end", asking).await.unwrap().unwrap_err();
}

/// What a scope that an actor keeps is for.
#[derive(Actor)]
#[actor(handles(Open, Spawn, Pipe))]
struct Owner {
    background: Option<Scope>,
    link: ActorRef<Link>,
    outcomes: Log<bool>,
}

/// Makes the scope, and spawns something in it.
#[derive(Message)]
#[message(reply = ())]
struct Open;

/// Spawns something in the scope that is there.
#[derive(Message)]
#[message(reply = ())]
struct Spawn;

/// Pipes something.
#[derive(Message)]
#[message(reply = ())]
struct Pipe;

impl Owner {
    /// Asks for what is never answered, and notes whether time was up within a second.
    fn work(&self) -> impl Future<Output = ()> + Send + use<> {
        let (link, outcomes) = (self.link.clone(), self.outcomes.clone());
        async move {
            let begin = tokio::time::Instant::now();
            // At the very end of this and of what the link asks, either may be the first.
            _ = link.ask(Go(Path::Queued)).queued().await;
            outcomes.push(begin.elapsed() < ms(1_000));
        }
    }
}
impl Handler<Open> for Owner {
    async fn handle(&mut self, _: Open, cx: &mut Context<'_, Self>) {
        let background = self.background.insert(cx.scope()).clone();
        background.spawn(self.work());
    }
}
impl Handler<Spawn> for Owner {
    async fn handle(&mut self, _: Spawn, _: &mut Context<'_, Self>) {
        let background = self.background.clone().expect("it is open");
        background.spawn(self.work());
    }
}
impl Handler<Pipe> for Owner {
    async fn handle(&mut self, _: Pipe, cx: &mut Context<'_, Self>) {
        cx.pipe(self.work(), |_| Spawn);
        cx.spawn_task(self.work());
    }
}

#[conformance(virtual_time)]
async fn tasks_of_a_scope_and_pipes_have_the_time_of_the_turn_that_they_belong_to() {
    let system = stage::system("test");
    let chain = Chain::new(&system, Duration::ZERO, |it| it);
    let outcomes = Log::default();
    let (link, log) = (chain.first.clone(), outcomes.clone());
    let owner = system.spawn(Owner { background: None, link, outcomes: log });
    owner.ask(Open).within(ms(500)).await.unwrap();
    tokio::time::sleep(ms(10_000)).await;
    assert_eq!(outcomes.take(), [true], "for whoever waited when the scope was made");
    owner.ask(Spawn).within(ms(500)).await.unwrap();
    tokio::time::sleep(ms(10_000)).await;
    assert_eq!(outcomes.take(), [false], "the scope outlives the turn, and its work may");
    owner.ask(Pipe).within(ms(500)).await.unwrap();
    tokio::time::sleep(ms(20_000)).await;
    assert_eq!(outcomes.take(), [true, false, false], "the pipe, the task, and what was told then");
}

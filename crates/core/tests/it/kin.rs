//! One actor for the tests of supervision: it writes down its life, and at each point of it does
//! what its plan says.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use ghostlight::{
    Actor, ActorRef, Backoff, ChildSpec, Context, Create, Failure, Handler, Health, Message,
    Observer, OnFailure, RestartRecord, RestartWindow, SpawnOptions, StopReason, Subject,
    Supervision, System,
};
use tokio::sync::oneshot;

use crate::{
    stage,
    support::{Add, Boom, Counted, Gate, Hold, Log, Note, rest, soon},
};

/// A point in the life of an incarnation at which something may go wrong.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Point {
    Create,
    Restarting,
    Started,
    OnFailure,
    Stopped,
    Drop,
}

/// What is done there.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Nothing,
    Panic(&'static str),
    /// A failure that is returned, or declared where nothing can be returned.
    Fail(&'static str),
    /// The same, and fatal.
    Fatal(&'static str),
    /// So many milliseconds.
    Sleep(u64),
    Wait(Gate),
    /// Ends itself.
    Stop,
    /// Ends itself, and panics in the same turn.
    StopAndPanic(&'static str),
    /// Goes on as if nothing had happened.
    Resume,
}

type Raise = Arc<dyn Fn(&Context<'_, Kin>) + Send + Sync>;

/// What all incarnations of one actor share.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) name: &'static str,
    pub(crate) log: Log<String>,
    acts: Arc<Mutex<HashMap<Point, VecDeque<Act>>>>,
    always: Arc<Mutex<HashMap<Point, Act>>>,
    raise: Option<Raise>,
    token: Option<Counted>,
}

impl Plan {
    pub(crate) fn new(name: &'static str, log: &Log<String>) -> Self {
        let (acts, always) = (Arc::default(), Arc::default());
        Self { name, log: log.clone(), acts, always, raise: None, token: None }
    }

    /// The first incarnation does the first of these, and so on; whoever comes later, nothing.
    pub(crate) fn at(self, point: Point, acts: impl IntoIterator<Item = Act>) -> Self {
        self.acts.lock().unwrap().entry(point).or_default().extend(acts);
        self
    }

    /// Every incarnation does this.
    pub(crate) fn always(self, point: Point, act: Act) -> Self {
        self.always.lock().unwrap().insert(point, act);
        self
    }

    /// Is done by every incarnation when it starts.
    pub(crate) fn raising(
        mut self,
        raise: impl Fn(&Context<'_, Kin>) + Send + Sync + 'static,
    ) -> Self {
        self.raise = Some(Arc::new(raise));
        self
    }

    /// Every incarnation holds one of these.
    pub(crate) fn holding(mut self, token: Counted) -> Self {
        self.token = Some(token);
        self
    }

    pub(crate) fn build(&self) -> Kin {
        Kin { plan: self.clone(), incarnation: None, total: 0 }
    }

    /// Makes incarnations, as their plan says.
    pub(crate) fn factory(&self) -> impl Fn() -> Kin + Send + Sync + 'static {
        let plan = self.clone();
        move || {
            if let Act::Panic(text) = plan.act(Point::Create) {
                panic!("{text}");
            }
            plan.build()
        }
    }

    fn act(&self, point: Point) -> Act {
        let next = self.acts.lock().unwrap().get_mut(&point).and_then(VecDeque::pop_front);
        let next = next.or_else(|| self.always.lock().unwrap().get(&point).cloned());
        next.unwrap_or(Act::Nothing)
    }

    fn note(&self, what: impl fmt::Display) {
        self.log.push(format!("{} {what}", self.name));
    }
}

/// An actor that writes down its life.
pub(crate) struct Kin {
    plan: Plan,
    incarnation: Option<u32>,
    total: u64,
}

impl Kin {
    async fn act(act: Act, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        match act {
            Act::Nothing | Act::Resume => {}
            Act::Panic(text) => panic!("{text}"),
            Act::Fail(text) => return Err(Failure::recoverable(text)),
            Act::Fatal(text) => return Err(Failure::fatal(text)),
            Act::Sleep(millis) => cx.sleep(Duration::from_millis(millis)).await,
            Act::Wait(gate) => gate.pass().await,
            Act::Stop => cx.stop(),
            Act::StopAndPanic(text) => {
                cx.stop();
                panic!("{text}");
            }
        }
        Ok(())
    }
}

impl Drop for Kin {
    fn drop(&mut self) {
        self.plan.note("dropped");
        if let Act::Panic(text) = self.plan.act(Point::Drop) {
            panic!("{text}");
        }
    }
}

impl Actor for Kin {
    type Protocol = (Note, Add, Do);

    async fn restarting(
        &mut self,
        last: &StopReason,
        cx: &mut Context<'_, Self>,
    ) -> Result<(), Failure> {
        self.plan.note(format_args!("restarting after: {last}"));
        Self::act(self.plan.act(Point::Restarting), cx).await
    }

    async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        self.incarnation = Some(cx.incarnation());
        self.plan.note(format_args!("started {}", cx.incarnation()));
        if let Some(raise) = &self.plan.raise {
            raise(cx);
        }
        Self::act(self.plan.act(Point::Started), cx).await
    }

    fn on_failure(&mut self, failure: &Failure) -> OnFailure {
        self.plan.note(format_args!("asked about: {failure}"));
        match self.plan.act(Point::OnFailure) {
            Act::Resume => OnFailure::Resume,
            Act::Panic(text) => panic!("{text}"),
            _ => OnFailure::Fail,
        }
    }

    async fn stopped(&mut self, reason: &StopReason, cx: &mut Context<'_, Self>) {
        self.plan.note(format_args!("stopped: {reason}"));
        if let Err(failure) = Self::act(self.plan.act(Point::Stopped), cx).await {
            cx.fail::<()>(failure).await;
        }
    }
}

impl Create for Kin {
    type Args = Plan;

    async fn create(plan: Plan) -> Result<Self, Failure> {
        plan.note("creating");
        match plan.act(Point::Create) {
            Act::Panic(text) => panic!("{text}"),
            Act::Fail(text) => return Err(Failure::recoverable(text)),
            Act::Fatal(text) => return Err(Failure::fatal(text)),
            Act::Sleep(millis) => tokio::time::sleep(Duration::from_millis(millis)).await,
            Act::Wait(gate) => gate.pass().await,
            _ => {}
        }
        Ok(plan.build())
    }
}

/// Has the handler do this, and answers with the incarnation that did.
#[derive(Debug, Message)]
#[message(reply = u32)]
pub(crate) struct Do(pub(crate) Act);

/// Runs this in a handler.
#[derive(Message)]
pub(crate) struct Call(Task);

type Task = Box<dyn FnOnce(&Context<'_, Kin>) + Send>;

impl Handler<Note> for Kin {
    async fn handle(&mut self, Note(n): Note, _: &mut Context<'_, Self>) {
        self.plan.note(n);
    }
}
impl Handler<Add> for Kin {
    async fn handle(&mut self, Add(n): Add, _: &mut Context<'_, Self>) -> u64 {
        self.total += n;
        self.total
    }
}
impl Handler<Do> for Kin {
    async fn handle(&mut self, Do(act): Do, cx: &mut Context<'_, Self>) -> u32 {
        if let Err(failure) = Self::act(act, cx).await {
            return cx.fail(failure).await;
        }
        cx.incarnation()
    }
}
impl Handler<Boom> for Kin {
    async fn handle(&mut self, Boom(text): Boom, _: &mut Context<'_, Self>) -> u64 {
        panic!("{text}")
    }
}
impl Handler<Hold> for Kin {
    async fn handle(&mut self, Hold(gate): Hold, _: &mut Context<'_, Self>) {
        gate.pass().await;
    }
}
impl Handler<Call> for Kin {
    async fn handle(&mut self, Call(run): Call, cx: &mut Context<'_, Self>) {
        run(cx);
    }
}

/// Runs `run` in a handler of the actor, and gives back what it returns.
pub(crate) async fn call<R: Send + 'static>(
    actor: &ActorRef<Kin>,
    run: impl FnOnce(&Context<'_, Kin>) -> R + Send + 'static,
) -> R {
    let (sender, receiver) = oneshot::channel();
    let run = Call(Box::new(move |cx| _ = sender.send(run(cx))));
    actor.tell(run).await.expect("the actor lives");
    soon("answer from a handler", receiver).await.expect("the handler ran")
}

/// Has the actor fail, and waits until that has had its effect.
pub(crate) async fn fail(actor: &ActorRef<Kin>, text: &'static str) {
    actor.tell(Boom(text)).await.expect("the actor takes messages");
    rest().await;
}

/// A rule without waits, and with more restarts than a test needs.
pub(crate) fn eager(spec: ChildSpec) -> ChildSpec {
    let window = RestartWindow::new(1_000_000, Duration::from_hours(1));
    spec.backoff(Backoff::none()).window(window)
}

/// Always comes back, at once.
pub(crate) fn permanent() -> ChildSpec {
    eager(ChildSpec::permanent())
}

/// As `spec`, with so much time for its handler, and again for `stopped`.
pub(crate) fn patient(spec: ChildSpec, shutdown: Duration) -> ChildSpec {
    spec.options(SpawnOptions::default().shutdown_deadline(shutdown))
}

/// An owner with children that were started in this order.
pub(crate) async fn family<const N: usize>(
    system: &System,
    log: &Log<String>,
    supervision: Supervision,
    children: [(&'static str, ChildSpec); N],
) -> (ActorRef<Kin>, [ActorRef<Kin>; N]) {
    let owner = system.spawn(Plan::new("owner", log).build());
    let log = log.clone();
    let children = call(&owner, move |cx| {
        cx.supervision(supervision);
        children.map(|(name, spec)| cx.supervise_with(Plan::new(name, &log).factory(), spec))
    })
    .await;
    rest().await;
    (owner, children)
}

/// Waits until an actor that was told to end, and comes back, takes messages again.
pub(crate) async fn comes_back(actor: &ActorRef<Kin>) {
    let back = async {
        while !actor.is_alive() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    soon("next incarnation", back).await;
}

/// The incarnation that answers.
pub(crate) async fn incarnation(actor: &ActorRef<Kin>) -> u32 {
    let ask = actor.ask(Do(Act::Nothing)).within(Duration::from_hours(1));
    tokio::time::timeout(Duration::from_mins(10), ask).await.expect("an answer").expect("a reply")
}

/// What was written down so far, without the lines of those whose name is not among these.
pub(crate) fn of(log: &Log<String>, names: &[&str]) -> Vec<String> {
    let is_of = |it: &String| names.iter().any(|name| it.starts_with(&format!("{name} ")));
    log.take().into_iter().filter(is_of).collect()
}

/// Writes down what a supervisor does, as it is told to observers.
#[derive(Clone, Default)]
pub(crate) struct Ledger(pub(crate) Log<String>);

impl Observer for Ledger {
    fn restarting(&self, actor: Subject<'_>, record: &RestartRecord) {
        let RestartRecord { incarnation, why, .. } = record;
        self.0.push(format!("{} restarts after {incarnation}: {why}", actor.name));
    }

    fn gave_up(&self, actor: Subject<'_>, reason: &StopReason) {
        self.0.push(format!("{} given up: {reason}", actor.name));
    }

    fn health(&self, owner: Subject<'_>, health: &Health) {
        self.0.push(format!("{} is {health}", owner.name));
    }

    fn abandoned(&self, actor: Subject<'_>) {
        self.0.push(format!("{} abandoned", actor.name));
    }
}

/// A system whose supervision is written down.
pub(crate) fn watched() -> (System, Ledger) {
    let ledger = Ledger::default();
    (stage::system_with("test", |it| it.observer(ledger.clone())), ledger)
}

/// As `spec`, for an actor called so.
pub(crate) fn named(spec: ChildSpec, name: &str) -> ChildSpec {
    spec.options(SpawnOptions::default().name(name))
}

//! An actor that lends itself while it asks: H-07, H-16.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

use ghostlight::{
    Actor, ActorRef, Admit, AskError, Context, Failure, Handler, Message, Outcome, Priority,
    Protocol, SpawnOptions, System,
};

use crate::{
    stage::{self, conformance},
    support::{Gate, Log, assert_conserved, ended, rest, soon, ticks},
};

/// Whether the actors list what they handle; every behaviour is the same with and without.
trait Dress: Send + Sync + 'static + Sized {
    type Protocol: Protocol<Player<Self>>;
}
struct Listed;
struct Plain;
impl Dress for Listed {
    type Protocol = (Play<Self>, Note, Hold);
}
impl Dress for Plain {
    type Protocol = ();
}

/// An actor that plays a script, and writes down what it does.
struct Player<D> {
    name: &'static str,
    log: Log<String>,
    notes: u32,
    dress: std::marker::PhantomData<fn() -> D>,
}

impl<D: Dress> Actor for Player<D> {
    type Protocol = D::Protocol;
}

/// What a player does in one turn, one after another.
enum Step<D: Dress> {
    /// Asks another player to play, and lends itself meanwhile.
    Lend(Admit, ActorRef<Player<D>>, Play<D>),
    /// The same without lending.
    Ask(ActorRef<Player<D>>, Play<D>),
    /// Tells another player something.
    Tell(ActorRef<Player<D>>, Note),
    /// Asks another player, and tells it to stop before it can have begun.
    AskAndStop(ActorRef<Player<D>>, Play<D>),
    Pass(Gate),
    /// Says how many actors wait for this turn.
    Count,
    Panic,
    Fail,
}

/// A script with a name.
struct Play<D: Dress>(&'static str, Vec<Step<D>>);

impl<D: Dress> Message for Play<D> {
    type Reply = u32;
}

/// Is noted and counted.
#[derive(Clone, Debug, Message, PartialEq)]
struct Note(&'static str);

/// Waits at the gate.
#[derive(Message)]
struct Hold(Gate);

impl<D: Dress> Player<D> {
    fn say(&self, what: &str) {
        self.log.push(format!("{} {what}", self.name));
    }
}

impl<D: Dress> Handler<Play<D>> for Player<D> {
    async fn handle(&mut self, Play(name, steps): Play<D>, cx: &mut Context<'_, Self>) -> u32 {
        self.say(&format!("begins {name}"));
        for step in steps {
            self.step(step, cx).await;
        }
        self.say(&format!("ends {name}"));
        self.notes
    }
}

impl<D: Dress> Player<D> {
    // Boxed, because a script may call for itself.
    fn step<'a>(
        &'a mut self,
        step: Step<D>,
        cx: &'a mut Context<'_, Self>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async move {
            match step {
                Step::Lend(admit, other, play) => {
                    let asked = cx.lend(self).admit(admit).ask(&other, play).await;
                    self.hear(&asked);
                }
                Step::Ask(other, play) => {
                    let asked = other.ask(play).await;
                    self.hear(&asked);
                }
                Step::AskAndStop(other, play) => {
                    let mut asking = pin!(other.ask(play).queued().into_future());
                    let asked = poll_fn(|cx| Poll::Ready(asking.as_mut().poll(cx))).await;
                    assert!(asked.is_pending());
                    other.stop();
                    self.hear(&asking.await);
                }
                Step::Tell(other, note) => other.tell(note).await.unwrap(),
                Step::Pass(gate) => gate.pass().await,
                Step::Count => self.say(&format!("has {} callers", cx.callers().len())),
                Step::Panic => panic!("torn"),
                Step::Fail => cx.fail(Failure::recoverable("torn")).await,
            }
        })
    }

    fn hear(&self, asked: &Outcome<Play<D>>) {
        match asked {
            Ok(notes) => self.say(&format!("hears {notes}")),
            Err(AskError::Deadlock { .. }) => self.say("is refused"),
            Err(error) => self.say(&format!("hears: {error}")),
        }
    }
}

impl<D: Dress> Handler<Note> for Player<D> {
    async fn handle(&mut self, Note(note): Note, _: &mut Context<'_, Self>) {
        self.notes += 1;
        self.say(note);
    }
}
impl<D: Dress> Handler<Hold> for Player<D> {
    async fn handle(&mut self, Hold(gate): Hold, _: &mut Context<'_, Self>) {
        gate.pass().await;
    }
}

/// A system with three players, and what they say.
struct Troupe<D: Dress> {
    system: System,
    log: Log<String>,
    players: [ActorRef<Player<D>>; 3],
}

impl<D: Dress> Troupe<D> {
    fn new() -> Self {
        let (system, log) = (stage::system("test"), Log::default());
        let players = ["a", "b", "c"].map(|name| {
            let log = log.clone();
            let player = Player { name, log, notes: 0, dress: std::marker::PhantomData };
            system.spawn_with(player, SpawnOptions::default().name(name))
        });
        Self { system, log, players }
    }

    fn over(&self) {
        assert!(self.system.waits().is_empty(), "{:?}", self.system.waits());
        assert_conserved(&self.system);
    }
}

/// A script that asks `whom` to play `then`, lending or not.
fn asking<D: Dress>(
    lends: bool,
    name: &'static str,
    whom: &ActorRef<Player<D>>,
    then: Play<D>,
) -> Play<D> {
    let whom = whom.clone();
    let step = if lends { Step::Lend(Admit::CallChain, whom, then) } else { Step::Ask(whom, then) };
    Play(name, vec![step])
}

async fn a_call_that_comes_back<D: Dress>() {
    for between in [1, 2] {
        for lends in [true, false] {
            let troupe = Troupe::<D>::new();
            let [a, b, c] = &troupe.players;
            let back = asking(false, "last", a, Play("inner", vec![]));
            let script = match between {
                1 => asking(lends, "outer", b, back),
                _ => asking(lends, "outer", b, asking(false, "middle", c, back)),
            };
            soon("end of the script", a.ask(script)).await.unwrap();
            let last = ["", "b", "c"][between];
            let mut expected = vec!["a begins outer".to_owned()];
            expected.extend((between == 2).then(|| "b begins middle".to_owned()));
            expected.push(format!("{last} begins last"));
            if lends {
                expected.extend(["a begins inner", "a ends inner"].map(String::from));
                expected.push(format!("{last} hears 0"));
            } else {
                expected.push(format!("{last} is refused"));
            }
            expected.push(format!("{last} ends last"));
            if between == 2 {
                expected.extend(["b hears 0", "b ends middle"].map(String::from));
            }
            expected.extend(["a hears 0", "a ends outer"].map(String::from));
            assert_eq!(troupe.log.take(), expected, "{between} between, lending: {lends}");
            troupe.over();
        }
    }
}

#[conformance]
async fn a_call_that_comes_back_is_let_in_by_one_that_lends_itself_and_else_refused() {
    a_call_that_comes_back::<Listed>().await;
    a_call_that_comes_back::<Plain>().await;
}

#[conformance]
async fn an_actor_may_ask_itself_while_it_lends_itself() {
    let troupe = Troupe::<Listed>::new();
    let [a, ..] = &troupe.players;
    let script = asking(true, "one", a, asking(true, "two", a, Play("three", vec![])));
    soon("end of the script", a.ask(script)).await.unwrap();
    let told = troupe.log.take();
    assert_eq!(told[..3], ["a begins one", "a begins two", "a begins three"]);
    assert_eq!(told[3..], ["a ends three", "a hears 0", "a ends two", "a hears 0", "a ends one"]);
    troupe.over();
}

#[conformance]
async fn what_is_not_of_the_call_stays_queued_in_order() {
    let troupe = Troupe::<Listed>::new();
    let [a, b, c] = &troupe.players;
    let gate = Gate::closed();
    let back = asking(false, "back", a, Play("inner", vec![]));
    let Play(name, mut steps) = back;
    steps.insert(0, Step::Pass(gate.clone()));
    steps.insert(1, Step::Tell(a.clone(), Note("first of b")));
    let script = asking(true, "outer", b, Play(name, steps));
    let playing = stage::spawn({
        let a = a.clone();
        async move { a.ask(script).await }
    });
    gate.arrived().await;
    a.tell(Note("one")).await.unwrap();
    // Of another call: it waits, too.
    let other = stage::spawn({
        let (a, c) = (a.clone(), c.clone());
        async move { c.ask(asking(false, "other", &a, Play("stranger", vec![]))).await }
    });
    rest().await;
    a.tell(Note("two")).await.unwrap();
    gate.open();
    soon("end of the script", playing).await.unwrap().unwrap();
    soon("end of the other", other).await.unwrap().unwrap();
    rest().await;
    let told = troupe.log.take();
    let of_a: Vec<_> = told.iter().filter(|it| it.starts_with('a')).map(|it| &it[2..]).collect();
    let inside = ["begins outer", "begins inner", "ends inner", "hears 0", "ends outer"];
    assert_eq!(of_a[..5], inside);
    assert_eq!(of_a[5..], ["one", "begins stranger", "ends stranger", "two", "first of b"]);
    troupe.over();
}

async fn all_are_let_in<D: Dress>() {
    let troupe = Troupe::<D>::new();
    let [a, b, _] = &troupe.players;
    let gate = Gate::closed();
    // In one batch with the script, so that they wait behind it in the core.
    let held = Gate::closed();
    a.tell(Hold(held.clone())).await.unwrap();
    held.arrived().await;
    let then = Play("inner", vec![Step::Pass(gate.clone())]);
    let playing = stage::spawn({
        let (a, b) = (a.clone(), b.clone());
        async move { a.ask(Play("outer", vec![Step::Lend(Admit::All, b, then)])).await }
    });
    rest().await;
    for note in ["one", "two", "three"] {
        a.tell(Note(note)).await.unwrap();
    }
    held.open();
    gate.arrived().await;
    for note in ["four", "five"] {
        a.tell(Note(note)).await.unwrap();
        rest().await;
    }
    a.tell(Note("urgent")).priority(Priority::High).await.unwrap();
    a.tell(Note("six")).await.unwrap();
    rest().await;
    gate.open();
    let notes = soon("end of the script", playing).await.unwrap().unwrap();
    assert_eq!(notes, 7, "the outer turn sees what the inner ones did");
    let told = troupe.log.take();
    let of_a: Vec<_> = told.iter().filter(|it| it.starts_with('a')).map(|it| &it[2..]).collect();
    assert_eq!(of_a[1..8], ["one", "two", "three", "four", "five", "urgent", "six"]);
    assert_eq!(of_a[8..], ["hears 0", "ends outer"]);
    troupe.over();
}

#[conformance]
async fn one_that_lends_itself_to_all_handles_everything_in_order_while_it_waits() {
    all_are_let_in::<Listed>().await;
    all_are_let_in::<Plain>().await;
}

#[conformance]
async fn what_waits_behind_a_turn_is_let_in_before_what_comes_during_it() {
    let troupe = Troupe::<Listed>::new();
    let [a, b, _] = &troupe.players;
    let (gate, held) = (Gate::closed(), Gate::closed());
    a.tell(Hold(held.clone())).await.unwrap();
    held.arrived().await;
    let then = Play("inner", vec![Step::Pass(gate.clone())]);
    let later = Step::Tell(a.clone(), Note("two"));
    let script = Play("outer", vec![later, Step::Lend(Admit::All, b.clone(), then)]);
    a.tell(script).await.unwrap();
    a.tell(Note("one")).await.unwrap();
    held.open();
    gate.arrived().await;
    rest().await;
    gate.open();
    rest().await;
    let told = troupe.log.take();
    let of_a: Vec<_> = told.iter().filter(|it| it.starts_with('a')).map(|it| &it[2..]).collect();
    assert_eq!(of_a, ["begins outer", "one", "two", "hears 0", "ends outer"]);
    troupe.over();
}

#[conformance]
async fn a_turn_that_has_let_another_in_is_for_whom_it_was_before() {
    for admit in [Admit::CallChain, Admit::All] {
        let troupe = Troupe::<Listed>::new();
        let [a, b, c] = &troupe.players;
        let back = asking(false, "back", a, Play("inner", vec![Step::Count]));
        let outer = vec![Step::Count, Step::Lend(admit, b.clone(), back), Step::Count];
        let script = Play("first", vec![Step::Ask(a.clone(), Play("outer", outer))]);
        soon("end of the script", c.ask(script)).await.unwrap();
        let told = troupe.log.take();
        let counts = told.iter().filter(|it| it.ends_with("callers"));
        let expected = ["a has 1 callers", "a has 3 callers", "a has 1 callers"];
        assert_eq!(counts.collect::<Vec<_>>(), expected, "{admit:?}");
        troupe.over();
    }
}

#[conformance(virtual_time)]
async fn others_have_their_share_while_many_are_let_in() {
    let troupe = Troupe::<Listed>::new();
    let [a, b, _] = &troupe.players;
    let gate = Gate::closed();
    let then = Play("inner", vec![Step::Pass(gate.clone())]);
    a.tell(Play("outer", vec![Step::Lend(Admit::All, b.clone(), then)])).await.unwrap();
    gate.arrived().await;
    let ticking = stage::spawn(ticks(troupe.log.clone()));
    for _ in 0..200 {
        a.try_tell(Note("flood")).unwrap();
    }
    soon("the last", a.ask(Play("last", vec![])).queued()).await.unwrap();
    ticking.abort();
    let told = troupe.log.take();
    let floods = told.split(|it| it == "ticks");
    let runs = floods.map(|run| run.iter().filter(|it| *it == "a flood").count());
    assert_eq!(runs.clone().sum::<usize>(), 200);
    // Elsewhere the actor may run twice before the other task does.
    assert!(runs.max() <= Some(64) || !stage::is_in_turn(), "{told:?}");
    gate.open();
    rest().await;
    troupe.over();
}

#[conformance]
async fn a_flood_that_is_let_in_starves_nobody_and_the_reply_comes() {
    let troupe = Troupe::<Listed>::new();
    let [a, b, _] = &troupe.players;
    let gate = Gate::closed();
    let then = Play("inner", vec![Step::Pass(gate.clone())]);
    let script = Play("outer", vec![Step::Lend(Admit::All, b.clone(), then)]);
    let playing = stage::spawn({
        let a = a.clone();
        async move { a.ask(script).await }
    });
    gate.arrived().await;
    let floods: Vec<_> = (0..4)
        .map(|_| {
            let a = a.clone();
            stage::spawn(async move { while a.tell(Note("flood")).await.is_ok() {} })
        })
        .collect();
    stage::yield_now().await;
    gate.open();
    soon("end of the script", playing).await.unwrap().unwrap();
    a.kill();
    for flood in floods {
        soon("end of the flood", flood).await.unwrap();
    }
}

#[conformance]
async fn a_turn_that_was_let_in_and_fails_takes_the_outer_one_along() {
    for (how, breaks) in [("panics", Step::Panic), ("declares a failure", Step::Fail)] {
        let troupe = Troupe::<Listed>::new();
        let [a, b, _] = &troupe.players;
        let back = asking(false, "back", a, Play("inner", vec![breaks]));
        let error = soon("end", a.ask(asking(true, "outer", b, back))).await.unwrap_err();
        assert_eq!(error.to_string(), "the handler failed: torn", "{how}");
        assert!(ended(a).await.is_failure(), "{how}");
        rest().await;
        assert!(troupe.log.all().contains(&"b hears: the handler failed: torn".into()), "{how}");
        assert!(b.is_alive());
        troupe.over();
    }
}

#[conformance]
async fn an_actor_that_is_told_to_stop_lets_nobody_else_in() {
    let troupe = Troupe::<Listed>::new();
    let [a, b, _] = &troupe.players;
    let gate = Gate::closed();
    let then = Play("inner", vec![Step::Pass(gate.clone())]);
    a.tell(Hold(Gate::closed())).await.unwrap();
    a.kill();
    ended(a).await;
    let script = Play("outer", vec![Step::Lend(Admit::All, a.clone(), then)]);
    soon("end of the script", b.ask(script)).await.unwrap();
    assert_eq!(troupe.log.take()[1], "b hears: the actor has stopped");

    let [_, b, c] = &troupe.players;
    let then = Play("inner", vec![Step::Pass(gate.clone())]);
    let script = Play("outer", vec![Step::Lend(Admit::All, c.clone(), then)]);
    b.tell(script).await.unwrap();
    gate.arrived().await;
    b.tell(Note("before")).await.unwrap();
    rest().await;
    b.stop();
    gate.open();
    ended(b).await;
    let told = troupe.log.take();
    assert!(told.contains(&"b before".to_owned()) && told.contains(&"b ends outer".to_owned()));
    troupe.over();
}

#[conformance]
async fn one_that_is_told_to_stop_still_lets_the_call_in_that_its_turn_waits_for() {
    for admit in [Admit::CallChain, Admit::All] {
        let troupe = Troupe::<Listed>::new();
        let [a, b, _] = &troupe.players;
        let then = vec![Step::AskAndStop(a.clone(), Play("inner", vec![]))];
        let script = Play("outer", vec![Step::Lend(admit, b.clone(), Play("back", then))]);
        a.tell(script).await.unwrap();
        ended(a).await;
        let told = troupe.log.take();
        let of_a: Vec<_> =
            told.iter().filter(|it| it.starts_with('a')).map(|it| &it[2..]).collect();
        let expected = ["begins outer", "begins inner", "ends inner", "hears 0", "ends outer"];
        assert_eq!(of_a, expected, "{admit:?}");
        assert!(told.contains(&"b hears 0".to_owned()), "{told:?}");
        troupe.over();
    }
}

#[conformance]
async fn lending_ends_with_its_deadline_and_what_was_let_in_before_is_done() {
    let troupe = Troupe::<Listed>::new();
    let [a, b, _] = &troupe.players;
    let gate = Gate::closed();
    b.tell(Hold(gate.clone())).await.unwrap();
    gate.arrived().await;
    a.tell(Play("outer", vec![Step::Lend(Admit::All, b.clone(), Play("inner", vec![]))]))
        .await
        .unwrap();
    rest().await;
    a.tell(Note("meanwhile")).await.unwrap();
    rest().await;
    assert_eq!(troupe.log.take(), ["a begins outer", "a meanwhile"]);
    tokio::time::sleep(Duration::from_secs(6)).await;
    let told = troupe.log.take();
    assert_eq!(told, ["a hears: deadline passed before the request began", "a ends outer"]);
    a.tell(Note("afterwards")).await.unwrap();
    rest().await;
    assert_eq!(troupe.log.take(), ["a afterwards"]);
    gate.open();
    rest().await;
    troupe.over();
}

//! Reads of one actor run side by side, and writes do not.

// long: the cases of one facility stand side by side, with the actor they share.

use std::{future::Future, marker::PhantomData, pin::Pin, time::Duration};

use ghostlight::{
    Actor, ActorId, ActorRef, AskError, Context, DrainBudget, Failure, Handler, Message, OnFailure,
    Outcome, Priority, Protocol, ReadContext, ReadHandler, Recipient, Refused, SpawnOptions,
    StopReason, System,
};
use tokio::time::Instant;

use crate::{
    stage::{self, JoinHandle, conformance},
    support::{Gate, Log, Path, assert_conserved, ended, rest, soon, ticks},
};

/// Whether the actors list what they handle; every behaviour is the same with and without.
trait Dress: Send + Sync + 'static + Sized {
    type Protocol: Protocol<Shelf<Self>>;
}
struct Listed;
struct Plain;
impl Dress for Listed {
    type Protocol = (Look, Put, Lend, Who);
}
impl Dress for Plain {
    type Protocol = ();
}

/// An actor that writes down what begins and ends.
struct Shelf<D> {
    log: Log<String>,
    puts: u32,
    resumes: bool,
    dress: PhantomData<fn() -> D>,
}

impl<D: Dress> Actor for Shelf<D> {
    type Protocol = D::Protocol;

    fn on_failure(&mut self, _: &Failure) -> OnFailure {
        if self.resumes { OnFailure::Resume } else { OnFailure::Fail }
    }
}

type Doing = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A read that does something, and is answered with how often something was put before it ended.
#[derive(Message)]
#[message(reply = u32)]
struct Look(&'static str, Doing);

/// The same as a write, which counts.
#[derive(Message)]
#[message(reply = u32)]
struct Put(&'static str, Doing);

/// Lends the shelf while somebody else is asked to put something.
#[derive(Message)]
struct Lend(Recipient<Put>, Put);

/// Who waits for this.
#[derive(Message)]
#[message(reply = Vec<ActorId>)]
struct Who;

impl<D: Dress> Shelf<D> {
    async fn run(&self, name: &str, doing: Doing) {
        self.log.push(format!("begins {name}"));
        doing.await;
        self.log.push(format!("ends {name}"));
    }
}

impl<D: Dress> ReadHandler<Look> for Shelf<D> {
    async fn read(&self, Look(name, doing): Look, _: &ReadContext<'_, Self>) -> u32 {
        self.run(name, doing).await;
        self.puts
    }
}
impl<D: Dress> Handler<Put> for Shelf<D> {
    async fn handle(&mut self, Put(name, doing): Put, _: &mut Context<'_, Self>) -> u32 {
        self.run(name, doing).await;
        self.puts += 1;
        self.puts
    }
}
impl<D: Dress> Handler<Lend> for Shelf<D> {
    async fn handle(&mut self, Lend(to, put): Lend, cx: &mut Context<'_, Self>) {
        cx.lend(self).ask(&to, put).await.unwrap();
    }
}
impl<D: Dress> Handler<Who> for Shelf<D> {
    async fn handle(&mut self, _: Who, cx: &mut Context<'_, Self>) -> Vec<ActorId> {
        cx.callers()
    }
}

fn at_once() -> Doing {
    Box::pin(async {})
}

fn sleep(millis: u64) -> Doing {
    Box::pin(tokio::time::sleep(Duration::from_millis(millis)))
}

fn pass(gate: &Gate) -> Doing {
    let gate = gate.clone();
    Box::pin(async move { gate.pass().await })
}

/// A system with a shelf, and what is written down about that.
struct Room<D: Dress> {
    system: System,
    log: Log<String>,
    shelf: ActorRef<Shelf<D>>,
}

impl<D: Dress> Room<D> {
    fn new() -> Self {
        Self::with(SpawnOptions::default(), false)
    }

    fn with(options: SpawnOptions, resumes: bool) -> Self {
        let (system, log) = (stage::system("test"), Log::default());
        let shelf = Shelf { log: log.clone(), puts: 0, resumes, dress: PhantomData };
        let shelf = system.spawn_with(shelf, options.name("shelf"));
        Self { system, log, shelf }
    }

    fn another(&self, name: &'static str) -> ActorRef<Shelf<D>> {
        let shelf = Shelf { log: self.log.clone(), puts: 0, resumes: false, dress: PhantomData };
        self.system.spawn_with(shelf, SpawnOptions::default().name(name))
    }

    /// Looks from a task of its own, and goes on when that has been sent.
    async fn look(
        &self,
        path: Path,
        name: &'static str,
        doing: Doing,
    ) -> JoinHandle<Outcome<Look>> {
        let shelf = self.shelf.clone();
        let asking = stage::spawn(async move { path.ask(&shelf, Look(name, doing)).await });
        rest().await;
        asking
    }

    /// Puts from a task of its own, and goes on when that has been sent.
    async fn put(&self, name: &'static str) -> JoinHandle<Outcome<Put>> {
        let shelf = self.shelf.clone();
        let asking = stage::spawn(async move { shelf.ask(Put(name, at_once())).await });
        rest().await;
        asking
    }

    /// Looks that wait at the gate.
    async fn wait_at(&self, gate: &Gate, n: usize) -> Vec<JoinHandle<Outcome<Look>>> {
        let mut all = Vec::new();
        for _ in 0..n {
            all.push(self.look(Path::Queued, "read", pass(gate)).await);
            gate.arrived().await;
        }
        all
    }

    fn over(&self) {
        assert!(self.system.waits().is_empty(), "{:?}", self.system.waits());
        assert_conserved(&self.system);
    }
}

async fn outcome<M: Message>(asking: JoinHandle<Outcome<M>>) -> Outcome<M> {
    soon("outcome", asking).await.unwrap()
}

async fn ten_reads<D: Dress>(path: Path) {
    let room = Room::<D>::new();
    let begin = Instant::now();
    let mut all = Vec::new();
    for _ in 0..10 {
        let shelf = room.shelf.clone();
        all.push(stage::spawn(async move { path.ask(&shelf, Look("read", sleep(50))).await }));
    }
    for asking in all {
        assert_eq!(outcome(asking).await.unwrap(), 0);
    }
    assert_eq!(begin.elapsed(), Duration::from_millis(50), "{path:?}");
    let handled = room.system.counters().handled;
    assert_eq!(handled, 10);
    room.over();
}

#[conformance(virtual_time)]
async fn ten_reads_of_50_ms_take_50_ms() {
    for path in Path::BOTH {
        ten_reads::<Listed>(path).await;
        ten_reads::<Plain>(path).await;
    }
}

async fn replies_at_once<D: Dress>(path: Path) {
    for first_ends_first in [true, false] {
        let room = Room::<D>::new();
        let gates = [Gate::closed(), Gate::closed()];
        let first = room.look(path, "one", pass(&gates[0])).await;
        gates[0].arrived().await;
        let second = room.look(path, "two", pass(&gates[1])).await;
        gates[1].arrived().await;
        let third = room.look(path, "three", at_once()).await;
        outcome(third).await.unwrap();
        let (early, late) = if first_ends_first { (first, second) } else { (second, first) };
        gates[usize::from(!first_ends_first)].open();
        outcome(early).await.unwrap();
        rest().await;
        assert!(!late.is_finished(), "nobody has let it pass");
        let fourth = room.look(path, "four", at_once()).await;
        outcome(fourth).await.unwrap();
        gates[usize::from(first_ends_first)].open();
        outcome(late).await.unwrap();
        let told = room.log.take();
        let begun: Vec<_> = told.iter().filter_map(|it| it.strip_prefix("begins ")).collect();
        assert_eq!(begun, ["one", "two", "three", "four"], "{path:?}");
        // The actor has come out of all this as it was.
        assert_eq!(outcome(room.put("last").await).await.unwrap(), 1);
        room.over();
    }
}

#[conformance]
async fn reads_begin_in_order_and_each_has_its_reply_when_it_ends() {
    for path in Path::BOTH {
        replies_at_once::<Listed>(path).await;
        replies_at_once::<Plain>(path).await;
    }
}

async fn a_write_between<D: Dress>(path: Path) {
    let room = Room::<D>::new();
    let gate = Gate::closed();
    let one = room.look(path, "one", pass(&gate)).await;
    gate.arrived().await;
    let two = room.look(path, "two", pass(&gate)).await;
    gate.arrived().await;
    let put = room.put("put").await;
    let three = room.look(path, "three", at_once()).await;
    let four = room.look(path, "four", at_once()).await;
    rest().await;
    assert_eq!(room.log.take(), ["begins one", "begins two"], "the write waits, and all behind it");
    gate.open_once();
    rest().await;
    let told = room.log.take();
    assert_eq!(told.len(), 1, "one of two has ended, and nothing begins: {told:?}");
    gate.open();
    let seen = [outcome(one).await, outcome(two).await, outcome(three).await, outcome(four).await];
    assert_eq!(seen.map(Result::unwrap), [0, 0, 1, 1], "{path:?}");
    assert_eq!(outcome(put).await.unwrap(), 1);
    let expected =
        ["begins put", "ends put", "begins three", "ends three", "begins four", "ends four"];
    assert_eq!(room.log.take()[1..], expected);
    room.over();
}

#[conformance]
async fn a_write_waits_for_the_reads_before_it_and_those_behind_it_see_it() {
    for path in Path::BOTH {
        a_write_between::<Listed>(path).await;
        a_write_between::<Plain>(path).await;
    }
}

#[conformance]
async fn of_what_was_taken_out_together_no_read_overtakes_a_write() {
    let room = Room::<Listed>::new();
    let (held, gate) = (Gate::closed(), Gate::closed());
    room.shelf.tell(Put("held", pass(&held))).await.unwrap();
    held.arrived().await;
    let one = room.look(Path::Queued, "one", pass(&gate)).await;
    let put = room.put("put").await;
    let two = room.look(Path::Queued, "two", at_once()).await;
    held.open();
    gate.arrived().await;
    rest().await;
    assert_eq!(room.log.take(), ["begins held", "ends held", "begins one"]);
    gate.open();
    assert_eq!([outcome(one).await.unwrap(), outcome(two).await.unwrap()], [1, 2]);
    assert_eq!(outcome(put).await.unwrap(), 2);
    assert_eq!(room.log.take(), ["ends one", "begins put", "ends put", "begins two", "ends two"]);
    room.over();
}

#[conformance(virtual_time)]
async fn reads_that_overlap_for_ever_do_not_keep_a_write_out() {
    let room = Room::<Listed>::new();
    let shelf = room.shelf.clone();
    let readers = stage::spawn(async move {
        for _ in 0..100 {
            shelf.tell(Look("read", sleep(50))).await.unwrap();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    tokio::time::sleep(Duration::from_millis(205)).await;
    let begin = Instant::now();
    outcome(room.put("put").await).await.unwrap();
    assert!(begin.elapsed() <= Duration::from_millis(50), "took {:?}", begin.elapsed());
    soon("last read", readers).await.unwrap();
}

#[conformance]
async fn what_is_urgent_goes_first_and_keeps_its_order_also_beside_a_read() {
    let room = Room::<Listed>::new();
    let gate = Gate::closed();
    let mut reading = room.wait_at(&gate, 1).await;
    let joining = room.shelf.ask(Look("joins", at_once())).queued().priority(Priority::High);
    soon("reply", joining).await.unwrap();
    for name in ["one", "two", "three"] {
        room.shelf.tell(Put(name, at_once())).priority(Priority::High).await.unwrap();
        rest().await;
    }
    room.log.take();
    gate.open();
    outcome(reading.remove(0)).await.unwrap();
    rest().await;
    let told = room.log.take();
    let begun: Vec<_> = told.iter().filter_map(|it| it.strip_prefix("begins ")).collect();
    assert_eq!(begun, ["one", "two", "three"]);
    room.over();
}

async fn stop<D: Dress>() {
    let room = Room::<D>::new();
    let gate = Gate::closed();
    let running = room.wait_at(&gate, 3).await;
    room.shelf.stop();
    let shelf = room.shelf.clone();
    let late = stage::spawn(async move { shelf.ask(Look("late", at_once())).await });
    rest().await;
    assert!(running.iter().all(|it| !it.is_finished()));
    gate.open();
    for asking in running {
        assert_eq!(outcome(asking).await.unwrap(), 0, "it had time to end");
    }
    let refused = outcome(late).await.unwrap_err();
    assert!(matches!(refused, AskError::Refused { why: Refused::Stopped, message: Some(_) }));
    assert!(matches!(ended(&room.shelf).await, StopReason::Stopped(_)));
    assert!(!room.log.take().iter().any(|it| it.contains("late")));
    room.over();
}

#[conformance]
async fn reads_that_run_may_end_when_the_actor_is_told_to_stop_and_no_other_begins() {
    stop::<Listed>().await;
    stop::<Plain>().await;
}

#[conformance]
async fn a_queued_read_does_not_begin_once_its_actor_was_told_to_stop() {
    let room = Room::<Listed>::new();
    let gate = Gate::closed();
    let running = room.wait_at(&gate, 2).await;
    let put = room.put("put").await;
    let behind = room.look(Path::Queued, "behind", at_once()).await;
    room.shelf.stop();
    gate.open();
    for asking in running {
        outcome(asking).await.unwrap();
    }
    assert!(matches!(outcome(put).await, Err(AskError::Refused { message: Some(_), .. })));
    assert!(matches!(outcome(behind).await, Err(AskError::Refused { message: Some(_), .. })));
    ended(&room.shelf).await;
    room.over();
}

#[conformance(one_thread)]
async fn a_read_sent_just_before_the_order_to_stop_does_not_begin_beside_others() {
    let room = Room::<Listed>::new();
    let gate = Gate::closed();
    let running = room.wait_at(&gate, 2).await;
    room.shelf.try_tell(Look("late", at_once())).unwrap();
    room.shelf.stop();
    rest().await;
    gate.open();
    for asking in running {
        outcome(asking).await.unwrap();
    }
    ended(&room.shelf).await;
    assert_eq!(room.system.counters().dead, 1);
    assert!(!room.log.take().iter().any(|it| it.contains("late")));
    room.over();
}

async fn kill<D: Dress>(is_killed: bool) {
    let room =
        Room::<D>::with(SpawnOptions::default().shutdown_deadline(Duration::from_secs(2)), false);
    let gate = Gate::closed();
    let running = room.wait_at(&gate, 3).await;
    let put = room.put("put").await;
    if is_killed {
        room.shelf.kill();
    } else {
        room.shelf.stop();
    }
    for asking in running {
        assert!(matches!(outcome(asking).await, Err(AskError::Lost)));
    }
    assert!(matches!(outcome(put).await, Err(AskError::Refused { message: Some(_), .. })));
    let ended = ended(&room.shelf).await;
    assert_eq!(matches!(ended, StopReason::Killed), is_killed, "{ended}");
    assert_eq!(room.log.take(), ["begins read"; 3], "all were dropped where they stood");
    room.over();
}

#[conformance]
async fn a_kill_drops_all_reads_that_run() {
    kill::<Listed>(true).await;
    kill::<Plain>(true).await;
}

#[conformance(virtual_time)]
async fn so_does_a_stop_when_its_time_is_over() {
    kill::<Listed>(false).await;
    kill::<Plain>(false).await;
}

async fn panic<D: Dress>(resumes: bool, which: usize) {
    let room = Room::<D>::with(SpawnOptions::default(), resumes);
    let (gate, torn) = (Gate::closed(), Gate::closed());
    let mut running = Vec::new();
    for n in 0..3 {
        let (gate, torn) = (gate.clone(), torn.clone());
        let doing = Box::pin(async move {
            if n == which {
                torn.pass().await;
                panic!("torn");
            }
            gate.pass().await;
        });
        running.push(room.look(Path::BOTH[n % 2], "read", doing).await);
    }
    let put = room.put("put").await;
    torn.open();
    for asking in running {
        let failed = outcome(asking).await;
        assert!(matches!(&failed, Err(AskError::Failed(it)) if it.to_string().contains("torn")));
    }
    if resumes {
        assert_eq!(outcome(put).await.unwrap(), 1, "the actor goes on");
        assert_eq!(room.shelf.ask(Look("again", at_once())).await.unwrap(), 1);
    } else {
        assert!(matches!(outcome(put).await, Err(AskError::Refused { message: Some(_), .. })));
        assert!(matches!(ended(&room.shelf).await, StopReason::Failed(_)));
    }
    rest().await;
    room.over();
}

#[conformance]
async fn a_panic_in_one_read_ends_all_that_run_and_every_asker_hears_of_it() {
    for resumes in [false, true] {
        for which in 0..3 {
            panic::<Listed>(resumes, which).await;
            panic::<Plain>(resumes, which).await;
        }
    }
}

#[conformance]
async fn an_asker_that_leaves_ends_no_read_and_takes_one_along_that_has_not_begun() {
    let room = Room::<Listed>::new();
    let gate = Gate::closed();
    let running = room.wait_at(&gate, 2).await;
    running.iter().for_each(JoinHandle::abort);
    let put = room.put("put").await;
    let behind = room.look(Path::Queued, "behind", at_once()).await;
    behind.abort();
    rest().await;
    gate.open();
    outcome(put).await.unwrap();
    rest().await;
    let told = room.log.take();
    assert_eq!(told.iter().filter(|it| *it == "ends read").count(), 2, "{told:?}");
    assert!(!told.iter().any(|it| it.contains("behind")), "{told:?}");
    let counters = room.system.counters();
    assert_eq!((counters.handled, counters.dead), (3, 1), "{counters}");
    room.over();
}

#[conformance(virtual_time)]
async fn reads_that_are_drained_run_side_by_side_too() {
    let room = Room::<Listed>::new();
    let gate = Gate::closed();
    let running = room.wait_at(&gate, 1).await;
    let put = room.put("put").await;
    for _ in 0..10 {
        room.shelf.tell(Look("read", sleep(50))).await.unwrap();
    }
    room.shelf.drain(DrainBudget::default());
    gate.open();
    for asking in running {
        outcome(asking).await.unwrap();
    }
    outcome(put).await.unwrap();
    let begin = Instant::now();
    ended(&room.shelf).await;
    assert_eq!(begin.elapsed(), Duration::from_millis(50));
    assert_eq!(room.system.counters().handled, 12);
    room.over();
}

#[conformance(virtual_time)]
async fn no_more_reads_begin_than_a_drain_may_handle() {
    let room = Room::<Listed>::new();
    let held = Gate::closed();
    room.shelf.tell(Put("held", pass(&held))).await.unwrap();
    held.arrived().await;
    for _ in 0..10 {
        room.shelf.tell(Look("read", sleep(50))).await.unwrap();
    }
    room.shelf.drain(DrainBudget::default().messages(3));
    held.open();
    ended(&room.shelf).await;
    let counters = room.system.counters();
    assert_eq!((counters.handled, counters.dead), (1 + 3, 7), "{counters}");
    room.over();
}

#[conformance(virtual_time)]
async fn others_have_their_share_while_reads_begin() {
    let room = Room::<Listed>::with(SpawnOptions::default().throughput(4), false);
    let gate = Gate::closed();
    let ticking = stage::spawn(ticks(room.log.clone()));
    for _ in 0..40 {
        room.shelf.try_tell(Look("read", pass(&gate))).unwrap();
    }
    for _ in 0..40 {
        gate.arrived().await;
    }
    ticking.abort();
    let told = room.log.take();
    let runs = told.split(|it| it == "ticks").map(<[String]>::len);
    assert_eq!(runs.clone().sum::<usize>(), 40);
    // Elsewhere the actor may run twice before the other task does.
    assert!(runs.max() <= Some(4) || !stage::is_in_turn(), "{told:?}");
    gate.open();
    rest().await;
    room.over();
}

#[conformance]
async fn no_more_than_a_thousand_run_at_once() {
    let options = SpawnOptions::default().mailbox(ghostlight::MailboxOptions::unbounded());
    let room = Room::<Listed>::with(options, false);
    let gate = Gate::closed();
    for _ in 0..1010 {
        room.shelf.try_tell(Look("read", pass(&gate))).unwrap();
    }
    rest().await;
    for _ in 0..1001 {
        gate.arrived().await;
    }
    rest().await;
    assert_eq!(room.log.all().len(), 1001, "the first, and a thousand beside it");
    gate.open();
    assert_eq!(outcome(room.put("put").await).await.unwrap(), 1);
    assert_eq!(room.log.take().len(), 2022);
    room.over();
}

/// What an ask comes to that somebody makes in a turn.
fn asking<D: Dress>(
    path: Path,
    shelf: &ActorRef<Shelf<D>>,
    look: Look,
    log: &Log<String>,
) -> Doing {
    let (shelf, log) = (shelf.clone(), log.clone());
    Box::pin(async move {
        match path.ask(&shelf, look).await {
            Ok(_) => {}
            Err(AskError::Deadlock { .. }) => log.push("refused".into()),
            Err(error) => log.push(format!("hears: {error}")),
        }
    })
}

fn putting<D: Dress>(path: Path, shelf: &ActorRef<Shelf<D>>, put: Put, log: &Log<String>) -> Doing {
    let (shelf, log) = (shelf.clone(), log.clone());
    Box::pin(async move {
        match path.ask(&shelf, put).await {
            Ok(_) => {}
            Err(AskError::Deadlock { .. }) => log.push("refused".into()),
            Err(error) => log.push(format!("hears: {error}")),
        }
    })
}

/// A read asks another shelf, with what that one does first; which asks back for a read.
async fn a_read_that_comes_back<D: Dress>(room: &Room<D>, path: Path, is_closed: bool) {
    let other = room.another("other");
    let gate = Gate::closed();
    let back = asking(path, &room.shelf, Look("back", at_once()), &room.log);
    let passing = pass(&gate);
    let put = Put(
        "there",
        Box::pin(async move {
            passing.await;
            back.await;
        }),
    );
    let out = putting(path, &other, put, &room.log);
    let reading = room.look(path, "out", out).await;
    gate.arrived().await;
    let between = if is_closed { Some(room.put("between").await) } else { None };
    gate.open();
    outcome(reading).await.unwrap();
    if let Some(between) = between {
        outcome(between).await.unwrap();
    }
    let told = room.log.take();
    assert_eq!(told.contains(&"refused".into()), is_closed, "{path:?}: {told:?}");
    assert_eq!(told.contains(&"begins back".into()), !is_closed, "{path:?}: {told:?}");
    room.over();
}

#[conformance]
async fn a_read_that_comes_back_to_reads_is_let_in_and_refused_where_a_write_waits_in_between() {
    for path in Path::BOTH {
        let (listed, plain) = (Room::<Listed>::new(), Room::<Plain>::new());
        for is_closed in [false, true, false] {
            a_read_that_comes_back(&listed, path, is_closed).await;
            a_read_that_comes_back(&plain, path, is_closed).await;
        }
    }
}

#[conformance]
async fn a_read_may_ask_its_own_actor_for_a_read_and_for_nothing_else() {
    for path in Path::BOTH {
        let room = Room::<Listed>::new();
        let inner = asking(path, &room.shelf, Look("inner", at_once()), &room.log);
        let reading = room.look(path, "outer", inner).await;
        outcome(reading).await.unwrap();
        assert_eq!(
            room.log.take(),
            ["begins outer", "begins inner", "ends inner", "ends outer"],
            "{path:?}"
        );
        let inner = putting(path, &room.shelf, Put("inner", at_once()), &room.log);
        outcome(room.look(path, "outer", inner).await).await.unwrap();
        assert_eq!(room.log.take(), ["begins outer", "refused", "ends outer"], "{path:?}");
        room.over();
    }
}

#[conformance]
async fn a_write_that_waits_for_a_read_of_another_is_no_wait_for_what_runs_beside_that() {
    let room = Room::<Listed>::new();
    let other = room.another("other");
    let gate = Gate::closed();
    // The other waits for a read of the shelf, which waits for nobody.
    let looking = asking(Path::Queued, &room.shelf, Look("slow", pass(&gate)), &room.log);
    let there = other.clone();
    let waiting = stage::spawn(async move { there.ask(Put("waits", looking)).await });
    gate.arrived().await;
    // So whatever runs beside that read may wait for the other.
    let asking = putting(Path::Queued, &other, Put("later", at_once()), &room.log);
    let beside = room.look(Path::Queued, "beside", asking).await;
    rest().await;
    assert!(!room.log.all().contains(&"refused".into()), "{:?}", room.log.all());
    gate.open();
    outcome(beside).await.unwrap();
    outcome(waiting).await.unwrap();
    room.over();
}

#[conformance]
async fn a_read_that_waits_for_a_write_which_waits_for_it_is_refused() {
    let room = Room::<Listed>::new();
    let other = room.another("other");
    let gate = Gate::closed();
    let back = putting(Path::Queued, &room.shelf, Put("back", at_once()), &room.log);
    let passing = pass(&gate);
    let there = Put(
        "there",
        Box::pin(async move {
            passing.await;
            back.await;
        }),
    );
    let out = putting(Path::Queued, &other, there, &room.log);
    let reading = room.look(Path::Queued, "out", out).await;
    gate.arrived().await;
    gate.open();
    outcome(reading).await.unwrap();
    assert!(room.log.take().contains(&"refused".into()), "a write waits for all reads");
    room.over();
}

#[conformance]
async fn each_read_knows_for_whom_it_asks() {
    let room = Room::<Listed>::new();
    let registrar = room.another("registrar");
    let gate = Gate::closed();
    let told = Log::default();
    let mut all = Vec::new();
    for name in ["one", "two", "three"] {
        let asker = room.another(name);
        let (passing, registrar, told) = (pass(&gate), registrar.clone(), told.clone());
        let look = Look(
            "read",
            Box::pin(async move {
                passing.await;
                told.push(registrar.ask(Who).queued().await.unwrap());
            }),
        );
        let (shelf, id) = (room.shelf.clone(), asker.id());
        let doing = Box::pin(async move { _ = shelf.ask(look).queued().await.unwrap() });
        all.push((id, stage::spawn(async move { asker.ask(Put("asks", doing)).await })));
        gate.arrived().await;
    }
    gate.open();
    let mut expected = Vec::new();
    for (id, asking) in all {
        outcome(asking).await.unwrap();
        expected.push(vec![id, room.shelf.id()]);
    }
    let mut told = told.take();
    told.sort_by_key(|it| expected.iter().position(|other| other == it));
    assert_eq!(told, expected);
    room.over();
}

#[conformance]
async fn a_read_that_a_lent_actor_lets_in_is_joined_by_no_stranger() {
    let room = Room::<Listed>::new();
    let other = room.another("other");
    let gate = Gate::closed();
    let back = asking(Path::Queued, &room.shelf, Look("guest", pass(&gate)), &room.log);
    let lend = Lend(other.recipient(), Put("there", back));
    let shelf = room.shelf.clone();
    let lending = stage::spawn(async move { shelf.ask(lend).await });
    gate.arrived().await;
    let stranger = room.look(Path::Queued, "stranger", at_once()).await;
    rest().await;
    assert!(!stranger.is_finished(), "it is not of the call: {:?}", room.log.all());
    gate.open();
    outcome(lending).await.unwrap();
    outcome(stranger).await.unwrap();
    room.over();
}

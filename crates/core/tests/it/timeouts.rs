//! Turns that take longer than they may: H-03 to H-06.

use std::time::Duration;

use ghostlight::{
    Actor, ActorRef, AskError, ChildSpec, Context, Delivery, Failure, Handler, HandlerTimeout,
    Message, Observer, OnTimeout, ReadContext, ReadHandler, SlowTurn, SpawnOptions, StopReason,
    Subject, System, TurnKind,
};

use crate::{
    stage::{self, conformance},
    support::{Boom, Log, Path, assert_conserved, ended, rest, soon},
};

/// Awaits for so long, and is answered with the number of turns that were cut so far.
#[derive(Clone, Message)]
#[message(reply = u32)]
struct Await(Duration);

/// Is answered at once, with the same.
#[derive(Message)]
#[message(reply = u32)]
struct Count;

/// The same as [`Await`], and in no list.
#[derive(Message)]
#[message(reply = u32)]
struct Stray(Duration);

/// Asks a peer to be patient, and is told how that went.
#[derive(Message)]
#[message(reply = String)]
struct Relay(ActorRef<Slow>, Duration);

#[derive(Clone, Default)]
struct Hooks {
    started: Duration,
    stopped: Duration,
}

/// Has a state that a turn takes apart and puts together again.
struct Slow {
    is_whole: bool,
    cut: u32,
    hooks: Hooks,
    log: Log<&'static str>,
}

impl Slow {
    fn new(log: &Log<&'static str>) -> Self {
        Self::with(Hooks::default(), log)
    }

    fn with(hooks: Hooks, log: &Log<&'static str>) -> Self {
        Self { is_whole: true, cut: 0, hooks, log: log.clone() }
    }
}

impl Actor for Slow {
    type Protocol = (Count, Await, Relay);

    async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        cx.sleep(self.hooks.started).await;
        self.log.push("started");
        Ok(())
    }

    fn on_cancelled(&mut self) {
        self.log.push("cancelled");
        self.is_whole = true;
        self.cut += 1;
    }

    async fn stopped(&mut self, _: &StopReason, cx: &mut Context<'_, Self>) {
        self.log.push("stopping");
        cx.sleep(self.hooks.stopped).await;
        self.log.push("stopped");
    }
}

impl Handler<Await> for Slow {
    async fn handle(&mut self, Await(long): Await, cx: &mut Context<'_, Self>) -> u32 {
        assert!(self.is_whole, "a turn finds what the last one left");
        self.is_whole = false;
        cx.sleep(long).await;
        self.is_whole = true;
        self.log.push("awaited");
        self.cut
    }
}

impl Handler<Stray> for Slow {
    async fn handle(&mut self, Stray(long): Stray, cx: &mut Context<'_, Self>) -> u32 {
        self.handle(Await(long), cx).await
    }
}

impl Handler<Count> for Slow {
    async fn handle(&mut self, _: Count, _: &mut Context<'_, Self>) -> u32 {
        assert!(self.is_whole, "a turn finds what the last one left");
        self.cut
    }
}

impl Handler<Relay> for Slow {
    async fn handle(&mut self, Relay(to, long): Relay, _: &mut Context<'_, Self>) -> String {
        match to.ask(Await(long)).await {
            Ok(n) => format!("answered {n}"),
            Err(error) => error.to_string(),
        }
    }
}

/// Writes down what is told of late turns, and when.
struct Clerk(Log<(HandlerTimeout, Duration)>, Log<System>);

impl Observer for Clerk {
    fn timed_out(&self, _: Subject<'_>, timeout: &HandlerTimeout) {
        let now = self.1.all()[0].runtime().now();
        self.0.push((*timeout, now - ghostlight_rt::Instant::ORIGIN));
    }
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn watched() -> (System, Log<(HandlerTimeout, Duration)>) {
    let (told, systems) = (Log::default(), Log::default());
    let clerk = Clerk(told.clone(), systems.clone());
    let system = stage::system_with("test", |it| it.observer(clerk));
    systems.push(system.clone());
    (system, told)
}

fn limit(after: u64, action: OnTimeout) -> SpawnOptions {
    SpawnOptions::default().handler_timeout(ms(after), action)
}

#[conformance(virtual_time)]
async fn a_warning_comes_after_the_time_twice_and_four_times_that_and_the_reply_comes_too() {
    let (system, told) = watched();
    let log = Log::default();
    let slow = system.spawn_with(Slow::new(&log), limit(100, OnTimeout::Warn));
    for path in Path::BOTH {
        let begin = system.runtime().now() - ghostlight_rt::Instant::ORIGIN;
        let reply = soon("the reply", path.ask(&slow, Await(ms(650)))).await;
        assert_eq!(reply.unwrap(), 0, "{path:?}");
        let told = told.take();
        let after: Vec<_> = told.iter().map(|it| it.0.after).collect();
        assert_eq!(after, [ms(100), ms(200), ms(400)], "{path:?}");
        for (timeout, at) in told {
            assert!(at - begin >= timeout.after && at - begin <= timeout.after + ms(5), "{path:?}");
            assert_eq!((timeout.kind, timeout.action), (TurnKind::Ask, OnTimeout::Warn));
            assert!(timeout.message_type.unwrap().ends_with("Await"), "{timeout}");
        }
        rest().await;
        assert!(told_nothing(&slow).await);
    }
    assert_eq!(log.take(), ["started", "awaited", "awaited"]);
}

/// Whether the actor is as good as new.
async fn told_nothing(slow: &ActorRef<Slow>) -> bool {
    slow.ask(Count).await.unwrap() == 0
}

#[conformance(virtual_time)]
async fn each_turn_has_the_whole_time_also_when_another_has_just_ended() {
    let (system, told) = watched();
    let log = Log::default();
    let slow = system.spawn_with(Slow::new(&log), limit(100, OnTimeout::Cancel));
    for _ in 0..5 {
        slow.tell(Await(ms(80))).await.unwrap();
    }
    assert_eq!(soon("the reply", slow.ask(Await(ms(80)))).await.unwrap(), 0);
    assert!(told.take().is_empty());
}

#[conformance]
async fn a_turn_that_is_cancelled_tells_its_asker_has_the_state_repaired_and_the_next_is_served() {
    let (system, told) = watched();
    for path in Path::BOTH {
        let log = Log::default();
        let slow = system.spawn_with(Slow::new(&log), limit(50, OnTimeout::Cancel));
        slow.wait_started().await.unwrap();
        let late = soon("the end", path.ask(&slow, Await(Duration::from_mins(10)))).await;
        let error = late.unwrap_err();
        assert_eq!(error.delivery(), Delivery::Unknown);
        let AskError::HandlerTimeout(timeout) = error else { panic!("{path:?}: {error:?}") };
        assert_eq!((timeout.kind, timeout.action), (TurnKind::Ask, OnTimeout::Cancel), "{path:?}");
        assert_eq!(timeout.after, ms(50));
        assert_eq!(soon("the next", path.ask(&slow, Count)).await.unwrap(), 1, "{path:?}");
        assert_eq!(log.take(), ["started", "cancelled"], "{path:?}");
        assert_eq!(told.take().len(), 1, "{path:?}");
        assert!(system.waits().is_empty(), "{path:?}");
    }
    assert_conserved(&system);
}

#[conformance]
async fn messages_behind_a_cancelled_turn_are_handled_in_order_and_a_tell_is_cancelled_alike() {
    let (system, _) = watched();
    let log = Log::default();
    let slow = system.spawn_with(Slow::new(&log), limit(20, OnTimeout::Cancel));
    slow.tell(Await(Duration::from_mins(10))).await.unwrap();
    slow.tell(Await(ms(1))).await.unwrap();
    slow.tell(Stray(Duration::from_mins(10))).await.unwrap();
    assert_eq!(soon("the last", slow.ask(Count)).await.unwrap(), 2);
    assert_eq!(log.take(), ["started", "cancelled", "awaited", "cancelled"]);
}

#[conformance]
async fn an_actor_in_whose_handler_another_waits_hears_why_there_is_no_reply() {
    let (system, _) = watched();
    let log = Log::default();
    let slow = system.spawn_with(Slow::new(&log), limit(20, OnTimeout::Cancel));
    let patient = system.spawn(Slow::new(&log));
    let relay = Relay(slow, Duration::from_mins(10));
    let said = soon("what the peer heard", patient.ask(relay)).await.unwrap();
    assert!(said.contains("took 20ms") && said.contains("cancelled"), "{said}");
}

#[conformance]
async fn a_turn_that_stops_its_actor_ends_the_incarnation_and_supervision_starts_another() {
    let (system, _) = watched();
    for path in Path::BOTH {
        let log = Log::<&str>::default();
        let kept = log.clone();
        let spec = ChildSpec::default().options(limit(20, OnTimeout::Stop));
        let slow = system.supervise(move || Slow::new(&kept), spec);
        slow.wait_started().await.unwrap();
        let late = soon("the end", path.ask(&slow, Await(Duration::from_mins(10)))).await;
        let error = late.unwrap_err();
        let AskError::HandlerTimeout(timeout) = error else { panic!("{path:?}: {error:?}") };
        assert_eq!(timeout.action, OnTimeout::Stop);
        assert_eq!(soon("another incarnation", slow.ask(Count)).await.unwrap(), 0);
        assert_eq!(log.take(), ["started", "stopping", "stopped", "started"], "{path:?}");
    }
}

#[conformance]
async fn an_actor_that_is_stopped_for_a_late_turn_says_so_in_its_reason() {
    let (system, _) = watched();
    let slow = system.spawn_with(Slow::new(&Log::default()), limit(20, OnTimeout::Stop));
    slow.tell(Await(Duration::from_mins(10))).await.unwrap();
    let StopReason::Failed(failure) = ended(&slow).await else { panic!("it failed") };
    let timeout: &HandlerTimeout = failure.cause().error().unwrap().downcast_ref().unwrap();
    assert_eq!((timeout.kind, timeout.action), (TurnKind::Tell, OnTimeout::Stop));
    assert!(timeout.message_type.unwrap().ends_with("Await"));
}

#[conformance(virtual_time)]
async fn each_kind_of_turn_has_a_limit_of_its_own() {
    let (system, told) = watched();
    let hooks = Hooks { started: ms(1000), stopped: ms(1000) };
    let every = [
        (TurnKind::Tell, 100),
        (TurnKind::Ask, 200),
        (TurnKind::Started, 300),
        (TurnKind::Stopped, 400),
    ];
    for (kind, after) in every {
        let options = SpawnOptions::default().timeout_of(kind, ms(after), OnTimeout::Warn);
        let slow = system.spawn_with(Slow::with(hooks.clone(), &Log::default()), options);
        slow.wait_started().await.unwrap();
        slow.tell(Await(ms(1000))).await.unwrap();
        slow.ask(Await(ms(1000))).await.unwrap();
        slow.stop();
        ended(&slow).await;
        let told = told.take();
        assert!(!told.is_empty() && told.iter().all(|it| it.0.kind == kind), "{kind}: {told:?}");
        assert_eq!(told[0].0.after, ms(after));
    }
}

#[conformance]
async fn a_limit_that_is_set_where_an_actor_is_spawned_goes_before_that_of_its_type() {
    struct Strict;
    impl Actor for Strict {
        type Protocol = (Await,);

        fn options() -> SpawnOptions {
            limit(20, OnTimeout::Cancel)
        }
    }
    impl Handler<Await> for Strict {
        async fn handle(&mut self, Await(long): Await, cx: &mut Context<'_, Self>) -> u32 {
            cx.sleep(long).await;
            0
        }
    }
    let (system, _) = watched();
    for (options, expected) in [(SpawnOptions::default(), 20), (limit(30, OnTimeout::Cancel), 30)] {
        let strict = system.spawn_with(Strict, options);
        let late = soon("the end", strict.ask(Await(Duration::from_mins(10)))).await;
        let Err(AskError::HandlerTimeout(timeout)) = late else { panic!("{late:?}") };
        assert_eq!(timeout.after, ms(expected));
    }
}

#[conformance]
async fn a_hook_that_is_cancelled_is_a_start_that_failed_or_an_end_at_once() {
    let (system, _) = watched();
    let long = Duration::from_mins(10);
    let of = |kind| SpawnOptions::default().timeout_of(kind, ms(20), OnTimeout::Cancel);

    let hooks = Hooks { started: long, ..Hooks::default() };
    let log = Log::default();
    let never = system.spawn_with(Slow::with(hooks, &log), of(TurnKind::Started));
    let StopReason::StartFailed(failure) = ended(&never).await else { panic!("no start") };
    assert!(failure.to_string().contains("`started` took 20ms"), "{failure}");

    let hooks = Hooks { stopped: long, ..Hooks::default() };
    let slow = system.spawn_with(Slow::with(hooks, &log), of(TurnKind::Stopped));
    slow.wait_started().await.unwrap();
    slow.stop();
    assert!(matches!(ended(&slow).await, StopReason::Stopped(_)));
    assert_eq!(log.take(), ["started", "stopping"]);
}

#[conformance]
async fn a_panic_while_the_state_is_repaired_is_a_failure_of_the_actor() {
    struct Frail;
    impl Actor for Frail {
        type Protocol = (Await,);

        fn on_cancelled(&mut self) {
            panic!("beyond repair");
        }
    }
    impl Handler<Await> for Frail {
        async fn handle(&mut self, Await(long): Await, cx: &mut Context<'_, Self>) -> u32 {
            cx.sleep(long).await;
            0
        }
    }
    let (system, _) = watched();
    let frail = system.spawn_with(Frail, limit(20, OnTimeout::Cancel));
    let late = soon("the end", frail.ask(Await(Duration::from_mins(10)))).await;
    assert!(matches!(late, Err(AskError::HandlerTimeout(_))));
    let StopReason::Failed(failure) = ended(&frail).await else { panic!("it failed") };
    assert_eq!(failure.to_string(), "beyond repair");
}

#[conformance]
async fn without_a_limit_nobody_is_told_and_nothing_is_cut() {
    let (system, told) = watched();
    let slow = system.spawn(Slow::new(&Log::default()));
    assert_eq!(soon("the reply", slow.ask(Await(ms(30)))).await.unwrap(), 0);
    assert!(told.take().is_empty());
}

/// Writes down which of its turns took long.
struct Patient(Log<SlowTurn>);

impl Actor for Patient {
    type Protocol = (Await, Look);

    async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        cx.sleep(ms(50)).await;
        Ok(())
    }

    fn on_slow_turn_done(&mut self, turn: &SlowTurn) {
        self.0.push(*turn);
        assert!(turn.took < Duration::from_secs(1), "out of patience");
    }
}

impl Handler<Await> for Patient {
    async fn handle(&mut self, Await(long): Await, cx: &mut Context<'_, Self>) -> u32 {
        cx.sleep(long).await;
        self.0.all().len() as u32
    }
}

impl Handler<Boom> for Patient {
    async fn handle(&mut self, Boom(text): Boom, cx: &mut Context<'_, Self>) -> u64 {
        cx.sleep(ms(100)).await;
        panic!("{text}");
    }
}

impl ReadHandler<Look> for Patient {
    async fn read(&self, Look(long): Look, cx: &ReadContext<'_, Self>) {
        cx.sleep(long).await;
    }
}

fn short(turn: SlowTurn) -> (TurnKind, &'static str, Duration, Duration) {
    let message = turn.message_type.expect("no hook is told of");
    (turn.kind, message.rsplit("::").next().unwrap(), turn.took, turn.limit)
}

#[conformance(virtual_time)]
async fn an_actor_learns_of_a_slow_turn_once_that_is_over_and_before_the_next() {
    for path in Path::BOTH {
        let (system, told) = watched();
        let log = Log::default();
        let options = limit(20, OnTimeout::Warn);
        let options = options.timeout_of(TurnKind::Started, ms(20), OnTimeout::Warn);
        let patient = system.spawn_with(Patient(log.clone()), options);
        patient.wait_started().await.unwrap();
        assert_eq!(told.take().len(), 2, "its start took long, as it knows itself");
        patient.tell(Await(ms(100))).await.unwrap();
        assert_eq!(soon("the next", patient.ask(Await(ms(10)))).await.unwrap(), 1, "{path:?}");
        let asked = soon("the reply", path.ask(&patient, Await(ms(30)))).await.unwrap();
        assert_eq!(asked, 1, "not before it is over");
        let quick = soon("the next", path.ask(&patient, Await(ms(0)))).await.unwrap();
        assert_eq!(quick, 2);
        let slow = log.take().into_iter().map(short).collect::<Vec<_>>();
        let tell = (TurnKind::Tell, "Await", ms(100), ms(20));
        assert_eq!(slow, [tell, (TurnKind::Ask, "Await", ms(30), ms(20))], "{path:?}");
    }
}

#[conformance(virtual_time)]
async fn slow_reads_side_by_side_are_told_of_when_the_last_has_ended() {
    let (system, _) = watched();
    let log = Log::default();
    let patient = system.spawn_with(Patient(log.clone()), limit(60, OnTimeout::Warn));
    patient.wait_started().await.unwrap();
    // The first has the turn; the last is in time.
    let reads = [200, 300, 100, 40].map(|long| {
        let patient = patient.clone();
        stage::spawn(async move { patient.ask(Look(ms(long))).queued().await })
    });
    for read in reads {
        soon("the reply", read).await.unwrap().unwrap();
    }
    soon("the next", patient.ask(Await(ms(0)))).await.unwrap();
    let slow = log.take().into_iter().map(short).collect::<Vec<_>>();
    let read = |took| (TurnKind::Ask, "Look", ms(took), ms(60));
    assert_eq!(slow, [read(100), read(200), read(300)]);
}

#[conformance(virtual_time)]
async fn neither_a_turn_that_is_cut_nor_one_that_fails_is_told_of_and_a_panic_there_is_a_failure() {
    let (system, _) = watched();
    for action in [OnTimeout::Cancel, OnTimeout::Stop] {
        let log = Log::default();
        let options = limit(60, action);
        let patient = system.spawn_with(Patient(log.clone()), options);
        soon("the end", patient.ask(Await(ms(100)))).await.unwrap_err();
        patient.stop();
        ended(&patient).await;
        assert!(log.take().is_empty(), "{action:?}");
    }
    let log = Log::default();
    let patient = system.spawn_with(Patient(log.clone()), limit(60, OnTimeout::Warn));
    patient.tell(Boom("torn")).await.unwrap();
    assert!(matches!(ended(&patient).await, StopReason::Failed(_)));
    assert!(log.take().is_empty(), "its incarnation has ended with it");

    let patient = system.spawn_with(Patient(log.clone()), limit(60, OnTimeout::Warn));
    // Whoever asked has the reply: the turn itself has not failed.
    assert_eq!(soon("the reply", patient.ask(Await(ms(1500)))).await.unwrap(), 0);
    let StopReason::Failed(failure) = ended(&patient).await else { panic!("it failed") };
    assert!(failure.to_string().contains("out of patience"), "{failure}");
    assert_eq!(log.take().len(), 1);
}

/// An actor that only looks, for as long as it is told to.
#[derive(Actor)]
#[actor(handles(Look))]
struct Reader;

#[derive(Message)]
#[message(reply = ())]
struct Look(Duration);

impl ReadHandler<Look> for Reader {
    async fn read(&self, Look(long): Look, cx: &ReadContext<'_, Self>) {
        cx.sleep(long).await;
    }
}

#[conformance(virtual_time)]
async fn of_reads_side_by_side_each_has_its_own_time() {
    // The one whose turn it is, and the one beside it.
    for too_late in [0, 1] {
        for action in [OnTimeout::Cancel, OnTimeout::Stop] {
            for path in Path::BOTH {
                let (system, told) = watched();
                let reader = system.spawn_with(Reader, limit(100, action));
                let mut reads = Vec::new();
                for n in 0..4 {
                    let long = if n == too_late { Duration::from_mins(10) } else { ms(90) };
                    let (reader, of) = (reader.clone(), n);
                    reads.push(stage::spawn(
                        async move { (of, path.ask(&reader, Look(long)).await) },
                    ));
                    tokio::time::sleep(ms(30)).await;
                }
                let how = format!("{too_late}, {action:?}, {path:?}");
                let has_failed = |n: usize| action == OnTimeout::Stop && n > too_late;
                for read in reads {
                    match soon("end", read).await.unwrap() {
                        (n, outcome) if n == too_late => {
                            let heard = matches!(outcome, Err(AskError::HandlerTimeout(_)));
                            assert!(heard, "{how}: {outcome:?}");
                        }
                        (n, outcome) if has_failed(n) => {
                            let heard = matches!(outcome, Err(AskError::Failed(_)));
                            assert!(heard, "{how}: {n}: {outcome:?}");
                        }
                        (n, outcome) => assert!(outcome.is_ok(), "{how}: {n}: {outcome:?}"),
                    }
                }
                let [(timeout, _)] = &told.take()[..] else { panic!("{how}: one was late") };
                assert_eq!((timeout.kind, timeout.after), (TurnKind::Ask, ms(100)));
                assert_eq!(reader.is_alive(), action == OnTimeout::Cancel, "{how}");
                assert_conserved(&system);
            }
        }
    }
}

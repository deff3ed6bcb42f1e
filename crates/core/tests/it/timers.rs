//! Messages that come later: G-22 to G-25.

// long: the cases of one facility stand side by side, with the actors they share.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use ghostlight::{
    Actor, ActorRef, Capacity, Context, DeadReason, Failure, Handler, MailboxOptions, Message,
    MissedTicks, Overflow, SpawnOptions, StopReason, System, Timer,
};
use tokio::time::Instant;

use crate::{
    stage::{self, conformance},
    support::{
        Counted, Gate, Hold, Journal, Listed, Log, Note, Path, Witness, alive, assert_conserved,
        dead, ended, park, rest,
    },
};

const MISSED: [MissedTicks; 3] = [MissedTicks::Burst, MissedTicks::Skip, MissedTicks::Delay];

/// An actor that does what it is told with its context, and writes down when which tick came.
struct Clock {
    start: Instant,
    ticks: Log<(u64, u64)>,
    /// How long it takes for each tick, in milliseconds, one after the other.
    takes: Vec<u64>,
    at_start: Option<Deed>,
}
type Deed = Box<dyn FnOnce(&Context<'_, Clock>) + Send>;

#[derive(Message)]
#[message(reply = ())]
struct Do(Mutex<Deed>);
#[derive(Clone, Debug, Message, PartialEq)]
struct Tick(u64);
/// Another one, which is not listed.
#[derive(Clone, Debug, Message)]
struct Tock(u64);

impl Actor for Clock {
    type Protocol = (Do, Tick, Note, Hold);

    async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        if let Some(deed) = self.at_start.take() {
            deed(cx);
        }
        Ok(())
    }
}
impl Handler<Do> for Clock {
    async fn handle(&mut self, Do(deed): Do, cx: &mut Context<'_, Self>) {
        deed.into_inner().unwrap()(cx);
    }
}
impl Handler<Tick> for Clock {
    async fn handle(&mut self, Tick(n): Tick, cx: &mut Context<'_, Self>) {
        self.note(n);
        if let Some(takes) = self.takes.pop() {
            cx.sleep(ms(takes)).await;
        }
    }
}
impl Handler<Tock> for Clock {
    async fn handle(&mut self, Tock(n): Tock, _: &mut Context<'_, Self>) {
        self.note(n);
    }
}
impl Handler<Note> for Clock {
    async fn handle(&mut self, Note(n): Note, _: &mut Context<'_, Self>) {
        self.note(n);
    }
}
impl Handler<Hold> for Clock {
    async fn handle(&mut self, Hold(gate): Hold, _: &mut Context<'_, Self>) {
        gate.pass().await;
    }
}

impl Clock {
    fn note(&self, n: u64) {
        self.ticks.push((n, self.start.elapsed().as_millis() as u64));
    }
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

async fn pass(millis: u64) {
    tokio::time::sleep(ms(millis)).await;
}

struct Trial {
    system: System,
    ticks: Log<(u64, u64)>,
    clock: ActorRef<Clock>,
}

impl Trial {
    fn new() -> Self {
        Self::with(SpawnOptions::default(), Vec::new(), |_| {})
    }

    fn with(
        options: SpawnOptions,
        mut takes: Vec<u64>,
        at_start: impl FnOnce(&Context<'_, Clock>) + Send + 'static,
    ) -> Self {
        takes.reverse();
        let (system, ticks) = (stage::system("test"), Log::default());
        let at_start: Option<Deed> = Some(Box::new(at_start));
        let clock = Clock { start: Instant::now(), ticks: ticks.clone(), takes, at_start };
        let clock = system.spawn_with(clock, options);
        Self { system, ticks, clock }
    }

    /// Has the actor do something with its context.
    async fn run<T: Send + 'static>(
        &self,
        deed: impl FnOnce(&Context<'_, Clock>) -> T + Send + 'static,
    ) -> T {
        self.run_on(Path::OnCaller, deed).await
    }

    async fn run_on<T: Send + 'static>(
        &self,
        path: Path,
        deed: impl FnOnce(&Context<'_, Clock>) -> T + Send + 'static,
    ) -> T {
        let result = Arc::new(Mutex::new(None));
        let slot = Arc::clone(&result);
        let deed: Deed = Box::new(move |cx| *slot.lock().unwrap() = Some(deed(cx)));
        path.ask(&self.clock, Do(Mutex::new(deed))).await.unwrap();
        result.lock().unwrap().take().unwrap()
    }

    /// The same, if there is room.
    fn try_run(&self, deed: impl FnOnce(&Context<'_, Clock>) + Send + 'static) {
        _ = self.clock.try_tell(Do(Mutex::new(Box::new(deed))));
    }

    fn times(&self) -> Vec<u64> {
        self.ticks.all().iter().map(|it| it.1).collect()
    }
}

#[conformance(virtual_time)]
async fn a_timer_comes_once_when_its_time_has_come_wherever_it_was_set() {
    for path in Path::BOTH {
        for used in [false, true] {
            let trial = Trial::with(SpawnOptions::default(), vec![], |cx| {
                cx.after(ms(70), Tick(0));
            });
            if used {
                trial.clock.tell(Note(9)).await.unwrap();
            }
            trial.run_on(path, |cx| cx.after(ms(40), Tick(1))).await;
            trial.run_on(path, |cx| cx.after(ms(20), Tock(2))).await;
            trial.run_on(path, |cx| cx.after(Duration::ZERO, Tick(3))).await;
            pass(200).await;
            let ticks: Vec<_> = trial.ticks.all().into_iter().filter(|it| it.0 != 9).collect();
            assert_eq!(ticks, [(3, 0), (2, 20), (1, 40), (0, 70)], "{path:?}, used: {used}");
            assert_conserved(&trial.system);
            assert_eq!(trial.clock.counters().handled, 7 + u64::from(used));
        }
    }
}

#[conformance(virtual_time)]
async fn a_tick_goes_behind_what_was_sent_before_it_and_before_what_came_later() {
    let trial = Trial::new();
    trial.run(|cx| cx.after(ms(10), Tick(5))).await;
    let gate = park(&trial.clock).await;
    for n in 0..10 {
        trial.clock.tell(Note(n)).await.unwrap();
        pass(2).await;
    }
    gate.open();
    rest().await;
    let order: Vec<_> = trial.ticks.all().iter().map(|it| it.0).collect();
    assert_eq!(order, [0, 1, 2, 3, 4, 5, 5, 6, 7, 8, 9]);
}

#[conformance(virtual_time)]
async fn a_tick_needs_no_room_and_takes_nobody_elses() {
    let mailboxes = [
        MailboxOptions::wait(Capacity::of::<1>()),
        MailboxOptions::reject(Capacity::of::<1>()),
        MailboxOptions::drop_newest(Capacity::of::<1>()),
        MailboxOptions::drop_oldest(Capacity::of::<1>()).warn_at(1),
    ];
    for mailbox in mailboxes {
        let options = SpawnOptions::default().mailbox(mailbox);
        let trial = Trial::with(options, vec![], |cx| {
            (0..3).for_each(|n| drop(cx.after(ms(10 + n), Tick(n))));
        });
        let gate = park(&trial.clock).await;
        trial.clock.try_tell(Note(7)).unwrap();
        pass(20).await;
        assert_eq!(trial.clock.mailbox_len(), 4, "{mailbox:?}");
        gate.open();
        rest().await;
        let order: Vec<_> = trial.ticks.all().iter().map(|it| it.0).collect();
        assert_eq!(order, [7, 0, 1, 2], "{mailbox:?}");
        assert_conserved(&trial.system);
    }
}

#[conformance(virtual_time)]
async fn a_thousand_ticks_with_slow_handlers_do_not_drift() {
    for missed in MISSED {
        let many = stage::times(1000) as u64;
        let takes = (0..many).map(|n| n * 7 % 10).collect();
        let trial = Trial::with(SpawnOptions::default(), takes, move |cx| {
            cx.every(ms(10), Tick(0)).missed(missed);
        });
        pass(many * 10 + 5).await;
        let times: Vec<_> = (1..=many).map(|n| n * 10).collect();
        assert_eq!(trial.times(), times, "{missed:?}");
    }
}

/// One tick is handled for 35, with a period of 10; the rest at once.
#[conformance(virtual_time)]
async fn each_way_with_missed_ticks_does_what_it_says() {
    let expected: [&[u64]; 3] =
        [&[10, 45, 45, 45, 50, 60, 70], &[10, 45, 50, 60, 70], &[10, 45, 55, 65, 75]];
    for (missed, expected) in MISSED.into_iter().zip(expected) {
        let trial = Trial::with(SpawnOptions::default(), vec![35], move |cx| {
            cx.every(ms(10), Tick(0)).missed(missed);
        });
        pass(76).await;
        let mut times = trial.times();
        times.truncate(expected.len());
        assert_eq!(times, expected, "{missed:?}");
        assert_conserved(&trial.system);
    }
}

#[conformance(virtual_time)]
async fn of_one_timer_there_is_never_more_than_one_tick_in_the_mailbox() {
    for missed in MISSED {
        let trial = Trial::with(SpawnOptions::default(), vec![], move |cx| {
            cx.every(ms(1), Tick(0)).missed(missed);
        });
        let gate = park(&trial.clock).await;
        pass(1000).await;
        assert_eq!(trial.clock.mailbox_len(), 1, "{missed:?}");
        gate.open();
        pass(5).await;
        let n = trial.ticks.all().len();
        assert_eq!(n > 1000, missed == MissedTicks::Burst, "{missed:?}: {n}");
    }
}

#[conformance(virtual_time)]
async fn a_cancelled_timer_does_not_come() {
    let trial = Trial::new();
    let timer = trial.run(|cx| cx.after(ms(10), Tick(0))).await;
    let again = trial.run(|cx| cx.every(ms(10), Tick(1))).await;
    pass(5).await;
    assert!(timer.is_pending() && again.is_pending());
    timer.cancel();
    assert!(!timer.is_pending());
    pass(16).await;
    again.cancel();
    timer.cancel();
    pass(100).await;
    assert_eq!(trial.ticks.all(), [(1, 10), (1, 20)]);
    assert!(!again.is_pending());
    assert_conserved(&trial.system);
}

#[conformance(virtual_time)]
async fn a_tick_that_waits_is_withdrawn_when_its_timer_is_cancelled() {
    let trial = Trial::new();
    let mut letters = trial.system.dead_letters(9);
    let once = trial.run(|cx| cx.after(ms(10), Tick(0))).await;
    let again = trial.run(|cx| cx.every(ms(10), Tick(1))).await;
    let gate = park(&trial.clock).await;
    pass(15).await;
    assert_eq!(trial.clock.mailbox_len(), 2);
    assert!(once.is_pending());
    once.cancel();
    again.cancel();
    gate.open();
    pass(100).await;
    assert_eq!(trial.ticks.all(), []);
    assert_eq!(trial.clock.counters().dead, 2, "nobody handled them");
    assert_eq!(dead::<Tick>(&mut letters), [], "and nobody had sent them");
    assert_conserved(&trial.system);
}

#[conformance(virtual_time)]
async fn a_timer_is_pending_until_its_turn_begins() {
    let trial = Trial::new();
    let timer = trial.run(|cx| cx.after(ms(10), Tick(0))).await;
    let gate = park(&trial.clock).await;
    pass(50).await;
    assert!(timer.is_pending(), "its tick is still to be handled");
    gate.open();
    rest().await;
    assert!(!timer.is_pending());
}

#[conformance(virtual_time)]
async fn a_name_replaces_the_timer_that_had_it_with_the_tick_that_waits() {
    for name in ["flush", "other"] {
        let trial = Trial::with(SpawnOptions::default(), vec![], |cx| {
            cx.after(ms(10), Tick(1)).named("flush");
        });
        let deed: Deed = Box::new(move |cx| drop(cx.after(ms(10), Tick(2)).named(name)));
        let gate = park(&trial.clock).await;
        trial.clock.tell(Do(Mutex::new(deed))).await.unwrap();
        pass(15).await;
        assert_eq!(trial.clock.mailbox_len(), 2);
        gate.open();
        pass(50).await;
        let order: Vec<_> = trial.ticks.all().iter().map(|it| it.0).collect();
        assert_eq!(order, if name == "flush" { vec![2] } else { vec![1, 2] });
        assert_conserved(&trial.system);
    }
}

#[conformance(virtual_time)]
async fn a_timer_is_cancelled_by_its_name() {
    let trial = Trial::new();
    trial.run(|cx| cx.every(ms(10), Tick(0)).named("beat")).await;
    pass(25).await;
    trial.run(|cx| cx.cancel_timer("beat")).await;
    trial.run(|cx| cx.cancel_timer("nothing of that name")).await;
    pass(100).await;
    assert_eq!(trial.times(), [10, 20]);
}

/// Ends in every strength; the timers' messages are dropped with them.
#[conformance(virtual_time)]
async fn nothing_fires_after_the_end_and_nothing_is_left() {
    let ends: [fn(&ActorRef<Clock>); 3] =
        [|it| it.stop(), |it| it.kill(), |it| it.drain(Default::default())];
    for end in ends {
        for parked in [false, true] {
            let trial = Trial::new();
            let other = Log::default();
            let journal = trial.system.spawn(Journal::<Listed>::new(&other));
            let (_, count) = Counted::new();
            let carried = Counted::again(&count);
            trial
                .run(move |cx| {
                    cx.every(ms(10), Weighty(carried.clone()));
                    cx.after(ms(10), Weighty(carried.clone()));
                    cx.idle_after(ms(30), Weighty(carried));
                    cx.send_every(&journal, ms(25), AgainNote(1));
                })
                .await;
            assert!(alive(&count) > 1);
            let gate = if parked { Some(park(&trial.clock).await) } else { None };
            pass(15).await;
            end(&trial.clock);
            gate.iter().for_each(Gate::open);
            assert!(matches!(
                ended(&trial.clock).await,
                StopReason::Stopped(_) | StopReason::Killed
            ));
            assert_eq!(alive(&count), 0);
            pass(100).await;
            assert_eq!(other.all(), []);
            assert_conserved(&trial.system);
        }
    }
}

#[derive(Clone, Message)]
struct Weighty(#[expect(dead_code, reason = "carried to be counted")] Counted);
impl Handler<Weighty> for Clock {
    async fn handle(&mut self, _: Weighty, _: &mut Context<'_, Self>) {}
}

/// A note that can be sent again and again.
#[derive(Clone, Debug, Message, PartialEq)]
struct AgainNote(u64);
impl Handler<AgainNote> for Journal<Listed> {
    async fn handle(&mut self, AgainNote(n): AgainNote, cx: &mut Context<'_, Self>) {
        Handler::handle(self, Note(n), cx).await;
    }
}

#[conformance(virtual_time)]
async fn timers_for_others_fire_while_a_handler_is_slow() {
    let trial = Trial::new();
    let log = Log::default();
    let journal = trial.system.spawn(Journal::<Listed>::new(&log));
    let recipient = journal.recipient::<AgainNote>();
    trial
        .run(move |cx| {
            cx.send_after(&journal, ms(10), Note(1));
            cx.send_every(&recipient, ms(20), AgainNote(2));
        })
        .await;
    let gate = park(&trial.clock).await;
    pass(70).await;
    assert_eq!(log.all(), [1, 2, 2, 2]);
    drop(gate);
}

#[conformance]
async fn a_timer_that_is_set_by_a_handler_that_goes_on_fires_meanwhile() {
    struct Slow(ActorRef<Journal<Listed>>);
    #[derive(Message)]
    #[message(reply = ())]
    struct Go;
    impl Actor for Slow {
        type Protocol = (Go,);
    }
    impl Handler<Go> for Slow {
        async fn handle(&mut self, _: Go, cx: &mut Context<'_, Self>) {
            cx.send_after(&self.0, ms(10), Note(1));
            cx.sleep(ms(20)).await;
            cx.send_after(&self.0, ms(10), Note(2));
            cx.sleep(ms(20)).await;
            self.0.tell(Note(3)).await.unwrap();
        }
    }
    for path in Path::BOTH {
        let (system, log) = (stage::system("test"), Log::default());
        let journal = system.spawn(Journal::<Listed>::new(&log));
        let slow = system.spawn(Slow(journal));
        path.ask(&slow, Go).await.unwrap();
        rest().await;
        assert_eq!(log.all(), [1, 2, 3], "{path:?}");
    }
}

#[conformance(virtual_time)]
async fn a_message_that_its_recipient_has_no_room_for_is_a_dead_letter() {
    let trial = Trial::new();
    let log = Log::default();
    let mut letters = trial.system.dead_letters(9);
    let options = SpawnOptions::default().mailbox(MailboxOptions::wait(Capacity::of::<1>()));
    let journal = trial.system.spawn_with(Journal::<Listed>::new(&log), options);
    let to = journal.clone();
    trial.run(move |cx| drop(cx.send_every(&to, ms(10), AgainNote(1)))).await;
    let gate = park(&journal).await;
    pass(35).await;
    let dead = dead::<AgainNote>(&mut letters);
    assert_eq!(dead.len(), 2, "one found room, and two did not");
    assert!(dead.iter().all(|it| it.1.to_string().contains("full when its timer was due")));
    gate.open();
    pass(10).await;
    assert_eq!(log.all(), [1, 1], "it goes on");
    assert_conserved(&trial.system);
}

#[conformance]
async fn a_timer_for_an_actor_that_has_ended_ends_with_one_dead_letter() {
    let trial = Trial::new();
    let mut letters = trial.system.dead_letters(9);
    let journal = trial.system.spawn(Journal::<Listed>::new(&Log::default()));
    let to = journal.clone();
    let timer = trial.run(move |cx| cx.send_every(&to, ms(10), AgainNote(1))).await;
    journal.stop();
    pass(100).await;
    assert_eq!(dead::<AgainNote>(&mut letters), [(AgainNote(1), DeadReason::Stopped)]);
    assert!(!timer.is_pending());
    assert_conserved(&trial.system);
}

#[conformance(virtual_time)]
async fn timers_count_as_refs_to_nobody() {
    let trial = Trial::new();
    let journal = trial.system.spawn(Journal::<Listed>::new(&Log::default()));
    let (to, recipient) = (journal.clone(), journal.recipient::<AgainNote>());
    let timers: Vec<Timer> = trial
        .run(move |cx| {
            cx.idle_after(ms(10_000), Tick(0));
            vec![
                cx.after(ms(10), Tick(0)),
                cx.every(ms(10), Tick(0)),
                cx.send_after(&to, ms(10), Note(1)),
                cx.send_every(&recipient, ms(10), AgainNote(1)),
            ]
        })
        .await;
    for time in [0, 5, 7] {
        pass(time).await;
        assert_eq!((trial.clock.strong_count(), journal.strong_count()), (1, 1));
    }
    let weak = journal.downgrade();
    journal.stop();
    ended(&journal).await;
    drop(journal);
    pass(50).await;
    assert!(weak.upgrade().is_none());
    drop(timers);
}

#[conformance]
async fn a_message_for_somebody_who_is_gone_altogether_is_sent_to_nobody() {
    let trial = Trial::new();
    let journal = trial.system.spawn(Journal::<Listed>::new(&Log::default()));
    let timer = trial.run({
        let to = journal.clone();
        move |cx| cx.send_every(&to, ms(100), AgainNote(1))
    });
    let timer = timer.await;
    journal.kill();
    ended(&journal).await;
    drop(journal);
    pass(150).await;
    assert!(!timer.is_pending());
    assert_conserved(&trial.system);
}

#[conformance(virtual_time)]
async fn ten_thousand_timers_add_no_task_and_leave_none() {
    let trial = Trial::new();
    trial.clock.tell(Note(0)).await.unwrap();
    rest().await;
    let before = stage::n_tasks();
    let set = Log::default();
    let keep = set.clone();
    // Not asked, since the system may need a task to watch over an ask.
    trial.try_run(move |cx| {
        (0..10_000).for_each(|n| keep.push(cx.after(ms(10 + n % 100), Tick(n))));
    });
    rest().await;
    let timers = set.take();
    assert_eq!(timers.len(), 10_000);
    assert_eq!(stage::n_tasks(), before);
    timers.iter().skip(1).step_by(2).for_each(Timer::cancel);
    pass(200).await;
    assert_eq!(stage::n_tasks(), before);
    assert_eq!(trial.ticks.all().len(), 5001);
    assert!(!timers.iter().any(Timer::is_pending));
    assert_conserved(&trial.system);
}

#[conformance(virtual_time)]
async fn a_tick_that_falls_to_the_overflow_rule_is_a_dead_letter_and_its_timer_goes_on() {
    let options = SpawnOptions::default().mailbox(MailboxOptions::drop_oldest(Capacity::of::<1>()));
    let trial = Trial::with(options, vec![], |cx| drop(cx.every(ms(10), Tick(0))));
    let mut letters = trial.system.dead_letters(9);
    let gate = park(&trial.clock).await;
    pass(15).await;
    trial.clock.tell(Note(1)).await.unwrap();
    let overflow = DeadReason::Overflow(Overflow::DropOldest);
    assert_eq!(dead::<Tick>(&mut letters), [(Tick(0), overflow)]);
    assert_eq!(trial.clock.counters().dropped, 1);
    gate.open();
    pass(10).await;
    assert_eq!(trial.ticks.all(), [(1, 15), (0, 20)]);
    assert_conserved(&trial.system);
}

#[conformance]
async fn an_actor_that_is_never_idle_is_ticked_all_the_same() {
    struct Busy(Log<u64>);
    #[derive(Message)]
    struct Round;
    impl Actor for Busy {
        type Protocol = (Round, Tick);
    }
    impl Handler<Round> for Busy {
        async fn handle(&mut self, _: Round, cx: &mut Context<'_, Self>) {
            (0..2).for_each(|_| _ = cx.me().try_tell(Round));
            cx.sleep(ms(1)).await;
        }
    }
    impl Handler<Tick> for Busy {
        async fn handle(&mut self, Tick(n): Tick, cx: &mut Context<'_, Self>) {
            self.0.push(n);
            cx.stop();
        }
    }
    #[derive(Message)]
    #[message(reply = ())]
    struct Begin;
    impl Handler<Begin> for Busy {
        async fn handle(&mut self, _: Begin, cx: &mut Context<'_, Self>) {
            cx.after(ms(5), Tick(1));
            _ = cx.me().try_tell(Round);
        }
    }
    let (system, log) = (stage::system("test"), Log::default());
    let options = SpawnOptions::default().mailbox(MailboxOptions::reject(Capacity::of::<50>()));
    let busy = system.spawn_with(Busy(log.clone()), options.throughput(3));
    busy.ask(Begin).await.unwrap();
    ended(&busy).await;
    assert_eq!(log.all(), [1]);
    assert_conserved(&system);
}

#[tokio::test]
async fn ticks_do_not_wait_for_a_flood_to_end() {
    struct Flooded;
    #[derive(Message)]
    struct Again;
    impl Actor for Flooded {
        type Protocol = (Again, Tick);

        async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
            cx.after(ms(20), Tick(1));
            Ok(())
        }
    }
    impl Handler<Again> for Flooded {
        async fn handle(&mut self, _: Again, cx: &mut Context<'_, Self>) {
            _ = cx.me().try_tell(Again);
        }
    }
    impl Handler<Tick> for Flooded {
        async fn handle(&mut self, _: Tick, cx: &mut Context<'_, Self>) {
            cx.stop();
        }
    }
    let system = System::new("test");
    let flooded = system.spawn(Flooded);
    flooded.tell(Again).await.unwrap();
    ended(&flooded).await;
}

/// Panics when it is cloned.
#[derive(Message)]
struct Fragile;
impl Clone for Fragile {
    fn clone(&self) -> Self {
        panic!("broken in two")
    }
}
impl Handler<Fragile> for Clock {
    async fn handle(&mut self, _: Fragile, _: &mut Context<'_, Self>) {}
}
impl Handler<Fragile> for Journal<Listed> {
    async fn handle(&mut self, _: Fragile, _: &mut Context<'_, Self>) {}
}

#[conformance]
async fn a_message_that_panics_when_cloned_fails_the_turn_it_was_for() {
    let trial = Trial::new();
    let timer = trial.run(|cx| cx.every(ms(10), Fragile).across_restarts()).await;
    let reason = ended(&trial.clock).await;
    assert!(reason.to_string().contains("broken in two"), "{reason}");
    assert!(!timer.is_pending());
    assert_conserved(&trial.system);
}

#[conformance]
async fn one_for_others_that_panics_when_cloned_ends_its_timer_and_is_reported() {
    let witness = Witness::default();
    let system = stage::system_with("test", |it| it.observer(witness.clone()));
    let journal = system.spawn(Journal::<Listed>::new(&Log::default()));
    let clock = Clock {
        start: Instant::now(),
        ticks: Log::default(),
        takes: vec![],
        at_start: Some(Box::new({
            let journal = journal.clone();
            move |cx| drop(cx.send_every(&journal, ms(10), Fragile))
        })),
    };
    let clock = system.spawn(clock);
    pass(100).await;
    assert!(clock.is_alive());
    assert_eq!(witness.0.take().len(), 1);
}

#[conformance]
async fn a_period_of_nothing_is_a_mistake() {
    let trial = Trial::with(SpawnOptions::default(), vec![], |cx| {
        drop(cx.every(Duration::ZERO, Tick(0)));
    });
    assert!(ended(&trial.clock).await.to_string().contains("all the time"));
}

#[conformance(virtual_time)]
async fn a_timer_for_the_end_of_time_never_comes_and_hurts_nobody() {
    let trial = Trial::new();
    trial.run(|cx| cx.after(Duration::MAX, Tick(1))).await;
    trial.run(|cx| cx.every(Duration::MAX, Tick(2))).await;
    trial.run(|cx| cx.idle_after(Duration::MAX, Tick(3))).await;
    pass(1_000_000_000).await;
    assert_eq!(trial.ticks.all(), []);
}

#[conformance(virtual_time)]
async fn silence_is_told_of_and_told_again_after_another() {
    let trial = Trial::with(SpawnOptions::default(), vec![20], |cx| {
        cx.idle_after(ms(50), Tick(0));
    });
    pass(200).await;
    // The first is handled for 20.
    assert_eq!(trial.times(), [50, 120, 170]);
    assert_conserved(&trial.system);
}

#[conformance(virtual_time)]
async fn a_message_ends_a_silence_however_it_is_sent() {
    for path in Path::BOTH {
        let trial = Trial::with(SpawnOptions::default(), vec![], |cx| {
            cx.idle_after(ms(50), Tick(0));
        });
        for _ in 0..5 {
            pass(40).await;
            trial.run_on(path, |_| ()).await;
        }
        trial.clock.tell(Note(9)).await.unwrap();
        pass(49).await;
        assert_eq!(trial.ticks.take(), [(9, 200)], "{path:?}");
        pass(2).await;
        assert_eq!(trial.ticks.take(), [(0, 250)], "{path:?}");
    }
}

#[conformance(virtual_time)]
async fn an_actor_that_handles_something_for_long_is_not_silent() {
    let trial = Trial::with(SpawnOptions::default(), vec![], |cx| {
        cx.idle_after(ms(50), Tick(0));
    });
    let gate = park(&trial.clock).await;
    pass(500).await;
    gate.open();
    pass(52).await;
    assert_eq!(trial.times(), [550], "counted from the end of the turn");
}

#[conformance(virtual_time)]
async fn waking_up_for_something_else_does_not_end_a_silence() {
    let trial = Trial::new();
    let log = Log::default();
    let journal = trial.system.spawn(Journal::<Listed>::new(&log));
    trial
        .run(move |cx| {
            cx.idle_after(ms(50), Tick(0));
            cx.send_every(&journal, ms(10), AgainNote(1));
            cx.send_every(&journal, ms(7), AgainNote(1));
        })
        .await;
    let timer = trial.run(|cx| cx.after(ms(5000), Tick(7))).await;
    pass(30).await;
    timer.cancel();
    pass(21).await;
    assert_eq!(trial.times(), [50]);
    assert!(log.all().len() > 9);
}

#[conformance(virtual_time)]
async fn waiting_for_silence_is_replaced_and_cancelled() {
    let trial = Trial::with(SpawnOptions::default(), vec![], |cx| {
        cx.idle_after(ms(50), Tick(0));
        cx.idle_after(ms(80), Tick(1));
    });
    pass(100).await;
    assert_eq!(trial.ticks.take(), [(1, 80)]);
    trial.run(|cx| cx.cancel_idle()).await;
    pass(500).await;
    assert_eq!(trial.ticks.take(), []);
    trial.run(|cx| cx.idle_after(ms(10), Tick(2))).await;
    pass(15).await;
    assert_eq!(trial.ticks.take().len(), 1);
}

#[conformance(virtual_time)]
async fn a_silence_is_not_told_of_to_an_actor_that_has_something_to_do() {
    // Both come at the same moment; whichever is first, it is not told of silence that was none.
    let trial = Trial::with(SpawnOptions::default(), vec![], |cx| {
        cx.idle_after(ms(50), Tick(0));
        cx.after(ms(50), Note(1));
    });
    pass(99).await;
    assert_eq!(trial.ticks.take(), [(1, 50)]);
    pass(2).await;
    assert_eq!(trial.ticks.take(), [(0, 100)]);
}

#[conformance(virtual_time)]
async fn a_draining_actor_is_ticked_no_more_and_ends() {
    let trial = Trial::with(SpawnOptions::default(), vec![], |cx| {
        cx.every(ms(10), Tick(0));
    });
    let gate = park(&trial.clock).await;
    trial.clock.tell(Note(5)).await.unwrap();
    pass(15).await;
    trial.clock.drain(Default::default());
    gate.open();
    ended(&trial.clock).await;
    assert_eq!(trial.ticks.all(), [(5, 15), (0, 15)], "what was in the mailbox is still handled");
    assert_conserved(&trial.system);
}

/// Four thousand random deeds.
#[conformance(virtual_time)]
async fn whatever_is_set_and_cancelled_the_counters_conserve_and_nothing_is_left() {
    for seed in 0..stage::times(20) as u64 {
        let mut chance = stage::chance(seed);
        let mailbox = match chance.u8(..3) {
            0 => MailboxOptions::wait(Capacity::of::<3>()),
            1 => MailboxOptions::drop_oldest(Capacity::of::<3>()),
            _ => MailboxOptions::reject(Capacity::of::<3>()),
        };
        let options = SpawnOptions::default().mailbox(mailbox).throughput(chance.u32(1..5));
        let trial = Trial::with(options, vec![], |_| {});
        let timers: Log<Timer> = Log::default();
        for step in 0..200 {
            let (n, d) = (chance.u64(..5), ms(chance.u64(1..30)));
            let set = timers.clone();
            match chance.u8(..8) {
                0 => trial.try_run(move |cx| set.push(cx.after(d, Tick(n)))),
                1 => trial.try_run(move |cx| set.push(cx.every(d, Tock(n)))),
                2 => {
                    let missed = MISSED[chance.usize(..3)];
                    let name = n.to_string();
                    trial.try_run(move |cx| {
                        set.push(cx.every(d, Tick(n)).named(name).missed(missed));
                    });
                }
                3 => timers.take().iter().for_each(Timer::cancel),
                4 => trial.try_run(move |cx| cx.idle_after(d, Tick(9))),
                5 => _ = trial.clock.try_tell(Note(n)),
                6 => {
                    let gate = Gate::closed();
                    if trial.clock.try_tell(Hold(gate.clone())).is_ok() {
                        pass(chance.u64(..50)).await;
                        gate.open();
                    }
                }
                _ => pass(chance.u64(..40)).await,
            }
            if step % 10 == 9 {
                rest().await;
                assert_conserved(&trial.system);
            }
        }
        trial.clock.stop();
        ended(&trial.clock).await;
        assert!(!timers.take().iter().any(Timer::is_pending), "seed {seed}");
        assert_conserved(&trial.system);
        assert_eq!(trial.system.counters().queued, 0);
    }
}

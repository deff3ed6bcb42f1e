//! Messages set aside until the actor is in a state to handle them: A-24.

// long: the cases of one facility stand side by side, with the actors they share.

use std::{marker::PhantomData, time::Duration};

use ghostlight::{
    Actor, ActorRef, AskError, Capacity, Context, DeadReason, DrainBudget, Failure, Handler,
    MailboxOptions, Message, Overflow, Priority, Protocol, Refused, SpawnOptions, System,
};

use crate::{
    stage::{self, conformance},
    support::{Gate, Hold, Log, Note, Path, assert_conserved, dead, ended, park, rest, soon},
};

/// A door: who knocks while it is shut is set aside.
struct Door<F> {
    is_open: bool,
    log: Log<u64>,
    form: PhantomData<fn() -> F>,
}

/// Answered with its number.
#[derive(Debug, Message, PartialEq)]
#[message(reply = u64)]
struct Knock(u64);
/// The same, after a moment.
#[derive(Debug, Message, PartialEq)]
#[message(reply = u64)]
struct SlowKnock(u64);
/// Set aside as a `Knock`, which is another message with the same reply.
#[derive(Debug, Message, PartialEq)]
#[message(reply = u64)]
struct Disguised(u64);
#[derive(Debug, Message)]
#[message(reply = usize)]
struct Open;
#[derive(Debug, Message)]
struct Shut;
#[derive(Debug, Message)]
#[message(reply = usize)]
struct Waiting;

trait Shape: Sized + 'static {
    type Protocol: Protocol<Door<Self>>;
}
struct Listed;
struct Plain;
impl Shape for Listed {
    type Protocol = (Knock, SlowKnock, Disguised, Open, Shut, Waiting, Note, Hold);
}
impl Shape for Plain {
    type Protocol = ();
}

impl<F: Shape> Actor for Door<F> {
    type Protocol = F::Protocol;
}
impl<F: Shape> Handler<Knock> for Door<F> {
    async fn handle(&mut self, knock: Knock, cx: &mut Context<'_, Self>) -> u64 {
        if !self.is_open {
            return cx.stash(knock).await;
        }
        self.log.push(knock.0);
        knock.0
    }
}
impl<F: Shape> Handler<SlowKnock> for Door<F> {
    async fn handle(&mut self, knock: SlowKnock, cx: &mut Context<'_, Self>) -> u64 {
        cx.sleep(Duration::from_millis(5)).await;
        if !self.is_open {
            return cx.stash(knock).await;
        }
        self.log.push(knock.0);
        knock.0
    }
}
impl<F: Shape> Handler<Disguised> for Door<F> {
    async fn handle(&mut self, it: Disguised, cx: &mut Context<'_, Self>) -> u64 {
        cx.stash(Knock(it.0)).await
    }
}
impl<F: Shape> Handler<Open> for Door<F> {
    async fn handle(&mut self, _: Open, cx: &mut Context<'_, Self>) -> usize {
        self.is_open = true;
        cx.unstash_all();
        cx.stash_len()
    }
}
impl<F: Shape> Handler<Shut> for Door<F> {
    async fn handle(&mut self, _: Shut, _: &mut Context<'_, Self>) {
        self.is_open = false;
    }
}
impl<F: Shape> Handler<Waiting> for Door<F> {
    async fn handle(&mut self, _: Waiting, cx: &mut Context<'_, Self>) -> usize {
        cx.stash_len()
    }
}
impl<F: Shape> Handler<Note> for Door<F> {
    async fn handle(&mut self, Note(n): Note, _: &mut Context<'_, Self>) {
        self.log.push(n);
    }
}
impl<F: Shape> Handler<Hold> for Door<F> {
    async fn handle(&mut self, Hold(gate): Hold, _: &mut Context<'_, Self>) {
        gate.pass().await;
    }
}

struct House<F: Shape> {
    system: System,
    log: Log<u64>,
    door: ActorRef<Door<F>>,
}

fn house<F: Shape>(mailbox: MailboxOptions) -> House<F> {
    let (system, log) = (stage::system("test"), Log::default());
    let door = Door { is_open: false, log: log.clone(), form: PhantomData };
    let door = system.spawn_with(door, SpawnOptions::default().mailbox(mailbox));
    House { system, log, door }
}

type Asked<M> = stage::JoinHandle<Result<u64, AskError<M>>>;

fn ask<F: Shape, M: Message<Reply = u64>>(
    door: &ActorRef<Door<F>>,
    path: Path,
    message: M,
) -> Asked<M>
where
    Door<F>: Handler<M>,
{
    let door = door.clone();
    stage::spawn(async move { path.ask(&door, message).within(Duration::from_secs(50)).await })
}

#[conformance]
async fn what_is_set_aside_is_handled_next_in_its_order_with_its_askers() {
    check::<Listed>().await;
    check::<Plain>().await;

    async fn check<F: Shape>() {
        for path in Path::BOTH {
            let House { system, log, door } = house::<F>(MailboxOptions::default());
            let first = ask(&door, path, Knock(1));
            rest().await;
            door.tell(Knock(2)).await.unwrap();
            rest().await;
            let third = ask(&door, path, SlowKnock(3));
            rest().await;
            let fourth = ask(&door, path, Disguised(4));
            rest().await;
            rest().await;
            tokio::time::sleep(Duration::from_millis(200)).await;
            assert_eq!(door.ask(Waiting).await.unwrap(), 4);
            assert_eq!((door.mailbox_len(), door.counters().queued), (4, 4));
            assert_conserved(&system);

            let gate = park(&door).await;
            door.tell(Note(7)).await.unwrap();
            door.tell(Open).await.unwrap();
            (8..10).for_each(|n| door.try_tell(Note(n)).unwrap());
            gate.open();
            assert_eq!(soon("answer", first).await.unwrap().unwrap(), 1, "{path:?}");
            assert_eq!(soon("answer", third).await.unwrap().unwrap(), 3, "{path:?}");
            assert_eq!(soon("answer", fourth).await.unwrap().unwrap(), 4, "{path:?}");
            rest().await;
            assert_eq!(log.take(), [7, 1, 2, 3, 4, 8, 9], "{path:?}");
            assert_eq!((door.mailbox_len(), door.counters().handled), (0, 4 + 3 + 3));
            assert_conserved(&system);
        }
    }
}

/// The turn that unstashes runs on its caller, and the actor is idle otherwise.
#[conformance]
async fn unstashing_on_the_caller_has_the_rest_handled_by_the_actor() {
    for path in Path::BOTH {
        for used in [0, 20] {
            let House { system, log, door } = house::<Listed>(MailboxOptions::default());
            for _ in 0..used {
                door.ask(Waiting).await.unwrap();
            }
            let knock = ask(&door, path, Knock(1));
            rest().await;
            assert_eq!(path.ask(&door, Open).await.unwrap(), 0);
            assert_eq!(soon("answer", knock).await.unwrap().unwrap(), 1);
            assert_eq!(log.all(), [1]);
            assert_conserved(&system);
        }
    }
}

#[conformance]
async fn what_is_set_aside_again_keeps_its_order() {
    for path in Path::BOTH {
        let House { system, log, door } = house::<Listed>(MailboxOptions::default());
        let mut asked = Vec::new();
        for n in 0..3 {
            asked.push(ask(&door, path, Knock(n)));
            rest().await;
        }
        // Shut before anybody is through: all come back, and are set aside once more.
        for _ in 0..100 {
            let gate = park(&door).await;
            door.try_tell(Open).unwrap();
            door.tell(Shut).priority(Priority::High).await.unwrap();
            let second = Gate::closed();
            door.tell(Hold(second.clone())).priority(Priority::Critical).await.unwrap();
            gate.open();
            second.arrived().await;
            door.tell(Open).priority(Priority::Critical).await.unwrap();
            door.tell(Shut).priority(Priority::High).await.unwrap();
            second.open();
            rest().await;
            door.try_tell(Shut).unwrap();
            rest().await;
        }
        door.ask(Open).await.unwrap();
        for (n, asked) in (0..).zip(asked) {
            assert_eq!(soon("answer", asked).await.unwrap().unwrap(), n);
        }
        assert_eq!(log.take(), [0, 1, 2], "{path:?}");
        assert_conserved(&system);
    }
}

/// Comes back until it has been refused so often.
struct Stubborn(u32);
#[derive(Debug, Message, PartialEq)]
#[message(reply = u64)]
struct Try;
#[derive(Debug, Message)]
struct GiveUp;
impl Actor for Stubborn {
    type Protocol = (Try, GiveUp);
}
impl Handler<Try> for Stubborn {
    async fn handle(&mut self, message: Try, cx: &mut Context<'_, Self>) -> u64 {
        if self.0 == 0 {
            return 9;
        }
        self.0 -= 1;
        cx.unstash_all();
        _ = cx.me().try_tell(GiveUp);
        cx.stash(message).await
    }
}
impl Handler<GiveUp> for Stubborn {
    async fn handle(&mut self, _: GiveUp, cx: &mut Context<'_, Self>) {
        cx.unstash_all();
    }
}

#[conformance]
async fn an_ask_is_set_aside_as_often_as_it_takes() {
    for path in Path::BOTH {
        for end in [false, true] {
            let system = stage::system("test");
            let actor = system.spawn(Stubborn(stage::times(30_000) as u32));
            let asker = actor.clone();
            let asked = stage::spawn(async move { path.ask(&asker, Try).await });
            rest().await;
            if end {
                // However long the way was, the message comes back whole.
                let actor = system.spawn(Stubborn(u32::MAX));
                let asker = actor.clone();
                let asked = stage::spawn(async move { path.ask(&asker, Try).await });
                stage::yield_now().await;
                actor.kill();
                let error = soon("refusal", asked).await.unwrap().unwrap_err();
                assert_eq!(error.refused(), Some(Refused::Stopped), "{error:?}");
            }
            assert_eq!(soon("answer", asked).await.unwrap().unwrap(), 9, "{path:?}");
            assert_conserved(&system);
        }
    }
}

#[conformance]
async fn beyond_its_bound_an_asker_is_refused_and_a_tell_is_a_dead_letter() {
    for path in Path::BOTH {
        let mailbox = MailboxOptions::wait(Capacity::of::<2>());
        let House { system, log, door } = house::<Listed>(mailbox);
        let mut letters = system.dead_letters(9);
        for n in 0..3 {
            door.tell(Knock(n)).await.unwrap();
            rest().await;
        }
        let full = DeadReason::Overflow(Overflow::Reject);
        assert_eq!(dead::<Knock>(&mut letters), [(Knock(2), full)]);
        let error = soon("refusal", ask(&door, path, Knock(7))).await.unwrap().unwrap_err();
        assert_eq!(error.refused(), Some(Refused::Full), "{path:?}");
        assert_eq!(error.into_message(), Some(Knock(7)), "{path:?}");
        let error = soon("refusal", ask(&door, path, SlowKnock(8))).await.unwrap().unwrap_err();
        assert_eq!(error.refused(), Some(Refused::Full), "{path:?}");
        assert_eq!(error.into_message(), Some(SlowKnock(8)), "{path:?}");
        // Its message was another one than what came back.
        let error = soon("refusal", ask(&door, path, Disguised(9))).await.unwrap().unwrap_err();
        assert_eq!(error.refused(), Some(Refused::Full), "{path:?}");
        assert_eq!(error.into_message(), None, "{path:?}");
        let counts = door.counters();
        assert_eq!((counts.dropped, counts.refused, counts.queued), (1, 3, 2), "{path:?}");
        door.ask(Open).await.unwrap();
        rest().await;
        assert_eq!(log.all(), [0, 1], "{path:?}");
        assert_conserved(&system);
    }
}

#[conformance]
async fn an_actor_without_bound_sets_a_thousand_aside() {
    let House { system, door, .. } = house::<Listed>(MailboxOptions::unbounded());
    let mut letters = system.dead_letters(9);
    (0..1001).for_each(|n| door.try_tell(Knock(n)).unwrap());
    rest().await;
    assert_eq!(door.mailbox_len(), 1000);
    assert_eq!(dead::<Knock>(&mut letters).len(), 1);
    assert_conserved(&system);
}

#[conformance]
async fn what_is_set_aside_takes_no_room_in_the_mailbox() {
    let House { system, log, door } = house::<Listed>(MailboxOptions::wait(Capacity::of::<2>()));
    for n in 0..2 {
        door.tell(Knock(n)).await.unwrap();
        rest().await;
    }
    let gate = park(&door).await;
    door.try_tell(Open).unwrap();
    door.try_tell(Note(8)).unwrap();
    assert!(door.try_tell(Note(9)).is_err());
    assert_eq!(door.mailbox_len(), 4);
    gate.open();
    rest().await;
    assert_eq!(log.all(), [0, 1, 8]);
    assert_conserved(&system);
}

#[conformance]
async fn at_the_end_what_was_set_aside_is_buried_before_the_rest() {
    let ends: [fn(&ActorRef<Door<Listed>>); 3] =
        [|it| it.stop(), |it| it.kill(), |it| it.drain(DrainBudget::default().messages(0))];
    for path in Path::BOTH {
        for end in ends {
            let House { system, door, .. } = house::<Listed>(MailboxOptions::default());
            let mut letters = system.dead_letters(9);
            door.tell(Knock(1)).await.unwrap();
            rest().await;
            let asked = ask(&door, path, Knock(2));
            rest().await;
            door.tell(Knock(3)).await.unwrap();
            let gate = park(&door).await;
            (4..6).for_each(|n| door.try_tell(Knock(n)).unwrap());
            end(&door);
            gate.open();
            ended(&door).await;
            let dead: Vec<_> = dead::<Knock>(&mut letters).iter().map(|it| it.0.0).collect();
            assert_eq!(dead, [1, 3, 4, 5], "{path:?}");
            let error = soon("refusal", asked).await.unwrap().unwrap_err();
            assert_eq!(error.refused(), Some(Refused::Stopped), "{path:?}");
            assert_eq!(error.into_message(), Some(Knock(2)), "{path:?}");
            assert_conserved(&system);
        }
    }
}

#[conformance]
async fn an_idle_actor_that_ends_buries_what_it_set_aside() {
    let House { system, door, .. } = house::<Plain>(MailboxOptions::default());
    let mut letters = system.dead_letters(9);
    let asked = ask(&door, Path::OnCaller, Knock(1));
    door.tell(Knock(2)).await.unwrap();
    rest().await;
    door.stop();
    assert_eq!(soon("refusal", asked).await.unwrap().unwrap_err().into_message(), Some(Knock(1)));
    assert_eq!(dead::<Knock>(&mut letters), [(Knock(2), DeadReason::Stopped)]);
    assert_conserved(&system);
}

#[conformance]
async fn a_drain_handles_what_comes_back() {
    let House { system, log, door } = house::<Listed>(MailboxOptions::default());
    (0..3).for_each(|n| door.try_tell(Knock(n)).unwrap());
    rest().await;
    let gate = park(&door).await;
    door.try_tell(Open).unwrap();
    door.drain(DrainBudget::default());
    gate.open();
    ended(&door).await;
    assert_eq!(log.all(), [0, 1, 2]);
    assert_conserved(&system);
}

#[conformance]
async fn an_asker_that_leaves_takes_its_message_out_of_the_stash() {
    for path in Path::BOTH {
        for opens in [true, false] {
            let House { system, log, door } = house::<Listed>(MailboxOptions::default());
            let mut letters = system.dead_letters(9);
            let leaves = ask(&door, path, Knock(1));
            rest().await;
            let waits = {
                let door = door.clone();
                let second = Duration::from_secs(1);
                stage::spawn(async move { path.ask(&door, Knock(2)).within(second).await })
            };
            rest().await;
            leaves.abort();
            let error = soon("deadline", waits).await.unwrap().unwrap_err();
            assert!(matches!(error, AskError::Deadline { message: None }), "it had begun: {error}");
            if opens {
                door.ask(Open).await.unwrap();
                rest().await;
            } else {
                door.kill();
                ended(&door).await;
            }
            let reason = if opens { DeadReason::Withdrawn } else { DeadReason::Killed };
            assert_eq!(dead::<Knock>(&mut letters), [(Knock(1), reason), (Knock(2), reason)]);
            assert_eq!(log.all(), []);
            assert_eq!(door.counters().dead, 2, "{path:?}");
            assert_conserved(&system);
        }
    }
}

/// The system's own deadline, which is kept by a sweep.
#[conformance(virtual_time)]
async fn an_ask_that_is_set_aside_ends_at_its_default_deadline() {
    for path in Path::BOTH {
        let House { system, door, .. } = house::<Listed>(MailboxOptions::default());
        let asked = soon("deadline", path.ask(&door, Knock(1))).await;
        assert!(matches!(asked, Err(AskError::Deadline { .. })), "{path:?}: {asked:?}");
        door.ask(Open).await.unwrap();
        rest().await;
        assert_conserved(&system);
    }
}

#[conformance]
async fn urgent_messages_still_go_first() {
    let House { system, log, door } = house::<Listed>(MailboxOptions::default());
    (0..2).for_each(|n| door.try_tell(Knock(n)).unwrap());
    rest().await;
    let gate = park(&door).await;
    door.tell(Open).priority(Priority::Critical).await.unwrap();
    door.tell(Note(8)).priority(Priority::High).await.unwrap();
    door.tell(Note(9)).await.unwrap();
    gate.open();
    rest().await;
    assert_eq!(log.all(), [8, 0, 1, 9]);
    assert_conserved(&system);
}

#[conformance]
async fn unstashing_ends_the_run_of_turns_in_which_it_is_done() {
    for mailbox in [MailboxOptions::default(), MailboxOptions::drop_oldest(Capacity::of::<300>())] {
        let House { system, log, door } = house::<Listed>(mailbox);
        // Many turns, so that long runs are the rule.
        for _ in 0..stage::times(300) {
            (0..200).for_each(|_| door.try_tell(Shut).unwrap());
            rest().await;
        }
        (0..2).for_each(|n| door.try_tell(Knock(n)).unwrap());
        (0..30).for_each(|n| door.try_tell(Note(100 + n)).unwrap());
        door.try_tell(Open).unwrap();
        (0..30).for_each(|n| door.try_tell(Note(200 + n)).unwrap());
        rest().await;
        let expected: Vec<_> = (100..130).chain(0..2).chain(200..230).collect();
        assert_eq!(log.all(), expected);
        assert_conserved(&system);
    }
}

#[conformance]
async fn a_stash_that_is_dropped_before_it_was_polled_sets_nothing_aside() {
    struct Fickle;
    #[derive(Debug, Message)]
    #[message(reply = usize)]
    struct Go;
    impl Actor for Fickle {
        type Protocol = (Go,);
    }
    impl Handler<Go> for Fickle {
        async fn handle(&mut self, message: Go, cx: &mut Context<'_, Self>) -> usize {
            drop(cx.stash(message));
            cx.stash_len()
        }
    }
    let system = stage::system("test");
    let fickle = system.spawn(Fickle);
    for path in Path::BOTH {
        assert_eq!(path.ask(&fickle, Go).await.unwrap(), 0);
    }
    assert_conserved(&system);
}

#[conformance]
async fn a_hook_has_nothing_to_set_aside() {
    struct Early;
    impl Actor for Early {
        type Protocol = (Note,);

        async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
            cx.stash(Note(1)).await;
            Ok(())
        }
    }
    impl Handler<Note> for Early {
        async fn handle(&mut self, _: Note, _: &mut Context<'_, Self>) {}
    }
    let system = stage::system("test");
    let reason = ended(&system.spawn(Early)).await;
    assert!(reason.to_string().contains("a hook handles no message"), "{reason}");
    assert_conserved(&system);
}

/// Knocks, opens and shuts at random; every knock is answered, refused, dead or waits.
async fn conserves<F: Shape>(seed: u64) {
    let mut chance = stage::chance(seed);
    let capacity = Capacity::new(chance.u32(1..6)).unwrap();
    let mailbox = match seed % 4 {
        0 => MailboxOptions::wait(capacity),
        1 => MailboxOptions::drop_oldest(capacity),
        2 => MailboxOptions::reject(capacity),
        _ => MailboxOptions::unbounded(),
    };
    let House { system, log, door } = house::<F>(mailbox);
    let mut gates: Vec<Gate> = Vec::new();
    let mut asked = Vec::new();
    for step in 0..400 {
        let (n, path) = (step, Path::BOTH[chance.usize(..2)]);
        match chance.u8(..12) {
            0..=2 => _ = door.try_tell(Knock(n)),
            3 | 4 => asked.push(ask(&door, path, Knock(n))),
            5 => _ = door.try_tell(SlowKnock(n)),
            6 => drop(ask(&door, path, SlowKnock(n))),
            7 => _ = door.try_tell(Open),
            8 | 9 => _ = door.try_tell(Shut),
            10 if !asked.is_empty() => asked.swap_remove(chance.usize(..asked.len())).abort(),
            _ => {
                let gate = Gate::closed();
                gates.drain(..).for_each(|it: Gate| it.open());
                if door.try_tell(Hold(gate.clone())).is_ok() {
                    gates.push(gate);
                }
            }
        }
        if step % 5 == 4 {
            rest().await;
            assert_conserved(&system);
            assert_eq!(door.counters().queued, door.mailbox_len() as u64, "seed {seed}");
        }
    }
    gates.iter().for_each(Gate::open);
    rest().await;
    let handled = log.take();
    let unique: std::collections::BTreeSet<_> = handled.iter().collect();
    assert_eq!(unique.len(), handled.len(), "seed {seed}: something was handled twice");
    door.stop();
    ended(&door).await;
    for asked in asked {
        _ = soon("end of an ask", asked).await;
    }
    assert_conserved(&system);
    assert_eq!(system.counters().queued, 0, "seed {seed}");
}

#[conformance]
async fn whatever_is_set_aside_the_counters_conserve() {
    for seed in 0..stage::times(40) as u64 {
        conserves::<Listed>(seed).await;
        conserves::<Plain>(seed).await;
    }
}

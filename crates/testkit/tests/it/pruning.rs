//! Orders that come to the same are left out, and nothing else is.

use std::{
    cell::RefCell,
    collections::{BTreeSet, VecDeque},
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context as TaskContext, Poll, Wake, Waker},
    time::Duration,
};

use ghostlight::{
    Actor, ActorRef, Capacity, Context, Handler, MailboxOptions, Message, SpawnOptions, System,
};
use ghostlight_rt::Rng;
use ghostlight_testkit::{Covered, Exhaust, World};

const MILLI: Duration = Duration::from_millis(1);

/// What an actor is to do, after it has noted the number.
#[derive(Clone, Debug, Message)]
struct Do(u32, Vec<Act>);

#[derive(Clone, Debug)]
enum Act {
    Tell(usize, Do),
    TryTell(usize, Do),
    Ask(usize, u32),
    Sleep(u32),
    Stop(usize),
    Kill(usize),
    /// Has this name from now on.
    Take(&'static str),
    /// Notes whether somebody has it.
    Look(&'static str),
    Later(u32, Do),
}

/// Answers with how much it has noted so far, and notes the number.
#[derive(Clone, Debug, Message)]
#[message(reply = u32)]
struct Count(u32);

type Notes = Arc<Mutex<Vec<u32>>>;

/// Does what it is told. Nobody else writes into its notes, and only the test reads them, at the end.
#[derive(Actor)]
#[actor(handles(Do, Count))]
struct Hand(Notes);

impl Hand {
    fn note(&self, number: u32) {
        self.0.lock().unwrap().push(number);
    }
}

fn hand(system: &System, number: usize) -> ActorRef<Hand> {
    system.lookup(&number.to_string()).unwrap()
}

impl Handler<Do> for Hand {
    async fn handle(&mut self, Do(number, acts): Do, cx: &mut Context<'_, Self>) {
        self.note(number);
        let other = |number: usize| cx.system().lookup::<Self>(&number.to_string()).ok();
        for act in acts {
            match act {
                Act::Tell(to, what) => {
                    if let Some(to) = other(to) {
                        _ = to.tell(what).await;
                    }
                }
                Act::TryTell(to, what) => {
                    let refused = other(to).is_some_and(|it| it.try_tell(what).is_err());
                    self.note(1000 + u32::from(refused));
                }
                Act::Ask(to, number) => {
                    if let Some(to) = other(to) {
                        let count = to.ask(Count(number)).within(10 * MILLI).await;
                        self.note(2000 + count.unwrap_or(99));
                    }
                }
                Act::Sleep(millis) => cx.sleep(millis * MILLI).await,
                Act::Stop(whom) => {
                    other(whom).inspect(ActorRef::stop);
                }
                Act::Kill(whom) => {
                    other(whom).inspect(ActorRef::kill);
                }
                Act::Take(name) => {
                    let taken = cx.system().register(name, &cx.me());
                    self.note(3000 + u32::from(taken.is_ok()));
                }
                Act::Look(name) => {
                    self.note(4000 + u32::from(cx.system().lookup::<Self>(name).is_ok()));
                }
                Act::Later(millis, what) => {
                    cx.after(millis * MILLI, what);
                }
            }
        }
    }
}

impl Handler<Count> for Hand {
    async fn handle(&mut self, Count(number): Count, _: &mut Context<'_, Self>) -> u32 {
        self.note(number);
        self.0.lock().unwrap().len() as u32
    }
}

/// So many actors, and what is sent to whom at first.
#[derive(Clone, Debug)]
struct Program {
    hands: usize,
    mailbox: MailboxOptions,
    first: Vec<(usize, Do)>,
}

impl Program {
    fn new(hands: usize, first: impl IntoIterator<Item = (usize, Do)>) -> Self {
        let mailbox = MailboxOptions::default();
        Self { hands, mailbox, first: first.into_iter().collect() }
    }

    /// What was noted by whom.
    fn run(&self, world: &World) -> Vec<Vec<u32>> {
        let system = world.system("hands");
        let notes: Vec<Notes> = (0..self.hands).map(|_| Notes::default()).collect();
        for (number, notes) in notes.iter().enumerate() {
            let options = SpawnOptions::default().mailbox(self.mailbox);
            let hand = system.spawn_with(Hand(Arc::clone(notes)), options);
            system.register(number.to_string(), &hand).unwrap();
        }
        for (to, what) in self.first.iter().cloned() {
            _ = hand(&system, to).try_tell(what);
        }
        world.run_until_idle();
        notes.iter().map(|it| it.lock().unwrap().clone()).collect()
    }
}

/// All that can come of a test, in all orders that are run.
fn outcomes<T: Ord>(exhaust: Exhaust, test: impl Fn(&World) -> T) -> (BTreeSet<T>, Covered) {
    let outcomes = RefCell::new(BTreeSet::new());
    let covered = exhaust.find(|world| {
        let outcome = test(world);
        outcomes.borrow_mut().insert(outcome);
    });
    (outcomes.into_inner(), covered.expect("nothing fails"))
}

/// The same can come of it with and without pruning: so much, in so many orders.
#[track_caller]
fn check<T: Ord + std::fmt::Debug>(
    test: impl Fn(&World) -> T,
    expected: (usize, usize, usize),
) -> BTreeSet<T> {
    let (all, full) = outcomes(Exhaust::full().at_most(20_000), &test);
    let (kept, pruned) = outcomes(Exhaust::pruned(), &test);
    assert_eq!(kept, all);
    assert!(full.is_complete && pruned.is_complete, "{full:?}, {pruned:?}");
    assert_eq!((all.len(), full.orders, pruned.orders), expected);
    all
}

fn plain(number: u32) -> Do {
    Do(number, Vec::new())
}

fn tell(to: usize, number: u32) -> Act {
    Act::Tell(to, plain(number))
}

#[test]
fn strangers_need_one_order() {
    let each = |to| (0..2).map(move |it| (to, plain(it)));
    let strangers = Program::new(3, (0..3).flat_map(each));
    check(|world| strangers.run(world), (1, 90, 1));
}

#[test]
fn of_messages_from_two_to_one_both_orders_are_kept() {
    let two = Program::new(3, [(0, Do(0, vec![tell(2, 1)])), (1, Do(0, vec![tell(2, 2)]))]);
    check(|world| two.run(world), (2, 4, 4));
}

#[test]
fn whoever_is_told_to_stop_while_it_has_work_may_get_to_it_or_not() {
    let stop = Do(0, vec![Act::Stop(1), Act::Sleep(1)]);
    let program = Program::new(3, [(0, stop), (1, plain(1)), (1, plain(2)), (2, plain(3))]);
    check(|world| program.run(world), (3, 12, 9));
}

#[test]
fn a_name_is_taken_before_or_after_somebody_looks_for_it() {
    let take = Do(0, vec![Act::Take("crown")]);
    let look = Do(0, vec![Act::Look("crown")]);
    let program = Program::new(4, [(0, take), (1, look), (2, plain(1)), (3, plain(1))]);
    check(|world| program.run(world), (2, 24, 8));
}

#[test]
fn a_place_in_a_full_mailbox_goes_to_whoever_comes_first() {
    let first = [0, 1].map(|it| (it, Do(0, vec![Act::TryTell(2, plain(it as u32))])));
    let mailbox = MailboxOptions::reject(Capacity::of::<1>());
    let program = Program { mailbox, ..Program::new(3, first) };
    check(|world| program.run(world), (4, 4, 4));
}

#[test]
fn timers_that_are_due_at_once_are_seen_in_any_order() {
    let first = [0, 1].map(|it| (it, Do(0, vec![Act::Later(1, Do(1, vec![tell(2, it as u32)]))])));
    let program =
        Program::new(4, first.into_iter().chain([(3, Do(0, vec![Act::Later(1, plain(1))]))]));
    check(|world| program.run(world), (2, 120, 6));
}

#[test]
fn an_ask_that_is_given_up_as_it_is_about_to_be_handled_is_handled_or_not() {
    let busy = Do(0, vec![Act::Sleep(10)]);
    let asks = Do(0, vec![Act::Ask(1, 5)]);
    let program = Program::new(4, [(0, asks), (1, busy), (2, plain(1)), (3, plain(1))]);
    check(|world| program.run(world), (2, 168, 132));
}

#[test]
fn of_a_count_that_is_read_and_written_back_every_outcome_is_kept() {
    let clerk = |number| Do(0, vec![Act::Ask(2, number), Act::Tell(2, plain(number))]);
    let program = Program::new(4, [(0, clerk(1)), (1, clerk(2)), (3, plain(1))]);
    // All orders of two asks and two tells in which each clerk asks first.
    check(|world| program.run(world), (6, 1458, 916));
}

/// Any program: two to four actors, four to eight messages.
fn any_program(rng: &mut Rng) -> Program {
    let hands = 2 + rng.below(3);
    let mut left = 4 + rng.below(5);
    let mut first = Vec::new();
    while left > 0 {
        let what = any_work(rng, hands, &mut left);
        first.push((rng.below(hands), what));
    }
    let mailbox = match rng.below(4) {
        0 => MailboxOptions::reject(Capacity::of::<1>()),
        1 => MailboxOptions::wait(Capacity::of::<1>()),
        _ => MailboxOptions::default(),
    };
    Program { mailbox, ..Program::new(hands, first) }
}

fn any_work(rng: &mut Rng, hands: usize, left: &mut usize) -> Do {
    *left -= 1;
    let number = *left as u32;
    let mut acts = Vec::new();
    while rng.below(5) < 2 {
        let to = rng.below(hands);
        match rng.below(16) {
            0..9 if *left > 0 => acts.push(Act::Tell(to, any_work(rng, hands, left))),
            9 if *left > 0 => acts.push(Act::TryTell(to, any_work(rng, hands, left))),
            10 if *left > 0 => acts.push(Act::Later(1, any_work(rng, hands, left))),
            11 if *left > 0 => {
                *left -= 1;
                acts.push(Act::Ask(to, 10 + number));
            }
            12 => acts.push(Act::Sleep(1 + rng.below(2) as u32)),
            13 => acts.push([Act::Stop(to), Act::Kill(to)][rng.below(2)].clone()),
            14 => acts.push(Act::Take("crown")),
            15 => acts.push(Act::Look("crown")),
            _ => {}
        }
    }
    Do(number, acts)
}

#[test]
fn of_any_small_program_the_same_can_come_with_and_without_pruning() {
    let (mut rng, mut orders, mut kept_orders, mut n_varied) = (Rng::seeded(1), 0, 0, 0);
    for _ in 0..120 {
        let program = any_program(&mut rng);
        let (all, full) = outcomes(Exhaust::full().at_most(500), |world| program.run(world));
        if !full.is_complete {
            continue;
        }
        let (kept, pruned) = outcomes(Exhaust::pruned(), |world| program.run(world));
        assert_eq!(kept, all, "{program:?}");
        assert!(pruned.is_complete && pruned.orders <= full.orders, "{full:?}, {pruned:?}");
        (orders, kept_orders) = (orders + full.orders, kept_orders + pruned.orders);
        n_varied += usize::from(all.len() > 1);
    }
    assert!(n_varied >= 20, "{n_varied} programs have more than one outcome");
    assert!(orders >= 2 * kept_orders, "{kept_orders} of {orders}");
}

/// Waits for several at once, and takes what was woken first first. Whoever polls it is woken once,
/// however many of them are.
struct FirstWoken<F> {
    waiting: Vec<Pin<Box<F>>>,
    woken: Arc<Woken>,
}

#[derive(Default)]
struct Woken {
    queue: Mutex<VecDeque<usize>>,
    outer: Mutex<Option<Waker>>,
}

struct Inner(Arc<Woken>, usize);

impl Wake for Inner {
    fn wake(self: Arc<Self>) {
        self.0.queue.lock().unwrap().push_back(self.1);
        let outer = self.0.outer.lock().unwrap().take();
        outer.into_iter().for_each(Waker::wake);
    }
}

impl<F: Future> FirstWoken<F> {
    fn of(all: impl IntoIterator<Item = F>) -> Self {
        let waiting: Vec<_> = all.into_iter().map(Box::pin).collect();
        let woken = Arc::<Woken>::default();
        woken.queue.lock().unwrap().extend(0..waiting.len());
        Self { waiting, woken }
    }
}

impl<F: Future> Future for FirstWoken<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<F::Output> {
        let woken = Arc::clone(&self.woken);
        *woken.outer.lock().unwrap() = Some(cx.waker().clone());
        let queue = std::mem::take(&mut *woken.queue.lock().unwrap());
        for next in queue {
            let inner = Waker::from(Arc::new(Inner(Arc::clone(&woken), next)));
            let polled = self.waiting[next].as_mut().poll(&mut TaskContext::from_waker(&inner));
            if polled.is_ready() {
                return polled;
            }
        }
        if !woken.queue.lock().unwrap().is_empty() {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

#[test]
fn of_two_answers_either_may_be_the_first_also_where_the_asker_is_woken_but_once() {
    let either = |world: &World| {
        let system = world.system("hands");
        let busy = || {
            let hand = system.spawn(Hand(Notes::default()));
            hand.try_tell(plain(0)).unwrap();
            hand
        };
        let (one, other) = (busy(), busy());
        let answered = [(one, 1), (other, 2)].map(|(hand, number)| async move {
            hand.ask(Count(1)).await.unwrap();
            number
        });
        world.block_on(FirstWoken::of(answered))
    };
    check(either, (2, 979, 773));
}

#[test]
fn a_fault_of_order_is_found_with_pruning_as_without() {
    let lost = |world: &World| {
        let clerk = |number| Do(0, vec![Act::Ask(2, number), tell(2, number)]);
        let program = Program::new(4, [(2, plain(0)), (0, clerk(1)), (1, clerk(2)), (3, plain(1))]);
        let account = &program.run(world)[2];
        assert_eq!(account[1], account[2], "both have read before either wrote");
    };
    let full = Exhaust::full().find(lost).expect_err("it is lost in some order");
    let pruned = Exhaust::pruned().find(lost).expect_err("it is lost in some order");
    assert!(full.message.contains("both have read before"), "{full}");
    assert!(pruned.message.contains("both have read before"), "{pruned}");
    let again = ghostlight_testkit::Explorer::seeds(1).strategy(pruned.smallest.strategy.clone());
    assert!(again.find(lost).is_err(), "what it was shrunk to fails as well: {pruned}");
}

//! Actors that do as a script says, explored in every order, and what they wrote down about it.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    mem,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    task::{Context as TaskContext, Poll, Wake, Waker},
    time::Duration,
};

use ghostlight::{
    Actor, ActorRef, Admit, AskError, Capacity, Context, Deadlock, Handler, JoinError,
    MailboxOptions, Message, Outcome, SpawnOptions, System, TellError,
};
use ghostlight_testkit::{Exhaust, World};

use crate::support::let_others;

/// An actor by its place in the program; tasks and the test have higher numbers.
pub(crate) type Who = usize;
pub(crate) const TASK: Who = 10;
pub(crate) const TEST: Who = 11;

/// Which message; each has its own number.
pub(crate) type Number = u32;

/// What is done in a turn, one after another.
pub(crate) type Script = Vec<Act>;

#[derive(Clone, Debug)]
pub(crate) enum Act {
    Ask(Who, Script),
    /// Asks several at once, and waits for all.
    AskBoth([(Who, Script); 2]),
    /// Asks, and lends the actor meanwhile.
    Lend(Admit, Who, Script),
    /// Waits where there is no room.
    Tell(Who, Script),
    /// Has a task ask this actor, lets others go first or not, and joins it.
    JoinOneWhoAsksBack(bool),
    Stop(Who),
    Kill(Who),
}

/// Something to be done in a turn; answered with its number.
#[derive(Clone, Debug, Message)]
#[message(reply = Number)]
pub(crate) struct Do(Number, Script);

impl Do {
    pub(crate) const NOTHING: Self = Self(0, Vec::new());
}

/// What happened, as those it happened to saw it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Event {
    /// Somebody, in the turn of that message, is about to wait for a reply or for room.
    Sends {
        from: Who,
        within: Number,
        to: Who,
        number: Number,
        how: How,
    },
    /// The wait is over.
    Hears {
        number: Number,
        what: Heard,
    },
    Begins {
        who: Who,
        number: Number,
    },
    Ends {
        who: Who,
        number: Number,
    },
    /// The turn was dropped before its end.
    Breaks {
        who: Who,
        number: Number,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum How {
    Ask,
    Lend(Admit),
    Tell,
    Join,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Heard {
    /// A tell has room, a task has ended, or a reply came and was the right one.
    Done,
    /// Refused as the end of this circle.
    Circle(Vec<(Who, Who)>),
    Other(String),
}

/// What all actors of a run write to. Only the test reads it, when the run is over.
#[derive(Debug, Default)]
pub(crate) struct Book {
    events: Mutex<Vec<Event>>,
    numbers: AtomicU32,
}

impl Book {
    fn note(&self, event: Event) {
        self.events.lock().unwrap().push(event);
    }

    fn number(&self) -> Number {
        // Relaxed: one thread.
        self.numbers.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// Writes down how a turn ends, also one that is dropped.
struct Turn<'a> {
    book: &'a Book,
    who: Who,
    number: Number,
    is_done: bool,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let Self { who, number, .. } = *self;
        self.book.note(match self.is_done {
            true => Event::Ends { who, number },
            false => Event::Breaks { who, number },
        });
    }
}

/// Does what it is told.
#[derive(Actor)]
#[actor(handles(Do))]
pub(crate) struct Hand {
    who: Who,
    is_queueing: bool,
    book: Arc<Book>,
}

impl Handler<Do> for Hand {
    async fn handle(&mut self, Do(number, script): Do, cx: &mut Context<'_, Self>) -> Number {
        let book = Arc::clone(&self.book);
        book.note(Event::Begins { who: self.who, number });
        let mut turn = Turn { book: &book, who: self.who, number, is_done: false };
        for act in script {
            self.act(act, number, cx).await;
        }
        turn.is_done = true;
        number
    }
}

impl Hand {
    async fn act(&mut self, act: Act, within: Number, cx: &mut Context<'_, Self>) {
        let system = cx.system();
        match act {
            Act::Ask(to, script) => self.asker(&system, within).ask(to, script).await,
            Act::AskBoth([(one, does), (other, does_too)]) => {
                let asker = self.asker(&system, within);
                tokio::join!(asker.ask(one, does), asker.ask(other, does_too));
            }
            Act::Lend(admit, to, script) => {
                let asker = self.asker(&system, within);
                let number = asker.sends(to, How::Lend(admit));
                let target = hand(&system, to);
                let asked = cx.lend(self).admit(admit).ask(&target, Do(number, script)).await;
                asker.hears(number, answered(number, asked));
            }
            Act::Tell(to, script) => self.asker(&system, within).tell(to, script).await,
            Act::JoinOneWhoAsksBack(lets_others) => {
                let asker = self.asker(&system, within);
                let number = self.book.number();
                let (me, book) = (self.who, Arc::clone(&self.book));
                let asks = Asker { from: TASK, within: number, ..asker.clone() };
                let task = cx.spawn_task(async move {
                    let mut turn = Turn { book: &book, who: TASK, number, is_done: false };
                    asks.ask(me, Vec::new()).await;
                    turn.is_done = true;
                });
                if lets_others {
                    let_others().await;
                }
                asker.joins(number, task).await;
            }
            Act::Stop(whom) => hand(&system, whom).stop(),
            Act::Kill(whom) => hand(&system, whom).kill(),
        }
    }

    fn asker(&self, system: &System, within: Number) -> Asker {
        let (system, book) = (system.clone(), Arc::clone(&self.book));
        Asker { from: self.who, within, is_queueing: self.is_queueing, system, book }
    }
}

/// Whoever sends, in the turn of some message, and writes down what becomes of it.
#[derive(Clone)]
struct Asker {
    from: Who,
    within: Number,
    is_queueing: bool,
    system: System,
    book: Arc<Book>,
}

impl Asker {
    async fn ask(&self, to: Who, script: Script) {
        let number = self.book.number();
        let Self { from, within, .. } = *self;
        let sends = Event::Sends { from, within, to, number, how: How::Ask };
        let to = hand(&self.system, to);
        let ask = to.ask(Do(number, script));
        let asking = if self.is_queueing { ask.queued() } else { ask }.into_future();
        let asked = Noted { book: &self.book, event: Some(sends), asking: pin!(asking) }.await;
        self.hears(number, answered(number, asked));
    }

    async fn tell(&self, to: Who, script: Script) {
        let number = self.sends(to, How::Tell);
        let told = hand(&self.system, to).tell(Do(number, script)).await;
        let what = match told {
            Ok(()) => Heard::Done,
            Err(TellError::Deadlock { cycle, .. }) => circle(&cycle),
            Err(error) => Heard::Other(error.to_string()),
        };
        self.hears(number, what);
    }

    async fn joins(&self, number: Number, task: ghostlight::Task<()>) {
        let Self { from, within, .. } = *self;
        self.book.note(Event::Sends { from, within, to: TASK, number, how: How::Join });
        let what = match task.join().await {
            Ok(()) => Heard::Done,
            Err(JoinError::Deadlock(cycle)) => circle(&cycle),
            Err(error) => Heard::Other(error.to_string()),
        };
        self.hears(number, what);
    }

    fn sends(&self, to: Who, how: How) -> Number {
        let Self { from, within, .. } = *self;
        let number = self.book.number();
        self.book.note(Event::Sends { from, within, to, number, how });
        number
    }

    fn hears(&self, number: Number, what: Heard) {
        self.book.note(Event::Hears { number, what });
    }
}

/// An ask that is written down as it begins. It may let others go first; then it has not begun.
struct Noted<'a, F> {
    book: &'a Book,
    event: Option<Event>,
    asking: Pin<&'a mut F>,
}

impl<F: Future> Future for Noted<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<F::Output> {
        let Some(event) = &self.event else { return self.asking.as_mut().poll(cx) };
        let n_before = self.book.events.lock().unwrap().len();
        self.book.note(event.clone());
        let waker =
            Arc::new(Noticing { inner: cx.waker().clone(), is_woken: AtomicBool::new(false) });
        let polled = self
            .asking
            .as_mut()
            .poll(&mut TaskContext::from_waker(&Waker::from(Arc::clone(&waker))));
        if polled.is_pending() && waker.is_woken.load(Ordering::Relaxed) {
            self.book.events.lock().unwrap().truncate(n_before);
        } else {
            self.event = None;
        }
        polled
    }
}

struct Noticing {
    inner: Waker,
    is_woken: AtomicBool,
}

impl Wake for Noticing {
    fn wake(self: Arc<Self>) {
        self.is_woken.store(true, Ordering::Relaxed);
        self.inner.wake_by_ref();
    }
}

fn answered(number: Number, asked: Outcome<Do>) -> Heard {
    match asked {
        Ok(reply) if reply == number => Heard::Done,
        Ok(other) => Heard::Other(format!("the reply to {other}")),
        Err(AskError::Deadlock { cycle, message }) => {
            assert!(message.is_some(), "what is refused comes back");
            circle(&cycle)
        }
        Err(error) => Heard::Other(error.to_string()),
    }
}

fn circle(cycle: &Deadlock) -> Heard {
    let waits = cycle.cycle();
    // Those that have actors' names are called by their place.
    let place = |id| waits.iter().find(|it| it.actor == id).and_then(|it| it.name.parse().ok());
    let place = |id| place(id).unwrap_or(TASK);
    Heard::Circle(waits.iter().map(|it| (place(it.actor), place(it.on))).collect())
}

fn hand(system: &System, who: Who) -> ActorRef<Hand> {
    system.lookup(&who.to_string()).expect("it lives as long as the run")
}

/// So many actors, and what each is told at first by the test.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) hands: usize,
    pub(crate) first: Vec<(Who, Script)>,
    /// The room in each mailbox.
    pub(crate) room: Capacity,
    /// Whether asks are never handled by who asks.
    pub(crate) is_queueing: bool,
}

/// A run of a program, in one order.
pub(crate) struct Played {
    pub(crate) events: Vec<Event>,
    pub(crate) system: System,
    pub(crate) hands: Vec<ActorRef<Hand>>,
}

impl Program {
    pub(crate) fn new(hands: usize, first: impl IntoIterator<Item = (Who, Script)>) -> Self {
        Self {
            hands,
            first: first.into_iter().collect(),
            room: Capacity::of::<1000>(),
            is_queueing: true,
        }
    }

    /// Asks may be handled by who asks.
    pub(crate) fn on_callers(mut self) -> Self {
        self.is_queueing = false;
        self
    }

    /// Runs it to where nothing happens any more by itself; no time passes, so no deadline ends a wait.
    pub(crate) fn play(&self, world: &World) -> Played {
        let (system, book) = (world.system("hands"), Arc::<Book>::default());
        let mailbox = MailboxOptions::wait(self.room);
        let hands = (0..self.hands).map(|who| {
            let hand = Hand { who, is_queueing: self.is_queueing, book: Arc::clone(&book) };
            let name = who.to_string();
            let options = SpawnOptions::default().mailbox(mailbox).name(&*name);
            let hand = system.spawn_with(hand, options);
            system.register(name, &hand).expect("nobody has it");
            hand
        });
        let hands: Vec<_> = hands.collect();
        let test = Asker {
            from: TEST,
            within: 0,
            is_queueing: true,
            system: system.clone(),
            book: Arc::clone(&book),
        };
        for (to, script) in self.first.iter().cloned() {
            let number = test.sends(to, How::Tell);
            hands[to].try_tell(Do(number, script)).expect("there is room");
            test.hears(number, Heard::Done);
        }
        world.settle();
        assert_eq!(world.elapsed(), Duration::ZERO);
        let events = mem::take(&mut *book.events.lock().unwrap());
        Played { events, system, hands }
    }
}

/// Explores all orders of a program; `check` looks at each, and gives what can differ.
#[track_caller]
pub(crate) fn explore<T: Ord>(
    what: &str,
    program: &Program,
    check: impl Fn(&World, Played) -> T,
) -> BTreeSet<T> {
    let outcomes = RefCell::new(BTreeSet::new());
    let covered = Exhaust::full().find(|world| {
        let played = program.play(world);
        let outcome = check(world, played);
        outcomes.borrow_mut().insert(outcome);
    });
    let covered = covered.unwrap_or_else(|found| panic!("{what}: {found}"));
    assert!(covered.is_complete, "{what}: {covered:?}");
    outcomes.into_inner()
}

//! A long computation that lets others have their turn from time to time.

use std::{future::poll_fn, task::Poll, time::Duration};

use ghostlight_rt::{Instant, Runtime};

use crate::{Actor, ReadContext};

/// How much a loop does before others have their turn: so many rounds, or so much time, whichever is spent
/// first.
///
/// An actor that computes keeps its thread, and nobody interrupts it. A loop that ticks yields of itself.
/// Its actor handles nothing else meanwhile: a turn stays a turn.
///
/// ```
/// # extern crate ghostlight_core as ghostlight;
/// use ghostlight::{Actor, Context, Handler, Message, System};
///
/// #[derive(Message)]
/// #[message(reply = u64)]
/// struct Sum(Vec<u64>);
///
/// #[derive(Actor)]
/// #[actor(handles(Sum))]
/// struct Adder;
///
/// impl Handler<Sum> for Adder {
///     async fn handle(&mut self, Sum(numbers): Sum, cx: &mut Context<'_, Self>) -> u64 {
///         let mut budget = cx.yield_budget(64);
///         let mut sum = 0;
///         for n in numbers {
///             sum += n;
///             budget.tick().await;
///         }
///         sum
///     }
/// }
///
/// let system = System::new("sums");
/// let adder = system.spawn(Adder);
/// let sum = system.block_on(adder.ask(Sum((0..1000).collect())).into_future());
/// assert_eq!(sum.unwrap(), 499_500);
/// ```
#[derive(Debug)]
pub struct YieldBudget {
    limit: u32,
    /// How many ticks there were since the last that yielded.
    ticks: u32,
    quantum: Option<Quantum>,
    /// What was said about the next tick, which keeps it.
    decided: Option<bool>,
}

#[derive(Debug)]
struct Quantum {
    length: Duration,
    since: Instant,
    runtime: Runtime,
}

impl YieldBudget {
    /// Yields at every `limit`-th tick; zero counts as 1.
    #[must_use]
    pub fn new(limit: u32) -> Self {
        Self { limit: limit.max(1), ticks: 0, quantum: None, decided: None }
    }

    /// Yields also where `quantum` has passed on the clock of `runtime` since it last did. Each tick looks
    /// at the clock then.
    #[must_use]
    pub fn quantum(mut self, quantum: Duration, runtime: &Runtime) -> Self {
        let (since, runtime) = (runtime.now(), runtime.clone());
        self.quantum = Some(Quantum { length: quantum, since, runtime });
        self
    }

    /// Whether the next [`tick`](Self::tick) will yield; what this says, that does.
    pub fn should_yield(&mut self) -> bool {
        *self.decided.get_or_insert_with(|| {
            self.limit <= self.ticks + 1 || self.quantum.as_ref().is_some_and(Quantum::is_spent)
        })
    }

    /// Notes a round of work. If the budget is spent, lets others have their turn, and begins anew.
    ///
    /// # Cancel safety
    /// If dropped before it returns, the round was noted, and the budget begins anew.
    pub async fn tick(&mut self) {
        let yields = self.should_yield();
        self.decided = None;
        if !yields {
            self.ticks += 1;
            return;
        }
        self.ticks = 0;
        yield_once().await;
        if let Some(quantum) = &mut self.quantum {
            quantum.since = quantum.runtime.now();
        }
    }
}

impl Quantum {
    fn is_spent(&self) -> bool {
        self.length <= self.runtime.now() - self.since
    }
}

/// Notes a round of work in `n`, and at every `budget`-th lets others have their turn; zero counts as 1.
///
/// ```
/// # ghostlight_rt::Runtime::multi_thread().block_on(async {
/// let mut n = 0;
/// for _round in 0..10 {
///     ghostlight_core::yield_every(&mut n, 4).await;
/// }
/// assert_eq!(n, 2);
/// # });
/// ```
///
/// # Cancel safety
/// If dropped before it returns, the round was noted, and counting begins anew.
pub async fn yield_every(n: &mut u32, budget: u32) {
    *n += 1;
    if budget <= *n {
        *n = 0;
        yield_once().await;
    }
}

async fn yield_once() {
    let mut has_yielded = false;
    poll_fn(|cx| {
        if has_yielded {
            return Poll::Ready(());
        }
        has_yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl<A: Actor> ReadContext<'_, A> {
    /// A budget of `limit` rounds for a long computation, and of the actor's own
    /// [`quantum`](crate::SpawnOptions::quantum): 200 µs by default.
    #[must_use]
    pub fn yield_budget(&self, limit: u32) -> YieldBudget {
        let cell = self.cell();
        YieldBudget::new(limit).quantum(cell.settings.quantum, &cell.system.runtime)
    }
}

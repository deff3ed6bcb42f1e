//! Every order of a small test: those that stray from taking turns only so often, or all.

use std::collections::{BTreeMap, VecDeque};

use crate::{
    Explorer, Found, Replay, Strategy, World,
    prune::{Orders, Search},
    run::{Keep, Run, run, run_surveyed},
    survey::Survey,
};

/// Runs a small test in every order, or in every one of a kind.
///
/// | want | take |
/// |---|---|
/// | all orders, of a test with a handful of steps | [`full`](Self::full) |
/// | one of all those that come to the same, for actors that share nothing | [`pruned`](Self::pruned) |
/// | what takes few but unlikely steps, in a test of any size | [`straying`](Self::straying) |
///
/// The order in which [`World::finish`] ends what still runs is not varied.
///
/// ```
/// use ghostlight_testkit::{Exhaust, World};
///
/// fn three_tasks(world: &World) {
///     for _ in 0..3 {
///         drop(world.runtime().spawn(async {}));
///     }
///     world.settle();
/// }
///
/// let covered = Exhaust::full().find(three_tasks).expect("nothing can fail here");
/// assert!(covered.is_complete);
/// assert_eq!(covered.orders, 3 * 2);
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing runs before `run` or `find`"]
pub struct Exhaust {
    which: Which,
    runs: usize,
    seed: u64,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Which {
    /// Those that stray at no more than so many choices.
    Straying(usize),
    /// One of all that differ only in steps which touch nothing in common.
    Pruned,
}

/// What was covered without a failure.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Covered {
    /// In how many orders the test was run.
    pub orders: usize,
    /// How many more were begun and not gone through with, or not begun, as they would only have
    /// repeated one of those; each stands for at least one.
    pub pruned: u64,
    /// Whether those were all there are.
    pub is_complete: bool,
}

impl Exhaust {
    /// Every order that strays from taking turns at no more than so many choices.
    ///
    /// Tasks take turns, the one that has waited longest first; at a choice that strays, another one
    /// is taken. Most faults of order need one or two of those, as Emmi, Qadeer and Rakamarić found
    /// ("Delay-Bounded Scheduling", 2011), and how many orders there are grows with the power of it.
    ///
    /// ```
    /// # use ghostlight_testkit::Exhaust;
    /// let covered = Exhaust::straying(2).find(|world| {
    ///     for _ in 0..3 {
    ///         drop(world.runtime().spawn(async {}));
    ///     }
    ///     world.settle();
    /// });
    /// assert_eq!(covered.expect("nothing can fail here").orders, 1 + (2 + 1) + 2);
    /// ```
    pub const fn straying(choices: usize) -> Self {
        Self { which: Which::Straying(choices), runs: 100_000, seed: 0 }
    }

    /// Every order there is.
    ///
    /// There is no end to them if a task can wait by giving up its turn over and over.
    pub const fn full() -> Self {
        Self::straying(usize::MAX)
    }

    /// Every order there is, but only one of those that come to the same: where two steps follow one
    /// another that touch nothing in common, the other order of these two is left out.
    ///
    /// What a step touches is known if an actor handles a message in it without waiting for anything,
    /// and if nothing came of it but messages, sent or answered: that is its own actor, those it sent
    /// to, and those that wait for its answers. Every other step counts as touching everything: what
    /// the test itself does, tasks that are no actor's, handlers that wait, and whatever starts, ends,
    /// fails, refuses or loses something, or changes a name or a group.
    ///
    /// This takes for granted that the turns of different actors have nothing in common but what the
    /// platform sees. Where they share memory, such as a lock or a list that the test reads, or look
    /// how many messages another one has, use [`full`](Self::full).
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// use ghostlight::{Actor, Context, Handler, Message};
    /// use ghostlight_testkit::{Exhaust, World};
    ///
    /// #[derive(Message)]
    /// struct Add(u32);
    ///
    /// #[derive(Actor)]
    /// #[actor(handles(Add))]
    /// struct Sum(u32);
    ///
    /// impl Handler<Add> for Sum {
    ///     async fn handle(&mut self, add: Add, _: &mut Context<'_, Self>) {
    ///         self.0 += add.0;
    ///     }
    /// }
    ///
    /// fn three_strangers(world: &World) {
    ///     let system = world.system("sums");
    ///     for n in 0..3 {
    ///         system.spawn(Sum(0)).try_tell(Add(n)).unwrap();
    ///     }
    ///     world.settle();
    /// }
    ///
    /// let all = Exhaust::full().find(three_strangers).expect("nothing can fail here");
    /// let pruned = Exhaust::pruned().find(three_strangers).expect("nothing can fail here");
    /// assert_eq!((all.orders, pruned.orders), (6, 1));
    /// assert!(pruned.is_complete);
    /// ```
    pub const fn pruned() -> Self {
        Self { which: Which::Pruned, runs: 100_000, seed: 0 }
    }

    /// Gives up after so many runs; 100,000 by default.
    pub const fn at_most(mut self, runs: usize) -> Self {
        self.runs = runs;
        self
    }

    /// What chance follows from, apart from the order; zero by default.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Runs the test in every order, and fails with the smallest run that does.
    ///
    /// # Panics
    /// If a run fails.
    #[track_caller]
    pub fn run(self, test: impl Fn(&World)) {
        if let Err(found) = self.find(test) {
            panic!("{found}");
        }
    }

    /// Runs the test in every order, or until one fails; without pruning, those that stray least come
    /// first.
    ///
    /// # Errors
    /// The run that fails.
    pub fn find(self, test: impl Fn(&World)) -> Result<Covered, Box<Found>> {
        match self.which {
            Which::Straying(most) => self.find_straying(most, &test),
            Which::Pruned => self.find_pruned(&test),
        }
    }

    fn find_straying(&self, most: usize, test: &impl Fn(&World)) -> Result<Covered, Box<Found>> {
        let mut open = VecDeque::from([BTreeMap::new()]);
        let mut orders = 0;
        while let Some(script) = open.pop_front() {
            if orders == self.runs {
                return Ok(Covered { orders, pruned: 0, is_complete: false });
            }
            orders += 1;
            let replay = Replay::new(self.seed, Strategy::Script(script.clone()));
            let it = run(&replay, Keep::Nothing, test);
            if it.failure.is_some() {
                return Err(found(&it, orders, test));
            }
            if script.len() < most {
                open.extend(strays(&script, &it.sizes));
            }
        }
        Ok(Covered { orders, pruned: 0, is_complete: true })
    }

    fn find_pruned(&self, test: &impl Fn(&World)) -> Result<Covered, Box<Found>> {
        let mut search = Search::default();
        let mut next = Some(Orders::default());
        let mut orders = 0;
        while let Some(Orders { script, steps, asleep }) = next {
            if orders == self.runs {
                return Ok(Covered { orders, pruned: search.pruned, is_complete: false });
            }
            orders += 1;
            let replay = Replay::new(self.seed, Strategy::Script(script));
            let survey = Some(Survey::new(steps, asleep));
            let it = run_surveyed(&replay, Keep::Script, survey, test);
            if it.failure.is_some() {
                let script = Strategy::Script(it.noted.clone());
                let again = run(&Replay::new(self.seed, script), Keep::Nothing, test);
                return Err(found(&again, orders, test));
            }
            next = search.next(&it.steps_taken);
        }
        Ok(Covered { orders, pruned: search.pruned, is_complete: true })
    }
}

fn found(failed: &Run, orders: usize, test: &impl Fn(&World)) -> Box<Found> {
    Box::new(Explorer::seeds(1).shrunk(failed, orders as u64, test))
}

/// The scripts that stray at one more choice, after all others.
fn strays(script: &BTreeMap<u64, u32>, sizes: &[u32]) -> Vec<BTreeMap<u64, u32>> {
    let first = script.last_key_value().map_or(0, |it| it.0 + 1);
    let choices = (first..).zip(sizes.iter().skip(first as usize));
    let more = choices.flat_map(|(choice, &size)| (1..size).map(move |it| (choice, it)));
    more.map(|it| script.clone().into_iter().chain([it]).collect()).collect()
}

//! How the next of several runnable tasks is chosen.

use std::collections::{BTreeMap, VecDeque};

use ghostlight_rt::Rng;

use crate::digest::seed_for;

/// How a world chooses which of the runnable tasks runs next.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Strategy {
    /// Any of them, with equal chance. The default: it reaches most orders, and most of them soon.
    #[default]
    Random,
    /// The one that has waited longest, as a fair runtime would.
    RoundRobin,
    /// By priorities drawn at random, the greatest first, which change at so many random moments:
    /// finds what takes few but unlikely steps, such as one task that stands still for long.
    ///
    /// After Burckhardt, Kothari, Musuvathi and Nagarakatte, "A Randomized Scheduler with
    /// Probabilistic Guarantees of Finding Bugs", 2010.
    Priorities {
        /// How often the order of priorities changes.
        changes: usize,
        /// How many steps a run takes, about: the changes are spread over them.
        steps: usize,
    },
    /// As somebody wrote down: at the given choices the given one, otherwise the one that has waited
    /// longest. What a failing run is shrunk to.
    Script(BTreeMap<u64, u32>),
}

/// A strategy at work in one run.
pub(crate) struct Chooser {
    rng: Rng,
    way: Way,
    /// How many choices there were so far.
    pub(crate) made: u64,
    /// The choices that differ from taking the first, if they are wanted.
    pub(crate) noted: Option<BTreeMap<u64, u32>>,
    /// How many there were to choose from, each time; by scripts only, since it is they that stray.
    pub(crate) sizes: Vec<u32>,
    /// Choices are no longer among those that others may stray from.
    pub(crate) is_sealed: bool,
}

enum Way {
    Random,
    RoundRobin,
    Priorities(Priorities),
    Script(BTreeMap<u64, u32>),
}

impl Chooser {
    pub(crate) fn new(strategy: Strategy, seed: u64) -> Self {
        let mut rng = Rng::seeded(seed_for(seed, "order of tasks"));
        let way = match strategy {
            Strategy::Random => Way::Random,
            Strategy::RoundRobin => Way::RoundRobin,
            Strategy::Priorities { changes, steps } => {
                Way::Priorities(Priorities::new(changes, steps, &mut rng))
            }
            Strategy::Script(script) => Way::Script(script),
        };
        Self { rng, way, made: 0, noted: None, sizes: Vec::new(), is_sealed: false }
    }

    /// Keeps the choices from here on.
    pub(crate) fn keep(&mut self) {
        self.noted.get_or_insert_default();
    }

    /// Which of the runnable tasks is next; a script that does not say takes the preferred one.
    pub(crate) fn task(&mut self, ready: &VecDeque<u32>, preferred: usize) -> usize {
        if ready.len() < 2 {
            return 0;
        }
        let chosen = match &mut self.way {
            Way::Random => self.rng.below(ready.len()),
            Way::RoundRobin => 0,
            Way::Priorities(it) => it.choose(ready, &mut self.rng),
            Way::Script(script) => scripted(script, self.made, preferred, ready.len()),
        };
        self.note(chosen, ready.len())
    }

    /// Whether something that could be done at once is put off. Seldom, and never by round robin.
    pub(crate) fn puts_off(&mut self) -> bool {
        let chosen = match &mut self.way {
            Way::Random | Way::Priorities(_) => usize::from(self.rng.below(4) == 0),
            Way::RoundRobin => 0,
            Way::Script(script) => scripted(script, self.made, 0, 2),
        };
        self.note(chosen, 2) == 1
    }

    fn note(&mut self, chosen: usize, of: usize) -> usize {
        if let Way::Script(_) = self.way
            && !self.is_sealed
        {
            self.sizes.push(of as u32);
        }
        if chosen != 0
            && let Some(noted) = &mut self.noted
        {
            noted.insert(self.made, chosen as u32);
        }
        self.made += 1;
        chosen
    }

    /// A task has given up its turn while it could have gone on.
    pub(crate) fn yielded(&mut self, place: u32) {
        if let Way::Priorities(it) = &mut self.way {
            it.lower(place);
        }
    }

    pub(crate) fn ended(&mut self, place: u32) {
        if let Way::Priorities(it) = &mut self.way {
            it.of.remove(&place);
        }
    }
}

fn scripted(script: &BTreeMap<u64, u32>, choice: u64, otherwise: usize, of: usize) -> usize {
    script.get(&choice).map_or(otherwise, |it| (*it as usize).min(of - 1))
}

/// The priorities of tasks: the greatest runs.
struct Priorities {
    of: BTreeMap<u32, u64>,
    /// The steps at which the task that would run is lowered beneath all others.
    changes: Vec<usize>,
    step: usize,
    /// Beneath everybody so far.
    lowest: u64,
}

impl Priorities {
    fn new(changes: usize, steps: usize, rng: &mut Rng) -> Self {
        let changes = (0..changes).map(|_| rng.below(steps.max(1))).collect();
        Self { of: BTreeMap::new(), changes, step: 0, lowest: u64::MAX / 2 }
    }

    fn choose(&mut self, ready: &VecDeque<u32>, rng: &mut Rng) -> usize {
        for place in ready {
            self.of.entry(*place).or_insert_with(|| rng.any() | (1 << 63));
        }
        let mut chosen = self.greatest(ready);
        if self.changes.contains(&self.step) {
            self.lower(ready[chosen]);
            chosen = self.greatest(ready);
        }
        self.step += 1;
        chosen
    }

    fn greatest(&self, ready: &VecDeque<u32>) -> usize {
        let all = ready.iter().enumerate();
        all.max_by_key(|(_, place)| self.of.get(*place)).map_or(0, |it| it.0)
    }

    fn lower(&mut self, place: u32) {
        self.lowest -= 1;
        self.of.insert(place, self.lowest);
    }
}

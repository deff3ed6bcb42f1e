//! What faults do to a world.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::Ordering,
    task::Waker,
};

use ghostlight_rt::Rng;

use crate::{digest::seed_for, engine::Engine};

/// What faults have done to a world so far, or will.
pub(crate) struct Harm {
    rng: Rng,
    /// How many faults there were in all plans.
    pub(crate) n_faults: u64,
    /// Those that are left out, by number.
    pub(crate) left_out: BTreeSet<u64>,
    /// The ids of actors that are given no turn.
    starved: BTreeSet<String>,
    /// The places of their tasks that could run.
    held: Vec<u32>,
    /// Who is to be woken at which step.
    steps: BTreeMap<u64, Vec<Waker>>,
}

impl Harm {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            rng: Rng::seeded(seed_for(seed, "faults")),
            n_faults: 0,
            left_out: BTreeSet::new(),
            starved: BTreeSet::new(),
            held: Vec::new(),
            steps: BTreeMap::new(),
        }
    }

    /// Whether a task of this name is given no turn.
    pub(crate) fn starves(&self, task: &str) -> bool {
        !self.starved.is_empty()
            && task.rsplit(' ').next().is_some_and(|it| self.starved.contains(it))
    }

    /// Whether somebody waits for a step by its number.
    pub(crate) fn counts_steps(&self) -> bool {
        !self.steps.is_empty()
    }

    pub(crate) fn hold(&mut self, place: u32) {
        self.held.push(place);
    }
}

impl Engine {
    /// Counts one more fault, and says whether it is left out.
    pub(crate) fn leaves_out_fault(&self) -> bool {
        let harm = &mut self.lock().harm;
        let number = harm.n_faults;
        harm.n_faults += 1;
        harm.left_out.contains(&number)
    }

    pub(crate) fn draw_fault(&self, bound: usize) -> usize {
        self.lock().harm.rng.below(bound)
    }

    /// Gives the actor with this id no turn any more.
    pub(crate) fn starve(&self, id: &str) {
        let mut state = self.lock();
        let state = &mut *state;
        state.harm.starved.insert(id.to_owned());
        let (harm, tasks) = (&mut state.harm, &state.tasks);
        let (held, ready) = tasks.ready.iter().partition::<Vec<u32>, _>(|it| {
            tasks.get(**it).is_some_and(|it| harm.starves(&it.name))
        });
        harm.held.extend(held);
        state.tasks.ready = ready.into();
    }

    /// Gives it turns again.
    pub(crate) fn feed(&self, id: &str) {
        let mut state = self.lock();
        let state = &mut *state;
        state.harm.starved.remove(id);
        for place in std::mem::take(&mut state.harm.held) {
            match state.tasks.get(place) {
                Some(slot) if state.harm.starves(&slot.name) => state.harm.held.push(place),
                Some(slot)
                    if slot.notice.is_queued.load(Ordering::Relaxed)
                        && !state.tasks.ready.contains(&place) =>
                {
                    state.tasks.ready.push_back(place);
                }
                _ => {}
            }
        }
    }

    /// Gives everybody turns again.
    pub(crate) fn feed_all(&self) {
        let starved = self.lock().harm.starved.clone();
        starved.iter().for_each(|it| self.feed(it));
    }

    /// Whether the world has taken so many steps; if not, `waker` is woken when it has.
    pub(crate) fn wake_at_step(&self, step: u64, waker: &Waker) -> bool {
        let mut state = self.lock();
        if step <= state.steps {
            return true;
        }
        state.harm.steps.entry(step).or_default().push(waker.clone());
        false
    }

    /// Wakes whoever waits for the step that is about to be taken.
    pub(crate) fn wake_for_step(&self) {
        let mut state = self.lock();
        let steps = state.steps;
        let Some(due) = state.harm.steps.first_entry().filter(|it| *it.key() <= steps) else {
            return;
        };
        let wakers = due.remove();
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Has the clock on the wall jump.
    pub(crate) fn move_wall(&self, seconds: i64) {
        self.wall.fetch_add(seconds, Ordering::Relaxed);
    }
}

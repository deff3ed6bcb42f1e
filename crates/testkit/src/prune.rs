//! The orders of a small test that differ in more than steps which touch nothing in common.
//!
//! After Abdulla, Aronsson, Jonsson and Sagonas, "Optimal Dynamic Partial Order Reduction" (2014), the
//! simpler of their two: a search in depth that looks at each run for races, tries the other order of
//! each, and lets a task sleep while its next step would only repeat what was run.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    survey::{Sleepers, Step, Touch},
    task::TaskId,
};

/// The orders that are being run, as the one run last and what is to be done otherwise in it.
#[derive(Default)]
pub(crate) struct Search {
    nodes: Vec<Node>,
    /// How many tasks were not given their turn, somewhere, since that would only repeat what was run.
    pub(crate) pruned: u64,
}

/// A step, and what else could be done in its place.
struct Node {
    ready: Vec<TaskId>,
    asleep: Sleepers,
    /// Those that were given the turn here, and all that followed.
    done: Sleepers,
    /// Those that must be given the turn here, done or not.
    wanted: BTreeSet<TaskId>,
    chosen: TaskId,
    tosses: Vec<bool>,
    /// What its step touched, in all runs through here.
    touch: Touch,
}

/// What the next run is to do.
#[derive(Default)]
pub(crate) struct Orders {
    pub(crate) script: BTreeMap<u64, u32>,
    pub(crate) steps: usize,
    pub(crate) asleep: Sleepers,
}

impl Search {
    /// Learns from a run, and says what to do next; none if all is done.
    pub(crate) fn next(&mut self, steps: &[Step]) -> Option<Orders> {
        let first_new = self.take_in(steps);
        races(steps, first_new).into_iter().for_each(|it| self.try_otherwise(it));
        self.backtrack()
    }

    /// Adds the steps that are new, and gives the first that may differ from the run before.
    fn take_in(&mut self, steps: &[Step]) -> usize {
        let first_new = self.nodes.len().saturating_sub(1);
        if let (Some(node), Some(step)) = (self.nodes.last_mut(), steps.get(first_new)) {
            node.tosses.clone_from(&step.tosses);
            node.touch.add(&step.touch);
        }
        self.nodes.extend(steps.iter().skip(self.nodes.len()).map(Node::of));
        first_new
    }

    /// Sees to it that the other order is tried.
    fn try_otherwise(&mut self, Race { before, firsts }: Race) {
        let node = &mut self.nodes[before];
        // Whoever could not run then was only let by the step that is to be put off.
        let mut firsts: Vec<_> = firsts.into_iter().filter(|it| node.ready.contains(it)).collect();
        if !firsts.iter().any(|it| node.wanted.contains(it)) {
            node.wanted.extend(firsts.pop());
        }
    }

    fn backtrack(&mut self) -> Option<Orders> {
        while let Some(node) = self.nodes.last_mut() {
            if node.toss_otherwise() || node.choose_otherwise() {
                return Some(self.orders());
            }
            self.pruned += (node.ready.len() - node.done.len()) as u64;
            self.nodes.pop();
        }
        None
    }

    fn orders(&self) -> Orders {
        let (mut script, mut choices) = (BTreeMap::new(), 0..);
        for node in &self.nodes {
            let place = node.ready.iter().position(|it| *it == node.chosen).unwrap_or(0);
            let task = (node.ready.len() > 1).then_some(place as u32);
            for choice in task.into_iter().chain(node.tosses.iter().map(|it| u32::from(*it))) {
                script.extend(choices.next().map(|it| (it, choice)));
            }
        }
        let asleep = self.nodes.last().map(Node::sleepers).unwrap_or_default();
        Orders { script, steps: self.nodes.len(), asleep }
    }
}

impl Node {
    fn of(step: &Step) -> Self {
        Self {
            ready: step.ready.clone(),
            asleep: step.asleep.clone(),
            done: Vec::new(),
            wanted: [step.task].into(),
            chosen: step.task,
            tosses: step.tosses.clone(),
            touch: step.touch.clone(),
        }
    }

    /// Whoever has nothing new to offer here.
    fn sleepers(&self) -> Sleepers {
        self.asleep.iter().chain(&self.done).cloned().collect()
    }

    /// The last toss that was not yet drawn both ways is drawn the other way.
    fn toss_otherwise(&mut self) -> bool {
        while self.tosses.pop_if(|it| *it).is_some() {}
        match self.tosses.last_mut() {
            Some(last) => {
                *last = true;
                true
            }
            None => false,
        }
    }

    /// Another task that is wanted here is given the turn.
    fn choose_otherwise(&mut self) -> bool {
        let touch = std::mem::replace(&mut self.touch, Touch::Only(BTreeSet::new()));
        self.done.push((self.chosen, touch));
        let sleepers = self.sleepers();
        let is_new = |task: &&TaskId| !sleepers.iter().any(|it| it.0 == **task);
        match self.wanted.iter().find(is_new) {
            Some(task) => {
                self.chosen = *task;
                true
            }
            None => false,
        }
    }
}

/// Two steps of one run that could come in the other order, and what then comes first.
struct Race {
    before: usize,
    /// Those with nothing ahead of them if `before` is put off.
    firsts: Vec<TaskId>,
}

/// The races of a run in which a step from `first_new` on comes second.
fn races(steps: &[Step], first_new: usize) -> Vec<Race> {
    let mut pasts: Vec<BTreeSet<usize>> = Vec::new();
    let mut races = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        let mut past = BTreeSet::new();
        for before in (0..at).rev() {
            let other = &steps[before];
            if other.epoch != step.epoch {
                break;
            }
            let is_own = other.task == step.task;
            if past.contains(&before) || !(is_own || other.touch.meets(&step.touch)) {
                continue;
            }
            if !is_own && first_new <= at {
                races.push((before, at));
            }
            past.insert(before);
            past.extend(&pasts[before]);
        }
        pasts.push(past);
    }
    let of = |(before, at)| Race { before, firsts: firsts(steps, &pasts, before, at) };
    races.into_iter().map(of).collect()
}

/// Who comes first if `before` is put off until after what does not depend on it, and `at`.
fn firsts(steps: &[Step], pasts: &[BTreeSet<usize>], before: usize, at: usize) -> Vec<TaskId> {
    let free = (before + 1..at).filter(|it| !pasts[*it].contains(&before));
    let kept: Vec<usize> = free.chain([at]).collect();
    let is_first = |it: &&usize| !kept.iter().any(|other| pasts[**it].contains(other));
    kept.iter().filter(is_first).map(|it| steps[*it].task).collect()
}

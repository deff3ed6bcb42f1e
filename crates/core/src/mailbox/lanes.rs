//! The queues beside the normal one, and whose turn it is among them.

use super::{Priority, Queue};

/// How many messages of higher levels may pass a waiting one of a lower level.
pub(crate) const MAX_CONSECUTIVE: u32 = 64;

const NORMAL: usize = Priority::Normal.rank();

/// Messages that are not of normal priority, and the fairness between all levels.
///
/// Made when the first such message arrives.
#[derive(Debug)]
pub(crate) struct Lanes<E> {
    /// One queue per level; the normal one stays empty, its messages lie in the inbox.
    queues: [Queue<E>; 5],
    /// How many messages of higher levels each level has let pass since it was last served.
    passed: [u32; 5],
    /// Whether what runs now was picked from the normal queue.
    runs_normal: bool,
}

/// What to take next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Pick {
    /// At most so many of the normal queue, before asking again.
    Normal { at_most: u32 },
    /// One of the lane with this rank.
    Lane(usize),
    /// There is nothing.
    Nothing,
}

impl<E> Default for Lanes<E> {
    fn default() -> Self {
        Self { queues: Default::default(), passed: [0; 5], runs_normal: true }
    }
}

impl<E> Lanes<E> {
    /// The queue of one level. That of the normal one stays empty.
    pub(crate) fn queue(&mut self, priority: Priority) -> &mut Queue<E> {
        &mut self.queues[priority.rank()]
    }

    pub(crate) fn len(&self) -> usize {
        self.queues.iter().map(Queue::len).sum()
    }

    /// Whether something waits that goes before normal messages.
    pub(crate) fn is_urgent(&self) -> bool {
        self.queues[..NORMAL].iter().any(|it| !it.is_empty())
    }

    /// Decides whose turn it is, given whether normal messages wait.
    pub(crate) fn pick(&mut self, normal_waits: bool) -> Pick {
        let waits = |rank: usize| {
            if rank == NORMAL { normal_waits } else { !self.queues[rank].is_empty() }
        };
        let starved = (0..5).rev().find(|&it| waits(it) && self.passed[it] >= MAX_CONSECUTIVE);
        let next = starved.or_else(|| (0..5).find(|&it| waits(it)));
        self.runs_normal = next == Some(NORMAL);
        match next {
            None => Pick::Nothing,
            Some(NORMAL) => Pick::Normal { at_most: self.normal_run(starved.is_some()) },
            Some(lane) => Pick::Lane(lane),
        }
    }

    /// How many normal messages may run before a level must be looked at again.
    fn normal_run(&self, is_overdue: bool) -> u32 {
        if is_overdue || self.is_urgent() {
            return 1;
        }
        let below = (NORMAL + 1..5).filter(|&it| !self.queues[it].is_empty());
        below
            .map(|it| MAX_CONSECUTIVE.saturating_sub(self.passed[it]).max(1))
            .min()
            .unwrap_or(u32::MAX)
    }

    /// Takes the next message of a lane that [`pick`](Self::pick) named.
    pub(crate) fn take(&mut self, rank: usize, normal_waits: bool) -> Option<E> {
        let envelope = self.queues[rank].pop_front()?;
        self.served(rank, 1, normal_waits);
        Some(envelope)
    }

    /// The next message of a lane.
    pub(crate) fn front(&self, rank: usize) -> Option<&E> {
        self.queues[rank].front()
    }

    /// Takes the first of its kind out of the most urgent level that has one.
    pub(crate) fn take_first(&mut self, is_wanted: impl Fn(&E) -> bool) -> Option<E> {
        self.queues.iter_mut().find_map(|it| it.take_first(&is_wanted))
    }

    /// Notes that so many messages have run since the last pick.
    pub(crate) fn ran(&mut self, n: u32) {
        if n != 0 && self.runs_normal {
            self.served(NORMAL, n, false);
        }
    }

    fn served(&mut self, rank: usize, n: u32, normal_waits: bool) {
        self.passed[rank] = 0;
        for lower in rank + 1..5 {
            // A level where nothing waits is not being passed over.
            let waits = if lower == NORMAL { normal_waits } else { !self.queues[lower].is_empty() };
            self.passed[lower] = if waits { self.passed[lower].saturating_add(n) } else { 0 };
        }
    }

    /// Takes out the oldest message of one level.
    pub(crate) fn evict(&mut self, level: Priority) -> Option<E> {
        self.queues[level.rank()].pop_front()
    }

    /// Everything that goes before normal messages, most urgent first.
    pub(crate) fn drain_above_normal(&mut self) -> impl Iterator<Item = E> + '_ {
        self.queues[..NORMAL].iter_mut().flatten()
    }

    /// Everything, most urgent first.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = E> + '_ {
        self.queues.iter_mut().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Serves `n` messages by the rule and writes the level of each as a letter.
    fn order(waiting: &[(Priority, usize)], mut normal: usize, n: usize) -> String {
        let mut lanes = Lanes::default();
        for &(priority, count) in waiting {
            (0..count).for_each(|_| lanes.queue(priority).push_back(()));
        }
        let mut told = String::new();
        while told.len() < n {
            match lanes.pick(normal > 0) {
                Pick::Nothing => break,
                Pick::Lane(rank) => {
                    lanes.take(rank, normal > 0).unwrap();
                    told.push(['c', 'h', 'n', 'l', 'b'][rank]);
                }
                Pick::Normal { at_most } => {
                    let run = normal.min(at_most as usize).min(n - told.len());
                    normal -= run;
                    lanes.ran(u32::try_from(run).unwrap());
                    told.extend(std::iter::repeat_n('n', run));
                }
            }
        }
        told
    }

    #[test]
    fn the_most_urgent_level_goes_first() {
        use Priority::{Background, Critical, High, Low};
        let all = [(Background, 1), (Low, 1), (High, 1), (Critical, 2)];
        assert_eq!(order(&all, 2, 99), "cchnnlb");
    }

    #[test]
    fn a_lower_level_is_served_once_for_every_64_of_higher_ones() {
        let told = order(&[(Priority::Critical, 200), (Priority::Low, 3)], 0, 200);
        let served: Vec<_> = told.match_indices('l').map(|it| it.0).collect();
        assert_eq!(served, [64, 129, 194]);
    }

    #[test]
    fn normal_messages_are_starved_by_none_and_starve_none() {
        let told = order(&[(Priority::High, 100), (Priority::Background, 2)], 100, 170);
        assert_eq!(told.find('n'), Some(65), "{told}");
        assert_eq!(told.find('b'), Some(64), "{told}");
    }

    #[test]
    fn without_other_levels_all_normal_messages_run_in_one_go() {
        let mut lanes = Lanes::<()>::default();
        assert_eq!(lanes.pick(true), Pick::Normal { at_most: u32::MAX });
        assert_eq!(lanes.pick(false), Pick::Nothing);
    }
}

//! What was measured, and the arithmetic of it.

use std::collections::BTreeMap;

use super::plan::{Cell, Runtime};

/// How far the two clocks may differ on one thread before something else must have run.
const DISTURBED: f64 = 0.02;

/// What one process reported.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample {
    pub(crate) values: BTreeMap<String, f64>,
    pub(crate) wall_ns: f64,
    pub(crate) cpu_ns: f64,
}

impl Sample {
    /// Whether something else ran meanwhile. Only one thread can tell: it computes all the time.
    pub(crate) fn is_disturbed(&self, runtime: Runtime) -> bool {
        runtime == Runtime::Ct && (self.wall_ns - self.cpu_ns).abs() > self.wall_ns * DISTURBED
    }
}

/// Samples of all cells, by round.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    cells: BTreeMap<Cell, BTreeMap<u32, Sample>>,
    processes: u32,
    dropped: u32,
}

impl Figures {
    /// Adds a sample. A round keeps its undisturbed one, if it has one.
    pub(crate) fn add(&mut self, cell: &Cell, round: u32, sample: Sample) {
        self.processes += 1;
        let runtime = cell.runtime;
        if sample.is_disturbed(runtime) {
            self.dropped += 1;
        }
        let rounds = self.cells.entry(cell.clone()).or_default();
        if rounds.get(&round).is_none_or(|it| it.is_disturbed(runtime)) {
            rounds.insert(round, sample);
        }
    }

    /// Forgets a cell that cannot be relied on.
    pub(crate) fn forget(&mut self, cell: &Cell) {
        self.cells.remove(cell);
    }

    pub(crate) const fn processes(&self) -> u32 {
        self.processes
    }

    /// How many samples were dropped because something else ran.
    pub(crate) const fn dropped(&self) -> u32 {
        self.dropped
    }

    /// One figure of a cell in every round that counts.
    pub(crate) fn series(&self, cell: &Cell, figure: &str) -> Series {
        let Some(rounds) = self.cells.get(cell) else { return Series::default() };
        let pick = |is_wanted: &dyn Fn(&Sample) -> bool| -> BTreeMap<u32, f64> {
            rounds
                .iter()
                .filter(|(_, sample)| is_wanted(sample))
                .filter_map(|(round, sample)| Some((*round, *sample.values.get(figure)?)))
                .collect()
        };
        let calm = pick(&|sample| !sample.is_disturbed(cell.runtime));
        if calm.is_empty() {
            return Series { rounds: pick(&|_| true), is_disturbed: true };
        }
        Series { rounds: calm, is_disturbed: false }
    }
}

/// A figure by round.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Series {
    rounds: BTreeMap<u32, f64>,
    /// Whether every round was disturbed, so that none could be dropped.
    pub(crate) is_disturbed: bool,
}

impl Series {
    pub(crate) fn len(&self) -> usize {
        self.rounds.len()
    }

    pub(crate) fn median(&self) -> Option<f64> {
        median(self.rounds.values().copied())
    }

    /// Largest minus smallest, relative to the median.
    pub(crate) fn spread(&self) -> Option<f64> {
        let median = self.median().filter(|it| *it > 0.0)?;
        let largest = self.rounds.values().copied().reduce(f64::max)?;
        Some((largest - self.smallest()?) / median)
    }

    fn smallest(&self) -> Option<f64> {
        self.rounds.values().copied().reduce(f64::min)
    }

    /// Smallest over smallest, for two variants that differ by less than medians repeat: what
    /// else runs on the machine can only add.
    pub(crate) fn floor_ratio_to(&self, other: &Self) -> Option<f64> {
        Some(self.smallest()? / other.smallest().filter(|it| *it > 0.0)?)
    }

    /// The median of the ratios within rounds; of the medians if no round has both.
    pub(crate) fn ratio_to(&self, other: &Self) -> Option<f64> {
        let ratios = self.rounds.iter().filter_map(|(round, value)| {
            let other = other.rounds.get(round)?;
            (*other > 0.0).then(|| value / other)
        });
        median(ratios).or_else(|| Some(self.median()? / other.median().filter(|it| *it > 0.0)?))
    }
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        len if len % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::{Cell, Figures, Runtime, Sample, Series, median};

    pub(crate) fn cell(library: &str, variant: &str, workload: &'static str) -> Cell {
        let (library, variant) = (library.into(), variant.into());
        Cell { library, variant, workload, runtime: Runtime::Ct }
    }

    /// A sample in which nothing else ran.
    pub(crate) fn sample(figure: &str, value: f64) -> Sample {
        Sample { values: [(figure.into(), value)].into(), wall_ns: 100.0, cpu_ns: 99.0 }
    }

    fn series(values: &[(u32, f64)]) -> Series {
        Series { rounds: values.iter().copied().collect(), is_disturbed: false }
    }

    #[test]
    fn a_median_is_the_middle_or_between_the_two_in_the_middle() {
        assert_eq!(median([].into_iter()), None);
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), Some(2.5));
    }

    #[test]
    fn a_spread_is_the_range_over_the_median() {
        assert_eq!(series(&[(0, 9.0), (1, 10.0), (2, 12.0)]).spread(), Some(0.3));
        assert_eq!(series(&[(0, 9.0)]).spread(), Some(0.0));
        assert_eq!(series(&[]).spread(), None);
    }

    #[test]
    fn a_ratio_is_taken_within_rounds() {
        let ours = series(&[(0, 10.0), (1, 40.0), (2, 9.0)]);
        let theirs = series(&[(0, 20.0), (1, 80.0), (2, 30.0)]);
        assert_eq!(ours.ratio_to(&theirs), Some(0.5));
    }

    #[test]
    fn without_a_common_round_the_medians_are_divided() {
        let ours = series(&[(0, 10.0)]);
        assert_eq!(ours.ratio_to(&series(&[(1, 40.0)])), Some(0.25));
        assert_eq!(ours.ratio_to(&series(&[])), None);
    }

    #[test]
    fn a_floor_ratio_ignores_all_but_the_fastest_rounds() {
        let one = series(&[(0, 90.0), (1, 20.0), (2, 30.0)]);
        let other = series(&[(0, 10.0), (1, 50.0), (2, 40.0)]);
        assert_eq!(one.floor_ratio_to(&other), Some(2.0));
        assert_eq!(one.floor_ratio_to(&series(&[])), None);
    }

    #[test]
    fn a_disturbed_round_is_dropped_and_counted() {
        let cell = cell("peer", "bounded", "tell_steady");
        let mut figures = Figures::default();
        figures.add(&cell, 0, sample("ns_per_op", 10.0));
        figures.add(&cell, 1, Sample { cpu_ns: 90.0, ..sample("ns_per_op", 50.0) });
        let series = figures.series(&cell, "ns_per_op");
        assert_eq!((series.len(), series.median(), figures.dropped()), (1, Some(10.0), 1));
        assert!(!series.is_disturbed);
    }

    #[test]
    fn a_repeated_round_keeps_the_undisturbed_sample() {
        let cell = cell("peer", "bounded", "tell_steady");
        let mut figures = Figures::default();
        figures.add(&cell, 0, Sample { cpu_ns: 90.0, ..sample("ns_per_op", 50.0) });
        assert!(figures.series(&cell, "ns_per_op").is_disturbed, "better than none");
        figures.add(&cell, 0, sample("ns_per_op", 10.0));
        assert_eq!(figures.series(&cell, "ns_per_op").median(), Some(10.0));
    }

    #[test]
    fn two_workers_are_never_called_disturbed() {
        let sample = Sample { cpu_ns: 180.0, ..sample("ns_per_op", 1.0) };
        assert!(sample.is_disturbed(Runtime::Ct));
        assert!(!sample.is_disturbed(Runtime::Mt));
    }
}

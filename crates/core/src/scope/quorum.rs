//! So many values, or the certainty that there will not be.

use std::{error::Error, fmt};

use super::joiner::{Joiner, TaskError, in_order};

/// Gives the first so many values in the order of spawning, at which the others are cancelled. It fails
/// as soon as too few tasks are left for that: at once, where there never were enough. A quorum of
/// zero is there at once.
///
/// ```
/// # use ghostlight_core::{Quorum, Scope, System};
/// # let system = System::new("docs");
/// let scope = Scope::with_joiner(&system, Quorum(2));
/// scope.spawn(async { Ok("a") });
/// scope.spawn(async { Err("disk full") });
/// scope.spawn(async { Ok("c") });
/// assert_eq!(system.block_on(scope.join()), Ok(vec!["a", "c"]));
/// ```
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "it is written as a value")]
pub struct Quorum(pub usize);

/// Why there is no [`Quorum`].
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct QuorumError<T, E> {
    /// How many values were needed.
    pub needed: usize,
    /// The values that were there, in the order of spawning.
    pub values: Vec<T>,
    /// The failures that were there, in the order of spawning.
    pub failures: Vec<TaskError<E>>,
}

/// The values and failures so far.
#[derive(Debug)]
pub struct Count<T, E> {
    values: Vec<(usize, T)>,
    failures: Vec<(usize, TaskError<E>)>,
}

impl<T, E> Default for Count<T, E> {
    fn default() -> Self {
        Self { values: Vec::new(), failures: Vec::new() }
    }
}

impl<T: Send + 'static, E: Send + 'static> Joiner<T, E> for Quorum {
    type State = Count<T, E>;
    type Output = Result<Vec<T>, QuorumError<T, E>>;

    fn is_decided(&self, state: &Self::State, pending: usize) -> bool {
        let n_values = state.values.len();
        n_values >= self.0 || n_values + pending < self.0
    }

    fn take(&self, state: &mut Self::State, index: usize, outcome: Result<T, TaskError<E>>) {
        match outcome {
            Ok(value) => state.values.push((index, value)),
            Err(failure) => state.failures.push((index, failure)),
        }
    }

    fn finish(self, state: Self::State) -> Self::Output {
        let (needed, values) = (self.0, in_order(state.values));
        if values.len() >= needed {
            return Ok(values);
        }
        Err(QuorumError { needed, values, failures: in_order(state.failures) })
    }
}

impl<T, E> fmt::Display for QuorumError<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n_values, n_failures) = (self.values.len(), self.failures.len());
        write!(f, "{n_values} of {} needed, with {n_failures} failures", self.needed)
    }
}

impl<T: fmt::Debug, E: fmt::Debug> Error for QuorumError<T, E> {}

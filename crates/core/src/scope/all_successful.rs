//! All values, or the first failure.

use super::joiner::{Joiner, TaskError, in_order};

/// Gives all values in the order of spawning, or the first failure, at which the others are
/// cancelled. For no tasks, no values.
///
/// ```
/// # use ghostlight_core::{AllSuccessful, Scope, System, TaskError};
/// # let system = System::new("docs");
/// let scope = Scope::with_joiner(&system, AllSuccessful);
/// scope.spawn(std::future::pending::<Result<u32, &str>>());
/// scope.spawn(async { Err("no route") });
/// assert_eq!(system.block_on(scope.join()), Err(TaskError::Failed("no route")));
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "it is written as a value")]
pub struct AllSuccessful;

/// The values so far, and the first failure.
#[derive(Debug)]
pub struct Values<T, E> {
    values: Vec<(usize, T)>,
    failure: Option<TaskError<E>>,
}

impl<T, E> Default for Values<T, E> {
    fn default() -> Self {
        Self { values: Vec::new(), failure: None }
    }
}

impl<T: Send + 'static, E: Send + 'static> Joiner<T, E> for AllSuccessful {
    type State = Values<T, E>;
    type Output = Result<Vec<T>, TaskError<E>>;

    fn is_decided(&self, state: &Self::State, _: usize) -> bool {
        state.failure.is_some()
    }

    fn take(&self, state: &mut Self::State, index: usize, outcome: Result<T, TaskError<E>>) {
        match outcome {
            Ok(value) => state.values.push((index, value)),
            Err(failure) => _ = state.failure.get_or_insert(failure),
        }
    }

    fn finish(self, state: Self::State) -> Self::Output {
        match state.failure {
            Some(failure) => Err(failure),
            None => Ok(in_order(state.values)),
        }
    }
}

//! The first value, or all failures.

use super::joiner::{Joiner, TaskError, in_order};

/// Gives the first value, at which the others are cancelled, or all failures in the order of spawning.
/// For no tasks, no failures.
///
/// ```
/// # use ghostlight_core::{FirstSuccess, Scope, System};
/// # let system = System::new("docs");
/// let scope = Scope::with_joiner(&system, FirstSuccess);
/// scope.spawn(async { Err("down") });
/// scope.spawn(async { Ok("south") });
/// scope.spawn(std::future::pending());
/// assert_eq!(system.block_on(scope.join()), Ok("south"));
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "it is written as a value")]
pub struct FirstSuccess;

/// The first value, and the failures before it.
#[derive(Debug)]
pub struct Race<T, E> {
    value: Option<T>,
    failures: Vec<(usize, TaskError<E>)>,
}

impl<T, E> Default for Race<T, E> {
    fn default() -> Self {
        Self { value: None, failures: Vec::new() }
    }
}

impl<T: Send + 'static, E: Send + 'static> Joiner<T, E> for FirstSuccess {
    type State = Race<T, E>;
    type Output = Result<T, Vec<TaskError<E>>>;

    fn is_decided(&self, state: &Self::State, _: usize) -> bool {
        state.value.is_some()
    }

    fn take(&self, state: &mut Self::State, index: usize, outcome: Result<T, TaskError<E>>) {
        match outcome {
            Ok(value) => _ = state.value.get_or_insert(value),
            Err(failure) => state.failures.push((index, failure)),
        }
    }

    fn finish(self, state: Self::State) -> Self::Output {
        state.value.ok_or_else(|| in_order(state.failures))
    }
}

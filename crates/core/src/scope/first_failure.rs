//! The first failure, or none.

use super::joiner::{Joiner, TaskError};

/// Is fine if no task fails, and else gives the first failure, at which the others are cancelled.
/// Values are not kept. For no tasks, it is fine.
///
/// ```
/// # use ghostlight_core::{FirstFailure, Scope, System};
/// # let system = System::new("docs");
/// let scope = Scope::with_joiner(&system, FirstFailure);
/// scope.spawn(async { Ok::<_, std::io::Error>("written") });
/// assert!(system.block_on(scope.join()).is_ok());
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "it is written as a value")]
pub struct FirstFailure;

impl<T, E: Send + 'static> Joiner<T, E> for FirstFailure {
    type State = Option<TaskError<E>>;
    type Output = Result<(), TaskError<E>>;

    fn is_decided(&self, state: &Self::State, _: usize) -> bool {
        state.is_some()
    }

    fn take(&self, state: &mut Self::State, _: usize, outcome: Result<T, TaskError<E>>) {
        if let Err(failure) = outcome {
            state.get_or_insert(failure);
        }
    }

    fn finish(self, state: Self::State) -> Self::Output {
        state.map_or(Ok(()), Err)
    }
}

//! Every outcome.

use super::joiner::{Joiner, TaskError, in_order};

/// Waits for all tasks, and gives every outcome in the order of spawning. For no tasks, none.
///
/// ```
/// # use ghostlight_core::{AllCompleted, Scope, System};
/// # let system = System::new("docs");
/// let scope = Scope::with_joiner(&system, AllCompleted);
/// scope.spawn(async { Ok(1) });
/// scope.spawn(async { Err("two") });
/// let outcomes = system.block_on(scope.join());
/// assert!(outcomes[0].is_ok() && outcomes[1].is_err());
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "it is written as a value")]
pub struct AllCompleted;

impl<T: Send + 'static, E: Send + 'static> Joiner<T, E> for AllCompleted {
    type State = Vec<(usize, Result<T, TaskError<E>>)>;
    type Output = Vec<Result<T, TaskError<E>>>;

    fn take(&self, state: &mut Self::State, index: usize, outcome: Result<T, TaskError<E>>) {
        state.push((index, outcome));
    }

    fn finish(self, state: Self::State) -> Self::Output {
        in_order(state)
    }
}

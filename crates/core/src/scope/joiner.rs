//! What makes one answer of the outcomes of many tasks.

use std::{error::Error, fmt};

use crate::JoinError;

/// Makes one answer of the outcomes of the tasks of a scope: a pure fold, with an end that may come
/// early.
///
/// [`Scope::join`](crate::Scope::join) asks [`is_decided`](Self::is_decided) first, and again after
/// each outcome. Once the answer is decided, or no task is left, the others are cancelled and
/// [`finish`](Self::finish) gives it. So every joiner has an answer for no tasks at all.
///
/// ```
/// use ghostlight_core::{Joiner, Scope, System, TaskError};
///
/// /// Whether more tasks say yes than do not, known as early as can be.
/// struct Majority;
///
/// #[derive(Default)]
/// struct Votes { yes: usize, other: usize }
///
/// impl<E> Joiner<bool, E> for Majority {
///     type State = Votes;
///     type Output = Votes;
///
///     fn is_decided(&self, votes: &Votes, pending: usize) -> bool {
///         votes.yes > votes.other + pending || votes.other >= votes.yes + pending
///     }
///
///     fn take(&self, votes: &mut Votes, _: usize, outcome: Result<bool, TaskError<E>>) {
///         if matches!(outcome, Ok(true)) { votes.yes += 1 } else { votes.other += 1 }
///     }
///
///     fn finish(self, votes: Votes) -> Votes {
///         votes
///     }
/// }
///
/// let system = System::new("council");
/// let scope = Scope::with_joiner(&system, Majority);
/// for _ in 0..2 {
///     scope.spawn(async { Ok::<_, ()>(true) });
/// }
/// scope.spawn(std::future::pending());
/// let votes = system.block_on(scope.join());
/// assert_eq!((votes.yes, votes.other), (2, 0));
/// ```
pub trait Joiner<T, E>: Send + 'static {
    /// What is kept of the outcomes so far; its default is that of no outcome.
    type State: Default + Send + 'static;
    /// The answer.
    type Output;

    /// Whether the answer is certain, with `pending` tasks whose outcome was not taken yet; by default
    /// never, before all were.
    ///
    /// Tasks that are spawned later do not count: it is a certainty about those that are there.
    fn is_decided(&self, state: &Self::State, pending: usize) -> bool {
        _ = (state, pending);
        false
    }

    /// Takes the outcome of the task that was spawned as number `index`, from zero. They come in the
    /// order in which tasks end.
    fn take(&self, state: &mut Self::State, index: usize, outcome: Result<T, TaskError<E>>);

    /// Gives the answer.
    fn finish(self, state: Self::State) -> Self::Output;
}

/// Why a task of a [`Scope`](crate::Scope) with a joiner has no value.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TaskError<E> {
    /// It returned this error.
    Failed(E),
    /// It did not come to return anything.
    Ended(JoinError),
}

impl<E> TaskError<E> {
    /// One kind of failure, whether it was returned or not.
    pub(super) fn flat<T>(outcome: Result<Result<T, E>, JoinError>) -> Result<T, Self> {
        match outcome {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(Self::Failed(error)),
            Err(end) => Err(Self::Ended(end)),
        }
    }
}

impl<E> fmt::Display for TaskError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(_) => f.write_str("the task failed"),
            Self::Ended(_) => f.write_str("the task gave nothing"),
        }
    }
}

impl<E: Error + 'static> Error for TaskError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(error) => Some(error),
            Self::Ended(end) => Some(end),
        }
    }
}

/// What was taken, in the order of spawning.
pub(super) fn in_order<T>(mut taken: Vec<(usize, T)>) -> Vec<T> {
    taken.sort_unstable_by_key(|it| it.0);
    taken.into_iter().map(|it| it.1).collect()
}

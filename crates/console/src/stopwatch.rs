//! How long something took, on the wall's clock.

use std::time::{Duration, Instant};

/// Runs `work` and says how long it took.
#[expect(clippy::disallowed_methods, reason = "a command tells its user how long he waited")]
pub(crate) fn time<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

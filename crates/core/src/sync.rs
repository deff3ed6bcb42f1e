//! The short locks of this crate, in one spelling.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, whatever happened to an earlier holder.
///
/// No code of a user runs under any lock of this crate, so a poisoned one can only mean that
/// memory ran out, and then the data is still whole.
#[inline]
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

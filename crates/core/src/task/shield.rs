//! Clean-up that may finish.

use std::{future::poll_fn, pin::pin, sync::Arc};

use super::{
    current::{current, enter_shield},
    record::Record,
};

/// Lets `work` finish although the task is asked to end: clean-up.
///
/// Inside, [`checkpoint`](crate::checkpoint) and [`is_cancelled`](crate::is_cancelled) know of no
/// request, and a scope that is made inside is not cancelled with the one it is made in. The abort of
/// the task is put off until the last of its shields has ended, at most by
/// [`Scope::shield_max`](crate::Scope::shield_max). Shields may lie in one another and beside one
/// another. Where no task runs, it is `work` and nothing more.
///
/// ```
/// # use ghostlight_core::{checkpoint, shield};
/// # async fn work(_: u32) {}
/// # async fn save(_: u32) {}
/// async fn worker() {
///     let mut done = 0;
///     while checkpoint().await.is_ok() {
///         work(done).await;
///         done += 1;
///         shield(save(done)).await; // never half saved
///     }
/// }
/// # _ = worker();
/// ```
///
/// # Cancel safety
/// It shields from the cancelling of the task, not from being dropped: then `work` is dropped.
pub async fn shield<T>(work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    let mut standing: Option<Standing> = None;
    poll_fn(|cx| {
        let Some(current) = current() else { return work.as_mut().poll(cx) };
        standing.get_or_insert_with(|| Standing::new(&current.record));
        let _entered = enter_shield(&current);
        work.as_mut().poll(cx)
    })
    .await
}

/// A shield that stands.
struct Standing(Arc<Record>);

impl Standing {
    fn new(record: &Arc<Record>) -> Self {
        record.add_shield();
        Self(Arc::clone(record))
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        self.0.remove_shield();
    }
}

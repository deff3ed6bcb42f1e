//! Shows progress while something is under way.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

use ghostlight_rt::Sleep;

use super::crew::Crew;
use crate::demo::progress::Display;

/// Nobody can read faster.
const TICK: Duration = Duration::from_millis(100);

/// Waits for `work`, and shows every now and then how far it is.
pub(super) async fn until<T>(work: impl Future<Output = T>, crew: &Crew, display: &Display) -> T {
    let mut work = pin!(work);
    if display.is_hidden() {
        return work.await;
    }
    loop {
        let tick = crew.system.runtime().sleep(TICK);
        if let Some(done) = before(work.as_mut(), tick).await {
            return done;
        }
        display.show(&crew.progress().await);
    }
}

/// What `work` comes to, if it does so before the time.
async fn before<T>(mut work: Pin<&mut impl Future<Output = T>>, mut time: Sleep) -> Option<T> {
    poll_fn(|cx| match work.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => Pin::new(&mut time).poll(cx).map(|()| None),
    })
    .await
}

//! Ctrl-C: the first ends what is under way in order, the second ends it at once.

use std::process;

use ghostlight_rt::Runtime;
use tokio::{signal, sync::watch};

use crate::Exit;

/// Hears Ctrl-C, from when it is made for as long as the runtime lives.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt(watch::Receiver<bool>);

impl Interrupt {
    pub(crate) fn listen(runtime: &Runtime) -> Self {
        let (teller, hearer) = watch::channel(false);
        // It ends with the runtime.
        drop(runtime.spawn(async move {
            // Where there are no signals, Ctrl-C does what it always does.
            if signal::ctrl_c().await.is_err() {
                return;
            }
            teller.send_replace(true);
            if signal::ctrl_c().await.is_ok() {
                process::exit(Exit::Interrupted as i32);
            }
        }));
        Self(hearer)
    }

    /// Whether it was heard.
    pub(crate) fn is_heard(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is heard; for ever where that cannot be.
    ///
    /// # Cancel safety
    /// Nothing is lost by dropping it.
    pub(crate) async fn heard(mut self) {
        if self.0.wait_for(|it| *it).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

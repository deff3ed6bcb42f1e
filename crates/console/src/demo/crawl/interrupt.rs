//! Ctrl-C: the first ends the crawl in order, the second ends it at once.

use std::process;

use ghostlight::{ActorRef, System};
use tokio::signal;

use super::frontier::{Close, Frontier};
use crate::Exit;

/// Closes the frontier at the first Ctrl-C. What was handed out before is still taken in.
pub(super) fn on_ctrl_c(system: &System, frontier: &ActorRef<Frontier>) {
    let frontier = frontier.clone();
    // It ends with the system's runtime.
    drop(system.runtime().spawn(async move {
        // Where there are no signals, Ctrl-C does what it always does.
        if signal::ctrl_c().await.is_err() {
            return;
        }
        // Refused only if the crawl has come to its end meanwhile.
        _ = frontier.tell(Close).await;
        if signal::ctrl_c().await.is_ok() {
            process::exit(Exit::Interrupted as i32);
        }
    }));
}

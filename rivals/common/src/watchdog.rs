//! Ends a process that does not end by itself.

use std::{
    process,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use crate::Board;

/// The board of the run that is going on.
static SHOWN: Mutex<Option<Arc<Board>>> = Mutex::new(None);

/// Makes a board the one that is reported.
pub(crate) fn show(board: &Arc<Board>) {
    *SHOWN.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(board));
}

/// Ends the process with a failure after `limit`, and at any panic.
///
/// Actors catch panics, so one that failed an assertion would otherwise only be slow to answer.
pub(crate) fn start(limit: Duration) {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        report(panic);
        process::exit(101);
    }));
    thread::spawn(move || {
        thread::sleep(limit);
        let shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
        let status = shown.as_ref().map_or_else(|| "nothing was started".into(), |it| it.status());
        eprintln!("not done within {limit:?}: {status}");
        process::exit(124);
    });
}

//! What a world saw that it cannot answer for.

use std::fmt;

use crate::engine::thread_name;

/// What went on in a world that no seed replays, or that nobody would have heard of.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Breach {
    /// A thread that is not the world's own had a hand in it.
    Thread {
        /// What the thread is called.
        thread: String,
        /// What it did.
        doing: String,
    },
    /// A task handed work to a thread of tokio's, by `spawn_blocking` or the like.
    Blocking {
        /// Which task.
        task: String,
        /// From where in the code, as far as that can be told.
        at: Option<String>,
    },
    /// A task let tokio's clock run on.
    Clock {
        /// Which task ran when that was seen.
        task: String,
    },
    /// A task panicked, and nobody would have been told.
    Panic {
        /// Which task.
        task: String,
        /// What it said.
        text: String,
    },
}

impl Breach {
    pub(crate) fn thread(doing: String) -> Self {
        Self::Thread { thread: thread_name(), doing }
    }

    pub(crate) fn panic(task: &str, text: &str) -> Self {
        Self::Panic { task: task.to_owned(), text: text.to_owned() }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Thread { thread, doing } => {
                write!(f, "a real thread, `{thread}`, {doing}: no seed decides when")
            }
            Self::Blocking { task, at: None } => {
                write!(f, "`{task}` handed work to a real thread: use `Runtime::blocking`")
            }
            Self::Blocking { task, at: Some(at) } => {
                write!(f, "`{task}` handed work to a real thread, {at}: use `Runtime::blocking`")
            }
            Self::Clock { task } => write!(f, "the clock of tokio was let run on, by `{task}`"),
            Self::Panic { task, text } => write!(f, "the task `{task}` panicked: {text}"),
        }
    }
}

/// Where code lies that only does what it is told: the compiler's library, and other people's crates.
const ELSEWHERE: [&str; 3] = ["/rustc/", "/library/", "/.cargo/registry/"];

/// The first place outside of tokio on the way that led into it.
pub(crate) fn culprit() -> Option<String> {
    let trace = std::backtrace::Backtrace::force_capture().to_string();
    let places = trace.lines().map(str::trim).filter(|it| it.starts_with("at "));
    let within = places.skip_while(|it| !it.contains("/tokio-"));
    within.map(str::to_owned).find(|place| !ELSEWHERE.iter().any(|it| place.contains(it)))
}

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

/// The first place in a user's code on the way here.
pub(crate) fn culprit() -> Option<String> {
    let trace = std::backtrace::Backtrace::force_capture().to_string();
    let mut lines = trace.lines().map(str::trim);
    while let Some(line) = lines.next() {
        let Some((_, symbol)) = line.split_once(": ") else { continue };
        let symbol = symbol.trim_start_matches('<');
        let is_ours = ["std::", "core::", "alloc::", "tokio::", "ghostlight_", "backtrace", "__"]
            .iter()
            .any(|it| symbol.starts_with(it));
        if !is_ours {
            return lines.next().map(|at| at.replace("at ", "at ")).filter(|it| it.starts_with("at "));
        }
    }
    None
}

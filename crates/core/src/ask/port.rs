//! Where a reply goes, while the handler runs and after it.

use std::{
    cell::{Cell, RefCell},
    fmt, mem,
    sync::{Arc, Mutex, PoisonError},
    task::{Context as TaskContext, Poll},
    thread,
};

use super::cell::{Abandon, Answers};
use crate::AskError;

thread_local! {
    /// The askers of the turns that have failed in this poll, until they can be told why. More than one
    /// where a turn ran inside another.
    static FALLEN: RefCell<Vec<Arc<dyn Abandon>>> = const { RefCell::new(Vec::new()) };
    /// Whether what is dropped here is a turn that will not come to its end.
    static IS_CUT: Cell<bool> = const { Cell::new(false) };
}

/// An asker whose turn has failed.
pub(crate) fn fell(asker: Arc<dyn Abandon>) {
    FALLEN.with_borrow_mut(|it| it.push(asker));
}

/// Drops a turn that will not come to its end. Its askers are kept, like those of one that has failed.
pub(crate) fn fell_with(turn: impl FnOnce()) {
    // A destructor may panic.
    struct Reset(bool);
    impl Drop for Reset {
        fn drop(&mut self) {
            IS_CUT.set(self.0);
        }
    }
    let _reset = Reset(IS_CUT.replace(true));
    turn();
}

/// The askers whose turns have failed in this poll.
pub(crate) fn take_fallen() -> Vec<Arc<dyn Abandon>> {
    FALLEN.with_borrow_mut(mem::take)
}

/// Who waits for the reply of the running turn.
pub(crate) enum Asker<R: Send + 'static> {
    /// A tell: nobody.
    Nobody,
    /// The caller itself runs the turn, and looks for the reply in the core.
    Caller,
    /// Someone who waits elsewhere.
    Waiting(Waiting<R>),
    /// The caller ran the turn, which put its answer off, or did not handle the message after all.
    Deferred(Arc<dyn Answers<R>>),
    /// Nobody, because this is a hook, which handles no message.
    Hook,
}

/// A waiting asker that hears of it when its turn ends without an answer.
pub(crate) struct Waiting<R>(Option<Arc<dyn Answers<R>>>);

impl<R> Waiting<R> {
    pub(crate) fn new(asker: Arc<dyn Answers<R>>) -> Self {
        Self(Some(asker))
    }

    pub(crate) fn into_inner(mut self) -> Option<Arc<dyn Answers<R>>> {
        self.0.take()
    }

    /// Whether it waits no more; until then the task of `cx` is told when that is so.
    pub(crate) fn poll_left(&self, cx: &mut TaskContext<'_>) -> Poll<()> {
        self.0.as_ref().map_or(Poll::Pending, |it| it.poll_left(cx))
    }

    pub(crate) fn answer(mut self, reply: R) {
        if let Some(asker) = self.0.take() {
            asker.answer(reply);
        }
    }
}

impl<R> Drop for Waiting<R> {
    fn drop(&mut self) {
        let Some(asker) = self.0.take() else { return };
        if thread::panicking() || IS_CUT.get() {
            fell(asker);
        } else {
            asker.fail(AskError::Lost);
        }
    }
}

/// The right to answer one ask, once, from anywhere.
///
/// Handed out by [`Context::defer`](crate::Context::defer). Dropping it unanswered ends the ask
/// with [`AskError::NoReply`] at once.
pub struct ReplyPort<R>(Sink<R>);

type AnswerFn<R> = Box<dyn FnOnce(Result<R, AskError<()>>) + Send>;

fn into_inner<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
}

enum Sink<R> {
    Nobody,
    Asker(Arc<dyn Answers<R>>),
    /// In a lock that is never taken, because a port in an actor's state should not keep the state
    /// from being shared.
    Function(Mutex<AnswerFn<R>>),
}

impl<R: Send + 'static> ReplyPort<R> {
    /// A port that ends in `sink`, which hears of the reply or of its absence exactly once.
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use ghostlight_core::{AskError, ReplyPort};
    ///
    /// let (sender, answers) = mpsc::channel();
    /// let port = ReplyPort::<u8>::new(move |answer| sender.send(answer).unwrap());
    /// drop(port);
    /// assert!(matches!(answers.recv().unwrap(), Err(AskError::NoReply)));
    /// ```
    #[must_use]
    pub fn new(sink: impl FnOnce(Result<R, AskError<()>>) + Send + 'static) -> Self {
        Self(Sink::Function(Mutex::new(Box::new(sink))))
    }

    pub(crate) fn to(asker: Option<Arc<dyn Answers<R>>>) -> Self {
        Self(asker.map_or(Sink::Nobody, Sink::Asker))
    }

    /// Answers. Harmless when nobody waits any more.
    pub fn send(mut self, reply: R) {
        match mem::replace(&mut self.0, Sink::Nobody) {
            Sink::Nobody => {}
            Sink::Asker(asker) => asker.answer(reply),
            Sink::Function(sink) => into_inner(sink)(Ok(reply)),
        }
    }

    /// Whether anybody waits for the answer: not for a tell, nor once the asker has left.
    #[must_use]
    pub fn is_awaited(&self) -> bool {
        match &self.0 {
            Sink::Nobody => false,
            Sink::Asker(asker) => asker.is_waiting(),
            Sink::Function(_) => true,
        }
    }

    pub(crate) fn into_asker(mut self) -> Option<Arc<dyn Answers<R>>> {
        match mem::replace(&mut self.0, Sink::Nobody) {
            Sink::Asker(asker) => Some(asker),
            Sink::Nobody | Sink::Function(_) => None,
        }
    }
}

impl<R> Drop for ReplyPort<R> {
    fn drop(&mut self) {
        match mem::replace(&mut self.0, Sink::Nobody) {
            Sink::Nobody => {}
            Sink::Asker(asker) => asker.fail(AskError::NoReply),
            Sink::Function(sink) => into_inner(sink)(Err(AskError::NoReply)),
        }
    }
}

impl<R> fmt::Debug for ReplyPort<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplyPort")
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::{IS_CUT, fell_with};

    #[test]
    fn what_is_dropped_after_a_turn_whose_destructor_panics_is_no_part_of_it() {
        let torn =
            catch_unwind(AssertUnwindSafe(|| fell_with(|| panic!("this is meant to be seen"))));
        assert!(torn.is_err() && !IS_CUT.get());
    }
}

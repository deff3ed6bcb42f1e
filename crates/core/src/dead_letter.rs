//! Messages that nobody took, and who hears of them.

use std::{
    any::Any,
    collections::VecDeque,
    fmt,
    future::poll_fn,
    sync::{Arc, Mutex},
    task::{Poll, Waker},
};

use ghostlight_rt::Instant;

use crate::{ActorId, mailbox::Overflow, sync::lock};

/// A message that nobody took, and which anybody may look at who subscribed to that.
///
/// What was handed back to its sender is none.
#[derive(Clone)]
#[non_exhaustive]
pub struct DeadLetter {
    /// The message: one for all who hear of it.
    pub(crate) message: Arc<Mutex<Option<Box<dyn Any + Send>>>>,
    /// Its type, as a label.
    pub type_name: &'static str,
    /// Whom it was for.
    pub target: ActorId,
    /// That actor's name, or the label of its kind.
    pub target_name: Arc<str>,
    /// Why nobody took it.
    pub reason: DeadReason,
    /// When it died.
    pub at: Instant,
}

impl DeadLetter {
    /// Takes the message, if it is an `M` and no other subscriber has taken it before.
    #[must_use]
    pub fn take<M: 'static>(&self) -> Option<M> {
        let mut message = lock(&self.message);
        let taken = message.take_if(|it| it.is::<M>())?;
        drop(message);
        taken.downcast().ok().map(|it| *it)
    }
}

impl fmt::Debug for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} for {} ({}): {}", self.type_name, self.target_name, self.target, self.reason)
    }
}

/// Why a message died.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum DeadReason {
    /// It waited when its actor ended.
    Stopped,
    /// It waited when its actor was killed.
    Killed,
    /// It waited when its actor failed.
    Failed,
    /// Its actor never came to run.
    StartFailed,
    /// The mailbox was full, and this is its rule.
    Overflow(Overflow),
    /// Its asker left before it was handled.
    Withdrawn,
    /// A reason of a layer above.
    Other(&'static str),
}

impl fmt::Display for DeadReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("the actor had stopped"),
            Self::Killed => f.write_str("the actor was killed"),
            Self::Failed => f.write_str("the actor failed"),
            Self::StartFailed => f.write_str("the actor did not start"),
            Self::Overflow(rule) => write!(f, "the mailbox was full and {rule}"),
            Self::Withdrawn => f.write_str("its asker left before it was handled"),
            Self::Other(reason) => f.write_str(reason),
        }
    }
}

/// A subscription to the dead letters of a system, made by
/// [`System::dead_letters`](crate::System::dead_letters); dropping it ends it.
///
/// It holds a bounded number; past that the oldest goes and [`missed`](Self::missed) counts it.
pub struct DeadLetters(Arc<LetterBox>);

impl Drop for DeadLetters {
    fn drop(&mut self) {
        // Messages are dropped here, with no lock held, rather than with the box.
        let letters = std::mem::take(&mut lock(&self.0.inner).letters);
        drop(letters);
    }
}

/// The letter box behind a subscription.
pub(crate) struct LetterBox {
    capacity: usize,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    letters: VecDeque<DeadLetter>,
    missed: u64,
    waker: Option<Waker>,
}

impl DeadLetters {
    pub(crate) fn new(capacity: usize) -> (Self, Arc<LetterBox>) {
        let inner = Mutex::new(Inner::default());
        let shared = Arc::new(LetterBox { capacity: capacity.max(1), inner });
        (Self(Arc::clone(&shared)), shared)
    }

    /// Waits for the next dead letter.
    ///
    /// # Cancel safety
    /// If dropped before it returns, no letter was taken.
    pub async fn recv(&mut self) -> DeadLetter {
        poll_fn(|cx| {
            let mut inner = lock(&self.0.inner);
            match inner.letters.pop_front() {
                Some(letter) => Poll::Ready(letter),
                None => {
                    inner.waker = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// The next dead letter, if there is one now.
    pub fn try_recv(&mut self) -> Option<DeadLetter> {
        lock(&self.0.inner).letters.pop_front()
    }

    /// How many letters were lost because nobody took them out in time.
    #[must_use]
    pub fn missed(&self) -> u64 {
        lock(&self.0.inner).missed
    }
}

impl fmt::Debug for DeadLetters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = lock(&self.0.inner);
        f.debug_struct("DeadLetters")
            .field("waiting", &inner.letters.len())
            .field("missed", &inner.missed)
            .finish()
    }
}

impl LetterBox {
    pub(crate) fn put(&self, letter: DeadLetter) {
        let mut inner = lock(&self.inner);
        let oldest = if inner.letters.len() == self.capacity {
            inner.missed += 1;
            inner.letters.pop_front()
        } else {
            None
        };
        inner.letters.push_back(letter);
        let waker = inner.waker.take();
        drop(inner);
        drop(oldest);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

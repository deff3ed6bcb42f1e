//! Telling: sending without awaiting a reply.

use std::{
    any::type_name,
    fmt,
    future::IntoFuture,
    pin::Pin,
    task::{Context as TaskContext, Poll, ready},
    time::Duration,
};

use ghostlight_rt::{Instant, Sleep};

use crate::{
    Message, Priority, TellError,
    budget::NO_END,
    endpoint::Deliver,
    mailbox::Place,
    protocol::Letter,
    waits::{self, WaitFor, WaitId, Wanted},
};

/// A message about to be told; made by `tell`. Nothing is sent before it is awaited.
///
/// # Cancel safety
/// If dropped before it returns, the message was not sent.
#[must_use = "nothing is sent before this is awaited"]
pub struct Tell<'a, M: Message, T: ?Sized> {
    target: &'a T,
    message: M,
    limit: Option<Limit>,
    priority: Priority,
}

/// How long something may take.
#[derive(Clone, Copy)]
pub(crate) enum Limit {
    Within(Duration),
    Until(Instant),
}

impl Limit {
    /// Whether it is none, in words.
    pub(crate) fn is_endless(self) -> bool {
        match self {
            Self::Within(duration) => duration == Duration::MAX,
            Self::Until(at) => at == NO_END,
        }
    }

    pub(crate) fn instant(self, runtime: &ghostlight_rt::Runtime) -> Instant {
        match self {
            Self::Within(duration) => runtime.now() + duration,
            Self::Until(at) => at,
        }
    }

    pub(crate) fn timer(self, runtime: &ghostlight_rt::Runtime) -> Sleep {
        match self {
            Self::Within(duration) => runtime.sleep(duration),
            Self::Until(at) => runtime.sleep_until(at),
        }
    }
}

impl<'a, M: Message, T: Deliver<M> + ?Sized> Tell<'a, M, T> {
    #[inline]
    pub(crate) const fn new(target: &'a T, message: M) -> Self {
        Self { target, message, limit: None, priority: Priority::Normal }
    }

    /// Waits for room no longer than `duration`. By default, as long as it takes.
    pub const fn within(mut self, duration: Duration) -> Self {
        self.limit = Some(Limit::Within(duration));
        self
    }

    /// Waits for room no longer than until `at`.
    pub const fn deadline(mut self, at: Instant) -> Self {
        self.limit = Some(Limit::Until(at));
        self
    }

    /// How urgent it is; [`Priority::Normal`] by default.
    pub const fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// Sends from a thread that no runtime uses, blocking it while the mailbox is full.
    ///
    /// # Errors
    /// Gives the message back when it was not taken.
    ///
    /// # Panics
    /// Inside an async task: a worker that blocks can hold up the very actor it waits for.
    pub fn blocking(self) -> Result<(), TellError<M>> {
        let runtime = self.target.runtime().clone();
        runtime.block_on(self.into_future())
    }

    /// Sends if there is room now.
    ///
    /// # Errors
    /// Gives the message back when it was not taken.
    pub fn now(self) -> Result<(), TellError<M>> {
        let mut letter = Some(Letter::Tell(self.message));
        let sent = self.target.offer(&mut letter, self.priority);
        sent.map_err(|why| TellError::Refused { why, message: into_message(letter) })
    }
}

impl<'a, M: Message, T: Deliver<M> + ?Sized> IntoFuture for Tell<'a, M, T> {
    type Output = Result<(), TellError<M>>;
    type IntoFuture = Telling<'a, M, T>;

    #[inline]
    fn into_future(self) -> Telling<'a, M, T> {
        let Self { target, message, limit, priority } = self;
        Telling { target, message: Some(message), limit, priority, waiting: None }
    }
}

/// A tell that is being awaited; made by awaiting a [`Tell`].
///
/// # Cancel safety
/// If dropped before it returns, the message was not sent.
#[must_use = "futures do nothing unless awaited"]
pub struct Telling<'a, M: Message, T: Deliver<M> + ?Sized> {
    target: &'a T,
    message: Option<M>,
    limit: Option<Limit>,
    priority: Priority,
    /// What only a sender needs that was not let in at once.
    waiting: Option<Box<Waiting<M>>>,
}

struct Waiting<M: Message> {
    letter: Option<Letter<M>>,
    place: Place,
    timer: Option<Sleep>,
    /// That the turn which sends waits, if one does.
    wait: WaitId,
}

/// The message is never pinned.
impl<M: Message, T: Deliver<M> + ?Sized> Unpin for Telling<'_, M, T> {}

impl<M: Message, T: Deliver<M> + ?Sized> Future for Telling<'_, M, T> {
    type Output = Result<(), TellError<M>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if this.priority == Priority::Normal
            && this.waiting.is_none()
            && this.target.try_tell_plainly(&mut this.message)
        {
            return Poll::Ready(Ok(()));
        }
        this.poll_closely(cx)
    }
}

impl<M: Message, T: Deliver<M> + ?Sized> Telling<'_, M, T> {
    #[cold]
    fn poll_closely(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), TellError<M>>> {
        let polled = self.poll_line(cx);
        if polled.is_ready() {
            self.end_wait();
        }
        polled
    }

    /// The turn that sends waits no longer.
    fn end_wait(&mut self) {
        if let Some(waiting) = &mut self.waiting {
            waits::end(self.target.place(), &mut waiting.wait);
        }
    }

    /// Asks for room, and waits in line for it as long as may be.
    fn poll_line(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), TellError<M>>> {
        let message = &mut self.message;
        let waiting = self.waiting.get_or_insert_with(|| {
            let letter = message.take().map(Letter::Tell);
            let (place, wait) = (Place::default(), WaitId::NONE);
            Box::new(Waiting { letter, place, timer: None, wait })
        });
        let Waiting { letter, place, timer, wait } = &mut **waiting;
        loop {
            let is_newcomer = !place.is_taken();
            let let_in = waits::let_in(self.target.place(), *wait, cx.waker());
            let in_line = &mut TaskContext::from_waker(let_in.as_ref().unwrap_or(cx.waker()));
            match self.target.poll_offer(letter, self.priority, place, in_line) {
                Poll::Ready(Ok(())) => return Poll::Ready(Ok(())),
                Poll::Ready(Err(why)) => {
                    let message = into_message(letter.take());
                    return Poll::Ready(Err(TellError::Refused { why, message }));
                }
                Poll::Pending => {}
            }
            if !is_newcomer {
                break;
            }
            let wanted = Wanted::plainly(WaitFor::Room, type_name::<M>());
            match waits::begin(self.target.place(), wanted) {
                Ok(WaitId::NONE) => break,
                // Stands in line once more, to be woken as one who waits so.
                Ok(begun) => *wait = begun,
                Err(cycle) => {
                    self.target.leave_line(place);
                    return Poll::Ready(match into_message(letter.take()) {
                        Some(message) => Err(TellError::Deadlock { cycle, message }),
                        None => Ok(()),
                    });
                }
            }
        }
        let Some(limit) = self.limit else { return Poll::Pending };
        let timer = timer.get_or_insert_with(|| limit.timer(self.target.runtime()));
        ready!(Pin::new(timer).poll(cx));
        self.target.leave_line(place);
        Poll::Ready(match into_message(letter.take()) {
            Some(message) => Err(TellError::Deadline { message }),
            None => Ok(()),
        })
    }
}

impl<M: Message> Waiting<M> {
    const fn is_in_line(&self) -> bool {
        self.place.is_taken() && self.letter.is_some()
    }
}

impl<M: Message, T: Deliver<M> + ?Sized> Drop for Telling<'_, M, T> {
    #[inline]
    fn drop(&mut self) {
        self.end_wait();
        if let Some(waiting) = &mut self.waiting
            && waiting.is_in_line()
        {
            self.target.leave_line(&mut waiting.place);
        }
    }
}

fn into_message<M: Message>(letter: Option<Letter<M>>) -> Option<M> {
    match letter {
        Some(Letter::Tell(message)) => Some(message),
        Some(Letter::Ask(_)) | None => None,
    }
}

impl<M: Message, T: ?Sized> fmt::Debug for Tell<'_, M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tell").field("priority", &self.priority).finish_non_exhaustive()
    }
}

impl<M: Message, T: Deliver<M> + ?Sized> fmt::Debug for Telling<'_, M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telling").field("priority", &self.priority).finish_non_exhaustive()
    }
}

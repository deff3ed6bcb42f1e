//! How a message lies in an envelope: as it is, or boxed.

use std::marker::PhantomData;

use crate::Message;

/// An entry of a protocol: a message, or a message in a box.
pub trait Slot: Send + 'static {
    /// The message.
    type Message: Message;

    #[doc(hidden)]
    fn pack(message: Self::Message) -> Self;

    #[doc(hidden)]
    fn unpack(self) -> Self::Message;
}

impl<M: Message> Slot for M {
    type Message = M;

    fn pack(message: M) -> M {
        message
    }

    fn unpack(self) -> M {
        self
    }
}

/// A message that travels in a box, so that a large one does not make every envelope large.
///
/// ```
/// # extern crate ghostlight_core as ghostlight;
/// use ghostlight::{Actor, Boxed, Context, Handler, Message};
///
/// #[derive(Message)]
/// struct Frame([u8; 1500]);
///
/// struct Screen;
/// impl Actor for Screen { type Protocol = (Boxed<Frame>,); }
/// impl Handler<Frame> for Screen {
///     async fn handle(&mut self, _: Frame, _: &mut Context<'_, Self>) {}
/// }
/// ```
#[derive(Debug)]
pub struct Boxed<M>(Box<M>);

impl<M: Message> Slot for Boxed<M> {
    type Message = M;

    fn pack(message: M) -> Self {
        Self(Box::new(message))
    }

    fn unpack(self) -> M {
        *self.0
    }
}

/// Chooses how a message lies in an envelope by its size, when compiling: what the derive writes.
#[doc(hidden)]
#[derive(Debug)]
pub struct Fit<const LARGE: bool>(PhantomData<()>);

/// The choice that [`Fit`] makes.
#[doc(hidden)]
pub trait Choose {
    /// The entry for `M`.
    type Of<M: Message>: Slot<Message = M>;
}

impl Choose for Fit<false> {
    type Of<M: Message> = M;
}

impl Choose for Fit<true> {
    type Of<M: Message> = Boxed<M>;
}

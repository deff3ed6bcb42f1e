//! The two channels of tokio under one name, chosen at compile time.

use std::future::Future;

use tokio::sync::mpsc;

/// A kind of channel.
pub(crate) trait Queue: Send + Sync + 'static {
    type Sender<M: Send + 'static>: Clone + Send + Sync + 'static;
    type Receiver<M: Send + 'static>: Send + 'static;

    fn channel<M: Send + 'static>() -> (Self::Sender<M>, Self::Receiver<M>);

    /// Waits for room, if there is a limit.
    fn send<M: Send + 'static>(
        sender: &Self::Sender<M>,
        message: M,
    ) -> impl Future<Output = ()> + Send;

    fn receive<M: Send + 'static>(
        receiver: &mut Self::Receiver<M>,
    ) -> impl Future<Output = Option<M>> + Send;
}

/// Room for 1000 messages.
pub(crate) struct Bounded;

impl Queue for Bounded {
    type Sender<M: Send + 'static> = mpsc::Sender<M>;
    type Receiver<M: Send + 'static> = mpsc::Receiver<M>;

    fn channel<M: Send + 'static>() -> (mpsc::Sender<M>, mpsc::Receiver<M>) {
        mpsc::channel(1000)
    }

    async fn send<M: Send + 'static>(sender: &mpsc::Sender<M>, message: M) {
        assert!(sender.send(message).await.is_ok(), "the actor runs");
    }

    async fn receive<M: Send + 'static>(receiver: &mut mpsc::Receiver<M>) -> Option<M> {
        receiver.recv().await
    }
}

/// No limit.
pub(crate) struct Unbounded;

impl Queue for Unbounded {
    type Sender<M: Send + 'static> = mpsc::UnboundedSender<M>;
    type Receiver<M: Send + 'static> = mpsc::UnboundedReceiver<M>;

    fn channel<M: Send + 'static>() -> (mpsc::UnboundedSender<M>, mpsc::UnboundedReceiver<M>) {
        mpsc::unbounded_channel()
    }

    async fn send<M: Send + 'static>(sender: &mpsc::UnboundedSender<M>, message: M) {
        assert!(sender.send(message).is_ok(), "the actor runs");
    }

    async fn receive<M: Send + 'static>(receiver: &mut mpsc::UnboundedReceiver<M>) -> Option<M> {
        receiver.recv().await
    }
}

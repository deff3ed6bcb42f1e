//! Byte streams, so that a simulated network can stand where the real one does.

use std::{
    fmt, io,
    task::{Context, Poll},
};

use crate::BoxFuture;

/// Where byte streams come from; what [`Runtime::network`](crate::Runtime::network) gives.
///
/// Addresses are text, as a user writes them (`"10.0.0.7:4000"`, `"db.internal:4000"`): what they
/// mean belongs to the network that reads them.
pub trait Network: fmt::Debug + Send + Sync {
    /// Accepts streams at `address`.
    fn listen<'a>(&'a self, address: &'a str) -> BoxFuture<'a, io::Result<Box<dyn Listener>>>;

    /// Opens a stream to `address`.
    fn dial<'a>(&'a self, address: &'a str) -> BoxFuture<'a, io::Result<Box<dyn ByteStream>>>;

    /// The addresses that `name` stands for now.
    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<String>>>;
}

/// An address that takes streams; dropping it stops that.
pub trait Listener: fmt::Debug + Send {
    /// The address it really listens at, with the port that was chosen.
    fn address(&self) -> String;

    /// Waits for the next stream and names who dialled.
    ///
    /// # Cancel safety
    /// If dropped before it returns, no stream was taken.
    fn accept(&mut self) -> BoxFuture<'_, io::Result<(Box<dyn ByteStream>, String)>>;
}

/// One ordered stream of bytes in both directions.
pub trait ByteStream: fmt::Debug + Send {
    /// Reads into `buffer`; zero bytes read from a buffer with room is the end.
    ///
    /// # Errors
    /// Whatever the stream failed with; it is over then.
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>>;

    /// Takes some of `bytes` and says how many.
    ///
    /// # Errors
    /// Whatever the stream failed with; it is over then.
    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>>;

    /// Waits until all that was written has left.
    ///
    /// # Errors
    /// Whatever the stream failed with; it is over then.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Says that nothing more will be written.
    ///
    /// # Errors
    /// Whatever the stream failed with; it is over then.
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
}

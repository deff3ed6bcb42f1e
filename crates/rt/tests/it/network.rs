//! Byte streams in memory, and the proof that the seam carries them.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    future::poll_fn,
    io,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll, Waker},
};

use ghostlight_rt::{BoxFuture, ByteStream, Listener, Network};

use crate::surroundings::World;

/// How many bytes lie in a pipe before its writer must wait.
const ROOM: usize = 8;

/// A network of pipes: an address is any text that somebody listens at.
#[derive(Default)]
pub(crate) struct Pipes(Arc<Mutex<BTreeMap<String, Arc<Mutex<Door>>>>>);

/// Where diallers wait to be let in.
#[derive(Default)]
struct Door {
    dialled: VecDeque<Stream>,
    waker: Option<Waker>,
}

struct Listening {
    network: Arc<Mutex<BTreeMap<String, Arc<Mutex<Door>>>>>,
    address: String,
    door: Arc<Mutex<Door>>,
}

/// One direction.
#[derive(Default)]
struct Pipe {
    bytes: VecDeque<u8>,
    is_closed: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

struct Stream {
    reads: Arc<Mutex<Pipe>>,
    writes: Arc<Mutex<Pipe>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nothing panics under this lock")
}

impl Network for Pipes {
    fn listen<'a>(&'a self, address: &'a str) -> BoxFuture<'a, io::Result<Box<dyn Listener>>> {
        Box::pin(async move {
            let door = Arc::default();
            let mut doors = lock(&self.0);
            if doors.contains_key(address) {
                return Err(io::ErrorKind::AddrInUse.into());
            }
            doors.insert(address.to_owned(), Arc::clone(&door));
            let network = Arc::clone(&self.0);
            let listener = Listening { network, address: address.to_owned(), door };
            Ok(Box::new(listener) as Box<dyn Listener>)
        })
    }

    fn dial<'a>(&'a self, address: &'a str) -> BoxFuture<'a, io::Result<Box<dyn ByteStream>>> {
        Box::pin(async move {
            let door = lock(&self.0).get(address).cloned();
            let door = door.ok_or(io::ErrorKind::ConnectionRefused)?;
            let (one, other) = <(Arc<Mutex<Pipe>>, Arc<Mutex<Pipe>>)>::default();
            let ours = Stream { reads: Arc::clone(&one), writes: Arc::clone(&other) };
            let mut inside = lock(&door);
            inside.dialled.push_back(Stream { reads: other, writes: one });
            let waker = inside.waker.take();
            drop(inside);
            waker.into_iter().for_each(Waker::wake);
            Ok(Box::new(ours) as Box<dyn ByteStream>)
        })
    }

    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<String>>> {
        let found = lock(&self.0).keys().filter(|it| it.starts_with(name)).cloned().collect();
        Box::pin(async { Ok(found) })
    }
}

impl Listener for Listening {
    fn address(&self) -> String {
        self.address.clone()
    }

    fn accept(&mut self) -> BoxFuture<'_, io::Result<(Box<dyn ByteStream>, String)>> {
        Box::pin(poll_fn(|cx| {
            let mut door = lock(&self.door);
            let Some(stream) = door.dialled.pop_front() else {
                door.waker = Some(cx.waker().clone());
                return Poll::Pending;
            };
            Poll::Ready(Ok((Box::new(stream) as Box<dyn ByteStream>, "somebody".to_owned())))
        }))
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let door = lock(&self.network).remove(&self.address);
        drop(door);
    }
}

impl ByteStream for Stream {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut pipe = lock(&self.reads);
        if pipe.bytes.is_empty() && !pipe.is_closed {
            pipe.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let n = buffer.len().min(pipe.bytes.len());
        buffer.iter_mut().zip(pipe.bytes.drain(..n)).for_each(|(to, from)| *to = from);
        let waker = pipe.writer.take();
        drop(pipe);
        waker.into_iter().for_each(Waker::wake);
        Poll::Ready(Ok(n))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut pipe = lock(&self.writes);
        if pipe.is_closed {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let n = bytes.len().min(ROOM - pipe.bytes.len());
        if n == 0 && !bytes.is_empty() {
            pipe.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        pipe.bytes.extend(&bytes[..n]);
        let waker = pipe.reader.take();
        drop(pipe);
        waker.into_iter().for_each(Waker::wake);
        Poll::Ready(Ok(n))
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        close(&self.writes);
        Poll::Ready(Ok(()))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        close(&self.writes);
        close(&self.reads);
    }
}

fn close(pipe: &Mutex<Pipe>) {
    let mut pipe = lock(pipe);
    pipe.is_closed = true;
    let wakers = [pipe.reader.take(), pipe.writer.take()];
    drop(pipe);
    wakers.into_iter().flatten().for_each(Waker::wake);
}

macro_rules! debug_by_name {
    ($($type:ident)*) => {$(
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($type))
            }
        }
    )*};
}
debug_by_name!(Pipes Listening Stream);

async fn write_all(stream: &mut dyn ByteStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let n = poll_fn(|cx| stream.poll_write(cx, bytes)).await?;
        bytes = &bytes[n..];
    }
    poll_fn(|cx| stream.poll_flush(cx)).await
}

async fn read_to_end(stream: &mut dyn ByteStream) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    loop {
        let mut buffer = [0; 5];
        match poll_fn(|cx| stream.poll_read(cx, &mut buffer)).await? {
            0 => return Ok(all),
            n => all.extend(&buffer[..n]),
        }
    }
}

#[test]
fn the_seam_carries_a_network_over_which_bytes_come_back_as_they_went() {
    let world = World::runtime(4);
    world.block_on(async {
        let network = world.network().expect("this world has one");
        let mut listener = network.listen("echo:1").await.unwrap();
        assert_eq!(listener.address(), "echo:1");
        drop(world.spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("somebody dials");
            let heard = read_to_end(&mut *stream).await.expect("the bytes arrive");
            write_all(&mut *stream, &heard).await.expect("they go back");
        }));
        let sent: Vec<u8> = (0..=255).collect();
        let mut stream = network.dial("echo:1").await.unwrap();
        write_all(&mut *stream, &sent).await.unwrap();
        poll_fn(|cx| stream.poll_close(cx)).await.unwrap();
        assert_eq!(read_to_end(&mut *stream).await.unwrap(), sent);
    });
}

#[test]
fn an_address_is_taken_once_found_by_name_and_free_again_when_its_listener_goes() {
    let world = World::runtime(5);
    world.block_on(async {
        let network = world.network().expect("this world has one");
        let refused = network.dial("db:1").await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        let listener = network.listen("db:1").await.unwrap();
        assert_eq!(network.listen("db:1").await.unwrap_err().kind(), io::ErrorKind::AddrInUse);
        assert_eq!(network.resolve("db").await.unwrap(), ["db:1"]);
        drop(listener);
        assert!(network.resolve("db").await.unwrap().is_empty());
        assert!(network.dial("db:1").await.is_err());
    });
}

#[test]
fn a_dropped_accept_took_no_stream() {
    let world = World::runtime(6);
    world.block_on(async {
        let network = world.network().expect("this world has one");
        let mut listener = network.listen("door").await.unwrap();
        {
            let mut accepting = listener.accept();
            poll_fn(|cx| {
                assert!(accepting.as_mut().poll(cx).is_pending(), "nobody has dialled");
                Poll::Ready(())
            })
            .await;
        }
        let mut stream = network.dial("door").await.unwrap();
        drop(listener.accept());
        let (mut taken, who) = listener.accept().await.unwrap();
        assert_eq!(who, "somebody");
        write_all(&mut *stream, b"hello").await.unwrap();
        drop(stream);
        assert_eq!(read_to_end(&mut *taken).await.unwrap(), b"hello");
    });
}

//! Connections with three bounds: how many there are, how long one may be idle, and how long a request may take to be asked.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

/// A connection on which nothing passes, either way, for this long is closed, between requests and within one.
pub const MAX_IDLE: Duration = Duration::from_secs(90);

/// The head of a request, from the request line to the blank line, must be there this long after its first byte, that of
/// the first request this long after the connection was made; else the connection is closed.
pub const MAX_HEAD: Duration = Duration::from_secs(10);

/// A listener whose connections are bounded, for [`axum::serve()`] with HTTP/1: further ones wait until one ends, and one
/// on which nothing passes for [`MAX_IDLE`], or which takes longer than [`MAX_HEAD`] to say what it asks, is closed. So a
/// client that sends a byte now and then holds no connection for long.
///
/// A stream of events holds its connection for as long as it lasts. Whoever serves such streams bounds them too, below the
/// bound of connections, so that there is always room for a short answer.
///
/// ```
/// use axum::{Router, routing::get};
/// use choreograph::ops::{Bounded, only_loopback_names};
///
/// /// More connections than this wait.
/// const MAX_CONNECTIONS: usize = 128;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// let address = listener.local_addr()?;
/// let page = Router::new().route("/", get(|| async { "open from nine to five" }));
/// let page = only_loopback_names(page, address);
/// tokio::spawn(async move { axum::serve(Bounded::new(listener, MAX_CONNECTIONS), page).await });
/// # std::io::Result::Ok(()) })?;
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct Bounded {
    listener: TcpListener,
    room: Arc<Semaphore>,
    max_idle: Duration,
    max_head: Duration,
}

impl Bounded {
    /// Bounds `listener` to `most` connections at a time. Of none there would never be one: 0 counts as 1.
    pub fn new(listener: TcpListener, most: usize) -> Self {
        Self::with_times(listener, most, MAX_IDLE, MAX_HEAD)
    }

    fn with_times(listener: TcpListener, most: usize, max_idle: Duration, max_head: Duration) -> Self {
        let room = Arc::new(Semaphore::new(most.clamp(1, Semaphore::MAX_PERMITS)));
        Self { listener, room, max_idle, max_head }
    }
}

impl Listener for Bounded {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        // The semaphore is never closed, so the permit is always there.
        let permit = Arc::clone(&self.room).acquire_owned().await.ok();
        // Waits and tries again where the system has no room for another connection.
        let (stream, address) = Listener::accept(&mut self.listener).await;
        let (max_idle, idle) = (self.max_idle, Box::pin(sleep(self.max_idle)));
        let head = Head::of_first(self.max_head);
        (Connection { stream, max_idle, idle, head, _permit: permit }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// One connection of a [`Bounded`] listener.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    max_idle: Duration,
    idle: Pin<Box<Sleep>>,
    head: Head,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Connection {
    fn passed(&mut self) {
        self.idle.as_mut().reset(Instant::now() + self.max_idle);
    }
}

/// The head of the request that is read.
#[derive(Debug)]
struct Head {
    most: Duration,
    state: Reading,
    /// When what is begun must be there.
    late: Pin<Box<Sleep>>,
    /// Whether the last line, as far as it is read, is empty; empty lines before the first do not count.
    blank: Option<bool>,
}

/// How far a request is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// Nothing of the next one came.
    Nothing,
    /// A part of its head.
    Head,
    /// Its head; what follows until it is answered is its body.
    Body,
}

impl Head {
    /// The first request's: it counts as begun.
    fn of_first(most: Duration) -> Self {
        Self { most, state: Reading::Head, late: Box::pin(sleep(most)), blank: None }
    }

    /// Whether it takes too long.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.state == Reading::Head { self.late.as_mut().poll(cx) } else { Poll::Pending }
    }

    fn read(&mut self, bytes: &[u8]) {
        if self.state == Reading::Nothing && !bytes.is_empty() {
            self.late.as_mut().reset(Instant::now() + self.most);
            (self.state, self.blank) = (Reading::Head, None);
        }
        let mut bytes = bytes.iter();
        while self.state == Reading::Head
            && let Some(byte) = bytes.next()
        {
            match (byte, self.blank) {
                (b'\n', Some(true)) => self.state = Reading::Body,
                (b'\n', Some(false)) => self.blank = Some(true),
                (b'\r' | b'\n', _) => {}
                _ => self.blank = Some(false),
            }
        }
    }

    /// An answer is being written, and what is read from now on is the next request. `100 Continue` is no answer: the body
    /// follows it.
    fn answered(&mut self, bytes: &[u8]) {
        if self.state == Reading::Body && !bytes.starts_with(b"HTTP/1.1 100 ") {
            self.state = Reading::Nothing;
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let late = self.head.poll_late(cx);
        let before = buffer.filled().len();
        if late.is_pending()
            && let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(cx, buffer)
        {
            self.passed();
            self.head.read(buffer.filled().get(before..).unwrap_or_default());
            return Poll::Ready(read);
        }
        if late.is_pending() {
            ready!(self.idle.as_mut().poll(cx));
        }
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        let Poll::Ready(written) = Pin::new(&mut self.stream).poll_write(cx, buffer) else {
            // Whoever asks and never reads the answer is idle too.
            ready!(self.idle.as_mut().poll(cx));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        };
        self.passed();
        self.head.answered(buffer);
        Poll::Ready(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use futures_util::future::poll_immediate;

    use super::*;

    /// Longer than any test waits.
    const NEVER: Duration = Duration::from_hours(1);

    async fn bounded(most: usize, max_idle: Duration) -> (Bounded, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (Bounded::with_times(listener, most, max_idle, NEVER), address)
    }

    /// Reads one byte.
    async fn read(connection: &mut Connection) -> io::Result<u8> {
        let mut byte = [0];
        let mut buffer = ReadBuf::new(&mut byte);
        poll_fn(|cx| Pin::new(&mut *connection).poll_read(cx, &mut buffer)).await?;
        Ok(byte[0])
    }

    #[tokio::test]
    async fn one_connection_too_many_waits_until_another_ends() {
        let (mut bounded, address) = bounded(2, NEVER).await;
        let clients = [
            TcpStream::connect(address).await.unwrap(),
            TcpStream::connect(address).await.unwrap(),
            TcpStream::connect(address).await.unwrap(),
        ];
        let (first, _) = bounded.accept().await;
        let (_second, _) = bounded.accept().await;
        let mut third = Box::pin(bounded.accept());
        assert!(poll_immediate(&mut third).await.is_none(), "there is no room for it");
        drop(first);
        let (_third, address) = third.await;
        assert_eq!(address, clients[2].local_addr().unwrap());
    }

    #[tokio::test]
    async fn a_silent_connection_is_closed() {
        let (mut bounded, address) = bounded(1, Duration::from_millis(5)).await;
        let _silent = TcpStream::connect(address).await.unwrap();
        let (mut connection, _) = bounded.accept().await;
        let error = read(&mut connection).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn an_answer_that_nobody_reads_is_not_written_for_ever() {
        let (mut bounded, address) = bounded(1, Duration::from_millis(50)).await;
        let _deaf = TcpStream::connect(address).await.unwrap();
        let (mut connection, _) = bounded.accept().await;
        let answer = vec![b'a'; 1024 * 1024];
        let error = loop {
            let written = poll_fn(|cx| Pin::new(&mut connection).poll_write(cx, &answer)).await;
            if let Err(error) = written {
                break error;
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn what_is_told_keeps_a_connection_as_what_is_heard_does() {
        let (mut bounded, address) = bounded(1, NEVER).await;
        let client = TcpStream::connect(address).await.unwrap();
        let (mut connection, _) = bounded.accept().await;
        let begun = connection.idle.deadline();
        client.try_write(b"?").unwrap();
        assert_eq!(read(&mut connection).await.unwrap(), b'?');
        let heard = connection.idle.deadline();
        assert!(heard > begun);
        poll_fn(|cx| Pin::new(&mut connection).poll_write(cx, b"!")).await.unwrap();
        assert!(connection.idle.deadline() > heard);
    }

    #[tokio::test]
    async fn a_head_that_comes_drop_by_drop_is_not_waited_for() {
        let (mut bounded, address) = bounded(1, NEVER).await;
        bounded.max_head = Duration::from_millis(5);
        let client = TcpStream::connect(address).await.unwrap();
        let (mut connection, _) = bounded.accept().await;
        let end = connection.head.late.deadline();
        let error = loop {
            client.try_write(b"G").unwrap();
            assert_eq!(connection.head.late.deadline(), end, "a byte gains no time");
            if let Err(error) = read(&mut connection).await {
                break error;
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn only_heads_are_waited_for_so_shortly() {
        let told = |head: &mut Head, steps: &[(&str, Reading)]| {
            for (text, state) in steps {
                match text.strip_prefix('>') {
                    Some(answer) => head.answered(answer.as_bytes()),
                    None => head.read(text.as_bytes()),
                }
                assert_eq!(head.state, *state, "after {text:?}");
            }
        };
        told(
            &mut Head::of_first(NEVER),
            &[
                ("GET / HTTP/1.1\r\n", Reading::Head),
                ("Host: a\r\n\r", Reading::Head),
                ("\n", Reading::Body),
                ("a body\n\n", Reading::Body),
                (">HTTP/1.1 100 Continue\r\n", Reading::Body),
                ("more", Reading::Body),
                (">HTTP/1.1 200 OK\r\n", Reading::Nothing),
                (">data: a\n\n", Reading::Nothing),
                ("", Reading::Nothing),
                ("\r\n\n\n", Reading::Head),
                ("P", Reading::Head),
                (">data: b\n\n", Reading::Head),
                ("OST / HTTP/1.1\n\n", Reading::Body),
            ],
        );
    }

    #[tokio::test]
    async fn the_next_head_has_time_from_its_first_byte_on() {
        let mut head = Head::of_first(NEVER);
        let first = head.late.deadline();
        head.read(b"GET / HTTP/1.1\r\n\r\n");
        head.answered(b"HTTP/1.1 200 OK");
        head.read(b"G");
        assert!(head.late.deadline() > first);
    }
}

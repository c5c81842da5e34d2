//! Connections with two bounds: how many there are, and how long one may be idle.

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

/// A listener whose connections are bounded, for [`axum::serve()`]: further ones wait until one ends, and one on which
/// nothing passes for [`MAX_IDLE`] is closed.
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
}

impl Bounded {
    /// Bounds `listener` to `most` connections at a time. Of none there would never be one: 0 counts as 1.
    pub fn new(listener: TcpListener, most: usize) -> Self {
        Self::with_idle(listener, most, MAX_IDLE)
    }

    fn with_idle(listener: TcpListener, most: usize, max_idle: Duration) -> Self {
        let room = Arc::new(Semaphore::new(most.clamp(1, Semaphore::MAX_PERMITS)));
        Self { listener, room, max_idle }
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
        (Connection { stream, max_idle, idle, _permit: permit }, address)
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
    _permit: Option<OwnedSemaphorePermit>,
}

impl Connection {
    fn passed(&mut self) {
        self.idle.as_mut().reset(Instant::now() + self.max_idle);
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(cx, buffer) {
            self.passed();
            return Poll::Ready(read);
        }
        ready!(self.idle.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, buffer));
        self.passed();
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
        (Bounded::with_idle(listener, most, max_idle), address)
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
}

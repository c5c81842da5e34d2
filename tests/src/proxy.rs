//! A TCP proxy that does to connections what networks do.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;
use tokio::sync::watch;

use crate::port::Port;

/// Bytes read at once from one side.
const CHUNK: usize = 64 * 1024;
/// Time a verb may take to be in force.
const IN_FORCE_WITHIN: Duration = Duration::from_secs(10);

/// What the network does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Weather {
    accepts: bool,
    flows: bool,
    delay: Duration,
    /// Connections opened under a lower number are closed.
    cuts: u64,
    ended: bool,
}

const FAIR: Weather = Weather { accepts: true, flows: true, delay: Duration::ZERO, cuts: 0, ended: false };

/// A proxy before one address, on a port and a thread of its own. Closed on drop.
///
/// Verbs add up: `refuse` and then `cut` takes the network away altogether.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    weather: watch::Sender<Weather>,
    door: Arc<Door>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Starts a proxy before `server`, which need not listen yet.
    ///
    /// # Errors
    ///
    /// When the operating system gives no port or no thread.
    pub fn before(server: SocketAddr) -> io::Result<Self> {
        let port = Port::reserve()?;
        let address = port.address();
        let (weather, now) = watch::channel(FAIR);
        let door = Arc::new(Door::default());
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let theirs = Arc::clone(&door);
        let thread = thread::Builder::new()
            .name("proxy".to_owned())
            .spawn(move || runtime.block_on(serve(&port, server, now, &theirs)))?;
        let proxy = Self { address, weather, door, thread: Some(thread) };
        proxy.door.wait(true)?;
        Ok(proxy)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Refuses new connections; those that are open stay.
    ///
    /// # Errors
    ///
    /// When it is not in force in time, here and in [`Proxy::restore`].
    pub fn refuse(&self) -> io::Result<()> {
        self.change(|weather| weather.accepts = false);
        self.door.wait(false)
    }

    /// Keeps connections open, takes new ones, and passes nothing on in either direction.
    pub fn black_hole(&self) {
        self.change(|weather| weather.flows = false);
    }

    /// Holds back every chunk of bytes by `delay`, in both directions.
    pub fn delay(&self, delay: Duration) {
        self.change(|weather| weather.delay = delay);
    }

    /// Closes every connection that is open now, wherever in the stream it is.
    pub fn cut(&self) {
        self.change(|weather| weather.cuts += 1);
    }

    /// Ends all that [`Proxy::refuse`], [`Proxy::black_hole`] and [`Proxy::delay`] began.
    pub fn restore(&self) -> io::Result<()> {
        self.change(|weather| *weather = Weather { cuts: weather.cuts, ..FAIR });
        self.door.wait(true)
    }

    fn change(&self, change: impl FnOnce(&mut Weather)) {
        self.weather.send_modify(change);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.change(|weather| weather.ended = true);
        if let Some(thread) = self.thread.take() {
            drop(thread.join()); // A panic there has been printed there.
        }
    }
}

/// Whether the proxy listens, for those who wait for it.
#[derive(Debug, Default)]
struct Door {
    open: Mutex<bool>,
    moved: Condvar,
}

impl Door {
    fn set(&self, open: bool) {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = open;
        self.moved.notify_all();
    }

    fn wait(&self, wanted: bool) -> io::Result<()> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let guard = self.moved.wait_timeout_while(open, IN_FORCE_WITHIN, |open| *open != wanted);
        let (open, _) = guard.unwrap_or_else(PoisonError::into_inner);
        if *open == wanted { Ok(()) } else { Err(io::Error::other("the proxy does not answer its verbs")) }
    }
}

async fn serve(port: &Port, server: SocketAddr, mut now: watch::Receiver<Weather>, door: &Door) {
    loop {
        let weather = *now.borrow_and_update();
        if weather.ended {
            return;
        }
        if weather.accepts {
            match port.listen() {
                Ok(listener) => {
                    door.set(true);
                    accept(&listener, server, &mut now).await;
                }
                Err(e) => return eprintln!("the proxy cannot listen on {}: {e}", port.address()),
            }
        } else {
            door.set(false);
            if now.changed().await.is_err() {
                return;
            }
        }
    }
}

/// Accepts until the weather forbids it.
async fn accept(listener: &TcpListener, server: SocketAddr, now: &mut watch::Receiver<Weather>) {
    loop {
        let accepted = tokio::select! {
            biased;
            forbidden = now.wait_for(|weather| weather.ended || !weather.accepts) => {
                drop(forbidden);
                return;
            }
            accepted = listener.accept() => accepted,
        };
        if let Ok((client, _)) = accepted {
            tokio::spawn(connection(client, server, now.clone()));
        }
    }
}

/// Carries one connection until either side ends it or it is cut.
async fn connection(client: TcpStream, server: SocketAddr, mut now: watch::Receiver<Weather>) {
    let cuts = now.borrow().cuts;
    let carried = carry(client, server, now.clone());
    tokio::select! {
        biased;
        cut = now.wait_for(|weather| weather.ended || weather.cuts > cuts) => drop(cut),
        // An error on either side ends both, as the network would.
        ended = carried => drop(ended),
    }
}

async fn carry(client: TcpStream, server: SocketAddr, now: watch::Receiver<Weather>) -> io::Result<()> {
    let server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::try_join!(pump(from_client, to_server, now.clone()), pump(from_server, to_client, now))?;
    Ok(())
}

/// Passes bytes on in one direction, as the weather allows.
async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut now: watch::Receiver<Weather>,
) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let length = from.read(&mut chunk).await?;
        let delay = now.borrow().delay;
        tokio::time::sleep(delay).await;
        // The sender of the weather outlives this: its end cuts the connection.
        drop(now.wait_for(|weather| weather.flows).await.map_err(io::Error::other)?);
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(&chunk[..length]).await?;
    }
}

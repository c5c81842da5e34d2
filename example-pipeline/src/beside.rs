//! A page beside a service: on a thread of its own, and within bounds.

use std::future::Future;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::{io, thread};

use axum::Router;
use axum::http::StatusCode;
use choreograph::ops::{Bounded, only_loopback_names};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// More connections to a page than this wait; idle ones are closed after [`MAX_IDLE`](choreograph::ops::MAX_IDLE).
pub const MAX_CONNECTIONS: usize = 256;
/// Browsers that are told of changes at the same time: fewer than connections, so that there is room to ask and to order.
pub const MAX_LIVE: usize = 200;

/// Serves `routes` at `listener`; on the loopback, to requests that ask for the loopback alone.
///
/// # Errors
/// What the listener answers.
pub async fn serve(listener: TcpListener, routes: Router) -> io::Result<()> {
    let address = listener.local_addr()?;
    axum::serve(Bounded::new(listener, MAX_CONNECTIONS), only_loopback_names(routes, address)).await
}

/// Room for [`MAX_LIVE`] streams of changes. Clones share it.
#[derive(Debug, Clone)]
pub struct Room(Arc<Semaphore>);

/// A stream's place, free again when it is dropped.
pub type Place = OwnedSemaphorePermit;

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_LIVE)))
    }
}

impl Room {
    /// A place for one more stream.
    ///
    /// # Errors
    /// The answer for a browser for which there is none; it asks again later.
    pub fn place(&self) -> Result<Place, (StatusCode, &'static str)> {
        let full = (StatusCode::SERVICE_UNAVAILABLE, "too many look at this at the moment\n");
        Arc::clone(&self.0).try_acquire_owned().map_err(|_| full)
    }
}

/// A page that is served beside a service. It should never end by itself: if it does, the service ends with it, for half a
/// service that nobody notices is worse than none.
#[derive(Debug)]
pub struct Beside(Arc<OnceLock<String>>);

impl Beside {
    /// Serves `page` on a thread of its own, until the process ends. If it ends or panics, the reason is told on standard
    /// error and the service is asked to end, in order.
    ///
    /// # Errors
    /// If there is no thread to be had.
    pub fn start(
        name: &'static str,
        runtime: Runtime,
        page: impl Future<Output = io::Result<()>> + Send + 'static,
    ) -> io::Result<Self> {
        Self::ending(name, runtime, page, || {
            let itself = rustix::process::getpid();
            // Nothing is left to try where a process may not signal itself.
            let _asked = rustix::process::kill_process(itself, rustix::process::Signal::TERM);
        })
    }

    /// As [`Self::start`], ending the service by `end`.
    fn ending(
        name: &'static str,
        runtime: Runtime,
        page: impl Future<Output = io::Result<()>> + Send + 'static,
        end: impl FnOnce() + Send + 'static,
    ) -> io::Result<Self> {
        let ended = Arc::new(OnceLock::new());
        let told = Arc::clone(&ended);
        let serve = move || {
            // A task of its own: its panic is an answer here, not the end of the thread.
            let why = match runtime.block_on(runtime.spawn(page)) {
                Ok(Ok(())) => "nobody asked it to".to_owned(),
                Ok(Err(error)) => error.to_string(),
                Err(panic) => panic.to_string(),
            };
            eprintln!("error: the page of the {name} has ended: {why}; the service ends with it");
            told.get_or_init(|| why);
            end();
        };
        thread::Builder::new().name("page".to_owned()).spawn(serve)?;
        Ok(Self(ended))
    }

    /// The process's exit code, `service` being the service's own.
    pub fn exit(&self, service: ExitCode) -> ExitCode {
        if self.0.get().is_some() { ExitCode::from(choreograph::exit::FINDINGS) } else { service }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    /// Longer than an end takes on a busy machine.
    const WITHIN: Duration = Duration::from_mins(1);

    fn runtime() -> Runtime {
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
    }

    /// Starts `page`, waits until it has asked for the service's end, and gives why it ended.
    fn ended(page: impl Future<Output = io::Result<()>> + Send + 'static) -> String {
        let (end, asked) = mpsc::channel();
        let end = move || end.send(()).expect("somebody waits");
        let beside = Beside::ending("test", runtime(), page, end).expect("a thread");
        asked.recv_timeout(WITHIN).expect("the service is asked to end");
        assert_ne!(beside.exit(ExitCode::SUCCESS), ExitCode::SUCCESS);
        beside.0.get().expect("a reason").clone()
    }

    #[test]
    fn a_page_that_panics_ends_its_service_and_says_why() {
        let why = ended(async { panic!("the shelf fell over") });
        assert!(why.contains("the shelf fell over"), "{why}");
    }

    #[test]
    fn a_page_that_fails_ends_its_service_and_says_why() {
        assert_eq!(ended(async { Err(io::Error::other("no more sockets")) }), "no more sockets");
    }

    #[test]
    fn a_page_that_is_served_changes_nothing() {
        let beside = Beside::ending("test", runtime(), std::future::pending(), || {}).expect("a thread");
        assert_eq!(beside.exit(ExitCode::SUCCESS), ExitCode::SUCCESS);
        assert_eq!(beside.exit(ExitCode::FAILURE), ExitCode::FAILURE);
    }

    #[test]
    fn there_is_room_for_so_many_and_again_when_one_leaves() {
        let room = Room::default();
        let places: Vec<Place> = (0..MAX_LIVE).map(|_| room.place().expect("room")).collect();
        assert_eq!(room.place().expect_err("it is full").0, StatusCode::SERVICE_UNAVAILABLE);
        drop(places);
        assert!(room.place().is_ok());
    }
}

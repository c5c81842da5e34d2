//! The whole: what follows Kafka, what serves the answers, and their end.

use std::io;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::fact::Millis;
use crate::follow::Follower;
use crate::http::{self, Alive, Server};
use crate::model::{Model, ModelSettings};
use crate::state_folder::StateFolder;
use crate::{Options, Shared};

/// Threads that serve answers; what works them out, and what waits for the brokers, is on others.
const SERVING_THREADS: usize = 2;

/// Answers that are worked out at the same time.
const MAX_WORKERS: usize = 32;

/// Why no observer could be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// There is no address of a broker.
    #[error(transparent)]
    Settings(#[from] choreograph::settings::Error),
    /// An address that others reach, and no token.
    #[error(
        "{0} can be reached by others: set CHOREOGRAPH_OBSERVER_TOKEN or CHOREOGRAPH_OBSERVER_TOKEN_FILE, or listen at 127.0.0.1"
    )]
    Token(SocketAddr),
    /// A token that keeps nobody out.
    #[error(
        "the token is empty: write one into CHOREOGRAPH_OBSERVER_TOKEN or the file that CHOREOGRAPH_OBSERVER_TOKEN_FILE names"
    )]
    EmptyToken,
    /// Operators may act, and anybody could.
    #[error(
        "operators' actions need a token: set CHOREOGRAPH_OBSERVER_TOKEN or CHOREOGRAPH_OBSERVER_TOKEN_FILE"
    )]
    ActionsToken,
    /// The address cannot be had.
    #[error("cannot listen at {0}: {1}; choose another address")]
    Listen(SocketAddr, #[source] io::Error),
    /// The folder of the state cannot be used.
    #[error("state cannot be kept in {0}: {1}")]
    State(String, #[source] io::Error),
    /// The system gives no thread.
    #[error("no thread can be started: {0}")]
    Thread(#[source] io::Error),
}

/// An observer that runs: it follows a Kafka and answers over HTTP. Dropped, it ends.
#[derive(Debug)]
pub struct Observer {
    address: SocketAddr,
    shared: Shared,
    notice: Option<String>,
    follower: Option<Follower>,
    alive: Alive,
    server: Option<Server>,
    /// Whether a signal to end came: listened for from the first [`Observer::wait`] on.
    ended: OnceLock<watch::Receiver<bool>>,
    runtime: Option<Runtime>,
}

impl Observer {
    /// Starts one. What brokers do not answer yet is told by [`Observer::problems`], and waited for.
    ///
    /// # Errors
    ///
    /// When the settings name no broker, an address is refused or taken, or the folder for the state cannot be used.
    pub fn start(options: &Options) -> Result<Self, StartError> {
        check(options)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(SERVING_THREADS)
            .max_blocking_threads(MAX_WORKERS)
            .thread_name("observer serve")
            .enable_all()
            .build()
            .map_err(StartError::Thread)?;
        let failed = |error| StartError::Listen(options.listen, error);
        let listener = runtime.block_on(http::listen(options)).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let (follower, shared, notice) = follow(options)?;
        let alive = Alive::new();
        let server = {
            let _entered = runtime.enter();
            Server::start(listener, options, shared.clone(), alive.clone())
        };
        Ok(Self {
            address,
            shared,
            notice,
            follower: Some(follower),
            alive,
            server: Some(server),
            ended: OnceLock::new(),
            runtime: Some(runtime),
        })
    }

    /// Where it answers, with the port that it got.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it knows.
    pub fn shared(&self) -> &Shared {
        &self.shared
    }

    /// What was to be said at the start: that the state file could not be used.
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
    }

    /// What is wrong with its own sight now, each in a sentence.
    pub fn problems(&self) -> Vec<String> {
        self.shared.read(|model| model.overview(crate::clock::now()).problems)
    }

    /// Waits for SIGINT or SIGTERM, at most `within`. Answers whether the observer is to end: a signal came, or whoever
    /// fills the model has failed, which `/live` says too.
    pub fn wait(&self, within: Duration) -> bool {
        let Some(runtime) = &self.runtime else { return true };
        let mut ended = self.ended.get_or_init(|| listen_for_signals(runtime)).clone();
        let signal = async { tokio::time::timeout(within, ended.wait_for(|ended| *ended)).await.is_ok() };
        if runtime.block_on(signal) {
            return true;
        }
        let alive = self.follower.as_ref().is_some_and(Follower::is_alive);
        if !alive {
            self.alive.is_not();
        }
        !alive
    }

    /// Whether whoever fills the model still does.
    pub fn is_alive(&self) -> bool {
        self.follower.as_ref().is_some_and(Follower::is_alive)
    }

    /// Ends it in order: a last save, and answers under way. Takes some seconds at most.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if let (Some(runtime), Some(server)) = (&self.runtime, self.server.take()) {
            runtime.block_on(server.stop());
        }
        if let Some(mut follower) = self.follower.take() {
            follower.stop();
        }
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.end();
    }
}

/// Follows a Kafka until everything that is in the topics now was read, at most `within`, and gives what is known then;
/// for one question without an observer that runs. Nothing is listened at, and no state kept.
///
/// # Errors
///
/// As [`Observer::start`].
pub fn look_once(options: &Options, within: Duration) -> Result<Shared, StartError> {
    look_until(options, within, |model, now| model.overview(now).as_of.caught_up)
}

/// As [`look_once`], and looks on until `enough` is content with what is known, at most `within` in all: that something
/// stands still shows only to who looks twice. It is asked again and again, with the model and the time.
///
/// # Errors
///
/// As [`Observer::start`].
pub fn look_until(
    options: &Options,
    within: Duration,
    mut enough: impl FnMut(&Model, Millis) -> bool,
) -> Result<Shared, StartError> {
    /// How often it is asked whether that is enough.
    const ASK_EVERY: Duration = Duration::from_millis(50);
    let (mut follower, shared, _) = follow(&Options { state: None, ..options.clone() })?;
    let end = std::time::Instant::now() + within;
    let mut is_enough = || shared.read(|model| enough(model, crate::clock::now()));
    while !is_enough() && std::time::Instant::now() < end && follower.is_alive() {
        std::thread::sleep(ASK_EVERY);
    }
    follower.stop();
    Ok(shared)
}

pub(crate) fn check(options: &Options) -> Result<(), StartError> {
    options.settings.kafka.bootstrap_servers().map_err(choreograph::settings::Error::from)?;
    if options.token.as_ref().is_some_and(|token| token.expose().trim().is_empty()) {
        return Err(StartError::EmptyToken);
    }
    if !options.listen.ip().is_loopback() && options.token.is_none() {
        return Err(StartError::Token(options.listen));
    }
    if options.operator.is_some() && options.token.is_none() {
        return Err(StartError::ActionsToken);
    }
    Ok(())
}

/// Begins to follow, from the last save where there is one.
fn follow(options: &Options) -> Result<(Follower, Shared, Option<String>), StartError> {
    options.settings.kafka.bootstrap_servers().map_err(choreograph::settings::Error::from)?;
    let settings = ModelSettings { namespace: options.settings.namespace.clone(), ..options.model.clone() };
    let (state, (model, notice)) = match &options.state {
        Some(folder) => {
            let failed = |error| StartError::State(folder.display().to_string(), error);
            let state = StateFolder::new(folder).map_err(failed)?;
            let loaded = state.load(&settings).map_err(failed)?;
            (Some(state), loaded)
        }
        None => (None, (Model::new(settings), None)),
    };
    let shared = Shared::new(model);
    let follower = Follower::start(options, shared.clone(), state).map_err(StartError::Thread)?;
    Ok((follower, shared, notice))
}

/// Listens for a signal to end, from now on: one that comes between two looks is not lost.
fn listen_for_signals(runtime: &Runtime) -> watch::Receiver<bool> {
    let (told, ended) = watch::channel(false);
    runtime.spawn(async move {
        signal().await;
        // Nobody may be left to be told.
        let _ended = told.send(true);
    });
    ended
}

/// Ends when a signal to end comes.
async fn signal() {
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        () = terminated => {}
        Ok(()) = tokio::signal::ctrl_c() => {}
    }
}

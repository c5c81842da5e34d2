//! The routes and their server.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Router, middleware};
use choreograph::ops::Bounded;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, oneshot};
use tokio::task::JoinHandle;

use super::error::Refusal;
use super::guard::{Guard, guard};
use super::live::{Live, live};
use super::served::{Alive, Served};
use super::{api, body, page, probes, records};
use crate::follow::Values;
use crate::{Options, Shared};

/// More connections at a time than this wait; one on which nothing passes for [`MAX_IDLE`](choreograph::ops::MAX_IDLE) is
/// closed.
pub const MAX_CONNECTIONS: usize = 256;

/// How long [`Server::stop`] waits for answers under way.
const MAX_STOP: Duration = Duration::from_secs(1);

/// A server that runs; it ends when it is stopped or dropped.
#[derive(Debug)]
pub(crate) struct Server {
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves `shared` at `listener`, on the Tokio runtime of the caller.
    pub(crate) fn start(listener: TcpListener, options: &Options, shared: Shared, alive: Alive) -> Self {
        let loopback = listener.local_addr().is_ok_and(|address| address.ip().is_loopback());
        let app = routes(options, shared, alive, loopback);
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            // Serving ends only when it is told to; either way of being told is the same.
            let _ended = axum::serve(Bounded::new(listener, MAX_CONNECTIONS), app)
                .with_graceful_shutdown(async { drop(stopped.await) })
                .await;
        });
        Self { stop: Some(stop), task }
    }

    /// Stops accepting, waits shortly for answers under way, and ends.
    pub(crate) async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            // An error means that the server has ended already.
            let _ended = stop.send(());
        }
        // What is not answered by then is cut off when `self` is dropped.
        let _cut_off = tokio::time::timeout(MAX_STOP, &mut self.task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Listens where `options` say.
pub(crate) async fn listen(options: &Options) -> io::Result<TcpListener> {
    TcpListener::bind::<SocketAddr>(options.listen).await
}

/// All routes, behind the guard.
fn routes(options: &Options, shared: Shared, alive: Alive, loopback: bool) -> Router {
    let guarded = Guard::new(loopback, &options.hosts, options.token.as_ref());
    let served = Served {
        shared: shared.clone(),
        records: Values::new(&options.settings),
        payloads: options.payloads,
        operator: options.operator.clone(),
        reading: Arc::new(Mutex::new(())),
        acting: Arc::new(Mutex::new(())),
        alive,
        guard: guarded.clone(),
    };
    let ticks = Router::new().route("/api/live", get(live)).with_state(Live::start(shared));
    let app = Router::new()
        .route("/api/overview", get(api::overview))
        .route("/api/workflows/{name}", get(api::workflow))
        .route("/api/instances", get(api::instances))
        .route("/api/instances/{id}", get(api::instance))
        .route("/api/instances/{id}/events/{event}/value", get(records::value))
        .route("/api/instances/{id}/events/{event}/headers", get(records::headers))
        .route("/api/where/{text}", get(api::find))
        .route("/api/failures", get(api::failures))
        .route("/api/contracts", get(api::contracts))
        .route("/api/drift", get(api::drift))
        .route("/api/abilities", get(api::abilities))
        .route("/api/dead-letters/{action}", post(api::act))
        .route("/api/dead-letters/{id}/value", get(records::letter_value))
        .route("/api/dead-letters/{id}/headers", get(records::letter_headers))
        .route("/live", get(probes::live))
        .route("/ready", get(probes::ready))
        .route("/metrics", get(probes::exposition))
        .with_state(served)
        .merge(ticks)
        .method_not_allowed_fallback(not_so)
        .fallback(get(page::page).fallback(not_so));
    app.layer(DefaultBodyLimit::max(body::MAX_BYTES)).layer(middleware::from_fn_with_state(guarded, guard))
}

/// Where a method is none of the route's. Nothing of a body is read.
async fn not_so() -> Refusal {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "this address is not asked so: `Allow` says how")
}

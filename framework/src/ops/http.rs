//! The three routes and their server.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use prometheus::{Registry, TextEncoder};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::connection::Bounded;
use super::health::Health;
use super::host::only_loopback_names;
use crate::settings::Ops;

/// How long [`Server::stop`] waits for answers under way.
const MAX_STOP: Duration = Duration::from_secs(1);

/// More connections at a time than this wait.
const MAX_CONNECTIONS: usize = 64;

/// The server could not be started.
#[derive(Debug, thiserror::Error)]
#[error("CHOREOGRAPH_OPS_ADDRESS: cannot listen at {address}; choose another address, or off")]
pub struct ServeError {
    /// The address that was tried.
    pub address: SocketAddr,
    /// Why it cannot be had.
    #[source]
    pub source: io::Error,
}

/// A server that runs; it ends when it is stopped or dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Where it listens, with the port it got.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops accepting, waits shortly for answers under way, and ends.
    pub async fn stop(mut self) {
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

/// Serves `health` and `metrics` where `ops` says, on the Tokio runtime of the caller; `None` where it says
/// [`Ops::Off`].
///
/// # Errors
///
/// When the address cannot be had.
pub async fn serve(ops: Ops, health: Health, metrics: Registry) -> Result<Option<Server>, ServeError> {
    let Some(listener) = listen(ops).await? else {
        return Ok(None);
    };
    let address = listener.local_addr().unwrap_or(Ops::DEFAULT_ADDRESS);
    let (stop, stopped) = oneshot::channel::<()>();
    let app = only_loopback_names(routes(health, metrics), address);
    let task = tokio::spawn(async move {
        // Serving ends only when it is told to; either way of being told is the same.
        let _ended = axum::serve(Bounded::new(listener, MAX_CONNECTIONS), app)
            .with_graceful_shutdown(async { drop(stopped.await) })
            .await;
    });
    Ok(Some(Server { address, stop: Some(stop), task }))
}

/// Listens where `ops` says.
async fn listen(ops: Ops) -> Result<Option<TcpListener>, ServeError> {
    let address = match ops {
        Ops::Off => return Ok(None),
        Ops::At(address) => address,
        Ops::Default => match TcpListener::bind(Ops::DEFAULT_ADDRESS).await {
            Ok(listener) => return Ok(Some(listener)),
            Err(_) => SocketAddr::new(Ops::DEFAULT_ADDRESS.ip(), 0),
        },
    };
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(Some(listener)),
        Err(source) => Err(ServeError { address, source }),
    }
}

fn routes(health: Health, metrics: Registry) -> Router {
    let probes = Router::new().route("/live", get(live)).route("/ready", get(ready)).with_state(health);
    let metrics = Router::new().route("/metrics", get(exposition)).with_state(metrics);
    probes.merge(metrics)
}

async fn live(State(health): State<Health>) -> Response {
    let report = health.report();
    (status(report.live), no_store(), Json(report)).into_response()
}

async fn ready(State(health): State<Health>) -> Response {
    let report = health.report();
    (status(report.ready), no_store(), Json(report)).into_response()
}

/// All metrics in the text format of Prometheus.
async fn exposition(State(metrics): State<Registry>) -> Response {
    let text = tokio::task::spawn_blocking(move || {
        TextEncoder::new().encode_to_string(&metrics.gather()).map_err(|error| error.to_string())
    })
    .await
    .map_err(|error| error.to_string())
    .and_then(|encoded| encoded);
    match text {
        Ok(text) => ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error).into_response(),
    }
}

fn status(good: bool) -> StatusCode {
    if good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

fn no_store() -> [(header::HeaderName, &'static str); 1] {
    [(header::CACHE_CONTROL, "no-store")]
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use prometheus::IntCounter;

    use super::*;

    /// A server on a free port, with a counter.
    async fn server(health: &Health) -> Server {
        let registry = Registry::new();
        let counter = IntCounter::new("answers_total", "Answers.").unwrap();
        counter.inc_by(42);
        registry.register(Box::new(counter)).unwrap();
        let any = Ops::At("127.0.0.1:0".parse().unwrap());
        serve(any, health.clone(), registry).await.unwrap().unwrap()
    }

    /// Sends one request with these header lines and reads the whole answer.
    async fn ask(address: SocketAddr, path: &str, headers: &str) -> String {
        let request = format!("GET {path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n");
        tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        })
        .await
        .unwrap()
    }

    #[tokio::test]
    async fn tells_health_with_its_reasons_and_metrics() {
        let health = Health::new();
        let step = health.step("payment/charge");
        let server = server(&health).await;
        let address = server.address();
        let host = "Host: localhost:1\r\n";

        let live = ask(address, "/live", host).await;
        assert!(live.starts_with("HTTP/1.1 200 ") && live.contains("\"live\":true"), "{live}");
        let ready = ask(address, "/ready", host).await;
        assert!(ready.starts_with("HTTP/1.1 503 ") && ready.contains("the group is not joined"), "{ready}");

        step.update(|state| (state.group_joined, state.producer_reached) = (true, true));
        assert!(ask(address, "/ready", host).await.starts_with("HTTP/1.1 200 "));
        health.leave();
        assert!(ask(address, "/ready", host).await.starts_with("HTTP/1.1 503 "));
        assert!(ask(address, "/metrics", host).await.contains("\nanswers_total 42\n"));
        assert!(ask(address, "/other", host).await.starts_with("HTTP/1.1 404 "));
        server.stop().await;
        assert!(TcpStream::connect(address).is_err());
    }

    #[tokio::test]
    async fn another_host_is_refused_on_the_loopback() {
        let server = server(&Health::new()).await;
        for headers in [
            "Host: evil.example\r\n",
            "Host: localhost.evil.example\r\n",
            "Host: localhost:80.evil.example\r\n",
            "Host: 127.0.0.1@evil.example\r\n",
            "Host: localhost\r\nHost: evil.example\r\n",
            "",
        ] {
            let answer = ask(server.address(), "/metrics", headers).await;
            assert!(answer.starts_with("HTTP/1.1 4") && !answer.contains("answers_total"), "{answer}");
        }
        for headers in ["Host: 127.0.0.1:9464\r\n", "Host: [::1]\r\n"] {
            let answer = ask(server.address(), "/metrics", headers).await;
            assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        }
    }

    #[tokio::test]
    async fn beyond_the_loopback_any_name_will_do() {
        let any = Ops::At("0.0.0.0:0".parse().unwrap());
        let server = serve(any, Health::new(), Registry::new()).await.unwrap().unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], server.address().port()));
        assert!(ask(address, "/live", "Host: payment.internal\r\n").await.starts_with("HTTP/1.1 200 "));
    }

    #[tokio::test]
    async fn a_taken_address_is_told_and_off_is_off() {
        let server = server(&Health::new()).await;
        let error = serve(Ops::At(server.address()), Health::new(), Registry::new()).await.unwrap_err();
        assert!(error.to_string().contains(&server.address().to_string()), "{error}");
        assert!(serve(Ops::Off, Health::new(), Registry::new()).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn one_connection_more_than_there_is_room_for_waits_until_another_ends() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};

        async fn asked(stream: &mut tokio::net::TcpStream) {
            stream.write_all(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        }

        async fn answered(stream: &mut tokio::net::TcpStream) {
            let mut answer = Vec::new();
            while !answer.ends_with(b"}") {
                assert!(stream.read_buf(&mut answer).await.unwrap() > 0, "closed");
            }
        }

        let server = server(&Health::new()).await;
        let connect = || tokio::net::TcpStream::connect(server.address());
        let mut held = Vec::new();
        for _ in 0..MAX_CONNECTIONS {
            let mut stream = connect().await.unwrap();
            asked(&mut stream).await;
            answered(&mut stream).await;
            held.push(stream);
        }
        let mut more = connect().await.unwrap();
        asked(&mut more).await;
        for stream in &mut held {
            asked(stream).await;
            answered(stream).await;
        }
        let nothing = more.try_read(&mut [0; 1]).unwrap_err();
        assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
        drop(held);
        answered(&mut more).await;
    }
}

//! The receiver, seen from the test.

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use opentelemetry_proto::tonic::metrics::v1::Metric;
use tokio::net::TcpListener;
use tokio::runtime::{self, Runtime};

use super::Span;
use super::inbox::{Inbox, Mood};
use super::server;

/// Receives spans and metrics on two loopback ports of its own until dropped.
///
/// Put a [`Proxy`](crate::proxy::Proxy) before it to take the connection away.
#[derive(Debug)]
pub struct Receiver {
    inbox: Arc<Inbox>,
    grpc: SocketAddr,
    http: SocketAddr,
    runtime: Option<Runtime>,
}

impl Receiver {
    /// Starts to receive.
    ///
    /// # Errors
    ///
    /// When the operating system gives no ports or no thread.
    pub fn start() -> io::Result<Self> {
        let runtime = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let inbox = Arc::new(Inbox::new());
        let (grpc, grpc_address) = listen(&runtime)?;
        let (http, http_address) = listen(&runtime)?;
        runtime.spawn(server::grpc(grpc, Arc::clone(&inbox)));
        runtime.spawn(server::http(http, Arc::clone(&inbox)));
        Ok(Self { inbox, grpc: grpc_address, http: http_address, runtime: Some(runtime) })
    }

    /// The endpoint for `OTEL_EXPORTER_OTLP_PROTOCOL=grpc`.
    pub fn grpc(&self) -> String {
        format!("http://{}", self.grpc)
    }

    /// The endpoint for `OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf`, without `/v1/traces`.
    pub fn http(&self) -> String {
        format!("http://{}", self.http)
    }

    /// Where gRPC is served and where HTTP, for what stands [before it](crate::tls::Encrypted).
    pub fn addresses(&self) -> (SocketAddr, SocketAddr) {
        (self.grpc, self.http)
    }

    /// All spans received so far, in the order of arrival.
    ///
    /// # Panics
    ///
    /// When more arrived than are kept (a million): a test that looks at spans must not look at a part.
    pub fn spans(&self) -> Vec<Span> {
        let kept = self.inbox.kept();
        assert_eq!(kept.beyond, 0, "more spans arrived than the receiver keeps");
        kept.spans.clone()
    }

    /// All metrics received so far, in the order of arrival: the same metric once for every export.
    pub fn metrics(&self) -> Vec<Metric> {
        self.inbox.kept().metrics.clone()
    }

    /// With which `authorization` signals (`traces`, `metrics`) came so far, each pair once.
    pub fn logins(&self) -> BTreeSet<(&'static str, String)> {
        self.inbox.kept().logins.clone()
    }

    /// How many spans were received so far, also of those beyond the million that are kept.
    pub fn received(&self) -> usize {
        let kept = self.inbox.kept();
        kept.spans.len() + kept.beyond
    }

    /// How many requests were refused.
    pub fn refused(&self) -> usize {
        self.inbox.kept().refused
    }

    /// Answers every request with "unavailable", also those that were held by [`Receiver::stall`].
    pub fn refuse(&self) {
        self.inbox.set(Mood::Refuses);
    }

    /// Answers no request until [`Receiver::restore`].
    pub fn stall(&self) {
        self.inbox.set(Mood::Stalls);
    }

    /// Takes again.
    pub fn restore(&self) {
        self.inbox.set(Mood::Takes);
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background(); // Does not block, so a receiver may be dropped in an async test.
        }
    }
}

fn listen(runtime: &Runtime) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

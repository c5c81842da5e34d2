//! The two protocols.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message as _;
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

use super::inbox::{Inbox, Refused};

/// What the signals are called in [`Inbox::take_login`].
const TRACES: &str = "traces";
const METRICS: &str = "metrics";

/// Serves gRPC until dropped.
pub(super) async fn grpc(listener: TcpListener, inbox: Arc<Inbox>) {
    let served = Server::builder()
        .add_service(TraceServiceServer::new(Grpc(Arc::clone(&inbox))))
        .add_service(MetricsServiceServer::new(Grpc(inbox)))
        .serve_with_incoming(TcpIncoming::from(listener))
        .await;
    if let Err(e) = served {
        eprintln!("the OTLP receiver's gRPC server ended: {e}");
    }
}

/// Serves protobuf over HTTP until dropped.
pub(super) async fn http(listener: TcpListener, inbox: Arc<Inbox>) {
    let routes =
        Router::new().route("/v1/traces", post(traces)).route("/v1/metrics", post(metrics)).with_state(inbox);
    if let Err(e) = axum::serve(listener, routes).await {
        eprintln!("the OTLP receiver's HTTP server ended: {e}");
    }
}

struct Grpc(Arc<Inbox>);

#[tonic::async_trait]
impl TraceService for Grpc {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.0.take_login(TRACES, login(&request));
        self.0.take_spans(request.into_inner()).await.map_err(unavailable)?;
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Grpc {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        self.0.take_login(METRICS, login(&request));
        self.0.take_metrics(request.into_inner()).await.map_err(unavailable)?;
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

/// The login of a request over gRPC.
fn login<T>(request: &Request<T>) -> Option<&str> {
    request.metadata().get(AUTHORIZATION.as_str())?.to_str().ok()
}

fn unavailable(_: Refused) -> Status {
    Status::unavailable("the test's receiver refuses")
}

async fn traces(
    State(inbox): State<Arc<Inbox>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Vec<u8>, StatusCode> {
    inbox.take_login(TRACES, headers.get(AUTHORIZATION).and_then(|login| login.to_str().ok()));
    let request = ExportTraceServiceRequest::decode(body).map_err(|_| StatusCode::BAD_REQUEST)?;
    inbox.take_spans(request).await.map_err(|Refused| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok(ExportTraceServiceResponse::default().encode_to_vec())
}

async fn metrics(
    State(inbox): State<Arc<Inbox>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Vec<u8>, StatusCode> {
    inbox.take_login(METRICS, headers.get(AUTHORIZATION).and_then(|login| login.to_str().ok()));
    let request = ExportMetricsServiceRequest::decode(body).map_err(|_| StatusCode::BAD_REQUEST)?;
    inbox.take_metrics(request).await.map_err(|Refused| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok(ExportMetricsServiceResponse::default().encode_to_vec())
}

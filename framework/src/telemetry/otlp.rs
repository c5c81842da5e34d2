//! Exporters that speak OTLP to a collector.

use std::collections::HashMap;
use std::pin::Pin;
use std::time::Duration;

use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::tonic_types::metadata::MetadataMap;
use opentelemetry_otlp::tonic_types::transport::{Certificate, ClientTlsConfig, Identity};
use opentelemetry_otlp::{
    Compression as OtlpCompression, ExporterBuildError, MetricExporter, Protocol as OtlpProtocol,
    SpanExporter, WithExportConfig, WithHttpConfig, WithTonicConfig,
};
use ureq::http::{HeaderName, HeaderValue};

use crate::agent::agent;
use crate::settings::{Compression, Exporter, Protocol, Secret, Tls};

/// The most bytes of a collector's answer, which says little.
const MAX_ANSWER: u64 = 4 << 20;

/// The exporter of spans that `exporter` asks for, if any.
///
/// With gRPC its connection lives on the Tokio runtime that is entered here.
pub(super) fn spans(exporter: &Exporter) -> Result<Option<SpanExporter>, ExporterBuildError> {
    let Exporter::Otlp { protocol, endpoint, timeout, compression, tls, headers } = exporter else {
        return Ok(None);
    };
    let endpoint = endpoint.as_ref();
    let built = match protocol {
        Protocol::Grpc => {
            let builder = grpc(SpanExporter::builder().with_tonic(), *compression);
            encrypted(at(builder, endpoint, *timeout), endpoint, tls).with_metadata(metadata(headers)).build()
        }
        Protocol::HttpProtobuf => {
            let builder = SpanExporter::builder().with_http().with_http_client(Collector::new(tls, *timeout));
            let builder = http(builder, *compression).with_headers(named(headers));
            at(builder, endpoint, *timeout).with_protocol(OtlpProtocol::HttpBinary).build()
        }
    };
    built.map(Some)
}

/// The exporter of metrics that `exporter` asks for, if any. As [`spans`].
pub(super) fn metrics(exporter: &Exporter) -> Result<Option<MetricExporter>, ExporterBuildError> {
    let Exporter::Otlp { protocol, endpoint, timeout, compression, tls, headers } = exporter else {
        return Ok(None);
    };
    let endpoint = endpoint.as_ref();
    let built = match protocol {
        Protocol::Grpc => {
            let builder = grpc(MetricExporter::builder().with_tonic(), *compression);
            encrypted(at(builder, endpoint, *timeout), endpoint, tls).with_metadata(metadata(headers)).build()
        }
        Protocol::HttpProtobuf => {
            let builder =
                MetricExporter::builder().with_http().with_http_client(Collector::new(tls, *timeout));
            let builder = http(builder, *compression).with_headers(named(headers));
            at(builder, endpoint, *timeout).with_protocol(OtlpProtocol::HttpBinary).build()
        }
    };
    built.map(Some)
}

/// Sets how a batch is compressed over gRPC.
fn grpc<B: WithTonicConfig>(builder: B, compression: Compression) -> B {
    match compression {
        Compression::None => builder,
        Compression::Gzip => builder.with_compression(OtlpCompression::Gzip),
    }
}

/// Sets how a batch is compressed over HTTP.
fn http<B: WithHttpConfig>(builder: B, compression: Compression) -> B {
    match compression {
        Compression::None => builder,
        Compression::Gzip => builder.with_compression(OtlpCompression::Gzip),
    }
}

/// Sets the time a batch may take, and the endpoint where there is one; else the exporter takes the standard's own.
fn at<B: WithExportConfig>(builder: B, endpoint: Option<&Secret>, timeout: Duration) -> B {
    let builder = builder.with_timeout(timeout);
    match endpoint {
        Some(endpoint) => builder.with_endpoint(endpoint.expose()),
        None => builder,
    }
}

/// Sets whom to trust, where the address asks for an encrypted connection.
fn encrypted<B: WithTonicConfig>(builder: B, endpoint: Option<&Secret>, tls: &Tls) -> B {
    if !endpoint.is_some_and(|endpoint| endpoint.expose().starts_with("https://")) {
        return builder;
    }
    let mut config = ClientTlsConfig::new();
    config = match &tls.authorities {
        Some(pem) => config.ca_certificate(Certificate::from_pem(pem)),
        None => config.with_enabled_roots(),
    };
    if let Some(own) = &tls.identity {
        config = config.identity(Identity::from_pem(&own.certificate, own.key.expose()));
    }
    builder.with_tls_config(config)
}

/// Headers as gRPC has them. All were checked when they were read.
fn metadata(headers: &[(String, Secret)]) -> MetadataMap {
    let read = headers.iter().filter_map(|(name, value)| {
        Some((HeaderName::try_from(name).ok()?, HeaderValue::from_str(value.expose()).ok()?))
    });
    MetadataMap::from_headers(read.collect())
}

/// Headers as HTTP has them.
fn named(headers: &[(String, Secret)]) -> HashMap<String, String> {
    headers.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())).collect()
}

/// A collector over HTTP. It blocks, on the thread that exports and does nothing else.
#[derive(Debug)]
struct Collector(ureq::Agent);

impl Collector {
    fn new(tls: &Tls, timeout: Duration) -> Self {
        Self(agent(tls, timeout))
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let (parts, mut body) = self.0.run(Request::from_parts(parts, &body[..]))?.into_parts();
        let bytes = body.with_config().limit(MAX_ANSWER).read_to_vec()?;
        Ok(Response::from_parts(parts, bytes.into()))
    }
}

impl HttpClient for Collector {
    fn send_bytes<'this, 'sent>(
        &'this self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'sent>>
    where
        'this: 'sent,
        Self: 'sent,
    {
        Box::pin(async move { self.send(request) })
    }
}

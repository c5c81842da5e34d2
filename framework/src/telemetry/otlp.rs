//! Exporters that speak OTLP to a collector.

use opentelemetry_otlp::{
    ExporterBuildError, MetricExporter, Protocol as OtlpProtocol, SpanExporter, WithExportConfig,
};

use crate::settings::{Exporter, Protocol, Secret};

/// The exporter of spans that `exporter` asks for, if any.
///
/// With gRPC its connection lives on the Tokio runtime that is entered here.
pub(super) fn spans(exporter: &Exporter) -> Result<Option<SpanExporter>, ExporterBuildError> {
    let Exporter::Otlp { protocol, endpoint } = exporter else {
        return Ok(None);
    };
    let endpoint = endpoint.as_ref().map(Secret::expose);
    let built = match protocol {
        Protocol::Grpc => at(SpanExporter::builder().with_tonic(), endpoint).build(),
        Protocol::HttpProtobuf => {
            at(SpanExporter::builder().with_http(), endpoint).with_protocol(OtlpProtocol::HttpBinary).build()
        }
    };
    built.map(Some)
}

/// The exporter of metrics that `exporter` asks for, if any. As [`spans`].
pub(super) fn metrics(exporter: &Exporter) -> Result<Option<MetricExporter>, ExporterBuildError> {
    let Exporter::Otlp { protocol, endpoint } = exporter else {
        return Ok(None);
    };
    let endpoint = endpoint.as_ref().map(Secret::expose);
    let built = match protocol {
        Protocol::Grpc => at(MetricExporter::builder().with_tonic(), endpoint).build(),
        Protocol::HttpProtobuf => at(MetricExporter::builder().with_http(), endpoint)
            .with_protocol(OtlpProtocol::HttpBinary)
            .build(),
    };
    built.map(Some)
}

/// Sets the endpoint where there is one; else the exporter takes the standard's own.
fn at<B: WithExportConfig>(builder: B, endpoint: Option<&str>) -> B {
    match endpoint {
        Some(endpoint) => builder.with_endpoint(endpoint),
        None => builder,
    }
}

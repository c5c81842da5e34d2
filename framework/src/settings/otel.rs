//! The standard variables of OpenTelemetry that the SDK leaves to its host.
//!
//! Those that an exporter or the resource reads by itself are checked here: what it cannot use, it would pass over.

use std::time::Duration;

use super::batches::Batches;
use super::headers::{self, Headers};
use super::secret::Secret;
use super::source::Source;
use super::tls::{Names, Tls};
use super::value::{milliseconds, number};

/// What the OpenTelemetry variables say about traces and metrics.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OpenTelemetry {
    /// Nothing is recorded or exported; trace context is still passed on.
    pub disabled: bool,
    /// The service's name towards OpenTelemetry; `None` takes the service's own.
    pub service_name: Option<String>,
    /// Whether trace context is read from and written into headers.
    pub propagate: bool,
    /// Where traces go.
    pub traces: Exporter,
    /// Where metrics go besides `/metrics`.
    pub metrics: Exporter,
    /// Which workflows are traced.
    pub sampler: Sampler,
    /// How both are gathered before they leave.
    pub batches: Batches,
}

/// Where one signal goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exporter {
    /// Nowhere.
    None,
    /// To a collector, over OTLP.
    Otlp {
        /// How it is spoken to.
        protocol: Protocol,
        /// Its full address for this signal, hidden because it may hold a password; `None` takes the
        /// standard's own on this host.
        endpoint: Option<Secret>,
        /// How long one batch may take.
        timeout: Duration,
        /// Whether a batch is compressed.
        compression: Compression,
        /// Whom to trust, and who asks, where the address begins with `https://`.
        tls: Tls,
        /// What is sent with each batch: names, and values that may be a login.
        headers: Vec<(String, Secret)>,
    },
}

/// How long a batch may take where nothing is said: the standard's.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// How a collector is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// gRPC, by the standard on port 4317.
    Grpc,
    /// Protobuf over HTTP, by the standard on port 4318.
    HttpProtobuf,
}

/// Whether a batch is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// As it is.
    None,
    /// With gzip.
    Gzip,
}

/// Which workflows are traced.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampler {
    /// The share of workflows traced, 0 to 1, decided by a hash of the workflow's id, so that all services
    /// and all segments of a workflow agree.
    pub ratio: f64,
    /// Whether the decision that came with a record is followed.
    pub parent_based: bool,
}

impl Default for OpenTelemetry {
    fn default() -> Self {
        Self {
            disabled: false,
            service_name: None,
            propagate: true,
            traces: Exporter::None,
            metrics: Exporter::None,
            sampler: Sampler { ratio: 1.0, parent_based: true },
            batches: Batches::default(),
        }
    }
}

impl OpenTelemetry {
    /// Takes the variables out of `source`.
    pub(super) fn read(source: &mut Source) -> Self {
        let default = Self::default();
        let shared = Shared {
            protocol: source.parsed("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            endpoint: endpoint(source, "OTEL_EXPORTER_OTLP_ENDPOINT"),
            timeout: source.parsed("OTEL_EXPORTER_OTLP_TIMEOUT", milliseconds),
            compression: source.parsed("OTEL_EXPORTER_OTLP_COMPRESSION", compression),
            tls: Tls::read(source, &SHARED_FILES),
            headers: Headers::read(source, &headers::SHARED),
        };
        let mut own_headers = |names| {
            let own = Headers::read(source, names);
            own.inspect(|own| own.check_alone(source, names, shared.headers.as_ref()))
        };
        let (traces_headers, metrics_headers) =
            (own_headers(&headers::TRACES), own_headers(&headers::METRICS));
        let traces = Signal {
            exporter: source.parsed("OTEL_TRACES_EXPORTER", |text| exporter(text, &["otlp", "none"])),
            protocol: source.parsed("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", protocol),
            endpoint: endpoint(source, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
            timeout: source.parsed("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", milliseconds),
            longest: source.parsed("OTEL_BSP_EXPORT_TIMEOUT", milliseconds),
            compression: source.parsed("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", compression),
            tls: Tls::read(source, &TRACES_FILES),
            headers: traces_headers,
            path: "v1/traces",
        };
        let metrics = Signal {
            exporter: source
                .parsed("OTEL_METRICS_EXPORTER", |text| exporter(text, &["otlp", "prometheus", "none"])),
            protocol: source.parsed("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", protocol),
            endpoint: endpoint(source, "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"),
            timeout: source.parsed("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", milliseconds),
            longest: source.parsed("OTEL_METRIC_EXPORT_TIMEOUT", milliseconds),
            compression: source.parsed("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", compression),
            tls: Tls::read(source, &METRICS_FILES),
            headers: metrics_headers,
            path: "v1/metrics",
        };
        source.parsed("OTEL_RESOURCE_ATTRIBUTES", pairs);
        source.parsed("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", temporality);
        for name in SPAN_LIMITS {
            source.parsed(name, |text| number(text, 0, MAX_OF_A_SPAN));
        }
        Self {
            disabled: source
                .parsed("OTEL_SDK_DISABLED", |text| super::value::boolean(&text.to_ascii_lowercase()))
                .unwrap_or(default.disabled),
            service_name: source.take("OTEL_SERVICE_NAME"),
            propagate: source.parsed("OTEL_PROPAGATORS", propagators).unwrap_or(default.propagate),
            traces: traces.resolve(&shared),
            metrics: metrics.resolve(&shared),
            sampler: sampler(source).unwrap_or(default.sampler),
            batches: Batches::read(source),
        }
    }
}

/// The most attributes, events and links of one span.
const SPAN_LIMITS: [&str; 3] =
    ["OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "OTEL_SPAN_EVENT_COUNT_LIMIT", "OTEL_SPAN_LINK_COUNT_LIMIT"];
/// The most that may be told of each.
const MAX_OF_A_SPAN: u64 = 1_000_000;
/// The files for both signals.
const SHARED_FILES: Names = Names {
    authorities: "OTEL_EXPORTER_OTLP_CERTIFICATE",
    certificate: "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
    key: "OTEL_EXPORTER_OTLP_CLIENT_KEY",
};
/// The files for traces alone.
const TRACES_FILES: Names = Names {
    authorities: "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE",
    certificate: "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE",
    key: "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY",
};
/// The files for metrics alone.
const METRICS_FILES: Names = Names {
    authorities: "OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE",
    certificate: "OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE",
    key: "OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY",
};

/// What holds for both signals where they say nothing of their own.
struct Shared {
    protocol: Option<Protocol>,
    endpoint: Option<Secret>,
    timeout: Option<Duration>,
    compression: Option<Compression>,
    tls: Tls,
    headers: Option<Headers>,
}

/// What one signal says of its own.
struct Signal {
    /// Whether it is exported over OTLP, where that is said.
    exporter: Option<bool>,
    protocol: Option<Protocol>,
    endpoint: Option<Secret>,
    timeout: Option<Duration>,
    /// How long its batches may take, whatever the exporter is told.
    longest: Option<Duration>,
    compression: Option<Compression>,
    tls: Tls,
    headers: Option<Headers>,
    /// What an address for both signals lacks for this one over HTTP.
    path: &'static str,
}

impl Signal {
    /// Where the signal goes. Nowhere, unless a collector or the exporter is named.
    fn resolve(self, shared: &Shared) -> Exporter {
        let named = self.endpoint.is_some() || shared.endpoint.is_some();
        if !self.exporter.unwrap_or(named) {
            return Exporter::None;
        }
        let protocol = self.protocol.or(shared.protocol).unwrap_or(Protocol::HttpProtobuf);
        let endpoint = self.endpoint.or_else(|| {
            let base = shared.endpoint.as_ref()?;
            Some(match protocol {
                Protocol::Grpc => base.clone(),
                Protocol::HttpProtobuf => {
                    Secret::new(format!("{}/{}", base.expose().trim_end_matches('/'), self.path))
                }
            })
        });
        let timeout = self.timeout.or(shared.timeout).unwrap_or(DEFAULT_TIMEOUT);
        let timeout = self.longest.map_or(timeout, |longest| longest.min(timeout));
        let compression = self.compression.or(shared.compression).unwrap_or(Compression::None);
        let headers = self.headers.as_ref().or(shared.headers.as_ref());
        let headers = headers.map_or_else(Vec::new, |headers| headers.pairs.clone());
        Exporter::Otlp { protocol, endpoint, timeout, compression, tls: self.tls.or(&shared.tls), headers }
    }
}

/// Reads an address; it is never shown, for it may hold a password.
fn endpoint(source: &mut Source, name: &'static str) -> Option<Secret> {
    let value = source.take(name)?;
    let host = value.strip_prefix("http://").or_else(|| value.strip_prefix("https://"));
    if host.is_some_and(|host| !host.is_empty() && !host.starts_with(['/', ':'])) {
        return Some(Secret::new(value));
    }
    source.problem(
        name,
        "its value cannot be used",
        "legal: http:// or https:// with host and port, as http://localhost:4318",
    );
    None
}

/// Reads how a batch is compressed.
fn compression(text: &str) -> Result<Compression, String> {
    match text {
        "none" => Ok(Compression::None),
        "gzip" => Ok(Compression::Gzip),
        _ => Err("legal: none, gzip".to_owned()),
    }
}

/// Checks pairs; who needs them reads them by itself.
fn pairs(text: &str) -> Result<(), String> {
    let is_pair = |pair: &str| pair.split_once('=').is_some_and(|(name, _)| !name.trim().is_empty());
    if text.split(',').all(|pair| pair.trim().is_empty() || is_pair(pair)) {
        Ok(())
    } else {
        Err("legal: name=value, joined by commas".to_owned())
    }
}

/// Checks what metrics are counted from.
fn temporality(text: &str) -> Result<(), String> {
    let legal = ["cumulative", "delta", "lowmemory"];
    if legal.iter().any(|name| name.eq_ignore_ascii_case(text)) {
        return Ok(());
    }
    Err(format!("legal: {}", legal.join(", ")))
}

/// Reads the exporter's name; true for OTLP.
fn exporter(text: &str, legal: &[&str]) -> Result<bool, String> {
    if legal.contains(&text) { Ok(text == "otlp") } else { Err(format!("legal: {}", legal.join(", "))) }
}

/// Reads the protocol's name.
fn protocol(text: &str) -> Result<Protocol, String> {
    match text {
        "grpc" => Ok(Protocol::Grpc),
        "http/protobuf" => Ok(Protocol::HttpProtobuf),
        _ => Err("legal: grpc, http/protobuf".to_owned()),
    }
}

/// Reads the list of propagators; true where trace context is among them.
fn propagators(text: &str) -> Result<bool, String> {
    let mut trace_context = false;
    for name in text.split(',').map(str::trim) {
        match name {
            "tracecontext" => trace_context = true,
            "baggage" | "none" => {}
            _ => return Err("legal: tracecontext, baggage, none, joined by commas".to_owned()),
        }
    }
    Ok(trace_context)
}

/// Reads the sampler's name and its argument.
fn sampler(source: &mut Source) -> Option<Sampler> {
    let argument = source.parsed("OTEL_TRACES_SAMPLER_ARG", |text| match text.parse::<f64>() {
        Ok(ratio) if (0.0..=1.0).contains(&ratio) => Ok(ratio),
        _ => Err("legal: a number, 0 .. 1".to_owned()),
    });
    let ratio = argument.unwrap_or(1.0);
    source.parsed("OTEL_TRACES_SAMPLER", |text| {
        let (name, parent_based) = match text.strip_prefix("parentbased_") {
            Some(name) => (name, true),
            None => (text, false),
        };
        let ratio = match name {
            "always_on" => 1.0,
            "always_off" => 0.0,
            "traceidratio" => ratio,
            _ => {
                return Err("legal: always_on, always_off, traceidratio, parentbased_always_on, \
                            parentbased_always_off, parentbased_traceidratio"
                    .to_owned());
            }
        };
        Ok(Sampler { ratio, parent_based })
    })
}

//! Telemetry of a process: set up once, shut down last.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::metrics::{Meter, MeterProvider as _, noop::NoopMeterProvider};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler as SdkSampler, SdkTracer, SdkTracerProvider,
};
use prometheus::Registry;
use tokio::runtime::Runtime;

use super::id_generator::WorkflowIds;
use super::instruments::Instruments;
use super::publisher::PublisherTelemetry;
use super::step::{Shared, StepTelemetry};
use super::{log, otlp};
use crate::settings::{Batches, Exporter, Protocol, Sampler, Settings};

/// The instrumentation scope of everything the framework tells.
const SCOPE: &str = "choreograph";

/// Telemetry could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("telemetry cannot be set up: {what}; see the settings that begin with OTEL_")]
pub struct SetupError {
    /// Which part.
    what: &'static str,
    /// Why.
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl SetupError {
    fn new<E>(what: &'static str) -> impl FnOnce(E) -> Self
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        move |source| Self { what, source: Box::new(source) }
    }
}

/// Telemetry of a process: logs, metrics, and traces where the settings name a collector.
///
/// [`Telemetry::setup`] is for a process that holds one service and does it once; [`Telemetry::quiet`] for
/// tests and for processes that have telemetry of their own.
///
/// ```
/// use choreograph::telemetry::Telemetry;
///
/// let telemetry = Telemetry::quiet();
/// assert!(telemetry.metrics().gather().iter().all(|family| family.name() == "target_info"));
/// ```
pub struct Telemetry {
    tracers: Option<SdkTracerProvider>,
    meters: Option<SdkMeterProvider>,
    registry: Registry,
    shared: Arc<Shared>,
    /// Where gRPC connections to a collector live: on a thread of their own, so that the last batch leaves
    /// even while the service's threads wait for it.
    connections: Option<Runtime>,
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telemetry").field("exports_spans", &self.tracers.is_some()).finish_non_exhaustive()
    }
}

impl Telemetry {
    /// Sets telemetry up as `settings` say and makes it the process's own: logs on standard error, the global
    /// tracer and meter of OpenTelemetry, the subscriber of `tracing`. Where the process has a subscriber
    /// already, that one stays.
    ///
    /// # Errors
    ///
    /// When an exporter cannot be made. A collector that is away is no error.
    pub fn setup(settings: &Settings, service: &str, version: &str) -> Result<Self, SetupError> {
        let telemetry = Self::build(settings, service, version, |meters| {
            opentelemetry::global::set_meter_provider(meters.clone());
        })?;
        if let Some(tracers) = &telemetry.tracers {
            opentelemetry::global::set_tracer_provider(tracers.clone());
        }
        let tracer = telemetry.tracers.as_ref().map(|tracers| tracers.tracer(SCOPE));
        log::install(settings.log_format, &settings.log_filter, tracer);
        Ok(telemetry)
    }

    /// Telemetry that exports nothing and leaves the process alone; its metrics are in [`Telemetry::metrics`].
    /// Whether a workflow is traced that begins here is left to the first step that handles its event.
    pub fn quiet() -> Self {
        Self::silent(false)
    }

    /// The same where nothing else decides: starting events carry a trace context, so that what belongs together
    /// can be told by it.
    pub(crate) fn rehearsing() -> Self {
        Self::silent(true)
    }

    fn silent(decides: bool) -> Self {
        let registry = Registry::new();
        let meters = prometheus_reader(&registry)
            .map(|reader| SdkMeterProvider::builder().with_reader(reader).build())
            .ok();
        let instruments = Instruments::new(&meter(meters.as_ref()));
        let never = Sampler { ratio: 0.0, parent_based: false };
        let shared = Shared { decides, ..Shared::new(None, never, instruments) };
        Self { tracers: None, meters, registry, shared: Arc::new(shared), connections: None }
    }

    /// The metrics, for `/metrics`.
    pub fn metrics(&self) -> Registry {
        self.registry.clone()
    }

    /// What the step `step` of `service` tells, whose consumer group is `group`.
    pub(crate) fn step(&self, service: &str, step: &str, group: &str) -> StepTelemetry {
        StepTelemetry::new(Arc::clone(&self.shared), format!("{service}/{step}"), group)
    }

    /// What a publisher outside any step tells, whose events have `source` as theirs.
    pub(crate) fn publisher(&self, source: &str) -> PublisherTelemetry {
        PublisherTelemetry::new(Arc::clone(&self.shared), source)
    }

    /// Sends what is not sent yet and ends, within `deadline`. Nothing is recorded after that.
    ///
    /// Whether the collector took the last batch is not known: its exporter does not say.
    pub async fn shutdown(self, deadline: Duration) {
        // Waiting for the exporter must not hold a thread of the runtime, which may be the only one.
        let flush = tokio::task::spawn_blocking(move || self.flush(deadline));
        // A flush that outlives its deadline is left alone.
        let _left_alone = tokio::time::timeout(deadline, flush).await;
    }

    /// Sends what is not sent yet, and ends. Spans first: metrics tell how many were dropped.
    fn flush(&self, deadline: Duration) {
        if let Some(tracers) = &self.tracers
            && let Err(error) = tracers.shutdown_with_timeout(deadline)
        {
            tracing::warn!(target: "choreograph", %error, "the last spans may not have been exported");
        }
        if let Some(meters) = &self.meters
            && let Err(error) = meters.shutdown_with_timeout(deadline)
        {
            tracing::warn!(target: "choreograph", %error, "the last metrics may not have been exported");
        }
    }

    /// Everything that touches nothing outside. What counts dropped spans asks the process for its meter when it is
    /// made, so `told` hears of the meters before there are tracers.
    pub(super) fn build(
        settings: &Settings,
        service: &str,
        version: &str,
        told: impl FnOnce(&SdkMeterProvider),
    ) -> Result<Self, SetupError> {
        let registry = Registry::new();
        let otel = &settings.telemetry;
        if otel.disabled {
            let mut shared = Shared::new(None, otel.sampler, Instruments::new(&meter(None)));
            shared.propagates = otel.propagate;
            let shared = Arc::new(shared);
            return Ok(Self { tracers: None, meters: None, registry, shared, connections: None });
        }
        let connections = connections(&otel.traces, &otel.metrics)?;
        let entered = connections.as_ref().map(Runtime::enter);
        let resource = resource(settings, service, version);
        let meters = meters(&otel.metrics, otel.batches, resource.clone(), &registry)?;
        told(&meters);
        let tracers = tracers(&otel.traces, otel.batches, resource)?;
        let tracer = tracers.as_ref().map(scoped_tracer);
        let mut shared = Shared::new(tracer, otel.sampler, Instruments::new(&meter(Some(&meters))));
        shared.max_age = settings.trace_max_age;
        shared.shows_keys = settings.trace_keys;
        shared.detail = settings.trace_detail;
        shared.propagates = otel.propagate;
        drop(entered);
        Ok(Self { tracers, meters: Some(meters), registry, shared: Arc::new(shared), connections })
    }

    /// Telemetry that hands its spans to `tracers`.
    #[cfg(any(test, feature = "cost"))]
    pub(crate) fn with_tracers(tracers: SdkTracerProvider, sampler: Sampler) -> Self {
        let mut telemetry = Self::quiet();
        let instruments = Instruments::new(&meter(telemetry.meters.as_ref()));
        telemetry.shared = Arc::new(Shared::new(Some(scoped_tracer(&tracers)), sampler, instruments));
        telemetry.tracers = Some(tracers);
        telemetry
    }

    /// The same with spans of everything that spans can be made of.
    #[cfg(test)]
    pub(crate) fn detailed(tracers: SdkTracerProvider, sampler: Sampler) -> Self {
        let mut telemetry = Self::with_tracers(tracers, sampler);
        if let Some(shared) = Arc::get_mut(&mut telemetry.shared) {
            shared.detail = crate::settings::TraceDetail::Full;
        }
        telemetry
    }

    /// A tracer of those that [`Telemetry::with_tracers`] was given.
    #[cfg(test)]
    pub(super) fn tracer(&self) -> SdkTracer {
        self.tracers.as_ref().map(scoped_tracer).expect("made with tracers")
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(connections) = self.connections.take() {
            // Waiting for it is forbidden on a thread of another runtime, and there is nothing to wait for.
            connections.shutdown_background();
        }
    }
}

/// The framework's meter.
fn meter(meters: Option<&SdkMeterProvider>) -> Meter {
    match meters {
        Some(meters) => meters.meter(SCOPE),
        None => NoopMeterProvider::new().meter(SCOPE),
    }
}

/// The framework's tracer.
fn scoped_tracer(tracers: &SdkTracerProvider) -> SdkTracer {
    let scope = InstrumentationScope::builder(SCOPE).with_version(env!("CARGO_PKG_VERSION")).build();
    tracers.tracer_with_scope(scope)
}

/// A runtime for gRPC connections, where one is spoken.
fn connections(traces: &Exporter, metrics: &Exporter) -> Result<Option<Runtime>, SetupError> {
    let speaks_grpc =
        |exporter: &Exporter| matches!(exporter, Exporter::Otlp { protocol: Protocol::Grpc, .. });
    if !speaks_grpc(traces) && !speaks_grpc(metrics) {
        return Ok(None);
    }
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("choreograph-otlp")
        .enable_all()
        .build()
        .map(Some)
        .map_err(SetupError::new("the thread for the collector"))
}

/// Metrics for `/metrics`, and for a collector where one is named.
fn meters(
    exporter: &Exporter,
    batches: Batches,
    resource: Resource,
    registry: &Registry,
) -> Result<SdkMeterProvider, SetupError> {
    let reader = prometheus_reader(registry).map_err(SetupError::new("the metrics"))?;
    let mut meters = SdkMeterProvider::builder().with_resource(resource).with_reader(reader);
    if let Some(exporter) = otlp::metrics(exporter).map_err(SetupError::new("the exporter of metrics"))? {
        meters =
            meters.with_reader(PeriodicReader::builder(exporter).with_interval(batches.interval).build());
    }
    Ok(meters.build())
}

/// What fills `registry` when it is asked.
fn prometheus_reader(
    registry: &Registry,
) -> Result<opentelemetry_prometheus::PrometheusExporter, opentelemetry_sdk::error::OTelSdkError> {
    opentelemetry_prometheus::exporter().with_registry(registry.clone()).build()
}

/// Spans for a collector, where one is named.
///
/// The framework decides what is traced before it builds a span, and a user's spans follow their parent; those
/// without one, from outside any step, are all recorded. The batch processor drops what does not fit its queue.
fn tracers(
    exporter: &Exporter,
    batches: Batches,
    resource: Resource,
) -> Result<Option<SdkTracerProvider>, SetupError> {
    let exporter = otlp::spans(exporter).map_err(SetupError::new("the exporter of spans"))?;
    Ok(exporter.map(|exporter| {
        let config = BatchConfigBuilder::default()
            .with_scheduled_delay(batches.delay)
            .with_max_queue_size(batches.queue)
            .with_max_export_batch_size(batches.size)
            .build();
        SdkTracerProvider::builder()
            .with_resource(resource)
            .with_sampler(SdkSampler::ParentBased(Box::new(SdkSampler::AlwaysOn)))
            .with_id_generator(WorkflowIds::default())
            .with_span_processor(BatchSpanProcessor::builder(exporter).with_batch_config(config).build())
            .build()
    }))
}

/// Who tells: the service, its version, this instance of it, and the environment.
fn resource(settings: &Settings, service: &str, version: &str) -> Resource {
    let from_environment = Resource::builder().build();
    let said = |name| {
        from_environment
            .iter()
            .any(|(key, value)| key.as_str() == name && !value.as_str().starts_with("unknown_service"))
    };
    let mut resource = Resource::builder();
    let mut add = |name: &'static str, value: String| {
        if !said(name) {
            let builder = std::mem::replace(&mut resource, Resource::builder_empty());
            resource = builder.with_attribute(KeyValue::new(name, value));
        }
    };
    add("service.version", version.to_owned());
    add("service.instance.id", uuid::Uuid::now_v7().to_string());
    if let Some(namespace) = &settings.namespace {
        add("deployment.environment.name", namespace.clone());
    }
    if let Some(name) = &settings.telemetry.service_name {
        return resource.with_service_name(name.clone()).build();
    }
    add("service.name", service.to_owned());
    resource.build()
}

//! What a record costs in telemetry: its metrics, and its spans where it is traced.

use std::hint::black_box;
use std::sync::Arc;

use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};

use super::{NOW, Sample};
use crate::clock::Wall;
use crate::envelope::{Workflow, head::Head, head::Known};
use crate::settings::Sampler;
use crate::telemetry::{Emit, HandleSpan, Incoming, Outcome, StepTelemetry, Telemetry, TraceParent};

/// Drops what is exported.
#[derive(Debug)]
struct Dropped;

impl SpanExporter for Dropped {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        drop(black_box(batch));
        Ok(())
    }
}

/// `n` records like `sample` that emit one event each, `ratio` of them traced: three spans each, which go to an
/// exporter that drops them.
pub fn spans(ratio: f64, sample: &Sample, n: usize) {
    let tracers = SdkTracerProvider::builder().with_simple_exporter(Dropped).build();
    let telemetry = Telemetry::with_tracers(tracers, Sampler { ratio, parent_based: false });
    let step = telemetry.step("payment", "charge", "payment.charge");
    let headers = sample.headers.iter().map(|(name, value)| (name.as_str(), Some(value.as_slice())));
    let head = Head::of(sample.headers.len(), headers);
    for offset in 0..n as i64 {
        black_box(pass(&step, &head, offset));
    }
}

/// One record; answers what its emit carries.
fn pass(step: &StepTelemetry, head: &Arc<Head>, offset: i64) -> Option<TraceParent> {
    let at = |ms| Wall::at_ms(NOW + ms);
    let record = record(step, head, offset);
    let mut process = step.process(&record, at(0));
    let mut handle = Some(step.handle(&mut process, &record, 1, at(0)));
    HandleSpan::within(&mut handle, || black_box(()));
    let send = step.send(&process, handle.as_ref(), &emit(&record), at(1));
    let context = send.traceparent();
    let mut text = [0; TraceParent::LENGTH];
    black_box(context.map(|context| context.write(&mut text).len()));
    if let Some(handle) = handle {
        handle.end(Ok(()), at(1));
    }
    step.end(process, Outcome::Done, at(1));
    step.delivered(send, Ok((0, 7)), at(2));
    context
}

fn record<'h>(step: &StepTelemetry, head: &'h Arc<Head>, offset: i64) -> Incoming<'h> {
    let id = head.text(Known::Id).unwrap_or_default();
    Incoming {
        head: Some(head),
        topic: "orders",
        origin: head.text(Known::OriginTopic),
        partition: 0,
        offset,
        timestamp: Some(NOW as i64),
        key: None,
        event_type: "order.placed.v1",
        event_id: id,
        source: head.text(Known::Source),
        causation_id: head.text(Known::CausationId),
        data_schema: head.text(Known::DataSchema),
        workflow_id: head.text(Known::CorrelationId).unwrap_or(id),
        workflow: head.workflow().unwrap_or(Workflow::start("order", NOW)),
        attempt: 1,
        replay: false,
        parent: step.trace_context(head.text(Known::TraceParent)),
    }
}

fn emit<'r>(record: &Incoming<'r>) -> Emit<'r> {
    Emit {
        topic: "payments",
        event_type: "payment.confirmed.v1",
        event_id: record.event_id,
        contract_version: "1.0",
        workflow_id: record.workflow_id,
        workflow: record.workflow.name(),
        causation_id: Some(record.event_id),
    }
}

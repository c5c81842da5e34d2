//! Telemetry that keeps its spans, and one record with one emit to tell of.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};

use super::super::id_generator::WorkflowIds;
use super::super::{Emit, Incoming, Outcome, StepTelemetry, Telemetry, TraceParent};
use crate::clock::Wall;
use crate::envelope::Workflow;
use crate::settings::Sampler;

pub(crate) const ALL: Sampler = Sampler { ratio: 1.0, parent_based: true };
pub(super) const NONE: Sampler = Sampler { ratio: 0.0, parent_based: true };

/// Keeps what is exported.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Kept {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().unwrap().extend(batch);
        Ok(())
    }
}

impl Kept {
    pub(crate) fn all(&self) -> Vec<SpanData> {
        self.0.lock().unwrap().clone()
    }

    pub(super) fn named(&self, name: &str) -> SpanData {
        self.all().into_iter().find(|span| span.name == name).unwrap_or_else(|| panic!("no span {name:?}"))
    }

    pub(super) fn trace_ids(&self) -> HashSet<TraceId> {
        self.all().iter().map(|span| span.span_context.trace_id()).collect()
    }

    /// Parents and links that are no span of those exported.
    pub(super) fn unresolved(&self) -> Vec<String> {
        let spans = self.all();
        let known: HashSet<_> =
            spans.iter().map(|span| (span.span_context.trace_id(), span.span_context.span_id())).collect();
        let mut missing = Vec::new();
        for span in &spans {
            let trace_id = span.span_context.trace_id();
            if span.parent_span_id != SpanId::INVALID && !known.contains(&(trace_id, span.parent_span_id)) {
                missing.push(format!("the parent of {}", span.name));
            }
            for link in &span.links.links {
                if !known.contains(&(link.span_context.trace_id(), link.span_context.span_id())) {
                    missing.push(format!("a link of {}", span.name));
                }
            }
        }
        missing
    }
}

/// Telemetry that keeps its spans.
pub(crate) fn kept(sampler: Sampler) -> (Telemetry, Kept) {
    let (tracers, kept) = tracers();
    (Telemetry::with_tracers(tracers, sampler), kept)
}

/// The same in full detail.
pub(crate) fn kept_in_detail(sampler: Sampler) -> (Telemetry, Kept) {
    let (tracers, kept) = tracers();
    (Telemetry::detailed(tracers, sampler), kept)
}

fn tracers() -> (SdkTracerProvider, Kept) {
    let kept = Kept::default();
    let tracers = SdkTracerProvider::builder()
        .with_id_generator(WorkflowIds::default())
        .with_simple_exporter(kept.clone())
        .build();
    (tracers, kept)
}

/// The time `ms` milliseconds after a workflow's start.
pub(super) fn at(ms: u64) -> Wall {
    Wall::at_ms(1_767_225_600_000 + ms)
}

/// A record of the workflow `w-1`.
pub(in crate::telemetry) fn record(parent: Option<TraceParent>) -> Incoming<'static> {
    Incoming {
        head: None,
        topic: "orders",
        origin: None,
        partition: 3,
        offset: 42,
        timestamp: Some(1_767_225_600_000),
        key: Some(b"o-17"),
        event_type: "order.placed",
        event_id: "e-1",
        source: Some("shop/site"),
        causation_id: None,
        data_schema: Some("https://schemas.example/order.placed/1.3"),
        workflow_id: "w-1",
        workflow: Workflow::start("order", 1_767_225_600_000),
        attempt: 1,
        replay: false,
        parent,
    }
}

pub(super) fn emit() -> Emit<'static> {
    Emit {
        topic: "payments",
        event_type: "payment.confirmed",
        event_id: "e-2",
        contract_version: "1.0",
        workflow_id: "w-1",
        workflow: "order",
        causation_id: Some("e-1"),
    }
}

/// One record through a step that emits one event; gives back what the event carries.
pub(super) fn pass(step: &StepTelemetry, record: &Incoming<'_>, ms: u64) -> Option<TraceParent> {
    let mut process = step.process(record, at(ms));
    let handle = step.handle(&mut process, record, record.attempt, at(ms + 1));
    let send = step.send(&process, Some(&handle), &emit(), at(ms + 2));
    let context = send.traceparent();
    handle.end(Ok(()), at(ms + 2));
    step.delivered(send, Ok((0, 7)), at(ms + 5));
    step.end(process, Outcome::Done, at(ms + 3));
    context
}

/// A starting event; gives back what it carries.
pub(super) fn start(telemetry: &Telemetry) -> Option<TraceParent> {
    let publisher = telemetry.publisher("shop");
    let emit = Emit { topic: "orders", event_id: "e-1", causation_id: None, ..emit() };
    let send = publisher.start(&emit, at(0));
    let context = send.traceparent();
    publisher.delivered(send, Some(&emit), Ok((3, 42)), at(1));
    context
}

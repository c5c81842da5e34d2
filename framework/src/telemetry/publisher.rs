//! What is told about events that are published outside any step.

use std::sync::Arc;

use super::events::WorkflowStarted;
use super::record::Emit;
use super::spans::SendSpan;
use super::step::{Shared, StepTelemetry};
use crate::clock::Wall;

/// What is told about events that are published outside any step.
#[derive(Debug)]
pub(crate) struct PublisherTelemetry(StepTelemetry);

impl PublisherTelemetry {
    pub(super) fn new(shared: Arc<Shared>, source: &str) -> Self {
        Self(StepTelemetry::new(shared, source.to_owned(), ""))
    }

    /// A starting event is handed to the producer: below the caller's span where there is one, else the root
    /// of its workflow's first trace.
    pub(crate) fn start(&self, emit: &Emit<'_>, now: Wall) -> SendSpan {
        self.0.start_ambient(emit, now)
    }

    /// The same from inside a handler: a new workflow has a trace of its own, linked to the handler's.
    pub(crate) fn start_linked(&self, emit: &Emit<'_>, now: Wall) -> SendSpan {
        self.0.start_linked(emit, now)
    }

    /// A send came to its end: where the event lies, or the broker's error code. A workflow has begun once the broker has its
    /// first event in its highest major, which `head` is.
    pub(crate) fn delivered(
        &self,
        send: SendSpan,
        head: Option<&Emit<'_>>,
        result: Result<(i32, i64), &str>,
        now: Wall,
    ) {
        if let Some(head) = head.filter(|_| result.is_ok()) {
            let labels = self.0.bindings.owner().labels(&send.output.workflow, &send.output.topic);
            self.0.shared.instruments.started.add(1, &labels);
            WorkflowStarted {
                workflow: head.workflow,
                workflow_id: head.workflow_id,
                event_id: head.event_id,
                event_type: head.event_type,
                topic: head.topic,
                told_by: self.0.step(),
                trace_id: send.traceparent().map(|parent| parent.trace_id()),
            }
            .emit();
        }
        self.0.delivered(send, result, now);
    }
}

//! Span ids at random; trace ids at random too, unless the workflow has one of its own.

use std::cell::Cell;

use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};

thread_local! {
    /// The trace id of the root span that this thread builds next.
    static NEXT_ROOT: Cell<Option<TraceId>> = const { Cell::new(None) };
}

/// Gives root spans the trace id of their workflow.
#[derive(Debug, Default)]
pub(super) struct WorkflowIds {
    random: RandomIdGenerator,
}

impl IdGenerator for WorkflowIds {
    fn new_trace_id(&self) -> TraceId {
        NEXT_ROOT.take().unwrap_or_else(|| self.random.new_trace_id())
    }

    fn new_span_id(&self) -> SpanId {
        self.random.new_span_id()
    }
}

/// Builds a root span whose trace has the id `trace_id`.
pub(super) fn with_trace_id<T>(trace_id: TraceId, build: impl FnOnce() -> T) -> T {
    NEXT_ROOT.set(Some(trace_id));
    let span = build();
    // Left behind where `build` asked for no trace id.
    NEXT_ROOT.set(None);
    span
}

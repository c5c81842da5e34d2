//! A record as the engine keeps it until it is settled, and who it is.

use std::cell::{Cell, RefCell};

use uuid::fmt::Hyphenated;

use super::{Plan, panicked::take_untold, port::RawRecord, route::Routed};
use crate::{
    envelope::{
        head::{Head, Known},
        metadata::{Identity, StrangerId},
    },
    telemetry::{Incoming, ProcessSpan, TraceParent, events::RecordIds},
};

/// What telemetry calls a type that the step does not declare.
const OTHER: &str = "other";

/// A record as the engine keeps it until it is settled.
pub(crate) struct Taken<M> {
    pub(super) raw: M,
    pub(super) routed: Routed,
    /// Its span, from the first attempt until its emits or its dead letter are handed to the producer.
    pub(super) process: RefCell<Option<ProcessSpan>>,
    /// That its workflow ended with this run of it was told.
    pub(super) told_end: Cell<bool>,
}

impl<M: RawRecord> Taken<M> {
    pub(super) fn new(raw: M, routed: Routed) -> Self {
        Self { raw, routed, process: RefCell::new(None), told_end: Cell::new(false) }
    }

    /// Its headers.
    pub(super) fn head(&self) -> &Head {
        self.raw.head()
    }

    /// The trace context that the record carries, as it stands there.
    pub(super) fn traceparent(&self) -> Option<&str> {
        self.head().text(Known::TraceParent)
    }

    /// Whether the record says of its workflow what cannot be read.
    pub(super) fn has_malformed_workflow(&self) -> bool {
        self.head().has(Known::Workflow) && self.head().workflow().is_none()
    }

    /// The event type as declared.
    pub(super) fn event_type<'p>(&self, plan: &'p Plan) -> &'p str {
        match &self.routed {
            Routed::Handle(index) => &plan.routes[*index].event_type,
            Routed::Skip | Routed::Twin(_) | Routed::Refuse(..) => OTHER,
        }
    }

    pub(super) fn identity<'r>(&'r self, plan: &'r Plan, stranger: &'r mut StrangerId) -> Identity<'r> {
        let starts = match &self.routed {
            Routed::Handle(index) => plan.routes[*index].starts.as_deref(),
            Routed::Skip | Routed::Twin(_) | Routed::Refuse(..) => None,
        };
        Identity::of(&self.raw, starts, stranger)
    }

    /// What telemetry is told of the record.
    pub(super) fn incoming<'r>(
        &'r self,
        plan: &'r Plan,
        identity: &Identity<'r>,
        parent: Option<TraceParent>,
        attempt: u32,
    ) -> Incoming<'r> {
        Incoming {
            head: Some(self.raw.head()),
            topic: self.raw.topic(),
            origin: self.head().text(Known::OriginTopic),
            partition: self.raw.partition(),
            offset: self.raw.offset(),
            timestamp: self.raw.timestamp(),
            key: self.raw.key(),
            event_type: self.event_type(plan),
            event_id: identity.id,
            source: self.head().text(Known::Source),
            causation_id: self.head().text(Known::CausationId),
            data_schema: self.head().text(Known::DataSchema),
            workflow_id: identity.correlation,
            workflow: identity.workflow,
            attempt,
            replay: self.head().has(Known::ReplayCount),
            parent,
        }
    }

    /// Tells of a panic in the team's code that read the value, if there was one.
    #[cold]
    pub(super) fn tell_panic(&self, plan: &Plan) {
        let Some(panicked) = take_untold() else { return };
        let mut stranger = [0; Hyphenated::LENGTH];
        let identity = self.identity(plan, &mut stranger);
        panicked.tell(&plan.source, Some(&self.ids(plan, &identity)));
    }

    /// Which record a log line is about.
    pub(super) fn ids<'r>(&'r self, plan: &'r Plan, identity: &Identity<'r>) -> RecordIds<'r> {
        let traceparent = self.process.borrow().as_ref().and_then(ProcessSpan::traceparent);
        RecordIds {
            step: &plan.source,
            topic: self.raw.topic(),
            partition: self.raw.partition(),
            offset: self.raw.offset(),
            workflow_id: identity.correlation,
            event_id: identity.id,
            trace_id: traceparent.map(|parent| parent.trace_id()),
        }
    }
}

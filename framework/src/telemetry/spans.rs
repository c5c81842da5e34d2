//! The framework's spans: what they are called, what they carry, how they hang together.
//!
//! Whether a record is traced is decided before a span is built. Where it is not, these values hold the
//! context to pass on and nothing else, and building and dropping them allocates nothing.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{
    Link, Span as _, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt, Tracer as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{SdkTracer, Span};

use super::bound::{Input, Output};
use super::id_generator::with_trace_id;
use super::names::attribute;
use super::record::{DeadLetter, Emit, End, Failure, Incoming, Kept, Outcome, Violation};
use super::sampling::{Relation, trace_id_of};
use super::scope::Scope;
use super::trace_parent::TraceParent;
use crate::clock::Wall;

/// The event of the span that brought a workflow's first event.
pub(super) const STARTED: &str = "workflow.started";

/// More of a handler's error text than this is cut.
const MAX_ERROR_TEXT: usize = 512;

/// One record being processed, from taking it to its end.
#[derive(Debug)]
#[must_use = "a record's processing ends with `end`; dropped, it counts as left to the next owner"]
pub(crate) struct ProcessSpan {
    pub(super) input: Arc<Input>,
    pub(super) started: Wall,
    pub(super) trace: Trace,
    /// Its record was counted before.
    again: bool,
    ended: bool,
}

/// What a record's events carry on.
#[derive(Debug)]
pub(super) enum Trace {
    /// Not sampled: the context that came with the record, unchanged.
    Unsampled(Option<TraceParent>),
    /// Sampled: its own span.
    Sampled(Sampled),
}

/// The span of a record that is traced.
#[derive(Debug)]
pub(super) struct Sampled {
    context: Context,
    relation: Relation,
    /// When the trace began, where it begins here and that must be said.
    begins: Option<u64>,
}

impl ProcessSpan {
    pub(super) fn new(input: Arc<Input>, started: Wall, trace: Trace) -> Self {
        input.in_flight.add(1);
        Self { input, started, trace, again: false, ended: false }
    }

    /// The processing of a record that was counted before.
    pub(super) fn again(input: Arc<Input>, started: Wall, trace: Trace) -> Self {
        let mut process = Self::new(input, started, trace);
        process.again = true;
        process
    }

    /// Whether its record was counted before.
    pub(super) fn is_again(&self) -> bool {
        self.again
    }

    /// When the present trace began (milliseconds since the Unix epoch), where it begins with this record: to
    /// be written into the `wf` of what it emits.
    pub(crate) fn new_trace(&self) -> Option<u64> {
        match &self.trace {
            Trace::Sampled(sampled) => sampled.begins,
            Trace::Unsampled(_) => None,
        }
    }

    /// Whether the `tracestate` that came with the record goes on with what it emits.
    pub(crate) fn passes_tracestate(&self) -> bool {
        match &self.trace {
            Trace::Sampled(sampled) => sampled.relation == Relation::Child,
            Trace::Unsampled(parent) => parent.is_some(),
        }
    }

    /// The context of this span, or the one passed on: what a dead letter and a log line refer to.
    pub(crate) fn traceparent(&self) -> Option<TraceParent> {
        match &self.trace {
            Trace::Sampled(sampled) => TraceParent::of(sampled.context.span().span_context()),
            Trace::Unsampled(parent) => *parent,
        }
    }

    /// Whether the record is traced.
    pub(crate) fn is_sampled(&self) -> bool {
        matches!(self.trace, Trace::Sampled(_))
    }

    /// Notes that its workflow began with it.
    pub(super) fn note_start(&self) {
        if let Trace::Sampled(sampled) = &self.trace {
            sampled.context.span().add_event_with_timestamp(STARTED, self.started.into(), Vec::new());
        }
    }

    /// Notes that the next attempt comes after `delay`.
    pub(super) fn note_retry(&self, attempt: u32, delay: Duration, now: Wall) {
        if let Trace::Sampled(sampled) = &self.trace {
            sampled.context.span().add_event_with_timestamp(
                "retry",
                now.into(),
                vec![
                    KeyValue::new(attribute::ATTEMPT, i64::from(attempt.saturating_sub(1))),
                    KeyValue::new(attribute::DELAY_MS, delay.as_millis() as i64),
                ],
            );
        }
    }

    /// Ends the processing.
    pub(crate) fn end(mut self, outcome: Outcome, now: Wall) {
        self.finish(outcome, now);
    }

    /// The end, by word or by being dropped.
    fn finish(&mut self, outcome: Outcome, now: Wall) {
        self.ended = true;
        self.input.in_flight.add(-1);
        if let Trace::Sampled(sampled) = &self.trace {
            let span = sampled.context.span();
            span.set_attribute(KeyValue::new(attribute::OUTCOME, outcome.name()));
            if let Some(error_type) = outcome.error_type() {
                span.set_attribute(KeyValue::new(attribute::ERROR_TYPE, error_type));
                span.set_status(Status::error(""));
            }
            span.end_with_timestamp(now.into());
        }
    }
}

impl Drop for ProcessSpan {
    fn drop(&mut self) {
        if !self.ended {
            // As long as its handler and its emits ran at least; nobody said when it was given up.
            self.finish(Outcome::Retry("abandoned"), self.started);
        }
    }
}

/// One attempt of a handler.
#[derive(Debug)]
pub(crate) struct HandleSpan {
    pub(super) scope: Scope,
}

impl HandleSpan {
    /// Runs `poll` in the span, if there is one: what a handler tells meanwhile is told below it.
    pub(crate) fn within<T>(handle: &mut Option<Self>, poll: impl FnOnce() -> T) -> T {
        match handle {
            Some(handle) => handle.scope.within(poll),
            None => poll(),
        }
    }

    /// Ends an attempt whose partition is given up: its record is somebody else's to handle. Nobody says when.
    pub(crate) fn abandon(self) {
        if let Some(context) = &self.scope.context {
            let span = context.span();
            span.set_attribute(KeyValue::new(attribute::ERROR_TYPE, "abandoned"));
            span.set_status(Status::error(""));
            span.end();
        }
    }

    /// Ends the attempt.
    pub(crate) fn end(self, result: Result<(), Failure<'_>>, now: Wall) {
        let Some(context) = &self.scope.context else {
            return;
        };
        let span = context.span();
        if let Err(failure) = result {
            let mut exception = vec![KeyValue::new(attribute::EXCEPTION_TYPE, failure.error_type)];
            if let Some(text) = failure.text {
                let text = text[..text.floor_char_boundary(MAX_ERROR_TEXT)].to_owned();
                exception.push(KeyValue::new(attribute::EXCEPTION_MESSAGE, text));
            }
            span.add_event_with_timestamp("exception", now.into(), exception);
            span.set_attribute(KeyValue::new(attribute::ERROR_TYPE, failure.error_type));
            span.set_status(Status::error(""));
        }
        span.end_with_timestamp(now.into());
    }
}

/// One event on its way to the broker, until its delivery is reported.
#[derive(Debug)]
#[must_use = "a send ends with its delivery report"]
pub(crate) struct SendSpan {
    pub(super) output: Arc<Output>,
    pub(super) started: Wall,
    pub(super) context: Option<TraceParent>,
    pub(super) span: Option<Box<Span>>,
}

impl SendSpan {
    /// What the event carries as `traceparent`; `None` where it carries none.
    pub(crate) fn traceparent(&self) -> Option<TraceParent> {
        self.context
    }

    /// Notes that its workflow ended with it.
    pub(super) fn note_end(&mut self, end: End, took: Duration, now: Wall) {
        if let Some(span) = &mut self.span {
            let took = KeyValue::new(attribute::DURATION_MS, took.as_millis() as i64);
            span.add_event_with_timestamp(end.event(), now.into(), vec![took]);
        }
    }

    /// Ends the span with where the event lies, or with the broker's error.
    pub(super) fn finish(mut self, result: Result<(i32, i64), &str>, now: Wall) {
        let Some(span) = &mut self.span else {
            return;
        };
        match result {
            Ok((partition, offset)) => {
                span.set_attribute(KeyValue::new(attribute::PARTITION, partition.to_string()));
                span.set_attribute(KeyValue::new(attribute::OFFSET, offset));
            }
            Err(error) => {
                span.set_attribute(KeyValue::new(attribute::ERROR_TYPE, error.to_owned()));
                span.set_status(Status::error(""));
            }
        }
        span.end_with_timestamp(now.into());
    }
}

/// What builds the spans of one step, or of a publisher.
#[derive(Debug, Clone, Copy)]
pub(super) struct Builder<'a> {
    pub(super) tracer: &'a SdkTracer,
    /// `service/step`.
    pub(super) step: &'a Arc<str>,
    /// The consumer group.
    pub(super) group: &'a Arc<str>,
}

impl Builder<'_> {
    /// `process {topic}`, below or linked to the context that came with the record, or the root of its workflow.
    pub(super) fn process(
        &self,
        record: &Incoming<'_>,
        max_age: Duration,
        shows_key: bool,
        started: Wall,
    ) -> Sampled {
        let past = record.past(started);
        let relation = past.relation(max_age);
        let remote = record.parent.filter(TraceParent::is_sampled).map(|parent| parent.remote());
        let mut builder = builder(format!("process {}", record.topic), SpanKind::Consumer, started)
            .with_attributes(self.process_attributes(record, shows_key, started));
        if let Some(remote) = &remote {
            builder.links = Some(vec![Link::with_context(remote.clone())]);
        }
        let span = match (relation, remote) {
            (Relation::Child, Some(remote)) => {
                let parent = Context::new().with_remote_span_context(remote);
                self.tracer.build_with_context(builder, &parent)
            }
            (Relation::Linked, _) => self.tracer.build_with_context(builder, &Context::new()),
            (Relation::Root | Relation::Child, _) => {
                let trace_id =
                    record.parent.map_or_else(|| trace_id_of(record.workflow_id), |parent| parent.trace_id());
                with_trace_id(trace_id, || self.tracer.build_with_context(builder, &Context::new()))
            }
        };
        let begins = relation == Relation::Linked || (relation == Relation::Root && past.is_overdue(max_age));
        Sampled { context: Context::new().with_span(span), relation, begins: begins.then(|| started.ms()) }
    }

    /// `handle {step}`, below the process span. Its context is where the handler runs.
    pub(super) fn handle(&self, process: &Sampled, workflow_id: &str, attempt: u32, now: Wall) -> Context {
        let mut attributes = vec![
            KeyValue::new(attribute::STEP, Arc::clone(self.step)),
            KeyValue::new(attribute::WORKFLOW_ID, workflow_id.to_owned()),
        ];
        if attempt > 1 {
            attributes.push(KeyValue::new(attribute::ATTEMPT, i64::from(attempt - 1)));
        }
        let builder =
            builder(format!("handle {}", self.step), SpanKind::Internal, now).with_attributes(attributes);
        let span = self.tracer.build_with_context(builder, &process.context);
        Context::new().with_span(span)
    }

    /// `send {topic}`, below `parent`.
    pub(super) fn send(&self, parent: &Context, emit: &Emit<'_>, now: Wall) -> Span {
        self.tracer.build_with_context(self.send_builder(emit, now), parent)
    }

    /// `send {topic}` of a starting event: the root of its workflow's first trace, linked to `cause` if any.
    pub(super) fn start(&self, cause: Option<SpanContext>, emit: &Emit<'_>, now: Wall) -> Span {
        let mut builder = self.send_builder(emit, now);
        builder.links = cause.map(|cause| vec![Link::with_context(cause)]);
        with_trace_id(trace_id_of(emit.workflow_id), || {
            self.tracer.build_with_context(builder, &Context::new())
        })
    }

    /// `send {dead-letter topic}`, below the process span, linked to the context that came with the record.
    pub(super) fn dead_letter(
        &self,
        process: &Sampled,
        record: &Incoming<'_>,
        letter: &DeadLetter<'_>,
        now: Wall,
    ) -> Span {
        let mut attributes = self.messaging(letter.topic, "send");
        identify(&mut attributes, record.event_type, record.event_id, record.workflow_id);
        attributes.push(KeyValue::new(attribute::DEAD_LETTER_REASON, letter.reason));
        attributes.push(KeyValue::new(attribute::DEAD_LETTER_ATTEMPTS, i64::from(letter.attempts)));
        let mut builder =
            builder(format!("send {}", letter.topic), SpanKind::Producer, now).with_attributes(attributes);
        let origin = record.parent.filter(TraceParent::is_sampled);
        builder.links = origin.map(|origin| vec![Link::with_context(origin.remote())]);
        self.tracer.build_with_context(builder, &process.context)
    }

    /// `validate {event type}`, below the process span, for a contract that was broken.
    pub(super) fn violation(&self, process: &Sampled, violation: &Violation<'_>, now: Wall) {
        let mut attributes = vec![
            KeyValue::new(attribute::EVENT_TYPE, violation.event_type.to_owned()),
            KeyValue::new(attribute::CONTRACT_EXPECTED, violation.expected.to_owned()),
            KeyValue::new(attribute::CONTRACT_PATH, violation.path.to_owned()),
            KeyValue::new(attribute::ERROR_TYPE, "contract_violation"),
        ];
        if let Some(received) = violation.received {
            attributes.push(KeyValue::new(attribute::CONTRACT_VERSION, received.to_owned()));
        }
        let builder = builder(format!("validate {}", violation.event_type), SpanKind::Internal, now)
            .with_attributes(attributes);
        let mut span = self.tracer.build_with_context(builder, &process.context);
        span.set_status(Status::error(""));
        span.end_with_timestamp(now.into());
    }

    /// `validate {event type}`, below the process span, for a contract that was kept.
    pub(super) fn kept(&self, process: &Sampled, kept: &Kept<'_>, (from, to): (Wall, Wall)) {
        let mut attributes = vec![
            KeyValue::new(attribute::EVENT_TYPE, kept.event_type.to_owned()),
            KeyValue::new(attribute::CONTRACT_EXPECTED, kept.expected.to_owned()),
        ];
        if let Some(received) = kept.received {
            attributes.push(KeyValue::new(attribute::CONTRACT_VERSION, received.to_owned()));
        }
        let builder = builder(format!("validate {}", kept.event_type), SpanKind::Internal, from)
            .with_attributes(attributes);
        self.tracer.build_with_context(builder, &process.context).end_with_timestamp(to.into());
    }

    /// `poll {topic}`, a root: what was read of one topic in a row, linked to the contexts that came with it.
    pub(super) fn poll(&self, topic: &str, records: usize, links: Vec<Link>, (from, to): (Wall, Wall)) {
        let mut attributes = self.consumer(topic, "poll", "receive");
        attributes.push(KeyValue::new(attribute::BATCH_SIZE, records as i64));
        let mut builder =
            builder(format!("poll {topic}"), SpanKind::Client, from).with_attributes(attributes);
        builder.links = Some(links);
        self.tracer.build_with_context(builder, &Context::new()).end_with_timestamp(to.into());
    }

    /// `commit {topic}`, a root: one request for the partitions of a topic, from sending it to knowing what became of it.
    pub(super) fn commit(&self, topic: &str, error: Option<&'static str>, (from, to): (Wall, Wall)) {
        let builder = builder(format!("commit {topic}"), SpanKind::Client, from)
            .with_attributes(self.consumer(topic, "commit", "settle"));
        let mut span = self.tracer.build_with_context(builder, &Context::new());
        if let Some(error) = error {
            span.set_attribute(KeyValue::new(attribute::ERROR_TYPE, error));
            span.set_status(Status::error(""));
        }
        span.end_with_timestamp(to.into());
    }

    /// What every span of a request of the consumer carries.
    fn consumer(&self, topic: &str, operation: &'static str, kind: &'static str) -> Vec<KeyValue> {
        let mut attributes = self.messaging_as(topic, operation, kind);
        attributes.push(KeyValue::new(attribute::GROUP, Arc::clone(self.group)));
        attributes
    }

    fn send_builder(&self, emit: &Emit<'_>, now: Wall) -> SpanBuilder {
        let mut attributes = self.messaging(emit.topic, "send");
        identify(&mut attributes, emit.event_type, emit.event_id, emit.workflow_id);
        attributes.push(KeyValue::new(attribute::WORKFLOW_NAME, emit.workflow.to_owned()));
        attributes.push(KeyValue::new(attribute::CONTRACT_VERSION, emit.contract_version.to_owned()));
        if let Some(causation_id) = emit.causation_id {
            attributes.push(KeyValue::new(attribute::CAUSATION_ID, causation_id.to_owned()));
        }
        builder(format!("send {}", emit.topic), SpanKind::Producer, now).with_attributes(attributes)
    }

    /// What every span of a messaging operation carries.
    fn messaging(&self, topic: &str, operation: &'static str) -> Vec<KeyValue> {
        self.messaging_as(topic, operation, operation)
    }

    /// The same where the conventions call the operation's kind otherwise.
    fn messaging_as(&self, topic: &str, operation: &'static str, kind: &'static str) -> Vec<KeyValue> {
        let mut attributes = Vec::with_capacity(20);
        attributes.push(KeyValue::new(attribute::SYSTEM, "kafka"));
        attributes.push(KeyValue::new(attribute::OPERATION_NAME, operation));
        attributes.push(KeyValue::new(attribute::OPERATION_TYPE, kind));
        attributes.push(KeyValue::new(attribute::DESTINATION, topic.to_owned()));
        attributes.push(KeyValue::new(attribute::STEP, Arc::clone(self.step)));
        attributes
    }

    fn process_attributes(&self, record: &Incoming<'_>, shows_key: bool, now: Wall) -> Vec<KeyValue> {
        let mut attributes = self.messaging(record.topic, "process");
        identify(&mut attributes, record.event_type, record.event_id, record.workflow_id);
        let mut add = |name, value: opentelemetry::Value| attributes.push(KeyValue::new(name, value));
        add(attribute::PARTITION, record.partition.to_string().into());
        add(attribute::OFFSET, record.offset.into());
        add(attribute::GROUP, Arc::clone(self.group).into());
        add(attribute::WORKFLOW_NAME, record.workflow.name().to_owned().into());
        add(attribute::HOPS, i64::from(record.workflow.hops()).into());
        if let Some(causation_id) = record.causation_id {
            add(attribute::CAUSATION_ID, causation_id.to_owned().into());
        }
        if let Some(version) = record.data_schema.and_then(|uri| uri.rsplit('/').next()) {
            add(attribute::CONTRACT_VERSION, version.to_owned().into());
        }
        if let Some(origin) = record.origin.filter(|origin| *origin != record.topic) {
            add(attribute::ORIGIN, origin.to_owned().into());
        }
        if record.attempt > 1 {
            add(attribute::ATTEMPT, i64::from(record.attempt - 1).into());
        }
        if let Some(waited) = record.queue_time(now) {
            add(attribute::QUEUE_TIME_MS, (waited.as_millis() as i64).into());
        }
        if let (true, Some(key)) = (shows_key, record.key) {
            add(attribute::KEY, String::from_utf8_lossy(key).into_owned().into());
        }
        attributes
    }
}

/// A span of this name and kind, begun at `started`.
fn builder(name: impl Into<Cow<'static, str>>, kind: SpanKind, started: Wall) -> SpanBuilder {
    SpanBuilder::from_name(name).with_kind(kind).with_start_time(SystemTime::from(started))
}

/// Which event of which workflow it is about.
fn identify(to: &mut Vec<KeyValue>, event_type: &str, event_id: &str, workflow_id: &str) {
    let (event_id, workflow_id): (Arc<str>, Arc<str>) = (event_id.into(), workflow_id.into());
    to.push(KeyValue::new(attribute::EVENT_TYPE, event_type.to_owned()));
    to.push(KeyValue::new(attribute::EVENT_ID, Arc::clone(&event_id)));
    to.push(KeyValue::new(attribute::MESSAGE_ID, event_id));
    to.push(KeyValue::new(attribute::WORKFLOW_ID, Arc::clone(&workflow_id)));
    to.push(KeyValue::new(attribute::CONVERSATION_ID, workflow_id));
}

impl Trace {
    /// The context that children hang on, where there is one.
    pub(super) fn sampled(&self) -> Option<&Sampled> {
        match self {
            Self::Sampled(sampled) => Some(sampled),
            Self::Unsampled(_) => None,
        }
    }
}

impl Sampled {
    /// The context of the span.
    pub(super) fn context(&self) -> &Context {
        &self.context
    }
}

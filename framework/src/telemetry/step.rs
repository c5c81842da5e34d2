//! What one step tells: spans, metrics, and what its events carry on. The runner calls this and nothing else.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, TraceContextExt};
use opentelemetry_sdk::trace::{SdkTracer, Span};

use super::bound::{Bindings, Edge, EdgeKey, Input, Output, Owner, Ways};
use super::events::WorkflowStarted;
use super::instruments::{Instruments, Lag};
use super::labels::{Bounded, MAX_SOURCES, MAX_WORKFLOW_NAMES, contract_version, is_plain};
use super::names::{attribute, label};
use super::record::{DeadLetter, Emit, End, Incoming, Outcome, Violation, since_ms};
use super::sampling::{Question, is_sampled, trace_id_of};
use super::scope::{Ids, RecordIds, Scope};
use super::spans::{Builder, HandleSpan, ProcessSpan, STARTED, Sampled, SendSpan, Trace};
use super::trace_parent::TraceParent;
use crate::clock::Wall;
use crate::envelope::names;
use crate::settings::{Sampler, TraceDetail};

/// What all steps of a process share.
#[derive(Debug)]
pub(super) struct Shared {
    /// Builds spans; `None` where none are exported.
    pub(super) tracer: Option<SdkTracer>,
    pub(super) sampler: Sampler,
    pub(super) instruments: Instruments,
    pub(super) workflows: Bounded,
    pub(super) sources: Bounded,
    /// A trace older than this is linked.
    pub(super) max_age: Duration,
    pub(super) shows_keys: bool,
    /// Of what spans are made.
    pub(super) detail: TraceDetail,
    /// Whether trace context is read and written.
    pub(super) propagates: bool,
    /// Whether a starting event that is not sampled says so to those after it. A process that exports no
    /// spans leaves the decision to them.
    pub(super) decides: bool,
}

impl Shared {
    pub(super) fn new(tracer: Option<SdkTracer>, sampler: Sampler, instruments: Instruments) -> Self {
        Self {
            decides: tracer.is_some(),
            tracer,
            sampler,
            instruments,
            workflows: Bounded::new(MAX_WORKFLOW_NAMES),
            sources: Bounded::new(MAX_SOURCES),
            max_age: Duration::from_mins(15),
            shows_keys: false,
            detail: TraceDetail::Normal,
            propagates: true,
        }
    }

    /// The tracer, where what is asked about is traced.
    pub(super) fn tracer_for(&self, question: &Question<'_>) -> Option<&SdkTracer> {
        self.tracer.as_ref().filter(|_| is_sampled(self.sampler, question))
    }

    /// What a starting event carries that is not sampled.
    fn unsampled_start(&self, workflow_id: &str) -> Option<TraceParent> {
        (self.propagates && self.decides).then(|| TraceParent::unsampled(trace_id_of(workflow_id)))
    }
}

/// What one step tells. Shared by its threads.
#[derive(Debug)]
pub(crate) struct StepTelemetry {
    pub(super) shared: Arc<Shared>,
    pub(super) bindings: Bindings,
    ways: Ways,
}

impl StepTelemetry {
    pub(super) fn new(shared: Arc<Shared>, step: String, group: &str) -> Self {
        let owner = Owner { step: step.into(), group: group.into() };
        Self { shared, bindings: Bindings::new(owner), ways: Ways::default() }
    }

    /// The step's name, `service/step`.
    pub(crate) fn step(&self) -> &Arc<str> {
        &self.bindings.owner().step
    }

    /// Reads the header `traceparent`; malformed counts as absent.
    pub(crate) fn trace_context(&self, header: Option<&str>) -> Option<TraceParent> {
        TraceParent::parse(header.filter(|_| self.shared.propagates)?)
    }

    /// A record was looked at for the first time: counts which of its headers were malformed, given how they stand there and
    /// what was read out of them.
    pub(crate) fn looked(
        &self,
        traceparent: Option<&str>,
        parent: Option<TraceParent>,
        malformed_workflow: bool,
    ) {
        if self.shared.propagates && traceparent.is_some() && parent.is_none() {
            self.malformed_header("traceparent");
        }
        if malformed_workflow {
            self.malformed_header(names::WF);
        }
    }

    /// A record was taken: counts it, and begins its span where it is traced.
    pub(crate) fn process(&self, record: &Incoming<'_>, now: Wall) -> ProcessSpan {
        let said = [
            record.workflow.name(),
            record.topic,
            record.source.unwrap_or_default(),
            record.event_type,
            record.data_schema.unwrap_or_default(),
        ];
        let input = self.ways.of(
            said,
            || self.judge(record),
            |way| {
                way.edge.messages.add(1);
                Arc::clone(&way.input)
            },
        );
        input.consumed.add(1);
        if let Some(at) = record.queued_at() {
            input.queue_time.record(now.seconds_since(Wall::at_ms(at)));
        }
        input.age.record(now.seconds_since(Wall::at_ms(record.workflow.started())));
        ProcessSpan::new(input, now, self.trace(record, record.attempt, now))
    }

    /// A record that was processed and counted is looked at again, for what the broker said later: begins a span where it is
    /// traced, and counts nothing.
    pub(crate) fn process_again(&self, record: &Incoming<'_>, now: Wall) -> ProcessSpan {
        let workflow = self.shared.workflows.admit(record.workflow.name());
        let input = self.bindings.input(&self.shared.instruments, workflow, record.topic);
        ProcessSpan::again(input, now, self.trace(record, record.attempt, now))
    }

    /// The instruments of a record, under labels that are plain and few.
    fn judge(&self, record: &Incoming<'_>) -> (Arc<Input>, Arc<Edge>) {
        let all = &self.shared.instruments;
        let workflow = self.shared.workflows.admit(record.workflow.name());
        let edge = EdgeKey {
            workflow,
            topic: record.topic,
            from: record.source.map_or(label::OTHER, |source| self.shared.sources.admit(source)),
            event_type: if is_plain(record.event_type) { record.event_type } else { label::OTHER },
            version: contract_version(record.data_schema),
        };
        (self.bindings.input(all, workflow, record.topic), self.bindings.edge(all, edge))
    }

    /// The trace of a record whose attempt `attempt` began at `started`.
    fn trace(&self, record: &Incoming<'_>, attempt: u32, started: Wall) -> Trace {
        match self.shared.tracer_for(&record.question(attempt)) {
            Some(tracer) => Trace::Sampled(self.builder(tracer).process(
                record,
                self.shared.max_age,
                self.shared.shows_keys,
                started,
            )),
            None => {
                Trace::Unsampled(record.parent.or_else(|| self.shared.unsampled_start(record.workflow_id)))
            }
        }
    }

    /// An attempt begins, counted from 1. A record that was not traced is from its second attempt on.
    pub(crate) fn handle(
        &self,
        process: &mut ProcessSpan,
        record: &Incoming<'_>,
        attempt: u32,
        now: Wall,
    ) -> HandleSpan {
        if attempt > 1 && !process.is_sampled() {
            process.trace = self.trace(record, attempt, process.started);
        }
        let sampled = self.shared.tracer.as_ref().zip(process.trace.sampled());
        let context = sampled
            .map(|(tracer, process)| self.builder(tracer).handle(process, record.workflow_id, attempt, now));
        let ids = Ids {
            trace: process.traceparent(),
            record: RecordIds::of(record),
            step: Arc::clone(self.step()),
        };
        HandleSpan { scope: Scope::new(context, ids) }
    }

    /// An attempt failed, and attempt `next` (counted from 1) follows after `delay`.
    pub(crate) fn retry(
        &self,
        process: &ProcessSpan,
        next: u32,
        delay: Duration,
        error_type: &'static str,
        now: Wall,
    ) {
        process.note_retry(next, delay, now);
        let mut labels = self.labels(process);
        labels.push(KeyValue::new(label::KIND, "immediate"));
        labels.push(KeyValue::new(
            label::RETRY_ATTEMPT,
            match next {
                0..=2 => "1",
                3 => "2",
                4 => "3",
                _ => "4+",
            },
        ));
        labels.push(KeyValue::new(attribute::ERROR_TYPE, error_type));
        self.shared.instruments.retries.add(1, &labels);
    }

    /// An event of the record is handed to the producer. `handle` is the attempt that returned it.
    pub(crate) fn send(
        &self,
        process: &ProcessSpan,
        handle: Option<&HandleSpan>,
        emit: &Emit<'_>,
        now: Wall,
    ) -> SendSpan {
        let output = self.bindings.output(&self.shared.instruments, &process.input.workflow, emit.topic);
        let parent = handle
            .and_then(|handle| handle.scope.context.as_ref())
            .or_else(|| process.trace.sampled().map(Sampled::context));
        let span = self
            .shared
            .tracer
            .as_ref()
            .zip(parent)
            .map(|(tracer, parent)| self.builder(tracer).send(parent, emit, now));
        self.sending(output, span, || process.traceparent(), now)
    }

    /// A starting event from inside a handler that may: a new trace, linked to the handler's.
    pub(super) fn start_linked(&self, emit: &Emit<'_>, now: Wall) -> SendSpan {
        let ambient = opentelemetry::Context::current();
        let cause = ambient.span().span_context().clone();
        self.start_from(Some(cause).filter(opentelemetry::trace::SpanContext::is_valid), emit, now)
    }

    /// A starting event: the root of its workflow's first trace.
    fn start_from(
        &self,
        cause: Option<opentelemetry::trace::SpanContext>,
        emit: &Emit<'_>,
        now: Wall,
    ) -> SendSpan {
        let workflow = self.shared.workflows.admit(emit.workflow);
        let output = self.bindings.output(&self.shared.instruments, workflow, emit.topic);
        let question = Question { workflow_id: emit.workflow_id, parent: None, again: false };
        let span = self.shared.tracer_for(&question).map(|tracer| {
            let mut span = self.builder(tracer).start(cause, emit, now);
            span.add_event_with_timestamp(STARTED, now.into(), Vec::new());
            span
        });
        self.sending(output, span, || self.shared.unsampled_start(emit.workflow_id), now)
    }

    /// A starting event from outside any step: below the caller's span where there is one.
    pub(super) fn start_ambient(&self, emit: &Emit<'_>, now: Wall) -> SendSpan {
        let ambient = opentelemetry::Context::current();
        let Some(parent) = TraceParent::of(ambient.span().span_context()) else {
            return self.start_from(None, emit, now);
        };
        let workflow = self.shared.workflows.admit(emit.workflow);
        let output = self.bindings.output(&self.shared.instruments, workflow, emit.topic);
        let tracer = self.shared.tracer.as_ref().filter(|_| parent.is_sampled());
        let span = tracer.map(|tracer| {
            let mut span = self.builder(tracer).send(&ambient, emit, now);
            span.add_event_with_timestamp(STARTED, now.into(), Vec::new());
            span
        });
        self.sending(output, span, || Some(parent), now)
    }

    /// A send under way: it carries its own span's context, or else what is `passed_on`.
    fn sending(
        &self,
        output: Arc<Output>,
        span: Option<Span>,
        passed_on: impl FnOnce() -> Option<TraceParent>,
        now: Wall,
    ) -> SendSpan {
        let context = match &span {
            Some(span) => TraceParent::of(span.span_context()),
            None => passed_on(),
        };
        SendSpan {
            output,
            started: now,
            context: context.filter(|_| self.shared.propagates),
            span: span.map(Box::new),
        }
    }

    /// The record is set aside: counts it, and begins the send of its dead letter.
    pub(crate) fn dead_letter(
        &self,
        process: &ProcessSpan,
        record: &Incoming<'_>,
        letter: &DeadLetter<'_>,
        now: Wall,
    ) -> SendSpan {
        let mut labels = self.labels(process);
        labels.push(KeyValue::new(attribute::ERROR_TYPE, letter.reason));
        self.shared.instruments.dead_letters.add(1, &labels);
        let output = self.bindings.output(&self.shared.instruments, &process.input.workflow, letter.topic);
        let span = self
            .shared
            .tracer
            .as_ref()
            .zip(process.trace.sampled())
            .map(|(tracer, process)| self.builder(tracer).dead_letter(process, record, letter, now));
        self.sending(output, span, || process.traceparent(), now)
    }

    /// A send came to its end: where the event lies, or the broker's error code.
    pub(crate) fn delivered(&self, send: SendSpan, result: Result<(i32, i64), &str>, now: Wall) {
        let took = now.seconds_since(send.started);
        match result {
            Ok(_) => {
                send.output.sent.add(1);
                send.output.duration.record(took);
            }
            Err(error) => {
                let error = if is_plain(error) { error } else { label::OTHER };
                let Output { workflow, topic, .. } = &*send.output;
                let mut labels = self.bindings.owner().messaging(workflow, topic, "send", "send");
                labels.push(KeyValue::new(attribute::ERROR_TYPE, error.to_owned()));
                self.shared.instruments.sent.add(1, &labels);
                self.shared.instruments.client_duration.record(took, &labels);
            }
        }
        send.finish(result, now);
    }

    /// The record's processing ends.
    pub(crate) fn end(&self, process: ProcessSpan, outcome: Outcome, now: Wall) {
        let took = now.seconds_since(process.started);
        match outcome.error_type() {
            _ if process.is_again() => {}
            None => process.input.process_duration.record(took),
            Some(error_type) => {
                let input = &process.input;
                let mut labels =
                    self.bindings.owner().messaging(&input.workflow, &input.topic, "process", "process");
                labels.push(KeyValue::new(attribute::ERROR_TYPE, error_type));
                self.shared.instruments.process_duration.record(took, &labels);
            }
        }
        process.end(outcome, now);
    }

    /// A record or an emit broke its contract.
    pub(crate) fn violation(&self, process: &ProcessSpan, violation: &Violation<'_>, now: Wall) {
        let mut labels = self.labels(process);
        labels.push(KeyValue::new(label::CONTRACT_VERSION, violation.expected.to_owned()));
        self.shared.instruments.violations.add(1, &labels);
        if let Some((tracer, process)) = self.shared.tracer.as_ref().zip(process.trace.sampled()) {
            self.builder(tracer).violation(process, violation, now);
        }
    }

    /// A workflow ended with what `send` brought to the broker. `topic` is that of the record which caused it. Answers how
    /// long it took.
    pub(crate) fn finished(
        &self,
        send: &mut SendSpan,
        topic: &str,
        workflow_started_ms: u64,
        end: End,
        now: Wall,
    ) -> Duration {
        let mut labels = self.bindings.owner().labels(&send.output.workflow, topic);
        labels.push(KeyValue::new(label::OUTCOME, end.outcome()));
        self.shared.instruments.finished.add(1, &labels);
        let took = since_ms(workflow_started_ms, now);
        self.shared.instruments.duration.record(took.as_secs_f64(), &labels);
        send.note_end(end, took, now);
        took
    }

    /// A stranger's record, or one from outside, began a workflow.
    pub(crate) fn started(&self, process: &ProcessSpan, record: &Incoming<'_>) {
        self.shared.instruments.started.add(1, &self.labels(process));
        process.note_start();
        WorkflowStarted {
            workflow: record.workflow.name(),
            workflow_id: record.workflow_id,
            event_id: record.event_id,
            event_type: record.event_type,
            topic: record.topic,
            told_by: self.step(),
            trace_id: process.traceparent().map(|parent| parent.trace_id()),
        }
        .emit();
    }

    /// A record of a type that the step does not consume was settled.
    pub(crate) fn skipped(&self, topic: &str) {
        let labels = self.bindings.owner().labels(label::OTHER, topic);
        self.shared.instruments.skipped.add(1, &labels);
    }

    /// A header of ours was malformed and counted as absent.
    fn malformed_header(&self, name: &'static str) {
        let labels = [KeyValue::new(attribute::STEP, Arc::clone(self.step())), KeyValue::new("header", name)];
        self.shared.instruments.malformed.add(1, &labels);
    }

    /// The partitions that the step reads have changed.
    pub(crate) fn rebalanced(&self) {
        let owner = self.bindings.owner();
        let labels = [
            KeyValue::new(attribute::STEP, Arc::clone(&owner.step)),
            KeyValue::new(attribute::GROUP, Arc::clone(&owner.group)),
        ];
        self.shared.instruments.rebalances.add(1, &labels);
    }

    /// Retention took records of `topic` before they were read.
    pub(crate) fn lost(&self, topic: &str, records: u64) {
        let labels = self.bindings.owner().labels(label::OTHER, topic);
        self.shared.instruments.lost.add(records, &labels);
    }

    /// How far behind a partition is: records not committed, and the age of the first of them.
    pub(crate) fn lag(&self, topic: &str, partition: i32, records: u64, age: Duration) {
        let owner = self.bindings.owner();
        let lag = Lag { records, seconds: age.as_secs_f64() };
        self.shared.instruments.lags.set(&owner.group, topic, partition, lag, || {
            vec![
                KeyValue::new(attribute::STEP, Arc::clone(&owner.step)),
                KeyValue::new(attribute::GROUP, Arc::clone(&owner.group)),
                KeyValue::new(attribute::DESTINATION, topic.to_owned()),
                KeyValue::new(attribute::PARTITION, partition.to_string()),
            ]
        });
    }

    /// The step no longer reads a partition.
    pub(crate) fn forget_lag(&self, topic: &str, partition: i32) {
        self.shared.instruments.lags.forget(&self.bindings.owner().group, topic, partition);
    }

    /// The labels of a metric about a record.
    fn labels(&self, process: &ProcessSpan) -> Vec<KeyValue> {
        self.bindings.owner().labels(&process.input.workflow, &process.input.topic)
    }

    pub(super) fn builder<'a>(&'a self, tracer: &'a SdkTracer) -> Builder<'a> {
        let owner = self.bindings.owner();
        Builder { tracer, step: &owner.step, group: &owner.group }
    }
}

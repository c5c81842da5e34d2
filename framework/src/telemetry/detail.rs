//! What is told only where the settings ask for every detail: contracts that were kept, polls, commits.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::Link;

use super::names::{attribute, label};
use super::record::Kept;
use super::sampling::Question;
use super::spans::ProcessSpan;
use super::step::StepTelemetry;
use super::trace_parent::TraceParent;
use crate::clock::Wall;
use crate::settings::TraceDetail;

/// What `error.type` is of a commit that did not go through.
const NOT_COMMITTED: &str = "not_committed";

impl StepTelemetry {
    /// Whether spans are made of contracts that were kept, and of polls.
    pub(crate) fn is_detailed(&self) -> bool {
        self.shared.detail == TraceDetail::Full && self.shared.tracer.is_some()
    }

    /// A record, or an emit, was found to keep its contract within this time.
    pub(crate) fn kept(&self, process: &ProcessSpan, kept: &Kept<'_>, within: (Wall, Wall)) {
        if let Some((tracer, process)) = self.shared.tracer.as_ref().zip(process.trace.sampled()) {
            self.builder(tracer).kept(process, kept, within);
        }
    }

    /// A batch was read. `in_client` is what the client took for it, from `from` on in all.
    pub(crate) fn polled(&self, batch: Batch, from: Wall, in_client: Duration) {
        let Some(tracer) = &self.shared.tracer else { return };
        for Read { topic, records, links, is_traced } in batch.0 {
            self.client_took(&topic, ("poll", "receive"), None, in_client);
            if is_traced {
                self.builder(tracer).poll(&topic, records, links, (from, from + in_client));
            }
        }
    }

    /// The group was told how far it is in a topic, and this became of it.
    pub(crate) fn committed(&self, topic: &str, is_kept: bool, from: Wall, to: Wall) {
        let error = (!is_kept).then_some(NOT_COMMITTED);
        let took = to.since(from);
        self.client_took(topic, ("commit", "settle"), error, took);
        // Of no workflow: it is traced where any is.
        let is_told = self.is_detailed() && self.shared.sampler.ratio > 0.0;
        if let Some(tracer) = self.shared.tracer.as_ref().filter(|_| is_told) {
            self.builder(tracer).commit(topic, error, (from, to));
        }
    }

    /// What a request of the consumer took.
    fn client_took(
        &self,
        topic: &str,
        (operation, kind): (&'static str, &'static str),
        error: Option<&'static str>,
        took: Duration,
    ) {
        let mut labels = self.bindings.owner().messaging(label::OTHER, topic, operation, kind);
        labels.extend(error.map(|error| KeyValue::new(attribute::ERROR_TYPE, error)));
        self.shared.instruments.client_duration.record(took.as_secs_f64(), &labels);
    }
}

/// The records of one batch, by topic.
#[derive(Debug, Default)]
pub(crate) struct Batch(Vec<Read>);

/// What was read of one topic.
#[derive(Debug)]
struct Read {
    topic: Arc<str>,
    records: usize,
    links: Vec<Link>,
    /// Some record of these is traced.
    is_traced: bool,
}

/// A record of a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Polled<'a> {
    pub(crate) topic: &'a Arc<str>,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) event_id: &'a str,
    pub(crate) workflow_id: &'a str,
    /// Whether an operator sent it again.
    pub(crate) replay: bool,
    /// The trace context it carries.
    pub(crate) parent: Option<TraceParent>,
}

impl Batch {
    /// A record was read.
    pub(crate) fn add(&mut self, telemetry: &StepTelemetry, record: &Polled<'_>) {
        let question =
            Question { workflow_id: record.workflow_id, parent: record.parent, again: record.replay };
        let is_traced = telemetry.shared.tracer_for(&question).is_some();
        let place = self.0.iter().position(|read| read.topic == *record.topic).unwrap_or_else(|| {
            let topic = Arc::clone(record.topic);
            self.0.push(Read { topic, records: 0, links: Vec::new(), is_traced: false });
            self.0.len() - 1
        });
        let read = &mut self.0[place];
        read.records += 1;
        read.is_traced |= is_traced;
        // A context that was not sampled is that of no span.
        read.links.extend(record.parent.filter(TraceParent::is_sampled).map(|parent| {
            let attributes = vec![
                KeyValue::new(attribute::MESSAGE_ID, record.event_id.to_owned()),
                KeyValue::new(attribute::WORKFLOW_ID, record.workflow_id.to_owned()),
                KeyValue::new(attribute::PARTITION, record.partition.to_string()),
                KeyValue::new(attribute::OFFSET, record.offset),
            ];
            Link::new(parent.remote(), attributes, 0)
        }));
    }
}

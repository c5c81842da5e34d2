//! What telemetry is told about a record, an emit and how things ended.

use std::sync::Arc;
use std::time::Duration;

use super::sampling::{Past, Question};
use super::trace_parent::TraceParent;
use crate::clock::Wall;
use crate::envelope::{Workflow, head::Head};

/// A record that was taken, borrowed from wherever the runner has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Incoming<'a> {
    /// Its headers, where they are kept.
    pub(crate) head: Option<&'a Arc<Head>>,
    /// The topic's name on the broker.
    pub(crate) topic: &'a str,
    /// The topic on which it lay first, where that is said: a record of a retry topic says it.
    pub(crate) origin: Option<&'a str>,
    /// The partition.
    pub(crate) partition: i32,
    /// The offset in the partition.
    pub(crate) offset: i64,
    /// The record's timestamp in milliseconds since the Unix epoch.
    pub(crate) timestamp: Option<i64>,
    /// The record's key; shown on spans only where the settings say so.
    pub(crate) key: Option<&'a [u8]>,
    /// The declared event type.
    pub(crate) event_type: &'a str,
    /// The event's id.
    pub(crate) event_id: &'a str,
    /// Who emitted it, `service/step`.
    pub(crate) source: Option<&'a str>,
    /// The event that caused it.
    pub(crate) causation_id: Option<&'a str>,
    /// The URI of its contract.
    pub(crate) data_schema: Option<&'a str>,
    /// The workflow instance.
    pub(crate) workflow_id: &'a str,
    /// What the header `wf` says.
    pub(crate) workflow: Workflow<'a>,
    /// Which attempt begins, counted from 1.
    pub(crate) attempt: u32,
    /// Whether an operator sent it again.
    pub(crate) replay: bool,
    /// The trace context it carries; see [`StepTelemetry::trace_context`](super::StepTelemetry::trace_context).
    pub(crate) parent: Option<TraceParent>,
}

impl<'a> Incoming<'a> {
    /// What decides whether it is traced.
    pub(super) fn question(&self, attempt: u32) -> Question<'a> {
        Question { workflow_id: self.workflow_id, parent: self.parent, again: self.replay || attempt > 1 }
    }

    /// What decides how its span stands to its context.
    pub(super) fn past(&self, now: Wall) -> Past {
        Past {
            parent: self.parent,
            link: self.workflow.trace_link(),
            age: since_ms(self.workflow.trace_started(), now),
            hops: self.workflow.trace_hops(),
        }
    }

    /// When it came to its topic, in milliseconds since the Unix epoch.
    pub(super) fn queued_at(&self) -> Option<u64> {
        u64::try_from(self.timestamp?).ok()
    }

    /// How long it waited on its topic.
    pub(super) fn queue_time(&self, now: Wall) -> Option<Duration> {
        Some(since_ms(self.queued_at()?, now))
    }
}

/// The time since `at`, in milliseconds since the Unix epoch; zero where it lies in the future.
pub(super) fn since_ms(at: u64, now: Wall) -> Duration {
    now.since(Wall::at_ms(at))
}

/// An event that is published.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Emit<'a> {
    /// The topic's name on the broker.
    pub(crate) topic: &'a str,
    /// The event's type.
    pub(crate) event_type: &'a str,
    /// The event's id.
    pub(crate) event_id: &'a str,
    /// The version of its contract, for example `1.3`.
    pub(crate) contract_version: &'a str,
    /// The workflow instance it belongs to.
    pub(crate) workflow_id: &'a str,
    /// The workflow's name.
    pub(crate) workflow: &'a str,
    /// The event that caused it; `None` for a starting event.
    pub(crate) causation_id: Option<&'a str>,
}

/// A record that is set aside.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DeadLetter<'a> {
    /// The dead-letter topic's name on the broker.
    pub(crate) topic: &'a str,
    /// Why, as the header `dlq-reason` has it.
    pub(crate) reason: &'static str,
    /// How many attempts were made.
    pub(crate) attempts: u32,
}

/// How a record, or an emit, broke its contract.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Violation<'a> {
    /// The event's type.
    pub(crate) event_type: &'a str,
    /// The version it claims, where it claims one.
    pub(crate) received: Option<&'a str>,
    /// The version it was checked against.
    pub(crate) expected: &'a str,
    /// Where in the payload, as a JSON pointer without the payload's own text.
    pub(crate) path: &'a str,
}

/// A contract that a record, or an emit, was found to keep.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept<'a> {
    /// The event's type.
    pub(crate) event_type: &'a str,
    /// The contract it claims, where it claims one.
    pub(crate) received: Option<&'a str>,
    /// The version it was checked against.
    pub(crate) expected: &'a str,
}

/// Why an attempt failed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Failure<'a> {
    /// One of few words, for example `error`, `timeout`, `panic`.
    pub(crate) error_type: &'static str,
    /// What the handler said, where it said something.
    pub(crate) text: Option<&'a str>,
}

/// How a workflow ended, as far as the step can say that ended it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Its terminal event is on the log.
    Completed,
    /// The record that would have led to its terminal event was set aside.
    Failed,
}

impl End {
    /// The label `outcome`.
    pub(super) fn outcome(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }

    /// What the span says that it came with.
    pub(super) fn event(self) -> &'static str {
        match self {
            Self::Completed => "workflow.completed",
            Self::Failed => "workflow.failed",
        }
    }
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Its handler returned, and its emits were handed to the producer.
    Done,
    /// It was set aside; the reason is that of the dead letter.
    DeadLetter(&'static str),
    /// Its handler rejected it, and it was set aside.
    Rejected,
    /// It is left to the next owner of its partition, or to the next run: retried later.
    Retry(&'static str),
}

impl Outcome {
    /// The attribute `workflow.outcome`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::DeadLetter(_) => "dead_letter",
            Self::Rejected => "rejected",
            Self::Retry(_) => "retry",
        }
    }

    /// The attribute and label `error.type`; `None` where nothing went wrong.
    pub(super) fn error_type(self) -> Option<&'static str> {
        match self {
            Self::Done => None,
            Self::DeadLetter(reason) | Self::Retry(reason) => Some(reason),
            Self::Rejected => Some("rejected"),
        }
    }
}

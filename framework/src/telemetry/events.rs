//! What the framework logs: every event once, as a struct. Levels say the consequence: ERROR means that data
//! is lost or somebody must act, WARN that it may come to that, INFO a change of state, DEBUG the rest. No
//! event holds a payload.

use std::net::SocketAddr;
use std::time::Duration;

use choreograph_contracts::BufferedPlace;
use opentelemetry::trace::TraceId;

use super::record::End;

/// The target of every event of the framework but those of [`WORKFLOWS`].
const TARGET: &str = "choreograph";
/// The target of what is said once for each workflow, so that a filter can ask for these lines alone.
const WORKFLOWS: &str = "choreograph::workflow";

/// The service has begun.
#[derive(Debug)]
pub(crate) struct ServiceStarted<'a> {
    pub(crate) service: &'a str,
    pub(crate) version: &'a str,
    pub(crate) steps: usize,
    /// Where operators reach it, if anywhere.
    pub(crate) ops: Option<SocketAddr>,
}

impl ServiceStarted<'_> {
    pub(crate) fn emit(&self) {
        let ops = self.ops.map_or_else(|| "off".to_owned(), |at| format!("http://{at}"));
        let Self { service, version, steps, .. } = *self;
        tracing::info!(target: TARGET, service, version, steps, %ops, "the service has started");
    }
}

/// An event goes out without the id of its contract in the schema registry.
#[derive(Debug)]
pub(crate) struct SchemaIdMissing<'a> {
    pub(crate) contract: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) why: &'a str,
}

impl SchemaIdMissing<'_> {
    pub(crate) fn emit(&self) {
        let Self { contract, subject, why } = *self;
        tracing::warn!(
            target: TARGET,
            contract,
            subject,
            why,
            "no schema id: the event goes out without the header __value_schema_id until the next start"
        );
    }
}

/// A contract of the service is not checked in passing everywhere.
#[derive(Debug)]
pub(crate) struct PlacesBuffered<'a> {
    pub(crate) contract: &'a str,
    pub(crate) places: &'a [BufferedPlace],
}

impl PlacesBuffered<'_> {
    pub(crate) fn emit(&self) {
        let places = self.places.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        tracing::info!(
            target: TARGET,
            contract = self.contract,
            places,
            "places of a contract are checked as a whole, which costs more"
        );
    }
}

/// The service was told to end.
#[derive(Debug)]
pub(crate) struct ServiceLeaving<'a> {
    pub(crate) service: &'a str,
    pub(crate) deadline: Duration,
}

impl ServiceLeaving<'_> {
    pub(crate) fn emit(&self) {
        tracing::info!(target: TARGET, service = self.service, deadline = ?self.deadline, "the service drains and leaves");
    }
}

/// The service has ended.
#[derive(Debug)]
pub(crate) struct ServiceEnded<'a> {
    pub(crate) service: &'a str,
    pub(crate) after: Duration,
}

impl ServiceEnded<'_> {
    pub(crate) fn emit(&self) {
        tracing::info!(target: TARGET, service = self.service, after = ?self.after, "the service has ended");
    }
}

/// Settings that nobody reads.
#[derive(Debug)]
pub(crate) struct UnknownSettings<'a> {
    /// What [`Kafka::warning`](crate::settings::Kafka::warning) says.
    pub(crate) warning: &'a str,
}

impl UnknownSettings<'_> {
    pub(crate) fn emit(&self) {
        tracing::warn!(target: TARGET, "{}", self.warning);
    }
}

/// The partitions that a step reads have changed.
#[derive(Debug)]
pub(crate) struct PartitionsChanged<'a> {
    pub(crate) step: &'a str,
    pub(crate) gained: usize,
    pub(crate) given_up: usize,
    /// Whether they were taken away without asking: what was under way is done again by another.
    pub(crate) lost: bool,
}

impl PartitionsChanged<'_> {
    pub(crate) fn emit(&self) {
        let Self { step, gained, given_up, lost } = *self;
        if lost {
            tracing::warn!(target: TARGET, workflow_step = step, given_up, "partitions were lost: others handle again what was under way");
        } else {
            tracing::info!(target: TARGET, workflow_step = step, gained, given_up, "the partitions have changed");
        }
    }
}

/// Partitions were given up before everything was settled, as their drain outlasted its deadline.
#[derive(Debug)]
pub(crate) struct DrainCutShort<'a> {
    pub(crate) step: &'a str,
    pub(crate) deadline: Duration,
    pub(crate) partitions: usize,
    /// Records in a handler or not acknowledged; none where only a commit was not confirmed.
    pub(crate) records: usize,
}

impl DrainCutShort<'_> {
    pub(crate) fn emit(&self) {
        let Self { step, deadline, partitions, records } = *self;
        tracing::warn!(
            target: TARGET, workflow_step = step, ?deadline, partitions, records,
            "partitions left with work unsettled after the drain deadline; it will be read again"
        );
    }
}

/// Commits began to fail; the next ones hold the same and more.
#[derive(Debug)]
pub(crate) struct CommitFailed<'a> {
    pub(crate) step: &'a str,
    pub(crate) error: &'a str,
}

/// Commits that failed go through again.
#[derive(Debug)]
pub(crate) struct CommitsResumed<'a> {
    pub(crate) step: &'a str,
}

impl CommitsResumed<'_> {
    pub(crate) fn emit(&self) {
        tracing::info!(target: TARGET, workflow_step = self.step, "commits go through again");
    }
}

impl CommitFailed<'_> {
    pub(crate) fn emit(&self) {
        let Self { step, error } = *self;
        tracing::warn!(target: TARGET, workflow_step = step, error, "commits fail and are tried again");
    }
}

/// The Kafka client complains, in words.
#[derive(Debug)]
pub(crate) struct ClientComplained<'a> {
    pub(crate) step: &'a str,
    pub(crate) error: &'a str,
    /// Whether somebody must act: a refused login, a wrong certificate, a missing right.
    pub(crate) needs_hands: bool,
}

impl ClientComplained<'_> {
    pub(crate) fn emit(&self) {
        let Self { step, error, needs_hands } = *self;
        if needs_hands {
            tracing::error!(target: TARGET, workflow_step = step, error, "the broker refuses the service");
        } else {
            tracing::warn!(target: TARGET, workflow_step = step, error, "the Kafka client is in trouble");
        }
    }
}

/// The Kafka client is well again.
#[derive(Debug)]
pub(crate) struct ClientRecovered<'a> {
    pub(crate) step: &'a str,
}

impl ClientRecovered<'_> {
    pub(crate) fn emit(&self) {
        tracing::info!(target: TARGET, workflow_step = self.step, "the Kafka client is well again");
    }
}

/// A topic or a right is missing; the step waits.
#[derive(Debug)]
pub(crate) struct SetUpMissing<'a> {
    pub(crate) step: &'a str,
    pub(crate) topic: &'a str,
    pub(crate) what: &'a str,
}

impl SetUpMissing<'_> {
    pub(crate) fn emit(&self) {
        let Self { step, topic, what } = *self;
        tracing::error!(target: TARGET, workflow_step = step, topic, missing = what, "the step waits for its set-up");
    }
}

/// Everything that was missing is there.
#[derive(Debug)]
pub(crate) struct SetUpFound<'a> {
    pub(crate) step: &'a str,
}

impl SetUpFound<'_> {
    pub(crate) fn emit(&self) {
        tracing::info!(target: TARGET, workflow_step = self.step, "topics and rights are all there");
    }
}

/// The step takes no new records, because what its handler needs is away.
#[derive(Debug)]
pub(crate) struct OutageBegan<'a> {
    pub(crate) step: &'a str,
    pub(crate) why: &'a str,
}

impl OutageBegan<'_> {
    pub(crate) fn emit(&self) {
        let Self { step, why } = *self;
        tracing::error!(target: TARGET, workflow_step = step, why, "the step is in outage: it takes no new records and probes");
    }
}

/// A probe succeeded: the step goes on.
#[derive(Debug)]
pub(crate) struct OutageEnded<'a> {
    pub(crate) step: &'a str,
    pub(crate) after: Duration,
}

impl OutageEnded<'_> {
    pub(crate) fn emit(&self) {
        tracing::info!(target: TARGET, workflow_step = self.step, after = ?self.after, "the outage is over");
    }
}

/// Retention took records before the step had read them.
#[derive(Debug)]
pub(crate) struct RecordsLost<'a> {
    pub(crate) step: &'a str,
    pub(crate) topic: &'a str,
    pub(crate) partition: i32,
    pub(crate) from: i64,
    pub(crate) to: i64,
}

impl RecordsLost<'_> {
    pub(crate) fn emit(&self) {
        let Self { step, topic, partition, from, to } = *self;
        tracing::error!(
            target: TARGET, workflow_step = step, topic, partition, from, to, records = to - from,
            "retention took records before the step had read them"
        );
    }
}

/// An attempt failed, and another follows.
#[derive(Debug)]
pub(crate) struct AttemptFailed<'a> {
    pub(crate) record: RecordIds<'a>,
    /// The attempt that failed, counted from 1.
    pub(crate) attempt: u32,
    pub(crate) delay: Duration,
    /// What the handler said.
    pub(crate) error: &'a str,
}

impl AttemptFailed<'_> {
    pub(crate) fn emit(&self) {
        let Self { record, attempt, delay, error } = *self;
        tracing::warn!(
            target: TARGET, trace_id = record.trace(), workflow_id = record.workflow_id,
            event_id = record.event_id, workflow_step = record.step, topic = record.topic,
            partition = record.partition, offset = record.offset, attempt, ?delay, error,
            "an attempt failed and is made again"
        );
    }
}

/// A step's own code panicked.
#[derive(Debug)]
pub(crate) struct HandlerPanicked<'a> {
    pub(crate) step: &'a str,
    /// What it was about, where its scope does not say so.
    pub(crate) record: Option<&'a RecordIds<'a>>,
    /// File, line and column.
    pub(crate) at: &'a str,
    /// What it said, where that is a literal.
    pub(crate) panic: Option<&'a str>,
    pub(crate) backtrace: Option<&'a str>,
}

impl HandlerPanicked<'_> {
    pub(crate) fn emit(&self) {
        let Self { step, record, at, panic, backtrace } = *self;
        // Below no span: the one around it may be locked, where a value panicked that was written into it.
        tracing::error!(
            target: TARGET, parent: None, workflow_step = step, workflow_id = record.map(|it| it.workflow_id),
            event_id = record.map(|it| it.event_id), at, panic, backtrace, "a handler panicked"
        );
    }
}

/// Code of the process panicked that is no step's own, or on a thread or task that a handler began.
#[derive(Debug)]
pub(crate) struct ThreadPanicked<'a> {
    pub(crate) thread: &'a str,
    /// File, line and column.
    pub(crate) at: &'a str,
    /// What it said, where that is a literal.
    pub(crate) panic: Option<&'a str>,
    pub(crate) backtrace: Option<&'a str>,
}

impl ThreadPanicked<'_> {
    pub(crate) fn emit(&self) {
        let Self { thread, at, panic, backtrace } = *self;
        // Below no span, as above.
        tracing::error!(
            target: TARGET, parent: None, thread, at, panic, backtrace, "a thread or a task panicked"
        );
    }
}

/// A record was set aside: somebody must look at it.
#[derive(Debug)]
pub(crate) struct DeadLettered<'a> {
    pub(crate) record: RecordIds<'a>,
    pub(crate) event_type: &'a str,
    pub(crate) reason: &'a str,
    pub(crate) attempts: u32,
    /// Where it lies now.
    pub(crate) dead_letter_topic: &'a str,
    /// What is wrong, without the payload's own text.
    pub(crate) detail: &'a str,
}

impl DeadLettered<'_> {
    pub(crate) fn emit(&self) {
        let Self { record, event_type, reason, attempts, dead_letter_topic, detail } = *self;
        tracing::error!(
            target: TARGET, trace_id = record.trace(), workflow_id = record.workflow_id,
            event_id = record.event_id, workflow_step = record.step, topic = record.topic,
            partition = record.partition, offset = record.offset, event_type, reason, attempts,
            dead_letter_topic, detail, "workflow.dead_lettered"
        );
    }
}

/// A workflow's first event is on the log, or was taken where somebody else wrote it.
#[derive(Debug)]
pub(crate) struct WorkflowStarted<'a> {
    pub(crate) workflow: &'a str,
    pub(crate) workflow_id: &'a str,
    pub(crate) event_id: &'a str,
    pub(crate) event_type: &'a str,
    pub(crate) topic: &'a str,
    /// The publisher that wrote it, or the step that took it.
    pub(crate) told_by: &'a str,
    pub(crate) trace_id: Option<TraceId>,
}

impl WorkflowStarted<'_> {
    pub(crate) fn emit(&self) {
        let Self { workflow, workflow_id, event_id, event_type, topic, told_by, trace_id } = *self;
        tracing::debug!(
            target: WORKFLOWS, trace_id = trace_id.map(|id| id.to_string()), workflow_id, event_id,
            workflow_step = told_by, workflow, event_type, topic, "workflow.started"
        );
    }
}

/// What ends a workflow is on the log.
#[derive(Debug)]
pub(crate) struct WorkflowEnded<'a> {
    /// The record whose handling ended it.
    pub(crate) record: RecordIds<'a>,
    pub(crate) workflow: &'a str,
    pub(crate) end: End,
    /// Since its first event.
    pub(crate) took: Duration,
}

impl WorkflowEnded<'_> {
    pub(crate) fn emit(&self) {
        let Self { record, workflow, end, took } = *self;
        let duration_ms = took.as_millis() as u64;
        match end {
            End::Completed => tracing::debug!(
                target: WORKFLOWS, trace_id = record.trace(), workflow_id = record.workflow_id,
                event_id = record.event_id, workflow_step = record.step, workflow, duration_ms,
                "workflow.completed"
            ),
            End::Failed => tracing::info!(
                target: WORKFLOWS, trace_id = record.trace(), workflow_id = record.workflow_id,
                event_id = record.event_id, workflow_step = record.step, workflow, duration_ms,
                "workflow.failed"
            ),
        }
    }
}

/// A step has ended though nobody asked it to.
#[derive(Debug)]
pub(crate) struct StepEnded<'a> {
    pub(crate) step: &'a str,
    pub(crate) why: &'a str,
}

impl StepEnded<'_> {
    pub(crate) fn emit(&self) {
        let Self { step, why } = *self;
        tracing::error!(target: TARGET, workflow_step = step, why, "the step has ended");
    }
}

/// Which record an event is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordIds<'a> {
    pub(crate) step: &'a str,
    pub(crate) topic: &'a str,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) workflow_id: &'a str,
    pub(crate) event_id: &'a str,
    pub(crate) trace_id: Option<TraceId>,
}

impl RecordIds<'_> {
    fn trace(&self) -> Option<String> {
        self.trace_id.map(|id| id.to_string())
    }
}

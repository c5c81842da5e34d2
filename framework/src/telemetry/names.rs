//! Every name that telemetry writes, once: attributes, metrics, labels.
//!
//! `messaging.*`, `error.*` and `exception.*` are the semantic conventions 1.44 of OpenTelemetry, the others are ours.

/// Attributes of spans, and labels of metrics.
pub(super) mod attribute {
    pub(crate) const SYSTEM: &str = "messaging.system";
    pub(crate) const OPERATION_NAME: &str = "messaging.operation.name";
    pub(crate) const OPERATION_TYPE: &str = "messaging.operation.type";
    pub(crate) const DESTINATION: &str = "messaging.destination.name";
    pub(crate) const PARTITION: &str = "messaging.destination.partition.id";
    pub(crate) const OFFSET: &str = "messaging.kafka.offset";
    pub(crate) const KEY: &str = "messaging.kafka.message.key";
    pub(crate) const GROUP: &str = "messaging.consumer.group.name";
    pub(crate) const BATCH_SIZE: &str = "messaging.batch.message_count";
    pub(crate) const MESSAGE_ID: &str = "messaging.message.id";
    pub(crate) const CONVERSATION_ID: &str = "messaging.message.conversation_id";
    pub(crate) const ERROR_TYPE: &str = "error.type";
    pub(crate) const EXCEPTION_TYPE: &str = "exception.type";
    pub(crate) const EXCEPTION_MESSAGE: &str = "exception.message";

    pub(crate) const WORKFLOW_NAME: &str = "workflow.name";
    pub(crate) const WORKFLOW_ID: &str = "workflow.id";
    pub(crate) const STEP: &str = "workflow.step";
    pub(crate) const EVENT_TYPE: &str = "workflow.event.type";
    pub(crate) const EVENT_ID: &str = "workflow.event.id";
    pub(crate) const CAUSATION_ID: &str = "workflow.causation.id";
    pub(crate) const CONTRACT_VERSION: &str = "workflow.contract.version";
    pub(crate) const CONTRACT_EXPECTED: &str = "workflow.contract.expected";
    pub(crate) const CONTRACT_PATH: &str = "workflow.contract.path";
    pub(crate) const ORIGIN: &str = "workflow.origin.destination";
    pub(crate) const HOPS: &str = "workflow.hops";
    /// Which attempt after the first it is, counted from 1; absent on the first.
    pub(crate) const ATTEMPT: &str = "workflow.retry.attempt";
    pub(crate) const DELAY_MS: &str = "workflow.retry.delay_ms";
    pub(crate) const QUEUE_TIME_MS: &str = "workflow.queue_time_ms";
    pub(crate) const OUTCOME: &str = "workflow.outcome";
    pub(crate) const DURATION_MS: &str = "workflow.duration_ms";
    pub(crate) const DEAD_LETTER_REASON: &str = "workflow.dead_letter.reason";
    pub(crate) const DEAD_LETTER_ATTEMPTS: &str = "workflow.dead_letter.attempts";
}

/// Labels that only metrics have.
pub(super) mod label {
    pub(crate) const FROM_STEP: &str = "from_step";
    pub(crate) const TO_STEP: &str = "to_step";
    pub(crate) const EVENT_TYPE: &str = "event_type";
    pub(crate) const CONTRACT_VERSION: &str = "contract_version";
    pub(crate) const KIND: &str = "kind";
    pub(crate) const RETRY_ATTEMPT: &str = "retry_attempt";
    pub(crate) const OUTCOME: &str = "outcome";
    /// What stands for a value that is not declared, or one too many.
    pub(crate) const OTHER: &str = "other";
}

/// Metrics.
pub(super) mod metric {
    pub(crate) const PROCESS_DURATION: &str = "messaging.process.duration";
    pub(crate) const CONSUMED: &str = "messaging.client.consumed.messages";
    pub(crate) const SENT: &str = "messaging.client.sent.messages";
    pub(crate) const CLIENT_DURATION: &str = "messaging.client.operation.duration";
    pub(crate) const QUEUE_TIME: &str = "workflow.queue.time";
    pub(crate) const AGE: &str = "workflow.age";
    pub(crate) const DURATION: &str = "workflow.duration";
    pub(crate) const STARTED: &str = "workflow.instances.started";
    pub(crate) const FINISHED: &str = "workflow.instances.finished";
    pub(crate) const IN_FLIGHT: &str = "workflow.step.in_flight";
    pub(crate) const EDGE: &str = "workflow.edge.messages";
    pub(crate) const RETRIES: &str = "workflow.retries";
    pub(crate) const DEAD_LETTERS: &str = "workflow.dead_letters";
    pub(crate) const VIOLATIONS: &str = "workflow.contract.violations";
    pub(crate) const LAG: &str = "workflow.consumer.lag";
    pub(crate) const LAG_TIME: &str = "workflow.consumer.lag.time";
    pub(crate) const REBALANCES: &str = "workflow.consumer.rebalances";
    pub(crate) const LOST: &str = "workflow.lost.records";
    pub(crate) const SKIPPED: &str = "workflow.skipped.records";
    pub(crate) const MALFORMED: &str = "workflow.malformed.headers";
}

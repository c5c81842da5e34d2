//! The headers' names, each spelled once.
//!
//! `ce_*` follow the [CloudEvents Kafka binding](https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md)
//! in binary mode, `traceparent` and `tracestate` [W3C Trace Context](https://www.w3.org/TR/trace-context/).

pub(crate) const TRACEPARENT: &str = "traceparent";
pub(crate) const TRACESTATE: &str = "tracestate";
pub(crate) const CE_SPECVERSION: &str = "ce_specversion";
pub(crate) const CE_ID: &str = "ce_id";
pub(crate) const CE_SOURCE: &str = "ce_source";
pub(crate) const CE_TYPE: &str = "ce_type";
pub(crate) const CE_TIME: &str = "ce_time";
pub(crate) const CE_SUBJECT: &str = "ce_subject";
pub(crate) const CE_DATASCHEMA: &str = "ce_dataschema";
pub(crate) const CE_CORRELATIONID: &str = "ce_correlationid";
pub(crate) const CE_CAUSATIONID: &str = "ce_causationid";
pub(crate) const CONTENT_TYPE: &str = "content-type";
/// The workflow's identity; see [`Workflow`](super::Workflow).
pub(crate) const WF: &str = "wf";
pub(crate) const WF_ATTEMPT: &str = "wf-attempt";
pub(crate) const WF_FIRST_FAILED_AT: &str = "wf-first-failed-at";
pub(crate) const WF_ORIGIN_TOPIC: &str = "wf-origin-topic";
pub(crate) const WF_ORIGIN_PARTITION: &str = "wf-origin-partition";
pub(crate) const WF_ORIGIN_OFFSET: &str = "wf-origin-offset";
pub(crate) const WF_ORIGIN_TIMESTAMP: &str = "wf-origin-timestamp";
pub(crate) const WF_ORIGIN_GROUP: &str = "wf-origin-group";
pub(crate) const WF_ORIGIN_TRACEPARENT: &str = "wf-origin-traceparent";
pub(crate) const DLQ_ID: &str = "dlq-id";
pub(crate) const DLQ_REASON: &str = "dlq-reason";
pub(crate) const DLQ_ERROR: &str = "dlq-error";
pub(crate) const DLQ_VIOLATIONS: &str = "dlq-violations";
pub(crate) const DLQ_CONTRACT: &str = "dlq-contract";
pub(crate) const DLQ_SERVICE: &str = "dlq-service";
pub(crate) const DLQ_STEP: &str = "dlq-step";
pub(crate) const DLQ_FAILED_AT: &str = "dlq-failed-at";
pub(crate) const DLQ_REPLAY_COUNT: &str = "dlq-replay-count";
pub(crate) const DLQ_VALUE_OMITTED: &str = "dlq-value-omitted";
pub(crate) const DLQ_VALUE_SIZE: &str = "dlq-value-size";
pub(crate) const DLQ_VALUE_SHA256: &str = "dlq-value-sha256";

/// The version of `CloudEvents` that is written.
pub(crate) const SPECVERSION: &str = "1.0";
/// The media type of every event's value.
pub(crate) const JSON: &str = "application/json";

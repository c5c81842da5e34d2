//! The headers' names, each spelled once.
//!
//! `ce_*` follow the [CloudEvents Kafka binding](https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md)
//! in binary mode, `traceparent` and `tracestate` [W3C Trace Context](https://www.w3.org/TR/trace-context/).

/// The creation context of the event: W3C Trace Context.
pub const TRACEPARENT: &str = "traceparent";
/// What tracing systems add to the creation context.
pub const TRACESTATE: &str = "tracestate";
/// The version of `CloudEvents`: [`SPECVERSION`].
pub const CE_SPECVERSION: &str = "ce_specversion";
/// The event's id.
pub const CE_ID: &str = "ce_id";
/// Who emitted it: `service/step`.
pub const CE_SOURCE: &str = "ce_source";
/// The event's type with its major: `order.placed.v1`.
pub const CE_TYPE: &str = "ce_type";
/// When it was emitted: RFC 3339.
pub const CE_TIME: &str = "ce_time";
/// The business key, where it is not the record's key.
pub const CE_SUBJECT: &str = "ce_subject";
/// The exact contract: `urn:contract:order.placed/1.3`.
pub const CE_DATASCHEMA: &str = "ce_dataschema";
/// The workflow: one id for all events of an instance.
pub const CE_CORRELATIONID: &str = "ce_correlationid";
/// The id of the event whose handling emitted this one; absent on a starting event.
pub const CE_CAUSATIONID: &str = "ce_causationid";
/// `true` on an event that its readers are to leave: the deprecation extension of `CloudEvents`.
pub const CE_DEPRECATED: &str = "ce_deprecated";
/// Since when readers are to leave it: RFC 3339.
pub const CE_DEPRECATIONFROM: &str = "ce_deprecationfrom";
/// When it may end: RFC 3339.
pub const CE_DEPRECATIONSUNSET: &str = "ce_deprecationsunset";
/// Where to read what to do instead.
pub const CE_DEPRECATIONMIGRATION: &str = "ce_deprecationmigration";
/// The id of the value's contract in a schema registry: a byte 1 and the 16 bytes of a GUID, or a byte 0 and the 4 bytes
/// of a number. Confluent's serializers name it so.
pub const VALUE_SCHEMA_ID: &str = "__value_schema_id";
/// The value's media type: [`JSON`].
pub const CONTENT_TYPE: &str = "content-type";
/// The workflow's identity; see [`Workflow`](super::Workflow).
pub const WF: &str = "wf";
/// On an event that a later attempt than the first emitted: which, and when the first one failed; see
/// [`wire::Retried`](crate::wire::Retried).
pub const WF_RETRIED: &str = "wf-retried";
/// The attempt that failed, counted from 1.
pub const WF_ATTEMPT: &str = "wf-attempt";
/// When the first attempt failed: RFC 3339.
pub const WF_FIRST_FAILED_AT: &str = "wf-first-failed-at";
/// The topic of the first delivery, with its namespace.
pub const WF_ORIGIN_TOPIC: &str = "wf-origin-topic";
/// The partition of the first delivery.
pub const WF_ORIGIN_PARTITION: &str = "wf-origin-partition";
/// The offset of the first delivery.
pub const WF_ORIGIN_OFFSET: &str = "wf-origin-offset";
/// The timestamp of the first delivery, in milliseconds since the Unix epoch.
pub const WF_ORIGIN_TIMESTAMP: &str = "wf-origin-timestamp";
/// The group of the first delivery, with its namespace.
pub const WF_ORIGIN_GROUP: &str = "wf-origin-group";
/// The creation context of the first delivery.
pub const WF_ORIGIN_TRACEPARENT: &str = "wf-origin-traceparent";
/// The dead letter's own id: the same each time one record of one group becomes a dead letter after as many replays.
pub const DLQ_ID: &str = "dlq-id";
/// One word: `contract_violation`, `retries_exhausted`, …
pub const DLQ_REASON: &str = "dlq-reason";
/// What went wrong, in words, with nothing of the payload.
pub const DLQ_ERROR: &str = "dlq-error";
/// The violated places, as JSON.
pub const DLQ_VIOLATIONS: &str = "dlq-violations";
/// The contract that was asserted.
pub const DLQ_CONTRACT: &str = "dlq-contract";
/// The service whose step set it aside.
pub const DLQ_SERVICE: &str = "dlq-service";
/// The step that set it aside, without its service.
pub const DLQ_STEP: &str = "dlq-step";
/// When: RFC 3339.
pub const DLQ_FAILED_AT: &str = "dlq-failed-at";
/// How often the record was replayed before.
pub const DLQ_REPLAY_COUNT: &str = "dlq-replay-count";
/// `true` where the broker refused the value as too large.
pub const DLQ_VALUE_OMITTED: &str = "dlq-value-omitted";
/// The size of a value that was left out, in bytes.
pub const DLQ_VALUE_SIZE: &str = "dlq-value-size";
/// The SHA-256 of a value that was left out, in hexadecimal digits.
pub const DLQ_VALUE_SHA256: &str = "dlq-value-sha256";
/// `true` where the key was left out too, as it is longer than 16 KiB and the broker refused the dead letter.
pub const DLQ_KEY_OMITTED: &str = "dlq-key-omitted";
/// The size of a key that was left out, in bytes.
pub const DLQ_KEY_SIZE: &str = "dlq-key-size";
/// The SHA-256 of a key that was left out, in hexadecimal digits.
pub const DLQ_KEY_SHA256: &str = "dlq-key-sha256";
/// On a replayed record: the id of the operator's action.
pub const WF_REPLAY_ID: &str = "wf-replay-id";
/// On a replayed record: who replayed it.
pub const WF_REPLAYED_BY: &str = "wf-replayed-by";
/// On a record of the audit topic: what an operator did with the dead letter `dlq-id`, one of
/// [`wire::action`](crate::wire::action).
pub const AUDIT_ACTION: &str = "audit-action";
/// On a record of the audit topic that holds a part of the value before an edit, which was too long for the record of the action:
/// which part, of how many, as `1/3`.
pub const AUDIT_PART: &str = "audit-part";

/// The version of `CloudEvents` that is written.
pub const SPECVERSION: &str = "1.0";
/// The media type of every event's value.
pub const JSON: &str = "application/json";

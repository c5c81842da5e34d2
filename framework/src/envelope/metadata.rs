//! What travels beside an event: who caused it, which workflow it belongs to, where it lay.

use std::{fmt, iter::Take, sync::Arc};

use super::{
    head::{self, Head, Known, MAX_HEADERS_READ, is_framework_header},
    id,
    workflow::Workflow,
};
use crate::runner::port::{HeaderRef, RawRecord};

/// The most bytes of one foreign header's name and value that a handler gets to see.
const MAX_HEADER_BYTES: usize = 1024;
/// The most bytes of all foreign headers together that a handler gets to see.
const MAX_HEADERS_BYTES: usize = 8 * 1024;

/// Everything about an event that is not its payload.
///
/// Handed to a handler with [`In`](crate::In). It shares the record's headers with the framework, so that a handler
/// may keep it as long as it likes, and cloning it copies a few words.
#[derive(Clone)]
pub struct Metadata {
    head: Arc<Head>,
    topic: Arc<str>,
    /// The id made up for a record that carries none.
    stranger: Option<Box<str>>,
    /// The workflow which a stranger's record starts, where its headers do not say.
    starts: Option<Box<str>>,
    started: u64,
    hops: u32,
    attempt: u32,
    partition: i32,
    offset: i64,
    timestamp: Option<i64>,
}

/// The identity of one record: what its headers say, completed by the rule for strangers (a record without
/// a correlation id starts a workflow of its own, named as the event's `starts` says).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Identity<'r> {
    pub(crate) id: &'r str,
    pub(crate) correlation: &'r str,
    pub(crate) workflow: Workflow<'r>,
}

/// The id made up for a record that carries none; kept by the caller so that [`Identity`] can borrow it.
pub(crate) type StrangerId = [u8; uuid::fmt::Hyphenated::LENGTH];

impl<'r> Identity<'r> {
    /// Reads the identity of `record`. `starts` names the workflow that its event type starts, if any.
    pub(crate) fn of(
        record: &'r impl RawRecord,
        starts: Option<&'r str>,
        stranger: &'r mut StrangerId,
    ) -> Self {
        let head = record.head();
        let id = match head.text(Known::Id) {
            Some(id) => id,
            None => id_of_place(record).as_hyphenated().encode_lower(stranger),
        };
        let fresh = || {
            let first = head.number(Known::OriginTimestamp).or_else(|| record.timestamp());
            Workflow::start(starts.unwrap_or(""), first.and_then(|at| u64::try_from(at).ok()).unwrap_or(0))
        };
        match head.text(Known::CorrelationId) {
            Some(correlation) => Self { id, correlation, workflow: head.workflow().unwrap_or_else(fresh) },
            None => Self { id, correlation: id, workflow: fresh() },
        }
    }
}

/// The id of a record that carries none: that of the place where it was first delivered, so that a replay has the same.
fn id_of_place(record: &impl RawRecord) -> uuid::Uuid {
    let head = record.head();
    let first = || {
        let topic = head.text(Known::OriginTopic)?;
        Some((topic, head.number(Known::OriginPartition)?, head.number(Known::OriginOffset)?))
    };
    let (topic, partition, offset) =
        first().unwrap_or_else(|| (record.topic(), record.partition(), record.offset()));
    id::of_stranger(topic, partition, offset)
}

impl Metadata {
    /// What a handler may want to know of `record`.
    pub(crate) fn of(record: &impl RawRecord, identity: &Identity<'_>, attempt: u32) -> Self {
        let head = record.head();
        let carried = head.workflow().filter(|_| head.text(Known::CorrelationId).is_some());
        let starts = if carried.is_some() { "" } else { identity.workflow.name() };
        Self {
            head: Arc::clone(head),
            topic: Arc::clone(record.topic()),
            stranger: head.text(Known::Id).is_none().then(|| identity.id.into()),
            starts: (!starts.is_empty()).then(|| starts.into()),
            started: identity.workflow.started(),
            hops: identity.workflow.hops(),
            attempt,
            partition: record.partition(),
            offset: record.offset(),
            timestamp: record.timestamp(),
        }
    }

    /// The event's id (`ce_id`); for a record that carries none, one derived from where it lies.
    pub fn id(&self) -> &str {
        self.head.text(Known::Id).or(self.stranger.as_deref()).unwrap_or_default()
    }

    /// Who emitted it, `service/step` (`ce_source`).
    pub fn source(&self) -> Option<&str> {
        self.head.text(Known::Source)
    }

    /// Its type with the major, for example `order.placed.v1` (`ce_type`).
    pub fn event_type(&self) -> &str {
        self.head.text(Known::Type).unwrap_or_default()
    }

    /// When it was emitted, as RFC 3339 text (`ce_time`).
    pub fn time(&self) -> Option<&str> {
        self.head.text(Known::Time)
    }

    /// Its business key, where that is not the record's key (`ce_subject`).
    pub fn subject(&self) -> Option<&str> {
        self.head.text(Known::Subject)
    }

    /// The exact contract it was written under, for example `…/order.placed/1.3` (`ce_dataschema`).
    pub fn data_schema(&self) -> Option<&str> {
        self.head.text(Known::DataSchema)
    }

    /// The workflow instance it belongs to (`ce_correlationid`); for a stranger's record its own id.
    pub fn correlation_id(&self) -> &str {
        self.head.text(Known::CorrelationId).unwrap_or_else(|| self.id())
    }

    /// The id of the event whose handling emitted this one (`ce_causationid`); `None` for a starting event.
    pub fn causation_id(&self) -> Option<&str> {
        self.head.text(Known::CausationId)
    }

    /// The W3C trace context it arrived with (`traceparent`).
    pub fn traceparent(&self) -> Option<&str> {
        self.head.text(Known::TraceParent)
    }

    /// The workflow's name; `None` for a stranger's record of a type that starts none.
    pub fn workflow(&self) -> Option<&str> {
        match &self.starts {
            Some(name) => Some(name),
            None => self.head.text(Known::CorrelationId).and(self.head.workflow()).map(|it| it.name()),
        }
    }

    /// When the workflow started, in milliseconds since the Unix epoch.
    pub fn workflow_started(&self) -> u64 {
        self.started
    }

    /// How many events lie between the workflow's start and this one.
    pub fn hops(&self) -> u32 {
        self.hops
    }

    /// Which attempt this is, counted from 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The topic it was read from, with the namespace.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// The partition it was read from.
    pub fn partition(&self) -> i32 {
        self.partition
    }

    /// Its offset in the partition.
    pub fn offset(&self) -> i64 {
        self.offset
    }

    /// The record's timestamp in milliseconds since the Unix epoch.
    pub fn timestamp(&self) -> Option<i64> {
        self.timestamp
    }

    /// The headers that the framework does not read itself, in their order: those whose value is text of at
    /// most 1 KiB, 8 KiB in all.
    pub fn headers(&self) -> Headers<'_> {
        Headers { rest: self.head.iter().take(MAX_HEADERS_READ), left: MAX_HEADERS_BYTES }
    }
}

impl fmt::Debug for Metadata {
    /// Identity and place; no headers, which may hold anything.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metadata")
            .field("id", &self.id())
            .field("event_type", &self.event_type())
            .field("correlation_id", &self.correlation_id())
            .field("workflow", &self.workflow())
            .field("hops", &self.hops)
            .field("attempt", &self.attempt)
            .field("topic", &self.topic())
            .field("partition", &self.partition)
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}

/// Foreign headers of an event, as name and value. Made by [`Metadata::headers`].
#[derive(Clone)]
pub struct Headers<'a> {
    rest: Take<head::Iter<'a>>,
    /// Bytes that may still be shown.
    left: usize,
}

impl<'a> Headers<'a> {
    /// The value of the last header called `name`.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.clone().filter(|(found, _)| *found == name).last().map(|(_, value)| value)
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, value) = self.rest.find_map(shown)?;
        // Once one does not fit, none of those behind it does.
        let left = self.left.checked_sub(name.len() + value.len());
        self.left = left.unwrap_or(0);
        left.map(|_| (name, value))
    }
}

impl fmt::Debug for Headers<'_> {
    /// The names alone: values may hold anything.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone().map(|(name, _)| name)).finish()
    }
}

/// The header as a handler may see it: not one of the framework's own, text, and not too long.
fn shown((name, value): HeaderRef<'_>) -> Option<(&str, &str)> {
    if is_framework_header(name) || name.is_empty() {
        return None;
    }
    let value = std::str::from_utf8(value?).ok()?;
    (name.len() + value.len() <= MAX_HEADER_BYTES).then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::{super::head::tests::TestRecord, *};

    fn metadata(headers: &[(&str, &str)]) -> Metadata {
        let record = TestRecord::with(headers);
        let mut stranger = [0; uuid::fmt::Hyphenated::LENGTH];
        let identity = Identity::of(&record, Some("order"), &mut stranger);
        Metadata::of(&record, &identity, 2)
    }

    #[test]
    fn a_chained_event_keeps_its_identity() {
        let metadata = metadata(&[
            ("ce_id", "e2"),
            ("ce_type", "payment.confirmed.v1"),
            ("ce_source", "payment/charge"),
            ("ce_correlationid", "e1"),
            ("ce_causationid", "e1"),
            ("wf", "name=order;started=5;hops=1"),
            ("tenant", "blue"),
        ]);
        assert_eq!((metadata.id(), metadata.correlation_id()), ("e2", "e1"));
        assert_eq!((metadata.causation_id(), metadata.source()), (Some("e1"), Some("payment/charge")));
        assert_eq!(
            (metadata.workflow(), metadata.workflow_started(), metadata.hops()),
            (Some("order"), 5, 1)
        );
        assert_eq!(
            (metadata.topic(), metadata.partition(), metadata.offset(), metadata.attempt()),
            ("orders", 3, 42, 2)
        );
        assert_eq!(metadata.headers().collect::<Vec<_>>(), [("tenant", "blue")]);
        assert_eq!(metadata.headers().get("tenant"), Some("blue"));
        assert_eq!(metadata.subject(), None);
    }

    #[test]
    fn a_stranger_starts_a_workflow() {
        let stranger = metadata(&[("ce_type", "order.placed.v1"), ("wf", "garbage")]);
        assert_eq!(stranger.correlation_id(), stranger.id());
        assert_eq!(
            (stranger.workflow(), stranger.workflow_started(), stranger.hops()),
            (Some("order"), 1_700_000_000_000, 0)
        );
        assert_eq!(stranger.id(), metadata(&[]).id(), "the id comes from where the record lies");
    }

    #[test]
    fn a_stranger_that_is_replayed_is_who_it_was() {
        let place = [("wf-origin-topic", "orders"), ("wf-origin-partition", "3"), ("wf-origin-offset", "42")];
        let first = metadata(&[("ce_type", "order.placed.v1")]);
        let mut record = TestRecord::with(&place);
        record.topic = "payment.charge.retry".into();
        let mut id = [0; uuid::fmt::Hyphenated::LENGTH];
        assert_eq!(Identity::of(&record, None, &mut id).id, first.id());
        let older = metadata(&[("wf-origin-timestamp", "5")]);
        assert_eq!((older.workflow_started(), first.workflow_started()), (5, 1_700_000_000_000));
    }

    #[test]
    fn foreign_headers_are_bounded() {
        let big = "x".repeat(100_000);
        let medium = "y".repeat(1_000);
        let mut headers = vec![("big", big.as_str()), ("odd", "a\0b")];
        headers.extend(vec![("medium", medium.as_str()); 20]);
        let metadata = metadata(&headers);
        assert_eq!(metadata.headers().count(), 1 + MAX_HEADERS_BYTES / (1_000 + 6));
        assert_eq!(metadata.headers().get("big"), None);
    }
}

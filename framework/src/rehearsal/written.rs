//! What a test reads from the log: records as they lie there, events as their types.

use std::fmt;

use super::record::LogRecord;
use crate::{
    envelope::{
        Metadata, Workflow,
        head::Known,
        metadata::{Identity, StrangerId},
    },
    event::Event,
    runner::port::RawRecord,
};

/// A record of the log, byte for byte.
#[derive(Clone)]
pub struct Written(LogRecord);

impl Written {
    pub(crate) fn new(record: &LogRecord) -> Self {
        Self(record.clone())
    }

    /// The topic it lies on.
    pub fn topic(&self) -> &str {
        self.0.topic()
    }

    /// The partition it lies in.
    pub fn partition(&self) -> i32 {
        self.0.partition()
    }

    /// Its offset in the partition.
    pub fn offset(&self) -> i64 {
        self.0.offset()
    }

    /// The bytes of its key, where it has one.
    pub fn key(&self) -> Option<&[u8]> {
        self.0.key()
    }

    /// The bytes of its value; `None` for a tombstone.
    pub fn value(&self) -> Option<&[u8]> {
        self.0.value()
    }

    /// Its headers in their order, as name and bytes.
    pub fn headers(&self) -> impl Iterator<Item = (&str, Option<&[u8]>)> {
        self.0.body().headers()
    }

    /// The last header of that name, where it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers().filter(|(found, _)| *found == name).last()?;
        std::str::from_utf8(value?).ok()
    }

    /// What its headers say it is. A record that says nothing gets an id from where it lies.
    pub fn metadata(&self) -> Metadata {
        metadata(&self.0)
    }
}

/// Says where it lies and what it is; no payload.
impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.metadata(), f)
    }
}

/// An event as it was emitted, with all that travels beside it. Dereferences to the event.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Recorded<E> {
    /// The event, or the part of it that the view `E` reads.
    pub event: E,
    /// Its identity, its workflow, its trace and its place in the log.
    pub metadata: Metadata,
}

impl<E> std::ops::Deref for Recorded<E> {
    type Target = E;

    fn deref(&self) -> &E {
        &self.event
    }
}

impl<E> Recorded<E> {
    /// The id of the trace that it is part of: the same for all events of a workflow, until one waited for long.
    pub fn trace_id(&self) -> Option<&str> {
        trace_id(self.metadata.traceparent()?)
    }
}

impl<E: Event> Recorded<E> {
    /// The record as an `E`; `None` where it is another event, or no event at all.
    pub(crate) fn read(record: &LogRecord) -> Option<Self> {
        let event_type = record.head().text(Known::Type)?;
        let major = event_type.strip_prefix(E::NAME)?.strip_prefix(".v")?;
        if **record.topic() != *E::TOPIC || major.parse() != Ok(E::MAJOR) {
            return None;
        }
        let event = serde_json::from_slice(record.value()?).ok()?;
        Some(Self { event, metadata: metadata(record) })
    }
}

/// The id of the trace in a `traceparent`.
pub(crate) fn trace_id(traceparent: &str) -> Option<&str> {
    traceparent.split('-').nth(1)
}

pub(crate) fn metadata(record: &LogRecord) -> Metadata {
    let head = record.head();
    let mut stranger: StrangerId = [0; uuid::fmt::Hyphenated::LENGTH];
    let starts = head.workflow().as_ref().map(Workflow::name);
    let identity = Identity::of(record, starts, &mut stranger);
    Metadata::of(record, &identity, head.number(Known::Attempt).unwrap_or(1))
}

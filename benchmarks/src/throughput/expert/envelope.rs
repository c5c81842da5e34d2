//! The headers: what is read of an order's, and what is written on a payment. Names, order and byte lengths are the
//! framework's.

use std::fmt::Write as _;
use std::time::{Instant, SystemTime};

use rdkafka::message::{BorrowedHeaders, Header, Headers as _, OwnedHeaders};
use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};
use uuid::{Uuid, fmt::Hyphenated};
use xxhash_rust::xxh3::xxh3_128;

/// The type that the loop handles; everything else on the topic is passed over.
pub(super) const ORDER_PLACED: &[u8] = b"order.placed.v1";
/// The headers that an output has.
const HEADERS: usize = 11;
/// How long the text of the time is used.
const CLOCK_MS: u128 = 1;
const FORMAT: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// What the loop needs of an order's headers.
#[derive(Debug, Default)]
pub(super) struct Incoming<'m> {
    pub(super) event_type: &'m [u8],
    traceparent: Option<&'m [u8]>,
    id: &'m [u8],
    correlation: &'m [u8],
    workflow: &'m [u8],
}

impl<'m> Incoming<'m> {
    /// Looks at every header once.
    pub(super) fn of(headers: &'m BorrowedHeaders) -> Self {
        let mut incoming = Self::default();
        for header in headers.iter() {
            let value = header.value.unwrap_or_default();
            match header.key {
                "traceparent" => incoming.traceparent = Some(value),
                "ce_id" => incoming.id = value,
                "ce_type" => incoming.event_type = value,
                "ce_correlationid" => incoming.correlation = value,
                "wf" => incoming.workflow = value,
                _ => {}
            }
        }
        incoming
    }
}

/// Writes headers; keeps what does not change from one record to the next.
#[derive(Debug)]
pub(super) struct Envelope {
    /// What an output's id is derived from: the order's id, then what is always the same.
    cause: Vec<u8>,
    workflow: String,
    time: String,
    time_of: Option<Instant>,
}

impl Envelope {
    pub(super) fn new() -> Self {
        Self { cause: Vec::new(), workflow: String::new(), time: String::new(), time_of: None }
    }

    /// The headers of the payment for this order. `now` is read once a turn of the loop.
    pub(super) fn headers(&mut self, now: Instant, incoming: &Incoming<'_>) -> OwnedHeaders {
        self.cause.clear();
        self.cause.extend_from_slice(incoming.id);
        self.cause.extend_from_slice(b"payment.charge:payment.confirmed.v1:0");
        let id = Uuid::new_v8(xxh3_128(&self.cause).to_be_bytes());
        let mut id_text = [0; Hyphenated::LENGTH];
        let id: &str = id.as_hyphenated().encode_lower(&mut id_text);
        self.next_hop(incoming.workflow);
        self.read_clock(now);
        let written: [(&str, Option<&[u8]>); HEADERS] = [
            ("ce_specversion", Some(b"1.0")),
            ("ce_source", Some(b"payment/charge")),
            ("ce_type", Some(b"payment.confirmed.v1")),
            ("ce_dataschema", Some(b"urn:contract:payment.confirmed/1.0")),
            ("content-type", Some(b"application/json")),
            ("traceparent", incoming.traceparent),
            ("ce_id", Some(id.as_bytes())),
            ("ce_time", Some(self.time.as_bytes())),
            ("ce_correlationid", Some(incoming.correlation)),
            ("ce_causationid", Some(incoming.id)),
            ("wf", Some(self.workflow.as_bytes())),
        ];
        let written = written.into_iter().filter(|(_, value)| value.is_some());
        written.fold(OwnedHeaders::new_with_capacity(HEADERS), |headers, (key, value)| {
            headers.insert(Header { key, value })
        })
    }

    /// The workflow's identity, one hop further. What cannot be read begins anew.
    fn next_hop(&mut self, workflow: &[u8]) {
        self.workflow.clear();
        let text = std::str::from_utf8(workflow).unwrap_or_default();
        let (before, hops) = text.rsplit_once("hops=").unwrap_or((text, "0"));
        let hops: u32 = hops.parse().unwrap_or_default();
        self.workflow.push_str(before);
        // Writing to a `String` cannot fail.
        let _ignored = write!(self.workflow, "hops={}", hops + 1);
    }

    /// The time as text, made anew when it is older than a millisecond.
    fn read_clock(&mut self, now: Instant) {
        if self.time_of.is_some_and(|of| now.duration_since(of).as_millis() < CLOCK_MS) {
            return;
        }
        self.time_of = Some(now);
        self.time = OffsetDateTime::from(SystemTime::now()).format(FORMAT).unwrap_or_default();
    }
}

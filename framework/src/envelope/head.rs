//! What the framework reads of a record's headers: where each known one lies, without copying any.

use super::{names, workflow::Workflow};
use crate::runner::port::RawRecord;

/// The most bytes of a header which becomes part of the identity of other events (id, correlation, source,
/// type, …). A longer one counts as absent, so that nobody can make every later event of a workflow huge.
pub(crate) const MAX_IDENTITY_BYTES: usize = 256;

/// The most headers that are looked at; the rest of a record's headers travel untouched but say nothing.
pub(crate) const MAX_HEADERS_READ: usize = 256;

/// A header that the framework reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Known {
    TraceParent,
    TraceState,
    Id,
    Source,
    Type,
    Time,
    Subject,
    DataSchema,
    CorrelationId,
    CausationId,
    Workflow,
    Attempt,
    FirstFailedAt,
    OriginTopic,
    OriginPartition,
    OriginOffset,
    OriginTimestamp,
    OriginGroup,
    OriginTraceParent,
    ReplayCount,
}

const KNOWN_COUNT: usize = Known::ReplayCount as usize + 1;

impl Known {
    /// The header called `name`. Most names are told apart by their length, and one comparison is left.
    fn of(name: &str) -> Option<Self> {
        let candidates: &[(&str, Self)] = match name.len() {
            2 => &[(names::WF, Self::Workflow)],
            5 => &[(names::CE_ID, Self::Id)],
            7 => &[(names::CE_TYPE, Self::Type), (names::CE_TIME, Self::Time)],
            9 => &[(names::CE_SOURCE, Self::Source)],
            10 => &[
                (names::CE_SUBJECT, Self::Subject),
                (names::TRACESTATE, Self::TraceState),
                (names::WF_ATTEMPT, Self::Attempt),
            ],
            11 => &[(names::TRACEPARENT, Self::TraceParent)],
            13 => &[(names::CE_DATASCHEMA, Self::DataSchema)],
            14 => &[(names::CE_CAUSATIONID, Self::CausationId)],
            15 => &[(names::WF_ORIGIN_TOPIC, Self::OriginTopic), (names::WF_ORIGIN_GROUP, Self::OriginGroup)],
            16 => &[
                (names::CE_CORRELATIONID, Self::CorrelationId),
                (names::WF_ORIGIN_OFFSET, Self::OriginOffset),
                (names::DLQ_REPLAY_COUNT, Self::ReplayCount),
            ],
            18 => &[(names::WF_FIRST_FAILED_AT, Self::FirstFailedAt)],
            19 => &[
                (names::WF_ORIGIN_PARTITION, Self::OriginPartition),
                (names::WF_ORIGIN_TIMESTAMP, Self::OriginTimestamp),
            ],
            21 => &[(names::WF_ORIGIN_TRACEPARENT, Self::OriginTraceParent)],
            _ => return None,
        };
        candidates.iter().find(|(known, _)| *known == name).map(|(_, header)| *header)
    }
}

/// Whether the framework writes a header called `name` on every event, so that it tells a handler nothing.
pub(crate) fn is_framework_header(name: &str) -> bool {
    Known::of(name).is_some() || name == names::CE_SPECVERSION || name == names::CONTENT_TYPE
}

/// The known headers of one record, copied out of it in one allocation: a driver's headers are dear to look at,
/// and these are looked at many times. The last of several headers with one name counts.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    text: String,
    fields: [Field; KNOWN_COUNT],
    /// Whether there are headers besides the framework's own.
    foreign: bool,
}

/// Where a header's text lies in [`Head::text`].
#[derive(Debug, Clone, Copy, Default)]
struct Field {
    start: u16,
    /// Zero where the header is absent or unusable.
    length: u16,
    /// Whether the record has the header, usable or not.
    present: bool,
}

/// Room for the headers that an event has, so that the text grows at most once for most records.
const USUAL_BYTES: usize = 384;

impl Head {
    /// Looks through the headers once.
    pub(crate) fn scan(record: &impl RawRecord) -> Self {
        let mut fields = [Field::default(); KNOWN_COUNT];
        let mut text = String::with_capacity(USUAL_BYTES);
        let mut foreign = false;
        for index in 0..record.header_count().min(MAX_HEADERS_READ - 1) {
            let Some((name, value)) = record.header(index) else { break };
            let Some(known) = Known::of(name) else {
                foreign |= name != names::CE_SPECVERSION && name != names::CONTENT_TYPE;
                continue;
            };
            let Some(value) = value else { continue };
            let usable = usable(value).unwrap_or("");
            // At most 256 headers of at most 256 bytes: the start of each fits.
            fields[known as usize] =
                Field { start: text.len() as u16, length: usable.len() as u16, present: true };
            text.push_str(usable);
        }
        Self { text, fields, foreign }
    }

    /// The header as text; `None` where it is absent, empty, not UTF-8, or longer than
    /// [`MAX_IDENTITY_BYTES`].
    pub(crate) fn text(&self, known: Known) -> Option<&str> {
        let Field { start, length, .. } = self.fields[known as usize];
        if length == 0 {
            return None;
        }
        self.text.get(usize::from(start)..usize::from(start) + usize::from(length))
    }

    /// Whether there are headers besides the framework's own.
    pub(crate) fn has_foreign(&self) -> bool {
        self.foreign
    }

    /// Whether the header is there, well-formed or not.
    pub(crate) fn has(&self, known: Known) -> bool {
        self.fields[known as usize].present
    }

    /// The header as a number.
    pub(crate) fn number<T: std::str::FromStr>(&self, known: Known) -> Option<T> {
        self.text(known)?.parse().ok()
    }

    /// The workflow's identity, where the record carries a well-formed one.
    pub(crate) fn workflow(&self) -> Option<Workflow<'_>> {
        Workflow::parse(self.text(Known::Workflow)?)
    }
}

/// A header's value where it may become part of an identity.
fn usable(value: &[u8]) -> Option<&str> {
    if value.len() > MAX_IDENTITY_BYTES { None } else { std::str::from_utf8(value).ok() }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A record made by hand.
    #[derive(Debug, Clone, Default)]
    pub(crate) struct TestRecord {
        pub(crate) key: Option<Vec<u8>>,
        pub(crate) value: Option<Vec<u8>>,
        pub(crate) headers: Vec<(String, Option<Vec<u8>>)>,
    }

    impl TestRecord {
        pub(crate) fn with(headers: &[(&str, &str)]) -> Self {
            let headers =
                headers.iter().map(|(n, v)| ((*n).to_owned(), Some(v.as_bytes().to_vec()))).collect();
            Self { headers, ..Self::default() }
        }
    }

    impl RawRecord for TestRecord {
        fn topic(&self) -> &'static str {
            "orders"
        }
        fn partition(&self) -> i32 {
            3
        }
        fn offset(&self) -> i64 {
            42
        }
        fn timestamp(&self) -> Option<i64> {
            Some(1_700_000_000_000)
        }
        fn key(&self) -> Option<&[u8]> {
            self.key.as_deref()
        }
        fn value(&self) -> Option<&[u8]> {
            self.value.as_deref()
        }
        fn header_count(&self) -> usize {
            self.headers.len()
        }
        fn header(&self, index: usize) -> Option<(&str, Option<&[u8]>)> {
            self.headers.get(index).map(|(name, value)| (name.as_str(), value.as_deref()))
        }
    }

    #[test]
    fn the_last_of_duplicate_headers_counts() {
        let record = TestRecord::with(&[("ce_id", "first"), ("x", "y"), ("ce_id", "last")]);
        assert_eq!(Head::scan(&record).text(Known::Id), Some("last"));
    }

    #[test]
    fn every_known_header_is_found() {
        let all = [
            (names::TRACEPARENT, Known::TraceParent),
            (names::TRACESTATE, Known::TraceState),
            (names::CE_ID, Known::Id),
            (names::CE_SOURCE, Known::Source),
            (names::CE_TYPE, Known::Type),
            (names::CE_TIME, Known::Time),
            (names::CE_SUBJECT, Known::Subject),
            (names::CE_DATASCHEMA, Known::DataSchema),
            (names::CE_CORRELATIONID, Known::CorrelationId),
            (names::CE_CAUSATIONID, Known::CausationId),
            (names::WF, Known::Workflow),
            (names::WF_ATTEMPT, Known::Attempt),
            (names::WF_FIRST_FAILED_AT, Known::FirstFailedAt),
            (names::WF_ORIGIN_TOPIC, Known::OriginTopic),
            (names::WF_ORIGIN_PARTITION, Known::OriginPartition),
            (names::WF_ORIGIN_OFFSET, Known::OriginOffset),
            (names::WF_ORIGIN_TIMESTAMP, Known::OriginTimestamp),
            (names::WF_ORIGIN_GROUP, Known::OriginGroup),
            (names::WF_ORIGIN_TRACEPARENT, Known::OriginTraceParent),
            (names::DLQ_REPLAY_COUNT, Known::ReplayCount),
        ];
        assert_eq!(all.len(), KNOWN_COUNT);
        for (name, known) in all {
            assert_eq!(Known::of(name), Some(known), "{name}");
        }
        assert_eq!(Known::of("ce_ix"), None);
    }

    #[test]
    fn oversized_and_broken_identity_counts_as_absent() {
        let mut record = TestRecord::with(&[("ce_id", &"x".repeat(100_000)), ("ce_source", "")]);
        record.headers.push(("ce_type".to_owned(), Some(vec![0xff, 0xfe])));
        let head = Head::scan(&record);
        assert_eq!(head.text(Known::Id), None);
        assert_eq!(head.text(Known::Source), None);
        assert_eq!(head.text(Known::Type), None);
        assert!(head.has(Known::Type));
    }

    #[test]
    fn thousands_of_headers_are_no_trouble() {
        let mut headers = vec![("x", "y"); 5_000];
        headers.push(("ce_id", "too far"));
        let record = TestRecord::with(&headers);
        assert_eq!(Head::scan(&record).text(Known::Id), None);
    }
}

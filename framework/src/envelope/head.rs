//! A record's headers, as the framework keeps and reads them.

mod packed;

use std::sync::Arc;

use smallvec::SmallVec;

use super::{
    names,
    workflow::{Parsed, Workflow},
};
use crate::runner::port::HeaderRef;

/// The most bytes of a header which becomes part of the identity of other events (id, correlation, source,
/// type, …). A longer one counts as absent, so that nobody can make every later event of a workflow huge.
pub(crate) const MAX_IDENTITY_BYTES: usize = 256;

/// The most headers that are looked at; the rest of a record's headers travel untouched but say nothing.
pub(crate) const MAX_HEADERS_READ: usize = 256;

/// A header that the framework reads or writes.
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
    SpecVersion,
    ContentType,
}

const KNOWN_COUNT: usize = Known::ContentType as usize + 1;

impl Known {
    /// All of them, in order.
    const ALL: [Self; KNOWN_COUNT] = [
        Self::TraceParent,
        Self::TraceState,
        Self::Id,
        Self::Source,
        Self::Type,
        Self::Time,
        Self::Subject,
        Self::DataSchema,
        Self::CorrelationId,
        Self::CausationId,
        Self::Workflow,
        Self::Attempt,
        Self::FirstFailedAt,
        Self::OriginTopic,
        Self::OriginPartition,
        Self::OriginOffset,
        Self::OriginTimestamp,
        Self::OriginGroup,
        Self::OriginTraceParent,
        Self::ReplayCount,
        Self::SpecVersion,
        Self::ContentType,
    ];

    /// The header called `name`: told apart by its length first, so that a comparison or two of known length are left.
    fn of(name: &str) -> Option<Self> {
        let is = |known: &str, header| (name == known).then_some(header);
        match name.len() {
            2 => is(names::WF, Self::Workflow),
            5 => is(names::CE_ID, Self::Id),
            7 => is(names::CE_TYPE, Self::Type).or(is(names::CE_TIME, Self::Time)),
            9 => is(names::CE_SOURCE, Self::Source),
            10 => is(names::CE_SUBJECT, Self::Subject)
                .or(is(names::TRACESTATE, Self::TraceState))
                .or(is(names::WF_ATTEMPT, Self::Attempt)),
            11 => is(names::TRACEPARENT, Self::TraceParent),
            12 => is(names::CONTENT_TYPE, Self::ContentType),
            13 => is(names::CE_DATASCHEMA, Self::DataSchema),
            14 => {
                is(names::CE_CAUSATIONID, Self::CausationId).or(is(names::CE_SPECVERSION, Self::SpecVersion))
            }
            15 => is(names::WF_ORIGIN_TOPIC, Self::OriginTopic)
                .or(is(names::WF_ORIGIN_GROUP, Self::OriginGroup)),
            16 => is(names::CE_CORRELATIONID, Self::CorrelationId)
                .or(is(names::WF_ORIGIN_OFFSET, Self::OriginOffset))
                .or(is(names::DLQ_REPLAY_COUNT, Self::ReplayCount)),
            18 => is(names::WF_FIRST_FAILED_AT, Self::FirstFailedAt),
            19 => is(names::WF_ORIGIN_PARTITION, Self::OriginPartition)
                .or(is(names::WF_ORIGIN_TIMESTAMP, Self::OriginTimestamp)),
            21 => is(names::WF_ORIGIN_TRACEPARENT, Self::OriginTraceParent),
            _ => None,
        }
    }

    /// What it is called.
    const fn name(self) -> &'static str {
        match self {
            Self::TraceParent => names::TRACEPARENT,
            Self::TraceState => names::TRACESTATE,
            Self::Id => names::CE_ID,
            Self::Source => names::CE_SOURCE,
            Self::Type => names::CE_TYPE,
            Self::Time => names::CE_TIME,
            Self::Subject => names::CE_SUBJECT,
            Self::DataSchema => names::CE_DATASCHEMA,
            Self::CorrelationId => names::CE_CORRELATIONID,
            Self::CausationId => names::CE_CAUSATIONID,
            Self::Workflow => names::WF,
            Self::Attempt => names::WF_ATTEMPT,
            Self::FirstFailedAt => names::WF_FIRST_FAILED_AT,
            Self::OriginTopic => names::WF_ORIGIN_TOPIC,
            Self::OriginPartition => names::WF_ORIGIN_PARTITION,
            Self::OriginOffset => names::WF_ORIGIN_OFFSET,
            Self::OriginTimestamp => names::WF_ORIGIN_TIMESTAMP,
            Self::OriginGroup => names::WF_ORIGIN_GROUP,
            Self::OriginTraceParent => names::WF_ORIGIN_TRACEPARENT,
            Self::ReplayCount => names::DLQ_REPLAY_COUNT,
            Self::SpecVersion => names::CE_SPECVERSION,
            Self::ContentType => names::CONTENT_TYPE,
        }
    }
}

/// Whether a header called `name` is the framework's, so that it tells a handler nothing.
pub(crate) fn is_framework_header(name: &str) -> bool {
    Known::of(name).is_some() || matches!(name, names::VALUE_SCHEMA_ID | names::WF_RETRIED)
}

/// The headers of one record, copied once into memory of the framework's own: a driver's are dear to look at and
/// dear to keep, and these are looked at many times. All are kept, in order; of the known ones the last of several
/// with one name counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Head {
    /// Names that are not the framework's own, and values that are text, one after the other.
    text: String,
    /// Values that are no text, one after the other.
    odd: Vec<u8>,
    headers: Places,
    known: [Place; KNOWN_COUNT],
    /// What the header `wf` says, where it is well-formed.
    workflow: Option<Parsed>,
}

/// Where each header lies: in the head itself for as many as an event has.
type Places = SmallVec<[HeaderAt; USUAL_HEADERS]>;

/// Where one header lies.
#[derive(Debug, Clone, Copy)]
struct HeaderAt {
    name: NameAt,
    value: ValueAt,
}

/// Where a header's name lies.
#[derive(Debug, Clone, Copy)]
enum NameAt {
    /// It is the framework's own.
    Known(Known),
    /// In [`Head::text`].
    Text(Span),
}

/// Where a header's value lies.
#[derive(Debug, Clone, Copy)]
enum ValueAt {
    /// There is none.
    Null,
    /// In [`Head::text`].
    Text(Span),
    /// In [`Head::odd`].
    Odd(Span),
}

/// A piece of a buffer. A record has less than 4 GiB.
#[derive(Debug, Clone, Copy, Default)]
struct Span {
    start: u32,
    length: u32,
}

impl Span {
    fn range(self) -> std::ops::Range<usize> {
        self.start as usize..(self.start + self.length) as usize
    }
}

/// Which of the headers a known one is, counted from 1; 0 where the record has none.
#[derive(Debug, Clone, Copy, Default)]
struct Place(u16);

impl Place {
    /// The place of the header after `before` others, of which there are fewer than [`MAX_HEADERS_READ`].
    fn after(before: usize) -> Self {
        Self(before as u16 + 1)
    }

    fn index(self) -> Option<usize> {
        usize::from(self.0).checked_sub(1)
    }
}

/// The headers of a [`Head`], in order.
#[derive(Debug, Clone)]
pub(crate) struct Iter<'h> {
    head: &'h Head,
    headers: std::slice::Iter<'h, HeaderAt>,
}

impl<'h> Iterator for Iter<'h> {
    type Item = HeaderRef<'h>;

    fn next(&mut self) -> Option<Self::Item> {
        let header = self.headers.next()?;
        let name = match header.name {
            NameAt::Known(known) => known.name(),
            NameAt::Text(at) => self.head.text.get(at.range()).unwrap_or_default(),
        };
        let value = match header.value {
            ValueAt::Null => None,
            ValueAt::Text(at) => self.head.text.as_bytes().get(at.range()),
            ValueAt::Odd(at) => self.head.odd.get(at.range()),
        };
        Some((name, value))
    }
}

/// How many headers an event has: the framework's own, and one or two more.
const USUAL_HEADERS: usize = 12;
/// Room for the headers that an event has, so that the text grows at most once for most records.
const USUAL_BYTES: usize = 448;

/// A [`Head`] that is being copied.
///
/// Pieces are joined as bytes, and made text in one go at the end: to look at many short texts costs several times as
/// much as to look at one long one.
#[derive(Debug)]
pub(crate) struct HeadCopy<'h> {
    /// Where it will stay: it is too large to be handed from place to place.
    head: &'h mut Head,
    /// Names and values, whether they are text or not.
    text: Vec<u8>,
}

impl HeadCopy<'_> {
    /// Adds a header behind the others.
    pub(crate) fn push(&mut self, name: &str, value: Option<&[u8]>) {
        let known = if self.head.headers.len() < MAX_HEADERS_READ { Known::of(name) } else { None };
        let name = match known {
            Some(known) => NameAt::Known(known),
            None => NameAt::Text(append(&mut self.text, name.as_bytes())),
        };
        let value = match value {
            None => ValueAt::Null,
            // Whether it is text is looked at in the end.
            Some(value) => ValueAt::Text(append(&mut self.text, value)),
        };
        // One without a value is as good as absent.
        if let (Some(known), ValueAt::Text(_)) = (known, value) {
            self.head.known[known as usize] = Place::after(self.head.headers.len());
        }
        self.head.headers.push(HeaderAt { name, value });
    }

    fn finish(mut self) {
        // Mostly one look at all is enough: each piece of plain ASCII is text.
        if !self.text.is_ascii() {
            self.part_odd();
        }
        let head = self.head;
        // Texts joined are text.
        head.text = String::from_utf8(self.text).unwrap_or_default();
        head.workflow = head.text(Known::Workflow).and_then(Parsed::read);
    }

    /// Parts the values that are no text from the rest.
    #[cold]
    fn part_odd(&mut self) {
        let all = std::mem::take(&mut self.text);
        for header in &mut self.head.headers {
            if let NameAt::Text(at) = &mut header.name {
                *at = append(&mut self.text, &all[at.range()]);
            }
            if let ValueAt::Text(at) = header.value {
                let value = &all[at.range()];
                header.value = match std::str::from_utf8(value) {
                    Ok(_) => ValueAt::Text(append(&mut self.text, value)),
                    Err(_) => ValueAt::Odd(append(&mut self.head.odd, value)),
                };
            }
        }
    }
}

/// Adds bytes to a buffer, and says where they lie.
fn append(to: &mut Vec<u8>, bytes: &[u8]) -> Span {
    let at = Span { start: to.len() as u32, length: bytes.len() as u32 };
    to.extend_from_slice(bytes);
    at
}

impl Head {
    /// Copies the headers that `copy` adds, of which there are about `count`.
    pub(crate) fn copied(count: usize, copy: impl FnOnce(&mut HeadCopy<'_>)) -> Arc<Self> {
        Self::copied_over(Arc::default(), count, copy)
    }

    /// The same, into the memory of headers that were read to the end, if nobody else has them.
    pub(crate) fn copied_over(
        mut spent: Arc<Self>,
        count: usize,
        copy: impl FnOnce(&mut HeadCopy<'_>),
    ) -> Arc<Self> {
        let Some(head) = Arc::get_mut(&mut spent) else { return Self::copied(count, copy) };
        let mut text = std::mem::take(&mut head.text).into_bytes();
        text.clear();
        text.reserve(if count == 0 { 0 } else { USUAL_BYTES });
        head.odd.clear();
        head.headers.clear();
        head.headers.reserve(count.min(MAX_HEADERS_READ));
        head.known = [Place::default(); KNOWN_COUNT];
        head.workflow = None;
        let mut headers = HeadCopy { head, text };
        copy(&mut headers);
        headers.finish();
        spent
    }

    /// Copies the headers of a record that has `count` of them.
    pub(crate) fn of<'h>(count: usize, headers: impl IntoIterator<Item = HeaderRef<'h>>) -> Arc<Self> {
        Self::copied(count, |copy| {
            for (name, value) in headers {
                copy.push(name, value);
            }
        })
    }

    /// All headers, in order.
    pub(crate) fn iter(&self) -> Iter<'_> {
        Iter { head: self, headers: self.headers.iter() }
    }

    /// How many headers there are.
    pub(crate) fn len(&self) -> usize {
        self.headers.len()
    }

    /// Bytes of all names and values.
    pub(crate) fn size(&self) -> usize {
        self.text.len() + self.odd.len()
    }

    /// Bytes of the memory that it has beside itself, used or not.
    pub(crate) fn room(&self) -> usize {
        let places = if self.headers.spilled() { self.headers.capacity() * size_of::<HeaderAt>() } else { 0 };
        self.text.capacity() + self.odd.capacity() + places
    }

    /// The header as text; `None` where it is absent, empty, not UTF-8, or longer than
    /// [`MAX_IDENTITY_BYTES`].
    pub(crate) fn text(&self, known: Known) -> Option<&str> {
        match self.headers.get(self.known[known as usize].index()?)?.value {
            ValueAt::Text(at) if (1..=MAX_IDENTITY_BYTES).contains(&(at.length as usize)) => {
                self.text.get(at.range())
            }
            _ => None,
        }
    }

    /// Whether the header is there, well-formed or not.
    pub(crate) fn has(&self, known: Known) -> bool {
        self.known[known as usize].index().is_some()
    }

    /// The header as a number.
    pub(crate) fn number<T: std::str::FromStr>(&self, known: Known) -> Option<T> {
        self.text(known)?.parse().ok()
    }

    /// The workflow's identity, where the record carries a well-formed one.
    pub(crate) fn workflow(&self) -> Option<Workflow<'_>> {
        Some(self.workflow?.with(self.text(Known::Workflow)?))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::runner::port::RawRecord;

    /// A record made by hand.
    #[derive(Debug, Clone)]
    pub(crate) struct TestRecord {
        pub(crate) key: Option<Vec<u8>>,
        pub(crate) value: Option<Vec<u8>>,
        pub(crate) topic: Arc<str>,
        pub(crate) head: Arc<Head>,
    }

    impl TestRecord {
        pub(crate) fn with(headers: &[(&str, &str)]) -> Self {
            let head =
                Head::of(headers.len(), headers.iter().map(|(name, value)| (*name, Some(value.as_bytes()))));
            Self { key: None, value: None, topic: "orders".into(), head }
        }
    }

    impl RawRecord for TestRecord {
        fn topic(&self) -> &Arc<str> {
            &self.topic
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
        fn head(&self) -> &Arc<Head> {
            &self.head
        }
    }

    /// The head of a record with these headers.
    fn head(headers: &[(&str, &str)]) -> Head {
        Head::clone(&TestRecord::with(headers).head)
    }

    #[test]
    fn the_last_of_duplicate_headers_counts() {
        let head = head(&[("ce_id", "first"), ("x", "y"), ("ce_id", "last")]);
        assert_eq!(head.text(Known::Id), Some("last"));
    }

    #[test]
    fn every_known_header_is_found() {
        for (index, known) in Known::ALL.into_iter().enumerate() {
            assert_eq!((Known::of(known.name()), known as usize), (Some(known), index));
        }
        assert_eq!(Known::of("ce_ix"), None);
    }

    #[test]
    fn oversized_and_broken_identity_counts_as_absent() {
        let long = "x".repeat(100_000);
        let headers: [HeaderRef<'_>; 3] =
            [("ce_id", Some(long.as_bytes())), ("ce_source", Some(b"")), ("ce_type", Some(&[0xff, 0xfe]))];
        let head = Head::of(headers.len(), headers);
        assert_eq!(head.text(Known::Id), None);
        assert_eq!(head.text(Known::Source), None);
        assert_eq!(head.text(Known::Type), None);
        assert!(head.has(Known::Type));
    }

    #[test]
    fn thousands_of_headers_are_no_trouble() {
        let mut headers = vec![("x", "y"); 5_000];
        headers.push(("ce_id", "too far"));
        let head = head(&headers);
        assert_eq!((head.text(Known::Id), head.len()), (None, 5_001));
    }

    /// Names and values of headers.
    type Headers = Vec<(String, Option<Vec<u8>>)>;

    fn any_headers() -> impl Strategy<Value = Headers> {
        let name = prop_oneof![Just("ce_id".to_owned()), Just("wf".to_owned()), "[a-zé]{0,9}"];
        let text = prop_oneof![Just("name=order;started=1;hops=2".to_owned()), "[a-z0-9é]{0,60}"];
        let value = prop_oneof![prop::collection::vec(any::<u8>(), 0..9), text.prop_map(String::into_bytes)];
        prop::collection::vec((name, prop::option::of(value)), 0..20)
    }

    proptest! {
        #[test]
        fn nothing_is_left_of_the_headers_that_were_there(spent in any_headers(), next in any_headers()) {
            let of = |headers: &Headers, over: Arc<Head>| {
                Head::copied_over(over, headers.len(), |copy| {
                    for (name, value) in headers {
                        copy.push(name, value.as_deref());
                    }
                })
            };
            let fresh = of(&next, Arc::default());
            let over = of(&next, of(&spent, Arc::default()));
            prop_assert_eq!(format!("{over:?}"), format!("{fresh:?}"));
            let shared = of(&spent, Arc::default());
            let beside = of(&next, Arc::clone(&shared));
            prop_assert_eq!(format!("{beside:?}"), format!("{fresh:?}"));
            let headers: Headers = shared.iter().map(|(n, v)| (n.to_owned(), v.map(<[u8]>::to_vec))).collect();
            prop_assert_eq!(headers, spent);
        }
    }

    #[test]
    fn every_header_is_kept_as_it_came() {
        let headers: [HeaderRef<'_>; 5] = [
            ("ce_type", Some(b"a.v1")),
            ("empty", Some(b"")),
            ("null", None),
            ("odd", Some(b"\xff\x00")),
            ("ce_type", Some(b"b.v1")),
        ];
        let head = Head::of(headers.len(), headers);
        assert_eq!(head.iter().collect::<Vec<_>>(), headers);
        assert_eq!(head.text(Known::Type), Some("b.v1"));
    }
}

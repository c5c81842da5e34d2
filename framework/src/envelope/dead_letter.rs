//! The dead letter: the record untouched, with the reason beside it.

use super::{
    head::{Head, Known},
    id, names,
};
use crate::runner::port::{OwnedOutgoing, RawRecord};

/// The most bytes of one own header of a dead letter.
pub(crate) const MAX_OWN_HEADER_BYTES: usize = 1024;
/// The most bytes of `dlq-violations`.
pub(crate) const MAX_VIOLATIONS_BYTES: usize = 4 * 1024;

/// What happened to the record, and to whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Verdict<'a> {
    /// One of the reasons of the documentation, for example `contract_violation`.
    pub(crate) reason: &'a str,
    /// What went wrong, in words, without anything of the payload.
    pub(crate) error: &'a str,
    /// The violated contract places as JSON.
    pub(crate) violations: Option<&'a str>,
    /// The contract that was asserted.
    pub(crate) contract: Option<&'a str>,
    pub(crate) service: &'a str,
    pub(crate) step: &'a str,
    pub(crate) group: &'a str,
    /// The attempt that failed, counted from 1.
    pub(crate) attempt: u32,
    /// RFC 3339 text.
    pub(crate) failed_at: &'a str,
    /// RFC 3339 text; `failed_at` where the first attempt failed.
    pub(crate) first_failed_at: &'a str,
    /// The trace context of the failing attempt.
    pub(crate) traceparent: Option<&'a str>,
}

/// Makes the dead letter of `record` for `topic`.
pub(crate) fn dead_letter(topic: &str, record: &impl RawRecord, verdict: &Verdict<'_>) -> OwnedOutgoing {
    let head = record.head();
    // Its own come first: of a record with very many headers nobody reads all.
    let mut headers = Vec::new();
    let mut set = |name: &str, value: &str| headers.push((name.to_owned(), Some(value.as_bytes().to_vec())));

    let origin = Origin::of(head, record, verdict.group);
    let replays = head.number::<u32>(Known::ReplayCount).unwrap_or(0);
    set(names::DLQ_ID, &origin.dead_letter_id(verdict.group, replays));
    set(names::DLQ_REASON, verdict.reason);
    set(names::DLQ_ERROR, &header_text(verdict.error, MAX_OWN_HEADER_BYTES));
    if let Some(violations) = verdict.violations {
        set(names::DLQ_VIOLATIONS, &header_text(violations, MAX_VIOLATIONS_BYTES));
    }
    if let Some(contract) = verdict.contract {
        set(names::DLQ_CONTRACT, &header_text(contract, MAX_OWN_HEADER_BYTES));
    }
    set(names::DLQ_SERVICE, verdict.service);
    set(names::DLQ_STEP, verdict.step);
    set(names::DLQ_FAILED_AT, verdict.failed_at);
    set(names::DLQ_REPLAY_COUNT, &replays.to_string());
    set(names::WF_ATTEMPT, &verdict.attempt.to_string());
    set(names::WF_FIRST_FAILED_AT, head.text(Known::FirstFailedAt).unwrap_or(verdict.first_failed_at));
    origin.write(&mut set);
    if let Some(traceparent) = verdict.traceparent {
        set(names::TRACEPARENT, traceparent);
    }
    headers.extend(original_headers(head, verdict.traceparent.is_some()));
    OwnedOutgoing {
        topic: topic.to_owned(),
        key: record.key().map(<[u8]>::to_vec),
        value: record.value().map(<[u8]>::to_vec),
        headers,
    }
}

/// Whether a dead letter says `name` itself, and anew on each.
pub(super) fn is_own(name: &str) -> bool {
    name.starts_with("dlq-")
        || name.starts_with("wf-origin-")
        || matches!(name, names::WF_ATTEMPT | names::WF_FIRST_FAILED_AT)
}

/// The record's own headers, without those which the dead letter sets.
fn original_headers(head: &Head, sets_traceparent: bool) -> impl Iterator<Item = (String, Option<Vec<u8>>)> {
    let set_here = move |name: &str| is_own(name) || (sets_traceparent && name == names::TRACEPARENT);
    head.iter()
        .filter(move |(name, _)| !set_here(name))
        .map(|(name, value)| (name.to_owned(), value.map(<[u8]>::to_vec)))
}

/// Where the record was first delivered: the same on its replays and their dead letters.
struct Origin<'a> {
    topic: &'a str,
    partition: i32,
    offset: i64,
    timestamp: Option<i64>,
    group: &'a str,
    traceparent: Option<&'a str>,
}

impl<'a> Origin<'a> {
    fn of(head: &'a Head, record: &'a impl RawRecord, group: &'a str) -> Self {
        let first = || {
            Some(Self {
                topic: head.text(Known::OriginTopic)?,
                partition: head.number(Known::OriginPartition)?,
                offset: head.number(Known::OriginOffset)?,
                timestamp: head.number(Known::OriginTimestamp),
                group: head.text(Known::OriginGroup)?,
                traceparent: head.text(Known::OriginTraceParent),
            })
        };
        first().unwrap_or_else(|| Self {
            topic: record.topic(),
            partition: record.partition(),
            offset: record.offset(),
            timestamp: record.timestamp(),
            group,
            traceparent: head.text(Known::TraceParent),
        })
    }

    fn dead_letter_id(&self, group: &str, replays: u32) -> String {
        let place = format!("{}/{}/{}", self.topic, self.partition, self.offset);
        id::derived(&place, group, "dead-letter", replays).to_string()
    }

    fn write(&self, set: &mut impl FnMut(&str, &str)) {
        set(names::WF_ORIGIN_TOPIC, self.topic);
        set(names::WF_ORIGIN_PARTITION, &self.partition.to_string());
        set(names::WF_ORIGIN_OFFSET, &self.offset.to_string());
        if let Some(timestamp) = self.timestamp {
            set(names::WF_ORIGIN_TIMESTAMP, &timestamp.to_string());
        }
        set(names::WF_ORIGIN_GROUP, self.group);
        if let Some(traceparent) = self.traceparent {
            set(names::WF_ORIGIN_TRACEPARENT, traceparent);
        }
    }
}

/// `text` in one line, cut at a character's end to `max` bytes.
fn header_text(text: &str, max: usize) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line[..line.floor_char_boundary(max)].to_owned()
}

#[cfg(test)]
pub(super) mod tests {
    use super::{
        super::{head::tests::TestRecord, shortened::without_value},
        *,
    };
    use crate::runner::port::HeaderRef;

    fn verdict() -> Verdict<'static> {
        Verdict {
            reason: "contract_violation",
            error: "the value breaks its contract\nin 1 place",
            violations: Some("[]"),
            contract: None,
            service: "payment",
            step: "charge",
            group: "payment.charge",
            attempt: 1,
            failed_at: "now",
            first_failed_at: "now",
            traceparent: Some("00-new"),
        }
    }

    pub(in super::super) fn letter_of(record: &TestRecord) -> OwnedOutgoing {
        dead_letter("payment.charge.dlq", record, &verdict())
    }

    pub(in super::super) fn header<'a>(letter: &'a OwnedOutgoing, name: &str) -> Option<&'a str> {
        let mut found = letter.headers.iter().filter(|(n, _)| n == name);
        let value = found.next()?.1.as_deref().map(|value| std::str::from_utf8(value).unwrap());
        assert!(found.next().is_none(), "{name} is written once");
        value
    }

    fn as_record(letter: &OwnedOutgoing) -> TestRecord {
        let headers = letter.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref()));
        let head = Head::of(letter.headers.len(), headers);
        TestRecord { head, key: letter.key.clone(), value: letter.value.clone(), ..TestRecord::with(&[]) }
    }

    #[test]
    fn bytes_and_foreign_headers_are_untouched() {
        let headers: [HeaderRef<'_>; 4] =
            [("traceparent", Some(b"00-old")), ("x", Some(b"1")), ("x", Some(b"2")), ("null", None)];
        let mut record = TestRecord::with(&[]);
        record.head = Head::of(headers.len(), headers);
        record.key = Some(vec![0xff]);
        record.value = Some(vec![0, 0xfe]);
        let letter = letter_of(&record);
        assert_eq!((&letter.key, &letter.value), (&record.key, &record.value));
        assert_eq!(letter.headers.iter().filter(|(name, _)| name == "x").count(), 2);
        assert!(letter.headers.contains(&("null".to_owned(), None)));
        assert_eq!(header(&letter, "traceparent"), Some("00-new"));
        assert_eq!(header(&letter, "wf-origin-traceparent"), Some("00-old"));
        assert_eq!(header(&letter, "dlq-error"), Some("the value breaks its contract in 1 place"));
        assert_eq!(header(&letter, "wf-origin-offset"), Some("42"));
    }

    #[test]
    fn a_dead_letter_that_fails_again_keeps_its_origin_and_grows_by_nothing() {
        let first = letter_of(&TestRecord::with(&[("traceparent", "00-old")]));
        let mut moved = first.clone();
        moved.headers.retain(|(name, _)| name != names::WF_ORIGIN_OFFSET);
        moved.headers.push((names::WF_ORIGIN_OFFSET.to_owned(), Some(b"7".to_vec())));
        let second = letter_of(&as_record(&moved));
        assert_eq!(header(&second, "wf-origin-offset"), Some("7"));
        assert_eq!(header(&second, "wf-origin-traceparent"), Some("00-old"));
        assert_eq!(second.headers.len(), first.headers.len());
    }

    #[test]
    fn which_attempt_emitted_the_event_stays_on_its_dead_letters() {
        let said = "attempt=2;first-failed=1";
        let letter = letter_of(&TestRecord::with(&[("wf-retried", said)]));
        assert_eq!((header(&letter, "wf-retried"), header(&letter, "wf-attempt")), (Some(said), Some("1")));
        let again = letter_of(&as_record(&letter));
        assert_eq!(header(&again, "wf-retried"), Some(said));
        assert_eq!(header(&without_value(letter), "wf-retried"), Some(said));
    }

    #[test]
    fn own_headers_are_bounded() {
        let record = TestRecord::with(&[]);
        let long = "ä".repeat(10_000);
        let verdict = Verdict { error: &long, violations: Some(&long), ..verdict() };
        let letter = dead_letter("dlq", &record, &verdict);
        assert_eq!(header(&letter, "dlq-error").unwrap().len(), MAX_OWN_HEADER_BYTES);
        assert_eq!(header(&letter, "dlq-violations").unwrap().len(), MAX_VIOLATIONS_BYTES);
    }

    #[test]
    fn its_own_headers_come_before_the_records() {
        let letter = letter_of(&TestRecord::with(&vec![("x", "y"); 300]));
        let own = letter.headers.iter().take_while(|(name, _)| name != "x");
        assert_eq!(own.count(), letter.headers.len() - 300);
    }
}

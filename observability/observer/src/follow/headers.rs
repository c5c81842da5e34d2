//! Headers of a record, as far as they are text and within bounds.

use choreograph::wire::header;
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use serde::Serialize;

use super::foreign::foreign;

/// The headers of one record that are read; further ones are passed over.
pub const MAX_HEADERS: usize = 256;

/// A longer value is passed over, in bytes: the longest of ours are the violations of a dead letter, 4 KiB.
pub const MAX_HEADER_BYTES: usize = 8 * 1024;

/// The headers of `message` in their order. One whose name or value is no UTF-8, or whose value is too long, is left
/// out.
pub(super) fn read<'m>(message: &'m BorrowedMessage<'_>) -> Vec<(&'m str, &'m str)> {
    of(message, entry)
}

/// What `take` makes of each header whose name can be read, in their order.
fn of<'m, T>(
    message: &'m BorrowedMessage<'_>,
    take: impl Fn(&'m str, Option<&'m [u8]>) -> Option<T>,
) -> Vec<T> {
    let Some(headers) = message.headers() else { return Vec::new() };
    let count = headers.count().min(MAX_HEADERS);
    let mut read = Vec::with_capacity(count);
    let mut index = 0;
    while index < count {
        // The rest in one go, up to a name that cannot be read.
        let rest = foreign(|| {
            while index < count {
                if let Some(header) = headers.try_get(index) {
                    read.extend(take(header.key, header.value));
                }
                index += 1;
            }
        });
        if rest.is_none() {
            index += 1;
        }
    }
    read
}

/// The headers that the framework writes: ids, names, times and what went wrong, and nothing of a payload. What others write
/// beside them may be anything.
const OURS: [&str; 45] = [
    header::TRACEPARENT,
    header::TRACESTATE,
    header::CE_SPECVERSION,
    header::CE_ID,
    header::CE_SOURCE,
    header::CE_TYPE,
    header::CE_TIME,
    header::CE_SUBJECT,
    header::CE_DATASCHEMA,
    header::CE_CORRELATIONID,
    header::CE_CAUSATIONID,
    header::CE_DEPRECATED,
    header::CE_DEPRECATIONFROM,
    header::CE_DEPRECATIONSUNSET,
    header::CE_DEPRECATIONMIGRATION,
    header::CONTENT_TYPE,
    header::WF,
    header::WF_RETRIED,
    header::WF_ATTEMPT,
    header::WF_FIRST_FAILED_AT,
    header::WF_ORIGIN_TOPIC,
    header::WF_ORIGIN_PARTITION,
    header::WF_ORIGIN_OFFSET,
    header::WF_ORIGIN_TIMESTAMP,
    header::WF_ORIGIN_GROUP,
    header::WF_ORIGIN_TRACEPARENT,
    header::WF_REPLAY_ID,
    header::WF_REPLAYED_BY,
    header::DLQ_ID,
    header::DLQ_REASON,
    header::DLQ_ERROR,
    header::DLQ_VIOLATIONS,
    header::DLQ_CONTRACT,
    header::DLQ_SERVICE,
    header::DLQ_STEP,
    header::DLQ_FAILED_AT,
    header::DLQ_REPLAY_COUNT,
    header::DLQ_VALUE_OMITTED,
    header::DLQ_VALUE_SIZE,
    header::DLQ_VALUE_SHA256,
    header::DLQ_KEY_OMITTED,
    header::DLQ_KEY_SIZE,
    header::DLQ_KEY_SHA256,
    header::AUDIT_ACTION,
    header::AUDIT_PART,
];

/// A header as it stands on a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RawHeader {
    /// Its name.
    pub name: String,
    /// The value; `None` where it is withheld, is no UTF-8, or is longer than [`MAX_HEADER_BYTES`].
    pub value: Option<String>,
    /// The size of the value in bytes; `None` where there is none.
    pub bytes: Option<usize>,
}

/// The headers of `message` in their order; the values of those that the framework does not write only with `foreign_too`.
pub(super) fn raw(message: &BorrowedMessage<'_>, foreign_too: bool) -> Vec<RawHeader> {
    of(message, |name, value| Some(told(name, value, foreign_too)))
}

fn told(name: &str, value: Option<&[u8]>, foreign_too: bool) -> RawHeader {
    let shown = foreign_too || OURS.contains(&name);
    let text = entry(name, value).filter(|_| shown).map(|(_, text)| text.to_owned());
    // A name has no other bound than the record's.
    let name = name[..name.floor_char_boundary(MAX_HEADER_BYTES)].to_owned();
    RawHeader { name, value: text, bytes: value.map(<[u8]>::len) }
}

fn entry<'m>(name: &'m str, value: Option<&'m [u8]>) -> Option<(&'m str, &'m str)> {
    let value = value?;
    if value.len() > MAX_HEADER_BYTES {
        return None;
    }
    Some((name, std::str::from_utf8(value).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_write_is_named_and_withheld() {
        let shown = |name, value, too| told(name, value, too).value;
        assert_eq!(shown("ce_id", Some(b"a"), false).as_deref(), Some("a"));
        assert_eq!(shown("baggage", Some(b"name=Ada"), false), None);
        assert_eq!(shown("baggage", Some(b"name=Ada"), true).as_deref(), Some("name=Ada"));
        assert_eq!(told("x-card", Some(b"4711"), false).bytes, Some(4));
        assert_eq!(shown("ce_id", Some(&[0xff]), true), None);
        assert_eq!(
            told("ce_id", None, true),
            RawHeader { name: "ce_id".to_owned(), value: None, bytes: None }
        );
    }

    #[test]
    fn what_is_no_text_or_too_long_is_left_out() {
        assert_eq!(entry("a", Some(b"b")), Some(("a", "b")));
        assert_eq!(entry("a", None), None);
        assert_eq!(entry("a", Some(&[0xff])), None);
        assert_eq!(
            entry("a", Some(&[b'x'; MAX_HEADER_BYTES])).map(|(_, value)| value.len()),
            Some(MAX_HEADER_BYTES)
        );
        assert_eq!(entry("a", Some(&[b'x'; MAX_HEADER_BYTES + 1])), None);
    }
}

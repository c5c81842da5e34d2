//! One record of the log in memory, packed so that keeping it costs three allocations whatever its headers.

use std::{fmt, ops::Range, sync::Arc};

use crate::runner::port::{HeaderRef, Outgoing, OwnedOutgoing, RawRecord};

/// Key, value and headers, as somebody published them.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Body {
    /// The headers' names, one after the other.
    names: Box<str>,
    /// Key, value and the headers' values, one after the other.
    bytes: Box<[u8]>,
    key: Option<Range<usize>>,
    value: Option<Range<usize>>,
    headers: Box<[HeaderAt]>,
}

/// Where one header's name and value lie.
type HeaderAt = (Range<usize>, Option<Range<usize>>);

impl Body {
    pub(crate) fn new(key: Option<&[u8]>, value: Option<&[u8]>, headers: &[HeaderRef<'_>]) -> Self {
        let length = |part: Option<&[u8]>| part.map_or(0, <[u8]>::len);
        let mut names = String::with_capacity(headers.iter().map(|(name, _)| name.len()).sum());
        let mut bytes = Vec::with_capacity(
            length(key) + length(value) + headers.iter().map(|(_, value)| length(*value)).sum::<usize>(),
        );
        let mut keep = |part: Option<&[u8]>| {
            part.map(|part| {
                let start = bytes.len();
                bytes.extend_from_slice(part);
                start..bytes.len()
            })
        };
        let (key, value) = (keep(key), keep(value));
        let headers = headers
            .iter()
            .map(|(name, value)| {
                let start = names.len();
                names.push_str(name);
                (start..names.len(), keep(*value))
            })
            .collect();
        Self { names: names.into(), bytes: bytes.into(), key, value, headers }
    }

    pub(crate) fn of(outgoing: &Outgoing<'_>) -> Self {
        Self::new(outgoing.key, outgoing.value, outgoing.headers)
    }

    pub(crate) fn key(&self) -> Option<&[u8]> {
        self.bytes.get(self.key.clone()?)
    }

    pub(crate) fn value(&self) -> Option<&[u8]> {
        self.bytes.get(self.value.clone()?)
    }

    pub(crate) fn header(&self, index: usize) -> Option<HeaderRef<'_>> {
        let (name, value) = self.headers.get(index)?;
        Some((&self.names[name.clone()], value.clone().map(|value| &self.bytes[value])))
    }

    pub(crate) fn headers(&self) -> impl Iterator<Item = HeaderRef<'_>> {
        (0..self.headers.len()).filter_map(|index| self.header(index))
    }

    /// What the broker counts against its size limit.
    pub(crate) fn size(&self) -> usize {
        self.bytes.len() + self.names.len()
    }

    /// The same as the runner keeps it, for a publish that has to be made again.
    pub(crate) fn to_outgoing(&self, topic: &str) -> OwnedOutgoing {
        OwnedOutgoing {
            topic: topic.to_owned(),
            key: self.key().map(<[u8]>::to_vec),
            value: self.value().map(<[u8]>::to_vec),
            headers: self
                .headers()
                .map(|(name, value)| (name.to_owned(), value.map(<[u8]>::to_vec)))
                .collect(),
        }
    }
}

/// Says sizes only: payloads may be personal.
impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (size, headers) = (self.size(), self.headers.len());
        f.debug_struct("Body").field("bytes", &size).field("headers", &headers).finish_non_exhaustive()
    }
}

/// A record at its place in the log. Cloning it copies a pointer.
#[derive(Debug, Clone)]
pub(crate) struct LogRecord(Arc<Placed>);

#[derive(Debug)]
struct Placed {
    topic: Arc<str>,
    partition: i32,
    offset: i64,
    timestamp: i64,
    body: Body,
}

impl LogRecord {
    pub(crate) fn new(topic: Arc<str>, partition: i32, offset: i64, timestamp: i64, body: Body) -> Self {
        Self(Arc::new(Placed { topic, partition, offset, timestamp, body }))
    }

    pub(crate) fn body(&self) -> &Body {
        &self.0.body
    }
}

impl RawRecord for LogRecord {
    fn topic(&self) -> &str {
        &self.0.topic
    }
    fn partition(&self) -> i32 {
        self.0.partition
    }
    fn offset(&self) -> i64 {
        self.0.offset
    }
    fn timestamp(&self) -> Option<i64> {
        Some(self.0.timestamp)
    }
    fn key(&self) -> Option<&[u8]> {
        self.0.body.key()
    }
    fn value(&self) -> Option<&[u8]> {
        self.0.body.value()
    }
    fn header_count(&self) -> usize {
        self.0.body.headers.len()
    }
    fn header(&self, index: usize) -> Option<(&str, Option<&[u8]>)> {
        self.0.body.header(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_published_is_read_back() {
        let headers: [HeaderRef<'_>; 4] =
            [("ce_type", Some(b"a.v1")), ("empty", Some(b"")), ("null", None), ("ce_type", Some(b"b.v1"))];
        let body = Body::new(Some(b"key"), Some(b""), &headers);
        let record = LogRecord::new("orders".into(), 2, 7, 5, body);
        assert_eq!((record.key(), record.value()), (Some(&b"key"[..]), Some(&b""[..])));
        assert_eq!(record.header_count(), 4);
        let read: Vec<_> = (0..4).filter_map(|index| record.header(index)).collect();
        assert_eq!(read, headers);
        assert_eq!(record.header(4), None);
        assert_eq!(Body::new(None, None, &[]).value(), None);
    }

    #[test]
    fn a_publish_to_be_made_again_is_the_same() {
        let outgoing =
            Outgoing { topic: "t", key: None, value: Some(b"v"), headers: &[("h", Some(b"1")), ("n", None)] };
        let owned = Body::of(&outgoing).to_outgoing("t");
        assert_eq!(owned.value.as_deref(), outgoing.value);
        assert_eq!(owned.headers, [("h".to_owned(), Some(b"1".to_vec())), ("n".to_owned(), None)]);
    }

    #[test]
    fn debug_shows_no_payload() {
        let body = Body::new(Some(b"secret-key"), Some(b"secret-value"), &[("h", Some(b"secret-header"))]);
        assert!(!format!("{body:?}").contains("secret"));
    }
}

//! One record of the log in memory.

use std::{fmt, sync::Arc};

use crate::{
    envelope::head::Head,
    runner::port::{HeaderList, HeaderRef, Outgoing, OwnedOutgoing, RawRecord},
};

/// Key, value and headers, as somebody published them.
#[derive(Clone)]
pub(crate) struct Body {
    key: Option<Box<[u8]>>,
    value: Option<Box<[u8]>>,
    head: Arc<Head>,
}

impl Body {
    pub(crate) fn new(key: Option<&[u8]>, value: Option<&[u8]>, headers: HeaderList<'_>) -> Self {
        let head = Head::of(headers.count(), headers.iter());
        Self { key: key.map(Box::from), value: value.map(Box::from), head }
    }

    pub(crate) fn of(outgoing: &Outgoing<'_>) -> Self {
        Self::new(outgoing.key, outgoing.value, outgoing.headers)
    }

    pub(crate) fn key(&self) -> Option<&[u8]> {
        self.key.as_deref()
    }

    pub(crate) fn value(&self) -> Option<&[u8]> {
        self.value.as_deref()
    }

    pub(crate) fn headers(&self) -> impl Iterator<Item = HeaderRef<'_>> {
        self.head.iter()
    }

    /// What the broker counts against its size limit.
    pub(crate) fn size(&self) -> usize {
        self.head.size() + [self.key(), self.value()].into_iter().flatten().map(<[u8]>::len).sum::<usize>()
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
        let (size, headers) = (self.size(), self.head.len());
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
    fn topic(&self) -> &Arc<str> {
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
    fn head(&self) -> &Arc<Head> {
        &self.0.body.head
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_published_is_read_back() {
        let headers: [HeaderRef<'_>; 4] =
            [("ce_type", Some(b"a.v1")), ("empty", Some(b"")), ("null", None), ("ce_type", Some(b"b.v1"))];
        let body = Body::new(Some(b"key"), Some(b""), HeaderList::of(&headers));
        let record = LogRecord::new("orders".into(), 2, 7, 5, body);
        assert_eq!((record.key(), record.value()), (Some(&b"key"[..]), Some(&b""[..])));
        assert_eq!(record.head().iter().collect::<Vec<_>>(), headers);
        assert_eq!(Body::new(None, None, HeaderList::of(&[])).value(), None);
    }

    #[test]
    fn a_publish_to_be_made_again_is_the_same() {
        let headers: [HeaderRef<'_>; 2] = [("h", Some(b"1")), ("n", None)];
        let headers = HeaderList::of(&headers);
        let outgoing = Outgoing { topic: "t", key: None, value: Some(b"v"), headers };
        let owned = Body::of(&outgoing).to_outgoing("t");
        assert_eq!(owned.value.as_deref(), outgoing.value);
        assert_eq!(owned.headers, [("h".to_owned(), Some(b"1".to_vec())), ("n".to_owned(), None)]);
    }

    #[test]
    fn debug_shows_no_payload() {
        let headers: [HeaderRef<'_>; 1] = [("h", Some(b"secret-header"))];
        let body = Body::new(Some(b"secret-key"), Some(b"secret-value"), HeaderList::of(&headers));
        assert!(!format!("{body:?}").contains("secret"));
    }
}

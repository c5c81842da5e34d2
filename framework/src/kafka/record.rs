//! A record as the step keeps it: copied out of librdkafka once, when it is taken.
//!
//! A record lives until its emits are acknowledged, which is thousands of records later. librdkafka's own copy would
//! keep the whole fetched batch alive for so long, and one small allocation for each header.

use std::sync::Arc;

use rdkafka::message::{BorrowedMessage, Headers, Message};

use super::foreign::foreign;
use crate::envelope::head::{Head, HeadCopy};
use crate::runner::port::RawRecord;

/// One record, boxed because it is moved often.
#[derive(Debug)]
pub(crate) struct KafkaRecord(Box<Copied>);

#[derive(Debug)]
struct Copied {
    topic: Arc<str>,
    partition: i32,
    offset: i64,
    timestamp: Option<i64>,
    /// Key and value, one after the other.
    payload: Vec<u8>,
    /// `None` where there is no key.
    key: Option<usize>,
    /// Whether there is a value.
    has_value: bool,
    head: Arc<Head>,
}

impl KafkaRecord {
    /// Copies a record of `topic`.
    pub(super) fn copy(message: &BorrowedMessage<'_>, topic: &Arc<str>) -> Self {
        let (key, value) = (message.key(), message.payload());
        let mut payload = Vec::with_capacity(key.map_or(0, <[u8]>::len) + value.map_or(0, <[u8]>::len));
        payload.extend_from_slice(key.unwrap_or_default());
        payload.extend_from_slice(value.unwrap_or_default());
        Self(Box::new(Copied {
            topic: Arc::clone(topic),
            partition: message.partition(),
            offset: message.offset(),
            timestamp: message.timestamp().to_millis(),
            payload,
            key: key.map(<[u8]>::len),
            has_value: value.is_some(),
            head: head(message),
        }))
    }
}

/// Copies the headers. One whose name is no text has the empty name and no value: rdkafka does not read it.
fn head(message: &BorrowedMessage<'_>) -> Arc<Head> {
    let Some(headers) = message.headers() else { return Arc::default() };
    let count = headers.count();
    let mut head = HeadCopy::with_capacity(count);
    let mut index = 0;
    while index < count {
        // The rest in one go, up to a name that cannot be read.
        let read = foreign(|| {
            while let Some(header) = headers.try_get(index) {
                head.push(header.key, header.value);
                index += 1;
            }
        });
        if read.is_none() {
            head.push("", None);
            index += 1;
        }
    }
    head.finish()
}

impl RawRecord for KafkaRecord {
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
        self.0.timestamp
    }

    fn key(&self) -> Option<&[u8]> {
        self.0.payload.get(..self.0.key?)
    }

    fn value(&self) -> Option<&[u8]> {
        self.0.payload.get(self.0.key.unwrap_or(0)..).filter(|_| self.0.has_value)
    }

    fn head(&self) -> &Arc<Head> {
        &self.0.head
    }
}

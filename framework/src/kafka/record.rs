//! A record as librdkafka holds it, read without copying.

use rdkafka::message::{BorrowedMessage, Headers, Message};

use super::foreign::foreign;
use crate::runner::port::RawRecord;

/// One record in librdkafka's memory, which stays there until this is dropped.
#[derive(Debug)]
pub(crate) struct KafkaRecord<'c>(pub(super) BorrowedMessage<'c>);

impl RawRecord for KafkaRecord<'_> {
    fn topic(&self) -> &str {
        self.0.topic()
    }

    fn partition(&self) -> i32 {
        self.0.partition()
    }

    fn offset(&self) -> i64 {
        self.0.offset()
    }

    fn timestamp(&self) -> Option<i64> {
        self.0.timestamp().to_millis()
    }

    fn key(&self) -> Option<&[u8]> {
        self.0.key()
    }

    fn value(&self) -> Option<&[u8]> {
        self.0.payload()
    }

    fn header_count(&self) -> usize {
        self.0.headers().map_or(0, Headers::count)
    }

    fn header(&self, index: usize) -> Option<(&str, Option<&[u8]>)> {
        let headers = self.0.headers()?;
        match foreign(|| headers.try_get(index)) {
            Some(header) => header.map(|header| (header.key, header.value)),
            None => Some(("", None)),
        }
    }
}

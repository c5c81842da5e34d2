//! Reading a topic from its start to its end.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use rdkafka::metadata::{MetadataPartition, MetadataTopic};
use rdkafka::{Offset, TopicPartitionList};

use super::error::Doing;
use super::{TopicError, WITHIN, client};

/// The longest wait for one record.
const POLL: Duration = Duration::from_millis(100);

/// A record as it stands in a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The partition.
    pub partition: i32,
    /// The offset in it.
    pub offset: i64,
    /// The key's bytes; `None` for a null key.
    pub key: Option<Vec<u8>>,
    /// The value's bytes; `None` for a null value.
    pub value: Option<Vec<u8>>,
    /// All headers in order, the same name as often as it is there.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// Milliseconds since 1970.
    pub timestamp: Option<i64>,
}

impl Message {
    /// The last header of this name as text, which is the one that counts; `None` when it is not there or no text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().rfind(|(key, _)| key == name)?;
        std::str::from_utf8(value.as_deref()?).ok()
    }

    /// The key as text; `None` when it is null or no text.
    pub fn key_text(&self) -> Option<&str> {
        std::str::from_utf8(self.key.as_deref()?).ok()
    }
}

/// All committed records of `topic`, from the log's start to its end at the time of reading: partition by
/// partition, each by offset. What a transaction has not committed is not seen.
///
/// # Errors
///
/// When there is no such topic or no broker, or the end is not reached within [`WITHIN`].
pub fn read_all(bootstrap: &str, topic: &str) -> Result<Vec<Message>, TopicError> {
    let doing = || format!("read topic {topic}");
    let consumer: BaseConsumer = client(bootstrap)
        .set("group.id", "choreograph-tests-reader") // Never joined, but the client wants one.
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("auto.offset.reset", "earliest")
        .set("isolation.level", "read_committed")
        .set("check.crcs", "true")
        .set("fetch.wait.max.ms", "10") // The end of a partition shows by an empty answer.
        .set("fetch.message.max.bytes", "67108864")
        .create()
        .doing(doing)?;
    let mut open = partitions(&consumer, topic)?;
    assign(&consumer, topic, &open).doing(doing)?;
    let mut messages = Vec::new();
    let end = Instant::now() + WITHIN;
    while !open.is_empty() {
        match consumer.poll(POLL) {
            Some(Ok(message)) => messages.push(owned(&message)),
            Some(Err(KafkaError::PartitionEOF(partition))) => drop(open.remove(&partition)),
            Some(Err(e)) if !is_transient(&e) => return Err(e).doing(doing),
            Some(Err(_)) | None => {}
        }
        if Instant::now() >= end {
            let state = format!("{} records, partitions {open:?} not at their end", messages.len());
            return Err(TopicError::Late { doing: doing(), state });
        }
    }
    messages.sort_by_key(|message| (message.partition, message.offset));
    Ok(messages)
}

/// The topic's partitions, once they are known: right after its making another broker may not know it yet.
pub(super) fn partitions(consumer: &BaseConsumer, topic: &str) -> Result<BTreeSet<i32>, TopicError> {
    let end = Instant::now() + WITHIN;
    loop {
        let metadata =
            consumer.fetch_metadata(Some(topic), WITHIN).doing(|| format!("look at topic {topic}"))?;
        let found = metadata.topics().iter().flat_map(MetadataTopic::partitions);
        let found: BTreeSet<_> = found.map(MetadataPartition::id).collect();
        if !found.is_empty() {
            return Ok(found);
        }
        if Instant::now() >= end {
            return Err(TopicError::Late {
                doing: format!("look at topic {topic}"),
                state: "no partition".into(),
            });
        }
        std::thread::sleep(POLL);
    }
}

fn assign(consumer: &BaseConsumer, topic: &str, partitions: &BTreeSet<i32>) -> Result<(), KafkaError> {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for partition in partitions {
        list.add_partition_offset(topic, *partition, Offset::Beginning)?;
    }
    consumer.assign(&list)
}

/// What the client itself gets over: a broker that is away.
fn is_transient(e: &KafkaError) -> bool {
    use rdkafka::error::RDKafkaErrorCode::{
        AllBrokersDown, BrokerTransportFailure, OperationTimedOut, Resolve,
    };
    e.rdkafka_error_code().is_some_and(|code| {
        matches!(code, AllBrokersDown | BrokerTransportFailure | OperationTimedOut | Resolve)
    })
}

fn owned(message: &BorrowedMessage<'_>) -> Message {
    let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
    Message {
        partition: message.partition(),
        offset: message.offset(),
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        headers: headers.map(|h| (h.key.to_owned(), h.value.map(<[u8]>::to_vec))).collect(),
        timestamp: message.timestamp().to_millis(),
    }
}

//! A topic read from where it starts to where it ended when reading began.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};

use super::{Connection, Topics, headers};
use crate::clock;
use crate::error::{Error, is_away};
use crate::limits::NOTHING_WITHIN;
use crate::record::Record;

/// The longest wait for one record.
const POLL: Duration = Duration::from_millis(100);

/// Of each partition the first offset, and the one behind the last.
pub(crate) type Ranges = BTreeMap<i32, (i64, i64)>;

/// Where a log ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Before the first open transaction.
    Stable,
    /// Behind everything that is written: open transactions are waited for.
    Written,
}

/// The committed records of one topic, up to a known end.
pub(crate) struct Log {
    topic: Arc<str>,
    consumer: Option<BaseConsumer>,
    /// Partitions that are not read to their end, with that end.
    open: HashMap<i32, i64>,
    /// How many offsets there are in all.
    total: u64,
    heard: Instant,
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Log").field("topic", &self.topic).field("open", &self.open).finish_non_exhaustive()
    }
}

impl Log {
    /// The whole of `topic`, as it is named on the brokers.
    pub(crate) fn whole(
        connection: &Connection,
        topics: &Topics,
        topic: &str,
        end: End,
    ) -> Result<Self, Error> {
        let ranges = topics.ends(topic, end)?;
        Self::ranges(connection, topic, &ranges)
    }

    /// Of each partition what lies from the first offset up to, but not with, the second.
    pub(crate) fn ranges(connection: &Connection, topic: &str, ranges: &Ranges) -> Result<Self, Error> {
        let ranges: Vec<_> = ranges
            .iter()
            .filter(|(_, (from, to))| from < to)
            .map(|(partition, range)| (*partition, *range))
            .collect();
        let open: HashMap<_, _> = ranges.iter().map(|(partition, (_, to))| (*partition, *to)).collect();
        let total = ranges.iter().map(|(_, (from, to))| (to - from).max(0) as u64).sum();
        let consumer = if ranges.is_empty() {
            None
        } else {
            let consumer = connection.consumer("read_committed")?;
            assign(&consumer, topic, &ranges).map_err(|error| failed(topic, &error))?;
            Some(consumer)
        };
        Ok(Self { topic: topic.into(), consumer, open, total, heard: clock::instant() })
    }

    /// How many offsets there are between start and end: at least as many as records.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// The next record; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Record>, Error> {
        let Some(consumer) = &self.consumer else { return Ok(None) };
        while !self.open.is_empty() {
            match consumer.poll(POLL) {
                Some(Ok(message)) => {
                    self.heard = clock::instant();
                    let (partition, offset) = (message.partition(), message.offset());
                    let Some(&end) = self.open.get(&partition) else { continue };
                    if offset + 1 >= end {
                        self.open.remove(&partition);
                    }
                    if offset < end {
                        return Ok(Some(owned(&message, &self.topic)));
                    }
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => drop(self.open.remove(&partition)),
                Some(Err(error)) if !is_passing(&error) => return Err(failed(&self.topic, &error)),
                Some(Err(_)) | None => {}
            }
            if self.heard.elapsed() > NOTHING_WITHIN {
                let state = format!(
                    "nothing came for {NOTHING_WITHIN:?}, and partitions {:?} have more",
                    self.open.keys()
                );
                return Err(Error::Late { doing: format!("read topic {}", self.topic), state });
            }
        }
        Ok(None)
    }
}

/// The list must not live longer than this function: dropped after it, a consumer waits for ever.
fn assign(consumer: &BaseConsumer, topic: &str, ranges: &[(i32, (i64, i64))]) -> Result<(), KafkaError> {
    let mut list = TopicPartitionList::with_capacity(ranges.len());
    for (partition, (from, _)) in ranges {
        list.add_partition_offset(topic, *partition, Offset::Offset(*from))?;
    }
    consumer.assign(&list)
}

/// What the client gets over by itself, and what does not concern one who joins no group.
fn is_passing(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{GroupAuthorizationFailed, UnknownTopicOrPartition};
    error.rdkafka_error_code().is_some_and(|code| {
        is_away(code) || matches!(code, GroupAuthorizationFailed | UnknownTopicOrPartition)
    })
}

pub(super) fn failed(topic: &str, error: &KafkaError) -> Error {
    Error::kafka(format!("read topic {topic}"), format!("READ on topic {topic}"), error)
}

fn owned(message: &BorrowedMessage<'_>, topic: &Arc<str>) -> Record {
    Record {
        topic: Arc::clone(topic),
        partition: message.partition(),
        offset: message.offset(),
        timestamp: message.timestamp().to_millis(),
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        headers: message.headers().map(headers::read).unwrap_or_default(),
    }
}

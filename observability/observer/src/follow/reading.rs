//! The reading thread: records out of librdkafka and into the model, with nothing that waits for anything else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::{Offset, TopicPartitionList};

use super::client::Reader;
use super::{Partition, headers};
use crate::Shared;
use crate::clock;
use crate::fact::Record;

/// Records taken into the model under one lock, so that who asks waits for milliseconds at most.
const AT_ONCE: usize = 256;

/// The longest sleep while nothing arrives.
const NAP: Duration = Duration::from_millis(100);

/// Adds partitions to what `reader` reads, each from its offset on, or from the log's start.
pub(super) fn assign(
    reader: &Reader,
    partitions: &[(Partition, Option<i64>)],
    prefix: &str,
) -> Result<(), KafkaError> {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for (partition, offset) in partitions {
        let offset = offset.map_or(Offset::Beginning, Offset::Offset);
        list.add_partition_offset(&partition.full(prefix), partition.number, offset)?;
    }
    reader.incremental_assign(&list)
}

/// Takes partitions away from what `reader` reads.
pub(super) fn unassign(reader: &Reader, partitions: &[Partition], prefix: &str) -> Result<(), KafkaError> {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for partition in partitions {
        list.add_partition(&partition.full(prefix), partition.number);
    }
    reader.incremental_unassign(&list)
}

/// Reads until `stop`, or until the client can do nothing more, which is what it answers.
pub(super) fn read(
    reader: &Reader,
    shared: &Shared,
    prefix: &str,
    stop: &Arc<AtomicBool>,
) -> Result<(), KafkaError> {
    while !stop.load(Ordering::Relaxed) {
        match reader.poll(NAP) {
            Some(Ok(first)) => batch(reader, &first, shared, prefix),
            Some(Err(error @ KafkaError::MessageConsumptionFatal(_))) => return Err(error),
            Some(Err(error)) => tracing::debug!(%error, "a read failed, and the client tries again"),
            None => {}
        }
    }
    Ok(())
}

/// Takes `first` and what lies ready behind it into the model.
fn batch(reader: &Reader, first: &BorrowedMessage<'_>, shared: &Shared, prefix: &str) {
    let now = clock::now();
    shared.give_way();
    shared.write(|model| {
        take(first, prefix, |record| model.record(record, now));
        for _ in 1..AT_ONCE {
            match reader.poll(Duration::ZERO) {
                Some(Ok(message)) => take(&message, prefix, |record| model.record(record, now)),
                // What was wrong shows again, and is looked at there.
                Some(Err(_)) | None => break,
            }
        }
    });
}

/// Hands a record over.
fn take(message: &BorrowedMessage<'_>, prefix: &str, tell: impl FnOnce(&Record<'_>)) {
    let topic = message.topic();
    let headers = headers::read(message);
    tell(&Record {
        topic: topic.strip_prefix(prefix).unwrap_or(topic),
        partition: message.partition(),
        offset: message.offset(),
        timestamp: message.timestamp().to_millis().and_then(|millis| u64::try_from(millis).ok()),
        key: message.key(),
        headers: &headers,
        value_bytes: message.payload_len(),
        tombstone: message.payload().is_none(),
    });
}

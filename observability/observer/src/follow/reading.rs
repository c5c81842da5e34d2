//! The reading thread: records out of librdkafka and into the model, with nothing that waits for anything else.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
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

/// Why a read failed last. The client tries again by itself, so it matters only where nothing comes.
#[derive(Debug, Default)]
pub(super) struct Failed(Mutex<Option<String>>);

impl Failed {
    fn note(&self, error: &KafkaError) {
        tracing::debug!(%error, "a read failed, and the client tries again");
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(words(error));
    }

    /// The reason, which is forgotten where everything is read all the same.
    pub(super) fn reason(&self, everything_is_read: bool) -> Option<String> {
        let mut reason = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if everything_is_read {
            *reason = None;
        }
        reason.clone()
    }
}

/// An error in words for people.
fn words(error: &KafkaError) -> String {
    match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::TopicAuthorizationFailed) => {
            "the right to read a topic that can be described is missing \
             (TOPIC_AUTHORIZATION_FAILED): grant it to the observer's user"
                .to_owned()
        }
        _ => format!("records cannot be read: {error}"),
    }
}

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
    failed: &Failed,
    stop: &Arc<AtomicBool>,
) -> Result<(), KafkaError> {
    while !stop.load(Ordering::Relaxed) {
        match reader.poll(NAP) {
            Some(Ok(first)) => batch(reader, &first, shared, prefix, failed),
            Some(Err(error @ KafkaError::MessageConsumptionFatal(_))) => return Err(error),
            Some(Err(error)) => failed.note(&error),
            None => {}
        }
    }
    Ok(())
}

/// Takes `first` and what lies ready behind it into the model.
fn batch(reader: &Reader, first: &BorrowedMessage<'_>, shared: &Shared, prefix: &str, failed: &Failed) {
    let now = clock::now();
    shared.give_way();
    shared.write(|model| {
        take(first, prefix, |record| model.record(record, now));
        for _ in 1..AT_ONCE {
            match reader.poll(Duration::ZERO) {
                Some(Ok(message)) => take(&message, prefix, |record| model.record(record, now)),
                Some(Err(error)) => {
                    failed.note(&error);
                    break;
                }
                None => break,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_nothing_comes_is_told_until_everything_is_read() {
        let failed = Failed::default();
        assert_eq!(failed.reason(false), None);
        failed.note(&KafkaError::MessageConsumption(RDKafkaErrorCode::TopicAuthorizationFailed));
        assert!(failed.reason(false).unwrap().contains("TOPIC_AUTHORIZATION_FAILED"));
        failed.note(&KafkaError::MessageConsumption(RDKafkaErrorCode::BadMessage));
        assert!(failed.reason(false).unwrap().starts_with("records cannot be read: "));
        assert_eq!((failed.reason(true), failed.reason(false)), (None, None));
    }
}

//! Where the logs begin and end, and which partitions topics have. Waits for brokers.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::metadata::MetadataPartition;
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{Offset, TopicPartitionList};

use super::Partition;
use super::client::Reader;
use super::foreign::foreign;
use crate::fact::PartitionEnds;

/// The longest wait for one answer of a broker.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(3);

/// Partitions of one topic that are followed; a topic with more is told of as a problem.
pub const MAX_PARTITIONS: usize = 10_000;

/// The id of the cluster; `None` where no broker answers.
pub(super) fn cluster(reader: &Reader) -> Option<String> {
    reader.client().fetch_cluster_id(ANSWER_WITHIN)
}

/// What the brokers say of a topic.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Topic {
    /// It has these partitions, and so many more that are not followed.
    Partitions(Vec<i32>, usize),
    /// There is none of this name.
    Gone,
    /// It cannot be read, for this reason.
    Refused(&'static str),
}

/// Asks for the partitions of `topic`, by its name on the broker. An error means that no broker answered.
pub(super) fn topic(reader: &Reader, topic: &str) -> Result<Topic, KafkaError> {
    let metadata = reader.fetch_metadata(Some(topic), ANSWER_WITHIN)?;
    let found = metadata.topics().iter().find(|found| foreign(|| found.name() == topic) == Some(true));
    let Some(found) = found else { return Ok(Topic::Gone) };
    Ok(match found.error() {
        None if found.partitions().is_empty() => Topic::Gone,
        None => Topic::Partitions(
            found.partitions().iter().take(MAX_PARTITIONS).map(MetadataPartition::id).collect(),
            found.partitions().len().saturating_sub(MAX_PARTITIONS),
        ),
        Some(RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) => {
            Topic::Refused("the right to read it is missing")
        }
        Some(
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART
            | RDKafkaRespErr::RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
        ) => Topic::Gone,
        Some(_) => Topic::Refused("its brokers are not ready"),
    })
}

/// Asks for the log's start and end of each of `partitions`, in two requests a broker: of a client that reads what is not
/// committed too, the high watermark. `None` where one of them has no answer; an error means that none has.
pub(super) fn ends(
    reader: &Reader,
    partitions: &[Partition],
    prefix: &str,
) -> Result<Option<Vec<PartitionEnds>>, KafkaError> {
    if partitions.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let starts = offsets(reader, partitions, prefix, Offset::Beginning)?;
    let ends = offsets(reader, partitions, prefix, Offset::End)?;
    let both = partitions.iter().zip(starts).zip(ends);
    Ok(both
        .map(|((partition, start), end)| {
            let topic = Arc::clone(&partition.topic);
            Some(PartitionEnds { topic, partition: partition.number, start: start?, end: end? })
        })
        .collect())
}

/// One end of each of `partitions`, in their order.
fn offsets(
    reader: &Reader,
    partitions: &[Partition],
    prefix: &str,
    which: Offset,
) -> Result<Vec<Option<i64>>, KafkaError> {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for partition in partitions {
        list.add_partition_offset(&partition.full(prefix), partition.number, which)?;
    }
    // The two ends are times to the broker: -1 and -2, as they are offsets to the client.
    let answer = reader.offsets_for_times(list, ANSWER_WITHIN)?;
    // They are answered in place, so in the order of the question.
    let offset = |element: &TopicPartitionListElem<'_>| match (element.error(), element.offset()) {
        (Ok(()), Offset::Offset(offset)) => Some(offset),
        _ => None,
    };
    Ok(answer.elements().iter().map(offset).collect())
}

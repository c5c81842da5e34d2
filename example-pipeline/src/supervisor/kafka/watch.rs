//! Reading what happens, from now on, without a group.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use rdkafka::metadata::MetadataTopic;
use rdkafka::{Offset, TopicPartitionList};

use super::client::ANSWER;
use super::{Cluster, Ends, Error};
use crate::supervisor::seen::{Raw, Seen};

/// Up to where a [`Watch`] has read. Clones look at the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Position {
    seen: Arc<Mutex<Ends>>,
}

impl Position {
    /// Whether everything before `ends` was read, of the topics that are watched.
    pub(crate) fn has_reached(&self, ends: &Ends) -> bool {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        ends.iter().all(|(partition, end)| seen.get(partition).is_none_or(|seen| seen >= end))
    }

    fn set(&self, topic: &str, partition: i32, end: i64) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert((topic.to_owned(), partition), end);
    }
}

/// A reader of some topics. It changes nothing and is seen by nobody.
pub(crate) struct Watch {
    consumer: BaseConsumer,
    cluster: Cluster,
    position: Position,
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Watch").field("cluster", &self.cluster).finish_non_exhaustive()
    }
}

impl Watch {
    /// Begins to read the topics behind what they hold now. They must exist.
    ///
    /// # Errors
    /// If the broker does not answer.
    pub(crate) fn open<'a>(
        cluster: &Cluster,
        topics: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, Error> {
        let doing = || Error::doing("watch the shop's topics");
        let consumer: BaseConsumer =
            cluster.reader(&cluster.name("shop.supervisor")).create().map_err(doing())?;
        let position = Position::default();
        let mut list = TopicPartitionList::new();
        for topic in topics {
            let name = cluster.name(topic);
            let metadata = consumer.fetch_metadata(Some(&name), ANSWER).map_err(doing())?;
            for partition in metadata.topics().iter().flat_map(MetadataTopic::partitions) {
                let (_, end) = consumer.fetch_watermarks(&name, partition.id(), ANSWER).map_err(doing())?;
                list.add_partition_offset(&name, partition.id(), Offset::Offset(end)).map_err(doing())?;
                position.set(topic, partition.id(), end);
            }
        }
        consumer.assign(&list).map_err(doing())?;
        Ok(Self { consumer, cluster: cluster.clone(), position })
    }

    /// Up to where it has read; stays true while it reads.
    pub(crate) fn position(&self) -> Position {
        self.position.clone()
    }

    /// The next record that is an event or a dead letter; `None` if there is none within `wait`, or only another kind of record.
    /// A broker that is away is waited for.
    pub(crate) fn next(&self, wait: Duration) -> Option<Seen> {
        let message = self.consumer.poll(wait)?.ok()?;
        let topic = self.cluster.without_namespace(message.topic())?;
        let seen = read(topic, &message);
        self.position.set(topic, message.partition(), message.offset() + 1);
        seen
    }
}

fn read(topic: &str, message: &BorrowedMessage<'_>) -> Option<Seen> {
    let raw = Raw {
        topic,
        key: message.key(),
        value: message.payload(),
        at_ms: message.timestamp().to_millis().unwrap_or_default(),
    };
    let header = |name: &str| {
        let mut found = message.headers()?.iter().filter(|header| header.key == name);
        std::str::from_utf8(found.next()?.value?).ok()
    };
    Seen::read(raw, header)
}

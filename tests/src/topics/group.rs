//! A consumer group, looked at without joining it.

use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::{Offset, TopicPartitionList};

use super::error::Doing;
use super::read::partitions;
use super::{TopicError, WITHIN, client};

/// The wait before a coordinator that is not ready is asked again.
const ASK_EVERY: Duration = Duration::from_millis(20);

/// Whether a broker that is asked again may answer.
fn is_passing(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{CoordinatorLoadInProgress, CoordinatorNotAvailable, NotCoordinator};
    matches!(
        error.rdkafka_error_code(),
        Some(NotCoordinator | CoordinatorNotAvailable | CoordinatorLoadInProgress)
    )
}

/// What a group has committed for one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The partition.
    pub partition: i32,
    /// The next offset to be read; `None` when nothing was committed.
    pub offset: Option<i64>,
    /// The text committed with it.
    pub metadata: String,
}

/// A group seen from outside. It never joins, commits only where it is set, and may be asked many times a second.
pub struct Group {
    name: String,
    consumer: BaseConsumer,
}

impl std::fmt::Debug for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Group").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Group {
    /// The group `name` at the Kafka at `bootstrap`; it need not be there yet.
    ///
    /// # Errors
    ///
    /// When the client does not take the address.
    pub fn of(bootstrap: &str, name: &str) -> Result<Self, TopicError> {
        let consumer = client(bootstrap)
            .set("group.id", name)
            .set("enable.auto.commit", "false")
            .create()
            .doing(|| format!("look at group {name}"))?;
        Ok(Self { name: name.to_owned(), consumer })
    }

    /// Asks for what is committed. A group nobody used yet finds its coordinator only after some answers.
    fn ask(&self, list: &TopicPartitionList) -> KafkaResult<TopicPartitionList> {
        let end = Instant::now() + WITHIN;
        loop {
            match self.consumer.committed_offsets(list.clone(), WITHIN) {
                Err(error) if is_passing(&error) && Instant::now() < end => thread::sleep(ASK_EVERY),
                answer => return answer,
            }
        }
    }

    /// What it has committed for each partition of `topic`, by partition.
    ///
    /// # Errors
    ///
    /// When the broker does not say within [`WITHIN`].
    pub fn committed(&self, topic: &str) -> Result<Vec<Committed>, TopicError> {
        let doing = || format!("read what group {} committed for topic {topic}", self.name);
        let mut list = TopicPartitionList::new();
        for partition in partitions(&self.consumer, topic)? {
            list.add_partition(topic, partition);
        }
        let list = self.ask(&list).doing(doing)?;
        let mut committed = Vec::with_capacity(list.count());
        for element in list.elements() {
            element.error().doing(doing)?;
            let offset = match element.offset() {
                Offset::Offset(offset) => Some(offset),
                _ => None,
            };
            let (partition, metadata) = (element.partition(), element.metadata().to_owned());
            committed.push(Committed { partition, offset, metadata });
        }
        committed.sort_by_key(|committed| committed.partition);
        Ok(committed)
    }

    /// Sets what it has committed for every partition of `topic` back to the log's start, as an operator may while the
    /// group has no members.
    ///
    /// # Errors
    ///
    /// When the group has members, or the broker does not answer.
    pub fn rewind(&self, topic: &str) -> Result<(), TopicError> {
        self.set(topic, |_| Ok(0))
    }

    /// The same to the log's end: as if it had done everything that is there.
    ///
    /// # Errors
    ///
    /// As [`rewind`](Self::rewind).
    pub fn forward(&self, topic: &str) -> Result<(), TopicError> {
        let doing = || format!("read the ends of topic {topic}");
        let end = |partition| self.consumer.fetch_watermarks(topic, partition, WITHIN).map(|(_, end)| end);
        self.set(topic, |partition| end(partition).doing(doing))
    }

    /// Commits an offset for every partition of `topic`.
    fn set(&self, topic: &str, to: impl Fn(i32) -> Result<i64, TopicError>) -> Result<(), TopicError> {
        let doing = || format!("set what group {} has committed on topic {topic}", self.name);
        let mut list = TopicPartitionList::new();
        for partition in partitions(&self.consumer, topic)? {
            list.add_partition_offset(topic, partition, Offset::Offset(to(partition)?)).doing(doing)?;
        }
        self.consumer.commit(&list, CommitMode::Sync).doing(doing)
    }

    /// How many records of `topic` lie between what it has committed, else the log's start, and the log's end.
    ///
    /// # Errors
    ///
    /// When the broker does not say within [`WITHIN`].
    pub fn lag(&self, topic: &str) -> Result<i64, TopicError> {
        let mut lag = 0;
        for Committed { partition, offset, .. } in self.committed(topic)? {
            let ends = self.consumer.fetch_watermarks(topic, partition, WITHIN);
            let (start, end) = ends.doing(|| format!("read the ends of topic {topic}"))?;
            lag += end - offset.unwrap_or(start).max(start);
        }
        Ok(lag)
    }

    /// How many members it has, and its state as the broker names it (`Stable`, `Empty`, …).
    ///
    /// # Errors
    ///
    /// When the broker does not say within [`WITHIN`].
    pub fn members(&self) -> Result<(usize, String), TopicError> {
        let groups = self.consumer.fetch_group_list(Some(&self.name), WITHIN);
        let groups = groups.doing(|| format!("look at the members of group {}", self.name))?;
        let group = groups.groups().first();
        Ok(group.map_or((0, String::new()), |group| (group.members().len(), group.state().to_owned())))
    }
}

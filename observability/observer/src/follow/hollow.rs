//! Ends that no reader can reach.
//!
//! The last offsets of a partition may hold nothing that a reader is ever given: the mark of a transaction, an aborted
//! record, what compaction took. Whoever waits for a record at the end then waits for ever. A client of its own, set on
//! the one partition, tells that there is nothing more.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};

use super::Partition;
use super::client::{Clients, Reader};
use super::ends::ANSWER_WITHIN;

/// Partitions looked into in one look.
const AT_ONCE: usize = 4;

/// The longest look into one.
const WITHIN: Duration = Duration::from_secs(1);

/// Looks for ends that nobody can reach.
pub(super) struct Hollow {
    clients: Clients,
    prefix: String,
    group: String,
    reader: Option<Reader>,
    /// Where reading stood, and where the partition ended, at the last look.
    stood: BTreeMap<Partition, (i64, i64)>,
}

impl Hollow {
    pub(super) fn new(clients: Clients, prefix: &str, group: &str) -> Self {
        Self {
            clients,
            prefix: prefix.to_owned(),
            group: group.to_owned(),
            reader: None,
            stood: BTreeMap::new(),
        }
    }

    /// Of the partitions that end at the second number and are read up to the first: those where reading has stood since
    /// the last look and will stand, because there is nothing more.
    pub(super) fn find(&mut self, unread: BTreeMap<Partition, (i64, i64)>) -> Vec<(Partition, i64)> {
        let stands =
            |(partition, marks): &(&Partition, &(i64, i64))| self.stood.get(*partition) == Some(*marks);
        let standing: Vec<(Partition, (i64, i64))> = unread
            .iter()
            .filter(stands)
            .take(AT_ONCE)
            .map(|(partition, marks)| (partition.clone(), *marks))
            .collect();
        self.stood = unread;
        let mut hollow = Vec::new();
        for (partition, (next, _)) in standing {
            match self.reachable(&partition, next) {
                Ok(Some(end)) => hollow.push((partition, end)),
                Ok(None) => {}
                Err(error) => tracing::debug!(%error, "cannot look into the end of a partition"),
            }
        }
        hollow
    }

    /// The end of what is committed, if a reader set on `next` is told of it before it is given a record.
    fn reachable(&mut self, partition: &Partition, next: i64) -> Result<Option<i64>, KafkaError> {
        let reader = match self.reader.take() {
            Some(reader) => reader,
            None => match self.clients.reader_to_the_end(&self.group) {
                Ok(reader) => reader,
                Err(_) => return Ok(None),
            },
        };
        let reader = self.reader.insert(reader);
        let topic = partition.full(&self.prefix);
        // Of a client that reads what is committed: behind it transactions are open, which is not nothing.
        let (_, end) = reader.fetch_watermarks(&topic, partition.number, ANSWER_WITHIN)?;
        if end <= next {
            return Ok(None);
        }
        let mut list = TopicPartitionList::with_capacity(1);
        list.add_partition_offset(&topic, partition.number, Offset::Offset(next))?;
        reader.assign(&list)?;
        let hollow = matches!(reader.poll(WITHIN), Some(Err(KafkaError::PartitionEOF(_))));
        reader.unassign()?;
        Ok(hollow.then_some(end))
    }
}

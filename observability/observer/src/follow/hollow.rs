//! Ends that no reader can reach.
//!
//! The last offsets of a partition may hold nothing that a reader is ever given: the mark of a transaction, an aborted
//! record, what compaction took. Whoever waits for a record at the end then waits for ever. A client of its own, set on
//! the one partition, tells that there is nothing more, or why nothing can be read.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
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
    /// Where the brokers give no record, from which offset on, and what they say.
    refused: BTreeMap<Partition, (i64, RDKafkaErrorCode)>,
}

/// What lies at an offset.
enum Found {
    /// A record, or what is not known yet.
    Something,
    /// Nothing that a reader is given, up to this end.
    Nothing(i64),
    /// Something that the brokers do not give.
    Refused(RDKafkaErrorCode),
}

impl Hollow {
    pub(super) fn new(clients: Clients, prefix: &str, group: &str) -> Self {
        Self {
            clients,
            prefix: prefix.to_owned(),
            group: group.to_owned(),
            reader: None,
            stood: BTreeMap::new(),
            refused: BTreeMap::new(),
        }
    }

    /// Of the partitions that end at the second number and are read up to the first: those where reading has stood since
    /// the last look and will stand, because there is nothing more.
    pub(super) fn find(&mut self, unread: BTreeMap<Partition, (i64, i64)>) -> Vec<(Partition, i64)> {
        let stands =
            |(partition, marks): &(&Partition, &(i64, i64))| self.stood.get(*partition) == Some(*marks);
        self.refused.retain(|partition, (at, _)| unread.get(partition).is_some_and(|(next, _)| *next == *at));
        let standing: Vec<(Partition, (i64, i64))> = unread
            .iter()
            .filter(stands)
            .filter(|(partition, _)| !self.refused.contains_key(*partition))
            .take(AT_ONCE)
            .map(|(partition, marks)| (partition.clone(), *marks))
            .collect();
        self.stood = unread;
        let mut hollow = Vec::new();
        for (partition, (next, _)) in standing {
            match self.reachable(&partition, next) {
                Ok(Found::Nothing(end)) => hollow.push((partition, end)),
                Ok(Found::Something) => {}
                Ok(Found::Refused(code)) => drop(self.refused.insert(partition, (next, code))),
                Err(error) => tracing::debug!(%error, "cannot look into the end of a partition"),
            }
        }
        hollow
    }

    /// The topics of which something cannot be read, each with the reason in words.
    pub(super) fn refused(&self) -> impl Iterator<Item = String> {
        let told: BTreeSet<String> = self
            .refused
            .iter()
            .map(|(partition, (_, code))| {
                let why = match code {
                    RDKafkaErrorCode::TopicAuthorizationFailed => {
                        "the right to read it is missing (TOPIC_AUTHORIZATION_FAILED)".to_owned()
                    }
                    other => format!("partition {} cannot be read: {other}", partition.number),
                };
                format!("topic {}: {why}", partition.full(&self.prefix))
            })
            .collect();
        told.into_iter()
    }

    /// What a reader set on `next` is told first.
    fn reachable(&mut self, partition: &Partition, next: i64) -> Result<Found, KafkaError> {
        let reader = match self.reader.take() {
            Some(reader) => reader,
            None => match self.clients.reader_to_the_end(&self.group) {
                Ok(reader) => reader,
                Err(_) => return Ok(Found::Something),
            },
        };
        let reader = self.reader.insert(reader);
        let topic = partition.full(&self.prefix);
        // Of a client that reads what is committed: behind it transactions are open, which is not nothing.
        let (_, end) = reader.fetch_watermarks(&topic, partition.number, ANSWER_WITHIN)?;
        if end <= next {
            return Ok(Found::Something);
        }
        let mut list = TopicPartitionList::with_capacity(1);
        list.add_partition_offset(&topic, partition.number, Offset::Offset(next))?;
        reader.assign(&list)?;
        let found = first(reader, end);
        reader.unassign()?;
        Ok(found)
    }
}

/// What `reader` is told first of the one partition that it reads.
fn first(reader: &Reader, end: i64) -> Found {
    let begun = Instant::now();
    loop {
        match reader.poll(WITHIN.saturating_sub(begun.elapsed())) {
            Some(Err(KafkaError::PartitionEOF(_))) => return Found::Nothing(end),
            Some(Err(KafkaError::MessageConsumption(code))) if is_of_the_records(code) => {
                return Found::Refused(code);
            }
            // Of something else: a broker that goes away, the group that is never joined.
            Some(Err(_)) if begun.elapsed() < WITHIN => {}
            Some(_) | None => return Found::Something,
        }
    }
}

/// Whether an error says that the records themselves are not to be had.
fn is_of_the_records(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::TopicAuthorizationFailed
            | RDKafkaErrorCode::BadMessage
            | RDKafkaErrorCode::InvalidMessage
            | RDKafkaErrorCode::NotImplemented
            | RDKafkaErrorCode::BadCompression
    )
}

//! The value and the headers of one record, read when somebody asks to see them.

use std::time::{Duration, Instant};

use choreograph::settings::Settings;
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::{Offset, TopicPartitionList};

use super::client::{ClientError, Clients};
use super::headers::{self, RawHeader};
use super::{OWN_GROUP, Partition, prefix};

/// The longest that reading one value may take.
const WITHIN: Duration = Duration::from_secs(5);

/// The longest value that is shown, in bytes; the rest is left out.
pub const MAX_SHOWN_VALUE_BYTES: usize = 1024 * 1024;

/// Reads records on demand. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct Values {
    clients: Clients,
    prefix: String,
}

/// Why a value cannot be shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// The log does not hold the record any more.
    #[error("the record at {0} is not there any more")]
    Gone(String),
    /// Nobody knows where it lies.
    #[error(
        "where the record lies is not known: only a copy of it was read, on a retry or dead-letter topic"
    )]
    Unplaced,
    /// No broker gave it in time.
    #[error("no broker gave the record at {0} within {WITHIN:?}")]
    Late(String),
    /// A broker refused.
    #[error("the record at {0} cannot be read")]
    Kafka(String, #[source] KafkaError),
    /// No client could be made.
    #[error(transparent)]
    Client(#[from] ClientError),
}

impl Values {
    /// Reads from the Kafka of `settings`.
    pub fn new(settings: &Settings) -> Self {
        Self { clients: Clients::new(&settings.kafka), prefix: prefix(settings.namespace.as_deref()) }
    }

    /// The value of a record as text, at most [`MAX_SHOWN_VALUE_BYTES`] of it, what is no UTF-8 replaced; `None` where
    /// the record has none. Waits for brokers.
    ///
    /// # Errors
    ///
    /// When the record is gone, or no broker gives it in time; at once where the partition is none.
    pub fn read(&self, topic: &str, partition: i32, offset: i64) -> Result<Option<String>, ValueError> {
        self.fetch(topic, partition, offset, |message| message.payload().map(text))
    }

    /// The headers of a record in their order, at most [`MAX_HEADERS`](super::MAX_HEADERS). The values of those that the
    /// framework does not write, which may be anything, are withheld but `foreign_too`. Waits for brokers.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn headers(
        &self,
        topic: &str,
        partition: i32,
        offset: i64,
        foreign_too: bool,
    ) -> Result<Vec<RawHeader>, ValueError> {
        self.fetch(topic, partition, offset, |message| headers::raw(message, foreign_too))
    }

    /// What `take` makes of a record.
    fn fetch<T>(
        &self,
        topic: &str,
        partition: i32,
        offset: i64,
        take: impl FnOnce(&BorrowedMessage<'_>) -> T,
    ) -> Result<T, ValueError> {
        if topic.is_empty() || partition < 0 || offset < 0 {
            return Err(ValueError::Unplaced);
        }
        let place = format!("{topic}/{partition}/{offset}");
        let failed = |error| ValueError::Kafka(place.clone(), error);
        let reader = self.clients.reader_to_the_end(&format!("{}{OWN_GROUP}", self.prefix))?;
        let of = Partition { topic: topic.into(), number: partition };
        let mut list = TopicPartitionList::with_capacity(1);
        list.add_partition_offset(&of.full(&self.prefix), partition, Offset::Offset(offset))
            .map_err(failed)?;
        reader.assign(&list).map_err(failed)?;
        drop(list);
        let end = Instant::now() + WITHIN;
        loop {
            match reader.poll(end.saturating_duration_since(Instant::now())) {
                Some(Ok(message)) if message.offset() == offset => return Ok(take(&message)),
                Some(Ok(_) | Err(KafkaError::PartitionEOF(_))) => return Err(ValueError::Gone(place)),
                // The client tries again by itself.
                Some(Err(error)) if Instant::now() >= end => return Err(failed(error)),
                None if Instant::now() >= end => return Err(ValueError::Late(place)),
                Some(Err(_)) | None => {}
            }
        }
    }
}

fn text(value: &[u8]) -> String {
    let shown = value.get(..MAX_SHOWN_VALUE_BYTES).unwrap_or(value);
    String::from_utf8_lossy(shown).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_event_that_is_known_by_a_copy_alone_no_broker_is_asked() {
        let settings = Settings::read([("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")]).unwrap();
        for (topic, partition, offset) in [("", -1, 7), ("orders", -1, 7), ("orders", 0, -1)] {
            let read = Values::new(&settings).read(topic, partition, offset);
            assert!(matches!(read, Err(ValueError::Unplaced)), "{topic}/{partition}/{offset}: {read:?}");
        }
    }
}

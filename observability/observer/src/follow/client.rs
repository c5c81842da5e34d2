//! From settings to clients that only read.

use choreograph::settings::{Client, Kafka};
use rdkafka::ClientConfig;
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::KafkaError;

/// A client that reads.
pub(super) type Reader = BaseConsumer<Quiet>;

/// What holds unless a person says otherwise.
const DEFAULTS: [(&str, &str); 8] = [
    ("socket.nagle.disable", "true"),
    ("reconnect.backoff.max.ms", "2000"),
    ("log.connection.close", "false"),
    ("check.crcs", "true"),
    // The default of 1,000 ms stalls a partition for up to a second whenever a small queue is full.
    ("fetch.queue.backoff.ms", "2"),
    // Memory: what is prefetched for each partition, and for all of them together.
    ("queued.min.messages", "20000"),
    ("queued.max.messages.kbytes", "32768"),
    ("fetch.max.bytes", "8388608"),
];

/// What holds whatever a person says: a reader writes, joins and commits nothing, and sees what is committed.
const LAWS: [(&str, &str); 5] = [
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    ("auto.offset.reset", "earliest"),
    ("isolation.level", "read_committed"),
    ("allow.auto.create.topics", "false"),
];

/// Makes clients of one Kafka. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub(super) struct Clients {
    kafka: Kafka,
}

impl Clients {
    pub(super) fn new(kafka: &Kafka) -> Self {
        Self { kafka: kafka.clone() }
    }

    /// A reader that bears the name of a group, which it never joins: librdkafka reads and asks for nothing without one.
    pub(super) fn reader(&self, group: &str) -> Result<Reader, ClientError> {
        Ok(self.config(group).create_with_context(Quiet)?)
    }

    /// A reader that says when it has come to the end of a partition.
    pub(super) fn reader_to_the_end(&self, group: &str) -> Result<Reader, ClientError> {
        let mut config = self.config(group);
        config.set("enable.partition.eof", "true");
        Ok(config.create_with_context(Quiet)?)
    }

    /// A client that asks where topics end, open transactions included. It reads nothing.
    pub(super) fn asker(&self, group: &str) -> Result<Reader, ClientError> {
        let mut config = self.config(group);
        config.set("isolation.level", "read_uncommitted");
        Ok(config.create_with_context(Quiet)?)
    }

    fn config(&self, group: &str) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("client.id", "choreograph-observer");
        for (name, value) in self.kafka.properties(Client::Consumer, &DEFAULTS) {
            config.set(name, value);
        }
        for (name, value) in LAWS {
            config.set(name, value);
        }
        config.set("group.id", group);
        config
    }
}

/// A client that could not be made. Never carries a property's value, which may be a secret.
#[derive(Debug, thiserror::Error)]
#[error("no Kafka client can be made from these settings: {0}")]
pub struct ClientError(String);

impl From<KafkaError> for ClientError {
    fn from(error: KafkaError) -> Self {
        Self(match error {
            KafkaError::ClientConfig(_, _, name, _) => format!("librdkafka refuses the value of `{name}`"),
            other => other.to_string(),
        })
    }
}

/// Passes on what librdkafka says to whoever debugs: what is wrong shows in the answers to what was asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, _: RDKafkaLogLevel, facility: &str, text: &str) {
        tracing::debug!(target: "librdkafka", facility, "{text}");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, "{reason}");
    }
}

impl ConsumerContext for Quiet {}

#[cfg(test)]
mod tests {
    use choreograph::settings::Settings;

    use super::*;

    #[test]
    fn whatever_is_set_a_reader_only_reads() {
        let settings =
            Settings::read([("KAFKA_BOOTSTRAP_SERVERS", "localhost:1"), ("KAFKA_QUEUED_MIN_MESSAGES", "7")])
                .unwrap();
        let config = Clients::new(&settings.kafka).config("shop.charge");
        assert_eq!(config.get("queued.min.messages"), Some("7"));
        for (name, value) in LAWS {
            assert_eq!(config.get(name), Some(value));
        }
        assert_eq!(config.get("group.id"), Some("shop.charge"));
    }
}

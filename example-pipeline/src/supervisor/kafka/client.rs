//! Where Kafka is, and clients for it.

use std::time::Duration;

use choreograph::settings::{Client, Kafka};
use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;

/// The longest wait for one answer.
pub(super) const ANSWER: Duration = Duration::from_secs(10);

/// Kafka as the supervisor reaches it, and the namespace of the run.
#[derive(Debug, Clone)]
pub(crate) struct Cluster {
    kafka: Kafka,
    namespace: String,
}

/// What Kafka refused or did not answer.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot {doing}: check KAFKA_BOOTSTRAP_SERVERS and the other KAFKA_… settings, and that the broker runs"
)]
pub struct Error {
    doing: String,
    #[source]
    source: KafkaError,
}

impl Error {
    /// Says what was being done.
    pub(super) fn doing(doing: impl Into<String>) -> impl FnOnce(KafkaError) -> Self {
        let doing = doing.into();
        move |source| Self { doing, source }
    }
}

impl Cluster {
    /// The cluster that the settings name.
    pub(crate) fn new(kafka: Kafka, namespace: &str) -> Self {
        Self { kafka, namespace: namespace.to_owned() }
    }

    /// A topic's or group's name with the namespace.
    pub(super) fn name(&self, name: &str) -> String {
        format!("{}.{name}", self.namespace)
    }

    /// A topic's name without the namespace; none if it is outside of it.
    pub(super) fn without_namespace<'a>(&self, topic: &'a str) -> Option<&'a str> {
        topic.strip_prefix(&self.namespace)?.strip_prefix('.')
    }

    /// A consumer that commits nothing; `group` is only looked at.
    pub(super) fn reader(&self, group: &str) -> ClientConfig {
        let mut config = self.config(Client::Consumer);
        config
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .set("isolation.level", "read_committed");
        // Memory: what is prefetched over all partitions.
        config.set("queued.max.messages.kbytes", "16384").set("fetch.queue.backoff.ms", "2");
        config
    }

    /// A producer.
    pub(super) fn writer(&self) -> ClientConfig {
        let mut config = self.config(Client::Producer);
        config.set("acks", "all").set("partitioner", "murmur2_random");
        config
    }

    fn config(&self, client: Client) -> ClientConfig {
        let mut config = ClientConfig::new();
        for (name, value) in self.kafka.properties(client, &[]) {
            config.set(name, value);
        }
        config
    }
}

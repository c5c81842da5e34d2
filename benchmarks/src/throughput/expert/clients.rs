//! The loop's clients, with the properties that the framework's clients have.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rdkafka::consumer::BaseConsumer;
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseProducer, DeliveryResult, ProducerContext};
use rdkafka::{ClientConfig, ClientContext};

/// Of every client.
const COMMON: [(&str, &str); 3] = [
    ("socket.nagle.disable", "true"),
    ("reconnect.backoff.max.ms", "2000"),
    ("log.connection.close", "false"),
];

/// Of the consumer.
const CONSUMER: [(&str, &str); 11] = [
    ("check.crcs", "true"),
    ("isolation.level", "read_committed"),
    ("fetch.queue.backoff.ms", "2"),
    ("queued.min.messages", "20000"),
    ("queued.max.messages.kbytes", "16384"),
    ("fetch.max.bytes", "8388608"),
    ("topic.metadata.refresh.interval.ms", "60000"),
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    ("auto.offset.reset", "earliest"),
    ("partition.assignment.strategy", "cooperative-sticky"),
];

/// Of the producer, besides its linger.
const PRODUCER: [(&str, &str); 6] = [
    ("partitioner", "murmur2_random"),
    ("queue.buffering.max.kbytes", "131072"),
    ("enable.idempotence", "true"),
    // Else what stands behind a batch that is refused overtakes it, and the order for each key is gone.
    ("enable.gapless.guarantee", "true"),
    ("acks", "all"),
    ("message.timeout.ms", "0"),
];

/// The loop's consumer, in its group.
pub(super) fn consumer(bootstrap: &str, group: &str) -> Result<BaseConsumer, KafkaError> {
    config(bootstrap, &CONSUMER).set("group.id", group).create()
}

/// The loop's producer.
pub(super) fn producer(bootstrap: &str, linger_ms: u32) -> Result<BaseProducer<Reports>, KafkaError> {
    let mut config = config(bootstrap, &PRODUCER);
    config.set("linger.ms", linger_ms.to_string());
    config.create_with_context(Reports::default())
}

fn config(bootstrap: &str, properties: &[(&str, &str)]) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap);
    for (name, value) in COMMON.iter().chain(properties) {
        config.set(*name, *value);
    }
    config
}

/// The delivery reports that were served and not yet looked at.
#[derive(Debug, Default)]
pub(super) struct Reports(Mutex<Vec<Report>>);

/// What became of the record under a tag.
pub(super) type Report = (usize, Result<(), KafkaError>);

impl Reports {
    /// The reports, to be emptied.
    pub(super) fn lock(&self) -> MutexGuard<'_, Vec<Report>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Reports {}

impl ProducerContext for Reports {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, tag: usize) {
        let result = result.as_ref().map(|_| ()).map_err(|(error, _)| error.clone());
        self.lock().push((tag, result));
    }
}

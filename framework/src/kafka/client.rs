//! From settings to configured clients: what the laws demand, what was measured, what a person may change.

use std::sync::Arc;

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use tokio::sync::Notify;

use super::acknowledge::{Batches, Reports};
use super::context::{StepConsumer, StepContext};
use crate::publisher::START_TIMEOUT;
use crate::settings::{Client, Kafka};

/// What holds unless a person says otherwise, for every client.
const COMMON: [(&str, &str); 3] = [
    // Two small writes must not wait for each other.
    ("socket.nagle.disable", "true"),
    // After an outage the first connection is back within this time, not librdkafka's ten seconds.
    ("reconnect.backoff.max.ms", "2000"),
    // The laws read the log callback for two facts; chatter about closed connections is not one of them.
    ("log.connection.close", "false"),
];

/// What holds for consumers unless a person says otherwise.
const CONSUMER: [(&str, &str); 6] = [
    ("check.crcs", "true"),
    // The default of 1,000 ms stalls a partition for up to a second whenever a small queue is full.
    ("fetch.queue.backoff.ms", "2"),
    // Memory: what is prefetched for each partition, and for all of them together with one fetch on top.
    ("queued.min.messages", "20000"),
    ("queued.max.messages.kbytes", "16384"),
    ("fetch.max.bytes", "8388608"),
    // New partitions are found within a minute.
    ("topic.metadata.refresh.interval.ms", "60000"),
];

/// The default of `fetch.max.bytes` among [`CONSUMER`].
const FETCH_MAX_BYTES: u64 = 8_388_608;

/// What holds for producers unless a person says otherwise.
const PRODUCER: [(&str, &str); 3] = [
    // Keys land where Java's clients put them; law 2 leaves `murmur2` beside it.
    ("partitioner", "murmur2_random"),
    ("linger.ms", "5"),
    // Memory: what waits for a broker that is away. Full means that the step stops taking records.
    ("queue.buffering.max.kbytes", "131072"),
];

/// What the laws demand of a step's consumer (laws 1, 4, 8).
const CONSUMER_LAWS: [(&str, &str); 5] = [
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    ("isolation.level", "read_committed"),
    ("auto.offset.reset", "earliest"),
    ("partition.assignment.strategy", "cooperative-sticky"),
];

/// What the laws demand of a step's producer (laws 1, 6).
const PRODUCER_LAWS: [(&str, &str); 3] =
    [("enable.idempotence", "true"), ("acks", "all"), ("message.timeout.ms", "0")];

/// A batch that is refused stops the producer, so that nothing behind it overtakes its records.
const MANY: [(&str, &str); 1] = [("enable.gapless.guarantee", "true")];
/// A record that is refused alone is left out, and those behind it go on.
const SINGLE: [(&str, &str); 1] = [("batch.num.messages", "1")];

/// Where the brokers are and how to talk to them. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    kafka: Kafka,
}

impl Connection {
    /// A connection as the settings describe it.
    pub(crate) fn new(kafka: &Kafka) -> Self {
        Self { kafka: kafka.clone() }
    }

    /// A step's consumer. `wake` is notified when there is something to poll.
    pub(super) fn consumer(
        &self,
        client: &str,
        group: &str,
        context: StepContext,
        wake: Arc<Notify>,
    ) -> Result<Arc<StepConsumer>, ClientError> {
        let mut config = self.consumer_config(client);
        config.set("group.id", group);
        let mut consumer: StepConsumer = config.create_with_context(context)?;
        consumer.set_nonempty_callback(move || wake.notify_one());
        Ok(Arc::new(consumer))
    }

    /// The configuration of a step's consumer, but for its group.
    fn consumer_config(&self, client: &str) -> ClientConfig {
        let mut config = self.config(Client::Consumer, client, &CONSUMER, &CONSUMER_LAWS);
        // librdkafka refuses a fetch that could not hold the largest message.
        if let (None, Some(largest)) =
            (self.kafka.get("fetch.max.bytes"), self.kafka.get("message.max.bytes"))
            && largest.parse().is_ok_and(|bytes: u64| bytes > FETCH_MAX_BYTES)
        {
            config.set("fetch.max.bytes", largest);
        }
        config
    }

    /// A step's producer.
    pub(super) fn producer<C>(
        &self,
        client: &str,
        reports: C,
        batches: Batches,
    ) -> Result<super::publish::Producer<C>, ClientError>
    where
        C: rdkafka::producer::ProducerContext,
    {
        let of_batches = match batches {
            Batches::Many => MANY,
            Batches::Single => SINGLE,
        };
        let laws = [&PRODUCER_LAWS[..], &of_batches].concat();
        Ok(self.config(Client::Producer, client, &PRODUCER, &laws).create_with_context(reports)?)
    }

    /// The configuration of a producer that gives up a message after [`START_TIMEOUT`].
    pub(super) fn impatient_producer(&self, client: &str, batches: Batches) -> ClientConfig {
        let mut config = self.config(Client::Producer, client, &PRODUCER, &PRODUCER_LAWS);
        config.set("message.timeout.ms", START_TIMEOUT.as_millis().to_string());
        if let Batches::Single = batches {
            let [(name, value)] = SINGLE;
            config.set(name, value);
        }
        config
    }

    /// The configuration of a client for questions about topics.
    pub(super) fn admin(&self, client: &str) -> ClientConfig {
        self.config(Client::Producer, client, &[], &[])
    }

    /// Defaults first, then what a person set, then the laws.
    fn config(
        &self,
        kind: Client,
        id: &str,
        defaults: &[(&'static str, &'static str)],
        laws: &[(&str, &str)],
    ) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("client.id", id);
        let defaults = [&COMMON, defaults].concat();
        for (name, value) in self.kafka.properties(kind, &defaults) {
            config.set(name, value);
        }
        for (name, value) in laws {
            config.set(*name, *value);
        }
        config
    }
}

/// A client that could not be made. Never carries a property's value, which may be a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ClientError {
    /// librdkafka refuses one property.
    #[error("librdkafka refuses the value of `{0}`: see its list of properties for the legal ones")]
    Property(String),
    /// librdkafka refuses the properties together.
    #[error("no Kafka client can be made from these settings: {0}")]
    Creation(String),
    /// librdkafka was built without what one property needs.
    #[error(
        "this build cannot do what `{0}` asks for: build the service with the feature `ssl` of choreograph"
    )]
    Build(String),
}

/// How librdkafka says that it was built without OpenSSL.
const LEFT_OUT: [&str; 3] =
    ["not available at build time", "not enabled at build time", "recompile librdkafka"];

/// Whether librdkafka says that it was built without OpenSSL.
fn is_left_out(text: &str) -> bool {
    LEFT_OUT.iter().any(|left_out| text.contains(left_out))
}

impl From<KafkaError> for ClientError {
    fn from(error: KafkaError) -> Self {
        match error {
            KafkaError::ClientConfig(_, text, name, _) if is_left_out(&text) => Self::Build(name),
            KafkaError::ClientConfig(_, _, name, _) => Self::Property(name),
            KafkaError::ClientCreation(text) if is_left_out(&text) => {
                Self::Build("sasl.mechanism".to_owned())
            }
            KafkaError::ClientCreation(text) => Self::Creation(text),
            other => Self::Creation(other.to_string()),
        }
    }
}

/// The producer of a step reports to its sending thread.
pub(super) type StepProducer = super::publish::Producer<Reports>;

#[cfg(test)]
mod tests {
    use super::*;

    use crate::settings::Settings;

    fn connection(variables: &[(&str, &str)]) -> Connection {
        Connection::new(&Settings::read(variables.iter().copied()).unwrap().kafka)
    }

    #[test]
    fn a_person_overrides_defaults_and_the_laws_stand() {
        let connection = connection(&[("KAFKA_BOOTSTRAP_SERVERS", "localhost:1"), ("KAFKA_LINGER_MS", "0")]);
        let producer = connection.config(Client::Producer, "a", &PRODUCER, &PRODUCER_LAWS);
        assert_eq!(producer.get("linger.ms"), Some("0"));
        assert_eq!(producer.get("acks"), Some("all"));
        assert_eq!(producer.get("partitioner"), Some("murmur2_random"));
        let consumer = connection.config(Client::Consumer, "a", &CONSUMER, &CONSUMER_LAWS);
        assert_eq!(consumer.get("enable.auto.commit"), Some("false"));
        assert_eq!(consumer.get("isolation.level"), Some("read_committed"));
        assert_eq!(consumer.get("linger.ms"), None, "a producer's property stays with the producer");
    }

    #[test]
    fn a_fetch_holds_the_largest_message() {
        for (largest, fetch) in [("1000000", "8388608"), ("8388608", "8388608"), ("20000000", "20000000")] {
            let connection = connection(&[("KAFKA_MESSAGE_MAX_BYTES", largest)]);
            assert_eq!(connection.consumer_config("a").get("fetch.max.bytes"), Some(fetch), "{largest}");
        }
        let said =
            connection(&[("KAFKA_MESSAGE_MAX_BYTES", "20000000"), ("KAFKA_FETCH_MAX_BYTES", "30000000")]);
        assert_eq!(said.consumer_config("a").get("fetch.max.bytes"), Some("30000000"));
    }

    #[test]
    #[cfg(not(feature = "ssl"))]
    fn what_this_build_cannot_do_names_the_feature() {
        for (variable, value, property) in [
            ("KAFKA_SECURITY_PROTOCOL", "SASL_SSL", "security.protocol"),
            ("KAFKA_SASL_MECHANISM", "SCRAM-SHA-256", "sasl.mechanism"),
            ("KAFKA_SSL_CA_LOCATION", "/ca.pem", "ssl.ca.location"),
        ] {
            let mut variables = vec![("KAFKA_BOOTSTRAP_SERVERS", "localhost:1"), (variable, value)];
            if property == "sasl.mechanism" {
                variables.push(("KAFKA_SECURITY_PROTOCOL", "SASL_PLAINTEXT"));
            }
            let made = connection(&variables).admin("a").create::<rdkafka::producer::BaseProducer>();
            let error = ClientError::from(made.err().unwrap()).to_string();
            assert!(error.contains(property) && error.contains("feature `ssl`"), "{error}");
        }
    }

    #[test]
    fn no_secret_in_debug_nor_in_an_error() {
        let connection =
            connection(&[("KAFKA_BOOTSTRAP_SERVERS", "localhost:1"), ("KAFKA_SASL_PASSWORD", "canary")]);
        assert!(!format!("{connection:?}").contains("canary"), "{connection:?}");
        let refused = KafkaError::ClientConfig(
            rdkafka::types::RDKafkaConfRes::RD_KAFKA_CONF_INVALID,
            "Invalid value canary".to_owned(),
            "sasl.password".to_owned(),
            "canary".to_owned(),
        );
        let error = ClientError::from(refused);
        let told = format!("{error} {error:?}");
        assert!(told.contains("sasl.password") && !told.contains("canary"), "{told}");
    }
}

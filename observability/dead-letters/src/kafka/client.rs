//! From settings to configured clients.

use choreograph::settings::{Client, Settings};
use choreograph::wire::namespaced;
use rdkafka::ClientConfig;
use rdkafka::admin::AdminClient;
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::BaseConsumer;

use super::writer::{Producer, Reports};
use crate::error::Error;
use crate::limits::TRANSACTION_TIMEOUT;

/// What holds unless a person says otherwise.
const COMMON: [(&str, &str); 2] = [("socket.nagle.disable", "true"), ("reconnect.backoff.max.ms", "2000")];

/// What holds for consumers unless a person says otherwise.
const CONSUMER: [(&str, &str); 4] = [
    ("check.crcs", "true"),
    ("fetch.queue.backoff.ms", "2"),
    ("queued.max.messages.kbytes", "16384"),
    // The end of a partition shows by an empty answer.
    ("fetch.wait.max.ms", "50"),
];

/// What a consumer that reads to an end must be.
const CONSUMER_LAWS: [(&str, &str); 4] = [
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    ("enable.partition.eof", "true"),
    ("auto.offset.reset", "earliest"),
];

/// What holds for the producer unless a person says otherwise.
const PRODUCER: [(&str, &str); 2] = [
    // Keys land where Java's clients put them.
    ("partitioner", "murmur2_random"),
    ("linger.ms", "2"),
];

/// The largest record that the client itself takes: what is too large is the brokers' to say.
const LARGEST_RECORD: &str = "100000000";

/// What this tool calls itself, and the group that its consumers name and never join.
const NAME: &str = "choreograph.dlq";

/// Where the brokers are and how to talk to them.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    settings: Settings,
}

impl Connection {
    /// A connection as the settings describe it.
    pub(crate) fn new(settings: &Settings) -> Result<Self, Error> {
        settings.kafka.bootstrap_servers().map_err(|problem| Error::Setting(problem.to_string()))?;
        Ok(Self { settings: settings.clone() })
    }

    /// The name of a topic on the brokers.
    pub(crate) fn full(&self, topic: &str) -> String {
        namespaced(self.settings.namespace.as_deref(), topic)
    }

    /// The prefix of names on the brokers, with its dot; empty where there is no namespace.
    pub(crate) fn prefix(&self) -> String {
        self.settings.namespace.as_ref().map(|namespace| format!("{namespace}.")).unwrap_or_default()
    }

    /// Partitions and replicas of a topic that is made; `-1` leaves them to the brokers.
    pub(crate) fn replication(&self) -> i32 {
        self.settings.topic_replication.map_or(-1, i32::from)
    }

    /// A consumer that reads to ends: what transactions committed alone, or where logs end for their writers.
    pub(super) fn consumer(&self, isolation: &str) -> Result<BaseConsumer, Error> {
        let mut config = self.config(Client::Consumer, &CONSUMER, &CONSUMER_LAWS);
        config.set("group.id", self.full(NAME)).set("isolation.level", isolation);
        config.create().map_err(|error| Error::kafka("make a consumer", "", &error))
    }

    /// The producer that acts on one dead-letter topic, named without the namespace.
    pub(super) fn producer(&self, topic: &str, reports: Reports) -> Result<Producer, Error> {
        let mut config = self.config(Client::Producer, &PRODUCER, &[]);
        config
            .set("transactional.id", self.transactional_id(topic))
            .set("transaction.timeout.ms", TRANSACTION_TIMEOUT.as_millis().to_string())
            .set("message.timeout.ms", TRANSACTION_TIMEOUT.as_millis().to_string())
            .set("message.max.bytes", LARGEST_RECORD)
            .set("enable.idempotence", "true")
            .set("acks", "all");
        config.create_with_context(reports).map_err(|error| Error::kafka("make a producer", "", &error))
    }

    /// The id under which one dead-letter topic is acted upon: whoever takes it ends the one who had it.
    pub(crate) fn transactional_id(&self, topic: &str) -> String {
        self.full(&format!("{NAME}.{topic}"))
    }

    /// A client for making topics.
    pub(super) fn admin(&self) -> Result<AdminClient<DefaultClientContext>, Error> {
        let config = self.config(Client::Producer, &[], &[]);
        config.create().map_err(|error| Error::kafka("make a client", "", &error))
    }

    /// Defaults first, then what a person set, then what must be.
    fn config(
        &self,
        kind: Client,
        defaults: &[(&'static str, &'static str)],
        laws: &[(&str, &str)],
    ) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("client.id", NAME);
        let defaults = [&COMMON, defaults].concat();
        for (name, value) in self.settings.kafka.properties(kind, &defaults) {
            config.set(name, value);
        }
        for (name, value) in laws {
            config.set(*name, *value);
        }
        config
    }
}

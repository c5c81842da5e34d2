//! A broker in the process: librdkafka's mock cluster, for a first look and quick tests.

use rdkafka::error::KafkaError;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;

/// Brokers of the mock cluster: one is enough for everything it can do.
const BROKERS: i32 = 1;
/// All brokers, as librdkafka counts them.
const ALL: i32 = -1;
/// The session timeout that suits the mock cluster: when somebody joins, it waits a second less for the other members.
const SESSION_TIMEOUT_MS: &str = "6000";
/// Members hear that somebody joins well before that.
const HEARTBEAT_INTERVAL_MS: &str = "1000";

/// A Kafka broker in this process, on a loopback port, for a first look and quick tests.
///
/// It speaks the Kafka protocol to any process on the machine. It is **not** Kafka: nothing is durable, each
/// partition keeps its last 5 MB, aborted transactions are read as if committed, and there is no way to ask
/// about groups or to create topics over the protocol: create them with [`create_topic`](Self::create_topic).
/// Its groups take no commits while a member joins, so that what several instances of a step had under way then may be
/// handled again. A step that must hold in production is tested on real Kafka.
///
/// The broker ends when this is dropped. It stays on the thread that made it.
///
/// ```
/// use choreograph::EmbeddedBroker;
/// use choreograph::settings::Settings;
///
/// let broker = EmbeddedBroker::start()?;
/// broker.create_topic("orders", 3)?;
/// let settings = Settings::read(broker.environment())?;
/// assert_eq!(settings.kafka.bootstrap_servers().ok(), Some(broker.bootstrap_servers().as_str()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct EmbeddedBroker {
    cluster: MockCluster<'static, DefaultProducerContext>,
}

/// The embedded broker cannot do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("the embedded broker cannot {what}")]
pub struct EmbeddedError {
    what: String,
    #[source]
    source: KafkaError,
}

impl EmbeddedBroker {
    /// Starts a broker on a free port.
    ///
    /// # Errors
    ///
    /// Where no loopback port can be had.
    pub fn start() -> Result<Self, EmbeddedError> {
        let cluster = MockCluster::new(BROKERS).map_err(fault("start"))?;
        Ok(Self { cluster })
    }

    /// Where clients find it: `host:port`.
    pub fn bootstrap_servers(&self) -> String {
        self.cluster.bootstrap_servers()
    }

    /// The environment variables which lead a service's [`Settings`](crate::settings::Settings) to it.
    pub fn environment(&self) -> [(&'static str, String); 3] {
        [
            ("KAFKA_BOOTSTRAP_SERVERS", self.bootstrap_servers()),
            ("KAFKA_SESSION_TIMEOUT_MS", SESSION_TIMEOUT_MS.to_owned()),
            ("KAFKA_HEARTBEAT_INTERVAL_MS", HEARTBEAT_INTERVAL_MS.to_owned()),
        ]
    }

    /// Creates a topic, with its namespace if there is one.
    ///
    /// # Errors
    ///
    /// Where the topic exists already, or its name or number of partitions is not legal.
    pub fn create_topic(&self, topic: &str, partitions: i32) -> Result<(), EmbeddedError> {
        self.cluster
            .create_topic(topic, partitions, BROKERS)
            .map_err(fault(format!("create the topic `{topic}`")))
    }

    /// Breaks every connection and refuses new ones, until [`come_back`](Self::come_back).
    ///
    /// # Errors
    ///
    /// Where the broker does not answer to its own process.
    pub fn go_away(&self) -> Result<(), EmbeddedError> {
        self.cluster.broker_down(ALL).map_err(fault("go away"))
    }

    /// Accepts connections again. What it held is still there.
    ///
    /// # Errors
    ///
    /// Where the broker does not answer to its own process.
    pub fn come_back(&self) -> Result<(), EmbeddedError> {
        self.cluster.broker_up(ALL).map_err(fault("come back"))
    }

    /// The cluster itself, for faults that only the driver's tests make.
    #[cfg(test)]
    pub(super) fn cluster(&self) -> &MockCluster<'static, DefaultProducerContext> {
        &self.cluster
    }
}

impl std::fmt::Debug for EmbeddedBroker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddedBroker").field("bootstrap_servers", &self.bootstrap_servers()).finish()
    }
}

/// What could not be done.
fn fault(what: impl Into<String>) -> impl FnOnce(KafkaError) -> EmbeddedError {
    move |source| EmbeddedError { what: what.into(), source }
}

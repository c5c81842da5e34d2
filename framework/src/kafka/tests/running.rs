//! A step that runs, its broker, and what its test puts in and takes out.

use std::collections::BTreeSet;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::super::assign::Begin;
use super::super::client::Connection;
use super::super::driven::{LoopError, StepSetup, Stop};
use super::super::embedded::EmbeddedBroker;
use super::super::partition::{Partition, list_at};
use super::super::rights::Needs;
use super::super::status::Status;
use super::super::thread::spawn;
use super::super::topics::{Role, TopicPlan};
use super::copier::{Copy, Told};
use crate::ops::Health;
use crate::settings::Settings;
use crate::telemetry::Telemetry;

/// A test that has not come to its end by then has failed.
pub(in crate::kafka) const PATIENCE: Duration = Duration::from_mins(1);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A step that runs.
pub(super) struct Running {
    told: mpsc::Receiver<Told>,
    stop: Stop,
    thread: std::thread::JoinHandle<Result<(), LoopError>>,
    pub(super) wants: Arc<Mutex<bool>>,
    pub(super) health: Health,
}

impl Running {
    pub(super) fn start(broker: &EmbeddedBroker, begin: Begin) -> Self {
        let health = Health::new();
        let setup = setup(broker, begin, &health);
        let (tell, told) = mpsc::channel();
        let wants = Arc::new(Mutex::new(true));
        let stop = Stop::default();
        let copy = Copy { to: "out".to_owned(), tell, wants: Arc::clone(&wants) };
        let thread = spawn(setup, copy, stop.clone()).unwrap();
        Self { told, stop, thread, wants, health }
    }

    /// Waits until the stand-in has told `enough`.
    pub(super) fn until(&self, mut enough: impl FnMut(Told) -> bool) {
        let deadline = crate::clock::instant() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(crate::clock::instant());
            let told = self.told.recv_timeout(left).unwrap_or_else(|error| {
                panic!("{error}; health: {:?}", self.health.report());
            });
            if enough(told) {
                return;
            }
        }
    }

    /// Waits until all of `values` were acknowledged, in any order.
    pub(super) fn until_acknowledged(&self, values: impl IntoIterator<Item = String>) {
        let mut missing: BTreeSet<String> = values.into_iter().collect();
        self.until(|told| {
            if let Told::Acknowledged(value) = told {
                missing.remove(&value);
            }
            missing.is_empty()
        });
    }

    pub(super) fn end(self) {
        self.stop.ask();
        let deadline = crate::clock::instant() + PATIENCE;
        while !self.thread.is_finished() {
            assert!(
                crate::clock::instant() < deadline,
                "the step's thread hangs: {:?}",
                self.health.report()
            );
            std::thread::yield_now();
        }
        let Self { thread, told, .. } = self;
        thread.join().unwrap().unwrap();
        let told: Vec<Told> = told.iter().collect();
        assert_eq!(told.last(), Some(&Told::Ended(true)), "the step left before it had settled everything");
        assert!(!told.iter().any(|told| matches!(told, Told::Lost(_))), "partitions were given up by force");
    }
}

/// What a step is told that reads the topics of [`broker`].
pub(in crate::kafka) fn setup(broker: &EmbeddedBroker, begin: Begin, health: &Health) -> StepSetup {
    let settings = Settings::read(broker.environment()).unwrap();
    let topic = |role, name: &str| (role, name.to_owned());
    StepSetup {
        name: "test.copy".to_owned(),
        group: "test.copy".to_owned(),
        subscription: vec!["in".to_owned()],
        topics: TopicPlan {
            topics: vec![topic(Role::Input, "in"), topic(Role::Output, "out")],
            creation: None,
        },
        begin,
        drain: Duration::from_secs(10),
        connection: Connection::new(&settings.kafka),
        status: Arc::new(Status::new(
            health.step("test/copy"),
            Arc::new(Telemetry::quiet().step("test", "copy", "test.copy")),
            Needs::default(),
        )),
    }
}

/// Waits until `so`, looking now and then.
pub(super) fn eventually(step: &Running, mut so: impl FnMut() -> bool) {
    let deadline = crate::clock::instant() + PATIENCE;
    while !so() {
        assert!(crate::clock::instant() < deadline, "{:?}", step.health.report());
        std::thread::park_timeout(LOOK_EVERY);
    }
}

/// A broker with both topics. What the step logs is shown where a test fails.
pub(in crate::kafka) fn broker(partitions: i32) -> EmbeddedBroker {
    let log = tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).with_test_writer();
    // Another test of this process may have been first.
    drop(log.try_init());
    let broker = EmbeddedBroker::start().unwrap();
    broker.create_topic("in", partitions).unwrap();
    broker.create_topic("out", 1).unwrap();
    broker
}

/// Puts records on the input topic, and waits until they are there.
pub(in crate::kafka) fn feed(broker: &EmbeddedBroker, values: impl IntoIterator<Item = String>) {
    feed_to(broker, None, values);
}

/// The same, to one partition.
pub(in crate::kafka) fn feed_to(
    broker: &EmbeddedBroker,
    partition: Option<i32>,
    values: impl IntoIterator<Item = String>,
) {
    let mut config = rdkafka::ClientConfig::new();
    config.set("bootstrap.servers", broker.bootstrap_servers()).set("linger.ms", "0");
    let producer: BaseProducer = config.create().unwrap();
    for value in values {
        let record = || {
            let mut record = BaseRecord::to("in").key(value.as_bytes()).payload(value.as_bytes());
            record.partition = partition;
            record
        };
        while producer.send(record()).is_err() {
            producer.poll(Duration::from_millis(10));
        }
    }
    producer.flush(PATIENCE).unwrap();
}

/// The values on the output topic, in their order, read until `count` are there.
pub(super) fn output(broker: &EmbeddedBroker, count: usize) -> Vec<String> {
    let settings = Settings::read(broker.environment()).unwrap();
    let mut config = rdkafka::ClientConfig::new();
    config.set("bootstrap.servers", settings.kafka.bootstrap_servers().unwrap());
    config.set("group.id", "reader").set("auto.offset.reset", "earliest").set("enable.auto.commit", "false");
    let consumer: rdkafka::consumer::BaseConsumer = config.create().unwrap();
    let list = list_at([(&Partition { topic: "out".into(), number: 0 }, 0)]);
    rdkafka::consumer::Consumer::assign(&consumer, &list).unwrap();
    drop(list);
    let deadline = crate::clock::instant() + PATIENCE;
    let mut values = Vec::new();
    while values.len() < count {
        assert!(crate::clock::instant() < deadline, "only {} of {count} came", values.len());
        if let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) {
            values.push(String::from_utf8(message.payload().unwrap_or_default().to_vec()).unwrap());
        }
    }
    values
}

pub(in crate::kafka) fn numbers(range: std::ops::Range<usize>) -> impl Iterator<Item = String> {
    range.map(|number| number.to_string())
}

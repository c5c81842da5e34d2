//! The driver against the embedded broker, with a stand-in for the runner: it copies every record to another
//! topic and commits what was acknowledged without a gap.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::task::Context;
use std::time::Duration;

use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use super::assign::Begin;
use super::client::Connection;
use super::driven::{Drive, Driven, LoopError, StepSetup, Stop};
use super::embedded::EmbeddedBroker;
use super::partition::Partition;
use super::port::KafkaPort;
use super::rights::Needs;
use super::status::Status;
use super::thread::spawn;
use super::topics::{Role, TopicPlan};
use crate::engine::{Slot, Time};
use crate::ops::Health;
use crate::runner::port::{Delivery, Outgoing, OwnedOutgoing, Port, PublishError, RawRecord, Tag};
use crate::settings::Settings;
use crate::telemetry::Telemetry;

/// A test that has not come to its end by then has failed.
const PATIENCE: Duration = Duration::from_mins(1);
const LOOK_EVERY: Duration = Duration::from_millis(5);
const COMMIT_EVERY_MS: u64 = 50;

/// What a stand-in tells its test.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Told {
    Assigned(i64),
    Acknowledged(String),
    Committed(i64),
    Revoked(usize),
    Setup(String),
    Unsent(u64),
    /// Partitions were taken away with work unsettled.
    Lost(usize),
    /// The stand-in is gone, and whether everything it took was settled and committed.
    Ended(bool),
}

/// One partition of the stand-in.
#[derive(Default)]
struct Ledger {
    /// Taken and not acknowledged.
    open: BTreeSet<i64>,
    next: Option<i64>,
    sent: Option<i64>,
    confirmed: Option<i64>,
    leaving: bool,
}

/// The stand-in for a runner.
struct Copier {
    to: String,
    tell: mpsc::Sender<Told>,
    ledgers: HashMap<Slot, Ledger>,
    flying: BTreeMap<u64, (Slot, i64, String)>,
    again: Vec<(u64, OwnedOutgoing)>,
    /// Records that are never let go of before the end, as an engine keeps them.
    kept: Vec<super::record::KafkaRecord>,
    next_tag: u64,
    wants: Arc<Mutex<bool>>,
    commit_at: u64,
    stopping: bool,
}

impl Copier {
    fn send(tag: u64, record: &OwnedOutgoing, port: &mut KafkaPort<'_>) -> bool {
        let headers: Vec<_> =
            record.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
        let outgoing = Outgoing {
            topic: &record.topic,
            key: record.key.as_deref(),
            value: record.value.as_deref(),
            headers: &headers,
        };
        match port.publish(&outgoing, Tag(tag)) {
            Ok(()) => true,
            Err(PublishError::Record(error)) => panic!("refused: {error}"),
            Err(_) => false,
        }
    }

    fn settled(ledger: &Ledger) -> Option<i64> {
        ledger.open.first().copied().or(ledger.next)
    }
}

impl<'c> Driven<KafkaPort<'c>> for Copier {
    fn wants_records(&self) -> bool {
        !self.stopping && self.again.is_empty() && *self.wants.lock().unwrap()
    }

    fn assigned(&mut self, _: Time, slot: Slot, committed: Option<i64>, _: Option<&str>) {
        self.ledgers.insert(slot, Ledger::default());
        self.tell.send(Told::Assigned(committed.unwrap_or(-1))).ok();
    }

    fn take(&mut self, _: Time, slot: Slot, record: super::record::KafkaRecord, port: &mut KafkaPort<'c>) {
        let ledger = self.ledgers.get_mut(&slot).expect("only partitions that were assigned bring records");
        assert!(!ledger.leaving, "nothing comes from a partition that is being left");
        let offset = record.offset();
        ledger.open.insert(offset);
        ledger.next = Some(offset + 1);
        let value = record.value().map(<[u8]>::to_vec);
        let text = String::from_utf8(value.clone().unwrap_or_default()).unwrap();
        let headers = record.head().iter();
        let headers = headers.map(|(name, value)| (name.to_owned(), value.map(<[u8]>::to_vec))).collect();
        let copy =
            OwnedOutgoing { topic: self.to.clone(), key: record.key().map(<[u8]>::to_vec), value, headers };
        let tag = self.next_tag;
        self.next_tag += 1;
        self.flying.insert(tag, (slot, offset, text));
        if !Self::send(tag, &copy, port) {
            self.again.push((tag, copy));
        }
        if self.kept.len() < 100 {
            self.kept.push(record);
        }
    }

    fn turn(&mut self, now: Time, _: &mut Context<'_>, port: &mut KafkaPort<'_>) -> bool {
        self.again.sort_by_key(|(tag, _)| *tag);
        while let Some((tag, record)) = self.again.first().cloned() {
            if !Self::send(tag, &record, port) {
                break;
            }
            self.again.remove(0);
        }
        let leaving = self.stopping || self.ledgers.values().any(|ledger| ledger.leaving);
        if now.0 >= self.commit_at || leaving {
            self.commit_at = now.0 + COMMIT_EVERY_MS;
            let mut released = Vec::new();
            for (slot, ledger) in &mut self.ledgers {
                if let Some(offset) = Self::settled(ledger)
                    && ledger.sent < Some(offset)
                {
                    ledger.sent = Some(offset);
                    port.commit(*slot, offset, Some("ours".to_owned()));
                }
                if ledger.leaving && ledger.open.is_empty() && ledger.confirmed >= ledger.next {
                    released.push(*slot);
                }
            }
            self.ledgers.retain(|slot, _| !released.contains(slot));
            if !released.is_empty() {
                port.release(&released);
            }
        }
        false
    }

    fn delivered(&mut self, _: Time, tag: Tag, delivery: Delivery, _: &mut KafkaPort<'c>) {
        match delivery {
            Delivery::Acknowledged { .. } => {
                let (slot, offset, text) = self.flying.remove(&tag.0).expect("each publish is reported once");
                if let Some(ledger) = self.ledgers.get_mut(&slot) {
                    ledger.open.remove(&offset);
                }
                self.tell.send(Told::Acknowledged(text)).ok();
            }
            Delivery::Refused { error } => panic!("refused: {error}"),
            Delivery::Setup { topic, record, .. } => {
                self.tell.send(Told::Setup(topic)).ok();
                self.again.push((tag.0, record));
            }
            Delivery::Unsent { record } => {
                self.tell.send(Told::Unsent(tag.0)).ok();
                self.again.push((tag.0, record));
            }
        }
    }

    fn committed(&mut self, _: Time, slot: Slot, offset: i64, ok: bool) {
        let Some(ledger) = self.ledgers.get_mut(&slot) else { return };
        if ok {
            ledger.confirmed = ledger.confirmed.max(Some(offset));
            self.tell.send(Told::Committed(offset)).ok();
        } else {
            ledger.sent = None;
        }
    }

    fn revoked(&mut self, _: Time, slots: &[Slot]) {
        self.tell.send(Told::Revoked(slots.len())).ok();
        for slot in slots {
            if let Some(ledger) = self.ledgers.get_mut(slot) {
                ledger.leaving = true;
            }
        }
    }

    fn lost(&mut self, slots: &[Slot]) {
        self.tell.send(Told::Lost(slots.len())).ok();
        self.ledgers.retain(|slot, _| !slots.contains(slot));
    }

    fn shutdown(&mut self, _: Time) {
        self.stopping = true;
    }

    fn next_wake(&self) -> Option<Time> {
        Some(Time(self.commit_at))
    }

    fn stopped(&self) -> bool {
        self.stopping
            && self.again.is_empty()
            && self.ledgers.values().all(|ledger| ledger.open.is_empty() && ledger.confirmed >= ledger.next)
    }
}

impl Drop for Copier {
    fn drop(&mut self) {
        self.tell.send(Told::Ended(self.stopped())).ok();
    }
}

/// Makes a [`Copier`].
struct Copy {
    to: String,
    tell: mpsc::Sender<Told>,
    wants: Arc<Mutex<bool>>,
}

impl Drive for Copy {
    type Driven<'c> = Copier;

    fn drive<'c>(self) -> Self::Driven<'c> {
        Copier {
            to: self.to,
            tell: self.tell,
            ledgers: HashMap::new(),
            flying: BTreeMap::new(),
            again: Vec::new(),
            kept: Vec::new(),
            next_tag: 0,
            wants: self.wants,
            commit_at: 0,
            stopping: false,
        }
    }
}

/// A step that runs.
struct Running {
    told: mpsc::Receiver<Told>,
    stop: Stop,
    thread: std::thread::JoinHandle<Result<(), LoopError>>,
    wants: Arc<Mutex<bool>>,
    health: Health,
}

impl Running {
    fn start(broker: &EmbeddedBroker, begin: Begin) -> Self {
        Self::start_with(broker, begin, &[])
    }

    fn start_with(broker: &EmbeddedBroker, begin: Begin, more: &[(&'static str, &str)]) -> Self {
        let more = more.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let settings = Settings::read(broker.environment().into_iter().chain(more)).unwrap();
        let health = Health::new();
        let topic = |role, name: &str| (role, name.to_owned());
        let setup = StepSetup {
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
        };
        let (tell, told) = mpsc::channel();
        let wants = Arc::new(Mutex::new(true));
        let stop = Stop::default();
        let copy = Copy { to: "out".to_owned(), tell, wants: Arc::clone(&wants) };
        let thread = spawn(setup, copy, stop.clone()).unwrap();
        Self { told, stop, thread, wants, health }
    }

    /// Waits until the stand-in has told `enough`.
    fn until(&self, mut enough: impl FnMut(Told) -> bool) {
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
    fn until_acknowledged(&self, values: impl IntoIterator<Item = String>) {
        let mut missing: BTreeSet<String> = values.into_iter().collect();
        self.until(|told| {
            if let Told::Acknowledged(value) = told {
                missing.remove(&value);
            }
            missing.is_empty()
        });
    }

    fn end(self) {
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

/// Waits until `so`, looking now and then.
fn eventually(step: &Running, mut so: impl FnMut() -> bool) {
    let deadline = crate::clock::instant() + PATIENCE;
    while !so() {
        assert!(crate::clock::instant() < deadline, "{:?}", step.health.report());
        std::thread::park_timeout(LOOK_EVERY);
    }
}

/// A broker with both topics. What the step logs is shown where a test fails.
fn broker(partitions: i32) -> EmbeddedBroker {
    let log = tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).with_test_writer();
    // Another test of this process may have been first.
    drop(log.try_init());
    let broker = EmbeddedBroker::start().unwrap();
    broker.create_topic("in", partitions).unwrap();
    broker.create_topic("out", 1).unwrap();
    broker
}

/// Puts records on the input topic, and waits until they are there.
fn feed(broker: &EmbeddedBroker, values: impl IntoIterator<Item = String>) {
    let mut config = rdkafka::ClientConfig::new();
    config.set("bootstrap.servers", broker.bootstrap_servers()).set("linger.ms", "0");
    let producer: BaseProducer = config.create().unwrap();
    for value in values {
        while producer.send(BaseRecord::to("in").key(value.as_bytes()).payload(value.as_bytes())).is_err() {
            producer.poll(Duration::from_millis(10));
        }
    }
    producer.flush(PATIENCE).unwrap();
}

/// The values on the output topic, in their order, read until `count` are there.
fn output(broker: &EmbeddedBroker, count: usize) -> Vec<String> {
    let settings = Settings::read(broker.environment()).unwrap();
    let mut config = rdkafka::ClientConfig::new();
    config.set("bootstrap.servers", settings.kafka.bootstrap_servers().unwrap());
    config.set("group.id", "reader").set("auto.offset.reset", "earliest").set("enable.auto.commit", "false");
    let consumer: rdkafka::consumer::BaseConsumer = config.create().unwrap();
    let list = super::partition::list_at([(&Partition { topic: "out".into(), number: 0 }, 0)]);
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

fn numbers(range: std::ops::Range<usize>) -> impl Iterator<Item = String> {
    range.map(|number| number.to_string())
}

#[test]
fn everything_read_is_published_acknowledged_and_committed_and_the_step_ends_without_hanging() {
    let broker = broker(4);
    feed(&broker, numbers(0..2_000));
    let step = Running::start(&broker, Begin::Earliest);
    step.until_acknowledged(numbers(0..2_000));
    // The group says what became of a commit while the step runs, not only when it ends.
    step.until(|told| matches!(told, Told::Committed(offset) if offset > 0));
    eventually(&step, || step.health.report().ready);
    step.end();
    assert_eq!(output(&broker, 2_000).into_iter().collect::<BTreeSet<_>>().len(), 2_000);
    // What was committed is not read again.
    let again = Running::start(&broker, Begin::Earliest);
    let mut assigned = 0;
    again.until(|told| {
        assert!(!matches!(told, Told::Acknowledged(_)), "read again: {told:?}");
        if let Told::Assigned(committed) = told {
            assert!(committed > 0, "nothing was committed");
            assigned += 1;
        }
        assigned == 4
    });
    feed(&broker, ["new".to_owned()]);
    again.until(|told| match told {
        Told::Acknowledged(value) => {
            assert_eq!(value, "new");
            true
        }
        _ => false,
    });
    again.end();
}

#[test]
fn a_step_waits_for_a_broker_that_is_away_and_goes_on() {
    let broker = broker(2);
    let step = Running::start(&broker, Begin::Earliest);
    feed(&broker, numbers(0..10));
    step.until_acknowledged(numbers(0..10));
    broker.go_away().unwrap();
    // An outage shows on /ready.
    eventually(&step, || !step.health.report().ready);
    assert!(step.health.report().live, "a broker that is away never kills a process");
    broker.come_back().unwrap();
    feed(&broker, numbers(10..20));
    step.until_acknowledged(numbers(10..20));
    eventually(&step, || step.health.report().ready);
    step.end();
}

#[test]
fn a_second_member_takes_over_partitions_and_nothing_is_lost() {
    let broker = broker(4);
    let first = Running::start(&broker, Begin::Earliest);
    feed(&broker, numbers(0..500));
    first.until_acknowledged(numbers(0..500));
    let second = Running::start(&broker, Begin::Earliest);
    feed(&broker, numbers(500..1_000));
    first.until(|told| matches!(told, Told::Revoked(count) if count > 0));
    let mut assigned = 0;
    second.until(|told| {
        if let Told::Assigned(committed) = told {
            assert!(committed > 0, "the first member committed before it left");
            assigned += 1;
        }
        assigned == 2
    });
    feed(&broker, numbers(1_000..1_500));
    // Both have acknowledged, one has left: the other is alone with all four.
    first.end();
    feed(&broker, numbers(1_500..2_000));
    assigned = 0;
    second.until(|told| {
        assigned += usize::from(matches!(told, Told::Assigned(_)));
        assigned == 2
    });
    let mut seen = BTreeSet::new();
    let mut count = 2_000;
    while seen.len() < 2_000 {
        seen = output(&broker, count).into_iter().collect();
        count += 2_000 - seen.len();
    }
    second.end();
}

#[test]
fn a_group_that_begins_at_the_end_keeps_its_place_before_it_reads_anything() {
    let broker = broker(1);
    feed(&broker, numbers(0..10));
    let step = Running::start(&broker, Begin::Latest);
    step.until(|told| told == Told::Assigned(10));
    step.end();
    // Nothing was read or settled: only the driver's own commit can hold the place.
    feed(&broker, numbers(10..20));
    let again = Running::start(&broker, Begin::Latest);
    again.until(|told| told == Told::Assigned(10));
    again.until_acknowledged(numbers(10..20));
    again.end();
}

#[test]
fn a_producer_that_may_not_begin_is_replaced_until_it_may() {
    let broker = broker(1);
    broker.cluster().request_errors(
        RDKafkaApiKey::InitProducerId,
        &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED; 2],
    );
    feed(&broker, numbers(0..50));
    let step = Running::start(&broker, Begin::Earliest);
    step.until_acknowledged(numbers(0..50));
    step.end();
    let mut first_seen = Vec::new();
    for value in output(&broker, 50) {
        if !first_seen.contains(&value) {
            first_seen.push(value);
        }
    }
    assert_eq!(first_seen, numbers(0..50).collect::<Vec<_>>());
}

#[test]
fn while_the_runner_wants_nothing_the_group_is_served_and_nothing_is_lost() {
    let broker = broker(2);
    let first = Running::start(&broker, Begin::Earliest);
    feed(&broker, numbers(0..10));
    first.until_acknowledged(numbers(0..10));
    *first.wants.lock().unwrap() = false;
    feed(&broker, numbers(10..1_000));
    // A rebalance gets through although records lie in front of it.
    let second = Running::start(&broker, Begin::Earliest);
    first.until(|told| matches!(told, Told::Revoked(1)));
    second.until(|told| matches!(told, Told::Acknowledged(_)));
    *first.wants.lock().unwrap() = true;
    let seen: BTreeSet<String> = output(&broker, 1_000).into_iter().collect();
    assert_eq!(seen.len(), 1_000, "each record once: nobody left with work unsettled");
    first.end();
    second.end();
}

#[test]
fn a_missing_topic_is_named_and_waited_for() {
    let broker = EmbeddedBroker::start().unwrap();
    broker.create_topic("in", 1).unwrap();
    broker
        .cluster()
        .topic_error("out", RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
        .unwrap();
    let step = Running::start(&broker, Begin::Earliest);
    eventually(&step, || {
        let reasons = step.health.report().steps[0].reasons.join("\n");
        reasons.contains("out") && reasons.contains("right to write")
    });
    broker.cluster().topic_error("out", RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR).unwrap();
    feed(&broker, numbers(0..5));
    step.until_acknowledged(numbers(0..5));
    step.end();
}

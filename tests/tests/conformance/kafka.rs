//! The suite's platforms that speak Kafka: Apache Kafka itself, and the broker in the process.

use std::thread::{self, JoinHandle};

use choreograph::{EmbeddedBroker, RunError, Service, settings::Settings, telemetry::Telemetry};
use choreograph_tests::{
    eventually,
    kafka::{self, Cluster},
    topics::{self, Group, Record, Topic},
};
use tokio::sync::oneshot;

use super::{
    Case, Lab, Platform, Promise, Raw, WITHIN,
    lab::{CHARGE, COUNT, NOTIFY, ORDERS, PAYMENTS},
};

/// Partitions of every topic of the suite, as many as a rehearsal gives.
const PARTITIONS: i32 = 3;
/// How long a service may take to leave. Longer than two commits of what is held back, which are 2 s apart.
const DRAIN: &str = "5s";

/// Where the broker is.
enum Broker {
    /// The one that all tests share: nothing may happen to it.
    Shared,
    /// One of the case's own.
    Own(Box<Cluster>),
    /// The one in this process.
    Embedded(EmbeddedBroker),
}

/// A broker that speaks Kafka, with services on threads of this process.
pub(crate) struct OnKafka {
    broker: Broker,
    bootstrap: String,
    namespace: String,
    services: Vec<Running>,
}

/// A service on its thread.
struct Running {
    name: String,
    stop: Option<oneshot::Sender<()>>,
    thread: JoinHandle<Result<(), String>>,
}

impl OnKafka {
    /// Apache Kafka: the shared one, or one of its own for a case that harms it.
    pub(crate) fn real(case: &Case) -> Self {
        if case.promises.contains(&Promise::BrokerOutage) {
            let cluster = Cluster::start(1, &[]).expect("a Kafka of one node");
            Self::at(cluster.bootstrap(), Broker::Own(Box::new(cluster)))
        } else {
            Self::at(kafka::shared().to_owned(), Broker::Shared)
        }
    }

    /// The broker in this process.
    pub(crate) fn embedded() -> Self {
        let broker = EmbeddedBroker::start().expect("a broker in the process");
        Self::at(broker.bootstrap_servers(), Broker::Embedded(broker))
    }

    fn at(bootstrap: String, broker: Broker) -> Self {
        let platform =
            Self { broker, bootstrap, namespace: topics::namespace("conformance"), services: Vec::new() };
        platform.create_topics();
        platform
    }

    /// Creates every topic of the suite.
    fn create_topics(&self) {
        let own = [CHARGE, NOTIFY, COUNT]
            .into_iter()
            .flat_map(|group| [format!("{group}.dlq"), format!("{group}.retry")]);
        let names = own.chain([ORDERS.to_owned(), PAYMENTS.to_owned()]).map(|name| self.named(&name));
        match &self.broker {
            Broker::Embedded(broker) => {
                names
                    .for_each(|name| broker.create_topic(&name, PARTITIONS).expect("a topic in the process"));
            }
            Broker::Shared | Broker::Own(_) => {
                let new: Vec<_> = names.map(|name| Topic::new(&name, PARTITIONS)).collect();
                topics::create(&self.bootstrap, &new).expect("the topics of the suite");
            }
        }
    }

    /// A topic's or group's name on the broker.
    fn named(&self, name: &str) -> String {
        format!("{}.{name}", self.namespace)
    }

    fn settings(&self) -> Settings {
        let pairs = [
            ("KAFKA_BOOTSTRAP_SERVERS", self.bootstrap.as_str()),
            ("KAFKA_SESSION_TIMEOUT_MS", "6000"),
            ("CHOREOGRAPH_NAMESPACE", &self.namespace),
            ("CHOREOGRAPH_DRAIN_DEADLINE", DRAIN),
            ("CHOREOGRAPH_OPS_ADDRESS", "off"),
        ];
        Settings::read(pairs).expect("the suite's settings are legal")
    }

    fn group(&self, group: &str) -> Group {
        Group::of(&self.bootstrap, &self.named(group)).expect("a look at the group")
    }
}

impl Platform for OnKafka {
    fn cannot(&self, promise: Promise) -> Option<&'static str> {
        match (&self.broker, promise) {
            (Broker::Embedded(_), Promise::SameIds) => Some("its groups cannot be set back from outside"),
            _ => None,
        }
    }

    fn start(&mut self, service: Service<Lab>) {
        let (name, settings) = (service.name().to_owned(), self.settings());
        let (stop, asked) = oneshot::channel::<()>();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| error.to_string())?;
            let shutdown = async { drop(asked.await) };
            let telemetry = Telemetry::quiet();
            match runtime.block_on(service.run(&settings, &telemetry, shutdown)) {
                // A case may stop a handler that outlasts every deadline: what is left is read again.
                Err(RunError::Unsettled(_)) => Ok(()),
                ended => ended.map_err(|error| error.to_string()),
            }
        });
        self.services.push(Running { name, stop: Some(stop), thread });
    }

    fn stop(&mut self, service: &str) {
        let at = self.services.iter().position(|running| running.name == service);
        let running = self.services.remove(at.expect("only what runs is stopped"));
        drop(running.stop);
        running.thread.join().expect("the service does not panic").expect("the service leaves in order");
    }

    fn publish(&mut self, records: Vec<Raw>) {
        let records = records.into_iter().map(|raw| {
            let mut record = Record::to(&self.named(&raw.topic));
            record = raw.key.into_iter().fold(record, Record::key);
            record = raw.value.into_iter().fold(record, Record::value);
            raw.headers.into_iter().fold(record, |record, (name, value)| match value {
                Some(value) => record.header(&name, value),
                None => record.null_header(&name),
            })
        });
        topics::write(&self.bootstrap, &records.collect::<Vec<_>>()).expect("the broker takes every record");
    }

    fn records(&mut self, topic: &str) -> Vec<Raw> {
        let messages = topics::read_all(&self.bootstrap, &self.named(topic)).expect("the topic can be read");
        let raw = messages.into_iter().map(|message| Raw {
            topic: topic.to_owned(),
            key: message.key,
            value: message.value,
            headers: message.headers,
        });
        raw.collect()
    }

    fn lag(&mut self, group: &str, topic: &str) -> u64 {
        let lag = self.group(group).lag(&self.named(topic)).expect("the broker knows the group");
        lag.try_into().expect("nothing is committed past the end")
    }

    fn rewind(&mut self, group: &str, topic: &str) {
        self.group(group).rewind(&self.named(topic)).expect("a group without members can be set back");
    }

    fn broker_down(&mut self) {
        match &mut self.broker {
            Broker::Shared => panic!("nothing may happen to the broker that all tests share"),
            Broker::Own(cluster) => cluster.stop(1).expect("the broker stops"),
            Broker::Embedded(broker) => broker.go_away().expect("the broker goes"),
        }
    }

    fn broker_up(&mut self) {
        match &mut self.broker {
            Broker::Shared => panic!("nothing may happen to the broker that all tests share"),
            Broker::Own(cluster) => cluster.start_again(1).expect("the broker starts again"),
            Broker::Embedded(broker) => broker.come_back().expect("the broker comes back"),
        }
    }

    fn until(&mut self, what: &str, done: &mut dyn FnMut(&mut dyn Platform) -> Result<(), String>) {
        eventually(what, WITHIN, || done(self));
    }
}

impl Drop for OnKafka {
    /// Ends the services before the broker.
    fn drop(&mut self) {
        for running in &mut self.services {
            drop(running.stop.take());
        }
        for running in self.services.drain(..) {
            drop(running.thread.join());
        }
    }
}

//! The shop in a namespace of its own on real Kafka: its services as processes, its till, and the command.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use choreograph::Publisher;
use choreograph::settings::Settings;
use choreograph::telemetry::Telemetry;
use choreograph_tests::otlp::{self, Receiver};
use choreograph_tests::process::{self, Service};
use choreograph_tests::topics::{self, Group, Message, Record, Topic};
use choreograph_tests::{eventually, kafka};
use example_pipeline::services;
use example_pipeline::world::Garbage;
use prometheus::TextEncoder;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use super::bad;
use super::orders::{Fault, Order};

/// How long anything that the test waits for may take on a busy machine.
pub(crate) const WITHIN: Duration = Duration::from_mins(3);

/// Partitions of each topic: so few that orders of different faults share one.
const PARTITIONS: i32 = 2;

/// The name of this shop's instances of the site and the catalogue.
const INSTANCE: &str = "faults";

/// The test that plays a bad version of a service, or the command, when it is told to.
const PLAYER: &str = "with_faults::shop::bad_versions_are_sound";

/// The role of the command `choreograph`.
const COMMAND: &str = "choreograph";

/// The variable with the command's arguments, one a line.
const ARGUMENTS: &str = "TEST_ARGUMENTS";

/// The variable with the folder for what the command prints.
const OUTPUT: &str = "TEST_OUTPUT";

/// What the command prints on standard output, below [`OUTPUT`]; beside it lies what it prints on standard error.
const OUT: &str = "out";
const ERRORS: &str = "errors";

/// Told to, it is a service or the command; else it checks what the bad versions declare.
#[test]
fn bad_versions_are_sound() -> ExitCode {
    match process::role() {
        None => {
            for name in bad::NAMES {
                bad::service(name).expect(name).check().expect(name);
            }
            ExitCode::SUCCESS
        }
        Some(role) if role == COMMAND => {
            let arguments = std::env::var(ARGUMENTS).expect("arguments");
            let folder = PathBuf::from(std::env::var_os(OUTPUT).expect("a folder"));
            let file = |name| File::create(folder.join(name)).expect("a file");
            let (mut out, mut errors) = (file(OUT), file(ERRORS));
            let mut console = choreograph_cli::Console::new(&mut out, &mut errors);
            let exit = choreograph_cli::run(std::iter::once(COMMAND).chain(arguments.lines()), &mut console);
            // Not returned: of a test that fails, the harness makes a code of its own.
            std::process::exit(exit.code().into())
        }
        Some(role) => bad::run(&role).expect("a service"),
    }
}

/// The command `choreograph` as a process.
pub(crate) struct Running {
    process: Service,
    folder: TempDir,
}

impl Running {
    /// What it has printed on standard output so far.
    pub(crate) fn out(&self) -> String {
        fs::read_to_string(self.folder.path().join(OUT)).unwrap_or_default()
    }

    /// All that it has printed, for a person who looks what went wrong.
    pub(crate) fn told(&self) -> String {
        let errors = fs::read_to_string(self.folder.path().join(ERRORS)).unwrap_or_default();
        format!("{}{errors}{}", self.out(), self.process.log().unwrap_or_default())
    }

    /// Waits for its end: its exit code, and what it answers in JSON.
    #[track_caller]
    pub(crate) fn finish(mut self) -> (i32, Value) {
        let status = self.process.wait(WITHIN).expect("ended");
        let answer = serde_json::from_str(&self.out());
        let answer = answer.unwrap_or_else(|error| panic!("{error}: {}", self.told()));
        (status.code().expect("ended by itself"), answer)
    }
}

/// The shop.
pub(crate) struct Shop {
    kafka: &'static str,
    namespace: String,
    folder: TempDir,
    runtime: Runtime,
    till: Publisher,
    /// What the till tells.
    telemetry: Telemetry,
    services: BTreeMap<String, Service>,
    /// Takes what the services export.
    collector: Receiver,
    /// Takes what the command exports.
    operators: Receiver,
}

impl Shop {
    /// A shop with topics and manifests, in which nobody works yet.
    pub(crate) fn open() -> Self {
        let (kafka, namespace) = (kafka::shared(), topics::namespace("faults"));
        let folder = TempDir::new().expect("a folder");
        let manifests = services::manifests(INSTANCE);
        fs::create_dir(folder.path().join("manifests")).expect("a folder");
        let mut needed: BTreeMap<&str, Topic> = BTreeMap::new();
        for manifest in &manifests {
            let path = folder.path().join(format!("manifests/{}.json", manifest.service));
            fs::write(path, serde_json::to_vec_pretty(manifest).expect("JSON")).expect("written");
            for topic in &manifest.topics {
                let made = Topic::new(&format!("{namespace}.{}", topic.name), PARTITIONS);
                needed.insert(&topic.name, made);
            }
        }
        topics::create(kafka, &needed.into_values().collect::<Vec<_>>()).expect("topics");
        let settings =
            Settings::read([("KAFKA_BOOTSTRAP_SERVERS", kafka), ("CHOREOGRAPH_NAMESPACE", &namespace)]);
        let telemetry = Telemetry::quiet();
        let till = Publisher::connect("site", &settings.expect("settings"), &telemetry);
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let (till, runtime) = (till.expect("a till"), runtime.expect("a runtime"));
        let [collector, operators] = [(); 2].map(|()| Receiver::start().expect("a collector"));
        let services = BTreeMap::new();
        Self { kafka, namespace, folder, runtime, till, telemetry, services, collector, operators }
    }

    /// The folder of what the good services declare.
    pub(crate) fn manifests(&self) -> String {
        self.folder.path().join("manifests").to_str().expect("UTF-8").to_owned()
    }

    /// Writes a file that the command can be given.
    pub(crate) fn file(&self, name: &str, value: &Value) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, value.to_string()).expect("written");
        path.to_str().expect("UTF-8").to_owned()
    }

    /// All that is on a topic.
    pub(crate) fn read(&self, topic: &str) -> Vec<Message> {
        topics::read_all(self.kafka, &self.full(topic)).expect("a topic")
    }

    fn full(&self, name: &str) -> String {
        format!("{}.{name}", self.namespace)
    }

    /// Starts one of the shop's own services.
    pub(crate) fn start(&mut self, name: &str) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_example-pipeline"));
        command.args(["service", name]);
        self.run_service(name, command);
    }

    fn run_service(&mut self, name: &str, mut command: Command) {
        command
            .env("KAFKA_BOOTSTRAP_SERVERS", self.kafka)
            .env("CHOREOGRAPH_NAMESPACE", &self.namespace)
            .env("CHOREOGRAPH_OPS_ADDRESS", "127.0.0.1:0")
            .env("CHOREOGRAPH_LOG_FORMAT", "json")
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", self.collector.http())
            .env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
            .env("SHOP_SITE_INSTANCE", INSTANCE)
            .env("SHOP_CATALOGUE_INSTANCE", INSTANCE)
            .env("SHOP_CATALOGUE_ADDRESS", "127.0.0.1:0")
            .env("KAFKA_SESSION_TIMEOUT_MS", "6000")
            .env("KAFKA_HEARTBEAT_INTERVAL_MS", "1000");
        let service = Service::start(name, command).expect("a process");
        self.services.insert(name.to_owned(), service);
    }

    /// What each service that runs exposes on `/metrics`, and what the till would.
    pub(crate) fn metrics(&self) -> BTreeMap<String, String> {
        let exposed = |(name, service): (&String, &Service)| {
            let log = service.log().expect("the log");
            let told = log.split("\"ops\":\"").nth(1).and_then(|rest| rest.split('"').next());
            let address = told.unwrap_or_else(|| panic!("{name} has not said where it is asked:\n{log}"));
            let asked = ureq::get(format!("{address}/metrics")).call();
            let text = asked.and_then(|mut answer| answer.body_mut().read_to_string());
            (name.clone(), text.unwrap_or_else(|error| panic!("{name}: {error}")))
        };
        // Of a process that is none it tells nothing.
        let told = self.telemetry.metrics().gather();
        let told: Vec<_> = told.into_iter().filter(|family| family.name() != "target_info").collect();
        let till = TextEncoder::new().encode_to_string(&told);
        let till = ("till".to_owned(), till.expect("text"));
        self.services.iter().map(exposed).chain([till]).collect()
    }

    /// What a collector exposes of those who acted on dead letters.
    pub(crate) fn operators(&self) -> String {
        otlp::counters(&self.operators.metrics())
    }

    /// Has a service leave in order.
    pub(crate) fn stop(&mut self, name: &str) {
        let mut service = self.services.remove(name).expect("it runs");
        service.terminate().expect("told");
        let status = service.wait(WITHIN).expect("ended");
        assert!(status.success(), "{name}: {status}");
    }

    /// Ends a service that would wait for what it has in hand.
    pub(crate) fn kill(&mut self, name: &str) {
        self.services.remove(name).expect("it runs").kill().expect("killed");
    }

    /// Stops the carrier, and replaces those of which there is a bad version by that.
    pub(crate) fn deploy_bad_versions(&mut self) {
        self.deletes_unread();
        for name in bad::NAMES {
            self.stop(name);
        }
        for name in bad::NAMES {
            self.run_service(name, process::this_test(PLAYER, name).expect("this binary"));
        }
        // A slow order must not wait for somebody to begin.
        for group in ["payment.charge", "orders.settle", "warehouse.dispatch"] {
            self.wait_for(group, (1, "Stable"));
        }
    }

    /// Waits until a group has so many members, and is in this state.
    fn wait_for(&self, group: &str, wanted: (usize, &str)) {
        let looked_at = Group::of(self.kafka, &self.full(group)).expect("a group");
        eventually(&format!("{group} is {wanted:?}"), WITHIN, || match looked_at.members() {
            Ok((members, state)) if (members, state.as_str()) == wanted => Ok(()),
            Ok(other) => Err(format!("{other:?}")),
            Err(error) => Err(error.to_string()),
        });
    }

    /// Sets what a group without members has committed back to the topic's start.
    pub(crate) fn rewind(&self, group: &str, topic: &str) {
        self.wait_for(group, (0, "Empty"));
        let group = Group::of(self.kafka, &self.full(group)).expect("a group");
        group.rewind(&self.full(topic)).expect("set back");
    }

    /// Places the orders of one fate.
    pub(crate) fn place(&self, fault: Fault) -> Vec<Order> {
        let mut orders = fault.orders();
        if fault == Fault::Garbled {
            for order in &mut orders {
                order.id = format!("workflow-of-{}", order.key);
            }
            let records: Vec<Record> = orders.iter().map(|order| self.garbled(order)).collect();
            topics::write(self.kafka, &records).expect("written");
        } else {
            for order in &mut orders {
                let started = self.runtime.block_on(self.till.start(&order.placed())).expect("placed");
                order.id = started.correlation_id().to_string();
            }
        }
        orders
    }

    /// What a till writes of which only headers and key can be read.
    fn garbled(&self, order: &Order) -> Record {
        let (event_type, value) = Garbage::Cut.record(&order.key);
        Record::to(&self.full("orders"))
            .key(order.key.clone())
            .value(value)
            .header("ce_specversion", "1.0")
            .header("ce_id", order.id.as_str())
            .header("ce_source", "broken-till")
            .header("ce_type", event_type.expect("a type"))
            .header("ce_correlationid", order.id.as_str())
            .header("wf", "name=order;hops=0")
            .header("traceparent", "garbled too")
    }

    /// Has what the carrier has not read yet taken off its retry topic: records that nobody misses, of a type that it
    /// passes over. One that came before tells how far it had read.
    pub(crate) fn deletes_unread(&mut self) {
        let topic = self.full("carrier.deliver.retry");
        let stranger =
            || Record::to(&topic).value("{}").header("ce_id", "nobody").header("ce_type", "nothing.v1");
        let group = Group::of(self.kafka, &self.full("carrier.deliver")).expect("a group");
        topics::write(self.kafka, &[stranger().partition(0)]).expect("written");
        eventually("it has read it", WITHIN, || match group.committed(&topic) {
            Ok(all) if all.iter().any(|it| it.partition == 0 && it.offset == Some(1)) => Ok(()),
            other => Err(format!("{other:?}")),
        });
        self.stop("carrier");
        topics::write(self.kafka, &[stranger().partition(0), stranger().partition(0)]).expect("written");
        topics::empty(self.kafka, &topic).expect("emptied");
    }

    /// Starts the command.
    fn command(&self, arguments: &[&str], observer: Option<&str>) -> Running {
        let folder = TempDir::new().expect("a folder");
        let mut command = process::this_test(PLAYER, COMMAND).expect("this binary");
        command
            .env(ARGUMENTS, arguments.join("\n"))
            .env(OUTPUT, folder.path())
            .env("KAFKA_BOOTSTRAP_SERVERS", self.kafka)
            .env("CHOREOGRAPH_NAMESPACE", &self.namespace)
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", self.operators.http())
            .env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
        if let Some(url) = observer {
            command.env("CHOREOGRAPH_OBSERVER", url);
        }
        Running { process: Service::start(COMMAND, command).expect("a process"), folder }
    }

    /// Starts an observer.
    pub(crate) fn observe(&self) -> Running {
        self.command(&["observe", "--listen", "127.0.0.1:0", "--manifests", &self.manifests()], None)
    }

    /// Starts the command, which is to answer in JSON.
    pub(crate) fn begin(&self, arguments: &[&str], observer: Option<&str>) -> Running {
        self.command(&[arguments, &["--format", "json"]].concat(), observer)
    }

    /// Runs the command to its end: its exit code, and what it answers.
    #[track_caller]
    pub(crate) fn ask(&self, arguments: &[&str], observer: Option<&str>) -> (i32, Value) {
        self.begin(arguments, observer).finish()
    }

    /// Runs `choreograph dlq …`, with the manifests.
    #[track_caller]
    pub(crate) fn dlq(&self, arguments: &[&str]) -> (i32, Value) {
        self.ask(&[&["dlq"], arguments, &["--manifests", &self.manifests()]].concat(), None)
    }
}

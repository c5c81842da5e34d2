//! A Kafka with a namespace of the test's own, services on it, and an observer of them.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use choreograph_tests::process::{self, Service};
use choreograph_tests::topics::{self, Record, Topic};
use choreograph_tests::{eventually, kafka};
use serde_json::json;

use crate::cast::{self, CASTS, Fate};
use crate::sight::Sight;

/// How long anything that a test waits for may take on a busy machine.
pub(crate) const WITHIN: Duration = Duration::from_mins(2);

/// How long what is expected soon may take: as long as the brokers need to notice that a member is gone, and some more.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// The test that runs as a service or as the observer when it is told to.
const PLAYER: &str = "stage::every_service_is_sound";

/// The role of the command `choreograph`; its arguments are in [`ARGUMENTS`].
const COMMAND: &str = "choreograph";

/// The variable with the command's arguments, one a line.
const ARGUMENTS: &str = "TEST_ARGUMENTS";

/// Told to, it runs a service, or the command; else it checks the declarations of all.
#[test]
fn every_service_is_sound() -> ExitCode {
    match process::role() {
        None => {
            for cast in &CASTS {
                (cast.service)().check().expect(cast.name);
            }
            ExitCode::SUCCESS
        }
        Some(role) if role == COMMAND => {
            let arguments = std::env::var(ARGUMENTS).expect("arguments");
            let (mut out, mut errors) = (io::stdout(), io::stderr());
            let mut console = choreograph_cli::Console::new(&mut out, &mut errors);
            let exit = choreograph_cli::run(std::iter::once(COMMAND).chain(arguments.lines()), &mut console);
            // Not returned: of a test that fails, the harness makes a code of its own.
            std::process::exit(exit.code().into())
        }
        Some(role) => cast::run(&role).expect("a service"),
    }
}

/// A namespace that no other test uses, and the manifests of the services.
pub(crate) struct Stage {
    kafka: String,
    namespace: String,
    folder: tempfile::TempDir,
}

impl Stage {
    /// A stage without topics, on the Kafka that tests share.
    pub(crate) fn bare() -> Self {
        Self::bare_on(kafka::shared())
    }

    /// A stage without topics, on a Kafka of the test's own.
    pub(crate) fn bare_on(kafka: &str) -> Self {
        Self::of(kafka, &cast::all())
    }

    /// A stage without topics, on which `services` are declared.
    pub(crate) fn of(kafka: &str, services: &[choreograph::Service]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let stage = Self { kafka: kafka.to_owned(), namespace: topics::namespace("observer"), folder };
        fs::create_dir(stage.manifests()).expect("a folder");
        for service in services {
            stage.declare(service);
        }
        stage
    }

    /// Puts the manifest of a service there.
    pub(crate) fn declare(&self, service: &choreograph::Service) {
        let text = serde_json::to_vec_pretty(&service.manifest()).expect("JSON");
        fs::write(self.manifest(service.name()), text).expect("written");
    }

    /// Declares that nothing may take a service's steps longer than [`SOON`]: what the observer goes by, and nobody else.
    pub(crate) fn expects_soon(&self, service: &str) {
        let text = fs::read(self.manifest(service)).expect("a manifest");
        let mut manifest: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
        for step in manifest["steps"].as_array_mut().expect("steps") {
            step["deadline_ms"] = json!(SOON.as_millis());
        }
        fs::write(self.manifest(service), manifest.to_string()).expect("written");
    }

    /// Takes the manifest of a service away.
    pub(crate) fn withdraw(&self, service: &str) {
        fs::remove_file(self.manifest(service)).expect("it was there");
    }

    fn manifest(&self, service: &str) -> PathBuf {
        self.manifests().join(format!("{service}.json"))
    }

    /// A stage with all topics.
    pub(crate) fn new() -> Self {
        let stage = Self::bare();
        stage.create();
        stage
    }

    pub(crate) fn kafka(&self) -> &str {
        &self.kafka
    }

    /// The full name of a topic or group.
    pub(crate) fn full(&self, name: &str) -> String {
        format!("{}.{name}", self.namespace)
    }

    /// Makes the topics of the services.
    pub(crate) fn create(&self) {
        topics::create(&self.kafka, &[Topic::new(&self.full("orders"), 2)]).expect("topics");
        self.create_others();
    }

    /// Makes all but that of orders.
    pub(crate) fn create_others(&self) {
        let mut made: Vec<Topic> =
            ["payments", "shipments"].iter().map(|name| Topic::new(&self.full(name), 2)).collect();
        for step in ["payment.charge", "shipping.ship", "mail.thank"] {
            made.push(Topic::new(&self.full(&format!("{step}.retry")), 1));
            made.push(Topic::new(&self.full(&format!("{step}.dlq")), 1));
        }
        topics::create(&self.kafka, &made).expect("topics");
    }

    fn manifests(&self) -> PathBuf {
        self.folder.path().join("manifests")
    }

    /// Where the observer keeps its state.
    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// What a service or the observer is told of Kafka.
    fn environment(&self, command: &mut Command) {
        command.env("KAFKA_BOOTSTRAP_SERVERS", &self.kafka).env("CHOREOGRAPH_NAMESPACE", &self.namespace);
    }

    /// Starts a service.
    pub(crate) fn start(&self, service: &str) -> Service {
        let mut command = process::this_test(PLAYER, service).expect("this binary");
        self.environment(&mut command);
        command
            .env("KAFKA_SESSION_TIMEOUT_MS", "6000")
            .env("KAFKA_HEARTBEAT_INTERVAL_MS", "1000")
            .env("CHOREOGRAPH_OPS_ADDRESS", "127.0.0.1:0");
        Service::start(service, command).expect("a process")
    }

    /// Starts all services.
    pub(crate) fn start_all(&self) -> BTreeMap<&'static str, Service> {
        ["payment", "shipping", "mail"].map(|name| (name, self.start(name))).into()
    }

    /// The command `choreograph`, to be run as a process.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = process::this_test(PLAYER, COMMAND).expect("this binary");
        self.environment(&mut command);
        command.env(ARGUMENTS, arguments.join("\n"));
        command
    }

    /// Starts an observer, with `more` arguments.
    pub(crate) fn observe(&self, more: &[&str]) -> Sight {
        let manifests = self.manifests();
        let manifests = manifests.to_str().expect("UTF-8");
        let arguments = [&["observe", "--listen", "127.0.0.1:0", "--manifests", manifests], more].concat();
        Sight::of(Service::start("observer", self.command(&arguments)).expect("a process"))
    }

    /// Runs the command, asking `sight`, and gives its exit code and what it printed.
    pub(crate) fn ask(&self, sight: Option<&Sight>, arguments: &[&str]) -> (i32, String) {
        let mut command = self.command(arguments);
        match sight {
            Some(sight) => command.env("CHOREOGRAPH_OBSERVER", sight.url()),
            None => command.env_remove("CHOREOGRAPH_OBSERVER"),
        };
        let mut run = Service::start("choreograph", command).expect("a process");
        let status = run.wait(WITHIN).expect("ended");
        (status.code().expect("ended by itself"), run.log().expect("the log"))
    }

    /// The folder of manifests, as an argument.
    pub(crate) fn manifests_argument(&self) -> String {
        self.manifests().to_str().expect("UTF-8").to_owned()
    }

    /// Writes `count` orders of one fate and gives their ids, which are their workflows' ids too.
    pub(crate) fn order(&self, fate: Fate, count: usize) -> Vec<String> {
        let ids = ids(fate, count);
        let records: Vec<Record> = ids.iter().map(|id| self.record(id, fate, millis())).collect();
        topics::write(&self.kafka, &records).expect("written");
        ids
    }

    /// An order that says it was placed at this time, as a record.
    pub(crate) fn record(&self, id: &str, fate: Fate, started: u64) -> Record {
        let key = format!("key-of-{id}");
        let value = json!({ "order_id": key, "fate": fate }).to_string();
        Record::to(&self.full("orders"))
            .key(key)
            .value(value)
            .header("ce_specversion", "1.0")
            .header("ce_id", id)
            .header("ce_source", "shop")
            .header("ce_type", "order.placed.v1")
            .header("ce_correlationid", id)
            .header("ce_subject", format!("invoice-of-{id}"))
            .header("wf", format!("name=order;started={started};hops=0"))
    }

    /// Waits until `group` has committed everything on `topic`.
    pub(crate) fn settled(&self, group: &str, topic: &str) {
        let (group, topic) =
            (topics::Group::of(&self.kafka, &self.full(group)).expect("a group"), self.full(topic));
        eventually(&format!("{topic} is settled"), WITHIN, || match group.lag(&topic) {
            Ok(0) => Ok(()),
            Ok(lag) => Err(format!("{lag} records not committed")),
            Err(error) => Err(error.to_string()),
        });
    }
}

pub(crate) fn millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    u64::try_from(since.as_millis()).expect("a time")
}

/// Ids of orders of one fate, that nobody else gives.
pub(crate) fn ids(fate: Fate, count: usize) -> Vec<String> {
    let word = serde_json::to_value(fate).expect("a word");
    let word = word.as_str().expect("a word");
    (0..count).map(|number| format!("{word}-{number}-{}", unique())).collect()
}

/// A text that no other call gives, in this process or another.
fn unique() -> String {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let next = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    format!("{:x}-{:x}-{next:x}", std::process::id(), millis())
}

//! Kafka, the services in this process, and the observer as a process of its own.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use choreograph::settings::Settings;
use choreograph::telemetry::Telemetry;
use choreograph_tests::eventually;
use choreograph_tests::kafka::Cluster;
use choreograph_tests::process;
use choreograph_tests::topics::{self, Record, Topic, Writer};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::COMMAND;
use crate::cast::{self, Gates, RUNNING, STEPS, TOPICS};

/// What anything here may come to.
pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// How long the observer may take to answer, and a service to leave.
const WITHIN: Duration = Duration::from_mins(1);

/// Whoever asks the observer has to know it.
pub(crate) const TOKEN: &str = "open sesame";

/// Of the topics of events.
const PARTITIONS: i32 = 2;

/// A service that runs.
struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), String>>,
}

/// Everything there is.
pub(crate) struct Stage {
    runtime: Runtime,
    pub(crate) gates: Gates,
    settings: Settings,
    namespace: String,
    folder: tempfile::TempDir,
    services: BTreeMap<&'static str, Running>,
    observer: Option<process::Service>,
    address: Option<SocketAddr>,
    kafka: Cluster,
}

impl Stage {
    /// Starts everything.
    pub(crate) fn start() -> Outcome<Self> {
        let kafka = Cluster::start(1, &[])?;
        let (bootstrap, namespace) = (kafka.bootstrap(), topics::namespace("observed"));
        let settings = Settings::read([
            ("KAFKA_BOOTSTRAP_SERVERS", bootstrap.as_str()),
            ("CHOREOGRAPH_NAMESPACE", namespace.as_str()),
            ("CHOREOGRAPH_OPS_ADDRESS", "off"),
        ])?;
        let mut stage = Self {
            runtime: tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?,
            gates: Gates::new(),
            settings,
            namespace,
            folder: tempfile::tempdir()?,
            services: BTreeMap::new(),
            observer: None,
            address: None,
            kafka,
        };
        stage.declare()?;
        for name in RUNNING {
            stage.start_service(name)?;
        }
        stage.start_observer()?;
        Ok(stage)
    }

    /// Makes the topics, and writes the manifests that the observer reads.
    fn declare(&self) -> Outcome<()> {
        let mut made: Vec<Topic> =
            TOPICS.iter().map(|name| Topic::new(&self.full(name), PARTITIONS)).collect();
        for step in STEPS {
            made.push(Topic::new(&self.full(&format!("{step}.retry")), 1));
            made.push(Topic::new(&self.full(&format!("{step}.dlq")), 1));
        }
        made.push(Topic::kept(&self.full("choreograph.audit"), 1));
        topics::create(&self.kafka.bootstrap(), &made)?;
        for name in RUNNING.into_iter().chain(["shop"]) {
            let manifest = cast::service(name, &self.gates).map(|service| service.manifest());
            let text = serde_json::to_vec_pretty(&manifest)?;
            fs::write(self.folder.path().join(format!("{name}.json")), text)?;
        }
        Ok(())
    }

    /// The full name of a topic.
    fn full(&self, name: &str) -> String {
        format!("{}.{name}", self.namespace)
    }

    /// Where the page is.
    pub(crate) fn url(&self) -> String {
        self.address.map_or_else(String::new, |address| format!("http://{address}"))
    }

    /// Starts a service that does not run.
    pub(crate) fn start_service(&mut self, name: &str) -> Outcome<()> {
        let name = RUNNING.into_iter().find(|known| *known == name).ok_or("no such service")?;
        if self.services.contains_key(name) {
            return Err("it runs already".into());
        }
        let service = cast::service(name, &self.gates).ok_or("no such service")?;
        let (stop, stopped) = oneshot::channel::<()>();
        let settings = self.settings.clone();
        let task = self.runtime.spawn(async move {
            let ran = service.run(&settings, &Telemetry::quiet(), async { drop(stopped.await) }).await;
            ran.map_err(|error| error.to_string())
        });
        self.services.insert(name, Running { stop, task });
        Ok(())
    }

    /// Has a service leave its group and end.
    pub(crate) fn stop_service(&mut self, name: &str) -> Outcome<()> {
        let Running { stop, task } = self.services.remove(name).ok_or("it does not run")?;
        // An error means that it has ended by itself, which its own answer tells.
        let _ended = stop.send(());
        let ended = self.runtime.block_on(async { tokio::time::timeout(WITHIN, task).await });
        Ok(ended???)
    }

    /// Starts the observer, where it was before if it ran before.
    pub(crate) fn start_observer(&mut self) -> Outcome<()> {
        if self.observer.is_some() {
            return Err("it runs already".into());
        }
        let listen = self.address.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0))).to_string();
        let mut command = Command::new(std::env::current_exe()?);
        command.args([
            COMMAND,
            "observe",
            "--listen",
            &listen,
            "--payloads",
            "--allow-actions",
            "--manifests",
        ]);
        command
            .arg(self.folder.path())
            .env("KAFKA_BOOTSTRAP_SERVERS", self.kafka.bootstrap())
            .env("CHOREOGRAPH_NAMESPACE", &self.namespace)
            .env("CHOREOGRAPH_OBSERVER_TOKEN", TOKEN);
        let process = process::Service::start("observer", command)?;
        let address = eventually("the observer answers", WITHIN, || {
            let log = process.log().map_err(|error| error.to_string())?;
            let address = log.lines().find_map(|line| line.split("the observer answers at http://").nth(1));
            address.and_then(|address| address.trim().parse().ok()).ok_or(log)
        });
        (self.observer, self.address) = (Some(process), Some(address));
        Ok(())
    }

    /// Kills the observer.
    pub(crate) fn kill_observer(&mut self) -> Outcome<()> {
        Ok(self.observer.take().ok_or("it does not run")?.kill()?)
    }

    /// What `choreograph where` answers, and its exit code.
    pub(crate) fn ask_where(&self, text: &str) -> Outcome<Value> {
        let done = Command::new(std::env::current_exe()?)
            .args([COMMAND, "where", text, "--format", "json"])
            .env("CHOREOGRAPH_OBSERVER", self.url())
            .env("CHOREOGRAPH_OBSERVER_TOKEN", TOKEN)
            .output()?;
        let told: Value = serde_json::from_slice(&done.stdout)
            .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&done.stderr)))?;
        Ok(json!({ "exit": done.status.code(), "told": told }))
    }

    /// Writes a record as it stands.
    pub(crate) fn publish(
        &self,
        topic: &str,
        key: &str,
        headers: &BTreeMap<String, String>,
        value: &str,
    ) -> Outcome<()> {
        let record = Record::to(&self.full(topic)).key(key).value(value);
        let record = headers.iter().fold(record, |record, (name, value)| record.header(name, value.as_str()));
        topics::write(&self.kafka.bootstrap(), &[record])?;
        Ok(())
    }

    /// Places `count` orders; of every hundred, one is refused.
    pub(crate) fn place(&self, count: u64) -> Outcome<()> {
        let writer = Writer::new(&self.kafka.bootstrap())?;
        let started = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
        for number in 0..count {
            let id = format!("many-{number}");
            let amount = if number % 100 == 13 { 13 } else { 12 };
            let record = Record::to(&self.full("orders"))
                .key(id.as_str())
                .value(format!(r#"{{"order_id":"{id}","amount":{amount}}}"#))
                .header("ce_specversion", "1.0")
                .header("ce_id", id.as_str())
                .header("ce_source", "shop")
                .header("ce_type", "order.placed.v1")
                .header("ce_correlationid", id.as_str())
                .header("wf", format!("name=order;started={started};hops=0"));
            writer.send(number, &record)?;
        }
        writer.finish()?;
        Ok(())
    }
}

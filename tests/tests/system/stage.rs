//! Where a test's services run: a Kafka, a namespace of the test's own, and processes on both.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use choreograph_tests::process::{self, Service};
use choreograph_tests::topics::{self, Message, Topic};
use choreograph_tests::{eventually, oracle};

/// How long anything that a test waits for may take on a busy machine.
pub(crate) const WITHIN: Duration = Duration::from_secs(90);

/// The test that runs as a service when it is told to.
const PLAYER: &str = "stage::every_service_is_sound";

/// One of the services defined in this binary.
pub(crate) struct Cast {
    /// Its name, which is also the role in which this binary runs it.
    pub(crate) name: &'static str,
    /// Runs it as its `main` would.
    pub(crate) main: fn() -> ExitCode,
    /// Checks its declaration.
    pub(crate) check: fn() -> Result<(), choreograph::ServiceError>,
}

/// The arguments of a service that is told nothing.
pub(crate) fn no_arguments() -> [std::ffi::OsString; 1] {
    ["service".into()]
}

/// Told to, it runs a service; else it checks the declarations of all.
#[test]
fn every_service_is_sound() -> ExitCode {
    let role = process::role();
    for cast in crate::casts() {
        match &role {
            Some(role) if role == cast.name => return (cast.main)(),
            Some(_) => {}
            None => (cast.check)().expect(cast.name),
        }
    }
    assert!(role.is_none(), "there is no service {role:?}");
    ExitCode::SUCCESS
}

/// A Kafka with a namespace in it that no other test uses.
#[derive(Debug, Clone)]
pub(crate) struct Stage {
    kafka: String,
    namespace: String,
}

impl Stage {
    pub(crate) fn on(kafka: &str) -> Self {
        Self { kafka: kafka.to_owned(), namespace: topics::namespace("system") }
    }

    pub(crate) fn kafka(&self) -> &str {
        &self.kafka
    }

    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The full name of a topic or group.
    pub(crate) fn full(&self, name: &str) -> String {
        format!("{}.{name}", self.namespace)
    }

    /// A topic of this namespace, to be made.
    pub(crate) fn topic(&self, name: &str, partitions: i32) -> Topic {
        Topic::new(&self.full(name), partitions)
    }

    /// Makes topics.
    pub(crate) fn create(&self, topics: &[Topic]) {
        topics::create(&self.kafka, topics).expect("topics");
    }

    /// All records of a topic.
    pub(crate) fn read(&self, topic: &str) -> Vec<Message> {
        topics::read_all(&self.kafka, &self.full(topic)).expect("a topic")
    }

    /// A group, seen from outside.
    pub(crate) fn group(&self, group: &str) -> topics::Group {
        topics::Group::of(&self.kafka, &self.full(group)).expect("a group")
    }

    /// Starts a service with `settings` over those that every service here gets. It makes the topics it misses.
    pub(crate) fn start(&self, service: &str, settings: &[(&str, &str)]) -> Actor {
        let mut command = process::this_test(PLAYER, service).expect("this binary");
        command
            .env("KAFKA_BOOTSTRAP_SERVERS", &self.kafka)
            .env("KAFKA_SESSION_TIMEOUT_MS", "6000")
            .env("KAFKA_HEARTBEAT_INTERVAL_MS", "1000")
            .env("KAFKA_RECONNECT_BACKOFF_MAX_MS", "500")
            .env("CHOREOGRAPH_NAMESPACE", &self.namespace)
            .env("CHOREOGRAPH_CREATE_TOPICS", "true")
            .env("CHOREOGRAPH_TOPIC_PARTITIONS", "4")
            .env("CHOREOGRAPH_LOG_FORMAT", "json")
            .env("CHOREOGRAPH_OPS_ADDRESS", "127.0.0.1:0")
            .envs(settings.iter().copied());
        Actor { service: Service::start(service, command).expect("a process") }
    }

    /// Waits until `group` has committed everything on `topic`.
    pub(crate) fn settled(&self, group: &str, topic: &str) {
        let (group, topic) = (self.group(group), self.full(topic));
        eventually(&format!("{topic} is settled"), WITHIN, || match group.lag(&topic) {
            Ok(0) => Ok(()),
            Ok(lag) => Err(format!("{lag} records not committed")),
            Err(e) => Err(e.to_string()),
        });
    }

    /// What `group` has committed on `topic`.
    pub(crate) fn commits(&self, group: &str, topic: &str) -> Vec<oracle::Commit> {
        let committed = self.group(group).committed(&self.full(topic)).expect("commits");
        let commit =
            |c: topics::Committed| Some(oracle::Commit { partition: c.partition, offset: c.offset? });
        committed.into_iter().filter_map(commit).collect()
    }
}

/// A service as a process of its own.
#[derive(Debug)]
pub(crate) struct Actor {
    pub(crate) service: Service,
}

impl Actor {
    /// Everything that it has logged.
    pub(crate) fn log(&self) -> String {
        self.service.log().expect("the log")
    }

    /// The lines of the log that are objects of JSON, with all fields flat.
    pub(crate) fn lines(&self) -> Vec<BTreeMap<String, String>> {
        let log = self.log();
        log.lines().filter_map(|line| serde_json::from_str(line).ok()).map(flat).collect()
    }

    /// What it answers operators: status and body.
    pub(crate) fn ask(&self, path: &str) -> Result<(u16, String), String> {
        let lines = self.lines();
        let ops = lines.iter().find_map(|line| line.get("ops")).ok_or("it has not said where")?;
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(5)))
            .build()
            .into();
        let mut answer = agent.get(format!("{ops}{path}")).call().map_err(|e| e.to_string())?;
        let body = answer.body_mut().read_to_string().map_err(|e| e.to_string())?;
        Ok((answer.status().as_u16(), body))
    }

    /// Waits until it says that it is ready.
    pub(crate) fn ready(&self) {
        eventually("the service is ready", WITHIN, || match self.ask("/ready")? {
            (200, _) => Ok(()),
            (status, body) => Err(format!("{status} {body}")),
        });
    }

    /// Waits until it says that it is not ready, and returns what it says.
    pub(crate) fn unready(&self) -> String {
        eventually("the service says that it is not ready", WITHIN, || match self.ask("/ready")? {
            (503, body) => Ok(body),
            (status, body) => Err(format!("{status} {body}")),
        })
    }

    /// The sum of a counter over all its labels that contain `labels`.
    pub(crate) fn metric(&self, name: &str, labels: &str) -> usize {
        let (_, text) = self.ask("/metrics").expect("metrics");
        let lines = text.lines().filter(|line| line.starts_with(name) && line.contains(labels));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok()).sum()
    }

    /// Ends it in order: SIGTERM, and exit code 0 before its drain deadline and what telemetry may take.
    pub(crate) fn leave(mut self) -> String {
        self.service.terminate().expect("told to end");
        let status = self.service.wait(WITHIN).expect("ended");
        let log = self.log();
        assert!(status.success(), "it ended with {status}:\n{log}");
        assert!(log.contains("the service has ended"), "it ended in order:\n{log}");
        assert!(!log.contains("after the drain deadline"), "it drained in time:\n{log}");
        log
    }
}

/// The fields of an object and of the objects in it, each under its own name.
fn flat(value: serde_json::Value) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    let mut open = vec![(String::new(), value)];
    while let Some((name, value)) = open.pop() {
        match value {
            serde_json::Value::Object(object) => open.extend(object),
            serde_json::Value::String(text) => drop(fields.insert(name, text)),
            other => drop(fields.insert(name, other.to_string())),
        }
    }
    fields
}

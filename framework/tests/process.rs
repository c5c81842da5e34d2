//! What a service's own process tells: its version, and what its handlers panic with.
//!
//! Each test runs this very binary as that process, for the log, the panic hook and the resource are a process's own.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, ChildStderr, Command, ExitCode, Stdio},
};

use choreograph::{Event, In, Service, StepError, step};
use serde_json::Value;

/// Says to this binary that it is the service.
const IS_SERVICE: &str = "IS_SERVICE";

#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema, Event)]
#[event(type = "order.placed", version = "1.0", topic = "orders", key = "id", starts = "order")]
struct OrderPlaced {
    id: String,
}

#[derive(serde::Deserialize, schemars::JsonSchema, Event)]
#[event(view, type = "order.placed", major = 1, topic = "orders")]
struct Order {
    #[serde(deserialize_with = "unless_unread")]
    id: String,
}

/// The team's code that reads a value panics too.
fn unless_unread<'de, D: serde::Deserializer<'de>>(value: D) -> Result<String, D::Error> {
    let id = <String as serde::Deserialize>::deserialize(value)?;
    assert!(id != "unread", "canary {id}");
    Ok(id)
}

async fn send(order: In<Order>) -> Result<(), StepError> {
    let id = order.into_inner().id;
    match id.as_str() {
        "thread" => drop(std::thread::spawn(|| panic!("another thread's own")).join()),
        "task" => tokio::task::spawn_blocking(move || panic!("canary {id}")).await?,
        "literal" => panic!("a literal"),
        id => panic!("canary {id}"),
    }
    Ok(())
}

fn mail() -> Service {
    Service::new("mail", ()).version("2.0").step(step("send", send)).publishes::<OrderPlaced>()
}

/// A process of the service, ended with this.
struct Process {
    child: Child,
    log: BufReader<ChildStderr>,
}

impl Process {
    /// Runs the test `name` of this binary as the service.
    fn start(name: &str, environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this binary"))
            .args(["--exact", name, "--nocapture"])
            .env_clear()
            .env(IS_SERVICE, "true")
            .env("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
            .env("CHOREOGRAPH_OPS_ADDRESS", "127.0.0.1:0")
            .env("CHOREOGRAPH_LOG_FORMAT", "json")
            .envs(environment.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a process");
        let log = BufReader::new(child.stderr.take().expect("piped"));
        Self { child, log }
    }

    /// The log's next line; it ends only with the process.
    fn line(&mut self) -> String {
        let mut line = String::new();
        assert!(self.log.read_line(&mut line).expect("text") > 0, "the process has ended");
        line
    }

    /// Reads the log up to an event that says `message`.
    fn told(&mut self, message: &str) -> Value {
        loop {
            let line = self.line();
            let event: Value = serde_json::from_str(&line).unwrap_or_default();
            if event["message"] == message {
                return event;
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Whether this binary is the service.
fn is_service() -> bool {
    std::env::var_os(IS_SERVICE).is_some()
}

/// Runs the service. Its end is the process's, with its code.
fn serve(service: Service) {
    let code = service.main_from(["mail".into()]);
    assert_eq!(code, ExitCode::SUCCESS);
}

/// The labels of the metric that tells the resource.
fn resource(environment: &[(&str, &str)]) -> (Value, String) {
    let mut process = Process::start("the_versions_of_a_service_reach_its_telemetry", environment);
    let started = process.told("the service has started");
    let address = started["fields"]["ops"].as_str().and_then(|ops| ops.strip_prefix("http://"));
    let address = address.expect("an address");
    let mut stream = TcpStream::connect(address).expect("it listens");
    let question = format!("GET /metrics HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(question.as_bytes()).expect("sent");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("text");
    let line = text
        .lines()
        .find(|line| line.starts_with("target_info{"))
        .unwrap_or_else(|| panic!("no resource in {text}"));
    (started["fields"]["version"].clone(), line.to_owned())
}

#[test]
fn the_versions_of_a_service_reach_its_telemetry() {
    if is_service() {
        return serve(mail());
    }
    let (version, labels) = resource(&[]);
    assert_eq!(version, "2.0");
    assert!(
        labels.contains("service_version=\"2.0\"") && labels.contains("service_name=\"mail\""),
        "{labels}"
    );

    let (_, labels) = resource(&[
        ("OTEL_RESOURCE_ATTRIBUTES", "service.version=canary,service.namespace=shop,service.name=no"),
        ("OTEL_SERVICE_NAME", "post"),
    ]);
    for said in ["service_version=\"canary\"", "service_namespace=\"shop\"", "service_name=\"post\""] {
        assert!(labels.contains(said), "{said} is missing in {labels}");
    }
}

#[cfg(feature = "embedded")]
#[test]
fn what_code_of_a_service_panics_with_is_an_event_of_the_log_without_payload() {
    use choreograph::{EmbeddedBroker, Publisher, settings::Settings, telemetry::Telemetry};

    const NAME: &str = "what_code_of_a_service_panics_with_is_an_event_of_the_log_without_payload";
    const IDS: [&str; 5] = ["thread", "task", "unread", "literal", "o-1"];
    /// All but that of the thread, which the handler does not ask for its end.
    const SET_ASIDE: usize = 4;
    if is_service() {
        return serve(mail());
    }
    let broker = EmbeddedBroker::start().expect("a broker");
    for topic in ["orders", "mail.send.retry", "mail.send.dlq"] {
        broker.create_topic(topic, 1).expect("a topic");
    }
    let settings = Settings::read(broker.environment()).expect("settings");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let publisher = Publisher::connect("shop", &settings, &Telemetry::quiet()).expect("a publisher");
        for id in IDS {
            publisher.start(&OrderPlaced { id: id.to_owned() }).await.expect("it is there");
        }
    });
    let environment = broker.environment();
    let environment = environment.each_ref().map(|(name, value)| (*name, value.as_str()));
    let mut process = Process::start(NAME, &environment);

    let mut events = Vec::new();
    let mut raw = String::new();
    let said = |events: &[Value], message: &str| -> Vec<Value> {
        events.iter().filter(|event| event["message"] == message).cloned().collect()
    };
    // That a record was set aside is told last of it.
    while said(&events, "workflow.dead_lettered").len() < SET_ASIDE {
        let line = process.line();
        match serde_json::from_str(&line) {
            Ok(event) => events.push(event),
            Err(_) => raw.push_str(&line),
        }
    }
    let panics = said(&events, "a handler panicked");
    assert_eq!(panics.len(), 3, "{events:?}");
    for panic in &panics {
        assert_eq!((&panic["level"], &panic["workflow_step"]), (&"ERROR".into(), &"mail/send".into()));
        assert!(panic["workflow_id"].is_string() && panic["event_id"].is_string(), "{panic}");
        let at = panic["fields"]["at"].as_str().expect("a place");
        assert!(at.starts_with("framework/tests/process.rs:"), "{at}");
    }
    let of = |panics: &[Value], literal: Value| {
        panics.iter().filter(|panic| panic["fields"]["panic"] == literal).count()
    };
    assert_eq!((of(&panics, "a literal".into()), of(&panics, Value::Null)), (1, 2), "{panics:?}");

    let elsewhere = said(&events, "a thread or a task panicked");
    assert_eq!(elsewhere.len(), 2, "{events:?}");
    assert!(elsewhere.iter().all(|panic| panic["level"] == "ERROR"), "{elsewhere:?}");
    assert_eq!((of(&elsewhere, "another thread's own".into()), of(&elsewhere, Value::Null)), (1, 1));
    for letter in said(&events, "workflow.dead_lettered") {
        let fields = &letter["fields"];
        assert_eq!((&fields["reason"], &fields["attempts"]), (&"panic".into(), &1.into()), "{letter}");
    }
    assert!(!raw.contains("panicked") && !raw.contains("canary"), "{raw}");
    assert!(!format!("{events:?}").contains("canary"), "{events:?}");
}

#[test]
fn a_service_that_is_not_told_where_kafka_is_says_so_and_does_not_run() {
    const NAME: &str = "a_service_that_is_not_told_where_kafka_is_says_so_and_does_not_run";
    if is_service() {
        let code = mail().main_beside(["mail".into()], |_, _| panic!("nothing begins beside it"));
        assert_eq!(code, ExitCode::from(choreograph::exit::USAGE));
        return;
    }
    for (value, problem) in [("", "it is not set"), (",", "it holds no address")] {
        let mut process = Process::start(NAME, &[("KAFKA_BOOTSTRAP_SERVERS", value)]);
        let told =
            format!("KAFKA_BOOTSTRAP_SERVERS: {problem}; legal: addresses of brokers, as localhost:9092");
        let mut log = String::new();
        for line in process.log.by_ref().lines().map(|line| line.expect("text")) {
            assert!(!line.contains("the service has started"), "{line}");
            log.push_str(&line);
        }
        assert!(log.contains(&told), "{log}");
        assert!(
            process.child.wait().expect("it ended").success(),
            "the code was that of a service that cannot run: {log}"
        );
    }
}

#[test]
fn a_service_beside_which_something_cannot_begin_says_why_and_does_not_run() {
    const NAME: &str = "a_service_beside_which_something_cannot_begin_says_why_and_does_not_run";
    const CANNOT_RUN: u8 = choreograph::exit::USAGE;
    if is_service() {
        let code = mail().main_beside(["mail".into()], |_, _| Err("no port for the page".into()));
        assert_eq!(code, ExitCode::from(CANNOT_RUN));
        return;
    }
    let mut process = Process::start(NAME, &[]);
    // One that goes on all the same never ends: its word that it has started is enough.
    let mut log = String::new();
    while !log.contains("the service has started") && process.log.read_line(&mut log).expect("text") > 0 {}
    assert!(log.lines().any(|line| line == "error: no port for the page"), "{log}");
    assert!(!log.contains("the service has started"), "{log}");
    assert!(
        process.child.wait().expect("it ended").success(),
        "the code was that of a service that cannot run: {log}"
    );
}

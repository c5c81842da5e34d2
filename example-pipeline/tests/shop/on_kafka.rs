//! The whole shop on Apache Kafka, as a person runs it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use choreograph_tests::kafka::shared;
use choreograph_tests::topics::namespace;
use choreograph_topology::Manifest;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use serde_json::Value;
use tempfile::TempDir;

/// How long Kafka may take to say what it has.
const WITHIN: Duration = Duration::from_secs(30);

/// Runs the shop in this namespace; `orders` is its sample if there are none.
fn run(namespace: &str, orders: Option<&Path>) -> Value {
    let folder = TempDir::new().expect("a temporary folder");
    run_in(folder.path(), namespace, orders)
}

/// The same; the manifests are left in `folder`.
fn run_in(folder: &Path, namespace: &str, orders: Option<&Path>) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_example-pipeline"));
    command.args(["--json", "--namespace", namespace, "--folder"]).arg(folder).arg("--manifests").arg(folder);
    if let Some(orders) = orders {
        command.arg("--orders").arg(orders);
    }
    let run = command
        .env("KAFKA_BOOTSTRAP_SERVERS", shared())
        .stdin(Stdio::null())
        .output()
        .expect("the shop's command starts");
    let told = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{}: {told}", run.status);
    serde_json::from_slice(&run.stdout).expect("one JSON object on standard output")
}

/// What must be the same for the same orders.
fn counts(report: &Value) -> Vec<(&str, u64)> {
    [
        "rows_read",
        "rows_refused",
        "orders",
        "returns",
        "delivered",
        "cancelled",
        "unfinished",
        "dead_letters",
        "mails",
    ]
    .map(|field| (field, report[field].as_u64().unwrap_or_else(|| panic!("{field} is a number: {report}"))))
    .into()
}

/// The groups and topics of this namespace that Kafka has.
fn on_kafka(namespace: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let client: BaseConsumer =
        ClientConfig::new().set("bootstrap.servers", shared()).create().expect("a client");
    let groups = client.fetch_group_list(None, WITHIN).expect("groups");
    let topics = client.fetch_metadata(None, WITHIN).expect("topics");
    let ours = |name: &str| Some(name.strip_prefix(namespace)?.strip_prefix('.')?.to_owned());
    (
        groups.groups().iter().filter_map(|group| ours(group.name())).collect(),
        topics.topics().iter().filter_map(|topic| ours(topic.name())).collect(),
    )
}

/// The groups and topics that the manifests in `folder` tell an observer of.
fn declared(folder: &Path) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut groups, mut topics) = (BTreeSet::new(), BTreeSet::new());
    for name in example_pipeline::services::NAMES {
        let text = std::fs::read(folder.join(format!("{name}.json"))).expect("a manifest is there");
        let manifest = Manifest::read(name, &text).expect("a manifest");
        groups.extend(manifest.steps.iter().map(|step| step.group.clone()));
        topics.extend(manifest.topics.iter().map(|topic| topic.name.clone()));
    }
    (groups, topics)
}

#[test]
fn an_observer_is_told_of_the_groups_and_topics_that_are_there() {
    let (namespace, folder) = (namespace("shop"), TempDir::new().expect("a temporary folder"));
    run_in(folder.path(), &namespace, None);
    assert_eq!(declared(folder.path()), on_kafka(&namespace));
}

#[test]
fn twice_in_one_namespace_each_run_counts_only_its_own() {
    let namespace = namespace("shop");
    let (first, second) = (run(&namespace, None), run(&namespace, None));
    assert_eq!(first["orders"].as_u64(), Some(u64::from(example_pipeline::sample::ORDERS)));
    assert_eq!(first["unfinished"].as_u64(), Some(0));
    assert_eq!(counts(&first), counts(&second));
}

/// A day of the real data, or all of them: `ONLINE_RETAIL` names the file or folder, and nothing of them ships.
#[test]
#[ignore = "needs real orders, whose file or folder ONLINE_RETAIL names"]
fn real_orders_come_to_their_end_twice_in_one_namespace() {
    let orders = std::env::var_os("ONLINE_RETAIL").expect("ONLINE_RETAIL, see CONTRIBUTING.md");
    let namespace = namespace("shop");
    let (first, second) =
        (run(&namespace, Some(Path::new(&orders))), run(&namespace, Some(Path::new(&orders))));
    assert_eq!(first["unfinished"].as_u64(), Some(0), "{first}");
    assert_eq!(counts(&first), counts(&second));
}

//! One service of the shop several times on Apache Kafka, each started as a person starts it; one of them is killed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use choreograph_tests::process::Service;
use choreograph_tests::topics::{self, Group, Topic};
use choreograph_tests::{eventually, kafka};
use example_pipeline::{sample, services, world};
use serde_json::Value;
use tempfile::TempDir;

/// How long anything that the test waits for may take on a busy machine.
const WITHIN: Duration = Duration::from_mins(3);
/// Partitions of what payment reads and writes: two for each instance.
const PARTITIONS: i32 = 6;
/// Payments beside the one that the shop's own command starts.
const BESIDE: usize = 2;
/// How long the gateway takes, in milliseconds: so long that many orders are in its hands when an instance dies.
const GATEWAY_MS: &str = "1000";

/// What every process here is told.
fn on(command: &mut Command, namespace: &str) {
    command
        .env("KAFKA_BOOTSTRAP_SERVERS", kafka::shared())
        .env("KAFKA_SESSION_TIMEOUT_MS", "6000")
        .env("KAFKA_HEARTBEAT_INTERVAL_MS", "1000")
        .env("CHOREOGRAPH_LOG_FORMAT", "json")
        .env(world::PACE, GATEWAY_MS);
    if !namespace.is_empty() {
        command.env("CHOREOGRAPH_NAMESPACE", namespace).env("CHOREOGRAPH_OPS_ADDRESS", "127.0.0.1:0");
    }
}

/// The topics of payment. Partitions are dealt out by number, topic after topic: with as many for retries as for orders,
/// an instance might get none of the orders'.
fn create_topics(namespace: &str) {
    let manifests = services::manifests("any");
    let payment = manifests.iter().find(|manifest| manifest.service == "payment").expect("payment");
    let topic = |name: &str| {
        let partitions = if name.strip_suffix(".retry").is_some() { 1 } else { PARTITIONS };
        Topic::new(&format!("{namespace}.{name}"), partitions)
    };
    let topics: Vec<_> = payment.topics.iter().map(|needed| topic(&needed.name)).collect();
    topics::create(kafka::shared(), &topics).expect("topics");
}

/// One payment, started alone.
fn payment(namespace: &str) -> Service {
    let mut command = Command::new(env!("CARGO_BIN_EXE_example-pipeline"));
    on(command.args(["service", "payment"]), namespace);
    Service::start("payment", command).expect("a process")
}

/// The shop's own command, which starts one payment too.
fn shop(namespace: &str, folder: &Path) -> Service {
    let mut command = Command::new(env!("CARGO_BIN_EXE_example-pipeline"));
    on(command.args(["--json", "--namespace", namespace, "--folder"]).arg(folder), "");
    Service::start("shop", command).expect("a process")
}

/// How many orders a payment has charged, as it tells operators; `log` is its own.
fn charged(log: &str) -> Result<u64, String> {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut ops =
        lines.filter_map(|line| line["fields"]["ops"].as_str().or(line["ops"].as_str()).map(str::to_owned));
    let ops = ops.next().ok_or("it has not said where it can be asked")?;
    let mut answer = ureq::get(format!("{ops}/metrics")).call().map_err(|error| error.to_string())?;
    let metrics = answer.body_mut().read_to_string().map_err(|error| error.to_string())?;
    let counts = metrics.lines().filter(|line| {
        line.starts_with("messaging_process_duration_seconds_count{")
            && line.contains(r#"workflow_step="payment/charge""#)
    });
    Ok(counts.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum())
}

/// Waits until the group of charges has so many members, and is stable.
fn members(namespace: &str, wanted: usize) {
    let group = Group::of(kafka::shared(), &format!("{namespace}.payment.charge")).expect("a group");
    eventually(&format!("{wanted} payments share the orders"), WITHIN, || match group.members() {
        Ok((found, state)) if found == wanted && state == "Stable" => Ok(()),
        Ok(found) => Err(format!("{found:?}")),
        Err(error) => Err(error.to_string()),
    });
}

/// The ids of the answers to each order's charge.
fn answers(namespace: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut answers = BTreeMap::<_, BTreeSet<_>>::new();
    for message in topics::read_all(kafka::shared(), &format!("{namespace}.payments")).expect("a topic") {
        let event_type = message.header("ce_type").expect("a type");
        if ["payment.confirmed.v1", "payment.declined.v1"].contains(&event_type) {
            let order = message.key_text().expect("a key").to_owned();
            answers.entry(order).or_default().insert(message.header("ce_id").expect("an id").to_owned());
        }
    }
    answers
}

#[test]
fn instances_share_the_orders_and_when_one_is_killed_the_others_go_on() {
    let namespace = topics::namespace("instances");
    let folder = TempDir::new().expect("a temporary folder");
    create_topics(&namespace);
    let mut beside: Vec<_> = (0..BESIDE).map(|_| payment(&namespace)).collect();
    members(&namespace, BESIDE);
    let mut shop = shop(&namespace, folder.path());
    members(&namespace, BESIDE + 1);

    let its_own = folder.path().join("payment.log");
    eventually("every payment charges orders", WITHIN, || {
        let its_own = std::fs::read_to_string(&its_own).map_err(|error| error.to_string())?;
        let logs = beside.iter().map(|payment| payment.log().expect("a log")).chain([its_own]);
        let charged = logs.map(|log| charged(&log)).collect::<Result<Vec<_>, _>>()?;
        if charged.iter().all(|count| *count > 0) { Ok(()) } else { Err(format!("{charged:?}")) }
    });
    beside.remove(0).kill().expect("killed");
    members(&namespace, BESIDE);

    let ended = shop.wait(WITHIN).expect("the shop's command comes to its end");
    let told = shop.log().expect("what it told");
    assert!(ended.success(), "{ended}: {told}");
    let report = told.lines().find(|line| line.starts_with('{')).expect("one JSON object");
    let report: Value = serde_json::from_str(report).expect("JSON");
    let count =
        |field: &str| report[field].as_u64().unwrap_or_else(|| panic!("{field} is a number: {report}"));
    assert_eq!(count("orders"), u64::from(sample::ORDERS));
    assert_eq!((count("unfinished"), count("unexpected")), (0, 0), "{report}");
    assert_eq!(count("orders"), count("delivered") + count("cancelled"));
    let mails =
        6 * count("delivered") + 3 * count("cancelled_declined") + 5 * count("cancelled_out_of_stock");
    assert_eq!(count("mails"), mails, "each event of an order is told once");
    assert_eq!(count("dead_letters"), count("dead_letters_expected"));

    let answers = answers(&namespace);
    assert_eq!(answers.len() as u64, count("orders"));
    let twice: Vec<_> = answers.iter().filter(|(_, ids)| ids.len() != 1).collect();
    assert!(twice.is_empty(), "whoever charged an order again said the same: {twice:?}");
    for mut payment in beside {
        payment.terminate().expect("told to end");
        assert!(payment.wait(WITHIN).expect("ended").success());
    }
}

//! The whole shop on Apache Kafka, as a person runs it.

use std::path::Path;
use std::process::{Command, Stdio};

use choreograph_tests::kafka::shared;
use choreograph_tests::topics::namespace;
use serde_json::Value;
use tempfile::TempDir;

/// Runs the shop in this namespace; `orders` is its sample if there are none.
fn run(namespace: &str, orders: Option<&Path>) -> Value {
    let folder = TempDir::new().expect("a temporary folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_example-pipeline"));
    command.args(["--json", "--namespace", namespace, "--folder"]).arg(folder.path());
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

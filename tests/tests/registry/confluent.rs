//! Confluent's own client for Python on one topic with our steps: it reads what they emit, and they read what it writes.
//!
//! `tests/third-party/with-registry` starts the registry and sets `REGISTRY_URL` and `CONFLUENT_PYTHON`. Apicurio knows
//! contracts by number; GUIDs, which that client writes into the header, come from the registry of these tests.

use std::process::Command;

use choreograph_tests::kafka;
use choreograph_tests::topics::Message;
use serde_json::{Value, json};

use crate::known::{PASSWORD, Registry, USER, guid};
use crate::stage::Stage;
use crate::{contracts, ids, push, uuid};

/// Confluent's client, beside a registry.
struct Python {
    registry: String,
    /// User and password, or nothing.
    login: String,
}

impl Python {
    /// Runs the client, which must succeed: what it printed.
    fn run(&self, command: &str, topic: &str, more: &[&str]) -> String {
        let python = std::env::var("CONFLUENT_PYTHON").expect("tests/third-party/with-registry sets it");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/registry/confluent.py");
        let output = Command::new(python)
            .args([script, command, kafka::shared(), &self.registry, topic])
            .args(more)
            .env("REGISTRY_USER_INFO", &self.login)
            .output()
            .expect("Python runs");
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Writes orders with the identifier in this form.
    fn writes(&self, stage: &Stage, form: &str, orders: &[Value]) {
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": "urn:contract:order.placed/1.0",
            "title": "OrderPlaced",
            "type": "object",
            "properties": { "order_id": { "type": "string" }, "note": { "type": "string" } },
            "required": ["order_id"],
        });
        let events = orders.iter().map(Value::to_string);
        let more: Vec<_> = [form.to_owned(), schema.to_string()].into_iter().chain(events).collect();
        let more: Vec<_> = more.iter().map(String::as_str).collect();
        self.run("write", &format!("{}.orders", stage.namespace), &more);
    }

    /// Reads so many payments, and checks each against the contract that its record names.
    fn reads(&self, stage: &Stage, count: usize) -> Vec<Value> {
        let printed = self.run("read", &format!("{}.payments", stage.namespace), &[&count.to_string()]);
        printed.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

/// Two orders of Confluent's client, of which one breaks its contract, and the payment of the other: what went over the
/// wire, order and payment.
fn one_of_two_is_paid(python: &Python, stage: &Stage, form: &str) -> (Message, Message) {
    let good = json!({ "id": "good", "value": { "order_id": "good", "note": "a field that the step does not know" } });
    let bad = json!({ "id": "bad", "value": { "order_id": 7 } });
    python.writes(stage, form, &[bad, good]);

    let payment = stage.payments(1).remove(0);
    assert_eq!(payment.key_text(), Some("good"));
    assert_eq!(payment.header("ce_causationid"), Some("good"), "it is the answer to that event");
    assert_eq!(payment.header("ce_dataschema"), Some("urn:contract:payment.confirmed/1.0"));
    assert_eq!(python.reads(stage, 1), [json!({ "order_id": "good" })]);

    let orders = stage.records("orders", 2);
    let dead = stage.records("payment.charge.dlq", 1);
    let header = |name| dead[0].header(name);
    assert_eq!((dead.len(), dead[0].key_text()), (1, Some("bad")));
    assert_eq!(header("dlq-reason"), Some("contract_violation"));
    assert_eq!(header("dlq-contract"), Some("the reader's view of order.placed.v1"));
    let violations: Value =
        serde_json::from_str(header("dlq-violations").expect("violations")).expect("JSON");
    assert_eq!(
        (&violations[0]["instance_path"], &violations[0]["keyword"]),
        (&json!("/order_id"), &json!("type"))
    );
    assert_eq!((&dead[0].value, ids(&dead[0])), (&orders[0].value, ids(&orders[0])), "byte for byte");
    (orders[1].clone(), payment)
}

#[test]
#[ignore = "needs a registry and Confluent's client: `tests/third-party/run registry-events` starts them"]
fn events_cross_with_numbers_before_the_value() {
    let url = std::env::var("REGISTRY_URL").expect("tests/third-party/with-registry sets it");
    push(&contracts(), &url);
    let stage = Stage::start(&[("CHOREOGRAPH_REGISTRY_URL", &url)]);
    let python = Python { registry: url, login: String::new() };
    let (order, payment) = one_of_two_is_paid(&python, &stage, "prefix");
    assert_eq!((order.value.as_ref().expect("a value")[0], ids(&order).len()), (0, 0));
    assert!(matches!(ids(&payment)[..], [ref id] if id[0] == 0 && id.len() == 5), "{payment:?}");
}

#[test]
#[ignore = "needs Confluent's client: `tests/third-party/run registry-events` fetches it"]
fn events_cross_with_guids_in_the_header() {
    let registry = Registry::start();
    let url = format!("http://{}", registry.address);
    let stage = Stage::start(&[
        ("CHOREOGRAPH_REGISTRY_URL", &url),
        ("CHOREOGRAPH_REGISTRY_USER", USER),
        ("CHOREOGRAPH_REGISTRY_PASSWORD", PASSWORD),
    ]);
    let python = Python { registry: url, login: format!("{USER}:{PASSWORD}") };
    let (order, payment) = one_of_two_is_paid(&python, &stage, "header");
    let asked = registry.asked();
    let id = |wanted: &str| {
        let number = asked.iter().position(|(subject, _)| subject == wanted).expect("it was asked");
        [&[1][..], &uuid(&guid(number))].concat()
    };
    assert_eq!((order.value.as_ref().expect("a value")[0], ids(&order)), (b'{', vec![id("OrderPlaced")]));
    assert_eq!(ids(&payment), [id("PaymentConfirmed")]);
}

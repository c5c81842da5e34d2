//! What is said of failed attempts, outages and dead letters.

use super::*;
use crate::{settings::LogFormat, telemetry::logged};

#[test]
fn each_failed_attempt_is_told_in_its_own_words() {
    let text = logged(LogFormat::Human, || {
        let mut bench = Bench::new();
        for name in ["o1", "o2"] {
            let value = format!(r#"{{"order_id":"{name}","act":"faillater"}}"#);
            bench.order_keyed(name.as_bytes(), &value);
        }
        bench.pass(1);
        bench.shop.gate.notify_waiters();
        bench.pass(1);
    });
    let told: Vec<_> = text.lines().filter(|line| line.contains("is made again")).collect();
    assert_eq!(told.len(), 2, "{text}");
    for (line, (event, name)) in told.into_iter().zip([("event-0", "o1"), ("event-1", "o2")]) {
        assert!(line.contains(event) && line.contains(&format!("no luck for {name}")), "{line}");
    }
}

#[test]
fn an_outage_is_told_in_the_words_of_who_said_it() {
    let mut bench = Bench::new();
    for name in ["bank", "o2"] {
        let value = format!(r#"{{"order_id":"{name}","act":"faillater"}}"#);
        bench.order_keyed(name.as_bytes(), &value);
    }
    bench.pass(1);
    bench.shop.gate.notify_waiters();
    bench.pass(1);
    let why = bench.runner.health.update(|state| state.outage.as_ref().map(|outage| outage.why.clone()));
    assert_eq!(why.as_deref(), Some("the bank is away"));
}

/// What is logged of a dead letter before the broker has it, and after.
fn told_of(letter: impl Fn(&mut Bench)) -> (String, String) {
    let mut told = [false, true].map(|acknowledged| {
        logged(LogFormat::Human, || {
            let mut bench = Bench::new();
            letter(&mut bench);
            bench.pass(60_000);
            assert_eq!(bench.reason(), Some("unknown_event"));
            for _ in 0..if acknowledged { 2 } else { 0 } {
                bench.acknowledge_all();
            }
        })
    });
    (std::mem::take(&mut told[0]), std::mem::take(&mut told[1]))
}

#[test]
fn a_dead_letter_is_told_of_once_when_the_broker_has_it() {
    let (before, after) = told_of(|bench| bench.take(&[("ce_id", "lost-1")], Some("abc")));
    assert!(!before.contains("workflow.dead_lettered"), "{before}");
    let told: Vec<_> = after.lines().filter(|line| line.contains("workflow.dead_lettered")).collect();
    let [line] = told[..] else { panic!("one line of it: {after}") };
    for part in
        ["ERROR", "lost-1", "unknown_event", "test.payment.charge.dlq", "test.orders", "payment/charge"]
    {
        assert!(line.contains(part), "{part}: {line}");
    }
}

#[test]
fn one_that_had_to_go_without_its_value_is_told_of_once() {
    let (_, after) = told_of(|bench| {
        bench.take(&[], Some("abc"));
        let (tag, _) = bench.driver.sent.remove(0);
        let refused = Delivery::Refused { error: "MSG_SIZE_TOO_LARGE".to_owned() };
        bench.runner.delivered(bench.now, tag, refused, &mut bench.driver);
    });
    assert_eq!(after.matches("workflow.dead_lettered").count(), 1, "{after}");
}

#[test]
fn a_workflow_that_begins_and_ends_is_told_in_a_line_each() {
    let text = logged(LogFormat::Json, || {
        let mut bench = Bench::new();
        bench.take(&[("ce_type", "order.placed.v1"), ("ce_id", "e-1")], Some(r#"{"order_id":"o1"}"#));
        bench.order(r#"{"order_id":"o2"}"#);
        bench.order(r#"{"order_id":"o3","act":"reject"}"#);
        bench.acknowledge_all();
    });
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of_workflows: Vec<_> =
        lines.iter().filter(|line| line["target"] == "choreograph::workflow").collect();
    let said = |line: &serde_json::Value| {
        ["message", "level", "workflow_id", "event_id", "workflow_step"]
            .map(|field| line[field].as_str().unwrap_or_default().to_owned())
    };
    let said: Vec<_> = of_workflows.into_iter().map(said).collect();
    let expected = [
        ["workflow.started", "DEBUG", "e-1", "e-1", "payment/charge"],
        ["workflow.completed", "DEBUG", "e-1", "e-1", "payment/charge"],
        ["workflow.completed", "DEBUG", "c", "event-1", "payment/charge"],
        ["workflow.failed", "INFO", "c", "event-2", "payment/charge"],
    ];
    assert_eq!(said, expected.map(|line| line.map(str::to_owned)), "{text}");
}

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

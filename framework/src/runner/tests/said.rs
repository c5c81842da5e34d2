//! What is said of failed attempts.

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

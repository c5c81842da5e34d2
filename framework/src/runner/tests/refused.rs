//! What the broker or the producer does not take.

use super::*;

#[test]
fn an_emit_that_the_broker_refuses_makes_its_cause_a_dead_letter() {
    let mut bench = Bench::new();
    bench.order(r#"{"order_id":"o1"}"#);
    let (tag, _) = bench.driver.sent.remove(0);
    let refused = Delivery::Refused { error: "MSG_SIZE_TOO_LARGE".to_owned() };
    bench.runner.delivered(bench.now, tag, refused, &mut bench.driver);
    assert_eq!(bench.reason(), Some("emit_violation"));
    assert!(bench.header(0, "dlq-error").unwrap().contains("MSG_SIZE_TOO_LARGE"));
}

#[test]
fn a_record_that_was_put_away_is_whole_in_its_dead_letter() {
    let mut bench = Bench::new();
    let value = r#"{"order_id":"o1","act":"ask"}"#;
    bench.order(value);
    assert_eq!(bench.driver.put_away, 1);
    let (tag, _) = bench.driver.sent.remove(0);
    let refused = Delivery::Refused { error: "MSG_SIZE_TOO_LARGE".to_owned() };
    bench.runner.delivered(bench.now, tag, refused, &mut bench.driver);
    assert_eq!(bench.reason(), Some("emit_violation"));
    let letter = &bench.driver.sent[0].1;
    assert_eq!((letter.key.as_deref(), letter.value.as_deref()), (Some(&b"k"[..]), Some(value.as_bytes())));
    assert_eq!(bench.header(0, "ce_id"), Some("event-0"));
    bench.acknowledge_all();
    bench.pass(1_000);
    assert_eq!(bench.driver.commits.last(), Some(&1));
}

#[test]
fn an_emit_that_the_producer_refuses_at_once_does_too() {
    let mut bench = Bench::new();
    bench.driver.faults.insert("test.payments".to_owned(), PublishError::Record("too large".to_owned()));
    bench.order(r#"{"order_id":"o1"}"#);
    assert_eq!(bench.reason(), Some("emit_violation"));
}

#[test]
fn a_dead_letter_that_is_too_large_goes_without_its_value() {
    let mut bench = Bench::new();
    bench.take(&[], Some("abc"));
    let (tag, _) = bench.driver.sent.remove(0);
    let refused = Delivery::Refused { error: "MSG_SIZE_TOO_LARGE".to_owned() };
    bench.runner.delivered(bench.now, tag, refused, &mut bench.driver);
    assert_eq!(bench.reason(), Some("unknown_event"));
    assert_eq!(
        (bench.driver.sent[0].1.value.as_deref(), bench.header(0, "dlq-value-size")),
        (None, Some("3"))
    );
}

#[test]
fn a_full_queue_keeps_the_order_and_stops_taking() {
    let mut bench = Bench::new();
    bench.driver.faults.insert("test.payments".to_owned(), PublishError::QueueFull);
    bench.order(r#"{"order_id":"o1","act":"twice"}"#);
    assert!(!bench.runner.wants_records());
    bench.driver.faults.clear();
    bench.pass(1);
    let notes: Vec<_> = bench.driver.sent.iter().map(|(tag, _)| tag.0).collect();
    assert_eq!(notes, [0, 1]);
    assert!(bench.runner.wants_records());
}

#[test]
fn what_a_dead_producer_held_is_sent_again_in_order() {
    let mut bench = Bench::new();
    bench.order(r#"{"order_id":"o1"}"#);
    bench.order(r#"{"order_id":"o2"}"#);
    let lost = std::mem::take(&mut bench.driver.sent);
    for (tag, record) in lost.into_iter().rev() {
        bench.runner.delivered(bench.now, tag, Delivery::Unsent { record: record.into() }, &mut bench.driver);
    }
    bench.pass(1);
    let keys: Vec<_> = bench.driver.sent.iter().map(|(_, record)| record.key.clone().unwrap()).collect();
    assert_eq!(keys, [b"o1".to_vec(), b"o2".to_vec()]);
}

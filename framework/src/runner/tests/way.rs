//! The way of a record for which nothing goes wrong, and what is nobody's business.

use super::*;

#[test]
fn an_event_is_handled_emitted_and_committed_after_acknowledgement() {
    let mut bench = Bench::new();
    bench.order(r#"{"order_id":"o1"}"#);
    let emitted = &bench.driver.sent[0].1;
    assert_eq!((emitted.topic.as_str(), emitted.key.as_deref()), ("test.payments", Some(&b"o1"[..])));
    assert_eq!(emitted.value.as_deref(), Some(&br#"{"order_id":"o1","note":"ok"}"#[..]));
    for (name, value) in [
        ("ce_source", "payment/charge"),
        ("ce_type", "payment.confirmed.v1"),
        ("ce_dataschema", "urn:contract:payment.confirmed/1.2"),
        ("ce_correlationid", "c"),
        ("ce_causationid", "event-0"),
        ("wf", "name=order;started=1;hops=1"),
        ("ce_time", "2024-10-04T00:00:00.000Z"),
    ] {
        assert_eq!(bench.header(0, name), Some(value), "{name}");
    }
    bench.pass(1_000);
    assert!(bench.driver.commits.is_empty(), "nothing is committed before its emits are acknowledged");
    bench.acknowledge_all();
    bench.pass(1_000);
    assert_eq!(bench.driver.commits, [1]);
}

#[test]
fn a_record_handled_again_emits_the_same_ids_and_each_emit_its_own() {
    let ids = |_| {
        let mut bench = Bench::new();
        bench.order(r#"{"order_id":"o1","act":"twice"}"#);
        [0, 1].map(|index| bench.header(index, "ce_id").unwrap().to_owned())
    };
    let [first, second] = [0, 1].map(ids);
    assert_eq!(first, second);
    assert_ne!(first[0], first[1]);
}

#[test]
fn other_types_are_settled_without_a_look_at_the_payload() {
    let mut bench = Bench::new();
    bench.take(&[("ce_type", "stock.counted.v1")], Some("{ not json"));
    bench.pass(1_000);
    assert_eq!((bench.driver.commits.as_slice(), bench.driver.sent.len()), (&[1][..], 0));
}

#[test]
fn a_handler_that_waits_is_taken_up_again() {
    let mut bench = Bench::new();
    bench.order(r#"{"order_id":"o1","act":"wait"}"#);
    bench.pass(1_000);
    assert!(bench.driver.sent.is_empty());
    bench.shop.gate.notify_one();
    bench.pass(10);
    assert_eq!(bench.driver.sent.len(), 1);
}

#[test]
fn shutdown_lets_what_runs_end_and_releases() {
    let mut bench = Bench::new();
    bench.order(r#"{"order_id":"o1"}"#);
    bench.runner.shutdown(bench.now);
    bench.pass(10);
    assert!(!bench.runner.stopped());
    bench.acknowledge_all();
    bench.pass(10);
    assert_eq!(bench.driver.commits, [1]);
    bench.pass(10);
    assert!(bench.runner.stopped());
}

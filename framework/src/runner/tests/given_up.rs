//! What becomes of handlers and emits when their partition is given up.

use super::*;
use crate::{settings::LogFormat, telemetry::logged};

#[test]
fn a_lost_partition_takes_its_handlers_along() {
    let mut bench = Bench::new();
    for round in 1..=3 {
        bench.order(r#"{"order_id":"o1","act":"wait"}"#);
        bench.pass(1_000);
        assert_eq!(bench.shop.waiting(), 1, "round {round}");
        bench.runner.lost(&[SLOT]);
        bench.pass(1);
        assert_eq!(bench.shop.waiting(), 0, "round {round}");
        bench.runner.assigned(bench.now, SLOT, Some(0), None);
        bench.next = 0;
    }
    bench.order(r#"{"order_id":"o1","act":"wait"}"#);
    bench.shop.gate.notify_one();
    bench.pass(1);
    assert_eq!((bench.shop.waiting(), bench.driver.sent.len()), (0, 1), "only the last one ended");
}

#[test]
fn a_released_partition_takes_along_what_outlasted_its_drain() {
    let mut bench = Bench::new();
    bench.order(r#"{"order_id":"o1","act":"wait"}"#);
    bench.runner.revoked(bench.now, &[SLOT]);
    bench.pass(1_000);
    assert_eq!(bench.shop.waiting(), 1, "what runs may end");
    bench.pass(25_000);
    assert_eq!(bench.shop.waiting(), 0);
}

#[test]
fn a_partition_assigned_anew_begins_without_its_old_handlers() {
    let mut bench = Bench::new();
    bench.order(r#"{"order_id":"o1","act":"wait"}"#);
    bench.runner.assigned(bench.now, SLOT, Some(0), None);
    bench.pass(1);
    assert_eq!(bench.shop.waiting(), 0);
}

#[test]
fn what_a_lost_partition_could_not_send_is_the_next_owners() {
    let mut bench = Bench::new();
    bench.driver.faults.insert("test.payments".to_owned(), PublishError::QueueFull);
    bench.order(r#"{"order_id":"o1","act":"twice"}"#);
    bench.runner.lost(&[SLOT]);
    bench.runner.assigned(bench.now, SLOT, Some(7), None);
    bench.next = 7;
    bench.driver.faults.clear();
    bench.pass(1);
    assert!(bench.driver.sent.is_empty(), "{:?}", bench.driver.sent);
    assert!(bench.runner.wants_records());
    bench.order(r#"{"order_id":"o2"}"#);
    assert_eq!(bench.driver.sent.len(), 1);
}

#[test]
fn a_handler_that_panics_where_it_is_dropped_ends_its_attempt_alone() {
    let mut bench = Bench::new();
    bench.order(r#"{"order_id":"o1","act":"bomb"}"#);
    bench.pass(10 * 60_000);
    assert_eq!(bench.reason(), Some("retries_exhausted"));
    assert_eq!(bench.shop.seen.lock().unwrap().len(), 3);
}

#[test]
fn one_that_panics_while_its_partition_is_lost_does_too() {
    let mut bench = Bench::new();
    bench.order(r#"{"order_id":"o1","act":"bomb"}"#);
    bench.runner.lost(&[SLOT]);
    bench.pass(1);
    bench.order(r#"{"order_id":"o1","act":"bomb"}"#);
    drop(bench.runner);
}

#[test]
fn what_a_drain_leaves_behind_is_told_with_its_number() {
    let mut left = 0;
    let told = logged(LogFormat::Human, || {
        let mut bench = Bench::new();
        for key in ["a", "b"] {
            bench.order_keyed(key.as_bytes(), r#"{"order_id":"o1","act":"wait"}"#);
        }
        bench.order_keyed(b"a", r#"{"order_id":"o2"}"#);
        bench.runner.shutdown(bench.now);
        bench.pass(60_000);
        assert!(bench.runner.stopped());
        left = bench.runner.left_behind();
    });
    let lines: Vec<_> = told.lines().filter(|line| line.contains("after the drain deadline")).collect();
    let [line] = lines[..] else { panic!("one line of it: {told}") };
    assert!(line.contains("WARN") && line.contains("partitions=1") && line.contains("records=2"), "{line}");
    assert_eq!(left, 1);
}

#[test]
fn who_settled_everything_left_nothing_behind() {
    let mut bench = Bench::new();
    bench.order(r#"{"order_id":"o1","act":"wait"}"#);
    bench.runner.shutdown(bench.now);
    bench.shop.gate.notify_one();
    bench.pass(1);
    bench.acknowledge_all();
    bench.pass(60_000);
    assert!(bench.runner.stopped() && bench.driver.commits.last() == Some(&1));
    assert_eq!(bench.runner.left_behind(), 0);
}

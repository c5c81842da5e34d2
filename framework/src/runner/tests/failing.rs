//! What becomes of a record that cannot be handled, or not now.

use super::*;
use crate::runner::shift::LONGEST_SHIFT;

#[test]
fn each_way_to_fail_has_its_reason() {
    let order = |value: &'static str| (vec![("ce_type", "order.placed.v1")], Some(value));
    for ((headers, value), reason) in [
        ((vec![], Some("{}")), "unknown_event"),
        ((vec![("ce_type", "order.placed.v9")], Some("{}")), "unsupported_version"),
        ((vec![("ce_type", "order.placed.v1"), ("wf", "name=o;hops=65")], Some("{}")), "hop_limit"),
        (order("{ not json"), "undecodable"),
        (order(""), "undecodable"),
        ((vec![("ce_type", "order.placed.v1")], None), "undecodable"),
        (order(r#"{"order_id":7}"#), "contract_violation"),
        (order(r#"{"order_id":"o","small":1.0}"#), "unreadable"),
        (order(r#"{"small":13,"order_id":"o"}"#), "panic"),
        (order(r#"{"small":13,"order_id":7}"#), "contract_violation"),
        (order(r#"{"small":13,"order_id":"o","x":1,"x":2}"#), "undecodable"),
        (order(r#"{"order_id":"o","act":"reject"}"#), "rejected"),
        (order(r#"{"order_id":"o","act":"panic"}"#), "panic"),
        (order(r#"{"order_id":"o","act":"panicbomb"}"#), "panic"),
        (order(r#"{"order_id":"o","act":"badEmit"}"#), "contract_violation"),
        (order(r#"{"order_id":"o","act":"bademit"}"#), "emit_violation"),
        (order(r#"{"order_id":"o","act":"fail"}"#), "retries_exhausted"),
    ] {
        let mut bench = Bench::new();
        bench.take(&headers, value);
        bench.pass(60_000);
        assert_eq!(bench.reason(), Some(reason), "{headers:?} {value:?}");
        assert_eq!(bench.driver.sent[0].1.value.as_deref(), value.map(str::as_bytes));
        assert!(bench.driver.commits.iter().all(|offset| *offset == 0), "{reason}");
        bench.acknowledge_all();
        bench.pass(1_000);
        assert_eq!(bench.driver.commits.last(), Some(&1), "{reason}");
    }
}

#[test]
fn a_failed_attempt_is_repeated_and_blocks_its_key_alone() {
    let mut bench = Bench::new();
    bench.order(r#"{"order_id":"o1","act":"failonce"}"#);
    bench.order(r#"{"order_id":"o2"}"#);
    bench.pass(60_000);
    let seen = bench.shop.seen.lock().unwrap().clone();
    assert_eq!(seen, [("o1".to_owned(), 1), ("o1".to_owned(), 2), ("o2".to_owned(), 1)]);
    assert_eq!(bench.driver.sent.len(), 2);
}

#[test]
fn what_a_later_attempt_emits_says_so_and_what_a_first_one_emits_says_nothing() {
    let mut bench = Bench::new();
    bench.order_keyed(b"late", r#"{"order_id":"o1","act":"failonce"}"#);
    bench.order_keyed(b"other", r#"{"order_id":"o2"}"#);
    bench.pass(60_000);
    assert_eq!((bench.header(0, "ce_causationid"), bench.header(0, "wf-retried")), (Some("event-1"), None));
    let said = (bench.header(1, "ce_causationid"), bench.header(1, "wf-retried"));
    assert_eq!(said, (Some("event-0"), Some("attempt=2;first-failed=1728000000000")));
}

#[test]
fn an_outage_spends_no_attempt_that_an_emit_would_tell_of() {
    let mut bench = Bench::new();
    bench.order(r#"{"order_id":"o1","act":"awayonce"}"#);
    bench.pass(60_000);
    assert_eq!((bench.shop.seen.lock().unwrap().len(), bench.driver.sent.len()), (2, 1));
    assert_eq!(bench.header(0, "wf-retried"), None);
}

#[test]
fn a_handler_that_never_ends_times_out() {
    let mut bench = Bench::new();
    bench.order(r#"{"order_id":"o1","act":"wait"}"#);
    bench.pass(10 * 60_000);
    assert_eq!(bench.reason(), Some("retries_exhausted"));
    assert!(bench.header(0, "dlq-error").unwrap().contains("no end within"));
    assert_eq!(bench.shop.seen.lock().unwrap().len(), 3);
}

#[test]
fn an_outage_takes_nothing_and_loses_nothing() {
    let mut bench = Bench::new();
    bench.order(r#"{"order_id":"o1","act":"away"}"#);
    bench.pass(120_000);
    assert!(bench.driver.sent.is_empty());
    assert!(bench.driver.paused);
    assert!(bench.driver.commits.iter().all(|offset| *offset == 0));
}

#[test]
fn an_attempt_that_ended_as_its_limit_passed_is_not_ended_again() {
    let mut bench = Bench::new();
    bench.order_keyed(b"late", r#"{"order_id":"late","act":"faillater"}"#);
    bench.now.0 += 60_000;
    bench.driver.pace = LONGEST_SHIFT / 5;
    for number in 0..40 {
        bench.order_keyed(number.to_string().as_bytes(), r#"{"order_id":"o"}"#);
    }
    let mut cx = Context::from_waker(Waker::noop());
    let mut turn = |bench: &mut Bench, ms| {
        bench.now.0 += ms;
        bench.runner.turn(bench.now, &mut cx, &mut bench.driver)
    };
    // The limit is noticed, behind runs that use up the turn; by then the handler has failed, and is due again.
    turn(&mut bench, 0);
    bench.shop.gate.notify_one();
    turn(&mut bench, 1);
    turn(&mut bench, 100);
    assert!(bench.driver.sent.len() < 40, "the limit still waits its turn");
    while turn(&mut bench, 1) {}
    turn(&mut bench, 200);
    let seen = bench.shop.seen.lock().unwrap().clone();
    let late: Vec<u32> = seen.iter().filter(|(key, _)| key == "late").map(|(_, attempt)| *attempt).collect();
    assert_eq!((late, bench.shop.waiting()), (vec![1, 2], 1));
}

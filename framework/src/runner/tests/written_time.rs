//! The times that are written follow the wall clock, whatever the steady one says.

use super::*;

/// The wall clock was set after the process started.
fn late() -> Bench {
    let mut bench = Bench::new();
    bench.driver.ahead = Duration::from_hours(24);
    bench
}

#[test]
fn an_emit_says_the_time_of_the_wall_clock() {
    let mut bench = late();
    bench.order(r#"{"order_id":"o1"}"#);
    assert_eq!(bench.header(0, "ce_time"), Some("2024-10-05T00:00:00.000Z"));
}

#[test]
fn a_dead_letter_does_too() {
    let mut bench = late();
    bench.order(r#"{"order_id":"o1","act":"fail"}"#);
    bench.pass(60_000);
    assert_eq!(bench.reason(), Some("retries_exhausted"));
    assert_eq!(bench.header(0, "wf-first-failed-at"), Some("2024-10-05T00:00:00.000Z"));
    assert!(bench.header(0, "dlq-failed-at").unwrap().starts_with("2024-10-05T00:00:"));
}

#[test]
fn an_emit_says_when_the_first_attempt_failed_by_the_wall_clock() {
    let mut bench = late();
    bench.order(r#"{"order_id":"o1","act":"failonce"}"#);
    bench.pass(60_000);
    assert_eq!(bench.header(0, "wf-retried"), Some("attempt=2;first-failed=1728086400000"));
}

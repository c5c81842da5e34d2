//! Clocks that disagree.

use super::log::{Log, START};
use crate::answer::InstanceState;

const PLACED: [(&str, &str); 3] = [("ce_id", "a"), ("ce_type", "order.placed.v1"), ("ce_correlationid", "a")];

#[test]
fn a_producer_whose_clock_is_an_hour_slow_stalls_nothing() {
    let mut log = Log::new();
    log.look();
    log.wait(2_000);
    log.put_at("orders", 0, "a", &PLACED, Some(START - 3_600_000));
    log.look();
    assert_eq!(log.is("a").0, InstanceState::Running);
    log.look_for(50_000);
    assert_eq!(log.is("a").0, InstanceState::Running);
    log.look_for(16_000);
    assert_eq!(log.is("a").0, InstanceState::Stalled, "its own minute is over");
}

#[test]
fn a_producer_whose_clock_is_an_hour_fast_hides_nothing() {
    let mut log = Log::new();
    log.look();
    log.put_at("orders", 0, "a", &PLACED, Some(START + 3_600_000));
    log.look_for(64_000);
    assert_eq!(log.is("a").0, InstanceState::Stalled);
    assert!(log.summary("a").updated <= log.now);
}

#[test]
fn a_workflow_started_when_its_first_record_was_there_whatever_a_wrong_clock_says() {
    let hour = 3_600_000;
    for (said, stamped) in [(-hour, -hour), (hour, hour), (hour, -hour), (-hour, hour)] {
        let mut log = Log::new();
        log.look();
        log.wait(2_000);
        let [said, stamped] = [said, stamped].map(|off| log.now.saturating_add_signed(off));
        let wf = format!("name=order;started={said};hops=0");
        let placed = log.now;
        let first: Vec<_> = PLACED.into_iter().chain([("wf", wf.as_str())]).collect();
        log.put_at("orders", 0, "a", &first, Some(stamped));
        log.look();
        assert!(log.summary("a").started.abs_diff(placed) <= 2_000, "{:?}", log.summary("a"));
        log.wait(3_000);
        let effect = [
            ("ce_id", "d"),
            ("ce_type", "payment.declined.v1"),
            ("ce_source", "payment/charge"),
            ("ce_correlationid", "a"),
            ("ce_causationid", "a"),
            ("wf", wf.as_str()),
        ];
        log.put_at("payments", 0, "a", &effect, Some(log.now));
        log.commit_all();
        log.look();
        assert_eq!(log.is("a").0, InstanceState::Completed);
        let sentence = log.summary("a").sentence;
        assert!(sentence.contains(", after ") && !sentence.contains(" h"), "{sentence}");
    }
}

#[test]
fn an_effect_that_seems_older_than_its_cause_took_no_time() {
    let mut log = Log::new();
    log.place("a");
    log.wait(5_000);
    let headers = [
        ("ce_id", "d"),
        ("ce_type", "payment.declined.v1"),
        ("ce_source", "payment/charge"),
        ("ce_correlationid", "a"),
        ("ce_causationid", "a"),
    ];
    log.put_at("payments", 0, "a", &headers, Some(START - 10_000));
    log.commit_all();
    log.look();
    assert_eq!(log.is("a").0, InstanceState::Completed);
    assert!(log.summary("a").sentence.ends_with("after less than a second"), "{}", log.summary("a").sentence);
}

#[test]
fn history_is_as_old_as_it_says() {
    let mut log = Log::new();
    log.put_at("orders", 0, "a", &PLACED, Some(START - 600_000));
    log.look();
    log.look_for(64_000);
    assert_eq!(log.is("a").0, InstanceState::Stalled);
    let sentence = log.summary("a").sentence;
    assert!(sentence.starts_with("stuck 11 min at payment/charge"), "{sentence}");
}

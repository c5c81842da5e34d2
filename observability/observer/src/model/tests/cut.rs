//! What an instance comes to, and that nothing is said before it is proved.

use choreograph_topology::Manifest;

use super::log::Log;
use crate::answer::{InstanceState, StallReason, StepState};
use crate::model::ModelSettings;

#[test]
fn an_order_goes_from_step_to_step_to_its_end() {
    let mut log = Log::new();
    log.look();
    log.place("a");
    log.wait(1_000);
    log.look();
    assert_eq!(log.at("a", "a", "payment/charge"), StepState::Handling);
    log.confirm("a");
    assert_eq!(log.at("a", "a", "payment/charge"), StepState::Emitting);
    log.commit("payment.charge", "orders", 1);
    log.look();
    assert!(matches!(log.at("a", "a", "payment/charge"), StepState::Done { at: Some(_) }));
    assert_eq!(log.is("a"), (InstanceState::Running, None));
    assert_eq!(log.summary("a").step.as_deref(), Some("shipping/ship"));
    log.deliver("a");
    log.look();
    assert_eq!(log.is("a").0, InstanceState::Running, "the emit is seen, the commit not yet");
    log.commit("shipping.ship", "payments", 1);
    log.wait(10_000);
    log.look();
    let summary = log.summary("a");
    assert_eq!(summary.state, InstanceState::Completed);
    assert_eq!(summary.sentence, "came to its end 10 s ago, after 1 s; 2 side steps still owe");
    log.commit_all();
    log.look();
    assert_eq!(log.summary("a").sentence, "came to its end 10 s ago, after 1 s");
}

#[test]
fn a_swallowed_event_is_lost_only_once_everything_was_read() {
    let mut log = Log::new();
    log.look();
    log.place("a");
    log.commit("payment.charge", "orders", 1);
    log.look_at_groups();
    log.model.tick(log.now);
    assert_eq!(log.at("a", "a", "payment/charge"), StepState::Emitting, "committed, and nothing is proved");
    assert_eq!(log.is("a").0, InstanceState::Running);
    // There is a record behind, which may be what the step emitted.
    let offset = log.write("payments", 0);
    log.look_at_ends();
    log.model.tick(log.now);
    assert_eq!(log.is("a").0, InstanceState::Running, "not all was read");
    log.tell("payments", 0, offset, "b", &[("ce_id", "x"), ("ce_type", "y.v1")], Some(log.now));
    log.model.tick(log.now);
    assert_eq!(log.is("a"), (InstanceState::Lost, Some(StallReason::Lost)));
    let sentence = log.summary("a").sentence;
    assert!(sentence.starts_with("lost at payment/charge: it took order.placed.v1 "), "{sentence}");
    assert_eq!(log.summary("a").step.as_deref(), Some("payment/charge"));
}

/// An order is charged and reserved, and delivered once both have come.
pub(super) const JOINED: [&str; 4] = [
    r#"{ "manifest": 1, "service": "site", "publishes": [
        { "type": "order.placed", "version": "1.0", "topic": "orders", "external": true,
          "starts_workflow": "order", "schema": true }] }"#,
    r#"{ "manifest": 1, "service": "payment", "steps": [
        { "name": "charge", "group": "payment.charge",
          "consumes": [{ "type": "order.placed", "major": 1, "topic": "orders", "schema": true }],
          "emits": [{ "type": "payment.confirmed", "version": "1.0", "topic": "payments", "schema": true }] }] }"#,
    r#"{ "manifest": 1, "service": "stock", "steps": [
        { "name": "reserve", "group": "stock.reserve",
          "consumes": [{ "type": "order.placed", "major": 1, "topic": "orders", "schema": true }],
          "emits": [{ "type": "stock.reserved", "version": "1.0", "topic": "stock", "schema": true }] }] }"#,
    r#"{ "manifest": 1, "service": "shipping", "steps": [
        { "name": "join", "group": "shipping.join",
          "consumes": [{ "type": "payment.confirmed", "major": 1, "topic": "payments", "schema": true },
                       { "type": "stock.reserved", "major": 1, "topic": "stock", "schema": true }],
          "emits": [{ "type": "order.delivered", "version": "1.0", "topic": "orders", "terminal": true,
                      "schema": true }] }] }"#,
];

#[test]
fn the_step_that_swallowed_a_branch_lost_it_and_not_the_one_that_waits_for_the_branch() {
    let manifests = JOINED.map(|text| Manifest::read("m.json", text.as_bytes()).unwrap());
    for stock_is_first in [true, false] {
        let mut log = Log::of(ModelSettings::default(), &manifests);
        log.look();
        log.place("a");
        if stock_is_first {
            log.commit("stock.reserve", "orders", 1);
            log.look_for(4_000);
        }
        log.confirm("a");
        log.look_for(4_000);
        log.commit_all();
        log.look_for(4_000);
        let summary = log.summary("a");
        assert_eq!((summary.state, summary.step.as_deref()), (InstanceState::Lost, Some("stock/reserve")));
        let sentence = summary.sentence;
        assert!(sentence.starts_with("lost at stock/reserve: it took order.placed.v1 "), "{sentence}");
        let join = "; nothing came of payment.confirmed.v1 at shipping/join either, which may wait for stock.reserved.v1";
        assert!(sentence.ends_with(join), "{sentence}");
    }
}

#[test]
fn a_join_to_which_every_branch_came_lost_it_itself() {
    let manifests = JOINED.map(|text| Manifest::read("m.json", text.as_bytes()).unwrap());
    let mut log = Log::of(ModelSettings::default(), &manifests);
    log.look();
    log.place("a");
    log.confirm("a");
    log.emit("stock", "a", ("a-there", "stock.reserved.v1"), "stock/reserve", "a");
    log.commit_all();
    log.look_for(4_000);
    let summary = log.summary("a");
    assert_eq!((summary.state, summary.step.as_deref()), (InstanceState::Lost, Some("shipping/join")));
}

#[test]
fn what_lies_in_a_partition_that_was_made_just_now_was_not_swallowed() {
    let mut log = Log::new();
    log.look();
    log.place("a");
    // The step wrote to a partition that nobody has asked for since.
    log.partitions_at = Some(log.now);
    log.wait(1_000);
    log.commit("payment.charge", "orders", 1);
    for _ in 0..3 {
        log.look();
        assert_eq!(log.is("a").0, InstanceState::Running);
        assert!(log.summary("a").sentence.contains("still being read"), "{}", log.summary("a").sentence);
        log.wait(2_000);
    }
    log.partitions_at = None;
    let headers = [
        ("ce_id", "p"),
        ("ce_type", "payment.confirmed.v1"),
        ("ce_source", "payment/charge"),
        ("ce_correlationid", "a"),
        ("ce_causationid", "a"),
    ];
    log.put_at("payments", 1, "a", &headers, Some(log.now));
    log.look();
    assert_eq!(log.summary("a").step.as_deref(), Some("shipping/ship"));
}

#[test]
fn what_is_lost_stays_so_until_something_of_it_is_seen() {
    let mut log = Log::new();
    log.look();
    log.place("a");
    log.commit("payment.charge", "orders", 1);
    log.wait(1_000);
    log.look();
    assert_eq!(log.is("a").0, InstanceState::Lost);
    let node = |log: &Log| {
        let steps = log.model.workflow("order", log.now).unwrap().steps;
        steps.into_iter().find(|it| it.step == "payment/charge").unwrap()
    };
    assert_eq!(node(&log).lost, 1);
    log.partitions_at = Some(log.now);
    log.wait(2_000);
    log.look();
    assert_eq!(log.is("a").0, InstanceState::Lost, "that there may be new partitions takes nothing back");
    log.confirm("a");
    log.look();
    assert_eq!((log.is("a").0, node(&log).lost), (InstanceState::Running, 0));
}

#[test]
fn what_was_late_to_be_read_was_not_swallowed() {
    let mut log = Log::new();
    log.look();
    log.place("a");
    let late = log.write("payments", 0);
    log.commit("payment.charge", "orders", 1);
    for _ in 0..5 {
        log.wait(2_000);
        log.look();
        assert_eq!(log.is("a").0, InstanceState::Running);
    }
    let headers = [
        ("ce_id", "p"),
        ("ce_type", "payment.confirmed.v1"),
        ("ce_source", "payment/charge"),
        ("ce_correlationid", "a"),
        ("ce_causationid", "a"),
    ];
    log.tell("payments", 0, late, "a", &headers, Some(log.now));
    log.look();
    assert_eq!(log.summary("a").step.as_deref(), Some("shipping/ship"));
}

#[test]
fn the_mark_of_a_transaction_is_read_without_a_record() {
    let mut log = Log::new();
    log.look();
    log.place("a");
    log.write("payments", 0);
    log.commit("payment.charge", "orders", 1);
    log.look();
    assert_eq!(log.is("a").0, InstanceState::Running);
    log.model.read_to("payments", 0, 1);
    log.model.tick(log.now);
    assert_eq!(log.is("a").0, InstanceState::Lost);
}

#[test]
fn a_terminal_event_that_was_read_before_its_cause_ends_nothing_yet() {
    let mut log = Log::new();
    log.look();
    let placed = log.write("orders", 0);
    log.confirm("a");
    let delivered = log.write("orders", 0);
    log.commit_all();
    log.look();
    assert_eq!(log.is("a").0, InstanceState::Running);
    let headers = |id, event, cause| {
        [
            ("ce_id", id),
            ("ce_type", event),
            ("ce_source", "shipping/ship"),
            ("ce_correlationid", "a"),
            ("ce_causationid", cause),
        ]
    };
    log.tell("orders", 0, placed, "a", &headers("a", "order.placed.v1", ""), Some(log.now));
    log.tell("orders", 0, delivered, "a", &headers("d", "order.delivered.v1", "a-paid"), Some(log.now));
    log.wait(1);
    log.look();
    assert_eq!(log.is("a").0, InstanceState::Completed);
    let events: Vec<String> =
        log.model.instance("a", log.now).unwrap().events.into_iter().map(|it| it.id).collect();
    assert_eq!(events, ["a", "a-paid", "d"], "causes before effects");
}

#[test]
fn a_declined_payment_is_an_end_too() {
    let mut log = Log::new();
    log.place("a");
    log.emit("payments", "a", ("d", "payment.declined.v1"), "payment/charge", "a");
    log.commit_all();
    log.wait(5);
    log.look();
    assert_eq!(log.is("a").0, InstanceState::Completed);
}

#[test]
fn a_topic_that_is_gone_holds_no_proof_up() {
    let mut log = Log::new();
    log.look();
    log.place("a");
    log.write("payments", 0);
    log.wait(20_000);
    log.look();
    assert!(log.model.overview(log.now).as_of.behind_ms >= 20_000, "a record there was not read");
    log.model.topic_is_gone("payments");
    log.model.tick(log.now);
    assert!(log.model.overview(log.now).as_of.behind_ms < 10_000);
}

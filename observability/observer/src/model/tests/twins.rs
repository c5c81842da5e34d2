//! A fact in two majors is one event, whichever of them a step handles, and in whatever order they are read.

use choreograph_topology::Manifest;

use super::log::{Log, START};
use crate::answer::{DriftKind, Event, InstanceState, StallReason, StepState};
use crate::model::ModelSettings;
use crate::test_disk::restarted;

/// A payment is confirmed in two majors. Shipping reads the first, the ledger leads the first up to the second.
fn manifests(shipping_reads: u32) -> Vec<Manifest> {
    let shipping = format!(
        r#"{{ "manifest": 1, "service": "shipping", "steps": [{{ "name": "ship", "group": "shipping.ship",
            "consumes": [{{ "type": "payment.confirmed", "major": {shipping_reads}, "topic": "payments", "schema": true }}],
            "emits": [{{ "type": "order.packed", "version": "1.0", "topic": "parcels", "schema": true }}],
            "retry_topic": "shipping.ship.retry", "dead_letter_topic": "shipping.ship.dlq" }}] }}"#
    );
    [
        r#"{ "manifest": 1, "service": "site", "publishes": [
            { "type": "order.placed", "version": "1.0", "topic": "orders", "external": true,
              "starts_workflow": "order", "schema": true }] }"#,
        r#"{ "manifest": 1, "service": "payment", "steps": [{ "name": "charge", "group": "payment.charge",
            "consumes": [{ "type": "order.placed", "major": 1, "topic": "orders", "schema": true }],
            "emits": [
              { "type": "payment.confirmed", "version": "2.0", "topic": "payments", "majors": [1, 2], "schema": true },
              { "type": "payment.confirmed", "version": "1.3", "topic": "payments", "majors": [1, 2], "schema": true }
            ] }] }"#,
        &shipping,
        r#"{ "manifest": 1, "service": "carrier", "steps": [{ "name": "bring", "group": "carrier.bring",
            "consumes": [{ "type": "order.packed", "major": 1, "topic": "parcels", "schema": true }],
            "emits": [{ "type": "order.delivered", "version": "1.0", "topic": "orders", "terminal": true,
                        "outbound": true, "schema": true }] }] }"#,
        r#"{ "manifest": 1, "service": "ledger", "steps": [{ "name": "book", "group": "ledger.book",
            "consumes": [{ "type": "payment.confirmed", "major": 2, "upcasts": [1], "topic": "payments",
                           "schema": true }],
            "emits": [{ "type": "payment.booked", "version": "1.0", "topic": "books", "outbound": true,
                        "schema": true }] }] }"#,
    ]
    .iter()
    .map(|text| Manifest::read("m.json", text.as_bytes()).unwrap())
    .collect()
}

fn log() -> Log {
    let mut log = Log::of(ModelSettings::default(), &manifests(1));
    log.look();
    log
}

/// One record of a fact that is written in majors 1 and 2.
fn headers<'a>(id: &'a str, event_type: &'a str) -> [(&'a str, &'a str); 6] {
    [
        ("ce_id", id),
        ("ce_type", event_type),
        ("ce_source", "payment/charge"),
        ("ce_correlationid", "a"),
        ("ce_causationid", "a"),
        ("wf", "name=order;started=1767225600000;hops=1;majors=1,2"),
    ]
}

fn pay(log: &mut Log, id: &str) {
    for major in [2, 1] {
        let (id, event_type) = (format!("{id}-{major}"), format!("payment.confirmed.v{major}"));
        log.put("payments", "a", &headers(&id, &event_type));
    }
}

fn pack(log: &mut Log, cause: &str) {
    log.emit("parcels", "a", ("packed", "order.packed.v1"), "shipping/ship", cause);
}

fn end(log: &mut Log) {
    log.emit("orders", "a", ("there", "order.delivered.v1"), "carrier/bring", "packed");
    log.emit("books", "a", ("booked", "payment.booked.v1"), "ledger/book", "paid-2");
    log.commit_all();
    log.wait(5);
    log.look();
}

fn event(log: &Log, id: &str) -> Event {
    log.model.instance("a", log.now).unwrap().events.into_iter().find(|it| it.id == id).unwrap()
}

#[test]
fn it_is_counted_once_and_what_followed_from_either_major_followed_from_it() {
    let mut log = log();
    log.place("a");
    pay(&mut log, "paid");
    pack(&mut log, "paid-1");
    end(&mut log);
    let summary = log.summary("a");
    assert_eq!((summary.state, summary.events), (InstanceState::Completed, 5));
    assert_eq!(log.model.overview(log.now).events, 5);
    let ids: Vec<String> =
        log.model.instance("a", log.now).unwrap().events.into_iter().map(|it| it.id).collect();
    assert_eq!(ids, ["a", "paid-2", "packed", "there", "booked"]);
    for effect in ["packed", "booked"] {
        assert_eq!(event(&log, effect).causation.as_deref(), Some("paid-2"), "{effect}");
    }
    let paid = event(&log, "paid-2");
    let twins: Vec<_> =
        paid.twins.iter().map(|it| (it.id.as_str(), it.event_type.as_str(), it.offset)).collect();
    assert_eq!(twins, [("paid-1", "payment.confirmed.v1", 1)]);
    let steps: Vec<_> = paid.steps.iter().map(|it| it.step.as_str()).collect();
    assert_eq!(steps, ["ledger/book", "shipping/ship"], "each handles it in one major");
    assert!(paid.steps.iter().all(|it| matches!(it.state, StepState::Done { at: Some(_) })), "{paid:?}");
    assert_eq!(log.model.find("paid-1", log.now).total, 1, "found by the id of either");
    let drifts = log.model.drifts(log.now).drifts;
    assert!(drifts.iter().all(|it| it.kind != DriftKind::Undeclared), "{drifts:?}");
}

#[test]
fn the_order_in_which_its_records_are_read_does_not_matter_nor_does_a_restart() {
    for newest_first in [true, false] {
        let mut log = log();
        log.place("a");
        let mut majors = [2, 1];
        if !newest_first {
            majors.reverse();
        }
        pack(&mut log, "paid-1");
        for major in majors {
            let (id, event_type) = (format!("paid-{major}"), format!("payment.confirmed.v{major}"));
            log.put("payments", "a", &headers(&id, &event_type));
            log.put("payments", "a", &headers(&id, &event_type));
        }
        end(&mut log);
        let before = log.model.instance("a", log.now).unwrap();
        log.model = restarted(&mut log.model, &ModelSettings::default());
        log.model.manifests(&manifests(1), START);
        log.model.tick(log.now);
        let after = log.model.instance("a", log.now).unwrap();
        assert_eq!(after.events, before.events);
        assert_eq!((after.summary.state, after.summary.events), (InstanceState::Completed, 5));
        assert_eq!(log.model.overview(log.now).events, 5);
        assert_eq!(event(&log, "paid-2").duplicates, 2);
    }
}

#[test]
fn several_facts_of_one_run_stay_apart() {
    let mut log = log();
    log.place("a");
    for payment in ["paid", "more", "most"] {
        pay(&mut log, payment);
    }
    log.look();
    assert_eq!(log.summary("a").events, 4);
    for payment in ["paid", "more", "most"] {
        let event = event(&log, &format!("{payment}-2"));
        assert_eq!(event.twins.len(), 1);
        assert_eq!(event.twins[0].id, format!("{payment}-1"));
    }
}

#[test]
fn a_step_that_moved_to_the_later_major_has_not_swallowed_what_it_read_in_the_earlier() {
    let mut log = log();
    log.place("a");
    pay(&mut log, "paid");
    pack(&mut log, "paid-1");
    log.commit_all();
    log.model.manifests(&manifests(2), log.now);
    log.wait(5);
    log.look();
    // The carrier takes the parcel and nothing comes of it.
    assert_eq!(log.is("a"), (InstanceState::Lost, Some(StallReason::Lost)));
    assert_eq!(log.summary("a").step.as_deref(), Some("carrier/bring"));
}

#[test]
fn a_dead_letter_of_one_major_is_one_of_the_fact() {
    let mut log = log();
    log.place("a");
    // Read before the record of which it is a copy.
    let copied = [
        ("wf-origin-topic", "payments"),
        ("wf-origin-partition", "0"),
        ("wf-origin-offset", "1"),
        ("dlq-id", "0b2c1ed8-4b34-4dd3-a44a-3c6e3c5cb9c2"),
        ("dlq-reason", "rejected"),
        ("dlq-service", "shipping"),
        ("dlq-step", "ship"),
    ];
    log.put("shipping.ship.dlq", "a", &[&headers("paid-1", "payment.confirmed.v1")[..], &copied].concat());
    pay(&mut log, "paid");
    log.commit_all();
    log.look();
    assert_eq!(log.is("a"), (InstanceState::Failed, Some(StallReason::DeadLetter)));
    assert_eq!((log.summary("a").events, log.summary("a").dead_letters), (2, 1));
    let instance = log.model.instance("a", log.now).unwrap();
    assert_eq!(
        (instance.frontier[0].event.as_str(), instance.frontier[0].step.as_str()),
        ("paid-2", "shipping/ship")
    );
    let wanted = StepState::DeadLettered { reason: "rejected".to_owned() };
    assert_eq!(log.at("a", "paid-2", "shipping/ship"), wanted);
}

#[test]
fn a_step_owes_what_it_reads_through_an_upcaster() {
    let mut log = log();
    log.place("a");
    log.emit("payments", "a", ("old", "payment.confirmed.v1"), "payment/charge", "a");
    log.look();
    assert_eq!(log.at("a", "old", "ledger/book"), StepState::Handling);
    log.commit("ledger.book", "payments", 1);
    log.emit("books", "a", ("booked", "payment.booked.v1"), "ledger/book", "old");
    log.look();
    assert!(matches!(log.at("a", "old", "ledger/book"), StepState::Done { at: Some(_) }));
    let drifts = log.model.drifts(log.now).drifts;
    assert!(drifts.iter().all(|it| it.kind != DriftKind::Undeclared), "{drifts:?}");
}

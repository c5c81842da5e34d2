//! What is not as declared: strangers, duplicates, unknown types, undeclared services, topics that come and go.

use choreograph_topology::Manifest;

use super::log::{Log, START, manifests};
use crate::answer::{DriftKind, InstanceState, StallReason, StepState};
use crate::model::{InstanceFilter, Model, ModelSettings};

#[test]
fn a_stranger_starts_a_workflow_of_its_own() {
    let mut log = Log::new();
    log.look();
    log.put("orders", "17", &[("ce_type", "order.placed.v1")]);
    log.look();
    let found = log.model.find("17", log.now).items.remove(0);
    assert_eq!((found.workflow.as_str(), found.started), ("order", START + 2));
    let events = log.model.instance(&found.id, log.now).unwrap().events;
    assert_eq!((events.len(), events[0].id.as_str()), (1, found.id.as_str()), "its id is where it lies");
    assert_eq!(found.id.as_bytes()[14], b'8', "a UUIDv8: {}", found.id);
}

#[test]
fn a_duplicate_is_counted_and_the_first_is_kept() {
    let mut log = Log::new();
    log.look();
    log.place("a");
    log.place("a");
    log.look();
    let instance = log.model.instance("a", log.now).unwrap();
    assert_eq!((instance.events.len(), instance.events[0].duplicates, instance.events[0].offset), (1, 1, 0));
}

#[test]
fn a_record_that_is_told_again_changes_nothing() {
    let mut log = Log::new();
    log.look();
    let offset = log.place("a");
    let headers = [("ce_id", "a"), ("ce_type", "order.placed.v1"), ("ce_correlationid", "a")];
    log.tell("orders", 0, offset, "a", &headers, Some(log.now));
    let instance = log.model.instance("a", log.now).unwrap();
    assert_eq!(instance.events[0].duplicates, 0);
}

#[test]
fn an_unknown_type_is_shown_without_steps_and_calls_nothing_lost() {
    let mut log = Log::new();
    log.look();
    log.place("a");
    log.emit("payments", "a", ("n", "payment.considered.v1"), "payment/charge", "a");
    log.put("orders", "x", &[("ce_id", "noise")]);
    log.put("orders", "x", &[]);
    log.commit_all();
    log.wait(240_000);
    log.look();
    assert_eq!(log.is("a").0, InstanceState::Running);
    let wanted = "payment.considered.v1 was emitted 4 min ago, and no declared step consumes it";
    assert_eq!(log.summary("a").sentence, wanted);
    assert_eq!(log.model.overview(log.now).unreadable, 3);
    let drifts = log.model.drifts(log.now).drifts;
    let found = drifts.iter().find(|it| it.event_type == "payment.considered.v1").unwrap();
    assert_eq!((found.kind, found.from.as_deref()), (DriftKind::Undeclared, Some("payment/charge")));
}

#[test]
fn a_service_that_declares_nothing_yet_is_seen_and_goes_on() {
    let mut log = Log::new();
    let without_shipping: Vec<Manifest> =
        manifests().into_iter().filter(|manifest| manifest.service != "shipping").collect();
    log.model.manifests(&without_shipping, START);
    log.look();
    log.place("a");
    log.confirm("a");
    log.commit_all();
    log.look();
    assert_eq!(log.is("a").0, InstanceState::Running, "whoever consumes payment.confirmed is not declared");
    log.deliver("a");
    log.look();
    let graph = log.model.workflow("order", log.now).unwrap();
    let node = graph.steps.iter().find(|node| node.step == "shipping/ship").unwrap();
    assert!(!node.declared);
    let undeclared = graph.edges.iter().filter(|edge| edge.drift == Some(DriftKind::Undeclared));
    assert_eq!(undeclared.count(), 2, "it takes one event and emits one");
    // The manifest comes, and everything is judged anew.
    log.model.manifests(&manifests(), log.now);
    log.commit_all();
    log.wait(5);
    log.look();
    assert_eq!(log.is("a").0, InstanceState::Completed);
    let graph = log.model.workflow("order", log.now).unwrap();
    assert!(graph.steps.iter().all(|node| node.declared), "{:?}", graph.steps);
}

#[test]
fn a_topic_that_appears_later_is_read_before_anything_is_called_lost() {
    let mut log = Log::new();
    log.look();
    log.place("a");
    log.commit("payment.charge", "orders", 1);
    // The step has been redeployed and emits to a topic that is not read yet.
    let text = serde_json::to_string(&manifests()[1]).unwrap().replace("\"payments\"", "\"payments-2\"");
    let mut newer = manifests();
    newer[1] = Manifest::read("m.json", text.as_bytes()).unwrap();
    let offset = log.write("payments-2", 0);
    log.model.manifests(&newer, log.now);
    log.model.tick(log.now);
    assert_eq!(log.is("a").0, InstanceState::Running);
    log.look();
    log.look();
    assert_eq!(log.is("a").0, InstanceState::Running);
    log.model.read_to("payments-2", 0, offset + 1);
    log.model.tick(log.now);
    assert_eq!(log.is("a").0, InstanceState::Lost);
}

#[test]
fn a_step_owes_nothing_for_what_was_long_before_it() {
    let mut log = Log::new();
    log.look();
    log.place("a");
    log.confirm("a");
    log.deliver("a");
    log.commit_all();
    log.wait(5);
    log.look();
    let audit = br#"{ "manifest": 1, "service": "audit", "steps": [{ "name": "keep", "group": "audit.keep",
        "consumes": [{ "type": "order.placed", "major": 1, "topic": "orders", "schema": true }],
        "emits": [{ "type": "order.delivered", "version": "1.0", "topic": "orders", "schema": true }] }] }"#;
    let mut newer = manifests();
    newer.push(Manifest::read("audit.json", audit).unwrap());
    log.wait(3_600_000);
    log.model.manifests(&newer, log.now);
    log.look();
    assert_eq!(log.at("a", "a", "audit/keep"), StepState::NotOwed);
    assert_eq!(log.is("a").0, InstanceState::Completed);
    log.place("b");
    log.look();
    assert_ne!(log.at("b", "b", "audit/keep"), StepState::NotOwed);
    log.model.manifests(&manifests(), log.now);
    assert!(
        log.model.instance("b", log.now).unwrap().events[0].steps.iter().all(|it| it.step != "audit/keep")
    );
}

#[test]
fn what_retention_may_have_taken_is_not_called_lost() {
    let mut log = Log::new();
    log.retain("payments", 10);
    log.look();
    log.place("a");
    log.commit("payment.charge", "orders", 1);
    log.look();
    assert_eq!(log.is("a").0, InstanceState::Running, "its consequence may have been taken");
    log.wait(1_000);
    log.confirm("z");
    log.wait(10);
    log.place("b");
    log.commit("payment.charge", "orders", 2);
    log.look();
    assert_eq!(log.is("b").0, InstanceState::Lost, "everything since then is known");
}

#[test]
fn an_instance_older_than_the_topics_keep_is_shown_from_where_they_begin() {
    let mut log = Log::new();
    log.retain("orders", 100);
    log.look();
    log.confirm("a");
    log.look();
    assert_eq!(log.is("a").0, InstanceState::Running);
    assert_eq!(log.summary("a").step.as_deref(), Some("shipping/ship"));
    log.deliver("a");
    log.commit_all();
    log.look();
    assert_eq!(log.is("a").0, InstanceState::Completed);
}

#[test]
fn a_namespace_is_taken_off_origins_and_put_on_strangers() {
    let settings = ModelSettings { namespace: Some("staging".to_owned()), ..ModelSettings::default() };
    let mut log = Log::with(settings);
    log.look();
    log.put("orders", "17", &[("ce_type", "order.placed.v1")]);
    let headers = [
        ("ce_type", "order.placed.v1"),
        ("wf-origin-topic", "staging.orders"),
        ("wf-origin-partition", "0"),
        ("wf-origin-offset", "0"),
        ("dlq-id", "0b2c1ed8-4b34-4dd3-a44a-3c6e3c5cb9c2"),
        ("dlq-reason", "rejected"),
        ("dlq-service", "payment"),
        ("dlq-step", "charge"),
    ];
    log.put("payment.charge.dlq", "17", &headers);
    log.look();
    assert_eq!(log.model.overview(log.now).instances, 1, "the dead letter is that record's");
    assert_eq!(log.model.find("17", log.now).items[0].dead_letters, 1);
}

#[test]
fn hostile_records_break_nothing() {
    let mut log = Log::new();
    let text = "x".repeat(5_000);
    let headers: [&[(&str, &str)]; 7] = [
        &[("ce_id", &text), ("ce_type", &text), ("ce_correlationid", &text)],
        &[("ce_id", "a"), ("ce_type", "order.placed.v1"), ("ce_causationid", "a"), ("ce_correlationid", "a")],
        &[("ce_id", "b"), ("ce_type", "order.placed.v1"), ("ce_causationid", "c"), ("ce_correlationid", "a")],
        &[("ce_id", "c"), ("ce_type", "order.placed.v1"), ("ce_causationid", "b"), ("ce_correlationid", "a")],
        &[
            ("wf-origin-topic", "orders"),
            ("wf-origin-partition", "-1"),
            ("wf-origin-offset", "9223372036854775807"),
        ],
        &[
            ("wf-origin-topic", "orders"),
            ("wf-origin-partition", "0"),
            ("wf-origin-offset", "9223372036854775807"),
            ("ce_type", "order.placed.v1"),
            ("ce_correlationid", "a"),
            ("wf-origin-timestamp", "18446744073709551615"),
        ],
        &[("dlq-id", ""), ("audit-action", "explode"), ("dlq-violations", "{"), ("dlq-replay-count", "-1")],
    ];
    let topics = log.model.topics();
    for topic in &topics {
        for headers in headers {
            log.put(topic, &text, headers);
        }
    }
    log.model.record(
        &crate::fact::Record {
            topic: "orders",
            partition: -5,
            offset: -1,
            timestamp: Some(u64::MAX),
            key: Some(&[0xff, 0xfe]),
            headers: &[],
            value_bytes: 0,
            tombstone: true,
        },
        log.now,
    );
    for _ in 0..3 {
        log.commit_all();
        log.look();
        log.wait(100_000);
    }
    let all = log.model.instances(&InstanceFilter::default(), log.now);
    for item in all.items {
        log.model.instance(&item.id, log.now).unwrap();
    }
    let _told =
        (log.model.gauges(log.now), log.model.contracts(log.now), log.model.workflow("order", log.now));
}

#[test]
fn drift_is_told_in_three_kinds() {
    let day = 24 * 3_600 * 1_000;
    let mut log = Log::new();
    log.look();
    log.place("a");
    log.wait(day);
    log.place("b");
    log.confirm("b");
    let skewed = [
        ("ce_id", "x"),
        ("ce_type", "payment.confirmed.v1"),
        ("ce_source", "payment/charge"),
        ("ce_correlationid", "b"),
        ("ce_dataschema", "urn:contract:payment.confirmed/1.7"),
    ];
    log.put("payments", "b", &skewed);
    log.emit("payments", "b", ("y", "payment.declined.v1"), "fraud/check", "b");
    // The type is marked external, but a service owns it: whoever else writes it is named by no manifest.
    log.emit("orders", "c", ("z", "order.placed.v1"), "broken-till", "c");
    log.look();
    let sentences: Vec<String> = log.model.drifts(log.now).drifts.into_iter().map(|it| it.sentence).collect();
    for wanted in [
        "fraud/check emits payment.declined.v1, which no manifest says",
        "broken-till emits order.placed.v1, which no manifest says",
        "fraud/check consumes order.placed.v1, which no manifest says",
        "payment/charge emits payment.confirmed.v1 in version 1.7, which nobody declares",
        "shipping/ship declares to emit order.delivered.v1, and none was seen for 1 d",
    ] {
        assert!(sentences.iter().any(|it| it == wanted), "{wanted}: {sentences:#?}");
    }
    assert!(!sentences.iter().any(|it| it.starts_with("site ")), "it owns the type: {sentences:#?}");
    let types = log.model.contracts(log.now).types;
    let confirmed = types.iter().find(|it| it.event_type == "payment.confirmed.v1").unwrap();
    let versions: Vec<_> =
        confirmed.versions.iter().map(|it| (it.version.as_str(), it.declared_by.len(), it.seen)).collect();
    assert_eq!(versions, [("1.0", 1, 1), ("1.7", 0, 1)]);
    assert_eq!(confirmed.consumers, ["shipping/ship"]);
}

#[test]
fn of_more_drifts_than_are_told_it_is_told_how_many_are_left_off() {
    let mut log = Log::new();
    log.look();
    for number in 0..1_003 {
        let (id, event_type) = (format!("e-{number}"), format!("stray-{number}.v1"));
        log.emit("orders", "a", (&id, &event_type), "fraud/check", "none");
    }
    log.look();
    let drifts = log.model.drifts(log.now);
    assert_eq!((drifts.drifts.len(), drifts.left_off), (1_000, 3));
}

#[test]
fn a_model_without_manifests_answers_too() {
    let model = Model::new(ModelSettings::default());
    assert!(model.topics().is_empty());
    assert_eq!(model.overview(START).instances, 0);
    assert!(model.workflow("order", START).is_none());
    assert!(model.instance("a", START).is_none());
}

#[test]
fn what_may_lie_on_a_topic_that_is_not_read_is_not_lost() {
    let mut log = Log::new();
    log.look();
    log.place("a");
    log.commit_all();
    log.wait(5);
    log.model.unseen(["payments"]);
    log.look();
    assert_eq!(log.is("a"), (InstanceState::Running, None));
    log.model.unseen(["payment.charge.dlq"]);
    log.model.tick(log.now);
    assert_eq!(log.is("a"), (InstanceState::Running, None));
    // The step has nothing to do with these.
    log.model.unseen(["shipping.ship.dlq", "mails", "nobody knows it"]);
    log.model.tick(log.now);
    assert_eq!(log.is("a"), (InstanceState::Lost, Some(StallReason::Lost)));
    log.model.unseen([]);
    log.model.tick(log.now);
    assert_eq!(log.is("a"), (InstanceState::Lost, Some(StallReason::Lost)));
}

#[test]
fn a_workflow_that_is_called_unknown_is_one_with_those_without_a_name() {
    let mut log = Log::new();
    log.look();
    for (id, wf) in [("a", Some("name=unknown;started=1767225600000;hops=0")), ("b", None)] {
        let mut headers = vec![("ce_id", id), ("ce_type", "order.cancelled.v1"), ("ce_correlationid", id)];
        headers.extend(wf.map(|wf| ("wf", wf)));
        log.put("orders", id, &headers);
    }
    log.look();
    let of = log.model.overview(log.now).workflows;
    let unknown: Vec<u64> = of.iter().filter(|of| of.name == "unknown").map(|of| of.running).collect();
    assert_eq!(unknown, [2]);
}

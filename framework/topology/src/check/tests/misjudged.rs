//! What passed although it does not fit, and what failed although it does.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::{Finding, MAX_PARTIES};
use super::{emitted, flow, found, one, rules, service, step};
use crate::{Manifest, against};

#[test]
fn what_comes_of_nothing_but_itself_never_begins() {
    let round = [
        step("a", &["ping"], &[emitted("pong", &[])], &json!({ "optional": one("pong") })),
        step(
            "b",
            &["pong"],
            &[emitted("ping", &[]), emitted("end", &["terminal"])],
            &json!({ "one_of": [one("ping"), one("end")] }),
        ),
    ];
    let findings = found(&[service("s", "One", &json!({ "steps": round }))]);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].rule, "CONSUMED_BUT_NOT_EMITTED");
    assert_eq!(
        findings[0].message,
        "ping.v1 → pong.v1 → ping.v1: each is emitted only after the one before, by s.b (team One) and s.a (team One), so \
         that none of them ever begins"
    );
    // Whoever leads into it begins it: an event from outside, code without a step, a step that starts it.
    let publishes = json!([emitted("ping", &["starts_workflow"])]);
    let begun = service("s", "One", &json!({ "steps": round, "publishes": publishes }));
    assert_eq!(rules(&[begun]), Vec::<&str>::new());
    let mut outside = round.clone();
    outside[1]["consumes"][0]["external"] = json!(true);
    assert_eq!(rules(&[service("s", "One", &json!({ "steps": outside }))]), Vec::<&str>::new());
    let mut starts = round.to_vec();
    let mut before = step("c", &["start"], &[], &json!("nothing"));
    before["starts"] = json!([emitted("ping", &["starts_workflow"])]);
    starts.push(before);
    let publishes = json!([emitted("start", &["external"])]);
    let started = service("s", "One", &json!({ "steps": starts, "publishes": publishes }));
    assert_eq!(rules(&[started]), Vec::<&str>::new());
    // What follows from it is not blamed as well, and what nobody emits has its own finding.
    let mut tail = round.to_vec();
    tail[1]["emits"][1]["terminal"] = json!(false);
    tail.push(step("c", &["end"], &[emitted("last", &["terminal"])], &one("last")));
    assert_eq!(rules(&[service("s", "One", &json!({ "steps": tail }))]), ["CONSUMED_BUT_NOT_EMITTED"]);
}

#[test]
fn what_comes_from_somebody_without_a_manifest_must_end_where_more_comes_of_it() {
    let world = |marks: &[&str], last: &Value| {
        let mut first = step("a", &["start"], &[emitted("next", marks)], &one("next"));
        first["consumes"][0]["external"] = json!(true);
        vec![service("s", "One", &json!({ "steps": [first, last] }))]
    };
    let silent = step("b", &["next"], &[], &json!("nothing"));
    let findings = found(&world(&[], &silent));
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].rule, "NEVER_ENDS");
    assert_eq!(
        findings[0].message,
        "start.v1 comes from outside, s.a (team One) goes on from there, and no terminal event can come of it"
    );
    assert_eq!(findings[0].parties[0].pointer, "/steps/0/consumes/0");
    // An end, a way out, and an end further on.
    assert_eq!(rules(&world(&["terminal"], &silent)), Vec::<&str>::new());
    assert_eq!(rules(&world(&["outbound"], &silent)), Vec::<&str>::new());
    let ends = step("b", &["next"], &[emitted("end", &["terminal"])], &json!({ "optional": one("end") }));
    assert_eq!(rules(&world(&[], &ends)), Vec::<&str>::new());
    // Whose manifest says that it starts nothing belongs to a workflow that began elsewhere.
    let mut known = world(&[], &silent);
    known.push(service("carrier", "Two", &json!({ "publishes": [emitted("start", &["external"])] })));
    assert_eq!(rules(&known), Vec::<&str>::new());
    // A reader that emits nothing is beside every path.
    let mut alone = step("a", &["start"], &[], &json!("nothing"));
    alone["consumes"][0]["external"] = json!(true);
    assert_eq!(rules(&[service("s", "One", &json!({ "steps": [alone] }))]), Vec::<&str>::new());
}

#[test]
fn a_schema_that_nobody_is_compared_with_is_read_all_the_same() {
    for schema in [json!({ "$ref": "http://127.0.0.1:1/a.json" }), json!({ "type": "nonsense" })] {
        let mut event = emitted("start", &["external", "terminal"]);
        event["schema"] = schema.clone();
        let findings = found(&[service("w", "Two", &json!({ "publishes": [event] }))]);
        assert_eq!(findings.iter().map(|it| it.rule).collect::<Vec<_>>(), ["SCHEMA_UNREADABLE"], "{schema}");
        assert!(
            findings[0].message.starts_with("the schema of start.v1 is none that w could assert: "),
            "{findings:?}"
        );
        let mut reads = step("a", &["start"], &[], &json!("nothing"));
        reads["consumes"][0]["external"] = json!(true);
        reads["consumes"][0]["schema"] = schema;
        assert_eq!(rules(&[service("r", "Three", &json!({ "steps": [reads] }))]), ["SCHEMA_UNREADABLE"]);
    }
}

#[test]
fn keys_are_those_of_the_topic_that_is_read_and_of_majors_that_are_led_on() {
    let keyed = |name: &str, version: &str, topic: &str, key: &str| {
        let mut event = emitted(name, &["external"]);
        event["version"] = json!(version);
        event["topic"] = json!(topic);
        event["key"] = json!(key);
        event
    };
    let reads = |events: &[(&str, u32, &[u32])]| {
        let mut step = step("a", &[], &[], &json!("nothing"));
        let consumes = events.iter().map(|(name, major, upcasts)| {
            json!({ "type": name, "major": major, "topic": "t", "upcasts": upcasts, "schema": true })
        });
        step["consumes"] = consumes.collect();
        service("r", "Three", &json!({ "steps": [step] }))
    };
    let on_u = json!({ "name": "u", "group": "u", "consumes": [
        { "type": "x", "major": 1, "topic": "u", "schema": true }] });
    let writes = |events: &[Value]| service("w", "Two", &json!({ "publishes": events, "steps": [on_u] }));
    // Between topics there is no order that another key could spoil.
    let two = writes(&[
        keyed("x", "1.0", "u", "region"),
        keyed("x", "1.0", "t", "id"),
        keyed("y", "1.0", "t", "id"),
    ]);
    assert_eq!(rules(&[two, reads(&[("x", 1, &[]), ("y", 1, &[])])]), Vec::<&str>::new());
    let other = service(
        "w",
        "Two",
        &json!({ "publishes": [keyed("x", "1.0", "t", "old"), keyed("y", "1.0", "t", "id")] }),
    );
    assert_eq!(rules(&[other, reads(&[("x", 2, &[1]), ("y", 1, &[])])]), ["KEYS_DIFFER"]);
    // The older twin of a fact has its key's text under another name.
    let mut newer = keyed("x", "2.0", "t", "id");
    newer["majors"] = json!([1, 2]);
    let twins = [keyed("x", "1.0", "t", "old"), newer, keyed("y", "1.0", "t", "id")];
    let twins = service("w", "Two", &json!({ "publishes": twins }));
    assert_eq!(rules(&[twins, reads(&[("x", 1, &[]), ("x", 2, &[]), ("y", 1, &[])])]), Vec::<&str>::new());
}

#[test]
fn what_an_emitter_writes_where_only_strangers_are_read_is_read_by_nobody() {
    let mut reads = step("a", &["start"], &[], &json!("nothing"));
    reads["consumes"][0]["external"] = json!(true);
    reads["consumes"][0]["topic"] = json!("from-outside");
    let reader = service("r", "Three", &json!({ "steps": [reads] }));
    let writer = service("w", "Two", &json!({ "publishes": [emitted("start", &[])] }));
    assert_eq!(rules(&[writer, reader]), ["EVENT_ON_ANOTHER_TOPIC"]);
}

#[test]
fn an_older_major_beside_the_one_that_is_read_ends_nothing() {
    let mut later = emitted("no", &[]);
    later["version"] = json!("2.0");
    later["majors"] = json!([1, 2]);
    let both = json!({ "all": [{ "one": "no.v2" }, one("no")] });
    let choice = json!({ "one_of": [one("yes"), both] });
    let mut note = step("note", &["no"], &[], &json!("nothing"));
    note["consumes"][0]["major"] = json!(2);
    let steps = [
        step("choose", &["start"], &[emitted("yes", &["terminal"]), emitted("no", &[]), later], &choice),
        note,
    ];
    let findings = found(&[flow(&steps)]);
    assert_eq!(findings.iter().map(|it| it.rule).collect::<Vec<_>>(), ["NEVER_ENDS"], "{findings:?}");
}

#[test]
fn a_finding_about_everybody_names_a_bounded_number() {
    let writer = |number: usize| {
        service(&format!("w{number}"), "Two", &json!({ "publishes": [emitted("start", &["external"])] }))
    };
    let mut reads = step("a", &["start"], &[], &json!("nothing"));
    reads["consumes"][0]["topic"] = json!("elsewhere");
    let mut all: Vec<Manifest> = (0..30).map(writer).collect();
    all.push(service("r", "Three", &json!({ "steps": [reads] })));
    let findings = found(&all);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].parties.len(), MAX_PARTIES);
    assert!(findings[0].message.contains("and 25 more write it"), "{}", findings[0].message);
}

#[test]
fn findings_about_topics_have_a_name_each() {
    let topics = |settings: &Value| {
        json!({ "topics": [
        { "name": "t", "settings": settings }, { "name": "u", "settings": settings }] })
    };
    let findings = found(&[
        service("a", "One", &topics(&json!({}))),
        service("b", "Two", &topics(&json!({ "retention.ms": "1" }))),
    ]);
    let names: BTreeSet<String> = findings.iter().map(Finding::fingerprint).collect();
    assert_eq!((findings.len(), names.len()), (2, 2), "{names:?}");
}

#[test]
fn a_change_that_makes_a_known_gap_wider_breaks() {
    let writes = |schema: Value| {
        let mut event = emitted("start", &["external"]);
        event["schema"] = schema;
        service("payment", "Payments", &json!({ "publishes": [event] }))
    };
    let reads = |required: &Value| {
        let mut step = step("a", &["start"], &[], &json!("nothing"));
        step["consumes"][0]["schema"] = json!({ "type": "object", "required": required });
        service("billing", "Finance", &json!({ "steps": [step] }))
    };
    let amount = json!({ "type": "object", "properties": { "id": {}, "amount": {} }, "required": ["amount"], "additionalProperties": false });
    let nothing = json!({ "type": "object", "properties": { "id": {} }, "additionalProperties": false });
    let before = [writes(amount.clone()), reads(&json!(["amount", "currency"]))];
    let same = against(&[writes(amount.clone())], &before);
    assert_eq!((same.breaks.len(), same.known), (0, 1));
    let wider = against(&[writes(nothing)], &before);
    assert_eq!(wider.breaks.len(), 1, "{wider:?}");
    assert!(wider.breaks[0].message.contains("stops writing `amount`"), "{}", wider.breaks[0].message);
    let more = against(&[reads(&json!(["amount", "currency", "note"]))], &before);
    assert_eq!(more.breaks.len(), 1, "{more:?}");
    assert_eq!(more.breaks[0].gaps.len(), 1, "{more:?}");
}

#[test]
fn a_writer_that_begins_while_its_reader_changes_meets_the_reader_of_before() {
    let reads = |required: &Value| {
        let mut step = step("a", &["start"], &[], &json!("nothing"));
        step["consumes"][0]["schema"] = json!({ "required": required });
        service("billing", "Finance", &json!({ "steps": [step] }))
    };
    let writer = service("payment", "Payments", &json!({ "publishes": [emitted("start", &["external"])] }));
    let answer = against(&[writer, reads(&json!([]))], &[reads(&json!(["currency"]))]);
    let told: Vec<&str> = answer.breaks.iter().map(|it| it.message.as_str()).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with("payment (team Payments) begins to write start 1.0, which billing.a"),
        "{told:?}"
    );
}

//! Changes beside what was amiss before: of both sides, of one of several versions, of a name.

use serde_json::{Value, json};

use super::{consumed, emitted, service};
use crate::{Against, Manifest, against};

fn event(rest: &Value) -> Value {
    with(emitted("x", &["terminal"]), rest)
}

fn view(rest: &Value) -> Value {
    with(consumed("x"), rest)
}

fn with(mut value: Value, rest: &Value) -> Value {
    for (member, rest) in rest.as_object().into_iter().flatten() {
        value[member] = rest.clone();
    }
    value
}

fn writes(events: &[Value]) -> Manifest {
    service("w", "Two", &json!({ "publishes": events }))
}

fn reads(step: &str, views: &[Value]) -> Manifest {
    service("r", "Three", &json!({ "steps": [{ "name": step, "group": "r.a", "consumes": views }] }))
}

/// A schema of these fields, all required, with `k` among some values.
fn of(fields: &[&str], values: &[&str]) -> Value {
    let mut properties = json!({ "id": {}, "k": { "enum": values } });
    for field in fields {
        properties[*field] = json!({ "type": "string" });
    }
    let required: Vec<&str> = fields.iter().copied().chain(["k"]).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

fn told(changed: &[Manifest], before: &[Manifest]) -> (Vec<String>, usize) {
    let Against { breaks, known, .. } = against(changed, before);
    (breaks.into_iter().map(|it| format!("{}: {}", it.rule, it.message)).collect(), known)
}

#[test]
fn a_new_gap_beside_a_known_one_is_told_alone() {
    let side = |fields: &[&str], values: &[&str]| {
        let schema = json!({ "schema": of(fields, values) });
        (writes(&[event(&schema)]), reads("a", &[view(&schema)]))
    };
    let (writer, _) = side(&["id", "cur"], &["a", "b", "c"]);
    let (_, reader) = side(&[], &["a", "b"]);
    let before = [writer, reader];
    assert_eq!(told(&before, &before), (vec![], 1));
    // Each side alone would fit the other as it was.
    let (writer, _) = side(&["id"], &["a", "b", "c"]);
    let (_, reader) = side(&["cur"], &["a", "b"]);
    assert_eq!(told(std::slice::from_ref(&writer), &before), (vec![], 1));
    assert_eq!(told(std::slice::from_ref(&reader), &before), (vec![], 1));
    let (breaks, known) = told(&[writer, reader], &before);
    assert_eq!((breaks.len(), known), (1, 0), "{breaks:?}");
    let start = "NOT_COVERED: w (team Two) may write x.v1 as r.a (team Three) does not read it: ";
    assert!(breaks[0].starts_with(start) && breaks[0].contains("cur"), "{breaks:?}");
    assert!(!breaks[0].contains("\"c\""), "what was known is not told again: {breaks:?}");
    // Both sides ease what is known.
    let (writer, _) = side(&["id", "cur"], &["a", "b", "c", "d"]);
    let (eased_writer, _) = side(&["id", "cur"], &["a", "b", "c"]);
    let (_, reader) = side(&[], &["a"]);
    let (_, eased_reader) = side(&[], &["a", "b"]);
    assert_eq!(told(&[eased_writer, eased_reader], &[writer, reader]), (vec![], 1));
}

#[test]
fn a_gap_on_one_topic_makes_none_known_on_another() {
    let on = |topic: &str, schema: &Value| json!({ "topic": topic, "schema": schema });
    let written = of(&["id"], &["a", "b", "c"]);
    let (t, u) = (event(&on("t", &written)), event(&on("u", &written)));
    let known = view(&on("t", &of(&[], &["a", "b"])));
    let before = [writes(std::slice::from_ref(&t)), reads("a", std::slice::from_ref(&known))];
    let wants = view(&on("u", &json!({ "required": ["cur"] })));
    let (breaks, known) = told(&[writes(&[t, u]), reads("a", &[known, wants])], &before);
    assert_eq!((breaks.len(), known), (1, 1), "{breaks:?}");
    assert!(breaks[0].contains("does not write `cur`"), "{breaks:?}");
}

#[test]
fn two_versions_of_a_service_count_on_both_sides() {
    let pay = |version: &str, fields: &[&str]| {
        let event = event(&json!({ "schema": of(fields, &["a"]) }));
        service("w", "Two", &json!({ "version": version, "publishes": [event] }))
    };
    let bill = |field: &str| reads("a", &[view(&json!({ "schema": { "required": [field] } }))]);
    let before = [pay("1.0", &["cur"]), pay("1.1", &["cur", "note"]), bill("cur")];
    assert_eq!(told(&before, &before), (vec![], 1));
    let (breaks, _) = told(&[pay("1.0", &["cur"]), pay("2.0", &[]), bill("cur")], &before);
    assert_eq!(breaks.len(), 1, "{breaks:?}");
    assert!(breaks[0].starts_with("BREAKS_CONSUMER: w 2.0 (team Two) stops writing `cur`"), "{breaks:?}");
    // What newly is required is to be in what each of them writes.
    let (breaks, _) = told(&[bill("note")], &before);
    assert!(breaks.iter().any(|it| it.contains("as w 1.0 (team Two) has written it")), "{breaks:?}");
    // An unchanged service in two versions is nobody's fault.
    assert_eq!(told(&[bill("k")], &before), (vec![], 1));
}

#[test]
fn two_minors_of_one_place_are_each_compared_with_itself() {
    let minor = |version: &str, fields: &[&str], key: &str| {
        event(&json!({ "version": version, "schema": of(fields, &["a"]), "key": key }))
    };
    let reader = reads("a", &[view(&json!({ "schema": { "required": ["b"] } }))]);
    let before = [writes(&[minor("1.0", &[], "id"), minor("1.1", &["b"], "k")]), reader.clone()];
    assert_eq!(told(&before, &before), (vec![], 2));
    let later = writes(&[minor("1.0", &[], "id"), minor("1.1", &["c"], "k")]);
    let (breaks, _) = told(&[later, reader], &before);
    assert_eq!(breaks.len(), 1, "{breaks:?}");
    assert!(breaks[0].contains("stops writing `b` in x 1.1 (the version did not change)"), "{breaks:?}");
}

#[test]
fn a_step_with_its_group_is_the_same_under_another_name() {
    let gap = view(&json!({ "schema": { "required": ["cur"] } }));
    let writer = writes(&[event(&json!({ "schema": of(&[], &["a"]) }))]);
    let before = [writer, reads("a", std::slice::from_ref(&gap))];
    assert_eq!(told(&[reads("b", std::slice::from_ref(&gap))], &before), (vec![], 1));
    let wider = view(&json!({ "schema": { "required": ["cur", "note"] } }));
    let (breaks, _) = told(&[reads("b", &[wider])], &before);
    assert_eq!(breaks.len(), 1, "{breaks:?}");
    assert!(breaks[0].contains("note") && !breaks[0].contains("`cur`"), "{breaks:?}");
    // In another group it begins anew.
    let mut other = reads("b", &[gap]);
    other.steps[0].group = "r.b".to_owned();
    assert_eq!(told(&[other], &before).0.len(), 1);
}

#[test]
fn a_second_disagreement_is_told_beside_the_first() {
    let topic = |name: &str, settings: &Value| {
        service(name, "One", &json!({ "topics": [{ "name": "t", "settings": settings }] }))
    };
    let a = topic("a", &json!({ "partitions": "6" }));
    let before = [a.clone(), topic("b", &json!({ "partitions": "3" }))];
    assert_eq!(told(&before, &before), (vec![], 1));
    let (breaks, _) = told(&[topic("b", &json!({ "partitions": "3", "retention.ms": "1" }))], &before);
    assert_eq!(breaks.len(), 1, "{breaks:?}");
    assert_eq!(told(&[topic("b", &json!({ "partitions": "6" }))], &before), (vec![], 0));

    let step =
        |name: &str| json!({ "name": name, "group": name, "consumes": [consumed("x")], "retry_topic": "r" });
    let writer = writes(&[event(&json!({}))]);
    let before = [writer, service("s", "One", &json!({ "steps": [step("a"), step("b")] }))];
    assert_eq!(told(&before, &before), (vec![], 1));
    let mut there = emitted("y", &["terminal"]);
    there["topic"] = json!("r");
    let (breaks, _) = told(&[service("d", "Four", &json!({ "publishes": [there] }))], &before);
    assert_eq!(breaks.len(), 1, "{breaks:?}");
    assert!(breaks[0].starts_with("RETRY_TOPIC_SHARED") && breaks[0].contains("d (team Four)"), "{breaks:?}");
}

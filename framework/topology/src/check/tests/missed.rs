//! What passed although it does not fit, as seen by what happens to a record.

use serde_json::{Value, json};

use super::super::MAX_PARTIES;
use super::{consumed, emitted, found, one, rules, service, step};
use crate::Manifest;

const NOTHING: [&str; 0] = [];

fn event(name: &str, rest: &Value) -> Value {
    with(emitted(name, &[]), rest)
}

fn with(mut value: Value, rest: &Value) -> Value {
    for (member, rest) in rest.as_object().into_iter().flatten() {
        value[member] = rest.clone();
    }
    value
}

fn writes(name: &str, events: &[Value]) -> Manifest {
    service(name, "Two", &json!({ "publishes": events }))
}

/// A service with one step in a group of its own.
fn reads(name: &str, events: &[Value]) -> Manifest {
    let step = json!({ "name": "a", "group": name, "consumes": events, "emits_shape": "nothing" });
    service(name, "Three", &json!({ "steps": [step] }))
}

fn view(name: &str, rest: &Value) -> Value {
    with(consumed(name), rest)
}

#[test]
fn a_step_meets_every_major_of_its_topics() {
    let writes_one = |topic: &str| writes("one", &[event("x", &json!({ "topic": topic, "terminal": true }))]);
    let two = writes("two", &[event("x", &json!({ "version": "2.0", "terminal": true }))]);
    let (old, new) = (reads("old", &[consumed("x")]), reads("new", &[view("x", &json!({ "major": 2 }))]));
    let findings = found(&[writes_one("t"), two.clone(), old.clone(), new.clone()]);
    let told: Vec<&str> = findings.iter().map(|it| it.message.as_str()).collect();
    assert_eq!(
        told,
        [
            "new.a (team Three) reads x in major 2 and meets major 1, which one (team Two) writes to `t`: each of these \
             records is a dead letter of it, `unsupported_version`",
            "old.a (team Three) reads x in major 1 and meets major 2, which two (team Two) writes to `t`: each of these \
             records is a dead letter of it, `unsupported_version`",
        ]
    );
    assert!(findings.iter().all(|it| it.rule == "MAJOR_NOT_READ"));
    // Records of a type are routed whatever topic its view names: it is the topics of the step that count.
    let beside = |topic: &str| {
        reads("new", &[view("x", &json!({ "major": 2 })), view("y", &json!({ "topic": topic }))])
    };
    let y = |topic: &str| writes("y", &[event("y", &json!({ "topic": topic, "terminal": true }))]);
    let on_u = reads("u", &[view("x", &json!({ "topic": "u" }))]);
    let apart = [writes_one("u"), two.clone(), y("v"), beside("v"), on_u.clone()];
    assert_eq!(rules(&apart), Vec::<&str>::new());
    assert_eq!(rules(&[writes_one("u"), two.clone(), y("u"), beside("u"), on_u]), ["MAJOR_NOT_READ"]);
    // One that reads both, and facts in both majors, are no dead letters.
    let both = reads("both", &[consumed("x"), view("x", &json!({ "major": 2 }))]);
    assert_eq!(rules(&[writes_one("t"), two, both]), Vec::<&str>::new());
    let later = event("x", &json!({ "version": "2.0", "majors": [1, 2], "terminal": true }));
    let twins = writes("twins", &[event("x", &json!({ "terminal": true })), later]);
    assert_eq!(rules(&[twins, old, new]), Vec::<&str>::new());
}

#[test]
fn upcasters_that_stop_short_are_found_beside_what_is_read() {
    let three = writes("three", &[event("x", &json!({ "version": "3.0", "terminal": true }))]);
    let one = writes("one", &[event("x", &json!({ "terminal": true }))]);
    let reader = |upcasts: &[u32]| reads("r", &[view("x", &json!({ "major": 3, "upcasts": upcasts }))]);
    let findings = found(&[three.clone(), one.clone(), reader(&[2])]);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].rule, "UPCASTER_MISSING");
    assert!(
        findings[0].message.contains("has upcasters from 2 on, and meets major 1"),
        "{}",
        findings[0].message
    );
    assert_eq!(rules(&[three.clone(), one, reader(&[1, 2])]), Vec::<&str>::new());
    // From the major that is read, and from later ones, nothing leads to it.
    let findings = found(&[three, reader(&[3, 4])]);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(
        findings[0].message,
        "r.a (team Three) reads x in major 3, and has upcasters from 3 and 4: from there none leads to it"
    );
}

#[test]
fn a_view_from_outside_excuses_its_own_topic() {
    let stranger = reads("stranger", &[view("x", &json!({ "topic": "partner", "external": true }))]);
    let hungry = |topic: &str| reads("hungry", &[view("x", &json!({ "topic": topic }))]);
    let findings = found(&[stranger.clone(), hungry("orders")]);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].message, "hungry.a (team Three) consumes x.v1, which nobody emits");
    assert_eq!(rules(&[stranger.clone(), hungry("partner")]), Vec::<&str>::new());
    // Nor does it begin what goes round on another topic.
    let round = |topic: &str| {
        let there = json!({ "topic": topic, "terminal": true });
        let forth = json!({ "name": "a", "group": "a", "consumes": [view("x", &there)], "emits": [event("y", &there)],
            "emits_shape": { "optional": one("y") } });
        let back = json!({ "name": "b", "group": "b", "consumes": [view("y", &there)], "emits": [event("x", &there)],
            "emits_shape": { "optional": one("x") } });
        service("round", "One", &json!({ "steps": [forth, back] }))
    };
    assert_eq!(rules(&[stranger.clone(), round("orders")]), ["CONSUMED_BUT_NOT_EMITTED"]);
    assert_eq!(rules(&[stranger, round("partner")]), Vec::<&str>::new());
}

#[test]
fn readers_are_compared_with_the_writers_that_they_meet() {
    let schema =
        |field: &str| json!({ "properties": { "id": {}, field: { "type": "string" } }, "required": [field] });
    let all = |topic: &str, field: &str| {
        let of = |side: &str| format!("{side}-{topic}");
        [
            writes(
                &of("w"),
                &[event("x", &json!({ "topic": topic, "schema": schema(field), "terminal": true }))],
            ),
            reads(&of("r"), &[view("x", &json!({ "topic": topic, "schema": schema(field) }))]),
        ]
    };
    let apart: Vec<Manifest> = all("t1", "a").into_iter().chain(all("t2", "b")).collect();
    assert_eq!(rules(&apart), Vec::<&str>::new());
    // What meets nobody is to be a schema all the same.
    let mut strangers = apart.clone();
    let broken =
        json!({ "topic": "t3", "external": true, "schema": { "$ref": "http://127.0.0.1:1/a.json" } });
    strangers.push(reads("s", &[view("x", &broken)]));
    assert_eq!(rules(&strangers), ["SCHEMA_UNREADABLE"]);
    // Where nobody writes to the reader's topic, what lies elsewhere is meant.
    let mut lost = all("t1", "a").to_vec();
    lost.push(reads("lost", &[view("x", &json!({ "topic": "t9", "schema": schema("b") }))]));
    assert_eq!(rules(&lost), ["EVENT_ON_ANOTHER_TOPIC", "NOT_COVERED"]);
}

#[test]
fn each_emitter_owes_a_reader() {
    let go = || event("go", &json!({ "topic": "g", "terminal": true }));
    let two_steps = |first: Value, second: Value, together: bool| {
        let on_go = |name: &str, emits: Vec<Value>| json!({ "name": name, "group": name, "consumes": [view("go", &json!({ "topic": "g" }))], "emits": emits });
        let steps = if together {
            vec![on_go("s1", vec![first, second])]
        } else {
            vec![on_go("s1", vec![first]), on_go("s2", vec![second])]
        };
        service("s", "One", &json!({ "steps": steps, "publishes": [go()] }))
    };
    // Only code that writes both topics, or both majors, is moving from one to the other.
    let on = |topic: &str| event("x", &json!({ "topic": topic, "terminal": true }));
    let reader = reads("r", &[view("x", &json!({ "topic": "t1" }))]);
    assert_eq!(rules(&[two_steps(on("t1"), on("t2"), false), reader.clone()]), ["EVENT_ON_ANOTHER_TOPIC"]);
    assert_eq!(rules(&[two_steps(on("t1"), on("t2"), true), reader]), Vec::<&str>::new());
    let in_major =
        |major: u32| event("x", &json!({ "version": format!("{major}.0"), "topic": format!("t{major}") }));
    let reader = reads("r", &[view("x", &json!({ "major": 2, "topic": "t2" }))]);
    assert_eq!(
        rules(&[two_steps(in_major(1), in_major(2), false), reader.clone()]),
        ["EMITTED_BUT_NOT_CONSUMED"]
    );
    assert_eq!(rules(&[two_steps(in_major(1), in_major(2), true), reader]), Vec::<&str>::new());
    // One emitter's mark does not speak for another.
    let findings = found(&[
        writes("a", &[event("x", &json!({ "terminal": true }))]),
        writes("b", &[event("x", &json!({}))]),
    ]);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].message, "b (team Two) emits x.v1, which nobody consumes");
}

#[test]
fn events_without_a_key_have_no_order() {
    let keyless = |name: &str| event(name, &json!({ "key": null, "terminal": true }));
    let source = writes("w", &[keyless("x"), keyless("y")]);
    let findings = found(&[source.clone(), reads("r", &[consumed("x"), consumed("y")])]);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(
        findings[0].message,
        "r.a (team Three) reads x.v1 and y.v1 of `t` in one group, and so relies on their order; but x.v1 has no key and \
         y.v1 has no key"
    );
    assert_eq!(
        rules(&[source.clone(), reads("r", &[consumed("x")]), reads("q", &[consumed("y")])]),
        Vec::<&str>::new()
    );
    // One that is listed twice meets nobody but itself.
    assert_eq!(
        rules(&[source, reads("r", &[consumed("x"), consumed("x")]), reads("q", &[consumed("y")])]),
        Vec::<&str>::new()
    );
}

#[test]
fn steps_are_told_apart_whatever_dots_are_in_their_names() {
    let member = |service_name: &str, step: &str| {
        let step = json!({ "name": step, "group": "g", "consumes": [consumed("x")] });
        service(service_name, "One", &json!({ "steps": [step] }))
    };
    let source = writes("w", &[event("x", &json!({ "terminal": true }))]);
    assert_eq!(rules(&[source, member("a.b", "c"), member("a", "b.c")]), ["GROUP_SHARED"]);
}

#[test]
fn a_finding_about_many_steps_names_few_of_them() {
    let step =
        |number: usize| json!({ "name": format!("s{number}"), "group": "g", "consumes": [consumed("gone")] });
    let steps: Vec<Value> = (0..50).map(step).collect();
    let findings = found(&[service("s", "One", &json!({ "steps": steps }))]);
    assert_eq!(
        findings.iter().map(|it| it.rule).collect::<Vec<_>>(),
        ["CONSUMED_BUT_NOT_EMITTED", "GROUP_SHARED"]
    );
    for finding in findings {
        assert_eq!(finding.parties.len(), MAX_PARTIES);
        assert!(finding.message.contains("and 45 more"), "{}", finding.message);
    }
    let events: Vec<String> = (0..100).map(|number| format!("e{number:02}")).collect();
    let round: Vec<Value> = (0..100)
        .map(|at| {
            let next = &events[(at + 1) % 100];
            let emits = [event(next, &json!({ "external": true, "outbound": true }))];
            step_of(&events[at], &emits, &one(next))
        })
        .collect();
    let findings = found(&[service("s", "One", &json!({ "steps": round }))]);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].message.contains(" → e19.v1 → (80 more) → e00.v1: "), "{}", findings[0].message);
    assert_eq!(findings[0].parties.len(), MAX_PARTIES);
}

fn step_of(reads: &str, emits: &[Value], shape: &Value) -> Value {
    step(&format!("on-{reads}"), &[reads], emits, shape)
}

#[test]
fn a_retry_topic_has_one_reader() {
    let retried = |name: &str, topic: &str| json!({ "name": name, "group": name, "consumes": [consumed("x")], "retry_topic": topic });
    let source = writes("w", &[event("x", &json!({ "terminal": true }))]);
    let of = |first: &str, second: &str| {
        found(&[
            source.clone(),
            service("s", "One", &json!({ "steps": [retried("a", first), retried("b", second)] })),
        ])
    };
    assert_eq!(of("s.a.retry", "s.b.retry"), []);
    let findings = of("s.retry", "s.retry");
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(
        findings[0].message,
        "s.a (team One) and s.b (team One) have one retry topic, `s.retry`: what is replayed to one of them reaches the others"
    );
    let aside = |retry: &str, letters: &str, other: &str| {
        let mut first = retried("a", retry);
        first["dead_letter_topic"] = json!(letters);
        let mut second = retried("b", "s.b.retry");
        second["dead_letter_topic"] = json!(other);
        let findings = found(&[source.clone(), service("s", "One", &json!({ "steps": [first, second] }))]);
        findings.into_iter().map(|it| format!("{} {}", it.rule, it.message)).collect::<Vec<_>>()
    };
    assert_eq!(aside("a.retry", "a.dlq", "b.dlq"), NOTHING);
    // Each dead letter is tried again, for ever.
    let own = "RETRY_TOPIC_SHARED the retry topic of s.a (team One) is `a.dlq`, which is the dead-letter topic of s.a (team One)";
    assert_eq!(aside("a.dlq", "a.dlq", "b.dlq"), [own]);
    assert_eq!(
        aside("b.dlq", "a.dlq", "b.dlq"),
        [own.replace("a.dlq", "b.dlq")
            .replace("of s.a (team One)", "of s.b (team One)")
            .replacen("s.b", "s.a", 1)]
    );
    let shared = aside("a.retry", "dlq", "dlq");
    assert!(
        shared.len() == 1 && shared[0].starts_with("DEAD_LETTER_TOPIC_SHARED s.a (team One) and s.b"),
        "{shared:?}"
    );
    let input = aside("a.retry", "t", "b.dlq");
    assert!(input.len() == 1 && input[0].contains("`t`, which is a topic of events of s.a"), "{input:?}");
    let findings = of("t", "s.b.retry");
    assert_eq!(findings.iter().map(|it| it.rule).collect::<Vec<_>>(), ["RETRY_TOPIC_SHARED"]);
    assert!(
        findings[0].message.contains("a topic of events of s.a (team One), s.b (team One) and w (team Two)"),
        "{}",
        findings[0].message
    );
}

#[test]
fn a_fact_in_two_majors_is_one_where_both_records_come() {
    let later = |majors: &Value| event("x", &json!({ "version": "2.0", "majors": majors, "terminal": true }));
    let old = reads("old", &[consumed("x")]);
    let new = reads("new", &[view("x", &json!({ "major": 2, "upcasts": [1] }))]);
    let other = writes("other", &[event("x", &json!({ "terminal": true }))]);
    // It says that it writes major 1 too, and does not, or to another topic.
    let lies = writes("w", &[later(&json!([1, 2]))]);
    assert_eq!(rules(&[lies, other.clone(), old.clone(), new.clone()]), ["MAJOR_NOT_READ"]);
    let apart = event("x", &json!({ "topic": "u", "terminal": true }));
    let there = reads("there", &[view("x", &json!({ "topic": "u" }))]);
    let lies = writes("w", &[apart, later(&json!([1, 2]))]);
    assert_eq!(rules(&[lies, other.clone(), old.clone(), new.clone(), there]), ["MAJOR_NOT_READ"]);
    let twins = writes("w", &[event("x", &json!({ "terminal": true })), later(&json!([1, 2]))]);
    assert_eq!(rules(&[twins, other, old, new]), NOTHING);
}

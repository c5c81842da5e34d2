mod both;
mod changes;
mod misjudged;
mod missed;

use serde_json::{Value, json};

use super::{Finding, check};
use crate::{Choreography, Manifest, against};

/// A manifest of plain parts: `events` is `[type, version, key, marks…]`.
pub(crate) fn service(name: &str, owner: &str, rest: &Value) -> Manifest {
    let mut manifest = json!({ "manifest": 1, "service": name, "owner": owner });
    for (member, value) in rest.as_object().into_iter().flatten() {
        manifest[member] = value.clone();
    }
    Manifest::read(name, manifest.to_string().as_bytes()).expect("a manifest")
}

fn emitted(name: &str, marks: &[&str]) -> Value {
    let mut event = json!({ "type": name, "version": "1.0", "topic": "t", "key": "id", "schema": true });
    for mark in marks {
        event[*mark] = if *mark == "starts_workflow" { json!("w") } else { json!(true) };
    }
    event
}

fn consumed(name: &str) -> Value {
    json!({ "type": name, "major": 1, "topic": "t", "schema": true })
}

fn step(name: &str, consumes: &[&str], emits: &[Value], shape: &Value) -> Value {
    let consumes: Vec<Value> = consumes.iter().map(|name| consumed(name)).collect();
    json!({ "name": name, "group": format!("s.{name}"), "consumes": consumes, "emits": emits, "emits_shape": shape })
}

/// One service with these steps, which starts a workflow with `start`.
fn flow(steps: &[Value]) -> Manifest {
    service(
        "s",
        "One",
        &json!({ "steps": steps, "publishes": [emitted("start", &["external", "starts_workflow"])] }),
    )
}

fn found(manifests: &[Manifest]) -> Vec<Finding> {
    check(&Choreography::new(manifests))
}

fn rules(manifests: &[Manifest]) -> Vec<&'static str> {
    found(manifests).iter().map(|finding| finding.rule).collect()
}

fn one(name: &str) -> Value {
    json!({ "one": format!("{name}.v1") })
}

#[test]
fn a_choreography_that_fits_has_no_findings() {
    let steps = [step("a", &["start"], &[emitted("end", &["terminal"])], &one("end"))];
    assert_eq!(found(&[flow(&steps)]), []);
    assert_eq!(found(&[]), []);
}

#[test]
fn an_event_with_one_side_is_found_unless_a_mark_says_why() {
    let missing = [step("a", &["gone"], &[], &json!("nothing"))];
    let findings = found(&[service("s", "One", &json!({ "steps": missing }))]);
    assert_eq!(findings[0].rule, "CONSUMED_BUT_NOT_EMITTED");
    assert_eq!(findings[0].message, "s.a (team One) consumes gone.v1, which nobody emits");
    assert_eq!(findings[0].parties[0].pointer, "/steps/0/consumes/0");

    let mut outside = missing[0].clone();
    outside["consumes"][0]["external"] = json!(true);
    assert_eq!(rules(&[service("s", "One", &json!({ "steps": [outside] }))]), Vec::<&str>::new());

    for (marks, expected) in
        [(&[][..], &["EMITTED_BUT_NOT_CONSUMED"][..]), (&["terminal"], &[]), (&["outbound"], &["NEVER_ENDS"])]
    {
        let steps = [step("a", &["start"], &[emitted("last", marks)], &one("last"))];
        assert_eq!(rules(&[flow(&steps)]), expected, "{marks:?}");
    }
}

#[test]
fn a_major_that_nobody_writes_is_told_with_the_one_that_is_written() {
    let mut newer = emitted("start", &["external"]);
    newer["version"] = json!("2.0");
    let writer = service("w", "Two", &json!({ "publishes": [newer.clone()] }));
    let reader = service("r", "Three", &json!({ "steps": [step("a", &["start"], &[], &json!("nothing"))] }));
    let findings = found(&[writer, reader.clone()]);
    assert_eq!(
        findings.iter().map(|it| it.rule).collect::<Vec<_>>(),
        ["EMITTED_BUT_NOT_CONSUMED", "MAJOR_NOT_EMITTED"]
    );
    assert_eq!(
        findings[1].message,
        "r.a (team Three) consumes start in major 1, and it is written in major 2 alone, by w (team Two)"
    );
    // Both majors side by side, while readers move: nothing is wrong.
    newer["majors"] = json!([1, 2]);
    let both = service("w", "Two", &json!({ "publishes": [newer, emitted("start", &["external"])] }));
    assert_eq!(rules(&[both, reader]), Vec::<&str>::new());
}

#[test]
fn a_fact_in_two_majors_has_one_key_whatever_the_fields_are_called() {
    let mut older = emitted("start", &["external"]);
    older["key"] = json!("old_id");
    let mut newer = emitted("start", &["external"]);
    newer["version"] = json!("2.0");
    let mut reads = step("a", &["start"], &[], &json!("nothing"));
    reads["consumes"] = json!([consumed("start"), consumed("start")]);
    reads["consumes"][1]["major"] = json!(2);
    let reader = service("r", "Three", &json!({ "steps": [reads] }));
    let apart = service("w", "Two", &json!({ "publishes": [newer.clone(), older.clone()] }));
    assert_eq!(rules(&[apart, reader.clone()]), ["KEYS_DIFFER"]);
    newer["majors"] = json!([1, 2]);
    let twins = service("w", "Two", &json!({ "publishes": [newer, older] }));
    assert_eq!(rules(&[twins, reader]), Vec::<&str>::new());
}

#[test]
fn upcasters_lead_a_reader_to_what_is_written() {
    let reads = |upcasts: &[u32]| {
        let mut step = step("a", &["start"], &[], &json!("nothing"));
        step["consumes"][0]["major"] = json!(4);
        step["consumes"][0]["upcasts"] = json!(upcasts);
        // It requires what older majors do not have.
        step["consumes"][0]["schema"] = json!({ "required": ["currency"] });
        service("r", "Three", &json!({ "steps": [step] }))
    };
    let writer = |version: &str| {
        let mut event = emitted("start", &["external"]);
        event["version"] = json!(version);
        service("w", "Two", &json!({ "publishes": [event] }))
    };
    assert_eq!(rules(&[writer("2.0"), reads(&[2, 3])]), Vec::<&str>::new());
    assert_eq!(rules(&[writer("1.0"), reads(&[3, 1, 2])]), Vec::<&str>::new());

    let told = |manifests: &[Manifest]| {
        let findings = found(manifests);
        let upcaster = findings.iter().find(|it| it.rule == "UPCASTER_MISSING").expect("a finding");
        assert!(findings.iter().all(|it| it.rule != "MAJOR_NOT_EMITTED"), "told once: {findings:?}");
        upcaster.message.clone()
    };
    assert_eq!(
        told(&[writer("1.0"), reads(&[2, 3])]),
        "r.a (team Three) reads start in major 4 and has upcasters from 2 on, and it is written in major 1, by w (team Two)"
    );
    assert_eq!(
        told(&[writer("4.0"), reads(&[1, 3])]),
        "r.a (team Three) has upcasters of start to major 4, and none from 2 to 3"
    );
    assert_eq!(
        rules(&[writer("1.0"), reads(&[])]),
        ["EMITTED_BUT_NOT_CONSUMED", "MAJOR_NOT_EMITTED"],
        "without upcasters it is as it was"
    );
    // Who has moved is not blamed for a major that only others still read.
    let behind = step("b", &["start"], &[], &json!("nothing"));
    let findings =
        found(&[writer("4.0"), reads(&[1, 2, 3]), service("q", "Four", &json!({ "steps": [behind] }))]);
    let parties: Vec<String> = findings
        .iter()
        .filter(|it| it.rule == "MAJOR_NOT_EMITTED")
        .flat_map(|it| it.parties.iter().map(super::Party::place))
        .collect();
    assert_eq!(parties, ["q.b", "w"]);
    // Numbers that name no major below its own lead nowhere, and cost nothing.
    let mut hostile = reads(&[]);
    hostile.steps[0].consumes[0].major = u32::MAX;
    hostile.steps[0].consumes[0].upcasts = vec![0, 7, u32::MAX];
    assert!(rules(&[writer("1.0"), hostile]).contains(&"UPCASTER_MISSING"));
}

#[test]
fn a_reader_that_needs_more_than_the_writer_promises_is_found_with_both_teams() {
    let mut placed = emitted("start", &["external"]);
    placed["schema"] = json!({ "type": "object", "properties": { "id": {}, "currency": { "type": "string" } }, "additionalProperties": false });
    let mut reads = step("a", &["start"], &[], &json!("nothing"));
    reads["consumes"][0]["schema"] = json!({ "type": "object", "properties": { "currency": { "type": "string" } }, "required": ["currency"] });
    let findings = found(&[
        service("payment", "Payments", &json!({ "publishes": [placed] })),
        service("billing", "Finance", &json!({ "steps": [reads] })),
    ]);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].rule, "NOT_COVERED");
    assert_eq!(
        findings[0].message,
        "payment (team Payments) may leave out `currency` in start 1.0; billing.a (team Finance) requires it"
    );
    assert_eq!(findings[0].gaps[0].witness, Some(json!({})));
}

#[test]
fn keys_that_differ_are_found_where_order_is_relied_on() {
    let mut other = emitted("other", &["external"]);
    other["key"] = json!("customer");
    let publishes = json!([emitted("start", &["external"]), other]);
    let together = [step("a", &["start", "other"], &[], &json!("nothing"))];
    let apart =
        [step("a", &["start"], &[], &json!("nothing")), step("b", &["other"], &[], &json!("nothing"))];
    let findings = found(&[service("s", "One", &json!({ "steps": together, "publishes": publishes }))]);
    assert_eq!(findings[0].rule, "KEYS_DIFFER");
    assert!(findings[0].message.contains("start.v1 has the key `id` and other.v1 has the key `customer`"));
    assert_eq!(
        rules(&[service("s", "One", &json!({ "steps": apart, "publishes": publishes }))]),
        Vec::<&str>::new()
    );

    let mut elsewhere = emitted("start", &["external"]);
    elsewhere["key"] = json!("customer");
    let findings = found(&[
        service("s", "One", &json!({ "steps": apart, "publishes": publishes })),
        service("t", "Two", &json!({ "publishes": [elsewhere] })),
    ]);
    assert_eq!(findings[0].rule, "KEYS_DIFFER");
    assert_eq!(findings[0].parties[1].to_string(), "t (team Two)");
}

#[test]
fn a_branch_that_never_ends_is_found_and_a_side_step_is_not() {
    let choice = json!({ "one_of": [one("yes"), one("no")] });
    let events = [emitted("yes", &[]), emitted("no", &[])];
    let mut steps = vec![
        step("choose", &["start"], &events, &choice),
        step("go", &["yes"], &[emitted("end", &["terminal"])], &one("end")),
        step("note", &["no"], &[], &json!("nothing")),
        step("mail", &["start"], &[emitted("sent", &["outbound"])], &one("sent")),
    ];
    let findings = found(&[flow(&steps)]);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(
        findings[0].message,
        "s.choose (team One) may answer with no.v1 alone, and no terminal event can come of that branch"
    );
    // Emitted together with what ends, it is a side branch.
    steps[0]["emits_shape"] = json!({ "all": [one("yes"), one("no")] });
    assert_eq!(rules(&[flow(&steps)]), Vec::<&str>::new());
    // Nothing ends at all: the workflow itself is at fault, once.
    steps[1]["emits"][0]["terminal"] = json!(false);
    steps[1]["emits"][0]["outbound"] = json!(true);
    let findings = found(&[flow(&steps)]);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].message.contains("starts the workflow `w` with start.v1, and no terminal event"));
}

#[test]
fn a_cycle_is_found_unless_an_outcome_leaves_it() {
    let cycle = |shape: Value| {
        [
            step("ask", &["start", "answer"], &[emitted("question", &[])], &one("question")),
            step("tell", &["question"], &[emitted("answer", &[]), emitted("end", &["terminal"])], &shape),
        ]
    };
    let endless = json!({ "all": [one("answer"), one("end")] });
    let findings = found(&[flow(&cycle(endless))]);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].rule, "CYCLE_WITHOUT_EXIT");
    assert!(
        findings[0]
            .message
            .starts_with("answer.v1 → question.v1 → answer.v1: whatever s.ask (team One) and s.tell"),
        "{}",
        findings[0].message
    );
    let with_exit = json!({ "one_of": [one("answer"), one("end")] });
    assert_eq!(rules(&[flow(&cycle(with_exit))]), Vec::<&str>::new());
}

#[test]
fn alternatives_side_by_side_are_dead_only_together() {
    let choice = |one: &str, other: &str| json!({ "one_of": [self::one(one), self::one(other)] });
    let ends = |name: &str| emitted(name, &["terminal"]);
    let goes_nowhere = |name: &str| emitted(name, &["outbound"]);
    let judged = |events: &[Value], shape: &Value| rules(&[flow(&[step("a", &["start"], events, shape)])]);
    let events = [ends("yes"), goes_nowhere("no"), ends("good"), goes_nowhere("bad")];
    // `no` and `bad` together: nothing ends, though each has an end beside it otherwise.
    let both = json!({ "all": [choice("yes", "no"), choice("good", "bad")] });
    assert_eq!(judged(&events, &both), ["NEVER_ENDS", "NEVER_ENDS"]);
    let one_always = json!({ "all": [choice("yes", "no"), one("good"), one("bad")] });
    assert_eq!(judged(&events, &one_always), Vec::<&str>::new());
    // In a list they may stand beside each other, and where nothing is said nobody is accused.
    let list = json!({ "many": { "one_of": [one("yes"), one("no"), one("good"), one("bad")] } });
    assert_eq!(judged(&events, &list), Vec::<&str>::new());
    assert_eq!(judged(&events, &Value::Null), Vec::<&str>::new());
}

#[test]
fn a_step_with_many_events_is_looked_at_once() {
    let names = |letter: char| (0..3_000).map(move |at| format!("{letter}{at}"));
    let reads: Vec<Value> = names('r')
        .map(|name| json!({ "type": name, "major": 1, "topic": "t", "schema": true, "external": true }))
        .collect();
    let writes: Vec<Value> = names('w').map(|name| emitted(&name, &["terminal"])).collect();
    let shape = json!({ "one_of": names('w').map(|name| one(&name)).collect::<Vec<_>>() });
    let step = json!({ "name": "a", "group": "g", "consumes": reads, "emits": writes, "emits_shape": shape });
    assert_eq!(rules(&[service("s", "One", &json!({ "steps": [step] }))]), Vec::<&str>::new());
}

#[test]
fn a_group_has_one_step_for_an_event() {
    let mut steps =
        [step("a", &["start"], &[], &json!("nothing")), step("b", &["start"], &[], &json!("nothing"))];
    let quiet = json!([emitted("start", &["external"])]);
    assert_eq!(
        rules(&[service("s", "One", &json!({ "steps": steps, "publishes": quiet }))]),
        Vec::<&str>::new()
    );
    steps[1]["group"] = steps[0]["group"].clone();
    let findings = found(&[service("s", "One", &json!({ "steps": steps, "publishes": quiet }))]);
    assert_eq!(findings.len(), 1);
    assert_eq!(
        findings[0].message,
        "s.a (team One) and s.b (team One) consume start.v1 in one group, `s.a`: each record reaches only one of them"
    );
    // Another event of the topic makes it no better: a record that reaches the wrong one is lost.
    steps[1]["consumes"][0]["type"] = json!("other");
    let both = json!([emitted("start", &["external"]), emitted("other", &["external"])]);
    let findings = found(&[service("s", "One", &json!({ "steps": steps, "publishes": both }))]);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].message.contains("read the topic `t` in one group"), "{}", findings[0].message);
    steps[1]["consumes"][0]["topic"] = json!("u");
    let mut elsewhere = both.clone();
    elsewhere[1]["topic"] = json!("u");
    let apart = service("s", "One", &json!({ "steps": steps, "publishes": elsewhere }));
    assert_eq!(rules(&[apart]), Vec::<&str>::new());
}

#[test]
fn topics_are_what_all_say_they_are() {
    let mut reads = step("a", &["start"], &[], &json!("nothing"));
    reads["consumes"][0]["topic"] = json!("elsewhere");
    let topics = |value: &str| json!([{ "name": "t", "settings": { "retention.ms": value } }]);
    let quiet = json!([emitted("start", &["external"])]);
    let one = service("s", "One", &json!({ "steps": [reads], "publishes": quiet, "topics": topics("-1") }));
    let two = service("t", "Two", &json!({ "topics": topics("60000") }));
    let findings = found(&[one, two]);
    assert_eq!(
        findings.iter().map(|it| it.rule).collect::<Vec<_>>(),
        ["EVENT_ON_ANOTHER_TOPIC", "TOPIC_DIFFERS"]
    );
    assert_eq!(
        findings[0].message,
        "s.a (team One) reads start.v1 from `elsewhere`, and s (team One) writes it to `t`"
    );
    assert!(findings[1].message.contains("`retention.ms=-1` here, `retention.ms=60000` there"));
}

#[test]
fn a_service_is_given_once() {
    let (one, other) = (service("s", "One", &json!({})), service("s", "Two", &json!({})));
    assert_eq!(rules(&[one.clone(), one.clone()]), Vec::<&str>::new());
    assert_eq!(rules(&[one, other]), ["SERVICE_TWICE"]);
}

#[test]
fn a_change_is_told_whom_it_breaks() {
    let writes = |version: &str, fields: &[&str], required: &[&str]| {
        let mut event = emitted("payment.confirmed", &["external"]);
        let properties: serde_json::Map<String, Value> =
            fields.iter().map(|name| ((*name).to_owned(), json!({ "type": "string" }))).collect();
        event["version"] = json!(version);
        event["schema"] = json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false });
        service("payment", "Payments", &json!({ "publishes": [event] }))
    };
    let reads = |required: &[&str]| {
        let mut reads = step("invoice", &["payment.confirmed"], &[], &json!("nothing"));
        reads["consumes"][0]["schema"] = json!({ "type": "object", "required": required });
        service("billing", "Finance", &json!({ "steps": [reads] }))
    };
    let before = [writes("1.0", &["id", "currency"], &["id", "currency"]), reads(&["currency"])];
    assert_eq!(found(&before), []);

    // One manifest of the change is enough: billing goes on as it is.
    let answer = against(&[writes("1.1", &["id"], &["id"])], &before);
    assert_eq!(answer.breaks.len(), 1, "{answer:?}");
    assert_eq!(
        (answer.breaks[0].rule, answer.unchanged.as_slice()),
        ("BREAKS_CONSUMER", &["billing".to_owned()][..])
    );
    assert_eq!(
        answer.breaks[0].message,
        "payment (team Payments) stops writing `currency` in payment.confirmed 1.1 (before: 1.0); billing.invoice (team \
         Finance) requires it"
    );
    assert!(answer.breaks[0].parties[1].previous);
    // Both change at once: those of billing that still run as they were break all the same.
    let answer = against(&[writes("1.1", &["id"], &["id"]), reads(&["id"])], &before);
    assert_eq!(answer.breaks.len(), 1, "{answer:?}");
    // A new need is one of what lies on the topic, too.
    let answer = against(&[reads(&["currency", "country"])], &before);
    assert_eq!(answer.breaks.len(), 1, "{answer:?}");
    assert!(
        answer.breaks[0]
            .message
            .starts_with("billing.invoice (team Finance) would not read payment.confirmed 1.0")
    );
    // A new major alone leaves its readers behind; an optional field breaks nobody; nothing changed breaks nobody.
    let answer = against(&[writes("2.0", &["id"], &["id"])], &before);
    let rules: Vec<_> = answer.breaks.iter().map(|it| it.rule).collect();
    assert_eq!(rules, ["EMITTED_BUT_NOT_CONSUMED", "MAJOR_NOT_EMITTED"]);
    assert_eq!(
        against(&[writes("1.1", &["id", "currency", "note"], &["id", "currency"])], &before).breaks,
        []
    );
    assert_eq!(against(&before, &before).breaks, []);
    // What was amiss before is no break of this change.
    let broken = [writes("1.0", &["id"], &["id"]), reads(&["currency"])];
    let answer = against(&[writes("1.1", &["id", "note"], &["id"])], &broken);
    assert_eq!((answer.breaks.len(), answer.known), (0, 1));
}

/// Wherever the schema declares the field, the writer may write it; and where nothing says what is written, nobody knows.
#[test]
fn a_key_is_a_field_of_what_is_written() {
    let source = |schema: &Value| {
        let event = json!({ "type": "end", "version": "1.0", "topic": "t", "key": "id", "terminal": true, "schema": schema });
        rules(&[service("s", "One", &json!({ "publishes": [event] }))])
    };
    let id = json!({ "properties": { "id": { "type": "string" } } });
    let other = json!({ "type": "object", "properties": { "uid": { "type": "string" } } });
    for schema in [
        id.clone(),
        json!({ "$ref": "#/$defs/A", "$defs": { "A": id } }),
        json!({ "allOf": [other, id] }),
        json!({ "oneOf": [other, { "type": "object", "properties": { "id": { "type": "integer" } }, "required": ["id"] }] }),
        json!({ "type": "object", "additionalProperties": { "type": "string" } }),
        json!({ "properties": { "uid": {} }, "patternProperties": { "^i": {} } }),
        json!({ "type": "object" }),
        json!(true),
    ] {
        assert_eq!(source(&schema), Vec::<&str>::new(), "{schema}");
    }
    for schema in [
        other.clone(),
        json!({ "properties": { "id": false, "uid": {} } }),
        json!({ "$ref": "#/$defs/A", "$defs": { "A": other, "B": id } }),
        json!({ "anyOf": [other, { "properties": { "inner": id } }] }),
        json!({ "type": "object", "propertyNames": { "maxLength": 1 } }),
        json!({ "type": "string" }),
    ] {
        assert_eq!(source(&schema), ["KEY_NOT_IN_SCHEMA"], "{schema}");
    }
}

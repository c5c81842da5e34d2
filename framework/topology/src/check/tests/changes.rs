//! What a change breaks, and what was amiss before it.

use serde_json::{Value, json};

use super::super::MAX_COMPARISONS;
use super::{consumed, emitted, one, service};
use crate::{Against, Manifest, against};

fn writes(name: &str, rest: &Value) -> Manifest {
    let mut event = emitted("x", &["terminal"]);
    for (member, value) in rest.as_object().into_iter().flatten() {
        event[member] = value.clone();
    }
    service(name, "Two", &json!({ "publishes": [event] }))
}

/// A step that reads `x`, once for each of `views`.
fn reads(name: &str, group: &str, views: &[Value]) -> Manifest {
    let consumes: Vec<Value> = views
        .iter()
        .map(|view| {
            let mut event = consumed("x");
            for (member, value) in view.as_object().into_iter().flatten() {
                event[member] = value.clone();
            }
            event
        })
        .collect();
    service(name, "Three", &json!({ "steps": [{ "name": "a", "group": group, "consumes": consumes }] }))
}

fn reader(name: &str) -> Manifest {
    reads(name, name, &[json!({})])
}

fn gone(name: &str) -> Manifest {
    service(name, "One", &json!({}))
}

/// The rules of what breaks, and how much was known.
fn answer(changed: &[Manifest], before: &[Manifest]) -> (Vec<&'static str>, usize) {
    let Against { breaks, known, .. } = against(changed, before);
    (breaks.iter().map(|it| it.rule).collect(), known)
}

const NOTHING: [&str; 0] = [];

#[test]
fn what_is_not_compared_is_told_and_never_known() {
    let count = 150;
    assert!(count * count > MAX_COMPARISONS);
    let writer = |at: usize, fields: &Value| {
        let schema = json!({ "properties": { "id": {}, "f": {}, "g": {} }, "required": fields, "additionalProperties": false });
        writes(&format!("w{at:03}"), &json!({ "schema": schema }))
    };
    let mut before: Vec<Manifest> = (0..count).map(|at| writer(at, &json!(["f"]))).collect();
    before.extend((0..count).map(|at| {
        let required = if at == count - 1 { json!(["f"]) } else { json!([]) };
        let name = format!("r{at:03}");
        reads(&name, &name, &[json!({ "schema": { "required": required } })])
    }));
    let last = count - 1;
    let changed: Vec<Manifest> =
        (0..count).map(|at| writer(at, &if at == last { json!(["g"]) } else { json!(["f", "g"]) })).collect();
    let told = against(&changed, &before).breaks;
    assert_eq!(told.iter().map(|it| it.rule).collect::<Vec<_>>(), ["NOT_COVERED"], "{told:?}");
    assert!(told[0].message.contains("nothing that changed was compared"), "{}", told[0].message);
}

#[test]
fn a_party_more_is_a_fault_and_a_party_less_is_none() {
    let keyed = |name: &str, key: &str| writes(name, &json!({ "key": key }));
    let two = [keyed("a", "k1"), keyed("b", "k2"), reader("r")];
    assert_eq!(answer(&[keyed("c", "k3")], &two), (vec!["KEYS_DIFFER"], 0));
    assert_eq!(answer(&[keyed("c", "k1")], &two), (vec!["KEYS_DIFFER"], 0));
    let three = [keyed("a", "k1"), keyed("b", "k2"), keyed("c", "k3"), reader("r")];
    assert_eq!(
        answer(&[keyed("b", "k1")], &three),
        (NOTHING.to_vec(), 1),
        "it takes over the key of another"
    );
    assert_eq!(answer(&[gone("c")], &three), (NOTHING.to_vec(), 1));

    let hungry = [reader("a"), reader("b")];
    assert_eq!(answer(&[gone("a")], &hungry), (NOTHING.to_vec(), 1));
    assert_eq!(answer(&[reader("c")], &hungry), (vec!["CONSUMED_BUT_NOT_EMITTED"], 0));

    let member = |name: &str| reads(name, "g", &[json!({})]);
    let group = [writes("w", &json!({})), member("p"), member("q"), member("s")];
    assert_eq!(answer(&[reader("s")], &group), (NOTHING.to_vec(), 1));
    assert_eq!(answer(&[member("t")], &group), (vec!["GROUP_SHARED"], 0));

    let unread = |name: &str| writes(name, &json!({ "terminal": false }));
    assert_eq!(answer(&[gone("a")], &[unread("a"), unread("b")]), (NOTHING.to_vec(), 1));
    assert_eq!(answer(&[unread("c")], &[unread("a"), unread("b")]), (vec!["EMITTED_BUT_NOT_CONSUMED"], 0));

    let elsewhere = reads("r", "r", &[json!({ "topic": "u" })]);
    let lost = [writes("a", &json!({})), elsewhere];
    assert_eq!(answer(&[writes("b", &json!({}))], &lost), (NOTHING.to_vec(), 1));
}

#[test]
fn an_event_more_is_a_fault_of_the_step_that_reads_it() {
    let source = |keys: &[(&str, &str)]| {
        let events: Vec<Value> = keys
            .iter()
            .map(|(name, key)| {
                let mut event = emitted(name, &["terminal"]);
                event["key"] = json!(key);
                event
            })
            .collect();
        service("a", "One", &json!({ "publishes": events }))
    };
    let step = |names: &[&str]| {
        let consumes: Vec<Value> = names.iter().map(|name| consumed(name)).collect();
        service("r", "Three", &json!({ "steps": [{ "name": "a", "group": "r", "consumes": consumes }] }))
    };
    let before = [source(&[("x", "k1"), ("y", "k2")]), step(&["x", "y"])];
    let third = [source(&[("x", "k1"), ("y", "k2"), ("z", "k3")]), step(&["x", "y", "z"])];
    assert_eq!(answer(&third, &before), (vec!["KEYS_DIFFER"], 0));
    assert_eq!(answer(&before, &before), (NOTHING.to_vec(), 1));
}

#[test]
fn a_second_dead_branch_is_another_one() {
    let flow = |branches: &[Value], more: &[&str]| {
        let mut emits = vec![emitted("ok", &["terminal"]), emitted("no", &["outbound"])];
        emits.extend(more.iter().map(|name| emitted(name, &["outbound"])));
        let choice: Vec<Value> = std::iter::once(one("ok")).chain(branches.iter().cloned()).collect();
        let step = json!({ "name": "s", "group": "s", "consumes": [consumed("go")], "emits": emits,
            "emits_shape": { "one_of": choice } });
        let publishes = [emitted("go", &["external", "starts_workflow"])];
        service("a", "One", &json!({ "steps": [step], "publishes": publishes }))
    };
    let before = [flow(&[one("no")], &[])];
    let both = json!({ "all": [one("no"), one("zz")] });
    assert_eq!(answer(&[flow(&[one("no"), both], &["zz"])], &before), (vec!["NEVER_ENDS"], 1));
}

#[test]
fn sides_that_move_together_still_meet_what_runs_and_what_lies_there() {
    let writer = |version: &str| writes("w", &json!({ "version": version }));
    let in_majors = |majors: &[u32]| {
        let views: Vec<Value> = majors.iter().map(|major| json!({ "major": major })).collect();
        reads("r", "r", &views)
    };
    let before = [writer("1.0"), in_majors(&[1])];
    let told = against(&[writer("2.0"), in_majors(&[2])], &before).breaks;
    let messages: Vec<&str> = told.iter().map(|it| it.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "r.a (team Three) reads x in major 2, and w (team Two) has written it in major 1 to `t` until now: each record \
             that lies there and is not read yet is a dead letter of it",
            "w (team Two) begins to write x in major 2 to `t`, where r.a (team Three) reads major 1: until it has been \
             deployed, each of these records is a dead letter of it",
        ]
    );
    // First the reader, then the writer, then the reader lets go.
    let two = in_majors(&[1, 2]);
    let expected = vec!["MAJOR_NOT_EMITTED"];
    assert_eq!(
        answer(std::slice::from_ref(&two), &before).0,
        expected,
        "nobody writes major 2 yet: both go in one change"
    );
    let led = reads("r", "r", &[json!({ "major": 2, "upcasts": [1] })]);
    assert_eq!(answer(std::slice::from_ref(&led), &before).0, NOTHING);
    assert_eq!(answer(&[writer("2.0")], &[writer("1.0"), led.clone()]).0, NOTHING);
    assert_eq!(answer(&[in_majors(&[2])], &[writer("2.0"), led]).0, NOTHING);
    // What the set itself does not fit is told once.
    assert_eq!(answer(&[in_majors(&[2])], &before).0, ["MAJOR_NOT_EMITTED"]);
}

#[test]
fn a_topic_is_left_when_it_is_empty() {
    let on = |topic: &str| json!({ "topic": topic });
    let before = [writes("w", &on("t1")), reads("r", "r", &[on("t1")])];
    let after = [writes("w", &on("t2")), reads("r", "r", &[on("t2")])];
    let told = against(&after, &before).breaks;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        told[0].message,
        "r.a (team Three) reads x.v1 from `t2` and no more from `t1`, to which w (team Two) has written it until now: what \
         lies there and is not read yet is passed over"
    );
    // Written to both, then read from the other, then no more written to the first.
    let mut both = writes("w", &on("t1"));
    both.publishes.push(after[0].publishes[0].clone());
    assert_eq!(answer(&[both.clone()], &before).0, NOTHING);
    assert_eq!(answer(&after[1..], &[both.clone(), before[1].clone()]).0, NOTHING);
    assert_eq!(answer(&after[..1], &[both, after[1].clone()]).0, NOTHING);
}

#[test]
fn an_event_keeps_its_key() {
    let keyed = |name: &str, key: &Value| writes(name, &json!({ "key": key }));
    let before = [keyed("w", &json!("k1")), reader("r")];
    let told = against(&[keyed("w", &json!("k2"))], &before).breaks;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        told[0].message,
        "w (team Two) writes x.v1 with the key `k2` (before: `k1`): what it writes from now on lies in another partition than \
         what it wrote until now, and r.a (team Three) may read it out of order"
    );
    assert_eq!(answer(&[keyed("w", &json!(null))], &before).0, ["BREAKS_CONSUMER"]);
    assert_eq!(answer(&[keyed("w", &json!("k1"))], &[keyed("w", &json!(null)), reader("r")]).0, NOTHING);
    assert_eq!(answer(&[keyed("w", &json!("k2"))], &before[..1]).0, NOTHING, "nobody reads it");
}

#[test]
fn what_eases_a_gap_is_no_break() {
    let writer = |schema: Value| writes("w", &json!({ "version": "1.1", "schema": schema }));
    let wants = |schema: Value| reads("r", "r", &[json!({ "schema": schema })]);
    let of = |field: Value| json!({ "properties": { "id": {}, "f": field }, "required": ["f"] });
    let values = |values: &[&str]| of(json!({ "enum": values }));
    let longest = |length: u32| of(json!({ "type": "string", "maxLength": length }));
    let abcd = [writer(values(&["a", "b", "c", "d"])), wants(values(&["a", "b"]))];
    assert_eq!(answer(&[writer(values(&["a", "b", "c"]))], &abcd), (NOTHING.to_vec(), 1));
    assert_eq!(answer(&[wants(values(&["a", "b", "c"]))], &abcd), (NOTHING.to_vec(), 1));
    let long = [writer(longest(1_000)), wants(longest(50))];
    assert_eq!(answer(&[writer(longest(60))], &long), (NOTHING.to_vec(), 1));
    // What is not proved to ease is told.
    assert_eq!(answer(&[writer(values(&["a", "b", "c", "x"]))], &abcd).0, ["BREAKS_CONSUMER"]);
    assert_eq!(answer(&[wants(values(&["a", "c"]))], &abcd).0, ["BREAKS_CONSUMER"]);
    let more = json!({ "properties": { "id": {}, "f": { "enum": ["a", "b", "c"] }, "g": { "type": "number" } }, "required": ["f"] });
    let mut wants_g = of(json!({ "enum": ["a", "b"] }));
    wants_g["properties"]["g"] = json!({ "type": "string" });
    let before = [abcd[0].clone(), wants(wants_g)];
    assert_eq!(
        answer(&[writer(more)], &before).0,
        ["BREAKS_CONSUMER"],
        "a field more that its reader refuses"
    );
}

//! Awkward schemas end in an answer or a clear refusal, on an ordinary stack.

use serde_json::{Map, Value, json};

use crate::compat::{CompareError, Comparison, Document, Options, Semantics, compare};

fn compared(old: Value, new: Value) -> Result<Comparison, CompareError> {
    let (old, new) = (Document::from_value("old", old), Document::from_value("new", new));
    compare(&old, &new, &Options::new(Semantics::Contract))
}

/// Definitions, each named by the one before.
fn chain(count: usize, end: &str) -> Value {
    let mut definitions = Map::new();
    for index in 0..count {
        let next = json!({ "$ref": format!("#/$defs/D{}", index + 1) });
        definitions
            .insert(format!("D{index}"), json!({ "type": "object", "properties": { "a": next, "b": next } }));
    }
    definitions.insert(format!("D{count}"), json!({ "type": end }));
    json!({ "$ref": "#/$defs/D0", "$defs": definitions })
}

fn union(count: usize) -> Value {
    let branch = |index: usize| json!({ "type": "object", "properties": { "kind": { "const": format!("k{index}") } }, "required": ["kind"] });
    json!({ "oneOf": (0..count).map(branch).collect::<Vec<_>>() })
}

#[test]
fn references_that_double_at_each_level_are_decided() {
    let found = compared(chain(20, "integer"), chain(20, "number")).unwrap();
    assert!(found.backward.compatible);
    assert!(found.forward.findings.iter().all(|finding| finding.witness.is_some()));
}

#[test]
fn a_chain_longer_than_any_stack_is_answered() {
    let found = compared(chain(3_000, "string"), chain(3_000, "integer")).unwrap();
    assert!(!found.backward.compatible);
}

#[test]
fn a_union_of_300_may_grow() {
    let found = compared(union(300), union(301)).unwrap();
    assert!(found.backward.compatible);
    let rules: Vec<&str> = found.forward.findings.iter().map(|finding| finding.rule).collect();
    assert_eq!(rules, ["VARIANT_ADDED"]);
}

#[test]
fn recursion_is_decided() {
    let tree = |value: Value| json!({ "type": "object", "properties": { "value": value, "next": { "$ref": "#" } }, "required": ["value"] });
    let found =
        compared(tree(json!({ "type": "integer" })), tree(json!({ "type": ["integer", "null"] }))).unwrap();
    assert!(found.backward.compatible);
    assert!(found.forward.findings.iter().all(|finding| finding.witness.is_some()));
}

#[test]
fn what_never_ends_or_goes_outside_is_refused() {
    for (schema, problem) in [
        (json!({ "allOf": [{ "$ref": "#" }] }), "leads back to itself"),
        (json!({ "$ref": "#" }), "leads back to itself"),
        (json!({ "$ref": "https://example.com/other.json" }), "outside this document"),
        (json!({ "$ref": "file:///etc/passwd" }), "outside this document"),
        (json!({ "$ref": "#/$defs/Missing" }), "no such schema"),
        (json!({ "type": "text" }), "is no type"),
        (json!({ "$schema": "https://example.com/mine" }), "unknown dialect"),
        (json!({ "minLength": "3" }), "must be a number"),
    ] {
        let error = compared(schema.clone(), json!({})).unwrap_err().to_string();
        assert!(error.contains(problem), "{schema}: {error}");
    }
}

#[test]
fn a_document_that_nests_too_deep_is_refused() {
    let deep = (0..200).fold(json!({}), |inner, _| json!({ "not": inner }));
    let error = compared(deep, json!({})).unwrap_err().to_string();
    assert!(error.contains("nests too deep"), "{error}");
}

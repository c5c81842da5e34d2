use serde_json::json;

use super::*;
use crate::{Contract, Tape};

fn takes(schema: &Value, event: &Value) -> bool {
    let contract = Contract::compile(schema).expect("a schema");
    contract.check(&mut Tape::new(), event.to_string().as_bytes()).is_ok()
}

fn places(reader: &Value, writer: &Value) -> Vec<String> {
    gaps(reader, writer).into_iter().map(|gap| gap.at).collect()
}

/// Breaks, each with a witness: an event that the writer's contract allows and the reader's view refuses.
#[test]
fn breaks_are_found_and_every_one_has_a_witness() {
    let object = |name: &str, schema: Value| json!({ "type": "object", "properties": { name: schema }, "required": [name] });
    for (reader, writer, at, witness) in [
        (json!({ "type": "string" }), json!({ "type": ["string", "null"] }), "", json!(null)),
        (json!({ "type": "integer" }), json!({ "type": "number" }), "", json!(1.5)),
        (json!({ "type": "string" }), json!({}), "", json!(1)),
        (json!(false), json!({ "type": "null" }), "", json!(null)),
        (json!({ "required": ["a"] }), json!({ "type": "object" }), "/a", json!({})),
        (object("a", json!({})), json!({ "type": "object", "properties": { "a": {} } }), "/a", json!({})),
        (
            object("a", json!({ "type": "string" })),
            object("a", json!({ "type": "integer" })),
            "/a",
            json!({ "a": 1 }),
        ),
        (
            json!({ "properties": { "a": { "type": "string" } } }),
            json!({ "type": "object", "additionalProperties": { "type": "integer" } }),
            "/a",
            json!({ "a": 1 }),
        ),
        (
            json!({ "properties": { "a": {} }, "additionalProperties": false }),
            object("b", json!({ "type": "null" })),
            "/b",
            json!({ "b": null }),
        ),
        (
            json!({ "additionalProperties": { "type": "string" } }),
            json!({ "type": "object", "additionalProperties": { "type": "null" } }),
            "/*",
            json!({ "x": null }),
        ),
        (
            json!({ "items": { "type": "string" } }),
            json!({ "type": "array", "items": { "type": "null" } }),
            "/*",
            json!([null]),
        ),
        (
            json!({ "prefixItems": [{}, { "type": "string" }] }),
            json!({ "type": "array", "prefixItems": [{ "type": "null" }, { "type": "null" }] }),
            "/1",
            json!([null, null]),
        ),
        (json!({ "enum": ["a", "b"] }), json!({ "enum": ["a", "c"] }), "", json!("c")),
        (json!({ "enum": ["a", "b"] }), json!({ "type": "string" }), "", json!("c")),
        (json!({ "const": 1 }), json!({ "enum": [1.0, 2] }), "", json!(2)),
        (json!({ "maximum": 10 }), json!({ "type": "integer", "maximum": 11 }), "", json!(11)),
        (json!({ "exclusiveMaximum": 10 }), json!({ "type": "integer", "maximum": 10 }), "", json!(10)),
        (json!({ "minimum": 1 }), json!({ "type": "number", "exclusiveMinimum": 0.5 }), "", json!(0.75)),
        (json!({ "minLength": 1 }), json!({ "type": "string" }), "", json!("")),
        (json!({ "maxItems": 1 }), json!({ "type": "array", "maxItems": 2 }), "", json!([1, 2])),
        (json!({ "format": "uuid" }), json!({ "type": "string" }), "", json!("x")),
        (json!({ "pattern": "^a" }), json!({ "type": "string", "format": "uint8" }), "", json!("x")),
        (
            json!({ "anyOf": [{ "type": "string" }, { "type": "null" }] }),
            json!({ "type": ["string", "integer"] }),
            "",
            json!(1),
        ),
        (
            json!({ "type": "string" }),
            json!({ "anyOf": [{ "type": "string" }, { "type": "null" }] }),
            "",
            json!(null),
        ),
        (
            json!({ "properties": { "a": { "$ref": "#/$defs/T" } }, "$defs": { "T": { "type": "string" } } }),
            json!({ "type": "object", "properties": { "a": { "$ref": "#/$defs/T" } }, "$defs": { "T": { "type": "null" } } }),
            "/a",
            json!({ "a": null }),
        ),
        (
            json!({ "oneOf": [{ "properties": { "k": { "const": "a" } }, "required": ["k"] }] }),
            json!({ "type": "object", "properties": { "k": { "enum": ["a", "b"] } }, "required": ["k"] }),
            "/k",
            json!({ "k": "b" }),
        ),
        (
            json!({ "properties": { "next": { "$ref": "#" }, "id": { "type": "string" } } }),
            json!({ "type": "object", "properties": { "next": { "$ref": "#" }, "id": { "type": ["string", "null"] } } }),
            "/id",
            json!({ "next": { "id": null } }),
        ),
    ] {
        assert_eq!(places(&reader, &writer), [at], "{reader} of {writer}");
        assert!(takes(&writer, &witness), "{writer} emits {witness}");
        assert!(!takes(&reader, &witness), "{reader} refuses {witness}");
    }
}

#[test]
fn what_fits_is_no_gap() {
    for (reader, writer) in [
        (json!({}), json!({})),
        (json!({ "type": "number" }), json!({ "type": "integer" })),
        (json!({ "type": ["integer", "null"] }), json!({ "enum": [1, 2.0, null] })),
        (json!({ "type": "boolean", "enum": [true, false] }), json!({ "type": "boolean" })),
        (
            json!({ "properties": { "a": { "type": "string" } } }),
            json!({ "type": "object", "additionalProperties": false }),
        ),
        (json!({ "exclusiveMinimum": 0 }), json!({ "type": "integer", "minimum": 1 })),
        (json!({ "minimum": 1 }), json!({ "type": "integer", "minimum": 1, "maximum": 2 })),
        (json!({ "minLength": 0, "maxLength": 5 }), json!({ "type": "string", "maxLength": 5 })),
        (json!({ "maximum": 10 }), json!({ "enum": [1, 2] })),
        (json!({ "minimum": 5 }), json!({ "type": "string" })),
        (json!({ "format": "uint64" }), json!({ "type": "string" })),
        (
            json!({ "anyOf": [{ "type": "string" }, { "type": "null" }] }),
            json!({ "type": ["null", "string"] }),
        ),
        (
            json!({ "oneOf": [{ "required": ["k"], "properties": { "k": { "const": "a" } } }, { "required": ["k"], "properties": { "k": { "const": "b" } } }] }),
            json!({ "oneOf": [{ "type": "object", "required": ["k"], "properties": { "k": { "const": "b" } } }] }),
        ),
        (
            json!({ "properties": { "sum": {}, "total": {} }, "allOf": [{ "anyOf": [{ "required": ["sum"] }, { "required": ["total"] }] }] }),
            json!({ "type": "object", "properties": { "sum": { "type": "integer" } }, "required": ["sum"] }),
        ),
        (
            json!({ "$ref": "#/$defs/T", "$defs": { "T": { "properties": { "t": { "$ref": "#/$defs/T" } } } } }),
            json!({ "type": "object", "properties": { "t": { "$ref": "#" } } }),
        ),
    ] {
        assert_eq!(gaps(&reader, &writer), [], "{reader} of {writer}");
    }
}

#[test]
fn one_definition_is_looked_at_in_every_place() {
    let schema = |kind: &str| {
        let place = json!({ "$ref": "#/$defs/T" });
        json!({
            "type": "object",
            "properties": { "a": place, "b": place },
            "$defs": { "T": { "type": kind } },
        })
    };
    assert_eq!(places(&schema("string"), &schema("null")), ["/a", "/b"]);
}

#[test]
fn branches_that_multiply_end() {
    let branch = |n: usize| json!({ "properties": { format!("a{n}"): { "$ref": "#" } } });
    let many: Vec<Value> = (0..8).map(branch).collect();
    let all: Vec<Value> = (0..8).map(|_| json!({ "anyOf": many })).collect();
    let schema = json!({ "type": "object", "allOf": all });
    assert_eq!(gaps(&schema, &schema), []);
}

#[test]
fn gaps_are_limited() {
    let names: Vec<String> = (0..100).map(|n| format!("n{n}")).collect();
    assert_eq!(gaps(&json!({ "required": names }), &json!({ "type": "object" })).len(), MAX_GAPS);
}

use serde_json::{Value, json};

use super::draft7;

#[test]
fn references_move_along_and_reach_nothing_outside() {
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:contract:a/1.0",
        "$defs": { "Item": { "type": "object", "properties": { "$ref": { "type": "string" } } } },
        "properties": {
            "a": { "$ref": "#/$defs/Item", "description": "one" },
            "b": { "$ref": "#/$defs/Item" },
            "c": { "$ref": "https://example.com/schema" },
            "d": { "$ref": "file:///etc/passwd" },
            "$defs": { "enum": [{ "deep": [{ "$ref": "file:///etc/passwd" }] }], "type": "object" },
            "e": { "const": { "$ref": "file:///etc/passwd" }, "x-note": { "$ref": "#" }, "$ref": 1 },
            "f": { "items": [{ "$ref": "file:///etc/passwd" }], "additionalItems": { "$ref": "#/$defs/Item" } },
            "g": { "dependentRequired": { "a": ["b"] }, "dependentSchemas": { "b": { "$ref": "//127.0.0.1/x" } }, "properties": [{ "$ref": "#" }] },
            "h": { "not": { "const": { "$ref": "#" } } },
        },
    });
    assert_eq!(
        draft7(&schema, "#/x"),
        json!({
            "definitions": { "Item": { "type": "object", "properties": { "$ref": { "type": "string" } } } },
            "properties": {
                "a": { "allOf": [{ "$ref": "#/x/definitions/Item" }], "description": "one" },
                "b": { "$ref": "#/x/definitions/Item" },
                "c": {},
                "d": {},
                "$defs": { "type": "object" },
                "e": {},
                "f": { "items": [{}] },
                "g": { "dependencies": { "a": ["b"], "b": {} } },
                "h": {},
            },
        })
    );
}

#[test]
fn what_draft_7_says_otherwise_is_said_its_way() {
    let schema = json!({
        "prefixItems": [{ "type": "string" }], "items": false,
        "dependentRequired": { "a": ["b"] }, "unevaluatedProperties": false,
    });
    let expected =
        json!({ "items": [{ "type": "string" }], "additionalItems": false, "dependencies": { "a": ["b"] } });
    assert_eq!(draft7(&schema, "#"), expected);
    assert_eq!(draft7(&json!(false), "#"), json!({ "not": {} }));
}

/// Every `$ref`, with whether it leads somewhere in `document`.
fn references(document: &Value, value: &Value, all: &mut Vec<(String, bool)>) {
    match value {
        Value::Object(members) => {
            if let Some(target) = members.get("$ref").and_then(Value::as_str) {
                let pointer = super::decoded(target.trim_start_matches('#'));
                all.push((target.to_owned(), document.pointer(&pointer).is_some()));
            }
            members.values().for_each(|it| references(document, it, all));
        }
        Value::Array(list) => list.iter().for_each(|it| references(document, it, all)),
        _ => {}
    }
}

const DRAFT_7: &str = "http://json-schema.org/draft-07/schema#";

#[test]
fn each_reference_leads_to_what_it_meant() {
    let text = json!({ "type": "string" });
    for (schema, targets) in [
        (
            json!({ "properties": { "a": { "prefixItems": [text] }, "b": { "$ref": "#/properties/a/prefixItems/0" } } }),
            &["#/properties/a/items/0"][..],
        ),
        (
            json!({ "properties": { "a": { "prefixItems": [text], "items": true }, "b": { "$ref": "#/properties/a/items" } } }),
            &["#/properties/a/additionalItems"],
        ),
        (
            json!({ "dependentSchemas": { "a": { "required": ["b"] } }, "properties": { "b": { "$ref": "#/dependentSchemas/a" } } }),
            &["#/dependencies/a"],
        ),
        (
            json!({ "properties": { "$defs": { "properties": { "q": text } }, "b": { "$ref": "#/properties/$defs/properties/q" } } }),
            &["#/properties/$defs/properties/q"],
        ),
        (
            json!({ "$defs": { "A": text }, "definitions": { "A": true },
                "properties": { "a": { "$ref": "#/$defs/A" }, "b": { "$ref": "#/definitions/A" } } }),
            &["#/definitions/A", "#/definitions/A_2"],
        ),
        (
            json!({ "$schema": DRAFT_7, "definitions": { "A": text }, "properties": { "a": { "items": [{ "$ref": "#/definitions/A" }] } },
                "dependencies": { "a": { "$ref": "#/definitions/A" }, "b": ["c"] } }),
            &["#/definitions/A", "#/definitions/A"],
        ),
        (
            json!({ "properties": { "a": { "$id": "urn:inner", "$defs": { "Q": text }, "properties": { "q": { "$ref": "#/$defs/Q" } } } } }),
            &["#/properties/a/definitions/Q"],
        ),
        (
            json!({ "unevaluatedProperties": text, "properties": { "b": { "$ref": "#/unevaluatedProperties" } } }),
            &[],
        ),
        (
            json!({ "$defs": { "c d": text }, "properties": { "a": { "$ref": "#/$defs/c%20d" } } }),
            &["#/definitions/c%20d"],
        ),
        // What is left out with a keyword is no place any more.
        (
            json!({ "not": { "$id": "urn:x", "$defs": { "A": text }, "unevaluatedItems": false }, "properties": { "a": { "$ref": "#/not/$defs/A" } } }),
            &[],
        ),
    ] {
        let made = draft7(&schema, "#");
        let mut all = Vec::new();
        references(&made, &made, &mut all);
        assert!(all.iter().all(|(_, leads)| *leads), "{schema}: {made}");
        let mut told: Vec<&str> = all.iter().map(|(target, _)| target.as_str()).collect();
        told.sort_unstable();
        // Canonical order of both.
        assert_eq!(
            told.iter().filter(|target| **target != "#").copied().collect::<Vec<_>>(),
            targets,
            "{made}"
        );
    }
}

#[test]
fn what_is_left_out_never_makes_the_whole_stricter() {
    let text = json!({ "type": "string" });
    for (schema, event) in [
        (
            json!({ "not": { "required": ["z"], "unevaluatedProperties": false, "properties": { "z": true } } }),
            json!({ "z": 1, "q": 1 }),
        ),
        (
            json!({ "properties": { "a": { "not": { "contains": text, "minContains": 2 } } } }),
            json!({ "a": ["x"] }),
        ),
        (
            json!({ "not": { "properties": { "a": { "$ref": "#/$defs/A" } } }, "$defs": { "A": { "unevaluatedItems": false, "type": "array" } } }),
            json!({ "a": [1] }),
        ),
        (
            json!({ "properties": { "a": { "oneOf": [{ "contains": text, "maxContains": 1 }, { "contains": text, "minContains": 2 }] } } }),
            json!({ "a": ["x"] }),
        ),
        (
            json!({ "if": { "properties": { "a": text }, "unevaluatedProperties": false }, "then": { "required": ["a"] } }),
            json!({ "b": 1 }),
        ),
        (
            json!({ "properties": { "a": { "prefixItems": [text], "additionalItems": false } } }),
            json!({ "a": ["x", 1] }),
        ),
        (json!({ "not": { "dependencies": { "a": ["b"] } } }), json!({ "a": 1 })),
        (
            json!({ "$defs": { "A": { "$anchor": "q", "type": "string" } }, "properties": { "a": { "not": { "$ref": "#q" } } } }),
            json!({ "a": 1 }),
        ),
        (
            json!({ "not": { "dependentRequired": { "a": ["b"] }, "dependentSchemas": { "a": { "required": ["c"] } } } }),
            json!({ "a": 1, "c": 1 }),
        ),
        (
            json!({ "oneOf": [
                { "properties": { "a": text }, "required": ["a"], "unevaluatedProperties": false },
                { "properties": { "a": text, "b": text }, "required": ["a", "b"], "unevaluatedProperties": false } ] }),
            json!({ "a": "x", "b": "y" }),
        ),
        (
            json!({ "$schema": DRAFT_7, "definitions": { "A": text }, "properties": { "a": { "$ref": "#/definitions/A", "maxLength": 1 } } }),
            json!({ "a": "long" }),
        ),
    ] {
        let contract = jsonschema::validator_for(&schema).expect("a schema");
        assert!(contract.is_valid(&event), "{schema}: {event}");
        let made = draft7(&schema, "#");
        let document = jsonschema::draft7::new(&made).expect("a schema of draft 7");
        assert!(document.is_valid(&event), "{schema} became {made}: {event}");
    }
}

#[test]
fn a_long_chain_of_references_ends() {
    let mut definitions = serde_json::Map::new();
    for at in 0..100 {
        definitions.insert(format!("d{at:03}"), json!({ "$ref": format!("#/$defs/d{:03}", at + 1) }));
    }
    definitions.insert("d100".to_owned(), json!({ "unevaluatedProperties": false, "type": "object" }));
    let made = draft7(&json!({ "$defs": definitions, "not": { "$ref": "#/$defs/d000" } }), "#");
    assert_eq!(made.get("not"), None, "{made}");
    assert_eq!(made["definitions"]["d000"]["$ref"], "#/definitions/d001");
}

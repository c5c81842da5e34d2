//! A contract as the schemas of `AsyncAPI`: JSON Schema draft 7.

use serde_json::{Map, Value, json};

/// Keywords whose members are schemas.
const MAPS: [&str; 4] = ["properties", "patternProperties", "definitions", "dependencies"];
/// Keywords whose elements are schemas.
const LISTS: [&str; 3] = ["allOf", "anyOf", "oneOf"];
/// Keywords whose value is a schema.
const SCHEMAS: [&str; 9] = [
    "items",
    "additionalItems",
    "additionalProperties",
    "not",
    "if",
    "then",
    "else",
    "contains",
    "propertyNames",
];
/// What draft 7 does not know, or what would mean something else in the middle of another document.
const LEFT_OUT: [&str; 12] = [
    "$schema",
    "$id",
    "$anchor",
    "$dynamicAnchor",
    "$dynamicRef",
    "$vocabulary",
    "$comment",
    "unevaluatedProperties",
    "unevaluatedItems",
    "minContains",
    "maxContains",
    "contentSchema",
];

/// A schema of draft 2020-12 as one of draft 7 that stands at `at` in its document. `$ref`s within the schema are
/// moved along; one that goes elsewhere is nothing this crate would look up, and allows everything. Tools of `AsyncAPI` follow a
/// `$ref` wherever it stands, in a constant too: what holds one and is no schema is left out.
///
/// The depth is that of the schema, which `serde_json` bounds where it is read.
pub(super) fn draft7(schema: &Value, at: &str) -> Value {
    match convert(schema, at) {
        Value::Bool(true) => json!({}),
        Value::Bool(false) => json!({ "not": {} }),
        other => other,
    }
}

fn convert(schema: &Value, at: &str) -> Value {
    let members = match schema {
        Value::Object(members) => members,
        // Before 2020-12 `items` may be a list.
        Value::Array(list) => return list.iter().map(|it| convert(it, at)).collect(),
        other => return other.clone(),
    };
    let each = |map: &Map<String, Value>| -> Value {
        map.iter().map(|(name, schema)| (name.clone(), convert(schema, at))).collect::<Map<_, _>>().into()
    };
    let mut out = Map::new();
    let mut reference = None;
    for (keyword, value) in members {
        match (keyword.as_str(), value) {
            ("$ref", Value::String(target)) => reference = Some(moved(target, at)),
            ("$defs", Value::Object(map)) => _ = out.insert("definitions".to_owned(), each(map)),
            ("prefixItems", Value::Array(list)) => {
                out.insert("items".to_owned(), list.iter().map(|it| convert(it, at)).collect());
                if let Some(rest) = members.get("items") {
                    out.insert("additionalItems".to_owned(), convert(rest, at));
                }
            }
            ("items", _) if members.contains_key("prefixItems") => {}
            ("contains", _) if members.get("minContains").is_some_and(|least| *least == 0) => {}
            ("dependentRequired" | "dependentSchemas", Value::Object(map)) => {
                let entry = out.entry("dependencies").or_insert_with(|| json!({}));
                if let Value::Object(known) = entry {
                    known.extend(map.iter().map(|(name, it)| (name.clone(), convert(it, at))));
                }
            }
            (keyword, Value::Object(map)) if MAPS.contains(&keyword) => {
                _ = out.insert(keyword.to_owned(), each(map));
            }
            (keyword, Value::Array(list)) if LISTS.contains(&keyword) => {
                out.insert(keyword.to_owned(), list.iter().map(|it| convert(it, at)).collect());
            }
            (keyword, value) if SCHEMAS.contains(&keyword) => {
                _ = out.insert(keyword.to_owned(), convert(value, at));
            }
            (keyword, value) if LEFT_OUT.contains(&keyword) || keyword == "$ref" || refers(value) => {}
            (keyword, value) => _ = out.insert(keyword.to_owned(), value.clone()),
        }
    }
    with_reference(reference, out)
}

/// Whether a tool finds something to follow in it.
fn refers(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.contains_key("$ref") || members.values().any(refers),
        Value::Array(list) => list.iter().any(refers),
        _ => false,
    }
}

/// Beside a `$ref`, draft 7 passes over everything else, so that what stands beside moves into an `allOf` of both.
fn with_reference(reference: Option<Value>, mut out: Map<String, Value>) -> Value {
    let Some(reference) = reference else { return out.into() };
    if out.is_empty() {
        return reference;
    }
    match out.get_mut("allOf").and_then(Value::as_array_mut) {
        Some(all) => all.push(reference),
        None => _ = out.insert("allOf".to_owned(), json!([reference])),
    }
    out.into()
}

fn moved(target: &str, at: &str) -> Value {
    match target.strip_prefix('#') {
        Some(pointer) if pointer.is_empty() || pointer.starts_with('/') => {
            json!({ "$ref": format!("{at}{}", pointer.replace("/$defs/", "/definitions/")) })
        }
        _ => json!({}),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
                "g": { "dependencies": { "a": ["b"], "b": { "$ref": "//127.0.0.1/x" } }, "properties": [{ "$ref": "#" }] },
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
                    "f": { "items": [{}], "additionalItems": { "$ref": "#/x/definitions/Item" } },
                    "g": { "dependencies": { "a": ["b"], "b": {} } },
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
        let expected = json!({ "items": [{ "type": "string" }], "additionalItems": false, "dependencies": { "a": ["b"] } });
        assert_eq!(draft7(&schema, "#"), expected);
        assert_eq!(draft7(&json!(false), "#"), json!({ "not": {} }));
    }
}

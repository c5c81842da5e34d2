//! Places of documents of older drafts, and of the same in the words of 2020-12.

use jsonschema::Draft;
use serde_json::{Value, json};

use crate::compat::places::{before, today};
use crate::compat::translate::translate;
use crate::meaning::escaped;
use crate::schema::{LIST, MAP, ONE};

/// Both ways between an old place and its new one.
fn holds(draft: Draft, schema: &Value, old: &str, new: &str) {
    assert_eq!(today(draft, schema, old).as_deref(), Some(new), "{old}");
    assert_eq!(before(draft, schema, new), old);
}

/// Of a document of draft 7: what is no schema there.
fn is_none(schema: &Value, pointers: &[&str]) {
    for pointer in pointers {
        assert_eq!(today(Draft::Draft7, schema, pointer), None, "{pointer}");
    }
}

/// The pointers of all schemas of a document of 2020-12.
fn pointers(schema: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    for (key, value) in schema.as_object().into_iter().flatten() {
        let at = format!("{at}/{key}");
        match value {
            value if ONE.contains(&key.as_str()) => pointers(value, &at, found),
            Value::Array(list) if LIST.contains(&key.as_str()) => {
                list.iter()
                    .enumerate()
                    .for_each(|(index, inner)| pointers(inner, &format!("{at}/{index}"), found));
            }
            Value::Object(map) if MAP.contains(&key.as_str()) => {
                map.iter()
                    .for_each(|(name, inner)| pointers(inner, &format!("{at}/{}", escaped(name)), found));
            }
            _ => {}
        }
    }
}

#[test]
fn places_that_changed_inside_each_other_change_at_every_level() {
    let (mut schema, mut old, mut new) = (json!(true), String::new(), String::new());
    for _ in 0..20 {
        schema = json!({ "definitions": { "a": { "items": [{ "not": schema }] } } });
        old += "/definitions/a/items/0/not";
        new += "/$defs/a/prefixItems/0/not";
    }
    holds(Draft::Draft7, &schema, &old, &new);
    holds(Draft::Draft7, &schema, "", "");
}

#[test]
fn a_name_that_begins_like_another_or_is_a_keyword_is_its_own() {
    let schema = json!({
        "definitions": { "a": true, "ab": true, "items": { "items": [true] } },
        "definitionsOfMine": { "a": true },
        "properties": { "definitions": { "properties": { "a": true } } },
    });
    holds(Draft::Draft7, &schema, "/definitions/ab", "/$defs/ab");
    holds(Draft::Draft7, &schema, "/definitions/items/items/0", "/$defs/items/prefixItems/0");
    holds(
        Draft::Draft7,
        &schema,
        "/properties/definitions/properties/a",
        "/properties/definitions/properties/a",
    );
    is_none(
        &schema,
        &["/definitionsOfMine/a", "/definitions/abc", "/definitions", "/definitions/", "/$defs/a"],
    );
    assert_eq!(before(Draft::Draft7, &schema, "/$defsOfMine/a"), "/$defsOfMine/a");
}

#[test]
fn a_name_has_one_spelling() {
    let schema = json!({ "definitions": {
        "a/b": { "definitions": { "m~n": true } }, "~1": true, "": true, "a": true,
    } });
    holds(Draft::Draft7, &schema, "/definitions/a~1b/definitions/m~0n", "/$defs/a~1b/$defs/m~0n");
    holds(Draft::Draft7, &schema, "/definitions/~01", "/$defs/~01");
    holds(Draft::Draft7, &schema, "/definitions/", "/$defs/");
    is_none(
        &schema,
        &["/definitions/a/b", "/definitions/a~1b/definitions/m~n", "/definitions/~1", "/definitions/~2"],
    );
    assert_eq!(
        before(Draft::Draft7, &schema, "/$defs/a~1b/$defs/m~n/type"),
        "/definitions/a~1b/definitions/m~n/type"
    );
}

#[test]
fn an_index_has_one_spelling() {
    let schema = json!({ "items": [true, { "allOf": [true] }], "additionalItems": { "items": true } });
    holds(Draft::Draft7, &schema, "/items/1/allOf/0", "/prefixItems/1/allOf/0");
    holds(Draft::Draft7, &schema, "/additionalItems/items", "/items/items");
    is_none(&schema, &["/items/01", "/items/+1", "/items/2", "/items/-1", "/items/x", "/items"]);
}

#[test]
fn what_the_document_does_not_have_keeps_its_name_inside_what_it_has() {
    let schema = json!({ "definitions": { "a": { "required": ["items"] } }, "items": [true] });
    for (new, old) in [
        ("/$defs", "/definitions"),
        ("/$defs/made/items/$defs", "/definitions/made/items/$defs"),
        ("/$defs/a/required/0", "/definitions/a/required/0"),
        ("/$defs/a/additionalProperties", "/definitions/a/additionalProperties"),
        ("/prefixItems/7/items", "/items/7/items"),
        ("/items/not", "/items/not"),
        ("/allOf/1/$defs", "/allOf/1/$defs"),
    ] {
        assert_eq!(before(Draft::Draft7, &schema, new), old);
    }
}

#[test]
fn what_a_draft_ignores_is_no_schema() {
    let schema = json!({
        "if": true,
        "prefixItems": [true],
        "items": true,
        "additionalItems": true,
        "definitions": { "a": { "$ref": "#", "not": true, "definitions": { "b": true } } },
        "dependencies": { "a": ["b"], "b": true, "c": "a" },
    });
    is_none(&schema, &["/prefixItems/0", "/additionalItems", "/definitions/a/not", "/dependencies/a"]);
    holds(Draft::Draft7, &schema, "/definitions/a/definitions/b", "/$defs/a/$defs/b");
    holds(Draft::Draft7, &schema, "/dependencies/b", "/dependentSchemas/b");
    holds(Draft::Draft7, &schema, "/if", "/if");
    assert_eq!(today(Draft::Draft6, &schema, "/if"), None);
    assert!(today(Draft::Draft7, &schema, "/dependencies/c").is_some());
    assert_eq!(today(Draft::Draft4, &schema, "/dependencies/c"), None);
    assert_eq!(today(Draft::Draft202012, &schema, "/dependencies/b"), None);
}

#[test]
fn a_reference_is_decoded_before_it_is_followed() {
    let all = ["a b", "100%", "x/y", "%41"];
    for (reference, told) in [
        ("#/definitions/a%20b", Some("#/$defs/a b")),
        ("#/definitions/a b", Some("#/$defs/a b")),
        ("#/definitions/100%25", Some("#/$defs/100%")),
        ("#/definitions/100%", Some("#/$defs/100%")),
        ("#/definitions/x~1y", Some("#/$defs/x~1y")),
        ("#/definitions/x%7E1y", Some("#/$defs/x~1y")),
        ("#/%64efinitions/x%7e1y", Some("#/$defs/x~1y")),
        ("#/definitions/%2541", Some("#/$defs/%41")),
        ("#/definitions/%41", None),
        ("#/definitions/x%2Fy", None),
    ] {
        let definitions = all.map(|name| (name.to_owned(), json!(true)));
        let schema =
            json!({ "$ref": reference, "definitions": Value::Object(definitions.into_iter().collect()) });
        let translated = translate(&schema, Draft::Draft7);
        let found = translated.as_ref().ok().and_then(|schema| schema["$ref"].as_str());
        assert_eq!(found, told, "{reference}");
    }
}

#[test]
fn every_schema_of_a_translation_stood_somewhere_and_is_found_from_there() {
    let inner = json!({
        "definitions": { "a/b": { "items": [{ "type": "string" }, false], "additionalItems": { "not": true } } },
        "dependencies": { "x": { "properties": { "items": { "items": [true] } } }, "y": ["x"] },
        "dependentSchemas": { "z": { "items": true } },
        "allOf": [{ "if": true, "then": { "definitions": { "~": true } } }, { "additionalItems": true }],
        "properties": { "definitions": { "anyOf": [{ "contains": { "items": [] } }] } },
        "prefixItems": [true],
    });
    let schema =
        json!({ "definitions": { "inner": inner, "own": { "$defs": { "a": true }, "definitions": 5 } } });
    for (draft, expected) in [
        (Draft::Draft4, 16),
        (Draft::Draft6, 17),
        (Draft::Draft7, 20),
        (Draft::Draft201909, 22),
        (Draft::Draft202012, 18),
    ] {
        let translated = translate(&schema, draft).unwrap();
        let mut all = Vec::new();
        pointers(&translated, "", &mut all);
        assert_eq!(all.len(), expected, "{draft:?}: {all:#?}");
        for new in all {
            let old = before(draft, &schema, &new);
            assert!(schema.pointer(&old).is_some(), "{new} stood at {old}");
            assert_eq!(today(draft, &schema, &old), Some(new));
        }
    }
}

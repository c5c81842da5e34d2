//! Documents of older drafts in the words of 2020-12.

use jsonschema::Draft;
use serde_json::{Map, Value, json};

use crate::compat::places::before;
use crate::compat::translate::translate;

#[test]
fn every_place_is_told_by_its_old_name_and_references_go_to_the_new_one() {
    let old = json!({
        "definitions": {
            "a": { "definitions": { "b": { "items": [true, { "$ref": "#/definitions/a" }], "additionalItems": false } } },
            "c~/": { "$ref": "#/definitions/a/definitions/b/items/1" },
        },
        "properties": {
            "definitions": { "$ref": "#/definitions/c~0~1" },
            "left": { "$ref": "#/definitions/a/definitions/b/additionalItems" },
        },
    });
    let schema = translate(&old, Draft::Draft7).unwrap();
    assert_eq!(schema["properties"]["definitions"]["$ref"], "#/$defs/c~0~1");
    assert_eq!(schema["$defs"]["c~/"]["$ref"], "#/$defs/a/$defs/b/prefixItems/1");
    assert_eq!(schema["properties"]["left"]["$ref"], "#/$defs/a/$defs/b/items");
    for (new, stood) in [
        ("/$defs/a/$defs/b/prefixItems/1/$ref", "/definitions/a/definitions/b/items/1/$ref"),
        ("/$defs/a/$defs/b/items", "/definitions/a/definitions/b/additionalItems"),
        ("/$defs/c~0~1", "/definitions/c~0~1"),
        ("/properties/definitions", "/properties/definitions"),
        ("", ""),
    ] {
        assert_eq!(before(Draft::Draft7, &old, new), stood);
    }
}

#[test]
fn what_was_called_so_before_keeps_its_place_beside_what_is_called_so_now() {
    let old = json!({
        "dependencies": { "a": { "required": ["x"] }, "n": ["y"] },
        "dependentSchemas": { "b": { "$ref": "#/dependencies/a" } },
    });
    let schema = translate(&old, Draft::Draft201909).unwrap();
    assert_eq!(schema["dependentSchemas"]["b"]["$ref"], "#/dependentSchemas/a");
    assert_eq!(schema["dependentRequired"], json!({ "n": ["y"] }));
    for (new, stood) in [
        ("/dependentSchemas/a/required", "/dependencies/a/required"),
        ("/dependentSchemas/b/$ref", "/dependentSchemas/b/$ref"),
        ("/dependentSchemas", "/dependentSchemas"),
    ] {
        assert_eq!(before(Draft::Draft201909, &old, new), stood);
    }
}

#[test]
fn a_reference_to_what_is_no_schema_is_told_at_its_old_place() {
    let old = json!({ "definitions": { "a": { "items": [{ "$ref": "#/definitions" }] } } });
    let (pointer, problem) = translate(&old, Draft::Draft7).unwrap_err();
    assert_eq!(pointer, "/definitions/a/items/0/$ref");
    assert!(problem.contains("`#/definitions`, which is no schema"), "{problem}");
}

#[test]
fn an_inner_resource_is_referred_to_from_its_own_root() {
    let old = json!({
        "definitions": { "inner": {
            "$id": "https://example.org/inner",
            "definitions": { "text": { "type": "string" } },
            "properties": { "name": { "$ref": "#/definitions/text" } },
        } },
    });
    let schema = translate(&old, Draft::Draft7).unwrap();
    assert_eq!(schema["$defs"]["inner"]["properties"]["name"]["$ref"], "#/$defs/text");
}

#[test]
fn an_inner_resource_is_one_where_it_stands_now_and_keeps_references_of_others() {
    let to = |reference: &str| json!({ "$ref": reference });
    let old = json!({
        "$id": "https://example.org/root",
        "definitions": { "text": true },
        "dependencies": { "inner": {
            "$id": "https://example.org/inner#",
            "definitions": { "text": true },
            "allOf": [
                to("https://example.org/inner#/definitions/text"),
                to("https://example.org/root#/definitions/text"),
                to("#"),
                to("#text"),
            ],
        } },
        "allOf": [
            to("https://example.org/root#/definitions/text"),
            to("#/dependencies/inner/definitions/text"),
            to("https://example.org/inner#/definitions/text"),
        ],
    });
    let schema = translate(&old, Draft::Draft7).unwrap();
    let inner = &schema["dependentSchemas"]["inner"]["allOf"];
    assert_eq!(
        *inner,
        json!([to("#/$defs/text"), to("https://example.org/root#/definitions/text"), to("#"), to("#text")])
    );
    assert_eq!(
        schema["allOf"],
        json!([
            to("#/$defs/text"),
            to("#/dependentSchemas/inner/$defs/text"),
            to("https://example.org/inner#/definitions/text")
        ])
    );
}

#[test]
fn what_cannot_be_said_is_told_at_its_place_and_not_where_its_neighbour_was() {
    let twice = json!({ "dependencies": { "a": true }, "dependentSchemas": { "a": true } });
    let old = json!({ "allOf": [{ "not": { "items": [true] } }, { "properties": { "x/y": twice } }] });
    let (pointer, problem) = translate(&old, Draft::Draft201909).unwrap_err();
    assert_eq!(pointer, "/allOf/1/properties/x~1y/dependencies");
    assert!(problem.contains("is said twice"), "{problem}");
}

#[test]
fn long_names_inside_each_other_are_refused_before_they_fill_the_memory() {
    let leaves: Map<String, Value> = (0..1_000).map(|index| (format!("f{index}"), json!(true))).collect();
    let mut schema = json!({ "properties": leaves });
    for _ in 0..20 {
        schema = json!({ "properties": { "n".repeat(10_000): schema } });
    }
    let (pointer, problem) = translate(&schema, Draft::Draft7).unwrap_err();
    assert!(problem.contains("names are too long"), "{problem}");
    assert!(pointer.len() <= 200, "{}", pointer.len());
}

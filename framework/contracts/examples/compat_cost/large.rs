//! Documents as large as any that are read.

use std::ops::RangeInclusive;

use serde_json::{Map, Value, json};

use crate::made::Told::{Breaks, Holds, Unproven};
use crate::made::{Made, contract, defined, plain, refused, tagged, to};

/// How many there are.
pub(crate) const LARGE: usize = 26;

/// Those that are small, and have long names inside each other: what is kept of each place comes to more than the document.
pub(crate) const NAMES: RangeInclusive<usize> = 19..=24;

/// The pair at an index below [`LARGE`].
pub(crate) fn large(index: usize) -> Made {
    match index {
        0 => contract("5 MB flat, one field changed", flat("string"), flat("integer"), [Breaks, Breaks]),
        1 => contract("5 MB flat, the same", flat("string"), flat("string"), [Holds, Holds]),
        2 => plain("5 MB flat, plain, one field wider", flat("integer"), flat("number"), [Holds, Breaks]),
        3 => contract(
            "5 MB of definitions, the last one changed",
            web(20_000, "string"),
            web(20_000, "integer"),
            [Unproven, Unproven],
        ),
        4 => contract(
            "5 MB of definitions, the same",
            web(20_000, "string"),
            web(20_000, "string"),
            [Holds, Holds],
        ),
        5 => contract(
            "5 MB of references alone",
            references(90_000, "string"),
            references(90_000, "integer"),
            [Breaks, Breaks],
        ),
        6 => contract("5 MB of listed values, one more", listed(200_000), listed(200_001), [Holds, Breaks]),
        7 => plain("5 MB of listed numbers, one less", numbers(500_000), numbers(499_999), [Breaks, Holds]),
        8 => contract(
            "5 MB of branches, one more",
            tagged(25_000, 9),
            tagged(25_001, 9),
            refused("1000 branches"),
        ),
        9 => contract("1,000 tagged, one fewer", tagged(1_000, 9), tagged(999, 9), [Breaks, Holds]),
        10 => {
            contract("long names inside each other", long_names(60, 80_000), json!({}), refused("too long"))
        }
        11 => contract("20,000 parts in a row", parts(20_000), parts(19_999), refused("too many schemas")),
        12 => contract(
            "5 MB of definitions of draft 7, one changed",
            of_draft_7(&web(20_000, "string")),
            of_draft_7(&web(20_000, "integer")),
            [Unproven, Unproven],
        ),
        13 => contract("10,000 fields of another type", many("string"), many("integer"), [Breaks, Breaks]),
        14 => contract(
            "10,000 required fields of another type",
            required("string"),
            required("integer"),
            [Breaks, Breaks],
        ),
        15 => contract(
            "5 MB flat, every field changed",
            flat("string"),
            flat_of("integer", "integer"),
            [Breaks, Breaks],
        ),
        16 => contract(
            "10,000 required fields more",
            json!({ "type": "object" }),
            required("string"),
            [Breaks, Holds],
        ),
        17 => contract(
            "long names inside each other, of draft 7",
            of_draft_7(&long_names(60, 80_000)),
            json!({}),
            refused("too long"),
        ),
        18 => contract("more schemas than are read", wide(260_000), json!({}), refused("more than")),
        19 => below_names("3,800 leaves below long names, of draft 7", 3_800, &leaf, None),
        20 => below_names("40,000 leaves below long names, of draft 7", 40_000, &leaf, Some("too long")),
        21 => below_names("3,800 `$id`s below long names, of draft 7", 3_800, &resource, None),
        22 => below_names("3,800 tuples below long names, of draft 7", 3_800, &tuple, None),
        23 => below_names("40,000 tuples below long names, of draft 7", 40_000, &tuple, Some("too long")),
        24 => below_names("250 unions below long names", 250, &union, None),
        _ => changed_below_names(3_800),
    }
}

/// An object of 56,000 fields, each with some words; the last one is of the kind `last`.
fn flat(last: &str) -> Value {
    flat_of("string", last)
}

fn flat_of(others: &str, last: &str) -> Value {
    const FIELDS: usize = 56_000;
    let fields = (0..FIELDS).map(|index| {
        let kind = if index == FIELDS - 1 { last } else { others };
        let field = json!({ "type": kind, "maxLength": 100, "description": "One of a great many fields." });
        (format!("field_{index:05}"), field)
    });
    let fields: Map<String, Value> = fields.collect();
    json!({ "type": "object", "properties": fields, "required": ["field_00000"] })
}

/// An object of 10,000 fields of the kind `kind`.
fn many(kind: &str) -> Value {
    let fields = (0..10_000).map(|index| (format!("field_{index:05}"), json!({ "type": kind })));
    json!({ "type": "object", "properties": fields.collect::<Map<String, Value>>() })
}

/// The same, all of them required.
fn required(kind: &str) -> Value {
    let mut schema = many(kind);
    schema["required"] = (0..10_000).map(|index| format!("field_{index:05}")).collect();
    schema
}

/// Definitions, each with the next ones in its fields.
fn web(count: usize, last: &str) -> Value {
    let definition = |index: usize| {
        let next = |offset: usize| json!({ "$ref": format!("#/$defs/D{}", (index + offset) % count) });
        let kind = if index == count - 1 { last } else { "string" };
        json!({
            "type": "object",
            "description": "A definition that says little, and says it at some length, as generated ones do.",
            "properties": { "a": next(1), "b": next(7), "c": { "type": kind, "maxLength": 100 } },
        })
    };
    defined((0..count).map(definition))
}

/// The same in the words of draft 7.
fn of_draft_7(schema: &Value) -> Value {
    let words = schema.to_string().replace("$defs", "definitions");
    let mut schema: Value = serde_json::from_str(&words).unwrap_or_default();
    schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    schema
}

/// References to references.
fn references(count: usize, end: &str) -> Value {
    defined((0..count).map(|index| to(index + 1)).chain([json!({ "type": end })]))
}

/// Parts of parts, each with something to say beside.
fn parts(count: usize) -> Value {
    let part = |index: usize| json!({ "type": "object", "allOf": [to(index + 1), { "maxProperties": 9 }] });
    defined((0..count).map(part).chain([json!({ "type": "object" })]))
}

fn listed(count: usize) -> Value {
    let values: Vec<Value> = (0..count).map(|index| json!(format!("a value, no. {index:07}"))).collect();
    json!({ "type": "object", "properties": { "one": { "enum": values } }, "required": ["one"] })
}

fn numbers(count: usize) -> Value {
    let values: Vec<Value> = (0..count).map(|index| json!(index * 7 + 1_000_000)).collect();
    json!({ "enum": values })
}

/// Objects inside each other, by names of that many letters.
fn long_names(levels: usize, letters: usize) -> Value {
    inside_names(levels, letters, json!(true))
}

fn inside_names(levels: usize, letters: usize, inner: Value) -> Value {
    let name = "n".repeat(letters);
    (0..levels).fold(inner, |inner, _| json!({ "properties": { name.as_str(): inner } }))
}

/// Many schemas of one kind, each at the end of a pointer of 7 kB, and one beside them that is changed. Up to the bound of
/// pointers they are compared, and beyond it `refusal` is said.
fn below_names(
    name: &'static str,
    count: usize,
    schema: &dyn Fn(usize) -> Value,
    refusal: Option<&'static str>,
) -> Made {
    let version = |last: &str| {
        let mut fields: Map<String, Value> =
            (0..count).map(|index| (format!("f{index}"), schema(index))).collect();
        fields.insert("last".to_owned(), json!({ "type": last }));
        let mut schema = inside_names(58, 110, json!({ "properties": fields }));
        // Something that has another name today.
        schema["$defs"] = json!({ "one": true });
        of_draft_7(&schema)
    };
    let expected = refusal.map_or([Breaks, Breaks], refused);
    contract(name, version("string"), version("integer"), expected)
}

/// As many schemas below long names, each of them changed.
fn changed_below_names(count: usize) -> Made {
    let version = |kind: &str| {
        let fields: Map<String, Value> =
            (0..count).map(|index| (format!("f{index}"), json!({ "type": kind }))).collect();
        inside_names(58, 110, json!({ "properties": fields }))
    };
    contract("3,800 changes below long names", version("string"), version("integer"), [Breaks, Breaks])
}

/// A schema of several values: together they make a document large.
fn leaf(_: usize) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": 9 })
}

/// A schema with a name of its own.
fn resource(index: usize) -> Value {
    json!({ "$id": format!("https://example.org/{index}"), "type": "string", "minLength": 1 })
}

/// A schema with a place that has another name today and is no schema itself.
fn tuple(_: usize) -> Value {
    json!({ "type": "array", "items": [], "minItems": 1 })
}

/// A union of branches that are told apart by nothing once they are open.
fn union(_: usize) -> Value {
    let text = json!({ "type": "string" });
    let branch = |name: &str| json!({ "properties": { name: text }, "additionalProperties": false });
    json!({ "oneOf": [branch("a"), branch("b")] })
}

fn wide(count: usize) -> Value {
    json!({ "allOf": (0..count).map(|_| json!({})).collect::<Vec<_>>() })
}

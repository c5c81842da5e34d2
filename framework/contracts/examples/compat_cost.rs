//! What a comparison costs: ordinary pairs, and the awkward ones that must end too.
//!
//! ```text
//! cargo run --release -p choreograph-contracts --example compat_cost
//! ```

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a benchmark reads the clock and prints"
)]

use std::time::{Duration, Instant};

use choreograph_contracts::compat::{Document, Options, Semantics, compare};
use serde_json::{Map, Value, json};

/// How often an ordinary pair is compared.
const ROUNDS: u32 = 200;

/// An event of 20 fields, two of them objects, one a list and one a union.
fn ordinary(version: usize) -> Value {
    let mut properties = Map::new();
    for index in 0..16 + version {
        let field = match index % 4 {
            0 => json!({ "type": "string", "format": "uuid" }),
            1 => {
                json!({ "type": "integer", "format": "uint64", "minimum": 0, "description": format!("v{version}") })
            }
            2 => json!({ "type": ["string", "null"], "maxLength": 80 }),
            _ => json!({ "$ref": "#/$defs/Money" }),
        };
        properties.insert(format!("field_{index}"), field);
    }
    properties.insert("lines".to_owned(), json!({ "type": "array", "items": { "$ref": "#/$defs/Line" } }));
    properties.insert("way".to_owned(), json!({ "oneOf": [
        { "type": "object", "properties": { "kind": { "const": "card" }, "number": { "type": "string" } }, "required": ["kind", "number"] },
        { "type": "object", "properties": { "kind": { "const": "cash" } }, "required": ["kind"] },
    ] }));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "required": ["field_0", "lines", "way"],
        "$defs": {
            "Money": { "type": "object", "properties": { "amount": { "type": "integer" }, "currency": { "enum": ["EUR", "USD"] } }, "required": ["amount", "currency"] },
            "Line": { "type": "object", "properties": { "sku": { "type": "string" }, "price": { "$ref": "#/$defs/Money" } }, "required": ["sku"] },
        },
    })
}

/// A union of `count` tagged branches, each with a field of its own.
fn union(count: usize, length: usize) -> Value {
    let branch = |index: usize| {
        json!({
            "type": "object",
            "properties": { "kind": { "const": format!("k{index}") }, format!("f{index}"): { "type": "string", "maxLength": length } },
            "required": ["kind"],
        })
    };
    json!({ "oneOf": (0..count).map(branch).collect::<Vec<_>>() })
}

/// A union without tags.
fn untagged(count: usize, length: usize) -> Value {
    let branch = |index: usize| json!({ "type": "object", "properties": { format!("f{index}"): { "type": "string", "maxLength": length } }, "required": [format!("f{index}")] });
    json!({ "anyOf": (0..count).map(branch).collect::<Vec<_>>() })
}

/// A schema of several megabytes: `count` definitions, each referring to the next two.
fn large(count: usize, last: &str) -> Value {
    let mut definitions = Map::new();
    for index in 0..count {
        let next = |offset: usize| json!({ "$ref": format!("#/$defs/D{}", (index + offset) % count) });
        let kind = if index == count - 1 { last } else { "string" };
        definitions.insert(
            format!("D{index}"),
            json!({
                "type": "object",
                "description": "A definition that says little, and says it at some length, as generated ones do.",
                "properties": { "a": next(1), "b": next(7), "c": { "type": kind, "maxLength": 100 } },
            }),
        );
    }
    json!({ "$ref": "#/$defs/D0", "$defs": definitions })
}

/// Objects inside each other, as deep as a document may be.
fn deep(levels: usize, end: &str) -> Value {
    (0..levels).fold(json!({ "type": end }), |inner, _| json!({ "properties": { "a": inner } }))
}

/// A chain of references, each to the next.
fn chain(count: usize, end: &str) -> Value {
    let mut definitions = Map::new();
    for index in 0..count {
        definitions.insert(
            format!("D{index}"),
            json!({ "properties": { "a": { "$ref": format!("#/$defs/D{}", index + 1) } } }),
        );
    }
    definitions.insert(format!("D{count}"), json!({ "type": end }));
    json!({ "$ref": "#/$defs/D0", "$defs": definitions })
}

/// References that double at each level.
fn doubling(levels: usize, end: &str) -> Value {
    let mut definitions = Map::new();
    for index in 0..levels {
        let next = json!({ "$ref": format!("#/$defs/D{}", index + 1) });
        definitions
            .insert(format!("D{index}"), json!({ "type": "object", "properties": { "a": next, "b": next } }));
    }
    definitions.insert(format!("D{levels}"), json!({ "type": end }));
    json!({ "$ref": "#/$defs/D0", "$defs": definitions })
}

fn overlapping(count: usize, offset: usize) -> Value {
    json!({ "oneOf": (0..count).map(|index| json!({ "multipleOf": index + 2, "minimum": offset })).collect::<Vec<_>>() })
}

fn timed(name: &str, old: &Value, new: &Value, semantics: Semantics) {
    let texts = [old, new].map(|schema| serde_json::to_vec(schema).unwrap_or_default());
    let start = Instant::now();
    let documents = [Document::parse("old", &texts[0]), Document::parse("new", &texts[1])];
    let [Ok(old), Ok(new)] = documents else {
        println!("{name:<36} {:>9.2?}  refused on reading", start.elapsed());
        return;
    };
    let told = match compare(&old, &new, &Options::new(semantics)) {
        Ok(found) => format!(
            "backward {} forward {} findings {} unproven {}",
            found.backward.compatible,
            found.forward.compatible,
            found.backward.findings.len() + found.forward.findings.len(),
            found
                .backward
                .findings
                .iter()
                .chain(&found.forward.findings)
                .filter(|finding| finding.witness.is_none())
                .count(),
        ),
        Err(error) => error.to_string(),
    };
    println!("{name:<36} {:>9.2?}  {:>8} bytes  {told}", start.elapsed(), texts[0].len());
}

fn main() {
    let versions: Vec<Document> =
        (0..5).map(|version| Document::from_value("order.placed", ordinary(version))).collect();
    for semantics in [Semantics::Contract, Semantics::Plain] {
        let mut total = Duration::ZERO;
        let mut pairs = 0;
        for _ in 0..ROUNDS {
            for pair in versions.windows(2) {
                let start = Instant::now();
                let found = compare(&pair[0], &pair[1], &Options::new(semantics));
                total += start.elapsed();
                pairs += 1;
                assert!(
                    found.is_ok_and(|found| found.backward.compatible == (semantics == Semantics::Contract))
                );
            }
        }
        println!("{semantics:?}: {:?} an ordinary pair, both directions", total / pairs);
    }
    let contract = Semantics::Contract;
    timed("300 tagged branches, one more", &union(300, 10), &union(301, 10), contract);
    timed("300 tagged branches, all tightened", &union(300, 10), &union(300, 9), contract);
    timed("300 untagged branches, one more", &untagged(300, 10), &untagged(301, 10), contract);
    timed("300 untagged branches, tightened", &untagged(300, 10), &untagged(300, 9), contract);
    timed("40 overlapping branches", &overlapping(40, 0), &overlapping(40, 5), Semantics::Plain);
    timed("5 MB, one leaf changed", &large(20_000, "string"), &large(20_000, "integer"), contract);
    timed("5 MB, the same", &large(20_000, "string"), &large(20_000, "string"), contract);
    timed("60 levels deep", &deep(60, "string"), &deep(60, "integer"), contract);
    timed("a chain of 5,000 references", &chain(5_000, "string"), &chain(5_000, "integer"), contract);
    timed("40 doubling levels", &doubling(40, "string"), &doubling(40, "integer"), contract);
    timed("40 doubling levels, compatible", &doubling(40, "integer"), &doubling(40, "number"), contract);
}

//! A check that passes allocates nothing once its tape has grown, neither by itself nor while an event is read or
//! written.

use std::collections::BTreeMap;

use choreograph_contracts::{Contract, Tape};
use serde::{Deserialize, Serialize};
use serde_json::json;

#[test]
fn a_passing_check_allocates_nothing() {
    let contract = Contract::compile(&json!({
        "type": "object",
        "properties": {
            "id": { "type": "string", "format": "uuid" },
            "at": { "type": "string", "format": "date-time" },
            "state": { "oneOf": [{ "const": "open" }, { "const": "closed" }] },
            "code": { "type": "string", "pattern": "^[A-Z]{2}\\d+$", "maxLength": 8 },
            "kind": { "enum": ["a", 1, null] },
            "lines": { "type": "array", "items": { "$ref": "#/$defs/Line" }, "minItems": 1, "uniqueItems": true },
            "tags": { "type": "object", "additionalProperties": { "type": "string" }, "propertyNames": { "maxLength": 9 } },
            "by": { "anyOf": [{ "$ref": "#/$defs/Person" }, { "type": "null" }] },
        },
        "required": ["id", "at", "state", "lines"],
        "additionalProperties": false,
        "$defs": {
            "Line": {
                "type": "object",
                "properties": { "sku": { "type": "string" }, "n": { "type": "integer", "minimum": 0 }, "price": { "type": "number" } },
                "required": ["sku", "n"],
                "additionalProperties": false,
            },
            "Person": { "type": "object", "properties": { "name": { "type": "string", "minLength": 1 } }, "required": ["name"] },
        },
    }))
    .expect("a contract");
    let events: [&[u8]; 2] = [
        br#"{"id":"0197a8d0-5c5f-7c1f-8a3e-3f0c2f6d9a10","at":"2024-02-29T12:00:00Z","state":"open","code":"AB12",
            "kind":1.0,"lines":[{"sku":"a\u00e4\n","n":3,"price":1.25},{"sku":"b","n":18446744073709551615}],
            "tags":{"gr\u00fcn":"ja"},"by":{"name":"Zo\u00eb"}}"#,
        br#"{"id":"0197a8d0-5c5f-7c1f-8a3e-3f0c2f6d9a10","at":"2024-02-29T12:00:00Z","state":"closed","by":null,
            "lines":[{"sku":"a","n":3}]}"#,
    ];
    let mut tape = Tape::new();
    let mut check =
        || events.iter().for_each(|event| contract.check(&mut tape, event).expect("it keeps the contract"));
    let grown = allocation_counter::measure(&mut check);
    assert!(grown.count_total > 0, "the counter counts");
    let again = allocation_counter::measure(|| (0..100).for_each(|_| check()));
    assert_eq!(again.count_total, 0, "{again:?}");
}

#[derive(Serialize, Deserialize)]
struct Order {
    id: String,
    at: String,
    kind: Kind,
    lines: Vec<Line>,
    tags: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Kind {
    Gift { from: String },
}

#[derive(Serialize, Deserialize)]
struct Line {
    n: u32,
}

#[test]
fn reading_and_writing_allocate_no_more_than_without_a_contract() {
    let contract = Contract::compile(&json!({
        "type": "object",
        "properties": {
            "id": { "type": "string", "format": "uuid", "pattern": "^0" },
            "at": { "type": "string", "format": "date-time" },
            "kind": { "oneOf": [{
                "type": "object",
                "properties": { "kind": { "const": "Gift" }, "from": { "type": "string" } },
                "required": ["kind", "from"],
            }, { "type": "null" }] },
            "lines": { "type": "array", "items": { "properties": { "n": { "minimum": 1 } } } },
            "tags": { "additionalProperties": { "type": "string" } },
        },
        "required": ["id", "at", "lines"],
    }))
    .expect("a contract");
    let event = br#"{"id":"0197a8d0-5c5f-7c1f-8a3e-3f0c2f6d9a10","at":"2024-02-29T12:00:00Z",
        "kind":{"kind":"Gift","from":"a"},"lines":[{"n":1,"ignored":[1,{"a":"b"}]},{"n":2}],"tags":{"a":"b","c":"d"},"x":1}"#;
    let mut tape = Tape::new();
    let mut read = || contract.decode::<Order>(&mut tape, event).expect("it keeps the contract");
    let order = read();
    let with = allocation_counter::measure(|| drop(read()));
    let without = allocation_counter::measure(|| {
        drop(serde_json::from_slice::<Order>(event).expect("an order"));
    });
    assert!(with.count_total <= without.count_total, "{with:?} {without:?}");

    let mut out = Vec::new();
    let mut write = || {
        out.clear();
        contract.encode(&mut tape, &order, &mut out).expect("it keeps the contract");
    };
    write();
    assert_eq!(allocation_counter::measure(&mut write).count_total, 0);
}
